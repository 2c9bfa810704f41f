"""Fréchet distance between two sets of features."""

import numpy as np

from gan_book.errors import BookError
from gan_book.evaluation.checks import feature_pair


def frechet_distance(a, b):
    """Fréchet distance of the normal distributions fitted to two sets of features: ``[n, d]``, ``[m, d]`` to a float.

    ``|mu_a - mu_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2))``, with unbiased covariances: Heusel et al. 2017, "GANs
    Trained by a Two Time-Scale Update Rule", equation 6. It is called FID only in the features of Inception-v3; in
    other features the values are on another scale. It is biased upwards, the more the fewer the images, so compare
    only values from equally many.

    Raises:
        BookError: not two finite matrices of one width, or not more rows than columns.
    """
    a, b = feature_pair(a, b)
    if min(len(a), len(b)) <= a.shape[1]:
        raise BookError(
            f"a Fréchet distance in {a.shape[1]} features needs more than {a.shape[1]} images on both sides but "
            f"got {len(a)} and {len(b)}; measure more samples"
        )
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    # (C_a C_b)^(1/2) has the trace sum(s), s the singular values of R_a R_b', where C = R'R. Squaring nothing and
    # taking no root of a product, this keeps twice the digits of a matrix square root of C_a C_b.
    shared = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    means = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return float(max(0.0, means + np.sum(root_a**2) + np.sum(root_b**2) - 2 * shared))


def _covariance_root(x):
    """Triangular R with R'R the unbiased covariance of the rows."""
    return np.linalg.qr((x - x.mean(axis=0)) / np.sqrt(len(x) - 1), mode="r")
