"""How different from each other are samples of one class?"""

import numpy as np

from gan_book.errors import BookError
from gan_book.evaluation.checks import class_labels, feature_matrix

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
