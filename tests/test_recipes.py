"""The code of docs/recipes.md runs, and its gradient penalty trains the critic. On JAX by `test_jax.py`."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops

import gan_book as gb
from gan_book import losses
from gan_book.paths import BOOK

SHAPE = (12, 12, 1)


@pytest.fixture
def recipe():
    """The names that the WGAN-GP's block defines."""
    text = (BOOK / "docs" / "recipes.md").read_text(encoding="utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "class WGAN" in block)
    names = {"__name__": "recipe"}
    exec(code, names)
    return names


def define_generator():
    z = keras.Input((4,))
    image = layers.Reshape(SHAPE)(layers.Dense(144, activation="tanh", dtype="float32")(z))
    return gb.Generator(z, image, takes=[gb.Noise()])


def wgan(recipe):
    generator, critic = define_generator(), recipe["define_critic"](SHAPE)
    step = recipe["define_critic_step"](critic, SHAPE)
    model = recipe["WGAN"](generator, step, recipe["define_gan"](generator, critic))
    model.compile()
    return model, critic


def images(n=16):
    return np.random.default_rng(0).integers(0, 256, (n, *SHAPE)).astype("uint8")


def slopes(critic, n=64):
    x = ops.convert_to_tensor(np.random.default_rng(1).uniform(-1, 1, (n, *SHAPE)).astype("float32"))
    slope = ops.convert_to_numpy(gb.input_gradient(critic, x))
    return np.linalg.norm(slope.reshape(n, -1), axis=1)


def test_the_slope_is_that_of_finite_differences(recipe):
    critic = recipe["define_critic"](SHAPE)
    x = np.random.default_rng(1).uniform(-1, 1, (2, *SHAPE)).astype("float32")
    slope = ops.convert_to_numpy(gb.input_gradient(critic, ops.convert_to_tensor(x)))
    step = np.zeros_like(x)
    step[0, 3, 4, 0] = 1e-2
    up, down = (ops.convert_to_numpy(critic(x + sign * step)).sum() for sign in (1, -1))
    assert slope.shape == x.shape
    np.testing.assert_allclose(slope[0, 3, 4, 0], (up - down) / 2e-2, rtol=2e-2, atol=1e-4)


@pytest.mark.slow
def test_the_penalty_alone_trains_every_kernel_and_brings_the_slope_to_1(recipe):
    model, critic = wgan(recipe)
    step = model.discriminator
    step.compile(keras.optimizers.Adam(3e-3), {"real": losses.wasserstein, "fake": losses.wasserstein})
    x = images(32).astype("float32") / 127.5 - 1
    zeros = {"real": np.zeros((32, 1)), "fake": np.zeros((32, 1))}  # the losses themselves count for nothing
    before, kernels = slopes(critic), [w.numpy().copy() for w in critic.trainable_weights if "kernel" in w.path]
    for _ in range(60):
        step.train_on_batch([x, -x], zeros)
    after = [ops.convert_to_numpy(w) for w in critic.trainable_weights if "kernel" in w.path]
    assert all(not np.array_equal(a, b) for a, b in zip(kernels, after, strict=True))
    assert abs(slopes(critic).mean() - 1) < 0.3 < abs(before.mean() - 1)


@pytest.mark.parametrize("n", [8, pytest.param(5, marks=pytest.mark.slow)])
def test_who_moves(recipe, n, snapshot, moved):
    model, critic = wgan(recipe)
    weights = model.generator.trainable_weights + critic.trainable_weights
    before = snapshot(weights)
    model.train_on_batch(images(n), np.zeros(n))
    last_bias = critic.layers[-1].bias.path  # it shifts real and generated images alike, so nothing pulls at it
    assert set(before) - moved(before, weights) <= {last_bias}
    assert model.watched_losses == ["critic_real_loss", "critic_fake_loss"]
    before = snapshot(weights)
    model.gan.train_on_batch(np.ones((n, 4)), np.ones((n, 1)))
    assert moved(before, weights) == {w.path for w in model.generator.trainable_weights}


def test_wasserstein_is_minus_the_mean_of_targets_times_answers():
    y, d = np.array([[1.0], [-1.0]], "float32"), np.array([[3.0], [5.0]], "float32")
    assert float(losses.wasserstein(y, ops.convert_to_tensor(d))) == pytest.approx(-(3 - 5) / 2)


def test_the_slope_of_a_critic_with_labels_is_taken_at_the_image_alone():
    image, label = keras.Input((3,)), keras.Input((), dtype="int32")
    scale = layers.Embedding(2, 3, embeddings_initializer="ones")(label)
    critic = keras.Model([image, label], ops.sum(image * image * scale, axis=1, keepdims=True))
    x = ops.convert_to_tensor(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32"))
    slope = gb.input_gradient(critic, x, ops.convert_to_tensor([0, 1]))
    np.testing.assert_allclose(ops.convert_to_numpy(slope), 2 * ops.convert_to_numpy(x), rtol=1e-6)
    for wrong in (lambda: gb.input_gradient(critic, [x, x]), lambda: gb.input_gradient(lambda x: x, x)):
        with pytest.raises(gb.BookError, match="input_gradient"):
            wrong()
