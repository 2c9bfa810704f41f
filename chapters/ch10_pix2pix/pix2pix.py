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
# # pix2pix: a picture in, a picture out
#
# So far a generator was given noise, and perhaps a label. Give it a whole picture instead, and let it draw another: the
# photograph that belongs to a map, the colours of a sketch. If we own pairs, this looks like plain regression: make
# the output as near to the truth as possible. That was done for years, and the results were blurred and pale.
#
# Why this happens is known; what helps in general was shown by Isola et al. (2017, "Image-to-Image Translation with
# Conditional Adversarial Networks"). Where the input leaves the answer open, and it nearly always does, the network
# that is punished for the *distance* from the truth does best to draw something in the middle of all answers (the mean
# for squared distances, the median for plain ones): of green and brown, a greyish something; of a coast here or there,
# a blur. A discriminator has never seen a real picture that looks like an average. It will not let it pass.
#
# By the end of this chapter you will have trained such a network to draw the Earth as a satellite sees it from a map
# that shows height, water and ice sheets alone; measured it on parts of the world it has never seen; and seen, in
# numbers and in a figure, what each of its two losses is for.
#
# As a script: `gan-book train pix2pix` trains it, and `gan-book translate pix2pix --in map.png --out photo.png` uses
# it.

# %%
from dataclasses import dataclass, replace

import keras
import numpy as np  # noqa: F401 - for the notebook's cells
from keras import layers, ops

from gan_book.adversarial import GAN, Composite
from gan_book.errors import BookError, require_choice
from gan_book.networks import normal, to_float
from gan_book.training.lesson import Lesson, Settings
from gan_book.training.task import Translation, translate

# %% [markdown]
# ## The U-Net
#
# The generator has to understand the whole picture, so it halves its side again and again, until a single pixel is left
# that knows of everything; and then draws, doubling the side as often. But a single pixel does not know where exactly
# the coast runs. So each layer of the drawing half is also given what the layer of the same size in the other half saw:
# *skip connections* from layer $i$ to layer $n - i$ (section 3.2.1; Ronneberger et al. 2015, "U-Net").
#
# There is no noise vector. The authors tried one, and the generator learned to ignore it; what is random here is
# **dropout**, in the first three layers of the second half (sections 3.1 and 6.1.1), which therefore stays on in use,
# too.
#
# As for normalization, the paper's is batch normalization that uses the statistics of the batch in use as in training
# (section 3.3). With one image a batch, as for the paper's maps and facades, those are the statistics of the image
# itself; which is *instance normalization*, and in Keras `GroupNormalization` with a group for each channel. We use
# that with larger batches, too, so that a translation does not depend on what else is in the batch.
#
# Books for Keras 2 keep dropout on in use by `Dropout(0.5)(h, training=True)`. In Keras 3 `predict` overrules that: it
# says `training=False` to every layer of a model. So here dropout that lasts is a layer of its own.


# %%
@keras.saving.register_keras_serializable("gan_book")
class LastingDropout(layers.Dropout):
    """Dropout that is not switched off in use: the noise of pix2pix (Isola et al. 2017, section 3.1).

    `Dropout` called with ``training=True`` is not enough: `predict` overrules it.
    """

    def call(self, x):
        return super().call(x, training=True)


@keras.saving.register_keras_serializable("gan_book")
class BatchStatisticsNormalization(layers.BatchNormalization):
    """Batch normalization by the statistics of the batch in use, too (Isola et al. 2017, section 3.3)."""

    def call(self, x):
        return super().call(x, training=True)


# %%
NORMALIZATIONS = ("instance", "batch")


def normalize(h, kind):
    """Feature maps ``[n, h, w, c]`` of mean 0 and variance 1, scaled and shifted: for each image, or for the batch."""
    if kind == "batch":
        return BatchStatisticsNormalization(epsilon=1e-5)(h)
    return layers.GroupNormalization(groups=-1, epsilon=1e-5)(h)


def halve(h, filters, bias=False):
    """A convolution that halves the sides: ``[n, h, w, c]`` to ``[n, h / 2, w / 2, filters]``."""
    return layers.Conv2D(filters, 4, 2, "same", use_bias=bias, kernel_initializer=normal())(h)


def double(h, filters, bias=False):
    """A transposed convolution that doubles the sides: ``[n, h, w, c]`` to ``[n, 2 h, 2 w, filters]``."""
    return layers.Conv2DTranspose(filters, 4, 2, "same", use_bias=bias, kernel_initializer=normal())(h)


def define_generator(image_shape=(256, 256, 3), width=64, skips=True, normalization="instance"):
    """The U-Net, images ``[n, s, s, c]`` in [-1, 1] to images of the same shape; without `skips` an encoder-decoder.

    The shorter side must be a power of two, the other a multiple of it. `width` filters at half the side, twice as many
    each time it is halved again, at most eight times as many. No bias where a normalization would take it out again.
    """
    side, channels = min(image_shape[:2]), image_shape[-1]
    depth = side.bit_length() - 1
    filters = [width * 2 ** min(level, 3) for level in range(depth)]
    image = h = keras.Input(image_shape, name="image")
    seen = []
    for level in range(depth):
        h = halve(layers.LeakyReLU(0.2)(h) if level else h, filters[level])
        # At one pixel there is no variance left: an image's own normalization would make it 0 (section 6.3, errata).
        h = normalize(h, normalization) if 0 < level < depth - 1 else h
        seen.append(h)
    for level in reversed(range(1, depth)):
        h = normalize(double(layers.ReLU()(h), filters[level - 1]), normalization)
        h = LastingDropout(0.5)(h) if level > depth - 4 else h
        h = layers.Concatenate()([h, seen[level - 1]]) if skips else h
    h = double(layers.ReLU()(h), channels, bias=True)
    return keras.Model(image, layers.Activation("tanh", dtype="float32", name="output")(h), name="generator")


# %% [markdown]
# At 256 x 256 pixels and width 64 it has 54,413,955 trainable weights. (The tests count them.)
#
# ## A discriminator of patches
#
# The L1 loss sees to it that the picture is right on the whole. All that is left for the discriminator is the detail,
# and detail is local. So the **PatchGAN** (section 3.2.2) gives no verdict on the picture but a map of verdicts, each
# on a patch of it: a small convolutional network slid over the picture. It is given the input picture as well, as
# three more channels: what is to be judged is whether the output is real *and* belongs to that input.
#
# How large is the patch that a unit sees, its *receptive field*? A unit of a layer with kernel $k$ sees $k$ units of
# the layer below, which lie as far apart as the product of the strides below says:
#
# $$ r = 1 + \sum_i (k_i - 1) \prod_{j < i} s_j. $$

# %%
STRIDED = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}  # receptive field: convolutions of stride 2


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


def patch_logits(h, patch, width, norm, bias=False):
    """Square pictures ``[n, s, s, c]`` to logits ``[n, s', s', 1]``, each of a patch.

    Args:
        h: the pictures.
        patch: its side in pixels, one of `STRIDED`.
        width: filters of the first convolution.
        norm: ``norm(h)`` returns feature maps, normalized.
        bias: whether convolutions have one also before a normalization.

    Raises:
        BookError: there is no such patch, or the pictures are so small that no unit is left.
    """
    side = min(h.shape[1:3])
    require_choice("patch", patch, STRIDED)
    if patch > 1 and side < 3 * 2 ** STRIDED[patch]:
        raise BookError(f"a patch of {patch} pixels is too large for images of {side}; choose a smaller one")
    convolutions = patch_layers(patch)
    for number, (size, kernel, stride) in enumerate(convolutions):
        first, last = number == 0, size is None
        h = layers.ZeroPadding2D(1)(h) if kernel > 1 else h
        filters, dtype = (1, "float32") if last else (width * size, None)
        h = layers.Conv2D(
            filters, kernel, stride, use_bias=bias or first or last, kernel_initializer=normal(), dtype=dtype
        )(h)
        if not last:
            h = layers.LeakyReLU(0.2)(h if first else norm(h))
    return h


# %% [markdown]
# With four convolutions of kernel 4, the first three of stride 2, and a last one for the logit, $r$ = 70, the paper's
# favourite. Try it: `receptive_field(patch_layers(70))`. The discriminator of the best-known Keras book, which says 70
# as well, has *four* convolutions of stride 2, and sees 142. At 64 pixels a patch of 70 is larger than the picture; 16
# is there what 70 is at 256. `quick` therefore takes 16, and `full`, at 128 pixels, 34. It is worth it: on the
# validation tiles of `quick` (seed 0, `gan-book evaluate pix2pix --run ... --validation`) the LPIPS distance, explained
# below, is 0.339 with patches of 16, but 0.433 with 70, 0.451 with 142 and 0.452 with single pixels.


# %%
def define_patchgan(image_shape=(256, 256, 3), patch=70, width=64, normalization="instance"):
    """D: an input and an output, ``[n, s, s, c]`` each, to logits ``[n, s', s', 1]``: do they belong together?

    Raises:
        BookError: see `patch_logits`.
    """
    x, y = keras.Input(image_shape, name="input"), keras.Input(image_shape, name="output")
    logits = patch_logits(layers.Concatenate()([x, y]), patch, width, lambda h: normalize(h, normalization))
    return keras.Model([x, y], logits, name="patchgan")


# %% [markdown]
# ## Two losses
#
# $$ G^* = \arg \min_G \max_D \; \mathbb{E}[\log D(x, y)] + \mathbb{E}[\log(1 - D(x, G(x)))]
#          + \lambda \, \mathbb{E} \lVert y - G(x) \rVert_1 $$
#
# with $\lambda$ = 100 (equation 4 and section 4.2). $D$'s objective is divided by 2 (section 3.3), "which slows down
# the rate at which D learns relative to G", says the paper. With Adam it hardly does: Adam divides by the size of the
# gradient. And as ever (section 3.3) $G$ does not minimise $\log(1 - D)$ but maximises $\log D$, whose gradient does
# not vanish where $D$ is sure.


# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)


def define_discriminator(patchgan, learning_rate=2e-4):
    """The player that learns: input, true output and drawn output to the two maps of logits."""
    x, y, drawn = (keras.Input(patchgan.inputs[0].shape[1:], name=name) for name in ("input", "true", "drawn"))
    discriminator = keras.Model([x, y, drawn], {"real": patchgan([x, y]), "fake": patchgan([x, drawn])})
    discriminator.name = "discriminator"
    halves = {"real": 0.5, "fake": 0.5}
    discriminator.compile(adam(learning_rate), dict.fromkeys(halves, adversarial_loss), loss_weights=halves)
    return discriminator


def define_gan(generator, patchgan, learning_rate=2e-4, adversarial=1.0, lambda_l1=100.0):
    """The composite: input to D's verdict on what G makes of it, and to that itself."""
    drawn = generator.output
    answers = {"validity": patchgan([generator.input, drawn]), "image": drawn}
    gan = Composite(generator.input, answers, frozen=[patchgan], name="gan")
    gan.compile(
        adam(learning_rate),
        {"validity": adversarial_loss, "image": "mean_absolute_error"},
        loss_weights={"validity": adversarial, "image": lambda_l1},
    )
    return gan


def adam(learning_rate):
    """Adam as in section 3.3 of the paper."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999)


# %% [markdown]
# ## The turns


# %%
class Pix2Pix(GAN):
    """G and D for pairs. If D's verdict counts for nothing (L1 alone), D does not learn either."""

    verdicts = ("real", "fake")

    def __init__(self, generator, patchgan, discriminator, gan, adversarial=True, seed=0):
        super().__init__(generator, discriminator, gan, seed=seed)
        self.patchgan, self.adversarial = patchgan, adversarial

    def turns(self, x, y):
        x, y = to_float(x), to_float(y)
        verdicts = (ops.shape(x)[0], *self.patchgan.output.shape[1:])
        real, fake = ops.ones(verdicts), ops.zeros(verdicts)
        if self.adversarial:
            drawn = self.generator(x, training=True)
            # max (log D(x, y) + log(1 - D(x, G(x)))) / 2
            yield "d", self.discriminator, [x, y, drawn], {"real": real, "fake": fake}
        # max log D(x, G(x)) - lambda |y - G(x)|_1
        yield "g", self.gan, x, {"validity": real, "image": y}


# %% [markdown]
# ## Settings
#
# The paper's jitter (pictures of 286 pixels, a random 256 of them cropped, mirrored half of the time) is done by the
# data pipeline; of the Earth it cuts tiles that much larger, other pictures are scaled. `book` is the paper's
# configuration; `quick` and `full` are what a laptop has time for: smaller pictures, fewer filters, two pictures a
# step, and, for the few steps there is time for, a learning rate of 5e-4.


# %%
@dataclass(frozen=True)
class Pix2PixSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        direction: "AtoB" or "BtoA", from what is given to what is drawn; on the Earth A is the satellite's picture.
        loss: see `LOSSES`.
        network: "unet" or "encoder-decoder".
        normalization: "instance" or "batch".
        patch: what a unit of D sees, a side in pixels; one of `STRIDED`.
        width: filters of the first layer of both networks.
        lambda_l1: weight of the L1 distance.
        learning_rate: Adam's, of both.
        mirror: share of the training pictures whose left and right change places.
    """

    direction: str = "BtoA"
    loss: str = "both"
    network: str = "unet"
    normalization: str = "instance"
    patch: int = 70
    width: int = 64
    lambda_l1: float = 100.0
    learning_rate: float = 2e-4
    mirror: float = 0.5


LOSSES = {"both": (1.0, 1.0), "l1": (0.0, 1.0), "cgan": (1.0, 0.0)}  # weights of the verdict, and of lambda_l1
QUICK = Pix2PixSettings(data="earth", image_size=64, epochs=4, batch_size=2, patch=16, width=16, learning_rate=5e-4)
PRESETS = {
    "smoke": replace(QUICK, epochs=2, batch_size=4, limit=16, width=4, measure_samples=8),
    "quick": QUICK,
    "full": replace(QUICK, image_size=128, epochs=16, patch=34, width=32),
    "book": Pix2PixSettings(data="earth", image_size=256, epochs=200, batch_size=1),
}


def build(settings, dataset):
    """The model of the settings, for pairs of the data set's shape.

    Raises:
        BookError: a setting that is not known, or images whose sides cannot be halved until 1 is left.
    """
    shape, rate = dataset.image_shape, settings.learning_rate
    for name, known in (
        ("loss", LOSSES),
        ("network", ("unet", "encoder-decoder")),
        ("normalization", NORMALIZATIONS),
    ):
        require_choice(name, getattr(settings, name), known)
    short, long = sorted(shape[:2])
    if short < 16 or short & (short - 1) or long % short:
        sides = f"{short}" if short == long else f"{shape[0]}x{shape[1]}"
        advice = "try --image-size 64 or 64x128"
        raise BookError(f"the U-Net halves the sides until 1 is left: not possible with {sides}; {advice}")
    adversarial, l1 = LOSSES[settings.loss]
    generator = define_generator(shape, settings.width, settings.network == "unet", settings.normalization)
    patchgan = define_patchgan(shape, settings.patch, settings.width, settings.normalization)
    discriminator = define_discriminator(patchgan, rate)
    gan = define_gan(generator, patchgan, rate, adversarial, l1 * settings.lambda_l1)
    return Pix2Pix(generator, patchgan, discriminator, gan, bool(adversarial), settings.seed)


def panels(networks, x, y, sides):
    """What a picture grid shows of some pairs, uint8 ``[n, s, s, 3]`` each: name -> images."""
    return {sides[0]: x, f"{sides[1]}, drawn": translate(networks.generator, x), f"{sides[1]}, true": y}


# %% [markdown]
# ## What is measured
#
# The world is cut into tiles, and the tiles into three parts by longitude: bands to train on, bands to choose settings
# by, and bands to measure on, with gaps between, so that no pixel is in two of them. On the test tiles we know the
# truth. How near is the drawing?
#
# - **L1** and **PSNR** compare pixel by pixel: the first is what we trained for, in levels of 0 to 255; the second,
#   peak signal-to-noise ratio, is $10 \log_{10}(255^2 / \text{mean squared error})$, in decibels: the more the better.
#   A blur does well.
# - **SSIM**, structural similarity (Wang et al. 2004), compares small neighbourhoods in brightness, contrast and
#   structure; 1 is equality.
# - **LPIPS**, learned perceptual image patch similarity (Zhang et al. 2018; a distance, in spite of its name), compares
#   what a network that was trained to recognise things, AlexNet, sees in the two; it agrees with people better
#   than PSNR and SSIM do. A blur does badly.
# - **Retrieval**: of how many drawings is their own truth the nearest, by LPIPS, of all true pictures?
# - The **Fréchet distance** asks of all drawings together whether they look like all true pictures, in AlexNet's
#   features (so it is no "FID"), regardless of which belongs to which.
# - The **histograms** of lightness (L) and of the two axes of colour (a from green to red, b from blue to yellow) in
#   CIE Lab, a space of colours as people tell them apart: which part of them is common to drawings and truth? Pictures
#   that are too pale, too vivid or too dark all have less in common with it (figure 7 of the paper).
#
# To compare settings of your own, use `gan-book evaluate pix2pix --run ... --validation`, the bands that are there to
# choose by; who chooses by test tiles has tested nothing.


# %%
LESSON = Lesson(
    name="pix2pix",
    title="pix2pix: translation from pairs (Isola et al. 2017)",
    folder="ch10_pix2pix",
    presets=PRESETS,
    build=build,
    next_step="Next: draw the {sides[1]} picture that goes with a {sides[0]} picture of yours: "
    "`gan-book translate pix2pix --run {run} --in given.png --out drawn.png`.",
    task=Translation(networks={"AtoB": "generator"}, panels=panels, paired=True),
)


# %% [markdown]
# ## Training

# %% tags=["active-ipynb"]
# from PIL import Image
#
# from gan_book.plotting import image_grid
# from gan_book.training.report import headline
# from gan_book.training.train import train
#
# PRESET = "quick"
# settings = LESSON.settings(PRESET)
# run = train(LESSON, settings, PRESET)

# %% [markdown]
# Test tiles, a part of the world the network has never seen: what it was given, what it drew, what is there.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "samples.png")

# %% [markdown]
# It has learned the sea, its shelves and its coasts, and that low land is a dark green and higher land tan; the greys
# of the highest land and of ice, of which it saw next to nothing, it turns into a dark blue-green. More it can hardly
# know: the map shows height, water and ice sheets, and at the same height there is desert here and forest there. So it
# takes one of the colours in the middle. But it does not draw an even brown: there are the spots and streaks of ground
# seen from far above, made up for the adversary's sake (and here and there a bright dot that nothing on the map
# explains).
#
# Translate the whole map with it (`gan-book translate pix2pix --run ... --in data/earth/etopo1.jpg --out world.jpg`),
# all 5,400 x 2,700 pixels in tiles of 64, and look at it from further off: that is the Earth, though a gloomy one.

# %% tags=["active-ipynb"]
# print("\n".join(headline(run.report)))

# %% [markdown]
# In the losses, `g_image_loss` is the L1 distance (in units of half the range), `g_validity_loss` what $D$ says. They
# are not on one scale: $\lambda$ = 100 makes the first count a hundredfold.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "losses.png")

# %% [markdown]
# ## Without the adversary: a failure by the book
#
# The same generator, the same steps, and only the L1 distance to answer for. Look at its numbers: pixel by pixel it is
# *nearer* to the truth (L1, PSNR, SSIM). But LPIPS and the Fréchet distance, which ask what a picture looks like, get
# far worse: without texture. That is the paper's finding, in five minutes. What the adversary draws when it has nobody
# beside it, `--set loss=cgan`, shows the figure in the chapter's README, with the numbers of three seeds each.

# %% tags=["active-ipynb"]
# l1 = train(LESSON, replace(settings, loss="l1"), "l1")
# print("\n".join(headline(l1.report)))

# %% tags=["active-ipynb"]
# pairs = LESSON.task.load(settings)
# x, y = pairs.test_a[3:90:15], pairs.test_b[3:90:15]
# rows = [x, y, translate(l1.load("generator"), x), translate(run.load("generator"), x)]
# grid = image_grid(np.concatenate(rows), 4, len(x), scale=2)
# print("from the top: given, true, drawn with L1 alone, with both losses")
# Image.fromarray(grid)

# %% [markdown]
# ## Exercises
#
# 1. *What a blur is for.* A pixel is white with probability 0.6 and black otherwise, and the input does not tell. Which
#    grey has the smallest expected L1 distance, which the smallest squared distance? (Answer: the median, white; the
#    mean, 60 % of the way to white.) Then why does L1 draw meadows without texture? (Answer: for each pixel alone it
#    takes the median of all that could be there; and medians of neighbours are nearly equal.)
# 2. *Patches.* What is the receptive field of two convolutions of kernel 4, strides 2 and 1, and the logit's (4, 1)?
#    (Answer: 16; `receptive_field(patch_layers(16))`.) And with three more convolutions of kernel 3 and stride 1 before
#    them? (Answer: 22.)
# 3. *Count.* How many weights of the U-Net at 256 pixels and width 64 are in the innermost three levels of both halves?
#    (Answer: 33,554,432 in the kernels, 62 % of all; each convolution from 512 to 512 maps has 4,194,304, and after the
#    skips twice that.)
# 4. *Pixels.* Train `--set patch=1`: a discriminator of single pixels. Which of the scores improves over L1 alone?
#    (What to expect: the histograms of colour, hardly anything else; the paper says so in section 4.4.)
# 5. *Without skips.* `--set network=encoder-decoder`: look at the coasts. How many of its drawings are recognised?
#    (What to expect: retrieval falls from a third to 3 %; `results/ch10_pix2pix.json` has the numbers.)
# 6. *The other way.* `--set direction=AtoB` draws the map from the satellite's picture. Is that easier? (What to
#    expect: about the same. LPIPS and retrieval are nearly equal; PSNR and SSIM are worse. Depth is painted into this
#    satellite picture and can be read off it; how high a plain lies cannot.)
# 7. *Your own.* Put pictures of two squares side by side into a folder, what is given on the left, and train `--data
#    folder --set direction=AtoB`.


# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
