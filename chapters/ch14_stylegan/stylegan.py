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
# # StyleGAN: one style for each layer
#
# In chapter 13 the latent point enters the generator once, at the bottom. Everything else follows from it. **StyleGAN**
# ([Karras et al. 2019](https://arxiv.org/abs/1812.04948)) is built in another way. The bottom is a constant, the same
# for all images. The latent point becomes a **style**, and this style controls *every* layer. So you can give the first
# layers the style of one face, and the last layers the style of another, and get a mixture of both. (Here all layers of
# one size share a style. The authors' network has one for each layer, 18 of them at 1024 x 1024 pixels.)
#
# In this chapter you will
#
# - build the generator of StyleGAN2 ([Karras et al. 2020](https://arxiv.org/abs/1912.04958)): a mapping network,
#   modulated convolutions, noise in every layer, and a sum of images of all sizes;
# - train it with style mixing, so that the layers do not depend on each other;
# - mix the styles of two faces, and measure which layer decides what: hair, glasses, colours;
# - use truncation in the space of styles;
# - find the style that makes a picture you give it.
#
# You should know chapter 13 (equalized learning rate), and from chapter 4 the penalty R1.

# %%
import math
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch14_stylegan import scores
from gan_book.adversarial import GAN, Composite, Penalized
from gan_book.errors import require_choice
from gan_book.layers import EqualConv2D, EqualDense, MinibatchStd, PixelNorm
from gan_book.losses import PairLoss
from gan_book.networks import doubled_sides, filters_at, to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings, bounded

# %% [markdown]
# ## 1. The data
#
# The cartoon faces of chapters 3 and 13. Their attributes are known. The GAN does not see them. We need them to measure
# what each layer decides.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
# from chapters.ch14_stylegan import styles
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 6_400  # training faces; with fewer, the cells below are faster and the pictures are worse
# faces = gb.load("faces", image_size=32, limit=LIMIT)
# gb.show(faces.images[:24], columns=8, title="Faces, 32 x 32 pixels", footer=faces.credit)

# %% [markdown]
# ## 2. The idea
#
# ![z becomes a style w; w controls every layer of the synthesis network](../../docs/figures/stylegan.svg)
#
# There are two networks in the generator.
#
# - The **mapping network** turns $z$ into a style $w$, a vector with as many numbers. It is a few dense layers. Why not
#   use $z$ itself? The numbers of $z$ are independent normal numbers. If blond hair and a beard never occur together in
#   the data, a network that starts at $z$ has to bend its space so that no $z$ has both. The space of $w$ need not be
#   normal. The mapping network does the bending, and the styles can be simple.
# - The **synthesis network** turns a constant into an image. In each layer, $w$ says how much each feature map counts.
#
# ## 3. Modulated convolutions
#
# From $w$, a dense layer computes one number $s_i$ for each input map of a convolution. The input maps are multiplied
# by these numbers. This is the **modulation**. Large numbers give a large output. To undo this, each output map is
# divided by its expected standard deviation, as if the inputs had variance 1. This is the **demodulation** (equations 1
# to 3 of the paper of 2020, with $w_{ijk}$ for the weight from input map $i$ to output map $j$ at place $k$ of the
# kernel):
#
# $$ w'_{ijk} = s_i \, w_{ijk}, \qquad w''_{ijk} = w'_{ijk} \Big/ \sqrt{\textstyle\sum_{i,k} {w'_{ijk}}^2 + 10^{-8}}. $$
#
# Each image of a batch has its own $s$, so each would need its own kernel. But a convolution is linear. So we can
# multiply the *input* by $s_i$ and divide the *output* by the root, and use one kernel for all. That is the same.


# %%
@keras.saving.register_keras_serializable("gan_book")
class ModulatedConv2D(layers.Layer):
    """A convolution whose input maps are scaled by a style: maps ``[n, h, w, c]`` and styles ``[n, c]`` to maps.

    Karras et al. 2020, equations 1 and 3.

    Args:
        filters, kernel: of the convolution, which is a `gan_book.layers.EqualConv2D` with the gain 1.
        demodulate: whether the output maps are brought back to a variance of 1.
    """

    def __init__(self, filters, kernel=3, demodulate=True, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel, self.demodulate = filters, kernel, demodulate
        self.conv = EqualConv2D(filters, kernel, padding="same", gain=1.0, use_bias=False, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.conv.build(input_shape[0])
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        x, style = inputs
        s = ops.cast(style, "float32")
        out = self.conv(x * ops.cast(s, x.dtype)[:, None, None, :])
        if self.demodulate:
            squares = ops.sum(ops.square(ops.cast(self.conv.kernel, "float32")), axis=(0, 1))  # [c, filters]
            scale = ops.rsqrt(ops.matmul(ops.square(s), squares) + 1e-8)  # [n, filters], 1 / root
            out = out * ops.cast(scale, out.dtype)[:, None, None, :]
        else:  # a style is about 1 ± 1, so its mean square is 2
            out = out * 2**-0.5
        return out + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "kernel": self.kernel, "demodulate": self.demodulate}


# %% [markdown]
# **Noise.** Some things in a picture are random: where exactly a hair lies does not matter. Without help, $G$ has to
# invent random numbers from its style. So each layer gets noise: one random number for each pixel, the same for all
# maps, times a learned strength, which starts at 0. In training the noise is new each time. In use it is a fixed map,
# so that the same style always gives the same image.


# %%
@keras.saving.register_keras_serializable("gan_book")
class PixelNoise(layers.Layer):
    """Adds a number to each pixel, times a learned strength; random in training, a fixed map in use."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rng = keras.random.SeedGenerator()

    def build(self, input_shape):
        self.strength = self.add_weight((), "zeros", name="strength")
        normal = keras.initializers.RandomNormal(0.0, 1.0)
        self.map = self.add_weight((1, *input_shape[1:3], 1), normal, trainable=False, name="map")

    def call(self, x, training=False):
        shape = (ops.shape(x)[0], *x.shape[1:3], 1)
        noise = keras.random.normal(shape, seed=self.rng) if training else self.map
        return x + ops.cast(self.strength * noise, x.dtype)


@keras.saving.register_keras_serializable("gan_book")
class Start(layers.Layer):
    """The constant that every image begins with: learned maps ``[side, side, filters]``, one copy for each style."""

    def __init__(self, side, filters, **kwargs):
        super().__init__(**kwargs)
        self.side, self.filters = side, filters

    def build(self, input_shape):
        shape = (1, self.side, self.side, self.filters)
        self.maps = self.add_weight(shape, keras.initializers.RandomNormal(0.0, 1.0), name="maps")

    def call(self, w):
        return self.maps + ops.zeros((ops.shape(w)[0], 1, 1, 1), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (None, self.side, self.side, self.filters)

    def get_config(self):
        return {**super().get_config(), "side": self.side, "filters": self.filters}


# %% [markdown]
# ## 4. The networks
#
# Sizes are doubled by bilinear interpolation: a new pixel is a mean of its neighbours. After each size, a layer `rgb`
# makes an image, and it is *added* to the doubled image of the size before. So the network can grow by itself: at first
# the small images decide most, later the large ones. Nothing has to be faded in (StyleGAN2, section 4). We leave out
# one part of StyleGAN2, the path length regularization.

# %%
LATENT = 64


def double(h, dtype=None):
    """Twice the size, each new pixel between its neighbours: ``[n, h, w, c]`` to ``[n, 2 h, 2 w, c]``."""
    return layers.UpSampling2D(2, interpolation="bilinear", dtype=dtype)(h)


# %%
def define_mapping(depth=2):
    """Latent points ``[n, 64]`` to styles w ``[n, 64]``. It learns at a hundredth of the speed, as in the paper."""
    z = keras.Input((LATENT,), name="z")
    h = PixelNorm(dtype="float32")(z)  # in float32, as the weights are around ±100
    for _ in range(depth):
        h = layers.LeakyReLU(0.2, dtype="float32")(EqualDense(LATENT, speed=0.01, dtype="float32")(h))
    return keras.Model(z, h, name="mapping")


def num_styles(image_shape):
    """How many styles the synthesis network takes: one for each size."""
    return len(doubled_sides(image_shape))


def define_synthesis(image_shape=(32, 32, 3), width=16, most=128, noise=True, demodulate=True):
    """Styles ``[n, sizes, 64]``, one for each size, to images ``[n, h, w, c]``, about in [-1, 1]."""
    chain = doubled_sides(image_shape)
    ws, rgb = keras.Input((len(chain), LATENT), name="ws"), None
    h = Start(chain[0], filters_at(chain[0], width, most))(ws)
    for level, side in enumerate(chain):
        w = ws[:, level]
        h = double(h) if level else h
        for _ in range(2 if level else 1):
            h = styled(h, w, filters_at(side, width, most), noise, demodulate)
        new = ModulatedConv2D(image_shape[-1], 1, demodulate=False)([h, style_of(w, h.shape[-1])])
        new = layers.Activation("linear", dtype="float32")(new)
        rgb = new if rgb is None else layers.Add(dtype="float32")([double(rgb, "float32"), new])
    return keras.Model(ws, layers.Identity(dtype="float32", name="image")(rgb), name="synthesis")


def style_of(w, maps):
    """The numbers by which a layer scales its input maps; around 1 at the start."""
    return EqualDense(maps, gain=1.0, bias_initializer="ones")(w)


def styled(h, w, filters, noise, demodulate):
    """A modulated convolution, noise and LeakyReLU."""
    h = ModulatedConv2D(filters, 3, demodulate=demodulate)([h, style_of(w, h.shape[-1])])
    h = layers.LeakyReLU(0.2)(PixelNoise()(h) if noise else h)
    return layers.Rescaling(math.sqrt(2))(h)  # LeakyReLU halves the mean square


def define_generator(image_shape=(32, 32, 3), width=16, **options):
    """Latent points ``[n, 64]`` to images ``[n, h, w, c]``: the mapping, and the synthesis with one style for all."""
    mapping, synthesis = define_mapping(), define_synthesis(image_shape, width, **options)
    z = keras.Input((LATENT,), name="z")
    ws = layers.RepeatVector(num_styles(image_shape))(mapping(z))
    return Generator(z, synthesis(ws), takes=[Noise()])


# %% [markdown]
# The discriminator has residual blocks, as in StyleGAN2, and the minibatch standard deviation.


# %%
def define_discriminator(image_shape=(32, 32, 3), width=16, most=128):
    """Images ``[n, h, w, c]`` to answers ``[n, 1]``; above 0 means "real"."""
    chain, half = doubled_sides(image_shape)[::-1], layers.AveragePooling2D(2)
    maps = {side: filters_at(side, width, most) for side in chain}
    image = keras.Input(image_shape, name="image")
    h = layers.LeakyReLU(0.2)(EqualConv2D(maps[chain[0]], 1)(image))
    for side in chain[:-1]:
        change = layers.LeakyReLU(0.2)(EqualConv2D(maps[side], 3, padding="same")(h))
        change = layers.LeakyReLU(0.2)(EqualConv2D(maps[side // 2], 3, strides=2, padding="same")(change))
        same = EqualConv2D(maps[side // 2], 1, gain=1.0, use_bias=False)(half(h))
        h = layers.Rescaling(math.sqrt(0.5))(layers.Add()([change, same]))  # a sum of two has twice the variance
    h = EqualConv2D(maps[chain[-1]], 3, padding="same")(MinibatchStd()(h))
    h = layers.Flatten()(layers.LeakyReLU(0.2)(h))
    h = layers.LeakyReLU(0.2)(EqualDense(maps[chain[-1]])(h))
    answer = EqualDense(1, gain=1.0, dtype="float32", name="answer")(h)
    return keras.Model(image, answer, name="discriminator")


# %% tags=["active-ipynb"]
# generator, judge = define_generator(faces.image_shape), define_discriminator(faces.image_shape)
# generator.get_layer("mapping").summary()
# generator.get_layer("synthesis").summary()

# %% [markdown]
# ## 5. Style mixing
#
# In training, most images (90 %) get *two* latent points. The layers up to a random size have the style of the first,
# the others that of the second. So no layer can rely on the style of another. For this we need a model with three
# inputs: two latent points, and a mask with a 1 where the second style is used.


# %%
def define_mixer(generator, image_shape):
    """Two latent points ``[n, 64]`` and a mask ``[n, sizes, 1]`` to images: the second style where the mask is 1."""
    mapping, synthesis = generator.get_layer("mapping"), generator.get_layer("synthesis")
    z, other = keras.Input((LATENT,), name="z"), keras.Input((LATENT,), name="other")
    mask, repeat = keras.Input((num_styles(image_shape), 1), name="mask"), layers.RepeatVector(num_styles(image_shape))
    ws, others = repeat(mapping(z)), repeat(mapping(other))
    return keras.Model([z, other, mask], synthesis(ws + mask * (others - ws)), name="mixer")


def random_mask(n, sizes, share, rng):
    """The masks of style mixing, float ``[n, sizes, 1]``: for a share of the rows, 1 from a random size on."""
    first = keras.random.randint((n, 1), 1, max(sizes, 2), seed=rng)
    mixed = keras.random.uniform((n, 1), seed=rng) < share
    late = ops.arange(sizes)[None, :] >= first
    return ops.cast(ops.logical_and(late, mixed), "float32")[:, :, None]


# %% [markdown]
# ## 6. One training step
#
# As in chapter 13: the non-saturating loss on pairs, and R1 for $D$, computed of the first four images of each batch.
# The rule of a later program of the authors ([Karras et al. 2020b](https://arxiv.org/abs/2006.06676)) for the weight of
# R1 is $0.0002 \, r^2 / n$ for images of $r \times r$ pixels and batches of $n$. It gives 0.013 here. In a trial with
# 64 x 64 pixels (where the rule gives 0.051) $D$ won at once: after 240 steps its loss was 0.03, and that of $G$ 5.6.
# So we take much more: 1 for 32 x 32 pixels, and 10 for 64 x 64, the weight in the paper on R1. (With 2, $D$ was still
# too good: after 4,300 steps most faces were bald.)


# %%
def adam(learning_rate=2.5e-3):
    """Adam without momentum, as in the paper."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99)


def define_critic(judge, gamma=1.0, learning_rate=2.5e-3):
    """Real and generated images to D's answers for both, ``[n, 2]``. It trains D."""
    real, fake = (keras.Input(judge.input.shape[1:], name=name) for name in ("real", "fake"))
    pair = layers.Concatenate(name="pair", dtype="float32")([judge(real), judge(fake)])
    # D's loss here is the mean of its two parts, and the authors' is their sum. So R1 counts half as much, too.
    critic = Penalized([real, fake], pair, judge, "r1", gamma / 2, examples=4, name="critic")
    critic.compile(adam(learning_rate), PairLoss("non-saturating", "discriminator"))
    return critic


def define_gan(mixer, judge, learning_rate=2.5e-3):
    """The mixer's inputs and real images to D's answers, ``[n, 2]``: real, generated. It trains G alone."""
    real = keras.Input(judge.input.shape[1:], name="real")
    pair = layers.Concatenate(name="pair", dtype="float32")([judge(real), judge(mixer.output)])
    gan = Composite([*mixer.inputs, real], pair, frozen=[judge], name="gan")
    gan.compile(adam(learning_rate), PairLoss("non-saturating", "generator"))
    return gan


# %%
class StyleGAN(GAN):
    """`judge` is D itself; `discriminator` is the composite that trains it. `mixing`: the share of mixed images."""

    def __init__(self, generator, judge, gamma=1.0, learning_rate=2.5e-3, mixing=0.9, average=0.0, seed=0):
        shape = judge.input.shape[1:]
        mixer = define_mixer(generator, shape)
        gan = define_gan(mixer, judge, learning_rate)
        super().__init__(generator, define_critic(judge, gamma, learning_rate), gan, average, seed)
        self.judge, self.mixer, self.mixing, self.sizes = judge, mixer, mixing, num_styles(shape)

    def mixer_inputs(self, n):
        """A sample of the mixer's inputs: two latent points and a mask."""
        return [self.latent_points(n), self.latent_points(n), random_mask(n, self.sizes, self.mixing, self.rng)]

    def turns(self, images, labels=None):  # labels come with the data sets; they are not used
        n, x = ops.shape(images)[0], to_float(images)
        targets = ops.ones((n, 2))  # the losses of pairs have no targets, but Keras wants some
        x_fake = self.mixer(self.mixer_inputs(n), training=True)
        yield "d", self.discriminator, [x, x_fake], targets
        yield "g", self.gan, [*self.mixer_inputs(n), x], targets


# %% tags=["active-ipynb"]
# model = StyleGAN(generator, judge, average=0.98)
# model.compile()
# model.fit(faces.images, batch_size=16, epochs=3, verbose=2)
# made = gb.draw(model.sampler, np.zeros(24), seed=1)
# gb.show(made, columns=8, title=f"StyleGAN after {3 * LIMIT // 16} steps")

# %% [markdown]
# ## 7. Mixing two faces
#
# `styles.py` has functions for the space of styles. `styles_of` computes $w$ for latent points, and `mixed` makes
# images with the styles of two faces: those of $B$ at some sizes, and those of $A$ at the others. Here are the sizes 4
# x 4 and 8 x 8 ("coarse") from $B$, and then all larger ones ("fine").

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "stylegan" / "generator.keras")
# sizes = doubled_sides(generator.output.shape[1:])
# z = gb.latent_points(generator, 16, seed=2)
# a, b = styles.styles_of(generator, z[:8]), styles.styles_of(generator, z[8:])
# rows = {"A": styles.images_of(generator, a), "B": styles.images_of(generator, b)}
# rows["coarse from B"] = styles.mixed(generator, a, b, range(2))
# rows["fine from B"] = styles.mixed(generator, a, b, range(2, len(sizes)))
# gb.show(rows, title="The styles of two faces, mixed")

# %% [markdown]
# In the third row the hair and the skin are those of $B$, and the shirt is that of $A$. In the last row it is the other
# way round. Which size decides what? We take 200 pairs of faces. We give face $A$ the style of $B$ at *one* size, and
# read the attributes with the classifier of chapter 3. Where $A$ and $B$ differ in an attribute, how often does the
# mixture have that of $B$? The lighter a field, the more this size decides about this attribute.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
#
# shares = styles.attributes_by_size(generator, pairs=200)
# plt.figure(figsize=(6, 4))
# plt.imshow(list(shares.values()), vmin=0, vmax=1, aspect="auto")
# plt.yticks(range(len(shares)), list(shares)), plt.xticks(range(len(sizes)), sizes)
# plt.xlabel("size with the style of B")
# plt.colorbar(label="share of mixtures with B's value"), plt.title("Which size decides which attribute?")
# plt.show()

# %% [markdown]
# ## 8. Truncation in the space of styles
#
# The mean style $\bar w$, of many latent points, gives an average face. The **truncation trick** moves a style towards
# it: $w' = \bar w + \psi \, (w - \bar w)$. With $\psi = 1$ nothing changes, with $\psi = 0$ all faces are the average.
# In between the faces are more usual, and cleaner. (In chapter 12 we cut $z$. Here $w$ is moved.)

# %% tags=["active-ipynb"]
# rows = {f"psi = {psi}": styles.images_of(generator, styles.truncated(generator, a, psi)) for psi in (1, 0.7, 0.4, 0)}
# gb.show(rows, title="Truncation: towards the mean style")

# %% [markdown]
# ## 9. The style of a given picture
#
# Is there a style for a face that $G$ has not made? We look for it by gradient descent: the weights of $G$ are frozen,
# and the *styles* are trained until the image is as near as possible. Each size has its own style here. `Composite`
# does it: a layer that holds the styles, and the frozen synthesis network.

# %% tags=["active-ipynb"]
# wanted = gb.load("faces", image_size=sizes[-1]).test_images[:6]
# found = styles.project(generator, wanted, steps=200)
# gb.show({"test face": wanted, "nearest image of G": styles.images_of(generator, found)}, title="Projection")

# %% [markdown]
# ## 10. Is w simpler than z?
#
# Section 2 said that the mapping network bends the space of $z$, so that the space of $w$ can be simple. Two tests, as
# in the paper of 2019 (section 4):
#
# - **A straight cut.** Take one value of an attribute, such as "bald". Can a linear classifier tell from the *latent
#   point* whether the face will be bald? We train one on 2,000 points, and test it on 2,000 others, in both spaces.
# - **A straight walk.** Section 9 of chapter 3 measured how long a walk from face to face is, divided by the direct
#   distance of its ends. We walk on arcs through $z$ and on lines through $w$. (The paper adds up very small steps.)

# %% tags=["active-ipynb"]
# cuts = scores.separability(generator, points=4_000)
# print(f"{'has this value?':30} usual answer   cut through z   cut through w")
# for name, cut in cuts.items():
#     print(f"{name:30} {cut['usual']:11.1%} {cut['z']:15.1%} {cut['w']:15.1%}")
# lengths = scores.walk_lengths(generator, walks=20)
# print(f"\nlength of a walk: {lengths['z']:.2f} through z, {lengths['w']:.2f} through w")

# %% [markdown]
# ## 11. Exercises
#
# *To answer from the text and the output*
#
# 1. How many styles does the synthesis network for 64 x 64 pixels take? Which layers get the first one?
# 2. All $s_i$ of a layer are doubled. What happens to its output, with and without demodulation?
# 3. Why has the noise of a layer no effect at the start of the training?
#
# *To run*
#
# 4. Set all strengths of `PixelNoise` to 0. What changes in the images?
# 5. Train without style mixing (`mixing=0`), and make the table of section 7 again.
#
# *To write*
#
# 6. Write `modulated(x, kernel, s)` for a 1 x 1 convolution with numpy: maps `[n, h, w, c]`, a kernel `[c, filters]`,
#    styles `[n, c]`, with demodulation. Check: `from chapters.ch14_stylegan import exercises`, then
#    `exercises.check_modulated(modulated)`.
#
# <details><summary>Answers</summary>
#
# 1. Five: for 4, 8, 16, 32 and 64 pixels. The first one goes to the convolution at 4 x 4 and to its layer `rgb`.
# 2. Without it, the output is doubled, but for the bias. With it, nothing changes: the root doubles, too.
# 3. It is multiplied by a strength that starts at 0.
# 4. Compare the images pixel by pixel. Small details change, the face stays.
# 5. Compare with `docs/results/ch14.md`.
# 6. `exercises.modulated_solution`, in `chapters/ch14_stylegan/exercises.py`.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# In a shell: `gan-book train stylegan --preset full`. `quick` makes faces of 32 x 32 pixels, `full` of 64 x 64. `book`
# takes the width, the batches of 64, the learning rate, no style mixing and the average from the authors' configuration
# for small images (`cifar` in [stylegan2-ada](https://github.com/NVlabs/stylegan2-ada-pytorch)). Their $D$ has no
# residual blocks there, and their $z$ has 512 numbers.


# %%
@dataclass(frozen=True)
class StyleGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        width, most: feature maps at 64 pixels, and the most that any size has.
        gamma: weight of R1.
        mixing: share of the images whose styles are mixed in training.
        change: a part of the synthesis network to leave out, one of `CHANGES`.
        average: momentum of the averaged generator.
    """

    width: int = 16
    most: int = 128
    gamma: float = bounded(1.0, least=0)
    learning_rate: float = 2.5e-3
    mixing: float = bounded(0.9, least=0, most=1)
    change: str = "none"
    average: float = 0.995


CHANGES = ("none", "no-noise", "no-demodulation")
AUTHORS = {"width": 512, "most": 512, "batch_size": 64, "gamma": 0.0128, "mixing": 0.0, "average": 0.9999}
QUICK = StyleGANSettings(data="faces", epochs=4, batch_size=16, image_size=32, measure_samples=1_000)
PRESETS = {
    "smoke": replace(QUICK, epochs=1, limit=320, image_size=8, width=2, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=15, image_size=64, gamma=10.0, average=0.998),
    "book": replace(QUICK, **AUTHORS, epochs=500, image_size=64),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: images of a size that the networks cannot make, or no such change.
    """
    require_choice("change", settings.change, CHANGES)
    shape, left_out = dataset.image_shape, settings.change
    options = {"noise": left_out != "no-noise", "demodulate": left_out != "no-demodulation"}
    return StyleGAN(
        define_generator(shape, settings.width, most=settings.most, **options),
        define_discriminator(shape, settings.width, settings.most),
        settings.gamma,
        settings.learning_rate,
        settings.mixing,
        settings.average,
        settings.seed,
    )


LESSON = Lesson(
    name="stylegan",
    title="StyleGAN2 (Karras et al. 2020)",
    folder="ch14_stylegan",
    presets=PRESETS,
    build=build,
    measure=scores.measure,
    shown="alexnet_frechet",
    next_step="Next: generate more with `gan-book generate stylegan --run {run} --seed 1 --out more.png`.",
)

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
