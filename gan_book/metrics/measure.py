"""All metrics of a set of samples, as one dict."""

import numpy as np

from gan_book.errors import BookError
from gan_book.metrics.bootstrap import bootstrap
from gan_book.metrics.checks import class_labels
from gan_book.metrics.classes import label_agreement
from gan_book.metrics.distances import frechet_distance, inception_score, kernel_distance, precision_recall
from gan_book.metrics.diversity import (
    class_diversity,
    flat_pixels,
    memorisation,
    nearest_distances,
    pair_distance,
    pixel_distance,
)
from gan_book.metrics.features import check_images
from gan_book.metrics.reference import choose, floor, one_blas_thread, reference

RESAMPLES = 20
MEMORISATION_SAMPLES = 1000


@one_blas_thread
def measure_conditional(images, labels, dataset, classifier, seed=0):
    """Measure samples drawn for given classes against the real test images of a data set.

    images: uint8 ``[n, 28, 28, 1]``; labels: the classes asked for, int ``[n]``, every class at least twice (10,000
    samples, equally many of each class, unless there is a reason). dataset: a `Dataset`; classifier: from
    `load_classifier`. Everything random is drawn by ``seed``. Returns nested dicts of floats and ints that
    `json.dumps` takes; `summary_lines` shows which.

    Raises:
        BookError: samples or labels that do not fit, or too few of them (see the metrics).
    """
    images = check_images(images)
    labels = class_labels(labels, len(images), dataset.num_classes)
    real = reference(dataset, classifier, seed)
    features, probabilities = outputs = classifier.outputs(images)
    agreement = label_agreement(labels, np.argmax(probabilities, axis=1), dataset.num_classes, seed)
    return {
        **_whole(images, outputs, real, seed),
        "label_accuracy": {"value": agreement["accuracy"], "low": agreement["low"], "high": agreement["high"]},
        "label_accuracy_per_class": agreement["per_class"],
        "confusion": agreement["confusion"],
        "diversity": _class_diversity(images, features, labels, real),
    }


@one_blas_thread
def measure_unconditional(images, dataset, classifier, seed=0):
    """Measure samples that were drawn without asking for a class: what `measure_conditional` says of them all together.

    ``seen_per_class`` is the share of the samples that the classifier takes for each class.

    Raises:
        BookError: samples that do not fit, or too few of them.
    """
    images = check_images(images)
    real = reference(dataset, classifier, seed)
    features, probabilities = outputs = classifier.outputs(images)
    seen = np.bincount(np.argmax(probabilities, axis=1), minlength=dataset.num_classes) / len(images)
    ratio = pair_distance(features, seed=seed) / pair_distance(real.outputs[0], seed=seed)
    own = {"seen_per_class": seen.tolist(), "diversity": {"ratio": float(ratio)}}
    return {**_whole(images, outputs, real, seed), **own}


def _whole(images, outputs, real, seed):
    """What is measured of the samples without regard to their classes."""
    features, probabilities = outputs
    precision, recall = precision_recall(real.outputs[0], features, real_radii=real.squared_radii)
    return {
        "dataset": real.dataset.name,
        "samples": len(images),
        "reference_images": len(real.dataset.test_images),
        "seed": int(seed),
        "classifier_accuracy_on_real": real.accuracy,
        **_distances(features, real, seed),
        "inception_score": _inception_score(probabilities, real, seed),
        "precision": precision,
        "recall": recall,
        "memorisation": _memorisation(images, real, seed),
    }


@one_blas_thread
def measure_unlabelled(images, dataset, seed=0):
    """Measure samples of a data set that no classifier ships for: diversity and memorisation, in pixels.

    images: uint8 ``[n, h, w, c]`` of the data set's shape; returns a dict as `measure_conditional` does.

    Raises:
        BookError: images of another shape or type, or fewer than two.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.shape[1:] != dataset.image_shape or len(images) < 2:
        raise BookError(
            f"samples of {dataset.name} are two or more uint8 images of shape {list(dataset.image_shape)}, not "
            f"{images.dtype} of shape {list(images.shape)}; generate more, resize or convert them"
        )
    real = reference(dataset, None, seed)
    value = pixel_distance(images, seed=seed)
    return {
        "dataset": dataset.name,
        "samples": len(images),
        "seed": int(seed),
        "diversity": {"pixels": value, "real_pixels": real.pixel_diversity, "ratio": value / real.pixel_diversity},
        "memorisation": _memorisation(images, real, seed),
    }


def _distances(features, real, seed):
    """Both distances in the classifier's features, each beside that of as many real training images."""
    frechet_floor, kernel_floor = floor(real, len(features))
    # Resampling repeats images, which adds to the distance itself; only its spread means something.
    spread = bootstrap(lambda rows: frechet_distance(features[rows], real.outputs[0]), len(features), RESAMPLES, seed)
    kernel, kernel_error = kernel_distance(features, real.outputs[0], seed=seed)
    return {
        "frechet_distance": {
            "value": frechet_distance(features, real.outputs[0]),
            "standard_error": spread.standard_error,
            "floor": frechet_floor,
        },
        "kernel_distance": {"value": kernel, "standard_error": kernel_error, "floor": kernel_floor},
    }


def _inception_score(probabilities, real, seed):
    value, std = inception_score(probabilities, seed=seed)
    return {"value": value, "std": std, "real": real.inception_score}


def _class_diversity(images, features, labels, real):
    classes, seed = real.dataset.num_classes, real.seed
    ratio = class_diversity(features, labels, classes, seed=seed) / real.feature_diversity
    pixel_ratio = class_diversity(flat_pixels(images), labels, classes, seed=seed) / real.class_pixel_diversity
    return {
        "per_class_ratio": ratio.tolist(),
        "mean_ratio": float(ratio.mean()),
        "per_class_pixel_ratio": pixel_ratio.tolist(),
        "mean_pixel_ratio": float(pixel_ratio.mean()),
    }


def _memorisation(images, real, seed):
    chosen = images[choose(len(images), MEMORISATION_SAMPLES, seed)]
    result = memorisation(nearest_distances(chosen, real.dataset.images), real.held_out_distances)
    return {"samples": len(chosen), "test_images": len(real.held_out), **result}
