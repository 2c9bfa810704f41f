"""Downloading a file over HTTP so that an interruption costs little."""

import errno
import http.client
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request

from gan_book.errors import BookError

TIMEOUT = 30.0  # seconds without a byte before a connection counts as stalled
BACK_OFF = 1.0  # seconds before the first repetition, doubled for each further one
_ATTEMPTS = 4  # in a row without getting further
_BLOCK = 1 << 18
_REPEATABLE = {408, 429, 500, 502, 503, 504}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH}
_UNREACHABLE = (socket.gaierror, ConnectionRefusedError, ssl.SSLCertVerificationError)


class MirrorFailed(Exception):
    """This address does not give the file; another may. Its text says why."""


class _Interrupted(Exception):
    """The connection broke or stalled; the same address may go on."""


def download(url, part, size, advance):
    """Downloads ``url`` to the file ``part``, going on where an earlier attempt stopped.

    Args:
        url: address; redirections are followed.
        part: path of the file; what it holds already is asked for no more if the server supports ranges.
        size: bytes the whole file has, or None if that is not known.
        advance: called with ``(bytes there, bytes in all or None)`` after each block.

    Raises:
        MirrorFailed: not there, another size, or broken off again and again.
        BookError: no room on the disk.
    """
    failures, furthest = 0, length(part)
    while True:
        try:
            return _transfer(url, part, size, advance)
        except _Interrupted as error:
            failures = 0 if length(part) > furthest else failures + 1
            furthest = max(furthest, length(part))
            if failures == _ATTEMPTS:
                raise MirrorFailed(str(error)) from error
            time.sleep(BACK_OFF * 2 ** max(0, failures - 1))


def megabytes(count):
    """``"12.3 MB"``."""
    return f"{count / 1e6:,.1f} MB"


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
            _receive(response, part, start, total, advance)
    except urllib.error.HTTPError as error:
        _answer_error(error, part)
    except (OSError, http.client.HTTPException) as error:
        _answer_failure(error, part)


def _open(url, start):
    headers = {"User-Agent": "gan-book", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)


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


def _answer_failure(error, part):
    reason = getattr(error, "reason", error)
    if isinstance(error, OSError) and is_full(error):
        raise full_disk(part) from error
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
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        file.truncate()
        while block := response.read1(_BLOCK):
            file.write(block)
            start += len(block)
            advance(start, total)
    if total is not None and start < total:
        raise _Interrupted(f"broke off after {start:,} of {total:,} bytes")
