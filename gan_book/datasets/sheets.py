"""Sheets: many small pictures of one size in one image file, row by row, with a CSV file that says what they show."""

import csv

import numpy as np
from PIL import Image

from gan_book.errors import BookError


def read_sheet(path, count, side, mode="RGB"):
    """The first ``count`` cells of a sheet, row by row.

    Args:
        path: the image file.
        count: how many cells.
        side: their height and width in pixels.
        mode: "RGB", or "RGBA" with opacity.

    Returns:
        uint8 ``[count, side, side, 3 or 4]``.

    Raises:
        BookError: the sheet has no room for so many.
    """
    with Image.open(path) as image:
        pixels = np.asarray(image.convert(mode))
    rows, columns = (length // side for length in pixels.shape[:2])
    if rows * columns < count:
        raise BookError(f"{path} has {rows * columns:,} cells for {count:,} pictures; restore it with git checkout")
    grid = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
    return grid.swapaxes(1, 2).reshape(rows * columns, side, side, -1)[:count]


def read_table(path):
    """The rows of a CSV file with a header, in its order: a list of dicts of texts."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
