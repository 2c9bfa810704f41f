"""Labels, clusters, strokes, MS-SSIM and the Fréchet distance within classes, against answers known beforehand."""

import keras
import numpy as np
import pytest

from chapters.ch07_infogan.codes import cluster_agreement, slant, stroke_width
from gan_book.datasets import Dataset, load
from gan_book.errors import BookError
from gan_book.metrics import classes
from gan_book.metrics.classes import (
    WEIGHTS,
    class_frechet_distance,
    class_ms_ssim,
    label_agreement,
    measure_by_class,
    ms_ssim,
    scales_that_fit,
)
from gan_book.metrics.distances import frechet_distance


@pytest.fixture
def rng():
    return np.random.default_rng(4)


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


def test_too_few_samples():
    for labels, problem in (([], "no samples"), ([1], "two samples")):
        with pytest.raises(BookError, match=problem):
            label_agreement(np.array(labels, int), np.array(labels, int), num_classes=4)


def test_the_interval_is_that_of_resampled_accuracies():
    right = np.random.default_rng(0).random(300) < 0.9
    rng = np.random.default_rng(7)
    accuracies = [right[rng.integers(0, 300, 300)].mean() for _ in range(1000)]
    found = label_agreement(np.ones(300, int), right.astype(int), 2, seed=7)
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(accuracies, [0.025, 0.975]))


# Clusters, strokes, MS-SSIM


def test_renamed_classes_agree_perfectly():
    labels = np.random.default_rng(0).integers(0, 10, 500)
    found = cluster_agreement((labels + 3) % 10, labels)
    assert (found["accuracy"], found["nmi"], found["ari"]) == pytest.approx((1, 1, 1))
    assert found["matching"] == {k: (k - 3) % 10 for k in range(10)}


def test_groups_that_say_nothing_agree_by_chance():
    rng = np.random.default_rng(0)
    found = cluster_agreement(rng.integers(0, 10, 20_000), rng.integers(0, 10, 20_000))
    assert found["accuracy"] == pytest.approx(0.1, abs=0.02)
    assert found["nmi"] == pytest.approx(0, abs=0.005) and found["ari"] == pytest.approx(0, abs=0.005)


def test_the_matching_is_one_to_one_and_the_best():
    # Group 0 holds mostly class 0, but matching it to class 1 leaves class 0 to group 1, which is better in all.
    clusters = np.repeat([0, 0, 1], [6, 5, 5])
    labels = np.repeat([0, 1, 0], [6, 5, 5])
    assert cluster_agreement(clusters, labels)["accuracy"] == pytest.approx(10 / 16)


def test_two_groups_of_one_class_count_once():
    found = cluster_agreement(np.repeat([0, 1], 50), np.zeros(100, int))
    assert found["accuracy"] == 0.5


def test_groups_and_labels_go_together():
    with pytest.raises(BookError, match="give each image one of both"):
        cluster_agreement(np.zeros(3, int), np.zeros(4, int))


def bar(width, shear):
    rows, columns = np.mgrid[:28, :28]
    inside = (np.abs(columns - 13.5 - (13.5 - rows) * shear) < width / 2) & (np.abs(rows - 13.5) < 10)
    return np.where(inside, 255, 0).astype("uint8")[None, ..., None]


@pytest.mark.parametrize("shear", [-0.5, 0, 0.25, 0.5])
def test_slant_is_the_shear_of_a_bar(shear):
    assert slant(bar(4, shear)) == pytest.approx([shear], abs=0.03)


@pytest.mark.parametrize("width", [2, 4, 6])
def test_stroke_width_is_the_width_of_a_bar(width):
    assert stroke_width(bar(width, 0)) == pytest.approx([width], rel=0.25)


def test_an_empty_image_has_neither():
    empty = np.zeros((1, 28, 28, 1), "uint8")
    assert np.isnan(slant(empty)).all() and np.isnan(stroke_width(empty)).all()


@pytest.fixture(scope="module")
def pairs():
    data = load("fashion_mnist")
    return data.test_images[:20], data.test_images[20:40]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the reference is TensorFlow's")
@pytest.mark.parametrize("size", [28, 64, 96])
def test_ms_ssim_agrees_with_tensorflows(size, pairs):
    import tensorflow as tf

    first, second = (np.asarray(tf.image.resize(part, (size, size)).numpy().round(), "uint8") for part in pairs)
    weights = np.array(WEIGHTS[: scales_that_fit(size)])
    expected = tf.image.ssim_multiscale(first, second, 255, power_factors=list(weights / weights.sum())).numpy()
    np.testing.assert_allclose(ms_ssim(first, second), expected, atol=2e-4)


def test_ms_ssim_of_an_image_with_itself_is_1(pairs):
    np.testing.assert_allclose(ms_ssim(pairs[0], pairs[0]), 1)
    assert ms_ssim(*pairs).max() < 0.99


def test_two_scales_fit_28_pixels():
    assert [scales_that_fit(side) for side in (10, 11, 28, 64, 176)] == [0, 1, 2, 3, 5]
    with pytest.raises(BookError, match="at least 11 x 11"):
        ms_ssim(np.zeros((1, 8, 8, 1), "uint8"), np.zeros((1, 8, 8, 1), "uint8"))


def test_a_collapsed_class_shows(pairs):
    images = np.concatenate([np.repeat(pairs[0][:1], 10, axis=0), pairs[1][:10]])
    values = class_ms_ssim(images, np.repeat([0, 1], 10), 3)
    assert values[0] == pytest.approx(1) and values[1] < 0.9 and np.isnan(values[2])


def test_frechet_distance_class_by_class():
    rng = np.random.default_rng(0)
    a, b, labels = rng.normal(size=(200, 4)), rng.normal(size=(200, 4)), np.repeat([0, 1], 100)
    b[labels == 1] += 3
    distances = class_frechet_distance(a, labels, b, labels, 2)
    assert distances[1] == pytest.approx(frechet_distance(a[100:], b[100:]))
    assert distances[1] > 30 > 1 > distances[0]


def test_what_cannot_be_measured_of_a_folders_images_is_left_out():
    def scores(size, test_labels):
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (40, size, size, 1), dtype=np.uint8)
        test = images[: len(test_labels)]
        data = Dataset("mine", images, np.arange(40, dtype="int32") % 2, test, np.array(test_labels), ("a", "b"))
        return measure_by_class(None, data, images, np.arange(40) % 2, seed=0)

    found, details = scores(12, [0, 0, 1])
    assert {score.name: np.isfinite(score.value) for score in found} == {"ms_ssim": True, "ms_ssim_real": True}
    assert np.isnan(details["ms_ssim_real_per_class"][1])
    assert [score.name for score in scores(12, [0, 1])[0]] == ["ms_ssim"]
    assert scores(8, [0, 0, 1]) == ([], {})


@pytest.mark.slow
def test_real_images_set_the_floor_of_the_class_distances(monkeypatch):
    monkeypatch.setattr(classes, "scales_that_fit", lambda side: 0)  # MS-SSIM takes seconds and is tested above
    data = load("fashion_mnist", limit=3000)
    chosen = np.concatenate([np.flatnonzero(data.test_labels == k)[:150] for k in range(10)])
    images, labels = data.test_images[chosen], data.test_labels[chosen]

    def scores(dataset, labels):
        return {score.name: score.value for score in measure_by_class(None, dataset, images, labels, seed=0)[0]}

    right, wrong = scores(data, labels), scores(data, (labels + 1) % 10)
    assert 0 < right["class_frechet_real"] < 2
    assert wrong["class_frechet_real"] == right["class_frechet_real"]
    assert wrong["class_frechet"] > 20 * right["class_frechet"]
    few = load("fashion_mnist", limit=500)  # 50 of a class, fewer than there are features
    assert scores(few, labels).keys() == {"class_frechet"}
