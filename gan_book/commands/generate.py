"""``gan-book generate``: images of chosen classes from a trained generator, as a grid, an array or a folder."""

import math
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands.quiet import import_backend
from gan_book.commands.shared import MOST, Chapter, Overwrite, RunFolder, Seed, open_run, path_option, progress
from gan_book.datasets.dataset import find_label
from gan_book.errors import BookError, counted, require_memory, shown
from gan_book.paths import atomic_write, writable_target, writable_targets

BATCH_BYTES = 2**26  # of images in float32 that are generated at a time
LARGEST_GRID = 10_000  # images in one picture; at 28 pixels it is 5,800 pixels wide
LONGEST_WORD = 40  # characters of a class name within a file name


def generate_command(
    chapter: Chapter,
    n: Annotated[int, typer.Option("--n", max=MOST, help="Number of images.")] = 64,
    label: Annotated[str | None, typer.Option(help="Class by name or number; without it all classes in turn.")] = None,
    seed: Seed = 0,
    out: Annotated[Path, path_option("--out", help="A .png grid, a .npz file, or a folder for one PNG each.")] = Path(
        "out.png"
    ),
    overwrite: Overwrite = False,
    run: RunFolder = None,
):
    """Generate images with a trained generator."""
    import_backend()
    for line in generate(open_run(chapter, run), n, label, seed, out, overwrite):
        print(shown(line))


def generate(run, n, label, seed, out, overwrite=False):
    """Generates `n` images of a class (or of all in turn) into a .png grid, a .npz file or a folder of PNGs.

    The .npz holds uint8 ``images`` ``[n, h, w, c]`` and int32 ``labels`` ``[n]``. It is written batch by batch, and so
    is a folder; only a grid has all images in memory.

    Returns:
        Lines that say what was made.

    Raises:
        BookError: `n` below 1 or too large for a grid or the memory, unknown class, an `out` of another kind or one
            that cannot be written (see `gan_book.paths.writable_target`).
    """
    from gan_book.sampling import label_names

    if n < 1:
        raise BookError(f"--n must be at least 1, not {n}")
    out = Path(out)
    kind = out.suffix.lower()
    if kind not in (".png", ".npz", ""):
        raise BookError(f"--out {out} has an ending this command does not write; use .png, .npz or a folder's name")
    if kind == ".png" and n > LARGEST_GRID:
        raise BookError(f"a grid shows at most {LARGEST_GRID:,} images, not {n:,}; name a folder or a .npz file")
    target = None if kind == "" else writable_target(out, overwrite=overwrite)
    generator = load_generator(run)
    names = label_names(generator, run.config.class_names)
    if label is not None and not names:
        raise BookError(f"{run} holds an unconditional generator, which cannot be asked for '{label}'; omit --label")
    labels = _labels(n, label, names)
    if kind == "":
        _write_folder(generator, labels, seed, names, out, overwrite)
    elif kind == ".npz":
        _write_arrays(generator, labels, seed, target)
    else:
        _write_grid(np.concatenate(list(batches(generator, labels, seed))), labels, target)
    missing = label is None and n < len(names)
    note = f"; showing {n} of {len(names)} classes, --n {len(names)} shows all" if missing else ""
    return [f"{counted(n, 'image')}: {out}{note}"]


def load_generator(run):
    """The run's generator.

    Raises:
        BookError: it takes an image, not noise.
    """
    from gan_book.sampling import takes_noise

    generator = run.load("generator")
    if not takes_noise(generator):
        lesson = run.config.lesson
        raise BookError(f"{run} holds a generator that is given pictures; use `gan-book translate {lesson}`")
    return generator


def _labels(n, label, names):
    from gan_book.sampling import balanced_labels

    if label is None:
        return balanced_labels(n, len(names) or 1)
    return np.full(n, find_label(label, names), "int32")


def batches(generator, labels, seed):
    """Generates images for the labels with `gan_book.sampling.draw`, some at a time: yields uint8 ``[m, h, w, c]``.

    Raises:
        BookError: even the latent points do not fit in memory.
    """
    from gan_book.sampling import draw, latent_codes, latent_dim, latent_points

    n = len(labels)
    # 8 bytes a number while they are sampled, 4 while they are kept.
    require_memory(12 * n * latent_dim(generator), f"the latent points of {n:,} images", "ask for fewer with --n")
    z, codes = latent_points(generator, n, seed), latent_codes(generator, n, seed)
    at_once = 250 * max(1, BATCH_BYTES // (4 * 250 * math.prod(generator.output.shape[1:])))  # 250: a batch of `draw`
    for start in progress(range(0, n, at_once), "generating"):
        part = slice(start, start + at_once)
        yield draw(generator, labels[part], z=z[part], codes=None if codes is None else codes[part])


def _write_grid(images, labels, target):
    from gan_book import plotting

    columns = min(len(images), _columns(len(images), len(set(labels))))
    rows = -(-len(images) // columns)
    plotting.save_png(plotting.image_grid(images, rows, columns), target)


def _columns(count, kinds):
    """About ten, so many that each column has one class; for a single class, as many columns as rows."""
    if kinds == 1:
        return math.ceil(math.sqrt(count))
    if kinds <= 10:
        return kinds * (10 // kinds)
    return kinds if kinds <= 20 else 10


def _write_arrays(generator, labels, seed, target):
    """Writes an .npz file, batch by batch; `numpy.savez` would need all images at once."""
    # An .npz is a ZIP archive of .npy files, and an .npy is a header with the shape followed by the values. The shape
    # is known beforehand, so the header can be written first and the images as they come.
    shape = (len(labels), *generator.output.shape[1:])
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with atomic_write(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            for images in batches(generator, labels, seed):
                member.write(images.tobytes())
        with archive.open("labels.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, labels, allow_pickle=False)


def _write_folder(generator, labels, seed, names, folder, overwrite):
    from gan_book import plotting

    files = [folder / _file_name(number, names[label] if names else "") for number, label in enumerate(labels)]
    if folder.exists() and not folder.is_dir():
        raise BookError(f"--out {folder} is a file; name a folder, or a file that ends in .png or .npz")
    targets, refused = writable_targets(files, overwrite=overwrite)
    if refused:
        raise BookError(next(iter(refused.values())))
    remaining = iter(targets.values())
    for images in batches(generator, labels, seed):
        for image, target in zip(images, remaining, strict=False):
            plotting.save_png(image, target)


def _file_name(number, class_name):
    """Such as ``00007-ankle-boot.png``."""
    word = "".join(c if c.isalnum() else "-" for c in class_name.lower()[:LONGEST_WORD])
    return f"{number:05d}{'-' * bool(word)}{word}.png"
