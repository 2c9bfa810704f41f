"""What every loader returns: `Dataset` or `Pairs`; and how some images of a set are chosen."""

import difflib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np

from gan_book.errors import BookError, counted

_SHOWN = 3  # names, of more than four


@dataclass(frozen=True)
class Dataset:
    """Labelled images in memory. Explained in chapter 6.

    Attributes:
        name: of the set, or of the folder.
        images, test_images: uint8 ``[n, height, width, channels]``, values 0 to 255; scaling happens in the graph.
        labels, test_labels: int32 ``[n]``, from 0 to ``len(class_names) - 1``.
        class_names: tuple of texts.
        val_images, val_labels: the same for validation; empty where the set has none.
        left_out: ``(path, reason)`` of the files in the set's folder that are not used.
        test_use: what `summary` says of the test images.
        remarks: more sentences for `summary`.
        title: what a report calls the set, the name if not given; see `validation`.
        attributes, val_attributes, test_attributes: what else is known of the images: dict from the name of an
            attribute to values, ``[n]``; empty where nothing is.
        credit: whom to name below pictures made of this set, or "".

    Raises:
        BookError: arrays of another type or shape, labels outside the classes, or not one label and one value of an
            attribute for each image.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    val_images: np.ndarray = None
    val_labels: np.ndarray = None
    left_out: tuple = ()
    test_use: str = "to test with"
    remarks: tuple[str, ...] = ()
    title: str | None = None
    attributes: dict = field(default_factory=dict)
    val_attributes: dict = field(default_factory=dict)
    test_attributes: dict = field(default_factory=dict)
    credit: str = ""

    def __post_init__(self):
        if self.title is None:
            object.__setattr__(self, "title", self.name)
        require_images(f"{self.name}: images", self.images)
        if self.val_images is None:
            object.__setattr__(self, "val_images", self.images[:0])
            object.__setattr__(self, "val_labels", np.zeros(0, "int32"))
        for part in ("", "test_", "val_"):
            images, labels = getattr(self, f"{part}images"), getattr(self, f"{part}labels")
            require_images(f"{self.name}: {part}images", images)
            labels = require_labels(f"{self.name}: {part}labels", labels, len(images), len(self.class_names))
            object.__setattr__(self, f"{part}labels", labels)
            require_attributes(f"{self.name}: {part}attributes", getattr(self, f"{part}attributes"), len(images))
            if images.shape[1:] != self.images.shape[1:]:
                shapes = f"{list(images.shape[1:])} where the images have {list(self.images.shape[1:])}"
                raise BookError(f"{self.name}: {part}images have the shape {shapes}")

    def summary(self):
        """One line: the classes and how many training images each has, how many there are to test with, what is left
        out.
        """
        counts = np.bincount(self.labels, minlength=self.num_classes)
        classes = [f"{name} ({count:,})" for name, count in zip(self.class_names, counts, strict=True)]
        kinds = f"{self.num_classes:,} {'class' if self.num_classes == 1 else 'classes'}: {shown_names(classes)}"
        test = f"{len(self.test_images):,} {self.test_use}"
        val = [f"{len(self.val_images):,} to validate with"] * bool(len(self.val_images))
        dark = nearly_black(self.images)
        return said([kinds, *val, test, *self.remarks, *([f"the images are {dark}"] if dark else [])], self.left_out)

    def validation(self):
        """The same set with its validation images in place of the test images, for choosing settings.

        Raises:
            BookError: the set has none.
        """
        if not len(self.val_images):
            raise BookError(f"'{self.name}' has no validation images; leave out --validation to use the test images")
        return replace(
            self,
            title=f"{self.name}, validation",
            test_images=self.val_images,
            test_labels=self.val_labels,
            test_attributes=self.val_attributes,
        )

    def __repr__(self):
        return f"<Dataset {self.name}: {self.summary()}>"  # not its arrays

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
        """How many classes there are."""
        return len(self.class_names)

    def label_index(self, label):
        """The number of a class given by number or name.

        Names are compared without regard to case, unless two differ in nothing else; a part of a name will do if only
        one class has it ("boot").

        Raises:
            BookError: no class, or more than one, fits ``label``.
        """
        return find_label(label, self.class_names)


def find_label(label, class_names):
    """See `Dataset.label_index`; works on the names alone, as a saved run has them."""
    if label in class_names:
        return class_names.index(label)
    wanted, names = folded(label), [folded(name) for name in class_names]
    if names.count(wanted) == 1:  # before the number, for folders whose classes are called "10", "20", ...
        return names.index(wanted)
    if wanted.isdecimal() and len(wanted) < 10 and int(wanted) < len(class_names):
        return int(wanted)
    parts = [index for index, name in enumerate(names) if wanted and wanted in name]
    if len(parts) == 1:
        return parts[0]
    choices = ", ".join(f"{index} {name}" for index, name in enumerate(class_names))
    problem = "fits more than one class" if parts else "is not a class of this data set"
    given = f"{str(label)[:40]}..." if len(str(label)) > 40 else label
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"; did you mean '{class_names[names.index(close[0])]}'?" if close and not parts else ""
    raise BookError(f"label '{given}' {problem}; choose one of: {choices}{hint}")


def folded(name):
    """A name as names are compared: case, spaces around it and the way its accents are coded do not count.

    A Mac writes the umlaut of a folder's name as two characters, a keyboard as one.
    """
    return unicodedata.normalize("NFC", str(name)).strip().lower()


@dataclass(frozen=True)
class Pairs:
    """Images of two kinds, or sides, A and B, in memory; all uint8, values 0 to 255, scaled in the graph.

    Explained in chapters 10 and 11.

    Attributes:
        name: of the set, or of the folder.
        sides: names of the two, as in ("satellite", "map").
        a, b: training images ``[n_a, h, w, 3]`` and ``[n_b, h, w, 3]``; where they are larger than the test images,
            `gan_book.datasets.batches` crops a part of that size at random.
        val_a, val_b, test_a, test_b: ``[m, height, width, 3]``, for choosing settings and for reporting.
        paired: whether ``a[i]`` and ``b[i]`` show the same thing, pixel by pixel or as nearly as the set has it.
        test_paired: the same of the validation and test images; without it no score against the truth is possible.
        test_names: what the test images show, in order; empty where that has no name.
        left_out: ``(path, reason)`` of the files in the set's folder that are not used.
        remarks: more sentences for `summary`.
        title: what a report calls the set, the name if not given; see `validation`.
        kind: "cats" or "faces" if pictures of these are translated (`gan_book.metrics.drawings` scores them), or "".
        val_attributes, test_attributes: what is known of the images of both sides: dict from the name of an attribute
            to values, ``[m]``; empty where nothing is.
        credit: whom to name below pictures made of this set, or "".

    Raises:
        BookError: arrays of another type or shape, or pairs of which one is missing.
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
    left_out: tuple = ()
    remarks: tuple[str, ...] = ()
    title: str | None = None
    kind: str = ""
    val_attributes: dict = field(default_factory=dict)
    test_attributes: dict = field(default_factory=dict)
    credit: str = ""

    def __post_init__(self):
        if self.title is None:
            object.__setattr__(self, "title", self.name)
        for part in ("val", "test"):
            attributes, images = getattr(self, f"{part}_attributes"), getattr(self, f"{part}_a")
            require_attributes(f"{self.name}: {part}_attributes", attributes, len(images))
        for part in ("a", "b", "val_a", "val_b", "test_a", "test_b"):
            images = getattr(self, part)
            require_images(f"{self.name}: {part}", images)
            least, channels = self.image_shape[:2], self.image_shape[2]
            wanted = least if "_" in part else self.a.shape[1:3]
            if images.shape[1:] != (*wanted, channels) or wanted[0] < least[0] or wanted[1] < least[1]:
                shapes = f"{list(images.shape[1:])}, those of test_a {list(self.image_shape)}"
                raise BookError(f"{self.name}: the images of {part} have the shape {shapes}; give all the same")
        paired = [("a", "b")] * self.paired + [("val_a", "val_b"), ("test_a", "test_b")] * self.test_paired
        for a, b in paired:
            if len(getattr(self, a)) != len(getattr(self, b)):
                lengths = f"{len(getattr(self, a)):,} images and {b} {len(getattr(self, b)):,}"
                raise BookError(f"{self.name}: {a} has {lengths}; pairs are as many on either side")

    def summary(self):
        """One line: how many pairs, or images of each side, to train, validate and test with; what is left out."""
        one, other = self.sides
        train = f"{len(self.a):,} of {one} and {len(self.b):,} of {other} to train with, without pairs"
        if self.paired:
            train = f"{counted(len(self.a), 'pair')} of {one} and {other} to train with"
        held = [
            f"{len(a):,}{'' if self.test_paired or len(a) == len(b) else f' and {len(b):,}'} to {purpose} with"
            for purpose, a, b in (("validate", self.val_a, self.val_b), ("test", self.test_a, self.test_b))
        ]
        dark = [
            f"the images of {side} are {dark}"
            for side, images in zip(self.sides, (self.a, self.b), strict=True)
            if (dark := nearly_black(images))
        ]
        return said([train, *held, *self.remarks, *dark], self.left_out)

    def __repr__(self):
        return f"<Pairs {self.name}: {self.summary()}>"  # not its arrays

    @property
    def image_shape(self):
        """``(height, width, 3)`` of the images that a network is given."""
        return tuple(self.test_a.shape[1:])

    @property
    def train_size(self):
        """Number of training images an epoch shows of each side."""
        return min(len(self.a), len(self.b))

    def validation(self):
        """The same set with its validation images in place of the test images, for choosing settings."""
        title = f"{self.name}, validation"
        held = {"test_a": self.val_a, "test_b": self.val_b, "test_attributes": self.val_attributes}
        return replace(self, title=title, test_names=(), **held)

    def swapped(self):
        """The same set with A and B exchanged."""
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


def require_images(what, images):
    """Refuses arrays that are not images in the book's form.

    Raises:
        BookError: anything but uint8 ``[n, height, width, 1 or 3]``.
    """
    shape = getattr(images, "shape", None)
    if shape is None or len(shape) != 4 or shape[-1] not in (1, 3):
        form = f"of shape {list(shape)}" if shape is not None else f"a {type(images).__name__}"
        raise BookError(f"{what} must be an array [n, height, width, channels] with 1 or 3 channels, and is {form}")
    if images.dtype != np.uint8:
        raise BookError(
            f"{what} must be uint8, 0 to 255, and is {images.dtype}; if its values are from 0 to 255 use "
            "images.astype('uint8'), if they were scaled undo that first"
        )


def require_labels(what, labels, count, classes=None):
    """Labels as int32 ``[n]``.

    Raises:
        BookError: not one whole number for each of ``count`` images, or a number that is not a class.
    """
    labels = np.asarray(labels)
    if labels.shape != (count,):
        form = f"{len(labels):,} labels" if labels.ndim == 1 else f"labels of shape {list(labels.shape)}"
        raise BookError(f"{what} must be one number for each image; there are {count:,} images but {form}")
    if labels.dtype.kind not in "iu":
        raise BookError(f"{what} must be whole numbers, and are {labels.dtype}")
    if len(labels) and (labels.min() < 0 or (classes is not None and labels.max() >= classes)):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        highest = "" if classes is None else f" to {classes - 1}"
        raise BookError(f"{what} must be from 0{highest}, and there is {wrong}")
    return labels.astype("int32", copy=False)


def require_attributes(what, attributes, count):
    """Raises BookError unless each attribute has one value for each of ``count`` images."""
    for name, values in attributes.items():
        if len(values) != count:
            raise BookError(f"{what}: '{name}' has {len(values):,} values for {count:,} images; give one for each")


def nearly_black(images):
    """A remark if all images are nearly black, else "": they may be class numbers, or scaled to 0 and 1 already."""
    most = int(images.max()) if images.size else 255
    return f"nearly black (no value above {most} of 255): is that a mask, or scaled already?" if most < 32 else ""


def shown_names(names, most=_SHOWN):
    """``"cat, dog, fox and 247 more"``."""
    names = list(names)
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def said(parts, left_out):
    """The parts of a summary, and what was left out: a few files by name, many by their number and ending."""
    endings = Counter((PurePath(path).suffix, reason) for path, reason in left_out)
    shown = []
    for path, reason in left_out:
        ending = (PurePath(path).suffix, reason)
        if endings[ending] > _SHOWN:
            shown.append(f"{path} and {endings.pop(ending) - 1:,} more {ending[0] or 'other'} files ({reason})")
        elif ending in endings:
            shown.append(path if reason == "is no picture" else f"{path} ({reason})")
    line = "; ".join([*parts, *([f"left out: {shown_names(shown, 5)}"] if shown else [])])
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)  # names may hold line breaks


def jittered_size(image_size, jitter=True):
    """Side of the training images from which parts of side ``image_size`` are cropped; for a pair of sides, both.

    Explained in chapter 10. Isola et al. 2017, section 6.2, "random jitter": resized to 286, cropped to 256; other
    sizes in proportion.
    """
    if isinstance(image_size, tuple):
        return tuple(jittered_size(side, jitter) for side in image_size)
    return round(image_size * 286 / 256) if jitter else image_size


def require_limit(limit):
    """Refuses what is no number of images.

    Raises:
        BookError: it is neither None nor a whole number from 1 on.
    """
    if limit is None:
        return
    if not isinstance(limit, int | np.integer) or isinstance(limit, bool):
        raise BookError(f"the limit is {limit!r}; give a whole number of images")
    if limit < 1:
        raise BookError(f"the limit is {limit}; at least 1 image is needed")


def require_seed(seed):
    """Refuses what nothing random can be drawn by.

    Raises:
        BookError: it is no whole number from 0 on.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise BookError(f"the seed is {seed!r}; give a whole number from 0 on")


def balanced_subset(labels, limit, seed):
    """Indices of ``limit`` samples, the classes as equally represented as the data allow.

    Every class is shuffled; then the first image of each class is taken, the second of each, and so on. A class that
    runs out leaves its places to the others. With the same seed a smaller subset is part of a larger one.

    Args:
        labels: integers ``[n]``.
        limit: how many; all if there are fewer.
        seed: of the shuffling.

    Returns:
        Sorted integer array of at most ``limit`` indices.

    Raises:
        BookError: ``limit`` is no whole number from 1 on.
    """
    require_limit(limit)
    # Each image's rank within its class, in a random order; then the lowest ranks of all classes together. The sort is
    # stable, so what is taken of the last, incomplete rank is random too.
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = labels[order]
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = shuffled == label
        rank[members] = np.arange(np.count_nonzero(members))
    return np.sort(order[np.argsort(rank, kind="stable")[:limit]])


def limited(labels, limit, seed, balanced):
    """Indices of the images to train on: all without a ``limit``, else `balanced_subset` or `subset` of them."""
    if limit is None:
        return np.arange(len(labels))
    return balanced_subset(labels, limit, seed) if balanced else subset(len(labels), limit, seed)


VALIDATION_IMAGES, VALIDATION_SEED = 5_000, 1


def validation_split(count):
    """Which of a set's own training images are trained on, and which are for validation: two sorted index arrays.

    A tenth is kept for validation, but at most 5,000: always the same, whatever the training's seed, and the very ones
    that the classifiers in ``pretrained/classifiers`` did not see either. Settings are chosen on them, so that the test
    images are looked at once, after everything has been decided.
    """
    order = np.random.default_rng(VALIDATION_SEED).permutation(count)
    held = min(VALIDATION_IMAGES, count // 10)
    return np.sort(order[held:]), np.sort(order[:held])


def holdout(labels, seed, fraction=0.1, least=1):
    """Splits a set at random into a training and a test part.

    ``fraction`` of the whole is held out, but at least ``least`` images; of each class in proportion, but never all of
    it. The remainder after rounding down goes to the classes with the largest fractions.

    Args:
        labels: integers ``[n]``, n at least 2.
        seed: of the choice.
        fraction: from 0 to 1.
        least: images.

    Returns:
        Two sorted integer arrays: indices to train on, indices held out (at least one each).

    Raises:
        BookError: every class has one image only.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    kinds, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
    spare = counts - 1
    if not spare.sum():
        raise BookError(
            f"each of the {len(kinds):,} classes has a single image; at least one needs a second, to test with"
        )
    wanted = min(max(least, round(fraction * len(labels))), spare.sum())
    exact = wanted * counts / len(labels)
    share = np.minimum(exact.astype(int), spare)
    nearest = np.lexsort((first, -(exact - share)))  # equally near ones in the order of the shuffled images
    while share.sum() < wanted:
        able = nearest[share[nearest] < spare[nearest]]
        share[able[: wanted - share.sum()]] += 1
    held = np.concatenate([order[labels[order] == kind][:count] for kind, count in zip(kinds, share, strict=True)])
    held = np.sort(held)
    return np.setdiff1d(np.arange(len(labels)), held), held


def subset(count, limit, seed):
    """Indices of ``limit`` of ``count`` samples without classes, as `balanced_subset` chooses them; None for all."""
    return np.arange(count) if limit is None else balanced_subset(np.zeros(count, "int32"), limit, seed)
