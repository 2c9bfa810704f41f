"""The classic SGAN, as many books print it: plain convolutions with 128 filters, no normalization, dropout 0.4.

Trained with the adversarial loss and Adam, learning rate 0.0002 and beta_1 0.5. The preset `book` trains it. Explained
in chapter 9, "Going further".
"""

import keras
from keras import layers

from gan_book.networks import to_image
from gan_book.sampling import Generator, Noise


def define_classifier(image_shape=(28, 28, 1), num_classes=10):
    """Images ``[n, h, w, c]`` in [-1, 1] to K logits ``[n, num_classes]``."""
    image = h = keras.Input(image_shape, name="image")
    for _ in range(3):
        h = layers.Conv2D(128, 3, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Dropout(0.4)(layers.Flatten()(h))
    return keras.Model(image, layers.Dense(num_classes, dtype="float32", name="label")(h), name="classifier")


def define_generator(latent_dim=100, image_shape=(28, 28, 1)):
    """Latent points ``[n, latent_dim]``, N(0, 1), to images ``[n, h, w, c]`` in [-1, 1]."""
    height, width = -(-image_shape[0] // 4), -(-image_shape[1] // 4)
    z = keras.Input((latent_dim,), name="z")
    h = layers.LeakyReLU(0.2)(layers.Dense(height * width * 128)(z))
    h = layers.Reshape((height, width, 128))(h)
    for _ in range(2):
        h = layers.Conv2DTranspose(128, 4, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Conv2D(image_shape[-1], 7, padding="same")(h)
    return Generator(z, to_image(h, image_shape), takes=[Noise()])
