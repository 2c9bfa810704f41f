"""Chapter 7, InfoGAN with IIC: which head sees which image, which weights move, and the loss against its formula."""

import numpy as np
import pytest
from scipy.special import softmax

from chapters.ch07_infogan import codes, iic, infogan
from gan_book.errors import BookError
from gan_book.networks import to_float
from gan_book.training import runs
from tests.chapters.common import build, check_information, ends_alike, moves, names, noise
from tests.chapters.test_infogan import check_smoke as check_infogan

LESSON = iic.LESSON


def images(seed, n=5):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 28, 28, 1)).astype("float32")


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
def test_who_moves(size, snapshot, moved):
    model, data = build(LESSON), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("generator", "d_and_q"))
    assert seen == {"d": names(model.d_and_q), "g": names(model.generator)}


def test_the_category_is_read_from_an_augmented_view_and_all_else_from_the_image_as_it_is():
    network, x = iic.define_d_and_q(width=8), images(0)
    first, second = (network(x, training=True) for _ in range(2))
    for name in ("validity", "code"):
        np.testing.assert_allclose(first[name], second[name], atol=1e-5)
    assert np.abs(np.asarray(first["category"]) - np.asarray(second["category"])).max() > 1e-4
    plain, again = (np.asarray(network(x, training=False)["category"]) for _ in range(2))
    np.testing.assert_allclose(plain, again, atol=1e-6)  # in use nothing is augmented


@pytest.mark.slow
def test_the_statistics_that_are_kept_are_those_of_real_images_as_they_are():
    network, generator = iic.define_d_and_q(width=8), infogan.define_generator()
    model = iic.InfoGANWithIIC(
        generator, network, iic.define_discriminator(network), infogan.define_gan(generator, network)
    )
    model.compile()
    x = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1), dtype=np.uint8)
    model.fit(x, batch_size=16, epochs=1, verbose=0)
    kept = network(to_float(x), training=False)
    trunk, q_hidden = (network.get_layer(name) for name in ("trunk", "q_hidden"))
    features = trunk(to_float(x), training=True)
    np.testing.assert_allclose(network.get_layer("validity")(features), kept["validity"], atol=2e-2)
    np.testing.assert_allclose(network.get_layer("code")(q_hidden(features, training=True)), kept["code"], atol=2e-2)


def test_the_discriminator_sees_two_different_views_of_real_images():
    network, real, fake = iic.define_d_and_q(width=8), images(0), images(1)
    discriminator = iic.define_discriminator(network)
    outputs, of_real, of_fake = discriminator([real, fake]), network(real), network(fake)
    expected = {"real": of_real["validity"], "fake": of_fake["validity"]}
    expected |= {"category": of_fake["category"], "code": of_fake["code"]}
    expected["views"] = np.stack([of_real["category"]] * 2, axis=1)  # in use nothing is augmented
    assert set(outputs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, atol=1e-5)
    views = np.asarray(discriminator([real, fake], training=True)["views"])
    assert np.abs(views[:, 0] - views[:, 1]).max() > 1e-4


def test_the_loss_is_minus_the_information_between_two_views():
    # `check_information` gives all first views and then all second ones, and expects a number for each view.
    check_information(lambda _, logits: np.repeat(iic.iic_loss(None, np.stack(np.split(logits, 2), axis=1)), 2))
    logits = np.random.default_rng(0).normal(size=(3, 2, 4)).astype("float32")
    q = softmax(logits.astype("float64"), axis=-1)
    joint = sum(np.outer(a, b) + np.outer(b, a) for a, b in q) / 6
    of_joint, of_one = (-(p * np.log(p)).sum() for p in (joint, joint.sum(axis=1)))
    np.testing.assert_allclose(iic.iic_loss(None, logits), [of_joint - 2 * of_one] * 3, rtol=1e-4)


@pytest.mark.slow
def test_labels_are_not_looked_at():
    assert ends_alike(LESSON, "generator")


def test_other_variants_are_refused():
    with pytest.raises(BookError, match="'head' is not known; choose"):
        build(LESSON, variant="head")


def test_the_information_of_a_run_is_that_of_the_last_tenth_of_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(codes, "measure", lambda *_: ([], {}))
    run = runs.Run(tmp_path)
    assert iic.measure(run, None, None, None, 0) == ([], {}), "no log"
    rows = [f"{10 * i},{-1.0 if i > 18 else 5.0}" for i in range(1, 21)]
    run.step_log.write_text("\n".join(["step,d_views_loss", *rows]) + "\n")
    (score,), _ = iic.measure(run, None, None, None, 0)
    assert (score.name, score.value) == ("real_information", 1.0)


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset."""
    check_infogan(run)
    assert "real_information" in {score["name"] for score in run.report["measured"]["scores"]}
