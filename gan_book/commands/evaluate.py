"""``gan-book evaluate``: measuring a trained generator."""

import math
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands.quiet import import_backend
from gan_book.commands.shared import MOST, Chapter, Overwrite, RunFolder, open_run, path_option
from gan_book.datasets.dataset import Dataset
from gan_book.errors import BookError, require_memory, shown
from gan_book.paths import writable_target


def evaluate_command(
    chapter: Chapter,
    run: RunFolder = None,
    json_file: Annotated[Path | None, path_option("--json", help="Also write the numbers to this file.")] = None,
    overwrite: Overwrite = False,
    samples: Annotated[int, typer.Option(max=MOST, help="Number of images to generate.")] = 10_000,
    seed: Annotated[int, typer.Option(max=2**32 - 1, help="Seed of the latent points and of the bootstrap.")] = 0,
    validation: Annotated[
        bool, typer.Option("--validation", help="Use the validation images instead of the test images.")
    ] = False,
):
    """Measure a trained generator."""
    import_backend()
    from gan_book.training import chapters, report, runs

    if samples < 1:
        raise BookError(f"--samples must be at least 1, not {samples}")
    target = None if json_file is None else writable_target(json_file, overwrite=overwrite, flag="--json")
    run, lesson = open_run(chapter, run), chapters.lesson(chapter)
    dataset = lesson.task.load(lesson.settings_of(run))
    if validation:
        dataset = lesson.task.validation(dataset)
    _require_memory_for(samples, dataset)
    measured = lesson.task.measure(run, lesson, dataset, samples, seed)
    for line in report.headline({"measured": measured}):
        print(shown(line))
    if target is not None:
        runs.write_json(target, measured)
        print(shown(f"numbers: {json_file}"))


BYTES_A_SAMPLE = 4_096  # latent points, features and distances of the metrics


def _require_memory_for(samples, dataset):
    """Counts for each value of an image: 4 bytes as generated, 1 as kept, 4 as measured, and some to spare."""
    if isinstance(dataset, Dataset):  # translations are at most as many as there are test images
        needed = samples * (10 * math.prod(dataset.image_shape) + BYTES_A_SAMPLE)
        require_memory(needed, f"measuring {samples:,} samples", "ask for fewer with --samples")
