"""How long does `gan-book train <chapter> --preset quick` take, from the key pressed to the report?

    python -m benchmarks.whole_command                  # all chapters' scripts
    python -m benchmarks.whole_command cgan sgan
    python -m benchmarks.whole_command --preset smoke

Each command is a newcomer's first: its cache folder is empty. Adds rows to ``results/whole_command.json``, in place of
earlier ones of the same lesson, preset and place. Let nothing else run meanwhile.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.training import chapters, runs
from tools import results

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def timed(lesson, preset):
    """Runs the command in a folder that is then thrown away; returns a row as a dict.

    Raises:
        BookError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = runs.Run(Path(folder) / "run")
        command = [sys.executable, "-m", "gan_book", "train", lesson, "--preset", preset, "--out", str(run)]
        start, used = time.perf_counter(), _used()
        ended = subprocess.run(command, env={**os.environ, "GAN_BOOK_CACHE": str(Path(folder) / "cache")})
        times = {"seconds": time.perf_counter() - start, "cpu_seconds": _used() - used}
        if ended.returncode:
            raise BookError(f"`gan-book train {lesson} --preset {preset}` ended with status {ended.returncode}")
        made_on = {name: getattr(run.config, name) for name in ("versions", "backend", "git", *results.PLACE)}
        training = {name: run.report[name] for name in ("steps", "training_seconds")}
    return {"lesson": lesson, "preset": preset, **training, **times, **made_on}


def _used():
    """CPU seconds of all commands so far: where they are far fewer than the cores had, the machine did other work."""
    times = os.times()
    return times.children_user + times.children_system


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters' scripts; without any, all.")] = None,
    preset: Annotated[str, typer.Option(help="smoke, quick, full or book.")] = "quick",
):
    """Time whole commands."""
    lessons = [chapters.lesson(name) for name in names] if names else chapters.lessons()
    for lesson in lessons:
        results.put_row("whole_command", "commands", timed(lesson.name, preset))


if __name__ == "__main__":
    cli.guard(app)
