"""Kernel distance between two sets of features."""

import numpy as np

from gan_book.errors import BookError
from gan_book.evaluation.checks import feature_pair


def kernel_distance(a, b, subsets=100, subset_size=1000, seed=0):
    """Squared maximum mean discrepancy of two sets of features: ``[n, d]``, ``[m, d]`` to ``(mean, standard error)``.

    Kernel ``(x.y / d + 1)^3``, unbiased estimate averaged over random subsets: Bińkowski et al. 2018, "Demystifying
    MMD GANs", section 4 (there in Inception features, as KID). Unbiased, so it may come out below 0. With fewer than
    twice ``subset_size`` rows the subsets are half of what there is.

    The standard error is that of the delete-d jackknife (Shao and Wu 1989): subsets of size s out of n rows overlap,
    and their spread times sqrt(s / (n - s)) is the spread of the mean, not their spread over sqrt(subsets).

    Raises:
        BookError: not two finite matrices of one width, or fewer than 4 rows.
    """
    a, b = feature_pair(a, b)
    rows = min(len(a), len(b))
    if rows < 4:
        raise BookError(f"a kernel distance needs at least 4 images on both sides but got {rows}; measure more samples")
    size = min(subset_size, rows // 2)
    rng = np.random.default_rng(seed)
    estimates = [
        unbiased_mmd(rng.choice(a, size, replace=False), rng.choice(b, size, replace=False)) for _ in range(subsets)
    ]
    return float(np.mean(estimates)), float(np.std(estimates) * np.sqrt(size / (rows - size)))


def unbiased_mmd(x, y):
    """The U-statistic of squared MMD for ``[n, d]`` and ``[m, d]``: terms of a row with itself are left out."""
    n, m = len(x), len(y)
    (xx, xx_self), (yy, yy_self), (xy, _) = _kernel_sums(x, x), _kernel_sums(y, y), _kernel_sums(x, y)
    return (xx - xx_self) / (n * (n - 1)) + (yy - yy_self) / (m * (m - 1)) - 2 * xy / (n * m)


def _kernel_sums(x, y):
    """Sums of the kernel matrix and of its diagonal."""
    base = (x / x.shape[1]) @ y.T
    base += 1
    return np.vdot(base * base, base), np.sum(base.diagonal() ** 3)
