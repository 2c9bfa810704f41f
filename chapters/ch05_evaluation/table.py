"""The sets of images that cheat (`cheats.py`), measured. One table, and one picture.

    python -m chapters.ch05_evaluation.table                 # Fashion-MNIST, 5,000 images of each set, three choices
    python -m chapters.ch05_evaluation.table --data mnist
    python -m chapters.ch05_evaluation.table --record        # also into results/ch05_evaluation.json

Two honest sets stand above the cheats: real images that nothing was trained on, and the images of a generator that
comes with the book. Every set is measured by `gan_book.metrics.measure_samples`, like every generator of the book.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chapters.ch05_evaluation.cheats import make_sets
from gan_book import datasets, plotting
from gan_book.commands import cli
from gan_book.errors import BookError, require_choice
from gan_book.metrics import measure_samples
from gan_book.paths import PRETRAINED
from gan_book.saving import load_network
from gan_book.training import runs
from gan_book.training.run_config import surroundings
from tools import results

GENERATORS = {"fashion_mnist": "cgan", "mnist": "sgan"}  # of each set of images, one that ships
WORDS = {  # what the sets are, for the picture
    "real": "validation images",
    "generated": "by a shipped network",
    "one per class": "the ten surest, 500 times each",
    "copies": "training images",
    "shifted copies": "by one pixel",
    "blurred": "real images",
    "one class missing": "real images without it",
    "few, repeated": "100 real images, 50 times each",
}
SHOWN = 10  # images of each set in the picture
LEAST = 1000  # images of a set: the Fréchet distance needs more of them than there are features

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def measured(data, generator, count, seeds):
    """Measures all sets for each choice of images.

    Returns:
        dict: name of a set -> for each seed ``(scores, details)`` of `measure_samples`.
    """
    found = {}
    for seed in range(seeds):
        for name, images in make_sets(data, generator, count, seed).items():
            scores, details = measure_samples(images, data, seed=0)  # only the choice of the images has another seed
            found.setdefault(name, []).append((scores, details))
            print(f"{name}, choice {seed + 1}: {', '.join(f'{score.head} {score}' for score in scores)}", flush=True)
    return found


def as_rows(found, data, count):
    """What `measured` found, as rows of ``results/``. No set was trained for: no steps, no seconds."""
    made_on = surroundings()
    place = {name: made_on.get(name, "float32") for name in results.PLACE}
    rows = {}
    for name, choices in found.items():
        scores = [replace(score, in_tables=True) for score in choices[0][0]]
        each = [
            {"seed": seed, "training_seconds": 0.0, "findings": [], **place}
            | {score.name: score.value for score in measured_scores}
            for seed, (measured_scores, _) in enumerate(choices)
        ]
        rows[f"{name}, {data.name}"] = results.over_runs(
            {
                "settings": {"data": data.name},
                "steps": 0,
                "parameters": {},
                "samples": count,
                "classifier_accuracy_on_real": choices[0][1]["classifier_accuracy_on_real"],
                "made_on": {key: made_on[key] for key in ("backend", "versions", "git")},
            },
            scores,
            each,
        )
    return rows


def write_picture(sets, title, path):
    """Writes ten images of every set, a row each."""
    rows = {f"{name}: {WORDS[name]}": images[:SHOWN] for name, images in sets.items()}
    plotting.show(rows, title=title).save(path)


@app.command()
def main(
    data: Annotated[str, typer.Option(help="fashion_mnist or mnist.")] = "fashion_mnist",
    count: Annotated[int, typer.Option(help="Images in each set.")] = 5000,
    seeds: Annotated[int, typer.Option(help="Choices of the images; the table has their mean and spread.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the picture.")] = Path("runs", "evaluation"),
    record: Annotated[bool, typer.Option("--record", help="Also write rows to results/ch05_evaluation.json.")] = False,
):
    """Measure sets of images that cheat, and write a picture of them."""
    require_choice("data", data, tuple(GENERATORS))
    if seeds < 1:
        raise BookError(f"--seeds must be at least 1, not {seeds}")
    real = datasets.load(data)
    if not LEAST <= count <= len(real.val_images):
        raise BookError(f"--count must be from {LEAST:,} to {len(real.val_images):,}, not {count:,}")
    generator = load_network(PRETRAINED / GENERATORS[data] / "generator.keras")
    title = f"{datasets.title_of(data)}: two honest sets, and six that cheat (ten images of each)"
    write_picture(make_sets(real, generator, LEAST, seed=0), title, out / f"cheats_{data}.png")
    rows = as_rows(measured(real, generator, count, seeds), real, count)
    columns = ["seeds", *(score["name"] for score in next(iter(rows.values()))["scores"])]
    print(results.chosen_table(rows, columns=",".join(columns)))
    if record:
        runs.write_json(results.RESULTS / "ch05_evaluation.json", results.load("ch05_evaluation") | rows)
    print(f"picture: {out}/cheats_{data}.png")


if __name__ == "__main__":
    cli.guard(app)
