"""Latent arithmetic, as a rate: how often does "plus glasses" put on glasses, and what else changes?

Radford et al. 2015, section 6.3.2, show it for a few faces. Here a classifier reads the attributes of many.
"""

import numpy as np

from gan_book.errors import BookError
from gan_book.metrics import load_classifier
from gan_book.metrics.features import classifier_names
from gan_book.metrics.score import Score
from gan_book.sampling import draw, latent_points

ABSENT = "none"  # the value of an attribute that a face does not have
SEARCHED, TESTED = 1_000, 500  # latent points to find a direction with, and to try it on
STRENGTH = 2  # how often the direction is added


def attributes_of(generator, classifier, z):
    """What a classifier reads off the images of latent points ``[n, d]``: dict from an attribute to values ``[n]``."""
    return classifier.attributes(draw(generator, np.zeros(len(z)), z=z))


def readable(classifier, dataset, least=0.9):
    """The attributes that the classifier reads right on at least this share of the real test images: list of names.

    Small things, such as the nose, have a pixel or two; what cannot be read cannot be counted either.
    """
    seen, true = classifier.attributes(dataset.test_images), dataset.test_attributes
    return [name for name, values in seen.items() if name in true and np.mean(values == true[name]) >= least]


def mean_difference(z, has, examples=None):
    """The mean latent point of images that have something minus the mean of those that have not: float32 ``[d]``.

    Args:
        z: latent points, float ``[n, d]``.
        has: bool ``[n]``.
        examples: take only the first so many of each; None for all.

    Raises:
        BookError: all images have it, or none has.
    """
    if has.all() or not has.any():
        what = "all images have" if has.all() else "no image has"
        raise BookError(
            f"{what} the attribute, so there is no direction to it; train longer, or take another attribute"
        )
    return z[has][:examples].mean(axis=0) - z[~has][:examples].mean(axis=0)


def points_without(generator, classifier, name, count, seed):
    """Latent points whose images do not have an attribute, and what their images have.

    Returns:
        ``(z, before)``: `count` latent points, float32 ``[count, d]`` (fewer, if few are found among twice as many),
        and the dict of `attributes_of`.
    """
    z = latent_points(generator, 2 * count, seed)
    before = attributes_of(generator, classifier, z)
    which = np.flatnonzero(before[name] == ABSENT)[:count]
    return z[which], {each: values[which] for each, values in before.items()}


def rates(before, after, name, counted):
    """What a step in latent space did to images without the attribute `name`.

    Args:
        before, after: what `attributes_of` reads off the images of the points, and of the points plus the step.
        counted: names of the attributes that are counted, see `readable`.

    Returns:
        ``(put_on, kept)``: the share of the images that have it afterwards; and the share of the other attributes that
        are as before, the mean over attributes and images. Both from 0 to 1.
    """
    kept = np.mean([before[other] == after[other] for other in counted if other != name])
    return float(np.mean(after[name] != ABSENT)), float(kept)


def random_steps(z, length, seed=0):
    """Steps of one length in random directions, one for each latent point ``[n, d]``: to compare with."""
    steps = np.random.default_rng(seed).standard_normal(z.shape)
    return (length * steps / np.linalg.norm(steps, axis=1, keepdims=True)).astype("float32")


def glasses_scores(generator, dataset, seed=0):
    """`Score`s of "plus `STRENGTH` times glasses" for a generator of faces; none where no classifier reads them.

    The direction comes from `SEARCHED` latent points, and the rates from `TESTED` others without glasses.
    """
    if dataset.name != "faces" or "faces" not in classifier_names():
        return []
    classifier = load_classifier("faces")
    z = latent_points(generator, SEARCHED, seed)
    has = attributes_of(generator, classifier, z)["glasses"] != ABSENT
    tested, before = points_without(generator, classifier, "glasses", TESTED, seed + 1)
    if has.all() or not has.any() or not len(tested):
        return []
    step = STRENGTH * mean_difference(z, has)
    steps = {"wanted": step, "random": random_steps(tested, np.linalg.norm(step), seed)}
    after = {each: attributes_of(generator, classifier, tested + step) for each, step in steps.items()}
    counted = readable(classifier, dataset)
    put_on, kept = rates(before, after["wanted"], "glasses", counted)
    by_chance, kept_by_chance = rates(before, after["random"], "glasses", counted)
    chance = "a random step of the same length"
    return [
        Score("glasses", "glasses put on", put_on, "{:.1f} %", 100, reference=by_chance, reference_words=chance),
        Score("others_kept", "others kept", kept, "{:.1f} %", 100, reference=kept_by_chance, reference_words=chance),
    ]
