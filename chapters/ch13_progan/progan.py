# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Progressive growing: from 4 x 4 pixels to faces
#
# A face of 64 x 64 pixels has 12,288 numbers. A generator has to learn everything at once: where the head is, what hair
# looks like, and the shine in an eye. **Progressive growing** ([Karras et al. 2018](https://arxiv.org/abs/1710.10196))
# learns the coarse things first. It begins with images of 4 x 4 pixels, little more than a few colours. Then both
# networks get new layers for 8 x 8 pixels, and so on. With it, faces of 1024 x 1024 pixels became possible for the
# first time.
#
# In this chapter you will
#
# - build a generator and a discriminator that grow, and fade their new layers in;
# - give all layers the same learning speed: the equalized learning rate;
# - keep the signals of $G$ and $D$ in bounds without batch normalization;
# - grow from 4 x 4 to 32 x 32 pixels in a few minutes, and look at the images of each size;
# - see what each size decides.
#
# You should know chapter 3 (DCGAN), and from chapter 4 the penalty R1 and the minibatch standard deviation.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from gan_book.adversarial import GAN, Composite, Penalized
from gan_book.errors import BookError, require_choice
from gan_book.layers import EqualConv2D, EqualDense, MinibatchStd, PixelNorm
from gan_book.losses import PairLoss
from gan_book.networks import doubled_sides, filters_at, to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings, bounded

# %% [markdown]
# ## 1. The data
#
# We use the cartoon faces of chapter 3, in several sizes. Here is what the networks see at each size:

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# SIZES = [4, 8, 16, 32]
# LIMIT = 6_400  # training faces; with fewer, the cells below are faster and the pictures are worse
# faces = {size: gb.load("faces", image_size=size, limit=LIMIT) for size in SIZES}
#
#
# def enlarged(images, side=64):
#     times = side // images.shape[1]
#     return images.repeat(times, axis=1).repeat(times, axis=2)  # each pixel becomes a square
#
#
# rows = {f"{size} x {size}": enlarged(data.images[:8]) for size, data in faces.items()}
# gb.show(rows, title="Eight faces in four sizes", footer=faces[4].credit)

# %% [markdown]
# ## 2. The idea
#
# ![The generator at 8 x 8, and while 16 x 16 is faded in](../../docs/figures/growing.svg)
#
# A generator for 8 x 8 pixels is trained. To grow, it gets a new block: the feature maps are doubled to 16 x 16, and
# two convolutions follow. The layer `rgb`, a convolution with a 1 x 1 kernel, turns feature maps into the three
# colours. A new block has random weights. If it replaced the old output at once, $G$ would suddenly make noise, and all
# that $D$ has learned would be worthless. So the new block is **faded in**. For a while $G$ gives a mixture:
#
# $$ x = (1 - \alpha) \; \mathrm{double}(\mathrm{rgb}_8(h_8)) + \alpha \; \mathrm{rgb}_{16}(h_{16}). $$
#
# $h_8$ and $h_{16}$ are the feature maps at the two sizes. At the beginning $\alpha = 0$: the image is the old one,
# with each pixel repeated. Then $\alpha$ rises to 1, a little in each step. $D$ grows in the same way, in the opposite
# direction: it mixes the features of its new block with those of the image that was made half as large. And the real
# images are mixed with their own half size in the same way. Otherwise $D$ would see at once that generated images have
# less detail.
#
# ## 3. Layers that learn equally fast
#
# These networks have no batch normalization. Two other things keep them stable, and one helps variety.
#
# **Equalized learning rate.** Usually the weights of a layer with $n$ inputs start with a standard deviation of
# $\sqrt{2 / n}$, so that signals keep their size. So they are small in large layers and large in small layers. But Adam
# moves every weight by about the same amount in a step. Then small weights change much faster, compared with their
# size, than large ones. So here all weights start from N(0, 1), and the layer multiplies them by the constant
# $\sqrt{2 / n}$ whenever it uses them. The signals are the same as before, and all layers learn equally fast.
#
# **Pixel normalization**, after each convolution of $G$: the feature vector $a$ of each pixel is divided by the root of
# its mean square, $b = a \,/ \sqrt{\frac{1}{c} \sum_j a_j^2 + 10^{-8}}$, with $c$ feature maps. So no feature can grow
# without limit.
#
# **Minibatch standard deviation**, in $D$: chapter 4. $D$ sees how different the images of a batch are. (It mixes the
# images of a batch, which chapter 4 forbids where a slope is penalized. The authors do it all the same.)
#
# `EqualDense`, `EqualConv2D`, `PixelNorm` and `MinibatchStd` are in `gan_book/layers.py`, because chapter 14 uses them
# too.

# %% tags=["active-ipynb"]
# dense = EqualDense(1000)
# x = np.random.normal(size=(100, 500)).astype("float32")
# y = ops.convert_to_numpy(dense(x))
# print(f"weights: standard deviation {np.std(dense.get_weights()[0]):.2f}")
# print(f"inputs: {x.std():.2f}, outputs: {y.std():.2f} (the constant is the square root of 2 / 500 inputs)")
# print("lengths after PixelNorm:", np.square(ops.convert_to_numpy(PixelNorm()(y))).mean(axis=1)[:4].round(3))

# %% [markdown]
# ## 4. The networks
#
# A function makes the networks of each size. Layers have the same *names* at every size. So the weights of the smaller
# networks can be copied by name. Two short functions are in `gan_book/networks.py`: `doubled_sides` lists the sizes (4,
# 8, 16, 32), and `filters_at` says how many feature maps each size has.


# %%
LATENT = 128


@keras.saving.register_keras_serializable("gan_book")
class FadeIn(layers.Layer):
    """(1 - alpha) old + alpha new; `alpha` is a weight from 0 to 1 that no gradient trains. Karras et al., figure 2."""

    def build(self, input_shape):
        self.alpha = self.add_weight((), "ones", trainable=False, name="alpha")

    def call(self, inputs):
        old, new = inputs
        return old + ops.cast(self.alpha, new.dtype) * (new - old)


# %% [markdown]
# The generator. $z$ is normalized to a fixed length, as the authors do. `rgb` has no activation: a tanh would bend the
# mixture, and the smaller images would not be halves of the larger ones.


# %%
def convolved(h, filters, name, normalize):
    """A convolution with LeakyReLU, and pixel normalization in the generator."""
    h = layers.LeakyReLU(0.2)(EqualConv2D(filters, 3, padding="same", name=name)(h))
    return PixelNorm()(h) if normalize else h


def double(h):
    """Repeats each pixel: ``[n, h, w, c]`` to ``[n, 2 h, 2 w, c]``."""
    height, width, filters = h.shape[1:]
    # The shape is said once more, because TensorFlow forgets it, and LiteRT (`gan-book export`) needs it.
    return layers.Reshape((2 * height, 2 * width, filters), dtype=h.dtype)(layers.UpSampling2D(2, dtype=h.dtype)(h))


def define_generator(image_shape=(32, 32, 3), width=16, pixel_norm=True, most=128):
    """Latent points ``[n, 128]`` to images ``[n, h, w, c]``, about in [-1, 1]."""
    chain, rgb = doubled_sides(image_shape), None
    z = keras.Input((LATENT,), name="z")
    base, filters = chain[0], filters_at(chain[0], width, most)
    h = layers.LeakyReLU(0.2)(EqualDense(base * base * filters, name="g_dense")(PixelNorm()(z)))
    h = layers.Reshape((base, base, filters))(h)
    h = convolved(PixelNorm()(h) if pixel_norm else h, filters, f"g{base}", pixel_norm)
    for level, side in enumerate(chain):
        if level:
            h = double(h)
            for number in (1, 2):
                h = convolved(h, filters_at(side, width, most), f"g{side}_{number}", pixel_norm)
        if level >= len(chain) - 2:  # the last size, and the one before it to fade from
            new = EqualConv2D(image_shape[-1], 1, gain=1.0, dtype="float32", name=f"rgb{side}")(h)
            rgb = new if rgb is None else FadeIn(name="fade", dtype="float32")([double(rgb), new])
    return Generator(z, layers.Identity(dtype="float32", name="image")(rgb), takes=[Noise()])


# %% [markdown]
# The discriminator goes the opposite way. Sides are halved by average pooling. (A bilinear resize would do the same.
# But R1 needs second derivatives, and on TensorFlow a resize has none: chapter 4.)


# %%
def define_discriminator(image_shape=(32, 32, 3), width=16, batch_std=True, most=128):
    """Images ``[n, h, w, c]`` to answers ``[n, 1]``; above 0 means "real"."""
    chain, half = doubled_sides(image_shape)[::-1], layers.AveragePooling2D(2)
    maps = {side: filters_at(side, width, most) for side in chain}
    image = keras.Input(image_shape, name="image")

    def from_rgb(x, side):
        features = EqualConv2D(maps[side], 1, name=f"from_rgb{side}")(x)
        return layers.LeakyReLU(0.2)(features)

    h = from_rgb(image, chain[0])
    for level, side in enumerate(chain[:-1]):
        h = convolved(h, maps[side], f"d{side}_1", False)
        h = half(convolved(h, maps[side // 2], f"d{side}_2", False))
        h = FadeIn(name="fade")([from_rgb(half(image), side // 2), h]) if level == 0 else h
    h = MinibatchStd()(h) if batch_std else h
    h = layers.Flatten()(convolved(h, maps[chain[-1]], f"d{chain[-1]}", False))
    h = layers.LeakyReLU(0.2)(EqualDense(maps[chain[-1]], name="d_dense")(h))
    answer = EqualDense(1, gain=1.0, dtype="float32", name="answer")(h)
    return keras.Model(image, answer, name="discriminator")


# %% tags=["active-ipynb"]
# generator = define_generator((16, 16, 3))
# generator.summary()

# %% [markdown]
# ## 5. Growing
#
# Copy each layer that both networks have. (Of the layers `rgb`, the oldest is left behind.) Then set $\alpha$ to 0. Now
# the large network does just what the small one did: its image is the small image, with each pixel repeated.


# %%
def take_layers(network, smaller):
    """Gives a network the weights of a smaller one, by the layers' names, and sets its alpha to 0."""
    known = {layer.name: layer for layer in smaller.layers}
    for layer in network.layers:
        if layer.weights and layer.name in known and layer.name != "fade":
            layer.set_weights(known[layer.name].get_weights())
    network.get_layer("fade").alpha.assign(0.0)


# %% tags=["active-ipynb"]
# small, large = define_generator((8, 8, 3)), define_generator((16, 16, 3))
# take_layers(large, small)
# z = gb.latent_points(small, 3)
# for alpha in (0.0, 0.5):
#     large.get_layer("fade").alpha.assign(alpha)
#     repeated = ops.convert_to_numpy(small(z)).repeat(2, axis=1).repeat(2, axis=2)
#     difference = np.abs(ops.convert_to_numpy(large(z)) - repeated).max()
#     print(f"alpha {alpha}: largest difference to the small image, each pixel repeated: {difference:.4f}")

# %% [markdown]
# ## 6. One training step
#
# The losses are those of chapter 4: the non-saturating loss on pairs, and R1. R1 is the slowest part of a step, so it
# is computed of only four images of each batch. On average that is the same. (The authors had the Wasserstein loss with
# a gradient penalty, and one more small term that keeps the answers near 0. The preset `book` has their loss without
# this term.) Adam has no momentum, and `alpha` moves a little in each step.


# %%
@dataclass(frozen=True)
class Loss:
    """Which adversarial loss and penalty of `gan_book.losses`, the penalty's weight, and Adam's learning rate.

    examples: of so many images of a batch the penalty is computed, to save time.
    """

    kind: str = "non-saturating"
    penalty: str = "r1"
    weight: float = 1.0
    learning_rate: float = 2e-3
    examples: int = 4

    def adam(self):
        return keras.optimizers.Adam(self.learning_rate, beta_1=0.0, beta_2=0.99)


def define_critic(discriminator, loss):
    """Real and generated images to D's answers for both, ``[n, 2]``. It trains D."""
    real, fake = (keras.Input(discriminator.input.shape[1:], name=name) for name in ("real", "fake"))
    pair = layers.Concatenate(name="pair", dtype="float32")([discriminator(real), discriminator(fake)])
    options = {"examples": loss.examples, "name": "critic"}
    critic = Penalized([real, fake], pair, discriminator, loss.penalty, loss.weight, **options)
    critic.compile(loss.adam(), PairLoss(loss.kind, "discriminator"))
    return critic


def define_gan(generator, discriminator, loss):
    """z and real images to D's answers for both, ``[n, 2]``: real, generated. It trains G alone."""
    z, real = generator.inputs[0], keras.Input(discriminator.input.shape[1:], name="real")
    pair = layers.Concatenate(name="pair", dtype="float32")([discriminator(real), discriminator(generator.output)])
    gan = Composite([z, real], pair, frozen=[discriminator], name="gan")
    gan.compile(loss.adam(), PairLoss(loss.kind, "generator"))
    return gan


# %%
class ProGAN(GAN):
    """The networks of one size. `judge` is D itself; `discriminator` is the composite that trains it.

    fade_steps: so many steps it takes alpha from 0 to 1.
    """

    def __init__(self, generator, judge, loss=None, fade_steps=1, average=0.0, seed=0):
        loss = loss or Loss()
        gan = define_gan(generator, judge, loss)
        super().__init__(generator, define_critic(judge, loss), gan, average, seed)
        self.judge, self.fade_steps = judge, fade_steps

    @property
    def trained_generator(self):
        """G itself, not its average: to grow from."""
        return self.generator

    def turns(self, images, labels=None):  # labels come with the data sets; they are not used
        # In the average, too: an average of alpha would lag behind. (Without one, the sampler is G: each only once.)
        for network in dict.fromkeys((self.generator, self.judge, self.sampler)):
            move_alpha(network, 1 / self.fade_steps)
        n, x = ops.shape(images)[0], self.faded(to_float(images))
        targets = ops.ones((n, 2))  # the losses of pairs have no targets, but Keras wants some
        x_fake = self.generator(self.latent_points(n), training=True)
        yield "d", self.discriminator, [x, x_fake], targets
        yield "g", self.gan, [self.latent_points(n), x], targets

    def faded(self, x):
        """Real images with as much detail as generated ones: mixed with their own half size (the paper's figure 2)."""
        fade = fade_of(self.judge)
        if fade is None:
            return x
        coarse = ops.average_pool(x, 2, 2)
        coarse = ops.repeat(ops.repeat(coarse, 2, axis=1), 2, axis=2)
        return coarse + fade.alpha * (x - coarse)


def fade_of(network):
    """The `FadeIn` of a network; None in the smallest networks."""
    return next((layer for layer in network.layers if isinstance(layer, FadeIn)), None)


def move_alpha(network, by):
    """Raises a network's alpha, at most to 1, if it has one."""
    if fade := fade_of(network):
        fade.alpha.assign(ops.minimum(fade.alpha + by, 1.0))


# %% tags=["active-ipynb"]
# model = ProGAN(define_generator((4, 4, 3)), define_discriminator((4, 4, 3)), average=0.98)
# model.compile()
# logs = model.train_on_batch(faces[4].images[:32], return_dict=True)
# print({name: round(float(value), 2) for name, value in logs.items()})

# %% [markdown]
# ## 7. Growing with `fit`
#
# For each size: new networks, the weights of the smaller ones, and a training. In its first half the new layers are
# faded in.

# %% tags=["active-ipynb"]
# def grown(size, smaller=None, epochs=1):
#     data, shape = faces[size], (size, size, 3)
#     fade_steps = epochs * LIMIT // 32
#     model = ProGAN(define_generator(shape), define_discriminator(shape), fade_steps=fade_steps, average=0.98)
#     if smaller:
#         take_layers(model.generator, smaller.generator)
#         take_layers(model.judge, smaller.judge)
#         take_layers(model.sampler, smaller.sampler)
#     model.compile()
#     model.fit(data.images, batch_size=16, epochs=epochs, verbose=2)
#     return model
#
#
# models = {}
# for size in SIZES:
#     models[size] = grown(size, models.get(size // 2))

# %% tags=["active-ipynb"]
# z = gb.latent_points(models[4].sampler, 8, seed=1)
# rows = {f"{size} x {size}": enlarged(gb.draw(models[size].sampler, np.zeros(8), z=z)) for size in SIZES}
# gb.show(rows, title="The same eight latent points, after the training of each size")

# %% [markdown]
# Look down a column: the head, the hair and the background are decided at the smallest sizes. The larger sizes add
# what was missing.

# %% [markdown]
# ## 8. A longer training
#
# The generator that comes with the book was grown in the same way to 64 x 64 pixels, with 2,030 steps for each size
# (the preset `full`). This is what became of eight latent points. (The script `grow.py` made the picture.)
#
# ![The same eight latent points at 4 x 4, 8 x 8, 16 x 16, 32 x 32 and 64 x 64 pixels](growth.png)
#
# And these are more faces of the last size:

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "progan" / "generator.keras")
# title = "Grown to 64 x 64 pixels, the preset full"
# gb.show(gb.draw(generator, np.zeros(24), seed=1), columns=8, title=title, footer=faces[4].credit)

# %% [markdown]
# ## 9. Exercises
#
# *To answer from the text and the output*
#
# 1. How many weights has `rgb16` in the generator? What happens to `rgb8` when $\alpha$ has reached 1?
# 2. A layer has 1,152 inputs. By which constant are its weights multiplied?
# 3. Why must the fade-in of $D$ and that of $G$ have the same $\alpha$?
#
# *To run*
#
# 4. Grow without fading: replace `take_layers` by a version that sets `alpha` to 1. What does the loss of $D$ do in the
#    first steps?
# 5. Train at 32 x 32 from the beginning, for as many seconds as the growing took. Which images are better?
# 6. Leave out the pixel normalization (`pixel_norm=False`), or the minibatch standard deviation (`batch_std=False`).
#
# *To write*
#
# 7. Write `pixel_norm(h)` with `keras.ops`. Check: `from chapters.ch13_progan import exercises`, then
#    `exercises.check_pixel_norm(pixel_norm)`.
#
# <details><summary>Answers</summary>
#
# 1. 64 x 3 + 3 = 195 with a width of 16. It still is in the network, multiplied by 0. The next size leaves it out.
# 2. $\sqrt{2 / 1152} = 1 / 24$.
# 3. If that of $D$ were larger, it would see that generated images lack detail. If it were smaller, it would see
#    nothing of the new layers of $G$, and they would learn nothing.
# 4. Look at it for every ten steps. The new layers of $D$ are random at first, too, so its answers mean nothing. Then
#    it learns quickly, because noise is easy to tell from faces.
# 5. and 6. Compare with `docs/results/ch13.md`.
# 7. `exercises.pixel_norm_solution`, in `chapters/ch13_progan/exercises.py`.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# A training is one run for each size. The next one starts from the run before:
#
#     gan-book train progan --image-size 4 --out runs/grow-4
#     gan-book train progan --image-size 8 --start-from runs/grow-4 --out runs/grow-8
#
# `python -m chapters.ch13_progan.grow --to 64` does that for all sizes, and goes on where it was stopped.


# %%
@dataclass(frozen=True)
class ProGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        width, most: feature maps at 64 pixels, and the most that any size has.
        loss, penalty, weight: of `gan_book.losses`, and the penalty's weight.
        examples: of so many images of a batch the penalty is computed.
        fade: share of the steps in which new layers are faded in; 0 switches them on at once.
        change: a part to leave out, one of `CHANGES`.
        average: momentum of the averaged generator.
    """

    width: int = 16
    most: int = 128
    loss: str = "non-saturating"
    penalty: str = "r1"
    weight: float = 1.0
    examples: int = bounded(4, least=1)
    learning_rate: float = 2e-3
    fade: float = bounded(0.5, least=0, most=1)
    change: str = "none"
    average: float = 0.998


CHANGES = ("none", "no-pixel-norm", "no-batch-std")
QUICK = ProGANSettings(data="faces", epochs=2, batch_size=16, image_size=32, measure_samples=1_000)
CRITIC = {"loss": "wasserstein", "penalty": "slope 1", "weight": 10.0, "examples": 16}
AUTHORS = {**CRITIC, "learning_rate": 1e-3, "average": 0.999}
PRESETS = {
    "smoke": replace(QUICK, epochs=1, limit=320, image_size=8, width=2, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=5, image_size=64),
    "book": replace(QUICK, **AUTHORS, epochs=180, image_size=64, width=256, most=512),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: images of a size that cannot be grown, or no such loss, penalty or change.
    """
    require_choice("change", settings.change, CHANGES)
    shape = dataset.image_shape
    loss = Loss(settings.loss, settings.penalty, settings.weight, settings.learning_rate, settings.examples)
    steps = settings.epochs * (dataset.train_size // settings.batch_size)
    generator = define_generator(shape, settings.width, settings.change != "no-pixel-norm", settings.most)
    judge = define_discriminator(shape, settings.width, settings.change != "no-batch-std", settings.most)
    return ProGAN(generator, judge, loss, max(steps * settings.fade, 1), settings.average, settings.seed)


def begin(model, run):
    """Gives a new model the weights of a finished run of half the size, its new layers not yet faded in.

    Raises:
        BookError: the run has another size, or other layers.
    """
    loaded = {name: run.load(name) for name in ("generator", "trained_generator", "judge")}
    side, wanted = loaded["judge"].input.shape[1], model.judge.input.shape[1]
    if 2 * side != wanted:
        raise BookError(f"{run} has images of {side} pixels, and to grow to {wanted} takes a run with half as many")
    own = {"generator": model.sampler, "trained_generator": model.generator, "judge": model.judge}
    try:
        for name, network in loaded.items():
            take_layers(own[name], network)
    except ValueError:
        raise BookError(f"{run} has other layers than this run; give both the same settings") from None


LESSON = Lesson(
    name="progan",
    title="Progressive growing (Karras et al. 2018)",
    folder="ch13_progan",
    presets=PRESETS,
    build=build,
    begin=begin,
    shown="alexnet_frechet",
    kept=("trained_generator", "judge"),
    next_step="Next: generate more with `gan-book generate progan --run {run} --seed 1 --out more.png`.",
)

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
