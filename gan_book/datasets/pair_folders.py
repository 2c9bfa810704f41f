"""Which files of a folder hold images of two kinds, in which split, and which of them belong together."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gan_book.datasets.dataset import Pairs, holdout, jittered_size, subset
from gan_book.datasets.images import (
    SkippedImages,
    UnreadableImage,
    children,
    decode,
    decode_all,
    decode_halves,
    images_below,
    images_in,
)
from gan_book.errors import BookError, megabytes

_SPLITS = {"train": ("train",), "val": ("val", "validation"), "test": ("test",)}


@dataclass(frozen=True)
class Source:
    """Where an image comes from, or a pair of them.

    file: to name when it cannot be read.
    read: function of a size that returns uint8 ``[size, size, 3]``, of a pair ``[2, size, size, 3]``.
    """

    file: Path
    read: Callable

    def half(self, side):
        """One image of a pair: 0 is A's, 1 is B's."""
        return Source(self.file, lambda size: self.read(size)[side])


@dataclass(frozen=True)
class PairFiles:
    """The images of both sides, by split: "train", and "val" and "test" where the folder has them.

    pairs: ``{split: [Source of a pair, ...]}``, without the splits whose images do not pair up.
    a, b: ``{split: [Source, ...]}``; empty where each file holds both images.
    strays: ``[(file, reason), ...]`` of images outside all splits.
    """

    pairs: dict
    a: dict
    b: dict
    strays: list


def find_pair_files(folder):
    """Looks for images of two kinds in a folder.

    With sub-folders ``trainA`` and ``trainB`` (perhaps also ``valA``, ``valB``, ``testA``, ``testB``), or just ``A``
    and ``B``, each side has its own files. Two files are a pair if their names are equal but for the ending and a
    closing ``_A`` or ``_B``; a split is taken to consist of pairs only if each of its files has exactly one partner.

    Otherwise each file has two squares side by side, A on the left: the files below ``train`` (and ``val`` or
    ``validation``, ``test``), or without such a sub-folder those that lie directly in the folder.

    Args:
        folder: path.

    Returns:
        `PairFiles`.

    Raises:
        BookError: no such folder, or no images in these places.
    """
    folders = {child.name.lower(): child for child in children(folder) if child.is_dir()}
    loose = images_in(folder)
    strays = [(file, "lies outside the folders of the splits") for file in loose]
    a, b = _side(folders, "a"), _side(folders, "b")
    if "train" in a and "train" in b:
        pairs = {split: match(a[split], b[split]) for split in a.keys() & b.keys()}
        pairs = {split: matched for split, matched in pairs.items() if matched}
        return PairFiles(pairs, _sources(a, decode), _sources(b, decode), strays)
    both = _images(folders, _SPLITS)
    if "train" in both:
        return PairFiles(_sources(both, decode_halves), {}, {}, strays)
    if loose:
        return PairFiles(_sources({"train": loose}, decode_halves), {}, {}, [])
    raise BookError(
        f"{folder} holds no images to translate; put files with both pictures side by side in it, "
        "or the two kinds of pictures in its sub-folders trainA and trainB"
    )


def match(files_a, files_b):
    """Pairs files that differ only in their endings and a closing ``_A`` or ``_B``.

    Returns:
        list of `Source`, None unless each file has exactly one partner.
    """
    a, b = ({re.sub("_[AaBb]$", "", file.stem): file for file in files} for files in (files_a, files_b))
    if a.keys() != b.keys() or not len(files_a) == len(files_b) == len(a):
        return None
    return [Source(file, partial(_decode_both, file, b[name])) for name, file in a.items()]


def _decode_both(file_a, file_b, size):
    a = decode(file_a, size)
    try:
        return np.stack([a, decode(file_b, size)])
    except UnreadableImage as error:
        raise UnreadableImage(f"pairs with {file_b.name}, which {error}") from error


def _side(folders, side):
    """Files of trainA, valA and testA, or of A alone."""
    if f"train{side}" not in folders:
        return _images(folders, {"train": (side,)})
    return _images(folders, {split: [name + side for name in names] for split, names in _SPLITS.items()})


def _images(folders, names):
    """``{split: image files}`` of the first folder of those names that has any, without the splits that have none."""
    found = {split: [images_below(folders[name]) for name in each if name in folders] for split, each in names.items()}
    return {split: next(filter(None, files)) for split, files in found.items() if any(files)}


def _sources(files, read):
    return {split: [Source(file, partial(read, file)) for file in each] for split, each in files.items()}


_HELD_OUT = 0.1
_MOST_HELD_OUT = 500
_MOST_BYTES = 8 * 10**9


def load_pair_folder(folder, image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Reads a folder of images to translate.

    Where the images are is told in `gan_book.datasets.pair_folders.find_pair_files`. A part "val" without a part "test"
    is the test part. What is missing is drawn from the training images with ``seed``: 10 % to test with and 10 % to
    validate with, at least one and at most 500 each. If the training images do not pair up but the test images do, the
    validation part is drawn from those, so that it has a truth to compare with too.

    If the training images do pair up and ``paired`` is false, half of the pairs give A and the other half B. How a file
    becomes pixels is told in `gan_book.datasets.images`. Files that cannot be read are left out, as is what they pair
    with, with one `SkippedImages` warning.

    Args:
        folder: path.
        image_size: side of the images.
        limit: read only so many training images of each side.
        seed: of the hold-out, the halving and the choice that ``limit`` makes.
        paired: whether image i of both sides is to show the same thing.
        jitter: hold training images larger, to crop from (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `Pairs` with the sides "A" and "B".

    Raises:
        BookError: no such folder, too few images that can be read, no pairs where they are asked for, pairs to train
            with but not to test with, or more training images than 8 GB of memory hold.
    """
    folder = Path(folder)
    files = find_pair_files(folder)
    train, *held = _parts(folder, files, seed)
    if paired and len(train) == 2:
        raise no_pairs(folder)
    if not paired and len(train) == 1:
        train = _halve(folder, *train, seed)
    train = [[sources[index] for index in subset(len(sources), limit, seed)] for sources in train]
    size = jittered_size(image_size, jitter)
    _require_memory(folder, train, size)

    reader = _Reader(folder, files.strays)
    a, b = reader.read(train, size, "train")
    (val_a, val_b), (test_a, test_b) = (
        reader.read(part, image_size, purpose) for part, purpose in zip(held, ("validate", "test"), strict=True)
    )
    if reader.skipped:
        warnings.warn(SkippedImages(folder, reader.skipped), stacklevel=2)
    name, sides, test_paired = folder.resolve().name, ("A", "B"), len(held[-1]) == 1
    return Pairs(name, sides, a, b, val_a, val_b, test_a, test_b, paired, test_paired)


def no_pairs(name):
    """The error to raise where pairs are asked for of a set or a folder that has none."""
    return BookError(
        f"{name} has no pairs, its two kinds of images do not show the same things; "
        "train a CycleGAN on it, which needs none"
    )


def _parts(folder, files, seed):
    """What to train, validate and test with: each ``[sources of pairs]`` or ``[sources of A, sources of B]``."""
    if "train" in files.pairs:
        unpaired = (files.a.keys() | files.b.keys()) - files.pairs.keys()
        if unpaired:
            raise BookError(
                f"{folder} has pairs to train with, but not all files of its part '{min(unpaired)}' have a partner of "
                "the same name; rename or remove those that have none"
            )
        return [[pairs] for pairs in _three_ways(folder, files.pairs, seed)]
    held = files.pairs.get("test", [])
    if not held and "test" not in files.a.keys() | files.b.keys():
        held = files.pairs.get("val", [])
    if len(held) > 1:
        rest, drawn = _hold(held, _HELD_OUT, seed)
        both = {"val", "test"} <= files.pairs.keys()
        val, test = (files.pairs["val"], held) if both else (drawn, rest)
        return [[files.a["train"], files.b["train"]], [val], [test]]
    sides = [_three_ways(folder, side, seed) for side in (files.a, files.b)]
    return [list(part) for part in zip(*sides, strict=True)]


def _three_ways(folder, splits, seed):
    """Sources to train, validate and test with."""
    train, val, test = (splits.get(split, []) for split in ("train", "val", "test"))
    if not test:
        val, test = [], val
    missing = (not val) + (not test)
    if len(train) <= missing:
        raise BookError(
            f"{folder} has only {len(train)} images to train with; "
            f"at least {missing + 1} are needed, to hold some out for testing"
        )
    if not test:
        train, test = _hold(train, _HELD_OUT, seed)
    if not val:
        train, val = _hold(train, _HELD_OUT / (1 - _HELD_OUT) if missing == 2 else _HELD_OUT, seed)
    return train, val, test


def _hold(sources, fraction, seed):
    """The sources without those held out, and those."""
    parts = holdout(np.zeros(len(sources), "int32"), seed, min(fraction, _MOST_HELD_OUT / len(sources)))
    return tuple([sources[index] for index in part] for part in parts)


def _halve(folder, pairs, seed):
    """Sources of A from half of the pairs, of B from the others."""
    if len(pairs) < 2:
        raise BookError(f"{folder} has only one pair to train with; at least 2 are needed to train without pairs")
    order = np.random.default_rng(seed).permutation(len(pairs))
    chosen = np.sort(order[: len(pairs) // 2]), np.sort(order[len(pairs) // 2 :])
    return [[pairs[index].half(side) for index in half] for side, half in enumerate(chosen)]


def _require_memory(folder, train, size):
    needed = sum(map(len, train)) * (3 - len(train)) * 3 * size**2
    if needed > _MOST_BYTES:
        raise BookError(
            f"the training images of {folder} take {megabytes(needed)} of memory at {size} x {size} pixels, "
            f"more than {megabytes(_MOST_BYTES)}; set a limit or choose a smaller image size"
        )


class _Reader:
    """Reads parts and remembers in ``skipped`` what could not be read."""

    def __init__(self, folder, strays):
        self.folder = folder
        self.skipped = [self._named(*stray) for stray in strays]

    def read(self, part, size, purpose):
        """The images of A and of B, uint8 ``[n, size, size, 3]`` each; views of one array where they are pairs."""
        if len(part) == 2:
            return [self._images(sources, (size, size, 3), size, purpose) for sources in part]
        return self._images(*part, (2, size, size, 3), size, purpose).swapaxes(0, 1)

    def _images(self, sources, shape, size, purpose):
        images, _, unread = decode_all(sources, lambda source: source.read(size), shape)
        skipped = [self._named(sources[index].file, reason) for index, reason in unread]
        if not len(images):
            raise BookError(
                f"none of the {len(sources):,} files to {purpose} with in {self.folder} can be used: "
                f"{' '.join(skipped[0])}"
            )
        self.skipped += skipped
        return images

    def _named(self, file, reason):
        return file.relative_to(self.folder).as_posix(), reason
