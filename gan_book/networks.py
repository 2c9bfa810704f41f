"""Parts that the networks of several chapters share. Explained in chapter 6.

The convolutions are those of the DCGAN (Radford, Metz and Chintala 2015, "Unsupervised Representation Learning with
Deep Convolutional Generative Adversarial Networks", section 3): no pooling, batch normalization; `width` filters, the
generator's at full size and the discriminator's at half, and twice as many each time the side is halved, at most eight
times as many; initial weights N(0, 0.02).
"""

import keras
import numpy as np
from keras import layers, ops

from gan_book.errors import BookError


def scales(image_shape):
    """How often to halve the longer side of an image so that at most 8 pixels are left; at least twice.

    image_shape: ``(height, width, channels)``.
    """
    halvings = 2
    while -(-max(image_shape[:2]) // 2**halvings) > 8:
        halvings += 1
    return halvings


def doubled_sides(image_shape):
    """The sides of square images that double, from 4 to 7 pixels up to the image's own: 64 gives 4, 8, 16, 32, 64.

    Explained in chapter 13.

    Raises:
        BookError: the image is not square, or its side is not 4, 5, 6 or 7 times a power of 2.
    """
    height, width = image_shape[:2]
    sides = [height]
    while sides[0] >= 8 and sides[0] % 2 == 0:
        sides.insert(0, sides[0] // 2)
    if height != width or not 4 <= sides[0] < 8:
        raise BookError(
            f"this network cannot make images of {height} x {width} pixels: the side must be 4, 5, 6 or 7 times a "
            "power of 2; try --image-size 32 or 64"
        )
    return sides


def filters_at(side, width, most=128):
    """Feature maps at a size: `width` at 64 and more pixels, and twice as many at each half, at most `most`.

    Explained in chapter 13.
    """
    return min(width * max(64 // side, 1), most)


def normal(stddev=0.02):
    """A Keras initializer: weights N(0, `stddev`), as in the DCGAN."""
    return keras.initializers.RandomNormal(0.0, stddev)


def dcgan_features(image, width=32, normalization=layers.BatchNormalization):
    """The discriminator's convolutions: image tensors ``[n, h, w, c]`` to features ``[n, d]``.

    The side is halved once more often than `scales` says. The first layer has no normalization, as in the DCGAN.

    Args:
        image: the `keras.Input`.
        width: filters of the first convolution.
        normalization: function without arguments that makes the normalization layer of each other level.
    """
    h = image
    for level in range(scales(image.shape[1:]) + 1):
        h = layers.Conv2D(width * 2 ** min(level, 3), 4, strides=2, padding="same", kernel_initializer=normal())(h)
        h = normalization()(h) if level else h
        h = layers.LeakyReLU(0.2)(h)
    return layers.Flatten()(h)


def dcgan_image(h, image_shape, width=32):
    """The generator's transposed convolutions: vectors ``[n, d]`` to images ``[n, h, w, c]`` in [-1, 1].

    Args:
        h: tensor ``[n, d]``.
        image_shape: ``(height, width, channels)``, of any size.
        width: filters at full size.
    """
    # Any size of image works: the smallest maps are rounded up, the largest are then a little too large, and `to_image`
    # crops them. 28 pixels: 7, 14, 28. 100 pixels: 7, 14, 28, 56, 112, cropped to 100.
    levels = scales(image_shape)
    height, width_0 = (-(-side // 2**levels) for side in image_shape[:2])
    filters = width * 2 ** min(levels, 3)
    h = layers.Dense(height * width_0 * filters, use_bias=False, kernel_initializer=normal())(h)
    h = layers.Reshape((height, width_0, filters))(h)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    for level in reversed(range(levels)):
        filters = width * 2 ** min(level, 3)
        up = layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal())
        h = layers.ReLU()(layers.BatchNormalization()(up(h)))
    # The last layer is an ordinary convolution, not a transposed one: strides leave a checkerboard, and nothing after
    # it would smooth that.
    h = layers.Conv2D(image_shape[-1], 5, padding="same", kernel_initializer=normal())(h)
    return to_image(h, image_shape)


def one_hot(label, num_classes):
    """Labels, int ``[n]``, as one-hot vectors: float ``[n, num_classes]``."""
    table = layers.Embedding(
        num_classes, num_classes, embeddings_initializer="identity", trainable=False, name="label_embedding"
    )
    return table(label)


def to_image(h, image_shape):
    """Crops feature maps ``[n, h, w, c]`` to the image's size and squashes them to [-1, 1] (tanh, in float32).

    image_shape: ``(height, width, channels)``, neither side larger than that of `h`.
    """
    h = cropped(h, image_shape[:2])
    return layers.Activation("tanh", dtype="float32", name="image")(h)


def cropped(h, size):
    """The middle of feature maps ``[n, h, w, c]``: `size`, (height, width), neither larger than that of `h`."""
    # Not `layers.CenterCrop`: its `call` has training=True as a default, and Keras 3.15 takes that over for all layers
    # after it. So a network that is simply called would use the batch's statistics, and change its own.
    before = [(have - want) // 2 for have, want in zip(h.shape[1:3], size, strict=True)]
    after = [have - want - first for have, want, first in zip(h.shape[1:3], size, before, strict=True)]
    if not any(before) and not any(after):
        return h
    return layers.Cropping2D(tuple(zip(before, after, strict=True)))(h)


def to_float(images):
    """Scales uint8 pixels 0 to 255 to float32 in [-1, 1], the range of a tanh generator.

    Call it in `turns`, inside the graph, so that the data stay uint8 in memory: a quarter of the bytes.

    Args:
        images: uint8 array or tensor of any shape.

    Returns:
        Tensor of the same shape.

    Raises:
        BookError: the pixels are of another type; they may have been scaled already, which cannot be told from them.
    """
    kind = keras.backend.standardize_dtype(images.dtype) if hasattr(images, "dtype") else type(images).__name__
    if kind != "uint8":
        raise BookError(
            f"pixels must be uint8, 0 to 255; these are {kind}, perhaps scaled already: "
            "pass them as uint8, or leave to_float out"
        )
    return ops.cast(images, "float32") / 127.5 - 1.0


_FAR_OUTSIDE = 100  # even a generator without a tanh does not reach this, and pixels do


def to_uint8(images):
    """Scales float images in [-1, 1] to uint8 pixels 0 to 255, rounded to the nearest; values outside are clipped.

    A numpy array gives a numpy array, a tensor a tensor of the backend.

    Raises:
        BookError: they are whole numbers, or (in an array) far outside: probably pixels, which clipping would destroy.
    """
    if "float" not in keras.backend.standardize_dtype(images.dtype):
        raise BookError(
            f"images to make pixels of must be floats in [-1, 1]; these are {images.dtype}, pixels already?"
        )
    if isinstance(images, np.ndarray):
        if images.size and np.nanmax(np.abs(images), initial=0) > _FAR_OUTSIDE:
            raise BookError(
                f"images to make pixels of must be in [-1, 1]; these go up to {np.nanmax(np.abs(images)):.4g}: "
                "pixels already? a generator ends in tanh"
            )
        known = np.nan_to_num(images.astype("float32"))  # A network that failed gives NaN; show it as grey.
        return np.clip(np.rint((known + 1.0) * 127.5), 0, 255).astype("uint8")
    pixels = (ops.cast(images, "float32") + 1.0) * 127.5
    return ops.cast(ops.clip(ops.round(pixels), 0.0, 255.0), "uint8")
