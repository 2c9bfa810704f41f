"""The DCGAN with one of its guidelines left out at a time: what the setting `change` of the lesson selects.

Each variant exchanges one block of the networks in `dcgan.py` and leaves everything else as it is.
"""

from functools import partial

from keras import layers

from gan_book.errors import require_choice
from gan_book.networks import cropped, normal


def pooled(h, filters, normalized, kernel=4):
    """`dcgan.halve` with max pooling: an ordinary convolution; then the largest value of each 2 x 2 square is kept."""
    h = layers.Conv2D(filters, kernel, padding="same", kernel_initializer=normal())(h)
    h = layers.MaxPooling2D(2, padding="same")(h)
    return activated(h, normalized, LEAKY)


def upsampled(h, filters, size, kernel=3):
    """`dcgan.double` with pixels that are repeated and an ordinary convolution (Odena et al. 2016)."""
    h = layers.Conv2D(filters, kernel, padding="same", kernel_initializer=normal())(layers.UpSampling2D(2)(h))
    return cropped(h, size)


def activated(h, normalized, activation):
    """Batch normalization, if `normalized`, and an activation layer."""
    return activation()(layers.BatchNormalization(momentum=0.9)(h) if normalized else h)


LEAKY = partial(layers.LeakyReLU, 0.2)


def halved(h, filters, normalized, kernel=4, activation=LEAKY):
    """`dcgan.halve` with another activation layer."""
    h = layers.Conv2D(filters, kernel, strides=2, padding="same", kernel_initializer=normal())(h)
    return activated(h, normalized, activation)


def hidden_layer(h, units=256):
    """Two fully connected hidden layers before the answer of D: features ``[n, d]`` to ``[n, units]``."""
    for _ in range(2):
        h = layers.LeakyReLU(0.2)(layers.Dense(units, kernel_initializer=normal())(h))
    return h


# What each change gives to `define_discriminator`, to `define_generator`; the paper's guideline is None.
CHANGES = {
    "none": ({}, {}),
    "pooling": ({"halve": pooled}, {}),
    "upsampling": ({}, {"double": upsampled}),
    "no-batch-norm": (
        {"halve": lambda h, filters, normalized, kernel=4: halved(h, filters, False, kernel)},
        {"activate": lambda h: layers.ReLU()(h)},
    ),
    "batch-norm-everywhere": (
        {"halve": lambda h, filters, normalized, kernel=4: halved(h, filters, True, kernel)},
        {"last": lambda h: layers.BatchNormalization(momentum=0.9)(h)},
    ),
    "hidden-layers": ({"top": hidden_layer}, {}),
    "relu-in-d": ({"halve": partial(halved, activation=layers.ReLU)}, {}),
    "leaky-in-g": ({}, {"activate": partial(activated, normalized=True, activation=LEAKY)}),
}


def parts_of(change):
    """What a change gives to `define_discriminator` and to `define_generator`: two dicts of arguments.

    Raises:
        BookError: no such change.
    """
    require_choice("change", change, CHANGES)
    return CHANGES[change]
