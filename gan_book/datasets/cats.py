"""Cats: composed of 66 parts by David Revoy, so that everything about a picture is known.

A cat has a body, a pattern of the fur, eyes, a mouth and an accessory (or none). Two of the ten furs have no pattern
and are taken as one, which leaves 15 x 9 x 15 x 10 x 16 = 324,000 different cats.
"""

from collections import namedtuple
from functools import cache

import numpy as np
from PIL import Image

from gan_book.datasets.dataset import Dataset, limited
from gan_book.datasets.images import sides
from gan_book.datasets.manifest import shipped, verified_path
from gan_book.datasets.sheets import read_sheet, read_table
from gan_book.errors import BookError, require_memory

SIDE = 256  # of the parts, in pixels
TRAIN, VALIDATION, TEST = 12_000, 1_000, 3_000
_SPLIT_SEED = 0  # which cats are in which split does not depend on the seed of a training
_AT_A_TIME = 256  # cats that are composed together: as floats they take 24 times the room

Layer = namedtuple("Layer", "name values first")  # first: the number of its first part on the sheet


def load_cats(image_size=64, limit=None, seed=0, balanced=True):
    """Composes 12,000 cats to train with, 1,000 to validate and 3,000 to test with; no two of them are the same.

    The classes are the 15 bodies. All attributes are known: ``data.attributes["eyes"][0]`` is the name of the eyes of
    the first training image.

    Args:
        image_size: see `gan_book.datasets.images.sides`. The parts are drawn at 256 pixels.
        limit: compose only so many training images.
        seed: of the choice that ``limit`` makes; the splits are always the same.
        balanced: see `gan_book.datasets.load`.

    Returns:
        `Dataset` of 3 channels.

    Raises:
        BookError: a file is missing or damaged; a size that makes no sense; too large for the memory.
    """
    height, width = sides(image_size)
    train, val, test = split(TRAIN, VALIDATION, TEST)
    train = train[limited(train[:, 0], limit, seed, balanced)]
    count = len(train) + len(val) + len(test)
    what = f"{count:,} cats of {height} x {width} pixels"
    require_memory(3 * count * height * width, what, "take a smaller --image-size or set a --limit")
    found = {}
    for part, cats in {"": train, "val_": val, "test_": test}.items():
        found[f"{part}images"], found[f"{part}labels"] = compose(cats, image_size), cats[:, 0]
        found[f"{part}attributes"] = names_of(cats)
    entry = shipped()["cats"]
    return Dataset(name="cats", class_names=tuple(entry["class_names"]), credit=entry["credit"], **found)


@cache
def layers():
    """The layers from back to front, each with the names of its parts: a tuple of `Layer`."""
    table = read_table(verified_path(shipped()["cats"]["files"]["names"]))
    found = []
    for name in dict.fromkeys(row["layer"] for row in table):  # in the order of the file
        rows = [row for row in table if row["layer"] == name]
        found.append(Layer(name, tuple(row["name"] for row in rows), int(rows[0]["index"])))
    return tuple(found)


def different():
    """For each layer the numbers of its parts that differ: a list of int arrays."""
    return [np.array([values.index(name) for name in dict.fromkeys(values)]) for _, values, _ in layers()]


def all_cats():
    """Every different cat, in random order that is always the same: int ``[324000, 5]``, a part's number a layer."""
    choices = np.meshgrid(*different(), indexing="ij")
    cats = np.stack([each.ravel() for each in choices], axis=1)
    return np.random.default_rng(_SPLIT_SEED).permutation(cats)


def split(*counts):
    """Different cats for each of some purposes, such as 12,000 and 1,000: a list of int ``[count, 5]``."""
    return np.split(all_cats()[: sum(counts)], np.cumsum(counts)[:-1])


def names_of(cats):
    """What the cats have: dict from the name of a layer to the names of parts, text ``[n]``."""
    return {layer.name: np.array(layer.values)[cats[:, number]] for number, layer in enumerate(layers())}


def part(layer, name):
    """The number of a part of a layer.

    Raises:
        BookError: there is none of that name.
    """
    values = next(each.values for each in layers() if each.name == layer)
    if name not in values:
        raise BookError(f"no {layer} of a cat is called '{name}'; there are: {', '.join(dict.fromkeys(values))}")
    return values.index(name)


def compose(cats, image_size=64, turn=None):
    """Puts the parts of cats on top of one another, on white.

    Args:
        cats: int ``[n, 5]``, the number of a part for each of `layers`.
        image_size: see `gan_book.datasets.images.sides`; parts are cut in the middle where it is no square.
        turn: function that changes the bodies, uint8 ``[15, height, width, 4]`` with opacity; None for none.

    Returns:
        uint8 ``[n, height, width, 3]``.
    """
    height, width = sides(image_size)
    parts = [*_parts(height, width)]
    if turn is not None:
        parts[0] = turn(parts[0])
    images = np.empty((len(cats), height, width, 3), np.uint8)
    for start in range(0, len(cats), _AT_A_TIME):
        some = cats[start : start + _AT_A_TIME]
        canvas = np.full((len(some), height, width, 3), 255.0, "float32")
        for layer, chosen in zip(parts, some.T, strict=True):
            _lay(canvas, layer, chosen)
        images[start : start + _AT_A_TIME] = np.rint(canvas)
    return images


def _lay(canvas, layer, chosen):
    """Lays a part over each image, in place: what is opaque hides what is below it (Porter and Duff 1984, "over")."""
    rows, columns = _box(layer)
    layer = layer[:, rows, columns].astype("float32")
    opacity = layer[..., 3:] / 255
    below = canvas[:, rows, columns]
    below *= (1 - opacity)[chosen]
    below += (layer[..., :3] * opacity)[chosen]


def _box(layer):
    """The rows and the columns in which a layer has anything: two slices."""
    there = layer[..., 3].any(axis=0)
    return tuple(slice(found.min(), found.max() + 1) for found in np.nonzero(there))


@cache
def _parts(height, width):
    """The parts at a size: for each layer uint8 ``[parts, height, width, 4]``."""
    count = sum(len(layer.values) for layer in layers())
    sheet = read_sheet(verified_path(shipped()["cats"]["files"]["parts"]), count, SIDE, "RGBA")
    long = max(height, width)
    top, left = (long - height) // 2, (long - width) // 2
    fitted = [np.asarray(Image.fromarray(each).resize((long, long), Image.Resampling.LANCZOS)) for each in sheet]
    cut = np.stack(fitted)[:, top : top + height, left : left + width]
    return tuple(cut[layer.first : layer.first + len(layer.values)] for layer in layers())
