"""The layers against their formulas."""

import keras
import numpy as np
import pytest

from chapters.ch07_infogan.iic import RandomStrokeWidth
from gan_book.adversarial import Composite
from gan_book.errors import BookError
from gan_book.layers import (
    DiffAugment,
    EqualConv2D,
    EqualDense,
    MinibatchStd,
    PixelNorm,
    RandomAffine,
    SpectralConv2D,
    SpectralDense,
)


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


def spectral(image_shape=(8, 8, 2)):
    x = keras.Input(image_shape)
    h = SpectralConv2D(5, 3, strides=2, padding="same")(x)
    return keras.Model(x, SpectralDense(1)(keras.layers.Flatten()(h)), name="judge")


def test_spectral_layers_divide_by_the_largest_singular_value():
    model, x = spectral(), np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")
    kernels = [keras.ops.convert_to_numpy(layer._kernel) for layer in (model.layers[1], model.layers[3])]
    for _ in range(60):
        model(x, training=True)
    for layer, kernel in zip((model.layers[1], model.layers[3]), kernels, strict=True):
        exact = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        assert float(layer.sigma()) == pytest.approx(exact, rel=1e-3)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer._kernel), kernel)  # W stays as it is
    layer = keras.layers.Conv2D(5, 3, strides=2, padding="same")
    layer.build((None, 8, 8, 2))
    layer.set_weights([kernels[0] / float(model.layers[1].sigma()), np.zeros(5, "float32")])
    found = keras.Model(model.input, model.layers[1].output)(x, training=False)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(layer(x)), atol=1e-5)


def test_spectral_layers_are_what_they_were_after_saving(tmp_path):
    model, x = spectral(), np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")
    model(x, training=True)
    model.save(tmp_path / "judge.keras")
    again = keras.models.load_model(tmp_path / "judge.keras")
    for name in ("__call__", "predict"):
        a, b = (keras.ops.convert_to_numpy(getattr(each, name)(x)) for each in (model, again))
        np.testing.assert_array_equal(a, b)


def test_a_composites_step_leaves_a_spectral_discriminator_alone():
    z = keras.Input((3,))
    image = keras.layers.Reshape((8, 8, 2))(keras.layers.Dense(128)(z))
    judge = spectral()
    gan = Composite(z, judge(image), frozen=[judge])
    gan.compile(keras.optimizers.SGD(0.1), "mse")
    before = [keras.ops.convert_to_numpy(weight) for weight in judge.trainable_weights]
    gan.train_on_batch(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"))
    for old, weight in zip(before, judge.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(weight))


def test_the_deviation_of_a_batch_is_one_number_more():
    x = np.random.default_rng(0).normal(size=(6, 4, 4, 3)).astype("float32")
    found = keras.ops.convert_to_numpy(MinibatchStd()(x))
    assert found.shape == (6, 4, 4, 4) == MinibatchStd().compute_output_shape((6, 4, 4, 3))
    np.testing.assert_array_equal(found[..., :3], x)
    np.testing.assert_allclose(found[..., 3], x.std(axis=0).mean(), rtol=1e-4)
    collapsed = keras.ops.convert_to_numpy(MinibatchStd()(np.ones((6, 2), "float32")))
    np.testing.assert_allclose(collapsed[:, 2], 1e-4, rtol=1e-3)


def test_augmentation_in_training_only_and_only_what_it_says():
    x = np.random.default_rng(0).uniform(-1, 1, (32, 16, 16, 3)).astype("float32")
    layer = DiffAugment()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(x, training=False)), x)
    assert np.abs(keras.ops.convert_to_numpy(layer(x, training=True)) - x).max() > 0.1
    cut = keras.ops.convert_to_numpy(DiffAugment("cutout")(x, training=True))
    assert set(np.unique(cut == x)) == {False, True} and np.all((cut == x) | (cut == 0))
    assert np.all((cut == 0).mean(axis=(1, 2, 3)) <= 0.26), "at most a square of half the sides"
    moved = keras.ops.convert_to_numpy(DiffAugment("translation")(x, training=True))
    for before, after in zip(x, moved, strict=True):
        shifts = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
        assert any(np.array_equal(_shifted(before, *shift), after) for shift in shifts)


def _shifted(image, down, right):
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    return padded[2 - down : 18 - down, 2 - right : 18 - right]


def test_augmentation_refuses_other_words_and_keeps_its_policy():
    with pytest.raises(BookError, match="policy of DiffAugment 'mixup' is not known"):
        DiffAugment("color,mixup")
    assert DiffAugment.from_config(DiffAugment("cutout").get_config()).policy == "cutout"


@pytest.mark.parametrize(("gain", "inputs", "units"), [(2**0.5, 500, 800), (1.0, 300, 800)])
def test_an_equalized_layer_keeps_signals_and_starts_all_weights_equally_large(gain, inputs, units):
    layer = EqualDense(units, gain=gain)
    x = np.random.default_rng(0).normal(size=(200, inputs)).astype("float32")
    y = keras.ops.convert_to_numpy(layer(x))
    kernel, bias = layer.get_weights()
    assert kernel.std() == pytest.approx(1, abs=0.02) and not bias.any()
    np.testing.assert_allclose(y, x @ kernel * gain / inputs**0.5, rtol=1e-3, atol=1e-3)
    assert y.std() == pytest.approx(gain, abs=0.05)


def test_a_slow_equalized_layer_gives_the_same_and_counts_each_change_less():
    slow = EqualDense(400, gain=1.0, speed=0.01)
    x = np.random.default_rng(0).normal(size=(50, 400)).astype("float32")
    before = keras.ops.convert_to_numpy(slow(x))
    assert before.std() == pytest.approx(1, abs=0.05)
    kernel, bias = slow.get_weights()
    assert kernel.std() == pytest.approx(100, rel=0.02)
    slow.set_weights([kernel + 1, bias])
    change = keras.ops.convert_to_numpy(slow(x)) - before
    np.testing.assert_allclose(change, np.repeat(x.sum(axis=1, keepdims=True), 400, 1) * 0.01 / 20, atol=2e-3)
    slow.set_weights([kernel, bias + 1])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(slow(x)) - before, 0.01, atol=1e-4)


def test_equalized_layers_are_what_they_were_after_saving(tmp_path):
    image = keras.Input((6, 6, 2))
    h = EqualConv2D(3, 3, padding="same", gain=1.0)(image)
    model = keras.Model(image, EqualDense(4, speed=0.1)(keras.layers.Flatten()(PixelNorm()(h))))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 2)).astype("float32")
    np.testing.assert_array_equal(model(x), again(x))


def test_pixel_norm_gives_each_pixel_a_mean_square_of_one_and_survives_zeros():
    x = np.random.default_rng(0).normal(3, 2, size=(2, 4, 5, 6)).astype("float32")
    y = keras.ops.convert_to_numpy(PixelNorm()(x))
    np.testing.assert_allclose(np.square(y).mean(axis=-1), 1, rtol=1e-3)
    np.testing.assert_allclose(y / x, (y / x)[..., :1] * np.ones(6), rtol=1e-4)
    assert np.isfinite(keras.ops.convert_to_numpy(PixelNorm()(0 * x))).all()
