"""How different are samples from each other, and from the training images? Explained in chapters 5 and 6."""

import numpy as np

from gan_book.errors import BookError
from gan_book.metrics.distances import feature_matrix, squared_distances

PAIRS = 2000  # random pairs of samples that are compared
BLOCK_VALUES = 2**22  # pixel values of one block of images: 32 MB in float64
TRAINING_BLOCK, TRAINING_VALUES = 10_000, 2**24  # training images at a time, and their values together


def blocks(count, values, most=100, most_values=BLOCK_VALUES):
    """Slices of ``count`` images of so many pixel values each, small enough to be held as floats."""
    size = max(1, min(most, most_values // values))
    return [slice(start, start + size) for start in range(0, count, size)]


def random_pairs(seed, n):
    """`PAIRS` pairs of rows: int ``[PAIRS]`` twice, from 0 to n - 1, n of at least 2; never a row with itself."""
    # The second row lies 1 to n - 1 places after the first, in a circle: all other rows are equally likely, and no pair
    # has to be thrown away.
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n, PAIRS)
    return first, (first + rng.integers(1, n, PAIRS)) % n


def mean_pair_distance(vectors, seed=0):
    """Mean Euclidean distance of random pairs of different rows of ``[n, d]``, explained in chapter 6.

    The mean pairwise distance within a class is the diversity measure of Odena et al. 2017, "Conditional Image
    Synthesis with Auxiliary Classifier GANs" (section 4.2, there with MS-SSIM) and Zhu et al. 2017, "Toward Multimodal
    Image-to-Image Translation" (section 5, there with LPIPS). From 0, for samples that are all alike. The best value is
    that of real images; noise has a higher one.

    Raises:
        BookError: not a finite matrix of at least 2 rows.
    """
    vectors = feature_matrix(vectors)
    _check_two(vectors)
    first, second = random_pairs(seed, len(vectors))
    return float(np.mean(np.linalg.norm(vectors[first] - vectors[second], axis=1)))


def mean_pixel_distance(images, seed=0):
    """`mean_pair_distance` of the pixels of uint8 images ``[n, h, w, c]``, in blocks of pairs.

    Raises:
        BookError: fewer than 2 images.
    """
    _check_two(images)
    first, second = random_pairs(seed, len(images))
    distances = []
    for block in blocks(PAIRS, images[0].size):
        one, other = (flat_pixels(images[rows[block]]).astype("float64") for rows in (first, second))
        distances.append(np.linalg.norm(one - other, axis=1))
    return float(np.mean(np.concatenate(distances)))


def _check_two(samples):
    if len(samples) < 2:
        raise BookError("diversity needs at least two samples; generate more")


def flat_pixels(images):
    """uint8 ``[n, h, w, c]`` to float32 ``[n, h*w*c]``, values 0 to 255."""
    return np.asarray(images).reshape(len(images), -1).astype("float32")


def nearest_distances(images, training):
    """Distance of each image to its nearest training image: float64 ``[n]``; explained in chapter 5.

    The distance is the root mean square difference of the pixels, from 0 (a copy) to 255. The nearest one is searched
    in float32, and its distance is then computed exactly. Both sides are taken in blocks.

    Args:
        images, training: uint8 ``[n, h, w, c]`` and ``[m, h, w, c]``.

    Raises:
        BookError: images of different shapes, or not uint8.
    """
    images, training = np.asarray(images), np.asarray(training)
    if images.dtype != np.uint8 or training.dtype != np.uint8 or images.shape[1:] != training.shape[1:]:
        raise BookError(
            f"nearest training images need uint8 images of one shape but got {images.dtype} {list(images.shape[1:])} "
            f"and {training.dtype} {list(training.shape[1:])}; resize or convert the samples"
        )
    found = []
    for block in blocks(len(images), images[0].size, len(images), TRAINING_VALUES):
        difference = images[block].astype("float32") - training[_nearest(images[block], training)]
        squares = np.square(difference, out=difference).reshape(len(difference), -1)
        found.append(np.sqrt(squares.mean(axis=1, dtype="float64")))  # squares of whole numbers are exact in float32
    return np.concatenate(found)


def _nearest(images, training):
    """Index of the nearest training image of each image.

    scikit-learn's `pairwise_distances_argmin_min` finds the same in three times the time: it works in float64.
    """
    # Subtracting the middle grey leaves differences alone and keeps the float32 products small.
    wanted = flat_pixels(images) - 127.5
    best, nearest = np.full(len(images), np.inf, "float32"), np.zeros(len(images), int)
    for block in blocks(len(training), wanted.shape[1], TRAINING_BLOCK, TRAINING_VALUES):
        distances = squared_distances(wanted, flat_pixels(training[block]) - 127.5)
        candidate = distances.argmin(axis=1)
        value = distances[np.arange(len(images)), candidate]
        nearest = np.where(value < best, block.start + candidate, nearest)
        best = np.minimum(best, value)
    return nearest


def memorisation(sample_distances, test_distances):
    """Are samples copies of training images? Explained in chapter 5.

    Args:
        sample_distances: the `nearest_distances` of samples, float ``[n]``.
        test_distances: those of held-out real images, float ``[m]``.

    ``share_nearer`` is the share of samples nearer to a training image than 99 % of the held-out images are
    (``threshold``). From 0 to 1: images from the data's own distribution have 0.01, copies 1. It is the distance
    comparison of Meehan et al. 2020, "A Non-Parametric Test to Detect Data-Copying", cut down to one quantile. Blurred
    samples lie nearer to everything than sharp ones do: a share somewhat above 0.01 alone does not prove copying.

    Returns:
        dict of floats: "share_nearer", "threshold", and "median" and "median_test" of the distances.
    """
    threshold = float(np.quantile(test_distances, 0.01))
    return {
        "median": float(np.median(sample_distances)),
        "median_test": float(np.median(test_distances)),
        "threshold": threshold,
        "share_nearer": float(np.mean(np.asarray(sample_distances) < threshold)),
    }
