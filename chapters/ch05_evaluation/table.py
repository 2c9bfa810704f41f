"""Sets of images that cheat: each is excellent in some measure, and worthless. One table, and one picture.

    python -m chapters.ch05_evaluation.table                 # Fashion-MNIST, 5,000 images of each set, three choices
    python -m chapters.ch05_evaluation.table --data mnist
    python -m chapters.ch05_evaluation.table --record        # also into results/ch05_evaluation.json

Two honest sets stand above the cheats: real images that nothing was trained on, and the images of a generator that
comes with the book. Every set is measured by `gan_book.metrics.measure_samples`, like every generator of the book.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.ndimage import gaussian_filter1d

from gan_book import datasets, plotting
from gan_book.commands import cli
from gan_book.errors import BookError, require_choice
from gan_book.metrics import load_classifier, measure_samples
from gan_book.paths import PRETRAINED
from gan_book.sampling import balanced_labels, draw
from gan_book.saving import load_network
from gan_book.training import runs
from gan_book.training.run_config import surroundings

GENERATORS = {"fashion_mnist": "cgan", "mnist": "sgan"}  # of each set of images, one that ships
FEW = 100  # different pictures in the set "few, repeated"
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


def make_sets(data, generator, count, seed):
    """The sets of the table: dict from a name to images, uint8 ``[count, h, w, c]``.

    Args:
        data: a `Dataset` with validation images and a classifier of the book.
        generator: makes images of the data set's shape.
        count: images in each set, at most as many as there are validation images.
        seed: of every choice.
    """
    rng = np.random.default_rng(seed)
    some = rng.choice(len(data.images), count, replace=False)
    unseen = data.val_images[rng.permutation(len(data.val_images))[:count]]
    missing = rng.integers(data.num_classes)
    others = data.val_images[data.val_labels != missing]
    return {
        "real": unseen,
        "generated": draw(generator, balanced_labels(count, data.num_classes), seed=seed),
        "one per class": np.resize(surest(data, seed), unseen.shape),
        "copies": data.images[some],
        "shifted copies": shifted(data.images[some]),
        "blurred": blurred(unseen),
        "one class missing": np.resize(rng.permutation(others), unseen.shape),
        "few, repeated": np.resize(unseen[:FEW], unseen.shape),
    }


def surest(data, rank=0):
    """For each class the validation image that a classifier is surest of (rank 0), or the next one (1), and so on."""
    probabilities = load_classifier(data.name).outputs(data.val_images)[1]
    order = np.argsort(-probabilities, axis=0, kind="stable")  # a column for each class, the surest image first
    return data.val_images[order[rank % len(order)]]


def shifted(images):
    """Images ``[n, h, w, c]`` moved to the right by one pixel."""
    return np.roll(images, 1, axis=2)


def blurred(images, sigma=1.0):
    """Images uint8 ``[n, h, w, c]`` blurred by a Gaussian with this standard deviation, in pixels."""
    smooth = images.astype("float32")
    for axis in (1, 2):
        smooth = gaussian_filter1d(smooth, sigma, axis=axis)
    return np.rint(smooth).astype("uint8")


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
    from tools import results  # not at the top: the notebooks import this module, and have no `tools`

    made_on = surroundings()
    place = {name: made_on.get(name, "float32") for name in results.PLACE}
    rows = {}
    for name, choices in found.items():
        scores = [replace(score, value=None, spread=None, in_tables=True) for score in choices[0][0]]
        each = [
            {"seed": seed, "training_seconds": 0.0, "findings": [], **place}
            | {score.name: score.value for score in measured_scores}
            for seed, (measured_scores, _) in enumerate(choices)
        ]
        columns = {key: [run[key] for run in each] for key in ("training_seconds", *(s.name for s in scores))}
        spread = {key: float(np.std(values, ddof=min(1, len(each) - 1))) for key, values in columns.items()}
        rows[f"{name}, {data.name}"] = {
            "settings": {"data": data.name},
            "steps": 0,
            "parameters": {},
            "scores": [score.as_dict() for score in scores],
            "samples": count,
            "classifier_accuracy_on_real": choices[0][1]["classifier_accuracy_on_real"],
            "made_on": {key: made_on[key] for key in ("backend", "versions", "git")},
            "runs": each,
            "mean": {key: float(np.mean(values)) for key, values in columns.items()},
            "spread": spread if len(each) > 1 else None,
        }
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
    from tools import results

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
