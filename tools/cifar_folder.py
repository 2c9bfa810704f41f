"""A folder of images out of a copy of CIFAR-10 whose pictures are kept as JPEG, where the set cannot be fetched.

    python -m tools.cifar_folder path/to/cifar10_jpeg75_bytes.npz      # writes runs/cifar10_jpeg75

The copy is one ``.npz`` file. Of each part, "train" and "test", it has the bytes of all JPEG files one after the other
(``train_bytes``), where each begins (``train_offsets``, one more than there are images) and the labels (``y_train``).
The folder has a sub-folder for each part and class, which `gan_book.load` reads. Its 5,000 validation images are those
that ``load("cifar10")`` would keep apart. The pictures are not the book's to ship, so the folder stays in ``runs/``.
"""

import shutil
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands import cli
from gan_book.datasets.dataset import validation_split
from gan_book.datasets.manifest import fetchable
from gan_book.datasets.mnist import CIFAR_COPY
from gan_book.errors import BookError
from gan_book.paths import UNREADABLE, read_arrays

FOLDER = Path("runs", CIFAR_COPY)
ARRAYS = [name for part in ("train", "test") for name in (f"{part}_bytes", f"{part}_offsets", f"y_{part}")]


def read_copy(file):
    """The arrays of the copy, by name.

    Raises:
        BookError: there is no such file, it is damaged, or it lacks one of them.
    """
    try:
        arrays = read_arrays(file)
        return {name: arrays[name] for name in ARRAYS}
    except UNREADABLE as error:
        raise BookError(f"{file} is no copy of CIFAR-10 that can be read ({type(error).__name__})") from error


def write_folder(arrays, folder):
    """Writes ``<folder>/<part>/<class>/<number>.jpg``, whole or not at all; returns the number of images of each part.

    arrays: those of the copy, by name.
    """
    if folder.exists():
        raise BookError(f"{folder} is there already; remove it to write it again")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    train, val = validation_split(len(arrays["y_train"]))
    parts = {"train": ("train", train), "val": ("train", val), "test": ("test", np.arange(len(arrays["y_test"])))}
    for part, (source, numbers) in parts.items():
        _write_part(arrays, source, numbers, unfinished / part)
    unfinished.rename(folder)
    return {part: len(numbers) for part, (_, numbers) in parts.items()}


def _write_part(arrays, source, numbers, folder):
    names = fetchable()["cifar10"]["class_names"]
    content, offsets, labels = arrays[f"{source}_bytes"], arrays[f"{source}_offsets"], arrays[f"y_{source}"]
    for name in names:
        (folder / name).mkdir(parents=True)
    for number in numbers:
        jpeg = content[offsets[number] : offsets[number + 1]].tobytes()
        (folder / names[labels[number]] / f"{number:05}.jpg").write_bytes(jpeg)


def main(
    file: Annotated[Path, typer.Argument(help="The .npz file of the copy.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")] = FOLDER,
):
    """Write the pictures of a JPEG copy of CIFAR-10 as a folder of images."""
    counts = write_folder(read_copy(file), out)
    print(f"{out}:", ", ".join(f"{count:,} in {part}" for part, count in counts.items()))


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
