import numpy as np
import pytest
from PIL import Image

from gan_book import paths
from gan_book.datasets import earth, load_pairs
from gan_book.datasets.dataset import jittered_size
from gan_book.errors import BookError

SIZES = (64, 128, 256)
EARTH = paths.DATA / "earth"


@pytest.fixture(scope="module")
def relief():
    """All of the relief map."""
    with Image.open(EARTH / "etopo1.jpg") as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def is_land(relief):
    """As the tiles are cut: without the ice, columns from 80° W."""
    return np.roll(earth.land(relief)[225:2250], -1500, axis=1)


@pytest.fixture(scope="module")
def small():
    return load_pairs("earth", 64)


def columns(corners, side):
    return set((corners[:, 1:] + np.arange(side)).ravel().tolist())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("paired", [True, False])
def test_no_column_of_pixels_is_in_two_splits(is_land, size, paired):
    places = earth.tile_places(is_land, size, paired)
    wide = jittered_size(size)
    sides = {"a": wide, "b": wide, "val": size, "test": size}
    seen = {part: columns(places[part], side) for part, side in sides.items()}
    train = seen["a"] | seen["b"]
    assert not train & seen["val"] and not train & seen["test"] and not seen["val"] & seen["test"]
    assert paired or not seen["a"] & seen["b"], "unpaired sides see different places"
    assert not paired or np.array_equal(places["a"], places["b"])
    assert all(0 <= column < 5400 for split in seen.values() for column in split)
    assert all(places[part][:, 0].max() + side <= len(is_land) for part, side in sides.items())


@pytest.mark.parametrize("size", SIZES)
def test_bands_have_gaps_as_wide_as_a_training_tile(size):
    bands = sorted((begin, end, split) for split, each in earth.bands(size).items() for begin, end in each)
    following = [*bands[1:], (bands[0][0] + 5400, 0, bands[0][2])]
    for (_, end, split), (begin, _, following_split) in zip(bands, following, strict=True):
        assert split != following_split and begin - end == jittered_size(size)


@pytest.mark.parametrize("size", SIZES)
def test_every_split_sees_the_old_world_and_the_new(is_land, size):
    for part, corners in earth.tile_places(is_land, size).items():
        middles = (corners[:, 1] + size / 2) / 15 - 80
        longitudes = (middles + 180) % 360 - 180
        american = np.mean((longitudes > -170) & (longitudes < -32))
        assert 0.05 < american < 0.95, part


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("paired", [True, False])
def test_tiles_have_land(is_land, size, paired):
    places = earth.tile_places(is_land, size, paired)
    for part, side in {"a": jittered_size(size), "b": jittered_size(size), "val": size, "test": size}.items():
        shares = [is_land[row : row + side, column : column + side].mean() for row, column in places[part]]
        assert min(shares) >= 0.15 and len(np.unique(places[part], axis=0)) == len(shares)


def test_numbers_of_tiles_are_those_of_the_readme(is_land):
    readme = (paths.DATA / "README.md").read_text(encoding="utf-8")
    for size in SIZES:
        together, apart = (earth.tile_places(is_land, size, paired) for paired in (True, False))
        train, val, test, a, b = (
            f"{len(each):,}" for each in (*(together[part] for part in ("a", "val", "test")), apart["a"], apart["b"])
        )
        assert f"| {size} | {train} | {val} | {test} | {a} + {b} |" in readme


def test_land_by_the_colours(relief):
    is_land = earth.land(relief)
    for place, latitude, longitude, expected in [
        ("Sahara", 23, 10, True),
        ("Amazon", -5, -60, True),
        ("Tibet", 33, 88, True),
        ("Greenland", 72, -40, True),
        ("Pacific", 0, -150, False),
        ("North Sea", 55, 3, False),
        ("Lake Victoria", -1, 33, False),
        ("Hudson Bay", 60, -85, False),
    ]:
        row, column = (90 - latitude) * 15, (longitude + 180) * 15
        assert is_land[row - 5 : row + 5, column - 5 : column + 5].mean().round() == expected, place
    # By area, 29 % of the earth is land.
    weights = np.cos(np.radians(90 - (np.arange(2700) + 0.5) / 15))
    assert np.average(is_land.mean(axis=1), weights=weights) == pytest.approx(0.29, abs=0.02)


def test_pairs(small):
    assert small.name == "earth" and small.sides == ("satellite", "map") and small.image_shape == (64, 64, 3)
    assert small.paired and small.test_paired and small.test_names == ()
    assert small.a.shape == small.b.shape == (2080, 72, 72, 3)
    assert small.val_a.shape == small.val_b.shape == (84, 64, 64, 3)
    assert small.test_a.shape == small.test_b.shape == (130, 64, 64, 3)
    assert {images.dtype for images in (small.a, small.b, small.val_a, small.test_b)} == {np.dtype("uint8")}


def test_tiles_are_cut_at_full_resolution_and_show_the_same_place(small, relief, is_land):
    with Image.open(EARTH / "bmng.jpg") as image:
        satellite = np.asarray(image)
    places = earth.tile_places(is_land, 64)
    for part, a, b in (("a", small.a, small.b), ("test", small.test_a, small.test_b)):
        side = a.shape[1]
        for index in (0, 57, len(a) - 1):
            row, column = places[part][index]
            rows, wrapped = slice(row + 225, row + 225 + side), (column + 1500 + np.arange(side)) % 5400
            assert np.array_equal(a[index], satellite[rows][:, wrapped])
            assert np.array_equal(b[index], relief[rows][:, wrapped])


@pytest.mark.slow
def test_limit_is_a_seeded_choice_of_the_same_places(small):
    limited = load_pairs("earth", 64, limit=10, seed=1)
    assert limited.a.shape == limited.b.shape == (10, 72, 72, 3) and len(limited.test_a) == 130
    chosen = [np.flatnonzero((small.a == tile).all((1, 2, 3)))[0] for tile in limited.a]
    assert np.array_equal(small.b[chosen], limited.b)
    assert np.array_equal(limited.a, load_pairs("earth", 64, limit=10, seed=1).a)
    assert not np.array_equal(limited.a, load_pairs("earth", 64, limit=10, seed=2).a)


def test_without_room_to_crop():
    pairs = load_pairs("earth", 256, limit=3, paired=False, jitter=False)
    assert pairs.a.shape == pairs.b.shape == (3, 256, 256, 3) and not pairs.paired and pairs.test_paired


def test_other_sizes():
    with pytest.raises(BookError, match="earth has no tiles of 100 pixels; choose an image size of 64, 128 or 256"):
        load_pairs("earth", 100)
