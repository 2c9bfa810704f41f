"""What is measured class by class: the right class, as good as the real one, as varied?"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import confusion_matrix

from gan_book import metrics
from gan_book.errors import BookError
from gan_book.metrics.bootstrap import bootstrap
from gan_book.metrics.checks import class_labels
from gan_book.metrics.distances import frechet_distance
from gan_book.metrics.diversity import BLOCK, random_pairs
from gan_book.metrics.reference import one_blas_thread, reference
from gan_book.metrics.score import Score
from gan_book.paths import cached


def label_agreement(asked, predicted, num_classes, seed=0):
    """How often a classifier sees the class asked for.

    asked, predicted: int ``[n]``. Returns a dict: ``accuracy`` (float), ``low`` and ``high`` (95 % bootstrap
    interval), ``per_class`` (list of ``num_classes`` floats, None for a class not asked for) and ``confusion``
    (counts, rows asked, columns seen). The measure is that of Odena et al. 2017, "Conditional Image Synthesis with
    Auxiliary Classifier GANs", section 4.1, with an independent classifier.

    Raises:
        BookError: the lengths differ, or a label is none of the classes.
    """
    asked = class_labels(asked, len(asked), num_classes)
    predicted = class_labels(predicted, len(asked), num_classes)
    right = asked == predicted
    confusion = confusion_matrix(asked, predicted, labels=np.arange(num_classes))
    spread = bootstrap(lambda rows: right[rows].mean(), len(right), seed=seed)
    return {
        "accuracy": float(right.mean()),
        "low": spread.low,
        "high": spread.high,
        "per_class": [float(row[i] / row.sum()) if row.sum() else None for i, row in enumerate(confusion)],
        "confusion": confusion.tolist(),
    }


WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales, Wang et al. 2003, section 3.2
SIGMA, RADIUS = 1.5, 5  # an 11 x 11 window
K1, K2, RANGE = 0.01, 0.03, 255.0


def scales_that_fit(side):
    """How many of the five scales an image of that side has: an 11 x 11 window must fit in the smallest."""
    return sum(side // 2**scale >= 2 * RADIUS + 1 for scale in range(len(WEIGHTS)))


def ms_ssim(first, second):
    """MS-SSIM of pairs of images: 1 for equal ones.

    Each scale halves the sides by averaging. Images of 28 x 28 have room for the first two of the five scales; the
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
        parts.append(similarity if scale == scales - 1 else contrast)
        first, second = _halved(first), _halved(second)
    per_channel = np.prod([np.maximum(part, 0) ** w for part, w in zip(parts, weights, strict=True)], axis=0)
    return per_channel.mean(axis=-1)


def class_ms_ssim(images, labels, num_classes, pairs=2000, seed=0):
    """Mean MS-SSIM of random pairs of images of each class: float64 ``[num_classes]``; NaN where fewer than 2."""
    values = np.full(num_classes, np.nan)
    for label in range(num_classes):
        members = np.flatnonzero(np.asarray(labels) == label)
        if len(members) < 2:
            continue
        drawn = random_pairs(np.random.default_rng([seed, label]), len(members), pairs)
        first, second = (members[rows] for rows in drawn)
        blocks = [slice(start, start + BLOCK) for start in range(0, pairs, BLOCK)]
        values[label] = np.concatenate([ms_ssim(images[first[b]], images[second[b]]) for b in blocks]).mean()
    return values


def _similarity(x, y):
    """SSIM, and its contrast-structure part alone, averaged over the places where the window fits: ``[n, c]``."""
    mean_x, mean_y = _window(x), _window(y)
    both = mean_x**2 + mean_y**2
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (both + c1)
    covariance = _window(x * y) - mean_x * mean_y
    contrast = (2 * covariance + c2) / (_window(x**2) + _window(y**2) - both + c2)
    return (luminance * contrast).mean(axis=(1, 2)), contrast.mean(axis=(1, 2))


def _window(x):
    """Gaussian means, where the whole window lies within the image."""
    for axis in (1, 2):
        x = gaussian_filter1d(x, SIGMA, axis=axis, radius=RADIUS)
    return x[:, RADIUS:-RADIUS, RADIUS:-RADIUS]


def _halved(x):
    """Means of 2 x 2 pixels; an odd last row or column is left out."""
    x = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


HEADS = {  # name of a score: head of its column, pattern
    "class_frechet": ("intra-class Fréchet distance", "{:.2f}"),
    "class_frechet_real": ("of real images", "{:.2f}"),
    "ms_ssim": ("MS-SSIM in a class", "{:.3f}"),
    "ms_ssim_real": ("MS-SSIM of real images", "{:.3f}"),
}


def class_frechet_distance(features, labels, real_features, real_labels, num_classes):
    """Fréchet distance of the samples of each class from the real images of that class: float64 ``[num_classes]``.

    Averaged over classes it is the intra-FID of Miyato and Koyama (2018, section 4), here in other features.

    Raises:
        BookError: see `frechet_distance`; a class needs more images than there are features.
    """
    pairs = [(features[labels == k], real_features[real_labels == k]) for k in range(num_classes)]
    return np.array([frechet_distance(*pair) for pair in pairs])


@one_blas_thread
def measure(run, dataset, images, labels, seed):
    """A chapter's own `Score`s of a conditional generator: a `gan_book.training.lesson.Lesson.measure`.

    Each score is a mean over classes and stands beside that of real images. What cannot be had is left out: distances
    where there is no classifier or where a class has no more samples than features, MS-SSIM of images of less than 11
    pixels and of classes with a single image.
    """
    per_class = {}
    if metrics.has_classifier(dataset):
        per_class |= _class_distances(dataset, images, labels, seed)
    if scales_that_fit(min(dataset.image_shape[:2])):
        per_class["ms_ssim"] = class_ms_ssim(images, labels, dataset.num_classes, seed=seed)
        per_class["ms_ssim_real"] = _real_ms_ssim(dataset, seed)
    known = {name: values for name, values in per_class.items() if np.isfinite(values).any()}
    scores = [Score(name, HEADS[name][0], float(np.nanmean(values)), HEADS[name][1]) for name, values in known.items()]
    details = {name: [None if np.isnan(v) else float(v) for v in values] for name, values in known.items()}
    return scores, {f"{name}_per_class": values for name, values in details.items()}


def _real_ms_ssim(dataset, seed):
    test = dataset.test_images, dataset.test_labels, dataset.num_classes
    return cached("reference/class_ms_ssim", lambda: (class_ms_ssim(*test, seed=seed),), *test, seed)[0]


def _class_distances(dataset, images, labels, seed):
    """Name -> Fréchet distance of each class; empty if there are too few samples, as in a smoke test."""
    classifier = metrics.load_classifier(dataset.name)
    features, real = classifier.features(images), reference(dataset, classifier, seed)
    count = int(np.bincount(labels, minlength=dataset.num_classes).min())
    if count <= features.shape[1]:
        return {}
    test = real.outputs[0], dataset.test_labels, dataset.num_classes
    return {
        "class_frechet": class_frechet_distance(features, labels, *test),
        "class_frechet_real": _class_floor(real, count, test),
    }


def _class_floor(real, count, test):
    """The distance of so many training images of each class, what perfect samples score; NaN where they are too few."""
    data, rng = real.dataset, np.random.default_rng(real.seed)
    if np.bincount(data.labels, minlength=data.num_classes).min() <= real.outputs[0].shape[1]:
        return np.full(data.num_classes, np.nan)
    members = [np.flatnonzero(data.labels == k) for k in range(data.num_classes)]
    rows = np.concatenate([rng.choice(m, min(len(m), count), replace=False) for m in members])

    def distances():
        return (class_frechet_distance(real.classifier.features(data.images[rows]), data.labels[rows], *test),)

    inputs = data.images[rows], data.labels[rows], *test, *real.classifier.weights
    return cached("reference/class_floor", distances, *inputs)[0]
