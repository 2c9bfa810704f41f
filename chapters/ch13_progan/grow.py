"""Grows a GAN: one run for each size, each beginning with the weights of the one before.

    python -m chapters.ch13_progan.grow --preset quick
    python -m chapters.ch13_progan.grow --preset full --to 64 --out runs/faces-grown

The runs are in sub-folders named by their size. A run that is finished is not made again, and one that was interrupted
is resumed; so the same command goes on where it was stopped. At the end it writes ``growth.png`` and
``growth.gif``: what the generators of all sizes make of the same latent points.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands import cli
from gan_book.commands.quiet import import_backend

ROWS, COLUMNS = 4, 6  # of the film


def write_growth(folders, out):
    """What the generators of all sizes make of the same latent points: ``growth.png``, and ``growth.gif`` of more.

    Args:
        folders: of finished runs, each of twice the size of the one before. Smaller images are enlarged.
        out: where to write.
    """
    from gan_book.plotting import image_grid, save_gif, show
    from gan_book.sampling import draw, latent_points
    from gan_book.training.runs import Run

    generators = [Run(folder).load("generator") for folder in folders]
    side = generators[-1].output.shape[1]

    def made(generator, z):
        times = side // generator.output.shape[1]
        return draw(generator, np.zeros(len(z)), z=z).repeat(times, axis=1).repeat(times, axis=2)

    z = latent_points(generators[0], ROWS * COLUMNS)
    frames = [image_grid(made(generator, z), ROWS, COLUMNS) for generator in generators]
    save_gif(frames, out / "growth.gif", seconds_per_frame=1.0)
    z = latent_points(generators[0], 8, seed=4)
    rows = {f"{generator.output.shape[1]} pixels": made(generator, z) for generator in generators}
    show(rows, title="The same eight latent points, after the training of each size").save(out / "growth.png")


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
    write_growth(folders, out)
    print(f"the same latent points at each size: {out / 'growth.png'}")


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
