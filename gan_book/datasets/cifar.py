"""CIFAR-10 in its binary version (the other one is made of pickles, which the book never reads)."""

import numpy as np

from gan_book.datasets.fetch import checked_file, fetch_record, fetched_path
from gan_book.errors import BookError

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
