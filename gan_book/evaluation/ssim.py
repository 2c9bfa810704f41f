"""Multi-scale structural similarity: how alike two images look.

Wang, Simoncelli and Bovik (2003), "Multiscale structural similarity for image quality assessment". Odena et al. (2017,
section 4.2) use its mean over random pairs of samples of one class as a measure of diversity: the lower, the more
diverse.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from gan_book.errors import BookError
from gan_book.evaluation.diversity import BLOCK, random_pairs

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales, Wang et al. 2003, section 3.2
SIGMA, RADIUS = 1.5, 5  # an 11 x 11 window
K1, K2, RANGE = 0.01, 0.03, 255.0


def scales_that_fit(side):
    """How many of the five scales an image of that side has: an 11 x 11 window must fit in the smallest."""
    return sum(side // 2**scale >= 2 * RADIUS + 1 for scale in range(len(WEIGHTS)))


def ms_ssim(first, second):
    """MS-SSIM of pairs of images: 1 for equal ones.

    Each scale halves the sides by averaging. Images of 28 x 28 have room for the first two of the five scales; the
    weights of those used are normalised to sum to 1. Negative values are cut to 0.

    Args:
        first, second: uint8 ``[n, h, w, c]``.

    Returns:
        float64 ``[n]``.

    Raises:
        BookError: images of different shapes, or smaller than 11 x 11.
    """
    first, second = np.asarray(first, "float64"), np.asarray(second, "float64")
    if first.shape != second.shape or first.ndim != 4 or not (scales := scales_that_fit(min(first.shape[1:3]))):
        raise BookError(f"MS-SSIM compares [n, h, w, c] of at least 11 x 11, not {first.shape} with {second.shape}")
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    parts = []
    for scale in range(scales):
        similarity, contrast = _similarity(first, second)
        parts.append(similarity if scale == scales - 1 else contrast)
        first, second = _halved(first), _halved(second)
    per_channel = np.prod([np.maximum(part, 0) ** w for part, w in zip(parts, weights, strict=True)], axis=0)
    return per_channel.mean(axis=-1)


def class_ms_ssim(images, labels, num_classes, pairs=2000, seed=0):
    """Mean MS-SSIM of random pairs of images of each class: float64 ``[num_classes]``; NaN where fewer than 2."""
    values = np.full(num_classes, np.nan)
    for label in range(num_classes):
        members = np.flatnonzero(np.asarray(labels) == label)
        if len(members) < 2:
            continue
        drawn = random_pairs(np.random.default_rng([seed, label]), len(members), pairs)
        first, second = (members[rows] for rows in drawn)
        blocks = [slice(start, start + BLOCK) for start in range(0, pairs, BLOCK)]
        values[label] = np.concatenate([ms_ssim(images[first[b]], images[second[b]]) for b in blocks]).mean()
    return values


def _similarity(x, y):
    """SSIM, and its contrast-structure part alone, averaged over the places where the window fits: ``[n, c]``."""
    mean_x, mean_y = _window(x), _window(y)
    both = mean_x**2 + mean_y**2
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (both + c1)
    covariance = _window(x * y) - mean_x * mean_y
    contrast = (2 * covariance + c2) / (_window(x**2) + _window(y**2) - both + c2)
    return (luminance * contrast).mean(axis=(1, 2)), contrast.mean(axis=(1, 2))


def _window(x):
    """Gaussian means, where the whole window lies within the image."""
    for axis in (1, 2):
        x = gaussian_filter1d(x, SIGMA, axis=axis, radius=RADIUS)
    return x[:, RADIUS:-RADIUS, RADIUS:-RADIUS]


def _halved(x):
    """Means of 2 x 2 pixels; an odd last row or column is left out."""
    x = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
