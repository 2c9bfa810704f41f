"""Cartoon faces with known attributes: hair, skin, glasses, mouth and nine more; and faces in another style.

The designs are by Micah Lanier ("Avatar Illustration System") and Johan Melin ("ToonHead"), CC BY 4.0.
"""

from collections import namedtuple
from functools import lru_cache

import numpy as np

from gan_book.datasets.dataset import Dataset, limited
from gan_book.datasets.images import resize, sides
from gan_book.datasets.manifest import shipped, verified_path
from gan_book.datasets.sheets import read_sheet, read_table
from gan_book.errors import require_memory

VALIDATION, TEST = 500, 1_000
_SPLIT_SEED = 0  # which faces are in which split does not depend on the seed of a training

Style = namedtuple("Style", "side per_sheet renamed")  # pixels; faces on a sheet; column of the table -> attribute
_COLOURS = {"hairColor": "hair colour", "facialHair": "facial hair", "shirtColor": "shirt colour"}
STYLES = {
    "micah": Style(128, 2_000, {**_COLOURS, "baseColor": "skin"}),
    "toonhead": Style(
        64, 2_000, {**_COLOURS, "skinColor": "skin", "rearHair": "rear hair", "clothesColor": "clothes colour"}
    ),
}
# The artists' names of hair styles are those of film characters; these say what one sees.
HAIR = {
    "dougFunny": "few hairs",
    "mrClean": "bald",
    "mrT": "mohawk",
    "fonze": "quiff",
    "dannyPhantom": "fringe",
    "pixie": "bob",
    "full": "long",
    "turban": "turban",
}


def load_faces(image_size=64, limit=None, seed=0, balanced=True):
    """Reads 8,000 faces: 6,500 to train with, 500 to validate and 1,000 to test with; no two of them are the same.

    The classes are the 8 kinds of hair. All 13 attributes are known: ``data.attributes["glasses"][0]`` is what the
    first training image has: "none", "round" or "square".

    Args:
        image_size: see `gan_book.datasets.images.sides`. They are drawn at 128 pixels and resized for anything else.
        limit: train on only so many images.
        seed: of the choice that ``limit`` makes; the splits are always the same.
        balanced: see `gan_book.datasets.load`.

    Returns:
        `Dataset` of 3 channels.

    Raises:
        BookError: a file is missing or damaged; a size that makes no sense; too large for the memory.
    """
    attributes = read_attributes("micah")
    entry = shipped()["faces"]
    names = tuple(entry["class_names"])
    labels = np.array([names.index(name) for name in attributes["hair"]], "int32")
    train, val, test = face_splits(len(labels), VALIDATION, TEST)
    train = train[limited(labels[train], limit, seed, balanced)]
    height, width = sides(image_size)
    count = len(train) + len(val) + len(test)
    what = f"{count:,} faces of {height} x {width} pixels"
    require_memory(3 * count * height * width, what, "take a smaller --image-size or set a --limit")
    pictures, found = read_faces("micah"), {}
    for part, which in {"": train, "val_": val, "test_": test}.items():
        found[f"{part}images"], found[f"{part}labels"] = resize(pictures[which], image_size), labels[which]
        found[f"{part}attributes"] = {name: values[which] for name, values in attributes.items()}
    read_faces.cache_clear()
    return Dataset(name="faces", class_names=names, credit=entry["credit"], **found)


def face_splits(count, val, test):
    """Which of a style's faces are for training, validation and testing: three sorted index arrays.

    No two faces of a style have the same attributes, so no picture is in two of them.
    """
    order = np.random.default_rng(_SPLIT_SEED).permutation(count)
    parts = np.split(order, [count - val - test, count - test])
    return tuple(np.sort(part) for part in parts)


def read_attributes(style):
    """What the faces of a style have: dict from the name of an attribute to values, text ``[n]``; colours: #rrggbb."""
    rows = read_table(verified_path(shipped()["faces"]["files"][style]))
    renamed = STYLES[style].renamed
    columns = {renamed.get(key, key): np.array([row[key] for row in rows]) for key in rows[0] if key != "index"}
    columns["hair"] = np.array([HAIR.get(name, name) for name in columns["hair"]])
    return columns


@lru_cache(maxsize=1)
def read_faces(style):
    """The faces of a style in the order of its table: uint8 ``[n, side, side, 3]``.

    They stay in memory until ``read_faces.cache_clear()``: to unpack them takes seconds.

    Raises:
        BookError: a file is missing or damaged.
    """
    side, per_sheet, _ = STYLES[style]
    files = shipped()["faces"]["files"]
    sheets = [files[key] for key in files if key.startswith(f"{style}_")]
    return np.concatenate([read_sheet(verified_path(file), per_sheet, side) for file in sheets])
