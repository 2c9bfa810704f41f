"""Inception score of class probabilities."""

import numpy as np
from scipy.special import entr

from gan_book.errors import BookError
from gan_book.evaluation.checks import feature_matrix


def inception_score(probabilities, splits=10, seed=0):
    """``exp(E KL(p(y|x) || p(y)))`` of probabilities ``[n, k]``: ``(mean, standard deviation)`` over the splits.

    Salimans et al. 2016, "Improved Techniques for Training GANs", section 4. Between 1 and k. The rows are shuffled
    by ``seed`` first: samples often come sorted by class, and a split of one class would score 1.

    Raises:
        BookError: not a finite matrix whose rows are distributions, or fewer rows than splits.
    """
    probabilities = feature_matrix(probabilities, "probabilities")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise BookError("each row of probabilities must be at least 0 and sum to 1; apply softmax to logits first")
    if len(probabilities) < splits:
        raise BookError(f"{splits} splits need at least as many samples but got {len(probabilities)}")
    shuffled = np.random.default_rng(seed).permutation(probabilities)
    scores = [_score(part) for part in np.array_split(shuffled, splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(p):
    # The mean divergence from the marginal is the marginal's entropy less the mean entropy; entr(0) is 0.
    return np.exp(entr(p.mean(axis=0)).sum() - entr(p).sum(axis=1).mean())
