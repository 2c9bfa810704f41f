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
# # CycleGAN
#
# ![Orange cats, the blue cats that G made of them, and back](../../pretrained/cyclegan/samples.png)
#
# The first and the fourth column are given. A neural network made the blue cats of the second column from the orange
# ones, and a second network made the orange cats of the fifth column from the blue ones. (The other columns are the way
# back.) Neither has ever seen the same cat in both colours.
#
# In chapter 10 each training picture had its true translation. Such pairs are rare. Nobody has painted a street as
# Monet did and photographed it in the same minute, and no zebra has a twin that is a horse. **CycleGAN** ([Zhu et al.
# 2017](https://arxiv.org/abs/1703.10593)) needs no pairs. It learns from two sets of pictures. In this chapter you will
#
# - see what goes wrong if a discriminator alone says whether a translation is good;
# - train two generators that translate there and back again, in a few minutes;
# - measure, on test cats that we *do* know in both colours, how right the translations are;
# - compare them with translations that need no network;
# - see what CycleGAN cannot do.
#
# You should know chapter 10: the PatchGAN, and the composite with several outputs.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch10_pix2pix.pix2pix import adam, patch_logits
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.errors import BookError, require_choice
from gan_book.networks import normal, to_float
from gan_book.schedules import ConstantThenLinear
from gan_book.training.lesson import Lesson, Settings, bounded
from gan_book.training.task import Translation, translate

# %% [markdown]
# ## 1. The data
#
# `load_pairs("orange2blue", paired=False)` has two sets of cats. Those of side A are orange, those of side B are blue.
# They differ in outline, fur, eyes, mouth, and in what they wear. No training cat is in both sets. Training pictures
# are a little larger than 64 pixels: they are cropped to 64 at a random place, and half of them are mirrored.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 1_000  # of 2,000 training pictures of each side; with fewer, the cells below are faster and the cats worse
# cats = gb.load_pairs("orange2blue", image_size=64, limit=LIMIT, paired=False)
# print("sides:", cats.sides, "training pictures:", cats.a.shape, cats.b.shape)
# rows = {"A: orange": cats.a[:5], "B: blue": cats.b[:5]}
# gb.show(rows, title="Training pictures: no cat is in both rows", footer=cats.credit)

# %% [markdown]
# The colours were changed by a program: it turned the hue of each body. So for validation and test cats the book knows
# both colours, and can tell whether a translation is right. The training does not use this.

# %% tags=["active-ipynb"]
# rows = {"A: orange": cats.val_a[:5], "B: blue": cats.val_b[:5]}
# gb.show(rows, title="Validation pictures: each cat in both colours", footer=cats.credit)

# %% [markdown]
# Look at what must change and what must not. The body changes its colour. Eyes, scarfs, ribbons and glasses keep
# theirs, also a blue ribbon on an orange cat. The networks are not told this.
#
# ## 2. The idea
#
# We want a generator $G$ from side $X$ (orange) to side $Y$ (blue). Without pairs we cannot say what the true $G(x)$
# is. But we can train a discriminator $D_Y$ with real pictures of $Y$, and ask that $G(x)$ looks real. Is that enough?
# No. $G$ could make the same blue cat of every orange cat. $D_Y$ looks at one picture at a time and would be content.
# The adversarial loss says what a translation should *look* like, but not that it has anything to do with $x$.
#
# So there is a second generator $F$ from $Y$ back to $X$, with a discriminator $D_X$. And there is one more wish:
# translated there and back again, a picture should be what it was,
#
# $$ F(G(x)) \approx x, \qquad G(F(y)) \approx y. $$
#
# This is **cycle consistency**. If $G$ made the same cat of all cats, $F$ could not know which one to give back. So
# $G(x)$ has to keep what $F$ needs: the outline, the eyes, the scarf.
#
# ![The two cycles, and what each discriminator judges](../../docs/figures/cycle.svg)
#
# A third, smaller wish: a picture that is blue already should stay as it is, $G(y) \approx y$. This is the **identity
# loss**. Without it, $G$ may also change colours that do not matter for $D_Y$ (section 5.2 of the paper).
#
# ## 3. The generators: residual blocks
#
# Both generators have the same form, from [Johnson et al. 2016](https://arxiv.org/abs/1603.08155). Two convolutions
# halve the sides. At this size some **residual blocks** do the work. Each of them computes a correction and adds it to
# its input ([He et al. 2016](https://arxiv.org/abs/1512.03385)). If the correction is 0, the block changes nothing. So
# it is easy for the network to keep what should stay. Then the sides are doubled twice.
#
# As in chapter 10, the pictures are normalized one by one (instance normalization). The 7 x 7 convolutions and those of
# the residual blocks continue a picture by its mirror image, because zeros at the border would leave traces.


# %%
def normalize(h):
    """Instance normalization: each feature map of each image gets mean 0 and variance 1; ``[n, h, w, c]`` as it was."""
    return layers.GroupNormalization(groups=-1, epsilon=1e-5, center=False, scale=False)(h)


def mirrored(h, p):
    """`p` more pixels on each side that mirror what lies inside, d c b | a b c d | c b a: ``[n, h + 2p, w + 2p, c]``.

    Johnson et al. (2016), "Perceptual Losses for Real-Time Style Transfer", use it against the artefacts that zeros
    leave at the borders of a picture.
    """
    return ops.pad(h, ((0, 0), (p, p), (p, p), (0, 0)), mode="reflect")


def c7s1(h, filters, dtype=None):
    """A 7 x 7 convolution over the mirrored image: ``[n, h, w, c]`` to ``[n, h, w, filters]``. "c7s1" in the paper."""
    return layers.Conv2D(filters, 7, kernel_initializer=normal(), dtype=dtype)(mirrored(h, 3))


def residual(h):
    """h plus the output of two convolutions of it: ``[n, h, w, c]`` to the same shape. "Rk" in the paper."""
    r = h
    for last in (False, True):
        r = layers.Conv2D(h.shape[-1], 3, kernel_initializer=normal())(mirrored(r, 1))
        r = normalize(r) if last else layers.ReLU()(normalize(r))
    return layers.Add()([h, r])


# %%
def define_generator(image_shape=(64, 64, 3), width=16, blocks=2, name="generator"):
    """The ResNet: images ``[n, h, w, c]`` in [-1, 1], sides multiples of 4, to images of the same shape."""
    image = keras.Input(image_shape, name="image")
    h = layers.ReLU()(c7s1(image, width))
    for filters in (2 * width, 4 * width):
        h = layers.Conv2D(filters, 3, strides=2, padding="same", kernel_initializer=normal())(h)
        h = layers.ReLU()(normalize(h))
    for _ in range(blocks):
        h = residual(h)
    for filters in (2 * width, width):
        h = layers.Conv2D(filters, 3, padding="same", kernel_initializer=normal())(layers.UpSampling2D(2)(h))
        h = layers.ReLU()(normalize(h) if filters > width else h)
    h = c7s1(layers.Concatenate()([h, image]), image_shape[-1], dtype="float32")  # the last one sees the input, too
    return keras.Model(image, layers.Activation("tanh", dtype="float32", name="output")(h), name=name)


# %% [markdown]
# The generator of the paper is in `classic.py`, and the preset `book` uses it. Ours is smaller (two residual blocks
# instead of nine, 16 filters instead of 64), and differs in three points, for the reasons that chapter 10 gave: it
# repeats pixels instead of using transposed convolutions, so there is no checkerboard; the first and the last level are
# not normalized, so it can see which colour a picture has; and the last convolution sees the input as well, so thin
# lines stay sharp.

# %% tags=["active-ipynb"]
# generator = define_generator()
# generator.summary()

# %% [markdown]
# ## 4. The discriminators
#
# They are PatchGANs, as in chapter 10, but they see one picture instead of a pair: there is no pair. Each answer is
# about a patch of 16 pixels.


# %%
def define_patchgan(image_shape=(64, 64, 3), patch=16, width=16, name="patchgan"):
    """D: images ``[n, h, w, c]`` to a map ``[n, h', w', 1]``: for each patch of so many pixels, how real it looks.

    Raises:
        BookError: see chapter 10's `patch_logits`.
    """
    image = keras.Input(image_shape, name="image")
    return keras.Model(image, patch_logits(image, patch, width, normalize, bias=True), name=name)


# %% [markdown]
# A discriminator can forget. If it only sees the newest pictures of $G$, then $G$ may return to an old trick that $D$
# no longer knows. So a **pool** keeps 50 earlier pictures. For each new picture chance decides: $D$ sees the new one,
# or an old one from the pool, whose place the new one takes (section 4 of the paper; [Shrivastava et al.
# 2017](https://arxiv.org/abs/1612.07828)). The pool is a layer with a weight that is not trained. So it runs inside the
# training step, and is part of each checkpoint.


# %%
@keras.saving.register_keras_serializable("gan_book")
class ImagePool(layers.Layer):
    """Remembers images of earlier batches and shows some of them instead of new ones: ``[n, h, w, c]`` to the same.

    Until `size` images are there, every new one is kept and shown. Then each new one has an even chance of being shown
    itself, or of replacing a random old one, which is shown instead. Shrivastava et al. (2017), "Learning from
    Simulated and Unsupervised Images through Adversarial Training", section 2.3, and Zhu et al. (2017), section 4.

    Args:
        size: images to remember; 0 for none, and every image is shown as it comes. At least as many as a batch has.
    """

    def __init__(self, size=50, **kwargs):
        super().__init__(**{"trainable": False, **kwargs})
        self.size = size
        self.rng = keras.random.SeedGenerator()

    def build(self, input_shape):
        if self.size:
            options = {"initializer": "zeros", "trainable": False, "autocast": False}
            self.kept = self.add_weight(shape=(self.size, *input_shape[1:]), name="kept", **options)
            self.count = self.add_weight(shape=(), dtype="int32", name="count", **options)

    def call(self, images):
        if not self.size:
            return images
        # A graph has no lists, and no `if` for each image. So the pool is one array with `size` places, all images of
        # the batch are treated at once, and `where` chooses: every branch is computed, one is used.
        n = ops.shape(images)[0]
        filling = self.count < self.size
        # Which place each image gets: the next free ones while the pool fills, then random ones. Shuffling all places
        # and taking the first n never gives two images the same place, which `scatter_update` would leave undefined.
        next_free = (self.count + ops.arange(n, dtype="int32")) % self.size
        random = keras.random.shuffle(ops.arange(self.size, dtype="int32"), seed=self.rng)[:n]
        places = ops.where(filling, next_free, random)
        old = ops.take(self.kept, places, axis=0)
        # `keep`: the new image goes into the pool. While it fills, always; afterwards with chance 1/2. An image that is
        # not kept writes the old one back to its place, so that one assignment serves both cases.
        keep = ops.logical_or(filling, keras.random.uniform((n,), seed=self.rng) < 0.5)
        keep = ops.reshape(keep, (-1, 1, 1, 1))
        new = ops.cast(images, old.dtype)
        self.kept.assign(ops.scatter_update(self.kept, places[:, None], ops.where(keep, new, old)))
        self.count.assign(ops.minimum(self.count + n, self.size))
        # Shown is the old image exactly where a full pool keeps the new one: the two change places.
        return ops.cast(ops.where(ops.logical_and(keep, ops.logical_not(filling)), old, new), images.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "size": self.size}


# %% tags=["active-ipynb"]
# pool, numbers = ImagePool(size=4), np.arange(12, dtype="float32").reshape(12, 1, 1, 1)
# for batch in np.split(numbers, 6):
#     print("new:", batch.ravel().astype(int), "shown to D:", np.array(pool(batch)).ravel().astype(int))

# %% [markdown]
# While the pool fills, $D$ sees the new ones. Later it sometimes sees an old one, whose place a new one has taken.
#
# ## 5. The losses, and the composites
#
# Instead of the cross-entropy the paper takes the squared distance from 1 for "real" and from 0 for "generated" (LSGAN,
# [Mao et al. 2017](https://arxiv.org/abs/1611.04076)). For $G$ and its discriminator $D_Y$:
#
# $$ L_{adv}(G) = \mathbb{E}_x[(D_Y(G(x)) - 1)^2], \qquad
#    L(D_Y) = \tfrac12 \big( \mathbb{E}_y[(D_Y(y) - 1)^2] + \mathbb{E}_x[D_Y(G(x))^2] \big). $$
#
# A $D$ that cannot tell real from generated says 1/2 everywhere, and has the loss $0.25$: remember this number for the
# curves below. $G$'s loss also has both cycles, and the identity. $\lambda$ is 10 (equations 2 and 3, section 5.2):
#
# $$ L(G) = L_{adv}(G) + \lambda \, \mathbb{E}_x \lVert F(G(x)) - x \rVert_1
#    + \lambda \, \mathbb{E}_y \lVert G(F(y)) - y \rVert_1
#    + \tfrac12 \lambda \, \mathbb{E}_y \lVert G(y) - y \rVert_1. $$
#
# (In code each distance is a mean over the pixels.) $F$ and $D_X$ have the same losses, with $x$ and $y$, $G$ and $F$,
# $D_Y$ and $D_X$ exchanged.


# %%
def define_discriminator(patchgan, learning_rate=1e-3, name="discriminator"):
    """Real and generated images ``[n, h, w, c]`` to D's two maps, "real" and "fake"."""
    real, generated = (keras.Input(patchgan.input.shape[1:], name=kind) for kind in ("real", "generated"))
    answers = {"real": patchgan(real), "fake": patchgan(generated)}
    discriminator = keras.Model([real, generated], answers, name=name)
    halves = dict.fromkeys(answers, 0.5)
    discriminator.compile(adam(learning_rate), dict.fromkeys(answers, "mean_squared_error"), loss_weights=halves)
    return discriminator


# %% [markdown]
# There is one composite for each direction. That of $G$ has the frozen networks $F$ and $D_Y$. Four outputs, four
# losses:


# %%
def define_gan(generator, inverse, patchgan, learning_rate=1e-3, cycle=10.0, identity=5.0, name="gan"):
    """The composite of one direction: real images of both sides to all that the generator's loss is made of.

    It trains `generator` alone. `inverse` is trained by its own composite.
    """
    x, y = (keras.Input(generator.input.shape[1:], name=side) for side in ("x", "y"))
    generated = generator(x)
    answers = {
        "validity": patchgan(generated),  # D_Y(G(x))
        "cycle": inverse(generated),  # F(G(x))
        "back": generator(inverse(y)),  # G(F(y))
        "identity": generator(y),  # G(y)
    }
    gan = Composite([x, y], answers, frozen=[inverse, patchgan], name=name)
    gan.compile(
        adam(learning_rate),
        {"validity": "mean_squared_error", **dict.fromkeys(("cycle", "back", "identity"), "mean_absolute_error")},
        loss_weights={"validity": 1.0, "cycle": cycle, "back": cycle, "identity": identity},
    )
    return gan


# %% [markdown]
# ## 6. One training step
#
# Four updates: $G$, $D_Y$, $F$, $D_X$. Here are the first two by hand. (The other two are the same with the sides
# exchanged.)

# %% tags=["active-ipynb"]
# inverse, patchgan_y = define_generator(name="inverse"), define_patchgan()
# gan, discriminator = define_gan(generator, inverse, patchgan_y), define_discriminator(patchgan_y)
# x, y = gb.to_float(cats.val_a[:4]), gb.to_float(cats.val_b[4:8])  # other cats: no pairs
# shape = (4, *patchgan_y.output.shape[1:])
# wanted = {"validity": np.ones(shape), "cycle": x, "back": y, "identity": y}
# g = gan.train_on_batch([x, y], wanted, return_dict=True)
# generated = generator(x, training=True)
# d = discriminator.train_on_batch([y, generated], {"real": np.ones(shape), "fake": np.zeros(shape)}, return_dict=True)
# print("1. G: from D_Y {validity_loss:.2f}, cycles {cycle_loss:.2f} and {back_loss:.2f},".format(**g), end=" ")
# print("identity {identity_loss:.2f}".format(**g))
# print("2. D_Y: real {real_loss:.2f}, generated {fake_loss:.2f}".format(**d))

# %% [markdown]
# And now as a method `turns`. The two pools stand between the generators and their discriminators.


# %%
class CycleGAN(AdversarialModel):
    """G: X -> Y with D_Y, F: Y -> X with D_X.

    Attributes:
        generator, inverse: G and F.
        sampler: G, whose pictures are watched.
    """

    verdicts = ("real", "fake")  # the outputs of D that say real or fake, for the book's `train` to watch

    def __init__(self, generators, patchgans, discriminators, composites, pool_size=50, seed=0):
        super().__init__(seed=seed)
        self.generator, self.inverse = generators
        self.patchgan_y, self.patchgan_x = patchgans
        self.d_y, self.d_x = self.discriminators = discriminators
        self.gan_g, self.gan_f = composites
        self.pool_y, self.pool_x = ImagePool(pool_size), ImagePool(pool_size)
        for pool in (self.pool_y, self.pool_x):
            pool.build(self.generator.input.shape)
        self.sampler = self.generator

    def turns(self, x, y):
        x, y = to_float(x), to_float(y)
        shape = (ops.shape(x)[0], *self.patchgan_y.output.shape[1:])
        real, fake = ops.ones(shape), ops.zeros(shape)
        yield "G", self.gan_g, [x, y], {"validity": real, "cycle": x, "back": y, "identity": y}
        generated = self.pool_y(self.generator(x, training=True))
        yield "D_Y", self.d_y, [y, generated], {"real": real, "fake": fake}
        yield "F", self.gan_f, [y, x], {"validity": real, "cycle": y, "back": x, "identity": x}
        generated = self.pool_x(self.inverse(y, training=True))
        yield "D_X", self.d_x, [x, generated], {"real": real, "fake": fake}


# %%
def define_cyclegan(generators, patchgans, learning_rate=1e-3, cycle=10.0, identity=5.0, pool=50, seed=0):
    """The whole model from G and F and from the PatchGANs of D_Y and D_X, ready for `compile`."""
    (g, f), (patchgan_y, patchgan_x) = generators, patchgans
    d_y = define_discriminator(patchgan_y, learning_rate, "D_Y")
    d_x = define_discriminator(patchgan_x, learning_rate, "D_X")
    weights = {"cycle": cycle, "identity": identity}
    gan_g = define_gan(g, f, patchgan_y, learning_rate, **weights, name="G")
    gan_f = define_gan(f, g, patchgan_x, learning_rate, **weights, name="F")
    return CycleGAN(generators, patchgans, (d_y, d_x), (gan_g, gan_f), pool, seed)


# %% [markdown]
# ## 7. Training with `fit`
#
# Two epochs of 250 steps, with four pictures of each side in a step. It takes three to five minutes, because each step
# trains four networks.

# %% tags=["active-ipynb"]
# from gan_book.datasets.batches import PairBatches
#
#
# def train_with(pairs=cats, epochs=2, **weights):
#     generators = define_generator(name="generator"), define_generator(name="inverse")
#     patchgans = define_patchgan(name="patchgan_y"), define_patchgan(name="patchgan_x")
#     model = define_cyclegan(generators, patchgans, **weights)
#     model.compile()
#     for epoch in range(epochs):  # other crops in each epoch
#         model.fit(PairBatches(pairs, batch_size=4, seed=0, epoch=epoch), epochs=1, verbose=2)
#     return model
#
#
# model = train_with()

# %% tags=["active-ipynb"]
# def there_and_back(g, f, x, y, title):
#     there, back = gb.translate(g, x), gb.translate(f, y)
#     rows = {"x: orange": x, "G(x)": there, "F(G(x))": gb.translate(f, there)}
#     rows |= {"y: blue": y, "F(y)": back, "G(F(y))": gb.translate(g, back)}
#     return gb.show(rows, title=title, footer=cats.credit)
#
#
# some = cats.val_a[:5], cats.val_b[5:10]
# there_and_back(model.generator, model.inverse, *some, "CycleGAN after 500 steps: validation cats, there and back")

# %% [markdown]
# Bodies have changed their colour (blue cats have become yellow rather than orange), and outlines, eyes and mouths are
# where they were. Look for a scarf or a ribbon: the networks often change its colour, too. In the log, `G_cycle_loss`
# and `G_back_loss` are the two cycles, and `D_Y_loss` is near 0.25, so the discriminator hardly knows who is who.
#
# ## 8. A longer training
#
# The networks that come with the book were trained for longer. (The appendix shows the command.) Here they translate
# test cats, and below you see the truth. The test cats were in no training.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# shipped = Run(PRETRAINED / "cyclegan")
# g, f = shipped.load("generator"), shipped.load("inverse")
# x, y = cats.test_a[:5], cats.test_b[:5]
# rows = {"x: orange": x, "G(x)": gb.translate(g, x), "the true blue cat": y}
# rows |= {"y: blue": y, "F(y)": gb.translate(f, y), "the true orange cat": x}
# gb.show(rows, title="CycleGAN, the shipped networks: test cats", footer=cats.credit)

# %% [markdown]
# ## 9. How good is it?
#
# For the test cats we know the truth. Six numbers, for each direction:
#
# - **L1**, **LPIPS** and the **Fréchet distance** as in chapter 10. Smaller is better.
# - **Changed**: the share of the cats that are nearer to the truth than to the input, where the two differ. It says
#   whether the colour was changed at all.
# - **Kept**: the share of the parts (fur, eyes, mouth, accessory) that can still be recognised. For each part the
#   translation is compared with the true picture, and with pictures of the same cat with another part there. It is kept
#   if the right one is the nearest.
# - **Retrieval**: how often a translation is nearer to its own true picture than to any other.
#
# And the **baselines**, which need no network: the input as it is; one colour everywhere; and the input with its
# colours matched (each channel is changed so that its histogram becomes that of side B). We take 100 cats here. A
# Fréchet distance of 100 cannot be compared with one of 500, as in the tables.

# %% tags=["active-ipynb"]
# from gan_book.metrics.baselines import baselines
# from gan_book.training.task import compare
#
# held = cats.validation()  # we measure on validation pictures, so the test pictures stay unseen
# held = replace(held, test_a=held.test_a[:100], test_b=held.test_b[:100], test_attributes={}, kind="")
# made = {**baselines(held), "500 steps": gb.translate(model.generator, held.test_a)}
# for name, images in made.items():
#     scores = compare(images, held.test_a, held.test_b, held)
#     chosen = [f"{score.head} {score}" for score in scores if score.name in ("l1", "lpips", "frechet")]
#     print(f"{name:27}", ", ".join(chosen))

# %% [markdown]
# The shipped networks have a report with all numbers, of 500 test cats:

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# names = "l1", "lpips", "frechet", "changed", "kept", "retrieval"
# print(*score_lines(shipped.report["measured"], [f"AtoB_{name}" for name in names]), sep="\n")
# print(*score_lines(shipped.report["measured"], [f"BtoA_{name}" for name in names]), sep="\n")

# %% [markdown]
# The networks beat all baselines that know no pairs (all but the unchanged input change every cat, so "changed" alone
# says little). Keep in mind what the numbers cannot be on your own data: without a known truth there is no L1, no LPIPS
# and no retrieval. What is left are the Fréchet distance, the histograms of colour, and your eyes.
#
# ## 10. When it fails
#
# **Without the cycle.** The same networks, equally many steps, but both $\lambda$ are 0: the adversarial loss alone.

# %% tags=["active-ipynb"]
# alone = train_with(cycle=0.0, identity=0.0)
# there_and_back(alone.generator, alone.inverse, *some, "The adversarial loss alone: no cycle, no identity")

# %% [markdown]
# The colour has changed, and the cats are nearly gone: all of them are covered by the same pattern. $D_Y$ sees small
# patches, and each of these looks a little like a patch of the other side: blue, white, a dark dot like an eye. Nothing
# asks that $G(x)$ has to do with $x$. (Another training may look different. In a trial the outlines stayed and the
# faces melted.) *You recognise it by the way back:* $F(G(x))$ has little to do with $x$. *The repair:* the cycle and
# the identity loss.
#
# **Is the cycle needed here?** On this task the identity loss alone seems to be enough: without the cycle, `quick` has
# a slightly better LPIPS and a worse L1. The identity loss asks $G$ to leave blue cats as they are, and so to keep
# their eyes and scarfs. That is of little help where the two sides have nothing in common.
#
# **What should change, and what should not?** Look for blue ribbons and scarfs in the pictures of sections 7 and 8. $G$
# makes them brown, olive or orange, often in patches, and $F$ makes them brown, too. Nothing in the data says that only
# the *body* should change: the simplest change is to exchange blue and orange everywhere, and $F$ can undo it, so the
# cycle loss is content. $D_Y$ could see that no real scarf is brown. But few cats have a scarf. The cycle loss asks
# that the way back is possible. It does not ask that $G$ does what you had in mind.
#
# **A change of shape.** The authors report that their network changes colours and textures well, and shapes hardly
# ever: dogs do not become cats (section 6 of the paper). Here are faces of one artist that should become faces in the
# style of another, after a training about as long as the one above (`gan-book train cyclegan --data micah2toonhead`;
# the second artist is Johan Melin):
#
# ![Faces in one style, what G made of them, and back](faces.png)
#
# $G$ takes the black lines away, and $F$ adds them. That is the colour and the texture of a style. But faces of the
# first artist look to the side, and those of the second one to the front. No head turns, no neck gets longer. A
# generator that begins with the input, and is asked to give it back, hardly ever moves anything.

# %% [markdown]
# ## 11. Going further
#
# **Other cats.** `--data plain2tabby` puts stripes on cats (the horse and the zebra of the paper), and `--data
# bare2hat` puts a hat on them. Compare with the input as it is: where little changes, doing nothing is a strong
# baseline.
#
# **Photographs of the Earth.** `--data earth` has satellite pictures and relief maps. The networks never see both of
# the same place. The page [docs/results/ch11.md](../../docs/results/ch11.md) has the baselines; no network is measured
# yet.
#
# **Your own pictures.** Put the two kinds of pictures into two folders, `my_set/trainA` and `my_set/trainB`, and some
# of each into `testA` and `testB`. Then `gan-book train cyclegan --data my_set --image-size 64 --epochs 40`. A few
# hundred of each kind are enough to begin with: 300 are 75 steps in an epoch, and you need at least a thousand steps.
# The sets of the paper can be downloaded: `gan-book data fetch horse2zebra`, then `--data horse2zebra`.
#
# **How much data and time?** The paper has 939 pictures of horses and 1,177 of zebras, 256 x 256, and trains for 200
# epochs with one picture of each side in a step. That is more than 200,000 steps, about sixty times as many as `full`
# has.
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. Why is the loss of a $D$ that cannot tell real from generated 0.25, and not $\log 2$?
# 2. How many weights has a residual block with 64 feature maps? Compare with the summary.
# 3. Which of the four losses of $G$ would be 0 for a generator that changes nothing?
#
# *To run*
#
# 4. Train with `identity=0.0`. Compare with section 7: do more colours change that should not?
# 5. Train without the pool (`pool=0`). Do you see a difference?
# 6. Train with fifty pictures of each side: `gb.load_pairs("orange2blue", image_size=64, limit=50, paired=False)`, and
#    forty epochs. What gets worse?
#
# *To write*
#
# 7. Can $F(G(x)) = x$ hold although $G(x)$ does not show what $x$ was? Yes: $G$ can hide $x$ in a faint pattern, which
#    $F$ reads ([Chu et al. 2017](https://arxiv.org/abs/1712.02950)). A little noise destroys such a pattern. Write
#    `noisy_cycle(g, f, x, deviation, seed)`: it gives $F(G(x) + \epsilon)$ for `x` in [-1, 1], with normal noise of
#    this deviation. Check: `from chapters.ch11_cyclegan import exercises`, then
#    `exercises.check_noisy_cycle(noisy_cycle)`. How much larger is the mean absolute difference from `x` with a
#    deviation of 0.05? (Take the shipped networks and `gb.to_float(cats.val_a[:100])`.)
# 8. Write `hue_kept(images, given)`: the share of the pixels, for each picture, whose hue (`skimage.color.rgb2hsv`, the
#    first channel) is the same as before, to 0.05. White pixels have the hue 0, so they count as kept. (A hue is an
#    angle: 0.98 and 0.01 are near.) Check: `exercises.check_hue_kept(hue_kept)`.
#
# *A project*
#
# 9. Take two kinds of photographs of your own, a hundred of each or more. Train for ten minutes, and write one page:
#    what changed, what should have changed, what should not have. Name one number that you can compute without pairs.
#
# <details><summary>Answers</summary>
#
# 1. Its loss is a squared distance: it says 1/2, and $(1/2)^2$ is 0.25 for real and for generated pictures.
# 2. Two convolutions: $2 \cdot (9 \cdot 64 \cdot 64 + 64) = 73{,}856$. The normalization has no weights here.
# 3. The two cycles (if $F$ changes nothing, too) and the identity. Only $D_Y$ asks for a change.
# 4. Probably scarfs and ribbons, and the white of the background. (Not measured by us.)
# 5. Probably hardly. In so short a training the generators have few old tricks.
# 6. Probably $D$ learns the fifty cats by heart, and its answers are then no help.
# 7. and 8. `exercises.noisy_cycle_solution` and `exercises.hue_kept_solution`, in
#    `chapters/ch11_cyclegan/exercises.py`.
# 9. The histogram of colours, for example. (The Fréchet distance needs no pairs either, but many more pictures.)
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# `gan-book train cyclegan` does what `fit` did above, with a learning rate that falls, and writes a log, pictures,
# checkpoints and a report. The presets: `smoke` is for tests, `quick` has 500 steps, and `full` has 4,000. In both the
# learning rate is constant for the first half, and then falls to 0 (section 7.1 of the paper). `book` has the networks
# and the settings of the paper, for a GPU. The last cell shows the losses of the shipped networks. Those of the
# discriminators stay a little below 0.25. The cycle and identity losses are near 0: they are shown without their
# weights. The peak at step 1,200 is a bad update of $D_Y$, which recovers.


# %%
@dataclass(frozen=True)
class CycleGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        network: of the generators: "resnet", or "paper" as in `classic`.
        width: filters of the first layer of all networks.
        blocks: residual blocks of the generators.
        patch: what a unit of D_X and D_Y sees, a side in pixels; see chapter 10's `STRIDED`.
        cycle, identity: weights of these losses; 0 leaves one out.
        pool: images that each pool remembers; 0 for none.
        learning_rate: Adam's, of all four.
        mirror: share of the training pictures whose left and right change places.
    """

    network: str = "resnet"
    width: int = 16
    patch: int = 16
    blocks: int = 2
    cycle: float = 10.0
    identity: float = 5.0
    pool: int = bounded(50, least=0)
    learning_rate: float = 1e-3
    mirror: float = 0.5


# %%
QUICK = CycleGANSettings(data="orange2blue", image_size=64, epochs=2, batch_size=4, limit=1_000)
PAPER = {"network": "paper", "width": 64, "patch": 70, "blocks": 9, "learning_rate": 2e-4}
PRESETS = {
    "smoke": replace(QUICK, epochs=2, limit=16, width=4, blocks=1, measure_samples=8),
    "quick": QUICK,
    "full": replace(QUICK, epochs=8, limit=None),
    "book": replace(QUICK, **PAPER, image_size=256, epochs=200, batch_size=1, limit=None),
}


def require_size(settings, image_shape):
    """Raises BookError for images that cannot be translated and measured, and for a pool smaller than a batch."""
    height, width = image_shape[:2]
    if any(side % 4 or side < 12 for side in (height, width)):
        sides = f"{height}" if height == width else f"{height}x{width}"
        advice = "set --image-size to multiples of 4, 12 or more"
        raise BookError(f"images of {sides} pixels cannot be translated and measured; {advice}")
    if 0 < settings.pool < settings.batch_size:
        advice = f"set pool to 0, or to a number not below the batch size of {settings.batch_size}"
        raise BookError(f"a pool cannot have {settings.pool} images; {advice}")


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: images of less than 12 pixels, too small for the discriminator's patches, or whose sides are no
            multiples of 4; a pool that is too small; no such network.
    """
    from chapters.ch11_cyclegan import classic  # here, because it takes its layers from this file

    require_size(settings, dataset.image_shape)
    networks = {"resnet": define_generator, "paper": classic.define_generator}
    require_choice("network", settings.network, networks)
    shape, width, define = dataset.image_shape, settings.width, networks[settings.network]
    generators = [define(shape, width, settings.blocks, name) for name in ("generator", "inverse")]
    patchgans = [define_patchgan(shape, settings.patch, width, f"patchgan_{side}") for side in "yx"]
    rate = ConstantThenLinear(settings.learning_rate, settings.epochs * (dataset.train_size // settings.batch_size))
    weights = settings.cycle, settings.identity
    return define_cyclegan(generators, patchgans, rate, *weights, settings.pool, settings.seed)


def panels(networks, x, y, sides):
    """What a picture grid shows of some images of each side, uint8 ``[n, h, w, 3]``: name -> images."""
    g, f = networks.generator, networks.inverse
    there, back = translate(g, x), translate(f, y)
    return {
        f"x: {sides[0]}": x, "G(x)": there, "F(G(x))": translate(f, there),
        f"y: {sides[1]}": y, "F(y)": back, "G(F(y))": translate(g, back),
    }  # fmt: skip


LESSON = Lesson(
    name="cyclegan",
    title="CycleGAN: translation without pairs (Zhu et al. 2017)",
    folder="ch11_cyclegan",
    presets=PRESETS,
    build=build,
    next_step="Next: translate a picture of yours from side B ({sides[1]}) to side A ({sides[0]}): "
    "`gan-book translate cyclegan --run {run} --direction BtoA --in given.png --out translated.png`.",
    kept=("inverse",),
    task=Translation(networks={"AtoB": "generator", "BtoA": "inverse"}, panels=panels, paired=False),
)

# %% tags=["active-ipynb"]
# gb.picture(shipped.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
