"""Labels, diversity, memorisation and the bootstrap."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from gan_book.errors import BookError
from gan_book.metrics.bootstrap import bootstrap
from gan_book.metrics.classes import label_agreement
from gan_book.metrics.diversity import (
    class_diversity,
    flat_pixels,
    memorisation,
    nearest_distances,
    pair_distance,
    pixel_distance,
    random_pairs,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def random_images(rng, n, side=9):
    return rng.integers(0, 256, (n, side, side, 1), dtype=np.uint8)


# Labels


def test_label_agreement_counts():
    asked, seen = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 2, 1, 0, 3])
    result = label_agreement(asked, seen, num_classes=4)
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["per_class"] == [pytest.approx(2 / 3), 0.5, None, 1.0]
    assert result["confusion"] == [[2, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_label_agreement_interval_is_the_binomial_one(rng):
    asked = rng.integers(0, 10, 2000)
    seen = np.where(rng.random(2000) < 0.8, asked, (asked + 1) % 10)
    result = label_agreement(asked, seen, 10)
    error = np.sqrt(result["accuracy"] * (1 - result["accuracy"]) / 2000)
    assert result["low"] == pytest.approx(result["accuracy"] - 1.96 * error, abs=0.004)
    assert result["high"] == pytest.approx(result["accuracy"] + 1.96 * error, abs=0.004)


@pytest.mark.parametrize(
    "bad", [np.array([0, 1, 4]), np.array([0, -1, 2]), np.array([0.0, 1.0, 2.0]), np.array([1, 2])]
)
def test_labels_that_do_not_fit(bad):
    with pytest.raises(BookError, match="label"):
        label_agreement(np.array([0, 1, 2]), bad, num_classes=4)


def test_no_samples_at_all():
    with pytest.raises(BookError, match="no samples"):
        label_agreement(np.array([], int), np.array([], int), num_classes=4)


# Bootstrap


def test_bootstrap_of_a_mean_has_its_textbook_spread(rng):
    values = rng.exponential(size=500)
    spread = bootstrap(lambda rows: values[rows].mean(), 500, resamples=2000, seed=1)
    assert spread.standard_error == pytest.approx(values.std() / np.sqrt(500), rel=0.06)
    assert spread.low == pytest.approx(values.mean() - 1.96 * values.std() / np.sqrt(500), rel=0.02)
    assert spread.high == pytest.approx(values.mean() + 1.96 * values.std() / np.sqrt(500), rel=0.02)


def test_bootstrap_repeats_with_its_seed_only(rng):
    values = rng.normal(size=50)
    runs = [bootstrap(lambda rows: values[rows].mean(), 50, 20, seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


# Diversity


def test_random_pairs_are_all_pairs_of_different_rows_equally_often(rng):
    counts = np.zeros((4, 4), int)
    np.add.at(counts, random_pairs(rng, 4, 12_000), 1)
    assert not counts.diagonal().any()
    np.testing.assert_allclose(counts[~np.eye(4, dtype=bool)], 1000, atol=150)


def test_pair_distance_approaches_the_mean_over_all_pairs(rng):
    vectors = rng.normal(size=(60, 5))
    assert pair_distance(vectors, pairs=200_000) == pytest.approx(pdist(vectors).mean(), rel=0.005)


def test_pairs_are_never_a_sample_with_itself():
    assert pair_distance(np.array([[0.0], [3.0]]), pairs=500) == pytest.approx(3)


def test_pixels_are_compared_as_other_vectors_are(rng):
    images = rng.integers(0, 256, (50, 5, 4, 3), dtype=np.uint8)
    assert pixel_distance(images, 250, seed=3) == pair_distance(flat_pixels(images), 250, seed=3)


def test_class_diversity_looks_within_the_classes_only(rng):
    labels = np.repeat([0, 1, 2], 100)
    vectors = (
        np.array([[0.0], [500.0], [900.0]])[labels] + rng.normal(size=(300, 1)) * np.array([0, 1, 2])[labels, None]
    )
    constant, narrow, wide = class_diversity(vectors, labels, 3)
    assert constant == 0
    # The mean distance of two normal variables of deviation s is 2 s / sqrt(pi).
    assert narrow == pytest.approx(2 / np.sqrt(np.pi), rel=0.25)
    assert wide == pytest.approx(4 / np.sqrt(np.pi), rel=0.25)


def test_class_diversity_names_the_class_that_is_missing(rng):
    with pytest.raises(BookError, match="class 2"):
        class_diversity(rng.normal(size=(5, 3)), np.array([0, 0, 1, 1, 2]), 3)
    with pytest.raises(BookError, match="at least two"):
        pair_distance(rng.normal(size=(1, 3)))


# Memorisation


def test_nearest_distances_by_brute_force(rng, monkeypatch):
    monkeypatch.setattr("gan_book.metrics.diversity.BLOCK", 70)
    images, training = random_images(rng, 30), random_images(rng, 200)
    flat = [x.reshape(len(x), -1).astype(float) for x in (images, training)]
    expected = cdist(*flat).min(axis=1) / np.sqrt(81)
    np.testing.assert_allclose(nearest_distances(images, training), expected, rtol=1e-12)


def test_a_copy_is_at_exactly_zero_and_one_grey_level_at_one(rng):
    training = rng.integers(0, 255, (300, 28, 28, 1), dtype=np.uint8)
    assert nearest_distances(training[[5, 299]], training).tolist() == [0, 0]
    assert nearest_distances(training[[5, 299]] + np.uint8(1), training).tolist() == [1, 1]


def test_copies_are_flagged_and_fresh_images_are_not(rng):
    training, held_out, fresh = random_images(rng, 400), random_images(rng, 500), random_images(rng, 500)
    test_distances = nearest_distances(held_out, training)
    copies = memorisation(nearest_distances(training[:100], training), test_distances)
    honest = memorisation(nearest_distances(fresh, training), test_distances)
    assert copies["share_nearer"] == 1 and copies["median"] == 0
    assert honest["share_nearer"] < 0.04
    assert honest["median"] == pytest.approx(honest["median_test"], rel=0.02)


@pytest.mark.parametrize("bad", [np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 9, 9, 1), np.float32)])
def test_images_that_cannot_be_compared(rng, bad):
    with pytest.raises(BookError, match="uint8 images of one shape"):
        nearest_distances(bad, random_images(rng, 5))
