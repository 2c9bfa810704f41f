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
# # Variational autoencoder
#
# ![Generated digits](../../pretrained/vae/samples.png)
#
# These digits were made from random numbers of N(0, 1). A plain autoencoder cannot do that: the notebook `autoencoder`
# has shown that such codes decode to shapes that are no digits. The **variational autoencoder** (VAE, [Kingma and
# Welling 2014](https://arxiv.org/abs/1312.6114)) has the same decoder. It differs in what the encoder gives, and in one
# more term of the loss. This turns the decoder into a generator: many of its samples are digits, though not all.
#
# In this chapter you will
#
# - write the VAE with `add_loss` and `fit`, without a training step of your own;
# - read its two losses in nats, and use them to say how well it explains images that it has never seen;
# - trade one of the losses for the other;
# - see why its images are blurred;
# - replace the second loss by a second network that judges codes. This is the **adversarial autoencoder**, and with it
#   you meet the idea of a GAN for the first time.
#
# You should have read the notebook `autoencoder`.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch01_autoencoder import scores
from chapters.ch01_autoencoder.autoencoder import define_autoencoder, define_decoder, reconstruction
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.networks import dcgan_features, to_float
from gan_book.training.lesson import Lesson, Settings

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
# from chapters.ch01_autoencoder import pictures
# from chapters.ch01_autoencoder.autoencoder import define_encoder as define_plain_encoder
# from gan_book.networks import to_uint8
#
# keras.utils.set_random_seed(0)
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT)
# x, x_test = data.images / np.float32(127.5) - 1, data.test_images / np.float32(127.5) - 1
# print("training images:", x.shape, "test images:", x_test.shape)

# %% [markdown]
# ## 1. The idea
#
# A plain autoencoder fails at sampling for two reasons. Its codes may lie anywhere, and it has learned nothing between
# the codes. The VAE repairs both.
#
# - **The encoder gives a region, not a point.** For an image $x$ it gives a mean $\mu$ and a variance $\sigma^2$ for
#   each latent number. In training, the code is sampled from the normal distribution
#   $q(z \mid x) = \mathcal{N}(\mu, \sigma^2)$. The decoder has to make the same image from all points of the region.
#   So there are fewer holes.
# - **All regions have to stay near N(0, 1).** This distribution is called the **prior** $p(z)$. It is what we will
#   sample from. The second loss measures how far $q(z \mid x)$ is from it.
#
# ![The VAE: the encoder gives mean and variance, and a code is sampled for the decoder](../../docs/figures/vae.svg)
#
# ## 2. The loss is a bound
#
# We want a decoder that makes real images likely. The likelihood of an image is a mean ($\mathbb{E}$) over all codes,
# $p(x) = \mathbb{E}_{z \sim p(z)}[\,p(x \mid z)]$, where $p(x \mid z)$ is the probability of $x$ if each pixel is white
# with the probability that the decoder gives. This mean cannot be computed: nearly every random code belongs to another
# image. But for *every* distribution $q$ (Kingma and Welling 2014, equation 3)
#
# $$ -\log p(x) \;\le\; \underbrace{\mathbb{E}_{z \sim q(z \mid x)}[-\log p(x \mid z)]}_{\text{reconstruction}}
#    \;+\; \underbrace{\mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)}_{\text{KL}}. $$
#
# The right side is the loss of the VAE. The first term is the cross-entropy that you know, in nats. The second is the
# **Kullback-Leibler divergence**. It is 0 if the two distributions are equal, and large if $q$ lies where $p$ is small.
# For normal distributions it has a formula, a sum over the latent numbers $j$ (appendix B of the paper):
#
# $$ \mathrm{KL} = \frac{1}{2} \sum_j \big( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \big). $$
#
# The sum of both terms is never less than $-\log p(x)$. So if it is 114 nats, $\log p(x)$ is at least -114. That is why
# it is called a **bound**. The two terms have a meaning of their own, too. KL says how many nats the code tells about
# the image. (To be exact: at most so many. It is the exact number if the codes of all images together are N(0, 1).)
# Reconstruction is how many nats are still missing when the code is known.
#
# (Pixels of MNIST are grey. We read a grey value as the probability that the pixel is white. So the bound is about
# black and white images whose pixels were sampled with these probabilities. This is a usual way to measure on MNIST.)
#
# ## 3. The networks
#
# The encoder has two outputs. It gives the *logarithm* of the variance, because this may be any number, and a variance
# may not be negative. The decoder is that of the notebook `autoencoder`, unchanged.


# %%
def define_encoder(latent_dim=2, image_shape=(28, 28, 1), width=16):
    """Images ``[n, h, w, c]`` in [-1, 1] to mean and log variance of q(z|x), ``[n, latent_dim]`` each."""
    image = keras.Input(image_shape, name="image")
    features = dcgan_features(image, width, layers.LayerNormalization)
    mean = layers.Dense(latent_dim, dtype="float32", name="mean")(features)
    log_variance = layers.Dense(latent_dim, dtype="float32", name="log_variance")(features)
    return keras.Model(image, [mean, log_variance], name="encoder")


# %% [markdown]
# The sampling is a layer. A sample of N(mu, sigma²) is $\mu + \sigma \epsilon$ with $\epsilon$ from N(0, 1). Written
# like this, the gradient can pass through $\mu$ and $\sigma$, and the randomness is only in $\epsilon$. Kingma and
# Welling call this the **reparameterisation**.
#
# The KL term depends on the codes, not on the images, so it does not fit into the loss function that `compile` gets.
# Keras has `add_loss` for such cases: a layer may add a number to the loss of the model that it is part of.


# %%
class Sampling(layers.Layer):
    """Samples z from q(z|x) = N(mean, variance), and adds beta times its KL divergence from N(0, 1) to the loss.

    Kingma and Welling (2014), section 2.4 (the sample) and appendix B (the KL divergence).
    """

    def __init__(self, beta=1.0, seed=0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.beta = beta
        self.rng = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        mean, log_variance = inputs
        # The KL divergence in nats, summed over the latent numbers, mean over the batch.
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1)
        self.add_loss(self.beta * ops.mean(kl))
        epsilon = keras.random.normal(ops.shape(mean), seed=self.rng)
        return mean + ops.exp(log_variance / 2) * epsilon


# %% [markdown]
# Two lines are easy to get wrong.
#
# - The KL divergence is *summed* over the latent numbers, as the reconstruction is summed over the pixels. Only over
#   the images of the batch we take the mean. Section 8 shows what happens otherwise.
# - The random numbers come from a `SeedGenerator` that belongs to the layer. A call of `tf.random.normal`, which many
#   texts have, works on TensorFlow only. `np.random` would give the same numbers in every step: Keras runs the Python
#   code once, writes down its operations (this is called a *graph*), and then repeats only these.
#
# Now the model is three lines, and the training is `compile` and `fit`. The number `beta` is 1 in a VAE. Section 6 is
# about other values.


# %%
def define_vae(encoder, decoder, beta=1.0, learning_rate=1e-3, seed=0):
    """Encoder, sampling and decoder in a row, compiled: images to their reconstructions."""
    z = Sampling(beta, seed, name="sampling")(encoder.outputs)
    vae = keras.Model(encoder.input, decoder(z), name="vae")
    vae.compile(keras.optimizers.Adam(learning_rate), reconstruction, metrics=[reconstruction])
    return vae


# %% tags=["active-ipynb"]
# encoder, decoder = define_encoder(latent_dim=2), define_decoder(latent_dim=2)
# vae = define_vae(encoder, decoder)
# vae.summary()

# %% [markdown]
# `fit` shows the loss and its first part, the reconstruction. The rest of the loss is KL (times `beta`, which is 1
# here). All are nats for each image.

# %% tags=["active-ipynb"]
# history = vae.fit(x, x, batch_size=64, epochs=1, verbose=2)

# %% [markdown]
# ## 4. The latent plane
#
# Here are the codes of test images. (For the VAE we show the means $\mu$.) Compare the axes with those of the plain
# autoencoder in the last notebook: the codes of the VAE are near 0, most of them between -3 and 3. But after one epoch
# they do not fill N(0, 1) yet. Hardly any code is in the lower half of the plane.

# %% tags=["active-ipynb"]
# codes, y_test = encoder.predict(x_test[:5000], verbose=0)[0], data.test_labels[:5000]
# normal = np.random.default_rng(0).normal(size=codes.shape)
# panels, title = {"VAE": codes, "N(0, 1), to compare": normal}, "Codes of test images of MNIST, after one epoch"
# pictures.scatter(panels, y_test, data.class_names, title, reach=4)

# %% [markdown]
# Samples come from N(0, 1), so we cut the plane into pieces of equal probability under N(0, 1). Each image of the grid
# stands for the same share of all samples. Where the codes are, we see digits. In the lower half there are no codes
# yet, so the decoder has not learned it, and its images are no digits. (Try `epochs=10` in section 3.)

# %% tags=["active-ipynb"]
# places = pictures.quantiles(15)
# grid = pictures.plane(decoder, places, places[::-1])
# names = {"rows": [f"{y:.2f}" for y in places[::-1]], "columns": [f"{x:.2f}" for x in places]}
# gb.show(grid, **names, title="The plane of a VAE, decoded: each place is equally likely (both latent numbers)")

# %% [markdown]
# ## 5. Samples, and the bound in numbers
#
# For good images two numbers are too few. The book comes with a VAE of 32 latent numbers, trained with the preset
# `quick`. (The appendix shows the command.) `gb.draw` samples latent points from N(0, 1) and decodes them.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# shipped = Run(PRETRAINED / "vae")
# encoder_32, decoder_32 = shipped.load("encoder"), shipped.load("generator")
# mean = encoder_32.predict(x_test[:10], verbose=0)[0]
# rows = {
#     "real test images": data.test_images[:10],
#     "reconstructed": to_uint8(decoder_32.predict(mean, verbose=0)),
#     "generated by the VAE": gb.draw(decoder_32, np.zeros(10), seed=3),
#     "generated, others": gb.draw(decoder_32, np.zeros(10), seed=4),
# }
# gb.show(rows, title="MNIST: VAE with 32 latent numbers")

# %% [markdown]
# How good is it? The bound says how likely the VAE thinks *test* images are. Smaller is better. The first lines are the
# shipped VAE, the last line is the VAE of this notebook with two latent numbers.

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# nats = "bound", "reconstruction", "kl"
# print(*score_lines(shipped.report["measured"], nats), sep="\n")
# test = scores.encode(encoder, data.test_images, np.random.default_rng(0))
# loss = scores.cross_entropy(data.test_images, decoder.predict(test["z"], verbose=0)).mean()
# print(f"2 latent numbers: {loss + test['kl'].mean():.1f} = {loss:.1f} + {test['kl'].mean():.1f}")

# %% [markdown]
# To compare: the [VAE example of Keras](https://keras.io/examples/generative/vae/) prints 146.95 = 140.15 + 6.80 for
# two latent numbers, after 30 epochs. (It trains on the test images, too, and prints the loss on training images.)
# More latent numbers tell more about the image: KL grows and reconstruction falls. The bound gets better because
# reconstruction falls by more.
#
# ## 6. Rate against distortion
#
# We can give the KL term a weight $\beta$ ([Higgins et al. 2017](https://openreview.net/forum?id=Sy2fzU9gl)):
#
# $$ L = \text{reconstruction} + \beta \cdot \mathrm{KL}. $$
#
# KL is also called the **rate**: how many nats a code may carry. Reconstruction is the **distortion**: what is lost.
# With a small $\beta$ information is cheap: the copies get better, and the codes leave N(0, 1). With a large $\beta$
# the copies get worse, and the codes stay near N(0, 1). Neither is best for samples: far from N(0, 1), samples come
# from places without codes, and a code that tells little gives blurred images. The next cell reads three trainings from
# the book's results.

# %% tags=["active-ipynb"]
# import json
#
# from gan_book.paths import RESULTS
#
# results = json.loads((RESULTS / "ch01_autoencoder.json").read_text())
# print(f"{'beta':>5} {'rate (KL)':>12} {'distortion':>12} {'sum: bound':>12} {'FD':>8}")
# for beta, name in (("0.25", "beta-0.25"), ("1", "vae"), ("4", "beta-4")):
#     numbers = [results[name]["mean"][score] for score in ("kl", "reconstruction", "bound")]
#     print(f"{beta:>5}", *(f"{n:12.1f}" for n in numbers), f"{results[name]['mean']['frechet_distance']:8.2f}")

# %% [markdown]
# We expect the best bound at $\beta = 1$, because then the loss *is* the bound. The Fréchet distance FD of samples
# (smaller is better, section 10) is best there, too, but these are single trainings.
#
# ## 7. Why the images are blurred
#
# Look at the edges of the generated digits: they are softer than real ones. This comes from the loss. Suppose that the
# code leaves open which of several images it was. The decoder has to give *one* answer. For the cross-entropy, and for
# the squared error too, the best answer is the **mean** of these images. And the mean of several sharp digits is a
# blurred one.
#
# You can see it happen. We take eight codes in the plane. For each, we look for the fifty training images whose codes
# are nearest, and take the mean of their pixels. The decoder, which has never computed such a mean, gives nearly the
# same image in most columns.

# %% tags=["active-ipynb"]
# z = codes[:8]
# training_codes = encoder.predict(x, verbose=0)[0]
# nearest = [np.argsort(((training_codes - point) ** 2).sum(axis=1))[:50] for point in z]
# rows = {
#     "nearest image": data.images[[index[0] for index in nearest]],
#     "second nearest": data.images[[index[1] for index in nearest]],
#     "mean of the 50 nearest": np.stack([data.images[index].mean(axis=0) for index in nearest]).astype("uint8"),
#     "the decoder's answer": gb.draw(decoder, np.zeros(8), z=z),
# }
# gb.show(rows, title="The decoder answers with a mean (VAE, 2 latent numbers, eight codes)")

# %% [markdown]
# A loss that compares pixel by pixel cannot do better. To get sharp images one needs a loss that asks another question:
# not "is each pixel right?" but "does this look real?". Only a network can answer that. This network is the
# discriminator of a GAN, and chapter 2 begins with it.
#
# ## 8. When it fails
#
# A common mistake is the mean instead of the sum over the pixels. Then the reconstruction is 784 times smaller, while
# KL stays as it is. Multiply this loss by 784, and you see that it is the same as $\beta = 784$. Let us do that.

# %% tags=["active-ipynb"]
# bad_encoder, bad_decoder = define_encoder(latent_dim=2), define_decoder(latent_dim=2)
# define_vae(bad_encoder, bad_decoder, beta=784).fit(x[:16_000], x[:16_000], batch_size=64, epochs=1, verbose=2)
# rows = {
#     "beta = 784": gb.draw(bad_decoder, np.zeros(10), seed=0),
#     "beta = 1 (section 3)": gb.draw(decoder, np.zeros(10), seed=0),
# }
# gb.show(rows, title="Posterior collapse: the code tells nothing, so all images are the mean image")

# %% [markdown]
# Information has become so expensive that the encoder gives none: KL is near 0, and $q(z \mid x)$ is N(0, 1) for every
# image. (In the log, KL is the difference of the two numbers divided by 784.) So the decoder cannot know which image it
# should make. After a longer training it answers with the mean of *all* images. (Here its answers still differ: with so
# little information it has hardly been trained.) This is called **posterior collapse**. *You recognise it by the
# numbers:* KL near 0, and a reconstruction that does not fall. *The repair:* take sums in both terms, or lower $\beta$.
#
# ## 9. The adversarial autoencoder
#
# The KL term pushes every single region towards N(0, 1). But we only need that all codes *together* look like N(0, 1).
# How can one measure this for the codes of a batch, without a formula? One can train a network to see the difference.
#
# The **adversarial autoencoder** ([Makhzani et al. 2015](https://arxiv.org/abs/1511.05644)) has a plain autoencoder and
# a third network, the **discriminator** $D$. It is a classifier with two classes. It gets points of the latent space,
# and has to say whether they were sampled from N(0, 1) ("real") or are codes of images ("fake"). Its loss is the binary
# cross-entropy, computed from the *logit* $l$, the number before the sigmoid: $D = 1 / (1 + e^{-l})$. The encoder is
# trained to make $D$ wrong. If it succeeds, $D$ cannot tell codes from N(0, 1).
#
# ![The AAE: an autoencoder, and a discriminator of its codes](../../docs/figures/aae.svg)
#
# Two networks with opposite aims: this is the idea of a GAN. In a GAN $D$ judges images. Here it judges lists of a few
# numbers, which is much easier. So this is a good place to begin.


# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)


def define_discriminator(latent_dim=2, units=128, learning_rate=5e-4):
    """Codes ``[n, latent_dim]`` to logits ``[n, 1]``: above 0 means "sampled from N(0, 1)"."""
    z = h = keras.Input((latent_dim,), name="z")
    for _ in range(2):
        h = layers.LeakyReLU(0.2)(layers.Dense(units)(h))
    discriminator = keras.Model(z, layers.Dense(1, dtype="float32", name="logit")(h), name="discriminator")
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.5)
    discriminator.compile(optimizer, adversarial_loss, metrics=[accuracy])
    return discriminator


# %% [markdown]
# To make $D$ wrong, the gradient has to go back *through* $D$ to the encoder, and must not change $D$ on its way. A
# `Composite` is a Keras model with the argument `frozen`: it trains everything except the frozen networks. (Why not
# `discriminator.trainable = False`? Keras 3 reads this flag when the first batch comes, and by then it is False, so $D$
# would never learn. Chapter 6 shows it.)
#
# One training step has four updates. The book writes them in a method `turns`. Each `yield` has four parts, `name,
# network, input, target`. It means: update this network so that its output for this input comes closer to this target.


# %%
def define_gan(encoder, discriminator, learning_rate=5e-4):
    """The composite: images to D's logit of their codes. It trains the encoder alone."""
    gan = Composite(encoder.input, discriminator(encoder.output), frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), adversarial_loss)
    return gan


# %%
class AAE(AdversarialModel):
    """The adversarial autoencoder: a plain autoencoder, and a discriminator D of its codes."""

    shares_weights = True  # both `autoencoder` and `gan` train the encoder

    def __init__(self, encoder, decoder, discriminator, learning_rate=1e-3, adversarial_rate=5e-4, seed=0):
        super().__init__(seed=seed)
        self.encoder, self.sampler, self.discriminator = encoder, decoder, discriminator
        self.autoencoder = define_autoencoder(encoder, decoder, learning_rate)
        self.gan = define_gan(encoder, discriminator, adversarial_rate)
        self.discriminators = (discriminator,)  # for the health monitor to watch

    def turns(self, images, labels=None):
        x = to_float(images)
        n = ops.shape(x)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        yield "ae", self.autoencoder, x, x
        z = self.encoder(x, training=True)
        yield "d_real", self.discriminator, keras.random.normal(ops.shape(z), seed=self.rng), real
        yield "d_fake", self.discriminator, z, fake
        yield "g", self.gan, x, real


# %% [markdown]
# `shares_weights` says that two of the networks train the same weights on purpose: both the autoencoder and the
# composite train the encoder. The rest is as in any Keras model:

# %% tags=["active-ipynb"]
# aae_encoder, aae_decoder = define_plain_encoder(latent_dim=2), define_decoder(latent_dim=2)
# aae = AAE(aae_encoder, aae_decoder, define_discriminator(latent_dim=2))
# aae.compile()
# history = aae.fit(data.images, batch_size=64, epochs=1, verbose=2)

# %% [markdown]
# `ae_loss` is the reconstruction. The three others are the losses of the game. A $D$ that only guesses has the loss
# $\log 2 = 0.69$. Here `d_real_loss` and `d_fake_loss` are near this number. So this $D$ can hardly tell codes from
# N(0, 1). Are they the same, then? Look at the picture.

# %% tags=["active-ipynb"]
# aae_codes = aae_encoder.predict(x_test[:5000], verbose=0)
# panels = {"VAE": codes, "adversarial autoencoder": aae_codes, "N(0, 1), to compare": normal}
# title = "Codes of test images, and what they should look like"
# pictures.scatter(panels, y_test, data.class_names, title, reach=4)

# %% tags=["active-ipynb"]
# title = "The plane of an adversarial autoencoder, decoded: each place is equally likely"
# gb.show(pictures.plane(aae_decoder, places, places[::-1]), **names, title=title)

# %% [markdown]
# They are not. The codes lie on a short band, and the decoded plane shows few shapes that could be digits. `ae_loss` is
# clearly larger than the loss of the plain autoencoder in the last notebook: this one has hardly learned to copy yet. A
# loss near $\log 2$ has two possible reasons: the two distributions are alike, or $D$ has not learned to see the
# difference. After one epoch it is the second. **Never judge a GAN by its losses alone.** (Try `epochs=10` here, too.)
#
# ## 10. Measured
#
# Three models with the same decoder and 32 latent numbers, one training each. FD is the Fréchet distance of 10,000
# samples from N(0, 1) (smaller is better), and "fitted" is that of samples from a normal distribution fitted to the
# codes. "Codes" is the Fréchet distance between the codes of test images and N(0, 1): 0 if they have its mean and
# covariance. "Sharpness" compares the edges of samples with those of real images, which have 1.

# %% tags=["active-ipynb"]
# print(f"{'':12} {'reconstruction':>15} {'codes':>8} {'FD':>8} {'fitted':>8} {'sharpness':>10}")
# for name in ("autoencoder", "vae", "aae"):
#     mean = results[name]["mean"]
#     numbers = [mean[score] for score in ("code_distance", "frechet_distance", "fitted_frechet")]
#     print(f"{name:12} {mean['reconstruction']:15.1f}", *(f"{n:8.2f}" for n in numbers), f"{mean['sharpness']:10.2f}")

# %% [markdown]
# - **The copies** of the plain autoencoder are best. Nothing but the copy is asked of it.
# - **The samples** from N(0, 1) are best for the VAE. The AAE's are worse, and its copies are the worst of the three:
#   after this short training it has hardly learned to copy, because the encoder follows two losses at once. (A fitted
#   normal distribution does not help it.)
# - **A fitted normal distribution repairs the plain autoencoder**: its FD is then 10.74, and 10.30 for the VAE with a
#   fitted normal distribution. So most of its failure in the notebook `autoencoder` was the place and the scale of its
#   codes, and only a small part the holes between them. What the VAE really gives is that you know *before* the
#   training where to sample, and the bound.
# - **No model is sharp.** The VAE and the AAE have soft edges, for the reason of section 7. (Of the plain autoencoder
#   many samples from N(0, 1) are nearly empty. So its number says little.)
#
# The next chapters have generators that were never asked to copy anything. What they lose is the encoder and the bound:
# no number tells how likely a test image is.
#
# ## 11. Exercises
#
# *To answer from the text and the output*
#
# 1. What is KL if $\mu = 0$ and $\sigma = 1$ for all latent numbers? What does the code then tell about the image?
# 2. In section 3, which number of the log is the bound?
# 3. Why does $D$ of section 9 need no convolutions?
#
# *To run*
#
# 4. Train with `beta=0`. What happens to KL? (`scores.encode`, as in section 5, gives it.) Is it still a generator?
# 5. `gb.load("fashion_mnist")` has clothing instead of digits. Train the VAE with it. Which details are blurred first?
# 6. `gb.load("faces", image_size=64)` has faces in colour. Make the networks with `image_shape=(64, 64, 3)` and
#    `latent_dim=64`, and train for some epochs. Walk from one face to another.
#
# *To write*
#
# 7. Write `kl(mean, log_variance)` with `keras.ops`: float `[n, d]` each, to nats for each image, float `[n]`. Check:
#    `from chapters.ch01_autoencoder import exercises`, then `exercises.check_kl(kl)`.
# 8. A code that tells nothing can be switched off. Write `active(mean, log_variance)` with numpy: which latent numbers
#    have a KL divergence of more than 0.01 nats, as a mean over the images? It returns bool `[d]`. Check:
#    `exercises.check_active(active)`. How many of the 32 are active in the shipped VAE?
#
# *A project*
#
# 9. The **VAE/GAN** ([Larsen et al. 2016](https://arxiv.org/abs/1512.09300)) joins both ideas. A discriminator judges
#    images, as in chapter 2, and the reconstruction is measured in the *features* of this discriminator instead of
#    pixels. Take a VAE, `dcgan_features` for $D$, and write `turns`: the VAE with the feature loss; $D$ on real images,
#    on reconstructions and on samples; the decoder through the frozen $D$. Compare the sharpness with section 10.
#
# <details><summary>Answers</summary>
#
# 1. It is 0. The code tells nothing.
# 2. `loss`, because $\beta$ is 1.
# 3. Its input is a list of a few numbers. There are no neighbouring pixels.
# 4. KL grows without a limit, because information costs nothing. It becomes a plain autoencoder with a little noise,
#    and samples from N(0, 1) get worse.
# 5. Patterns and prints. The outline stays.
# 6. Hair and skin change smoothly. Fine lines such as glasses are blurred.
# 7. and 8. `exercises.kl_solution` and `exercises.active_solution`, in `chapters/ch01_autoencoder/exercises.py`.
# 9. Expect several trials, because three losses have to be balanced. First give $D$ a smaller learning rate.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The book's own `train` does what `fit` did above. It also writes a log, pictures and checkpoints into a folder, and
# measures at the end. In a shell: `gan-book train vae --preset quick`, and `gan-book train aae` for section 9. (The
# lesson `aae` is in `aae.py`.) `smoke` is for tests, `quick` takes a minute or two, `full` has fifteen epochs, and
# `book` has two latent numbers and thirty epochs, as the example of Keras has.


# %%
class VAE(AdversarialModel):
    """The VAE as the book's `train` wants it: a model that says which networks a step updates. Here it is one.

    `sampler`, the network to generate with, is the decoder.
    """

    def __init__(self, encoder, decoder, beta=1.0, learning_rate=1e-3, seed=0):
        super().__init__(seed=seed)
        self.encoder, self.sampler = encoder, decoder
        self.vae = define_vae(encoder, decoder, beta, learning_rate, seed)

    def turns(self, images, labels=None):
        x = to_float(images)
        yield "vae", self.vae, x, x


@dataclass(frozen=True)
class VAESettings(Settings):
    """`latent_dim`: numbers in a code; `width`: filters at full size; `beta`: weight of the KL divergence."""

    latent_dim: int = 32
    width: int = 16
    beta: float = 1.0
    learning_rate: float = 1e-3


QUICK = VAESettings(data="mnist", epochs=1, batch_size=64, limit=32_000)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, width=4, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=15, limit=None),
    "book": replace(QUICK, latent_dim=2, epochs=30, batch_size=128, limit=None),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape."""
    sizes = settings.latent_dim, dataset.image_shape, settings.width
    return VAE(define_encoder(*sizes), define_decoder(*sizes), settings.beta, settings.learning_rate, settings.seed)


LESSON = Lesson(
    name="vae",
    title="Variational autoencoder (Kingma and Welling 2014)",
    folder="ch01_autoencoder",
    presets=PRESETS,
    build=build,
    next_step="Next: generate images with `gan-book generate vae --run {run} --out generated.png`.",
    kept=("encoder",),
    measure=scores.measure,
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
