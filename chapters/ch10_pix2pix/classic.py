"""The U-Net as the paper has it, for the preset `book`: transposed convolutions, down to a single pixel.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", sections 3.2.1 and 6.1.1. Chapter
10 explains what it does differently, and why.
"""

import keras
from keras import layers

from chapters.ch10_pix2pix.pix2pix import LastingDropout, normalize
from gan_book.networks import normal


def halve(h, filters):
    """A convolution that halves the sides: ``[n, h, w, c]`` to ``[n, h / 2, w / 2, filters]``."""
    return layers.Conv2D(filters, 4, 2, "same", use_bias=False, kernel_initializer=normal())(h)


def double(h, filters, bias=False):
    """A transposed convolution that doubles the sides: ``[n, h, w, c]`` to ``[n, 2 h, 2 w, filters]``."""
    return layers.Conv2DTranspose(filters, 4, 2, "same", use_bias=bias, kernel_initializer=normal())(h)


def define_generator(image_shape=(256, 256, 3), width=64, skips=True):
    """The U-Net, images ``[n, s, s, c]`` in [-1, 1] to images of the same shape; without `skips` an encoder-decoder.

    The shorter side must be a power of two, the other a multiple of it. `width` filters at half the side, twice as many
    each time it is halved again, at most eight times as many. No bias where a normalization would take it out again.
    """
    side, channels = min(image_shape[:2]), image_shape[-1]
    depth = side.bit_length() - 1
    filters = [width * 2 ** min(level, 3) for level in range(depth)]
    image = h = keras.Input(image_shape, name="image")
    seen = []
    for level in range(depth):
        h = halve(layers.LeakyReLU(0.2)(h) if level else h, filters[level])
        # At one pixel there is no variance left: an image's own normalization would make it 0 (section 6.3, errata).
        h = normalize(h) if 0 < level < depth - 1 else h
        seen.append(h)
    for level in reversed(range(1, depth)):
        h = normalize(double(layers.ReLU()(h), filters[level - 1]))
        h = LastingDropout(0.5)(h) if level > depth - 4 else h
        h = layers.Concatenate()([h, seen[level - 1]]) if skips else h
    h = double(layers.ReLU()(h), channels, bias=True)
    return keras.Model(image, layers.Activation("tanh", dtype="float32", name="output")(h), name="generator")
