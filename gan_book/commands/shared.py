"""What several commands share: arguments, opening a run, a progress bar.

A command is one file: its function for the command line, ``..._command``, and the work below it. That function starts
the backend first (`gan_book.commands.quiet.import_backend`). Modules that need Keras are therefore imported inside
functions, and `gan-book --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from gan_book.errors import BookError

MOST = 1_000_000  # images or samples at a time


def named_path(text):
    """A path of the command line; an empty one, as from a variable of the shell that is not set, is refused."""
    if not text:
        raise typer.BadParameter("it is empty; name a file or a folder")
    return Path(text)


def path_option(*names, **said):
    return typer.Option(*names, parser=named_path, metavar="PATH", **said)


Chapter = Annotated[str, typer.Argument(help="Name of a chapter's script; `gan-book chapters` lists them.")]
RunFolder = Annotated[Path | None, path_option("--run", help="A run folder; without it the one in pretrained/.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist already.")]
Seed = Annotated[int, typer.Option(max=2**32 - 1, help="Seed of the latent points.")]


def open_run(chapter, folder):
    """The run named by ``--run``, or the shipped one.

    Raises:
        BookError: there is none, or it is another chapter's.
    """
    from gan_book.training import chapters, runs

    name = chapters.lesson(chapter).name
    if folder is not None and folder.is_file():
        raise BookError(f"--run {folder} is a file; a run is the folder that `gan-book train` made, name that")
    run = runs.shipped(name) if folder is None else runs.Run(folder)
    runs.require_lesson(run, name)
    return run


def progress(items, doing):
    """The items one by one; on a terminal with a bar that says what is being done and how long it will take."""
    console = Console()
    visible = console.is_terminal and not console.is_dumb_terminal and len(items) > 1
    return track(items, doing, console=console, transient=True) if visible else items
