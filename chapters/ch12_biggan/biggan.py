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
# # BigGAN: images by class, from a network that can grow
#
# In 2018 GANs could make good images of one thing, such as faces. With the thousand classes of ImageNet their images
# were poor. **BigGAN** ([Brock et al. 2019](https://arxiv.org/abs/1809.11096)) changed that. Its authors took the best
# parts that were known, trained them with very large batches on many machines, and found out what breaks. You have no
# room full of machines. But the parts are good for small networks, too, and in this chapter you build all of them.
#
# In this chapter you will
#
# - give the class to *every* block of the generator, and not only to its input;
# - limit the slope of both networks with spectral normalization, and watch the singular values in training;
# - let each place of an image look at all others: self-attention;
# - give up some variety for quality *after* the training, with one number: the truncation trick;
# - leave out one part at a time, and measure.
#
# You should know chapter 6 (conditional GAN, projection, averaging), and from chapter 4 the hinge loss and spectral
# normalization.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch12_biggan import truncation
from gan_book.adversarial import GAN, Composite
from gan_book.errors import BookError, require_choice
from gan_book.layers import SpectralConv2D, SpectralDense
from gan_book.losses import wasserstein
from gan_book.networks import one_hot, scales, to_float, to_image
from gan_book.sampling import Generator, Label, Noise
from gan_book.training.lesson import Lesson, Settings, bounded

# %% [markdown]
# ## 1. The data
#
# We use Fashion-MNIST again, so that you can compare with chapter 6. Section 11 trains the same networks on faces in
# colour.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 32_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("fashion_mnist", limit=LIMIT)
# print("images:", data.images.shape, data.images.dtype, "labels:", data.labels.shape, data.labels[:5])
# real = {name: data.images[data.labels == number][:10] for number, name in enumerate(data.class_names)}
# gb.show(real, title="Fashion-MNIST: ten real images of each class")

# %% [markdown]
# ## 2. The parts
#
# | part | network | what it is for | from |
# |---|---|---|---|
# | residual blocks | both | gradients reach the first layers of a deep network | He et al. 2016 |
# | class-conditional batch normalization | $G$ | each layer is told the class | de Vries et al. 2017 |
# | shared class embedding | $G$ | one table of classes for all layers | BigGAN |
# | split latent point | $G$ | each layer gets random numbers of its own | BigGAN |
# | projection | $D$ | $D$ is told the class | Miyato and Koyama 2018 |
# | spectral normalization | both | no network can become very steep | Miyato et al. 2018; $G$: Zhang et al. 2019 |
# | self-attention | both | far parts of an image can agree | Zhang et al. 2019 |
# | hinge loss, two learning rates | both | $D$ learns faster than $G$ | Lim and Ye 2017; Heusel et al. 2017 |
# | orthogonal initial weights | both | signals keep their size at the start | Saxe et al. 2014 |
# | averaged generator | $G$ | smoother samples (chapter 6) | Karras et al. 2018 |
# | truncation, orthogonal regularization | $G$ | fewer, better images | BigGAN |
#
# ![Where the class and the latent point enter the generator](../../docs/figures/biggan.svg)
#
# ## 3. A batch normalization that knows the class
#
# In chapter 6 the label is joined to $z$ at the *input* of $G$. All later layers see only what the first one makes of
# it. In BigGAN every block is told the class. How? Batch normalization gives each feature map the mean 0 and the
# standard deviation 1. Then it multiplies it by a learned number, the gain, and adds another one, the shift. Now let
# gain and shift *depend on the class*:
#
# $$ h \;\to\; (1 + \gamma(c)) \, \frac{h - \mu}{\sigma} + \beta(c). $$
#
# $\mu$ and $\sigma$ are the mean and the standard deviation of a feature map over the batch. $\gamma$ and $\beta$ are
# two dense layers. Their input $c$ is the **condition**: a vector for the class, and a part of the latent point. So one
# class can switch on a feature map that another class switches off. The 1 is important. At the start $\gamma$ is a
# random number around 0. Without the 1 it would nearly erase some maps and turn others upside down.


# %%
SHARED = 64  # length of the vector of a class
CHUNK = 16  # random numbers for each place where the latent point enters


def conditional_norm(h, condition, dense):
    """Feature maps ``[n, h, w, c]``, normalized; gain and shift come from the condition ``[n, d]``."""
    filters = h.shape[-1]
    normalized = layers.BatchNormalization(center=False, scale=False, momentum=0.9)(h)
    gain, shift = (layers.Reshape((1, 1, filters))(dense(filters, use_bias=False)(condition)) for _ in range(2))
    return layers.Add()([normalized, layers.Multiply()([normalized, gain]), shift])  # (1 + gain) h + shift


# %% [markdown]
# ## 4. The generator
#
# A **residual block** computes a change and adds it to its input. If the change is 0, the block does nothing, so even a
# long chain of blocks starts as something simple. The blocks of $G$ double the sides of the feature maps. The input is
# doubled, too, so that both can be added. A convolution with a 1 x 1 kernel, the **shortcut**, gives the input the
# right number of maps.
#
# `Parts` makes the convolutions and dense layers. All of them are spectrally normalized (section 6), and their first
# weights are orthogonal: the columns of the matrix (or its rows, if there are fewer) are at right angles to each other
# and have the length 1.


# %%
class Parts:
    """Makes the layers of a network: `spectral` normalization or not; `beta`: regularization of section 10."""

    def __init__(self, spectral=True, beta=0.0):
        self.conv_kind, self.dense_kind = (SpectralConv2D, SpectralDense) if spectral else (layers.Conv2D, layers.Dense)
        self.regularizer = OffDiagonal(beta) if beta else None

    def conv(self, filters, kernel=3, **kwargs):
        initial = keras.initializers.Orthogonal()
        kept = {"kernel_initializer": initial, "kernel_regularizer": self.regularizer, **kwargs}
        return self.conv_kind(filters, kernel, padding="same", **kept)

    def dense(self, units, **kwargs):
        return self.dense_kind(units, kernel_initializer=keras.initializers.Orthogonal(), **kwargs)


def up_block(h, condition, filters, parts):
    """Feature maps ``[n, h, w, c]`` and a condition ``[n, d]`` to ``[n, 2 h, 2 w, filters]``."""
    double = layers.UpSampling2D(2)  # repeats each pixel
    change = layers.ReLU()(conditional_norm(h, condition, parts.dense))
    change = parts.conv(filters)(double(change))
    change = layers.ReLU()(conditional_norm(change, condition, parts.dense))
    change = parts.conv(filters)(change)
    return layers.Add()([change, double(parts.conv(filters, 1)(h))])


# %% [markdown]
# The latent point is cut into chunks of 16 numbers. The first chunk makes the smallest feature maps. Each block gets
# one more chunk, joined to the vector of the class. So a block that makes details can have random numbers for details.
# The vector of the class comes from *one* embedding, which all blocks share. Each block computes gain and shift from it
# with its own small dense layers. With the thousand classes of ImageNet that is cheaper than one table for each layer.
# And what one layer learns about a class helps the others.


# %%
def define_generator(image_shape=(28, 28, 1), num_classes=10, width=24, parts=None, attention=True):
    """Latent points ``[n, d]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1]; d is 16 for each level."""
    parts, levels = parts or Parts(), scales(image_shape)
    z = keras.Input((CHUNK * (levels + 1),), name="z")
    label = keras.Input((), dtype="int32", name="label")
    rows = keras.initializers.Orthogonal()
    shared = layers.Embedding(num_classes, SHARED, embeddings_initializer=rows, name="class_embedding")(label)
    first, *chunks = ops.split(z, levels + 1, axis=1)
    smallest = tuple(-(-side // 2**levels) for side in image_shape[:2])
    filters = width * 2 ** min(levels, 3)
    h = layers.Reshape((*smallest, filters))(parts.dense(smallest[0] * smallest[1] * filters)(first))
    for level, chunk in zip(reversed(range(levels)), chunks, strict=True):
        h = up_block(h, layers.Concatenate()([chunk, shared]), width * 2 ** min(level, 3), parts)
        h = self_attention(h, parts) if attention and level == 1 else h
    h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    h = parts.conv(image_shape[-1])(h)
    return Generator([z, label], to_image(h, image_shape), takes=[Noise(), Label(num_classes)])


# %% [markdown]
# ## 5. Self-attention
#
# A 3 x 3 convolution sees nine pixels. The left sleeve of a shirt does not know what the right sleeve looks like, and
# many layers are needed to tell it. In **self-attention** every place can look at every other place in one step. Each
# place $i$ makes a *query* $q_i$, a *key* $k_i$ and a *value* $v_i$: three short vectors, by 1 x 1 convolutions. The
# dot product of a query and a key says how interesting place $j$ is for place $i$. A softmax over all $j$ turns these
# numbers into weights that sum to 1. Then the values are averaged with these weights:
#
# $$ o_i = \sum_j \mathrm{softmax}_j(q_i \cdot k_j) \; v_j. $$
#
# Keras has this as `layers.Attention`. (If you know transformers: it is the same with one head, without the division by
# $\sqrt d$.) The result is multiplied by one learned number and added to the input. This number is 0 at the start. So
# the network first learns from near pixels, which is easier, and then from far ones. To save time, keys and values are
# averaged over squares of 2 x 2 places.


# %%
@keras.saving.register_keras_serializable("gan_book")
class Gain(layers.Layer):
    """Multiplies by one learned number, which is 0 at the start (Zhang et al. 2019, equation 3)."""

    def build(self, input_shape):
        self.gain = self.add_weight((), "zeros", name="gain")

    def call(self, x):
        return self.gain * x


def self_attention(h, parts):
    """Feature maps ``[n, h, w, c]`` plus what each place sees at all others."""
    height, width, filters = h.shape[1:]
    few, smaller = max(filters // 8, 1), layers.AveragePooling2D(2)
    query = layers.Reshape((-1, few))(parts.conv(few, 1, use_bias=False)(h))
    key = layers.Reshape((-1, few))(smaller(parts.conv(few, 1, use_bias=False)(h)))
    value = layers.Reshape((-1, filters // 2))(smaller(parts.conv(filters // 2, 1, use_bias=False)(h)))
    seen = layers.Attention()([query, value, key])
    seen = parts.conv(filters, 1, use_bias=False)(layers.Reshape((height, width, filters // 2))(seen))
    return layers.Add()([h, Gain()(seen)])


# %% [markdown]
# ## 6. The discriminator
#
# The blocks of $D$ halve the sides by average pooling. There is no batch normalization in $D$. At the end each feature
# map is summed over all places, and the **projection** of chapter 6 gives the logit: a dense layer judges the image,
# and the product with a vector $v_y$ judges whether image and class fit together.
#
# Every layer is spectrally normalized. A layer multiplies by a matrix $W$; its largest singular value $s(W)$ says how
# many times longer it can make a vector. The layer uses $W / s(W)$ instead of $W$. So a dense layer makes no vector
# longer. For a convolution the matrix acts on patches, which overlap, so it can make an image up to three times longer.
# The slope of the network is bounded, but not by 1. (To normalize $v_y$, too, we multiply a one-hot label by a matrix.
# This is the same as an embedding.) In BigGAN the layers of $G$ are normalized as well.


# %%
def adam(learning_rate):
    """Adam without momentum, as in SAGAN and BigGAN; their beta_2 is 0.9 and 0.999."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99)


def down_block(h, filters, parts, first=False, halve=True):
    """Feature maps ``[n, h, w, c]`` to ``[n, h / 2, w / 2, filters]``; the `first` block has an image as its input."""
    pool = layers.AveragePooling2D(2, padding="same") if halve else layers.Identity()
    change = h if first else layers.ReLU()(h)  # an image is not cut at 0: its dark half would be lost
    change = layers.ReLU()(parts.conv(filters)(change))
    change = pool(parts.conv(filters)(change))
    return layers.Add()([change, parts.conv(filters, 1)(pool(h))])


def define_discriminator(
    image_shape=(28, 28, 1), num_classes=10, width=24, parts=None, attention=True, projection=True, learning_rate=1e-3
):
    """Images ``[n, h, w, c]`` in [-1, 1] and labels ``[n]`` to answers ``[n, 1]``; above 0 means "real"."""
    parts, levels = parts or Parts(), scales(image_shape)
    image, label = keras.Input(image_shape, name="image"), keras.Input((), dtype="int32", name="label")
    h = image if projection else layers.Concatenate()([image, label_channel(label, image_shape, num_classes)])
    for level in range(levels):
        h = down_block(h, width * 2 ** min(level, 3), parts, first=level == 0)
        h = self_attention(h, parts) if attention and level == 0 else h
    h = layers.ReLU()(down_block(h, width * 2 ** min(levels, 3), parts, halve=False))
    phi = ops.sum(ops.cast(h, "float32"), axis=(1, 2))
    answer = parts.dense(1, dtype="float32", name="psi")(phi)
    if projection:
        v = parts.dense(phi.shape[-1], use_bias=False, name="v")(one_hot(label, num_classes))
        answer = layers.Add(dtype="float32", name="answer")([answer, layers.Dot(1, dtype="float32")([v, phi])])
    discriminator = keras.Model([image, label], answer, name="discriminator")
    discriminator.compile(adam(learning_rate), keras.losses.Hinge(), metrics=[accuracy()])
    return discriminator


def label_channel(label, image_shape, num_classes):
    """Labels ``[n]`` as one more channel of an image, ``[n, h, w, 1]``: the older way of chapter 6, to compare with."""
    height, width = image_shape[:2]
    return layers.Reshape((height, width, 1))(layers.Embedding(num_classes, height * width)(label))


def accuracy():
    """The share of answers that have the sign of their target, 1 or -1."""
    return keras.metrics.MeanMetricWrapper(same_sign, name="accuracy")


def same_sign(y_true, y_pred):
    """1 where target and answer have the same sign: ``[n, 1]`` to ``[n, 1]``."""
    return ops.cast(ops.cast(y_true, y_pred.dtype) * y_pred > 0, "float32")


# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# discriminator.summary()

# %% tags=["active-ipynb"]
# generator.summary()

# %% [markdown]
# What does the class change? We take an untrained generator and eight latent points. With two labels its images differ
# already, because gain and shift differ in every block.

# %% tags=["active-ipynb"]
# z = gb.latent_points(generator, 8, seed=1)
# made = [ops.convert_to_numpy(generator([z, np.full(8, label)], training=True)) for label in (0, 1)]
# most = np.abs(made).max()  # to stretch the contrast
# rows = {f"label {label}": gb.to_uint8(images / most) for label, images in enumerate(made)}
# gb.show(rows, title="An untrained generator: the same latent points, two labels, contrast stretched")

# %% [markdown]
# And here is the largest singular value of a convolution. We give it random weights. The exact value is expensive, so
# each call in training improves the layer's estimate of it. After a few calls the layer divides by the right number.

# %% tags=["active-ipynb"]
# layer = next(layer for layer in discriminator.layers if isinstance(layer, SpectralConv2D))
# matrix = np.random.normal(size=(9, layer.filters))  # 3 x 3 pixels, and the feature maps
# layer._kernel.assign(matrix.reshape(layer._kernel.shape))
# print(f"largest singular value: {np.linalg.svd(matrix, compute_uv=False)[0]:.3f}")
# eight = [gb.to_float(data.images[:8]), ops.convert_to_tensor(data.labels[:8])]
# for call in range(1, 21):
#     discriminator(eight, training=True)
#     if call in (1, 5, 20):
#         print(f"the layer's estimate after {call} calls: {float(layer.sigma()):.3f}")

# %% [markdown]
# ## 7. One training step
#
# The **hinge loss** of chapter 4: $D$ wants an answer above 1 for real images, and below -1 for generated ones. Answers
# beyond that cost nothing, so $D$ has no reason to be more and more sure. $G$ wants a high answer. Its loss is
# $-D(G(z \mid y) \mid y)$, a straight line, and *not* a hinge. (It is the loss `wasserstein` with the target 1.)
#
# $D$ has a higher learning rate than $G$ (two time scales). $D$ has no batch normalization. So real and generated
# images can pass through it in one batch, which is one update instead of two.


# %%
def define_gan(generator, discriminator, learning_rate=5e-4):
    """The composite: latent points and labels to D's answer for the generated image. It trains G alone."""
    z, label = generator.inputs
    gan = Composite([z, label], discriminator([generator.output, label]), frozen=[discriminator], name="gan")
    gan.compile(adam(learning_rate), wasserstein)
    return gan


# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# gan = define_gan(generator, discriminator)
# x, y, z = gb.to_float(data.images[:64]), data.labels[:64], gb.latent_points(generator, 64)
# x_fake = generator([z, y], training=True)
# targets = np.concatenate([np.ones((64, 1)), -np.ones((64, 1))])
# d = discriminator.train_on_batch([ops.concatenate([x, x_fake]), np.concatenate([y, y])], targets)
# g = gan.train_on_batch([z, y], np.ones((64, 1)))
# print("1. D on real and generated images: loss {:.2f}, accuracy {:.2f}".format(*d))
# print("2. G through the frozen D:         loss {:.2f}".format(g))


# %%
class BigGAN(GAN):
    """G and D with labels. D has `d_steps` updates in a step, each with its part of the real images; then G has one."""

    def __init__(self, generator, discriminator, gan=None, average=0.0, d_steps=1, seed=0):
        super().__init__(generator, discriminator, gan or define_gan(generator, discriminator), average, seed)
        self.d_steps = d_steps

    def turns(self, images, labels):
        for k in range(self.d_steps):
            x, y = to_float(images[k :: self.d_steps]), labels[k :: self.d_steps]
            n = ops.shape(x)[0]
            x_fake = self.generator([self.latent_points(n), y], training=True)
            targets = ops.concatenate([ops.ones((n, 1)), -ops.ones((n, 1))])
            yield "d", self.discriminator, [ops.concatenate([x, x_fake]), ops.concatenate([y, y])], targets
        yield "g", self.gan, [self.latent_points(n), y], ops.ones((n, 1))


# %% [markdown]
# ## 8. Training with `fit`
#
# BigGAN's authors watched the largest singular value of every layer. Before a training collapsed, those of some layers
# of $G$ grew quickly. So let us watch, too: we train in eight parts, and look at the values after each part.

# %% tags=["active-ipynb"]
# model = BigGAN(define_generator(), define_discriminator(), average=0.99)
# model.compile()
# watched = {f"{name}, {place}": [layer for layer in network.layers if isinstance(layer, SpectralConv2D)][at]
#            for name, network in (("G", model.generator), ("D", model.discriminator))
#            for place, at in (("first", 0), ("last", -1))}
# sigmas = [[float(layer.sigma()) for layer in watched.values()]]
# for part in range(8):
#     logs = model.fit(data.images[part::8], data.labels[part::8], batch_size=64, verbose=0).history
#     sigmas.append([float(layer.sigma()) for layer in watched.values()])
#     print(f"part {part + 1}: " + ", ".join(f"{name} {values[-1]:.2f}" for name, values in logs.items()))

# %% tags=["active-ipynb"]
# plt.figure(figsize=(7, 3))
# plt.plot(np.arange(9) * -(-LIMIT // 8 // 64), sigmas, label=list(watched))
# plt.xlabel("steps"), plt.ylabel("largest singular value"), plt.legend()
# plt.title("Before the normalization: four convolutions")
# plt.show()

# %% [markdown]
# The values may grow, because the layer divides by them: the size of $W$ has no effect, so nothing limits it. What
# counts is a *sudden* rise. The hinge loss of $D$ would be 1 if all its answers were 0.

# %% tags=["active-ipynb"]
# def ten_rows(generator, title, z=None):
#     labels = np.repeat(np.arange(10), 10)  # ten times class 0, ten times class 1, ...
#     return gb.show(gb.draw(generator, labels, seed=1, z=z), rows=data.class_names, title=title)
#
#
# ten_rows(model.sampler, f"BigGAN after {LIMIT // 64} steps")

# %% [markdown]
# ## 9. A longer training
#
# The generator that comes with the book was trained for longer (the preset `full`).

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "biggan" / "generator.keras")
# ten_rows(generator, "BigGAN, the preset full")

# %% [markdown]
# ## 10. The truncation trick
#
# Which latent points make the worst images? Often those with an unusually large number. Such points are rare, so $G$
# has had little practice with them. So leave them out: whenever one of the numbers of $z$ is above a threshold $t$ or
# below $-t$, replace it by a new random number. This is a **truncated** normal distribution. It costs nothing, it is
# done *after* the training, and the threshold can be chosen for each image. A small $t$ gives better images that
# resemble each other more.

# %% tags=["active-ipynb"]
# dim = generator.inputs[0].shape[-1]
# rows = {}
# for t in truncation.THRESHOLDS:
#     z = truncation.truncated_points(10, dim, t, seed=2)
#     rows["no limit" if t is None else f"t = {t}"] = gb.draw(generator, [data.label_index("Sandal")] * 10, z=z)
# gb.show(rows, title="Sandals, with the latent points cut at t")

# %% [markdown]
# The numbers say the same. From the first line to the last, precision (the share of generated images that are near real
# ones) should rise, and recall (the share of real images that have a generated one near them) falls. The inception
# score does not measure variety within a class, so truncation can raise it. The Fréchet distance sees both.

# %% tags=["active-ipynb"]
# rows = truncation.curve(generator, data, samples=2_000)
# for row in rows:
#     print("t = {threshold}: precision {precision:.2f}, recall {recall:.2f}, IS {inception_score:.2f}, "
#           "FD {frechet_distance:.2f}".format(**row))
# plt.figure(figsize=(4, 3))
# plt.plot([row["recall"] for row in rows], [row["precision"] for row in rows], "o-")
# plt.xlabel("recall"), plt.ylabel("precision"), plt.title("BigGAN: the latent points cut at smaller and smaller t")
# plt.show()

# %% [markdown]
# **Orthogonal regularization.** In some generators truncation makes the images *worse*: points with only small numbers
# are rare in training, too. Brock et al. found that only 16 % of their models could be truncated. With a regularization
# it was 60 %. It wants the columns of the matrix $W$ of each convolution to be orthogonal to each other, but does not
# care how long they are:
#
# $$ R = \beta \, \| W^\top W \odot (1 - I) \|^2. $$
#
# $\odot$ multiplies number by number, and $1 - I$ has 0 on its diagonal and 1 elsewhere. So only the products of
# *different* columns count.


# %%
@keras.saving.register_keras_serializable("gan_book")
class OffDiagonal(keras.regularizers.Regularizer):
    """beta times the sum of squared products of different columns of a kernel (Brock et al. 2019, equation 3)."""

    def __init__(self, beta=1e-4):
        self.beta = beta

    def __call__(self, kernel):
        w = ops.reshape(ops.cast(kernel, "float32"), (-1, kernel.shape[-1]))
        products = ops.matmul(ops.transpose(w), w)
        return self.beta * ops.sum(ops.square(products * (1 - ops.eye(w.shape[-1]))))

    def get_config(self):
        return {"beta": self.beta}


# %% [markdown]
# ## 11. Faces with a class
#
# The networks fit any size and any number of classes. Here are faces in colour, 32 x 32 pixels, with the kind of hair
# as the class. In a shell: `gan-book train biggan --data faces --image-size 64`.

# %% tags=["active-ipynb"]
# faces = gb.load("faces", image_size=32, limit=LIMIT // 8)
# shape, classes = faces.image_shape, len(faces.class_names)
# model = BigGAN(define_generator(shape, classes), define_discriminator(shape, classes), average=0.99)
# model.compile()
# model.fit(faces.images, faces.labels, batch_size=32, epochs=2, verbose=2)
# labels = np.repeat(np.arange(classes), 8)
# title = f"BigGAN on faces: kinds of hair, after {2 * len(faces.images) // 32} steps"
# gb.show(gb.draw(model.sampler, labels, seed=1), rows=faces.class_names, title=title, footer=faces.credit)

# %% [markdown]
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. The generator for 28 x 28 pixels has two blocks. How many numbers has its latent point? How long is the condition
#    of a block?
# 2. What would the generator make at the start if the gain were $\gamma(c)$ and not $1 + \gamma(c)$?
# 3. $D$ answers 3 for a real image. What is its hinge loss, and what is the gradient? And $G$, if $D$ answers -3 for
#    its image?
#
# *To run*
#
# 4. Give both networks `attention=False`. How many weights has the attention of $G$? Is the training faster? Are the
#    images worse?
# 5. Give both networks `parts=Parts(spectral=False)`. What happens to the losses?
# 6. Find the threshold with the lowest Fréchet distance for the generator of section 9.
#
# *To write*
#
# 7. Write `truncated(n, d, t, rng)` with numpy alone: normal numbers, float `[n, d]`, none of them beyond $\pm t$, made
#    by drawing again. Check: `from chapters.ch12_biggan import exercises`, then `exercises.check_truncated(truncated)`.
# 8. Write `attend(query, key, value)` with `keras.ops`: the formula of section 5 for `[n, places, d]`. Check:
#    `exercises.check_attend(attend)`.
#
# *A project*
#
# 9. Train with and without orthogonal regularization (`Parts(beta=1e-4)` for the generator), three seeds each. In how
#    many of them does precision rise at each step of the truncation? Write one page.
#
# <details><summary>Answers</summary>
#
# 1. 3 x 16 = 48: one chunk for the first layer and one for each block. 16 + 64 = 80.
# 2. Each map would be multiplied by a random number around 0. So the signals would be weaker, and half of the maps
#    would change their sign.
# 3. 0, and the gradient is 0: 3 is above 1. The loss of $G$ is 3, and the gradient is -1, as everywhere.
# 4. 288 + 288 + 1,152 + 1,152 + 1 = 2,881 for the query, the key, the value, the last convolution and the gain.
#    (`summary()` also counts 84 numbers that estimate singular values.) With 14 x 14 places it is cheap.
# 5. $D$ can now become steep: its losses are more extreme, and the images get worse after some time or collapse.
# 6. Compute `truncation.curve` with more thresholds. If $G$ makes too few kinds of images already, the best one can be
#    "no limit".
# 7. and 8. `exercises.truncated_solution` and `exercises.attend_solution`, in `chapters/ch12_biggan/exercises.py`.
# 9. Compare with `docs/results/ch12.md`.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The presets: `smoke` is for tests, `quick` takes a few minutes, `full` about twenty (on two CPU cores). `book` takes
# the learning rates, the batches, four updates of $D$ for each of $G$, the averaging and the missing attention from a
# recipe of the authors for CIFAR-10 ([their repository](https://github.com/ajbrock/BigGAN-PyTorch)). The networks are
# ours, with 64 filters. (BigGAN on ImageNet was trained with batches of 2,048 on 128 to 512 cores of a TPU.) `--set
# change=no-attention` leaves out one part.


# %%
@dataclass(frozen=True)
class BigGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        change: a part to leave out, see `CHANGES`.
        width: filters at full size.
        rate_d, rate_g: learning rates.
        d_steps: updates of D for each of G.
        beta: weight of the orthogonal regularization of G.
        average: momentum of the averaged generator.
    """

    change: str = "none"
    width: int = 24
    rate_d: float = 1e-3
    rate_g: float = 5e-4
    d_steps: int = bounded(1, least=1)
    beta: float = bounded(0.0, least=0)
    average: float = 0.999


CHANGES = ("none", "no-spectral-norm", "label-channel", "no-attention")
QUICK = BigGANSettings(data="fashion_mnist", epochs=1, batch_size=64, limit=48_000)
AUTHORS = {"change": "no-attention", "width": 64, "rate_d": 2e-4, "rate_g": 2e-4, "d_steps": 4, "average": 0.9999}
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=3, limit=None),
    "book": replace(QUICK, **AUTHORS, epochs=500, batch_size=200, limit=None),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such change; or a batch is smaller than the updates of D.
    """
    require_choice("change", settings.change, CHANGES)
    if settings.batch_size < settings.d_steps:
        raise BookError(f"a batch of {settings.batch_size} cannot be cut into {settings.d_steps} updates of D")
    shared = {
        "image_shape": dataset.image_shape,
        "num_classes": dataset.num_classes,
        "width": settings.width,
        "attention": settings.change != "no-attention",
    }
    spectral = settings.change != "no-spectral-norm"
    discriminator = define_discriminator(
        **shared, parts=Parts(spectral), projection=settings.change != "label-channel", learning_rate=settings.rate_d
    )
    generator = define_generator(**shared, parts=Parts(spectral, settings.beta))
    gan = define_gan(generator, discriminator, settings.rate_g)
    return BigGAN(generator, discriminator, gan, settings.average, settings.d_steps, settings.seed)


LESSON = Lesson(
    name="biggan",
    title="BigGAN (Brock et al. 2019)",
    folder="ch12_biggan",
    presets=PRESETS,
    build=build,
    measure=truncation.measure,
    shown="label_accuracy",
    next_step="Next: generate images with `gan-book generate biggan --run {run} --label {label} --out generated.png`.",
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET, epochs=1, limit=3_200, measure_samples=500), PRESET)

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
