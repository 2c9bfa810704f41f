"""What the label chapters measure class by class: is each class as good, and as varied, as the real one?"""

import numpy as np

from gan_book import evaluation
from gan_book.evaluation.frechet import frechet_distance
from gan_book.evaluation.reference import reference
from gan_book.evaluation.ssim import class_ms_ssim
from gan_book.lesson import Score


def class_frechet_distance(features, labels, real_features, real_labels, num_classes):
    """Fréchet distance of the samples of each class from the real images of that class: float64 ``[num_classes]``.

    Averaged over classes it is the intra-FID of Miyato and Koyama (2018, section 4), here in other features.

    Raises:
        BookError: see `frechet_distance`; a class needs more images than there are features.
    """
    pairs = [(features[labels == k], real_features[real_labels == k]) for k in range(num_classes)]
    return np.array([frechet_distance(*pair) for pair in pairs])


def measure(run, dataset, images, labels, seed):
    """A chapter's own `Score`s of a conditional generator: a `gan_book.lesson.Lesson.measure`."""
    similar = class_ms_ssim(images, labels, dataset.num_classes, seed=seed)
    real_similar = class_ms_ssim(dataset.test_images, dataset.test_labels, dataset.num_classes, seed=seed)
    scores = [
        Score("ms_ssim", "MS-SSIM in a class", float(np.nanmean(similar)), "{:.3f}"),
        Score("ms_ssim_real", "MS-SSIM of real ones", float(np.nanmean(real_similar)), "{:.3f}"),
    ]
    details = {"ms_ssim_per_class": similar.tolist(), "ms_ssim_of_real_per_class": real_similar.tolist()}
    if not evaluation.has_classifier(dataset):
        return scores, details
    classifier = evaluation.load_classifier(dataset.name)
    features, real = classifier.features(images), reference(dataset, classifier, seed).outputs[0]
    if np.bincount(labels).min() <= features.shape[1]:  # too few samples for it, as in a smoke test
        return scores, details
    distances = class_frechet_distance(features, labels, real, dataset.test_labels, dataset.num_classes)
    scores.insert(0, Score("class_frechet", "intra-class Fréchet distance", float(distances.mean())))
    return scores, {**details, "frechet_distance_per_class": distances.tolist()}
