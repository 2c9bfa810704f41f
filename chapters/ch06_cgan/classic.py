"""The classic conditional GAN, as many books print it: the label as one more channel of the image.

128 filters everywhere, dropout 0.4, embedding 50; trained with Adam, learning rate 0.0002 and beta_1 0.5, the numbers
of the DCGAN (Radford et al. 2015, section 4). The preset `book` trains it. Explained in chapter 6, "Going further".
"""

import keras
from keras import layers

from gan_book.networks import to_image
from gan_book.sampling import Generator, Label, Noise


def label_channel(label, num_classes, height, width):
    """Labels, int ``[n]``, as pictures that are learned: float ``[n, height, width, 1]``."""
    embedded = layers.Embedding(num_classes, 50, name="label_embedding")(label)
    return layers.Reshape((height, width, 1))(layers.Dense(height * width)(embedded))


def define_discriminator(image_shape=(28, 28, 1), num_classes=10):
    """Images ``[n, h, w, c]`` in [-1, 1] and labels ``[n]`` to logits ``[n, 1]``; not compiled."""
    image = keras.Input(image_shape, name="image")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.Concatenate()([image, label_channel(label, num_classes, *image_shape[:2])])
    for _ in range(2):
        h = layers.Conv2D(128, 3, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Dropout(0.4)(layers.Flatten()(h))
    logit = layers.Dense(1, dtype="float32", name="logit")(h)
    return keras.Model([image, label], logit, name="discriminator")


def define_generator(latent_dim=100, image_shape=(28, 28, 1), num_classes=10):
    """Latent points ``[n, latent_dim]`` and labels ``[n]`` to images ``[n, h, w, c]`` in [-1, 1]."""
    height, width = -(-image_shape[0] // 4), -(-image_shape[1] // 4)
    z = keras.Input((latent_dim,), name="z")
    label = keras.Input((), dtype="int32", name="label")
    h = layers.LeakyReLU(0.2)(layers.Dense(height * width * 128)(z))
    h = layers.Reshape((height, width, 128))(h)
    h = layers.Concatenate()([h, label_channel(label, num_classes, height, width)])
    for _ in range(2):
        h = layers.Conv2DTranspose(128, 4, strides=2, padding="same")(h)
        h = layers.LeakyReLU(0.2)(h)
    h = layers.Conv2D(image_shape[-1], 7, padding="same")(h)
    return Generator([z, label], to_image(h, image_shape), takes=[Noise(), Label(num_classes)])
