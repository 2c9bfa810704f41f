"""Checks for the exercises of chapter 12 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch12_biggan import exercises``, then ``exercises.check_attend(my_attend)``.
"""

import keras
import numpy as np
from keras import ops


def check_truncated(truncated):
    """Exercise 7. truncated: ``truncated(n, d, t, rng)`` to float ``[n, d]``; `rng` is a `numpy.random.Generator`."""
    for threshold in (0.3, 1.0, 5.0):
        z = np.asarray(truncated(2_000, 10, threshold, np.random.default_rng(0)))
        assert z.shape == (2_000, 10), f"2,000 points of 10 numbers have the shape (2000, 10), not {z.shape}"
        assert np.abs(z).max() <= threshold, f"a number is {np.abs(z).max():.2f}, and the threshold is {threshold}"
        at_the_edge = np.mean(np.abs(z) > 0.999 * threshold)
        assert at_the_edge < 0.02, (
            f"{at_the_edge:.0%} of the numbers are at ±t: were they cut off, and not drawn again?"
        )
    spread = np.std(truncated(2_000, 10, 1.0, np.random.default_rng(1)))
    assert abs(spread - 0.54) < 0.02, f"cut at 1, N(0, 1) has the standard deviation 0.54, and yours {spread:.2f}"
    print("right")


def check_attend(attend):
    """Exercise 8. attend: ``attend(query, key, value)``, tensors ``[n, places, d]``, to ``[n, places, d]``."""
    rng = np.random.default_rng(0)
    query, key, value = (rng.normal(size=(2, places, 4)).astype("float32") for places in (6, 3, 3))
    wanted = ops.convert_to_numpy(keras.layers.Attention()([query, value, key]))
    found = ops.convert_to_numpy(attend(*(ops.convert_to_tensor(x) for x in (query, key, value))))
    assert found.shape == wanted.shape, f"the result has a row for each query, {wanted.shape}, and yours {found.shape}"
    assert np.allclose(found, wanted, atol=1e-5), "the values are not those of keras.layers.Attention: softmax over j?"
    print("right")


def truncated_solution(n, d, t, rng):
    """An answer to exercise 7."""
    z = rng.standard_normal((n, d))
    while (outside := np.abs(z) > t).any():
        z[outside] = rng.standard_normal(outside.sum())
    return z


def attend_solution(query, key, value):
    """An answer to exercise 8."""
    weights = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 2, 1))), axis=-1)
    return ops.matmul(weights, value)
