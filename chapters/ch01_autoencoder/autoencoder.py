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
# # Autoencoder
#
# ![The encoder makes a short code of an image, the decoder an image of the code](../../docs/figures/autoencoder.svg)
#
# An **autoencoder** is a network that copies its input. That would be easy, but in the middle it has a narrow place:
# the image has to pass as a list of two numbers, or of 32. So the network has to find out what is essential in an
# image. The second half of the network then makes an image from a few numbers. Such a half is what this whole book is
# about: a GAN's generator has the same form.
#
# In this chapter you will
#
# - build an encoder and a decoder, and train them together with `fit`;
# - see all digits of MNIST arranged in a plane, without having told the network any label;
# - go from one image to another, step by step, through images that no hand wrote;
# - try to generate new images from random codes, see that it fails, and find out why.
#
# The next notebook, `vae`, repairs this. You should know Keras models, convolutions and the cross-entropy loss.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch01_autoencoder import scores
from gan_book.adversarial import AdversarialModel
from gan_book.networks import dcgan_features, dcgan_image, to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## 1. The data
#
# MNIST has handwritten digits, 28 x 28 pixels, white on black. It comes with the book, so nothing is downloaded. The
# labels are only for looking at the result. No network of this chapter is trained with them.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT)
# print("images:", data.images.shape, data.images.dtype, "labels:", data.labels.shape, data.labels[:5])
# real = {name: data.images[data.labels == number][:10] for number, name in enumerate(data.class_names)}
# gb.show(real, title="MNIST: ten real images of each digit")

# %% [markdown]
# ## 2. The idea
#
# The **encoder** $f$ turns an image $x$ into a **code** $z = f(x)$. The **decoder** $g$ turns the code into an image
# $\hat x = g(z)$, the **reconstruction**. The numbers of a code are called **latent**, which means hidden. Both
# networks are trained together, to make $\hat x$ like $x$
# ([Hinton and Salakhutdinov 2006](https://doi.org/10.1126/science.1127647)).
#
# How like? We read the value of a pixel, from 0 (black) to 1 (white), as a probability of white. For each pixel the
# loss is the binary cross-entropy. For an image it is the *sum* over its 784 pixels $i$:
#
# $$ L(x, \hat x) = - \sum_i \big[ x_i \log \hat x_i + (1 - x_i) \log (1 - \hat x_i) \big]. $$
#
# The unit of such a loss, with the natural logarithm, is the **nat**. A pixel that is a pure guess, $\hat x_i = 1/2$,
# costs $\log 2 = 0.69$ nats. A perfect copy does not cost 0, because grey pixels are neither 0 nor 1: on the test
# images it costs 45.5 nats. No network can do better, so this is the number to compare with.
#
# The sum matters. Keras's own cross-entropy takes the *mean* over the pixels, which is 784 times smaller. For an
# autoencoder this would change little. In the next notebook a second loss, also in nats, is added to this one, and
# there the mean would be a mistake.


# %%
def reconstruction(y_true, y_pred):
    """The cross-entropy of each image in nats, summed over its pixels: ``[n, h, w, c]`` in [-1, 1] to ``[n]``."""
    x, x_hat = ((ops.cast(image, "float32") + 1) / 2 for image in (y_true, y_pred))  # from [-1, 1] to [0, 1]
    return ops.sum(ops.binary_crossentropy(x, x_hat), axis=(1, 2, 3))


# %% [markdown]
# The book keeps pixels between -1 and 1, because the networks of later chapters end in a tanh. So the loss brings them
# between 0 and 1 first.
#
# ## 3. The networks
#
# Both networks are in `gan_book/networks.py`, because later chapters use them as well. `dcgan_features` halves the
# image three times with convolutions of stride 2 (28 pixels become 14, 7 and 4). `dcgan_image` goes the other way: it
# starts with a small map of features, 7 x 7, and *transposed* convolutions double it until it has the size of an image.
# (7 and not 4, because doubling 4 gives 32 and never 28.) The design is that of the DCGAN ([Radford et al.
# 2015](https://arxiv.org/abs/1511.06434)), which chapter 3 is about.
#
# The encoder has **layer normalization** between its convolutions: for each image, the outputs of a layer are shifted
# and scaled to mean 0 and variance 1. Without it the codes of all images are nearly the same at the beginning, and it
# takes long until they differ. The decoder has **batch normalization**, as the DCGAN has it: each feature is shifted
# and scaled over all images of a batch. It works a little differently in training and afterwards, because afterwards it
# uses averages that were stored during the training.
#
# The decoder is a `Generator`. This is a Keras model that also says what its input is sampled from when we generate:
# here `Noise()`, random numbers from the normal distribution N(0, 1). In training its input comes from the encoder.


# %%
def define_encoder(latent_dim=2, image_shape=(28, 28, 1), width=16):
    """Images ``[n, h, w, c]`` in [-1, 1] to codes ``[n, latent_dim]``."""
    image = keras.Input(image_shape, name="image")
    z = layers.Dense(latent_dim, dtype="float32", name="z")(dcgan_features(image, width, layers.LayerNormalization))
    return keras.Model(image, z, name="encoder")


def define_decoder(latent_dim=2, image_shape=(28, 28, 1), width=16):
    """Codes ``[n, latent_dim]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    z = keras.Input((latent_dim,), name="z")
    return Generator(z, dcgan_image(z, image_shape, width), takes=[Noise()])


def define_autoencoder(encoder, decoder, learning_rate=1e-3):
    """Encoder and decoder in a row, compiled: images to their reconstructions."""
    autoencoder = keras.Model(encoder.input, decoder(encoder.output), name="autoencoder")
    autoencoder.compile(keras.optimizers.Adam(learning_rate), reconstruction)
    return autoencoder


# %% tags=["active-ipynb"]
# encoder, decoder = define_encoder(latent_dim=2), define_decoder(latent_dim=2)
# autoencoder = define_autoencoder(encoder, decoder)
# encoder.summary()

# %% tags=["active-ipynb"]
# decoder.summary()

# %% [markdown]
# ## 4. Training with `fit`
#
# The input is also the target. That is all. The **validation images** are 5,000 training images that are kept back.
# (`data.validation()` puts them in the place of the test images.) So you can look at results as often as you like, and
# the real test images are not used until section 5. The printed `loss` is a mean over the whole epoch, from the
# untrained network on. So it is larger than `val_loss`, which is computed at the end.

# %% tags=["active-ipynb"]
# x, x_validation = data.images / np.float32(127.5) - 1, data.validation().test_images / np.float32(127.5) - 1
# history = autoencoder.fit(x, x, batch_size=64, epochs=1, validation_data=(x_validation, x_validation), verbose=2)

# %% [markdown]
# ## 5. The latent plane
#
# Each image is now a point in the plane. Here are the codes of 5,000 *test* images. The colours are the labels. The
# network has never seen a label. Still, many digits have a region of their own, because images that look alike get
# codes that are near to each other. Digits that are written in a similar way, such as 4 and 9, overlap.

# %% tags=["active-ipynb"]
# from chapters.ch01_autoencoder import pictures
#
# x_test, y_test = data.test_images[:5000] / np.float32(127.5) - 1, data.test_labels[:5000]
# codes = encoder.predict(x_test, verbose=0)
# title = "Codes of test images of MNIST (autoencoder, one epoch)"
# pictures.scatter({"plain autoencoder": codes}, y_test, data.class_names, title)

# %% [markdown]
# Now the other way: we take points of the plane on a grid and let the decoder make images of them. Neighbouring points
# give similar images, and between two digits lie shapes that are half one and half the other. Look at the lower left
# corner: there are points far from all codes. The decoder has never been trained there, and its images are no digits.

# %% tags=["active-ipynb"]
# low, high = np.percentile(codes, [2, 98], axis=0)
# columns, rows = np.linspace(low[0], high[0], 12), np.linspace(high[1], low[1], 12)
# names = {"rows": [f"{y:.1f}" for y in rows], "columns": [f"{x:.1f}" for x in columns]}
# gb.show(pictures.plane(decoder, columns, rows), **names, title="The latent plane, decoded (both latent numbers)")

# %% [markdown]
# ## 6. More latent numbers
#
# Two numbers are good to look at, and too few for a good copy. So we take 32. This time we use the book's own `train`.
# It does what `fit` did, and it also writes a log, pictures and checkpoints into a folder, and measures at the end. For
# that it has to know the settings and the model. A **preset** is a set of settings: `smoke` is for tests, `quick` takes
# a minute or two, `full` about twenty, and `book` has two latent numbers and thirty epochs, as the [VAE example of
# Keras](https://keras.io/examples/generative/vae/) has. In a shell: `gan-book train autoencoder --preset quick`.
#
# The book's models are made for several networks that are updated one after the other in each step. They say so in a
# method `turns` with one `yield` for each update: name, network, input, target. Here there is one update. (Chapter 2
# explains `turns`. Here it is only the line that says what `fit` was told above.)


# %%
class Autoencoder(AdversarialModel):
    """The autoencoder as the book's `train` wants it: a model that says which networks a step updates. Here it is one.

    `sampler`, the network to generate with, is the decoder.
    """

    def __init__(self, encoder, decoder, learning_rate=1e-3, seed=0):
        super().__init__(seed=seed)
        self.encoder, self.sampler = encoder, decoder
        self.autoencoder = define_autoencoder(encoder, decoder, learning_rate)

    def turns(self, images, labels=None):
        x = to_float(images)
        yield "ae", self.autoencoder, x, x


@dataclass(frozen=True)
class AutoencoderSettings(Settings):
    """`latent_dim`: numbers in a code; `width`: filters at full size."""

    latent_dim: int = 32
    width: int = 16
    learning_rate: float = 1e-3


QUICK = AutoencoderSettings(data="mnist", epochs=1, batch_size=64, limit=32_000)
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
    return Autoencoder(define_encoder(*sizes), define_decoder(*sizes), settings.learning_rate, settings.seed)


LESSON = Lesson(
    name="autoencoder",
    title="Autoencoder (Hinton and Salakhutdinov 2006)",
    folder="ch01_autoencoder",
    presets=PRESETS,
    build=build,
    next_step="Next: sample with `gan-book generate autoencoder --run {run} --out samples.png`; compare with `vae`.",
    kept=("encoder",),
    measure=scores.measure,
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% [markdown]
# The codes with 32 numbers keep much more of the image:

# %% tags=["active-ipynb"]
# from gan_book.networks import to_uint8
#
# encoder_32, decoder_32 = run.load("encoder"), run.load("generator")
# copies = {"real test images": data.test_images[:10]}
# for name, (f, g) in {"2 numbers": (encoder, decoder), "32 numbers": (encoder_32, decoder_32)}.items():
#     copies[f"copied through {name}"] = to_uint8(g.predict(f.predict(x_test[:10], verbose=0), verbose=0))
# gb.show(copies, title="MNIST: test images and their reconstructions (autoencoder)")

# %% [markdown]
# ## 7. Interpolation
#
# With codes we can go from one image to another: encode both, walk on the straight line between the codes, and decode
# each point. Compare this with mixing the *pixels* of the two images. The mixture shows both digits at once, one fading
# in, one fading out. The decoded codes mostly show one shape that changes. (In the middle its strokes fade: there the
# decoder is unsure.) The second argument of `gb.draw` has a label for each image. Our decoder has no labels, so only
# its length counts: ten images.

# %% tags=["active-ipynb"]
# from gan_book.sampling import line
#
# rows = {}
# for a, b in ((0, 1), (2, 3)):
#     z = encoder_32.predict(x_test[[a, b]], verbose=0)
#     title = f"{y_test[a]} to {y_test[b]}"
#     rows[f"{title}, codes"] = gb.draw(decoder_32, np.zeros(10), z=line(*z, 10))
#     mixed = line(*data.test_images[[a, b]].reshape(2, -1), 10)
#     rows[f"{title}, pixels"] = mixed.astype("uint8").reshape(10, 28, 28, 1)
# gb.show(rows, title="From one test image to another: through codes, and through pixels (32 latent numbers)")

# %% [markdown]
# ## 8. Sampling fails
#
# The decoder turns any 32 numbers into an image. So can we generate new digits? We need a code that no image was
# encoded to, and the simplest choice is 32 random numbers from N(0, 1):

# %% tags=["active-ipynb"]
# rng = np.random.default_rng(0)
# z_training = encoder_32.predict(x[:10_000], verbose=0)
# print(f"standard deviations of the codes: {z_training.std(axis=0).min():.1f} to {z_training.std(axis=0).max():.1f}")
# fitted = rng.multivariate_normal(z_training.mean(axis=0), np.cov(z_training.T), 20).astype("float32")
# rows = {
#     "from N(0, 1)": gb.draw(decoder_32, np.zeros(10), seed=0),
#     "from N(0, 1), others": gb.draw(decoder_32, np.zeros(10), seed=1),
#     "from a fitted normal": gb.draw(decoder_32, np.zeros(10), z=fitted[:10]),
#     "fitted, others": gb.draw(decoder_32, np.zeros(10), z=fitted[10:]),
# }
# gb.show(rows, title="Samples of a plain autoencoder (32 latent numbers)")

# %% [markdown]
# Many of these are no digits. Two things are wrong.
#
# - *Scale.* Nothing in the loss says how large codes should be, or where their middle is. The printed standard
#   deviations are above 1. In 32 dimensions this matters: a point from N(0, 1) is about $\sqrt{32} = 5.7$ away from 0,
#   and codes with deviations of 1.3 to 2.1 are 7 to 12 away from their middle. So the points of the first two rows come
#   from a region that hardly any image is encoded to.
# - *Shape.* The other rows repair the scale: they are sampled from a normal distribution with the mean and the
#   covariance of the codes. They look better. But the codes do not fill a normal distribution. There are regions with
#   many codes, one for each way to write a digit, and holes between them. You have seen this in the plane of section 5.
#   In a hole the decoder has learned nothing.
#
# The encoder has to be told *where* to put the codes, so that we know what to sample from. The next notebook does this,
# in two ways.
#
# ## 9. Measured
#
# The report of the run has these numbers. Three of them need a word here. (`docs/results.md` explains them all.)
#
# - **Reconstruction**: the loss of section 2, on the 10,000 test images.
# - **Neighbours' accuracy**: a test image gets the label that most of its five nearest training images have, where
#   "near" is measured between codes. It says how well codes keep apart what is different.
# - **Fréchet distance (FD)** of 10,000 samples from N(0, 1): how far generated images are from real ones, as a whole,
#   in the features of a small classifier of digits. Smaller is better. (Chapter 5 has the formula.) "FD, fitted prior"
#   is the same for samples from the fitted normal distribution.

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# four = "reconstruction", "neighbours", "frechet_distance", "fitted_frechet"
# print(*score_lines(run.report["measured"], four), sep="\n")

# %% [markdown]
# Compare the last two distances with that of real training images, in brackets. Copying works. Sampling from N(0, 1)
# does not. The fitted normal distribution repairs most of it, but you can fit it only afterwards.
#
# ## 10. Exercises
#
# *To answer from the text and the output*
#
# 1. How many numbers has an image, and how many has its code? Which layer of the encoder has the most weights?
# 2. Which digits share a region in the plane of section 5? Find a pair in the picture of codes, and then in the decoded
#    grid.
# 3. Why is the loss of a perfect copy not 0?
#
# *To run*
#
# 4. Train with `latent_dim=1`. Decode forty points of the line. What does a single number keep?
# 5. Encode images of Fashion-MNIST (`gb.load("fashion_mnist")`) with the networks trained on digits. What does the
#    decoder make of a shirt?
# 6. A **denoising** autoencoder gets an image with noise and has to give the clean one
#    ([Vincent et al. 2008](https://doi.org/10.1145/1390156.1390294)). Train one:
#    `autoencoder.fit(x + rng.normal(0, 0.5, x.shape), x)`.
#
# *To write*
#
# 7. Write `nats(x, x_hat)` with numpy alone: from images with pixels from 0 to 1, float `[n, h, w, c]`, to the loss of
#    section 2 for each image, float `[n]`. It must work where $\hat x$ is exactly 0 or 1. Check:
#    `from chapters.ch01_autoencoder import exercises`, then `exercises.check_nats(nats)`.
# 8. Write `nearest(codes, labels, code, k)`: the label that most of the `k` nearest codes have. Check:
#    `exercises.check_nearest(nearest)`.
#
# *A project*
#
# 9. Find unusual images with the reconstruction loss: which test images of MNIST have the largest? Show the twenty
#    worst. Then take test images of Fashion-MNIST among them. How many of 100 are found, if 1 % of the digits may be
#    called unusual by mistake?
#
# <details><summary>Answers</summary>
#
# 1. 784 and 2 (or 32). The third convolution: 4 x 4 x 32 x 64 weights and 64 biases.
# 2. Usually 4 and 9, and often 3, 5 and 8.
# 3. A grey pixel of value 0.5 costs at least $\log 2$, also if $\hat x$ is 0.5. Only black and white pixels can cost 0.
# 4. Mostly one thing, such as how wide a digit is; the line runs through few of the digits.
# 5. Something with the strokes of a digit, of about the same brightness. It has learned nothing else.
# 6. It removes the noise. Noise cannot be predicted from the rest of the image, so the code has no place for it.
# 7. and 8. `exercises.nats_solution` and `exercises.nearest_solution`, in `chapters/ch01_autoencoder/exercises.py`.
# 9. Set the threshold at the 99 % quantile of the loss on digits. Then count.
#
# </details>

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
