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
# # Conditional GAN
#
# ![Ten rows of generated clothing, one class in each row](../../pretrained/cgan/samples.png)
#
# A neural network made these images. (Only the two columns at the right are real.) Each row was generated for one
# class: ten trousers, ten bags, ten boots. A plain GAN cannot do that. It makes *some* piece of clothing, and you
# cannot choose which. A **conditional GAN** ([Mirza and Osindero 2014](https://arxiv.org/abs/1411.1784)) takes the
# class label as a second input, so you can ask for a sneaker.
#
# In this chapter you will
#
# - build the two networks of a conditional GAN and train them for a few minutes, on a laptop;
# - see why the usual GAN code does not train its discriminator in Keras 3, and what to write instead;
# - turn a sneaker into a boot, step by step;
# - measure how often the generator makes what you asked for;
# - cause two typical failures of a GAN, recognise them, and repair them.
#
# You should know Keras models, convolutions and the cross-entropy loss. You need no earlier knowledge of GANs.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch06_cgan import classic
from gan_book.adversarial import GAN, Composite
from gan_book.errors import require_choice
from gan_book.layers import RandomAffine
from gan_book.networks import dcgan_features, dcgan_image, normal, to_float
from gan_book.sampling import Generator, Label, Noise
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## 1. The data
#
# Fashion-MNIST ([Xiao et al. 2017](https://arxiv.org/abs/1708.07747)) has small grey pictures of clothing, 28 x 28
# pixels, in ten classes. It comes with the book, so nothing is downloaded. The pixels are whole numbers from 0 (black)
# to 255 (white).

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
# A GAN has two networks that are trained against each other.
#
# - The **generator** $G$ makes images. Its input is a **latent point** $z$: here 64 random numbers from a normal
#   distribution. Different latent points give different images.
# - The **discriminator** $D$ is a classifier with two classes, "real" and "generated". It gives a probability that an
#   image is real.
#
# $D$ learns to tell real images from generated ones. $G$ learns to make images that $D$ takes for real. As $D$ gets
# better, $G$ has to get better too.
#
# ![The generator turns z into an image; the discriminator judges real and generated images](../../docs/figures/gan.svg)
#
# **Conditional** means that both networks also get the class label $y$. Training is then the game (Mirza and Osindero
# 2014, equation 2)
#
# $$\min_G \max_D \; \mathbb{E}_{x, y}[\log D(x \mid y)] + \mathbb{E}_{z, y}[\log(1 - D(G(z \mid y) \mid y))].$$
#
# $\mathbb{E}$ is the mean over many examples. $D(x \mid y)$ is the probability that $D$ gives to the image $x$ with the
# label $y$. $G(z \mid y)$ is the image that $G$ makes from $z$ for the class $y$. (In training, $y$ is the label of a
# real image. The paper writes the second term without the last $y$, but its $D$ gets $y$ there, too.) Both terms are
# logarithms of probabilities, so they are at most 0. $D$ brings both near 0: it says "real" to real images and
# "generated" to generated ones. $G$ makes the second term very negative.
#
# Why must $G$ obey the label? $D$ sees pairs of an image and a label. In all real pairs the two fit together. At first,
# $G$ makes images that do not fit their labels. So wrong pairs occur only among the generated ones, and $D$ learns to
# call a wrong pair generated, even if the image itself looks perfect. To be taken for real, $G$ has to make an image of
# the class that was asked for. That is the whole idea.
#
# Each term is a **binary cross-entropy** with the opposite sign: $-\log D$ is the cross-entropy for the target 1
# ("real"), and $-\log(1 - D)$ the one for the target 0 ("generated"). Our discriminator outputs the *logit* $l$. $D$ is
# the **sigmoid** of the logit: $D = 1 / (1 + e^{-l})$. Keras computes the loss from the logit, which avoids rounding
# errors:

# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
REAL_ABOVE = 0.0  # a logit above this means "real": D > 0.5

# %% [markdown]
# **The generator's loss.** In the formula above, $G$ minimises $\log(1 - D)$. At the beginning generated images are bad
# and easy to recognise, so $D$ is near 0 for them. The derivative of $\log(1 - D)$ with respect to the logit $l$ is
# $-D$ (because $dD/dl = D(1 - D)$), so it is almost 0, and $G$ learns almost nothing. Therefore [Goodfellow et al.
# (2014)](https://arxiv.org/abs/1406.2661), section 3, let $G$ minimise $-\log D$ instead. Its derivative is $-(1 - D)$.
# Where $D$ is near 0, this is almost $-1$: a strong gradient. A loss *saturates* if it becomes flat. $\log(1 - D)$
# saturates just where $G$ is bad. $-\log D$ does not, so it is called the **non-saturating** loss. In code it is the
# same cross-entropy, with the target 1 for generated images.
#
# ## 3. The networks
#
# The convolutions are those of the DCGAN ([Radford et al. 2015](https://arxiv.org/abs/1511.06434)), a design that has
# worked well for small images ever since. `dcgan_features` has three convolutions with stride 2, each of which halves
# the image (28 pixels become 14, 7 and 4). They have 32, 64 and 128 filters and leaky ReLU, and the second and third
# are followed by batch normalization, which gives each feature map the mean 0 and the variance 1 over the batch, and
# then a mean and a variance that are learned. (Leaky ReLU keeps a fifth of negative values instead of 0.) `dcgan_image`
# starts with a small map of 7 x 7 and doubles its sides twice, to 14 and 28. A *transposed* convolution with stride 2
# does the doubling; its weights are learned. A last ordinary convolution makes the image. Its activation is tanh, so
# generated pixels are between -1 and
# 1. (Real images are scaled to the same range, by `to_float`.) Both functions are in `gan_book/networks.py`, because
# later chapters use them too.
#
# How does the label get into the networks? In the generator, an `Embedding` is a table: it has a row of 32 learned
# numbers for each class. The row of the label is concatenated with $z$. In the discriminator we use a **projection**
# ([Miyato and Koyama 2018](https://arxiv.org/abs/1802.05637)). The convolutions turn the image $x$ into a vector of
# features $\phi(x)$. The logit is the sum of two numbers, both computed from $\phi(x)$:
#
# $$ l(x, y) = \psi(\phi(x)) + v_y \cdot \phi(x). $$
#
# ![The label as an extra channel, and as a projection](../../docs/figures/label_inputs.svg)
#
# The lower half of the picture shows it. (The upper half is an older way, which section 11 explains.) The first number,
# of a dense layer $\psi$, judges the image alone. The second is the dot product of the features with a vector $v_y$,
# which is learned for each class. After training it is large if the image looks like the class $y$. The embedding layer
# `v` holds these vectors. Why is a dot product enough? A classifier with the features $\phi(x)$ would have just this
# number as the logit of class $y$. So $D$ adds the answers to two questions: is it real, and is it $y$? (The name comes
# from this product: it projects the features onto $v_y$. Miyato and Koyama also used spectral normalization and the
# hinge loss, which chapter 4 explains. We take the projection alone.)


# %%
def define_discriminator(image_shape=(28, 28, 1), num_classes=10, width=32, learning_rate=1e-3, augment=0.0):
    """Images ``[n, h, w, c]`` in [-1, 1] and labels ``[n]`` to logits ``[n, 1]``.

    With `augment` above 0, D sees each image rotated, sheared and shifted at random: for small data sets.
    """
    image = keras.Input(image_shape, name="image")
    label = keras.Input((), dtype="int32", name="label")
    phi = dcgan_features(RandomAffine(augment)(image) if augment else image, width)
    psi = layers.Dense(1, dtype="float32", name="psi")(phi)
    v = layers.Embedding(num_classes, phi.shape[-1], embeddings_initializer=normal(), name="v")(label)
    logit = layers.Add(dtype="float32", name="logit")([psi, layers.Dot(1, dtype="float32")([v, phi])])
    discriminator = keras.Model([image, label], logit, name="discriminator")
    return compile_discriminator(discriminator, learning_rate)


def compile_discriminator(discriminator, learning_rate):
    """Gives D its optimizer, its loss, and its accuracy as a metric."""
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=REAL_ABOVE)
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    discriminator.compile(optimizer, adversarial_loss, metrics=[accuracy])
    return discriminator


def define_generator(latent_dim=64, image_shape=(28, 28, 1), num_classes=10, width=32):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    z = keras.Input((latent_dim,), name="z")
    label = keras.Input((), dtype="int32", name="label")
    embedded = layers.Embedding(num_classes, 32, name="label_embedding")(label)
    image = dcgan_image(layers.Concatenate()([z, embedded]), image_shape, width)
    # `takes` says what the two inputs are. So the book's functions know what to sample for each of them.
    return Generator([z, label], image, takes=[Noise(), Label(num_classes)])


# %% [markdown]
# Three details: `dtype="float32"` keeps the output exact if the rest of the network computes with 16-bit numbers.
# `normal()` gives initial weights with standard deviation 0.02. `Generator` is a Keras model that also knows what to
# sample for its inputs.
#
# Adam's $\beta_1$ is 0.5 instead of 0.9, as in the DCGAN. It makes Adam forget old gradients sooner. In a GAN the
# other network changes at every step, so old gradients are soon out of date. Here are the two networks:

# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# discriminator.summary()

# %% tags=["active-ipynb"]
# generator.summary()

# %% [markdown]
# ## 4. The composite model
#
# The loss of $G$ is $-\log D(G(z \mid y) \mid y)$. To compute it, the image has to go through $D$. To train $G$, the
# gradient has to come back through $D$. But this update must not change $D$: otherwise $D$ would simply learn to call
# every image real. So we chain both networks into one model, the **composite**, and freeze $D$ in it.
#
# ![One step: D on real images, D on generated images, G through the frozen D](../../docs/figures/composite.svg)


# %%
def define_gan(generator, discriminator, learning_rate=1e-3, loss=None):
    """The composite: latent points and labels to D's logit of the generated image. It trains G alone."""
    z, label = generator.inputs
    logit = discriminator([generator.output, label])
    gan = Composite([z, label], logit, frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), loss or adversarial_loss)
    return gan


# %% [markdown]
# `Composite` is a Functional model with one more argument, `frozen`. It leaves the weights of the frozen networks out
# of its own list of trainable weights. The gradient still passes through them. And $D$ keeps its own updates, which
# train it as before.
#
# Why not the line that most books use, `discriminator.trainable = False`? This flag says whether an update may change
# the weights. Keras 2 read it in `compile()`. So a discriminator that was compiled first and frozen later still
# learned. Keras 3 reads the flag when the first batch is trained. By then it is False, **so $D$ never learns**. See for
# yourself: the next cell does it in the old order. (It counts arrays of weights. A layer with a kernel and a bias has
# two.)

# %% tags=["active-ipynb"]
# import warnings
#
#
# def weights_that_moved(model, update, *batch):
#     before = model.get_weights()
#     with warnings.catch_warnings():
#         warnings.simplefilter("ignore")  # Keras gives a warning here, which is easily overlooked
#         update(*batch)
#     moved = sum(not np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
#     return f"{moved} of {len(before)} weights moved"
#
#
# x, y, real_target = gb.to_float(data.images[:64]), data.labels[:64], np.ones((64, 1))
# old_discriminator, old_generator = define_discriminator(), define_generator()  # D is compiled ...
# old_discriminator.trainable = False  # ... and frozen afterwards
# z_input, label_input = old_generator.inputs
# old_gan = keras.Model([z_input, label_input], old_discriminator([old_generator.output, label_input]))
# old_gan.compile("adam", adversarial_loss)
# print("D's own update:", weights_that_moved(old_discriminator, old_discriminator.train_on_batch, [x, y], real_target))

# %% [markdown]
# No weight of the discriminator moved, and none ever will. (A frozen batch normalization does not even update its
# statistics.) With `Composite` it is as it should be. The composite's update trains $G$ only. $D$ has two batch
# normalization layers, and each keeps a moving mean and a moving variance. These four arrays change too, but no
# gradient trains them. (All 18 arrays of $G$ move: 12 are trained, and six are such statistics.) $D$'s own update moves
# all of $D$.

# %% tags=["active-ipynb"]
# gan = define_gan(generator, discriminator)
# z = np.random.normal(size=(64, 64))
# trained = [variable.path for variable in gan.trainable_variables]
# print("the composite trains", len(trained), "weights, of D:", sum("discriminator" in path for path in trained))
# print("composite's update, D:", weights_that_moved(discriminator, gan.train_on_batch, [z, y], real_target))
# print("composite's update, G:", weights_that_moved(generator, gan.train_on_batch, [z, y], real_target))
# print("D's own update,     D:", weights_that_moved(discriminator, discriminator.train_on_batch, [x, y], real_target))

# %% [markdown]
# ## 5. One training step
#
# A training step has three updates:
#
# 1. $D$ learns that real images have the target 1.
# 2. $D$ learns that generated images have the target 0.
# 3. $G$ learns, through the frozen $D$, to get the target 1.
#
# Here they are by hand, once, with Keras's own `train_on_batch`. It returns the loss and, for $D$, the accuracy, both
# measured *before* the update. If $D$ cannot tell real from generated images, its losses are near $\log 2 = 0.69$.
# (These first numbers mean little: the weights are random, and Adam's first updates are large.) With `training=True`
# batch normalization uses the statistics of this batch, as it does in training.

# %% tags=["active-ipynb"]
# discriminator, generator = define_discriminator(), define_generator()
# gan = define_gan(generator, discriminator)
# fake_target = np.zeros((64, 1))
# x_fake = generator([z, y], training=True)  # generated images with the same labels
# d_real = discriminator.train_on_batch([x, y], real_target)
# d_fake = discriminator.train_on_batch([x_fake, y], fake_target)
# g = gan.train_on_batch([z, y], real_target)
# print("1. D on real images:       loss {:.2f}, accuracy {:.2f}".format(*d_real))
# print("2. D on generated images:  loss {:.2f}, accuracy {:.2f}".format(*d_fake))
# print("3. G through the frozen D: loss {:.2f}".format(g))

# %% [markdown]
# Repeat this a few thousand times, and you have a GAN. To make it fast, the book compiles the three updates into one
# graph, so that Keras does not go back to Python after each of them. You write a class with a method `turns`. A *turn*
# is the update of one network. The method yields the turns in order. (`yield` gives back one value, waits, and
# continues from there when the next value is wanted. So a method can give back several values one after the other.)
# Each `yield` has four parts, `name, network, input, target`. It means: update this network so that its output for this
# input comes closer to this target. (For `gan`, this updates $G$ alone.) Compare the method with the cell above. (It
# takes new latent points for $G$.)


# %%
class ConditionalGAN(GAN):
    """G and D with labels; `gan`, their composite, is made if it is not given."""

    def __init__(self, generator, discriminator, gan=None, average=0.0, seed=0):
        super().__init__(generator, discriminator, gan or define_gan(generator, discriminator), average, seed)

    def turns(self, images, labels):
        n = ops.shape(images)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        x = to_float(images)  # from 0..255 to [-1, 1], like the generator's tanh
        x_fake = self.generator([self.latent_points(n), labels], training=True)
        yield "d_real", self.discriminator, [x, labels], real  # max log D(x|y)
        yield "d_fake", self.discriminator, [x_fake, labels], fake  # max log(1 - D(G(z|y)|y))
        yield "g", self.gan, [self.latent_points(n), labels], real  # max log D(G(z|y)|y)


# %% [markdown]
# Real and generated images go to $D$ in two batches, not in one. Batch normalization computes its statistics over the
# batch, and the two kinds of images have different statistics.
#
# ## 6. Training with `fit`
#
# The model is an ordinary Keras model: `compile`, then `fit`. `compile()` needs no arguments, because $D$ and the
# composite already have their optimizers and losses. This is one epoch, one to three minutes on a laptop.
#
# `average=0.99` keeps a copy of the generator whose weights are a moving average. After each step the copy keeps a
# share $m$ of its own weights, and takes the share $1 - m$ of the generator's. $m$ is small at the beginning, and rises
# with the steps to at most 0.99. Single updates push $G$ back and forth, and the average smooths that out. So the copy,
# `model.sampler`, usually makes better images than the generator itself ([Yazici et al.
# 2019](https://arxiv.org/abs/1806.04498)).

# %% tags=["active-ipynb"]
# model = ConditionalGAN(define_generator(), define_discriminator(), average=0.99)
# model.compile()
# history = model.fit(data.images, data.labels, batch_size=64, epochs=1, verbose=2)

# %% tags=["active-ipynb"]
# def ten_rows(generator, title):
#     labels = np.repeat(np.arange(10), 10)  # ten times class 0, ten times class 1, ...
#     return gb.show(gb.draw(generator, labels, seed=1), rows=data.class_names, title=title)
#
#
# ten_rows(model.sampler, f"Conditional GAN after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# After one epoch most rows show their class. Sandals and bags, which have fine straps and handles, need longer.
#
# The two losses of $D$ and the loss of $G$ tell you whether the training is healthy. In a healthy GAN none of them goes
# to 0: $D$ is right in more than half of the cases, but not always. (Why is the loss of $G$ near 3, far above $\log 2$?
# It is measured just after $D$ has learned from a batch of generated images. At that moment $D$ recognises almost all
# new images of the same $G$, too. Then the update of $G$, and the next update of $D$ with real images, bring this loss
# down again. All numbers of the log are means over the epoch so far.) The losses do not tell you how good the images
# are. To know that, look at the images and measure them.
#
# ## 7. A longer training
#
# The generator that comes with the book was trained for twelve epochs, on 55,000 images, with half the learning rate
# and a longer moving average. (The data set has 60,000 training images. 5,000 of them are kept for validation, to
# choose settings with. The appendix shows the command. This is the best of three trainings.) From here on we use it:

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "cgan" / "generator.keras")
# ten_rows(generator, "Conditional GAN after twelve epochs")

# %% [markdown]
# Are the images new, or copied from the training set? Below each generated image stands the training image that is
# nearest to it, pixel by pixel. Simple clothes, such as plain trousers, all look alike, so a near neighbour does not
# prove a copy. (Real test images have near neighbours, too.) Look at details: buttons, laces, prints.

# %% tags=["active-ipynb"]
# made = gb.draw(generator, np.arange(10), seed=2)
# seen = gb.load("fashion_mnist").images  # all that this generator was trained on
# flat = seen.reshape(len(seen), -1).astype("float32")
# nearest = [np.argmin(((flat - image.ravel()) ** 2).sum(axis=1)) for image in made.astype("float32")]
# rows = {"generated": made, "nearest training image": seen[nearest]}
# gb.show(rows, columns=data.class_names, title="Each image and the nearest of all training images")

# %% [markdown]
# ## 8. What the latent point does
#
# The label decides what is shown. The latent point decides how it looks: light or dark, plain or printed, wide or
# narrow. Here the *same* eight latent points are used for three classes. Look at one column from top to bottom.

# %% tags=["active-ipynb"]
# z = gb.latent_points(generator, 8, seed=3)
# chosen = ["T-shirt/top", "Coat", "Bag"]
# rows = {name: gb.draw(generator, [data.label_index(name)] * 8, z=z) for name in chosen}
# gb.show(rows, title="The same eight latent points in three classes")

# %% [markdown]
# Two things can be changed smoothly. First, $z$: we go from one latent point to another and keep the class. The square
# of the length of $z$ is the sum of 64 squared numbers. Each square has mean 1, so almost every latent point has a
# length near $\sqrt{64} = 8$. The middle of a straight line between two of them is shorter. $G$ has not seen such
# points in training, so we go along an arc ([White 2016](https://arxiv.org/abs/1609.04468)). Second, the class: we keep
# $z$ and mix the embeddings of two labels, $e(t) = (1 - t)\, e_{\mathrm{sneaker}} + t\, e_{\mathrm{boot}}$. Most images
# on the way look like possible clothes (not all: some are blurred). So the generator has not simply stored single
# pictures.

# %% tags=["active-ipynb"]
# from gan_book.sampling import arc, between_classes
#
# coat, sneaker, boot = (data.label_index(name) for name in ("Coat", "Sneaker", "Ankle boot"))
# rows = {}
# for a in (0, 2):
#     rows[f"coat, from z{a} to z{a + 1}"] = gb.draw(generator, [coat] * 10, z=arc(z[a], z[a + 1], 10))
# for a in (0, 1, 2):
#     rows[f"sneaker to boot, z{a}"] = between_classes(generator, z[a], sneaker, boot, 10)
# gb.show(rows, title="Smooth changes: of the latent point, and of the class")

# %% [markdown]
# Directions in latent space can have a meaning. Radford et al. (2015, section 6.3.2) found one for "smiling". We find
# one for "lighter". We generate 1,000 T-shirts (class 0). The direction is the mean latent point of the 100 lightest
# ones minus that of the 100 darkest ones. Only T-shirts were used to find it. But it works for other classes, too: we
# add it to latent points of dresses. Look whether anything else changes with it, such as the length of the sleeves.

# %% tags=["active-ipynb"]
# many = gb.latent_points(generator, 1000, seed=5)
# shirts = gb.draw(generator, np.zeros(1000), z=many)
# grey = shirts.sum(axis=(1, 2, 3)) / (shirts > 0).sum(axis=(1, 2, 3))  # mean grey of the shirt, without the background
# order = np.argsort(grey)
# lighter = many[order[-100:]].mean(axis=0) - many[order[:100]].mean(axis=0)
#
# dress, steps = data.label_index("Dress"), np.linspace(-0.6, 0.6, 7)
# rows = {f"dress {k + 1}": gb.draw(generator, [dress] * 7, z=many[k] + steps[:, None] * lighter) for k in range(4)}
# gb.show(rows, columns=[f"{t:+.1f}" for t in steps], title='Dresses plus t times the direction "lighter"')

# %% [markdown]
# ## 9. How good is it?
#
# In a grid of images, you tend to look at the best ones. So we also measure. A small classifier was trained on the real
# training images. It looks at 10,000 generated images, 1,000 of each class. Six numbers are enough here:
#
# - **Label accuracy**: how often the classifier finds the class that we asked for. (On *real* test images the same
#   classifier is right in 92.6 % of cases. This is the number to compare with. More is not better: then the images
#   would be easier to recognise than real ones, as in chapter 8.)
# - **Fréchet distance (FD)**: small if the features of generated and of real images have similar means and vary in
#   similar ways. (The classifier turns each image into 96 features.) Smaller is better.
# - **Inception score** ([Salimans et al. 2016](https://arxiv.org/abs/1606.03498)): high if the classifier is sure of
#   each image and all classes occur equally often. At most 10 for ten classes.
# - **Precision**: the share of generated images that are near some real image. **Recall**: the share of real images
#   that are near some generated image ([Kynkäänniemi et al. 2019](https://arxiv.org/abs/1904.06991)). Near means, in
#   the 96 features: draw a ball around each real image, as large as the distance to its third nearest real image.
#   Precision counts the generated images in at least one ball. For recall, exchange real and generated. (10,000 real
#   training images have 0.88 in both.) A generator that makes few, good images has high precision and low recall.
# - **Diversity in a class**: the mean distance, in features, between two generated images of a class, divided by that
#   of two real images. Near 0, the generator repeats one image. This is called **mode collapse**, because a mode is one
#   kind of image. A value above 1 can mean that a row mixes several classes.
#
# For those who know covariance matrices: with the means $\mu$ and covariances $\Sigma$ of the features of real and
# generated images,
#
# $$\mathrm{FD} = |\mu_1 - \mu_2|^2 + \mathrm{tr}\left(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\right),$$
#
# where $\mathrm{tr}$ is the sum of the diagonal. ([Heusel et al. 2017](https://arxiv.org/abs/1706.08500) use features
# of the Inception network and call it FID. The numbers of different features cannot be compared.)
#
# Here are two of the six numbers, computed with 2,000 images. (With few images the Fréchet distance comes out too
# large. So compare two distances only if both were computed from equally many images.)

# %% tags=["active-ipynb"]
# from gan_book.metrics import frechet_distance, load_classifier
#
# classifier = load_classifier("fashion_mnist")
# labels = np.arange(2000) % 10
# images = gb.draw(generator, labels, seed=4)
# seen = classifier.predict(images)
# print(f"label accuracy:   {np.mean(seen == labels):.1%}")
# print(f"Fréchet distance: {frechet_distance(classifier.features(images), classifier.features(data.test_images)):.2f}")

# %% [markdown]
# All six numbers, for 10,000 images, are in the report that was written after the training. For the first three, the
# value of real images is in brackets. Diversity is already divided by it. The ± and the intervals in the report say how
# much a number can be off by chance, because only 10,000 images were made. (In the book's tables, ± is the spread over
# several trainings.) Always compare: with 10,000 images the Fréchet distance is 0.17. Real *training* images have 0.02
# to 0.03 (it depends on which are taken), and they are the best that we can hope for. The same GAN after two epochs has
# about 1.2.

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
# from gan_book.training.runs import Run
#
# six = "label_accuracy", "frechet_distance", "inception_score", "precision", "recall", "diversity"
# print(*score_lines(Run(PRETRAINED / "cgan").report["measured"], six), sep="\n")

# %% [markdown]
# ## 10. When it fails
#
# GANs fail more often than other networks, because two networks have to learn at a similar speed. Here are two common
# failures. (Chapter 4 shows six.) We cause both with the ratio of the two learning rates. (Each case below is one
# training.)
#
# **Convergence failure.** $D$ wins, and $G$ gets better too slowly. Here $D$ has fifty times the learning rate of $G$.

# %% tags=["active-ipynb"]
# def train_with(rate_d, rate_g, images=24_000):
#     discriminator, generator = define_discriminator(learning_rate=rate_d), define_generator()
#     model = ConditionalGAN(generator, discriminator, define_gan(generator, discriminator, rate_g))
#     model.compile()
#     history = model.fit(data.images[:images], data.labels[:images], batch_size=64, epochs=1, verbose=0).history
#     print(", ".join(f"{name} {values[-1]:.2f}" for name, values in history.items()))
#     return generator
#
#
# ten_rows(train_with(rate_d=5e-3, rate_g=1e-4), "Convergence failure: D learns fifty times as fast as G")

# %% [markdown]
# $D$ is right in nine of ten cases, and the loss of $G$ is above 9. (These are means over the epoch. In the healthy
# training of section 6, $D$ is right in about seven of ten cases, and the loss of $G$ is about 3.) Thanks to the
# non-saturating loss, the gradient of $G$ does not vanish. But $D$ changes fast: each update of $G$ is made for one
# $D$, and the next $D$ is already a different one. So $G$ stays behind and makes blobs. *You recognise it by the
# numbers:* the accuracies of $D$ are above 0.9 and the loss of $G$ is high, while the images stay poor. (We did not
# find out which matters more, the fast $D$ or the slow $G$.)
#
# **Mode collapse.** Now $D$ has a twentieth of the learning rate of $G$.

# %% tags=["active-ipynb"]
# ten_rows(train_with(rate_d=5e-5, rate_g=1e-3), "Mode collapse: D learns twenty times as slowly as G")

# %% [markdown]
# Look along a row: all ten images are the same. For each class, $G$ has found one image that this slow $D$ takes for
# real. (They also look bad, because $D$ has hardly learned.) $G$ makes that image from every latent point. It has no
# reason to make another one. $D$ is wrong most of the time: its losses are above 0.69, the loss of a guess. So $G$
# learns little from it. *You recognise it by the images:* rows that repeat themselves.
#
# **The repair** is the same in these two cases: let the two networks learn at a similar speed. In the first case, lower
# the learning rate of $D$ or raise that of $G$. In the second, do the opposite. Here both have the same learning rate.
# (Section 6 trained twice as long and showed the averaged generator, so its images are better.)

# %% tags=["active-ipynb"]
# ten_rows(train_with(rate_d=1e-3, rate_g=1e-3), "Repaired: D and G learn equally fast")

# %% [markdown]
# Equal learning rates are no guarantee. In our one trial with 0.002 for both, twice our rate, this GAN collapsed, too.
# Then halve both. Chapter 4 has more remedies. The book's `train` (see the appendix) watches for collapse and for a $D$
# that wins completely, and says what to try.

# %% [markdown]
# ## 11. Going further
#
# **The label as a channel.** Many books put the label into the discriminator in another way: an embedding and a dense
# layer turn it into a picture, which is added to the image as one more channel. `classic.py` has these networks, as
# most books print them. The preset `book`, a set of settings (see the appendix), trains them for a hundred epochs.
#
# **Without labels.** With a single class, the same code is a plain GAN: `define_generator(num_classes=1)`,
# `define_discriminator(num_classes=1)`, and `model.fit(data.images, np.zeros(len(data.images), "int32"))`.
#
# **Your own pictures.** `gb.load("path/to/folder", image_size=64)` reads a folder with one sub-folder for each class.
# The networks and the training work with it. Only the label accuracy does not, because the book has no classifier for
# your classes. A few hundred pictures of each class and a few thousand steps are a good beginning. If you have fewer
# pictures, use `augment`, which shows $D$ a changed copy of each image.
#
# **The first conditional GAN** had no convolutions. The notebook `mlp_cgan` builds it as in the paper of 2014.
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. How many weights does the layer `v` of the discriminator have, and why?
# 2. In the summary of the generator, which layer has the most weights? Why does the number of its weights not depend on
#    the number of classes?
# 3. In section 8, which properties of the clothes stay the same in one column?
#
# *To run*
#
# 4. Train with `average=0.0`. Compare the rows of images. What does the average change?
# 5. Train with half as many images for twice as many epochs (`LIMIT = 24_000`, `epochs=2`). Is it worse?
# 6. Give `define_gan` the loss `gan_book.losses.minimax`. This is the loss $\log(1 - D)$ of section 2. Its gradient is
#    almost 0 where $D$ is sure: it *saturates*. Look at `g_loss` with `model.fit(data.images[:640], data.labels[:640],
#    batch_size=64, epochs=10, verbose=2)`: an epoch is then ten steps.
#
# *To write*
#
# 7. The **hinge loss** of $D$ is the mean of $\max(0, 1 - s\,l)$, where $s$ is 1 for real and -1 for generated images.
#    Write `hinge(y_true, y_pred)` with `keras.ops`. Check: `from chapters.ch06_cgan import exercises`, then
#    `exercises.check_hinge(hinge)`.
# 8. Write `mixed(generator, z, a, b, t)`: images of latent points `z` for a label between classes `a` and `b`, without
#    the book's `between_classes`. Check: `exercises.check_mixed_labels(mixed, generator, z)`. (Hint:
#    `keras.Model([generator.inputs[0], generator.get_layer("label_embedding").output], generator.output)` takes a mixed
#    embedding instead of a label. `gb.to_uint8` makes pixels.)
#
# *A project*
#
# 9. Take a hundred photographs of each of three things on your desk. Train a conditional GAN on them at 64 x 64 pixels,
#    with `augment=0.5` and without: `gan-book train cgan --data my_folder --image-size 64 --set augment=0.5`. It writes
#    a report. Write one page: what you trained, ten rows of images, what failed, and which number shows it.
#
# <details><summary>Answers</summary>
#
# 1. 10 x 2048 = 20,480: a vector for each class, as long as the features $\phi(x)$.
# 2. The dense layer, which turns 64 + 32 numbers into 7 x 7 x 128. The label always comes as 32 numbers.
# 3. Mostly how light the clothes are, and whether they are plain or printed. The latent point decides that for all
#    classes.
# 4. Without the average the images are rougher, with stray light pixels, and a little different after every update.
# 5. Hardly. The number of updates is the same, and two epochs are too few for $D$ to learn 24,000 images by heart.
# 6. It stays near 0 and is flat, because $D$ recognises the first images easily. The generator hardly learns.
# 7. and 8. `exercises.hinge_solution` and `exercises.mixed_labels_solution`, in `chapters/ch06_cgan/exercises.py`.
# 9. With few pictures $D$ soon knows each of them. `augment` shows it a different version each time. The line
#    "memorisation" of the report says how many of the images are near copies of training images.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The book's own `train` does what `fit` did above. It also writes a log, pictures and checkpoints into a folder, warns
# you when the training fails (with `--on-failure stop` it stops), and measures at the end. (`docs/results.md` explains
# the lines of its report.) It needs to know the chapter's settings. A *preset* is a set of them: `smoke` is for tests,
# `quick` takes two to five minutes and `full` about twenty-five (on two CPU cores), and `book` is the classic network
# with its published settings. In a shell: `gan-book train cgan --preset full`.


# %%
@dataclass(frozen=True)
class CGANSettings(Settings):
    """`network`: "projection" or "channel" (the classic one); the rest are its numbers."""

    network: str = "projection"
    width: int = 32
    latent_dim: int = 64
    learning_rate: float = 1e-3
    generator_learning_rate: float = 1e-3
    average: float = 0.999
    augment: float = 0.0


QUICK = CGANSettings(data="fashion_mnist", epochs=2, batch_size=64, limit=48_000)
CLASSIC = {"network": "channel", "latent_dim": 100, "learning_rate": 2e-4, "generator_learning_rate": 2e-4}
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=8, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, learning_rate=5e-4, generator_learning_rate=5e-4, epochs=12, limit=None),
    "book": replace(QUICK, **CLASSIC, epochs=100, batch_size=128, average=0.0, limit=None),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network.
    """
    require_choice("network", settings.network, ("projection", "channel"))
    shape, classes, rate = dataset.image_shape, dataset.num_classes, settings.learning_rate
    if settings.network == "channel":
        discriminator = compile_discriminator(classic.define_discriminator(shape, classes), rate)
        generator = classic.define_generator(settings.latent_dim, shape, classes)
    else:
        discriminator = define_discriminator(shape, classes, settings.width, rate, settings.augment)
        generator = define_generator(settings.latent_dim, shape, classes, settings.width)
    gan = define_gan(generator, discriminator, settings.generator_learning_rate)
    return ConditionalGAN(generator, discriminator, gan, settings.average, settings.seed)


LESSON = Lesson(
    name="cgan",
    title="Conditional GAN (Mirza and Osindero 2014)",
    folder="ch06_cgan",
    presets=PRESETS,
    build=build,
    next_step="Next: generate images with `gan-book generate cgan --run {run} --label {label} --out generated.png`.",
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "samples.png")

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
