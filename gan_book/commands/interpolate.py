"""``gan-book interpolate``: walks from one class to another, or along a continuous code, as an animation or a strip."""

import math
import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands.generate import load_generator
from gan_book.commands.quiet import import_backend
from gan_book.commands.shared import Chapter, Overwrite, RunFolder, Seed, open_run, path_option, progress
from gan_book.datasets.dataset import find_label
from gan_book.errors import BookError, require_memory, shown
from gan_book.paths import writable_target

MOST_FRAMES = 240  # there and back that is a minute
WALKS = 8  # latent points shown side by side
THUMBNAIL = 112  # pixels about which an image in an animation is high

NUMBER = r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?)"
CODE = re.compile(rf"([0-9]{{1,9}}):{NUMBER}\.\.{NUMBER}")
FIRST_CODE = 2


def interpolate_command(
    chapter: Chapter,
    start: Annotated[str | None, typer.Option("--from", help="Class to start from, by name or number.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Class to end at.")] = None,
    code: Annotated[str | None, typer.Option(help="Or a code and its values, such as 2:-2..2 (chapter 7).")] = None,
    seed: Seed = 0,
    frames: Annotated[int, typer.Option(help=f"Steps of the walk, at most {MOST_FRAMES}; a .gif also goes back.")] = 20,
    out: Annotated[Path, path_option("--out", help="A .gif, or a .png strip.")] = Path("walk.gif"),
    overwrite: Overwrite = False,
    run: RunFolder = None,
):
    """Walk from one class to another, or along a code."""
    import_backend()
    along_code = code is not None and start is None and end is None
    between = code is None and start is not None and end is not None
    if not (along_code or between):
        raise BookError("interpolate walks --from one class --to another, or along a --code; give one or the other")
    target = _target(frames, out, overwrite)
    run = open_run(chapter, run)
    if along_code:
        write_walks(walk_along_code(run, code, seed, frames), target)
        print(shown(f"{frames} frames of code {code}: {out}"))
    else:
        write_walks(walk_between_classes(run, start, end, seed, frames), target)
        print(shown(f"{frames} frames from {start} to {end}: {out}"))


def _target(frames, out, overwrite):
    if not 2 <= frames <= MOST_FRAMES:
        raise BookError(f"--frames must be at least 2, and at most {MOST_FRAMES}, not {frames}")
    if out.suffix.lower() not in (".gif", ".png"):
        raise BookError(f"--out {out} has an ending this command does not write; use .gif or .png")
    return writable_target(out, overwrite=overwrite)


def walk_between_classes(run, start, end, seed, frames):
    """Walks from class `start` to class `end` at each of eight latent points: uint8 ``[8, frames, h, w, c]``.

    Explained in chapter 6.

    Raises:
        BookError: unknown class, unconditional generator, a negative seed, or too little memory.
    """
    from gan_book.sampling import between_classes, label_names, latent_points

    generator = load_generator(run)
    names = label_names(generator, run.config.class_names)
    if not names:
        raise BookError(f"{run} holds an unconditional generator, which knows no classes; train a conditional one")
    first, last = find_label(start, names), find_label(end, names)
    _require_memory_for(WALKS, frames, generator)
    points = latent_points(generator, WALKS, seed)
    return np.stack([between_classes(generator, z, first, last, frames) for z in progress(points, "generating")])


def walk_along_code(run, code, seed, frames):
    """Walks along one code, all else fixed, once for each class or category: uint8 ``[classes, frames, h, w, c]``.

    Explained in chapter 7.

    Args:
        code: ``"2:-2..2"``, the code's number and its first and last value. As in the InfoGAN paper c1 is the
            category, so the first of the input "code" is number 2.

    Raises:
        BookError: a `code` that cannot be read, a generator without it, a negative seed, or too little memory.
    """
    from gan_book.sampling import code_dim, draw, label_names, latent_points

    match = CODE.fullmatch(code)
    if not match:
        raise BookError(f"--code '{code}' is not understood; write number:first..last, such as 2:-2..2")
    number, first, last = int(match[1]), float(match[2]), float(match[3])
    generator = load_generator(run)
    rows = max(1, len(label_names(generator, run.config.class_names)))
    known = list(range(FIRST_CODE, FIRST_CODE + code_dim(generator)))
    if number not in known:
        has = f"has the codes {', '.join(map(str, known))}" if known else "has no codes; train infogan"
        raise BookError(f"--code {number}: the generator of {run} {has}")
    _require_memory_for(rows, frames, generator)
    codes = np.zeros((frames, len(known)), "float32")
    codes[:, number - FIRST_CODE] = np.linspace(first, last, frames)
    z = np.repeat(latent_points(generator, 1, seed), frames, axis=0)
    walks = [draw(generator, np.full(frames, row), z=z, codes=codes) for row in progress(range(rows), "generating")]
    return np.stack(walks)


def _require_memory_for(rows, frames, generator):
    """For the images, and for the enlarged frames of an animation, whose colours are counted once more."""
    height, width, channels = generator.output.shape[1:]
    pixels = rows * frames * height * width
    enlarged = pixels * _scale(height) ** 2
    what = f"{frames} frames of {rows} images"
    require_memory(pixels * channels * 5 + enlarged * (channels + 2), what, "ask for fewer with --frames")


def write_walks(walks, target):
    """uint8 ``[walks, frames, h, w, c]`` as a strip a walk, or as a GIF that shows all of them and comes back."""
    from gan_book import plotting

    count, frames = walks.shape[:2]
    if target.suffix.lower() == ".png":
        plotting.save_png(plotting.image_grid(walks.reshape(-1, *walks.shape[2:]), count, frames), target)
        return
    rows = 2 if count % 2 == 0 else 1
    scale = _scale(walks.shape[2])
    grids = [plotting.image_grid(walks[:, i], rows, math.ceil(count / rows), scale=scale) for i in range(frames)]
    plotting.save_gif(grids + grids[-2:0:-1], target, seconds_per_frame=0.08, hold_last=0.08)


def _scale(height):
    return max(1, round(THUMBNAIL / height))
