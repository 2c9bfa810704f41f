"""The IDX format of MNIST: big-endian header (magic, dimensions), then the values."""

import gzip
import math
import struct
import zlib

import numpy as np

from gan_book.datasets.manifest import verified_path
from gan_book.errors import BookError

_UNSIGNED_BYTE = 0x08


def read_idx(path, dimensions):
    """Reads a gzip-compressed IDX file of unsigned bytes.

    The magic number is two zero bytes, the type code (8 = unsigned byte) and the number of dimensions; the length of
    each dimension follows as a 32-bit big-endian integer (http://yann.lecun.com/exdb/mnist/, "File formats").

    Args:
        path: the ``.gz`` file.
        dimensions: how many dimensions the array must have (3 for images, 1 for labels).

    Returns:
        uint8 array of the shape the header gives.

    Raises:
        BookError: not gzip, truncated, another magic number, or fewer or more values than the header promises.
    """
    try:
        with gzip.open(path) as file:
            content = file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BookError(f"{path} is truncated or not a gzip file ({error}); get it again") from error
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    start = 4 + 4 * dimensions
    if content[:4] != magic or len(content) < start:
        raise BookError(
            f"{path} is not an IDX file of {dimensions}-dimensional unsigned bytes: "
            f"it starts with {content[:4].hex(' ')}, not {magic.hex(' ')}"
        )
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    promised = math.prod(shape)
    if len(content) - start != promised:
        raise BookError(f"{path} holds {len(content) - start:,} values where its header promises {promised:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def load_idx(entry):
    """Reads the four files of a shipped set, checksums first.

    Args:
        entry: the set's entry in the manifest.

    Returns:
        ``(images, labels), (test_images, test_labels)``: uint8 ``[n, height, width, 1]`` and int32 ``[n]``.

    Raises:
        BookError: a file is missing, damaged, or does not fit the others.
    """
    return tuple(_load_split(entry, split) for split in ("train", "test"))


def _load_split(entry, split):
    files = entry["files"]
    images = read_idx(verified_path(files[f"{split}_images"]), 3)
    labels = read_idx(verified_path(files[f"{split}_labels"]), 1)
    if len(images) != len(labels):
        raise BookError(f"{files[f'{split}_images']['path']} has {len(images):,} images but {len(labels):,} labels")
    return images[..., np.newaxis], labels.astype("int32")
