"""Checks for the exercise of chapter 14 that asks for code. It raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch14_stylegan import exercises``, then ``exercises.check_modulated(modulated)``.
"""

import numpy as np


def check_modulated(modulated):
    """Exercise 6. modulated: maps ``[n, h, w, c]``, kernel ``[c, filters]``, styles ``[n, c]`` to maps."""
    rng = np.random.default_rng(0)
    x, kernel, s = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(5, 6)), rng.normal(1, 0.5, size=(2, 5))
    found = np.asarray(modulated(x, kernel, s))
    assert found.shape == (2, 3, 4, 6), f"the result has 6 maps, the shape (2, 3, 4, 6), not {found.shape}"
    wanted = []
    for image, style in zip(x, s, strict=True):
        own = kernel * style[:, None]
        wanted.append(image @ (own / np.sqrt((own**2).sum(axis=0) + 1e-8)))
    assert np.allclose(found, wanted, atol=1e-5), "the values differ from the formulas of section 3"
    assert np.allclose(modulated(x, kernel, 2 * s), found, atol=1e-5), "with demodulation, twice the style is the same"
    print("right")


def modulated_solution(x, kernel, s):
    """An answer to exercise 6."""
    root = 1 / np.sqrt((s**2) @ (kernel**2) + 1e-8)
    return ((x * s[:, None, None]) @ kernel) * root[:, None, None]
