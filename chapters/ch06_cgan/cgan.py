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
# # The conditional GAN
#
# A GAN draws *something* from what it has learned. A **conditional** GAN draws what you ask for: a sneaker, a coat, a
# bag. Mirza and Osindero showed in 2014 that very little is needed for it: tell both networks the label.
#
# By the end of this chapter you will have trained one on the garments of Fashion-MNIST, in minutes on a laptop;
# measured how often it draws what it was asked for; walked from a sneaker to a boot; and broken it on purpose.
#
# As a script: `gan-book train cgan` trains it, `gan-book generate cgan --label sneaker` draws with the generator that
# comes with the book.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from gan_book.adversarial import GAN, Composite
from gan_book.errors import require_choice
from gan_book.layers import RandomAffine
from gan_book.networks import dcgan_features, dcgan_image, normal, to_float, to_image
from gan_book.sampling import Generator, Label, Noise
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## The game
#
# A generator $G$ turns a latent point $z$ and a label $y$ into an image; a discriminator $D$ looks at an image and a
# label and says how likely it thinks that the image is real *and of that label*. They play (Mirza and Osindero 2014,
# equation 2, with the label of the second $D$ written out)
#
# $$\min_G \max_D \; \mathbb{E}_{x}[\log D(x \mid y)] + \mathbb{E}_{z}[\log(1 - D(G(z \mid y) \mid y))].$$
#
# An image of a coat labelled "sneaker" is a fake, however real it looks. That is the whole trick: if $D$ checks the
# label, $G$ must obey it. (Nobody shows $D$ a real coat with a wrong label. It learns that coats do not go with
# "sneaker" because $G$ draws such pairs and the data have none.)
#
# In code, $-\log D$ and $-\log(1 - D)$ are both the binary cross-entropy, with the target 1 for "real" and 0 for
# "fake". Our discriminators answer with a *logit* $l$, where $D = 1/(1 + e^{-l})$, so that the loss can be computed
# without rounding $D$ to 0 or 1:

# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
REAL_ABOVE = 0.0  # an answer of D above this counts as "real"; for least squares (targets 0 and 1) it is 0.5


# %% [markdown]
# The generator's part of the game, $\min \log(1 - D(G(z)))$, has a flaw that the first GAN paper already names
# (Goodfellow et al. 2014, section 3): when $D$ is sure of itself, and in the beginning it is, the curve is flat and
# $G$ learns nothing. So $G$ maximises $\log D(G(z))$ instead. Same fixed point, strong gradient; in code, the same
# loss with the target turned from 0 to 1.
#
# ## Telling the networks the label, first way: as a channel
#
# The way many books take. An embedding makes a vector of the label, a dense layer stretches it into a picture, and
# that picture is laid over the image as one more channel. This is the classic network, with its classic numbers:
# embedding 50, 128 filters everywhere, dropout 0.4, Adam with learning rate 0.0002 and $\beta_1$ = 0.5 (the DCGAN's;
# Radford et al. 2015, section 4).


# %%
def label_channel(label, num_classes, height, width):
    """The label, int ``[n]``, as a picture of its own: float ``[n, height, width, 1]``."""
    embedded = layers.Embedding(num_classes, 50, name="label_embedding")(label)
    return layers.Reshape((height, width, 1))(layers.Dense(height * width)(embedded))


def define_book_discriminator(image_shape=(28, 28, 1), num_classes=10, learning_rate=2e-4):
    """Images ``[n, h, w, c]`` in [-1, 1] and labels ``[n]`` to logits ``[n, 1]``; the label comes as a channel."""
    image = keras.Input(image_shape, name="image")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([image, label_channel(label, num_classes, *image_shape[:2])])
    for _ in range(2):
        h = layers.Conv2D(128, 3, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Dropout(0.4)(layers.Flatten()(h))
    logit = layers.Dense(1, dtype="float32", name="logit")(h)
    return compile_discriminator(keras.Model([image, label], logit, name="discriminator"), learning_rate)


def define_book_generator(latent_dim=100, image_shape=(28, 28, 1), num_classes=10):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    height, width = -(-image_shape[0] // 4), -(-image_shape[1] // 4)
    z = keras.Input((latent_dim,), name="z")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.LeakyReLU(0.2)(layers.Dense(height * width * 128)(z))
    h = layers.Reshape((height, width, 128))(h)
    h = layers.Concatenate()([h, label_channel(label, num_classes, height, width)])
    for _ in range(2):
        h = layers.Conv2DTranspose(128, 4, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Conv2D(image_shape[-1], 7, padding="same")(h)
    return Generator([z, label], to_image(h, image_shape), takes=[Noise(), Label(num_classes)])


def compile_discriminator(discriminator, learning_rate):
    """Gives D its optimizer, its loss, and its accuracy as a metric."""
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=REAL_ABOVE)
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    discriminator.compile(optimizer, adversarial_loss, metrics=[accuracy])
    return discriminator


# %% [markdown]
# ## Telling the networks the label, second way: by projection
#
# A channel that is the same for every image of a class is a roundabout way to say "sneaker" to a convolution. Miyato
# and Koyama (2018, "cGANs with Projection Discriminator", section 3) asked what the best discriminator looks like if,
# for real and for drawn images, the class given the image is what a softmax classifier on features $\phi(x)$ says, and
# found a sum of two terms,
#
# $$ l(x, y) = \psi(\phi(x)) + v_y \cdot \phi(x) : $$
#
# is it a good image, and does it point in the direction of its label? Here $\phi$ is the stack of convolutions, $\psi$
# a dense layer and $v_y$ an embedding. The convolutions of both networks are those of the DCGAN (Radford et al. 2015):
# `width` filters (the generator at full size, the discriminator at half) and twice as many each time the side is
# halved, batch normalization, initial weights N(0, 0.02). Other chapters use them too, so they stand in
# `gan_book/networks.py`.


# %%
def define_discriminator(image_shape=(28, 28, 1), num_classes=10, width=32, learning_rate=2e-4, augment=0.0):
    """Images ``[n, h, w, c]`` in [-1, 1] and labels ``[n]`` to logits ``[n, 1]``; with no classes, images alone.

    With `augment` above 0, D sees each image turned, sheared and shifted at random: for small sets (chapter 7).
    """
    image = keras.Input(image_shape, name="image")
    phi = dcgan_features(RandomAffine(augment)(image) if augment else image, width)
    logit = layers.Dense(1, dtype="float32", name="psi")(phi)
    if not num_classes:
        return compile_discriminator(keras.Model(image, logit, name="discriminator"), learning_rate)
    label = keras.Input((), dtype="int32", name="label")
    v = layers.Embedding(num_classes, phi.shape[-1], embeddings_initializer=normal(), name="v")(label)
    logit = layers.Add(dtype="float32", name="logit")([logit, layers.Dot(1, dtype="float32")([v, phi])])
    return compile_discriminator(keras.Model([image, label], logit, name="discriminator"), learning_rate)


def define_generator(latent_dim=64, image_shape=(28, 28, 1), num_classes=10, width=32):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]``; with no classes, z alone."""
    z = keras.Input((latent_dim,), name="z")
    if not num_classes:
        return Generator(z, dcgan_image(z, image_shape, width), takes=[Noise()])
    label = keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([z, layers.Embedding(num_classes, 32, name="label_embedding")(label)])
    return Generator([z, label], dcgan_image(h, image_shape, width), takes=[Noise(), Label(num_classes)])


# %% [markdown]
# ## Why the composite is frozen
#
# The generator has no loss of its own. What it is told is how the discriminator's verdict would change if its image
# changed: the gradient flows *through* $D$ into $G$. So we chain the two into one model, the **composite**, and train
# it to make $D$ say "real", with $D$ held still: otherwise $D$ would simply learn to say "real" to everything.
#
# For years, code for this read `discriminator.trainable = False` before compiling the composite. **On Keras 3 the
# discriminator then never learns**, and a warning that is easily overlooked is all that tells. Keras 2 looked at the
# flag in `compile()`; Keras 3 looks when it *traces* a model's step, that is, runs its Python once to make a graph of
# it. That is at the first batch, later than `compile()`, when the flag is False for the discriminator's own step too.
# (Run it: the cell "The old way, live" below.) `Composite` states the intention instead: the weights of `frozen` are
# not among those it trains, and the discriminator itself knows nothing of it.


# %%
def define_gan(generator, discriminator, learning_rate=2e-4, loss=None):
    """The composite: latent points (and labels) to the discriminator's logit of the image drawn from them."""
    image = generator.output
    answer = discriminator([image, *generator.inputs[1:]] if len(generator.inputs) > 1 else image)
    gan = Composite(generator.inputs, answer, frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), loss or adversarial_loss)
    return gan


# %% [markdown]
# ### The old way, live
#
# Compile the discriminator, freeze it, compile the composite, train the discriminator: the order of every Keras 2
# listing. Then count the discriminator's weights that moved.

# %% tags=["active-ipynb"]
# import warnings
#
# import numpy as np
#
#
# def weights_that_moved(model, step):
#     before = model.get_weights()
#     with warnings.catch_warnings(record=True) as said:
#         warnings.simplefilter("always")
#         step()
#     moved = sum(not np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
#     warned = [str(w.message) for w in said if "trainable" in str(w.message)]
#     return f"{moved} of {len(before)} weights moved. " + " ".join(warned)
#
#
# noise, some_labels = np.random.normal(size=(32, 28, 28, 1)), np.arange(32) % 10
#
# old_discriminator, old_generator = define_book_discriminator(), define_book_generator()  # the first is compiled
# old_discriminator.trainable = False  # "freeze it in the composite", the books said
# old_gan = keras.Model(old_generator.inputs, old_discriminator([old_generator.output, old_generator.inputs[1]]))
# old_gan.compile("adam", adversarial_loss)
# step = lambda: old_discriminator.train_on_batch([noise, some_labels], np.ones((32, 1)))
# weights_that_moved(old_discriminator, step)

# %% [markdown]
# Nothing moved. Now with `Composite`, which is trained first here, to make it as hard as can be. Its step must move the
# generator and leave the discriminator; the discriminator's own must move it:

# %% tags=["active-ipynb"]
# discriminator, generator = define_book_discriminator(), define_book_generator()
# gan = define_gan(generator, discriminator)
# z, ones = np.random.normal(size=(32, 100)), np.ones((32, 1))
#
# composite_step = lambda: gan.train_on_batch([z, some_labels], ones)
# own_step = lambda: discriminator.train_on_batch([noise, some_labels], ones)
# print("composite's step:     generator:    ", weights_that_moved(generator, composite_step))
# print("                      discriminator:", weights_that_moved(discriminator, composite_step))
# print("discriminator's step: discriminator:", weights_that_moved(discriminator, own_step))

# %% [markdown]
# ## The turns
#
# A step is three turns: $D$ learns that the batch is real, $D$ learns that $G$'s answer to the same labels is fake,
# and $G$ learns, through the composite, to make $D$ say "real". What stands after a `yield` runs when that turn has
# been played. `AdversarialModel` (read it: `gan_book/adversarial.py`, ten minutes) makes one compiled graph of the
# three, and `fit` does the rest.


# %%
class ConditionalGAN(GAN):
    """G and D with labels; `gan`, their composite, is made if it is not given."""

    def __init__(self, generator, discriminator, gan=None, average=0.0, seed=0):
        super().__init__(generator, discriminator, gan or define_gan(generator, discriminator), average, seed)

    def turns(self, images, labels):
        n = ops.shape(images)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        z = self.latent_points(n)
        x = to_float(images)  # uint8 to [-1, 1]
        x_fake = self.generator(self.inputs_for(z, labels), training=True)
        yield "d_real", self.discriminator, self.inputs_for(x, labels), real  # max log D(x|y)
        yield "d_fake", self.discriminator, self.inputs_for(x_fake, labels), fake  # max log(1 - D(G(z|y)|y))
        z = self.latent_points(n)
        yield "g", self.gan, self.inputs_for(z, labels), real  # max log D(G(z|y)|y)

    def inputs_for(self, first, labels):
        """What a network is given: with the labels, or alone where the GAN is unconditional."""
        return [first, labels] if len(self.generator.inputs) > 1 else first


# %% [markdown]
# ## Settings
#
# `book` is the classic configuration, as printed in many books. `quick` and `full` use the projection networks and draw
# with the moving average of the generator's weights (Yazici et al. 2019), which costs little and draws better than the
# last weights: the row `last-weights` in the chapter's README has the difference.


# %%
@dataclass(frozen=True)
class CGANSettings(Settings):
    """`network`: "channel" (the classic one), "projection" or "unconditional"; the rest are its numbers."""

    network: str = "projection"
    width: int = 32
    latent_dim: int = 64
    learning_rate: float = 2e-4
    generator_learning_rate: float = 2e-4
    average: float = 0.999
    augment: float = 0.0


QUICK = CGANSettings(data="fashion_mnist", epochs=2, batch_size=64, limit=48_000)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=7, limit=None),
    "book": replace(QUICK, network="channel", latent_dim=100, epochs=100, batch_size=128, average=0.0, limit=None),
}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network.
    """
    shape, classes = dataset.image_shape, dataset.num_classes
    require_choice("network", settings.network, ("channel", "projection", "unconditional"))
    if settings.network == "channel":
        discriminator = define_book_discriminator(shape, classes, settings.learning_rate)
        generator = define_book_generator(settings.latent_dim, shape, classes)
    else:
        classes = 0 if settings.network == "unconditional" else classes
        numbers = settings.width, settings.learning_rate, settings.augment
        discriminator = define_discriminator(shape, classes, *numbers)
        generator = define_generator(settings.latent_dim, shape, classes, settings.width)
    gan = define_gan(generator, discriminator, settings.generator_learning_rate)
    return ConditionalGAN(generator, discriminator, gan, settings.average, settings.seed)


LESSON = Lesson(
    name="cgan",
    title="The conditional GAN (Mirza and Osindero 2014)",
    folder="ch06_cgan",
    presets=PRESETS,
    build=build,
    next_step="Next: draw what you like with `gan-book generate cgan --run {run} --label {label} --out drawn.png`.",
)


# %% [markdown]
# ## Training
#
# `train` loads the images, builds the model, calls `fit` with the callbacks every chapter shares (progress, log,
# samples, health monitor, checkpoints), and measures what came out. `quick` takes about three minutes on
# two cores.

# %% tags=["active-ipynb"]
# from PIL import Image
#
# from gan_book.training.train import train
#
# PRESET = "quick"
# settings = LESSON.settings(PRESET)
# run = train(LESSON, settings, PRESET)

# %% [markdown]
# Ten rows for ten classes, asked for by label:

# %% tags=["active-ipynb"]
# Image.open(run.folder / "samples.png")

# %% [markdown]
# What do healthy losses look like? Neither falls to zero. The discriminator's two losses start low, for the first
# images are easy to tell, and rise towards $\log 2 = 0.69$, where it would be guessing; the generator's falls from
# above. (The seven epochs of `full` end near 0.54 and 1.5.) The discriminator stays a little ahead, which is what gives
# the generator something to learn. A GAN's loss does not tell how good the pictures are; that has to be measured.

# %% tags=["active-ipynb"]
# Image.open(run.folder / "losses.png")

# %% [markdown]
# ## Drawing what you ask for
#
# The generator is an ordinary Keras model; `draw` gives it latent points and labels and makes pixels of its answer.
# Here the *same* eight latent points are drawn as three classes. The label decides what it is, the latent point how:
# dark or light, plain or printed, narrow or wide.

# %% tags=["active-ipynb"]
# from gan_book.datasets import find_label, load
# from gan_book.plotting import image_grid
# from gan_book.sampling import arc, between_classes, draw, latent_points
#
# data = load(settings.data, limit=settings.limit)
# generator = run.load("generator")
# z = latent_points(generator, 8, seed=3)
# asked = [find_label(name, data.class_names) for name in ("t-shirt", "coat", "bag")]
# rows = [draw(generator, [label] * 8, z=z) for label in asked]
# Image.fromarray(image_grid(np.concatenate(rows), 3, 8)[..., 0])

# %% [markdown]
# ## Walking
#
# From one latent point to another, the class held: every step is a possible coat. The walk follows the sphere, not the
# straight line, because the middle of a line between two Gaussian points lies nearer to the origin than nearly all of
# the points the generator has seen (White 2016).

# %% tags=["active-ipynb"]
# coat = find_label("coat", data.class_names)
# path = arc(z[0], z[1], 10)
# Image.fromarray(image_grid(draw(generator, [coat] * 10, z=path), 1, 10)[..., 0])

# %% [markdown]
# From one class to another, the latent point held. Labels are whole numbers, but what the network sees of them is an
# embedding, and embeddings can be mixed: $e(t) = (1 - t)\, e_{\mathrm{sneaker}} + t\, e_{\mathrm{boot}}$. On the
# command line: `gan-book interpolate cgan --from sneaker --to boot --out walk.gif`.

# %% tags=["active-ipynb"]
# sneaker, boot = (find_label(name, data.class_names) for name in ("sneaker", "boot"))
# Image.fromarray(image_grid(between_classes(generator, z[2], sneaker, boot, 10), 1, 10)[..., 0])

# %% [markdown]
# ## Arithmetic with latent points
#
# Radford et al. (2015, section 6.3.2) averaged the latent points of "smiling woman", took away those of "woman", added
# them to "man", and got a smiling man. Here: the mean latent point of the lightest T-shirts minus that of the darkest
# is a direction "lighter". It was found on T-shirts alone. Does it mean the same for dresses and bags? Add it to
# their latent points and measure the mean brightness of the drawn pixels: of all, which also rises when a garment
# merely grows, and of those that are not background.

# %% tags=["active-ipynb"]
# z_many = latent_points(generator, 1000, seed=5)
# shirts = draw(generator, [asked[0]] * 1000, z=z_many)
# order = np.argsort(shirts.mean(axis=(1, 2, 3)))
# lighter = z_many[order[-100:]].mean(axis=0) - z_many[order[:100]].mean(axis=0)
#
# steps = np.linspace(-1.5, 1.5, 7)
# for name in ("t-shirt", "dress", "bag"):
#     label = find_label(name, data.class_names)
#     drawn = [draw(generator, [label] * 200, z=z_many[:200] + t * lighter) for t in steps]
#     print(f"{name:8} all pixels", *(f"{images.mean():6.1f}" for images in drawn))
#     print(f"{name:8} garment   ", *(f"{images[images > 20].mean():6.1f}" for images in drawn))
#
# dress = find_label("dress", data.class_names)
# Image.fromarray(image_grid(np.concatenate([draw(generator, [dress] * 7, z=p + steps[:, None] * lighter)
#                                            for p in z_many[:2]]), 2, 7)[..., 0])

# %% [markdown]
# It does: in all three the garment itself gets lighter. But that is not all the direction means. What the lightest
# T-shirts had in common besides comes with it, and these two dresses end as broad white shirts.

# %% [markdown]
# ## Measuring
#
# Pictures deceive: one looks at the best. What can be counted, on 10,000 samples, a thousand for each label:
#
# - **Label accuracy**: a classifier, trained on the real training images, says what it sees; how often is that what
#   was asked for? The same classifier's accuracy on real test images is the bar.
# - **Fréchet distance** between samples and real test images in that classifier's *features*, the 96 numbers that it
#   makes of an image before it answers. A Gaussian is fitted to those of each set; with means $\mu$ and covariances
#   $\Sigma$ the distance is $|\mu_1 - \mu_2|^2 + \mathrm{tr}(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2})$.
#   (Heusel et al. 2017 took the features of the Inception network and called it FID; numbers in other features cannot
#   be compared.) Real training images against the same test images give the floor.
# - **Kernel distance** (Bińkowski et al. 2018): the same question without the Gaussians.
# - **Inception score** (Salimans et al. 2016): $\exp \mathbb{E}\, \mathrm{KL}(p(y \mid x) \,\|\, p(y))$, high if
#   the classifier is sure of each image and all classes come equally often; at most 10 for ten classes. It never looks
#   at real images, so what is missing it does not see.
# - **Precision and recall** (Kynkäänniemi et al. 2019): the share of samples that look real, and the share of the real
#   images that the samples reach. A generator with few good ideas has precision without recall.
# - **Diversity within a class**, the mean distance of two samples over that of two real images, which shows mode
#   collapse: many latent points, one image. And the distance to the **nearest training image**, which would show
#   copying.

# %% tags=["active-ipynb"]
# from gan_book.training.report import headline
#
# print("\n".join(headline(run.report)))

# %% [markdown]
# ## Without labels
#
# The same networks, never told a label: an ordinary GAN. Which garment comes is left to chance; nothing you pass in can
# change it. Here is what the classifier takes its images for. (It had 468 steps instead of 1,500, so they are cruder,
# and the imbalance is partly immaturity: blurs tend to be taken for shirts.)

# %% tags=["active-ipynb"]
# short = dict(limit=min(settings.limit or 60_000, 15_000), epochs=min(settings.epochs, 3))
# unconditional = train(LESSON, replace(settings, network="unconditional", **short), "unconditional")
# seen = unconditional.report["measured"]["details"]["seen_per_class"]
# print(", ".join(f"{name} {share:.0%}" for name, share in zip(data.class_names, seen)))
# Image.open(unconditional.folder / "samples.png")

# %% [markdown]
# ## A failed run, on purpose
#
# The same networks once more, but the generator learns two hundred times more slowly than the discriminator. Watch what
# the health monitor says and what the losses do: the discriminator's go to zero, it is sure of everything, and the
# generator, far behind, draws noise whatever the label, to the end of these 468 steps: that is a *convergence
# failure*. Learn the picture: you will meet it in your own experiments, with less obvious causes.

# %% tags=["active-ipynb"]
# def lopsided(settings, dataset):
#     model = build(settings, dataset)
#     model.gan.optimizer.learning_rate = settings.learning_rate / 200
#     return model
#
#
# failed = train(replace(LESSON, build=lopsided), replace(settings, average=0.0, **short), "failed")
# Image.open(failed.folder / "samples.png")

# %% tags=["active-ipynb"]
# Image.open(failed.folder / "losses.png")

# %% [markdown]
# ## Exercises
#
# 1. *Count.* How many weights does the embedding $v$ of the projection discriminator have, and how many would the label
#    channel of the classic discriminator have? Check with `discriminator.summary()`. (Answer: 10 x 2048 = 20,480 at
#    `width=32`; 10 x 50 + 50 x 784 + 784 = 40,484.)
# 2. *Ask for nothing.* Train with `--set network=unconditional` and look at `label accuracy` in the report. Why is it
#    missing, and what would it be if you counted it anyway? (Answer: about 10 %: the labels have no influence.)
# 3. *Half the data.* Run `gan-book train cgan --limit 24000 --epochs 4` and compare label accuracy and recall with
#    `quick`, whose 2 epochs of 48,000 images are as many steps. Which suffers more? (Answer: neither by much; see the
#    row `half-data` of the README. So short a training does not wear out even 24,000 images.)
# 4. *The saturating loss.* Copy the script, give `define_gan` in `build` the loss `gan_book.losses.minimax`, the
#    generator's part of equation 2 as it stands, and run your copy. Plot `g_loss` of steps.csv in the run's folder over
#    the first epoch against the usual one. (What to expect: near 0, and flat, as long as the discriminator is ahead.)
# 5. *No average.* `--set average=0.0` draws with the generator's last weights. How much higher is the Fréchet
#    distance of `quick` then? (Answer: 3.7 ± 0.5 instead of 3.1 ± 0.1, three seeds each.)
# 6. *Your own pictures.* `gan-book train cgan --data path/to/folder --image-size 64`, one sub-folder per class. What
#    does the health monitor say with 50 pictures a class, what with 500? (Choose `--epochs` so that both have some
#    2,000 steps: it judges pictures when a third of them is done.)


# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
