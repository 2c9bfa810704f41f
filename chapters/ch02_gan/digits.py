"""Which classes a generator makes that is not asked for any: the measure of chapter 2, section 10."""

import numpy as np

from gan_book.metrics import Score, has_classifier, load_classifier


def class_shares(images, dataset):
    """How often the book's classifier sees each class, and how often each occurs in the test images.

    images: uint8 ``[n, h, w, c]``.

    Returns:
        ``(seen, due)``: float ``[classes]`` each.
    """
    classes = dataset.num_classes
    seen = np.bincount(load_classifier(dataset.name).predict(images), minlength=classes) / len(images)
    return seen, np.bincount(dataset.test_labels, minlength=classes) / len(dataset.test_labels)


def measure(run, dataset, images, labels, seed):
    """The chapter's own `Score`s, as `gan_book.training.lesson.Lesson` wants them: ``(scores, details)``.

    How many classes are found (a class is if it has at least a fifth of its share), and the KL divergence of the shares
    from those of the test images, in nats. Data for which the book has no classifier have none.
    """
    if not has_classifier(dataset):
        return [], {}
    seen, due = class_shares(images, dataset)
    some = seen > 0
    divergence = float(np.sum(seen[some] * np.log(seen[some] / due[some])))
    found = float(np.sum(seen >= 0.2 * due))
    about_real = {"reference": float(dataset.num_classes), "reference_words": "there are"}
    return [
        Score("classes_found", "classes found", found, "{:.0f}", short="{:.1f}", **about_real),
        Score("class_divergence", "KL of the classes", divergence, "{:.3f}", words="nats"),
    ], {}
