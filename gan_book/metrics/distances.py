"""Distances between two sets of features, and scores of class probabilities."""

import numpy as np
from scipy.special import entr

from gan_book.errors import BookError
from gan_book.metrics.checks import feature_matrix, feature_pair


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


BLOCK = 250


def precision_recall(real, generated, k=3, real_radii=None):
    """``(precision, recall)``, floats from 0 to 1, of features ``[n, d]`` and ``[m, d]``.

    Precision is the share of generated rows inside the real manifold, recall the share of real rows inside the
    generated one. A manifold is the union of balls around its rows that reach to the k-th nearest other row:
    Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric", equations 1 and 2. Memory is bounded by blocks
    of rows. Who measures against the same `real` again can pass its `squared_radii`.

    Raises:
        BookError: not two finite matrices of one width, or not more than k rows.
    """
    real, generated = feature_pair(real, generated)
    if min(len(real), len(generated)) <= k:
        raise BookError(
            f"precision and recall with {k} neighbours need more than {k} images on both sides but got "
            f"{len(real)} and {len(generated)}; measure more samples"
        )
    real_radii = squared_radii(real, k) if real_radii is None else real_radii
    generated_radii = squared_radii(generated, k)
    # Distances do not change when the origin moves, and near the origin they lose fewer digits.
    center = real.mean(axis=0)
    real, generated = real - center, generated - center
    inside_real, inside_generated = [], np.zeros(len(real), dtype=bool)
    for start in range(0, len(generated), BLOCK):
        block = slice(start, start + BLOCK)
        distances = squared_distances(generated[block], real)
        inside_real.append(np.any(distances <= real_radii, axis=1))
        inside_generated |= np.any(distances <= generated_radii[block, None], axis=0)
    return float(np.mean(np.concatenate(inside_real))), float(np.mean(inside_generated))


def squared_radii(x, k=3):
    """Squared distance of each row to its k-th nearest other row, float ``[n]``."""
    x = feature_matrix(x)
    x = x - x.mean(axis=0)
    radii = []
    for start in range(0, len(x), BLOCK):
        distances = squared_distances(x[start : start + BLOCK], x)
        # Each row's distance to itself must not count as a neighbour's, nor depend on rounding.
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        radii.append(np.partition(distances, k - 1, axis=1)[:, k - 1])
    return np.concatenate(radii)


def squared_distances(x, y):
    """``|x_i - y_j|^2`` as a matrix product: ``[n, d]``, ``[m, d]`` to ``[n, m]``, never below 0."""
    distances = (-2 * x) @ y.T
    distances += np.sum(x * x, axis=1)[:, None]
    distances += np.sum(y * y, axis=1)
    return np.maximum(distances, 0, out=distances)


def inception_score(probabilities, splits=10, seed=0):
    """``exp(E KL(p(y|x) || p(y)))`` of probabilities ``[n, k]``: ``(mean, standard deviation)`` over the splits.

    Salimans et al. 2016, "Improved Techniques for Training GANs", section 4. Between 1 and k. The rows are shuffled
    by ``seed`` first: samples often come sorted by class, and a split of one class would score 1.

    Raises:
        BookError: not a finite matrix whose rows are distributions, or fewer rows than splits.
    """
    probabilities = feature_matrix(probabilities, "probabilities")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise BookError("each row of probabilities must be at least 0 and sum to 1; apply softmax to logits first")
    if len(probabilities) < splits:
        raise BookError(f"{splits} splits need at least as many samples but got {len(probabilities)}")
    shuffled = np.random.default_rng(seed).permutation(probabilities)
    scores = [_score(part) for part in np.array_split(shuffled, splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(p):
    # The mean divergence from the marginal is the marginal's entropy less the mean entropy; entr(0) is 0.
    return np.exp(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=1).mean())
