"""Chapter 8: the AC-GAN's and the 2N-GAN's sizes and targets, and who moves in each turn."""

import numpy as np
import pytest
from keras import ops

from chapters.ch08_acgan import acgan, classic, exercises, twon_gan
from gan_book.errors import BookError
from gan_book.metrics import frechet_distance
from tests.chapters.common import build, moves, names, noise, tensors

MODELS = {
    "acgan": (acgan.LESSON, {}),
    "acgan classic": (acgan.LESSON, {"network": "classic"}),
    "twon": (twon_gan.LESSON, {}),
}


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lesson, changes", MODELS.values(), ids=list(MODELS))
def test_who_moves(lesson, changes, size, snapshot, moved):
    model = build(lesson, **changes)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen["d_real"] == seen["d_fake"] == names(model.discriminator)
    assert seen["g"] == names(model.generator)


def test_the_classic_networks_have_the_published_sizes():
    convolutions = [(1, 32), (32, 64), (64, 128), (128, 256)]
    discriminator = sum(9 * a * b + b for a, b in convolutions) + 4 * (64 + 128 + 256) + 11 * (7 * 7 * 256 + 1)
    assert classic.define_discriminator().count_params() == discriminator
    generator = 500 + (50 * 49 + 49) + (100 + 1) * 384 * 49 + (25 * 385 * 192 + 192) + 4 * 192 + (25 * 192 + 1)
    assert classic.define_generator().count_params() == generator


def test_the_answers_to_the_exercises():
    two_heads, one_head = acgan.define_discriminator(), twon_gan.define_discriminator()
    assert two_heads.get_layer("label").count_params() == 20_490
    assert one_head.count_params() - two_heads.count_params() == 18_441


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_class_fd(exercises.class_fd_solution)
    exercises.check_real_labels_only(exercises.RealLabelsOnly)
    exercises.check_real_logit(exercises.real_logit_solution)
    wrong = [
        (exercises.check_class_fd, lambda features, labels, real, real_labels: frechet_distance(features, real)),
        (exercises.check_class_fd, lambda features, labels, real, real_labels: np.zeros(3)),
        (exercises.check_real_labels_only, acgan.ACGAN),
        (exercises.check_real_labels_only, NoLabels),
        (exercises.check_real_logit, lambda logits: ops.logsumexp(logits, axis=-1)),
        (exercises.check_real_logit, lambda logits: -exercises.real_logit_solution(logits)),
    ]
    for check, answer in wrong:
        with pytest.raises(AssertionError):
            check(answer)


class NoLabels(acgan.ACGAN):
    """D never learns a class."""

    def turns(self, images, labels):
        for name, network, x, y in super().turns(images, labels):
            ones = ops.ones((ops.shape(images)[0],))
            yield name, network, x, y, {"validity": ones, "label": ops.zeros_like(ones)}


def test_the_solution_of_the_exercise_trains(snapshot, moved):
    settings, data = acgan.LESSON.settings("smoke"), noise(n=20)
    model = acgan.build(settings, data)
    model = exercises.RealLabelsOnly(model.generator, model.discriminator, model.gan)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    heads = names(model.discriminator, ["label"])
    assert seen["d_real"] == names(model.discriminator) and seen["g"] == names(model.generator)
    assert names(model.discriminator) - heads <= seen["d_fake"]


def test_without_n_the_2n_gan_sees_no_difference():
    class Wrong(twon_gan.TwoNGAN):
        def turns(self, images, labels):
            for name, network, x, _ in super().turns(images, labels):
                yield name, network, x, labels

    model, (images, labels) = build(twon_gan.LESSON), tensors(10)
    model = Wrong(model.generator, model.discriminator, model.gan)
    for _, _, _, y in model.turns(images, labels):
        np.testing.assert_array_equal(y, labels)


def test_the_discriminators_share_all_but_their_heads():
    shapes = [
        [weight.shape for layer in network.layers if layer.name not in heads for weight in layer.weights]
        for network, heads in (
            (acgan.define_discriminator(), {"validity", "label"}),
            (twon_gan.define_discriminator(), {"logits"}),
        )
    ]
    assert shapes[0] == shapes[1]


def test_targets_of_the_2n_gan():
    model, (images, labels) = build(twon_gan.LESSON), tensors(10)
    asked = {name: np.asarray(y) for name, _, _, y in model.turns(images, labels)}
    np.testing.assert_array_equal(asked["d_real"], labels)
    np.testing.assert_array_equal(asked["d_fake"], labels + 10)
    np.testing.assert_array_equal(asked["g"], labels)


def test_targets_of_the_ac_gan():
    model, (images, labels) = build(acgan.LESSON), tensors(10)
    for name, _, _, y in model.turns(images, labels):
        np.testing.assert_array_equal(np.asarray(y["label"]), labels)
        assert set(np.asarray(y["validity"]).ravel()) == ({0} if name == "d_fake" else {1})


def test_an_unknown_network():
    with pytest.raises(BookError, match="'none' is not known; choose one of: dcgan, classic"):
        build(acgan.LESSON, network="none")


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset of either script."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert {"ms_ssim", "ms_ssim_real"} <= set(scores)
    assert 0 <= scores["label_accuracy"] <= 1
    assert 0 < scores["ms_ssim_real"] < 1
    assert len(measured["details"]["ms_ssim_per_class"]) == 10
