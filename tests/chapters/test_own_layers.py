"""The layers and losses that a chapter defines for itself, against their formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch06_cgan.mlp_cgan import maxout
from chapters.ch07_infogan.iic import RandomStrokeWidth
from chapters.ch09_sgan.sgan import feature_matching
from chapters.ch10_pix2pix.pix2pix import LastingDropout
from chapters.ch11_cyclegan import cyclegan
from chapters.ch11_cyclegan.cyclegan import ImagePool
from gan_book import legacy
from gan_book.training import runs


def test_maxout_is_the_largest_of_its_linear_pieces():
    inputs = keras.Input((6,))
    model = keras.Model(inputs, maxout(inputs, units=3, pieces=4))
    kernel, _ = model.get_weights()
    model.set_weights([kernel, np.arange(12.0)])
    w, b = kernel.reshape(6, 3, 4), np.arange(12.0).reshape(3, 4)  # W_ij and b_ij: unit i, piece j
    x = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    expected = np.max(np.einsum("nd,dij->nij", x, w) + b, axis=-1)
    np.testing.assert_allclose(ops.convert_to_numpy(model(x)), expected, rtol=1e-5, atol=1e-5)


def test_maxout_of_two_pieces_can_be_an_absolute_value():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, maxout(inputs, units=1, pieces=2))
    model.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    x = np.array([[-2.0], [0.0], [3.0]], "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(model(x)), np.abs(x))


def test_maxout_has_the_published_number_of_weights():
    inputs = keras.Input((784,))
    assert keras.Model(inputs, maxout(inputs, 240, 5)).count_params() == (784 + 1) * 240 * 5


def test_feature_matching_compares_means():
    """Batches whose rows differ but whose means agree match."""
    real = np.array([[0.0, 2.0], [2.0, 0.0]], "float32")
    assert float(feature_matching(real, np.ones((2, 2), "float32"))) == 0
    assert float(feature_matching(real, np.zeros((2, 2), "float32"))) == pytest.approx(1)
    assert float(feature_matching(real, np.array([[4.0, 1.0]] * 2, "float32"))) == pytest.approx(4.5)


def test_random_stroke_width_widens_and_narrows_strokes():
    image = keras.Input((9, 9, 1))
    model = keras.Model(image, RandomStrokeWidth()(image))
    bar = np.full((300, 9, 9, 1), -1.0, "float32")
    bar[:, :, 3:6] = 1.0
    drawn = keras.ops.convert_to_numpy(model(bar, training=True))[:, 4, :, 0]
    inside, edge, beside, far = drawn[:, 4], drawn[:, 5], drawn[:, 6], drawn[:, 7]
    np.testing.assert_allclose(inside, 1, atol=1e-6)  # the middle of three stays, what is two pixels away stays
    np.testing.assert_allclose(far, -1, atol=1e-6)
    assert np.all((edge > 0.999) | (beside < -0.999)), "either thicker or thinner"
    assert beside.max() == pytest.approx(0.6, abs=0.1) and edge.min() == pytest.approx(-0.2, abs=0.1)


def test_reflection_does_not_repeat_the_edge():
    x = np.arange(4.0, dtype="float32").reshape(1, 1, 4, 1).repeat(3, axis=1)
    padded = ops.convert_to_numpy(cyclegan.mirrored(ops.convert_to_tensor(x), 2))
    assert padded.shape == (1, 7, 8, 1)
    np.testing.assert_array_equal(padded[0, 0, :, 0], [2, 1, 0, 1, 2, 3, 2, 1])


def test_a_generator_of_2026_with_its_own_padding_layer_is_opened(tmp_path):
    """Runs of earlier versions have a layer where today's networks have an operation."""
    image = keras.Input((4, 4, 1))
    keras.Model(image, legacy.ReflectionPadding2D(1)(image)).save(tmp_path / "generator.keras")
    x = np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)
    loaded = runs.Run(tmp_path).load("generator")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), ops.convert_to_numpy(cyclegan.mirrored(x, 1)))


def numbered(*numbers):
    return np.array(numbers, "float32").reshape(-1, 1, 1, 1)


def shown(pool, *numbers):
    return ops.convert_to_numpy(pool(numbered(*numbers))).ravel().tolist()


@pytest.mark.slow
def test_the_pool_fills_first_and_then_swaps():
    pool = ImagePool(6)
    for numbers in ((1, 2), (3, 4), (5, 6)):
        assert shown(pool, *numbers) == list(numbers)
    known, swapped = {1, 2, 3, 4, 5, 6}, 0
    for number in range(7, 407, 2):
        new = [number, number + 1]
        seen = shown(pool, *new)
        kept = set(ops.convert_to_numpy(pool.kept).ravel().tolist())
        # Each image shown is the new one, or an old one whose place the new one took: nothing is lost or doubled.
        assert len(kept) == 6 and kept | set(seen) == known | set(new) and not kept & set(seen)
        swapped += sum(image not in new for image in seen)
        known = kept
    assert 150 < swapped < 250  # of 400, an even chance each


def test_a_pool_of_none_shows_what_comes():
    pool = ImagePool(0)
    assert shown(pool, 1, 2) == [1, 2] and shown(pool, 3, 4) == [3, 4] and not pool.weights


def through(layer, x, folder):
    """What a model of that layer alone answers, and what it answers when it was saved and loaded."""
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras", safe_mode=True)
    return [network.predict(x, batch_size=len(x), verbose=0) for network in (model, loaded)]


def test_a_pool_survives_saving(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(*through(ImagePool(3), x, tmp_path), atol=1e-6)


def test_dropout_lasts_in_use(tmp_path):
    x = np.random.default_rng(0).normal(5, 3, size=(64, 4)).astype("float32")
    for dropped in through(LastingDropout(0.5), x, tmp_path):
        assert 0.3 < (dropped == 0).mean() < 0.7
