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
# # DCGAN: a GAN made of convolutions
#
# ![Twelve generated cartoon faces in colour](../../docs/figures/thumb_ch03.png)
#
# A neural network made these faces. It saw a few thousand drawings of faces. It was never told what a face, hair or
# glasses are. The network is a **DCGAN**, a deep convolutional GAN ([Radford et al.
# 2015](https://arxiv.org/abs/1511.06434)). The game between generator and discriminator is that of chapter 2. What is
# new is how the two networks are built. Five simple guidelines made GANs with many layers possible, and nearly all
# later GANs for images began with them.
#
# In this chapter you will
#
# - build a generator and a discriminator of convolutions, for images of any size, grey or in colour;
# - see how a transposed convolution makes a small image larger, and why it leaves a checkerboard;
# - train on digits for a minute, and use a generator of faces with 64 x 64 pixels in colour;
# - leave out each guideline once, and measure what it was good for;
# - walk from face to face, and try to put glasses on faces by adding and subtracting latent points.
#
# You should know chapter 2 ($D$, $G$, the non-saturating loss, and the composite with a frozen $D$), and convolutions:
# kernel, stride, padding, feature map.

# %%
import math
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from keras import layers, ops

from chapters.ch03_dcgan import arithmetic, guidelines
from gan_book.adversarial import GAN, Composite
from gan_book.layers import DiffAugment
from gan_book.metrics import Score
from gan_book.networks import cropped, normal, to_float, to_image
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings, bounded
from gan_book.training.task import Generation

# %% [markdown]
# ## 1. The data
#
# We use two data sets. Both come with the book.
#
# - **MNIST** has handwritten digits, grey, 28 x 28 pixels. On it we try things out, because a training takes a minute.
# - **Faces** has 8,000 cartoon faces in colour, 64 x 64 pixels, drawn from parts by Micah Lanier (CC BY 4.0): 6,500 to
#   train with, 500 to validate, 1,000 to test. No two of them are the same. For each face we know thirteen
#   *attributes*: hair, glasses, mouth, colours, and so on. The GAN never sees them. We need them at the end, to measure
#   what it has learned.

# %% tags=["active-ipynb"]
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 12_800  # training digits; with fewer, the cells below are faster and the pictures are worse
# digits = gb.load("mnist", limit=LIMIT)
# faces = gb.load("faces", image_size=64)
# for data in (digits, faces):
#     print(f"{data.name}: {data.images.shape}, {data.images.dtype}, from {data.images.min()} to {data.images.max()}")
# print("the first face:", {name: str(values[0]) for name, values in faces.attributes.items()})

# %% tags=["active-ipynb"]
# rows = {name: faces.images[faces.labels == number][:6] for number, name in enumerate(faces.class_names)}
# gb.show(rows, title="Faces: six real images of each kind of hair", footer=faces.credit)

# %% [markdown]
# ## 2. The guidelines
#
# Most of the first GANs for images were stacks of dense layers, as at the end of chapter 2. A dense layer does not know
# that two pixels are neighbours. It must learn separately for each place what an edge looks like. A convolution uses
# the same small kernel at every place. But GANs of many convolutions did not train well at first. Radford et al. tried
# many designs. These are the ones that worked (section 3 of their paper):
#
# | guideline | discriminator | generator |
# |---|---|---|
# | 1. no pooling | convolutions with stride 2 | transposed convolutions with stride 2 |
# | 2. batch normalization | after every convolution but the first | after every layer but the last |
# | 3. no fully connected hidden layers | convolutions, then the answer | only the first layer is dense |
# | 4. activation of $G$ | | ReLU, and tanh at the end |
# | 5. activation of $D$ | LeakyReLU with the slope 0.2 | |
# | weights at the start | mean 0, standard deviation 0.02 | the same |
# | kernels; batches | 5 x 5; 128 images | the same |
# | Adam | learning rate 0.0002, $\beta_1 = 0.5$ | the same |
#
# Why these? A short reason for each:
#
# 1. A strided convolution shrinks an image as pooling does, but its weights are learned. In max pooling only the
#    largest of four values gets a gradient. In a strided convolution all of them get one.
# 2. **Batch normalization** gives each feature map the mean 0 and the standard deviation 1, over all images of the
#    batch and all places, and then a learned mean and standard deviation. So no layer gets signals that are far too
#    large or too small. The last layer of $G$ and the first of $D$ go without it: with it, the training oscillated. (We
#    think that the colours of a batch of images should be free to have any mean.)
# 3. Dense layers have many weights and no sense of place.
# 4. Pixels have a smallest and a largest value. So has tanh. (For ReLU in the other layers of $G$ the paper gives no
#    reason.)
# 5. ReLU has the gradient 0 for negative inputs. The gradient of $G$ comes through all layers of $D$, and should not
#    get lost there.
#
# ## 3. The networks
#
# The guidelines are for deep networks. Ours are small, so that they train on a laptop: kernels of 4 x 4 (section 4 says
# why), fewer feature maps, batches of 32, a higher learning rate, normal latent points, and an averaged copy of $G$.
# The preset `book` has the paper's numbers. In both networks the image goes through a chain of sizes. $D$ halves the
# side of the image until at most 7 pixels are left. $G$ goes the same way back. If a side is odd, half of it is rounded
# up. So any size works, not only powers of two.


# %%
def sizes(image_shape):
    """Height and width at each level, a list of pairs: the image's own first; at most 7 pixels at the last."""
    levels = 1
    while math.ceil(max(image_shape[:2]) / 2**levels) > 7:
        levels += 1
    return [tuple(math.ceil(side / 2**level) for side in image_shape[:2]) for level in range(levels + 1)]


def filters_at(level, width):
    """How many feature maps a level has: twice as many each time the side is halved, at most eight times `width`."""
    return width * 2 ** min(level - 1, 3)


# %% tags=["active-ipynb"]
# for shape in [(28, 28, 1), (64, 64, 3), (100, 100, 3), (96, 128, 3)]:
#     chain = [f"{h} x {w}" for h, w in sizes(shape)]
#     print(f"{shape}: {', '.join(chain)}; maps from level 1: {[filters_at(k, 32) for k in range(1, len(chain))]}")

# %% [markdown]
# The discriminator: each `halve` is a convolution with stride 2, batch normalization (but not in the first) and
# LeakyReLU. (The arguments `halve`, `top`, `first`, `double`, `activate` and `last` are there so that later sections
# can exchange parts of the networks.)


# %%
def halve(h, filters, normalized, kernel=4):
    """Feature maps ``[n, h, w, c]`` to `filters` maps of half the side."""
    h = layers.Conv2D(filters, kernel, strides=2, padding="same", kernel_initializer=normal(0.02))(h)
    h = layers.BatchNormalization(momentum=0.9)(h) if normalized else h
    return layers.LeakyReLU(0.2)(h)


def define_discriminator(image_shape=(64, 64, 3), width=32, halve=halve, top=None, first=None):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``[n, 1]``; above 0 means "real"."""
    image = keras.Input(image_shape, name="image")
    h = first(image) if first else image
    for level in range(1, len(sizes(image_shape))):
        h = halve(h, filters_at(level, width), normalized=level > 1)
    h = layers.Flatten()(h)
    h = top(h) if top else h
    logit = layers.Dense(1, dtype="float32", kernel_initializer=normal(0.02), name="logit")(h)
    return keras.Model(image, logit, name="discriminator")


# %% [markdown]
# The generator: a dense layer turns the 100 numbers of $z$ into the smallest feature maps. Then each `double` is a
# transposed convolution with stride 2, which section 4 explains. `cropped` cuts off a row and a column where the next
# size is odd: 7 pixels are doubled to 14, and an image with 100 pixels needs 13.


# %%
def double(h, filters, size, kernel=4):
    """Feature maps ``[n, h, w, c]`` to `filters` maps of twice the side, cropped to `size`, (height, width)."""
    h = layers.Conv2DTranspose(filters, kernel, strides=2, padding="same", kernel_initializer=normal(0.02))(h)
    return cropped(h, size)


def activate(h):
    """Batch normalization and ReLU."""
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))


def define_generator(image_shape=(64, 64, 3), width=32, noise=None, double=double, activate=activate, last=None):
    """Latent points ``[n, 100]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    *larger, smallest = sizes(image_shape)
    z = keras.Input((LATENT,), name="z")
    filters = filters_at(len(larger), width)
    h = layers.Dense(math.prod(smallest) * filters, kernel_initializer=normal(0.02))(z)
    h = activate(layers.Reshape((*smallest, filters))(h))
    for level in reversed(range(1, len(larger))):
        h = activate(double(h, filters_at(level, width), larger[level]))
    h = double(h, image_shape[-1], larger[0])
    h = last(h) if last else h
    return Generator(z, to_image(h, image_shape), takes=[noise or Noise()])  # to_image: tanh, in float32


LATENT = 100  # numbers in a latent point

# %% [markdown]
# Batch normalization behaves differently in use. In training it takes the mean and the standard deviation of the batch.
# Afterwards it takes moving averages of them, because one image has no batch. (This is another average than that of the
# weights of $G$.) `momentum=0.9` makes these averages follow quickly. (With Keras's 0.99 the images of the first few
# hundred steps would look grey.) Here are both networks for faces:

# %% tags=["active-ipynb"]
# define_discriminator(faces.image_shape).summary()

# %% tags=["active-ipynb"]
# define_generator(faces.image_shape).summary()

# %% [markdown]
# ## 4. Transposed convolutions
#
# How do 7 x 7 pixels become 14 x 14? A convolution with stride 2 reads a square of 4 x 4 pixels and writes *one*
# number; then it moves on by two pixels. A **transposed convolution** does the opposite. It takes *one* number,
# multiplies the kernel with it, and adds the result to a square of 4 x 4 pixels; then it moves on by two pixels. The
# squares overlap, and where they do, the results add up. Seven squares of 4, two pixels apart, cover (7 - 1) x 2 + 4 =
# 16 pixels. `padding="same"` cuts one pixel from each side, so 14 are left. With many input maps, each has its own
# kernel, and all results are added. (Other names are *fractionally strided convolution* and, wrongly, *deconvolution*.)
#
# ![Each input pixel adds its kernel to the output, two pixels further on](../../docs/figures/transposed.svg)
#
# To see the overlap, we take a 7 x 7 image in which every pixel is 1, and a kernel in which every weight is 1. Then
# each output pixel is the number of squares that reach it.

# %% tags=["active-ipynb"]
# def squares_that_reach(kernel):
#     layer = layers.Conv2DTranspose(1, kernel, strides=2, padding="same", kernel_initializer="ones")
#     return ops.convert_to_numpy(layer(np.ones((1, 7, 7, 1), "float32")))[0, :, :, 0]
#
#
# for kernel in (4, 5):
#     print(f"kernel {kernel} x {kernel}, the upper left corner of 14 x 14:")
#     print(squares_that_reach(kernel)[:6, :6].astype(int))

# %% [markdown]
# With the kernel 4 x 4, every pixel (but those at the edge) is reached by four squares. With 5 x 5 it depends on the
# place. In one row 4 and 6 squares take turns, in the next row 6 and 9. That is a **checkerboard**, and the network has
# to learn weights that hide it ([Odena et al. 2016](https://distill.pub/2016/deconv-checkerboard/)). The kernel should
# be a multiple of the stride. But equal overlap removes only the pattern that is there *whatever* the weights are. The
# weights of a kernel can still make a pattern with a period of two pixels, and random weights do. The safest way is to
# repeat each pixel (`UpSampling2D`) and then to use an ordinary convolution. Here are three generators without any
# training, with random weights:

# %% tags=["active-ipynb"]
# shape = faces.image_shape
# untrained = {
#     "transposed 5 x 5": define_generator(shape, double=partial(double, kernel=5)),
#     "transposed 4 x 4": define_generator(shape),
#     "repeat, then convolve": define_generator(shape, double=guidelines.upsampled),
# }
# z = np.random.normal(size=(100, LATENT)).astype("float32")
# made = {name: generator(z, training=True) for name, generator in untrained.items()}  # normalized over these images
# images = {name: gb.to_uint8(ops.convert_to_numpy(x)) for name, x in made.items()}
# stretched = {}
# for name, x in images.items():
#     x = x[:6].astype(float)
#     stretched[name] = np.uint8(255 * (x - x.min()) / np.ptp(x))
# gb.show({**stretched, "real": faces.images[:6]}, title="Untrained generators, contrast stretched")

# %% [markdown]
# We can put a number on it. A Fourier transform writes an image as a sum of waves. The shortest wave that pixels can
# show has a period of two pixels: light, dark, light, dark. Its frequency is called the **Nyquist frequency**. We
# measure which share of an image's variance belongs to waves with this period, across or down.


# %%
def nyquist_share(images):
    """The share of the variance, from 0 to 1, at the Nyquist frequency across or down: the mean over images.

    images: uint8 ``[n, h, w, c]``; a last odd row or column is left out.
    """
    height, width = (side // 2 * 2 for side in images.shape[1:3])
    grey = images[:, :height, :width].mean(axis=-1)
    power = np.abs(np.fft.fft2(grey - grey.mean(axis=(1, 2), keepdims=True))) ** 2  # sums to the variance (Parseval)
    shortest = power[:, height // 2].sum(axis=-1) + power[:, :, width // 2].sum(axis=-1)
    shortest -= power[:, height // 2, width // 2]  # the one wave that is in both
    total = power.sum(axis=(1, 2))
    return float(np.mean(np.divide(shortest, total, out=np.zeros_like(total), where=total > 0)))


# %% tags=["active-ipynb"]
# for name in untrained:
#     print(f"{name:24} {nyquist_share(images[name]):.3%}")
# print(f"{'real faces':24} {nyquist_share(faces.test_images):.3%}")

# %% [markdown]
# With random weights, 4 x 4 is no better than 5 x 5: only repeated pixels are free of the pattern. But a training can
# remove it. In the pictures of the shipped generator (section 7), which has transposed convolutions, it is 0.14 %.
#
# ## 5. One training step
#
# The loss and the composite with a frozen $D$ are those of chapter 2. One thing is new: $D$ gets real and generated
# images in two separate batches. So a step has three updates. Why? Batch normalization computes its mean over the
# batch. In a mixed batch, a real image would be normalized together with generated ones. And in the update of $G$, the
# batch has only generated images, so $D$ would see them in another way than it has learned.


# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0


def compile_discriminator(discriminator, learning_rate=5e-4, beta_1=0.5):
    """Gives D its optimizer, its loss, and its accuracy as a metric; returns it."""
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)  # a logit above 0 means D > 0.5
    discriminator.compile(keras.optimizers.Adam(learning_rate, beta_1), adversarial_loss, metrics=[accuracy])
    return discriminator


def define_gan(generator, discriminator, learning_rate=5e-4, beta_1=0.5):
    """The composite: latent points to D's logit of the generated image. It trains G alone."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1), adversarial_loss)
    return gan


# %% [markdown]
# Here are the three updates by hand, with Keras's own `train_on_batch`, on 32 faces. Pixels are whole numbers from 0 to
# 255, and tanh gives numbers from -1 to 1. So real images are scaled with `to_float`.

# %% tags=["active-ipynb"]
# generator = define_generator(faces.image_shape)
# discriminator = compile_discriminator(define_discriminator(faces.image_shape))
# gan = define_gan(generator, discriminator)
# z, real_target, fake_target = np.random.normal(size=(32, LATENT)), np.ones((32, 1)), np.zeros((32, 1))
# x_fake = generator(z, training=True)
# d_real = discriminator.train_on_batch(gb.to_float(faces.images[:32]), real_target)
# d_fake = discriminator.train_on_batch(x_fake, fake_target)
# g = gan.train_on_batch(z, real_target)
# print("1. D on real images:       loss {:.2f}, accuracy {:.2f}".format(*d_real))
# print("2. D on generated images:  loss {:.2f}, accuracy {:.2f}".format(*d_fake))
# print("3. G through the frozen D: loss {:.2f}".format(g))

# %% [markdown]
# And the same as `turns`, so that the backend can run the whole step as one graph:


# %%
class DCGAN(GAN):
    """G and D of convolutions, without labels; `gan`, their composite, is made if it is not given."""

    def __init__(self, generator, discriminator, gan=None, average=0.0, seed=0):
        super().__init__(generator, discriminator, gan or define_gan(generator, discriminator), average, seed)

    def turns(self, images, labels=None):  # labels come with the data sets; they are not used
        n = ops.shape(images)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        x_fake = self.generator(self.latent_points(n), training=True)
        yield "d_real", self.discriminator, to_float(images), real  # max log D(x)
        yield "d_fake", self.discriminator, x_fake, fake  # max log(1 - D(G(z)))
        yield "g", self.gan, self.latent_points(n), real  # max log D(G(z))


# %% [markdown]
# ## 6. Digits, with `fit`
#
# Compile, then fit: this takes about a minute. `model.sampler` is the moving average of $G$, as in chapter 2. (The
# learning rate is higher than for faces, because the training is so short.) If $D$ can only guess, `d_real_loss` and
# `d_fake_loss` are 0.69 each.


# %% tags=["active-ipynb"]
# def train_digits(change="none", beta_1=0.5, epochs=1):
#     for_d, for_g = guidelines.parts_of(change)  # empty for "none": all guidelines hold
#     discriminator = define_discriminator(digits.image_shape, **for_d)
#     generator = define_generator(digits.image_shape, **for_g)
#     compile_discriminator(discriminator, 1e-3, beta_1)
#     gan = define_gan(generator, discriminator, 1e-3, beta_1)
#     model = DCGAN(generator, discriminator, gan, average=0.995)
#     model.compile()
#     model.fit(digits.images, batch_size=32, epochs=epochs, verbose=2)
#     return model
#
#
# model = train_digits()

# %% tags=["active-ipynb"]
# steps = -(-LIMIT // 32)
# rows = {"generated": gb.draw(model.sampler, np.zeros(20), seed=1), "real": digits.images[:20]}
# gb.show(rows, title=f"DCGAN on MNIST after {steps} steps")

# %% [markdown]
# ## 7. Faces in colour
#
# The same functions make networks for faces. The shape is different, and $D$ needs one more thing. It sees the same
# 6,500 drawings again and again, and drawings have large areas of exactly one colour. So $D$ soon knows them by heart,
# or recognises generated images by tiny stains. We first trained without help. After 2,000 steps $D$ was right in 97 of
# 100 cases, and $G$ made only a few kinds of faces. So we never show $D$ the same image twice. Each image, real or
# generated, is shifted at random by up to an eighth of its side, and gets a little noise:


# %%
def disturbed(images, noise=0.1):
    """Images as D sees them in training: shifted, and with noise of this standard deviation; in use, as they are."""
    return layers.GaussianNoise(noise)(DiffAugment("translation")(images))


# %% tags=["active-ipynb"]
# x = gb.to_float(faces.images[:5])
# seen = keras.Sequential([keras.Input(faces.image_shape), DiffAugment("translation"), layers.GaussianNoise(0.1)])
# rows = {"real": faces.images[:5], "as D sees them": gb.to_uint8(ops.convert_to_numpy(seen(x, training=True)))}
# gb.show(rows, title="Real faces, and what D sees of them in training")

# %% [markdown]
# The gradient passes through both layers to $G$. $G$ does not learn to shift its images or to make them noisy, because
# all real images that $D$ sees have been changed in the same way ([Zhao et al.
# 2020](https://arxiv.org/abs/2006.10738); chapter 4 has more about it). This generator comes with the book (the
# appendix shows the command that trained it):

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# shipped = Run(PRETRAINED / "dcgan")
# generator = gb.load_network(PRETRAINED / "dcgan" / "generator.keras")
# made = gb.draw(generator, np.zeros(16), seed=1)
# gb.show(made, columns=8, title=f"DCGAN on faces after {shipped.config.settings['epochs']} epochs")

# %% [markdown]
# Are they new, or copied from the training set? Below each generated face is the training face that is nearest to it,
# pixel by pixel. Compare hair, mouth, glasses and the colours. If all of them agreed, $G$ would have learned its
# training set by heart.

# %% tags=["active-ipynb"]
# flat = faces.images.reshape(len(faces.images), -1).astype("float32")
# nearest = [np.argmin(((flat - image.ravel()) ** 2).sum(axis=1)) for image in made[:6].astype("float32")]
# rows = {"generated": made[:6], "nearest training face": faces.images[nearest]}
# gb.show(rows, title="Each generated face and the nearest of all training faces")

# %% [markdown]
# ## 8. A guideline left out
#
# What is each guideline good for? We leave out, or change, one thing at a time and keep everything else.
# `guidelines.py` has the exchanged parts. In the notebook we try one, on digits: no batch normalization, in neither
# network.

# %% tags=["active-ipynb"]
# without = train_digits("no-batch-norm")
# rows = {
#     "all guidelines": gb.draw(model.sampler, np.zeros(10), seed=1),
#     "no batch normalization": gb.draw(without.sampler, np.zeros(10), seed=1),
# }
# gb.show(rows, title=f"DCGAN on MNIST with and without batch normalization, {steps} steps each")

# %% [markdown]
# You do not have to trust your eyes. The **Fréchet distance** (FD) is a number for how far generated images are from
# real ones, as a whole; smaller is better. (Chapter 5 explains it.) It compares how features are distributed that a
# small classifier computes. Real training images show the best value that one can hope for.

# %% tags=["active-ipynb"]
# from gan_book.metrics import frechet_distance, load_classifier
#
# reader = load_classifier("mnist")
# real_features = reader.features(digits.test_images)
# compared = {
#     "all guidelines": gb.draw(model.sampler, np.zeros(2000), seed=2),
#     "no batch normalization": gb.draw(without.sampler, np.zeros(2000), seed=2),
#     "real training images": digits.images[:2000],
# }
# for name, images in compared.items():
#     distance = frechet_distance(reader.features(images), real_features)
#     print(f"{name:24} FD {distance:6.2f}, Nyquist share {nyquist_share(images):.2%}")

# %% [markdown]
# The [results of this chapter](../../docs/results/ch03.md) have nine such changes. Two are fatal: batch normalization
# in every layer (FD 77 instead of 16), and $\beta_1 = 0.9$ (59). Without batch normalization, with hidden layers, and
# with the paper's learning rate FD is 18 to 19. With ReLU in $D$, LeakyReLU in $G$ and repeated pixels it is 14 to 15,
# and with max pooling 11 (but this $D$ takes twice the time). Differences of 2 or 3 can be chance. The guidelines were
# found for deeper networks and long trainings. `python -m tools.series ch03_dcgan digits-pooling` trains one row of it.
#
# ## 9. Walking from face to face
#
# A $G$ that has only memorised faces would jump from one to the next. So we walk. There are two ways from $a$ to $b$:
#
# - the straight **line** $(1 - t)\, a + t\, b$;
# - the **arc** on a sphere ([White 2016](https://arxiv.org/abs/1609.04468)), $\frac{\sin((1 - t)\,\omega)}{\sin
#   \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b$, where $\omega$ is the angle between $a$ and $b$. If both are
#   equally far from 0, so is each point of the arc.
#
# Why an arc? With 100 random numbers, all latent points are about equally far from 0, at a distance near $\sqrt{100} =
# 10$. The middle of the line between two of them is at about $10 / \sqrt 2 = 7$. $G$ has hardly ever seen such a point
# in training. For comparison we also blend the *pixels* of the two images.

# %% tags=["active-ipynb"]
# from gan_book.sampling import arc, line
#
# z = gb.latent_points(generator, 1000, seed=3)
# lengths, middles = np.linalg.norm(z, axis=1), np.linalg.norm((z[::2] + z[1::2]) / 2, axis=1)
# print(f"length of a latent point: {lengths.mean():.1f} ± {lengths.std():.1f}")
# print(f"length of the middle of a line: {middles.mean():.1f} ± {middles.std():.1f}")
#
# a, b = gb.draw(generator, np.zeros(2), z=z[:2]).astype(float)
# rows = {
#     "arc": gb.draw(generator, np.zeros(8), z=arc(z[0], z[1], 8)),
#     "line": gb.draw(generator, np.zeros(8), z=line(z[0], z[1], 8)),
#     "pixels": np.stack([np.uint8((1 - t) * a + t * b) for t in np.linspace(0, 1, 8)]),
# }
# gb.show(rows, title="From one face to another: on an arc, on a line, and in pixels")

# %% [markdown]
# In pixels, both faces are seen at once, like two slides on one wall. In latent space, each step is *one* face. (Hair
# and eyes change in jumps: this $G$ is not smooth everywhere.) How long is such a walk? We measure the steps in LPIPS,
# a distance between images that agrees with human judgement better than pixels do (chapter 10 explains it). The square
# root of LPIPS is an ordinary distance between two vectors of features. So we add the distances between neighbours on
# the walk, and divide by the distance from start to end. The result is at least 1. At 1 the walk is straight. A blend
# of pixels can be shorter and look wrong all the same: the number does not say whether each image is a face.


# %%
def relative_length(walks):
    """The length of walks, divided by the direct distance of their ends, in LPIPS features: the mean over walks.

    walks: uint8 ``[n, steps, h, w, 3]``.
    """
    from gan_book.metrics.features import load_lpips

    found = []
    for walk in walks:
        points = load_lpips().embedding(walk)  # squared distances between these vectors are the LPIPS
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        found.append(steps.sum() / np.linalg.norm(points[-1] - points[0]))
    return float(np.mean(found))


# %% tags=["active-ipynb"]
# WALKS, FRAMES = 10, 12
# for name, way in {"arc": arc, "line": line}.items():
#     points = np.concatenate([way(z[2 * k], z[2 * k + 1], FRAMES) for k in range(WALKS)])
#     walks = gb.draw(generator, np.zeros(len(points)), z=points).reshape(WALKS, FRAMES, *shape)
#     print(f"{name:7} {relative_length(walks):.2f} times the direct distance")
# t = np.linspace(0, 1, FRAMES)[:, None, None, None]
# blends = np.stack([np.uint8((1 - t) * walk[0] + t * walk[-1]) for walk in walks.astype(float)])
# print(f"{'pixels':7} {relative_length(blends):.2f} times the direct distance")

# %% [markdown]
# Is the arc better? Not here: its walks are not shorter than those on the line, and the pictures look alike. For this
# $G$ a distance of 7 instead of 10 from the centre is not far enough to matter.
#
# ## 10. Glasses, plus and minus
#
# The most famous picture of the DCGAN paper is a calculation with faces: man with glasses, minus man without glasses,
# plus woman without glasses, is woman with glasses (Radford et al. 2015, figure 7). It is done with latent points. The
# authors took the *mean* of three latent points for each kind of face, because single ones did not work reliably. They
# showed the result for a few faces. How often does it work?
#
# Our faces have known attributes, and a small classifier has learned to recognise them. So we can count. We generate
# 1,000 faces, and the classifier says which have glasses. The direction "glasses" is the mean latent point of the faces
# with glasses minus the mean of those without.

# %% tags=["active-ipynb"]
# reader = load_classifier("faces")
# many = gb.latent_points(generator, 1000, seed=5)
# glasses = arithmetic.attributes_of(generator, reader, many)["glasses"] != "none"
# direction = arithmetic.mean_difference(many, glasses)
# of_three = arithmetic.mean_difference(many, glasses, examples=3)
# share = np.mean(faces.attributes["glasses"] != "none")
# print(f"{glasses.mean():.1%} of the generated faces have glasses, and {share:.1%} of the real faces")
# print(f"length of the direction: {np.linalg.norm(direction):.1f}")
# print(f"length of a direction from three examples each: {np.linalg.norm(of_three):.1f}")
#
# plain, before = arithmetic.points_without(generator, reader, "glasses", 500, seed=6)
# steps = np.arange(6)[:, None]
# rows = {f"face {k + 1}": gb.draw(generator, np.zeros(6), z=plain[k] + steps * direction) for k in range(3)}
# columns = [f"+ {t} x glasses" for t in range(6)]
# gb.show(rows, columns=columns, title='Latent points plus t times the direction "glasses"')

# %% [markdown]
# Now the rate. We take 500 *other* latent points whose faces have no glasses, add the step, and read the faces again.
# **Put on** is the share that has glasses now. **Kept** is the share of the other attributes (hair, mouth, colours and
# so on) that are as before. We count only attributes that the classifier reads right on at least nine of ten real test
# faces. A good step puts on glasses and changes nothing else. A random step of the same length shows how much changes
# by chance.

# %% tags=["active-ipynb"]
# counted = arithmetic.readable(reader, faces)
# print("counted:", ", ".join(counted))
#
#
# def print_rates(name, step):
#     after = arithmetic.attributes_of(generator, reader, plain + step)
#     put_on, kept = arithmetic.rates(before, after, "glasses", counted)
#     print(f"{name:32} put on {put_on:6.1%}   other attributes kept {kept:6.1%}")
#
#
# for t in (1, 2, 3):
#     print_rates(f"{t} x direction", t * direction)
# print_rates("random, as long as 2 x direction", arithmetic.random_steps(plain, 2 * np.linalg.norm(direction)))
# print_rates("three examples of each kind", of_three)
# print_rates("random, as long as that", arithmetic.random_steps(plain, np.linalg.norm(of_three)))

# %% [markdown]
# **Look at the picture again before you believe the numbers.** The classifier says that most faces have glasses after
# the step. In the picture you see thin strokes beside the eye at most, and other skin and hair. The classifier was
# trained on real faces. It has never seen such strokes, and takes them for glasses. It finds them in far more generated
# faces than real ones, as the first line of the output above says. So after this training $G$ has hardly learned what
# glasses are, and no arithmetic can put them on. A number that comes from a network has to be compared with pictures.
#
# And 73 % (in a test with other latent points) is just the share among *all* generated faces: the step leads back to
# the average. Two other things can be seen. A step along the direction works better than a random step of the same
# length. And the direction from three examples of each kind is eight times as long, and hardly better than a random
# step: with 100 numbers, the mean of three points is mostly chance. That is why we take the mean of many.

# %% [markdown]
# ## 11. Your own pictures
#
# A folder of pictures is enough: `gb.load("path/to/folder", image_size=100)` reads it, and the networks of this chapter
# fit themselves to the size. Take 100 x 100 pixels, which is no power of two. Follow the sizes of the generator:

# %% tags=["active-ipynb"]
# for layer in define_generator((100, 100, 3)).layers:
#     if len(layer.output.shape) == 4 and layer.output.shape != layer.input.shape:
#         print(f"{layer.name:24} {layer.output.shape[1]} x {layer.output.shape[2]}, {layer.output.shape[3]} maps")

# %% [markdown]
# The whole training is short. Here it is with 320 of our faces, at 100 x 100 pixels and for ten steps, only to show
# that it runs. Put the path of your own folder in the place of "faces", leave out `limit`, and set `epochs=100`. To
# look at the result, `gb.show(gb.draw(own.sampler, np.zeros(16), seed=1))`.

# %% tags=["active-ipynb"]
# mine = gb.load("faces", image_size=100, limit=320)
# discriminator = compile_discriminator(define_discriminator(mine.image_shape, first=disturbed))
# generator = define_generator(mine.image_shape)
# own = DCGAN(generator, discriminator, define_gan(generator, discriminator), average=0.995)
# own.compile()
# own.fit(mine.images, batch_size=32, epochs=1, verbose=2)
# gb.save_network(own.sampler, "runs/mine.keras")  # gb.load_network reads it again

# %% [markdown]
# Advice for your own set:
#
# - **How many?** A thousand pictures are a beginning. With a few hundred, $D$ soon knows each of them by heart. Use
#   `first=disturbed`, as in section 7. Sub-folders are not needed. The middle of each picture is used, and a tenth of
#   the pictures is kept for measuring.
# - **Aligned pictures are easy.** Pictures with the subject always in the same place need far fewer steps.
# - **Start small.** Train at `image_size=32` first: a step takes a fraction of the time, and you see whether it works.
# - **Count steps, not epochs.** You need some thousand. 1,000 pictures are 28 steps of 32 in an epoch, so take 100
#   epochs or more. In a shell: `gan-book train dcgan --data path/to/folder --image-size 100 --epochs 100`. It disturbs
#   the images of $D$ by itself, and its last line says how to generate images.
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. How many numbers does the dense layer of the generator for faces put out? How many weights has it, with biases?
# 2. An image has 50 x 50 pixels. Which sizes do the feature maps of $D$ have?
# 3. A transposed convolution has the kernel 6 x 6 and the stride 3. How many squares reach a pixel in the middle? Does
#    it leave a checkerboard?
#
# *To run*
#
# 4. `train_digits(beta_1=0.9)`. Compare the Fréchet distance with that of section 8.
# 5. Train with each change of `guidelines.CHANGES`. Which one costs most? Is one of them better than the guideline?
# 6. In section 10, replace "glasses" by "facial hair". Why is the rate different?
#
# *To write*
#
# 7. Write `transposed(x, kernel)`, a transposed convolution in one dimension with stride 2 and without padding, with
#    plain numpy. Check: `from chapters.ch03_dcgan import exercises`, then `exercises.check_transposed(transposed)`.
# 8. Write `slerp(a, b, t)`, the point of the arc from `a` to `b` at one `t`. Check: `exercises.check_slerp(slerp)`.
#
# *A project*
#
# 9. Choose another attribute, with more than two values, such as the mouth. Find a direction that turns each mouth into
#    a smile. Compare two ways to find it: the difference of means, and the weights of a logistic regression
#    (`sklearn.linear_model.LogisticRegression`) that reads "smile" off latent points. Write one page, with rates and
#    with a random step as the baseline.
#
# <details><summary>Answers</summary>
#
# 1. 4 x 4 x 256 = 4,096 numbers; (100 + 1) x 4,096 = 413,696 weights.
# 2. 25, 13 and 7. The halves of 25 and 13 are rounded up.
# 3. Two across and two down, so four. Not from the overlap, since 6 is a multiple of 3: every pixel is reached by the
#    same number.
# 4. and 5. Your numbers will differ from ours a little. Compare with `docs/results/ch03.md`: $\beta_1 = 0.9$ and batch
#    normalization in every layer cost most, and max pooling is better than the guideline.
# 6. One face in ten has facial hair, and three in ten have glasses. So the direction is the mean of fewer examples. And
#    facial hair changes fewer pixels, so $D$ hardly uses it, and $G$ learns it late.
# 7. and 8. `exercises.transposed_solution` and `exercises.slerp_solution`, in `chapters/ch03_dcgan/exercises.py`.
# 9. The difference of means also contains other things that often come with a smile. The regression ignores what does
#    not help to separate the classes. In our faces the mouth does not depend on the rest, so both should be similar.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The book's own `train` does what `fit` did. It also writes a log, pictures and checkpoints into a folder, warns you
# when the training fails, and measures at the end. A *preset* is a set of settings: `smoke` is for tests, `quick` takes
# a few minutes, `full` about eight times as long (on two CPU cores), and `book` has the paper's numbers: wide networks,
# kernels of 5 x 5, latent points from a uniform distribution, and a small learning rate. In a shell: `gan-book train
# dcgan --preset full`. The chapter adds its own numbers to the report: the Nyquist share, and for faces the rate of
# section 10.


# %%
@dataclass(frozen=True)
class DCGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        change: a guideline to leave out, see `guidelines.CHANGES`.
        width: filters of the first layer of D.
        kernel: side of the kernels.
        noise: standard deviation of the noise on D's images, which are shifted as well; 0 for neither.
        uniform: z from U(-1, 1), as in the paper.
        average: momentum of the averaged generator.
    """

    change: str = "none"
    width: int = 32
    kernel: int = bounded(4, least=2)
    noise: float = bounded(0.1, least=0)
    uniform: bool = False
    learning_rate: float = 5e-4
    beta_1: float = bounded(0.5, least=0, most=0.999)
    average: float = 0.995


QUICK = DCGANSettings(data="faces", epochs=4, batch_size=32, image_size=64, measure_samples=2_000)
PAPER = {
    "batch_size": 128,
    "width": 128,
    "kernel": 5,
    "uniform": True,
    "learning_rate": 2e-4,
    "average": 0.0,
    "noise": 0.0,
}
PRESETS = {
    "smoke": replace(QUICK, epochs=1, limit=320, image_size=32, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=30, average=0.999),
    "book": replace(QUICK, epochs=100, **PAPER),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: no such change.
    """
    for_d, for_g = guidelines.parts_of(settings.change)
    first = partial(disturbed, noise=settings.noise) if settings.noise else None
    for_d = {"first": first, **for_d, "halve": partial(for_d.get("halve", halve), kernel=settings.kernel)}
    for_g = {"double": partial(double, kernel=settings.kernel), **for_g}
    shape, rates = dataset.image_shape, (settings.learning_rate, settings.beta_1)
    discriminator = compile_discriminator(define_discriminator(shape, settings.width, **for_d), *rates)
    noise = Noise(-1.0, 1.0) if settings.uniform else Noise()
    generator = define_generator(shape, settings.width, noise, **for_g)
    return DCGAN(
        generator, discriminator, define_gan(generator, discriminator, *rates), settings.average, settings.seed
    )


def measure(run, dataset, images, labels, seed):
    """The chapter's own `Score`s: the Nyquist share, and for faces how often glasses are put on."""
    share, real = nyquist_share(images), nyquist_share(dataset.test_images)
    scores = [Score("nyquist", "Nyquist share", share, "{:.2f} %", 100, reference=real)]
    return scores + arithmetic.glasses_scores(run.load("generator"), dataset, seed), {}


LESSON = Lesson(
    name="dcgan",
    title="DCGAN (Radford et al. 2015)",
    folder="ch03_dcgan",
    presets=PRESETS,
    build=build,
    next_step="Next: generate more with `gan-book generate dcgan --run {run} --seed 1 --out more.png`.",
    measure=measure,
    shown="frechet_distance",
    task=Generation(balanced=False),  # a limit is chosen at random: equally many of each class would need the labels
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET, epochs=1, limit=1_600, measure_samples=500), PRESET)

# %% tags=["active-ipynb"]
# made = gb.draw(run.load("generator"), np.zeros(8), seed=1)
# gb.show(made, title=f"Faces after {run.report['steps']} steps: the beginning of a training")

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
