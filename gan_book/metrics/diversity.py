"""How different from each other, and from the training images, are samples?"""

import numpy as np

from gan_book.errors import BookError
from gan_book.metrics.checks import class_labels, feature_matrix
from gan_book.metrics.distances import squared_distances

BLOCK = 100  # pairs of images at a time


def random_pairs(rng, n, pairs):
    """``(first, second)`` rows, int ``[pairs]`` each, from 0 to n - 1 with n of at least 2; never a row with itself."""
    first = rng.integers(0, n, pairs)
    return first, (first + rng.integers(1, n, pairs)) % n


def pair_distance(vectors, pairs=2000, seed=0):
    """Mean Euclidean distance of random pairs of different rows of ``[n, d]``.

    The mean pairwise distance within a class is the diversity measure of Odena et al. 2017 (section 4.2, there with
    MS-SSIM) and Zhu et al. 2017, "Toward Multimodal Image-to-Image Translation" (section 5, there with LPIPS).

    Raises:
        BookError: not a finite matrix of at least 2 rows.
    """
    vectors = feature_matrix(vectors)
    if len(vectors) < 2:
        raise BookError("diversity needs at least two samples; generate more")
    first, second = random_pairs(np.random.default_rng(seed), len(vectors), pairs)
    return float(np.mean(np.linalg.norm(vectors[first] - vectors[second], axis=1)))


def class_diversity(vectors, labels, num_classes, pairs=2000, seed=0):
    """`pair_distance` within each class: float64 ``[num_classes]``.

    Raises:
        BookError: as `pair_distance`, labels that do not fit, or a class with fewer than two samples.
    """
    labels = class_labels(labels, len(vectors), num_classes)
    short = np.flatnonzero(np.bincount(labels, minlength=num_classes) < 2)
    if len(short):
        raise BookError(f"diversity needs two samples of every class, but class {short[0]} has fewer; generate more")
    groups = [vectors[labels == label] for label in range(num_classes)]
    return np.array([pair_distance(group, pairs, seed + label) for label, group in enumerate(groups)])


def pixel_distance(images, pairs=2000, seed=0):
    """`pair_distance` of the pixels of uint8 images ``[n, h, w, c]``, n of at least 2, in little memory."""
    first, second = random_pairs(np.random.default_rng(seed), len(images), pairs)
    distances = []
    for start in range(0, pairs, BLOCK):
        one, other = (flat_pixels(images[rows[start : start + BLOCK]]).astype("float64") for rows in (first, second))
        distances.append(np.linalg.norm(one - other, axis=1))
    return float(np.mean(np.concatenate(distances)))


def flat_pixels(images):
    """uint8 ``[n, h, w, c]`` to float32 ``[n, h*w*c]``, values 0 to 255."""
    return np.asarray(images).reshape(len(images), -1).astype("float32")


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
