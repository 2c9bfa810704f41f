from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch01_autoencoder import scores
from chapters.ch01_autoencoder.autoencoder import define_autoencoder, define_decoder, reconstruction
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.networks import dcgan_features, to_float
from gan_book.training.lesson import Lesson, Settings


# %%
def define_encoder(latent_dim=2, image_shape=(28, 28, 1), width=16):
    """Images ``[n, h, w, c]`` in [-1, 1] to mean and log variance of q(z|x), ``[n, latent_dim]`` each."""
    image = keras.Input(image_shape, name="image")
    features = dcgan_features(image, width, layers.Identity)
    mean = layers.Dense(latent_dim, dtype="float32", name="mean")(features)
    log_variance = layers.Dense(latent_dim, dtype="float32", name="log_variance")(features)
    return keras.Model(image, [mean, log_variance], name="encoder")


# %%
class Sampling(layers.Layer):
    """Samples z from q(z|x) = N(mean, variance), and adds beta times its KL divergence from N(0, 1) to the loss.

    Kingma and Welling (2014), section 2.4 (the sample) and appendix B (the KL divergence).
    """

    def __init__(self, beta=1.0, seed=0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.beta = beta
        self.rng = keras.random.SeedGenerator(seed)
        self.kl = keras.metrics.Mean("kl")  # so that `fit` shows it

    def call(self, inputs):
        mean, log_variance = inputs
        # The KL divergence in nats, summed over the latent numbers, mean over the batch.
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1)
        self.add_loss(self.beta * ops.mean(kl))
        self.kl.update_state(kl)
        epsilon = keras.random.normal(ops.shape(mean), seed=self.rng)
        return mean + ops.exp(log_variance / 2) * epsilon


# %%
def define_vae(encoder, decoder, beta=1.0, learning_rate=1e-3, seed=0):
    """Encoder, sampling and decoder in a row, compiled: images to their reconstructions."""
    z = Sampling(beta, seed, name="sampling")(encoder.outputs)
    vae = keras.Model(encoder.input, decoder(z), name="vae")
    vae.compile(keras.optimizers.Adam(learning_rate), reconstruction, metrics=[reconstruction])
    return vae


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
    "book": replace(QUICK, latent_dim=2, epochs=30, limit=None),
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

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
