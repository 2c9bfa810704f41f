"""Each metric on an example that can be worked out with pencil and paper."""

import numpy as np
import pytest

from chapters.ch07_infogan.codes import cluster_agreement
from gan_book.metrics import (
    class_frechet_distance,
    class_ms_ssim,
    compare_pairs,
    compare_sets,
    distances,
    frechet_distance,
    inception_score,
    kernel_distance,
    label_agreement,
    load_lpips,
    mean_pair_distance,
    mean_pixel_distance,
    memorisation,
    ms_ssim,
    nearest_distances,
    precision_recall,
    retrieval,
)


def column(*values):
    return np.array(values, float)[:, None]


def flat(*levels, side=16, channels=1):
    """Images of one grey level each."""
    return np.stack([np.full((side, side, channels), level, np.uint8) for level in levels])


def test_frechet_distance():
    """Means 0 and 3, variances 1 and 4: 3^2 + (2 - 1)^2."""
    assert frechet_distance(column(-1, 0, 1), column(1, 3, 5)) == pytest.approx(10)


def test_class_frechet_distance():
    """The first class is moved by 2, the second is as it was."""
    features, labels = column(0, 1, 2, 5, 6, 7), np.repeat([0, 1], 3)
    moved = features + column(2, 2, 2, 0, 0, 0)
    assert class_frechet_distance(moved, labels, features, labels, 2) == pytest.approx([4, 0])


def test_kernel_distance():
    """All features 0 against all 1: k = (xy + 1)^3 is 1, 8 and, across, 1, so that 1 + 8 - 2."""
    assert kernel_distance(np.zeros((8, 1)), np.ones((8, 1))) == (pytest.approx(7), pytest.approx(0))


def test_precision_and_recall(monkeypatch):
    """With balls to the next neighbour: 1 of 2 samples lies in reality's, 2 of 3 real points in the samples'."""
    monkeypatch.setattr(distances, "NEIGHBOURS", 1)
    real, generated = column(0, 1, 10), column(0.5, 30)  # balls to 1 around 0 and 1, to 9 around 10; to 29.5
    assert precision_recall(real, generated) == (0.5, 1)
    assert precision_recall(generated, real) == (1, 0.5)


def test_inception_score():
    """Two classes, seen surely and evenly: 2. Seen surely, one alone: 1."""
    sure = np.eye(2)[np.arange(4000) % 2]
    assert inception_score(sure)[0] == pytest.approx(2, abs=0.01)
    assert inception_score(sure[::2]) == (pytest.approx(1), pytest.approx(0))


def test_label_accuracy():
    found = label_agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    assert found["accuracy"] == 0.75 and found["per_class"] == [0.5, 1] and found["confusion"] == [[1, 1], [0, 2]]


def test_diversity():
    """Of two points 3 and 4 apart, and of two images one level apart in each of 16 x 16 pixels."""
    assert mean_pair_distance(np.array([[0.0, 0.0], [3.0, 4.0]])) == pytest.approx(5)
    assert mean_pixel_distance(flat(7, 8)) == 16


def test_memorisation():
    """The nearest of 0 and 100 is 10 and 1 levels away; 1 of 2 samples is nearer than real images, at 4 to 6."""
    near = nearest_distances(flat(10, 99), flat(0, 100))
    assert near.tolist() == [10, 1]
    found = memorisation(near, np.array([4.0, 5.0, 6.0]))
    assert found["share_nearer"] == 0.5 and found["median"] == 5.5 and found["median_test"] == 5


def test_ms_ssim():
    """Flat images have the contrast of each other; what is left is luminance, at the last of one scale."""
    a, b = flat(50), flat(150)
    c1 = (0.01 * 255) ** 2
    assert ms_ssim(a, b) == pytest.approx([(2 * 50 * 150 + c1) / (50**2 + 150**2 + c1)])
    assert class_ms_ssim(np.concatenate([a, a]), np.zeros(2, int), 1) == pytest.approx([1])


def test_cluster_agreement():
    """Groups 0 and 1 are classes 1 and 0, but for one image of four; group 2 is empty of those that count."""
    found = cluster_agreement(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 0]))
    assert (found["accuracy"] == 0.75 and found["matching"] == {0: 1, 1: 0}) or found["matching"] == {0: 1, 2: 0}
    assert cluster_agreement(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1]))["ari"] == 1


def test_scores_of_translations():
    """10 levels of error: L1 10, PSNR 20 log10(25.5), SSIM luminance alone."""
    images, truth = flat(60, side=40, channels=3), flat(50, side=40, channels=3)
    scores = {score.name: score.value for score in compare_pairs(images, truth)}
    c1 = (0.01 * 255) ** 2
    assert scores["l1"] == 10 and scores["psnr"] == pytest.approx(20 * np.log10(25.5))
    assert scores["ssim"] == pytest.approx((2 * 60 * 50 + c1) / (60**2 + 50**2 + c1))
    assert load_lpips().distances(truth, truth) == [0] and retrieval(images, truth) == 1


def test_histograms_of_colours():
    """A third of the pixels changes from black to white, which differ in lightness."""
    black_and_white = [flat(*levels, channels=3) for levels in ((0, 0, 255), (0, 255, 255))]
    assert {score.name: score.value for score in compare_sets(*black_and_white)}["histogram_L"] == pytest.approx(2 / 3)
