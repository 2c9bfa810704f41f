"""Data sets: ``load("fashion_mnist")``, ``load("a/folder/of/images")``; to translate: ``load_pairs("earth")``.

They return a `Dataset` or `Pairs`: arrays in memory. Chapters 6 to 9 learn from the first, 10 and 11 from the second.
`gan_book.datasets.batches` is imported separately: it needs Keras, handling files does not.
"""

import os
from dataclasses import replace
from functools import partial
from pathlib import PurePath

from gan_book.datasets.cats import load_cats
from gan_book.datasets.dataset import (
    Dataset,
    Pairs,
    find_label,
    limited,
    require_limit,
    require_seed,
    validation_split,
)
from gan_book.datasets.drawings import DRAWN_PAIRS, load_drawn_pairs
from gan_book.datasets.earth import load_earth
from gan_book.datasets.emoji import load_emoji
from gan_book.datasets.faces import load_faces
from gan_book.datasets.fetch import fetched_path
from gan_book.datasets.folders import load_folder
from gan_book.datasets.images import LARGEST_SIZE, SkippedImages, parse_size, resize, sides
from gan_book.datasets.manifest import fetchable, shipped, suggestion
from gan_book.datasets.mnist import CIFAR_COPY, load_cifar10, load_idx
from gan_book.datasets.pair_folders import load_pair_folder, no_pairs
from gan_book.errors import BookError, counted, require_memory
from gan_book.paths import expanded

__all__ = [
    "LARGEST_SIZE",
    "Dataset",
    "Pairs",
    "SkippedImages",
    "find_label",
    "load",
    "load_pairs",
    "names",
    "pair_names",
    "parse_size",
    "title_of",
]
_DRAWN = {"cats": load_cats, "faces": load_faces}  # in the size that is asked for
_SHIPPED_PAIRS = {
    "earth": load_earth,
    "emoji": load_emoji,
    **{name: partial(load_drawn_pairs, name) for name in DRAWN_PAIRS},
}


# As people write them.
TITLES = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "earth": "the Earth",
    "emoji": "emoji",
    **{name: pair.title for name, pair in DRAWN_PAIRS.items()},
    "facades": "building facades",
    "maps": "maps of New York",
}
FOLDERS = {CIFAR_COPY: "CIFAR-10 (JPEG copy)"}  # of which the texts show results


def title_of(name_or_path):
    """The name of a set for titles and sentences: "Fashion-MNIST"; of a folder its own name."""
    name, comma, part = str(name_or_path).partition(", ")  # "mnist, validation"
    folder = PurePath(name).name or name
    return TITLES.get(name, FOLDERS.get(folder, folder)) + comma + part


def names():
    """Names that `load` knows, a tuple; anything else is a folder."""
    return (*(name for name, entry in shipped().items() if "class_names" in entry), "cifar10")


def pair_names():
    """Names that `load_pairs` knows, a tuple; anything else is a folder."""
    return (*_SHIPPED_PAIRS, *(name for name, entry in fetchable().items() if entry["kind"] in ("pairs", "unpaired")))


def load(name_or_path, image_size=None, limit=None, seed=0, balanced=True):
    """Loads a labelled set of images into memory. Chapter 6 shows one.

    Args:
        name_or_path: one of `names`, or the path of a folder of images, which `gan_book.datasets.folders.load_folder`
            reads (write ``./mnist`` for a folder with the name of a set).
        image_size: side of square images, or ``(height, width)``, or "64x96" (height x width); if not given the set's
            own size, and 64 for cats, faces and a folder.
        limit: train on only so many images. Of the book's sets all test images are kept; of a folder no more is read
            than is needed, see `gan_book.datasets.folders.load_folder`.
        seed: of the choice that ``limit`` makes, and of the hold-out of a folder without a test part.
        balanced: ``limit`` makes the classes as equal as the data allow (see
            `gan_book.datasets.dataset.balanced_subset`). False: ignore the labels (for chapters that train without
            them).

    Returns:
        `Dataset` with uint8 images ``[n, height, width, channels]``, 1 channel if all are grey, else 3. Its `summary()`
        says in a line how the set was read. Of the book's sets, some training images are kept apart for validation:
        5,000 of MNIST (see `gan_book.datasets.dataset.validation_split`). Cats and faces have `attributes`.

    Raises:
        BookError: nothing of that name; damaged or not fetched; a size, a limit or a seed that makes no sense; too
            large for the memory.
    """
    if image_size is not None:
        sides(image_size)
    require_limit(limit)
    require_seed(seed)
    name = str(name_or_path)
    if name not in names():
        return load_folder(_folder(name), image_size, seed, limit, balanced)
    if name in _DRAWN:
        return _DRAWN[name](64 if image_size is None else image_size, limit, seed, balanced)
    data = _load_named(name)
    if limit is not None:
        which = limited(data.labels, limit, seed, balanced)
        data = replace(data, images=data.images[which], labels=data.labels[which])
    return _resized(data, image_size)


def _load_named(name):
    entry = shipped().get(name) or fetchable()[name]
    (images, labels), (test_images, test_labels) = load_idx(entry) if entry["kind"] == "idx" else load_cifar10()
    train, val = validation_split(len(images))
    return Dataset(
        name,
        images[train],
        labels[train],
        test_images,
        test_labels,
        tuple(entry["class_names"]),
        images[val],
        labels[val],
    )


def _resized(data, image_size):
    height, width = data.image_shape[:2] if image_size is None else sides(image_size)
    if (height, width) == data.image_shape[:2]:
        return data
    count = len(data.images) + len(data.val_images) + len(data.test_images)
    what = f"{counted(count, 'image')} of {data.name} at {height} x {width} pixels"
    require_memory(count * height * width * data.image_shape[2], what, "take a smaller --image-size or set a --limit")
    parts = {part: resize(getattr(data, part), (height, width)) for part in ("images", "val_images", "test_images")}
    return replace(data, **parts)


def _folder(name):
    known = f"the sets are {', '.join(names())}"
    if name in pair_names():
        kind = "unpaired images" if fetchable().get(name, {}).get("kind") == "unpaired" else "pairs of images"
        raise BookError(f"{name} has {kind} to translate, not classes to learn; use another set ({known})")
    return _existing(name, "data set", known, names())


def _existing(name, what, known, choices):
    if not name:  # which would be the folder one happens to be in
        raise BookError(f"the name of the {what} is empty; name a set or a folder ({known})")
    folder = expanded(name)
    if not os.path.exists(folder):  # noqa: PTH110 - that of Path raises where a name is too long
        raise BookError(f"there is no {what} and no folder called '{name}' ({known}){suggestion(name, choices)}")
    if not os.path.isdir(folder):  # noqa: PTH112
        raise BookError(f"{name} is a file, not a folder of pictures; if it is an archive, unpack it first")
    return folder


def load_pairs(name_or_path, image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Loads images to translate from one side to the other into memory. Explained in chapters 10 and 11.

    Args:
        name_or_path: one of `pair_names`, or the path of a folder, which `gan_book.datasets.pair_folders` reads (write
            ``./maps`` for a folder with the name of a set).
        image_size: side of square images, or ``(height, width)``, or "64x96" (height x width).
        limit: train on only so many images of each side; validation and test images are all kept.
        seed: of the choice that ``limit`` makes, and of a split that the set does not come with.
        paired: True: training image i shows the same thing on both sides (pix2pix). False: no two training images of
            A and B do (CycleGAN); sets of pairs are divided, one part gives A and the other B. Validation and test
            images keep their pairs.
        jitter: hold training images larger than ``image_size``, so that `gan_book.datasets.batches` can crop from
            them (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `gan_book.datasets.Pairs`. Its `summary()` says in a line how the set was read.

    Raises:
        BookError: nothing of that name; damaged or not fetched; no pairs where they are asked for; a size, a limit
            or a seed that makes no sense; too large for the memory.
    """
    height, width = sides(image_size)
    require_limit(limit)
    require_seed(seed)
    size = height if height == width else (height, width)
    name = str(name_or_path)
    options = {"image_size": size, "limit": limit, "seed": seed, "paired": paired, "jitter": jitter}
    if name in _SHIPPED_PAIRS:
        return _SHIPPED_PAIRS[name](**options)
    if name in pair_names():
        if paired and fetchable()[name]["kind"] == "unpaired":
            raise no_pairs(name)
        pairs = load_pair_folder(fetched_path(name), **options)
        return replace(pairs, name=name, title=name, sides=tuple(fetchable()[name]["sides"]))
    return load_pair_folder(_pair_folder(name), **options)


def _pair_folder(name):
    known = f"the sets are {', '.join(pair_names())}"
    if name in shipped() or name in fetchable():
        raise BookError(f"{name} has classes to learn, not images to translate; use another set ({known})")
    return _existing(name, "set of images to translate", known, pair_names())
