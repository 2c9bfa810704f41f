"""Where the book keeps its files, and how it writes them."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent
DATA = BOOK / "data"
PRETRAINED = BOOK / "pretrained"
RESULTS = BOOK / "results"


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
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
