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
# # AC-GAN: a discriminator that names the class
#
# ![Ten rows of generated clothing, one class in each row](../../pretrained/acgan/samples.png)
#
# The discriminator of chapter 6 gets an image *and* its label. The discriminator of an **auxiliary classifier GAN**
# ([Odena, Olah and Shlens 2017](https://arxiv.org/abs/1610.09585)) gets the image alone, and has to find the label
# itself. It has two outputs: is the image real, and which class is it? The generator learns to make images that look
# real and are recognised as their class.
#
# In this chapter you will
#
# - build a discriminator with two outputs and train it with the sum of two losses;
# - measure each class by itself: how good are the shirts, and how much do they differ from each other?
# - measure the known flaw of the AC-GAN: its images of a class are clearer than real ones, and vary less;
# - see a failure that the label accuracy does not show, and repair it.
#
# You should know chapter 6, which explains the composite model, `turns`, and most of the numbers.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch06_cgan import cgan
from chapters.ch08_acgan import classic
from gan_book.adversarial import GAN, Composite
from gan_book.errors import require_choice
from gan_book.metrics import measure_by_class
from gan_book.networks import dcgan_features, to_float
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## 1. The data
#
# We use Fashion-MNIST, as in chapter 6. This time, compare the rows with each other. Trousers and boots are easy to
# tell apart. But T-shirts, pullovers, coats and shirts look much alike: these classes **overlap**. We will come back to
# them.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("fashion_mnist", limit=LIMIT)
# print("images:", data.images.shape, data.images.dtype, "labels:", data.labels.shape, data.labels[:5])
# real = {name: data.images[data.labels == number][:10] for number, name in enumerate(data.class_names)}
# gb.show(real, title="Fashion-MNIST: ten real images of each class")

# %% [markdown]
# ## 2. The idea
#
# ![What goes into D and what comes out: cGAN, AC-GAN and 2N-GAN](../../docs/figures/three_gans.svg)
#
# On the left is the conditional GAN of chapter 6, in the middle the AC-GAN. (The 2N-GAN on the right is the subject of
# the notebook `twon_gan`.) In all three, the generator gets a latent point and a label.
#
# The AC-GAN's discriminator estimates two things from an image: its source $S$, real or fake, and its class $C$. (The
# figure has the letters of chapter 6, the formulas those of the paper: the image $x$ is $X$ there, and the label $y$ is
# $c$.)
#
# **$P$ is always a probability that $D$ gives.** For each of the two we write down the mean log-probability of the
# right answer, the *log-likelihood* (Odena et al. 2017, equations 2 and 3; "fake" is their word for "generated"). These
# $L$ are no losses: $D$ makes them large.
#
# $$ L_S = \mathbb{E}[\log P(S = \mathrm{real} \mid X_{\mathrm{real}})]
#        + \mathbb{E}[\log P(S = \mathrm{fake} \mid X_{\mathrm{fake}})], $$
# $$ L_C = \mathbb{E}[\log P(C = c \mid X_{\mathrm{real}})] + \mathbb{E}[\log P(C = c \mid X_{\mathrm{fake}})]. $$
#
# In $L_C$, $c$ is the right class: the label of the real image, or the label that the generator was given. $D$
# maximises $L_S + L_C$, and $G$ maximises $L_C - L_S$.
#
# Look at the signs. $D$ makes $L_S$ large and $G$ makes it small: this is the usual game. But *both* make $L_C$ large.
# For the class they **cooperate**: $G$ makes images whose class is easy to find, and $D$ helps. Section 9 shows the
# consequence.
#
# Keras minimises, so we write down losses. A cross-entropy is $-\log P$. As in chapter 6, $G$ uses the non-saturating
# loss: it does not minimise $\log P(S = \mathrm{fake} \mid X_{\mathrm{fake}})$, it maximises $\log P(S = \mathrm{real}
# \mid X_{\mathrm{fake}})$. So the two losses are sums of cross-entropies:
#
# $$ \begin{aligned}
# \text{loss of } D &= \mathbb{E}[-\log P(\mathrm{real} \mid X_{\mathrm{real}}) - \log P(c \mid X_{\mathrm{real}})]
#    + \mathbb{E}[-\log P(\mathrm{fake} \mid X_{\mathrm{fake}}) - \log P(c \mid X_{\mathrm{fake}})], \\
# \text{loss of } G &= \mathbb{E}[-\log P(\mathrm{real} \mid X_{\mathrm{fake}}) - \log P(c \mid X_{\mathrm{fake}})].
# \end{aligned} $$
#
# A Keras model with two outputs takes a dict with one loss for each output. It minimises their sum:

# %%
LOSSES = {
    "validity": keras.losses.BinaryCrossentropy(from_logits=True),  # -log P(S | X): target 1 is real, 0 is fake
    "label": keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # -log P(C | X): the target is the class
}

# %% [markdown]
# ## 3. The networks
#
# The convolutions are the same as in chapter 6. Their output goes into two dense layers, the **heads**. One head gives
# the logit of "real". It is called `validity`, another word for the source $S$. The other, `label`, is the class head:
# it gives ten logits, one for each class.


# %%
def define_discriminator(image_shape=(28, 28, 1), num_classes=10, width=32, learning_rate=1e-3):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``{"validity": [n, 1], "label": [n, num_classes]}``."""
    image = keras.Input(image_shape, name="image")
    features = dcgan_features(image, width)
    validity = layers.Dense(1, dtype="float32", name="validity")(features)
    label = layers.Dense(num_classes, dtype="float32", name="label")(features)
    discriminator = keras.Model(image, {"validity": validity, "label": label}, name="discriminator")
    return compile_discriminator(discriminator, learning_rate)


def compile_discriminator(discriminator, learning_rate):
    """Gives D its optimizer, both losses with equal weights, and the accuracy of each head."""
    accuracies = {
        "validity": keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0),
        "label": keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
    }
    discriminator.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), LOSSES, metrics=accuracies)
    return discriminator


# %% [markdown]
# The generator is exactly that of chapter 6. In this chapter only $D$ changes: it does not get the label, and it has
# one more output.


# %%
def define_generator(latent_dim=64, image_shape=(28, 28, 1), num_classes=10, width=32):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    return cgan.define_generator(latent_dim, image_shape, num_classes, width)


# %% tags=["active-ipynb"]
# define_discriminator().summary()

# %% [markdown]
# ## 4. The composite model
#
# As in chapter 6: the generator, followed by the frozen discriminator. Only $G$ has the label as an input. For $D$ the
# label is a target: the generated image should be "real" and of class $c$. `label_weight` is the weight of the class
# loss. It is 1 in the paper. Section 10 changes it.


# %%
def define_gan(generator, discriminator, learning_rate=1e-3, label_weight=1.0):
    """The composite: latent points and labels to both outputs of D for the generated image. It trains G alone."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    weights = {"validity": 1.0, "label": label_weight}
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), LOSSES, loss_weights=weights)
    return gan


# %% [markdown]
# ## 5. One training step
#
# Three updates, as in chapter 6, but each target is now a dict with two entries. With `return_dict=True` Keras returns
# the losses with their names. The class loss of section 2 is called the label loss there, after its output. A $D$ that
# guesses has the validity loss $\log 2 = 0.69$ and the label loss $\log 10 = 2.30$. (The printed numbers differ from
# these, for two reasons. The first weights are random. And updates 1 and 2 have already changed $D$.)

# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# gan = define_gan(generator, discriminator)
# x, y = gb.to_float(data.images[:64]), data.labels[:64]
# z = np.random.normal(size=(64, 64))
# real_target = {"validity": np.ones((64, 1)), "label": y}
# fake_target = {"validity": np.zeros((64, 1)), "label": y}
# x_fake = generator([z, y], training=True)  # generated images with the same labels
# updates = {
#     "1. D on real images": discriminator.train_on_batch(x, real_target, return_dict=True),
#     "2. D on generated images": discriminator.train_on_batch(x_fake, fake_target, return_dict=True),
#     "3. G through the frozen D": gan.train_on_batch([z, y], real_target, return_dict=True),
# }
# for name, logs in updates.items():
#     print(f"{name:26}", "validity loss {validity_loss:.2f}, label loss {label_loss:.2f}".format(**logs))

# %% [markdown]
# The same three updates as a method `turns`. (There is one difference: $G$ gets new latent points for its own update,
# as in chapter 6.)


# %%
class ACGAN(GAN):
    """G gets the label; D has to find it."""

    verdicts = ("validity",)  # the output that says real or fake, for the book's `train` to watch

    def turns(self, images, labels):
        n = ops.shape(images)[0]
        real = {"validity": ops.ones((n, 1)), "label": labels}
        fake = {"validity": ops.zeros((n, 1)), "label": labels}
        x_fake = self.generator([self.latent_points(n), labels], training=True)
        yield "d_real", self.discriminator, to_float(images), real  # max log P(real|X) + log P(c|X)
        yield "d_fake", self.discriminator, x_fake, fake  # max log P(fake|G(z,c)) + log P(c|G(z,c))
        yield "g", self.gan, [self.latent_points(n), labels], real  # max log P(real|G(z,c)) + log P(c|G(z,c))


# %% [markdown]
# ## 6. Training with `fit`
#
# One epoch, two to three minutes on a laptop.

# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# model = ACGAN(generator, discriminator, define_gan(generator, discriminator), average=0.99)
# model.compile()
# history = model.fit(data.images, data.labels, batch_size=64, epochs=1, verbose=2)

# %% [markdown]
# The first row is real, one image of each class. Below it are five generated images of each class.

# %% tags=["active-ipynb"]
# def below_real(generator, title):
#     rows = [np.stack([data.images[data.labels == number][0] for number in range(10)])]
#     rows += [gb.draw(generator, np.arange(10), seed=seed) for seed in range(1, 6)]
#     return gb.show(rows, rows=["real"] + ["generated"] * 5, columns=data.class_names, title=title)
#
#
# below_real(model.sampler, f"AC-GAN after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# In the label losses you can see that $D$ and $G$ cooperate. Compare `d_real_label_loss` with `d_fake_label_loss`:
# generated images are *easier* to classify than real ones. $G$ learns to make them easy.

# %% tags=["active-ipynb"]
# for name in ("d_real_label_loss", "d_fake_label_loss", "d_real_label_accuracy", "d_fake_label_accuracy"):
#     print(f"{name:22} {history.history[name][-1]:.2f}")

# %% [markdown]
# ## 7. A longer training
#
# The generator that comes with the book was trained for longer. (Its `report.md` in `pretrained/acgan` says how.)

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# run = Run(PRETRAINED / "acgan")
# generator = gb.load_network(run.folder / "generator.keras")
# below_real(generator, f"AC-GAN after {run.report['steps']:,} steps")

# %% [markdown]
# ## 8. How good is it?
#
# Here are four scores. For three of them we also print the value of real images. You know **label accuracy** and
# **recall** from chapter 6. They are computed over all images together, so they may not show one bad class. The other
# two are computed for each class and then averaged.
#
# - **Intra-class Fréchet distance**: the distance between the generated images of a class and the real test images of
#   that class. In the output, the line below it is the same distance for *real* training images. A generator cannot be
#   expected to do better.
# - **MS-SSIM in a class** (Odena et al. 2017, section 4.2): the *multi-scale structural similarity* ([Wang et al.
#   2003](https://doi.org/10.1109/ACSSC.2003.1292216)) measures how similar two images are. It compares contrast and
#   structure, first in the images themselves and then in smaller copies. (Brightness is compared only in the smallest
#   ones.) It is 1 for equal images. We average it over 2,000 random pairs of images of the same class. A high value
#   means that the images of a class are alike. Here, too, compare with the real images: the generated ones should be
#   just as different from each other. (The usual MS-SSIM has five scales. Images of 28 pixels have room for two of
#   them, so do not compare our values with those of other texts.)

# %% tags=["active-ipynb"]
# scores = "label_accuracy", "recall", "class_frechet", "class_frechet_real", "ms_ssim", "ms_ssim_real"
# print(*score_lines(run.report["measured"], scores), sep="\n")

# %% [markdown]
# Compare the label accuracy with that of real test images, 92.6 %. A higher value is no success. It means that the
# generated images are easier to classify than real ones. The next section says why.
#
# ## 9. The known flaw
#
# Shirts overlap with T-shirts, pullovers and coats. Here are twenty real shirts and twenty generated ones. Look for
# collars, buttons, checks and prints.

# %% tags=["active-ipynb"]
# shirt = data.label_index("Shirt")
# real = data.val_images[data.val_labels == shirt][:20]
# made = gb.draw(generator, [shirt] * 20, seed=4)
# rows = [real[:10], real[10:], made[:10], made[10:]]
# gb.show(rows, rows=["real", "real", "generated", "generated"], title="Shirts, real and by the AC-GAN")

# %% [markdown]
# You can hardly see a difference in twenty images. The numbers below show a small one. First: why should there be one?
# Look at the class loss of $G$, a cross-entropy. We need two letters.
#
# - $P(c \mid x)$, as in section 2, is the probability that the class head of $D$ gives to class $c$ for an image $x$.
# - $q(x, c)$ is the distribution of generated images $x$ and their labels $c$. $q(c \mid x)$ is the probability that a
#   generated image $x$ was made from the label $c$.
#
# Start with one image $x$. We write $-\log P(c \mid x)$ as the sum of $-\log q(c \mid x)$ and $\log (q(c \mid x) / P(c
# \mid x))$. Take the mean of both sides over the labels $c$, with the probabilities $q(c \mid x)$:
#
# $$ -\sum_c q(c \mid x) \log P(c \mid x)
#    = -\sum_c q(c \mid x) \log q(c \mid x) + \sum_c q(c \mid x) \log \frac{q(c \mid x)}{P(c \mid x)}. $$
#
# So a cross-entropy is the sum of an entropy and a *Kullback-Leibler divergence* (KL). The mean over all generated
# images is the class loss of $G$:
#
# $$ \mathbb{E}_{x, c \sim q}[-\log P(c \mid x)]
#    = H_q(c \mid x) + \mathbb{E}_{x \sim q}\,\mathrm{KL}(q(c \mid x) \,\|\, P(c \mid x)). $$
#
# The last term is the divergence. It is 0 if the two distributions are equal, and positive otherwise.
# The first term is the **class entropy** of generated images,
#
# $$ H_q(c \mid x) = \mathbb{E}_{x \sim q}\Big[-\sum_c q(c \mid x) \log q(c \mid x)\Big]. $$
#
# It is 0 if no image can come from two different labels. $G$ makes it small ([Gong et al.
# 2019](https://arxiv.org/abs/1907.02690), section 3). But for real clothing the class entropy is *not* 0: some shirts
# look just like coats. Such images have a high class loss. $G$ can avoid it in two ways. First, it can make all unclear
# images from *one* of the labels: those that look like both a shirt and a coat from the label "coat" only. Then the
# class entropy is 0, and the validity loss cannot notice it, because it does not see the label. Second, it can make
# fewer unclear images at all. The validity loss works against this, but only in part. In both cases a class keeps only
# the images that are far from other classes. So its images are more alike.
#
# We cannot see $q(c \mid x)$. But we can look at one consequence: does $G$ avoid images that are unclear to a
# classifier of real images? In the table below, the first column says how unsure that classifier is: the mean entropy
# of its output, 0 if it is certain of every image. (It is not $H_q$, which we cannot compute.) The conditional GAN of
# chapter 6 has no class loss, so we compare with it. It was trained equally long. (The 2N-GAN is the subject of the
# next notebook. There, an exercise adds its row.)

# %% tags=["active-ipynb"]
# from gan_book.metrics import class_ms_ssim, load_classifier
#
# classifier, labels = load_classifier("fashion_mnist"), np.repeat(np.arange(10), 500)
# sets = {"real": (data.val_images, data.val_labels)}
# for title, folder in (("cGAN", "cgan"), ("AC-GAN", "acgan")):
#     other = gb.load_network(PRETRAINED / folder / "generator.keras")
#     sets[title] = gb.draw(other, labels, seed=4), labels
# print(f"{'':8}mean entropy  MS-SSIM of shirts  MS-SSIM of all classes")
# for title, (images, classes) in sets.items():
#     probabilities = classifier.outputs(images)[1]  # [0] are the features
#     entropy = -np.sum(probabilities * np.log(probabilities + 1e-12), axis=1).mean()
#     alike = class_ms_ssim(images, classes, 10)
#     print(f"{title:8}{entropy:12.3f}{alike[shirt]:19.3f}{alike.mean():24.3f}")

# %% [markdown]
# Compare the rows in each column. An entropy below that of real images means that the classifier is surer of the
# generated images: $G$ avoids the unclear ones. Of the two generators, only the AC-GAN does so. A higher MS-SSIM means
# that the images are more alike. Here the images of *both* generators are more alike than real ones, and the step from
# the cGAN to the AC-GAN is small. So the class loss explains only a part of what is lost. This table alone does not
# prove that step: the MS-SSIM of other images of the same generator can differ as much. (In section 8 real images have
# 0.348, because test images were used there. Here they are validation images.) The results page of this chapter
# compares three trainings of each GAN.
#
# ## 10. When it fails
#
# We multiply the class loss of $G$ by twenty. Now $G$ is rewarded mainly if $D$ recognises the class. Whether the image
# looks real hardly counts. We measure label accuracy, and recall, with 2,000 generated images and the validation
# images. (So do not compare them with the numbers of section 8.)

# %% tags=["active-ipynb"]
# from gan_book.metrics import precision_recall
#
#
# def train_with(label_weight, images=24_000):
#     discriminator, generator = define_discriminator(), define_generator()
#     gan = define_gan(generator, discriminator, label_weight=label_weight)
#     model = ACGAN(generator, discriminator, gan, average=0.99)
#     model.compile()
#     model.fit(data.images[:images], data.labels[:images], batch_size=64, epochs=1, verbose=0)
#     labels = np.arange(2000) % 10
#     features, probabilities = classifier.outputs(gb.draw(model.sampler, labels, seed=4))
#     _, recall = precision_recall(classifier.features(data.val_images), features)
#     print(f"label accuracy {np.mean(probabilities.argmax(axis=1) == labels):.0%}, recall {recall:.0%}")
#     return model.sampler
#
#
# below_real(train_with(label_weight=20), "AC-GAN, class loss of G counted twenty times")

# %% [markdown]
# Most images show only the outline of their class, and little detail. Look down the column of T-shirts, trousers or
# pullovers: all five images are nearly the same. $G$ pleases the class head of $D$, and this head has learned its
# answers from generated images, too. *You recognise the failure by the images and by the recall*. The label accuracy
# does not show it: it is about as high as with the weight 1 (see below).
#
# **The repair** is the paper's weight, 1. (The flaw of section 9 remains. Section 11 names methods without it.)

# %% tags=["active-ipynb"]
# below_real(train_with(label_weight=1), "AC-GAN, class loss of G counted once")

# %% [markdown]
# The label accuracy is about the same, and the recall is higher. The images of a column differ again. (Both trainings
# are short. Section 7 shows a longer one.)
#
# ## 11. Going further
#
# **A repair for the class entropy.** Gong et al. (2019) add a second classifier. It is trained on generated images
# only. $G$ minimises the loss of the class head minus the loss of the new classifier. By section 9 the first is $H_q$
# plus the KL. The second, if the new classifier is at its best, is $H_q$. The difference is the KL alone, so unclear
# images are no longer punished. Their model is called TAC-GAN. ADC-GAN ([Hou et al.
# 2022](https://arxiv.org/abs/2107.10060)) reaches the same with one classifier over $2N$ classes: see the notebook
# `twon_gan`.
#
# **Three GANs compared.** `python -m chapters.ch08_acgan.compare` trains the conditional GAN, the AC-GAN and the 2N-GAN
# with the same convolutions and steps, several seeds each. The chapter's README shows the results (made with `--epochs
# 12`).
#
# **The classic networks.** In many books the AC-GAN has dropout of 0.5 after each convolution. `classic.py` has these
# networks. They need many more steps: the preset `book` trains for a hundred epochs.
#
# **Your own pictures.** `gb.load("path/to/folder", image_size=64)`, as in chapter 6.

# %% [markdown]
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. How many weights does the class head have, and why?
# 2. What is the total loss of a $D$ that guesses in both heads?
# 3. All labels are the same, 0. What does the AC-GAN become?
#
# *To run*
#
# 4. `train_with(label_weight=0)`. What do you expect, and what do you see?
# 5. `train_with` with 0.2, 1 and 5. What happens to the two printed numbers?
# 6. Make the table of section 9 for bags instead of shirts. Bags overlap with no other class. Is the flaw smaller?
#
# *To write*
#
# 7. Write `class_fd(features, labels, real_features, real_labels)`, the intra-class Fréchet distance. Use
#    `gan_book.metrics.frechet_distance` for one class. Check: `from chapters.ch08_acgan import exercises`, then
#    `exercises.check_class_fd(class_fd)`.
# 8. Many programs train $D$'s class head on real images only. Write `RealLabelsOnly`, a subclass of `ACGAN` that does.
#    (A sample weight multiplies the loss of one image; 0 switches it off. A `yield` can have a fifth part: a dict with
#    an array of $n$ sample weights for each output.) Check: `exercises.check_real_labels_only(RealLabelsOnly)`.
#
# *A project*
#
# 9. Replace a fifth of the training labels by random ones. Train the conditional GAN of chapter 6 and the AC-GAN on
#    these labels, equally long. Compare label accuracy, recall and MS-SSIM. Write one page: which of the two follows
#    the wrong labels?
#
# <details><summary>Answers</summary>
#
# 1. 10 x 2048 + 10 = 20,490: ten logits from 2048 features, and ten biases.
# 2. $\log 2 + \log 10 = 3.0$.
# 3. The plain GAN. The class loss is soon 0 and has no effect.
# 4. Every column mixes all kinds of clothing: nothing rewards $G$ for using its label. The book's classifier finds
#    about 10 %.
# 5. The label accuracy is about the same or rises with the weight, and the recall falls.
# 6. Yes, by the formula it should be smaller: the class entropy of real bags is near 0 already.
# 7. and 8. `exercises.class_fd_solution` and `exercises.RealLabelsOnly`, in `chapters/ch08_acgan/exercises.py`.
# 9. The wrong labels are in the data, so a perfect conditional GAN follows them. A random label is right in one of ten
#    cases. So 80 % + 2 % = 82 % of the labels are right, and the label accuracy falls to about 82 % of what it was. The
#    class loss rewards images of the most probable label, and this is still the right one. So we expect a higher label
#    accuracy of the AC-GAN.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# As in chapter 6: `gan-book train acgan --preset full` in a shell. `smoke` is for tests, `quick` takes three to five
# minutes, `full` about half an hour, and `book` is the classic network with its usual numbers.


# %%
@dataclass(frozen=True)
class ACGANSettings(Settings):
    """`network`: "dcgan" or "classic"; `label_weight`: of the class loss of G; the rest are the network's numbers."""

    network: str = "dcgan"
    width: int = 32
    latent_dim: int = 64
    learning_rate: float = 1e-3
    generator_learning_rate: float = 1e-3
    label_weight: float = 1.0
    average: float = 0.999


QUICK = ACGANSettings(data="fashion_mnist", epochs=2, batch_size=64, limit=48_000)
CLASSIC = {"network": "classic", "latent_dim": 100, "learning_rate": 2e-4, "generator_learning_rate": 2e-4}
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, learning_rate=5e-4, generator_learning_rate=5e-4, epochs=12, limit=None),
    "book": replace(QUICK, **CLASSIC, epochs=100, average=0.0, limit=None),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network.
    """
    require_choice("network", settings.network, ("dcgan", "classic"))
    shape, classes, rate = dataset.image_shape, dataset.num_classes, settings.learning_rate
    if settings.network == "classic":
        discriminator = compile_discriminator(classic.define_discriminator(shape, classes), rate)
        generator = classic.define_generator(settings.latent_dim, shape, classes)
    else:
        discriminator = define_discriminator(shape, classes, settings.width, rate)
        generator = define_generator(settings.latent_dim, shape, classes, settings.width)
    gan = define_gan(generator, discriminator, settings.generator_learning_rate, settings.label_weight)
    return ACGAN(generator, discriminator, gan, settings.average, settings.seed)


# %%
LESSON = Lesson(
    name="acgan",
    title="AC-GAN (Odena, Olah and Shlens 2017)",
    folder="ch08_acgan",
    presets=PRESETS,
    build=build,
    next_step="Next: generate images with `gan-book generate acgan --run {run} --label {label} --out generated.png`.",
    measure=measure_by_class,
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# from gan_book.plotting import picture
#
# picture(run.folder / "samples.png")

# %% [markdown]
# In the two upper panels of the next picture, the solid curves are sums of two losses, and the dashed ones their parts.
# The dotted line is for the dashed validity losses: $\log 2$, if $D$ guesses whether an image is real. For a sum,
# guessing means $\log 2 + \log 10 = 3.0$.

# %% tags=["active-ipynb"]
# picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
