"""What InfoGAN's codes mean: slant and widths of handwriting, and how well categories agree with digits.

`measure` computes the chapter's scores of a run. The notebook `infogan` explains them.

Slant and stroke width after Castro et al. (2019), "Morpho-MNIST: Quantitative Assessment and Diagnostics for
Representation Learning", section 3.
"""

import math

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter, zoom
from scipy.optimize import linear_sum_assignment
from scipy.special import log_softmax
from sklearn.metrics import adjusted_rand_score, confusion_matrix, normalized_mutual_info_score

from gan_book.errors import BookError
from gan_book.metrics.score import Score
from gan_book.sampling import balanced_labels, draw, latent_codes, num_labels, predict_uint8

INK = 128  # a pixel this light belongs to a stroke
FINER = 4  # images are enlarged so often before widths are measured


def slant(images):
    """Shear of the writing, in pixels to the right per pixel up; 0 for upright strokes and NaN for empty images.

    The quotient of central moments -mu_11 / mu_02 of the grey values (y grows downwards): the slope of the line along
    which the ink of each row is best centred.

    Args:
        images: uint8 ``[n, h, w, 1]``, white ink on black.

    Returns:
        float64 ``[n]``.
    """
    _, mu_11, mu_02 = _second_moments(images)
    with np.errstate(invalid="ignore", divide="ignore"):
        return -mu_11 / mu_02


def digit_width(images):
    """How broad the writing is, in pixels: the standard deviation of the ink from the line of its slant.

    The square root of mu_20 - mu_11^2 / mu_02, so a slanted stroke is not broad; NaN for empty images.

    Args:
        images: uint8 ``[n, h, w, 1]``, white ink on black.

    Returns:
        float64 ``[n]``.
    """
    mu_20, mu_11, mu_02 = _second_moments(images)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.maximum(mu_20 - mu_11**2 / mu_02, 0.0))


def _second_moments(images):
    """Central moments mu_20, mu_11, mu_02 of the ink, each float64 ``[n]``; NaN for empty images."""
    ink = np.asarray(images, "float64")[..., 0]
    mass = ink.sum(axis=(1, 2))
    rows, columns = np.mgrid[: ink.shape[1], : ink.shape[2]]
    with np.errstate(invalid="ignore", divide="ignore"):
        dy = rows - ((ink * rows).sum(axis=(1, 2)) / mass)[:, None, None]
        dx = columns - ((ink * columns).sum(axis=(1, 2)) / mass)[:, None, None]
        return tuple((ink * product).sum(axis=(1, 2)) / mass for product in (dx**2, dx * dy, dy**2))


def stroke_width(images):
    """Mean width of the strokes in pixels; NaN for images without ink.

    Twice the mean distance to the background, on the ridges of the distance map, of the image enlarged four times.

    Args:
        images: uint8 ``[n, h, w, 1]``, white ink on black.

    Returns:
        float64 ``[n]``.
    """
    return np.array([_stroke_width(image[..., 0]) for image in np.asarray(images)])


def _stroke_width(image):
    ink = zoom(image.astype("float32"), FINER, order=1) >= INK
    if not ink.any():
        return np.nan
    distance = distance_transform_edt(ink)
    ridge = ink & (distance == maximum_filter(distance, 3))
    return 2 * distance[ridge].mean() / FINER


def cluster_agreement(clusters, labels):
    """Compare a clustering with the true classes.

    Args:
        clusters: the group of each image, int ``[n]``, from 0.
        labels: its class, int ``[n]``, from 0.

    Returns:
        dict: ``accuracy``, the share of images in the right class after the best one-to-one matching of groups to
        classes (Kuhn 1955, the Hungarian method; images of unmatched groups count as wrong); ``nmi``, normalized mutual
        information with the arithmetic mean of the entropies; ``ari``, the adjusted Rand index (Hubert and Arabie
        1985), 0 for chance and 1 for equality; ``matching``, group -> class.

    Raises:
        BookError: not as many groups as labels, or none.
    """
    clusters, labels = np.asarray(clusters), np.asarray(labels)
    if clusters.shape != labels.shape or clusters.ndim != 1 or not len(labels):
        raise BookError(f"{clusters.shape} groups do not go with {labels.shape} labels; give each image one of both")
    groups = np.arange(max(clusters.max(), labels.max()) + 1)  # named, for some may be empty
    counts = confusion_matrix(clusters, labels, labels=groups)[:, : labels.max() + 1]
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return {
        "accuracy": float(counts[rows, columns].sum() / len(labels)),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
        "matching": {int(row): int(column) for row, column in zip(rows, columns, strict=True)},
    }


def categories_of(reader, images):
    """Q's category of each image, uint8 ``[n, h, w, c]``: log-probabilities ``[n, k]``."""
    return log_softmax(predict_uint8(reader, images)["category"], axis=1)


PROPERTIES = {"slant": slant, "digit width": digit_width, "stroke width": stroke_width}


def code_correlations(generator, samples, seed):
    """Pearson's r of each continuous code with `PROPERTIES`, within categories: float ``[codes, 3]``."""
    category = balanced_labels(samples, num_labels(generator))
    codes = latent_codes(generator, samples, seed)
    images = draw(generator, category, seed, codes=codes)
    marks = np.stack([of(images) for of in PROPERTIES.values()], axis=1)
    known = np.isfinite(marks).all(axis=1)  # an empty image has no slant
    both = np.concatenate([codes, marks], axis=1)[known]
    for k in range(num_labels(generator)):
        both[category[known] == k] -= both[category[known] == k].mean(axis=0)
    count = codes.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN for a property that is the same in all images
        return np.corrcoef(both, rowvar=False)[:count, count:]


def measure(run, dataset, images, asked, seed):
    """The chapter's own scores of a run: a list of `Score`, and a dict; slant and widths for MNIST only.

    images: uint8 ``[n, h, w, c]``, generated for the categories `asked`, int ``[n]``.
    """
    reader = run.load("reader")
    guesses = categories_of(reader, images)
    right = guesses[np.arange(len(asked)), asked]  # log Q(c_1|x)
    agreement = cluster_agreement(categories_of(reader, dataset.test_images).argmax(axis=1), dataset.test_labels)
    scores = [
        Score("code_accuracy", "code accuracy", agreement["accuracy"], "{:.1f} %", 100),
        Score("nmi", "NMI", agreement["nmi"]),
        Score("ari", "ARI", agreement["ari"]),
        Score("information", "L_I in nats", float(right.mean() + math.log(guesses.shape[1])), "{:.3f}"),
    ]
    details = {"digit_of_category": agreement["matching"]}
    if dataset.name == "mnist":
        r = code_correlations(run.load("generator"), min(len(images), 2000), seed)
        best = np.abs(r).max(axis=0)
        names = (name.replace(" ", "_") for name in PROPERTIES)
        scores += [Score(name, f"|r| with {name.replace('_', ' ')}", r) for name, r in zip(names, best, strict=True)]
        details["correlations"] = r.tolist()
    return scores, details
