"""A whole lesson that trains in seconds, such as a reader could write; also run by itself, as a script.

It has all the kinds of state a training can have: batch normalization, dropout and noise with their random states, two
optimizers, a moving average.
"""

import math
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops
from PIL import Image

from gan_book.adversarial import AdversarialModel, Composite
from gan_book.networks import to_float
from gan_book.sampling import Generator, Label, Noise
from gan_book.training.lesson import Lesson, Settings

LATENT = 6


@dataclass(frozen=True)
class TinySettings(Settings):
    learning_rate: float = 1e-3
    average: float = 0.9


class TinyImageGAN(AdversarialModel):
    def __init__(self, shape, classes, settings):
        super().__init__(seed=settings.seed)
        self.generator = define_generator(shape, classes)
        self.discriminator = define_discriminator(shape, classes, settings.learning_rate)
        self.gan = define_gan(self.generator, self.discriminator, settings.learning_rate)
        self.sampler = self.track_average(self.generator, settings.average)

    @property
    def discriminators(self):
        return (self.discriminator,)

    def turns(self, images, labels):
        n = ops.shape(images)[0]
        z = keras.random.normal((n, LATENT), seed=self.rng)
        yield "d_real", self.discriminator, [to_float(images), labels], ops.ones((n, 1))
        yield "d_fake", self.discriminator, [self.generator([z, labels], training=True), labels], ops.zeros((n, 1))
        yield "g", self.gan, [z, labels], ops.ones((n, 1))


def define_generator(shape, classes):
    z, label = keras.Input((LATENT,), name="z"), keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([z, layers.Embedding(classes, 4, name="label_embedding")(label)])
    h = layers.ReLU()(layers.BatchNormalization()(layers.Dense(12)(h)))
    x = layers.Dense(math.prod(shape), activation="tanh", dtype="float32")(h)
    image = layers.Reshape(shape, dtype="float32")(x)
    return Generator([z, label], image, takes=[Noise(), Label(classes)])


def define_discriminator(shape, classes, learning_rate):
    x, label = keras.Input(shape, name="image"), keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([layers.Flatten()(x), layers.Embedding(classes, 4)(label)])
    h = layers.Dropout(0.2)(layers.LeakyReLU(0.2)(layers.Dense(12)(h)))
    model = keras.Model([x, label], layers.Dense(1, dtype="float32")(h), name="discriminator")
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss, metrics=[accuracy])
    return model


def define_gan(generator, discriminator, learning_rate):
    answer = discriminator([generator.output, generator.inputs[1]])
    gan = Composite(generator.inputs, answer, frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate), keras.losses.BinaryCrossentropy(from_logits=True))
    return gan


def build(settings, dataset):
    return TinyImageGAN(dataset.image_shape, dataset.num_classes, settings)


QUICK = TinySettings("pictures", epochs=3, batch_size=4, image_size=8, measure_samples=20, deterministic=True)
LESSON = Lesson(
    name="tiny",
    title="A tiny GAN",
    folder="tests",
    presets={"quick": QUICK, "long": replace(QUICK, epochs=8)},
    build=build,
    next_step="Look at {run}.",
)


def write_pictures(folder, count=20, size=10):
    """``count`` coloured PNGs in each of the classes "dawn" and "dusk"; returns the folder."""
    rng = np.random.default_rng(0)
    for name, shift in (("dawn", 0), ("dusk", 100)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 156, (size, size, 3)) + shift
            Image.fromarray(pixels.astype("uint8")).save(folder / name / f"{i}.png")
    return folder


if __name__ == "__main__":
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
