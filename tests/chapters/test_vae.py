"""The VAE and the adversarial autoencoder of chapter 1: losses, who moves, and what is measured."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch01_autoencoder import aae, exercises, scores, vae
from chapters.ch01_autoencoder.autoencoder import define_decoder
from gan_book.paths import RESULTS
from gan_book.sampling import draw
from tests.chapters.common import build, moves, names, noise

PLAYERS = ("encoder", "sampler", "discriminator")


class Saved:
    """A run whose networks are in memory."""

    def __init__(self, **networks):
        self.load = networks.get


def test_sampling_adds_beta_times_the_divergence_in_nats():
    mean = np.array([[0, 0], [3, 4]], "float32")
    log_variance = np.array([[np.log(4), 0], [0, 0]], "float32")
    layer = vae.Sampling(beta=2.0)
    layer([ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance)])
    kl = ops.convert_to_numpy(exercises.kl_solution(mean, log_variance))
    np.testing.assert_allclose(kl, [(3 - np.log(4)) / 2, 12.5], rtol=1e-5)
    np.testing.assert_allclose(float(layer.losses[0]), 2 * kl.mean(), rtol=1e-5)


def test_codes_are_samples_of_the_region_and_others_each_time():
    layer = vae.Sampling()
    inputs = [np.full((4000, 2), 3.0, "float32"), np.full((4000, 2), np.log(0.25), "float32")]
    first, second = (ops.convert_to_numpy(layer(inputs)) for _ in range(2))
    np.testing.assert_allclose(first.mean(axis=0), 3, atol=0.05)
    np.testing.assert_allclose(first.std(axis=0), 0.5, atol=0.05)
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_the_loss_that_fit_shows_is_reconstruction_plus_beta_times_kl():
    encoder = vae.define_encoder(3, width=4)
    model = vae.define_vae(encoder, define_decoder(3, width=4), beta=5.0)
    x = np.random.default_rng(0).uniform(-1, 1, (16, 28, 28, 1)).astype("float32")
    encoder.get_layer("log_variance").bias.assign([2.0, 0.0, -1.0])  # so that there is a KL divergence
    mean, log_variance = encoder(x, training=True)
    kl = float(ops.mean(exercises.kl_solution(mean, log_variance)))
    logs = model.train_on_batch(x, x, return_dict=True)
    assert kl > 1
    np.testing.assert_allclose(logs["loss"], logs["reconstruction"] + 5 * kl, rtol=1e-3)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    right = exercises.kl_solution
    exercises.check_kl(right)
    wrong = [lambda m, v: ops.mean(right(m, v)), lambda m, v: right(m, v) / 2, lambda m, v: right(m, 2 * v)]
    for kl in wrong:
        with pytest.raises(AssertionError):
            exercises.check_kl(kl)
    exercises.check_active(exercises.active_solution)
    for active in (lambda m, v: np.abs(m.mean(axis=0)) > 0.01, lambda m, v: m.std(axis=0) > 0.01):
        with pytest.raises(AssertionError):
            exercises.check_active(active)


@pytest.mark.parametrize("size", [20, 40])
def test_the_vaes_step_moves_encoder_and_decoder(size, snapshot, moved):
    model, data = build(vae.LESSON), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("encoder", "sampler"))
    assert seen == {"vae": names(model.encoder) | names(model.sampler)}


@pytest.mark.parametrize("size", [20, 40])
def test_each_turn_of_the_aae_moves_its_networks_and_no_other(size, snapshot, moved):
    model, data = build(aae.LESSON), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, PLAYERS)
    assert seen["ae"] == names(model.encoder) | names(model.sampler)
    assert seen["d_real"] == seen["d_fake"] == names(model.discriminator)
    assert seen["g"] == names(model.encoder)


@pytest.mark.slow
def test_both_train_in_one_graph_without_labels():
    data = noise(n=32)
    for lesson, loss in ((vae.LESSON, "vae_loss"), (aae.LESSON, "ae_loss")):
        model = build(lesson)
        model.compile()
        history = model.fit(data.images, batch_size=16, epochs=2, verbose=0).history
        assert history[loss][1] < history[loss][0]
        assert draw(model.sampler, [0, 0, 0], seed=0).shape == (3, 28, 28, 1)
    assert model.watched_losses == ["d_real_loss", "d_fake_loss"]


def measured(encoder, decoder):
    data = noise(n=40)
    found, _ = scores.measure(Saved(encoder=encoder, generator=decoder), data, data.test_images, data.test_labels, 0)
    return {score.name: score for score in found}


def test_the_bound_is_measured_where_there_is_one():
    model = build(vae.LESSON)
    found = measured(model.encoder, model.sampler)
    assert found["bound"].value == pytest.approx(found["reconstruction"].value + found["kl"].value)
    assert found["reconstruction"].value > found["reconstruction"].reference > 0
    assert found["sharpness"].value == pytest.approx(1), "the images that were given are the test images"
    assert found["neighbours"].value > 0.1, "these test images are training images"
    plain = build(aae.LESSON)
    assert not {"bound", "kl"} & set(measured(plain.encoder, plain.sampler))


def test_the_divergence_that_is_measured_is_that_of_the_formula():
    image = keras.Input((28, 28, 1))
    flat = keras.layers.Flatten()(image)
    mean = keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer="ones")(flat)
    log_variance = keras.layers.Dense(2, kernel_initializer="zeros")(flat)
    codes = scores.encode(keras.Model(image, [mean, log_variance]), noise(n=400).images, np.random.default_rng(0))
    np.testing.assert_allclose(codes["kl"], np.ones(400), rtol=1e-5)
    np.testing.assert_allclose(codes["z"].mean(axis=0), [1, 1], atol=0.15)


def test_the_distance_of_codes_from_the_prior():
    rng = np.random.default_rng(0)
    assert scores._distance_from_prior(rng.normal(size=(5000, 3))).value < 0.01
    assert scores._distance_from_prior(rng.normal(2, 1, size=(5000, 3))).value == pytest.approx(12, rel=0.05)


def test_blurred_images_are_less_sharp():
    images = noise(n=20).images
    blurred = ((images + np.roll(images, 1, axis=1).astype(int)) // 2).astype("uint8")
    assert scores._sharpness(images, images).value == pytest.approx(1)
    assert scores._sharpness(blurred, images).value < 0.7


def test_the_notebooks_tables_have_their_rows():
    rows = json.loads((RESULTS / "ch01_autoencoder.json").read_text(encoding="utf-8"))
    for name in ("vae", "beta-0.25", "beta-4"):
        assert {"kl", "reconstruction", "bound", "frechet_distance"} <= rows[name]["mean"].keys()
    for name in ("autoencoder", "vae", "aae"):
        wanted = {"reconstruction", "code_distance", "frechet_distance", "fitted_frechet", "sharpness"}
        assert wanted <= rows[name]["mean"].keys()


def test_the_book_preset_has_the_settings_of_the_keras_example():
    for lesson in (vae.LESSON, aae.LESSON):
        book = lesson.presets["book"]
        assert (book.latent_dim, book.epochs, book.batch_size, book.learning_rate) == (2, 30, 128, 1e-3)
    assert vae.PRESETS["book"].beta == 1
