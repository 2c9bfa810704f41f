"""Everything the book measures of a set of samples, as a list of `Score`s. Explained in chapters 5 and 6."""

import numpy as np
from scipy.stats import bootstrap

from gan_book.errors import BookError
from gan_book.metrics.classes import class_labels, distances_within_classes, label_agreement
from gan_book.metrics.distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    normal_distance,
    precision_recall,
)
from gan_book.metrics.diversity import mean_pair_distance, mean_pixel_distance, memorisation, nearest_distances
from gan_book.metrics.features import (
    ALEXNET_FEATURES,
    SMALLEST,
    alexnet_normal,
    has_classifier,
    in_colour,
    load_classifier,
)
from gan_book.metrics.reference import ALEXNET_IMAGES, Reference, choose_some, one_blas_thread
from gan_book.metrics.score import Score

RESAMPLES = 20  # of the samples' features, for the standard error of their Fréchet distance
MEMORISATION_SAMPLES = 1000
OF_REAL, IN_FEATURES = "of the real images'", "of the real images' in features"
LARGE = 64  # side of images of which AlexNet sees more than a small classifier does
SUSPICIOUS = 0.05  # share of samples near training images that looks like copying


@one_blas_thread
def measure_samples(images, dataset, labels=None, seed=0):
    """Measures samples against the real images of a data set. Explained in chapters 5 and 6.

    Where the book has a classifier for the data set, it measures in the classifier's features and by its answers, and
    images of 64 pixels or more in AlexNet's features, too; other data sets in AlexNet's features, if the images are
    large enough, and in pixels.

    Args:
        images: uint8 ``[n, h, w, c]``, of the data set's shape.
        dataset: a `Dataset`.
        labels: the classes that were asked for, int ``[n]``; None if the generator takes no class.
        seed: of everything random.

    Returns:
        ``(scores, details)``: a list of `Score`s, the most telling first, and a dict of further numbers.

    Raises:
        BookError: samples or labels that do not fit, or too few of them (see the metrics).
    """
    images = np.asarray(images)
    if labels is not None:
        labels = class_labels(labels, len(images), dataset.num_classes)
    if has_classifier(dataset):
        return _in_classifier(images, labels, Reference(dataset, load_classifier(dataset.name), seed))
    if images.dtype != np.uint8 or images.shape[1:] != dataset.image_shape or len(images) < 2:
        raise BookError(
            f"samples of {dataset.name} are two or more uint8 images of shape {list(dataset.image_shape)}, not "
            f"{images.dtype} of shape {list(images.shape)}; generate more, resize or convert them"
        )
    return _without_classifier(images, labels, Reference(dataset, None, seed))


def _in_classifier(images, labels, real):
    """Scores by the classifier and its features; those of classes only where the generator was asked for some."""
    features, probabilities = real.classifier.outputs(images)
    seen, test = np.argmax(probabilities, axis=1), real.dataset.test_images
    whole = [_distances(features, real), _inception_score(probabilities, real), _precision_recall(features, real)]
    if labels is None:
        first, last = [_classes_seen(seen, real)], [_diversity(features, real.outputs[0], real)]
    else:
        first = [_label_accuracy(labels, seen, real)]
        last = [_class_diversity(features, real.outputs[0], labels, real)]
        last.append(_class_pixel_diversity(images, test, labels, real, in_tables=False))
    if min(images.shape[1:3]) >= LARGE:
        last.append(_alexnet_distance(images, real, "FD (AlexNet)"))
    about = {"reference_images": len(test), "classifier_accuracy_on_real": real.accuracy}
    return _joined([*first, *whole, *last, _memorisation(images, real), ([], about)])


def _without_classifier(images, labels, real):
    """Scores in AlexNet's features and in pixels."""
    parts = [_alexnet_distance(images, real)]
    if labels is not None:
        parts.append(_class_pixel_diversity(images, real.dataset.test_images, labels, real))
    return _joined([*parts, _pixel_diversity(images, real), _memorisation(images, real)])


def _joined(parts):
    """One ``(scores, details)`` of many."""
    scores = [score for some, _ in parts for score in some]
    return scores, {key: value for _, details in parts for key, value in details.items()}


def _label_accuracy(labels, seen, real):
    found = label_agreement(labels, seen, real.dataset.num_classes, real.seed)
    score = Score(
        "label_accuracy",
        "label accuracy",
        found["accuracy"],
        "{:.1f} %",
        100,
        low=found["low"],
        high=found["high"],
        reference=real.accuracy,
        reference_words="the classifier on real test images",
    )
    return [score], {"label_accuracy_per_class": found["per_class"], "confusion": found["confusion"]}


def _classes_seen(seen, real):
    """The share of the samples that the classifier assigns to each class, where no class was asked for."""
    shares = np.bincount(seen, minlength=real.dataset.num_classes) / len(seen)
    return [], {"seen_per_class": shares.tolist()}


def _distances(features, real):
    """Both distances in the classifier's features, each with that of as many real training images."""
    test = real.outputs[0]
    real_frechet, real_kernel = real.training_distances(len(features))
    frechet = Score(
        "frechet_distance",
        "Fréchet distance",
        frechet_distance(features, test),
        "{:.3f}",
        short="{:.2f}",
        words="in the classifier's features",
        spread=_frechet_error(features, test, real.seed),
        reference=real_frechet,
        reference_words="real training images",
    )
    kernel, kernel_error = kernel_distance(features, test, real.seed)
    kernel = Score(
        "kernel_distance",
        "kernel distance x 1000",
        kernel,
        "{:.3g}",
        1000,
        short="{:.1f}",
        spread=kernel_error,
        reference=real_kernel,
        reference_words="real training images",
    )
    return [frechet, kernel], {}


def _frechet_error(features, test, seed):
    """The bootstrap's standard error of a Fréchet distance."""
    # Only the error, no interval: resampling repeats images, which makes every distance larger, so the ends of the
    # bootstrap's interval would lie above the value itself.
    rng = np.random.default_rng(seed)
    resampled = bootstrap(
        (np.arange(len(features)),),
        lambda rows: frechet_distance(features[rows], test),
        n_resamples=RESAMPLES,
        vectorized=False,
        method="percentile",
        random_state=rng,
    )
    return float(resampled.standard_error)


def _inception_score(probabilities, real):
    value, deviation = inception_score(probabilities, real.seed)
    about_real = {"reference": real.inception_score, "reference_words": "real test images"}
    return [Score("inception_score", "inception score", value, spread=deviation, **about_real)], {}


def _precision_recall(features, real):
    precision, recall = precision_recall(real.outputs[0], features, real.radii)
    return [
        Score("precision", "precision", precision, "{:.3f}", short="{:.2f}"),
        Score("recall", "recall", recall, "{:.3f}", short="{:.2f}"),
    ], {}


def _alexnet_distance(images, real, head="Fréchet distance"):
    """The Fréchet distance in AlexNet's features; nothing of images too small for it, or of too few.

    As many samples as training images are compared with the test images, because the distance depends on their number.
    """
    if min(images.shape[1:3]) < SMALLEST or images.shape[-1] not in (1, 3):
        return [], {}
    count = min(len(images), len(real.dataset.images), ALEXNET_IMAGES)
    chosen = in_colour(images[choose_some(len(images), count, real.seed)])
    test, training = real.test_normal(), real.training_normal(count)
    if min(test.count, training.count) <= ALEXNET_FEATURES:
        return [], {"alexnet_places": test.count}
    score = Score(
        "alexnet_frechet",
        head,
        normal_distance(alexnet_normal(chosen), test),
        words=f"in AlexNet's features, of {count:,} images",
        reference=normal_distance(training, test),
        reference_words="real training images",
    )
    return [score], {"alexnet_images": count}


def _diversity(features, test, real):
    ratio = _ratio(mean_pair_distance(features, real.seed), mean_pair_distance(test, real.seed))
    return [Score("diversity_overall", "diversity", float(ratio), words=IN_FEATURES)], {}


def _pixel_diversity(images, real):
    ratio = _ratio(mean_pixel_distance(images, real.seed), mean_pixel_distance(real.held_out, real.seed))
    return [Score("pixel_diversity_overall", "pixel diversity", float(ratio), words=OF_REAL)], {}


def _class_diversity(features, test, labels, real):
    ratio = _ratio_by_class(mean_pair_distance, features, test, labels, real)
    score = Score("diversity", "diversity in a class", _mean_known(ratio), words=IN_FEATURES)
    return [score], {"diversity_per_class": ratio.tolist()}


def _class_pixel_diversity(images, test, labels, real, in_tables=True):
    ratio = _ratio_by_class(mean_pixel_distance, images, test, labels, real)
    head = "pixel diversity in a class"
    score = Score("pixel_diversity", head, _mean_known(ratio), words=OF_REAL, in_tables=in_tables)
    return [score], {"pixel_diversity_per_class": ratio.tolist()}


def _ratio_by_class(distance, samples, real_samples, labels, real):
    """Distances between samples, divided by those between real images: float ``[classes]``; NaN where unknown."""
    classes, test_labels = real.dataset.num_classes, real.dataset.test_labels
    ours = distances_within_classes(distance, samples, labels, classes, real.seed)
    return _ratio(ours, distances_within_classes(distance, real_samples, test_labels, classes, real.seed))


def _mean_known(values):
    """The mean of those that are finite; None if none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _ratio(ours, theirs):
    """``ours / theirs``; NaN where real images do not differ."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    return np.divide(ours, theirs, out=np.full(theirs.shape, np.nan), where=theirs > 0)


def _memorisation(images, real):
    chosen = images[choose_some(len(images), MEMORISATION_SAMPLES, real.seed)]
    found = memorisation(nearest_distances(chosen, real.dataset.images), real.held_out_distances)
    words = "nearer to a training image than 99 % of test images are"
    if found["share_nearer"] >= SUSPICIOUS and found["median"] > 0:
        words += ", as blurred or empty images are too: of copies the median distance is near 0"
    share = Score(
        "memorisation",
        "memorisation",
        found["share_nearer"],
        "{:.1f} %",
        100,
        words=words,
        reference=0.01,
        reference_words="copies: 100 %, real images",
        in_tables=False,
    )
    nearest = Score(
        "nearest_training_image",
        "to nearest training image",
        found["median"],
        "{:.1f}",
        words="levels of 255, median",
        reference=found["median_test"],
        reference_words="real test images",
        in_tables=False,
    )
    about = {"samples": len(chosen), "test_images": len(real.held_out), "threshold": found["threshold"]}
    return [share, nearest], {"memorisation": about}
