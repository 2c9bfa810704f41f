"""Where the book keeps its files, how it writes them, and what can be wrong with them."""

import os
import struct
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent
DATA = BOOK / "data"
PRETRAINED = BOOK / "pretrained"
RESULTS = BOOK / "results"

# What zipfile, numpy and Keras raise at damaged files; RuntimeError for flags ("encrypted", an unknown compression)
# that a flipped bit has set.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def cache_dir():
    """Folder for fetched data, decoded image folders and intermediate results, all of which can be had again.

    It is ``$GAN_BOOK_CACHE`` or ``~/.cache/gan_book``.
    """
    return Path(os.environ.get("GAN_BOOK_CACHE") or Path.home() / ".cache" / "gan_book")


@contextmanager
def atomic_write(path, mode="wb"):
    """Open a temporary file beside ``path`` and rename it to ``path`` when the block ends without an exception.

    A reader of ``path`` therefore sees the old file or the whole new one, whenever the process is killed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        encoding = None if "b" in mode else "utf-8"
        with os.fdopen(handle, mode, encoding=encoding, newline=None if encoding is None else "") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
