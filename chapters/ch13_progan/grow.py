"""Grows a GAN: one run for each size, each beginning with the weights of the one before.

    python -m chapters.ch13_progan.grow --preset quick
    python -m chapters.ch13_progan.grow --preset full --to 64 --out runs/faces-grown

The runs are in sub-folders named by their size. A run that is finished is not made again, and one that was interrupted
is resumed; so the same command goes on where it was stopped.
"""

from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import cli
from gan_book.commands.quiet import import_backend


def main(
    preset: Annotated[str, typer.Option(help="smoke, quick, full or book.")] = "quick",
    to: Annotated[int | None, typer.Option(help="Side of the largest images in pixels; else the preset's.")] = None,
    data: Annotated[str | None, typer.Option(help="A data set or a folder of pictures; else the preset's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random numbers.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/grown"),
):
    """Grow a GAN from the smallest size to the largest."""
    import_backend()
    from chapters.ch13_progan import progan
    from gan_book.networks import doubled_sides
    from gan_book.training import train
    from gan_book.training.runs import Run

    lesson = progan.LESSON
    side = to or lesson.settings(preset).image_size
    before = None
    for size in doubled_sides((side, side)):
        run = Run(out / f"{size:03d}")
        print(f"{size} x {size} pixels", flush=True)
        if run.report is None and run.config_file.exists():
            train.resume(lesson, out=run.folder)
        elif run.report is None:
            settings = lesson.settings(preset, image_size=size, data=data, seed=seed)
            train.train(lesson, settings, preset, out=run.folder, start_from=before)
        before = run.folder


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
