"""Checks for the exercise of chapter 13 that asks for code. It raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch13_progan import exercises``, then ``exercises.check_pixel_norm(pixel_norm)``.
"""

import numpy as np
from keras import ops


def check_pixel_norm(pixel_norm):
    """Exercise 7. pixel_norm: feature maps ``[n, h, w, c]`` to the same shape."""
    h = np.random.default_rng(0).normal(3, 2, size=(2, 4, 5, 6)).astype("float32")
    found = ops.convert_to_numpy(pixel_norm(ops.convert_to_tensor(h)))
    assert found.shape == h.shape, f"the shape must stay {h.shape}, not {found.shape}"
    squares = np.square(found).mean(axis=-1)
    assert np.allclose(squares, 1, atol=1e-3), "the mean of the squares over the feature maps must be 1 at each pixel"
    assert np.allclose(found / h, (found / h)[..., :1], atol=1e-4), "all features of a pixel are divided by one number"
    nothing = ops.convert_to_numpy(pixel_norm(ops.zeros((1, 2, 2, 3))))
    assert np.isfinite(nothing).all(), "a pixel whose features are all 0 must not give a division by 0"
    print("right")


def pixel_norm_solution(h):
    """An answer to exercise 7."""
    return h * ops.rsqrt(ops.mean(ops.square(h), axis=-1, keepdims=True) + 1e-8)
