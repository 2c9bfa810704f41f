"""All metrics together, on real images whose scores are known beforehand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gan_book.datasets import load
from gan_book.errors import BookError
from gan_book.metrics import (
    load_classifier,
    measure_conditional,
    measure_unconditional,
    measure_unlabelled,
    summary_lines,
)
from gan_book.metrics.reference import _reference, floor, reference

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
    return measure_conditional(*unseen, dataset, load_classifier("fashion_mnist"))


def test_real_images_score_as_real_images(perfect):
    frechet, kernel, label = (perfect[key] for key in ("frechet_distance", "kernel_distance", "label_accuracy"))
    assert frechet["value"] < 2 * frechet["floor"]
    assert abs(kernel["value"]) < 5 * kernel["standard_error"]
    assert label["low"] <= label["value"] <= label["high"]
    assert label["low"] - 0.01 < perfect["classifier_accuracy_on_real"] < label["high"] + 0.01
    assert perfect["inception_score"]["value"] == pytest.approx(perfect["inception_score"]["real"], rel=0.05)
    assert min(perfect["precision"], perfect["recall"]) > 0.8
    assert perfect["diversity"]["mean_ratio"] == pytest.approx(1, abs=0.1)
    assert perfect["diversity"]["mean_pixel_ratio"] == pytest.approx(1, abs=0.1)
    assert perfect["memorisation"]["share_nearer"] < 0.04
    assert perfect["samples"] == SAMPLES and sum(map(sum, perfect["confusion"])) == SAMPLES


def test_one_image_a_class_is_seen_as_collapse(dataset, perfect):
    first = np.array([np.flatnonzero(dataset.test_labels == label)[0] for label in range(10)])
    labels = np.repeat(np.arange(10), 30)
    result = measure_conditional(dataset.test_images[first][labels], labels, dataset, load_classifier("fashion_mnist"))
    assert result["diversity"]["per_class_ratio"] == pytest.approx([0] * 10, abs=1e-6)
    assert result["diversity"]["mean_pixel_ratio"] == 0
    assert result["frechet_distance"]["value"] > 5 * perfect["frechet_distance"]["value"]
    assert result["recall"] < 0.2


def test_copies_of_training_images_are_flagged(dataset):
    rows = np.random.default_rng(2).permutation(4000)[:SAMPLES]
    result = measure_conditional(
        dataset.images[rows], dataset.labels[rows], dataset, load_classifier("fashion_mnist"), seed=0
    )
    assert result["memorisation"]["share_nearer"] == 1
    assert result["memorisation"]["median"] == 0 < result["memorisation"]["median_test"]


def test_noise_and_wrong_labels_score_badly(dataset, unseen, perfect):
    images, labels = unseen
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    bad = measure_conditional(noise, (labels + 1) % 10, dataset, load_classifier("fashion_mnist"))
    assert bad["label_accuracy"]["high"] < 0.3
    assert bad["precision"] < 0.05
    assert bad["frechet_distance"]["value"] > 20 * perfect["frechet_distance"]["value"]
    assert bad["kernel_distance"]["value"] > 20 * bad["kernel_distance"]["standard_error"]


def test_the_result_is_plain_json_and_repeats(dataset, unseen, perfect):
    assert json.loads(json.dumps(perfect)) == perfect
    again = measure_conditional(*unseen, dataset, load_classifier("fashion_mnist"))
    assert again == perfect


def test_real_images_are_evaluated_once(dataset):
    classifier = load_classifier("fashion_mnist")
    once = reference(dataset, classifier, 0)
    assert reference(replace(dataset, images=dataset.images.copy()), classifier, 0) is once
    changed = replace(dataset, test_labels=np.roll(dataset.test_labels, 1))
    assert reference(changed, classifier, 0) is not once


def test_the_summary_names_every_metric(perfect):
    text = "\n".join(summary_lines(perfect))
    for name in ("label accuracy", "Fréchet", "kernel", "inception", "precision, recall", "diversity", "memorisation"):
        assert name in text
    assert f"{perfect['label_accuracy']['value']:.1%}" in text
    assert f"{perfect['frechet_distance']['value']:.3f}" in text
    assert "FID" not in text


def test_without_labels_it_is_the_conditional_result_less_the_labels(dataset, unseen, perfect):
    result = measure_unconditional(unseen[0], dataset, load_classifier("fashion_mnist"))
    for key in ("frechet_distance", "kernel_distance", "inception_score", "precision", "recall", "memorisation"):
        assert result[key] == perfect[key]
    columns = np.sum(perfect["confusion"], axis=0) / SAMPLES
    assert result["seen_per_class"] == pytest.approx(columns)
    assert result["diversity"]["ratio"] == pytest.approx(1, abs=0.1)
    assert json.loads(json.dumps(result)) == result
    assert any(f"{result['frechet_distance']['value']:.3f}" in line for line in summary_lines(result))


def test_without_a_classifier(dataset, unseen):
    result = measure_unlabelled(unseen[0], dataset)
    assert result["diversity"]["ratio"] == pytest.approx(1, abs=0.1)
    assert result["memorisation"]["share_nearer"] < 0.04
    assert measure_unlabelled(dataset.images[:50], dataset)["memorisation"]["share_nearer"] == 1
    assert json.loads(json.dumps(result)) == result
    assert len(summary_lines(result)) == 3


@pytest.mark.parametrize("what, remark", [("copies", False), ("near", True), ("real", False)])
def test_what_is_near_to_training_images_without_being_the_same_is_remarked_on(what, remark, dataset, unseen):
    copies = dataset.images[:50]
    images = {"copies": copies, "near": copies // 2 * 2, "real": unseen[0][:200]}[what]
    result = measure_unlabelled(images, dataset)
    assert (result["memorisation"]["share_nearer"] > 0.9) == (what != "real")
    assert ("blurred or empty images" in summary_lines(result)[-1]) == remark


def test_samples_that_do_not_fit(dataset, unseen):
    images, labels = unseen
    classifier = load_classifier("fashion_mnist")
    with pytest.raises(BookError, match="uint8"):
        measure_conditional(images / 255.0, labels, dataset, classifier)
    with pytest.raises(BookError, match="labels"):
        measure_conditional(images, labels[:-1], dataset, classifier)
    with pytest.raises(BookError, match="more than 96 images"):
        measure_conditional(images[:50], labels[:50], dataset, classifier)
    with pytest.raises(BookError, match="samples of fashion_mnist"):
        measure_unlabelled(images[:, :14], dataset)
    with pytest.raises(BookError, match="two or more"):
        measure_unlabelled(images[:1], dataset)


def test_few_training_images_have_no_floor(dataset, unseen):
    few = replace(dataset, images=dataset.images[:90], labels=dataset.labels[:90])
    measured = measure_conditional(*unseen, few, load_classifier("fashion_mnist"))
    assert measured["frechet_distance"]["floor"] is None is measured["kernel_distance"]["floor"]
    assert "real training images" not in "\n".join(summary_lines(measured))


def test_what_was_kept_of_the_real_images_gives_the_same_numbers(dataset, unseen, perfect, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_BOOK_CACHE", str(tmp_path / "empty"))
    for _ in ("computed", "read"):
        _forget_in_this_process()
        assert measure_conditional(*unseen, dataset, load_classifier("fashion_mnist")) == perfect
    kept = {path.name.split("-")[0] for path in (tmp_path / "empty" / "reference").iterdir()}
    assert kept == {"outputs", "radii", "distances", "floor"}


def _forget_in_this_process():
    _reference.cache_clear()
    floor.cache_clear()
