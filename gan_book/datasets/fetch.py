"""Getting the larger data sets from where they are published: download, verify, unpack.

Everything that comes from the network is distrusted: sizes are bounded before and while they are read, names of an
archive's members may not lead out of its folder, links are refused, and nothing is unpickled or run.
"""

import errno
import gzip
import http.client
import json
import shutil
import socket
import ssl
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from gan_book import paths
from gan_book.datasets.images import extensions
from gan_book.datasets.manifest import digest, fetchable, shipped, suggestion
from gan_book.errors import BookError, megabytes

_UNPACK_BLOCK = 1 << 20
# Archives of images hardly shrink them; one that grows more than this is not what it says it is.
_MOST_GROWTH = 10
_MOST_HEADERS = 10_000_000  # bytes of a tar archive besides that: headers and padding of small files
_MOST_MEMBERS = 200_000
_DAMAGE = (
    EOFError,
    FileExistsError,
    NotADirectoryError,
    RuntimeError,  # an encrypted or unsupported zip member
    gzip.BadGzipFile,
    ValueError,  # a name that is none
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


class BadArchive(Exception):
    """The archive is damaged or cannot be trusted; the message follows the archive's name."""


def unpack(archive, kind, folder):
    """Unpacks into an empty folder. If everything lies in one folder of the archive, that folder's contents.

    Args:
        archive: path of the file.
        kind: "zip" or "tar.gz".
        folder: existing empty folder.

    Raises:
        BadArchive: a member that is no plain file, or would lie outside; far too large, or too many members; damaged.
    """
    allowance = _MOST_GROWTH * archive.stat().st_size
    members = _zip_members if kind == "zip" else _tar_members
    try:
        for number, (name, source) in enumerate(members(archive)):
            if number == _MOST_MEMBERS:
                raise BadArchive(f"holds more than {_MOST_MEMBERS:,} files")
            allowance = _copy(source, folder / _inside(name), allowance)
    except _DAMAGE as error:
        raise BadArchive(f"is damaged ({error})") from error
    _lift_single_folder(folder)


def _zip_members(archive):
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            # The upper half of external_attr is the Unix mode: 0o12 in its top bits marks a symbolic link.
            if member.external_attr >> 28 == 0o12:
                raise BadArchive(f"contains a link, '{member.filename}'")
            if not member.is_dir():
                with file.open(member) as source:
                    yield member.filename, source


def _tar_members(archive):
    with gzip.open(archive) as unpacked:
        stream = _Bounded(unpacked, _MOST_GROWTH * archive.stat().st_size + _MOST_HEADERS)
        yield from _members_of(stream)
        while stream.read(_UNPACK_BLOCK):
            pass  # read to the end, where gzip compares its checksum


class _Bounded:
    """A stream that ends with an error after so many bytes: a name in a tar archive can be gigabytes long."""

    def __init__(self, stream, most):
        self._stream, self._left = stream, most

    def read(self, count):
        content = self._stream.read(count)
        self._left -= len(content)
        if self._left < 0:
            raise BadArchive(f"unpacks to more than {_MOST_GROWTH} times its size")
        return content


def _members_of(stream):
    with tarfile.open(fileobj=stream, mode="r|") as file:
        for member in file:
            if not (member.isfile() or member.isdir()):
                raise BadArchive(f"contains something that is no plain file, '{member.name}'")
            if member.isfile():
                with file.extractfile(member) as source:
                    yield member.name, source


def _inside(name):
    """``name`` as a relative path that stays below where it starts, on any operating system."""
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    if ".." in windows.parts or path.is_absolute() or windows.drive or windows.root:
        raise BadArchive(f"contains '{name}', which would be written outside its folder")
    return path


def _copy(source, target, allowance):
    """Copies a member and returns how many bytes are left of ``allowance``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while block := source.read(_UNPACK_BLOCK):
            allowance -= len(block)
            if allowance < 0:
                raise BadArchive(f"unpacks to more than {_MOST_GROWTH} times its size")
            file.write(block)
    return allowance


def _lift_single_folder(folder):
    children = list(folder.iterdir())
    if len(children) == 1 and children[0].is_dir():
        inner = children[0].rename(folder / ".lifted")
        for child in inner.iterdir():
            shutil.move(child, folder / child.name)
        inner.rmdir()


TIMEOUT = 30.0  # seconds without a byte before a connection counts as stalled
BACK_OFF = 1.0  # seconds before the first repetition, doubled for each further one
_ATTEMPTS = 4  # in a row without getting further
_BLOCK = 1 << 18
_REPEATABLE = {408, 429, 500, 502, 503, 504}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH}
_UNREACHABLE = (socket.gaierror, ConnectionRefusedError)
_MOST_UNKNOWN = 20 * 10**9  # bytes of an archive whose size neither the manifest nor the server tells
_LEAST = 16_000  # bytes in `TIMEOUT` seconds, and in an attempt that counts as getting further
SAFE = ("https",)  # schemes of addresses to take an archive from that there is no checksum for


class MirrorFailed(Exception):
    """This address does not give the file; another may. The message says why."""


class _Interrupted(Exception):
    """The connection broke or stalled; the same address may go on."""


def download(url, part, size, advance):
    """Downloads ``url`` to the file ``part``, going on where an earlier attempt stopped.

    Args:
        url: address; redirections are followed.
        part: path of the file; bytes that it holds already are not requested again if the server supports ranges.
        size: bytes the whole file has, or None if that is not known.
        advance: called with ``(bytes there, bytes in all or None)`` after each block.

    Raises:
        MirrorFailed: not there, another size, redirected to something other than https, or interrupted again and again.
        BookError: no room on the disk; a certificate that is not valid.
    """
    failures, furthest = 0, length(part)
    while True:
        try:
            return _transfer(url, part, size, advance)
        except _Interrupted as error:
            failures = 0 if length(part) >= furthest + _LEAST else failures + 1
            furthest = max(furthest, length(part))
            if failures == _ATTEMPTS:
                raise MirrorFailed(str(error)) from error
            time.sleep(BACK_OFF * 2 ** max(0, failures - 1))


def full_disk(part):
    """The error to raise when the disk filled up while the file at ``part`` was there."""
    kept = f"{megabytes(length(part))} are kept in {part} and need not be fetched again"
    return BookError(f"the disk of {part.parent} is full; make room and repeat the command ({kept})")


def is_full(error):
    """Whether an `OSError` says that the disk is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def length(part):
    """Bytes of a file, 0 if there is none."""
    return part.stat().st_size if part.exists() else 0


def _transfer(url, part, size, advance):
    start = length(part)
    if start == size:
        return
    try:
        with _open(url, start) as response:
            start, total = _range(response, start, part)
            if None not in (size, total) and size != total:
                raise MirrorFailed(f"offers {total:,} bytes instead of {size:,}")
            _require_room(part, start, total or size)
            _receive(response, part, start, total or size, advance)
    except urllib.error.HTTPError as error:
        _answer_error(error, part)
    except (OSError, http.client.HTTPException) as error:
        _answer_failure(error, url, part)


def _open(url, start):
    headers = {"User-Agent": "gan-book", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    opener = urllib.request.build_opener(_Redirects)
    return opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but not from https to anything else, nor to what is no web address."""

    def redirect_request(self, request, file, code, message, headers, url):
        was, becomes = (urlsplit(each).scheme for each in (request.full_url, url))
        if becomes != "https" and becomes != was:
            raise MirrorFailed(f"sends on to {becomes or url}:, away from {was}")
        return super().redirect_request(request, file, code, message, headers, url)


def _range(response, start, part):
    """Where in the file the answer begins, and how long the whole file is (None if the server does not say)."""
    if response.status != 206:
        promised = response.headers.get("Content-Length", "")
        return 0, int(promised) if promised.isdigit() else None
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if not span.startswith(f"{start}-"):
        part.unlink(missing_ok=True)
        raise _Interrupted("sent another part of the file than was asked for")
    return start, int(total) if total.isdigit() else None


def _answer_error(error, part):
    said = f"answers {error.code} {error.reason}"
    if error.code == 416:  # what is there is as long as the server's file, or longer: then begin again
        if error.headers.get("Content-Range") == f"bytes */{length(part)}":
            return
        part.unlink(missing_ok=True)
    elif error.code not in _REPEATABLE:
        raise MirrorFailed(said) from error
    raise _Interrupted(said) from error


def _answer_failure(error, url, part):
    reason = getattr(error, "reason", error)
    if isinstance(error, OSError) and is_full(error):
        raise full_disk(part) from error
    if isinstance(reason, ssl.SSLCertVerificationError):  # another address would hide that someone listens in
        why = getattr(reason, "verify_message", reason)
        raise BookError(
            f"{urlsplit(url).hostname} shows a certificate that is not valid ({why}); "
            "check the clock and the network of this computer, nothing was fetched"
        ) from error
    if isinstance(reason, _UNREACHABLE) or getattr(reason, "errno", None) in _NO_ROUTE:
        raise MirrorFailed(f"cannot be reached ({reason})") from error
    stalled = isinstance(reason, TimeoutError)
    raise _Interrupted("sent nothing for too long" if stalled else f"broke off ({reason})") from error


def _require_room(part, start, total):
    """The rest of the archive and its contents, about as large as itself, must fit."""
    free = shutil.disk_usage(part.parent).free
    needed = 2 * total - start if total else 0
    if needed > free:
        raise BookError(
            f"the disk of {part.parent} has {megabytes(free)} free, {megabytes(needed)} are needed; "
            "make room, or put the cache elsewhere with GAN_BOOK_CACHE"
        )


def _receive(response, part, start, total, advance):
    since, then = time.monotonic(), start
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        file.truncate()
        while block := response.read1(_BLOCK):
            start += len(block)
            if start > (_MOST_UNKNOWN if total is None else total):
                file.truncate(0)
                raise MirrorFailed(f"sends more than {total or _MOST_UNKNOWN:,} bytes")
            file.write(block)
            advance(start, total)
            if time.monotonic() - since > TIMEOUT:
                if start - then < _LEAST and start != total:
                    raise _Interrupted("sent too little for too long")
                since, then = time.monotonic(), start
    if total is not None and start < total:
        raise _Interrupted(f"broke off after {start:,} of {total:,} bytes")


_RECORD = ".gan_book.json"
_PART = ".{}.gan_book.part"  # next to the folder; a name that no other program uses


def fetch(name, target=None, progress=True, mirrors=None):
    """Downloads a data set, compares its checksum and unpacks it.

    Addresses are tried in order, those without https only if the manifest has a checksum; an invalid certificate ends
    the fetch. What an interrupted download left in ``.<folder>.gan_book.part`` is used by the next one. The archive is
    unpacked next to the folder and renamed when complete, so the folder is there whole or not at all.

    The SHA-256 of the archive and of every file are recorded in the folder, for ``gan-book data check``. Where none is
    published (null in the manifest) the archive cannot be compared with anything, and a message says so. The size may
    be null too; then the size that the server names counts.

    Args:
        name: a fetchable set of the manifest.
        target: folder to create; by default one in the cache folder, where `load` finds it.
        progress: show a bar and what happens.
        mirrors: addresses to use instead of the manifest's.

    Returns:
        Path of the folder. If the set has been fetched before, nothing is done.

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
    """The record of `fetch` in a folder: ``{"name", "url", "sha256", "pinned", "files": {path: sha256}}``.

    Raises:
        BookError: it is damaged.
    """
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        kinds = {"name": str, "url": str, "sha256": str, "pinned": bool, "files": dict}
        if wrong := [
            key for key, kind in kinds.items() if not isinstance(record, dict) or type(record.get(key)) is not kind
        ]:
            raise ValueError(f"no valid '{wrong[0]}' in it")
        return record
    except (OSError, ValueError, RecursionError) as error:
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
    """Path of the partial download next to ``folder``; raises BookError if it cannot be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BookError(f"{folder} is there already and was not made by fetch; choose another target, or remove it")
    if folder == Path.cwd():
        raise BookError(f"{folder} is the folder you are in; name one inside it as the target")
    part = folder.with_name(_PART.format(folder.name))
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if part.is_symlink() or (part.exists() and not part.is_file()):
            raise BookError(f"{part} is in the way, and no file that fetch has made; remove it")
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
    if urlsplit(url).scheme not in SAFE and not entry["sha256"]:
        raise MirrorFailed("is not reached by https, and there is no checksum to compare with what it gives")
    resumed = length(part) > 0
    try:
        _download_verified(url, name, entry, part, console)
    except BadArchive:
        if not resumed:
            raise
        _download_verified(url, name, entry, part, console)  # the part that was there before may have been damaged
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
    """Unpacks next to ``folder``, records the checksums, renames."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        unpack(part, entry["archive"], scratch)
        wanted = {".bin"} if entry["kind"] == "cifar" else extensions()
        if not any(path.suffix.lower() in wanted for path in _files(scratch)):
            raise BadArchive("gave an archive without pictures")
        files = {path.relative_to(scratch).as_posix(): digest(path) for path in _files(scratch)}
        record = {"name": name, "url": url, "sha256": digest(part), "pinned": bool(entry["sha256"]), "files": files}
        with paths.atomic_write(scratch / _RECORD, "w") as file:
            json.dump(record, file, indent=1)
        scratch.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()  # on Windows a folder cannot be renamed to an existing one, even if that is empty
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
