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
# # pix2pix
#
# ![Edges of six faces, the faces that the network made, and the true faces](../../pretrained/pix2pix/samples.png)
#
# The left column shows the edges of cartoon faces. A neural network painted the faces in the middle column. It had
# never seen these edges before (though many that are similar). The right column shows the true faces, from which the
# edges were made. The network had to choose the colours itself: the edges do not show them.
#
# **pix2pix** ([Isola et al. 2017](https://arxiv.org/abs/1611.07004)) translates one picture into another: a sketch into
# a painting, a satellite picture into a map, a street by day into the same street by night. It learns from pairs, such
# as ours: the edges, and the face that belongs to them. In this chapter you will
#
# - build a generator that takes a picture instead of a latent point, and gives back a picture of the same size;
# - see why the usual loss, the distance from the truth, gives dull colours, and how a discriminator changes this;
# - train both in a few minutes, and measure the translations on faces that were not in the training;
# - compare them with translations that need no network;
# - make pairs of your own photographs in a few lines.
#
# You should know chapter 6: the training step of a GAN, and the composite.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from gan_book.adversarial import GAN, Composite
from gan_book.errors import BookError, require_choice
from gan_book.networks import normal, to_float
from gan_book.schedules import ConstantThenLinear
from gan_book.training.lesson import Lesson, Settings
from gan_book.training.task import Translation, translate

# %% [markdown]
# ## 1. The data
#
# `load_pairs("edges2faces")` has 4,000 pairs to train with. Each is a cartoon face and its edges, found by the method
# of [Canny (1986)](https://doi.org/10.1109/TPAMI.1986.4767851): an edge is where the grey of a picture changes quickly.
# (Canny's method smooths the picture, takes the slope of the grey at each pixel, keeps only the ridges of the slope,
# and connects them to thin lines.) The two sides are called A and B. A is what we give to the network, and B is what we
# want. Training pictures are a little larger than 64 pixels: they are cropped to 64 at a random place, and half of them
# are mirrored. So the network does not see exactly the same picture twice.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 2_000  # of 4,000 training pairs; with fewer, the cells below are faster and the pictures are worse
# pairs = gb.load_pairs("edges2faces", image_size=64, limit=LIMIT)
# print("sides:", pairs.sides, "training pictures:", pairs.a.shape, "test pictures:", pairs.test_a.shape)
# gb.show({"A: edges": pairs.val_a[:6], "B: face": pairs.val_b[:6]}, title="Six pairs", footer=pairs.credit)

# %% [markdown]
# Look at the colours of hair, skin and shirt. No line shows them. Faces with the same edges can have violet or yellow
# hair:

# %% tags=["active-ipynb"]
# from gan_book.metrics.drawings import palette
#
# for name in ("hair colour", "skin", "shirt colour"):
#     print(f"{name}: {len(palette('faces', name))} colours")

# %% [markdown]
# ## 2. The idea
#
# A network that turns pictures into pictures could be trained as usual: make the output as near as possible to the
# truth. The **L1 loss** is the mean distance of the pixels,
#
# $$ L_{L1}(G) = \mathbb{E}_{x, y} \lVert y - G(x) \rVert_1. $$
#
# ($x$ is the given picture, $y$ the true one. $G(x)$ is the translation. In code the distance is a mean over the
# pixels, not a sum.) But think of the hair. For the same edges $x$ there are many true colours. Which one colour has
# the smallest mean distance from all of them? In each channel it is the **median**. The next cell computes it for the
# hair and the skin of all 8,000 faces:

# %% tags=["active-ipynb"]
# from gan_book.datasets.faces import read_attributes
#
# faces, rows = read_attributes("micah"), {}
# for name in ("hair colour", "skin"):
#     colours = palette("faces", name)
#     every_face = [colours[str(value)] for value in faces[name]]
#     middle = np.median(every_face, axis=0)
#     squares = [*colours.values()][:7] + [(255, 255, 255)] * max(7 - len(colours), 0) + [middle]
#     rows[name] = np.stack([np.full((32, 32, 3), colour, "uint8") for colour in squares])
# gb.show(rows, columns=[*"1234567", "median"], title="Up to seven of the colours, and the median of all faces")

# %% [markdown]
# The median of the hair of all faces is a pale lilac that no hair has, and with shirts, which have the same colours, it
# is the same. (Of the three colours of skin it is the middle one.) A network that is trained with the L1 loss alone
# learns just that: it is never far wrong, and it is seldom right. (The lilac is not far from one of the pale colours
# that hair can have. Remember this for section 10.) (The mean squared error has the same problem. Its best answer is
# the mean.)
#
# A **discriminator** helps. It sees real faces and generated ones, and learns to tell them apart. It has never seen a
# real face with dull hair. So dull hair is a sign of a generated face, and the generator has to choose a colour. This
# is the **conditional GAN** of chapter 6, with a picture as the condition instead of a label:
#
# $$ L_{cGAN}(G, D) = \mathbb{E}_{x, y}[\log D(x, y)] + \mathbb{E}_x[\log(1 - D(x, G(x)))]. $$
#
# $D$ also gets $x$. So it can see whether the face belongs to the edges. pix2pix uses both losses (equation 4 of the
# paper):
#
# $$ G^* = \arg \min_G \max_D \; L_{cGAN}(G, D) + \lambda \, L_{L1}(G). $$
#
# The L1 loss makes the picture right on the whole. The discriminator makes it look real. $\lambda$ says how much the
# first one counts.
#
# **Where is the noise?** There is no latent point $z$. The authors tried it, and the generator learned to ignore it
# (section 3.1 of the paper). So dropout is the only noise, and it stays on after the training: without noise the
# network could give only one answer. In practice this changes the translations only a little, and the same edges give
# nearly the same face. (The paper says so, too. `gb.translate` takes a `seed`.)
#
# ## 3. The generator: a U-Net
#
# The generator first makes the picture smaller. Each convolution halves the sides, until only 4 x 4 places are left.
# Each of them has seen most of the picture, so here the network can decide what belongs together, such as one colour
# for all the hair. Then it makes the picture larger again, step by step.
#
# But 4 x 4 places cannot say where exactly each line was. So there are **skip connections**: each level of the second
# half also gets what the level of the same size in the first half has computed. A drawing of it looks like a U
# ([Ronneberger et al. 2015](https://arxiv.org/abs/1505.04597)).
#
# ![The U-Net of the paper: the left half makes the picture smaller, the right half larger; skip connections join
# them](../../docs/figures/unet.svg)
#
# The figure shows the network of the paper, for 256 x 256 pixels, which goes down to a single place. It is in
# `classic.py`, and the preset `book` uses it. The main differences of ours:
#
# - **Larger by repeating pixels.** The paper uses transposed convolutions. They can leave a checkerboard (chapter 3).
#   We repeat each pixel (`UpSampling2D`) and then use an ordinary convolution.
# - **The last level gets the input itself,** at full size. So thin lines stay sharp.
# - **No normalization in the last level.** (In the first one the paper has none either.) Instance normalization
#   (`GroupNormalization` with one channel in each group) gives each feature map of each picture the mean 0 and the
#   variance 1. If the whole picture is dark or blue, the network cannot see this after it. So the outer levels have
#   none.
# - **At least 4 x 4 places.** At a single place the mean is the value itself, so instance normalization would make it
#   0.
# - **Dropout of whole feature maps.** Ordinary dropout leaves out different numbers at each place. Then the left half
#   of the hair may choose blue and the right half red. We leave out whole feature maps (`noise_shape`), so all places
#   get the same noise.
#
# Our dropout should stay on after the training, and here Keras 3 has a trap. Books for Keras 2 write `Dropout(0.5)(h,
# training=True)`. In Keras 3 `predict` switches it off all the same. So we write a layer of our own.


# %%
@keras.saving.register_keras_serializable("gan_book")
class LastingDropout(layers.Dropout):
    """Dropout that is not switched off in use: the noise of pix2pix (Isola et al. 2017, section 3.1).

    `Dropout` called with ``training=True`` is not enough: `predict` overrules it.
    """

    def call(self, x):
        return super().call(x, training=True)


def normalize(h):
    """Feature maps ``[n, h, w, c]`` with mean 0 and variance 1 for each picture, then scaled and shifted."""
    return layers.GroupNormalization(groups=-1, epsilon=1e-5)(h)


# %%
def down(h, filters, normalized=True):
    """``[n, h, w, c]`` to ``[n, h / 2, w / 2, filters]``, with its activation."""
    h = layers.Conv2D(filters, 4, strides=2, padding="same", kernel_initializer=normal())(h)
    return layers.LeakyReLU(0.2)(normalize(h) if normalized else h)


def up(h, filters, normalized=True):
    """``[n, h, w, c]`` to ``[n, 2 h, 2 w, filters]``, with its activation."""
    h = layers.Conv2D(filters, 3, padding="same", kernel_initializer=normal())(layers.UpSampling2D(2)(h))
    return layers.ReLU()(normalize(h) if normalized else h)


def halvings(image_shape, least=4):
    """How often both sides can be halved, with at least `least` pixels left of the shorter one."""
    height, width = image_shape[:2]
    times = 0
    while (height | width) >> times & 1 == 0 and min(height, width) >> times >= 2 * least:
        times += 1
    return times


# %%
def define_generator(image_shape=(64, 64, 3), width=24, skips=True, dropout=0.5):
    """The U-Net: images ``[n, h, w, c]`` in [-1, 1] to images of the same shape; without `skips` an encoder-decoder.

    `width` filters at half the size, twice as many at each smaller one, at most eight times as many.
    """
    image = h = keras.Input(image_shape, name="image")
    filters = [width * 2 ** min(level, 3) for level in range(halvings(image_shape))]
    seen = []  # what goes along the skip connections, the input first
    for level, number in enumerate(filters):
        seen.append(h)
        h = down(h, number, normalized=level > 0)
    for level in reversed(range(len(filters))):
        h = up(h, filters[max(level - 1, 0)], normalized=level > 0)
        if level == len(filters) - 1:  # whole feature maps, so that all places of a picture decide the same way
            h = LastingDropout(dropout, noise_shape=(None, 1, 1, None))(h)
        h = layers.Concatenate()([h, seen[level]]) if skips else h
    h = layers.Conv2D(image_shape[-1], 3, padding="same", kernel_initializer=normal())(h)
    return keras.Model(image, layers.Activation("tanh", dtype="float32", name="output")(h), name="generator")


# %% [markdown]
# The skip connections carry what has gone through the activation. (`down` and `up` end with it.) The figure goes from
# 256 places to 1. Ours goes from 64 to 4:

# %% tags=["active-ipynb"]
# generator = define_generator()
# generator.summary()

# %% [markdown]
# ## 4. The discriminator: patches
#
# The L1 loss already looks after the picture as a whole. The discriminator should look after the details, and these are
# local. So the **PatchGAN** (section 3.2.2 of the paper) gives not one answer for a picture, but a map of answers. Each
# is about a small patch. In fact it is an ordinary convolutional network without a dense layer at the end.
#
# ![The PatchGAN: each answer of the map sees one patch of the picture](../../docs/figures/patchgan.svg)
#
# How large is the patch that one answer sees? It is the **receptive field** of the convolutions. A unit of a layer with
# kernel $k$ sees $k$ units of the layer below. Each stride $s$ below it moves these units further apart:
#
# $$ r = 1 + \sum_i (k_i - 1) \prod_{j < i} s_j. $$

# %%
STRIDED = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}  # receptive field: number of convolutions of stride 2


def patch_layers(patch):
    """The PatchGAN's convolutions as ``(filters / width, kernel, stride)``, the last one for the logit with None."""
    if patch == 1:
        return [(1, 1, 1), (2, 1, 1), (None, 1, 1)]
    strided = STRIDED[patch]
    sizes = [min(2**level, 8) for level in range(strided + 1)]
    return [*((size, 4, 2) for size in sizes[:-1]), (sizes[-1], 4, 1), (None, 4, 1)]


def receptive_field(convolutions):
    """Side in pixels of what a unit sees through these layers."""
    field, apart = 1, 1
    for _, kernel, stride in convolutions:
        field, apart = field + (kernel - 1) * apart, apart * stride
    return field


# %% [markdown]
# The paper's favourite is a patch of 70 pixels, for pictures of 256. Our pictures have 64 pixels, so we take 34: four
# layers with the strides 2, 2, 1 and 1 see $1 + 3 + 3 \cdot 2 + 3 \cdot 4 + 3 \cdot 4 = 34$. $D$ gives 14 x 14 answers.
# Neighbouring patches are 4 pixels apart, so they overlap. At the border a part of a patch is zeros. Each answer sees
# the edges *and* the face there.

# %% tags=["active-ipynb"]
# for patch in (1, 16, 34, 70):
#     convolutions = [f"kernel {kernel}, stride {stride}" for _, kernel, stride in patch_layers(patch)]
#     print(f"{receptive_field(patch_layers(patch)):2} pixels:", "; ".join(convolutions))


# %%
def patch_logits(h, patch, width, norm, bias=True):
    """Pictures ``[n, h, w, c]`` to logits ``[n, h', w', 1]``, each of a patch of so many pixels.

    `norm` normalizes feature maps; `width` is the filters of the first convolution. Chapter 11 uses it, too.

    Raises:
        BookError: there is no such patch, or the pictures are so small that no unit is left.
    """
    side = min(h.shape[1:3])
    require_choice("patch", patch, STRIDED)
    if patch > 1 and side < 3 * 2 ** STRIDED[patch]:
        raise BookError(f"a patch of {patch} pixels is too large for images of {side}; choose a smaller one")
    for number, (size, kernel, stride) in enumerate(patch_layers(patch)):
        h = layers.ZeroPadding2D(1)(h) if kernel > 1 else h
        plain = number == 0 or size is None  # the first and the last one are not normalized
        options = {"use_bias": bias or plain, "kernel_initializer": normal()}
        if size is None:
            return layers.Conv2D(1, kernel, stride, dtype="float32", **options)(h)
        h = layers.Conv2D(width * size, kernel, stride, **options)(h)
        h = layers.LeakyReLU(0.2)(h if plain else norm(h))


# %%
def define_patchgan(image_shape=(64, 64, 3), patch=34, width=24):
    """D: an input and an output, ``[n, h, w, c]`` each, to logits ``[n, h', w', 1]``: real, and do they fit?

    Raises:
        BookError: see `patch_logits`.
    """
    x, y = keras.Input(image_shape, name="input"), keras.Input(image_shape, name="output")
    logits = patch_logits(layers.Concatenate()([x, y]), patch, width, normalize, bias=False)
    return keras.Model([x, y], logits, name="patchgan")


# %% tags=["active-ipynb"]
# patchgan = define_patchgan()
# patchgan.summary()

# %% [markdown]
# ## 5. The losses, and the composite
#
# $D$'s loss is half of the cross-entropy for real pairs, with the target 1, plus half of that for generated pairs, with
# the target 0 (section 3.3 of the paper). As in chapter 9 we put both into one model with several inputs, so that one
# update uses both.
#
# The generator's loss has the two terms of section 2. As in chapter 6, $G$ minimises $-\log D(x, G(x))$. The composite
# has two outputs, one for each term: $D$'s answers, and the picture itself. $\lambda$ is 30. (The paper has 100, for
# larger pictures and longer trainings.)


# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0


def adam(learning_rate):
    """Adam as in section 3.3 of the paper."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999)


def define_discriminator(patchgan, learning_rate=1e-3):
    """Input, true output and generated output ``[n, h, w, c]`` to D's two maps of logits, "real" and "fake"."""
    x, y, made = (keras.Input(patchgan.inputs[0].shape[1:], name=name) for name in ("input", "true", "generated"))
    discriminator = keras.Model([x, y, made], {"real": patchgan([x, y]), "fake": patchgan([x, made])})
    discriminator.name = "discriminator"
    halves = {"real": 0.5, "fake": 0.5}
    discriminator.compile(adam(learning_rate), dict.fromkeys(halves, adversarial_loss), loss_weights=halves)
    return discriminator


# %%
def define_gan(generator, patchgan, learning_rate=1e-3, adversarial=1.0, lambda_l1=30.0):
    """The composite: input to D's logits of what G makes of it ("validity"), and to that itself ("image")."""
    made = generator.output
    answers = {"validity": patchgan([generator.input, made]), "image": made}
    gan = Composite(generator.input, answers, frozen=[patchgan], name="gan")
    gan.compile(
        adam(learning_rate),
        {"validity": adversarial_loss, "image": "mean_absolute_error"},
        loss_weights={"validity": adversarial, "image": lambda_l1},
    )
    return gan


# %% [markdown]
# ## 6. One training step
#
# Two updates: $D$ with a real and a generated pair, then $G$ through the frozen $D$. Pixels are between -1 and 1 here.
# So an L1 distance of 1 is half of the whole range, 127.5 of 255.

# %% tags=["active-ipynb"]
# discriminator, gan = define_discriminator(patchgan), define_gan(generator, patchgan)
# x, y = gb.to_float(pairs.val_a[:4]), gb.to_float(pairs.val_b[:4])
# made = generator(x, training=True)
# real, fake = np.ones((4, *patchgan.output.shape[1:])), np.zeros((4, *patchgan.output.shape[1:]))
# d = discriminator.train_on_batch([x, y, made], {"real": real, "fake": fake}, return_dict=True)
# g = gan.train_on_batch(x, {"validity": real, "image": y}, return_dict=True)
# print("D's answers for each picture:", patchgan.output.shape[1:3])
# print("1. D: loss of real pairs {real_loss:.2f}, of generated pairs {fake_loss:.2f}".format(**d))
# print("2. G: loss from D {validity_loss:.2f}, L1 distance {image_loss:.2f}".format(**g))

# %% [markdown]
# And now as a method `turns`, which `fit` calls for each batch. (Chapter 2 explains `yield`.) If the discriminator does
# not count, because we want to see the L1 loss alone, it is not trained.


# %%
class Pix2Pix(GAN):
    """G and D for pairs; `generator`, `patchgan`, and the two models that train them."""

    verdicts = ("real", "fake")  # the outputs of D that say real or fake, for the book's `train` to watch

    def __init__(self, generator, patchgan, discriminator, gan, adversarial=True, seed=0):
        super().__init__(generator, discriminator, gan, seed=seed)
        self.patchgan, self.adversarial = patchgan, adversarial

    @property
    def discriminators(self):
        return super().discriminators if self.adversarial else ()  # one that is not trained is not to be watched

    def turns(self, x, y):
        x, y = to_float(x), to_float(y)
        shape = (ops.shape(x)[0], *self.patchgan.output.shape[1:])
        real, fake = ops.ones(shape), ops.zeros(shape)
        if self.adversarial:
            made = self.generator(x, training=True)
            # max (log D(x, y) + log(1 - D(x, G(x)))) / 2
            yield "d", self.discriminator, [x, y, made], {"real": real, "fake": fake}
        # max log D(x, G(x)) - lambda |y - G(x)|_1
        yield "g", self.gan, x, {"validity": real, "image": y}


# %% [markdown]
# ## 7. Training with `fit`
#
# `PairBatches` gives `fit` the batches, cropped and mirrored. One epoch has 500 steps and takes a few minutes.

# %% tags=["active-ipynb"]
# from gan_book.datasets.batches import PairBatches
#
#
# def train_with(adversarial, lambda_l1, **options):
#     generator, patchgan = define_generator(**options), define_patchgan()
#     discriminator = define_discriminator(patchgan)
#     gan = define_gan(generator, patchgan, adversarial=adversarial, lambda_l1=lambda_l1)
#     model = Pix2Pix(generator, patchgan, discriminator, gan, adversarial=adversarial > 0)
#     model.compile()
#     model.fit(PairBatches(pairs, batch_size=4, seed=0), epochs=1, verbose=2)
#     return model.sampler
#
#
# both = train_with(adversarial=1.0, lambda_l1=30.0)

# %% tags=["active-ipynb"]
# def compare(generators, title, chosen=slice(0, 6)):
#     rows = {"edges": pairs.val_a[chosen]}
#     rows |= {name: gb.translate(network, pairs.val_a[chosen]) for name, network in generators.items()}
#     return gb.show({**rows, "true face": pairs.val_b[chosen]}, title=title, footer=pairs.credit)
#
#
# compare({"generated": both}, f"pix2pix after one epoch ({len(pairs.a) // 4:,} steps): validation faces")

# %% [markdown]
# After 500 steps these are faces, though they are coarse and have stains. Now look at the log. `g_image_loss` is the L1
# distance. `g_validity_loss` is the loss from $D$; it counts a thirtieth as much. The two losses of $D$ should stay
# above 0. If they are near $\log 2 = 0.69$, then $D$ cannot tell real from generated.
#
# ## 8. A longer training
#
# The generator that comes with the book was trained for longer. (The appendix shows the command.) Here it translates
# test faces. They were in no training, and they were not used to choose settings.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# shipped = Run(PRETRAINED / "pix2pix")
# generator = shipped.load("generator")
# size = generator.input_shape[1]
# faces = gb.load_pairs("edges2faces", image_size=size, limit=4)  # 4 training pairs; all test pairs
# rows = {"edges": faces.test_a[:6], "generated": gb.translate(generator, faces.test_a[:6]), "true": faces.test_b[:6]}
# gb.show(rows, title="pix2pix, the shipped network: test faces", footer=faces.credit)

# %% [markdown]
# A wrong colour is not an error here. The edges do not show it. An error is a colour that a face cannot have, a hair
# with two colours, or a line in the wrong place. There are such errors: some shirts change their colour from left to
# right, a beard is stained, and glasses have coloured spots. And no hair here is blue, though blue hair is frequent in
# the data. About half of the faces are right.
#
# The edges need not come from a face of the data set. What does the network make of a drawing that it has never seen?
# Here we join the upper half of one test face with the lower half of another.

# %% tags=["active-ipynb"]
# mixed = np.concatenate([faces.test_a[0:6, : size // 2], faces.test_a[6:12, size // 2 :]], axis=1)
# rows = {"two halves": mixed, "generated": gb.translate(generator, mixed)}
# gb.show(rows, title="Edges that were not in the data: the halves of two faces", footer=faces.credit)

# %% [markdown]
# ## 9. How good is it?
#
# On the test pairs we know the truth. Six numbers are enough. The first three compare each translation with its own
# true picture.
#
# - **L1**: the mean distance of the pixels, in levels from 0 to 255. Smaller is better. A dull picture does well here.
# - **LPIPS** ([Zhang et al. 2018](https://arxiv.org/abs/1801.03924)): the distance of the two pictures in the features
#   of a network that was trained to recognise objects. It agrees with what people call similar better than pixels do.
#   Smaller is better.
# - **Retrieval**: how often a translation is nearer to its own true picture than to any other, in these features. It
#   uses the first 200 test pictures, so by chance it would be 0.5 %. Larger is better.
#
# The other three compare all translations together with all true pictures.
#
# - **Fréchet distance**: as in chapter 5, here in the features of the last convolution of the same network. Smaller is
#   better. Compare only values of equally many pictures.
# - **Histograms of colour** (two numbers): which part of the histogram of a colour axis do translations and true
#   pictures have in common? The axes are a (from green to red) and b (from blue to yellow) of the colour space CIE Lab.
#   1 is best. If the colours are dull, it is less (figure 7 of the paper).
#
# A number alone says little. So we compare with **baselines**, translations that need no network: the edges themselves;
# one colour everywhere; and the face of the training pair whose edges are the nearest.

# %% tags=["active-ipynb"]
# from gan_book.metrics.baselines import nearest_pair, one_colour
# from gan_book.training.task import compare as scores_of
#
# held = pairs.validation()  # we measure on validation pictures, so the test pictures stay unseen
# held = replace(held, test_a=held.test_a[:100], test_b=held.test_b[:100], test_attributes={}, kind="")
# made = {"edges": held.test_a, "one colour": one_colour(held), "nearest pair": nearest_pair(held)}
# made["one epoch"] = gb.translate(both, held.test_a)
# for name, images in made.items():
#     scores = scores_of(images, held.test_a, held.test_b, held)
#     chosen = [f"{score.head} {score}" for score in scores if score.name in ("l1", "lpips", "frechet")]
#     print(f"{name:13}", ", ".join(chosen))

# %% [markdown]
# The shipped network has a report with all numbers:

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# six = "l1", "lpips", "retrieval", "frechet", "histogram_a", "histogram_b"
# print(*score_lines(shipped.report["measured"], six), sep="\n")

# %% [markdown]
# All baselines are in [the results of this chapter](../../docs/results/ch10.md). One of them is strong. These faces are
# composed of few kinds of hair, eyes and mouths. So among 4,000 training pairs there is nearly always one with almost
# the same edges, and its face is a real one, with clean colours. The shipped network beats it in L1, LPIPS and
# retrieval, and not in the Fréchet distance: a real face is always sharp and has one colour of hair. Always look for
# such a baseline in your own data. It may fail where a network can still do something: on the two halves above, or on a
# drawing of your own. (In the cell above it has 2,000 pairs to choose from. With all 4,000 its L1 on the test faces is
# 13.6.)
#
# ## 10. When it fails
#
# **Without the discriminator.** The same generator, equally many steps, and only the L1 loss:

# %% tags=["active-ipynb"]
# l1_alone = train_with(adversarial=0.0, lambda_l1=30.0)
# compare({"L1 alone": l1_alone, "both losses": both}, "L1 alone, and both losses")

# %% [markdown]
# With the L1 loss alone hair and shirts have a dull, pale colour, as section 2 said. With both losses the colours are
# strong, and after so few steps they are stained. Which is nearer to colours that faces can have? The **distance to the
# palette** says how far the colour of the hair, the skin and the shirt is from the nearest colour that hair, skin or
# shirt can have. (It is measured in CIE Lab, where a distance of about 2 can just be seen.)

# %% tags=["active-ipynb"]
# from gan_book.metrics.drawings import palette_distance
#
# for name, network in {"L1 alone": l1_alone, "both losses": both}.items():
#     images = gb.translate(network, pairs.val_a)
#     away = np.abs(images.astype(float) - pairs.val_b).mean()
#     off = palette_distance(images, pairs.val_b, "faces", pairs.val_attributes)
#     print(f"{name:12} L1 {away:.1f}, distance to the palette {off:.1f}")

# %% [markdown]
# The L1 loss alone has the smaller L1 distance: it was trained for just this. Its distance to the palette is smaller,
# too, after 500 steps. That is a surprise, and a warning. The palette has pale colours, and the dull lilac of section 2
# is near them, while a strong colour with stains is far from all of them. In a longer training the strong colours
# become purer: with both losses the distance is 9.8 after 2,000 steps (`quick`) and 5.5 after 8,000 (`full`). Whether
# the L1 loss alone would do as well in 8,000 steps, we have not measured. So trust no single number, and look at the
# pictures.
#
# **The repair** is to use both losses. If the colours are dull, lower $\lambda$. If there are patterns and stains that
# the input does not explain, raise it. (Exercise 4 leaves the L1 loss out.)
#
# ## 11. Going further
#
# **When the input tells the colour.** Train on `edges2cats`: each of the fifteen kinds of cat has its own outline, and
# its own colour. So the edges show the colour, and the L1 loss alone should be enough. Try it: `gan-book train pix2pix
# --data edges2cats --set loss=l1`.
#
# **Photographs of the Earth.** `--data earth` has satellite pictures and relief maps of the same places. The default
# direction, AtoB, makes a map of a satellite picture. `--set direction=BtoA` goes back. The map tells height and water,
# but not how far a place is from the equator. So snow, desert and forest are guesses there.
#
# **Your own pairs.** All you need is photographs. These lines make the edges, and write pairs side by side into a
# folder, as the book reads them:
#
#     import numpy as np
#     import gan_book as gb
#     from gan_book.datasets.drawings import edges
#     photos = gb.load("my_photographs", image_size=128)  # a folder; a tenth of it is kept for the test
#     for part, images in {"train": photos.images, "test": photos.test_images}.items():
#         for number, photo in enumerate(images):
#             both_sides = np.concatenate([edges(photo[None])[0], photo], axis=1)
#             gb.save_png(both_sides, f"my_pairs/{part}/{number:04}.png")
#
# Then `gan-book train pix2pix --data my_pairs --epochs 40`. (324 pairs are 81 steps in an epoch, and you need some
# thousand steps.) The last line of the training says how to translate a new picture. Other layouts of folders are
# described in `data/README.md`. The sets of the paper can be downloaded: `gan-book data fetch facades`, then `--data
# facades --set direction=BtoA` (from labels to photographs, as in the paper).
#
# **How much data and time?** The paper has 400 training pairs for facades, 1,096 for maps, and about 50,000 for shoes
# (section 6.2 of its appendix). It trained on facades and maps for 200 epochs, at 256 pixels and one picture in a step.
# It reports that training on 400 facades took less than two hours on one GPU of 2016 (section 4.1).
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. A pixel is white in 60 % of the true pictures and black in the others, and the input does not tell. Which grey has
#    the smallest mean L1 distance? Which one has the smallest mean squared error?
# 2. What is the receptive field of three convolutions with kernel 4, where only the first has stride 2?
# 3. The input of the last convolution of the generator has three channels more than the last `up` gives. Where do they
#    come from, and what are they good for?
#
# *To run*
#
# 4. Train with the discriminator alone: `train_with(adversarial=1.0, lambda_l1=0.0)`. What ties the picture to the
#    edges now?
# 5. Train without skip connections: `train_with(1.0, 30.0, skips=False)`. Which lines get lost?
# 6. Translate the same edges ten times, with different seeds (`gb.translate(both, pairs.val_a[:1], seed=3)`). How much
#    does the face change?
#
# *To write*
#
# 7. Dull colours have a low **saturation**: the largest of the three channels minus the smallest, divided by the
#    largest (0 for black). Write `saturation(images)`: uint8 `[n, h, w, 3]` to the mean of each picture, `[n]`. Check:
#    `from chapters.ch10_pix2pix import exercises`, then `exercises.check_saturation(saturation)`. Then compare the
#    faces of `l1_alone` and `both` with true faces.
# 8. $D$ should also see that a picture does not belong to the edges. Write a subclass of `Pix2Pix` with one more
#    update of $D$: the name is "d_wrong", and the place of the generated picture is taken by the true picture of
#    *another* pair ([Reed et al. 2016](https://arxiv.org/abs/1605.05396)). Check:
#    `exercises.check_matching(MatchingPix2Pix)`.
#
# *A project*
#
# 9. Take 400 photographs of one kind of thing. Make pairs of them as in section 11, keep 40 for the test, and train for
#    ten minutes. Write one page: six translations, two baselines, and what you would need to make it better.
#
# <details><summary>Answers</summary>
#
# 1. White, the median. For the squared error it is the mean: 60 % of the way from black to white.
# 2. $1 + 3 + 3 \cdot 2 + 3 \cdot 2 = 16$.
# 3. They are the input itself, at full size. So the network can copy a line exactly to its place.
# 4. Only $D$, which sees the edges together with the face. It sees 34 pixels at a time.
# 5. Thin lines: glasses, earrings and the mouth get lost or move. 4 x 4 places cannot hold them.
# 6. Hardly. Dropout changes some pixels a little. The network has learned one answer for each input.
# 7. and 8. `exercises.saturation_solution` and `exercises.MatchingPix2Pix`, in `chapters/ch10_pix2pix/exercises.py`.
# 9. With 400 pairs, colours that the edges do not show will be dull or wrong. Look at the nearest training pair, too.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# `gan-book train pix2pix` does what `fit` did above, and writes a log, pictures, checkpoints and a report. The presets:
# `smoke` is for tests, `quick` has two epochs, and `full` has eight. In all the learning rate is constant for the first
# half and then falls to 0. `book` has the network and the settings of the paper, for a GPU. In Python the same is
# `gb.train(LESSON, LESSON.settings("quick"), "quick")`. The last cell shows the losses of the shipped network, which
# was trained with `full`.


# %%
@dataclass(frozen=True)
class Pix2PixSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        direction: "AtoB" or "BtoA", from what is given to what is generated.
        loss: see `LOSSES`.
        network: see `NETWORKS`.
        patch: what an answer of D sees, a side in pixels; one of `STRIDED`.
        width, width_d: filters of the first layer of G and of D.
        lambda_l1: weight of the L1 distance.
        learning_rate: Adam's, of both; constant for the first half of the training, then linearly down to 0.
        mirror: share of the training pictures whose left and right change places.
    """

    direction: str = "AtoB"
    loss: str = "both"
    network: str = "unet"
    patch: int = 34
    width: int = 24
    width_d: int = 24
    lambda_l1: float = 30.0
    learning_rate: float = 1e-3
    mirror: float = 0.5


# %%
LOSSES = {"both": (1.0, 1.0), "l1": (0.0, 1.0), "cgan": (1.0, 0.0)}  # weights of D's answers, and of lambda_l1
NETWORKS = ("unet", "encoder-decoder", "paper")
QUICK = Pix2PixSettings(data="edges2faces", image_size=64, epochs=2, batch_size=4)
PAPER = {"network": "paper", "patch": 70, "width": 64, "width_d": 64, "lambda_l1": 100.0, "learning_rate": 2e-4}
PRESETS = {
    "smoke": replace(QUICK, epochs=2, limit=16, width=4, width_d=4, measure_samples=8),
    "quick": QUICK,
    "full": replace(QUICK, epochs=8),
    "book": replace(QUICK, **PAPER, image_size=256, epochs=200, batch_size=1),
}


# %%
def require_sides(network, image_shape):
    """Raises BookError for pictures that the generator cannot halve and double again."""
    short, long = sorted(image_shape[:2])
    if network == "paper" and (short & (short - 1) or long % short):
        cannot, advice = "the paper's U-Net halves the sides until 1 is left", "try --image-size 64 or 64x128"
    elif short < 16 or halvings(image_shape) < 2:
        cannot, advice = "the U-Net halves the sides at least twice", "set --image-size to multiples of 4, 16 or more"
    else:
        return
    sides = f"{short}" if short == long else f"{image_shape[0]}x{image_shape[1]}"
    raise BookError(f"{cannot}: not possible with {sides}; {advice}")


def make_generator(settings, image_shape):
    """The generator of the settings, for pictures of this shape."""
    from chapters.ch10_pix2pix import classic  # here, because it takes its layers from this file

    require_choice("network", settings.network, NETWORKS)
    require_sides(settings.network, image_shape)
    if settings.network == "paper":
        return classic.define_generator(image_shape, settings.width)
    return define_generator(image_shape, settings.width, skips=settings.network == "unet")


# %%
def build(settings, dataset):
    """The model of the settings, for pairs of the data set's shape.

    Raises:
        BookError: a setting that is not known, or images whose sides do not fit the networks.
    """
    require_choice("loss", settings.loss, LOSSES)
    shape = dataset.image_shape
    rate = ConstantThenLinear(settings.learning_rate, settings.epochs * (dataset.train_size // settings.batch_size))
    adversarial, l1 = LOSSES[settings.loss]
    generator = make_generator(settings, shape)
    patchgan = define_patchgan(shape, settings.patch, settings.width_d)
    discriminator = define_discriminator(patchgan, rate)
    gan = define_gan(generator, patchgan, rate, adversarial, l1 * settings.lambda_l1)
    return Pix2Pix(generator, patchgan, discriminator, gan, bool(adversarial), settings.seed)


# %%
def panels(networks, x, y, sides):
    """What a picture grid shows of some pairs, uint8 ``[n, h, w, 3]`` each: name -> images."""
    return {f"input: {sides[0]}": x, f"generated: {sides[1]}": translate(networks.generator, x), f"true: {sides[1]}": y}


LESSON = Lesson(
    name="pix2pix",
    title="pix2pix: translation from pairs (Isola et al. 2017)",
    folder="ch10_pix2pix",
    presets=PRESETS,
    build=build,
    next_step="Next: make a picture of the side '{sides[1]}' from one of the side '{sides[0]}': "
    "`gan-book translate pix2pix --run {run} --in given.png --out translated.png`.",
    task=Translation(networks={"AtoB": "generator"}, panels=panels, paired=True),
)

# %% tags=["active-ipynb"]
# gb.picture(shipped.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
