"""The truncation trick, and what it does to precision and recall (Brock et al. 2019, section 3.1)."""

from itertools import pairwise

import numpy as np
from scipy.stats import truncnorm

from gan_book.metrics import frechet_distance, has_classifier, inception_score, load_classifier, precision_recall
from gan_book.metrics.score import Score
from gan_book.sampling import balanced_labels, draw, latent_dim

THRESHOLDS = (None, 1.5, 1.0, 0.7, 0.4, 0.2)  # None: no limit
SHOWN = 0.7  # the threshold of the report's numbers
SAMPLES = 2_000
CHANCE = 0.01  # about the standard error of a precision of 2,000 images


def truncated_points(n, dim, threshold, seed=0):
    """Latent points from N(0, 1), no number beyond ± `threshold`: float32 ``[n, dim]``. Explained in chapter 12.

    threshold: above 0; None for no limit.
    """
    limit = np.inf if threshold is None else threshold
    return truncnorm.rvs(-limit, limit, size=(n, dim), random_state=seed).astype("float32")


def curve(generator, dataset, samples=SAMPLES, seed=0, thresholds=THRESHOLDS):
    """What each threshold does: a list of dicts with threshold, precision, recall, inception_score, frechet_distance.

    Args:
        generator: latent points and labels to images; all classes are generated equally often.
        dataset: has a classifier of the book; compared with so many of its test images.
    """
    classifier = load_classifier(dataset.name)
    real = classifier.features(dataset.test_images[:samples])
    labels, rows = balanced_labels(samples, dataset.num_classes), []
    for threshold in thresholds:
        z = truncated_points(samples, latent_dim(generator), threshold, seed)
        features, probabilities = classifier.outputs(draw(generator, labels, z=z))
        precision, recall = precision_recall(real, features)
        scores = {"precision": precision, "recall": recall, "inception_score": inception_score(probabilities, seed)[0]}
        rows.append({"threshold": threshold, **scores, "frechet_distance": frechet_distance(features, real)})
    return rows


def rises(rows):
    """Whether precision rises, or falls by less than chance, with each smaller threshold: bool.

    Our measure of what Brock et al. call amenable to truncation; they look at the images.
    """
    return all(b["precision"] > a["precision"] - CHANCE for a, b in pairwise(rows))


def measure(run, dataset, images, labels, seed):
    """The chapter's own `Score`s: precision and recall with truncated latent points; none without a classifier."""
    del labels
    if not has_classifier(dataset):
        return [], {}
    rows = curve(run.load("generator"), dataset, min(SAMPLES, len(images)), seed)
    whole, shown = rows[0], next(row for row in rows if row["threshold"] == SHOWN)
    scores = []
    for name in ("precision", "recall"):
        compared = {"reference": whole[name], "reference_words": "without truncation"}
        scores.append(Score(f"truncated_{name}", f"{name} at t = {SHOWN}", shown[name], **compared))
    return [*scores, Score("amenable", "precision rises", float(rises(rows)), "{:.0f}")], {"truncation": rows}
