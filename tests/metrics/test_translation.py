"""Scores of translations against values known beforehand."""

import numpy as np
import pytest

from gan_book.metrics import translation


def noise(n=3, low=0, high=256, seed=0):
    return np.random.default_rng(seed).integers(low, high, (n, 40, 40, 3), dtype=np.uint8)


def against_truth(images, truth):
    return {score.name: score.value for score in translation.compare_pairs(images, truth)}


def against_all(images, real):
    return {score.name: score.value for score in translation.compare_sets(images, real)}


def test_the_truth_itself_is_perfect():
    images = noise()
    assert against_truth(images, images) == {"l1": 0, "psnr": 100, "ssim": 1, "lpips": 0, "retrieval": 1}
    assert against_all(images, images) == pytest.approx({"histogram_L": 1, "histogram_a": 1, "histogram_b": 1})


def test_the_frechet_distance_needs_more_places_than_features():
    images = noise(257, high=100)  # of 40 x 40 pixels, which leave one place each
    assert "frechet" not in against_all(images[:256], images)
    assert against_all(images, images)["frechet"] == pytest.approx(0, abs=1e-3)
    assert against_all(images, 255 - images)["frechet"] > 0.1


def test_retrieval_counts_whose_own_truth_is_the_nearest():
    truth = noise(6)
    order = np.array([0, 1, 3, 2, 4, 5])  # two are taken for each other
    paler = (truth[order] * 0.9).astype("uint8")
    assert translation.retrieval(paler, truth) == pytest.approx(4 / 6)


def test_small_images_have_no_perceptual_scores():
    images = noise()[:, :16, :16]
    assert set(against_truth(images, images)) == {"l1", "psnr", "ssim"}
    assert set(against_all(images, images)) == {"histogram_L", "histogram_a", "histogram_b"}


def test_a_constant_error_has_the_l1_and_psnr_of_the_formula():
    images = noise(high=200)
    scores = against_truth(images + np.uint8(10), images)
    assert scores["l1"] == 10
    assert scores["psnr"] == pytest.approx(20 * np.log10(255 / 10))
    assert 0.9 < scores["ssim"] < 1  # the same structure, lighter
    assert scores["lpips"] > 0


def test_blurring_keeps_l1_low_and_raises_lpips():
    """What L1 cannot see and LPIPS can: grey in place of texture is nearer to it than other texture is."""
    truth, other = noise(seed=0), noise(seed=1)
    grey = np.full_like(truth, 128)
    blurred, textured = against_truth(grey, truth), against_truth(other, truth)
    assert blurred["l1"] < textured["l1"] and blurred["psnr"] > textured["psnr"]
    assert blurred["lpips"] > textured["lpips"]


def test_the_intersection_of_histograms_counts_what_is_common():
    black_and_white = np.concatenate([np.zeros((2, 4, 4, 3), np.uint8), np.full((2, 4, 4, 3), 255, np.uint8)])
    quarter = np.concatenate([np.zeros((1, 4, 4, 3), np.uint8), np.full((3, 4, 4, 3), 255, np.uint8)])
    a, b = translation.lab_histograms(black_and_white), translation.lab_histograms(quarter)
    assert a["L"][0] == 0.5 and a["L"][-1] == 0.5
    assert np.minimum(a["L"], b["L"]).sum() == 0.75
    red = np.zeros((1, 4, 4, 3), np.uint8) + np.uint8([255, 0, 0])
    grey = np.full((1, 4, 4, 3), 128, np.uint8)
    histograms = translation.lab_histograms(red), translation.lab_histograms(grey)
    assert np.minimum(histograms[0]["a"], histograms[1]["a"]).sum() == 0  # 80 against 0 on the green to red axis


def test_matched_images_have_the_histogram_of_the_style():
    style = noise(5, low=100, high=150, seed=2)
    matched = translation.histogram_matched(noise(), style)
    assert matched.dtype == np.uint8 and matched.shape == (3, 40, 40, 3)
    assert matched.min() >= 100 and matched.max() < 150
    assert matched.mean() == pytest.approx(style.mean(), abs=1)
