"""What the label chapters measure class by class: is each class as good, and as varied, as the real one?"""

import numpy as np

from gan_book import evaluation
from gan_book.caching import kept
from gan_book.evaluation.frechet import frechet_distance
from gan_book.evaluation.measure import one_blas_thread
from gan_book.evaluation.reference import reference
from gan_book.evaluation.ssim import class_ms_ssim, scales_that_fit
from gan_book.lesson import Score

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
    """A chapter's own `Score`s of a conditional generator: a `gan_book.lesson.Lesson.measure`.

    Each score is a mean over classes and stands beside that of real images. What cannot be had is left out: distances
    where there is no classifier or where a class has no more samples than features, MS-SSIM of images of less than 11
    pixels and of classes with a single image.
    """
    per_class = {}
    if evaluation.has_classifier(dataset):
        per_class |= _distances(dataset, images, labels, seed)
    if scales_that_fit(min(dataset.image_shape[:2])):
        per_class["ms_ssim"] = class_ms_ssim(images, labels, dataset.num_classes, seed=seed)
        per_class["ms_ssim_real"] = _real_ms_ssim(dataset, seed)
    known = {name: values for name, values in per_class.items() if np.isfinite(values).any()}
    scores = [Score(name, HEADS[name][0], float(np.nanmean(values)), HEADS[name][1]) for name, values in known.items()]
    details = {name: [None if np.isnan(v) else float(v) for v in values] for name, values in known.items()}
    return scores, {f"{name}_per_class": values for name, values in details.items()}


def _real_ms_ssim(dataset, seed):
    test = dataset.test_images, dataset.test_labels, dataset.num_classes
    return kept("reference/class_ms_ssim", lambda: (class_ms_ssim(*test, seed=seed),), *test, seed)[0]


def _distances(dataset, images, labels, seed):
    """Name -> Fréchet distance of each class; empty if there are too few samples, as in a smoke test."""
    classifier = evaluation.load_classifier(dataset.name)
    features, real = classifier.features(images), reference(dataset, classifier, seed)
    count = int(np.bincount(labels, minlength=dataset.num_classes).min())
    if count <= features.shape[1]:
        return {}
    test = real.outputs[0], dataset.test_labels, dataset.num_classes
    return {
        "class_frechet": class_frechet_distance(features, labels, *test),
        "class_frechet_real": _floor(real, count, test),
    }


def _floor(real, count, test):
    """The distance of so many training images of each class, what perfect samples score; NaN where they are too few."""
    data, rng = real.dataset, np.random.default_rng(real.seed)
    if np.bincount(data.labels, minlength=data.num_classes).min() <= real.outputs[0].shape[1]:
        return np.full(data.num_classes, np.nan)
    members = [np.flatnonzero(data.labels == k) for k in range(data.num_classes)]
    rows = np.concatenate([rng.choice(m, min(len(m), count), replace=False) for m in members])

    def distances():
        return (class_frechet_distance(real.classifier.features(data.images[rows]), data.labels[rows], *test),)

    inputs = data.images[rows], data.labels[rows], *test, *real.classifier.weights
    return kept("reference/class_floor", distances, *inputs)[0]
