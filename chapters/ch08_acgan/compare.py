"""cDCGAN, AC-GAN and 2N-GAN side by side: the same convolutions, the same number of steps, several seeds.

    python -m chapters.ch08_acgan.compare                            # Fashion-MNIST: nine trainings of about 7 minutes
    python -m chapters.ch08_acgan.compare --data mnist
    python -m chapters.ch08_acgan.compare --data cifar10 --seeds 1

All that differs between the three is how the discriminator deals with the label: it is told it (cDCGAN, by projection,
chapter 6), says it beside "real or fake?" (AC-GAN), or says both in one word (2N-GAN). A comparison that was stopped
goes on where it was. It ends with a table and, in the output folder, the loss curves and samples of classes that have
room for variety.
"""

import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book import datasets, plotting
from gan_book.commands import cli
from gan_book.errors import BookError, Interrupted
from gan_book.metrics import measure_by_class
from gan_book.sampling import draw
from gan_book.training import chapters, curves, runs
from gan_book.training import train as training
from gan_book.training.curves import losses
from tools import results

GANS = {"cDCGAN": "cgan", "AC-GAN": "acgan", "2N-GAN": "twon-gan"}
VARIED = {"mnist": ("1", "7"), "fashion_mnist": ("Shirt", "Bag")}  # of other sets, the first two classes
SHOWN = 25  # samples of a class in a picture

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def trained(lesson, settings, folder):
    """The finished run in `folder`: made now, or gone on with, if it is not there yet.

    Raises:
        BookError: there is one, with other settings.
    """
    if not runs.Run(folder).config_file.exists():
        return training.train(lesson, settings, "compare", folder)
    return training.resume(lesson, out=folder, asked=asdict(settings))


def train_all(data, preset, epochs, seeds, out):
    """Trains what is missing; returns dict: name of a GAN -> its runs, by seed. All are measured alike."""
    found = {name: [] for name in GANS}
    for seed in range(seeds):  # seed by seed, so that a comparison that is stopped has some of each
        for name, chapter in GANS.items():
            lesson = replace(chapters.lesson(chapter), measure=measure_by_class)
            settings = lesson.settings(preset, data=data, epochs=epochs, seed=seed)
            found[name].append(trained(lesson, settings, out / f"{chapter}-{seed}"))
    return found


def score_table(found):
    """The Markdown table of mean and spread over seeds, and how many runs failed in the eyes of the health monitor."""
    return results.table({name: results.summarise([run.folder for run in each]) for name, each in found.items()})


def draw_losses(found, path):
    """Writes the loss curves: a panel for each GAN, in it D's loss on real and fake images together, and G's."""
    panels = {}
    for name, each in found.items():
        logs = [curves.read_log(run.step_log) for run in each]
        panels[name] = {
            "D": [(steps, _sum_of_turns(columns, "d_")) for _, steps, columns in logs],
            "G": [(steps, _sum_of_turns(columns, "g_")) for _, steps, columns in logs],
        }
    plotting.curve_panels(panels, path, xlabel="step", ylabel="loss")


def _sum_of_turns(columns, player):
    totals, _ = losses(columns)
    return sum(columns[name] for name in totals if name.startswith(player))


def draw_variety(found, dataset, label, path):
    """Writes samples of one class, of the first seed's generators, next to real ones."""
    number = dataset.label_index(label)
    groups = {"real": dataset.test_images[dataset.test_labels == number][:SHOWN]}
    for name, (run, *_) in found.items():
        groups[name] = draw(run.load("generator"), np.full(SHOWN, number), seed=1)
    plotting.side_by_side(groups, path, title=dataset.class_names[number])


@app.command()
def main(
    data: Annotated[str, typer.Option(help="mnist, fashion_mnist, cifar10 or a folder of images.")] = "fashion_mnist",
    seeds: Annotated[int, typer.Option(help="Trainings of each GAN.")] = 3,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 3,
    preset: Annotated[str, typer.Option(help="Whose other settings to take: full or smoke.")] = "full",
    out: Annotated[Path | None, typer.Option(help="Folder; without it runs/compare/ and the name of the data.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Also write the rows to results/ch08_compare.json.")] = False,
):
    """Compare three ways of telling a discriminator about labels."""
    if seeds < 1:
        raise BookError(f"--seeds must be at least 1, not {seeds}")
    if preset not in ("full", "smoke"):
        raise BookError(f"--preset '{preset}' would compare different networks; choose full or smoke")
    out = out or Path("runs", "compare", Path(data).name)
    try:
        found = train_all(data, preset, epochs, seeds, out)
    except Interrupted:  # which says how to go on with that one run, by itself and without this comparison's measures
        raise Interrupted(shlex.join(["python", "-m", "chapters.ch08_acgan.compare", *sys.argv[1:]])) from None
    draw_losses(found, out / "losses.png")
    dataset = datasets.load(data, next(iter(found.values()))[0].config.settings["image_size"])
    for label in VARIED.get(data, dataset.class_names[:2]):
        draw_variety(found, dataset, label, out / f"{label.lower()}.png")
    print(score_table(found))
    if record:
        for name, each in found.items():
            results.collect("ch08_compare", f"{name}, {Path(data).name}", [run.folder for run in each])
    print(f"pictures: {out}/*.png")


if __name__ == "__main__":
    cli.guard(app)
