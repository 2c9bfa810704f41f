"""One process at a time in a run's folder."""

import os
from contextlib import contextmanager, suppress

from gan_book.errors import BookError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

LOCK = ".lock"


@contextmanager
def locked(folder):
    """Holds the lock of `folder`, which is there; the system lets go of it when the process ends, however it ends.

    Where the file system knows no locks (some network drives), there is none.

    Raises:
        BookError: another process, or another notebook, holds it.
    """
    file = folder / LOCK
    handle = _held(file, folder)
    try:
        yield
    finally:
        # Removed while it is held: who opens it afterwards makes a new one (see `_held`).
        with suppress(OSError):
            if fcntl:
                file.unlink()
        os.close(handle)
        with suppress(OSError):
            if not fcntl:  # Windows removes no open file
                file.unlink()


def _held(file, folder):
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            busy = f"{folder} is being trained by another process, perhaps a notebook that is still open"
            raise BookError(f"{busy}; wait for it, end it, or choose another folder with --out") from None
        except OSError:
            return handle  # no locks here
        if not fcntl or _is_still(file, handle):
            return handle
        os.close(handle)  # the one who held it has removed it in between


def _lock(handle):
    if fcntl:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)


def _is_still(file, handle):
    """Whether the file that is open is the one that has its name now."""
    try:
        return os.path.samestat(file.stat(), os.fstat(handle))
    except OSError:
        return False
