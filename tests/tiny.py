"""A GAN small enough to train within a test, with every kind of weight that a chapter has."""

import keras
import numpy as np
from keras import layers, ops

from gan_book.adversarial import AdversarialModel, Composite

LATENT, FEATURES, CLASSES = 6, 8, 3


def define_generator(batch_norm=True):
    z = keras.Input((LATENT,), name="z")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([z, layers.Embedding(CLASSES, 4, name="label_embedding")(label)])
    h = layers.Dense(12, name="g_hidden")(h)
    h = layers.BatchNormalization(name="g_norm")(h) if batch_norm else h
    x = layers.Dense(FEATURES, activation="tanh", dtype="float32", name="g_out")(layers.ReLU()(h))
    return keras.Model([z, label], x, name="generator")


def define_discriminator(batch_norm=True, learning_rate=1e-2):
    x = keras.Input((FEATURES,), name="x")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([x, layers.Embedding(CLASSES, 4, name="d_embedding")(label)])
    h = layers.Dense(12, name="d_hidden")(h)
    h = layers.BatchNormalization(name="d_norm")(h) if batch_norm else h
    h = layers.Dropout(0.2)(layers.LeakyReLU(0.2)(h))
    logit = layers.Dense(1, dtype="float32", name="d_out")(h)
    model = keras.Model([x, label], logit, name="discriminator")
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    model.compile(keras.optimizers.Adam(learning_rate), cross_entropy(), metrics=[accuracy])
    return model


def cross_entropy():
    return keras.losses.BinaryCrossentropy(from_logits=True)


def define_gan(generator, discriminator, learning_rate=1e-2):
    answer = discriminator([generator.output, generator.inputs[1]])
    gan = Composite(generator.inputs, answer, frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(learning_rate), cross_entropy())
    return gan


class TinyGAN(AdversarialModel):
    """`played` picks the turns, so that a test can look at one alone."""

    def __init__(self, batch_norm=True, played=("d_real", "d_fake", "g"), average=0.0, seed=0):
        super().__init__(seed=seed)
        self.generator = define_generator(batch_norm)
        self.discriminator = define_discriminator(batch_norm)
        self.gan = define_gan(self.generator, self.discriminator)
        self.sampler = self.track_average(self.generator, average) if average else self.generator
        self.played = tuple(played)

    def turns(self, x, label):
        n = ops.shape(x)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        z = keras.random.normal((n, LATENT), seed=self.rng)
        if "d_real" in self.played:
            yield "d_real", self.discriminator, [x, label], real
        if "d_fake" in self.played:
            yield "d_fake", self.discriminator, [self.generator([z, label], training=True), label], fake
        if "g" in self.played:
            yield "g", self.gan, [z, label], real


def data(n=64, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, FEATURES)).astype("float32"), rng.integers(0, CLASSES, n).astype("int32")
