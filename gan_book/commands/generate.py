"""Pictures from a trained run: chosen classes, and walks between them."""

import math
import re
from pathlib import Path

import numpy as np

from gan_book import plotting
from gan_book.datasets.dataset import find_label
from gan_book.errors import BookError
from gan_book.paths import atomic_write
from gan_book.sampling import balanced_labels, between_classes, code_dim, draw, label_names, latent_points, takes_noise

NUMBER = r"([+-]?\d+(?:\.\d+)?)"
CODE = re.compile(rf"(\d+):{NUMBER}\.\.{NUMBER}")
FIRST_CODE = 2


def generate(run, n, label, seed, out):
    """Draws `n` images of a class (or of all in turn) into a .png grid, a .npz file or a folder of PNGs.

    The .npz holds uint8 ``images`` ``[n, h, w, c]`` and int32 ``labels`` ``[n]``.

    Raises:
        BookError: `n` below 1, unknown class, or an `out` of another kind.
    """
    if n < 1:
        raise BookError(f"--n must be at least 1, not {n}")
    out = Path(out)
    if out.suffix.lower() not in (".png", ".npz", ""):
        raise BookError(f"--out {out} has an ending this command does not write; use .png, .npz or a folder's name")
    generator = _from_noise(run)
    names = label_names(generator, run.config.class_names)
    if label is not None and not names:
        raise BookError(f"{run} holds an unconditional generator, which cannot be asked for '{label}'; omit --label")
    labels = _labels(n, label, names)
    images = draw(generator, labels, seed)
    {".png": _write_grid, ".npz": _write_arrays}.get(out.suffix.lower(), _write_folder)(images, labels, names, out)


def _from_noise(run):
    """The run's generator.

    Raises:
        BookError: it takes no noise but a picture.
    """
    generator = run.load("generator")
    if not takes_noise(generator):
        lesson = run.config.lesson
        raise BookError(f"{run} holds a generator that is given pictures; use `gan-book translate {lesson}`")
    return generator


def _labels(n, label, names):
    if label is None:
        return balanced_labels(n, len(names) or 1)
    return np.full(n, find_label(label, names), "int32")


def _write_grid(images, labels, names, out):
    columns = min(len(images), _columns(len(images), len(set(labels))))
    rows = -(-len(images) // columns)
    plotting.save_png(plotting.image_grid(images, rows, columns), out)


def _columns(count, kinds):
    """Ten at most, so many that a column has one class; of a single class the square root of the number of images."""
    if kinds == 1:
        return math.ceil(math.sqrt(count))
    return kinds * (10 // kinds) if kinds <= 10 else 10


def _write_arrays(images, labels, names, out):
    with atomic_write(out) as file:
        np.savez_compressed(file, images=images, labels=labels)


def _write_folder(images, labels, names, out):
    if out.is_file():
        raise BookError(f"--out {out} is a file; name a folder, or a file that ends in .png or .npz")
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        word = "".join(c if c.isalnum() else "-" for c in f"-{names[label]}".lower()) if names else ""
        plotting.save_png(image, out / f"{i:05d}{word}.png")


def interpolate(run, start, end, seed, frames, out):
    """Walks from class `start` to class `end` at one latent point each of eight, as a .gif or a .png strip.

    Raises:
        BookError: fewer than 2 frames, unknown class, unconditional generator, or an `out` of another kind.
    """
    out = _walk_file(frames, out)
    generator = _from_noise(run)
    names = label_names(generator, run.config.class_names)
    if not names:
        raise BookError(f"{run} holds an unconditional generator, which knows no classes; train a conditional one")
    first, last = find_label(start, names), find_label(end, names)
    points = latent_points(generator, 8, seed)
    _write_walks(np.stack([between_classes(generator, z, first, last, frames) for z in points]), out)


def traverse(run, code, seed, frames, out):
    """Walks along one code, all else held, once for each class or category: a .gif or a .png with a row for each.

    Args:
        code: ``"2:-2..2"``, the code's number and its first and last value. As in the InfoGAN paper c1 is the
            category, so the first of the input "code" is number 2.

    Raises:
        BookError: fewer than 2 frames, a `code` that cannot be read, a generator without it, a negative seed, or an
            `out` of another kind.
    """
    out = _walk_file(frames, out)
    match = CODE.fullmatch(code)
    if not match:
        raise BookError(f"--code '{code}' is not understood; write number:first..last, such as 2:-2..2")
    number, first, last = int(match[1]), float(match[2]), float(match[3])
    generator = _from_noise(run)
    rows = max(1, len(label_names(generator, run.config.class_names)))
    known = list(range(FIRST_CODE, FIRST_CODE + code_dim(generator)))
    if number not in known:
        has = f"has the codes {', '.join(map(str, known))}" if known else "has no codes; train infogan"
        raise BookError(f"--code {number}: the generator of {run} {has}")
    codes = np.zeros((rows * frames, len(known)), "float32")
    codes[:, number - FIRST_CODE] = np.tile(np.linspace(first, last, frames), rows)
    z = np.repeat(latent_points(generator, 1, seed), rows * frames, axis=0)
    images = draw(generator, np.repeat(np.arange(rows), frames), z=z, codes=codes)
    _write_walks(images.reshape(rows, frames, *images.shape[1:]), out)


def _walk_file(frames, out):
    out = Path(out)
    if frames < 2:
        raise BookError(f"--frames must be at least 2, not {frames}")
    if out.suffix.lower() not in (".gif", ".png"):
        raise BookError(f"--out {out} has an ending this command does not write; use .gif or .png")
    return out


def _write_walks(walks, out):
    """uint8 ``[walks, frames, h, w, c]`` as a strip a walk, or as a GIF that shows all of them and comes back."""
    count, frames = walks.shape[:2]
    if out.suffix.lower() == ".png":
        plotting.save_png(plotting.image_grid(walks.reshape(-1, *walks.shape[2:]), count, frames), out)
        return
    rows = 2 if count % 2 == 0 else 1
    grids = [plotting.image_grid(walks[:, i], rows, count // rows, scale=4) for i in range(frames)]
    plotting.save_gif(grids + grids[-2:0:-1], out, seconds_per_frame=0.08, hold_last=0.08)
