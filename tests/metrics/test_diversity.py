"""Diversity and memorisation, against answers known beforehand."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from gan_book.errors import BookError
from gan_book.metrics import diversity
from gan_book.metrics.classes import class_ms_ssim, distances_within_classes
from gan_book.metrics.diversity import (
    flat_pixels,
    mean_pair_distance,
    mean_pixel_distance,
    memorisation,
    nearest_distances,
    random_pairs,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def random_images(rng, n, side=9):
    return rng.integers(0, 256, (n, side, side, 1), dtype=np.uint8)


# Diversity


def test_random_pairs_are_all_pairs_of_different_rows_equally_often(monkeypatch):
    monkeypatch.setattr(diversity, "PAIRS", 12_000)
    counts = np.zeros((4, 4), int)
    np.add.at(counts, random_pairs(4, 4), 1)
    assert not counts.diagonal().any()
    np.testing.assert_allclose(counts[~np.eye(4, dtype=bool)], 1000, atol=150)


def test_pair_distance_approaches_the_mean_over_all_pairs(rng, monkeypatch):
    monkeypatch.setattr(diversity, "PAIRS", 200_000)
    vectors = rng.normal(size=(60, 5))
    assert mean_pair_distance(vectors) == pytest.approx(pdist(vectors).mean(), rel=0.005)


def test_pairs_are_never_a_sample_with_itself():
    assert mean_pair_distance(np.array([[0.0], [3.0]])) == pytest.approx(3)


def test_pixels_are_compared_as_other_vectors_are(rng):
    images = rng.integers(0, 256, (50, 5, 4, 3), dtype=np.uint8)
    assert mean_pixel_distance(images, seed=3) == mean_pair_distance(flat_pixels(images), seed=3)


def test_distances_within_classes_look_within_the_classes_only(rng):
    labels = np.repeat([0, 1, 2], 100)
    vectors = (
        np.array([[0.0], [500.0], [900.0]])[labels] + rng.normal(size=(300, 1)) * np.array([0, 1, 2])[labels, None]
    )
    constant, narrow, wide = distances_within_classes(mean_pair_distance, vectors, labels, 3)
    assert constant == 0
    # The mean distance of two normal variables of deviation s is 2 s / sqrt(pi).
    assert narrow == pytest.approx(2 / np.sqrt(np.pi), rel=0.25)
    assert wide == pytest.approx(4 / np.sqrt(np.pi), rel=0.25)


def test_a_class_of_one_sample_has_no_diversity(rng):
    found = distances_within_classes(mean_pair_distance, rng.normal(size=(5, 3)), np.array([0, 0, 1, 1, 2]), 3)
    assert np.isfinite(found).tolist() == [True, True, False]
    with pytest.raises(BookError, match="at least two"):
        mean_pair_distance(rng.normal(size=(1, 3)))
    with pytest.raises(BookError, match="at least two"):
        mean_pixel_distance(random_images(rng, 1))


def test_large_images_are_compared_in_little_memory(rng, monkeypatch):
    """2,000 pairs of these images are 800 MB as floats, and the images alone 60 MB."""
    monkeypatch.setattr(diversity, "TRAINING_VALUES", 2**20)
    images = rng.integers(0, 256, (300, 160, 160, 1), dtype=np.uint8)
    assert _peak(lambda: mean_pixel_distance(images)) < 150e6
    assert _peak(lambda: nearest_distances(images, images[:200])) < 40e6


def _peak(work):
    """The most bytes held while it works."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ms_ssim_is_given_blocks_of_pairs(rng, monkeypatch):
    images, sizes = rng.integers(0, 256, (30, 400, 400, 1), dtype=np.uint8), []
    monkeypatch.setattr("gan_book.metrics.classes.ms_ssim", lambda a, b: sizes.append(a.size) or np.ones(len(a)))
    assert class_ms_ssim(images, np.zeros(30, int), 1) == [1]
    assert sum(sizes) == diversity.PAIRS * 400 * 400 and max(sizes) <= diversity.BLOCK_VALUES


# Memorisation


def test_nearest_distances_by_brute_force(rng, monkeypatch):
    monkeypatch.setattr(diversity, "TRAINING_BLOCK", 70)
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
