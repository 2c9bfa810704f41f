"""Asking a trained classifier: about images in memory, and about files of the reader's own."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import center_of_mass
from scipy.ndimage import shift as shifted
from scipy.special import softmax

from gan_book import datasets
from gan_book.datasets.images import UnreadableImage, decode, decode_whole, pictures_in
from gan_book.errors import BookError
from gan_book.sampling import predict_uint8

LARGE = 280  # side at which a picture of a digit is looked at before it is made as small as MNIST's
FAINT = 64  # below this, of 255, a pixel of it is paper, not ink


@dataclass(frozen=True)
class Predicted:
    """What became of some files: the answers, and ``(file, reason)`` of those that could not be asked about.

    An answer is a dict: "file", "label" (name of the class), "probability" and "inverted".
    """

    answers: list
    skipped: list


def predict(run, files):
    """What the classifier of a run says of image files.

    Files are read as `gan_book.datasets.images.decode` says and scaled to the classifier's size. For a classifier of
    the book's own grey sets, whose images are light on a dark ground, a picture with a light ground is inverted; and
    for one of MNIST's digits a larger picture is brought into MNIST's form (see `like_mnist`).

    Args:
        run: `gan_book.training.runs.Run`.
        files: paths of images, and of folders of images.

    Returns:
        `Predicted`; files that are no images, or show nothing, are skipped.

    Raises:
        BookError: the run has no classifier, or none of the files can be asked about.
    """
    if not run.network("classifier").exists():
        raise BookError(f"{run} has no classifier to ask; chapter 9's runs have: `gan-book predict sgan`")
    classifier = run.load("classifier")
    data, names = run.config.settings.get("data"), run.config.class_names
    read, skipped = [], []
    for file in _listed(files):
        try:
            read.append((file, *_read(file, data, classifier.input.shape[1:])))
        except UnreadableImage as reason:
            skipped.append((file, str(reason)))
    if not read:
        (file, reason), more = skipped[0], len(skipped) > 1
        none = f"none of the {len(skipped)} files can be asked about: " if more else ""
        raise BookError(f"{none}{file} {reason}; name {'others' if more else 'another picture'}")
    files, pictures, inverted = zip(*read, strict=True)
    probabilities = softmax(predict_uint8(classifier, np.stack(pictures)), axis=1)
    answers = [
        {"file": str(file), "label": names[row.argmax()], "probability": float(row.max()), "inverted": light}
        for file, row, light in zip(files, probabilities, inverted, strict=True)
    ]
    return Predicted(answers, skipped)


def _listed(paths):
    """The files of these files and folders."""
    return [file for path in map(Path, paths) for file in (pictures_in(path) if path.is_dir() else [path])]


def _read(file, data, shape):
    """A file as uint8 ``[h, w, c]``, and whether it was inverted; raises `UnreadableImage`."""
    if not file.is_file():
        raise UnreadableImage("is not a file")
    size, _, channels = shape  # square, as all images in this book
    digit = data == "mnist" and _side(file) > size
    picture = decode(file, LARGE if digit else size)
    if channels == 3:
        return picture, False
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    ours = data in datasets.names()
    light = ours and bool(np.median(_edge(grey)) > 127)
    grey = 255 - grey if light else grey
    # What is faint in a reader's own set only its images could tell.
    if grey.max() - grey.min() < (FAINT if ours else 1):
        raise UnreadableImage("shows nothing but an even ground (only the middle square is looked at)")
    return (like_mnist(grey, size) if digit else grey)[..., None], light


def _side(file):
    """The shorter side of a picture; 0 if it is none, which `decode` says better."""
    try:
        return min(decode_whole(file)[0].shape[:2])
    except UnreadableImage:
        return 0


def _edge(grey):
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def like_mnist(grey, size=28):
    """A light digit on a dark ground, uint8 ``[h, w]``, as MNIST's were made: uint8 ``[size, size]``.

    The ink is cut out, scaled to fit 20 of 28 pixels, and laid with its centre of mass into the middle (LeCun et al.
    1998, "Gradient-Based Learning Applied to Document Recognition", section III.A).
    """
    grey = np.where(grey < grey.min() + FAINT, 0, grey).astype("uint8")
    rows, columns = (np.flatnonzero(grey.any(axis=axis)) for axis in (1, 0))
    ink = Image.fromarray(grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = 20 / 28 * size / max(ink.size)
    ink = np.asarray(ink.resize([max(1, round(side * scale)) for side in ink.size], Image.Resampling.BOX), "float32")
    page = np.zeros((size, size), "float32")
    page[: ink.shape[0], : ink.shape[1]] = ink * (255 / ink.max())
    offset = (size - 1) / 2 - np.array(center_of_mass(page))
    return np.round(shifted(page, np.round(offset), order=0)).astype("uint8")
