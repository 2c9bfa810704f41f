"""``gan-book data``: which data sets are here, whether they are undamaged, fetching more."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gan_book import paths
from gan_book.commands.shared import path_option
from gan_book.datasets.fetch import checked_file, fetch, fetch_record, fetched_path
from gan_book.datasets.manifest import fetchable, shipped, suggestion, verified_path
from gan_book.errors import BookError, megabytes, shown


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
    rows = []
    for name, entry in shipped().items():
        files = entry["files"].values()
        size = sum(file["bytes"] for file in files)
        rows.append(Status(name, entry["title"], size, _all_there(files), entry["licence"]))
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
        return _compare(name, verified_path, files, "as in the manifest")
    folder = fetched_path(name)
    record = fetch_record(folder)
    as_what = "as published" if record["pinned"] else "as first fetched; no sum is published"
    return _compare(name, lambda file: checked_file(folder, file, record), record["files"], as_what)


def _compare(name, compare, files, as_what):
    """`Check` of files; ``compare(file)`` raises `BookError` for one that is missing or changed."""
    problems = []
    for file in files:
        try:
            compare(file)
        except BookError as error:
            problems.append(str(error))
    if not problems:
        return Check(name, True, f"{len(files):,} files {as_what}")
    return Check(name, False, f"{len(problems):,} of {len(files):,} files: {problems[0]}")


def _all_there(files):
    return all((paths.DATA / file["path"]).is_file() for file in files)


def _is_fetched(name):
    try:
        fetched_path(name)
    except BookError:
        return False
    return True


app = typer.Typer(help="Data sets: what there is, whether it is undamaged, fetching more.", no_args_is_help=True)


@app.command("list")
def list_sets():
    """Show the data sets, their sizes and licences, and which are here."""
    table = Table("name", "what", "size", "here", "licence")
    for row in status():
        table.add_row(row.name, row.what, _size(row.size), "yes" if row.present else "no", row.licence)
    Console().print(table)


@app.command("check")
def check_sets(name: Annotated[Optional[str], typer.Argument(help="One set; all if not given.")] = None):  # noqa: UP045
    """Compare the files with their checksums."""
    results = check(name)
    table = Table("name", "state", "compared")
    for result in results:
        table.add_row(result.name, "[green]ok" if result.ok else "[red]damaged", escape(shown(result.detail)))
    Console().print(table)
    damaged = [result for result in results if not result.ok]
    if damaged:
        raise BookError(f"{', '.join(result.name for result in damaged)}: {damaged[0].detail}")


@app.command("fetch")
def fetch_set(
    name: Annotated[str, typer.Argument(help="One of those that list shows as not here, such as facades.")],
    target: Annotated[Path | None, path_option("--target", help="Folder to create; by default in the cache.")] = None,
):
    """Download a data set from where it is published."""
    print(shown(f"{name} is in {fetch(name, target)}"))


def _size(count):
    return "unknown" if count is None else megabytes(count)
