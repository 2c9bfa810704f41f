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
# # 2N-GAN: one softmax for real and generated classes
#
# ![What goes into D and what comes out: cGAN, AC-GAN and 2N-GAN](../../docs/figures/three_gans.svg)
#
# The AC-GAN's discriminator has two outputs and two losses: real or fake, and which class. The discriminator of the
# 2N-GAN (on the right) needs only one output and one loss. For $N$ kinds of clothing it has $2N$ classes: real coat,
# generated coat, real boot, generated boot, and so on. The name stands for these $2N$ classes. A discriminator with
# $2N$ classes was proposed as the **2k loss** of DADA ([Zhang, Wang, Liu and Ling
# 2018](https://arxiv.org/abs/1809.00981)), a GAN that makes extra training images for classifiers with few labels. (Its
# program differs from this notebook: the softmax runs over the two outputs of the given class only, and $G$ also has a
# feature-matching loss.)
#
# In this short notebook you will build a 2N-GAN and derive what its generator learns. You will also see a wrong program
# whose losses look perfect. Read the notebook `acgan` first.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch08_acgan.acgan import define_generator
from gan_book.adversarial import GAN, Composite
from gan_book.metrics import measure_by_class
from gan_book.networks import dcgan_features, to_float
from gan_book.training.lesson import Lesson, Settings

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("fashion_mnist", limit=LIMIT)
# print("images:", data.images.shape, "labels:", data.labels[:5], "classes:", data.num_classes)
# gb.show(data.images[:10], columns=[data.class_names[label] for label in data.labels[:10]], title="Fashion-MNIST")

# %% [markdown]
# ## 1. One softmax over 2N classes
#
# Number the real classes from 0 to $N - 1$ and the generated ones from $N$ to $2N - 1$. **$p_k(x)$ is the probability
# that $D$ gives to class $k$** for an image $x$. These $2N$ probabilities sum to 1. The label is $y$, as in chapter 6:
# that of a real image, or the one that $G$ was given. (The notebook `acgan` calls it $c$, as its paper does.) $D$
# maximises the log-probability of the right class,
#
# $$ \mathbb{E}_{x, y}[\log p_y(x)] + \mathbb{E}_{z, y}[\log p_{N + y}(G(z, y))], $$
#
# and $G$ wants its image to be taken for a real one of its class, $\max_G \mathbb{E}[\log p_y(G(z, y))]$. With a minus
# sign, each of the three terms is an ordinary cross-entropy. Its target is $y$, $N + y$ and $y$:

# %%
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def define_discriminator(image_shape=(28, 28, 1), num_classes=10, width=32, learning_rate=1e-3):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``[n, 2 num_classes]``: the real classes, then the generated."""
    image = keras.Input(image_shape, name="image")
    logits = layers.Dense(2 * num_classes, dtype="float32", name="logits")(dcgan_features(image, width))
    discriminator = keras.Model(image, logits, name="discriminator")
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    discriminator.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), cross_entropy, metrics=[accuracy])
    return discriminator


def define_gan(generator, discriminator, learning_rate=1e-3):
    """The composite: latent points and labels to D's logits of the generated image. It trains G alone."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), cross_entropy)
    return gan


# %%
class TwoNGAN(GAN):
    """G gets the label; D has 2N classes. A generated image with label y has the class ``N + y``."""

    def turns(self, images, labels):
        n, num_classes = ops.shape(images)[0], self.discriminator.output.shape[-1] // 2
        x_fake = self.generator([self.latent_points(n), labels], training=True)
        yield "d_real", self.discriminator, to_float(images), labels  # max log p_y(x)
        yield "d_fake", self.discriminator, x_fake, num_classes + labels  # max log p_{N+y}(G(z, y))
        yield "g", self.gan, [self.latent_points(n), labels], labels  # max log p_y(G(z, y))


# %% [markdown]
# ## 2. What does G learn?
#
# Let $r(x, y)$ be the distribution of real images and their labels, and $q(x, y)$ that of generated images and their
# labels. (The notebook `acgan` has the same $q$.) Summed over the labels they are $r(x)$ and $q(x)$.
#
# **The best $D$.** $D$ gets as many real images as generated ones. Look at one image $x$. It can be real or generated,
# and of any class. Let $s_k$ be the probability that it belongs to class $k$ of the $2N$. For the label $y$, the shares
# of the real class and of the generated class are
#
# $$ s_y = \frac{r(x, y)}{r(x) + q(x)}, \qquad s_{N + y} = \frac{q(x, y)}{r(x) + q(x)}. $$
#
# For this image $D$ maximises $\sum_k s_k \log p_k(x)$. The best it can do is to answer with the shares. To see it,
# compare any answer $p_k$ with the answer $s_k$, and use $\log t \le t - 1$, where only $t = 1$ gives equality:
#
# $$ \sum_k s_k \log p_k - \sum_k s_k \log s_k = \sum_k s_k \log \frac{p_k}{s_k}
#    \;\le\; \sum_k s_k \Big(\frac{p_k}{s_k} - 1\Big) = \sum_k p_k - \sum_k s_k = 1 - 1 = 0. $$
#
# No answer is better than the shares, so the best $D$ has $p_k = s_k$. Let $r(y \mid x)$ be the share of label $y$
# among the *real* images that look like $x$. Then the probability of a real class is a product of two shares:
#
# $$ p_y(x) = \frac{r(x, y)}{r(x) + q(x)}
#    = \underbrace{\frac{r(x)}{r(x) + q(x)}}_{\text{share of real images}} \cdot \;
#      \underbrace{\frac{r(x, y)}{r(x)}}_{r(y \mid x)}. $$
#
# **What it means for $G$.** $G$ maximises $\log p_y(x)$, so it maximises the sum of two logarithms. With the first one
# alone it would be a plain GAN. The second one is $\log r(y \mid x)$: of the *real* images that look like $x$, how many
# have the label $y$? It rewards images that belong *clearly* to their class.
#
# - **What is better than in the AC-GAN:** $D$ and $G$ do not cooperate. For a generated coat, $D$'s target is
#   "generated coat" and $G$'s target is "real coat". And $r(y \mid x)$ comes from real images only. The class head of
#   the AC-GAN also learns from generated ones.
# - **What remains:** clear cases are rewarded, so the class entropy of generated images is still too low.
#
# ADC-GAN ([Hou et al. 2022](https://arxiv.org/abs/2107.10060)) is a published relative without this flaw. It, too,
# classifies into $2N$ classes, next to an output for real or fake. Its generator maximises the difference $\log p_y(x)
# - \log p_{N+y}(x)$. For the best $D$, where $p_k = s_k$, this is
#
# $$ \log p_y(x) - \log p_{N + y}(x) = \log \frac{r(x, y)}{q(x, y)}. $$
#
# The mean of this over generated images is $-\mathrm{KL}(q \,\|\, r)$. It is largest, 0, if generated images and labels
# are distributed exactly like real ones. Clear cases have no advantage. (Exercise 3 tries this loss in our 2N-GAN.)
#
# ## 3. Training
#
# An untrained $D$ guesses among 20 classes, so its loss is near $\log 20 = 3.0$. If $D$ knew all classes, but not which
# images are real, its loss would be $\log 2 = 0.69$. The printed losses are means over the epoch.

# %% tags=["active-ipynb"]
# def train_with(model_class=TwoNGAN, images=LIMIT):
#     discriminator, generator = define_discriminator(), define_generator()
#     model = model_class(generator, discriminator, define_gan(generator, discriminator), average=0.99)
#     model.compile()
#     model.fit(data.images[:images], data.labels[:images], batch_size=64, epochs=1, verbose=2)
#     return model
#
#
# def below_real(generator, title):
#     rows = [np.stack([data.images[data.labels == number][0] for number in range(10)])]
#     rows += [gb.draw(generator, np.arange(10), seed=seed) for seed in range(1, 6)]
#     return gb.show(rows, rows=["real"] + ["generated"] * 5, columns=data.class_names, title=title)
#
#
# below_real(train_with().sampler, f"2N-GAN after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# ## 4. Result
#
# The generator that comes with the book was trained for longer. Here are its images. After that come the scores that
# you know from the notebook `acgan`: first for the 2N-GAN, then for the AC-GAN.

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# run = Run(PRETRAINED / "twon-gan")
# below_real(gb.load_network(run.folder / "generator.keras"), f"2N-GAN after {run.report['steps']:,} steps")

# %% tags=["active-ipynb"]
# scores = "label_accuracy", "recall", "class_frechet", "class_frechet_real", "ms_ssim", "ms_ssim_real"
# for name in ("twon-gan", "acgan"):
#     print(name, *score_lines(Run(PRETRAINED / name).report["measured"], scores), sep="\n", end="\n\n")

# %% [markdown]
# The 2N-GAN reaches more of the real images: its recall is higher. Its intra-class Fréchet distance is about half as
# large, and its images of a class are a little less alike. But the label accuracy of both is above that of real images.
# So there is still some reward for clear cases.
#
# ## 5. When it fails: low losses and bad images
#
# Suppose you forget to add $N$ to the labels of the generated images. The program runs without an error. (A third of
# the images is enough to see the failure.)

# %% tags=["active-ipynb"]
# class ForgotN(TwoNGAN):
#     def turns(self, images, labels):
#         for name, network, x, _ in super().turns(images, labels):
#             yield name, network, x, labels  # for "d_fake" this should be N + labels
#
#
# below_real(train_with(ForgotN, images=16_000).sampler, "2N-GAN without the offset N")

# %% [markdown]
# The losses are lower than in section 3. $D$ finds the class of most images. But the images are a regular pattern, no
# clothing. Now $D$ gets the same target for a real and for a generated coat. So it is only a classifier: it does not
# look for the difference between real and generated. $G$ is rewarded if $D$ finds the class, and any pattern will do.
# $D$ even learns these patterns, because it is trained on them, too. The classes $N$ to $2N - 1$ are never a target.
#
# *You recognise it by the losses:* `d_fake_loss` and `g_loss` are *both* low, far below $\log 2 = 0.69$. In a correct
# program this cannot be. For one image and one $D$, $p_y + p_{N + y} \le 1$, so $-\log p_y - \log p_{N + y}$ is at
# least $2 \log 2 = 1.39$. So is the mean over images. The two losses are computed with slightly different images and
# with a $D$ that has moved a little in between. But if their sum is far below 1.39, as here, the program is wrong. Low
# losses alone say nothing about a GAN.
#
# ## 6. Exercises
#
# *To answer from the text and the output*
#
# 1. With ten classes, how many more weights does this discriminator have than the AC-GAN's?
# 2. In `train_with()`, which loss of $D$ is larger in the end, `d_real_loss` or `d_fake_loss`? Why?
#
# *To run*
#
# 3. In `define_gan`, give the composite the class loss of ADC-GAN, `lambda y, l: -ops.sum(l * (ops.one_hot(y, 20) -
#    ops.one_hot(y + 10, 20)), axis=-1)`. (The difference of two log-probabilities is the difference of their logits.)
#    Are the shirts more varied?
# 4. In section 9 of the notebook `acgan`, add `("2N-GAN", "twon-gan")` to the loop that fills the table. Both
#    generators were trained for the same number of steps. Which of the two has the lower MS-SSIM of shirts, and why?
#
# *To write*
#
# 5. Write `real_logit(logits)`. It turns the $2N$ logits of $D$ into one, the logit of "real". (Its probability is $p_0
#    + \dots + p_{N - 1}$.) Check: `from chapters.ch08_acgan import exercises`, then
#    `exercises.check_real_logit(real_logit)`.
#
# <details><summary>Answers</summary>
#
# 1. 9 x 2048 + 9 = 18,441: it has 20 logits, and the AC-GAN's has 1 + 10.
# 2. `d_real_loss`. Some real shirts and real coats are hard to tell apart, and that is part of this loss. Generated
#    images are clearer.
# 3. The reward for clear cases is gone. So the label accuracy and the MS-SSIM of a class should both fall towards those
#    of real images. One epoch may be too short to see it.
# 4. Expect the 2N-GAN to have the lower one. Its $G$ is rewarded for clear cases, too, but the class comes from real
#    images only. The AC-GAN's class head also learns from generated images, and rewards what $G$ makes already.
# 5. `exercises.real_logit_solution`: logsumexp of the first $N$ logits minus logsumexp of the others. Chapter 9 uses a
#    similar formula.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# `gan-book train twon-gan --preset full`. The settings are those of `acgan.py`, so the two can be compared: only the
# last layer of $D$ and the losses differ. DADA uses other networks. So `book` is no published configuration here: it
# only trains as long as the AC-GAN's `book`.


# %%
@dataclass(frozen=True)
class TwoNGANSettings(Settings):
    """The numbers of the networks."""

    width: int = 32
    latent_dim: int = 64
    learning_rate: float = 1e-3
    generator_learning_rate: float = 1e-3
    average: float = 0.999


QUICK = TwoNGANSettings(data="fashion_mnist", epochs=2, batch_size=64, limit=48_000)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, learning_rate=5e-4, generator_learning_rate=5e-4, epochs=12, limit=None),
    "book": replace(QUICK, epochs=100, average=0.0, limit=None, learning_rate=2e-4, generator_learning_rate=2e-4),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes."""
    shape, classes = dataset.image_shape, dataset.num_classes
    discriminator = define_discriminator(shape, classes, settings.width, settings.learning_rate)
    generator = define_generator(settings.latent_dim, shape, classes, settings.width)
    gan = define_gan(generator, discriminator, settings.generator_learning_rate)
    return TwoNGAN(generator, discriminator, gan, settings.average, settings.seed)


# %%
LESSON = Lesson(
    name="twon-gan",
    title="2N-GAN (the 2k loss of Zhang, Wang, Liu and Ling 2018)",
    folder="ch08_acgan",
    presets=PRESETS,
    build=build,
    next_step="Next: generate images with `gan-book generate twon-gan --run {run} --label {label} --out made.png`.",
    measure=measure_by_class,
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# from gan_book.plotting import picture
#
# picture(run.folder / "samples.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
