"""The files of MNIST and Fashion-MNIST (IDX) and of CIFAR-10 (its binary version, because the book never unpickles)."""

import gzip
import math
import struct
import zlib

import numpy as np

from gan_book.datasets.fetch import checked_file, fetch_record, fetched_path
from gan_book.datasets.manifest import verified_path
from gan_book.errors import BookError, require_memory

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
        BookError: not gzip, truncated, another magic number, fewer or more values than the header promises, or more
            than fit in memory.
    """
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    start = 4 + 4 * dimensions
    try:
        with gzip.open(path) as file:
            head = file.read(start)
            if head[:4] != magic or len(head) < start:
                raise BookError(
                    f"{path} is not an IDX file of {dimensions}-dimensional unsigned bytes: "
                    f"it starts with {head[:4].hex(' ')}, not {magic.hex(' ')}"
                )
            shape = struct.unpack(f">{dimensions}I", head[4:])
            promised = math.prod(shape)
            require_memory(promised, f"{path}, by its header,", "get it again")
            content = file.read(promised + 1)  # a small gzip file can unpack to terabytes; one byte too many is enough
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BookError(f"{path} is truncated or not a gzip file ({error}); get it again") from error
    if len(content) != promised:
        there = "more" if len(content) > promised else f"{len(content):,}"
        raise BookError(f"{path} holds {there} values where its header promises {promised:,}")
    return np.frombuffer(content, np.uint8).reshape(shape)


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
    classes = len(entry["class_names"])
    if len(labels) and labels.max() >= classes:
        raise BookError(
            f"{files[f'{split}_labels']['path']} has a label {labels.max()}, and there are classes 0 to {classes - 1}; "
            "restore it with git checkout"
        )
    return images[..., np.newaxis], labels.astype("int32")


CIFAR_COPY = "cifar10_jpeg75"  # the folder that `tools/cifar_folder.py` writes: CIFAR-10, but as JPEG
_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE


def read_batch(path):
    """Reads one ``.bin`` file: records of a label byte and 3,072 pixels, channel after channel, row after row.

    Returns:
        uint8 images ``[n, 32, 32, 3]`` and int32 labels ``[n]``.

    Raises:
        BookError: the length is no multiple of a record, or a label is not one of 0 to 9.
    """
    content = np.fromfile(path, np.uint8)
    if content.size == 0 or content.size % _RECORD:
        raise BookError(f"{path} is truncated: {content.size:,} bytes are no multiple of {_RECORD:,}; fetch it again")
    records = content.reshape(-1, _RECORD)
    labels = records[:, 0].astype("int32")
    if labels.max() > 9:
        raise BookError(f"{path} is damaged: it has a label {labels.max()} where only 0 to 9 exist; fetch it again")
    images = records[:, 1:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


def load_cifar10():
    """Reads the fetched set, comparing each file with the sum recorded when it was fetched.

    Returns:
        ``(images, labels), (test_images, test_labels)`` as `read_batch` returns them, the five training files joined.

    Raises:
        BookError: not fetched, or damaged since.
    """
    folder = fetched_path("cifar10")
    record = fetch_record(folder)
    training = [read_batch(checked_file(folder, f"data_batch_{i}.bin", record)) for i in range(1, 6)]
    images, labels = (np.concatenate(parts) for parts in zip(*training, strict=True))
    return (images, labels), read_batch(checked_file(folder, "test_batch.bin", record))
