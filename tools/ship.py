"""Put a finished run into ``pretrained/``, where `generate`, `evaluate`, `translate` look without ``--run``.

    python -m tools.ship runs/series/ch10_pix2pix/quick-0
    python -m tools.ship runs/series/ch06_cgan/full-* --by frechet_distance
    python -m tools.ship runs/series/ch09_sgan/full-* --by test_accuracy --most

Of several runs the best on the validation images ships; the test images have no say in it.

Everything but its checkpoints and the single pictures of its training goes there as it is. Only a network that would
be larger than 4 MB is written anew, with weights rounded to the 8 significant bits of bfloat16: still float32 to
whoever loads it, but of half the size when packed. Then the run is measured again, so that its report is true of what
ships.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from keras import ops

from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.metrics.score import is_finite, scores_of
from gan_book.paths import PRETRAINED
from gan_book.saving import save_network
from gan_book.training import chapters, report, runs

LIMIT = 4_000_000  # bytes


def rounded(network):
    """Rounds the network's weights to bfloat16's precision, in place; returns it."""
    for weight in network.weights:
        if weight.dtype == "float32":
            weight.assign(ops.cast(ops.cast(weight, "bfloat16"), "float32"))
    return network


def ship(folder, target):
    """Copies what there is to keep of the run in `folder` to the folder `target`; the old content goes last."""
    run = runs.Run(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as parcel:
        packed = Path(parcel, target.name)
        packed.mkdir()
        large = [path for path in folder.glob("*.keras") if path.stat().st_size > LIMIT]
        for path in sorted(folder.iterdir()):
            if path.is_file() and path not in large:
                shutil.copy(path, packed / path.name)
        for path in large:
            save_network(rounded(run.load(path.stem)), packed / path.name)
        if large:
            measure_again(runs.Run(packed))
        if target.exists():
            target.rename(Path(parcel, "old"))
        packed.rename(target)


def measure_again(run):
    """Writes the report of the run whose networks were rounded."""
    lesson = chapters.lesson(run.config.lesson)
    settings = lesson.settings_of(run)
    report.measure_again(run, lesson, lesson.task.load(settings), settings.measure_samples)


def validation_value(folder, name):
    """A score of a finished run on the validation images, float.

    Raises:
        BookError: there is no score of that name, or it is no number.
    """
    run = runs.Run(folder)
    lesson = chapters.lesson(run.config.lesson)
    settings = lesson.settings_of(run)
    judged = lesson.task.validation(lesson.task.load(settings))
    scores = {
        score.name: score for score in scores_of(lesson.task.measure(run, lesson, judged, settings.measure_samples))
    }
    if name not in scores:
        raise BookError(f"{folder} has no score '{name}'; it has: {', '.join(scores)}")
    if not is_finite(scores[name].value):
        raise BookError(f"'{name}' of {folder} is no number, so it cannot be compared")
    return scores[name].value


def best(folders, name, most=False):
    """The folder whose run has the least (or the most) of a score on the validation images."""
    values = {}
    for folder in folders:
        values[folder] = validation_value(folder, name)
        print(f"{values[folder]:.4f}  {name} on validation images, {folder}", flush=True)
    return (max if most else min)(values, key=values.get)


def main(
    folders: Annotated[list[Path], typer.Argument(help="A finished run, or several to choose from.")],
    by: Annotated[str, typer.Option(help="Score to choose by, on the validation images.")] = "frechet_distance",
    most: Annotated[bool, typer.Option("--most", help="The largest value is the best, not the least.")] = False,
):
    """Ship a run with the book; of several the best."""
    for folder in folders:
        if runs.Run(folder).report is None:
            raise BookError(f"{folder} holds no finished run; finish it with --resume first")
    folder = best(folders, by, most) if len(folders) > 1 else folders[0]
    target = PRETRAINED / runs.Run(folder).config.lesson
    ship(folder, target)
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size:>9,}  {path.relative_to(PRETRAINED.parent)}")


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
