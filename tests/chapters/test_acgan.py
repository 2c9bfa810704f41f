"""Chapter 8: the AC-GAN's and the 2N-GAN's sizes and targets, and who moves in each turn."""

import numpy as np
import pytest

from chapters.ch08_acgan import acgan, twon_gan
from gan_book.errors import BookError
from tests.chapters.common import build, moves, names, noise, tensors

MODELS = {
    "acgan": (acgan.LESSON, {}),
    "acgan book": (acgan.LESSON, {"network": "book"}),
    "twon": (twon_gan.LESSON, {}),
}


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("lesson, changes", MODELS.values(), ids=list(MODELS))
def test_who_moves(lesson, changes, size, snapshot, moved):
    model = build(lesson, **changes)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen["d_real"] == seen["d_fake"] == names(model.discriminator)
    assert seen["g"] == names(model.generator)


def test_the_books_networks_have_the_published_sizes():
    convolutions = [(1, 32), (32, 64), (64, 128), (128, 256)]
    discriminator = sum(9 * a * b + b for a, b in convolutions) + 4 * (64 + 128 + 256) + 11 * (7 * 7 * 256 + 1)
    assert acgan.define_book_discriminator().count_params() == discriminator
    generator = 500 + (50 * 49 + 49) + (100 + 1) * 384 * 49 + (25 * 385 * 192 + 192) + 4 * 192 + (25 * 192 + 1)
    assert acgan.define_book_generator().count_params() == generator


def test_the_answers_to_the_exercises():
    two_heads, one_head = acgan.define_discriminator(), twon_gan.define_discriminator()
    assert two_heads.get_layer("label").count_params() == 20_490
    assert one_head.count_params() - two_heads.count_params() == 18_441


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
    with pytest.raises(BookError, match="'none' is not known; choose one of: dcgan, book"):
        build(acgan.LESSON, network="none")


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset of either script."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert {"ms_ssim", "ms_ssim_real"} <= set(scores)
    assert 0 <= scores["label_accuracy"] <= 1
    assert 0 < scores["ms_ssim_real"] < 1
    assert len(measured["details"]["ms_ssim_per_class"]) == 10
