"""Checks for the exercises of chapter 3 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch03_dcgan import exercises``, then ``exercises.check_slerp(my_slerp)``.
"""

import keras
import numpy as np
from keras import layers


def check_transposed(transposed):
    """Exercise 7. transposed: ``transposed(x, kernel)``, floats ``[n]`` and ``[k]`` to ``[2 (n - 1) + k]``."""
    one = np.asarray(transposed(np.array([0.0, 3.0]), np.array([1.0, 10.0, 100.0])))
    assert one.shape == (5,), f"2 numbers and a kernel of 3 give 5 numbers, not {one.shape}"
    assert np.allclose(one, [0, 0, 3, 30, 300]), f"each number adds its kernel, two places further on; got {one}"
    rng = np.random.default_rng(0)
    for length, size in ((7, 4), (5, 5), (6, 2)):
        x, kernel = rng.normal(size=length), rng.normal(size=size)
        layer = layers.Conv1DTranspose(1, size, strides=2, use_bias=False, dtype="float32")
        layer.build((None, length, 1))
        layer.set_weights([kernel.reshape(size, 1, 1)])
        wanted = keras.ops.convert_to_numpy(layer(x.reshape(1, length, 1).astype("float32")))[0, :, 0]
        found = np.asarray(transposed(x, kernel))
        # Where the kernel is shorter than the stride, Keras adds zeros at the end; it never leaves any number out.
        assert np.allclose(found, wanted[: len(found)], atol=1e-5), f"Keras says {wanted}, and you {found}"
    print("right")


def check_slerp(slerp):
    """Exercise 8. slerp: ``slerp(a, b, t)``, two points float ``[d]`` and a number from 0 to 1 to a point ``[d]``."""
    east, north = np.array([2.0, 0.0]), np.array([0.0, 2.0])
    third = np.asarray(slerp(east, north, 1 / 3))
    wanted = 2 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    assert third.shape == (2,), f"the result is one point, float [2], not of shape {third.shape}"
    assert np.allclose(third, wanted), f"a third of the way from east to north is {wanted}, not {third}"
    a, b = np.random.default_rng(0).normal(size=(2, 100))
    assert np.allclose(slerp(a, b, 0.0), a) and np.allclose(slerp(a, b, 1.0), b), "t = 0 is a, and t = 1 is b"
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    lengths = [np.linalg.norm(slerp(a, b, t)) for t in np.linspace(0, 1, 5)]
    assert np.allclose(lengths, 1), f"all points between two of length 1 have the length 1; yours have {lengths}"
    print("right")


def transposed_solution(x, kernel):
    """An answer to exercise 7."""
    out = np.zeros(2 * (len(x) - 1) + len(kernel))
    for place, number in enumerate(x):
        out[2 * place : 2 * place + len(kernel)] += number * kernel
    return out


def slerp_solution(a, b, t):
    """An answer to exercise 8."""
    omega = np.arccos(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
    return (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
