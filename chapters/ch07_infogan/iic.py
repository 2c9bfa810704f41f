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
# # InfoGAN with a consistency loss on real images
#
# InfoGAN finds ten kinds of images. Will they be the ten digits? That depends on the seed. Nothing in its loss says
# that a slanted 7 and an upright 7 belong together.
#
# This notebook adds a loss that says so: two transformed versions of the same real image should get the same category.
# The loss is **Invariant Information Clustering** ([Ji et al. 2019](https://arxiv.org/abs/1807.06653)), or IIC. It is
# an addition of ours, and not part of the InfoGAN paper. ([Ojha et al. 2020](https://arxiv.org/abs/1910.01112) also
# bring transformed images to InfoGAN, with another loss.) You will
#
# - make augmented views of an image;
# - write the IIC loss, which needs no labels;
# - decide which head of the network sees which images, and why;
# - compute a number, without labels, by which you can compare trainings.
#
# Read the notebook `infogan` first.

# %%
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from chapters.ch07_infogan import codes, infogan
from gan_book.adversarial import Composite
from gan_book.layers import RandomAffine
from gan_book.metrics.score import Score
from gan_book.networks import dcgan_features, normal, to_float
from gan_book.training.curves import read_log
from gan_book.training.lesson import Lesson

# %% [markdown]
# ## 1. Augmented views
#
# Which changes leave a digit what it is? It may be rotated, sheared, scaled and shifted a little: `RandomAffine` in
# `gan_book/layers.py` does this. And its strokes may be thicker or thinner (or darker, which is what happens to a
# stroke of one pixel). For this we write a layer. The *dilation* of an image gives each pixel the brightest value of
# its neighbourhood, so bright strokes grow by a pixel. The *erosion* gives it the darkest. The result is a weighted
# mean of the image and its dilation (or its erosion), with a random weight.


# %%
@keras.saving.register_keras_serializable("gan_book")
class RandomStrokeWidth(layers.Layer):
    """Makes the bright strokes of each image ``[n, h, w, c]`` thicker or thinner at random, in training only.

    strength: 1 for at most 80 % of the dilation or 60 % of the erosion (a full erosion would delete thin strokes).
    """

    THICKER, THINNER = 0.8, 0.6

    def __init__(self, strength=1.0, **kwargs):
        super().__init__(**kwargs)
        self.strength = strength
        self.rng = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        shape = (ops.shape(images)[0], 1, 1, 1)
        share = keras.random.uniform(shape, -self.THINNER, self.THICKER, images.dtype, seed=self.rng) * self.strength
        dilation = ops.max_pool(images, 3, 1, "same")
        erosion = -ops.max_pool(-images, 3, 1, "same")
        return images + ops.relu(share) * (dilation - images) + ops.relu(-share) * (erosion - images)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


def augmented(image, strength):
    """Random changes that leave a digit what it is, in training only: images ``[n, h, w, c]`` to the same shape."""
    return RandomAffine(strength)(RandomStrokeWidth(strength)(image))


# %% tags=["active-ipynb"]
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 55_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT, balanced=False)
# image = keras.Input((28, 28, 1))
# augment = keras.Model(image, augmented(image, 1.0))
# views = [augment(gb.to_float(data.images[:10]), training=True) for _ in range(3)]
# rows = {"original": data.images[:10]} | {f"view {k}": gb.to_uint8(np.array(view)) for k, view in enumerate(views, 1)}
# gb.show(rows, title="MNIST: three augmented views of each image")

# %% [markdown]
# These changes are **prior knowledge**. We say that a slanted 7 is still a 7. (And the loss below assumes that there
# are ten kinds, equally common.) That is weaker than labels, but it is knowledge put in by hand. For clothing it would
# be wrong: thicker strokes have no meaning there, and a sheared coat is like no coat that we know.
#
# ## 2. The IIC loss
#
# Take a real image $x$ and two views of it, $t_1 x$ and $t_2 x$. Let $P_{ij}$ be the probability that $Q$ gives
# category $i$ to the first and $j$ to the second. We maximise the mutual information of the two categories:
#
# $$ I_{\mathrm{real}} = \sum_{i,j} P_{ij} \log \frac{P_{ij}}{P_i P_j}, \qquad
#    P_{ij} = \mathbb{E}_x\, Q(c_1 = i \mid t_1 x)\, Q(c_1 = j \mid t_2 x). $$
#
# $P_i$ is the share of category $i$. $I_{\mathrm{real}}$ is largest, $\ln 10$, if both views always have the same
# category *and* all ten categories are used equally often. So $Q$ cannot cheat by putting everything into one category.
# $P$ is estimated from a batch, and made symmetric. (A batch of 64 images never has all digits equally often. A perfect
# $Q$ would reach about 2.23 nats there.)


# %%
def iic_loss(_, logits):
    """-I_real, in nats, from one batch: logits of two views ``[n, 2, k]`` to ``[n]``, the same number for each image.

    The first argument, a target, is not used.
    """
    q = ops.softmax(logits)
    joint = ops.matmul(ops.transpose(q[:, 0]), q[:, 1]) / ops.cast(ops.shape(q)[0], q.dtype)
    joint = ops.maximum((joint + ops.transpose(joint)) / 2, 1e-8)
    each = ops.sum(joint, axis=0)
    information = ops.sum(joint * (ops.log(joint) - ops.log(each) - ops.log(each)[:, None]))
    return ops.zeros_like(q[:, 0, 0]) - information


# %% [markdown]
# ## 3. Which head sees which image?
#
# | head | real images | generated images |
# |---|---|---|
# | validity | as they are | as they are |
# | category | two augmented views | one augmented view |
# | continuous codes | not used | as they are |
#
# - **Validity.** If this head saw augmented images only, rotated digits would be normal for it, and $G$ could make them
#   without being noticed. This is called *leaking* ([Karras et al. 2020](https://arxiv.org/abs/2006.06676)). So it sees
#   images as they are. (Chapter 6 has an option that augments what $D$ sees. It is for small data sets, where $D$ would
#   learn the images by heart, and it has this price.)
# - **Category.** $Q$ reads the category from an augmented image, whose slant is random. A category that means "slanted"
#   cannot be read from it. So $G$ has to choose something else.
# - **Codes.** They are read from images as they are. So slant and stroke width can only be described by the continuous
#   codes. (Whether they *are* is another question. In the training of the appendix all three correlations are lower
#   than without IIC.)
#
# The trunk now gets images as they are, and augmented ones. In training, **batch normalization** uses the statistics of
# each batch. For later use it keeps only one set of them, the *moving statistics*, and later we show the network real
# images, mostly as they are. With `momentum=0` it keeps those of the last batch. So a batch of real images passes at
# the end of each training step. (With layer normalization, which normalizes each image by itself, nothing of this would
# be needed. But then the images were worse: the Fréchet distance was 1.7.)
#
# The trunk has the convolutions of chapter 6, because it runs five times in an update of $D$ and $Q$, and they are
# cheaper than the paper's.


# %%
def batch_normalization():
    """Keeps the statistics of the last batch that passed in training; see the end of `InfoGANWithIIC.turns`."""
    return layers.BatchNormalization(momentum=0.0)


def define_d_and_q(image_shape=(28, 28, 1), width=32, augment=1.0):
    """As `infogan.define_d_and_q`; the category is read from an augmented view. `augment`: its strength."""
    image = keras.Input(image_shape)
    trunk = keras.Model(image, dcgan_features(image, width, batch_normalization), name="trunk")
    hidden = layers.Dense(128, use_bias=False, kernel_initializer=normal()), batch_normalization()
    q_hidden = keras.Sequential([*hidden, layers.LeakyReLU(infogan.SLOPE)], name="q_hidden")
    x = keras.Input(image_shape, name="image")
    features, of_view = trunk(x), trunk(augmented(x, augment))
    seen = {"validity": features, "category": q_hidden(of_view), "code": q_hidden(features)}
    sizes = {"validity": 1, "category": infogan.CATEGORIES, "code": infogan.CODES}
    outputs = {
        name: layers.Dense(size, dtype="float32", kernel_initializer=normal(), name=name)(seen[name])
        for name, size in sizes.items()
    }
    return keras.Model(x, outputs, name="d_and_q")


# %% [markdown]
# The generator and the composite `gan` are those of the notebook `infogan`. The `discriminator` gets a fifth loss,
# "views". Each call of `d_and_q` makes a new random view. So the second view is a second call. (The second call also
# has the other outputs. We do not use them, and the compiled graph leaves them out.)


# %%
def define_discriminator(d_and_q, learning_rate=5e-4, lambda_1=1.0, lambda_2=1.0, lambda_iic=1.0):
    """As `infogan.define_discriminator`, and "views": the categories of two views of real images, ``[n, 2, 10]``."""
    real, fake = (keras.Input(d_and_q.input.shape[1:], name=name) for name in ("x", "x_fake"))
    of_real, of_fake = d_and_q(real), d_and_q(fake)
    outputs = {"real": of_real["validity"], "fake": of_fake["validity"]}
    outputs |= {"category": of_fake["category"], "code": of_fake["code"]}
    outputs["views"] = ops.stack([of_real["category"], d_and_q(real)["category"]], axis=1)
    discriminator = Composite([real, fake], outputs, frozen=[], name="discriminator")
    weights = {"real": 1.0, "fake": 1.0, "category": lambda_1, "code": lambda_2, "views": lambda_iic}
    losses = {name: iic_loss if name == "views" else infogan.LOSSES[name] for name in weights}
    discriminator.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), losses, loss_weights=weights)
    return discriminator


# %%
class InfoGANWithIIC(infogan.InfoGAN):
    """InfoGAN whose `discriminator` has the output "views", too."""

    def turns(self, images, labels=None):
        for name, network, x, y in super().turns(images, labels):
            views = {"views": ops.zeros(ops.shape(images)[0])} if name == "d" else {}  # a target that is not used
            yield name, network, x, y | views
        features = self.d_and_q.get_layer("trunk")(to_float(images), training=True)
        self.d_and_q.get_layer("q_hidden")(features, training=True)  # the last batch to pass is real


# %% [markdown]
# ## 4. Training
#
# One epoch, three to five minutes on a laptop. In the log, `d_views_loss` is $-I_{\mathrm{real}}$.

# %% tags=["active-ipynb"]
# generator, d_and_q = infogan.define_generator(), define_d_and_q()
# gan = infogan.define_gan(generator, d_and_q, lambda_1=1.0)  # the same weight as in `define_discriminator`
# model = InfoGANWithIIC(generator, d_and_q, define_discriminator(d_and_q), gan, average=0.99)
# model.compile()
# history = model.fit(data.images, batch_size=64, epochs=1, verbose=2)

# %% tags=["active-ipynb"]
# rows = [f"category {k}" for k in range(10)]
# images = gb.draw(model.sampler, np.repeat(np.arange(10), 10), seed=1)
# gb.show(images, rows=rows, title=f"InfoGAN with IIC after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# ## 5. A number that needs no labels
#
# In the notebook `infogan`, $L_I$ could not tell good categories from bad ones. $I_{\mathrm{real}}$ looks at *real*
# images. It is large only if both views of an image get the same category, and if all categories are used. If two
# categories share two digits, the views of one image often get different ones. We compute it for the validation images,
# all at once. Below it stands the code accuracy, which needs labels.

# %% tags=["active-ipynb"]
# real = gb.to_float(data.val_images)
# pairs = [model.reader.predict(augment(real, training=True), batch_size=500, verbose=0)["category"] for _ in range(2)]
# print(f"I_real:        {-float(iic_loss(None, np.stack(pairs, axis=1))[0]):.2f} nats (at most {np.log(10):.2f})")
# found = codes.categories_of(model.reader, data.val_images).argmax(axis=1)
# agreement = codes.cluster_agreement(found, data.val_labels)
# print(f"code accuracy: {agreement['accuracy']:.1%}")
# print("digit of each category:", agreement["matching"])

# %% [markdown]
# If you have no labels, you can train with several seeds and keep the network with the highest $I_{\mathrm{real}}$ at
# the end, computed in the same way after equally long trainings. We expect that this network is a good one, but we have
# not tested how often it is.
#
# **What does IIC add?** The notebook `infogan` ends with a training of one epoch, too: its code accuracy is 73.8 % (on
# test images). Here you see two trainings of one epoch, this one and the one of the appendix. One was measured on
# validation images, the other on test images, and they differ by more than ten points. So a single training proves
# little. The three values of $I_{\mathrm{real}}$ differ as well, because they are computed in different ways: in the
# log as a mean over the epoch, above for all validation images at once, and in the appendix for the last tenth of the
# training. (And the name of a category need not fit its row in the picture: the names come from real images, the rows
# from $G$.)
#
# ## 6. Exercises
#
# *To answer from the text and the output*
#
# 1. What is $I_{\mathrm{real}}$ if $Q$ puts every image into category 3?
# 2. Your pictures are the letters b, d, p and q. Is this augmentation right for them? May you mirror them?
#
# *To run*
#
# 3. Train with `define_discriminator(d_and_q, lambda_iic=0)`. The category is still read from augmented views. What
#    happens to the code accuracy?
#
# *To write*
#
# 4. Write `consistency(first, second)`: from the logits of two views, ``[n, k]`` each, the share of images whose two
#    views have the same most likely category. Check: `from chapters.ch07_infogan import exercises`, then
#    `exercises.check_is_consistent(consistency)`. Try it on `pairs` of section 5. Why is it no good training goal?
#
# <details><summary>Answers</summary>
#
# 1. 0: the category of one view tells nothing that you did not know.
# 2. Small rotations and shears are right. A mirrored b is a d, so mirror images would merge two letters.
# 3. The loss "views" is gone, and the categories may be kinds of strokes again. Expect a lower accuracy, and a number
#    that depends more on the seed.
# 4. `exercises.consistency_solution`. It has no gradient. And it is 1 if all images have the same category.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# `gan-book train infogan-iic --preset full`. The presets are as long as those of `infogan`. (There is no published
# configuration, so `book` only has the length and the batches of InfoGAN's.)


# %%
@dataclass(frozen=True)
class IICSettings(infogan.InfoGANSettings):
    """`width`: filters of the first convolution; `augment`: strength of the views; `lambda_iic`: weight of I_real."""

    width: int = 32
    augment: float = 1.0
    lambda_1: float = 1.0
    lambda_iic: float = 1.0


QUICK = IICSettings(data="mnist", epochs=1, batch_size=64)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=6),
    "book": replace(QUICK, epochs=12, batch_size=128, average=0.0),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: a variant other than "paper", or images that the generator cannot make.
    """
    infogan.require_buildable(settings, dataset, variants=("paper",))
    shape, lambdas = dataset.image_shape, (settings.lambda_1, settings.lambda_2)
    d_and_q, generator = define_d_and_q(shape, settings.width, settings.augment), infogan.define_generator(shape)
    discriminator = define_discriminator(d_and_q, settings.learning_rate, *lambdas, settings.lambda_iic)
    gan = infogan.define_gan(generator, d_and_q, settings.generator_learning_rate, "paper", *lambdas)
    return InfoGANWithIIC(generator, d_and_q, discriminator, gan, settings.average, settings.seed)


# %%
def measure(run, dataset, images, asked, seed):
    """The scores of InfoGAN, and I_real as it was in the last tenth of the training, in batches."""
    scores, details = codes.measure(run, dataset, images, asked, seed)
    if run.step_log.exists():
        losses = read_log(run.step_log)[2]["d_views_loss"]
        real = -float(np.mean(losses[-max(1, len(losses) // 10) :]))
        scores.append(Score("real_information", "I_real in nats", real, "{:.3f}"))
    return scores, details


# %%
LESSON = Lesson(
    name="infogan-iic",
    title="InfoGAN with IIC (Ji et al. 2019)",
    folder="ch07_infogan",
    presets=PRESETS,
    build=build,
    next_step="Next: turn a code with `gan-book interpolate infogan-iic --run {run} --code 2:-2..2 --out walk.gif`.",
    kept=("reader",),
    measure=measure,
    task=infogan.LESSON.task,
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "samples.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
