"""What is measured class by class: is it the right class, as good as the real one, and as varied?

Label agreement is explained in chapter 6, the others in chapter 8.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import bootstrap
from sklearn.metrics import confusion_matrix

from gan_book.errors import BookError
from gan_book.metrics.distances import frechet_distance
from gan_book.metrics.diversity import PAIRS, blocks, random_pairs
from gan_book.metrics.features import has_classifier, load_classifier
from gan_book.metrics.reference import Reference, one_blas_thread
from gan_book.metrics.score import Score
from gan_book.paths import cached


def class_labels(labels, num_samples, num_classes):
    """Checks labels and returns them as an int array ``[num_samples]``.

    Raises:
        BookError: no samples, another length, or a label outside 0 to ``num_classes - 1``.
    """
    labels = np.asarray(labels)
    if not num_samples:
        raise BookError("there are no samples to measure; generate some")
    if labels.shape != (num_samples,):
        raise BookError(f"{num_samples} samples need as many labels but got shape {list(labels.shape)}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= num_classes:
        raise BookError(f"labels must be whole numbers from 0 to {num_classes - 1}; check the labels asked for")
    return labels.astype(int)


def label_agreement(asked, predicted, num_classes, seed=0):
    """How often a classifier recognises the class that was asked for, explained in chapter 6.

    The share of ``asked == predicted``: the measure of Odena et al. 2017, "Conditional Image Synthesis with Auxiliary
    Classifier GANs", section 4.1, with an independent classifier. From 0 to 1, higher is better; guessing has
    1 / num_classes.

    Args:
        asked, predicted: int ``[n]``, n of at least 2.
        num_classes: labels are from 0 to this minus 1.
        seed: of the bootstrap.

    Returns:
        dict: ``accuracy`` (float), ``low`` and ``high`` (95 % interval of the percentile bootstrap, Efron 1979),
        ``per_class`` (list of ``num_classes`` floats, None for a class not asked for) and ``confusion`` (counts, rows
        asked, columns seen).

    Raises:
        BookError: the lengths differ, or a label is none of the classes.
    """
    asked = class_labels(asked, len(asked), num_classes)
    predicted = class_labels(predicted, len(asked), num_classes)
    if len(asked) < 2:
        raise BookError("label accuracy needs at least two samples; generate more")
    right = asked == predicted
    confusion = confusion_matrix(asked, predicted, labels=np.arange(num_classes))
    rng = np.random.default_rng(seed)
    resampled = bootstrap((right,), np.mean, n_resamples=1000, batch=100, method="percentile", random_state=rng)
    return {
        "accuracy": float(right.mean()),
        "low": float(resampled.confidence_interval.low),
        "high": float(resampled.confidence_interval.high),
        "per_class": [float(row[i] / row.sum()) if row.sum() else None for i, row in enumerate(confusion)],
        "confusion": confusion.tolist(),
    }


def distances_within_classes(distance, samples, labels, num_classes, seed=0):
    """``distance(samples, seed=...)`` of the samples of each class: float64 ``[num_classes]``; NaN where fewer than 2.

    Args:
        distance: `mean_pair_distance` or `mean_pixel_distance` (chapter 6).
        samples: n of what the distance takes.
        labels: int ``[n]``, their classes.
        num_classes: how many there are.
        seed: of the random pairs.

    Raises:
        BookError: labels that do not fit.
    """
    labels = class_labels(labels, len(samples), num_classes)
    groups = (samples[labels == label] for label in range(num_classes))  # one at a time: each is a copy
    return np.array([distance(g, seed=seed + k) if len(g) > 1 else np.nan for k, g in enumerate(groups)])


WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales, Wang et al. 2003, section 3.2
SIGMA, RADIUS = 1.5, 5  # an 11 x 11 window
K1, K2, RANGE = 0.01, 0.03, 255.0


def scales_that_fit(side):
    """How many of the five scales fit an image with that side: the smallest must hold an 11 x 11 window."""
    return sum(side // 2**scale >= 2 * RADIUS + 1 for scale in range(len(WEIGHTS)))


def ms_ssim(first, second):
    """Multi-scale structural similarity of pairs of images, explained in chapter 8.

    The product over scales of means of contrast and structure, at the last also of luminance, to the power of the
    scales' weights: Wang et al. 2003, "Multiscale Structural Similarity for Image Quality Assessment", equation 7. From
    0 to 1, for equal images; within a class, higher than that of real images means collapse (Odena et al. 2017). Each
    scale halves the sides by averaging. Images of 28 x 28 have room for the first two of the five scales; the
    weights of those used are normalised to sum to 1. Negative values are cut to 0.

    Args:
        first, second: uint8 ``[n, h, w, c]``.

    Returns:
        float64 ``[n]``.

    Raises:
        BookError: images of different shapes, or smaller than 11 x 11.
    """
    first, second = np.asarray(first, "float64"), np.asarray(second, "float64")
    if first.shape != second.shape or first.ndim != 4 or not (scales := scales_that_fit(min(first.shape[1:3]))):
        raise BookError(f"MS-SSIM compares [n, h, w, c] of at least 11 x 11, not {first.shape} with {second.shape}")
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    parts = []
    for scale in range(scales):
        similarity, contrast = _similarity(first, second)
        # Luminance counts at the coarsest scale alone: there it is the brightness of whole regions.
        parts.append(similarity if scale == scales - 1 else contrast)
        first, second = _halved(first), _halved(second)
    per_channel = np.prod([np.maximum(part, 0) ** w for part, w in zip(parts, weights, strict=True)], axis=0)
    return per_channel.mean(axis=-1)


def class_ms_ssim(images, labels, num_classes, seed=0):
    """Mean MS-SSIM of random pairs of images of each class: float64 ``[num_classes]``; NaN where fewer than 2.

    Explained in chapter 8.

    Args:
        images: uint8 ``[n, h, w, c]``.
        labels: int ``[n]``.
        num_classes: how many classes there are.
        seed: of the pairs.
    """
    values = np.full(num_classes, np.nan)
    for label in range(num_classes):
        members = np.flatnonzero(np.asarray(labels) == label)
        if len(members) < 2:
            continue
        first, second = (members[rows] for rows in random_pairs([seed, label], len(members)))
        slices = blocks(PAIRS, images[0].size)
        values[label] = np.concatenate([ms_ssim(images[first[b]], images[second[b]]) for b in slices]).mean()
    return values


def _similarity(x, y):
    """SSIM, and its contrast-structure part alone, averaged over the places where the window fits: ``[n, c]``."""
    # Variances and the covariance as E[xy] - E[x]E[y], each E a Gaussian window. The mean over all places and the
    # exponents of the scales come later: the paper multiplies means, not the maps.
    mean_x, mean_y = _window(x), _window(y)
    both = mean_x**2 + mean_y**2
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (both + c1)
    covariance = _window(x * y) - mean_x * mean_y
    contrast = (2 * covariance + c2) / (_window(x**2) + _window(y**2) - both + c2)
    return (luminance * contrast).mean(axis=(1, 2)), contrast.mean(axis=(1, 2))


def _window(x):
    """Gaussian means, only where the whole window lies within the image."""
    for axis in (1, 2):
        x = gaussian_filter1d(x, SIGMA, axis=axis, radius=RADIUS)
    return x[:, RADIUS:-RADIUS, RADIUS:-RADIUS]


def _halved(x):
    """Means of 2 x 2 pixels; an odd last row or column is left out."""
    x = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def class_frechet_distance(features, labels, real_features, real_labels, num_classes):
    """Fréchet distance of the samples of each class from the real images of that class, explained in chapter 8.

    Averaged over classes it is the intra-FID of Miyato and Koyama 2018, "cGANs with Projection Discriminator", section
    4, here in other features. From 0, lower is better.

    Args:
        features, real_features: float ``[n, d]`` and ``[m, d]``.
        labels, real_labels: int ``[n]`` and ``[m]``.
        num_classes: how many classes there are.

    Returns:
        float64 ``[num_classes]``.

    Raises:
        BookError: see `frechet_distance`; a class needs more images than there are features.
    """
    pairs = [(features[labels == k], real_features[real_labels == k]) for k in range(num_classes)]
    return np.array([frechet_distance(*pair) for pair in pairs])


@one_blas_thread
def measure_by_class(run, dataset, images, labels, seed):
    """A chapter's own `Score`s of a conditional generator: a `gan_book.training.lesson.Lesson.measure`.

    Explained in chapter 8. Each score is a mean over classes and is given together with that of real images. Left out
    are distances where there is no classifier or where a class has no more samples than features, and MS-SSIM of images
    of less than 11 pixels and of classes with a single image.

    Returns:
        list of `Score`s, and a dict of details: the values of each class.
    """
    del run
    per_class = {}
    if has_classifier(dataset):
        per_class |= _frechet_by_class(dataset, images, labels, seed)
    if scales_that_fit(min(dataset.image_shape[:2])):
        per_class["ms_ssim"] = class_ms_ssim(images, labels, dataset.num_classes, seed=seed)
        per_class["ms_ssim_real"] = _real_ms_ssim(dataset, seed)
    known = {name: values for name, values in per_class.items() if np.isfinite(values).any()}
    mean = {name: float(np.nanmean(values)) for name, values in known.items()}
    scores = [
        Score("class_frechet", "intra-class Fréchet distance", mean.get("class_frechet")),
        Score("class_frechet_real", "of real images", mean.get("class_frechet_real")),
        Score("ms_ssim", "MS-SSIM in a class", mean.get("ms_ssim"), "{:.3f}"),
        Score("ms_ssim_real", "MS-SSIM of real images", mean.get("ms_ssim_real"), "{:.3f}"),
    ]
    details = {f"{name}_per_class": values.tolist() for name, values in known.items()}
    return [score for score in scores if score.name in known], details


def _real_ms_ssim(dataset, seed):
    test = dataset.test_images, dataset.test_labels, dataset.num_classes
    return cached("reference/class_ms_ssim", lambda: (class_ms_ssim(*test, seed=seed),), *test, seed)[0]


def _frechet_by_class(dataset, images, labels, seed):
    """Name -> Fréchet distance of each class; empty if there are too few samples, as in a smoke test."""
    real = Reference(dataset, load_classifier(dataset.name), seed)
    features = real.classifier.features(images)
    count = int(np.bincount(labels, minlength=dataset.num_classes).min())
    if count <= features.shape[1]:
        return {}
    test = real.outputs[0], dataset.test_labels, dataset.num_classes
    return {
        "class_frechet": class_frechet_distance(features, labels, *test),
        "class_frechet_real": _real_frechet_by_class(real, count, test),
    }


def _real_frechet_by_class(real, count, test):
    """The distance of so many training images of each class, what perfect samples score; NaN where they are too few."""
    data, rng = real.dataset, np.random.default_rng(real.seed)
    if np.bincount(data.labels, minlength=data.num_classes).min() <= real.outputs[0].shape[1]:
        return np.full(data.num_classes, np.nan)
    members = [np.flatnonzero(data.labels == k) for k in range(data.num_classes)]
    # As many of each class as there are samples of it: like the other distances, this one depends on the number.
    rows = np.concatenate([rng.choice(m, min(len(m), count), replace=False) for m in members])

    def distances():
        return (class_frechet_distance(real.classifier.features(data.images[rows]), data.labels[rows], *test),)

    inputs = data.images[rows], data.labels[rows], *test, *real.classifier.weights
    return cached("reference/class_frechet", distances, *inputs)[0]
