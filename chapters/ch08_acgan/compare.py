"""Three conditional GANs compared: cDCGAN, AC-GAN and 2N-GAN, with equal convolutions, equal steps and several seeds.

    python -m chapters.ch08_acgan.compare --epochs 12                # Fashion-MNIST: nine trainings of some 25 minutes
    python -m chapters.ch08_acgan.compare --data mnist               # three epochs: of about 7 minutes
    python -m chapters.ch08_acgan.compare --data cifar10 --seeds 1 --epochs 15

The three differ only in what the discriminator does with the label. In the cDCGAN (chapter 6) the label is an input, by
projection. In the AC-GAN it is a second output. In the 2N-GAN one softmax has a real and a generated class for each
label. A comparison that was stopped goes on where it was. It ends with a table and, in the output folder, the loss
curves, and images of two classes with much variety. Where the book has no classifier for the data, the table has only
the numbers that need none. ``docs/results/ch08.md`` says what to do where CIFAR-10 cannot be fetched.
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
from gan_book.datasets.mnist import CIFAR_COPY
from gan_book.errors import BookError, Interrupted
from gan_book.metrics import has_classifier, measure_by_class
from gan_book.metrics.score import scores_of
from gan_book.sampling import draw
from gan_book.training import chapters, curves, report, runs
from gan_book.training import train as training
from gan_book.training.curves import losses
from tools import results

GANS = {"cDCGAN": "cgan", "AC-GAN": "acgan", "2N-GAN": "twon-gan"}
VARIED = {  # of other sets, the first two classes
    "mnist": ("1", "7"),
    "fashion_mnist": ("Shirt", "Bag"),
    "cifar10": ("automobile", "horse"),
    CIFAR_COPY: ("automobile", "horse"),
}
SHOWN = 25  # images of a class in a picture

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def trained(lesson, settings, folder):
    """The finished run in `folder`. It is trained now, or its training goes on, if it is not finished.

    Raises:
        BookError: there is one, with other settings.
    """
    if not runs.Run(folder).config_file.exists():
        return training.train(lesson, settings, "compare", folder)
    return training.resume(lesson, out=folder, asked=asdict(settings))


def train_all(data, image_size, preset, epochs, seeds, out):
    """Trains what is missing; returns dict: name of a GAN -> its runs, by seed. All are measured in the same way.

    Finished runs of `gan-book train` with the same settings may be copied to ``out``; they are measured again.
    """
    found = {name: [] for name in GANS}
    for seed in range(seeds):  # seed by seed, so that a comparison that is stopped has some runs of each GAN
        for name, chapter in GANS.items():
            lesson = replace(chapters.lesson(chapter), measure=measure_by_class)
            settings = lesson.settings(preset, data=data, image_size=image_size, epochs=epochs, seed=seed)
            run = trained(lesson, settings, out / f"{chapter}-{seed}")
            dataset = lesson.task.load(settings)
            if not measured_by_class(run, dataset):
                report.measure_again(run, lesson, dataset, settings.measure_samples)
            found[name].append(run)
    return found


def measured_by_class(run, dataset):
    """Whether a run has the scores of this comparison, those that need a classifier included."""
    names = [score.name for score in scores_of(run.report["measured"])]
    return "ms_ssim" in names and ("frechet_distance" in names or not has_classifier(dataset))


def score_table(found):
    """The Markdown table: mean and spread over seeds, and in how many runs the health monitor found a failure."""
    return results.table({name: results.summarise([run.folder for run in each]) for name, each in found.items()})


def write_losses(found, data, path):
    """Writes the loss curves: a panel for each GAN with the sum of D's losses and the sum of G's, a curve a seed."""
    panels = {}
    for name, each in found.items():
        logs = [curves.read_log(run.step_log) for run in each]
        panels[f"{name}, {datasets.title_of(data)}"] = {
            "D, real + generated": [(steps, _sum_of_losses(columns, "d_")) for _, steps, columns in logs],
            "G": [(steps, _sum_of_losses(columns, "g_")) for _, steps, columns in logs],
        }
    plotting.curve_panels(panels, path, xlabel="step", ylabel="loss (one curve for each seed)")


def _sum_of_losses(columns, network):
    totals, _ = losses(columns)
    return sum(columns[name] for name in totals if name.startswith(network))


def write_images(found, dataset, label, path):
    """Writes images of one class: real ones, and those of the generators with seed 0."""
    number, first = dataset.label_index(label), next(iter(found.values()))[0]
    groups = {"real": dataset.test_images[dataset.test_labels == number][:SHOWN]}
    for name, (run, *_) in found.items():
        groups[f"generated by {name}"] = draw(run.load("generator"), np.full(SHOWN, number), seed=1)
    steps = f"{first.report['steps']:,} steps"
    title = f"{datasets.title_of(dataset.name)}, class {dataset.class_names[number]}: real, and generated after {steps}"
    plotting.side_by_side(groups, path, title=title)


@app.command()
def main(
    data: Annotated[str, typer.Option(help="mnist, fashion_mnist, cifar10 or a folder of images.")] = "fashion_mnist",
    image_size: Annotated[int | None, typer.Option(help="Side of the images; without it the set's own.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each GAN.")] = 3,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 3,
    preset: Annotated[str, typer.Option(help="The other settings: those of full or smoke.")] = "full",
    out: Annotated[Path | None, typer.Option(help="Folder; without it runs/compare/ and the name of the data.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Also write the rows to results/ch08_compare.json.")] = False,
):
    """Compare three conditional GANs, which differ in what the discriminator does with the label."""
    if seeds < 1:
        raise BookError(f"--seeds must be at least 1, not {seeds}")
    if preset not in ("full", "smoke"):
        raise BookError(f"--preset '{preset}' would compare different networks; choose full or smoke")
    out = out or Path("runs", "compare", Path(data).name)
    try:
        found = train_all(data, image_size, preset, epochs, seeds, out)
    except Interrupted:  # it names the command for that one run, which would be measured in another way
        raise Interrupted(shlex.join(["python", "-m", "chapters.ch08_acgan.compare", *sys.argv[1:]])) from None
    write_losses(found, data, out / "losses.png")
    dataset = datasets.load(data, next(iter(found.values()))[0].config.settings["image_size"])
    for label in VARIED.get(dataset.name, dataset.class_names[:2]):
        write_images(found, dataset, label, out / f"{label.lower()}.png")
    print(score_table(found))
    if record:
        for name, each in found.items():
            results.collect("ch08_compare", f"{name}, {dataset.name}", [run.folder for run in each])
    print(f"pictures: {out}/*.png")


if __name__ == "__main__":
    cli.guard(app)
