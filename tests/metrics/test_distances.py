"""The metrics on feature matrices against references written out in another way."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from gan_book.errors import BookError
from gan_book.metrics import distances
from gan_book.metrics.distances import (
    fit_normal,
    frechet_distance,
    inception_score,
    kernel_distance,
    neighbour_radii,
    normal_distance,
    precision_recall,
    unbiased_mmd,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def features(rng, n, d=8, shift=0.0):
    """Correlated, skewed, non-negative features, as a classifier's are."""
    return np.maximum(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + shift, 0)


def reference_frechet(a, b):
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    difference = a.mean(axis=0) - b.mean(axis=0)
    return difference @ difference + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)


def reference_mmd(x, y):
    def kernel(u, v):
        return (sum(p * q for p, q in zip(u, v, strict=True)) / len(u) + 1) ** 3

    def within(z):
        pairs = [kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j]
        return sum(pairs) / len(pairs)

    across = [kernel(u, v) for u in x for v in y]
    return within(x) + within(y) - 2 * sum(across) / len(across)


def reference_precision(real, generated, k):
    """Share of generated points in the union of the real points' balls; recall is the same with sides changed."""
    radii = np.sort(cdist(real, real), axis=1)[:, k]
    return np.mean([np.any(cdist([point], real)[0] <= radii) for point in generated])


# Fréchet distance


@pytest.mark.parametrize(("n", "m", "shift"), [(500, 500, 0.0), (300, 700, 1.5), (40, 900, -0.5)])
def test_frechet_agrees_with_the_matrix_square_root(rng, n, m, shift):
    a, b = features(rng, n), features(rng, m, shift=shift)
    assert frechet_distance(a, b) == pytest.approx(reference_frechet(a, b), rel=1e-6)


def test_frechet_of_a_scaled_and_moved_copy_is_known(rng):
    a = features(rng, 400, 12)
    moved = frechet_distance(a, a + 0.25)
    scaled = frechet_distance(a - a.mean(axis=0), 3 * (a - a.mean(axis=0)))
    assert moved == pytest.approx(12 * 0.25**2, rel=1e-9)
    # Of C and 9 C: Tr(C + 9 C - 2 * 3 C) = 4 Tr C.
    assert scaled == pytest.approx(4 * np.trace(np.cov(a, rowvar=False)), rel=1e-9)


def test_frechet_approaches_the_value_of_the_two_gaussians(rng):
    sigma_a, sigma_b, difference = np.array([1.0, 2.0, 0.5]), np.array([2.0, 2.0, 1.0]), np.array([1.0, 0.0, -1.0])
    a = rng.normal(size=(100_000, 3)) * sigma_a
    b = rng.normal(size=(100_000, 3)) * sigma_b + difference
    expected = difference @ difference + np.sum((sigma_a - sigma_b) ** 2)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=0.02)


def test_frechet_is_zero_to_itself_symmetric_and_blind_to_order(rng):
    a, b = features(rng, 300), features(rng, 250, shift=0.3)
    assert frechet_distance(a, rng.permutation(a)) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(rng.permutation(a), b) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_frechet_with_a_feature_that_never_varies(rng):
    a, b = features(rng, 300), features(rng, 300, shift=0.3)
    with_dead = [np.hstack([x, np.zeros((300, 1))]) for x in (a, b)]
    assert frechet_distance(*with_dead) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_frechet_needs_more_rows_than_columns(rng):
    with pytest.raises(BookError, match="more than 8 images"):
        frechet_distance(features(rng, 8), features(rng, 100))


def test_a_normal_distribution_is_fitted_block_by_block(rng):
    a, b = features(rng, 300), features(rng, 250, shift=0.3)
    # Blocks of one row, of fewer rows than columns, and of means far from each other.
    blocks = [a[:1], a[1:5], a[5:200], a[200:]]
    fitted = fit_normal(iter(blocks))
    assert fitted.count == 300
    np.testing.assert_allclose(fitted.mean, a.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.root.T @ fitted.root, np.cov(a, rowvar=False), rtol=1e-9, atol=1e-12)
    assert normal_distance(fitted, fit_normal([b])) == pytest.approx(frechet_distance(a, b), rel=1e-9)


# Kernel distance


def test_one_kernel_subset_agrees_with_the_double_loop(rng):
    x, y = features(rng, 25, 5), features(rng, 31, 5, shift=0.5)
    assert unbiased_mmd(x, y) == pytest.approx(reference_mmd(x, y), rel=1e-6)


def test_kernel_distance_averages_the_seeded_subsets(rng, monkeypatch):
    x, y = features(rng, 40, 5), features(rng, 50, 5, shift=1.0)
    draw = np.random.default_rng(7)
    estimates = []
    for _ in range(6):
        first = draw.choice(x, 10, replace=False)
        estimates.append(reference_mmd(first, draw.choice(y, 10, replace=False)))
    monkeypatch.setattr(distances, "SUBSETS", 6)
    monkeypatch.setattr(distances, "SUBSET_SIZE", 10)
    mean, error = kernel_distance(x, y, seed=7)
    assert mean == pytest.approx(np.mean(estimates), rel=1e-6)
    assert error == pytest.approx(np.std(estimates) * np.sqrt(10 / 30), rel=1e-6)


@pytest.mark.slow
def test_kernel_distance_is_unbiased_and_its_standard_error_is_the_spread_of_repeated_measurements(monkeypatch):
    monkeypatch.setattr(distances, "SUBSETS", 40)
    monkeypatch.setattr(distances, "SUBSET_SIZE", 80)
    results = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(400, 4)), rng.normal(size=(400, 4)) + 0.6
        results.append(kernel_distance(x, y, seed=seed))
    means, errors = np.array(results).T
    # Large fresh samples stand in for the true distance: their own error is far below that of 60 small runs.
    rng = np.random.default_rng(99)
    exact = np.mean([unbiased_mmd(rng.normal(size=(1500, 4)), rng.normal(size=(1500, 4)) + 0.6) for _ in range(12)])
    assert means.mean() == pytest.approx(exact, abs=4 * means.std() / np.sqrt(60))
    assert 0.7 < errors.mean() / means.std(ddof=1) < 1.4


def test_kernel_distance_between_halves_of_one_set_is_about_zero(rng):
    x = features(rng, 2000)
    mean, error = kernel_distance(x[:1000], x[1000:])
    assert abs(mean) < 4 * error


def test_kernel_distance_takes_what_there_is_and_refuses_too_little(rng):
    assert kernel_distance(features(rng, 30), features(rng, 30))[1] > 0
    with pytest.raises(BookError, match="at least 4"):
        kernel_distance(features(rng, 3), features(rng, 30))


# Inception score


def test_inception_score_by_its_definition(rng):
    probabilities = rng.dirichlet(np.full(10, 0.2), size=200)
    shuffled = np.random.default_rng(5).permutation(probabilities)
    scores = []
    for part in np.split(shuffled, 10):
        marginal = sum(part) / len(part)
        divergences = [sum(p * np.log(p / q) for p, q in zip(row, marginal, strict=True) if p > 0) for row in part]
        scores.append(np.exp(np.mean(divergences)))
    mean, std = inception_score(probabilities, seed=5)
    assert mean == pytest.approx(np.mean(scores), rel=1e-6)
    assert std == pytest.approx(np.std(scores), rel=1e-6)


def test_inception_score_of_certain_and_of_clueless_predictions(monkeypatch):
    certain = np.eye(10)[np.arange(5000) % 10]
    with monkeypatch.context() as patch:
        patch.setattr(distances, "SPLITS", 1)
        assert inception_score(certain)[0] == pytest.approx(10, rel=1e-12)
    assert inception_score(np.full((100, 10), 0.1)) == (pytest.approx(1), pytest.approx(0))
    assert inception_score(certain[::10])[0] == pytest.approx(1)


def test_inception_score_does_not_mind_samples_sorted_by_class():
    in_turn, by_class = np.eye(10)[np.arange(5000) % 10], np.eye(10)[np.arange(5000) // 500]
    assert inception_score(by_class)[0] == pytest.approx(inception_score(in_turn)[0], rel=0.01)


@pytest.mark.parametrize("bad", [np.full((50, 10), 0.2), np.eye(10)[np.zeros(50, int)] * 2 - 0.1, np.ones(10) / 10])
def test_inception_score_wants_distributions(bad):
    with pytest.raises(BookError):
        inception_score(bad)


# Precision and recall


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_by_brute_force(rng, k, monkeypatch):
    monkeypatch.setattr(distances, "NEIGHBOURS", k)
    real, generated = features(rng, 300, 6), features(rng, 260, 6, shift=0.4)
    precision, recall = precision_recall(real, generated)
    assert precision == pytest.approx(reference_precision(real, generated, k), rel=1e-6)
    assert recall == pytest.approx(reference_precision(generated, real, k), rel=1e-6)


def test_a_row_is_not_its_own_neighbour(rng):
    x = features(rng, 120, 5)
    np.testing.assert_allclose(neighbour_radii(x), np.sort(cdist(x, x), axis=1)[:, 3], rtol=1e-9)
    assert neighbour_radii(np.array([[0.0], [1.0], [3.0], [6.0], [6.0]])).tolist() == [6, 5, 3, 5, 5]


def test_precision_and_recall_over_several_blocks(rng, monkeypatch):
    real, generated = features(rng, 250), features(rng, 330, shift=0.4)
    whole = precision_recall(real, generated)
    monkeypatch.setattr("gan_book.metrics.distances.BLOCK", 64)
    assert precision_recall(real, generated) == whole


def test_precision_and_recall_see_collapse_and_junk(rng):
    real = rng.normal(size=(400, 4))
    same = precision_recall(real, rng.permutation(real))
    collapsed = precision_recall(real, real[:1] + 1e-3 * rng.normal(size=(400, 4)))
    junk = precision_recall(real, real + 100)
    assert same == (1, 1)
    assert collapsed[0] == 1 and collapsed[1] < 0.01
    assert junk == (0, 0)


def test_precision_and_recall_need_more_rows_than_neighbours(rng):
    with pytest.raises(BookError, match="more than 3"):
        precision_recall(features(rng, 3), features(rng, 30))


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, precision_recall])
def test_features_that_cannot_be_compared(rng, metric):
    good = features(rng, 50)
    broken = good.copy()
    broken[7, 2] = np.nan
    for bad in (broken, good[:, :5], good.ravel(), good[:0]):
        with pytest.raises(BookError):
            metric(good, bad)
