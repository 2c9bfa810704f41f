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
# # SGAN: a hundred labels are enough, almost
#
# Images are cheap and labels are dear. Of the 60,000 handwritten digits of MNIST we shall look at the labels of 100,
# ten of each digit. This chapter's classifier, trained on those alone, is wrong about one test image in seven. What
# could the other 59,900 images, without labels, teach it?
#
# Odena (2016, "Semi-Supervised Learning with Generative Adversarial Networks") and Salimans et al. (2016, "Improved
# Techniques for Training GANs") had the same idea: let the classifier be the discriminator of a GAN. To tell real
# digits from generated ones it has to find out what digits are; and that is most of what there is to know about them.
# Odena's classifier has one class more, "fake"; that of Salimans et al., which we follow, fixes the logit of that class
# at 0 and so does without its weights.
#
# In this chapter, for once, the *discriminator* is what we want, and the generator only its sparring partner.
#
# By the end of this chapter you will have trained one; measured it on the 10,000 test images beside the same network
# trained on the 100 labels alone; and seen what its sparring partner draws: hardly a digit, and always nearly the same.
# Be warned that in this chapter's short trainings most of the gain, 9 of 12 points, comes from an addition of ours:
# what two transformed views of an image must agree on. The chapter's README takes it apart.
#
# As a script: `gan-book train sgan` trains it, `gan-book evaluate sgan` measures the classifier that comes with the
# book, and `gan-book predict sgan my-digit.png` asks it about a picture of yours.

# %%
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from chapters.ch09_sgan.digits import like_mnist
from gan_book.adversarial import GAN, Composite
from gan_book.datasets.dataset import balanced_subset
from gan_book.errors import BookError, require_choice
from gan_book.layers import RandomAffine
from gan_book.metrics.score import Score
from gan_book.networks import to_float, to_image
from gan_book.sampling import Generator, Noise, predict_uint8
from gan_book.training.lesson import Lesson, Settings
from gan_book.training.task import Generation

# %% [markdown]
# ## One network, two answers
#
# A classifier of $K$ classes ends in $K$ logits $l_1, \dots, l_K$, and the softmax looks only at their differences: add
# 5 to all of them and no probability changes. So there is a number left over that the classifier does not use, their
# common level. SGAN uses it to say "real" (section 5 of Salimans et al.). Give the softmax one class more, "fake", as
# Odena does. Since only differences count, its logit may be fixed at 0, and $e^0 = 1$; the probability of *not* being
# fake is then
#
# $$ D(x) = \frac{Z(x)}{Z(x) + 1}, \qquad Z(x) = \sum_{k=1}^{K} e^{l_k(x)}. $$
#
# High logits: a real digit. Low logits all over: not like any digit at all, so fake. Since $Z / (Z + 1)$ is the
# logistic function of $\log Z$, the discriminator's *logit* is simply $\log Z$, the logsumexp of the $K$ logits. The
# supervised and the unsupervised discriminator share every weight.


# %%
def validity(logits):
    """The logit of D(x) = Z / (Z + 1): float ``[n, k]`` to ``[n, 1]``."""
    return ops.logsumexp(logits, axis=-1, keepdims=True)


# %% [markdown]
# ## The networks
#
# The networks are those of Salimans et al. for MNIST. The classifier has five dense layers (1000, 500, 250, 250 and 250
# units; ours half as many), with Gaussian noise on the pixels and, in theirs, after each layer. A network of this size
# learns 100 images by heart in no time; noise makes it learn the surroundings of each image, not only its pixels.
#
# Before all that we put one layer that theirs does not have: `RandomAffine` turns, shears, stretches and shifts each
# image a little, each time anew, and so tells the network something for which no label is needed: a slanted 7 is a 7.
# It is done to labelled, unlabelled and generated images alike, so it gives none of them away. And it is the better
# noise: with it, the noise after each layer (`noise`) can be left out.
#
# Batch normalization is not for this network: it would let labelled, unlabelled and generated images, which pass
# through it together, see each other. *Weight* normalization (`WeightNormDense`) keeps activations in bounds by looking
# at the weights alone. The length of each unit's weight vector and its bias begin such that 500 of the training images
# give mean 0 and variance 1 before the ReLU; from then on only the last layer learns its lengths.


# %%
@keras.saving.register_keras_serializable("gan_book")
class WeightNormDense(layers.Layer):
    """A dense layer whose weight vectors have a direction and a length: float ``[n, d]`` to ``[n, units]``.

    y = x^T (g V / ||V||) + b with ||V|| the length of each column of V; Salimans and Kingma (2016), "Weight
    Normalization", equation 2. Unlike batch normalization it looks at no other image of the batch.

    Args:
        units: length of the output.
        gain: g at the start; `fit_gains` finds a better one.
        learn_gain: whether g is trained.
    """

    def __init__(self, units, gain=1.0, learn_gain=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gain, self.learn_gain = units, gain, learn_gain

    def build(self, input_shape):
        # A length is a sum of many squares: in float32 whatever the precision.
        self.v = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(0.0, 0.1),
            autocast=False,
            name="v",
        )
        self.g = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.Constant(self.gain),
            trainable=self.learn_gain,
            autocast=False,
            name="g",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x):
        kernel = self.v * (self.g * ops.rsqrt(ops.sum(ops.square(self.v), axis=0) + 1e-12))
        return ops.matmul(x, ops.cast(kernel, self.compute_dtype)) + self.bias

    def fit(self, x):
        """Sets g and b so that the outputs for these inputs have mean 0 and variance 1."""
        self.g.assign(ops.ones(self.g.shape))
        self.bias.assign(ops.zeros(self.bias.shape))
        y = ops.cast(self(x), "float32")
        mean, deviation = ops.mean(y, axis=0), ops.std(y, axis=0) + 1e-6
        self.g.assign(1 / deviation)
        self.bias.assign(-mean / deviation)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "gain": self.gain, "learn_gain": self.learn_gain}


def fit_gains(network, x):
    """Fits every `WeightNormDense` of a network that is a chain of layers, the first first, to some of its inputs.

    Data-dependent initialization, Salimans and Kingma (2016), section 3. Noise is on, as in training.
    """
    for layer in network.layers[1:]:
        if isinstance(layer, WeightNormDense):
            layer.fit(x)
        x = layer(x, training=True)


# %%
def define_classifier(image_shape=(28, 28, 1), num_classes=10, width=500, augment=0.5, noise=0.0):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``[n, num_classes]``; its layer "features" is what G is to match.

    `augment` is the strength of `RandomAffine`, `noise` the standard deviation after each layer; 0 for none.
    """
    image = h = keras.Input(image_shape, name="image")
    h = RandomAffine(augment)(h) if augment else h
    h = layers.Flatten()(layers.Rescaling(0.5, 0.5, name="to_0_1")(h))
    h = layers.GaussianNoise(0.3)(h)
    for number, units in enumerate((width, width // 2, width // 4, width // 4, width // 4), start=1):
        h = WeightNormDense(units, learn_gain=False)(h)
        h = layers.ReLU(name="features" if number == 5 else f"relu_{number}")(h)
        h = layers.GaussianNoise(noise)(h) if noise else h
    logits = WeightNormDense(num_classes, dtype="float32", name="label")(h)
    return keras.Model(image, logits, name="classifier")


def define_generator(latent_dim=100, image_shape=(28, 28, 1), width=500):
    """Latent points ``[n, latent_dim]``, uniform in [0, 1], to images ``[n, h, w, c]`` in [-1, 1]."""
    z = h = keras.Input((latent_dim,), name="z")
    for _ in range(2):
        h = layers.Dense(width, use_bias=False)(h)
        h = layers.Activation("softplus")(layers.BatchNormalization(scale=False)(h))
    h = layers.Reshape(image_shape)(WeightNormDense(int(np.prod(image_shape)), gain=1.0)(h))
    h = layers.Activation("sigmoid", dtype="float32")(h)
    image = layers.Rescaling(2.0, -1.0, dtype="float32", name="image")(h)
    return Generator(z, image, takes=[Noise(0, 1)])


# %% [markdown]
# The generator's last layer is normalized too, as in the authors' program, and that matters: the failed run at the end
# of this chapter has an ordinary dense layer there.
#
# ## Three questions at a time
#
# The classifier learns from three kinds of image at once: labelled ones (which digit?), unlabelled ones (real!) and
# generated ones (fake!):
#
# $$ L = \underbrace{-\mathbb{E}\,\log p(y \mid x)}_{\text{labelled}}
#       + \tfrac12 \Big( \underbrace{-\mathbb{E}\,\log D(x)}_{\text{unlabelled}}
#       \underbrace{-\,\mathbb{E}\,\log (1 - D(G(z)))}_{\text{generated}} \Big). $$
#
# One optimizer takes one step for all three, with the halves that the authors' program has. (Many books give the
# supervised and the unsupervised discriminator an optimizer each, and let them take turns.) To save time, all images
# pass through the network as one batch, which is then cut apart; nothing in it looks across images.
#
# ## What can be said of a digit without its name
#
# One term is ours, not the paper's. Of an unlabelled image we cannot say which digit it is, but we can say this: turned
# and shifted a little, it is *the same* digit as before. So each unlabelled image $x$ passes twice, in two views
# $t_1 x$ and $t_2 x$ made by `RandomAffine`, and what the network says of the one view should tell the class of the
# other. As in chapter 7's bound, with $p(y \mid t_2 x)$ in the place of $Q$, the information that $t_2 x$ carries
# about the class of $t_1 x$ is at least
#
# $$ I_{\mathrm{views}} = \underbrace{H\big(\mathbb{E}_x\, p(y \mid t x)\big)}_{\text{all classes are used}}
#    - \underbrace{\mathbb{E}_x H\big(p(y \mid t_1 x),\, p(y \mid t_2 x)\big)}_{\text{both are surely the same}}
#    \;\le\; \ln K, $$
#
# with $H(p)$ the entropy and $H(p, q)$ the cross-entropy (of both orders the mean is taken), and $L$ becomes $L -
# \lambda I_{\mathrm{views}}$; `lambda_views=0` is the paper's loss. (Chapter 7's $I_{\mathrm{real}}$ is another
# estimate of such an information, between the two classes themselves; here it did a little worse. Krause et al. 2010
# and Hu et al. 2017, "IMSAT", train classifiers by such an information. That a class should not change with the view is
# what most later semi-supervised methods are built on: Sajjadi et al. 2016, Laine and Aila 2017; Wei et al. 2018,
# "CT-GAN", brought it to this GAN.)


# %%
def view_surprise(_, logits):
    """-I_views for two views of each image, the first of all, then the second: logits ``[2n, k]`` to ``[2n]``.

    In nats; an estimate from one batch, the same for each image of it. The first argument, a target, is not looked at.
    """
    n, logs = ops.shape(logits)[0] // 2, ops.log_softmax(logits)
    first, second = logs[:n], logs[n:]
    agreement = ops.mean(ops.sum(ops.exp(first) * second + ops.exp(second) * first, axis=-1)) / 2
    used = ops.mean(ops.softmax(logits), axis=0)
    entropy = -ops.sum(used * ops.log(used + 1e-8))
    return ops.zeros_like(logits[:, 0]) - entropy - agreement


adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)
which_class = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def define_discriminator(classifier, optimizer, lambda_views=0.0):
    """The player that learns: labelled, generated and unlabelled images to the answers about them.

    With `lambda_views` above 0 there are two answers about each unlabelled image, one for each view of it.
    """
    kinds = [keras.Input(classifier.input.shape[1:], name=name) for name in ("labelled", "generated", "unlabelled")]
    seen = [*kinds, kinds[2]] if lambda_views else kinds
    labelled, generated, *unlabelled = ops.split(classifier(ops.concatenate(seen, axis=0)), len(seen), axis=0)
    unlabelled = ops.concatenate(unlabelled, axis=0)
    answers = {"label": labelled, "real": validity(unlabelled), "fake": validity(generated), "views": unlabelled}
    losses = {"label": which_class, "real": adversarial_loss, "fake": adversarial_loss, "views": view_surprise}
    weights = {"label": 1.0, "real": 0.5, "fake": 0.5, "views": lambda_views}
    asked = [name for name in answers if weights[name]]
    discriminator = keras.Model(kinds, {name: answers[name] for name in asked}, name="discriminator")
    discriminator.compile(
        optimizer,
        {name: losses[name] for name in asked},
        loss_weights={name: weights[name] for name in asked},
        metrics={"label": keras.metrics.SparseCategoricalAccuracy(name="accuracy")},
    )
    return discriminator


# %% [markdown]
# ## What the generator is after
#
# It could try to fool the discriminator, as ever (`adversarial`). But the most convincing forger need not be the best
# sparring partner. **Feature matching** (section 3.1 of Salimans et al.) asks for less: the *mean* features $f$ of a
# batch of generated images should be those of a batch of real ones,
#
# $$ \tfrac1d \big\| \mathbb{E}_x f(x) - \mathbb{E}_z f(G(z)) \big\|^2, $$
#
# with $f$ the $d$ = 125 outputs of the classifier's last hidden layer (the factor is the authors' program's). Images
# that are right on average need not be right one by one: many lie between the digits. Those are just the ones a
# classifier should be unsure of, and calling them fake pushes the borders between digits into the empty space where
# they belong. (Dai et al. 2017 made that argument, and put the conclusion in their title: "Good Semi-supervised
# Learning That Requires a Bad GAN". But it should be bad *everywhere between* the digits; they add a term that keeps
# its images varied. Ours, after six epochs, are nearly all one shape, a recall of 0.00: bad, but not in that way.)
#
# And how much of what the classifier learns is the sparring partner's merit? For that there is the control `untrained`:
# a generator that never learns, and whose blots anyone can tell from digits. (The chapter's README has the answer for
# short trainings: beside the views nothing, without them some points.)


# %%
@keras.saving.register_keras_serializable("gan_book")
def feature_matching(y_true, y_pred):
    """Squared distance of the mean features of a batch of real and of generated images, per feature.

    || E f(x) - E f(G(z)) ||^2 / d for features ``[n, d]``; Salimans et al. (2016), "Improved Techniques for Training
    GANs", section 3.1.
    """
    y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
    return ops.mean(ops.square(ops.mean(y_true, axis=0) - ops.mean(y_pred, axis=0)))


def define_gan(generator, classifier, optimizer, loss="feature_matching"):
    """The composite: latent points to the classifier's features, or to D's logit, of the image drawn from them."""
    if loss == "adversarial":
        gan = Composite(generator.inputs, validity(classifier(generator.output)), frozen=[classifier], name="gan")
        gan.compile(optimizer, adversarial_loss)
        return gan
    features = define_features(classifier)
    gan = Composite(generator.inputs, features(generator.output), frozen=[features], name="gan")
    gan.compile(optimizer, feature_matching)
    return gan


def define_features(classifier):
    """The classifier up to its layer "features": images to ``[n, d]``."""
    return keras.Model(classifier.input, classifier.get_layer("features").output, name="features")


# %% [markdown]
# ## The turns
#
# The labels that come with a batch are thrown away. The only labels in this model are those of the few images it was
# given when it was built.


# %%
class SGAN(GAN):
    """G, the classifier, and the images whose labels it may see.

    Attributes:
        student: the classifier that learns.
        classifier: the one to ask: the moving average of the student, if `average` is above 0.
        goal: the generator's loss, one of `LOSSES`.
    """

    verdicts = ("real", "fake")

    def __init__(self, student, generator, discriminator, gan, labelled, loss, average=0.0, seed=0):
        super().__init__(generator, discriminator, gan, average, seed)
        self.student, self.classifier = student, self.track_average(student, average)
        self.labelled_images, self.known_labels = labelled
        self.goal, self.features = loss, define_features(student)

    def turns(self, images, labels):
        del labels
        n, x = ops.shape(images)[0], to_float(images)
        x_labelled, y = self.labelled(n)
        x_fake = self.generator(self.latent_points(n), training=True)
        asked = self.discriminator.output
        seen = 2 * n if "views" in asked else n
        answers = {"label": y, "real": ops.ones((seen, 1)), "fake": ops.zeros((n, 1)), "views": ops.zeros(seen)}
        # max log p(y|x) + (log D(x) + log(1 - D(G(z)))) / 2 + lambda I_views
        yield "d", self.discriminator, [x_labelled, x_fake, x], {name: answers[name] for name in asked}
        if self.goal == "feature_matching":
            yield "g", self.gan, self.latent_points(n), self.features(x, training=True)  # min |E f(x) - E f(G(z))|^2
        elif self.goal == "adversarial":
            yield "g", self.gan, self.latent_points(n), ops.ones((n, 1))  # max log D(G(z))

    def labelled(self, n):
        """`n` of the labelled images, drawn anew, and their labels."""
        chosen = keras.random.randint((n,), 0, len(self.known_labels), seed=self.rng)
        return to_float(ops.take(self.labelled_images, chosen, axis=0)), ops.take(self.known_labels, chosen)


# %% [markdown]
# ## The book's network
#
# The best-known SGAN for Keras has convolutions in both networks, no noise and no normalization, a classifier with
# dropout, the adversarial loss and a constant learning rate. It is here as the preset `book`, but for what this
# chapter does for all: one step for three kinds of image, each a full batch. Its author reports 95.9 % with 100 labels
# for the best of its 20 epochs by training labels, and about 92 % for the last ones; here the last one is kept.


# %%
def define_book_classifier(image_shape=(28, 28, 1), num_classes=10):
    """As `define_classifier`: three convolutions of 128 filters."""
    image = keras.Input(image_shape, name="image")
    h = image
    for _ in range(3):
        h = layers.LeakyReLU(0.2)(layers.Conv2D(128, 3, strides=2, padding="same")(h))
    h = layers.Dropout(0.4)(layers.Flatten(name="features")(h))
    return keras.Model(image, layers.Dense(num_classes, dtype="float32", name="label")(h), name="classifier")


def define_book_generator(latent_dim=100, image_shape=(28, 28, 1)):
    """As `define_generator`: two transposed convolutions of 128 filters."""
    height, width = -(-image_shape[0] // 4), -(-image_shape[1] // 4)
    z = keras.Input((latent_dim,), name="z")
    h = layers.LeakyReLU(0.2)(layers.Dense(height * width * 128)(z))
    h = layers.Reshape((height, width, 128))(h)
    for _ in range(2):
        h = layers.LeakyReLU(0.2)(layers.Conv2DTranspose(128, 4, strides=2, padding="same")(h))
    h = layers.Conv2D(image_shape[-1], 7, padding="same")(h)
    return Generator(z, to_image(h, image_shape), takes=[Noise()])


# %% [markdown]
# ## Settings
#
# The noise on the pixels, the first learning rate, Adam's large epsilon (a tiny gradient makes a tiny step) and a
# moving average of the classifier are those of Salimans et al. We have minutes where they had 300 epochs, so here the
# rate falls to 0 along half a cosine, and the average is over about the last thousand steps instead of ten thousand.


# %%
def labelled_subset(dataset, per_class, seed):
    """The images whose labels may be seen, and those labels: so many of each class, drawn by seed.

    Raises:
        BookError: a class has fewer.
    """
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    if counts.min() < per_class:
        name = dataset.class_names[counts.argmin()]
        advice = f"set labels_per_class to {counts.min()} or less"
        raise BookError(f"class '{name}' has {counts.min()} training images, not {per_class}; {advice}")
    rows = balanced_subset(dataset.labels, per_class * dataset.num_classes, seed)
    return dataset.images[rows], dataset.labels[rows]


@dataclass(frozen=True)
class SGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        network: "mlp" or "book".
        loss: the generator's, one of `LOSSES`.
        labels_per_class: images of each class whose label may be seen.
        width: units of the classifier's first layer; the paper has 1000.
        augment: strength of the transformations of every image, 0 for none.
        noise: standard deviation of the noise after each layer; the paper has 0.5.
        lambda_views: weight of I_views.
        latent_dim: of the generator.
        learning_rate: Adam's.
        average: momentum of the classifier's moving average, 0 for none.
        alone_steps: steps of the classifier that learns from the labelled images only.
    """

    network: str = "mlp"
    loss: str = "feature_matching"
    labels_per_class: int = 10
    width: int = 500
    augment: float = 0.5
    noise: float = 0.0
    lambda_views: float = 1.0
    latent_dim: int = 100
    learning_rate: float = 3e-3
    average: float = 0.999
    alone_steps: int = 1000


# float32, because layers this small gain nothing from a shorter format, and converting costs time.
QUICK = SGANSettings(data="mnist", epochs=6, batch_size=100, precision="float32")
PRESETS = {
    "smoke": replace(
        QUICK, epochs=2, batch_size=20, limit=200, width=32, measure_samples=500, labels_per_class=2, alone_steps=20
    ),
    "quick": QUICK,
    "full": replace(QUICK, epochs=25),
    "book": replace(
        QUICK,
        epochs=20,
        precision="auto",
        network="book",
        loss="adversarial",
        lambda_views=0.0,
        learning_rate=2e-4,
        average=0.0,
    ),
}
LOSSES = ("feature_matching", "adversarial", "untrained")


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network or loss, a width or noise that makes no sense, images of one kind only, or fewer of
            a kind than are to be labelled.
    """
    shape, classes = dataset.image_shape, dataset.num_classes
    require_choice("loss", settings.loss, LOSSES)
    require_choice("network", settings.network, ("mlp", "book"))
    if settings.width < 4 or settings.noise > 1:
        raise BookError(f"set width to 4 or more and noise from 0 to 1, not {settings.width} and {settings.noise:g}")
    if classes < 2:
        raise BookError(f"'{settings.data}' has no classes to tell apart; put its images into a folder for each class")
    if settings.network == "book":
        student = define_book_classifier(shape, classes)
        generator = define_book_generator(settings.latent_dim, shape)
    else:
        student = define_classifier(shape, classes, settings.width, settings.augment, settings.noise)
        generator = define_generator(settings.latent_dim, shape)
        some = np.random.default_rng(settings.seed).permutation(len(dataset.images))[:500]
        fit_gains(student, ops.convert_to_numpy(to_float(dataset.images[some])))
    labelled = labelled_subset(dataset, settings.labels_per_class, settings.seed)
    discriminator = define_discriminator(student, optimizer(settings, dataset), settings.lambda_views)
    gan = define_gan(generator, student, optimizer(settings, dataset), settings.loss)
    return SGAN(student, generator, discriminator, gan, labelled, settings.loss, settings.average, settings.seed)


def optimizer(settings, dataset):
    """Adam: for the book's network at a constant rate, for the paper's along a cosine to 0 at the end of the training.

    The authors' epsilon, 1e-8, stands inside the square root; outside, as in Keras, that is 1e-4.
    """
    if settings.network == "book":
        return keras.optimizers.Adam(settings.learning_rate, beta_1=0.5)
    steps = settings.epochs * (len(dataset.images) // settings.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return keras.optimizers.Adam(rate, beta_1=0.5, epsilon=1e-4)


# %% [markdown]
# ## What is measured
#
# The share of the 10,000 test images that the classifier names right. But for one choice (see the README) no test image
# was used to choose anything: trials
# for this chapter trained on the first 55,000 training images and were scored on the other 5,000. (Those 5,000 labels
# were a help that nobody has who owns 100. Oliver et al. 2018, "Realistic Evaluation of Deep Semi-Supervised Learning
# Algorithms", show how much such help can flatter.)
#
# Beside it, the same network trained on the same labelled images and nothing else, without having been tuned. And
# for the generator what every chapter measures.


# %%
def accuracy(classifier, images, labels):
    """Share of the images, uint8 ``[n, h, w, c]``, whose largest logit is at the label."""
    return float(np.mean(predict_uint8(classifier, images).argmax(axis=1) == labels))


def trained_alone(classifier, images, labels, steps, seed):
    """A new classifier of the same kind that sees nothing but these images and labels, for so many steps."""
    keras.utils.set_random_seed(seed)
    alone = keras.models.clone_model(classifier)
    images = ops.convert_to_numpy(to_float(images))
    fit_gains(alone, images)
    alone.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps)), which_class)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.integers(0, len(labels), 100)
        alone.train_on_batch(images[chosen], labels[chosen])
    return alone


def measure(run, dataset, images, asked, seed):
    """The chapter's own scores of a run; the generator's `images` are measured as in every chapter."""
    del images, asked
    settings, classifier = LESSON.settings_of(run), run.load("classifier")
    labelled = labelled_subset(dataset, settings.labels_per_class, run.seed)  # after a restart those of the new seed
    alone = trained_alone(classifier, *labelled, settings.alone_steps, seed)
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
    next_step="Next: ask it about a picture of yours with `gan-book predict sgan --run {run} my-digit.png`.",
    kept=("classifier",),
    measure=measure,
    prepare={"mnist": like_mnist},
    task=Generation(balanced=False),  # a limit that made classes equal would have looked at all labels
)


# %% [markdown]
# ## Training

# %% tags=["active-ipynb"]
# from PIL import Image
# from scipy.special import softmax
#
# from gan_book.plotting import image_grid
# from gan_book.training.report import headline
# from gan_book.sampling import draw
# from gan_book.training.train import train
#
# PRESET = "quick"
# settings = LESSON.settings(PRESET)
# run = train(LESSON, settings, PRESET)

# %% tags=["active-ipynb"]
# print("\n".join(headline(run.report)))

# %% [markdown]
# The hundred labelled images, and the generator's images after a few minutes. (Ten rows, no order: this generator
# cannot be asked for a class.)

# %% tags=["active-ipynb"]
# data = LESSON.task.load(settings)
# known, _ = labelled_subset(data, settings.labels_per_class, settings.seed)
# Image.fromarray(image_grid(known[: 10 * settings.labels_per_class], 10, settings.labels_per_class)[..., 0])

# %% tags=["active-ipynb"]
# Image.open(run.folder / "samples.png")

# %% [markdown]
# `d_loss` is negative because it contains $-I_{\mathrm{views}}$, which can fall to $-\ln 10 = -2.30$. `g_loss` *rises*:
# the classifier's features grow and change faster than the generator can follow, so feature matching never comes near
# its goal here. Watch `d_label_loss`: the hundred labels are learned in the first two epochs. All that is learned from
# then on is learned from images without a label, and it goes on for long: compare the test accuracy of `quick` and
# `full` in `results/ch09_sgan.json`.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "losses.png")

# %% [markdown]
# ## Where it errs
#
# Forty test images that it gets wrong; above them what it takes them for, and what they are.

# %% tags=["active-ipynb"]
# classifier = run.load("classifier")
# taken_for = predict_uint8(classifier, data.test_images).argmax(axis=1)
# wrong = np.flatnonzero(taken_for != data.test_labels)[:40].reshape(4, 10)
# print(taken_for[wrong], data.test_labels[wrong], sep="\n\n")
# Image.fromarray(image_grid(data.test_images[wrong.ravel()], *wrong.shape)[..., 0])

# %% [markdown]
# ## What the sparring partner draws
#
# Of 2,000 generated images, in the upper two rows those the classifier is surest of, in the lower two those it is least
# sure of. The lower ones are like no digit, or like two. By the argument above the borders would be learned on these;
# here they were not, for with a generator that never learns the classifier is as good (97.5 %, `untrained`).

# %% tags=["active-ipynb"]
# drawn = draw(run.load("generator"), np.zeros(2000, int), seed=3)
# order = np.argsort(softmax(predict_uint8(classifier, drawn), axis=1).max(axis=1))
# Image.fromarray(image_grid(drawn[np.concatenate([order[::-1][:20], order[:20]])], 4, 10)[..., 0])

# %% [markdown]
# ## The better forger is the worse partner?
#
# The same with the loss of an ordinary GAN: the generator tries to be taken for real, image by image. To the eye its
# digits are the better ones, one by one. But count the 9s and 3s among them: nothing else is drawn. That is mode
# collapse, as bad as that of `quick` (a recall of 0.00 in both), so its Fréchet distance is no better. As a partner?
# After six epochs both have a test accuracy of 97.6 %, but that says nothing of partners: the views have taken their
# work away, and one that never learns does as well (97.5 %). So take the views away (`--set lambda_views=0`): now the
# partner that matches features leads to 91.6 %, the forger to 90.0 %, and one that never learns to 88.6 % (means of
# three draws of labels; in each draw in this order; `no-views`, `adversarial-no-views` and `neither` in the README).
# The better forger *is* the worse partner. Salimans et al. report the like of minibatch discrimination, their other
# proposal: it draws better images, and for the classifier does not work.

# %% tags=["active-ipynb"]
# forger = train(LESSON, replace(settings, loss="adversarial"), "adversarial")
# Image.open(forger.folder / "samples.png")

# %% [markdown]
# ## A failed run, on purpose
#
# The generator with an ordinary dense layer at its end, and one epoch instead of six. Each of its 500 inputs is
# positive, and Adam moves all 500 weights of a pixel the same way at once, so the first steps drive pixels to black or
# white whatever the latent point. The discriminator tells such images apart without effort, its features of them grow,
# and with them the distance that the generator is to close: compare the mean `g` with that of the first epoch above.
# (That `precision` is 1.000 is no comfort: there is one image, and it lies near enough to some odd real digit. Never
# read precision without recall and diversity.)

# %% tags=["active-ipynb"]
# def careless(settings, dataset):
#     model = build(settings, dataset)
#     sound = model.generator
#     dense = next(i for i, layer in enumerate(sound.layers) if isinstance(layer, WeightNormDense))
#     h = layers.Dense(sound.layers[dense].units)(sound.layers[dense - 1].output)
#     for layer in sound.layers[dense + 1 :]:
#         h = layer(h)
#     generator = Generator(sound.input, h, takes=sound.takes)
#     gan = define_gan(generator, model.student, optimizer(settings, dataset))
#     labelled = model.labelled_images, model.known_labels
#     player = model.discriminator
#     return SGAN(model.student, generator, player, gan, labelled, "feature_matching", settings.average, settings.seed)
#
#
# failed = train(replace(LESSON, build=careless), replace(settings, epochs=1), "failed")
# Image.open(failed.folder / "samples.png")

# %% [markdown]
# ## Exercises
#
# 1. *A level for nothing.* Add 5 to all ten logits. What happens to the class probabilities, and what to the logit of
#    $D$? (Answer: nothing; it rises by 5.)
# 2. *Where it starts.* All ten logits are 0. What is $D(x)$? (Answer: $Z$ = 10, so 10/11 = 0.91: a classifier that
#    knows nothing calls everything real.)
# 3. *Count.* How many weights does the classifier have at `width=500`, and at the paper's 1000? How many of them are
#    for telling real from fake only? (Answer: 583,020 and 1,541,020, lengths included; none.)
# 4. *Fewer labels.* Train with `--set labels_per_class=2`. By how much do the test accuracy and that of the labels
#    alone fall? (The row `labels-20` of the README's table has the means of three draws.)
# 5. *Noise.* Train with `--set noise=0.5`, the paper's noise after each layer. What becomes of `d_label_loss`, of the
#    test accuracy and of the generator's pictures? (What to expect: the labels are learned more slowly, the accuracy
#    changes little, as in our held-out trials, and the digits have fewer dots.)
# 6. *Yours.* Draw a digit in the middle of a square picture, save it, and ask: `gan-book predict sgan my-digit.png`. Is
#    it easier to deceive than you are? Now show it a letter, or a cat. It has no answer for those, and its percentages
#    are no odds to bet on. Would $D(x)$ have told? Look: `validity(predict_uint8(run.load("classifier"), images))` is
#    its logit for uint8 `images` ``[n, 28, 28, 1]``. (What to expect: hardly, as $D$ has only learned to reject what
#    its own generator draws.)


# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
