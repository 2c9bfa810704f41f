"""Checks for the exercises of chapter 11 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch11_cyclegan import exercises``, then ``exercises.check_noisy_cycle(noisy_cycle)``.
"""

import numpy as np
from skimage.color import hsv2rgb, rgb2hsv


def check_noisy_cycle(noisy_cycle):
    """Exercise 7. noisy_cycle: g, f, x float ``[n, h, w, 3]``, deviation and seed to F(G(x) + noise), float."""
    x = np.random.default_rng(0).uniform(-1, 1, (20, 16, 16, 3)).astype("float32")

    def g(images):
        return 2 * np.asarray(images)

    def f(images):
        return np.asarray(images) / 2

    exact = np.asarray(noisy_cycle(g, f, x, 0.0, 0))
    assert exact.shape == x.shape, f"return one image for each input, shape {x.shape}, not {exact.shape}"
    assert np.allclose(exact, x, atol=1e-6), "without noise the result is F(G(x)): first G, then F"
    noise = np.asarray(noisy_cycle(g, f, x, 0.5, 0)) - x
    assert abs(noise.std() - 0.25) < 0.02, "the noise belongs between G and F, and has the deviation that is asked for"
    assert abs(noise.mean()) < 0.02, "the noise has the mean 0"
    again, other = (np.asarray(noisy_cycle(g, f, x, 0.5, seed)) - x for seed in (0, 1))
    assert np.allclose(again, noise), "the same seed gives the same noise"
    assert not np.allclose(other, noise), "another seed gives other noise"
    print("right")


def check_hue_kept(hue_kept):
    """Exercise 8. hue_kept: two arrays uint8 ``[n, h, w, 3]`` to the share of pixels of the same hue, ``[n]``."""
    hues = np.array([0.98, 0.5, 0.2, 0.7])
    given, images = (_of_hue(each) for each in (hues, np.array([0.01, 0.52, 0.3, 0.7])))
    images[3, :4] = _of_hue(np.array([0.4]))[0, :4]
    value = np.asarray(hue_kept(images, given))
    assert value.shape == (4,), f"return one number for each picture, shape (4,), not {value.shape}"
    assert value[0] == 1, "the hues 0.98 and 0.01 are 0.03 apart: hues go round in a circle"
    assert value[1] == 1, "the hues 0.50 and 0.52 are near"
    assert value[2] == 0, "the hues 0.2 and 0.3 are not near"
    assert np.isclose(value[3], 0.5), f"half of the pixels of the last picture are kept, not {value[3]:.2f}"
    print("right")


def _of_hue(hues):
    """Pictures of one colour each: float ``[n]`` to uint8 ``[n, 8, 8, 3]``."""
    colours = np.stack([hues, np.full_like(hues, 0.8), np.full_like(hues, 0.9)], axis=-1)
    return np.tile(np.rint(255 * hsv2rgb(colours)).astype("uint8")[:, None, None], (1, 8, 8, 1))


def noisy_cycle_solution(g, f, x, deviation, seed):
    """An answer to exercise 7."""
    there = np.asarray(g(x))
    return f(there + np.random.default_rng(seed).normal(0, deviation, there.shape).astype("float32"))


def hue_kept_solution(images, given):
    """An answer to exercise 8."""
    apart = np.abs(rgb2hsv(images)[..., 0] - rgb2hsv(given)[..., 0])
    return (np.minimum(apart, 1 - apart) <= 0.05).mean(axis=(1, 2))
