"""The slant and the stroke width of handwriting, measured from its pixels.

Both after Castro et al. (2019), "Morpho-MNIST: Quantitative Assessment and Diagnostics for Representation Learning",
section 3.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter, zoom

INK = 128  # a pixel this light belongs to a stroke
FINER = 4  # images are enlarged so often before widths are measured


def slant(images):
    """Shear of the writing, in pixels to the right per pixel up; 0 for upright strokes and NaN for empty images.

    The quotient of central moments -mu_11 / mu_02 of the grey values (y grows downwards): the slope of the line along
    which the ink of each row is best centred.

    Args:
        images: uint8 ``[n, h, w, 1]``, white ink on black.

    Returns:
        float64 ``[n]``.
    """
    ink = np.asarray(images, "float64")[..., 0]
    mass = ink.sum(axis=(1, 2))
    rows, columns = np.mgrid[: ink.shape[1], : ink.shape[2]]
    with np.errstate(invalid="ignore", divide="ignore"):
        dy = rows - ((ink * rows).sum(axis=(1, 2)) / mass)[:, None, None]
        dx = columns - ((ink * columns).sum(axis=(1, 2)) / mass)[:, None, None]
        return -(ink * dx * dy).sum(axis=(1, 2)) / (ink * dy**2).sum(axis=(1, 2))


def stroke_width(images):
    """Mean width of the strokes in pixels; NaN for images without ink.

    Twice the mean distance to the background, on the ridges of the distance map, of the image enlarged four times.

    Args:
        images: uint8 ``[n, h, w, 1]``, white ink on black.

    Returns:
        float64 ``[n]``.
    """
    return np.array([_stroke_width(image[..., 0]) for image in np.asarray(images)])


def _stroke_width(image):
    ink = zoom(image.astype("float32"), FINER, order=1) >= INK
    if not ink.any():
        return np.nan
    distance = distance_transform_edt(ink)
    ridge = ink & (distance == maximum_filter(distance, 3))
    return 2 * distance[ridge].mean() / FINER
