"""Which files of a folder hold images of two kinds, in which split, and which of them belong together."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gan_book.datasets.decode import UnreadableImage, decode, decode_halves
from gan_book.datasets.files import children, images_below, images_in
from gan_book.errors import BookError

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
