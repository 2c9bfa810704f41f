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
# # SGAN: a classifier from a hundred labels
#
# ![A hundred generated digits](../../pretrained/sgan/samples.png)
#
# Images are cheap, and labels are expensive: a person has to look at every image. Can a classifier learn from a hundred
# labelled images and many images without labels? This is **semi-supervised learning**. In a **semi-supervised GAN**
# ([Odena 2016](https://arxiv.org/abs/1606.01583), [Salimans et al. 2016](https://arxiv.org/abs/1606.03498)) the
# classifier is the discriminator. If the generated digits are good, the discriminator can tell them from real digits
# only if it knows well what digits look like. It uses the same features to tell real from generated and to tell the
# classes apart. So features that it learns without labels also help with the classes. (The digits above are generated.
# In this chapter they are a by-product.)
#
# In this chapter you will
#
# - build one network that says both which class an image has and whether it is real;
# - train it with labelled, unlabelled and generated images at the same time;
# - measure what the generator adds, with two baselines;
# - see how semi-supervised learning fails when no image of a class has a label.
#
# You should know chapter 6, which explains the composite model, `turns`, and most of the numbers.

# %%
import math
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from chapters.ch09_sgan import classic
from chapters.ch09_sgan.digits import like_mnist
from gan_book.adversarial import GAN, Composite
from gan_book.datasets.dataset import balanced_subset
from gan_book.errors import BookError, require_choice
from gan_book.metrics.score import Score
from gan_book.networks import dcgan_features, dcgan_image, to_float
from gan_book.sampling import Generator, Noise, predict_uint8
from gan_book.schedules import ConstantThenLinear
from gan_book.training.lesson import Lesson, Settings, bounded
from gan_book.training.task import Generation

# %% [markdown]
# ## 1. The data
#
# MNIST has handwritten digits, 28 x 28 pixels, in ten classes. The book keeps 5,000 of the 60,000 training images for
# validation. Of the others we use the labels of only 100, ten of each class. This function chooses them.


# %%
def labelled_subset(dataset, per_class, seed):
    """The images whose labels may be used, uint8 ``[m, h, w, c]``, and these labels ``[m]``: `per_class` of each class.

    Raises:
        BookError: a class has fewer images.
    """
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    if counts.min() < per_class:
        name = dataset.class_names[counts.argmin()]
        advice = f"set labels_per_class to {counts.min()} or less"
        raise BookError(f"class '{name}' has {counts.min()} training images, not {per_class}; {advice}")
    rows = balanced_subset(dataset.labels, per_class * dataset.num_classes, seed)
    return dataset.images[rows], dataset.labels[rows]


# %% tags=["active-ipynb"]
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT, balanced=False)  # balanced=False: LIMIT images, chosen without their labels
# x_labelled, y_labelled = labelled_subset(data, per_class=10, seed=0)
# rows = {name: x_labelled[y_labelled == number] for number, name in enumerate(data.class_names)}
# gb.show(rows, title="All the labelled images: ten of each digit")

# %% [markdown]
# Some of these digits look alike, and not every way of writing is well represented: there is one 7 with a line through
# it. So a classifier that knows only these hundred will make many errors. The whole set shows all ways, but we do not
# use its labels:

# %% tags=["active-ipynb"]
# gb.show(data.images[:10], columns=["?"] * 10, title="Ten images of the whole set")

# %% [markdown]
# ## 2. The idea
#
# ![The classifier gets labelled, unlabelled and generated images](../../docs/figures/sgan.svg)
#
# The discriminator $D$ is a classifier with $K = 10$ classes. It gets three kinds of images, and each kind teaches it
# something else:
#
# - **labelled** images: which class is it?
# - **unlabelled** images: this is real, whatever class it is.
# - **generated** images: this is fake ("fake" is the papers' word for "generated").
#
# How can one network answer both questions? Odena gives it $K + 1$ classes: the $K$ classes of real images, and the
# class "fake". Salimans et al. (section 5 of their paper) leave out the extra output. This is possible because the
# softmax looks only at the differences between logits. If you subtract the same number from all of them, no probability
# changes.
#
# We use this. From all $K + 1$ logits we subtract the logit of "fake". Now the logit of "fake" is 0 for each image, so
# the network does not have to output it: the other $K$ logits $l_1, \dots, l_K$ are enough. Let $Z$ be the sum of their
# exponentials. The softmax over all $K + 1$ logits gives "fake" the probability $e^0 / (e^0 + Z) = 1 / (1 + Z)$. The
# rest is the probability of being real:
#
# $$ D(x) = \frac{Z(x)}{Z(x) + 1}, \qquad Z(x) = \sum_{k=1}^{K} e^{l_k(x)}. $$
#
# The *differences* of the logits say which class it is: $p(k \mid x)$ is the softmax of the $K$ logits. If you add the
# same positive number to all of them, the class stays the same, but $D(x)$ rises. So how *high* the logits are together
# says whether the image is real. If $Z > 1$, that is $\log Z > 0$, the image is called real. If all logits are low, it
# is called fake.
#
# As in chapter 6 we need the logit of $D$ for the loss. $Z / (Z + 1)$ is $1 / (1 + e^{-\log Z})$, the sigmoid of $\log
# Z$. So the logit is $\log Z$. Keras calls this function `logsumexp`:


# %%
def validity(logits):
    """The logit of D(x) = Z / (Z + 1), where Z is the sum of exp of the K logits: ``[..., k]`` to ``[..., 1]``."""
    return ops.logsumexp(logits, axis=-1, keepdims=True)


# %% [markdown]
# Here is an example with three classes. Both images have the same class probabilities. But the first one is probably
# real, and the second one is probably fake: all its logits are smaller by 3.

# %% tags=["active-ipynb"]
# for logits in (np.float32([2, 0, -1]), np.float32([-1, -3, -4])):
#     classes = ops.convert_to_numpy(ops.softmax(logits))
#     real = float(ops.sigmoid(validity(logits))[0])
#     print("logits", logits, " class probabilities", classes.round(2), f" D(x) = {real:.2f}")

# %% [markdown]
# ## 3. The networks
#
# The convolutions are those of chapter 6, in both networks. The last layer of the classifier gives $K$ logits.
#
# **Noise.** A network can learn a hundred labelled images by heart. To make this harder, normal noise is added to every
# image that goes into $D$ in training. Its standard deviation is 0.3, for pixels from -1 to 1. After the training,
# `GaussianNoise` does nothing. (Salimans et al. add noise after the hidden layers, too. In one short trial with our
# convolutions that made the accuracy worse.)
#
# One word about **batch normalization**, because it matters here. In training it uses the mean and the variance of the
# batch. It also keeps an average of them, the *moving statistics*, for use after the training. We follow two rules.
#
# - **Separate batches.** The three kinds of images pass through $D$ in three batches. In a mixed batch, each image
#   would be normalized with statistics of real and generated images together. After the training $D$ gets only real
#   images, which have other statistics.
# - **Statistics of real images.** After the training $D$ sees only real images, so the statistics to keep are those of
#   a real batch. With `momentum=0` the layer keeps those of the last batch. And at the end of each training step we let
#   a batch of real images pass. (It has the noise, too.) In the update of $G$, as in every update, $D$ uses the
#   statistics of the batch.
#
# As in chapter 6, a second copy of $G$ holds the moving average of its weights. Here the classifier has such a copy,
# too. The statistics are averaged like the weights: the classifier itself keeps those of the last batch, its copy their
# average over many steps. After the training we use these copies.


# %%
def batch_normalization():
    """Keeps the statistics of the last batch that passed in training; see the end of `SGAN.turns`."""
    return layers.BatchNormalization(momentum=0.0)


def define_classifier(image_shape=(28, 28, 1), num_classes=10, width=32, noise=0.3, augmentation=None):
    """Images ``[n, h, w, c]`` in [-1, 1] to K logits ``[n, num_classes]``.

    In training, noise with this standard deviation is added. `augmentation`, a layer, changes the images before;
    section 10 explains it.
    """
    image = keras.Input(image_shape, name="image")
    noisy = layers.GaussianNoise(noise)(augmentation(image) if augmentation else image)
    features = dcgan_features(noisy, width, batch_normalization)
    logits = layers.Dense(num_classes, dtype="float32", name="label")(features)
    return keras.Model(image, logits, name="classifier")


def define_generator(latent_dim=64, image_shape=(28, 28, 1), width=32):
    """Latent points ``[n, latent_dim]``, N(0, 1), to images ``[n, h, w, c]`` in [-1, 1]; no label goes in."""
    z = keras.Input((latent_dim,), name="z")
    return Generator(z, dcgan_image(z, image_shape, width), takes=[Noise()])


# %% tags=["active-ipynb"]
# define_classifier().summary()

# %% tags=["active-ipynb"]
# define_generator().summary()

# %% [markdown]
# ## 4. The losses
#
# The loss of $D$ has one term for each kind of image:
#
# $$ L_D = \underbrace{-\,\mathbb{E}[\log p(y \mid x)]}_{\text{labelled}}
#       \; + \; \tfrac12 \Big( \underbrace{-\,\mathbb{E}[\log D(x)]}_{\text{unlabelled}}
#       \; \underbrace{-\,\mathbb{E}[\log (1 - D(G(z)))]}_{\text{generated}} \Big). $$
#
# The first term is the cross-entropy of a classifier, the **supervised** loss. The other two are the usual loss of a
# GAN's discriminator, the **unsupervised** loss. The factor ½ is from the program of Salimans et al.: the two
# unsupervised terms together weigh as much as the supervised term. ("Unlabelled" means all training images, used
# without labels. So the 100 labelled images are used in both ways.)
#
# What can an image *without* a label teach about classes? Look at how the loss $-\log D(x)$ changes with a logit:
#
# $$ \frac{\partial (-\log D(x))}{\partial l_k} = -\,(1 - D(x))\; p(k \mid x). $$
#
# The update raises all logits, but mostly that of the class which is already the most probable. So $D$ becomes more
# certain of its own answer. (A wrong answer becomes more certain, too. The labelled images work against it. Generated
# images do the opposite: they lower all logits, and mostly that of the most probable class.) But it does so only if it
# is not yet sure that the image is real: the factor $1 - D(x)$ is near 0 if $D$ tells real from generated easily. So
# $G$ must be good enough that $D$ is not sure. (Why does $D$ not call all unlabelled images a 3? Nothing forbids it
# here. But similar images give similar features, so most of them get the class of a labelled image that looks like
# them.) (It need not be perfect: see section 8.)
#
# Many books build two models from the same layers, one for each loss, and update them one after the other. We use one
# model with three inputs and three outputs. One update then uses all three losses:


# %%
real_or_fake = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
which_class = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # -log p(y|x)
D_LOSSES = {"label": which_class, "real": real_or_fake, "fake": real_or_fake}
D_WEIGHTS = {"label": 1.0, "real": 0.5, "fake": 0.5}


def compile_discriminator(discriminator, learning_rate, losses, weights):
    """Gives D its optimizer, its losses with their weights, and its accuracies."""
    accuracies = {name: keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0) for name in ("real", "fake")}
    accuracies["label"] = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    discriminator.compile(optimizer, losses, loss_weights=weights, metrics=accuracies)
    return discriminator


# %%
def define_discriminator(classifier, learning_rate=5e-4, entropy_weight=0.0):
    """Labelled, unlabelled and generated images, each ``[n, h, w, c]``, to what the classifier says about them.

    "label" has the logits ``[n, k]`` of the labelled images; "real" and "fake" have the logits of D ``[n, 1]``. With a
    weight for the entropy (section 10), "entropy" has the logits of the unlabelled images.
    """
    shape = classifier.input.shape[1:]
    inputs = [keras.Input(shape, name=name) for name in ("labelled", "unlabelled", "generated")]
    labelled, unlabelled, generated = [classifier(images) for images in inputs]
    answers = {"label": labelled, "real": validity(unlabelled), "fake": validity(generated)}
    losses, weights = dict(D_LOSSES), dict(D_WEIGHTS)
    if entropy_weight:  # section 10 has the function
        answers["entropy"], losses["entropy"], weights["entropy"] = unlabelled, entropy, entropy_weight
    discriminator = keras.Model(inputs, answers, name="discriminator")
    return compile_discriminator(discriminator, learning_rate, losses, weights)


# %% [markdown]
# The generator can have one of two losses. The **adversarial** loss is that of chapter 6: $D$ should take each
# generated image for a real one,
#
# $$ L_G = -\,\mathbb{E}[\log D(G(z))]. $$
#
# **Feature matching** (Salimans et al., section 3.1 of their paper) does not use $D(x)$. It compares the mean features
# of two batches. The *features* $f(x)$ of an image are the $d$ numbers that go into the last layer of $D$. On average,
# generated images should have the same features as real ones:
#
# $$ L_{\mathrm{FM}} = \tfrac1d \big\| \mathbb{E}_x[f(x)] - \mathbb{E}_z[f(G(z))] \big\|^2. $$


# %%
G_LOSSES = ("adversarial", "feature_matching", "untrained")  # the last one is a baseline, see section 8


@keras.saving.register_keras_serializable("gan_book")
def feature_matching(y_true, y_pred):
    """Mean features of real and of generated images, compared: features ``[n, d]`` and ``[n, d]`` to a scalar."""
    y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
    return ops.mean(ops.square(ops.mean(y_true, axis=0) - ops.mean(y_pred, axis=0)))


def define_features(classifier):
    """The classifier without its last layer: images ``[n, h, w, c]`` to features ``[n, d]``."""
    return keras.Model(classifier.input, classifier.get_layer("label").input, name="features")


# %% [markdown]
# The composite is the generator, followed by the frozen classifier: its update must change $G$ only.


# %%
def define_gan(generator, classifier, loss="adversarial", learning_rate=5e-4):
    """The composite: latent points to D's logit (or to the features) of the generated image. It trains G alone."""
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    if loss == "feature_matching":
        features = define_features(classifier)
        gan = Composite(generator.inputs, features(generator.output), frozen=[features], name="gan")
        gan.compile(optimizer, feature_matching)
        return gan
    gan = Composite(generator.inputs, validity(classifier(generator.output)), frozen=[classifier], name="gan")
    gan.compile(optimizer, real_or_fake)
    return gan


# %% [markdown]
# ## 5. One training step
#
# Two updates: $D$ with its three kinds of images, then $G$ through the frozen $D$. What do we expect? If all ten logits
# were 0, the label loss would be $\log 10 = 2.30$. And $D$ would be $10/11$, since $Z = 10$: it would call everything
# real. So the loss of real images would be $-\log(10/11) = 0.10$, that of generated ones $-\log(1/11) = 2.40$, and that
# of $G$ 0.10. The first weights are random, so the printed losses are somewhat different.

# %% tags=["active-ipynb"]
# classifier, generator = define_classifier(), define_generator()
# discriminator, gan = define_discriminator(classifier), define_gan(generator, classifier)
# chosen = np.random.randint(0, len(y_labelled), 64)  # 64 of the 100 labelled images, some of them twice
# x = gb.to_float(data.images[:64])  # 64 images, without their labels
# z = np.random.normal(size=(64, 64))
# x_fake = generator(z, training=True)
# ones, zeros = np.ones((64, 1)), np.zeros((64, 1))
# targets = {"label": y_labelled[chosen], "real": ones, "fake": zeros}
# logs = discriminator.train_on_batch([gb.to_float(x_labelled[chosen]), x, x_fake], targets, return_dict=True)
# print("1. D: label loss {label_loss:.2f}, real loss {real_loss:.2f}, fake loss {fake_loss:.2f}".format(**logs))
# print(f"2. G through the frozen D: loss {gan.train_on_batch(z, ones):.2f}")

# %% [markdown]
# The same two updates as a method `turns`. The model keeps the labelled images and samples a batch of them in each
# step. If `fit` is given labels, `turns` gets them, too, but ignores them. The code after the last `yield` runs after
# both updates. It sends the batch of real images through $D$ once more, so that the moving statistics are those of real
# images (section 3).


# %%
class SGAN(GAN):
    """G, the classifier that is D, and the labelled images.

    Attributes:
        trained: the classifier that is trained.
        classifier: the moving average of its weights, for use.
        labelled_images, known_labels: uint8 ``[m, h, w, c]`` and int ``[m]``.
    """

    verdicts = ("real", "fake")  # the outputs of D that say real or fake, for the book's `train` to watch

    def __init__(self, generator, discriminator, gan, classifier, labelled, loss="adversarial", average=0.0, seed=0):
        super().__init__(generator, discriminator, gan, average, seed)
        self.trained, self.classifier = classifier, self.track_average(classifier, average)
        self.labelled_images, self.known_labels = labelled
        self.generator_loss, self.features = loss, define_features(classifier)

    def turns(self, images, labels=None):
        n, x = ops.shape(images)[0], to_float(images)
        x_labelled, y = self.labelled_batch(n)
        x_fake = self.generator(self.latent_points(n), training=True)
        targets = {"label": y, "real": ops.ones((n, 1)), "fake": ops.zeros((n, 1))}
        if "entropy" in self.discriminator.output:
            targets["entropy"] = ops.zeros((n,))  # there is no target, but Keras wants one
        yield "d", self.discriminator, [x_labelled, x, x_fake], targets  # min L_D
        if self.generator_loss == "adversarial":
            yield "g", self.gan, self.latent_points(n), ops.ones((n, 1))  # max log D(G(z))
        elif self.generator_loss == "feature_matching":
            yield "g", self.gan, self.latent_points(n), self.features(x, training=True)  # min L_FM
        # With "untrained" there is no update of G.
        self.trained(x, training=True)  # the last batch to pass is real: its statistics are kept

    def labelled_batch(self, n):
        """`n` labelled images, chosen at random, float ``[n, h, w, c]``, and their labels ``[n]``."""
        chosen = keras.random.randint((n,), 0, len(self.known_labels), seed=self.rng)
        return to_float(ops.take(self.labelled_images, chosen, axis=0)), ops.take(self.known_labels, chosen)


# %% [markdown]
# ## 6. Training with `fit`
#
# `fit` gets only images. The 100 labelled ones are inside the model. One epoch takes two to four minutes on a laptop.


# %%
def accuracy(classifier, images, labels):
    """Share of the images, uint8 ``[n, h, w, c]``, whose largest logit is that of their label."""
    return float(np.mean(predict_uint8(classifier, images).argmax(axis=1) == labels))


# %% tags=["active-ipynb"]
# def train_with(loss="adversarial", labelled=(x_labelled, y_labelled)):
#     classifier, generator = define_classifier(), define_generator()
#     discriminator, gan = define_discriminator(classifier), define_gan(generator, classifier, loss)
#     model = SGAN(generator, discriminator, gan, classifier, labelled, loss, average=0.99)
#     model.compile()
#     model.fit(data.images, batch_size=64, epochs=1, verbose=2)
#     print(f"accuracy on validation images: {accuracy(model.classifier, data.val_images, data.val_labels):.1%}")
#     return model
#
#
# model = train_with()

# %% [markdown]
# `d_label_accuracy` is the accuracy on the labelled images. It is soon near 1. What the classifier learns after that,
# it learns mostly from the other images. The number to look at is the accuracy on images it has never seen: here on the
# 5,000 validation images. The test images are only for the result, in section 7. If you had only a hundred labels, you
# could not measure the validation accuracy. We used it to choose the settings of this chapter. So in practice you
# should expect a little less ([Oliver et al. 2018](https://arxiv.org/abs/1804.09170)). (The other two accuracies,
# `d_real_accuracy` and `d_fake_accuracy`, say how often $D$ tells real from fake.)

# %% tags=["active-ipynb"]
# def show_digits(model, title):
#     return gb.show(gb.draw(model.sampler, np.zeros(20, int), seed=1), title=title)  # 20 images; G has no classes
#
#
# show_digits(model, f"SGAN after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# ## 7. A longer training
#
# The networks that come with the book were trained for longer. (The appendix shows the command.) Here are generated
# digits, sorted by what the trained classifier says. $G$ was never given a class. The images are not selected: some are
# between two digits, and some are in the wrong row.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# run = Run(PRETRAINED / "sgan")
# shipped, generator = (gb.load_network(run.folder / f"{name}.keras") for name in ("classifier", "generator"))
# made = gb.draw(generator, np.zeros(1000, int), seed=1)
# answers = predict_uint8(shipped, made).argmax(axis=1)
# rows = {str(digit): made[answers == digit][:10] for digit in np.unique(answers)}
# gb.show(rows, title=f"SGAN after {run.report['steps']:,} steps: digits, sorted by the classifier")

# %% [markdown]
# Four numbers. The **test accuracy** is what this chapter is about: the share of the 10,000 test images that the
# classifier gets right. **Labels alone** is the same network, trained with the 100 labelled images and nothing else.
# You know the other two from chapter 6. (They are measured with the book's own classifier of digits, which was trained
# with all labels.)

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# four = "test_accuracy", "alone_accuracy", "frechet_distance", "recall"
# print(*score_lines(run.report["measured"], four), sep="\n")

# %% [markdown]
# This is the best of five trainings, each with other labels and other random numbers. (Of all five it has the worst
# result with the labels alone, so the gain looks larger than usual: on average it is 24 points.) The results page,
# `docs/results/ch09.md`, has all of them. (The best one was chosen by the accuracy on validation images.) Which images
# does it get wrong? Here are the ten errors of which it is most certain. Above each image is the true digit, then the
# answer. You may be wrong about some of them, too.

# %% tags=["active-ipynb"]
# probabilities = ops.convert_to_numpy(ops.softmax(predict_uint8(shipped, data.test_images)))
# answers, truth = probabilities.argmax(axis=1), data.test_labels
# wrong = np.flatnonzero(answers != truth)
# ten = wrong[np.argsort(-probabilities[wrong].max(axis=1))[:10]]
# names = [f"{truth[i]}, not {answers[i]}" for i in ten]
# title = f"The ten most certain of {len(wrong):,} errors on 10,000 test images"
# gb.show(data.test_images[ten], columns=names, title=title)

# %% [markdown]
# ## 8. What does the GAN add?
#
# A good accuracy alone does not show that the GAN was of use. We need baselines: the same classifier, trained without
# the GAN or without a part of it.
#
# **Labels alone.** The classifier sees the labelled images and no others. (It is trained for 1,000 steps. Its learning
# rate begins at 0.001 and falls to 0, and it has no averaged copy.)


# %%
def trained_alone(classifier, images, labels, steps, seed, batch_size=64):
    """A new classifier of the same kind, trained with these images, uint8 ``[m, h, w, c]``, and labels ``[m]`` only."""
    keras.utils.set_random_seed(seed)
    alone = keras.models.clone_model(classifier)
    alone.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps)), which_class)
    epochs = math.ceil(steps / math.ceil(len(labels) / batch_size))
    x = ops.convert_to_numpy(to_float(images))
    alone.fit(x, labels, batch_size, epochs, verbose=0)
    alone(x, training=True)  # the statistics to keep are those of all these images
    return alone


# %% tags=["active-ipynb"]
# alone = trained_alone(model.trained, x_labelled, y_labelled, steps=1000, seed=0)
# print(f"labels alone: {accuracy(alone, data.val_images, data.val_labels):.1%}")

# %% [markdown]
# **An untrained generator.** Everything is as in section 6, but $G$ never learns. Its images are no digits, and $D$ can
# tell them from digits without knowing much about digits. If it matters that the generated images are good, this
# classifier must be worse than that of section 6.

# %% tags=["active-ipynb"]
# untrained = train_with("untrained")
# show_digits(untrained, "What the untrained generator makes")

# %% [markdown]
# **Feature matching.** The last training is that of section 6, but $G$ has the other loss of section 4. Which loss is
# better?

# %% tags=["active-ipynb"]
# matching = train_with("feature_matching")
# show_digits(matching, "SGAN with feature matching, after one epoch")

# %% [markdown]
# Here are the four accuracies:

# %% tags=["active-ipynb"]
# classifiers = {"labels alone": alone, "untrained generator": untrained.classifier}
# classifiers |= {"feature matching": matching.classifier, "adversarial loss (section 6)": model.classifier}
# for name, each in classifiers.items():
#     print(f"{name:30} {accuracy(each, data.val_images, data.val_labels):.1%}")

# %% [markdown]
# With the untrained generator the accuracy is only a little better than with the labels alone. With a trained one it is
# much higher, and in this short training the adversarial loss is clearly better. So the GAN does the work. (With
# another choice of the hundred labels all four numbers change, "labels alone" by several points. So a difference of one
# or two points in a single training says nothing. The results page has three trainings of each.)
#
# Why should generated digits help a classifier? We think of it in this way. When $G$ gets better, $D$ must look at
# smaller details to find the generated images: how a stroke ends, or whether a loop is closed. The same details
# separate a 4 from a 9. But a better $G$ does not always help. If generated images were distributed exactly like real
# ones, $D$ could only guess, and would learn nothing from the comparison. ([Dai et al.
# 2017](https://arxiv.org/abs/1705.09783) show in theory that the most useful generated images lie between the classes,
# where there are few real images. $D$ has to call them fake, so all its logits are low there. Then the boundary between
# two classes runs through this gap.)
#
# ## 9. When it fails
#
# What if a class is missing among the labels? Here we leave out the ten labelled 4s. The images without labels stay the
# same, and there are as many 4s among them as before.

# %% tags=["active-ipynb"]
# def by_digit(model):
#     answers = predict_uint8(model.classifier, data.val_images).argmax(axis=1)
#     for digit in range(10):
#         given = np.bincount(answers[data.val_labels == digit], minlength=10) / np.sum(data.val_labels == digit)
#         most = given.argmax()
#         print(f"{digit}: {given[digit]:6.1%} right; most often called {most} ({given[most]:.1%})", end="; ")
#         print(f"{np.sum(answers == digit)} images are called {digit}")
#
#
# hidden = y_labelled != 4
# no_fours = train_with(labelled=(x_labelled[hidden], y_labelled[hidden]))
# by_digit(no_fours)

# %% [markdown]
# Look at the losses first: they are almost the same as in section 6. Then look at the 4s. The classifier calls most of
# them 9, which look most like them, and the accuracy falls by about nine points. (More 9s are right than before: an
# image that could be a 4 or a 9 is now always called 9.)
#
# $D$ has seen thousands of 4s, and has learned that they are real. But "real" only says that *some* logit must be high.
# Only labels can say which one. The images of a class without labels are called by the most similar class.
#
# *You recognise it by the accuracy of each class*, not by the losses. If you have no labels for that, count how often
# the classifier predicts each class. Here it never, or almost never, predicts 4. (If you label a hundred random images
# of your own, you can easily miss a rare class.) **The repair** is to label some images of it. This is the model of
# section 6, which knew ten 4s:

# %% tags=["active-ipynb"]
# by_digit(model)

# %% [markdown]
# ## 10. Going further
#
# (The results page says which methods of this section have been measured, and how much they help.)
#
# **Consistency between augmented views** is not part of the SGAN. But most later methods are built on it ([Sajjadi et
# al. 2016](https://arxiv.org/abs/1606.04586), [Laine and Aila 2017](https://arxiv.org/abs/1610.02242)). We do not know
# which digit an unlabelled image shows. But if we rotate it a little, it is still the same digit. So $D$ gets two
# random views of each unlabelled image, $t_1 x$ and $t_2 x$ ($t_1$ and $t_2$ are random changes):

# %% tags=["active-ipynb"]
# from gan_book.layers import RandomAffine
# from gan_book.networks import to_uint8
#
# views = [RandomAffine(0.5)(gb.to_float(data.images[:10]), training=True) for _ in range(2)]
# rows = [data.images[:10], *(to_uint8(ops.convert_to_numpy(view)) for view in views)]
# gb.show(rows, rows=["image", "view 1", "view 2"], title="Ten unlabelled images, and two augmented views of each")

# %% [markdown]
# The two views should get the same class. And all classes should be used: otherwise $D$ could get the hundred labels
# right and call every other image a 3. The **entropy** $H(p) = -\sum_k p_k \log p_k$ of the mean probabilities is
# largest if all classes are used equally often. (So we assume that all classes are about equally frequent.) Let $p_k(x)
# = p(k \mid x)$ be the softmax of the $K$ logits, and $p(x)$ the list of all of them. The **consistency loss** is
#
# $$ L_{\mathrm{con}} =
#    \underbrace{-\,\mathbb{E}\Big[\sum_k p_k(t_1 x) \log p_k(t_2 x)\Big]}_{\text{both views have the same class}}
#    \; \underbrace{-\, H\big(\mathbb{E}[p(t x)]\big)}_{\text{all classes are used}}. $$
#
# The first term is a cross-entropy. So it also asks $D$ to be sure of the class. (In the program, it is the mean of
# this and of the same with $t_1$ and $t_2$ exchanged.) The script `consistency.py` adds $\lambda L_{\mathrm{con}}$ to
# $L_D$, with the weight $\lambda = 1$: `gan-book train sgan-consistency --preset full`. ($D$ sees the labelled and the
# generated images changed in the same way, so it cannot use the changes to tell real from fake.) With three choices of
# the labels it has a test accuracy of 99.1 %, and 91.1 % with the augmented labels alone.
#
# **Low entropy.** Only labelled images tell $D$ which class is right. Suppose it says "half 4, half 9" about an
# unlabelled 4. The loss for "real" raises both logits equally, and stops when $D$ is sure that the image is real. So
# the answer may stay as it is. But every image has *one* class. So we add the mean entropy of the class probabilities
# of unlabelled images to the loss ([Grandvalet and Bengio
# 2004](https://papers.nips.cc/paper/2740-semi-supervised-learning-by-entropy-minimization)):
#
# $$ L_H = \mathbb{E}\big[H(p(x))\big]. $$
#
# An image near the boundary between two classes has a high entropy. So this loss moves the boundaries away from images.
# `gan-book train sgan --set entropy_weight=0.3` has it.


# %%
@keras.saving.register_keras_serializable("gan_book")  # so that a saved model can be loaded again
def entropy(_, logits):
    """The entropy of the class probabilities, logits ``[n, k]`` to ``[n]``, in nats; there is no target."""
    logs = ops.log_softmax(logits)
    return -ops.sum(ops.exp(logs) * logs, axis=-1)


# %% [markdown]
# **Clothing.** Fashion-MNIST is harder, because its classes overlap. And its coats always hang straight: a rotated one
# looks wrong. So the views of clothing are mirrored and shifted: `gan-book train sgan-consistency --data fashion_mnist
# --set augmentation=clothing`. In three trainings of 2,500 steps with 100 labels the test accuracy was 74.8 % on
# average, and 68.4 % with the labels alone: the gain is much smaller than on digits.
#
# **More labels, fewer labels.** `gan-book train sgan --set labels_per_class=2` has 20 labels. In three such trainings
# of 2,500 steps the test accuracy was between 67 and 90 %: it depends on which images are labelled. With 100 labels it
# was 98 %, and with 1,000 hardly more.
#
# **The classic network.** Books print the SGAN with plain convolutions and the adversarial loss. `classic.py` has these
# networks, and the preset `book` trains them.
#
# **Your own digit.** Draw a digit in the middle of a square picture, save it, and ask: `gan-book predict sgan
# my-digit.png`.

# %% [markdown]
# ## 11. Exercises
#
# *To answer from the text and the output*
#
# 1. You add 5 to all ten logits. What happens to the class probabilities, and what to the logit of $D$?
# 2. All ten logits are 0. What is $D(x)$?
# 3. How many weights of the classifier are there only to tell real from fake?
#
# *To run*
#
# 4. Choose other labelled images: `labelled_subset(data, 10, seed=1)`, then `seed=2`. By how much does the accuracy of
#    `train_with` change? Compare it with the differences in section 8.
# 5. Repeat section 9 with one labelled 4, and with five. How many are needed?
# 6. Ask `gan-book predict sgan` about a letter, or a photograph of a cat. What does it say, and how sure is it? Would
#    $D(x)$ have warned you? (It is `ops.sigmoid(validity(predict_uint8(shipped, images)))`.)
#
# *To write*
#
# 7. Write `real_probability(logits)`, which turns the $K$ logits into $D(x)$, with `keras.ops`. It must also work for
#    logits of 1000. Check: `from chapters.ch09_sgan import exercises`, then
#    `exercises.check_real_probability(real_probability)`.
# 8. **One-sided label smoothing** (Salimans et al. 2016, section 3.4): for unlabelled images the target of $D$ is 0.9
#    instead of 1. All other targets stay. Write `SmoothedSGAN`, a subclass of `SGAN`. Check:
#    `exercises.check_smoothed(SmoothedSGAN)`.
#
# *A project*
#
# 9. Now you choose which images to label. Start with one label of each digit. Then, five times: train, let the
#    classifier pick the ten images of which it is least sure, and add their labels. Compare with ten images picked at
#    random. Write one page: the two curves of accuracy against the number of labels, and the images that were picked.
#
# <details><summary>Answers</summary>
#
# 1. The class probabilities stay the same. $\log Z$ rises by 5.
# 2. $Z = 10$, so $D = 10/11 = 0.91$.
# 3. None. Both answers come from the same ten logits.
# 4. We expect a point or so after one epoch. A difference between two methods that is smaller than this says nothing.
# 5. We expect that one is hardly enough, and that each labelled 4 more helps.
# 6. It names a digit, and it is often sure. Do not rely on $D(x)$: $D$ has learned to reject what $G$ makes. A
#    photograph is something else.
# 7. and 8. `exercises.real_probability_solution` and `exercises.SmoothedSGAN`, in `chapters/ch09_sgan/exercises.py`.
# 9. The images picked are often unclear, and several of the same kind. In the first rounds random ones can be better.
#    Later we expect the least sure ones to win.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# As in chapter 6: `gan-book train sgan --preset full` in a shell. `smoke` is for tests, `quick` takes four to nine
# minutes, `full` twenty to thirty (on one CPU core), and `book` is the classic network with its usual numbers. `--set
# loss=feature_matching` or `loss=untrained` changes the loss of $G$. The trainings are longer than those above and have
# other numbers of images. And (not in `book`) the learning rate falls to 0 in the second half, so that the weights
# settle, and the moving averages are longer (`average=0.999`). If you only want to read, you can skip the next cells:
# they tell the book's `train` what it needs.


# %%
@dataclass(frozen=True)
class SGANSettings(Settings):
    """`network`: "dcgan" or "classic"; `loss`: of G, one of `G_LOSSES`; `labels_per_class`: how many labels are known.

    `noise` is added to D's images (by "dcgan" only), `entropy_weight` is explained in section 10. The rest are the
    networks' numbers; `alone_steps` is the length of the baseline "labels alone".
    """

    network: str = "dcgan"
    loss: str = "adversarial"
    labels_per_class: int = 10
    width: int = 32
    noise: float = bounded(0.3, least=0)
    entropy_weight: float = bounded(0.0, least=0)
    latent_dim: int = 64
    learning_rate: float = 5e-4
    average: float = 0.999
    alone_steps: int = 1000


QUICK = SGANSettings(data="mnist", epochs=4, batch_size=64, limit=40_000)
SMOKE = {"epochs": 1, "batch_size": 32, "limit": 320, "width": 8, "labels_per_class": 2, "alone_steps": 20}
CLASSIC = {"network": "classic", "latent_dim": 100, "learning_rate": 2e-4}
PRESETS = {
    "smoke": replace(QUICK, **SMOKE, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=10, limit=None),
    "book": replace(QUICK, **CLASSIC, epochs=20, batch_size=100, average=0.0, limit=None),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network or loss, only one class, or too few images to label.
    """
    require_choice("network", settings.network, ("dcgan", "classic"))
    require_choice("loss", settings.loss, G_LOSSES)
    require_classes(dataset)
    shape, classes = dataset.image_shape, dataset.num_classes
    if settings.network == "classic":
        classifier = classic.define_classifier(shape, classes)
        generator, rate = classic.define_generator(settings.latent_dim, shape), settings.learning_rate
    else:
        classifier = define_classifier(shape, classes, settings.width, settings.noise)
        generator, rate = define_generator(settings.latent_dim, shape, settings.width), falling_rate(settings, dataset)
    labelled = labelled_subset(dataset, settings.labels_per_class, settings.seed)
    discriminator = define_discriminator(classifier, rate, settings.entropy_weight)
    gan = define_gan(generator, classifier, settings.loss, rate)
    average, seed = settings.average, settings.seed
    return SGAN(generator, discriminator, gan, classifier, labelled, settings.loss, average, seed)


def falling_rate(settings, dataset):
    """The learning rate as a schedule: constant for the first half of the training, then linearly down to 0."""
    steps = settings.epochs * (dataset.train_size // settings.batch_size)
    return ConstantThenLinear(settings.learning_rate, steps)


def require_classes(dataset):
    """Raises BookError for a data set with one class only."""
    if dataset.num_classes < 2:
        raise BookError(f"'{dataset.name}' has only one class; put its images into one folder for each class")


# %%
def measure(run, dataset, images, labels, seed):
    """The chapter's own scores of a run: test accuracy, and that of the labels alone."""
    del images, labels
    settings, classifier = run.config.settings, run.load("classifier")
    labelled = labelled_subset(dataset, settings["labels_per_class"], run.seed)  # after a restart: of the new seed
    alone = trained_alone(classifier, *labelled, settings["alone_steps"], seed)
    test = dataset.test_images, dataset.test_labels
    scores = [
        Score("test_accuracy", "test accuracy", accuracy(classifier, *test), "{:.2f} %", 100),
        Score("alone_accuracy", "labels alone", accuracy(alone, *test), "{:.2f} %", 100),
    ]
    return scores, {"labelled_images": len(labelled[1])}


LESSON = Lesson(
    name="sgan",
    title="SGAN: a classifier from 100 labels (Salimans et al. 2016)",
    folder="ch09_sgan",
    presets=PRESETS,
    build=build,
    next_step="Next: classify a picture of yours with `gan-book predict sgan --run {run} my-digit.png`.",
    kept=("classifier",),
    measure=measure,
    prepare={"mnist": like_mnist},
    task=Generation(balanced=False),  # with a limit: choose the images without looking at their labels
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "samples.png")

# %% [markdown]
# In the next picture, $D$ is right about real and generated images in three of four cases, and after about 100 steps
# its losses are below $\log 2$: it is better than guessing, and not much better. The label loss is soon near 0.

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
