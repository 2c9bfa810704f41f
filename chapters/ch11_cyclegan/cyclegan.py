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
# # CycleGAN: there and back again
#
# pix2pix needs pairs: this map, and this very photograph of the same place. Of most things there are no pairs. Nobody
# has painted a street as Monet did and photographed it in the same minute; no zebra has a twin that is a horse.
#
# Zhu et al. (2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks") do without. Let
# $X$ be some pictures of one kind, $Y$ some of another. Two generators translate, $G: X \to Y$ and $F: Y \to X$, and
# each has a discriminator that asks whether what it draws looks like the other kind. That alone would let $G$ draw
# *any* picture of the other kind, whatever it is given. So one thing more is asked: translated there and back again, a
# picture must come out as it went in, $F(G(x)) \approx x$. What is to be recovered cannot have been thrown away.
#
# By the end of this chapter you will have trained one on places of the Earth of which it never saw both sides;
# measured, on places where we *do* know both, how near it comes; and seen what happens without cycle and identity.
#
# As a script: `gan-book train cyclegan` trains it; `gan-book translate cyclegan --direction BtoA --in map.png --out
# photo.png` uses the networks that come with the book.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch10_pix2pix.pix2pix import adam, patch_logits
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.errors import BookError
from gan_book.metrics import compare_pairs, compare_sets, histogram_matched
from gan_book.networks import normal, to_float
from gan_book.sampling import evenly_spaced
from gan_book.training.lesson import Lesson, Settings, bounded
from gan_book.training.task import Translation, translate

# %% [markdown]
# ## The networks
#
# The generator (section 7.2; from Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer") halves the
# side only twice, and does its work at that size in *residual blocks*, each of which adds a correction to what it is
# given (He et al. 2016). In the paper's notation: c7s1-64, d128, d256, nine times R256, u128, u64, c7s1-3. Six blocks
# will do for images of 128 pixels and less (and two in `quick`). (In words: "c7s1-k" is a 7 x 7 convolution to k
# feature maps, "dk" one of 3 x 3 that halves the side, "Rk" a residual block, "uk" a transposed convolution that
# doubles it.)
#
# Every convolution but the last is followed by instance normalization, without scale and shift. In the 7 x 7
# convolutions and in the residual blocks the picture is continued beyond its edge by its mirror image, elsewhere by
# zeros.


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


def define_generator(image_shape=(256, 256, 3), width=64, blocks=9, name="generator"):
    """The ResNet: images ``[n, h, w, c]`` in [-1, 1], sides multiples of 4, to images of the same shape."""
    image = keras.Input(image_shape, name="image")
    h = layers.ReLU()(normalize(c7s1(image, width)))
    for filters in (2 * width, 4 * width):
        h = layers.Conv2D(filters, 3, strides=2, kernel_initializer=normal())(layers.ZeroPadding2D(1)(h))
        h = layers.ReLU()(normalize(h))
    for _ in range(blocks):
        h = residual(h)
    for filters in (2 * width, width):
        h = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", kernel_initializer=normal())(h)
        h = layers.ReLU()(normalize(h))
    h = layers.Activation("tanh", dtype="float32", name="output")(c7s1(h, image_shape[-1], dtype="float32"))
    return keras.Model(image, h, name=name)


def define_patchgan(image_shape=(256, 256, 3), patch=70, width=64, name="patchgan"):
    """D: images ``[n, s, s, c]`` to a map ``[n, s', s', 1]``: for each patch of so many pixels, how real it looks.

    Raises:
        BookError: see chapter 10's `patch_logits`.
    """
    image = keras.Input(image_shape, name="image")
    return keras.Model(image, patch_logits(image, patch, width, normalize, bias=True), name=name)


# %% [markdown]
# At width 64 the generator has 11,378,179 weights and the discriminator, chapter 10's PatchGAN on three channels
# instead of six, 2,764,737.
#
# ## The losses
#
# Instead of cross-entropy the paper takes the square of the distance from 1 and 0 (LSGAN, Mao et al. 2017):
#
# $$ L_G = \mathbb{E}_x[(D_Y(G(x)) - 1)^2], \qquad
#    L_{D_Y} = \tfrac12 \big( \mathbb{E}_y[(D_Y(y) - 1)^2] + \mathbb{E}_x[D_Y(G(x))^2] \big). $$
#
# To $G$'s loss comes the **cycle**, there and back on both sides, with $\lambda$ = 10 (equations 2 and 3),
#
# $$ \lambda \big( \mathbb{E}_x \lVert F(G(x)) - x \rVert_1 + \mathbb{E}_y \lVert G(F(y)) - y \rVert_1 \big), $$
#
# and the **identity** $\tfrac12 \lambda \, \mathbb{E}_y \lVert G(y) - y \rVert_1$: what is of kind $Y$ already should
# be left alone. Without it $G$ may swap colours as it likes, noon for sunset, for nobody would notice (section 5.2; the
# paper adds it for paintings to photographs, the authors' later PyTorch program by default; here it is always there).


# %%
def define_discriminator(patchgan, rate, name):
    """The player that learns: real and drawn images to the two maps."""
    real, drawn = (keras.Input(patchgan.input.shape[1:], name=kind) for kind in ("real", "drawn"))
    discriminator = keras.Model([real, drawn], {"real": patchgan(real), "fake": patchgan(drawn)}, name=name)
    squares, halves = {"real": "mean_squared_error", "fake": "mean_squared_error"}, {"real": 0.5, "fake": 0.5}
    discriminator.compile(adam(rate), squares, loss_weights=halves)
    return discriminator


def define_gan(generator, inverse, patchgan, rate, cycle=10.0, identity=5.0, name="gan"):
    """The composite of one direction: real images of the side it starts from and of the other, to all that G is told.

    Only `generator` learns; `inverse`, which translates back, has a composite of its own, this one mirrored.
    """
    x, y = (keras.Input(generator.input.shape[1:], name=side) for side in ("x", "y"))
    drawn = generator(x)
    answers = {
        "validity": patchgan(drawn),  # D_Y(G(x))
        "cycle": inverse(drawn),  # F(G(x))
        "back": generator(inverse(y)),  # G(F(y))
        "identity": generator(y),  # G(y)
    }
    gan = Composite([x, y], answers, frozen=[inverse, patchgan], name=name)
    gan.compile(
        adam(rate),
        {"validity": "mean_squared_error", **dict.fromkeys(("cycle", "back", "identity"), "mean_absolute_error")},
        loss_weights={"validity": 1.0, "cycle": cycle, "back": cycle, "identity": identity},
    )
    return gan


# %% [markdown]
# ## The turns
#
# Four players, named as in the paper. A discriminator is not shown $G$'s newest pictures alone: a **pool** remembers 50
# old ones (section 4, "training details"), and half of the time one of those takes its turn again. So $G$ cannot get
# away with a trick by using it only as long as $D$ has not yet learned it.


# %%
@keras.saving.register_keras_serializable("gan_book")
class ImagePool(layers.Layer):
    """Remembers images of earlier batches and shows some of them instead of new ones: ``[n, h, w, c]`` to the same.

    Until `size` images are there, every new one is kept and shown. Then each new one has an even chance of being shown
    itself, or of replacing a random old one, which is shown instead. So a discriminator is reminded of
    what the generator used to do; Shrivastava et al. (2017), "Learning from Simulated and Unsupervised Images through
    Adversarial Training", section 2.3, and Zhu et al. (2017), section 4, with 50 images.

    The pool is in the layer's weights, and so in a checkpoint.

    Args:
        size: images to remember; 0 for none, and every image is shown as it comes. At least as many as a batch has.
    """

    def __init__(self, size=50, **kwargs):
        super().__init__(**{"trainable": False, **kwargs})
        self.size = size
        self.rng = keras.random.SeedGenerator()

    def build(self, input_shape):
        if self.size:
            shape = (self.size, *input_shape[1:])
            self.kept = self.add_weight(shape=shape, initializer="zeros", trainable=False, autocast=False, name="kept")
            self.count = self.add_weight(
                shape=(), initializer="zeros", trainable=False, dtype="int32", autocast=False, name="count"
            )

    def call(self, images):
        if not self.size:
            return images
        # The authors' program keeps a Python list and decides image by image. This runs inside a graph, where neither a
        # list nor an `if` survives from step to step. So the pool is one array with `size` places, all images of the
        # batch are treated at once, and `where` chooses: every branch is computed, one is used.
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
        # Shown is the old image exactly where a full pool keeps the new one: the two change places.
        self.count.assign(ops.minimum(self.count + n, self.size))
        return ops.cast(ops.where(ops.logical_and(keep, ops.logical_not(filling)), old, new), images.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "size": self.size}


# %%
class CycleGAN(AdversarialModel):
    """G: X -> Y with D_Y, F: Y -> X with D_X.

    Attributes:
        generator, inverse: G and F.
        sampler: G, whose pictures are watched.
    """

    verdicts = ("real", "fake")

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
        verdicts = (ops.shape(x)[0], *self.patchgan_y.output.shape[1:])
        real, fake = ops.ones(verdicts), ops.zeros(verdicts)
        yield "G", self.gan_g, [x, y], {"validity": real, "cycle": x, "back": y, "identity": y}
        drawn = self.pool_y(self.generator(x, training=True))
        yield "D_Y", self.d_y, [y, drawn], {"real": real, "fake": fake}
        yield "F", self.gan_f, [y, x], {"validity": real, "cycle": y, "back": x, "identity": x}
        drawn = self.pool_x(self.inverse(y, training=True))
        yield "D_X", self.d_x, [x, drawn], {"real": real, "fake": fake}


# %% [markdown]
# ## Settings
#
# Adam at 2e-4, for the first half of the training; then the rate falls to 0 along a straight line (section 7.1). So it
# is in `book`, at 256 pixels with nine blocks and 64 filters. `quick` and `full` have 64 pixels and patches of 16,
# which are there what 70 are at 256; fewer filters and blocks; two images a step; and, for the few steps there is time
# for, rates of 1e-3 and 5e-4.


# %%
@keras.saving.register_keras_serializable("gan_book")
class ConstantThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """`rate` for the first half of `steps`, then linearly down to 0."""

    def __init__(self, rate, steps):
        self.rate, self.steps = rate, steps

    def __call__(self, step):
        left = 1 - ops.cast(step, "float32") / self.steps
        return self.rate * ops.clip(2 * left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}


@dataclass(frozen=True)
class CycleGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        width: filters of the first layer of all networks.
        blocks: residual blocks of the generators.
        patch: what a unit of D_X and D_Y sees, a side in pixels; see chapter 10's `STRIDED`.
        cycle, identity: weights of these losses; 0 leaves one out.
        pool: images that each pool remembers; 0 for none.
        learning_rate: Adam's, of all four.
        mirror: share of the training pictures whose left and right change places.
    """

    width: int = 64
    patch: int = 70
    blocks: int = 6
    cycle: float = 10.0
    identity: float = 5.0
    pool: int = bounded(50, least=0)
    learning_rate: float = 2e-4
    mirror: float = 0.5


QUICK = CycleGANSettings(
    data="earth", image_size=64, epochs=3, batch_size=2, limit=800, width=16, blocks=2, patch=16, learning_rate=1e-3
)
PRESETS = {
    "smoke": replace(QUICK, epochs=2, limit=16, width=4, blocks=1, measure_samples=8),
    "quick": QUICK,
    "full": replace(QUICK, epochs=12, limit=None, blocks=6, learning_rate=5e-4),
    "book": CycleGANSettings(data="earth", image_size=256, epochs=200, batch_size=1, blocks=9),
}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: images of less than 12 pixels, too small for the discriminator's patches, or whose sides are no
            multiples of 4; a pool that is too small.
    """
    shape, width = dataset.image_shape, settings.width
    if any(side % 4 or side < 12 for side in shape[:2]):
        sides = f"{shape[0]}" if shape[0] == shape[1] else f"{shape[0]}x{shape[1]}"
        advice = "set --image-size to multiples of 4, 12 or more"
        raise BookError(f"images of {sides} pixels cannot be translated and measured; {advice}")
    if 0 < settings.pool < settings.batch_size:
        advice = f"set pool to 0, or to a number not below the batch size of {settings.batch_size}"
        raise BookError(f"a pool cannot have {settings.pool} images; {advice}")
    rate = ConstantThenLinear(settings.learning_rate, settings.epochs * (dataset.train_size // settings.batch_size))
    g, f = (define_generator(shape, width, settings.blocks, name) for name in ("generator", "inverse"))
    judge_y, judge_x = (define_patchgan(shape, settings.patch, width, f"patchgan_{side}") for side in "yx")
    discriminators = define_discriminator(judge_y, rate, "D_Y"), define_discriminator(judge_x, rate, "D_X")
    weights = {"cycle": settings.cycle, "identity": settings.identity}
    gans = define_gan(g, f, judge_y, rate, **weights, name="G"), define_gan(f, g, judge_x, rate, **weights, name="F")
    return CycleGAN((g, f), (judge_y, judge_x), discriminators, gans, settings.pool, settings.seed)


def panels(networks, x, y, sides):
    """What a picture grid shows of some images of each side, uint8 ``[n, s, s, 3]``: name -> images."""

    def g(images):
        return translate(networks.generator, images)

    def f(images):
        return translate(networks.inverse, images)

    there, back = g(x), f(y)
    return {
        f"x: {sides[0]}": x, "G(x)": there, "F(G(x))": f(there), "F(x)": f(x),
        f"y: {sides[1]}": y, "F(y)": back, "G(F(y))": g(back), "G(y)": g(y),
    }  # fmt: skip


# %% [markdown]
# ## What is measured
#
# The scores are those of chapter 10, in both directions, and two more that compare pixels: PSNR and SSIM
# (`docs/results.md` explains them). In training, satellite pictures and maps come from different places: it never sees
# both sides of one. The test tiles, elsewhere again, keep their pairs, so there is a truth to compare with, and that is
# what makes this chapter honest: a translation can look convincing and be wrong.
#
# Two rivals need no network. **Identity** gives the picture back as it is. **Histogram matching** bends its colours so
# that their histogram is that of the other side's training pictures. Where a network does not beat those, copying would
# have done as well. And of the scores that compare all pictures with all, **real pictures** of other places give a
# scale: who scores like them is, as a whole, as near to the test pictures as real ones from elsewhere. (It is no bound:
# the test pictures' own true translations would have a Fréchet distance of 0.)


# %%
def baselines(pairs):
    """Scores from A to B of the rivals and of real pictures: name -> list, see `gan_book.metrics.translation`."""
    rivals = {
        "identity": pairs.test_a,
        "histogram matching": histogram_matched(pairs.test_a, pairs.b[:: max(1, len(pairs.b) // 200)]),
    }
    truth, (height, width) = pairs.test_b, pairs.image_shape[:2]
    some = pairs.b[evenly_spaced(len(pairs.b), len(truth))]
    scores = {name: compare_pairs(images, truth) + compare_sets(images, truth) for name, images in rivals.items()}
    return scores | {"real pictures": compare_sets(some[:, :height, :width], truth)}


LESSON = Lesson(
    name="cyclegan",
    title="CycleGAN: translation without pairs (Zhu et al. 2017)",
    folder="ch11_cyclegan",
    presets=PRESETS,
    build=build,
    next_step="Next: turn a {sides[1]} picture of yours into a {sides[0]} picture: "
    "`gan-book translate cyclegan --run {run} --direction BtoA --in given.png --out drawn.png`.",
    kept=("inverse",),
    task=Translation(networks={"AtoB": "generator", "BtoA": "inverse"}, panels=panels, paired=False),
)


# %% [markdown]
# ## Training

# %% tags=["active-ipynb"]
# from PIL import Image
#
# from gan_book.training.report import headline
# from gan_book.training.train import train
#
# PRESET = "quick"
# settings = LESSON.settings(PRESET)
# run = train(LESSON, settings, PRESET)

# %% [markdown]
# Each row one test tile, from both sides: to the other side, back again, and left alone ("identity"). Three minutes are
# not much for four networks: land and sea have changed their colours and the coasts are where they were, but $G$ still
# paints with the pattern of its transposed convolutions. `full` takes 4.3 times as many steps, with six blocks for
# two; the chapter's README shows its pictures, and its networks come with the book.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "samples.png").quantize(128)  # fewer colours, for a small notebook

# %% tags=["active-ipynb"]
# print("\n".join(headline(run.report)))

# %% [markdown]
# And the rivals:

# %% tags=["active-ipynb"]
# pairs = LESSON.task.load(settings)
# for direction, turned in {"AtoB": pairs, "BtoA": pairs.swapped()}.items():
#     for name, scores in baselines(turned).items():
#         print(f"{direction} {name:20}", "  ".join(f"{score.head} {score}" for score in scores))

# %% [markdown]
# Pixel by pixel (L1, PSNR), in LPIPS (by little) and in the Fréchet distance the translation beats both, in either
# direction. It does not beat them in everything. The picture as it is has the higher SSIM with the map, histogram
# matching in either direction one histogram of three. And the picture as it is is *recognised* far more often
# (retrieval): it leaves every wrinkle of the ground in its place, and only the colours are wrong, while $G$ and $F$
# still paint with a broad brush. And the missing pairs have a price: a table of colours, made from pairs and without a
# network, has an L1 of 37 and an LPIPS of 0.35 from map to satellite. Here it is 56 and 0.43 (seed 0).
#
# In the losses, `G_cycle_loss` and `G_back_loss` are the way there and back, from either side. They fall from the
# first step on: to give a picture back is easy. `G_validity_loss` and `D_Y_loss` balance each other; 0.25 each is a
# draw, for a discriminator that always says one half is off by a half, squared.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "losses.png")

# %% [markdown]
# ## The adversary alone: a failure on purpose
#
# Without cycle and identity $G$ has only to draw something that looks like a map, and $F$ something like a photograph.
# Nothing asks what it was given: after as many steps as above each draws much the same pattern, whatever the tile.
# (Retrieval: 1.5 %; by chance it would be 0.8 %.) L1 hardly notices (56 and 57, `quick` has 54 and 59 on average): one
# more reason not to trust a single number.

# %% tags=["active-ipynb"]
# free = train(LESSON, replace(settings, cycle=0.0, identity=0.0), "adversary-alone")
# Image.open(free.folder / "samples.png").quantize(128)

# %% [markdown]
# ## Exercises
#
# 1. *Cheating.* Can $F(G(x)) = x$ hold although $G(x)$ says nothing anyone would recognise? (Answer: yes; $G$ may hide
#    $x$ in faint patterns that $F$ has learned to read. Chu et al. 2017, "CycleGAN, a Master of Steganography".) Add a
#    little noise to $G(x)$ before $F$ sees it, and compare the way back.
# 2. *A draw.* Why is 0.25 the loss of $D$ that cannot tell real from drawn? (Answer: it says 1/2, and (1 - 1/2)^2 =
#    (0 - 1/2)^2 = 1/4; the mean of the two halves is 1/4.)
# 3. *Parts.* Leave out one at a time: `--set identity=0`, `--set pool=0`, `--set cycle=0`. Which is missed most?
#    (Measured: the identity. Without the cycle so short a training is even better to the map, and not much
#    worse back; trained as long as `full`, it is clearly worse back. The README has the rows, and what they may mean.)
# 4. *Emoji.* `gan-book train cyclegan --data emoji` learns to redraw Google's emoji in the style of Twitter's. What
#    does it change first? (Shades and outlines; shapes hardly ever: the README has the picture. The paper's section 6
#    on failures says the same of cats and dogs.)
# 5. *Count.* How many weights has a residual block at 256 maps? (Answer: 2 (9 * 256 * 256 + 256) = 1,180,160.)


# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
