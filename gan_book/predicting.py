"""Asking a run's classifier about pictures of the reader's own."""

from pathlib import Path

import numpy as np
from keras import ops
from scipy.special import softmax

from gan_book.datasets.decode import UnreadableImage, decode
from gan_book.datasets.scaling import to_float
from gan_book.errors import BookError

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in grey, ITU-R BT.601, as Pillow has it


def predict(run, files):
    """What the classifier of a run says of image files.

    Files are read as `gan_book.datasets.decode.decode` says and scaled to the classifier's size. Where it was trained
    on grey images, which in this book are light on a dark ground, a picture with a light ground is inverted.

    Args:
        run: `gan_book.runs.Run`.
        files: paths of images.

    Returns:
        One dict a file: "file", "label" (name of the class), "probability" and "inverted".

    Raises:
        BookError: the run has no classifier, or a file is no image.
    """
    if not run.network("classifier").exists():
        raise BookError(f"{run} has no classifier to ask; train one with `gan-book train sgan`")
    classifier = run.load("classifier")
    size, _, channels = classifier.input.shape[1:]  # square, as all images in this book
    pictures = np.stack([_read(Path(file), size) for file in files])
    inverted = np.zeros(len(files), bool)
    if channels == 1:
        pictures = np.round(pictures @ LUMA).astype("uint8")[..., None]
        inverted = _ground(pictures) > 127
        pictures[inverted] = 255 - pictures[inverted]
    probabilities = softmax(classifier.predict(ops.convert_to_numpy(to_float(pictures)), verbose=0), axis=1)
    names = run.config["class_names"]
    return [
        {"file": str(file), "label": names[row.argmax()], "probability": float(row.max()), "inverted": bool(light)}
        for file, row, light in zip(files, probabilities, inverted, strict=True)
    ]


def _read(file, size):
    if not file.is_file():
        raise BookError(f"{file} is not a file; name one or more pictures")
    try:
        return decode(file, size)
    except UnreadableImage as reason:
        raise BookError(f"{file} {reason}; name a picture") from None


def _ground(pictures):
    """Median of the outermost pixels of uint8 ``[n, h, w, 1]``: ``[n]``."""
    edges = [pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]]
    return np.median(np.concatenate(edges, axis=1)[..., 0], axis=1)
