"""Latent arithmetic, as a rate: how often does "plus glasses" put on glasses, and what else changes?

Radford et al. 2015, section 6.3.2, show it for a few faces. Here a classifier reads the attributes of many.
"""

import numpy as np

from gan_book.metrics import load_classifier
from gan_book.metrics.features import classifier_names
from gan_book.metrics.score import Score
from gan_book.sampling import draw, latent_points

ABSENT = "none"  # the value of an attribute that a face does not have
SEARCHED, TESTED = 2_000, 500  # latent points to find a direction with, and to try it on


def attributes_of(generator, classifier, z):
    """What a classifier reads off the images of latent points ``[n, d]``: dict from an attribute to values ``[n]``."""
    return classifier.attributes(draw(generator, np.zeros(len(z)), z=z))


def mean_difference(z, has, examples=None):
    """The mean latent point of images that have something minus the mean of those that have not: float32 ``[d]``.

    Args:
        z: latent points, float ``[n, d]``.
        has: bool ``[n]``.
        examples: take only the first so many of each; None for all.
    """
    return z[has][:examples].mean(axis=0) - z[~has][:examples].mean(axis=0)


def points_without(generator, classifier, name, count, seed):
    """`count` latent points (fewer, if few are found) whose images do not have the attribute: float32 ``[n, d]``."""
    z = latent_points(generator, 3 * count, seed)
    return z[attributes_of(generator, classifier, z)[name] == ABSENT][:count]


def rates(generator, classifier, z, step, name):
    """What adding `step` does to images without the attribute `name`.

    Args:
        z: latent points of such images, float ``[n, d]``.
        step: float ``[d]``, or ``[n, d]`` for another step at each point.

    Returns:
        ``(put_on, kept)``: the share of the images that have it afterwards; and the share of all other attributes that
        are as before, the mean over attributes and images. Both from 0 to 1.
    """
    before, after = (attributes_of(generator, classifier, points) for points in (z, z + step))
    others = [other for other in before if other != name]
    kept = np.mean([before[other] == after[other] for other in others])
    return float(np.mean(after[name] != ABSENT)), float(kept)


def random_steps(z, length, seed=0):
    """Steps of one length in random directions, one for each latent point ``[n, d]``: to compare with."""
    steps = np.random.default_rng(seed).standard_normal(z.shape)
    return (length * steps / np.linalg.norm(steps, axis=1, keepdims=True)).astype("float32")


def glasses_scores(generator, dataset, seed=0):
    """`Score`s of "plus glasses" for a generator of faces; none where no classifier knows the attributes.

    The direction comes from `SEARCHED` latent points, and the rates from `TESTED` others without glasses.
    """
    if dataset.name != "faces" or "faces" not in classifier_names():
        return []
    classifier = load_classifier("faces")
    z = latent_points(generator, SEARCHED, seed)
    has = attributes_of(generator, classifier, z)["glasses"] != ABSENT
    tested = points_without(generator, classifier, "glasses", TESTED, seed + 1)
    if has.all() or not has.any() or not len(tested):
        return []
    step = mean_difference(z, has)
    put_on, kept = rates(generator, classifier, tested, step, "glasses")
    by_chance, kept_by_chance = rates(
        generator, classifier, tested, random_steps(tested, np.linalg.norm(step), seed), "glasses"
    )
    chance = "a random step of the same length"
    return [
        Score("glasses", "glasses put on", put_on, "{:.1f} %", 100, reference=by_chance, reference_words=chance),
        Score("others_kept", "others kept", kept, "{:.1f} %", 100, reference=kept_by_chance, reference_words=chance),
    ]
