"""The image files of a folder: finding them, reading them on all cores, saying which were left out."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gan_book.datasets.decode import UnreadableImage, extensions
from gan_book.errors import BookError
from gan_book.wording import counted


class SkippedImages(UserWarning):
    """Some files of a folder were left out.

    Attributes:
        skipped: list of ``(path, reason)``.
    """

    def __init__(self, folder, skipped):
        shown = "; ".join(f"{path} {reason}" for path, reason in skipped[:3])
        more = f"; and {len(skipped) - 3:,} more" if len(skipped) > 3 else ""
        super().__init__(f"{counted(len(skipped), 'file')} of {folder} left out: {shown}{more}")
        self.skipped = skipped


def children(folder):
    """What lies directly in a folder, by name; hidden files and folders are passed over.

    Raises:
        BookError: it is no folder, or may not be read.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise BookError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return [child for child in found if not child.name.startswith((".", "__MACOSX"))]


def images_in(folder):
    """Files directly in a folder that are named like images."""
    return [child for child in children(folder) if child.is_file() and child.suffix.lower() in extensions()]


def pictures_in(folder):
    """`images_in`, of which there must be some.

    Raises:
        BookError: there is none.
    """
    files = images_in(folder)
    if not files:
        raise BookError(f"{folder} holds no pictures; put some in it, or name another folder")
    return files


def images_below(folder):
    """Files at any depth below a folder that are named like images; links to folders are not followed."""
    found = []
    for child in children(folder):
        if child.is_dir() and not child.is_symlink():
            found.extend(images_below(child))
        elif child.is_file() and child.suffix.lower() in extensions():
            found.append(child)
    return found


def decode_all(sources, read, shape):
    """Reads many images at once, a thread for each core.

    Args:
        sources: what to read, one a result.
        read: function of a source that returns uint8 of ``shape`` or raises `UnreadableImage`.
        shape: of one result.

    Returns:
        uint8 ``[n, *shape]`` of the readable sources, int64 ``[n]`` of their indices, and a list of
        ``(index, reason)`` for the others.
    """

    def attempt(source):
        try:
            return read(source)
        except UnreadableImage as error:
            return str(error)

    images = np.empty((len(sources), *shape), np.uint8)
    readable, unread = [], []
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # what Pillow has to say of odd files; those it cannot read are reported
        for index, result in enumerate(pool.map(attempt, sources)):
            if isinstance(result, str):
                unread.append((index, result))
            else:
                images[len(readable)] = result
                readable.append(index)
    return images[: len(readable)], np.array(readable, dtype=np.int64), unread
