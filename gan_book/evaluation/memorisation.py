"""Does the generator repeat its training images?"""

import numpy as np

from gan_book.errors import BookError
from gan_book.evaluation.diversity import flat_pixels
from gan_book.evaluation.precision_recall import squared_distances

BLOCK, BLOCK_PIXELS = 10_000, 2**24  # training images at a time, and their values together


def nearest_distances(images, training):
    """Distance of each image to its nearest training image: float64 ``[n]``.

    images, training: uint8 ``[n, h, w, c]`` and ``[m, h, w, c]``. The distance is the root mean square difference of
    the pixels, from 0 to 255. The nearest is searched in float32, its distance then taken exactly, so a copy is at 0.

    Raises:
        BookError: images of different shapes, or not uint8.
    """
    images, training = np.asarray(images), np.asarray(training)
    if images.dtype != np.uint8 or training.dtype != np.uint8 or images.shape[1:] != training.shape[1:]:
        raise BookError(
            f"nearest training images need uint8 images of one shape but got {images.dtype} {list(images.shape[1:])} "
            f"and {training.dtype} {list(training.shape[1:])}; resize or convert the samples"
        )
    # Subtracting the middle grey leaves differences alone and keeps the float32 products small.
    wanted = flat_pixels(images) - 127.5
    best, nearest = np.full(len(images), np.inf, "float32"), np.zeros(len(images), int)
    block = max(1, min(BLOCK, BLOCK_PIXELS // wanted.shape[1]))
    for start in range(0, len(training), block):
        distances = squared_distances(wanted, flat_pixels(training[start : start + block]) - 127.5)
        candidate = distances.argmin(axis=1)
        value = distances[np.arange(len(images)), candidate]
        nearest = np.where(value < best, start + candidate, nearest)
        best = np.minimum(best, value)
    difference = images.astype("float64") - training[nearest]
    return np.sqrt(np.mean(difference.reshape(len(images), -1) ** 2, axis=1))


def memorisation(sample_distances, test_distances):
    """Compare samples with held-out images, both given by their `nearest_distances`; a dict of floats.

    ``share_nearer`` is the share of samples nearer to a training image than 99 % of the held-out images are
    (``threshold``); images from the data's own distribution have 0.01, copies 1. It is the distance comparison of
    Meehan et al. 2020, "A Non-Parametric Test to Detect Data-Copying", cut down to one quantile. Blurred samples lie
    nearer to everything than sharp ones do: a share somewhat above 0.01 alone does not prove copying.
    """
    threshold = float(np.quantile(test_distances, 0.01))
    return {
        "median": float(np.median(sample_distances)),
        "median_test": float(np.median(test_distances)),
        "threshold": threshold,
        "share_nearer": float(np.mean(np.asarray(sample_distances) < threshold)),
    }
