"""All metrics together, on real images whose scores are known beforehand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gan_book.datasets import Dataset, load
from gan_book.errors import BookError
from gan_book.metrics import measure_samples
from gan_book.metrics.score import as_report, score_lines
from gan_book.paths import finite_or_none

SAMPLES = 800


@pytest.fixture(scope="module")
def dataset():
    """4,000 training and 1,500 test images, so that the metrics take seconds."""
    whole = load("fashion_mnist")
    return replace(
        whole,
        images=whole.images[:4000],
        labels=whole.labels[:4000],
        test_images=whole.test_images[:1500],
        test_labels=whole.test_labels[:1500],
    )


@pytest.fixture(scope="module")
def unseen():
    """Real images that are neither in the data set's training nor in its test part: the perfect samples."""
    whole = load("fashion_mnist")
    return whole.test_images[-SAMPLES:], whole.test_labels[-SAMPLES:]


@pytest.fixture(scope="module")
def perfect(dataset, unseen):
    return measured(unseen[0], dataset, unseen[1])


def measured(*arguments):
    """Name -> score, and the details."""
    scores, details = measure_samples(*arguments)
    names = [score.name for score in scores]
    assert len(set(names)) == len(names)
    return dict(zip(names, scores, strict=True)), details


def lines(images, dataset, labels=None):
    return score_lines(as_report(dataset.name, len(images), 0, *measure_samples(images, dataset, labels)))


def test_real_images_score_as_real_images(perfect):
    scores, details = perfect
    label, kernel = scores["label_accuracy"], scores["kernel_distance"]
    assert scores["frechet_distance"].value < 2 * scores["frechet_distance"].reference
    assert abs(kernel.value) < 5 * kernel.spread
    assert label.low <= label.value <= label.high
    assert label.low - 0.01 < label.reference < label.high + 0.01
    assert label.reference == details["classifier_accuracy_on_real"]
    assert scores["inception_score"].value == pytest.approx(scores["inception_score"].reference, rel=0.05)
    assert min(scores["precision"].value, scores["recall"].value) > 0.8
    assert scores["diversity"].value == pytest.approx(1, abs=0.1)
    assert scores["pixel_diversity"].value == pytest.approx(1, abs=0.1)
    assert scores["memorisation"].value < 0.04
    assert sum(map(sum, details["confusion"])) == SAMPLES


@pytest.mark.slow
def test_one_image_a_class_is_seen_as_collapse(dataset, perfect):
    first = np.array([np.flatnonzero(dataset.test_labels == label)[0] for label in range(10)])
    labels = np.repeat(np.arange(10), 30)
    scores, details = measured(dataset.test_images[first][labels], dataset, labels)
    assert details["diversity_per_class"] == pytest.approx([0] * 10, abs=1e-6)
    assert scores["pixel_diversity"].value == 0
    assert scores["frechet_distance"].value > 5 * perfect[0]["frechet_distance"].value
    assert scores["recall"].value < 0.2


@pytest.mark.slow
def test_copies_of_training_images_are_flagged(dataset):
    rows = np.random.default_rng(2).permutation(4000)[:SAMPLES]
    scores, _ = measured(dataset.images[rows], dataset, dataset.labels[rows])
    assert scores["memorisation"].value == 1
    assert scores["nearest_training_image"].value == 0 < scores["nearest_training_image"].reference


@pytest.mark.slow
def test_noise_and_wrong_labels_score_badly(dataset, unseen, perfect):
    images, labels = unseen
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    bad, _ = measured(noise, dataset, (labels + 1) % 10)
    assert bad["label_accuracy"].high < 0.3
    assert bad["precision"].value < 0.05
    assert bad["frechet_distance"].value > 20 * perfect[0]["frechet_distance"].value
    assert bad["kernel_distance"].value > 20 * bad["kernel_distance"].spread


@pytest.mark.slow
def test_the_result_is_plain_json_and_repeats(dataset, unseen, perfect):
    scores, details = perfect
    report = as_report("fashion_mnist", SAMPLES, 0, list(scores.values()), details)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert measured(unseen[0], dataset, unseen[1]) == perfect


def test_the_lines_name_every_metric(dataset, unseen, perfect):
    text = "\n".join(lines(unseen[0], dataset, unseen[1]))
    for score in perfect[0].values():
        assert score.head in text and str(score) in text
    assert f"{perfect[0]['frechet_distance'].value:.3f} ± " in text
    assert f"{perfect[0]['label_accuracy'].value:.1%}"[:-1] in text
    assert "FID" not in text and f"{SAMPLES} samples of fashion_mnist (seed 0)" in text


def test_without_labels_it_is_the_conditional_result_less_the_labels(dataset, unseen, perfect):
    scores, details = measured(unseen[0], dataset)
    whole = "frechet_distance", "kernel_distance", "inception_score", "precision", "recall", "memorisation"
    for name in whole:
        assert scores[name] == perfect[0][name]
    assert scores.keys() == {*whole, "nearest_training_image", "diversity_overall"}
    assert details["seen_per_class"] == pytest.approx(np.sum(perfect[1]["confusion"], axis=0) / SAMPLES)
    assert scores["diversity_overall"].value == pytest.approx(1, abs=0.1)


def without_a_classifier(dataset):
    """The same images under a name that no classifier ships for."""
    return replace(dataset, name="mine")


def test_without_a_classifier(dataset, unseen):
    scores, _ = measured(unseen[0], without_a_classifier(dataset))
    assert scores.keys() == {"pixel_diversity_overall", "memorisation", "nearest_training_image"}  # 28 pixels
    assert scores["pixel_diversity_overall"].value == pytest.approx(1, abs=0.1)
    assert scores["memorisation"].value < 0.04
    assert measured(dataset.images[:50], without_a_classifier(dataset))[0]["memorisation"].value == 1


@pytest.mark.parametrize("what, remark", [("copies", False), ("near", True), ("real", False)])
def test_what_is_near_to_training_images_without_being_the_same_is_remarked_on(what, remark, dataset, unseen):
    copies = dataset.images[:50]
    images = {"copies": copies, "near": copies // 2 * 2, "real": unseen[0][:200]}[what]
    scores, _ = measured(images, without_a_classifier(dataset))
    assert (scores["memorisation"].value > 0.9) == (what != "real")
    assert ("blurred or empty images" in scores["memorisation"].line()) == remark


def test_samples_that_do_not_fit(dataset, unseen):
    images, labels = unseen
    with pytest.raises(BookError, match="uint8"):
        measure_samples(images / 255.0, dataset, labels)
    with pytest.raises(BookError, match="labels"):
        measure_samples(images, dataset, labels[:-1])
    for few in (1, 50):
        with pytest.raises(BookError, match="more than 96 images"):
            measure_samples(images[:few], dataset, labels[:few])
    with pytest.raises(BookError, match="samples of mine"):
        measure_samples(images[:, :14], without_a_classifier(dataset))
    with pytest.raises(BookError, match="two or more"):
        measure_samples(images[:1], without_a_classifier(dataset))


def test_few_training_images_are_no_reference(dataset, unseen):
    few = replace(dataset, images=dataset.images[:90], labels=dataset.labels[:90])
    scores, _ = measured(unseen[0], few, unseen[1])
    assert scores["frechet_distance"].reference is None is scores["kernel_distance"].reference
    assert "real training images" not in scores["frechet_distance"].line() + scores["kernel_distance"].line()


@pytest.mark.slow
def test_what_was_kept_of_the_real_images_gives_the_same_numbers(dataset, unseen, perfect, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_BOOK_CACHE", str(tmp_path / "empty"))
    for _ in ("computed", "read"):
        assert measured(unseen[0], dataset, unseen[1]) == perfect
    kept = sorted(path.name.split("-")[0] for path in (tmp_path / "empty" / "reference").iterdir())
    assert kept == ["distances", "neighbours", "outputs", "training"]


# Own photographs


def photographs(channels=3, test=40):
    """Blobs on a ground, of two classes that differ in colour: 200 training images of 64 pixels, and some others."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    labels = np.arange(200 + 2 * test, dtype="int32") % 2
    images = np.zeros((len(labels), 64, 64, channels), "uint8")
    for image, label in zip(images, labels, strict=True):
        row, column, radius = rng.uniform(16, 48), rng.uniform(16, 48), rng.uniform(6, 14)
        inside = (y - row) ** 2 + (x - column) ** 2 < radius**2
        ground, blob = rng.integers(0, 80, channels), rng.integers(100, 156, channels) + 100 * label
        image[...] = np.where(inside[..., None], np.minimum(blob, 255), ground)
    images += rng.integers(0, 20, images.shape).astype("uint8") % np.maximum(1, 255 - images)
    held_out, fresh = slice(200, 200 + test), slice(200 + test, None)
    data = Dataset("mine", images[:200], labels[:200], images[held_out], labels[held_out], ("dark", "light"))
    return data, images[fresh], labels[fresh]


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_own_photographs_are_measured_in_alexnets_features(channels):
    data, fresh, labels = photographs(channels, test=100)
    scores, details = measured(fresh, data, labels)
    good = scores["alexnet_frechet"]
    blurred = (fresh.astype(float) + np.roll(fresh, 3, 1) + np.roll(fresh, 3, 2) + np.roll(fresh, 5, 1)) / 4
    bad = measured(blurred.astype("uint8"), data, labels)[0]["alexnet_frechet"]
    assert details["alexnet_images"] == 100
    assert 0 < good.value < 1.5 * good.reference and bad.value > 2 * good.value and bad.reference == good.reference
    assert scores["pixel_diversity"].value == pytest.approx(1, abs=0.15)
    assert len(details["pixel_diversity_per_class"]) == 2
    assert "AlexNet" in good.line() and "FID" not in good.line() and "real training images: " in good.line()
    assert "label_accuracy" not in scores and next(iter(scores)) == "alexnet_frechet"


@pytest.mark.slow
def test_faces_are_measured_in_both_features():
    data = load("faces", image_size=64, limit=400)
    scores, _ = measured(data.images[:300], data)
    assert {"frechet_distance", "alexnet_frechet"} <= scores.keys()
    assert scores["alexnet_frechet"].head != scores["frechet_distance"].head


def test_a_collapsed_class_of_own_photographs_shows():
    data, fresh, labels = photographs()
    fresh = np.where((labels == 1)[:, None, None, None], fresh[labels == 1][:1], fresh)
    scores, details = measured(fresh, data, labels)
    assert details["pixel_diversity_per_class"][1] == 0 < details["pixel_diversity_per_class"][0]
    assert scores["pixel_diversity_overall"].value > 0.5


def test_a_generator_that_takes_no_class_has_no_diversity_by_class():
    data, fresh, _ = photographs()
    assert measured(fresh, data)[0].keys() == {
        "alexnet_frechet", "pixel_diversity_overall", "memorisation", "nearest_training_image",
    }  # fmt: skip


def test_too_few_photographs_have_no_distance():
    data, fresh, labels = photographs(test=28)  # 9 places each: 252, and there are 256 features
    assert "alexnet_frechet" not in measured(fresh, data, labels)[0]


def test_a_class_that_cannot_be_compared_is_left_out_of_the_mean():
    data, fresh, labels = photographs()
    alone = np.where(np.arange(40) == 1, 1, 0)  # one test image of the class "light"
    scores, details = measured(fresh, replace(data, test_labels=alone.astype("int32")), labels)
    first, second = details["pixel_diversity_per_class"]
    assert scores["pixel_diversity"].value == first and np.isnan(second)
    assert finite_or_none(details)["pixel_diversity_per_class"] == [first, None]


def test_alexnet_looks_at_no_more_images_than_it_has_time_for(monkeypatch):
    monkeypatch.setattr("gan_book.metrics.measure.ALEXNET_IMAGES", 35)
    data, fresh, labels = photographs()
    assert measured(fresh, data, labels)[1]["alexnet_images"] == 35
