"""The classic AC-GAN for 28 x 28 pixels, as books print it: dropout 0.5, and 384 feature maps at the start of G.

Trained with Adam, learning rate 0.0002 and beta_1 0.5. The preset `book` trains it. Explained in chapter 8, "Going
further".
"""

import keras
from keras import layers

from chapters.ch06_cgan.classic import label_channel
from gan_book.networks import normal, to_image
from gan_book.sampling import Generator, Label, Noise


def define_discriminator(image_shape=(28, 28, 1), num_classes=10):
    """Images ``[n, h, w, c]`` in [-1, 1] to logits ``{"validity": [n, 1], "label": [n, num_classes]}``; not compiled.

    Convolutions of 32, 64, 128 and 256 filters, each followed by dropout 0.5.
    """
    image = keras.Input(image_shape, name="image")
    h = image
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        h = layers.Conv2D(filters, 3, strides=strides, padding="same", kernel_initializer=normal())(h)
        h = layers.BatchNormalization()(h) if filters > 32 else h
        h = layers.Dropout(0.5)(layers.LeakyReLU(0.2)(h))
    h = layers.Flatten()(h)
    validity = layers.Dense(1, dtype="float32", name="validity")(h)
    label = layers.Dense(num_classes, dtype="float32", name="label")(h)
    return keras.Model(image, {"validity": validity, "label": label}, name="discriminator")


def define_generator(latent_dim=100, image_shape=(28, 28, 1), num_classes=10):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1].

    The label is the 385th feature map; two transposed convolutions follow.
    """
    height, width = -(-image_shape[0] // 4), -(-image_shape[1] // 4)
    z = keras.Input((latent_dim,), name="z")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.ReLU()(layers.Dense(height * width * 384, kernel_initializer=normal())(z))
    h = layers.Reshape((height, width, 384))(h)
    h = layers.Concatenate()([h, label_channel(label, num_classes, height, width)])
    h = layers.Conv2DTranspose(192, 5, strides=2, padding="same", kernel_initializer=normal())(h)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = layers.Conv2DTranspose(image_shape[-1], 5, strides=2, padding="same", kernel_initializer=normal())(h)
    return Generator([z, label], to_image(h, image_shape), takes=[Noise(), Label(num_classes)])
