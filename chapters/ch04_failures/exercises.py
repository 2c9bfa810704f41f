"""Checks for the exercises of chapter 4 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch04_failures import exercises``, then ``exercises.check_collapsed(collapsed)``.
"""

import keras
import numpy as np
from keras import layers, ops

from chapters.ch02_gan.mixtures import RING


def check_collapsed(collapsed):
    """`failures`, exercise 7. collapsed: ``(points, centres, sigma)`` to a bool."""
    rng = np.random.default_rng(0)
    real = RING.sample(800, rng)
    assert not collapsed(real, RING.centres, RING.sigma), "points of all eight modes are not collapsed"
    three = RING.centres[rng.integers(0, 3, 800)]
    assert collapsed(three, RING.centres, RING.sigma), "points in three of eight modes are collapsed"
    far = three.copy()
    far[:20] = RING.centres[rng.integers(3, 8, 20)]
    assert collapsed(far, RING.centres, RING.sigma), "a few points in the other modes are not enough"
    between = np.zeros((800, 2))
    assert collapsed(between, RING.centres, RING.sigma), "points far from every centre are in no mode"
    print("right")


def collapsed_solution(points, centres, sigma):
    """A solution of `failures`, exercise 7."""
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    near = distance.argmin(axis=1)[distance.min(axis=1) <= 3 * sigma]
    counts = np.bincount(near, minlength=len(centres))
    return bool((counts >= 0.2 * len(points) / len(centres)).sum() < len(centres) / 2)


def check_squared_hinge(squared_hinge_d):
    """`remedies`, exercise 7. squared_hinge_d: answers for real and for generated examples ``[n, 1]`` to losses."""
    real, fake = (ops.convert_to_tensor(np.float32(each)[:, None]) for each in ([2, 0.5, -1], [-2, -0.5, 1]))
    loss = ops.convert_to_numpy(squared_hinge_d(real, fake)).reshape(-1)
    assert loss.shape == (3,), "return one loss for each pair, and take no mean"
    assert abs(loss[0]) < 1e-6, "beyond the margins, 1 for real and -1 for generated examples, the loss is 0"
    np.testing.assert_allclose(loss, [0, 0.5, 8], atol=1e-5, err_msg="square each part by itself, then add them")
    print("right")


def squared_hinge_solution(real, fake):
    """A solution of `remedies`, exercise 7."""
    return ops.square(ops.relu(1 - real)) + ops.square(ops.relu(1 + fake))


def check_slope_by_differences(slope_by_differences):
    """`remedies`, exercise 8. slope_by_differences: ``(network, x, step)`` to an estimate for each example ``[n]``."""
    x = keras.Input((2,))
    network = keras.Model(x, layers.Dense(1, kernel_initializer="ones")(x))  # its slope is (1, 1) everywhere
    points = ops.convert_to_tensor(np.zeros((20_000, 2), "float32"))
    keras.utils.set_random_seed(0)
    found = ops.convert_to_numpy(slope_by_differences(network, points, 0.01)).reshape(-1)
    assert found.shape == (20_000,), "return one number for each example"
    assert found.min() >= 0, "a square cannot be negative"
    assert abs(found.mean() - 2) < 0.2, f"the squared slope of this network is 2, not {found.mean():.2f}"
    print("right")


def slope_by_differences_solution(network, x, step):
    """A solution of `remedies`, exercise 8 (Lin et al. 2025, "Seaweed-APT", arXiv:2501.08316)."""
    moved = x + step * keras.random.normal(ops.shape(x))
    return ops.square(network(moved) - network(x))[:, 0] / step**2
