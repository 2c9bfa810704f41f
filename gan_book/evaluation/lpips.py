"""LPIPS, a distance between pictures that follows what people call alike, and the features behind it.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", section 3 and figure 3;
version 0.1 with AlexNet (Krizhevsky 2014), whose weights ship in ``pretrained/lpips_alex.npz``.
"""

from functools import lru_cache

import keras
import numpy as np
from keras import layers, ops

from gan_book.errors import BookError
from gan_book.paths import PRETRAINED, UNREADABLE, read_arrays

WEIGHTS = PRETRAINED / "lpips_alex.npz"
MEAN, STD = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of ImageNet's colours, scaled to [-1, 1]
CONVOLUTIONS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
POOLED = (1, 2)  # the convolutions that max pooling comes after
SMALLEST = 31  # side of the smallest image that leaves a pixel at the end
BATCH_SIZE = 50


def define_alexnet():
    """AlexNet's convolutions: uint8 images ``[n, h, w, 3]`` to the list of its five activations ``[n, h_k, w_k, c_k]``.

    Each convolution is given by its filters, kernel size, stride and padding in `CONVOLUTIONS`.
    """
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    h = layers.Rescaling(1 / 127.5, offset=-1, dtype="float32")(image)
    h = layers.Normalization(mean=MEAN, variance=np.square(STD), dtype="float32")(h)
    activations = []
    for number, (filters, size, strides, padding) in enumerate(CONVOLUTIONS, start=1):
        h = layers.ZeroPadding2D(padding, dtype="float32")(h)
        convolution = layers.Conv2D(filters, size, strides, activation="relu", dtype="float32", name=f"conv{number}")
        h = convolution(h)
        activations.append(h)
        if number in POOLED:
            h = layers.MaxPooling2D(3, 2, dtype="float32")(h)
    return keras.Model(image, activations, name="alexnet")


class LPIPS:
    """The shipped network; everything in float32.

    All methods raise BookError for images that are not uint8 ``[n, h, w, 3]`` of at least 31 x 31 pixels.
    """

    def __init__(self, weights):
        self.alexnet = define_alexnet()
        for number in range(1, len(CONVOLUTIONS) + 1):
            kernel, bias = weights[f"conv{number}_kernel"], weights[f"conv{number}_bias"]
            self.alexnet.get_layer(f"conv{number}").set_weights([kernel.astype("float32"), bias])
        self.channel_weights = [weights[f"lin{number}"] for number in range(1, len(CONVOLUTIONS) + 1)]

    def distances(self, first, second):
        """LPIPS of pairs of images: float64 ``[n]``, 0 for equal ones; the larger the less alike.

        Raises:
            BookError: the two are not of one shape.
        """
        first, second = _checked(first), _checked(second)
        if first.shape != second.shape:
            raise BookError(f"LPIPS compares images of one shape, not {list(first.shape)} with {list(second.shape)}")
        batches = range(0, len(first), BATCH_SIZE)
        return np.concatenate([self._pairs(first[i : i + BATCH_SIZE], second[i : i + BATCH_SIZE]) for i in batches])

    def features(self, images):
        """The last activation at each of its places, for a Fréchet distance: float64 ``[n * h_5 * w_5, 256]``.

        A place every 16 pixels, which sees 163 pixels around: images of 64 pixels have 3 x 3 places.
        """
        images = _checked(images)
        batches = range(0, len(images), BATCH_SIZE)
        last = [ops.convert_to_numpy(self._activations(images[i : i + BATCH_SIZE])[-1]) for i in batches]
        return np.concatenate(last).reshape(-1, last[0].shape[-1]).astype("float64")

    def embedding(self, images):
        """Vectors whose squared Euclidean distances are the LPIPS of their images: float32 ``[n, d]``.

        For comparing each of many images with each other; d is some 30,000 for images of 64 pixels.
        """
        images = _checked(images)
        batches = range(0, len(images), BATCH_SIZE)
        return np.concatenate([self._embedded(images[i : i + BATCH_SIZE]) for i in batches])

    def _embedded(self, images):
        parts = [
            _unit(activation) * np.sqrt(weights / np.prod(activation.shape[1:3]))
            for activation, weights in zip(self._activations(images), self.channel_weights, strict=True)
        ]
        return np.concatenate([part.reshape(len(images), -1) for part in parts], axis=1)

    def _activations(self, images):
        return self.alexnet.predict_on_batch(images)

    def _pairs(self, first, second):
        total = 0.0
        for a, b, weights in zip(
            self._activations(first), self._activations(second), self.channel_weights, strict=True
        ):
            difference = np.square(_unit(a) - _unit(b))
            total = total + (difference * weights).sum(axis=-1).mean(axis=(1, 2))
        return np.asarray(total, "float64")


def _unit(activation):
    """Each pixel's channels as a vector of length 1."""
    return activation / (np.linalg.norm(activation, axis=-1, keepdims=True) + 1e-10)


def _checked(images):
    images = np.asarray(images)
    good = images.dtype == np.uint8 and images.ndim == 4 and len(images) and images.shape[-1] == 3
    if not good or min(images.shape[1:3]) < SMALLEST:
        raise BookError(
            f"LPIPS reads uint8 images [n, h, w, 3] of at least {SMALLEST} x {SMALLEST} pixels but was given "
            f"{images.dtype} of shape {list(images.shape)}; convert them to colour, or enlarge them"
        )
    return images


@lru_cache
def load_lpips():
    """The shipped `LPIPS`.

    Raises:
        BookError: its file is missing or damaged.
    """
    try:
        weights = read_arrays(WEIGHTS)
    except UNREADABLE as error:
        raise BookError(f"{WEIGHTS} cannot be read ({type(error).__name__}); restore it from the repository") from error
    return LPIPS(weights)
