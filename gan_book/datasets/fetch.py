"""Getting the larger data sets from where they are published."""

import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from gan_book import paths
from gan_book.datasets.archive import BadArchive, unpack
from gan_book.datasets.download import MirrorFailed, download, full_disk, is_full, length, megabytes
from gan_book.datasets.manifest import digest, fetchable, shipped, suggestion
from gan_book.errors import BookError

_RECORD = ".gan_book.json"


def fetch(name, target=None, progress=True, mirrors=None):
    """Downloads a data set, compares its checksum and unpacks it.

    Addresses are tried in order. What an interrupted download left in ``<folder>.part`` is used by the next one. The
    archive is unpacked beside the folder and renamed when complete, so the folder is there whole or not at all. The
    SHA-256 of the archive and of every file are recorded in it for `gan_book.datasets.check`; where none is published
    (the manifest then has null) there is nothing to compare the archive with, which is said. The manifest may have null
    for its size too; then the server's word counts.

    Args:
        name: a fetchable set of the manifest.
        target: folder to create; by default one in the cache folder, where `load` finds it.
        progress: show a bar and what happens.
        mirrors: addresses to use in place of the manifest's.

    Returns:
        Path of the folder. If it has been fetched before nothing is done.

    Raises:
        BookError: no such set, no address that gives it whole, no room on the disk, ``target`` is something else.
    """
    entry = _entry(name)
    folder = paths.expanded(target).resolve() if target else _default_folder(name)
    if (folder / _RECORD).is_file():
        return folder
    part = _prepare(folder)
    try:
        return _fetch_from_any(mirrors or entry["mirrors"], name, entry, part, folder, Console(quiet=not progress))
    finally:
        if not length(part):
            part.unlink(missing_ok=True)


def fetched_path(name):
    """Folder of a set that `fetch` put into the cache folder.

    Raises:
        BookError: no such set, or not fetched yet.
    """
    _entry(name)
    folder = _default_folder(name)
    if not (folder / _RECORD).is_file():
        raise BookError(f"{name} has not been fetched; run: gan-book data fetch {name}")
    return folder


def fetch_record(folder):
    """What `fetch` recorded in a folder: ``{"name", "url", "sha256", "pinned", "files": {path: sha256}}``."""
    try:
        return json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BookError(f"{folder / _RECORD} cannot be read ({error}); delete {folder} and fetch it again") from error


def checked_file(folder, name, record):
    """Path of a fetched file that is as it was when it was fetched; `record` as `fetch_record` gives it.

    Raises:
        BookError: missing or changed.
    """
    path = folder / name
    if not path.is_file() or digest(path) != record["files"].get(name):
        raise BookError(f"{path} is missing or has changed since it was fetched; delete {folder} and fetch it again")
    return path


def _entry(name):
    if name in shipped():
        raise BookError(f"{name} ships with the book; there is nothing to fetch")
    if name not in fetchable():
        known = ", ".join(fetchable())
        raise BookError(f"there is no data set '{name}' to fetch (there are {known}){suggestion(name, fetchable())}")
    return fetchable()[name]


def _default_folder(name):
    return paths.cache_dir() / "datasets" / name


def _prepare(folder):
    """Path of the partial download beside ``folder``, made sure to be writable."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BookError(f"{folder} is there already and was not made by fetch; choose another target, or remove it")
    if folder == Path.cwd():
        raise BookError(f"{folder} is the folder you are in; name one inside it as the target")
    part = folder.with_name(f"{folder.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
    except OSError as error:
        raise BookError(f"nothing can be written to {part.parent} ({error.strerror}); choose another target") from error
    return part


def _fetch_from_any(urls, name, entry, part, folder, console):
    reasons = []
    for url in urls:
        try:
            return _fetch_from(url, name, entry, part, folder, console)
        except (MirrorFailed, BadArchive) as error:
            reasons.append(f"{urlsplit(url).netloc} {error}")
    left = f" (the {megabytes(length(part))} there are so far are kept in {part})" if length(part) else ""
    raise BookError(f"could not fetch {name}: {'; '.join(reasons)}; check the network and try again{left}")


def _fetch_from(url, name, entry, part, folder, console):
    if urlsplit(url).scheme not in ("http", "https"):
        raise MirrorFailed(f"is no web address: {url}")
    resumed = length(part) > 0
    try:
        _download_verified(url, name, entry, part, console)
    except BadArchive:
        if not resumed:
            raise
        _download_verified(url, name, entry, part, console)  # what was there before may have been at fault
    _install(url, name, entry, part, folder, console)
    return folder


def _download_verified(url, name, entry, part, console):
    with _bar(name, entry["bytes"], console) as advance:
        download(url, part, entry["bytes"], advance)
    try:
        _verify(part, entry)
    except BadArchive:
        part.unlink()
        raise


def _verify(part, entry):
    size = length(part)
    if entry["bytes"] not in (None, size):
        raise BadArchive(f"gave {size:,} bytes instead of {entry['bytes']:,}")
    for algorithm in ("sha256", "md5"):
        published = entry.get(algorithm)
        if published and digest(part, algorithm) != published:
            raise BadArchive(f"gave a file without the published {algorithm.upper()}")


def _install(url, name, entry, part, folder, console):
    """Unpacks beside ``folder``, records the sums, renames."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        unpack(part, entry["archive"], scratch)
        files = {path.relative_to(scratch).as_posix(): digest(path) for path in _files(scratch)}
        record = {"name": name, "url": url, "sha256": digest(part), "pinned": bool(entry["sha256"]), "files": files}
        with paths.atomic_write(scratch / _RECORD, "w") as file:
            json.dump(record, file, indent=1)
        scratch.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()  # on Windows a folder takes no other's place, though that be empty
        scratch.replace(folder)
    except BadArchive:
        part.unlink()
        raise
    except OSError as error:
        if is_full(error):
            raise full_disk(part) from error
        raise BookError(
            f"{name} cannot be unpacked in {folder.parent} ({error.strerror}); choose another target"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    part.unlink()
    console.print(f"{name}: {len(files):,} files in {folder}", highlight=False, soft_wrap=True)
    if not record["pinned"]:
        console.print(
            f"{name}: no checksum is published for it; the one of what came, {record['sha256'][:16]}..., "
            "is recorded for later checks",
            highlight=False,
            soft_wrap=True,
        )


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def _bar(name, size, console):
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=size)
        yield lambda there, total: progress.update(task, completed=there, total=total or size)
