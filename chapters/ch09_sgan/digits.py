"""Making a drawing or photograph of a digit look like MNIST's, for `gan-book predict sgan`."""

import numpy as np
from PIL import Image
from scipy.ndimage import center_of_mass
from scipy.ndimage import shift as shifted

FAINT = 64  # a pixel so little lighter, of 255, than the darkest is paper, not ink


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
