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
# # 2N-GAN: one question instead of two
#
# AC-GAN asks its discriminator two questions, "real or fake?" and "which class?", and adds up two losses, which can
# pull in different directions. The 2N-GAN asks one: "which of 2N things is it?" There are $N$ real classes and $N$
# fake ones: a real coat, a fake coat, a real boot, a fake boot. One softmax answers, one cross-entropy trains it. We
# know of no paper that proposes just this; the nearest is ADC-GAN, see below.
#
# As a script: `gan-book train twon-gan`.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch08_acgan.acgan import define_generator
from gan_book.adversarial import GAN, Composite
from gan_book.metrics import measure_by_class
from gan_book.networks import dcgan_features, to_float
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## One softmax over 2N classes
#
# Write $p_k(x)$ for the probability that $x$ is a *real* member of class $k$ and $p_{N+k}(x)$ for a *fake* one; all
# $2N$ of them sum to 1. The discriminator maximises
#
# $$ \mathbb{E}_{x, y}[\log p_y(x)] + \mathbb{E}_{z, y}[\log p_{N + y}(G(z, y))], $$
#
# and the generator asks for the real class it was told to draw, $\max_G \mathbb{E}[\log p_y(G(z, y))]$.
#
# The discriminator of AC-GAN is rewarded when the class of a fake is easy to name, and helps the generator with it.
# Here to name a fake's class and to expose it as fake are one and the same answer; nobody is a partner any more.
#
# The same thought stands behind the published ADC-GAN (Hou et al. 2022, "Conditional GANs with Auxiliary Discriminative
# Classifier"): its classifier, too, tells $2N$ classes apart, real from fake ones, and the authors prove that the
# generator is then led to the true conditional distribution. It differs in two ways, and the second is what the proof
# needs. It keeps a separate head for "real or fake?"; and its generator maximises $\log p_y - \log p_{N+y}$, which for
# the best discriminator is $\log p(x, y) / q(x, y)$ ($p$ the data's distribution, $q$ the generator's), on average
# largest when the two are equal. Ours maximises $\log p_y$ alone. For the best discriminator that is $\log
# P(\mathrm{real} \mid x) + \log p(y \mid x)$: to look real, *and* to be a clear case of its class by the standard of
# real images. The partner is gone; the reward for clear cases, AC-GAN's flaw, is not.

# %%
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def define_discriminator(image_shape=(28, 28, 1), num_classes=10, width=32, learning_rate=2e-4):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``[n, 2 num_classes]``: the real classes, then the fake ones."""
    image = keras.Input(image_shape, name="image")
    logits = layers.Dense(2 * num_classes, dtype="float32", name="logits")(dcgan_features(image, width))
    discriminator = keras.Model(image, logits, name="discriminator")
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    discriminator.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), cross_entropy, metrics=[accuracy])
    return discriminator


def define_gan(generator, discriminator, learning_rate=2e-4):
    """The composite: latent points and labels to the discriminator's logits of the image drawn from them."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), cross_entropy)
    return gan


# %% [markdown]
# ## The turns


# %%
class TwoNGAN(GAN):
    """G told the label, D with 2N answers."""

    def turns(self, images, labels):
        n, num_classes = ops.shape(images)[0], self.discriminator.output.shape[-1] // 2
        x_fake = self.generator([self.latent_points(n), labels], training=True)
        yield "d_real", self.discriminator, to_float(images), labels  # max log p_y(x)
        yield "d_fake", self.discriminator, x_fake, num_classes + labels  # max log p_{N+y}(G(z, y))
        yield "g", self.gan, [self.latent_points(n), labels], labels  # max log p_y(G(z, y))


# %% [markdown]
# ## Settings
#
# Those of `acgan.py`, so that the two can be compared: the networks differ in the discriminator's last layer alone.


# %%
@dataclass(frozen=True)
class TwoNGANSettings(Settings):
    """The numbers of the networks."""

    width: int = 32
    latent_dim: int = 64
    learning_rate: float = 2e-4
    generator_learning_rate: float = 2e-4
    average: float = 0.999


QUICK = TwoNGANSettings(data="fashion_mnist", epochs=2, batch_size=64, limit=48_000)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=7, limit=None),
    "book": replace(QUICK, epochs=100, average=0.0, limit=None),  # no source has one: as long as AC-GAN's
}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes."""
    shape, classes = dataset.image_shape, dataset.num_classes
    discriminator = define_discriminator(shape, classes, settings.width, settings.learning_rate)
    generator = define_generator(settings.latent_dim, shape, classes, settings.width)
    gan = define_gan(generator, discriminator, settings.generator_learning_rate)
    return TwoNGAN(generator, discriminator, gan, settings.average, settings.seed)


LESSON = Lesson(
    name="twon-gan",
    title="2N-GAN: one softmax for N real and N fake classes",
    folder="ch08_acgan",
    presets=PRESETS,
    build=build,
    next_step="Next: draw what you like with `gan-book generate twon-gan --run {run} --label {label} --out drawn.png`.",
    measure=measure_by_class,
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
# run = train(LESSON, LESSON.settings(PRESET), PRESET)
# print("\n".join(headline(run.report)))

# %% tags=["active-ipynb"]
# Image.open(run.folder / "samples.png")

# %% [markdown]
# What do its losses look like when nobody wins? If real and fake images of a class cannot be told apart, but classes
# can, the best answer is one half for the real and one half for the fake class: each loss is $\log 2$ = 0.69. As in
# chapter 6 the discriminator stays ahead, and `d_fake` soon stays below 0.69. `d_real` is above: it also contains
# what it costs to tell the classes of real garments apart, a shirt from a coat.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "losses.png")

# %% [markdown]
# ## A failed run, on purpose
#
# Let the generator ask for the wrong thing: not "a real coat" but "a fake coat". It is trained to be *caught*. Its
# images are noise in which the discriminator sees ten classes and we see none: nothing pulls them towards the real
# ones. `d_fake` and `g` fall to nothing, for once both want the same; what is left of `d_real` is the classes of real
# garments.

# %% tags=["active-ipynb"]
# class Caught(TwoNGAN):
#     def turns(self, images, labels):
#         for name, player, x, y in super().turns(images, labels):
#             yield name, player, x, y + self.discriminator.output.shape[-1] // 2 if name == "g" else y
#
#
# def build_caught(settings, dataset):
#     model = build(settings, dataset)
#     return Caught(model.generator, model.discriminator, model.gan, settings.average, settings.seed)
#
#
# settings = LESSON.settings(PRESET)
# short = replace(settings, limit=min(settings.limit or 60_000, 15_000))
# failed = train(replace(LESSON, build=build_caught), short, "failed")
# Image.open(failed.folder / "samples.png")

# %% [markdown]
# ## Exercises
#
# 1. *Count.* How many weights more than AC-GAN's does this discriminator have at `width=32` with ten classes? (Answer:
#    9 x 2048 + 9 = 18,441: 20 answers instead of 11.)
# 2. *From 2N to "real or fake?"* How do you get $P(\mathrm{real} \mid x)$ from the $2N$ probabilities? (Answer: the sum
#    of the first $N$; as a logit, the logsumexp of the first $N$ logits minus that of the others. Chapter 9 goes on
#    from here.)
# 3. *ADC-GAN's generator.* Let it maximise $\log p_y - \log p_{N+y}$, the difference of two logits: give the composite
#    the loss `lambda y, l: -ops.sum(l * (ops.one_hot(y, 20) - ops.one_hot(y + 10, 20)), -1)`. Does the recall change?
#    (What to expect, not measured here: it is no longer rewarded for clear cases, so the label accuracy should fall
#    towards that of real images, and the recall rise.)


# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
