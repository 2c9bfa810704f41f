"""Unpacking archives from strangers: plain files only, inside the folder, no more of them than expected."""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath, PureWindowsPath

_BLOCK = 1 << 20
# Archives of images hardly shrink them; one that grows more than this is not what it says it is.
_MOST_GROWTH = 10
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
    """The archive is damaged or not to be trusted; its text follows the archive's name."""


def unpack(archive, kind, folder):
    """Unpacks into an empty folder. If everything lies in one folder of the archive, that folder's contents.

    Args:
        archive: path of the file.
        kind: "zip" or "tar.gz".
        folder: existing empty folder.

    Raises:
        BadArchive: a member that is no plain file, or would lie outside; far too large; damaged.
    """
    allowance = _MOST_GROWTH * archive.stat().st_size
    members = _zip_members if kind == "zip" else _tar_members
    try:
        for name, source in members(archive):
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
    with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as file:
        for member in file:
            if not (member.isfile() or member.isdir()):
                raise BadArchive(f"contains something that is no plain file, '{member.name}'")
            if member.isfile():
                with file.extractfile(member) as source:
                    yield member.name, source
        while stream.read(_BLOCK):
            pass  # to the end, where gzip compares its checksum


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
        while block := source.read(_BLOCK):
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
