"""Grows a GAN: one run for each size, each beginning with the weights of the one before.

    python -m chapters.ch13_progan.grow --preset quick
    python -m chapters.ch13_progan.grow --preset full --to 64 --out runs/faces-grown

The runs are in sub-folders named by their size. A run that is finished is not made again, and one that was interrupted
is resumed; so the same command goes on where it was stopped. At the end it writes ``growth.gif``: what the generators
of all sizes make of the same latent points.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands import cli
from gan_book.commands.quiet import import_backend

ROWS, COLUMNS = 4, 6  # of the film


def write_film(folders, path):
    """Writes a GIF with a frame for each run: images of the same latent points, enlarged to the size of the last run.

    folders: of finished runs, each of twice the size of the one before.
    """
    from gan_book.plotting import image_grid, save_gif
    from gan_book.sampling import draw, latent_points
    from gan_book.training.runs import Run

    generators = [Run(folder).load("generator") for folder in folders]
    z, side = latent_points(generators[0], ROWS * COLUMNS), generators[-1].output.shape[1]
    frames = []
    for generator in generators:
        times = side // generator.output.shape[1]
        images = draw(generator, np.zeros(len(z)), z=z).repeat(times, axis=1).repeat(times, axis=2)
        frames.append(image_grid(images, ROWS, COLUMNS))
    save_gif(frames, path, seconds_per_frame=1.0)


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
    before, folders = None, []
    for size in doubled_sides((side, side)):
        run = Run(out / f"{size:03d}")
        print(f"{size} x {size} pixels", flush=True)
        if run.report is None and run.config_file.exists():
            train.resume(lesson, out=run.folder)
        elif run.report is None:
            settings = lesson.settings(preset, image_size=size, data=data, seed=seed)
            train.train(lesson, settings, preset, out=run.folder, start_from=before)
        before = run.folder
        folders.append(run.folder)
    write_film(folders, out / "growth.gif")
    print(f"the same latent points at each size: {out / 'growth.gif'}")


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
