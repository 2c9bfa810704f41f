"""Put a finished run into ``pretrained/``, where `generate`, `evaluate`, `translate` look without ``--run``.

    python -m tools.ship runs/series/ch10_pix2pix/both-0

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


def main(folder: Annotated[Path, typer.Argument(help="A finished run.")]):
    """Ship a run with the book."""
    run = runs.Run(folder)
    if run.report is None:
        raise BookError(f"{folder} holds no finished run; finish it with --resume first")
    target = PRETRAINED / run.config.lesson
    ship(folder, target)
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size:>9,}  {path.relative_to(PRETRAINED.parent)}")


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
