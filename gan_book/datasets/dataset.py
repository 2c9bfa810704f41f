"""What every loader returns: `Dataset` or `Pairs`; and how some images of a set are chosen."""

from dataclasses import dataclass, replace

import numpy as np

from gan_book.errors import BookError


@dataclass(frozen=True)
class Dataset:
    """Labelled images in memory.

    images, test_images: uint8 ``[n, height, width, channels]``, values 0 to 255; scaling happens in the graph.
    labels, test_labels: int32 ``[n]``, from 0 to ``len(class_names) - 1``.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    @property
    def image_shape(self):
        """``(height, width, channels)``."""
        return tuple(self.images.shape[1:])

    @property
    def train_size(self):
        """Number of training images."""
        return len(self.images)

    @property
    def num_classes(self):
        return len(self.class_names)

    def label_index(self, label):
        """The number of a class given by number or name.

        Names are compared without regard to case; a part of a name will do if only one class has it ("boot").

        Raises:
            BookError: no class, or more than one, answers to ``label``.
        """
        return find_label(label, self.class_names)


def find_label(label, class_names):
    """See `Dataset.label_index`; works on the names alone, as a saved run has them."""
    wanted = str(label).strip().lower()
    names = [name.lower() for name in class_names]
    if wanted in names:  # before the number, for folders whose classes are called "10", "20", ...
        return names.index(wanted)
    if wanted.isdecimal() and len(wanted) < 10 and int(wanted) < len(class_names):
        return int(wanted)
    parts = [index for index, name in enumerate(names) if wanted and wanted in name]
    if len(parts) == 1:
        return parts[0]
    choices = ", ".join(f"{index} {name}" for index, name in enumerate(class_names))
    problem = "fits more than one class" if parts else "is not a class of this data set"
    given = f"{str(label)[:40]}..." if len(str(label)) > 40 else label
    raise BookError(f"label '{given}' {problem}; choose one of: {choices}")


@dataclass(frozen=True)
class Pairs:
    """Images of two kinds, or sides, A and B, in memory; all uint8, values 0 to 255, scaled in the graph.

    sides: what the two are, as in ("satellite", "map").
    a, b: training images ``[n_a, s, s, 3]`` and ``[n_b, s, s, 3]``; where s is more than the size of the test images,
        a square of their size is to be cropped out at random (`gan_book.datasets.batches` does).
    val_a, val_b, test_a, test_b: ``[m, size, size, 3]``, to choose by and to report.
    paired: whether ``a[i]`` and ``b[i]`` show the same thing, pixel by pixel or as nearly as the set has it.
    test_paired: the same of the validation and the test images; without it no score against the truth is possible.
    test_names: what the test images show, in order; empty where that has no name.
    """

    name: str
    sides: tuple[str, str]
    a: np.ndarray
    b: np.ndarray
    val_a: np.ndarray
    val_b: np.ndarray
    test_a: np.ndarray
    test_b: np.ndarray
    paired: bool
    test_paired: bool
    test_names: tuple[str, ...] = ()

    @property
    def image_shape(self):
        """``(size, size, 3)``, of what a network sees."""
        return tuple(self.test_a.shape[1:])

    @property
    def train_size(self):
        """Number of training images an epoch shows of each side."""
        return min(len(self.a), len(self.b))

    def validation(self):
        """The same with its validation images in place of the test images: to choose settings by."""
        name = f"{self.name}, validation"
        return replace(self, name=name, test_a=self.val_a, test_b=self.val_b, test_names=())

    def swapped(self):
        """The same with A and B in each other's place."""
        return replace(
            self,
            sides=self.sides[::-1],
            a=self.b,
            b=self.a,
            val_a=self.val_b,
            val_b=self.val_a,
            test_a=self.test_b,
            test_b=self.test_a,
        )


def jittered_size(image_size, jitter=True):
    """Side of the training images from which squares of ``image_size`` are cropped.

    Isola et al. 2017, section 6.2, "random jitter": resized to 286, cropped to 256; other sizes in proportion.
    """
    return round(image_size * 286 / 256) if jitter else image_size


def balanced_subset(labels, limit, seed):
    """Indices of ``limit`` samples, the classes as equally represented as the data allow.

    Every class is shuffled; then the first of each class are taken, the second of each, and so on. A class that runs
    out leaves its places to the others. With the same seed a smaller subset is part of a larger one.

    Args:
        labels: integers ``[n]``.
        limit: how many; all if there are not more.
        seed: of the shuffling.

    Returns:
        Sorted integer array of at most ``limit`` indices.

    Raises:
        BookError: ``limit`` is less than 1.
    """
    if limit < 1:
        raise BookError(f"the limit is {limit}; at least 1 image is needed")
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = labels[order]
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = shuffled == label
        rank[members] = np.arange(np.count_nonzero(members))
    return np.sort(order[np.argsort(rank, kind="stable")[:limit]])


def holdout(labels, seed, fraction=0.1):
    """Splits a set at random into a training and a test part.

    Of every class ``fraction`` is held out, rounded to the nearest whole number; where that is none at all, one image
    of the largest class.

    Args:
        labels: integers ``[n]``, n at least 2.

    Returns:
        Two sorted integer arrays: indices to train on, indices held out (at least one each).
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    held = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        held.extend(members[: round(fraction * len(members))])
    if not held:
        largest = np.argmax(np.bincount(labels))
        held = order[labels[order] == largest][:1]
    held = np.sort(np.asarray(held))
    return np.setdiff1d(np.arange(len(labels)), held), held


def subset(count, limit, seed):
    """Indices of ``limit`` of ``count`` samples without classes, as `balanced_subset` chooses them; None for all."""
    return np.arange(count) if limit is None else balanced_subset(np.zeros(count, "int32"), limit, seed)
