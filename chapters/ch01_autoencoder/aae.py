"""The adversarial autoencoder for the command line: ``gan-book train aae``. The notebook `vae` explains it."""

from dataclasses import asdict, dataclass

from chapters.ch01_autoencoder import autoencoder, scores
from chapters.ch01_autoencoder.autoencoder import AutoencoderSettings, define_decoder, define_encoder
from chapters.ch01_autoencoder.vae import AAE, define_discriminator
from gan_book.training.lesson import Lesson


@dataclass(frozen=True)
class AAESettings(AutoencoderSettings):
    """Those of the autoencoder, and `units`: of each hidden layer of D.

    `adversarial_learning_rate` is that of D, and of the encoder when it is trained against D.
    """

    units: int = 128
    adversarial_learning_rate: float = 5e-4


PRESETS = {name: AAESettings(**asdict(preset)) for name, preset in autoencoder.PRESETS.items()}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape."""
    sizes, rate = (settings.latent_dim, dataset.image_shape, settings.width), settings.adversarial_learning_rate
    discriminator = define_discriminator(settings.latent_dim, settings.units, rate)
    networks = define_encoder(*sizes), define_decoder(*sizes), discriminator
    return AAE(*networks, settings.learning_rate, rate, settings.seed)


LESSON = Lesson(
    name="aae",
    title="Adversarial autoencoder (Makhzani et al. 2015)",
    folder="ch01_autoencoder",
    presets=PRESETS,
    build=build,
    next_step="Next: generate images with `gan-book generate aae --run {run} --out generated.png`.",
    kept=("encoder",),
    measure=scores.measure,
)

if __name__ == "__main__":
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
