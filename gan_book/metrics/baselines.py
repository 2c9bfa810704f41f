"""Translations without a network: what a GAN of chapters 10 and 11 must beat.

Each baseline takes `gan_book.datasets.Pairs` and returns translations of its test images from A to B, uint8
``[n, h, w, 3]``. `baselines` makes all that a set allows.
"""

import numpy as np
from scipy.spatial import cKDTree

from gan_book.datasets.images import resize
from gan_book.metrics.distances import squared_distances
from gan_book.metrics.translation import histogram_matched

LEVELS = 16  # of each channel in the table of colours
PIXELS = 4_000_003  # at most so many make the table; a prime number, so that they are not all of the same columns
STYLE = 200  # training images of B whose colours are matched
SMALL = 32  # pixels: the size at which inputs are compared


def baselines(pairs):
    """All baselines of a set: dict from a name to translations of ``pairs.test_a``.

    The last two learn from pairs, and are left out where training images have none.
    """
    found = {
        "the input unchanged": pairs.test_a,
        "one colour": one_colour(pairs),
        "the input, colours matched": histogram_matched(pairs.test_a, pairs.b[:: max(1, len(pairs.b) // STYLE)]),
    }
    if pairs.paired:
        found |= {"table of colours": table_of_colours(pairs), "nearest training pair": nearest_pair(pairs)}
    return found


def one_colour(pairs):
    """The median colour of the training images of B, everywhere: of all constant images the nearest in L1."""
    colour = np.median(pairs.b[:: max(1, len(pairs.b) // STYLE)].reshape(-1, 3), axis=0)
    return np.broadcast_to(np.rint(colour).astype("uint8"), pairs.test_a.shape).copy()


def table_of_colours(pairs):
    """Each pixel by a table: its colour in A, in 16 levels a channel, to the median colour of such pixels in B.

    A colour that the training images do not have is taken for the nearest one that they have.
    """
    step = -(-pairs.a.size // 3 // PIXELS)
    a, b = (images.reshape(-1, 3)[::step] for images in (pairs.a, pairs.b))
    keys = (a // (256 // LEVELS)) @ np.array([LEVELS**2, LEVELS, 1])
    order = np.argsort(keys, kind="stable")
    known, first = np.unique(keys[order], return_index=True)
    colours = b[order]
    table = np.stack([np.median(group, axis=0) for group in np.split(colours, first[1:])])
    levels = np.stack([known // LEVELS**2, known // LEVELS % LEVELS, known % LEVELS], axis=1)
    asked, which = np.unique((pairs.test_a // (256 // LEVELS)).reshape(-1, 3), axis=0, return_inverse=True)
    nearest = cKDTree(levels).query(asked)[1]
    return np.rint(table[nearest][which.ravel()]).astype("uint8").reshape(pairs.test_a.shape)


def nearest_pair(pairs):
    """The B of the training pair whose A is the nearest to the input, in pixels at 32 x 32."""
    height, width = pairs.image_shape[:2]
    inputs = resize(pairs.a, (height, width))  # training images are larger, to crop from
    small = [resize(images, SMALL).reshape(len(images), -1).astype("float32") for images in (pairs.test_a, inputs)]
    return resize(pairs.b[squared_distances(*small).argmin(axis=1)], (height, width))
