from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch01_autoencoder import scores
from gan_book.adversarial import AdversarialModel
from gan_book.networks import dcgan_features, dcgan_image, to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings


# %%
def reconstruction(y_true, y_pred):
    """The cross-entropy of each image in nats, summed over its pixels: ``[n, h, w, c]`` in [-1, 1] to ``[n]``."""
    x, x_hat = ((ops.cast(image, "float32") + 1) / 2 for image in (y_true, y_pred))  # from [-1, 1] to [0, 1]
    return ops.sum(ops.binary_crossentropy(x, x_hat), axis=(1, 2, 3))


def define_encoder(latent_dim=2, image_shape=(28, 28, 1), width=16):
    """Images ``[n, h, w, c]`` in [-1, 1] to codes ``[n, latent_dim]``."""
    image = keras.Input(image_shape, name="image")
    z = layers.Dense(latent_dim, dtype="float32", name="z")(dcgan_features(image, width, layers.Identity))
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


QUICK = AutoencoderSettings(data="mnist", epochs=2, batch_size=64, limit=32_000)
PRESETS = {
    "smoke": replace(QUICK, epochs=1, batch_size=32, limit=320, width=4, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=15, limit=None),
    "book": replace(QUICK, latent_dim=2, epochs=30, limit=None),
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
    next_step="Next: the samples are poor; see what helps with `gan-book train vae`.",
    kept=("encoder",),
    measure=scores.measure,
)

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
