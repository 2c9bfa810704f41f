"""A folder of images as a data set."""

import glob
import hashlib
import json
import os
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np

from gan_book import paths
from gan_book.datasets.dataset import Dataset, holdout
from gan_book.datasets.images import SkippedImages, children, decode, decode_all, images_below, images_in
from gan_book.errors import BookError

DEFAULT_SIZE = 64
_TEST_NAMES = ("test", "validation", "val")
_CACHE_VERSION = 1


def load_folder(folder, image_size=None, seed=0):
    """Reads a folder of images.

    Each sub-folder (searched to any depth) is a class; without sub-folders there is one class, named after the folder.
    With a sub-folder ``train`` and one of ``test``, ``validation``, ``val`` (the first of these that exists), those are
    the two parts, each laid out as above. Otherwise 10 % of each class, at least one image in all, drawn with ``seed``,
    are held out as the test part (see `gan_book.datasets.dataset.holdout`).

    How a file becomes pixels is told in `gan_book.datasets.images.decode`. If every image is grey there is 1 channel,
    else 3. Hidden files and files that are not named like images are passed over; those that cannot be read, or that
    lie outside the classes, are left out with one `SkippedImages` warning. The pixels are kept in the cache folder and
    read from there while the files stay the same.

    Args:
        folder: path.
        image_size: side of the square images; 64 if not given.
        seed: of the hold-out.

    Returns:
        `Dataset`.

    Raises:
        BookError: no such folder, or too few images in it that can be read.
    """
    folder = Path(folder)
    splits, strays = _find(folder)
    size = image_size or DEFAULT_SIZE
    labelled = splits["train"] + splits["test"]
    files = [path for _, path in labelled]
    if not files:
        raise BookError(f"{folder} holds no images; put pictures in it, or in one sub-folder per class")
    images, readable, unread = _decode_cached(folder, files, size)
    skipped = [(path.relative_to(folder).as_posix(), reason) for path, reason in [*strays, *unread]]
    if not len(images):
        raise BookError(f"none of the {len(files):,} image files in {folder} can be used: {' '.join(skipped[0])}")
    if skipped:
        warnings.warn(SkippedImages(folder, skipped), stacklevel=2)

    classes = [labelled[index][0] for index in readable]
    names = sorted(set(classes), key=lambda name: (name.lower(), name))
    labels = np.array([names.index(name) for name in classes], "int32")
    train = np.flatnonzero(readable < len(splits["train"]))
    test = np.flatnonzero(readable >= len(splits["train"]))
    if not len(test) or not len(train):
        if len(images) < 2:
            raise BookError(f"{folder} has only one image; at least 2 are needed, one of them to test with")
        train, test = holdout(labels, seed)
    return Dataset(
        name=folder.resolve().name,
        images=images[train],
        labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        class_names=tuple(names),
    )


def _find(folder):
    """``{"train": [(class, path), ...], "test": [...]}`` and the files outside any class, as ``(path, reason)``."""
    folders = {child.name.lower(): child for child in children(folder) if child.is_dir()}
    test = next((folders[name] for name in _TEST_NAMES if name in folders), None)
    if "train" not in folders or test is None:
        files, strays = _labelled(folder, folder)
        return {"train": files, "test": []}, strays
    (train_files, train_strays), (test_files, test_strays) = (
        _labelled(part, folder) for part in (folders["train"], test)
    )
    known = {label for label, _ in train_files}
    unknown = [(path, "is of a class without training images") for label, path in test_files if label not in known]
    test_files = [(label, path) for label, path in test_files if label in known]
    return {"train": train_files, "test": test_files}, [*train_strays, *test_strays, *unknown]


def _labelled(part, folder):
    """Images of one split with their classes, and those outside every class."""
    classes = {child.name: images_below(child) for child in children(part) if child.is_dir()}
    loose = images_in(part)
    files = [(label, path) for label, members in classes.items() for path in members]
    if files:
        return files, [(path, "lies outside the class folders") for path in loose]
    return [(folder.resolve().name, path) for path in loose], []


def _decode_cached(folder, files, size):
    """``images, indices of the files they are of, [(path, reason), ...] for the others``."""
    path = _cache_path(folder, files, size)
    arrays = paths.read_cache(path)
    if arrays is None or arrays.keys() != {"images", "readable", "unread"}:
        images, readable, unread = _decode_all(files, size)
        columns = np.array([(str(index), reason) for index, reason in unread]).reshape(-1, 2).astype(str)
        arrays = {"images": images, "readable": readable, "unread": columns}
        paths.write_cache(path, arrays, "the decoded images")
        _forget_older(path)
    unread = [(files[int(index)], str(reason)) for index, reason in arrays["unread"]]
    return arrays["images"], arrays["readable"], unread


def _decode_all(files, size):
    images, readable, unread = decode_all(files, lambda path: decode(path, size), (size, size, 3))
    if all((image == image[..., :1]).all() for image in images):
        images = images[..., :1]
    return images, readable, unread


def _cache_path(folder, files, size):
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    key = hashlib.sha256(json.dumps([_CACHE_VERSION, size, facts]).encode()).hexdigest()[:16]
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    return paths.cache_dir() / "images" / f"{folder.resolve().name}-{place}-{size}-{key}.npz"


def _forget_older(path):
    """Removes what was kept of the same folder and size when its files were others."""
    same_folder_and_size = path.name.rpartition("-")[0] + "-"
    for older in path.parent.glob(f"{glob.escape(same_folder_and_size)}*"):
        if older != path:
            with suppress(OSError):  # a cache is not worth a training
                older.unlink()
