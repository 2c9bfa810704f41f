"""The plain autoencoder of chapter 1: its networks, its loss, what is measured, and who moves."""

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch01_autoencoder import autoencoder, exercises, pictures, scores
from gan_book.sampling import draw
from tests.chapters.common import build, moves, names, noise

LESSON = autoencoder.LESSON


def test_the_loss_is_the_cross_entropy_summed_over_the_pixels():
    rng = np.random.default_rng(0)
    x, x_hat = rng.uniform(-1, 1, (2, 3, 5, 4, 2)).astype("float32")
    loss = ops.convert_to_numpy(autoencoder.reconstruction(x, x_hat))
    np.testing.assert_allclose(loss, exercises.nats_solution((x + 1) / 2, (x_hat + 1) / 2), rtol=1e-4)
    guess = ops.convert_to_numpy(autoencoder.reconstruction(x, np.zeros_like(x)))
    np.testing.assert_allclose(guess, np.full(3, 40 * np.log(2)), rtol=1e-5)


def test_what_is_measured_is_what_was_trained():
    rng = np.random.default_rng(0)
    images, x_hat = rng.integers(0, 256, (3, 5, 4, 1), dtype=np.uint8), rng.uniform(-0.99, 0.99, (3, 5, 4, 1))
    trained = ops.convert_to_numpy(autoencoder.reconstruction(images / 127.5 - 1, x_hat))
    np.testing.assert_allclose(scores.cross_entropy(images, x_hat), trained, rtol=1e-4)


def test_the_answers_to_the_exercises():
    encoder = autoencoder.define_encoder(2)
    largest = max(encoder.layers, key=lambda layer: layer.count_params())
    assert isinstance(largest, keras.layers.Conv2D) and largest.kernel.shape == (4, 4, 32, 64)
    assert encoder.output.shape == (None, 2)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    right = exercises.nats_solution
    exercises.check_nats(right)
    wrong = [
        lambda x, p: right(x, p) / x[0].size,
        lambda x, p: ((x - p) ** 2).sum(axis=(1, 2, 3)),
        lambda x, p: right(p, x),
    ]
    wrong.append(lambda x, p: -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3)))
    for nats in wrong:
        with pytest.raises(AssertionError), np.errstate(all="ignore"):
            exercises.check_nats(nats)
    exercises.check_nearest(exercises.nearest_solution)
    for nearest in (
        lambda codes, labels, code, k: exercises.nearest_solution(codes, labels, code, 1),
        lambda codes, labels, code, k: np.bincount(labels).argmax(),
    ):
        with pytest.raises(AssertionError):
            exercises.check_nearest(nearest)


@pytest.mark.parametrize("size", [20, 40])
def test_the_step_moves_encoder_and_decoder(size, snapshot, moved):
    model, data = build(LESSON), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("encoder", "sampler"))
    assert seen == {"ae": names(model.encoder) | names(model.sampler)}


@pytest.mark.slow
def test_it_learns_without_labels():
    model, data = build(LESSON), noise(n=32)
    model.compile()
    history = model.fit(data.images, batch_size=16, epochs=2, verbose=0).history
    assert history["ae_loss"][1] < history["ae_loss"][0]


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3), (50, 40, 3)], ids=str)
def test_any_image_size(shape):
    model = build(LESSON, shape, latent_dim=5)
    assert model.encoder.output.shape == (None, 5)
    assert draw(model.sampler, [0, 0], seed=0).shape == (2, *shape)


def test_codes_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = autoencoder.define_encoder(width=4)
    assert encoder.output.dtype == "float32" and encoder.layers[-2].compute_dtype == "bfloat16"


def test_the_book_preset_has_the_settings_of_the_keras_example():
    book = autoencoder.PRESETS["book"]
    assert (book.latent_dim, book.epochs, book.batch_size, book.learning_rate) == (2, 30, 128, 1e-3)


def test_the_plane_is_decoded_row_by_row_and_its_places_are_equally_likely():
    decoder = build(LESSON, latent_dim=2).sampler
    images = pictures.plane(decoder, [-1.0, 0.0, 1.0], [2.0, -2.0])
    z = np.array([[-1, 2], [0, 2], [1, 2], [-1, -2], [0, -2], [1, -2]], "float32")
    np.testing.assert_array_equal(images, draw(decoder, np.zeros(6), z=z))
    samples, places = np.random.default_rng(0).normal(size=100_000), pictures.quantiles(4)
    edges = [(a + b) / 2 for a, b in zip((0.0, 0.25, 0.5, 0.75), (0.25, 0.5, 0.75, 1.0), strict=True)]
    np.testing.assert_allclose([np.mean(samples < place) for place in places], edges, atol=0.01)


def test_a_scatter_of_codes_is_a_picture():
    codes = np.random.default_rng(0).normal(size=(30, 2))
    picture = pictures.scatter({"left": codes, "right": codes}, np.arange(30) % 3, ["a", "b", "c"], "Codes", reach=3)
    assert picture.size == (1040, 520)
