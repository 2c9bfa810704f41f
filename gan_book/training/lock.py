"""One process at a time in a run's folder.

Two trainings in one folder would overwrite each other's checkpoints. A lock of the operating system is used, not a file
whose existence means "locked": the system releases it when the process ends, however it ends, so a killed training
never leaves a folder locked.
"""

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
    """A context that holds the lock of `folder`, an existing folder.

    Where the file system has no locks (some network drives), nothing is locked.

    Raises:
        BookError: another process, or another notebook, holds it.
    """
    file = folder / LOCK
    handle = _held(file, folder)
    try:
        yield
    finally:
        # The file is removed while it is still locked. Another process that has opened it already gets the lock of a
        # file that no longer has a name; `_held` notices that and tries again with a new file.
        with suppress(OSError):
            if fcntl:
                file.unlink()
        os.close(handle)
        with suppress(OSError):
            if not fcntl:  # Windows removes no open file
                file.unlink()


def _held(file, folder):
    """The open, locked file."""
    # Opening and locking are two steps, and between them the holder may remove the file. Then this process would hold
    # the lock of the old file, and a third one that of a new file with the same name: both would train. So after
    # locking it checks that the name still leads to the file it has open.
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            busy = f"{folder} is being trained by another process, perhaps a notebook that is still open"
            raise BookError(f"{busy}; wait for it, end it, or choose another folder with --out") from None
        except OSError:
            return handle  # the file system has no locks
        if not fcntl or _is_still(file, handle):
            return handle
        os.close(handle)  # the process that held it has removed it in between


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
