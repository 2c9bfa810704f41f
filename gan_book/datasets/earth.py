"""The earth twice: satellite images and relief maps of the same places, cut from two world rasters."""

import numpy as np
from PIL import Image

from gan_book.datasets.dataset import Pairs, jittered_size, subset
from gan_book.datasets.manifest import shipped, verified_path
from gan_book.errors import BookError

SIDES = ("satellite", "map")
# Both rasters are plate carrée: a pixel is 1/15 of a degree in longitude and latitude, everywhere.
_PER_DEGREE = 15
_WIDTH = 360 * _PER_DEGREE
# The bands begin at 80° W, where with every tile size all splits get land of the Old World and the New.
_FIRST_COLUMN = (180 - 80) * _PER_DEGREE
# South of 60° S and north of 75° N there is little but ice, white on both sides; it would be one tile in three.
_ROWS = slice((90 - 75) * _PER_DEGREE, (90 + 60) * _PER_DEGREE)
_LEAST_LAND = 0.15
# By tile size: how many times around the world a training, a validation and a test band follow one another, and the
# pixels from one training tile to the next.
_LAYOUT = {64: (6, 32), 128: (3, 48), 256: (2, 64)}
# Which half of each training band gives which side, where there are no pairs. At 64 pixels both sides get about as many
# tiles (863 and 894); at 128 and 256 one has more (420 and 253, 138 and 109), and an epoch takes as many as the smaller
# has.
_SIDE_OF_WESTERN_HALF = (0, 1, 1, 0, 1, 0)


def load_earth(image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Cuts tiles of 15 % land or more out of NASA's Blue Marble and NOAA's ETOPO1, at full resolution.

    Chapters 10 and 11 train on it. The splits are bands of longitude with a gap as wide as a training tile on either
    side (see `bands`), so no pixel is in two of them. Training tiles overlap, those to validate and to test do not.
    Without pairs one half of each training band gives satellite images and the other half maps, so that no place is
    seen from both sides.

    Args:
        image_size: 64, 128 or 256.
        limit: train on only so many tiles of each side.
        seed: of the choice that ``limit`` makes; the splits are always the same.
        paired: whether tile i of both sides must show the same place.
        jitter: cut training tiles larger, to crop from (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `Pairs`.

    Raises:
        BookError: another size; a file is missing or damaged.
    """
    if image_size not in _LAYOUT:
        raise BookError(f"earth has no tiles of {image_size} pixels; choose an image size of 64, 128 or 256")
    satellite, relief = (_raster(file) for file in shipped()["earth"]["files"].values())
    places = tile_places(land(relief), image_size, paired, jitter)
    train_a, train_b = (corners[subset(len(corners), limit, seed)] for corners in (places["a"], places["b"]))
    side = jittered_size(image_size, jitter)
    return Pairs(
        name="earth",
        sides=SIDES,
        a=_cut(satellite, train_a, side),
        b=_cut(relief, train_b, side),
        val_a=_cut(satellite, places["val"], image_size),
        val_b=_cut(relief, places["val"], image_size),
        test_a=_cut(satellite, places["test"], image_size),
        test_b=_cut(relief, places["test"], image_size),
        paired=paired,
        test_paired=True,
    )


def bands(image_size):
    """Where the splits are: ``{"train", "val", "test"}: [(first column, column after the last), ...]``.

    Around the world they follow one another as training, validation, test, several times, so that each sees several
    continents; a validation band is as wide as a tile, a test band as two, the training bands take the rest. Columns
    are counted eastward from 80° W.
    """
    cycles, _ = _LAYOUT[image_size]
    gap = jittered_size(image_size)
    found = {"train": [], "val": [], "test": []}
    for number in range(cycles):
        begin, end = (_WIDTH * cycle // cycles for cycle in (number, number + 1))
        test = end - gap - 2 * image_size
        val = test - gap - image_size
        found["train"].append((begin, val - gap))
        found["val"].append((val, val + image_size))
        found["test"].append((test, end - gap))
    return found


def land(relief):
    """Where there is land, by the colours of the relief map, uint8 ``[height, width, 3]``: bool ``[height, width]``.

    The map draws water in blues, from deep to nearly white, land in greens, browns, greys and white. So water is where
    blue is the strongest channel, clearly above red: the whites of ice have as much red as blue.
    """
    red, green, blue = np.moveaxis(relief.astype("int16"), -1, 0)
    return ~((blue > green) & (blue > red + 8))


def tile_places(is_land, image_size, paired=True, jitter=True):
    """Upper left corners of the tiles: ``{"a", "b", "val", "test"}: int [n, 2]``, rows and columns of ``is_land``.

    Args:
        is_land: bool ``[height, width]``.
        image_size: 64, 128 or 256.
    """
    _, stride = _LAYOUT[image_size]
    found = bands(image_size)
    sides = [found["train"]] * 2 if paired else _divide(found["train"])
    side = jittered_size(image_size, jitter)
    a, b = (_corners(is_land, each, side, stride) for each in sides)
    val, test = (_corners(is_land, found[split], image_size, image_size) for split in ("val", "test"))
    return {"a": a, "b": b, "val": val, "test": test}


def latitudes(image_size):
    """Degrees north of the middle of each tile: ``{"train", "test"}: [n]``, in the order of `load_earth`'s pairs."""
    relief = _raster(list(shipped()["earth"]["files"].values())[SIDES.index("map")])
    places = tile_places(land(relief), image_size)
    sizes = {"train": ("a", jittered_size(image_size)), "test": ("test", image_size)}
    return {
        split: 90 - (_ROWS.start + places[name][:, 0] + side / 2) / _PER_DEGREE for split, (name, side) in sizes.items()
    }


def _divide(training):
    """One half of every band for A, the other for B."""
    sides = [], []
    for western, (begin, end) in zip(_SIDE_OF_WESTERN_HALF, training, strict=False):
        middle = (begin + end) // 2
        sides[western].append((begin, middle))
        sides[1 - western].append((middle, end))
    return sides


def _corners(is_land, found, side, stride):
    corners = [
        (row, column)
        for begin, end in found
        for row in range(0, len(is_land) - side + 1, stride)
        for column in range(begin, end - side + 1, stride)
        if is_land[row : row + side, column : column + side].mean() >= _LEAST_LAND
    ]
    return np.array(corners)


def _raster(file):
    """The rows and, from the first band on, the columns that are used: uint8 ``[height, 5400, 3]``."""
    with Image.open(verified_path(file)) as image:
        pixels = np.asarray(image.convert("RGB"))
    return np.roll(pixels[_ROWS], -_FIRST_COLUMN, axis=1)  # the world is round: columns go on where the map ends


def _cut(raster, corners, side):
    return np.stack([raster[row : row + side, column : column + side] for row, column in corners])
