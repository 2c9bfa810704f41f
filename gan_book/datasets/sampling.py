"""Choosing some images of a set: a part to train on, a part to hold out."""

import numpy as np

from gan_book.errors import BookError


def balanced_subset(labels, limit, seed):
    """Indices of ``limit`` samples, the classes as equally represented as the data allow.

    Every class is shuffled; then the first of each class are taken, the second of each, and so on. A class that runs
    out leaves its places to the others. With the same seed a smaller subset is part of a larger one.

    Args:
        labels: integers ``[n]``.
        limit: how many; all if there are not more.
        seed: of the shuffling.

    Returns:
        Sorted integer array of at most ``limit`` indices.

    Raises:
        BookError: ``limit`` is less than 1.
    """
    if limit < 1:
        raise BookError(f"the limit is {limit}; at least 1 image is needed")
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = labels[order]
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = shuffled == label
        rank[members] = np.arange(np.count_nonzero(members))
    return np.sort(order[np.argsort(rank, kind="stable")[:limit]])


def holdout(labels, seed, fraction=0.1):
    """Splits a set at random into a training and a test part.

    Of every class ``fraction`` is held out, rounded to the nearest whole number; where that is none at all, one image
    of the largest class.

    Args:
        labels: integers ``[n]``, n at least 2.

    Returns:
        Two sorted integer arrays: indices to train on, indices held out (at least one each).
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    held = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        held.extend(members[: round(fraction * len(members))])
    if not held:
        largest = np.argmax(np.bincount(labels))
        held = order[labels[order] == largest][:1]
    held = np.sort(np.asarray(held))
    return np.setdiff1d(np.arange(len(labels)), held), held


def subset(count, limit, seed):
    """Indices of ``limit`` of ``count`` samples without classes, as `balanced_subset` chooses them; None for all."""
    return np.arange(count) if limit is None else balanced_subset(np.zeros(count, "int32"), limit, seed)
