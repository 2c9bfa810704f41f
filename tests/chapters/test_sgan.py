"""Chapter 9: one network with two answers, who moves in each turn, and which labels are seen."""

from itertools import pairwise

import numpy as np
import pytest
from keras import layers, ops
from scipy.special import softmax

from chapters.ch09_sgan import sgan
from chapters.ch09_sgan.sgan import WeightNormDense
from gan_book.errors import BookError
from tests.chapters.common import build, check_information, ends_alike, moves, names, noise, tensors

LESSON = sgan.LESSON


def test_validity_is_the_logit_of_z_over_z_plus_1():
    logits = np.random.default_rng(0).normal(size=(5, 10)).astype("float32")
    z = np.exp(logits.astype("float64")).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ops.sigmoid(sgan.validity(logits)), z / (z + 1), rtol=1e-5)


def test_the_papers_networks_have_their_sizes():
    units = [784, 1000, 500, 250, 250, 250, 10]
    dense = sum(a * b + b for a, b in pairwise(units))
    assert sgan.define_classifier(width=1000).count_params() == dense + sum(units[1:])  # and a length for each unit
    generator = 100 * 500 + 500 * 500 + 2 * 3 * 500 + 500 * 784 + 2 * 784
    assert sgan.define_generator().count_params() == generator


def test_the_books_networks_have_the_published_sizes():
    convolutions = (9 * 128 + 128) + 2 * (9 * 128 * 128 + 128)
    assert sgan.define_book_classifier().count_params() == convolutions + 4 * 4 * 128 * 10 + 10
    generator = 101 * 128 * 49 + 2 * (16 * 128 * 128 + 128) + 49 * 128 + 1
    assert sgan.define_book_generator().count_params() == generator


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("loss", sgan.LOSSES)
@pytest.mark.parametrize("lambda_views", [0.0, 1.0])
@pytest.mark.parametrize("network", ["mlp", "book"])
def test_who_moves(network, lambda_views, loss, size, snapshot, moved):
    model = build(LESSON, network=network, loss=loss, lambda_views=lambda_views)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen["d"] == {("discriminator", weight.path) for weight in model.student.trainable_weights}
    assert len(seen["d"]) == len(model.student.trainable_weights)
    assert seen.get("g", set()) == (set() if loss == "untrained" else names(model.generator))


def test_lengths_hold_still_but_for_the_last_layers():
    classifier = sgan.define_classifier(width=32)
    dense = [layer for layer in classifier.layers if isinstance(layer, WeightNormDense)]
    assert [layer.learn_gain for layer in dense] == [False] * 5 + [True]
    assert len(classifier.trainable_weights) == 5 * 2 + 3


@pytest.mark.parametrize("lambda_views", [0.0, 1.0])
def test_the_three_kinds_are_cut_apart_in_order(lambda_views):
    """Labelled, unlabelled and generated images get the answers they would get alone."""
    classifier = sgan.define_classifier(width=32)
    discriminator = sgan.define_discriminator(classifier, "adam", lambda_views)
    assert [kind.name for kind in discriminator.inputs] == ["labelled", "generated", "unlabelled"]
    labelled, generated, unlabelled = (
        np.random.default_rng(i).uniform(-1, 1, (4, 28, 28, 1)).astype("float32") for i in range(3)
    )
    answers = discriminator([labelled, generated, unlabelled])
    both = np.concatenate([unlabelled, unlabelled]) if lambda_views else unlabelled
    assert ("views" in answers) == bool(lambda_views)
    np.testing.assert_allclose(answers["label"], classifier(labelled), rtol=1e-5)
    np.testing.assert_allclose(answers["fake"], sgan.validity(classifier(generated)), rtol=1e-5)
    np.testing.assert_allclose(answers["real"], sgan.validity(classifier(both)), rtol=1e-5)
    if lambda_views:
        np.testing.assert_allclose(answers["views"], classifier(both), rtol=1e-5)


def test_the_information_of_views_is_the_entropy_for_a_perfect_reader_and_zero_for_a_guess():
    check_information(sgan.view_surprise)
    logits = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    q = softmax(logits.astype("float64"), axis=1)
    cross = -(q[:3] * np.log(q[3:]) + q[3:] * np.log(q[:3])).sum(axis=1).mean() / 2
    entropy = -(q.mean(axis=0) * np.log(q.mean(axis=0))).sum()
    np.testing.assert_allclose(sgan.view_surprise(None, logits), [cross - entropy] * 6, rtol=1e-5)


def test_two_views_of_an_image_are_two_different_pictures():
    discriminator = sgan.define_discriminator(sgan.define_classifier(width=32), "adam", 1.0)
    kinds = [np.random.default_rng(0).uniform(-1, 1, (4, 28, 28, 1)).astype("float32")] * 3
    views = np.asarray(discriminator(kinds, training=True)["views"])
    assert np.abs(views[:4] - views[4:]).max() > 1e-3


def test_noise_after_each_layer_is_there_when_asked_for():
    count = [
        sum(isinstance(layer, layers.GaussianNoise) for layer in sgan.define_classifier(width=32, noise=noise).layers)
        for noise in (0.0, 0.5)
    ]
    assert count == [1, 6]


def test_the_labels_of_the_batch_are_not_looked_at():
    """The same images with other labels give the same weights."""
    assert ends_alike(LESSON, "student")


def test_so_many_labels_of_each_class_drawn_by_seed():
    data = noise(n=200)
    images, labels = sgan.labelled_subset(data, 3, seed=5)
    assert list(np.bincount(labels)) == [3] * 10
    again, _ = sgan.labelled_subset(data, 3, seed=5)
    other, _ = sgan.labelled_subset(data, 3, seed=6)
    np.testing.assert_array_equal(images, again)
    assert not np.array_equal(images, other)


def test_labelled_images_keep_their_labels():
    model = build(LESSON)
    model.labelled_images = np.arange(30, dtype="uint8").reshape(30, 1, 1, 1) * np.ones((1, 28, 28, 1), "uint8")
    model.known_labels = np.arange(30, dtype="int32")
    images, labels = model.labelled(200)
    levels = np.round((np.asarray(images)[:, 0, 0, 0] + 1) * 127.5)
    np.testing.assert_array_equal(levels, np.asarray(labels))
    assert set(np.asarray(labels)) == set(range(30))


def test_what_the_generator_is_asked_for():
    """Feature matching hands over the features of the real images, the adversarial loss asks for "real"."""
    images, labels = tensors(10)
    for loss in sgan.LOSSES[:2]:
        model = build(LESSON, loss=loss)
        goals = {
            name: np.asarray(ops.cast(y, "float32")) for name, _, _, y in model.turns(images, labels) if name == "g"
        }
        if loss == "adversarial":
            np.testing.assert_array_equal(goals["g"], np.ones((10, 1)))
        else:
            assert goals["g"].shape == (10, 8) and goals["g"].min() >= 0 and goals["g"].std() > 0


def test_a_class_with_too_few_images_to_label():
    with pytest.raises(
        BookError, match="class 'class 0' has 4 training images, not 5; set labels_per_class to 4 or less"
    ):
        build(LESSON, labels_per_class=5)


def test_the_classifier_trained_alone_sees_all_labels_and_nothing_else():
    """From two labels a class of a set that is easy to tell apart, it learns the rest."""
    data = noise(n=200)
    images = np.where(np.arange(28)[None, None, :, None] // 3 == data.labels[:, None, None, None], 255, 0)
    images = np.broadcast_to(images, data.images.shape).astype("uint8")
    classifier = sgan.define_classifier(width=128)
    before = classifier.get_weights()
    alone = sgan.trained_alone(classifier, images[:20], data.labels[:20], steps=150, seed=0)
    assert sgan.accuracy(alone, images, data.labels) > 0.9
    for was, now in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize("changes", [{"loss": "none"}, {"network": "none"}], ids=str)
def test_unknown_choices(changes):
    with pytest.raises(BookError, match="'none' is not known; choose"):
        build(LESSON, **changes)


def test_images_of_one_kind_cannot_be_told_apart():
    with pytest.raises(BookError, match="has no classes to tell apart"):
        build(LESSON, classes=1)


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert list(scores)[:2] == ["test_accuracy", "alone_accuracy"]
    assert all(0 <= scores[name] <= 1 for name in ("test_accuracy", "alone_accuracy"))
    assert measured["details"]["labelled_images"] == 20
    assert run.network("classifier").exists() and "label_accuracy" not in scores
    assert {"d_label_accuracy", "d_real_loss", "d_fake_loss"} <= set(run.log.read_text().splitlines()[0].split(","))
