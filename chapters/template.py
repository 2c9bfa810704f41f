"""A GAN of your own: copy this file, change it, and run it. As it stands it takes two minutes on a laptop.

    python chapters/template.py

It draws clothing without being told which; chapter 6 adds the label. What to change first: the networks, the loss, the
data (``gb.load("path/to/your/pictures", image_size=32)``).
"""

import keras
import numpy as np
from keras import layers, ops

import gan_book as gb

LATENT = 64  # numbers in a latent point z
loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for the target 1, -log(1 - D) for the target 0


def adam():
    return keras.optimizers.Adam(5e-4, beta_1=0.5)


def define_discriminator(image_shape):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``[n, 1]``: above 0 means "real"."""
    image = h = keras.Input(image_shape)
    for filters in (32, 64, 128):
        h = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 4, strides=2, padding="same")(h))
    logit = layers.Dense(1, dtype="float32")(layers.Dropout(0.3)(layers.Flatten()(h)))
    discriminator = keras.Model(image, logit, name="discriminator")
    discriminator.compile(adam(), loss)
    return discriminator


def define_generator(image_shape):
    """Latent points ``[n, 64]`` to images ``[n, h, w, c]`` in [-1, 1], sides divisible by 4."""
    height, width, channels = image_shape
    z = keras.Input((LATENT,))
    h = layers.Reshape((height // 4, width // 4, 128))(layers.Dense(height * width * 8)(z))
    for filters in (64, 32):
        h = layers.ReLU()(layers.BatchNormalization()(h))
        h = layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=False)(h)
    h = layers.Conv2D(channels, 5, padding="same")(layers.ReLU()(layers.BatchNormalization()(h)))
    # The generator says what its input is: z is sampled from N(0, 1), in training and whenever images are made.
    return gb.Generator(z, layers.Activation("tanh", dtype="float32")(h), takes=[gb.Noise()])


def define_gan(generator, discriminator):
    """The composite: z to the discriminator's logit of G(z). It trains G and leaves D as it is."""
    answer = discriminator(generator.output)
    gan = gb.Composite(generator.inputs, answer, frozen=[discriminator], name="gan")
    gan.compile(adam(), loss)
    return gan


class MyGAN(gb.GAN):
    """One step is three updates, each ``name, network, x, y``: update the network to answer y to x."""

    def turns(self, images, labels):
        n = ops.shape(images)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        x_fake = self.generator(self.latent_points(n), training=True)
        yield "d_real", self.discriminator, gb.to_float(images), real
        yield "d_fake", self.discriminator, x_fake, fake
        yield "g", self.gan, self.latent_points(n), real


def one_step_by_hand(model, images):
    """The same step without `turns`: three calls of Keras's `train_on_batch`. Slower, and easy to follow."""
    n = len(images)
    real, fake = np.ones((n, 1)), np.zeros((n, 1))
    x_fake = model.generator.predict(np.random.normal(size=(n, LATENT)), verbose=0)
    d_real = model.discriminator.train_on_batch(gb.to_float(images), real)
    d_fake = model.discriminator.train_on_batch(x_fake, fake)
    g = model.gan.train_on_batch(np.random.normal(size=(n, LATENT)), real)
    return {"d_real_loss": float(d_real), "d_fake_loss": float(d_fake), "g_loss": float(g)}


def main(limit=None, epochs=2):
    data = gb.load("fashion_mnist", limit=limit)
    generator, discriminator = define_generator(data.image_shape), define_discriminator(data.image_shape)
    model = MyGAN(generator, discriminator, define_gan(generator, discriminator), average=0.99)
    model.compile()
    print("one step by hand:", one_step_by_hand(model, data.images[:64]))
    # For long trainings: callbacks=[keras.callbacks.BackupAndRestore("backup")] goes on where it was stopped.
    model.fit(data.images, data.labels, batch_size=64, epochs=epochs)
    gb.save_png(gb.image_grid(gb.draw(model.sampler, np.zeros(64), seed=1), 8, 8), "my_gan.png")
    gb.save_network(model.sampler, "my_gan.keras")  # gb.load_network("my_gan.keras") brings it back
    return model


if __name__ == "__main__":
    main()
