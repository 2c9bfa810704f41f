"""The task of chapters that draw images from noise, of a class if asked."""

import shlex
from dataclasses import asdict

import numpy as np

from gan_book import datasets, evaluation, plotting
from gan_book.callbacks.health import HealthMonitor
from gan_book.callbacks.samples import SampleGrid
from gan_book.datasets.batches import Batches
from gan_book.errors import BookError
from gan_book.sampling import GRID, balanced_labels, draw, grid_labels, is_conditional, label_names, num_labels


class Generation:
    """What is done to a run of a lesson whose model draws from its ``sampler``, a generator that takes noise.

    A lesson's `task` has these methods, `gan_book.tasks.translation.Translation` its own.

    Args:
        balanced: whether the setting ``limit`` may look at labels, see `gan_book.datasets.load`.
    """

    def __init__(self, balanced=True):
        self.balanced = balanced

    def load(self, settings):
        """The data set of the settings.

        Raises:
            BookError: see `gan_book.datasets.load`; or so few samples are to be measured that it could not be done.
        """
        data = datasets.load(settings.data, settings.image_size, settings.limit, settings.seed, self.balanced)
        least = evaluation.FEATURES + 1 if evaluation.has_classifier(data) else 2 * data.num_classes
        if settings.measure_samples < least:  # said before the training, not after it
            few = f"measure_samples is {settings.measure_samples}"
            raise BookError(f"{few}; to measure images of '{settings.data}' takes at least {least}")
        if len(data.test_images) < 2:
            raise BookError(f"'{settings.data}' has one test image, and to measure takes two; add images")
        if (data.test_images == data.test_images[0]).all():
            raise BookError(f"the test images of '{settings.data}' are all the same, and are to differ; add others")
        return data

    def validation(self, dataset):
        """Raises `BookError`: these data sets have no third part."""
        raise BookError(f"'{dataset.name}' has no validation images; leave out --validation to use the test images")

    def names(self, dataset):
        """What config.json calls "class_names"."""
        return dataset.class_names

    def batches(self, dataset, settings):
        """What `fit` is given."""
        return Batches(dataset.images, dataset.labels, settings.batch_size, settings.seed)

    def sample_grid(self, model, dataset, folder, settings, sync):
        """The callback that draws a picture grid after each epoch; ``sync()`` brings the weights up to date."""
        labels = grid_labels(model.sampler)
        return SampleGrid(_drawing(model, labels.ravel(), settings.seed, sync), folder, len(labels))

    def health_monitor(self, model, dataset, settings, on_failure, sync):
        """Judges classes one by one, or all images together if the generator is not told the class."""
        kinds = min(num_labels(model.sampler), GRID)
        asked = balanced_labels(16 * kinds if kinds > 1 else 160, kinds)
        if is_conditional(model.sampler):
            labels, real_labels, names = asked, dataset.labels, dataset.class_names
        else:
            labels, real_labels, names = np.zeros_like(asked), np.zeros_like(dataset.labels), ("images",)
        images = _drawing(model, asked, settings.seed, sync)
        return HealthMonitor(images, labels, dataset.images, real_labels, names, on_failure=on_failure)

    def measure(self, run, lesson, dataset, samples, seed=0):
        """Scores the saved networks of a run on so many samples, in the book's metrics and in the chapter's own.

        The samples are balanced over the classes or categories that the generator can be asked for.
        """
        generator = run.load("generator")
        labels = balanced_labels(samples, num_labels(generator))
        images = draw(generator, labels, seed)
        measured = measure_samples(generator, dataset, images, labels, seed)
        if lesson.measure is None:
            return measured
        scores, details = lesson.measure(run, dataset, images, labels, seed)
        return {**measured, "own": [asdict(score) for score in scores], "details": details}

    def draw_samples(self, run, dataset, path, title, footer):
        """Writes the picture that report.md begins with."""
        generator = run.load("generator")
        labels = grid_labels(generator)
        names = label_names(generator, dataset.class_names)[: len(labels)]
        names = names if len(names) > 1 else [""] * len(labels)
        images = draw(generator, labels.ravel(), seed=1)
        plotting.labelled_grid(images, names, path, title=title, footer=footer)

    def next_step(self, run, lesson, model):
        """The chapter's sentence, with a class of the run's data; another one if the generator takes none."""
        if "{label}" in lesson.next_step and not is_conditional(model.sampler):
            return f"Next: draw more with `gan-book generate {lesson.name} --run {run.quoted} --seed 1 --out more.png`."
        names = run.config["class_names"]
        return lesson.next_step.format(run=run.quoted, label=shlex.quote(names[len(names) // 2]))


def _drawing(model, labels, seed, sync):
    def images():
        sync()
        return draw(model.sampler, labels, seed=seed)

    return images


def measure_samples(generator, dataset, images, labels, seed=0):
    """Scores images that the generator drew for these labels. See `gan_book.evaluation.measure`.

    images: uint8 ``[n, h, w, c]``; labels: int ``[n]``, balanced; looked at only if they are classes.
    """
    if not evaluation.has_classifier(dataset):
        return evaluation.measure_unlabelled(images, dataset, seed)
    classifier = evaluation.load_classifier(dataset.name)
    if not is_conditional(generator):
        return evaluation.measure_unconditional(images, dataset, classifier, seed)
    return evaluation.measure_conditional(images, labels, dataset, classifier, seed)
