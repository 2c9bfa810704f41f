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
        manifest = json.loads(path.read_text(encoding="utf-8"))
        _require_form(manifest)
        return manifest
    except FileNotFoundError:
        raise paths.incomplete(path) from None
    except (ValueError, RecursionError) as error:
        raise BookError(f"{path} is damaged ({error}); restore it with git checkout data/manifest.json") from error


def _require_form(manifest):
    """Raises `ValueError`, which names what is wrong, unless all is there that the rest of the book looks up."""
    for part in ("shipped", "fetchable"):
        for name, entry in _field(manifest, part, dict, "it").items():
            for key in ("title", "kind", "licence"):
                _field(entry, key, str, name)
            if entry["kind"] in ("idx", "cifar", "cats", "faces"):
                _texts(entry, "class_names", name)
            elif part == "fetchable":
                _texts(entry, "sides", name, 2)
            (_require_files if part == "shipped" else _require_source)(entry, name)


def _require_files(entry, name):
    for key, file in _field(entry, "files", dict, name).items():
        _field(file, "path", str, f"{name}, {key}")
        _field(file, "bytes", int, f"{name}, {key}")
        _field(file, "sha256", str, f"{name}, {key}")


def _require_source(entry, name):
    _texts(entry, "mirrors", name)
    if _field(entry, "archive", str, name) not in ("zip", "tar.gz"):
        raise ValueError(f"{name} has the archive '{entry['archive']}'")
    _field(entry, "bytes", int | None, name)
    _field(entry, "sha256", str | None, name)


def _field(entry, key, kind, name):
    if not isinstance(entry, dict) or key not in entry or not isinstance(entry[key], kind):
        raise ValueError(f"{name} has no valid '{key}'")
    return entry[key]


def _texts(entry, key, name, count=None):
    texts = _field(entry, key, list, name)
    if not texts or not all(isinstance(text, str) for text in texts) or count not in (None, len(texts)):
        raise ValueError(f"{name} has no valid '{key}'")


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
