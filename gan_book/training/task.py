"""What is done to a run: `Generation` for chapters that generate from noise, `Translation` for image to image."""

import shlex
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from gan_book import datasets, metrics, plotting
from gan_book.datasets import load_pairs
from gan_book.datasets.batches import Batches, PairBatches
from gan_book.datasets.drawings import EDGES
from gan_book.errors import BookError, require_choice
from gan_book.metrics.drawings import score_drawings, share_changed
from gan_book.metrics.score import Score, as_report
from gan_book.metrics.translation import compare_pairs, compare_sets
from gan_book.sampling import (
    GRID,
    balanced_labels,
    draw,
    evenly_spaced,
    grid_labels,
    is_conditional,
    label_names,
    num_labels,
    translate,
)
from gan_book.training.detectors import Advice
from gan_book.training.health import HealthMonitor, Watched
from gan_book.training.logs import SampleGrid


class Generation:
    """What is done to a run of a lesson whose model generates images from noise with its ``sampler``.

    A lesson's `task` is this or `gan_book.training.task.Translation`, which has the same methods.

    Args:
        balanced: whether the setting ``limit`` may look at labels, see `gan_book.datasets.load`.
    """

    def __init__(self, balanced=True):
        self.balanced = balanced

    def load(self, settings):
        """The data set of the settings.

        Raises:
            BookError: see `gan_book.datasets.load`; or too few samples or test images to measure with.
        """
        data = datasets.load(settings.data, settings.image_size, settings.limit, settings.seed, self.balanced)
        least = metrics.FEATURES + 1 if metrics.has_classifier(data) else 2 * data.num_classes
        if settings.measure_samples < least:  # said before the training, not after it
            few = f"measure_samples is {settings.measure_samples}"
            raise BookError(f"{few}; to measure images of '{settings.data}' takes at least {least}")
        if len(data.test_images) < 2:
            raise BookError(f"'{settings.data}' has one test image, and to measure takes two; add images")
        if (data.test_images == data.test_images[0]).all():
            raise BookError(f"the test images of '{settings.data}' are all the same, and are to differ; add others")
        return data

    def validation(self, dataset):
        """The data set with its validation images as test images, for `measure`.

        Raises:
            BookError: it has none.
        """
        return dataset.validation()

    def names(self, dataset):
        """The "class_names" of config.json."""
        return dataset.class_names

    def batches(self, dataset, settings, epoch=0, first=0):
        """The data of one epoch for `fit`, from the batch ``first`` on; see `gan_book.datasets.batches`."""
        return Batches(dataset.images, dataset.labels, settings.batch_size, settings.seed, epoch, first)

    def sample_grid(self, model, dataset, folder, settings, sync, steps):
        """The callback that writes picture grids during the training; ``sync()`` brings the weights up to date.

        steps: of the whole training.
        """
        _require_fit(model.sampler, dataset)
        labels = grid_labels(model.sampler)[:, :PICTURED]
        return SampleGrid(_drawing(model, labels.ravel(), settings.seed, sync), folder, len(labels), steps)

    def health_monitor(self, model, dataset, settings, on_failure, sync, steps):
        """The callback that watches the training: class by class, or all images together without classes.

        Of many classes it judges `GRID`, evenly spaced. steps: of the whole training.
        """
        kinds = num_labels(model.sampler)
        judged = evenly_spaced(kinds, GRID)
        asked = judged[balanced_labels(16 * len(judged) if kinds > 1 else 160, len(judged))]
        if is_conditional(model.sampler):
            labels, real_labels, names = asked, dataset.labels, dataset.class_names
        else:
            labels, real_labels, names = np.zeros_like(asked), np.zeros_like(dataset.labels), ("images",)
        images = _drawing(model, asked, settings.seed, sync)
        watched = Watched(images, labels, dataset.images, real_labels, names)
        return HealthMonitor([watched], on_failure, steps, Advice(settings))

    def measure(self, run, lesson, dataset, samples, seed=0):
        """Scores the saved networks of a run on `samples` images, by the chapter's own metrics and by the book's.

        The samples are balanced over the classes or categories that the generator can be asked for. Returns what
        `gan_book.metrics.score.as_report` does.
        """
        generator = run.load("generator")
        if _is_broken(generator):
            return as_report(dataset.title, samples, seed, [BROKEN], {})
        labels = balanced_labels(samples, num_labels(generator))
        images = draw(generator, labels, seed)
        asked = labels if is_conditional(generator) else None
        scores, details = metrics.measure_samples(images, dataset, asked, seed)
        own, own_details = lesson.measure(run, dataset, images, labels, seed) if lesson.measure else ([], {})
        return as_report(dataset.title, samples, seed, own + scores, {**details, **own_details})

    def draw_samples(self, run, dataset, path, title, footer):
        """Writes the picture at the top of report.md; with classes, some real images of each beside the generated."""
        generator = run.load("generator")
        labels = grid_labels(generator)
        names = label_names(generator, dataset.class_names)[: len(labels)]
        images = draw(generator, labels.ravel(), seed=1)
        if (kinds := num_labels(generator)) > len(labels):
            footer = f"showing {len(labels)} of {kinds} classes; {footer}"
        groups = {"generated": images, **_real_beside(generator, labels, dataset)}
        names, columns = names if len(names) > 1 else (), [labels.shape[1], REAL][: len(groups)]
        groups = groups if len(groups) > 1 else {None: images}
        footer = _credited(footer, dataset)
        plotting.side_by_side(groups, path, title=title, footer=footer, columns=columns, row_names=names)

    def next_step(self, run, lesson, model):
        """The chapter's sentence, with a class of the run's data; another sentence if the generator takes no class."""
        if "{label}" in lesson.next_step and not is_conditional(model.sampler):
            return f"Next: draw more with `gan-book generate {lesson.name} --run {run.quoted} --seed 1 --out more.png`."
        names = run.config.class_names
        return lesson.next_step.format(run=run.quoted, label=shlex.quote(names[len(names) // 2]))


REAL = 2  # real images beside each row of generated ones
PICTURED = 6  # columns of the pictures during a training, which cost time and make the animation large


def _real_beside(generator, labels, dataset):
    """``{"real": images}``: `REAL` test images of the class of each row; nothing if rows have no class, or too few."""
    rows = [np.flatnonzero(dataset.test_labels == row[0])[:REAL] for row in labels]
    if not is_conditional(generator) or min(map(len, rows)) < REAL:
        return {}
    return {"real": dataset.test_images[np.concatenate(rows)]}


def _credited(footer, dataset):
    """The footer, and whose drawings the network was trained on."""
    return "; ".join(part for part in (footer, dataset.credit) if part) or None


def _require_fit(generator, dataset):
    """Raises BookError where the samples could not be measured once all is trained."""
    if is_conditional(generator) and num_labels(generator) > dataset.num_classes:
        problem = f"'{generator.name}' takes a label of {num_labels(generator)} classes"
        raise BookError(f"{problem}, and {dataset.name} has {dataset.num_classes}; build it with dataset.num_classes")
    shape, wanted = tuple(generator.output.shape[1:]), tuple(dataset.image_shape)
    if shape != wanted:
        problem = f"'{generator.name}' makes images of shape {shape}, and those of {dataset.name} are {wanted}"
        raise BookError(f"{problem}; build it with dataset.image_shape")


def _drawing(model, labels, seed, sync):
    def images():
        sync()
        return draw(model.sampler, labels, seed=seed)

    return images


BROKEN = Score("weights", "generator's weights")  # without a value: not finite


def _is_broken(network):
    """Whether weights are NaN or infinite; the images would be grey, and could be measured like any others."""
    return not all(np.isfinite(weights).all() for weights in network.get_weights())


def _translating(model, name, chosen, sync):
    def images():
        sync()
        return translate(model.sampler if name == "generator" else getattr(model, name), chosen)

    return images


SHOWN = 6  # pairs in a picture grid
JUDGED = 64  # translations the health monitor looks at
DIRECTIONS = ("AtoB", "BtoA")


class Translation:
    """What is done to a run of a lesson whose generators translate images of one side of a data set to the other.

    It has the methods of `gan_book.training.task.Generation`.

    Args:
        networks: dict: direction -> name of the model's generator, also in the run's files. A paired lesson has "AtoB"
            alone: where its direction is "BtoA", `load` swaps the sides.
        panels: ``panels(networks, a, b, sides)`` returns what a picture grid shows, a dict: name of a column -> uint8
            ``[n, s, s, 3]``. networks: has the generators as attributes; a, b: pairs; sides: the names of the two.
        paired: whether the lesson trains on pairs, in the direction of its setting "direction".
    """

    def __init__(self, networks, panels, paired):
        self.networks, self.panels, self.paired = networks, panels, paired

    def load(self, settings):
        """The pairs, or two unpaired sides, of the settings.

        Raises:
            BookError: no such direction, a share above 1, or see `gan_book.datasets.load_pairs`.
        """
        if settings.mirror > 1:
            raise BookError(f"mirror is the share of pictures that are mirrored, from 0 to 1, not {settings.mirror:g}")
        pairs = load_pairs(settings.data, settings.image_size, settings.limit, settings.seed, paired=self.paired)
        if not self.paired:
            return pairs
        require_choice("direction", settings.direction, DIRECTIONS)
        return pairs.swapped() if settings.direction == "BtoA" else pairs

    def validation(self, dataset):
        """The data set with its validation images as test images, for `measure`."""
        return dataset.validation()

    def names(self, dataset):
        return dataset.sides

    def batches(self, dataset, settings, epoch=0, first=0):
        return PairBatches(dataset, settings.batch_size, settings.seed, settings.mirror, epoch, first)

    def sample_grid(self, model, dataset, folder, settings, sync, steps):
        """The callback that writes grids of some validation images, a row each."""
        a, b = _rows(dataset.val_a, dataset.val_b)

        def images():
            sync()
            columns = self.panels(model, a, b, dataset.sides).values()
            return np.stack(list(columns), axis=1).reshape(-1, *a.shape[1:])

        return SampleGrid(images, folder, len(a), steps)

    def health_monitor(self, model, dataset, settings, on_failure, sync, steps):
        """The callback that watches each direction: its translations must be as diverse as that side's images."""
        sides = {"AtoB": (dataset.val_a, dataset.b), "BtoA": (dataset.val_b, dataset.a)}
        watched = []
        for direction, name in self.networks.items():
            given, real = sides[direction]
            chosen = _some(given, JUDGED)
            images = _translating(model, name, chosen, sync)
            where = direction if len(self.networks) > 1 else ""
            labels, real_labels = np.zeros(len(chosen), int), np.zeros(len(real), int)
            watched.append(Watched(images, labels, real, real_labels, ("translations",), where))
        return HealthMonitor(watched, on_failure, steps, Advice(settings))

    def measure(self, run, lesson, dataset, samples, seed=0):
        """Scores the saved generators of a run on at most `samples` test images of each side.

        Returns what `gan_book.metrics.score.as_report` does; "samples" is the number of test images of A, and the seed
        is for dropout that is active in use (chapter 10).
        """
        test = {"AtoB": dataset, "BtoA": dataset.swapped()}
        scores = []
        for direction, name in self.networks.items():
            network = run.load(name)
            found = [BROKEN] if _is_broken(network) else _compare(network, test[direction], samples, seed)
            scores += found if len(self.networks) == 1 else [_of_direction(score, direction) for score in found]
        return as_report(dataset.title, min(samples, len(dataset.test_a)), seed, scores, {})

    def draw_samples(self, run, dataset, path, title, footer):
        """Writes the picture at the top of report.md: some test images, a row each."""
        networks = SimpleNamespace(**{name: run.load(name) for name in self.networks.values()})
        columns = self.panels(networks, *_rows(dataset.test_a, dataset.test_b), dataset.sides)
        plotting.side_by_side(columns, path, title=title, footer=_credited(footer, dataset), columns=1)

    def next_step(self, run, lesson, model):
        return lesson.next_step.format(run=run.quoted, sides=run.config.class_names)


def _rows(a, b):
    """Some images of each side, equally many: at most `SHOWN`."""
    count = min(SHOWN, len(a), len(b))
    return _some(a, count), _some(b, count)


def _some(images, count):
    """Up to `count` images, evenly spaced over the set."""
    return images[evenly_spaced(len(images), count)]


def _compare(network, dataset, samples, seed):
    """The `Score`s of translations from A to B; compared one by one if each B is the truth of an A."""
    source, target = dataset.test_a[:samples], dataset.test_b[:samples]
    return compare(translate(network, source, seed), source, target, dataset)


def compare(images, source, target, dataset):
    """The `Score`s of translations of ``source``, whether a network made them or not.

    Args:
        images, source, target: uint8 ``[n, h, w, 3]``: translations, the first test images of A, and those of B.
        dataset: the `gan_book.datasets.Pairs` of which these are.
    """
    scores = (compare_pairs(images, target) if dataset.test_paired else []) + compare_sets(images, target)
    if dataset.kind and dataset.test_paired and dataset.sides[1] != EDGES:
        scores += score_drawings(images, dataset)
        if dataset.sides[0] != EDGES:
            changed = share_changed(images, source, target)
            scores.append(Score("changed", "changed as wanted", changed, "{:.1f} %", 100))
    return scores


def _of_direction(score, direction):
    """The score with the direction in its name."""
    return replace(score, name=f"{direction}_{score.name}", head=f"{score.head}, {direction}")
