"""Distances between two sets of features, and a score of class probabilities. All are explained in chapter 5.

Features are rows ``[n, d]``. Everything is computed in float64: the distances are small differences of large sums, and
in float32 a distance of 0.1 between features of size 100 would be rounding errors.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

from gan_book.errors import BookError

SUBSETS, SUBSET_SIZE = 100, 1000  # of the kernel distance, as Bińkowski et al. 2018
NEIGHBOURS = 3  # of precision and recall, as Kynkäänniemi et al. 2019
SPLITS = 10  # of the inception score, as Salimans et al. 2016
BLOCK = 250  # rows whose distances to all others are held at once


def feature_matrix(features, name="features"):
    """Checks features and returns them as float64 ``[n, d]``.

    Raises:
        BookError: not a matrix, empty, or with a NaN or infinity in it.
    """
    matrix = np.asarray(features, dtype="float64")
    if matrix.ndim != 2 or not matrix.size:
        raise BookError(f"{name} must be a matrix [n, d] but have shape {list(matrix.shape)}; flatten them first")
    if not np.isfinite(matrix).all():
        raise BookError(f"{name} contain NaN or infinity; look at the network that made them")
    return matrix


def feature_pair(a, b):
    """Two feature matrices of the same width; see `feature_matrix`.

    Raises:
        BookError: as for `feature_matrix`, or the widths differ.
    """
    a, b = feature_matrix(a, "the first features"), feature_matrix(b, "the second features")
    if a.shape[1] != b.shape[1]:
        raise BookError(
            f"features of width {a.shape[1]} cannot be compared with features of width {b.shape[1]}; "
            "take both from the same network"
        )
    return a, b


def frechet_distance(a, b):
    """Fréchet distance of the normal distributions fitted to two sets of features, explained in chapter 5.

    ``|mu_a - mu_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2))``, with unbiased covariances: Heusel et al. 2017, "GANs
    Trained by a Two Time-Scale Update Rule", equation 6. From 0, lower is better. It is called FID only in the features
    of Inception-v3; in other features the values are on another scale. With few images
    it is too large, so compare only values from equally many.

    Args:
        a, b: ``[n, d]`` and ``[m, d]``.

    Returns:
        float.

    Raises:
        BookError: not two finite matrices of one width, or not more rows than columns.
    """
    a, b = feature_pair(a, b)
    if min(len(a), len(b)) <= a.shape[1]:
        raise BookError(
            f"a Fréchet distance in {a.shape[1]} features needs more than {a.shape[1]} images on both sides but "
            f"got {len(a)} and {len(b)}; measure more samples"
        )
    return normal_distance(fit_normal([a]), fit_normal([b]))


class Normal(NamedTuple):
    """A normal distribution fitted to features ``[count, d]``.

    Attributes:
        count: number of rows.
        mean: float64 ``[d]``.
        root: float64 ``[d, d]``, a matrix R with R'R the unbiased covariance.
    """

    count: int
    mean: np.ndarray
    root: np.ndarray


def fit_normal(blocks):
    """The `Normal` of features that come as blocks ``[n_i, d]``, of which one at a time is in memory."""
    count, mean, root = 0, 0.0, None
    for block in blocks:
        rows, center = len(block), block.mean(axis=0)
        # The scatter matrix S = sum of (x - mean)(x - mean)' of a union is S_1 + S_2 plus one more term for the
        # distance of the two means, n m / (n + m) (m_1 - m_2)(m_1 - m_2)' (Chan et al. 1979). Here S is never computed,
        # only a triangle R with R'R = S: stacking the rows of both roots and that one more row gives a matrix with the
        # right products, and its QR decomposition makes it a triangle again. Squaring a matrix halves its correct
        # digits; so small variances, which decide in the square roots of the Fréchet distance, survive.
        parts = [block - center]
        if count:
            parts += [root, (np.sqrt(count * rows / (count + rows)) * (center - mean))[None]]
        root = np.linalg.qr(np.concatenate(parts), mode="r")
        mean = mean + (center - mean) * (rows / (count + rows))
        count += rows
    return Normal(count, mean, root / np.sqrt(count - 1))


def normal_distance(a, b):
    """The Fréchet distance of two `Normal`s, a float; see `frechet_distance`."""
    # The trace of (C_a C_b)^(1/2) is the sum of the square roots of the eigenvalues of C_a C_b = R_a'R_a R_b'R_b. Those
    # are the eigenvalues of M M' with M = R_a R_b', so their roots are the singular values of M. Nothing is squared and
    # no matrix root is taken (`scipy.linalg.sqrtm` of C_a C_b is complex for nearly singular covariances), and twice as
    # many digits are correct.
    shared = np.linalg.svd(a.root @ b.root.T, compute_uv=False).sum()
    means = np.sum((a.mean - b.mean) ** 2)
    # The trace of C = R'R is the sum of the squares in R. Rounding may end below 0 for two equal sets.
    return float(max(0.0, means + np.sum(a.root**2) + np.sum(b.root**2) - 2 * shared))


def kernel_distance(a, b, seed=0):
    """Squared maximum mean discrepancy of two sets of features, explained in chapter 5.

    ``E k(a, a') + E k(b, b') - 2 E k(a, b)`` with the kernel ``(x.y / d + 1)^3``, estimated without bias on `SUBSETS`
    random subsets of `SUBSET_SIZE` rows: Bińkowski et al. 2018, "Demystifying MMD GANs", section 4 (there in Inception
    features, as KID). Around 0 for two samples of one distribution, and then often below 0; lower is better. With fewer
    than twice `SUBSET_SIZE` rows the subsets are half of what there is.

    The standard error is that of the delete-d jackknife (Shao and Wu 1989): subsets of size s out of n rows overlap,
    and their spread times sqrt(s / (n - s)) is the spread of the mean, not their spread over sqrt(SUBSETS).

    Args:
        a, b: ``[n, d]`` and ``[m, d]``.
        seed: of the choice of subsets.

    Returns:
        ``(mean, standard error)``, floats.

    Raises:
        BookError: not two finite matrices of one width, or fewer than 4 rows.
    """
    a, b = feature_pair(a, b)
    rows = min(len(a), len(b))
    if rows < 4:
        raise BookError(f"a kernel distance needs at least 4 images on both sides but got {rows}; measure more samples")
    size = min(SUBSET_SIZE, rows // 2)
    rng = np.random.default_rng(seed)
    estimates = [
        unbiased_mmd(rng.choice(a, size, replace=False), rng.choice(b, size, replace=False)) for _ in range(SUBSETS)
    ]
    return float(np.mean(estimates)), float(np.std(estimates) * np.sqrt(size / (rows - size)))


def unbiased_mmd(x, y):
    """The unbiased estimate (U-statistic) of squared MMD for ``[n, d]`` and ``[m, d]``: a float, perhaps below 0."""
    # A row with itself has the largest kernel value. Such terms occur in the two sums within a set, not in the one
    # across, and would make any two sets look different.
    (within_x, within_y), across = (_mean_off_diagonal(_kernel(z, z)) for z in (x, y)), _kernel(x, y).mean()
    return within_x + within_y - 2 * across


def _kernel(x, y):
    return polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1)


def _mean_off_diagonal(matrix):
    return (matrix.sum() - matrix.trace()) / (len(matrix) * (len(matrix) - 1))


def precision_recall(real, generated, real_radii=None):
    """Which share of the samples is realistic, and which share of the real images they cover; explained in chapter 5.

    Precision is the share of generated rows inside the real manifold, recall the share of real rows inside the
    generated one. A manifold is the union of balls around its rows that reach to the k-th nearest other row, k =
    `NEIGHBOURS`: Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric", equations 1 and 2. From 0 to 1,
    higher is better. Memory is bounded by blocks of rows.

    Args:
        real, generated: ``[n, d]`` and ``[m, d]``.
        real_radii: the `neighbour_radii` of `real`, float ``[n]``, if they are known.

    Returns:
        ``(precision, recall)``, floats.

    Raises:
        BookError: not two finite matrices of one width, or not more than k rows.
    """
    real, generated = feature_pair(real, generated)
    if min(len(real), len(generated)) <= NEIGHBOURS:
        raise BookError(
            f"precision and recall with {NEIGHBOURS} neighbours need more than {NEIGHBOURS} images on both sides but "
            f"got {len(real)} and {len(generated)}; measure more samples"
        )
    squared_real = (neighbour_radii(real) if real_radii is None else real_radii) ** 2
    squared_generated = neighbour_radii(generated) ** 2
    # |x - y|^2 is computed as |x|^2 - 2xy + |y|^2 (see `squared_distances`), a small difference of large numbers where
    # both are far from the origin. Distances do not change when the origin moves, so it is moved into the middle.
    center = real.mean(axis=0)
    real, generated = real - center, generated - center
    inside_real, inside_generated = [], np.zeros(len(real), dtype=bool)
    for start in range(0, len(generated), BLOCK):
        block = slice(start, start + BLOCK)
        # One block of distances serves both questions: is this sample within a real ball (its row), and is this real
        # image within a ball of these samples (its column, collected over the blocks)?
        distances = squared_distances(generated[block], real)
        inside_real.append(np.any(distances <= squared_real, axis=1))
        inside_generated |= np.any(distances <= squared_generated[block, None], axis=0)
    return float(np.mean(np.concatenate(inside_real))), float(np.mean(inside_generated))


def neighbour_radii(x):
    """Distance of each row of ``[n, d]`` to its `NEIGHBOURS`-th nearest other row: float ``[n]``."""
    x = feature_matrix(x)
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(x - x.mean(axis=0))
    return search.kneighbors()[0][:, -1]  # without an argument: no row is its own neighbour


def squared_distances(x, y):
    """``|x_i - y_j|^2`` for all rows: ``[n, d]``, ``[m, d]`` to ``[n, m]``, at least 0."""
    # |x|^2 - 2xy + |y|^2, so that nearly all the work is one matrix product. The price is rounding: for nearly equal
    # rows the result may be a little below 0, and is then set to 0.
    distances = (-2 * x) @ y.T
    distances += np.sum(x * x, axis=1)[:, None]
    distances += np.sum(y * y, axis=1)
    return np.maximum(distances, 0, out=distances)


def inception_score(probabilities, seed=0):
    """How certain a classifier is of each sample, and how evenly the classes occur; explained in chapter 5.

    ``exp(E KL(p(y|x) || p(y)))``: Salimans et al. 2016, "Improved Techniques for Training GANs", section 4, here with
    the book's classifiers instead of Inception. From 1 to k, higher is better. The rows are shuffled by ``seed`` before
    they are split into `SPLITS` parts: samples often come sorted by class, and a part of one class would score 1.

    Args:
        probabilities: ``[n, k]``, at least 0, rows sum to 1.
        seed: of the shuffling.

    Returns:
        ``(mean, standard deviation)`` over the parts, floats.

    Raises:
        BookError: not a finite matrix whose rows are distributions, or fewer rows than parts.
    """
    probabilities = feature_matrix(probabilities, "probabilities")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise BookError("each row of probabilities must be at least 0 and sum to 1; apply softmax to logits first")
    if len(probabilities) < SPLITS:
        raise BookError(f"{SPLITS} splits need at least as many samples but got {len(probabilities)}")
    shuffled = np.random.default_rng(seed).permutation(probabilities)
    parts = [_exponential_information(part) for part in np.array_split(shuffled, SPLITS)]
    return float(np.mean(parts)), float(np.std(parts))


def _exponential_information(p):
    # The mean KL divergence from the marginal is the marginal's entropy minus the mean entropy. Written so, a
    # probability of 0 does no harm: entr(0) is 0, where log(0) would be infinite.
    return np.exp(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=1).mean())
