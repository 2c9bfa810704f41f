"""Pictures from a trained run: chosen classes, and walks between them."""

from pathlib import Path

import numpy as np

from gan_book import plotting
from gan_book.datasets.dataset import find_label
from gan_book.errors import BookError
from gan_book.paths import atomic_write
from gan_book.sampling import balanced_labels, between_classes, draw, is_conditional, latent_points


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
    names = run.config["class_names"]
    labels = _labels(n, label, names)
    generator = run.load_generator()
    if label is not None and not is_conditional(generator):
        raise BookError(f"{run} holds an unconditional generator, which cannot be asked for '{label}'; omit --label")
    images = draw(generator, labels, seed)
    {".png": _write_grid, ".npz": _write_arrays}.get(out.suffix.lower(), _write_folder)(images, labels, names, out)


def _labels(n, label, names):
    if label is None:
        return balanced_labels(n, len(names))
    return np.full(n, find_label(label, names), "int32")


def _write_grid(images, labels, names, out):
    columns = min(len(images), 10 if len(set(labels)) > 1 else int(np.ceil(np.sqrt(len(images)))))
    rows = -(-len(images) // columns)
    plotting.save_png(plotting.image_grid(images, rows, columns), out)


def _write_arrays(images, labels, names, out):
    with atomic_write(out) as file:
        np.savez_compressed(file, images=images, labels=labels)


def _write_folder(images, labels, names, out):
    if out.is_file():
        raise BookError(f"--out {out} is a file; name a folder, or a file that ends in .png or .npz")
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        word = "".join(c if c.isalnum() else "-" for c in names[label].lower())
        plotting.save_png(image, out / f"{i:05d}-{word}.png")


def interpolate(run, start, end, seed, frames, out):
    """Walks from class `start` to class `end` at one latent point each of eight, as a .gif or a .png strip.

    Raises:
        BookError: fewer than 2 frames, unknown class, unconditional generator, or an `out` of another kind.
    """
    out = Path(out)
    if frames < 2:
        raise BookError(f"--frames must be at least 2, not {frames}")
    if out.suffix.lower() not in (".gif", ".png"):
        raise BookError(f"--out {out} has an ending this command does not write; use .gif or .png")
    names = run.config["class_names"]
    first, last = find_label(start, names), find_label(end, names)
    generator = run.load_generator()
    if not is_conditional(generator):
        raise BookError(f"{run} holds an unconditional generator, which knows no classes; train a conditional one")
    points = latent_points(generator, 8, seed)
    walks = np.stack([between_classes(generator, z, first, last, frames) for z in points])
    if out.suffix.lower() == ".png":
        plotting.save_png(plotting.image_grid(walks.reshape(-1, *walks.shape[2:]), len(points), frames), out)
        return
    grids = [plotting.image_grid(walks[:, i], 2, 4, scale=4) for i in range(frames)]
    plotting.save_gif(grids + grids[-2:0:-1], out, seconds_per_frame=0.08, hold_last=0.08)
