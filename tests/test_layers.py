"""The layers against their formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from gan_book.layers import (
    BatchStatisticsNormalization,
    ImagePool,
    LastingDropout,
    Maxout,
    RandomAffine,
    RandomStrokeWidth,
    ReflectionPadding2D,
    WeightNormDense,
    fit_gains,
)


def test_maxout_is_the_largest_of_its_linear_pieces():
    layer = Maxout(units=3, pieces=4)
    x = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    layer.build(x.shape)
    layer.linear.bias.assign(np.arange(12))
    kernel, bias = (ops.convert_to_numpy(weight) for weight in layer.weights)
    w, b = kernel.reshape(6, 3, 4), bias.reshape(3, 4)  # W_ij and b_ij: unit i, piece j
    expected = np.max(np.einsum("nd,dij->nij", x, w) + b, axis=-1)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, rtol=1e-5, atol=1e-5)


def test_maxout_of_two_pieces_can_be_an_absolute_value():
    layer = Maxout(units=1, pieces=2)
    layer.build((None, 1))
    layer.linear.kernel.assign([[1.0, -1.0]])
    x = np.array([[-2.0], [0.0], [3.0]], "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), np.abs(x))


def test_maxout_has_the_published_number_of_weights():
    layer = Maxout(240, 5)
    layer.build((None, 784))
    assert layer.count_params() == (784 + 1) * 240 * 5
    assert layer.compute_output_shape((None, 784)) == (None, 240)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_maxout_survives_saving(policy, tmp_path):
    inputs = keras.Input((6,))
    initializer = keras.initializers.RandomNormal(0.0, 0.05)
    model = keras.Model(inputs, Maxout(3, 2, kernel_initializer=initializer, dtype=policy, name="m")(inputs))
    assert model.output.shape == (None, 3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    np.testing.assert_array_equal(*(ops.convert_to_numpy(ops.cast(m(x), "float32")) for m in (model, loaded)))
    layer = loaded.get_layer("m")
    assert (layer.units, layer.pieces, layer.kernel_initializer.stddev) == (3, 2, 0.05)
    assert layer.linear.compute_dtype == layer.compute_dtype == policy.removeprefix("mixed_")


def test_weight_normalization_separates_direction_and_length():
    layer = WeightNormDense(3)
    x = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    layer.build(x.shape)
    layer.g.assign([0.5, 1.0, 2.0])
    layer.bias.assign([1.0, 2.0, 3.0])
    v = ops.convert_to_numpy(layer.v)
    expected = x @ (v / np.linalg.norm(v, axis=0) * [0.5, 1.0, 2.0]) + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, rtol=1e-4)
    layer.v.assign(7 * v)  # a longer V is the same direction
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, rtol=1e-4)


def test_gains_give_outputs_of_variance_1_layer_by_layer():
    inputs = keras.Input((6,))
    first, second = WeightNormDense(4, learn_gain=False), WeightNormDense(2)
    network = keras.Model(inputs, second(keras.layers.ReLU()(first(inputs))))
    x = np.random.default_rng(0).normal(3, 5, size=(500, 6)).astype("float32")
    fit_gains(network, x)
    for y in (first(x), network(x)):
        np.testing.assert_allclose(ops.convert_to_numpy(ops.mean(y, axis=0)), 0, atol=1e-3)
        np.testing.assert_allclose(ops.convert_to_numpy(ops.std(y, axis=0)), 1, rtol=1e-3)
    assert not any(weight is first.g for weight in network.trainable_weights)
    assert any(weight is second.g for weight in network.trainable_weights)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_weight_normalization_survives_saving(policy, tmp_path):
    inputs = keras.Input((6,))
    layer = WeightNormDense(3, gain=2.0, learn_gain=False, dtype=policy, name="w")
    model = keras.Model(inputs, layer(inputs))
    assert model.output.shape == (None, 3) and layer.v.dtype == "float32"
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    np.testing.assert_array_equal(*(ops.convert_to_numpy(ops.cast(m(x), "float32")) for m in (model, loaded)))
    again = loaded.get_layer("w")
    assert (again.units, again.gain, again.learn_gain) == (3, 2.0, False)


# Random transformations


@pytest.mark.parametrize("layer", [RandomAffine, RandomStrokeWidth])
def test_a_random_transformation_changes_images_in_training_only(layer):
    image = keras.Input((12, 10, 1))
    model = keras.Model(image, layer()(image))
    x = np.random.default_rng(0).uniform(-1, 1, (6, 12, 10, 1)).astype("float32")
    np.testing.assert_array_equal(model(x, training=False), x)
    first, second = (keras.ops.convert_to_numpy(model(x, training=True)) for _ in range(2))
    assert first.shape == x.shape and first.min() >= -1.001 and first.max() <= 1.001
    assert np.abs(first - x).max() > 0.1 and np.abs(first - second).max() > 0.1
    assert np.abs((first - x)[0] - (first - x)[1]).max() > 0.1, "each image by an amount of its own"


def test_random_affine_fills_with_black_and_moves_as_far_as_it_says():
    image = keras.Input((28, 28, 1))
    x = np.full((200, 28, 28, 1), -1.0, "float32")
    x[:, 13:15, 13:15] = 1.0  # a spot in the middle, which turning and stretching leave where it is
    moved = keras.ops.convert_to_numpy(keras.Model(image, RandomAffine()(image))(x, training=True))[..., 0] + 1
    assert moved[:, 0].max() < 1e-3, "what moves in is black"
    rows = (moved.sum(axis=2) * np.arange(28)).sum(axis=1) / moved.sum(axis=(1, 2))
    assert 1.0 < np.abs(rows - 13.5).max() < 4, "a shift of 2 pixels, sheared and stretched"


def test_random_stroke_width_widens_and_narrows_strokes():
    image = keras.Input((9, 9, 1))
    model = keras.Model(image, RandomStrokeWidth()(image))
    bar = np.full((300, 9, 9, 1), -1.0, "float32")
    bar[:, :, 3:6] = 1.0
    drawn = keras.ops.convert_to_numpy(model(bar, training=True))[:, 4, :, 0]
    inside, edge, beside, far = drawn[:, 4], drawn[:, 5], drawn[:, 6], drawn[:, 7]
    np.testing.assert_allclose(inside, 1, atol=1e-6)  # the middle of three stays, what is two pixels away stays
    np.testing.assert_allclose(far, -1, atol=1e-6)
    assert np.all((edge > 0.999) | (beside < -0.999)), "either fatter or thinner"
    assert beside.max() == pytest.approx(0.6, abs=0.1) and edge.min() == pytest.approx(-0.2, abs=0.1)


@pytest.mark.parametrize("layer", [RandomAffine, RandomStrokeWidth])
def test_a_random_transformation_lets_gradients_through(layer):
    z = keras.Input((3,))
    generator = keras.Model(z, keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64)(z)))
    model = keras.Model(z, layer()(generator.output))
    model.compile("sgd", "mse")
    before = generator.get_weights()[0]
    model.train_on_batch(np.ones((4, 3), "float32"), np.ones((4, 8, 8, 1), "float32"))
    assert np.abs(generator.get_weights()[0] - before).max() > 1e-4


def test_random_transformations_are_what_they_were_after_saving(tmp_path):
    image = keras.Input((8, 8, 1))
    keras.Model(image, RandomAffine(0.5, fill=0.0)(image)).save(tmp_path / "a.keras")
    layer = keras.models.load_model(tmp_path / "a.keras").layers[1]
    assert (layer.strength, layer.fill) == (0.5, 0.0)
    keras.Model(image, RandomStrokeWidth(0.5)(image)).save(tmp_path / "b.keras")
    assert keras.models.load_model(tmp_path / "b.keras").layers[1].strength == 0.5


def test_reflection_does_not_repeat_the_edge():
    layer = ReflectionPadding2D(2)
    row = ops.convert_to_numpy(layer(np.arange(4.0).reshape(1, 1, 4, 1).repeat(3, axis=1)))[0, 0, :, 0]
    np.testing.assert_array_equal(row, [2, 1, 0, 1, 2, 3, 2, 1])
    assert layer.compute_output_shape((None, 3, None, 1)) == (None, 7, None, 1)


def numbered(*numbers):
    return np.array(numbers, "float32").reshape(-1, 1, 1, 1)


def shown(pool, *numbers):
    return ops.convert_to_numpy(pool(numbered(*numbers))).ravel().tolist()


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


@pytest.mark.parametrize("kind", [lambda: ReflectionPadding2D(1), lambda: ImagePool(3), BatchStatisticsNormalization])
def test_layers_of_translation_survive_saving(kind, tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(*through(kind(), x, tmp_path), atol=1e-6)


def test_dropout_and_batch_statistics_last_in_use(tmp_path):
    x = np.random.default_rng(0).normal(5, 3, size=(64, 4)).astype("float32")
    for dropped in through(LastingDropout(0.5), x, tmp_path):
        assert 0.3 < (dropped == 0).mean() < 0.7
    for normal in through(BatchStatisticsNormalization(), x, tmp_path):
        np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(normal.std(axis=0), 1, atol=1e-2)
