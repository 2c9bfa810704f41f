"""Where the book keeps its files, how it writes them, what can be wrong with them, and the cache.

Three promises are kept here. A file is there whole or not at all (`atomic_write`). A command never replaces a file that
it reads, nor one that exists without being told to (`writable_target`). And a cache never gives an old result for new
inputs (`cached`).
"""

import hashlib
import math
import os
import secrets
import stat
import struct
import warnings
import zipfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from gan_book.errors import BookError, counted

BOOK = Path(__file__).resolve().parent.parent
DATA = BOOK / "data"
PRETRAINED = BOOK / "pretrained"
RESULTS = BOOK / "results"

# What zipfile, numpy and Keras raise for damaged files; RuntimeError for flags ("encrypted", an unknown compression)
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


LONGEST_NAME = 255  # bytes of a file's name, on all usual file systems


def cache_dir():
    """Folder for fetched data, decoded image folders and intermediate results. All of it can be made again.

    It is ``$GAN_BOOK_CACHE`` or ``~/.cache/gan_book``.
    """
    return expanded(os.environ.get("GAN_BOOK_CACHE") or "~/.cache/gan_book")


def expanded(path):
    """The path with ``~`` replaced by a home folder.

    Raises:
        BookError: there is no such home folder.
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
    """A context with a file to write to, which is renamed to ``path`` when the block ends without an exception.

    A program that reads ``path`` therefore sees the old file or the whole new one, whenever the process is killed. A
    new file has the usual permissions (umask); one that is replaced keeps its own.

    Args:
        path: of the file; its folder is made if it does not exist.
        mode: "wb", or "w" for UTF-8 text.

    Raises:
        OSError: of writing, with ``path`` as its file name.
    """
    # Renaming is atomic only within one file system, so the temporary file is in the same folder, not in /tmp.
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    permissions = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    # Not named after `path`, whose name may have the greatest possible length already. O_EXCL: if the name exists,
    # perhaps as a link that someone has put there, it is an error and nothing is written through it. Where a file is
    # replaced, the new one is readable only for its owner until it has the old one's permissions.
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    create = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, create, 0o666 if permissions is None else 0o600)
    try:
        # A file name need not be text; what is not is written as \\u...
        text = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
        with os.fdopen(handle, mode, **text) as file:
            yield file
            # Without fsync the system may rename first and write the content later: after a power failure the name
            # would lead to an empty file.
            file.flush()
            os.fsync(file.fileno())
        if permissions is not None:
            temporary.chmod(permissions)
        temporary.replace(path)
    except BaseException as error:  # Ctrl-C too must not leave the temporary file behind
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # "No space left on device" does not say where
        raise


def finite_or_none(content):
    """Nested dicts and lists with None for every number that is not finite, which JSON cannot hold."""
    if isinstance(content, dict):
        return {key: finite_or_none(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite_or_none(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def writable_target(path, inputs=(), overwrite=False, flag="--out"):
    """Where to write a file that the user asked for: the path with links resolved. Call it before the work.

    It creates nothing; `atomic_write` makes the folders.

    Args:
        path: as the user wrote it.
        inputs: files and folders that the command reads, which are never written to.
        overwrite: whether an existing file may be replaced.
        flag: the flag that gave the path, for the message.

    Returns:
        `pathlib.Path`.

    Raises:
        BookError: it is an input; it exists and `overwrite` is False; it is a folder, a device or a pipe; its folder is
            no folder or cannot be written to; its name is too long.
    """
    return _writable(Path(path), _identities(inputs), overwrite, flag)


def writable_targets(paths, inputs=(), overwrite=False, flag="--out"):
    """`writable_target` of many files at once.

    Returns:
        dict from each path to where to write it, and a dict from each of the others to the reason (str) why it cannot
        be written.

    Raises:
        BookError: some exist already and `overwrite` is False; then write none of them.
    """
    known, writable, refused = _identities(inputs), {}, {}
    for path in map(Path, paths):
        try:
            writable[path] = _writable(path, known, True, flag)
        except BookError as error:
            refused[path] = str(error)
    existing = [path for path, target in writable.items() if target.exists()]
    if existing and not overwrite:
        raise BookError(
            f"{counted(len(existing), 'file')} in {flag} {existing[0].parent} would be replaced ({existing[0].name}"
            f"{', ...' if len(existing) > 1 else ''}); add --overwrite or name another folder"
        )
    return writable, refused


def _writable(path, inputs, overwrite, flag):
    # Links are followed first: `out.png` may be a link to an input, and renaming over a link would replace the link,
    # not the file it leads to. Two names can also mean one file without a link (hard links, a file system that ignores
    # case), so files are compared by device and number too.
    target = Path(os.path.realpath(path))
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in target.parts):
        raise BookError(f"{flag} {path} has a name that is too long; shorten it")
    try:
        status, itself = _status(target), _status(path)
    except OSError as error:  # such as links in a circle
        raise BookError(f"{flag} {path} cannot be written: {error.strerror}; name another file") from None
    if str(target) in inputs or (status and (status.st_dev, status.st_ino) in inputs):
        raise BookError(f"{flag} {path} is an input of this command and would be overwritten; name another file")
    if status is None and itself is None:
        _require_writable_folder(target.parent, path, flag)
        return target
    # /dev/stdout leads to what has no path, even where it looks like a link.
    if status is None or not stat.S_ISREG(status.st_mode) or (itself and not os.path.samestat(itself, status)):
        kind = "a folder" if target.is_dir() else "a device or a pipe"
        raise BookError(f"{flag} {path} is {kind}; name a file")
    if not overwrite:
        raise BookError(f"{flag} {path} exists already; add --overwrite or name another file")
    if not os.access(target, os.W_OK):
        raise BookError(f"{flag} {path} cannot be replaced: it is read-only; name another file")
    _require_writable_folder(target.parent, path, flag)
    return target


def _status(path):
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _require_writable_folder(folder, path, flag):
    """Raises BookError unless `folder`, or the first one above it that exists, can be written to."""
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise BookError(f"{flag} {path} cannot be written: {folder} is a file, not a folder; choose another path")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BookError(f"{flag} {path} cannot be written: {folder} is read-only; choose another folder")


def _identities(paths):
    """What identifies files under any name: their real paths; device and number, which hard links share."""
    found = set()
    for path in paths:
        found.add(os.path.realpath(path))
        with suppress(OSError):
            status = os.stat(path)  # noqa: PTH116 - a path may be a str
            found.add((status.st_dev, status.st_ino))
    return found


def incomplete(path):
    """The error for a file of the book that is missing because only the package was installed."""
    return BookError(
        f"{path} is missing: this is the program without the book's data and trained networks; clone the whole "
        "repository and run `pip install -e .` in it"
    )


_VERSION = 1  # of what is computed; with a new number everything that `cached` has kept is computed again


def cached(name, compute, *inputs):
    """What ``compute()`` returns, computed once for the same inputs on this machine.

    Args:
        name: of the computation, such as ``"reference/neighbours"``: the folder and the beginning of the file's name.
        compute: function without arguments that returns a tuple of arrays, determined by the inputs.
        inputs: arrays, numbers and strings.

    Returns:
        A list of arrays.
    """
    path = cache_dir() / f"{name}-{_digest(inputs)}.npz"
    arrays = read_cache(path)
    if arrays is None:
        arrays = {str(index): array for index, array in enumerate(compute())}
        write_cache(path, arrays, "intermediate results")
    return [arrays[str(index)] for index in range(len(arrays))]


def read_cache(path):
    """The arrays of a file of `write_cache` as a dict; None if it was never written, or is damaged."""
    try:
        return read_arrays(path)
    except UNREADABLE:
        return None


def write_cache(path, arrays, what):
    """Keeps a dict of arrays for the next time, whole or not at all; warns (``what`` it was) if that is impossible."""
    try:
        with atomic_write(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        warnings.warn(f"{what} were not cached in {path.parent}: {error.strerror}", stacklevel=3)


def _digest(inputs):
    """16 hexadecimal digits that stand for the inputs, their types and shapes included."""
    digest = hashlib.sha256(str(_VERSION).encode())
    for each in inputs:
        array = np.ascontiguousarray(each)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()[:16]
