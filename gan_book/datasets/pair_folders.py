"""Which files of a folder hold images of two kinds, in which split, and which of them belong together."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from gan_book.datasets import layout
from gan_book.datasets.dataset import Pairs, holdout, jittered_size, shown_names, subset
from gan_book.datasets.images import (
    SkippedImages,
    UnreadableImage,
    decode,
    decode_all,
    decode_halves,
    extensions,
    sides,
)
from gan_book.errors import BookError, counted, require_memory

_PARTS = ("train", "val", "test")
_MOST_ALONE = 0.1  # of all names: how many may lack a partner where the others are pairs


@dataclass(frozen=True)
class Source:
    """Where an image comes from, or a pair of them.

    file: to name when it cannot be read.
    read: function of a size that returns uint8 ``[height, width, 3]``, of a pair ``[2, height, width, 3]``.
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
    left_out: `gan_book.datasets.layout.LeftOut`.
    alone: ``{split: sentence}`` that names a file without a partner, of the splits whose images do not pair up.
    """

    pairs: dict
    a: dict
    b: dict
    left_out: layout.LeftOut
    alone: dict

    def without(self, files):
        """The same without some files."""

        def kept(splits):
            sources = {split: [each for each in members if each.file not in files] for split, members in splits.items()}
            return {split: members for split, members in sources.items() if members}

        pairs = kept(self.pairs)
        gone = self.pairs.keys() - pairs.keys()  # pairs with one side unreadable: then the other is of no use
        a, b = ({split: each for split, each in kept(side).items() if split not in gone} for side in (self.a, self.b))
        return replace(self, pairs=pairs, a=a, b=b)


def find_pair_files(folder):
    """Looks for images of two kinds in a folder.

    Each side may have its own folders: ``trainA`` and ``trainB``, or ``A`` and ``B``, or ``A/train`` and ``B/train``,
    or ``train/A`` and ``train/B``; perhaps the same for "val" and "test". Any usual name of these parts is understood
    (see `gan_book.datasets.layout.part_of`). Two files are a pair if their paths below these folders are equal except
    for the ending and a final ``_A``, ``_B`` or ``_mask``. A split consists of pairs only if each of its files has
    exactly one partner, or nearly all have and the others can be left out.

    Otherwise each file has two images side by side, A on the left: the files below the folders of the parts, or without
    such folders the files directly in the folder.

    Args:
        folder: path.

    Returns:
        `PairFiles`.

    Raises:
        BookError: no such folder, no images in these places, or another layout.
    """
    folder = Path(folder)
    left_out = layout.LeftOut(folder)
    tree = layout.walk(folder, left_out)
    while len(tree.folders) == 1 and not tree.loose and not _means_something(tree.folders[0]):
        (tree,) = tree.folders
    two, used = _two_sides(tree, left_out)
    if two:
        _leave_out(tree, used, left_out)
        return _matched(two, left_out)
    parts = {part: each for each in tree.folders if (part := layout.part_of(each.name))}
    if "train" in parts:
        both = layout.parts(tree, left_out) if len(parts) > 1 else parts
        if len(parts) == 1:
            _leave_out(tree, parts.values(), left_out)
        pictures = {part: both[part].pictures for part in _PARTS if part in both}
        return PairFiles(_sources(pictures, decode_halves), {}, {}, left_out, {})
    if tree.loose:
        for each in tree.folders:
            left_out.skip(each.path, "lies beside pictures that are taken for pairs")
        return PairFiles(_sources({"train": tree.loose}, decode_halves), {}, {}, left_out, {})
    names = [each.name for each in tree.folders]
    found = f", but the folders {shown_names(names)}" if names else layout.other_files(tree)
    raise BookError(
        f"{folder} holds no images to translate{found}; put files with both pictures side by side in it, "
        "or the two kinds of pictures in its sub-folders trainA and trainB"
    )


def _means_something(tree):
    return layout.part_of(tree.name) or layout.side_of(tree.name)


def _leave_out(tree, used, left_out):
    for each in tree.folders:
        if each not in used:
            left_out.skip(each.path, f"lies beside {shown_names([other.name for other in used])}")
    for picture in tree.loose:
        left_out.skip(picture, "lies outside the folders of the splits")


def _two_sides(tree, left_out):
    """``{"a": {part: Tree}, "b": ...}`` and the folders these are from; two empty ones if the sides have no folders.

    Raises:
        BookError: only some of the folders that one would expect are there.
    """
    named = [(layout.side_of(each.name), each) for each in tree.folders]
    named = [(meaning, each) for meaning, each in named if meaning]
    within = [each for each in tree.folders if layout.part_of(each.name)]
    by_part = [each for each in within if any(layout.side_of(child.name) for child in each.folders)]
    if by_part and not named:  # train/A, train/B, test/A, ...
        if by_part != within:
            raise BookError(
                f"{by_part[0].path} has the folders {shown_names([child.name for child in by_part[0].folders])}, "
                f"but {next(each for each in within if each not in by_part).path} has not; lay them out alike"
            )
        named = [((layout.part_of(each.name), _side(child)), child) for each in within for child in each.folders]
        return _by_side(tree, named), within
    used = [each for _, each in named]
    if not named:
        return {}, used
    if any(part for (part, _), _ in named):  # trainA, trainB; or A and B to train with, beside testA and testB
        named = [((part or "train", side), each) for (part, side), each in named]
        return _by_side(tree, named), used
    inner = {each.path: [(layout.part_of(child.name), child) for child in each.folders] for _, each in named}
    with_parts = [any(part for part, _ in children) for children in inner.values()]
    if not any(with_parts):
        return _by_side(tree, [(("train", side), each) for (_, side), each in named]), used
    if not all(with_parts):
        has, lacks = (
            next(each for (_, each), its in zip(named, with_parts, strict=True) if its is want)
            for want in (True, False)
        )
        raise BookError(
            f"{has.path} has folders of parts ({has.folders[0].name}) and {lacks.path} has none; lay them out alike"
        )
    for _, each in named:
        _leave_out(each, [child for part, child in inner[each.path] if part], left_out)
    named = [((part, side), child) for (_, side), each in named for part, child in inner[each.path] if part]
    return _by_side(tree, named), used


def _side(tree):
    meaning = layout.side_of(tree.name)
    if meaning is None or meaning[0]:
        raise BookError(f"{tree.path} lies where only folders A and B are expected; rename it or take it away")
    return meaning[1]


def _by_side(tree, named):
    found = {"a": {}, "b": {}}
    for (part, side), each in named:
        if part in found[side]:
            one, other = (here.path.relative_to(tree.path).as_posix() for here in (found[side][part], each))
            raise BookError(f"{tree.path} has {one} and {other}, which mean the same; rename one of them")
        found[side][part] = each
    for side, parts in found.items():
        if "train" not in parts:
            there = [each.path.relative_to(tree.path).as_posix() for _, each in named]
            raise BookError(
                f"{tree.path} holds no images to translate: it has {shown_names(there)}, but none of side "
                f"{side.upper()} to train with; put them into train{side.upper()}"
            )
    return found


def _matched(two, left_out):
    pairs, alone, files = {}, {}, {side: {part: each.pictures for part, each in two[side].items()} for side in "ab"}
    for part in two["a"].keys() & two["b"].keys():
        found, left, reason = match(two["a"][part], two["b"][part])
        if found:
            pairs[part] = found
            for file in left:
                left_out.skip(file, "has no partner of its name")
        else:
            alone[part] = f"{left_out.named(reason[0])} {reason[1]}"
    a, b = ({part: files[side][part] for part in _PARTS if part in files[side]} for side in "ab")
    return PairFiles(pairs, _sources(a, decode), _sources(b, decode), left_out, alone)


def match(a, b):
    """Pairs files that differ only in their endings and a closing ``_A``, ``_B`` or what a mask is called by.

    Args:
        a, b: `gan_book.datasets.layout.Tree`s of the two sides.

    Returns:
        list of `Source`, files without a partner, and None. If more than a few have no partner, or a name occurs twice:
        None, no files, and one file with the reason.
    """
    # First by the whole path below the side's folder, then by the file's name alone, for sides whose sub-folders
    # differ. The reason that is reported is that of the first try, which is what most people mean.
    best = None
    for key in (_path_key, _name_key):
        one, other = ({}, {})
        for tree, keys in ((a, one), (b, other)):
            for file in tree.pictures:
                keys.setdefault(key(file, tree.path), []).append(file)
        twice = [files for keys in (one, other) for files in keys.values() if len(files) > 1]
        shared = [name for name in one if name in other]
        left = [
            file
            for keys, there in ((one, other), (other, one))
            for name in keys.keys() - there.keys()
            for file in keys[name]
        ]
        few = shared and len(left) <= _MOST_ALONE * len(one.keys() | other.keys())
        if not twice and few:
            return [_pair(one[name][0], other[name][0]) for name in shared], sorted(left), None
        if twice:
            reason = twice[0][0], "is there twice, or with another ending"
        else:
            reason = min(left), f"has no partner ({counted(len(shared), 'pair')}, {counted(len(left), 'file')} alone)"
        best = best or reason
    return None, [], best


def _path_key(file, root):
    return (*file.relative_to(root).parent.parts, _name_key(file, root))


def _name_key(file, root):
    name = file.name
    while Path(name).suffix.lower() in extensions():  # `gan-book translate` makes x.bmp.png of x.bmp
        name = Path(name).stem
    return re.sub("_([AaBb]|masks?|gt|labels?|segmentations?)$", "", name)


def _pair(file_a, file_b):
    return Source(file_a, partial(_decode_both, file_a, file_b))


def _decode_both(file_a, file_b, size):
    a = decode(file_a, size)
    try:
        return np.stack([a, decode(file_b, size)])
    except UnreadableImage as error:
        raise UnreadableImage(f"pairs with {file_b.name}, which {error}") from error


def _sources(files, read):
    return {split: [Source(file, partial(read, file)) for file in each] for split, each in files.items()}


_HELD_OUT = 0.1
_MOST_HELD_OUT = 500


def load_pair_folder(folder, image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Reads a folder of images to translate.

    `find_pair_files` says where the images are. A validation part without a test part is used for testing. Missing
    parts are held out from the training images, chosen by ``seed``: 10 % to test with and 10 % to validate with, at
    least one and at most 500 each. If the training images do not pair up but the test images do, the validation part is
    taken from the test images, so that it has a truth to compare with too.

    If the training images are pairs and ``paired`` is False, half of the pairs give A and the other half B. Files that
    cannot be read are left out together with their partners, with one `SkippedImages` warning; if that empties a part
    for validation or test, it is held out from the training images instead.

    Args:
        folder: path.
        image_size: see `gan_book.datasets.images.sides`.
        limit: read only so many training images of each side.
        seed: of the hold-out, the halving and the choice that ``limit`` makes.
        paired: whether image i of both sides must show the same thing.
        jitter: keep training images larger, to crop from (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `Pairs` with the sides "A" and "B".

    Raises:
        BookError: no such folder, too few images that can be read, no pairs where `paired` wants them, pairs to
            train with but not to test with, or more training images than fit in memory.
    """
    folder = Path(folder)
    files = find_pair_files(folder)
    shape = sides(image_size)
    options = {"shape": shape, "larger": jittered_size(shape, jitter), "limit": limit, "seed": seed, "paired": paired}
    while True:
        try:
            pairs = _load(folder, files, **options)
            break
        except _NothingReadable as part:
            if part.purpose == "train":
                advice = "; if the two kinds lie in folders of their own, call these A and B (in each part)"
                raise BookError(f"{part}{'' if files.b else advice}") from None
            for file, reason in part.unread.items():
                files.left_out.skip(file, reason)
            files = files.without(part.unread)
    if files.left_out.skipped:
        warnings.warn(SkippedImages(folder, files.left_out.skipped), stacklevel=2)
    return replace(pairs, left_out=(*files.left_out.skipped, *files.left_out.others))


class _NothingReadable(Exception):
    """No file of a part can be read: its purpose, and the files with the reasons."""

    def __init__(self, folder, purpose, unread):
        file, reason = next(iter(unread.items()))
        inside = file.relative_to(folder).as_posix()
        super().__init__(
            f"none of the {len(unread):,} files to {purpose} with in {folder} can be used: {inside} {reason}"
        )
        self.purpose, self.unread = purpose, unread


def _load(folder, files, shape, larger, limit, seed, paired):
    train, *held = _parts(folder, files, seed)
    if paired and len(train) == 2:
        raise no_pairs(folder, files.alone.get("train", ""))
    if not paired and len(train) == 1:
        train = _halve(folder, *train, seed)
    train = [[sources[index] for index in subset(len(sources), limit, seed)] for sources in train]
    _require_memory(folder, train, held, larger, shape)

    unread = {}
    a, b = _read(folder, train, larger, "train", unread)
    (val_a, val_b), (test_a, test_b) = (
        _read(folder, part, shape, purpose, unread) for part, purpose in zip(held, ("validate", "test"), strict=True)
    )
    for file, reason in unread.items():
        files.left_out.skip(file, reason)
    drawn = [
        word
        for part, word in (("val", "validate"), ("test", "test"))
        if part not in files.pairs.keys() | files.a.keys()
    ]
    remarks = (f"those to {' and '.join(drawn)} with are held out",) if drawn else ()
    name, both, test_paired = layout.named_class(folder.resolve().name), ("A", "B"), len(held[-1]) == 1
    return Pairs(name, both, a, b, val_a, val_b, test_a, test_b, paired, test_paired, remarks=remarks)


def no_pairs(name, why=""):
    """The error to raise where a set or a folder has no pairs but needs some; ``why``: which file has no partner."""
    said = f"by the names of its files: {why}" if why else "its two kinds of images do not show the same things"
    return BookError(f"{name} has no pairs, {said}; train a CycleGAN on it, which needs none")


def _parts(folder, files, seed):
    """What to train, validate and test with: each ``[sources of pairs]`` or ``[sources of A, sources of B]``."""
    if "train" in files.pairs:
        unpaired = (files.a.keys() | files.b.keys()) - files.pairs.keys()
        if unpaired:
            part = min(unpaired)
            raise BookError(
                f"{folder} has pairs to train with, but not all files of its part '{part}' have a partner of the same "
                f"name: {files.alone.get(part, 'one side has none')}; rename or remove those that have none"
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
            f"{folder} has only {counted(len(train), 'image')} to train with; "
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


def _require_memory(folder, train, held, larger, shape):
    count = sum(map(len, train)) * (3 - len(train))
    rest = sum(len(sources) * (3 - len(part)) for part in held for sources in part)
    needed = 3 * (count * larger[0] * larger[1] + rest * shape[0] * shape[1])
    what = f"{counted(count + rest, 'image')} of {folder} at {shape[0]} x {shape[1]} pixels"
    require_memory(needed, what, "set a --limit or take a smaller --image-size")


def _read(folder, part, shape, purpose, unread):
    """The images of A and of B, uint8 ``[n, height, width, 3]`` each; views of one array where they are pairs.

    Files that cannot be read are added to ``unread`` with the reason.
    """
    if len(part) == 2:
        return [_images(folder, sources, (*shape, 3), shape, purpose, unread) for sources in part]
    return _images(folder, *part, (2, *shape, 3), shape, purpose, unread).swapaxes(0, 1)


def _images(folder, sources, form, shape, purpose, unread):
    images, _, failed = decode_all(sources, lambda source: source.read(shape), form)
    reasons = {sources[index].file: reason for index, reason in failed}
    if not len(images):
        raise _NothingReadable(folder, purpose, reasons)
    unread |= reasons
    return images
