"""``gan-book data``: list, check, fetch."""

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.table import Table

from gan_book.datasets.check import check, status
from gan_book.datasets.download import megabytes
from gan_book.datasets.fetch import fetch
from gan_book.errors import BookError

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
        table.add_row(result.name, "[green]ok" if result.ok else "[red]damaged", result.detail)
    Console().print(table)
    damaged = [result for result in results if not result.ok]
    if damaged:
        raise BookError(f"{', '.join(result.name for result in damaged)}: {damaged[0].detail}")


@app.command("fetch")
def fetch_set(
    name: Annotated[str, typer.Argument(help="One of those that list shows as not here, such as facades.")],
    target: Annotated[Optional[Path], typer.Option(help="Folder to create; by default in the cache.")] = None,  # noqa: UP045
):
    """Download a data set from where it is published."""
    Console().print(f"{name} is in {fetch(name, target)}", highlight=False, soft_wrap=True)


def _size(count):
    return "unknown" if count is None else megabytes(count)
