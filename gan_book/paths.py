"""Where the book keeps its files, how it writes them, what can be wrong with them, and the cache."""

import hashlib
import os
import struct
import tempfile
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gan_book import paths
from gan_book.errors import BookError

BOOK = Path(__file__).resolve().parent.parent
DATA = BOOK / "data"
PRETRAINED = BOOK / "pretrained"
RESULTS = BOOK / "results"

# What zipfile, numpy and Keras raise at damaged files; RuntimeError for flags ("encrypted", an unknown compression)
# that a flipped bit has set; AttributeError and ImportError for a network that names what Keras does not have here.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    AttributeError,
    ImportError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def cache_dir():
    """Folder for fetched data, decoded image folders and intermediate results, all of which can be had again.

    It is ``$GAN_BOOK_CACHE`` or ``~/.cache/gan_book``.
    """
    return expanded(os.environ.get("GAN_BOOK_CACHE") or "~/.cache/gan_book")


def expanded(path):
    """The path with ``~`` replaced by a home folder.

    Raises:
        BookError: there is no such.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise BookError(f"{path} names a home folder that is not there; write the whole path") from None


def read_arrays(path):
    """The arrays of an ``.npz`` file as a dict; raises one of `UNREADABLE` if it is damaged anywhere."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():  # numpy alone would not look at bytes beyond a damaged array's end
            raise zipfile.BadZipFile(f"bad CRC-32 of {damaged}")
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


@contextmanager
def atomic_write(path, mode="wb"):
    """Open a temporary file beside ``path`` and rename it to ``path`` when the block ends without an exception.

    A reader of ``path`` therefore sees the old file or the whole new one, whenever the process is killed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        # A file name need not be text; what is not is written as \\u...
        text = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
        with os.fdopen(handle, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


_VERSION = 1  # of what is computed; a new one makes everything kept by `kept` be computed anew


def cached(name, compute, *inputs):
    """What ``compute()`` returns, worked out once for the same inputs on this machine.

    Args:
        name: of the computation, such as ``"reference/radii"``: also the folder and the beginning of the file's name.
        compute: function without arguments that returns a tuple of arrays, determined by the inputs.
        inputs: arrays, numbers and strings.

    Returns:
        A list of arrays.
    """
    path = paths.cache_dir() / f"{name}-{_digest(inputs)}.npz"
    arrays = read_cache(path)
    if arrays is None:
        arrays = {str(index): array for index, array in enumerate(compute())}
        write_cache(path, arrays, "intermediate results")
    return [arrays[str(index)] for index in range(len(arrays))]


def read_cache(path):
    """The arrays of a file of `write` as a dict, or None: never written, or damaged."""
    try:
        return paths.read_arrays(path)
    except paths.UNREADABLE:
        return None


def write_cache(path, arrays, what):
    """Keeps a dict of arrays for next time, whole or not at all; says so (``what``) where that is impossible."""
    try:
        with paths.atomic_write(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        warnings.warn(f"{what} were not cached in {path.parent}: {error.strerror}", stacklevel=3)


def _digest(inputs):
    digest = hashlib.sha256(str(_VERSION).encode())
    for each in inputs:
        array = np.ascontiguousarray(each)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()[:16]
