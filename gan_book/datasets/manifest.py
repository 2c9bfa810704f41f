"""What `data/manifest.json` says of the data sets: files, sizes, checksums, licences, addresses."""

import difflib
import hashlib
import json
from functools import cache

from gan_book import paths
from gan_book.errors import BookError

_BLOCK = 1 << 20


@cache
def _manifest(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise paths.incomplete(path) from None
    except ValueError as error:
        raise BookError(f"{path} is damaged ({error}); restore it with git checkout data/manifest.json") from error


def shipped():
    """``{name: entry}`` of the sets in ``data/``."""
    return _manifest(paths.DATA / "manifest.json")["shipped"]


def fetchable():
    """``{name: entry}`` of the sets that `gan_book.datasets.fetch` downloads."""
    return _manifest(paths.DATA / "manifest.json")["fetchable"]


def suggestion(name, choices):
    """``"; did you mean 'x'?"`` if one of ``choices`` looks like ``name``, else ``""``."""
    close = difflib.get_close_matches(str(name).lower(), choices, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def digest(path, algorithm="sha256"):
    """Hexadecimal checksum of a file, read in blocks."""
    total = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


def verified_path(file):
    """Path of a shipped file whose size and SHA-256 are as the manifest says.

    Args:
        file: one of an entry's ``files``: ``{"path", "bytes", "sha256"}``.

    Raises:
        BookError: the file is missing or differs.
    """
    path = paths.DATA / file["path"]
    if not path.is_file():
        raise BookError(f"{path} is missing; restore it with git checkout data/{file['path']}")
    if path.stat().st_size != file["bytes"] or digest(path) != file["sha256"]:
        raise BookError(
            f"{path} does not have the SHA-256 in the manifest; restore it with git checkout data/{file['path']}"
        )
    return path
