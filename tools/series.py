"""The measured runs of a chapter, one after the other: what stands in ``results/`` comes from here.

    python -m tools.series ch07_infogan               # all rows
    python -m tools.series ch07_infogan quick head    # some of them

Runs go to ``runs/series/<chapter>/<row>-<seed>`` and stay there. A run that is finished is not made again, one that was
interrupted is resumed; so a series that was stopped goes on where it was. As soon as all seeds of a row are there, the
row is written to ``results/<chapter>.json``.
"""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.training import runs
from tools import results

FOLDER = Path("runs/series")


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed alone: lesson, preset, number of seeds, and flags that change the preset.

    A flag that is given more than once has a tuple of values.
    """

    lesson: str
    preset: str
    seeds: int
    flags: dict = field(default_factory=dict)

    def words(self, seed, folder):
        given = {name: value if isinstance(value, tuple) else (value,) for name, value in self.flags.items()}
        flags = [word for name, values in given.items() for value in values for word in (f"--{name}", str(value))]
        return ["train", self.lesson, "--preset", self.preset, "--seed", str(seed), *flags, "--out", str(folder)]

    def command(self, seed, folder):
        """The module and its words: to train a run, or to go on with it."""
        return ["gan_book", *self.words(seed, folder), *["--resume"] * self.run(folder).config_file.exists()]

    def run(self, folder):
        """The run whose report counts."""
        return runs.Run(folder)


@dataclass(frozen=True)
class Grown(Row):
    """Trainings of chapter 13, of several sizes one after the other; the run of the last size counts."""

    size: int = 64

    def command(self, seed, folder):
        flags = ["--preset", self.preset, "--seed", str(seed), "--to", str(self.size), "--out", str(folder)]
        return ["chapters.ch13_progan.grow", *flags]

    def run(self, folder):
        return runs.Run(folder / f"{self.size:03d}")


# Chapter 3's guidelines are left out one at a time on digits, which take a minute.
DIGITS = {"data": "mnist", "image-size": 28, "epochs": 1, "limit": 12_800}


def digits(*changes):
    """A row of chapter 3 on digits, with changed settings."""
    return Row("dcgan", "quick", 1, {**DIGITS, "set": ("noise=0", "learning_rate=0.001", *changes)})


SERIES = {
    "ch01_autoencoder": {
        "autoencoder": Row("autoencoder", "quick", 1),
        "vae": Row("vae", "quick", 1),
        "aae": Row("aae", "quick", 1),
        **{f"beta-{beta}": Row("vae", "quick", 1, {"set": f"beta={beta}"}) for beta in (0.25, 4)},
    },
    "ch02_gan": {"quick": Row("gan", "quick", 3)},
    "ch03_dcgan": {
        "quick": Row("dcgan", "quick", 1),
        "full": Row("dcgan", "full", 1),
        "digits": digits(),
        **{
            f"digits-{name}": digits(f"change={name}")
            for name in (
                "pooling",
                "upsampling",
                "no-batch-norm",
                "batch-norm-everywhere",
                "hidden-layers",
                "relu-in-d",
                "leaky-in-g",
            )
        },
        "digits-beta-0.9": digits("beta_1=0.9"),
        "digits-rate-0.0002": digits("learning_rate=0.0002"),
    },
    "ch06_cgan": {
        "quick": Row("cgan", "quick", 3),
        "full": Row("cgan", "full", 3),
        "last-weights": Row("cgan", "quick", 3, {"set": "average=0"}),
        "mlp-quick": Row("mlp-cgan", "quick", 3),
        "mlp-printed": Row("mlp-cgan", "quick", 1, {"set": ("network=paper", "discriminator_dropout=0.5")}),
        "mlp-sgd": Row("mlp-cgan", "book", 1, {"epochs": 12}),  # of 480: the paper's own optimizer
    },
    "ch07_infogan": {
        "quick": Row("infogan", "quick", 5),
        "full": Row("infogan", "full", 5),
        "lambda-1": Row("infogan", "full", 2, {"epochs": 8, "set": "lambda_1=1"}),  # the paper's weight
        "lambda-0.2": Row("infogan", "full", 1, {"set": "lambda_1=0.2"}),
        "head": Row("infogan", "quick", 3, {"set": "variant=head"}),
        "control": Row("infogan", "quick", 3, {"set": "variant=control"}),
        "fashion": Row("infogan", "quick", 3, {"data": "fashion_mnist"}),
        "iic-quick": Row("infogan-iic", "quick", 3),
        "iic-full": Row("infogan-iic", "full", 1),
        "book": Row("infogan", "book", 1),
    },
    "ch08_acgan": {
        "acgan-quick": Row("acgan", "quick", 3),
        "twon-quick": Row("twon-gan", "quick", 3),
        "acgan-full": Row("acgan", "full", 3),
        "twon-full": Row("twon-gan", "full", 3),
        "acgan-book": Row("acgan", "book", 1, {"epochs": 2}),  # of 100
    },
    "ch09_sgan": {
        "quick": Row("sgan", "quick", 3),
        "full": Row("sgan", "full", 5),
        "untrained": Row("sgan", "quick", 3, {"set": "loss=untrained"}),
        "feature-matching": Row("sgan", "quick", 3, {"set": "loss=feature_matching"}),
        "no-noise": Row("sgan", "quick", 3, {"set": "noise=0"}),
        "entropy": Row("sgan", "full", 1, {"set": "entropy_weight=0.3"}),
        **{f"labels-{10 * n}": Row("sgan", "quick", 3, {"set": f"labels_per_class={n}"}) for n in (2, 5, 20, 100)},
        "consistency": Row("sgan-consistency", "full", 3),
        **{
            f"fashion-{10 * n}": Row(
                "sgan-consistency",
                "quick",
                3,
                {"data": "fashion_mnist", "set": ("augmentation=clothing", f"labels_per_class={n}")},
            )
            for n in (10, 100)
        },
        "book": Row("sgan", "book", 1),
    },
    "ch10_pix2pix": {
        "quick": Row("pix2pix", "quick", 3),
        "full": Row("pix2pix", "full", 3),
        "l1": Row("pix2pix", "quick", 3, {"set": "loss=l1"}),
        "cgan": Row("pix2pix", "quick", 3, {"set": "loss=cgan"}),
        # With a width at which D has about as many weights as with 34 pixels (96,000).
        **{
            f"patch-{patch}": Row("pix2pix", "quick", 3, {"set": (f"patch={patch}", f"width_d={width}")})
            for patch, width in ((1, 216), (16, 53), (70, 12))
        },
        "encoder-decoder": Row("pix2pix", "quick", 3, {"set": "network=encoder-decoder"}),
    },
    "ch11_cyclegan": {
        "quick": Row("cyclegan", "quick", 3),
        "full": Row("cyclegan", "full", 3),
        "no-cycle": Row("cyclegan", "quick", 3, {"set": "cycle=0"}),
        "no-identity": Row("cyclegan", "quick", 3, {"set": "identity=0"}),
        "adversary": Row("cyclegan", "quick", 3, {"set": ("cycle=0", "identity=0")}),
        "no-pool": Row("cyclegan", "quick", 3, {"set": "pool=0"}),
        "plain2tabby": Row("cyclegan", "quick", 1, {"data": "plain2tabby"}),
        "bare2hat": Row("cyclegan", "quick", 1, {"data": "bare2hat"}),
        "earth": Row("cyclegan", "full", 1, {"data": "earth"}),
    },
    "ch12_biggan": {
        "quick": Row("biggan", "quick", 3),
        "full": Row("biggan", "full", 3),
        "no-spectral-norm": Row("biggan", "quick", 3, {"set": "change=no-spectral-norm"}),
        "label-channel": Row("biggan", "quick", 3, {"set": "change=label-channel"}),
        "no-attention": Row("biggan", "quick", 3, {"set": "change=no-attention"}),
        "last-weights": Row("biggan", "quick", 3, {"set": "average=0"}),
        "orthogonal": Row("biggan", "full", 3, {"set": "beta=0.0001"}),
    },
    "ch13_progan": {
        "quick": Grown("progan", "quick", 3, size=32),
        "full": Grown("progan", "full", 3),
        "not-grown": Row("progan", "full", 3),
    },
    "ch14_stylegan": {
        "quick": Row("stylegan", "quick", 3),
        "full": Row("stylegan", "full", 3),
        "no-mixing": Row("stylegan", "quick", 3, {"set": "mixing=0"}),
        **{
            f"no-{part}": Row("stylegan", "quick", 3, {"set": f"change=no-{part}"})
            for part in ("noise", "demodulation")
        },
    },
}


def folders(chapter, name, row):
    """The run folders of a row, by seed."""
    return [FOLDER / chapter / f"{name}-{seed}" for seed in range(row.seeds)]


def missing(chapter, name, row):
    """``(seed, folder)`` of the runs of a row that are not finished."""
    seeds = enumerate(folders(chapter, name, row))
    return [(seed, folder) for seed, folder in seeds if row.run(folder).report is None]


def train(row, seed, folder):
    """Trains one run in a process of its own, or goes on with it."""
    command = ["-m", *row.command(seed, folder)]
    print("python", *command, flush=True)
    with subprocess.Popen([sys.executable, *command]) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:  # the training was told as well; it needs a moment to save where it is
            process.wait()
            sys.exit(130)
    if status:
        raise BookError(f"the run {folder} did not end well; see above, then start the series again")


def main(
    chapter: Annotated[str, typer.Argument(help="One of: " + ", ".join(SERIES))],
    names: Annotated[list[str] | None, typer.Argument(help="Rows; without any all of them.")] = None,
):
    """Make the runs of a chapter's table that are missing, and write the rows."""
    if chapter not in SERIES:
        raise BookError(f"no series for '{chapter}'; there are: {', '.join(SERIES)}")
    unknown = set(names or []) - set(SERIES[chapter])
    if unknown:
        raise BookError(f"no row '{min(unknown)}' in {chapter}; there are: {', '.join(SERIES[chapter])}")
    for name, row in SERIES[chapter].items():
        if names and name not in names:
            continue
        for seed, folder in missing(chapter, name, row):
            train(row, seed, folder)
        results.collect(chapter, name, [row.run(folder).folder for folder in folders(chapter, name, row)])


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
