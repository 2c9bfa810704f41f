"""Improved precision and recall of generated features."""

import numpy as np

from gan_book.errors import BookError
from gan_book.evaluation.checks import feature_matrix, feature_pair

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
