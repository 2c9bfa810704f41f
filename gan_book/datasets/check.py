"""Which data sets are there, and whether they are as they should be."""

from dataclasses import dataclass

from gan_book import paths
from gan_book.datasets.fetch import checked_file, fetch_record, fetched_path
from gan_book.datasets.manifest import fetchable, shipped, suggestion, verified_path
from gan_book.errors import BookError


@dataclass(frozen=True)
class Status:
    """One row of ``gan-book data list``; ``size`` in bytes, as shipped or to download (None if not known)."""

    name: str
    what: str
    size: int
    present: bool
    licence: str


@dataclass(frozen=True)
class Check:
    """Whether a set that is present is undamaged; ``detail`` says what was compared, or what is wrong."""

    name: str
    ok: bool
    detail: str


def status():
    """`Status` of every set of the manifest, those that ship with the book first."""
    rows = [
        Status(name, entry["title"], sum(file["bytes"] for file in files), _all_there(files), entry["licence"])
        for name, entry in shipped().items()
        for files in [entry["files"].values()]
    ]
    for name, entry in fetchable().items():
        rows.append(Status(name, entry["title"], entry["bytes"], _is_fetched(name), entry["licence"]))
    return rows


def check(name=None):
    """Compares every file with its SHA-256: shipped ones with the manifest, fetched ones with the fetch's record.

    Args:
        name: one set, or None for all that are present (the shipped ones must be).

    Returns:
        list of `Check`.

    Raises:
        BookError: no set of that name, or not fetched yet.
    """
    known = [*shipped(), *fetchable()]
    if name is None:
        return [_check(each) for each in known if each in shipped() or _is_fetched(each)]
    if name not in known:
        raise BookError(f"there is no data set '{name}' (there are {', '.join(known)}){suggestion(name, known)}")
    return [_check(name)]


def _check(name):
    if name in shipped():
        files = shipped()[name]["files"].values()
        return _compare(name, [lambda file=file: verified_path(file) for file in files], "as in the manifest")
    folder = fetched_path(name)
    record = fetch_record(folder)
    as_what = "as published" if record["pinned"] else "as first fetched; no sum is published"
    return _compare(name, [lambda file=file: checked_file(folder, file, record) for file in record["files"]], as_what)


def _compare(name, comparisons, as_what):
    problems = []
    for compare in comparisons:
        try:
            compare()
        except BookError as error:
            problems.append(str(error))
    if not problems:
        return Check(name, True, f"{len(comparisons):,} files {as_what}")
    return Check(name, False, f"{len(problems):,} of {len(comparisons):,} files: {problems[0]}")


def _all_there(files):
    return all((paths.DATA / file["path"]).is_file() for file in files)


def _is_fetched(name):
    try:
        fetched_path(name)
    except BookError:
        return False
    return True
