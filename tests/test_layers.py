"""The layers against their formulas."""

import keras
import numpy as np
import pytest

from chapters.ch07_infogan.iic import RandomStrokeWidth
from gan_book.layers import RandomAffine


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
