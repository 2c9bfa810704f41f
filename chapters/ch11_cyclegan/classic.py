"""The generator as the paper has it, for the preset `book`: transposed convolutions, normalization in every level.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", section 7.2. Chapter
11 explains what it does differently, and why.
"""

import keras
from keras import layers

from chapters.ch11_cyclegan.cyclegan import c7s1, normalize, residual
from gan_book.networks import normal


def define_generator(image_shape=(256, 256, 3), width=64, blocks=9, name="generator"):
    """The ResNet: images ``[n, h, w, c]`` in [-1, 1], sides multiples of 4, to images of the same shape.

    In the paper's words: c7s1-64, d128, d256, nine times R256, u128, u64, c7s1-3, for a width of 64.
    """
    image = keras.Input(image_shape, name="image")
    h = layers.ReLU()(normalize(c7s1(image, width)))
    for filters in (2 * width, 4 * width):
        h = layers.Conv2D(filters, 3, strides=2, kernel_initializer=normal())(layers.ZeroPadding2D(1)(h))
        h = layers.ReLU()(normalize(h))
    for _ in range(blocks):
        h = residual(h)
    for filters in (2 * width, width):
        h = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", kernel_initializer=normal())(h)
        h = layers.ReLU()(normalize(h))
    h = layers.Activation("tanh", dtype="float32", name="output")(c7s1(h, image_shape[-1], dtype="float32"))
    return keras.Model(image, h, name=name)
