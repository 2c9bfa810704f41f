"""Checks for the exercises of chapter 5 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch05_evaluation import exercises``, then ``exercises.check_coverage(coverage)``.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import entr

from chapters.ch05_evaluation import evaluation


def check_inception_score(score):
    """Exercise 7. score: class probabilities ``[n, k]`` to the inception score, a number from 1 to k."""
    certain = score(np.eye(10))
    assert np.isfinite(certain), "probabilities of 0 must do no harm: 0 log 0 is 0 here"
    assert abs(certain - 10) < 1e-6, f"one certain image of each class has the score 10, not {certain:.4g}"
    unsure = score(np.full((6, 4), 0.25))
    assert abs(unsure - 1) < 1e-6, f"a classifier that is never sure gives the score 1, not {unsure:.4g}"
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=50)
    wanted = evaluation.inception_score(p)
    assert abs(score(p) - wanted) < 1e-6, f"for random probabilities it is {wanted:.4f}, not {score(p):.4f}"
    print("right")


def check_coverage(coverage):
    """Exercise 8. coverage: features of real and of generated images, ``[n, d]`` and ``[m, d]``, to a share."""
    real = np.random.default_rng(0).normal(size=(200, 2))
    same = coverage(real, real)
    assert abs(same - 1) < 1e-9, f"the real images themselves cover everything: 1, not {same:.4g}"
    far = coverage(real, real + 100)
    assert abs(far) < 1e-9, f"images far from all real ones cover nothing: 0, not {far:.4g}"
    one = coverage(real, np.repeat(real[:1], 50, axis=0))
    assert one < 0.1, f"one image, repeated, covers few of the real balls, not {one:.0%}: whose balls do you use?"
    wild = np.random.default_rng(0).uniform(-20, 20, size=(100, 2))
    assert coverage(real, wild) < 0.2, "wild images have large balls, but only the balls of real images count"
    print("right")


def inception_score_solution(p):
    """An answer to exercise 7."""
    return np.exp(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=1).mean())


def coverage_solution(real, generated):
    """An answer to exercise 8."""
    return np.mean(cdist(real, generated).min(axis=1) <= evaluation.radii(real))
