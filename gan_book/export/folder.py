"""A folder of exported files: there whole or not at all, and never in the place of something else."""

import json
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path

from gan_book.errors import BookError
from gan_book.paths import UNREADABLE, writable_target

DESCRIPTION = "model.json"
IGNORED = ("__pycache__", ".DS_Store")  # what Python and a Mac leave in any folder


def writable_folder(path, run, overwrite=False):
    """Where to write a folder that the user asked for: the path with links resolved. Call it before the work.

    Args:
        path: as the user wrote it.
        run: folder of the run that is read.
        overwrite: whether an earlier export may be replaced.

    Returns:
        `pathlib.Path`.

    Raises:
        BookError: it is a file; it exists (an empty folder may); it holds what no export has written; the run is in it;
            or its parent cannot be written to.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    if Path(run).resolve().is_relative_to(target):
        raise BookError(f"--out {path} holds the run itself; name another folder")
    if target.is_dir():
        _require_replaceable(target, path, overwrite)
        _require_writable(target.parent, path)
    elif target.exists():
        raise BookError(f"--out {path} is a file; name a folder")
    else:
        above = next(folder for folder in target.parents if folder.exists())
        if not above.is_dir():
            raise BookError(f"--out {path} cannot be made: {above} is a file, not a folder; choose another path")
        writable_target(path)
    return target


def _require_replaceable(target, path, overwrite):
    present = {
        each.relative_to(target).as_posix()
        for each in target.rglob("*")
        if not each.is_dir() and not set(IGNORED) & set(each.parts)
    }
    if not present:
        return
    if not overwrite:
        raise BookError(f"--out {path} exists already; add --overwrite or name another folder")
    if other := sorted(present - _exported(target)):
        raise BookError(f"--out {path} holds {other[0]}, which no export wrote; move it away or name another folder")


def _exported(folder):
    """Names of the files that an earlier export wrote, as its description says."""
    try:
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return {DESCRIPTION, *(str(each["name"]) for each in about["files"])}
    except UNREADABLE:
        return set()


def listed(folder):
    """The list "files" of a description: all files in a folder but the description itself, each name and bytes."""
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != DESCRIPTION)
    return [{"name": each.relative_to(folder).as_posix(), "bytes": each.stat().st_size} for each in files]


def _require_writable(parent, path):
    if not os.access(parent, os.W_OK | os.X_OK):
        raise BookError(f"--out {path} cannot be replaced: {parent} is read-only; choose another folder")


@contextmanager
def atomic_folder(target):
    """A context with a new folder to write to, which takes the place of `target` when the block ends without an error.

    What was at `target` is removed then; after an error it is as before, and nothing of the new folder is left.
    """
    token = secrets.token_hex(8)
    part, old = (target.with_name(f".{token}.{ending}") for ending in ("part", "old"))
    target.parent.mkdir(parents=True, exist_ok=True)
    part.mkdir()
    try:
        yield part
        # A folder cannot be renamed over one that holds something, so the old one is moved aside, for a moment.
        if target.exists():
            target.replace(old)
        try:
            part.replace(target)
        except BaseException:
            if old.exists():
                old.replace(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:  # Ctrl-C too
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(target)
        raise
