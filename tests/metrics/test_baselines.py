import numpy as np
import pytest

from gan_book.datasets.dataset import Pairs
from gan_book.metrics import baselines as b

RED, BLUE, GREEN, GOLD = (
    np.array(colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200), (0, 150, 0), (240, 200, 0))
)


@pytest.fixture
def pairs():
    """A: red above, blue below, the border at a row of its own; B: green and gold instead."""
    rows = np.arange(24)

    def halves(border, above, below):
        return np.where((rows < border)[:, None, None], above, below).repeat(24, axis=1).astype("uint8")

    sets = {"": (6, 12, 18), "val_": (9,), "test_": (7, 17)}
    found = {}
    for part, borders in sets.items():
        found[f"{part}a"] = np.stack([halves(border, RED, BLUE) for border in borders])
        found[f"{part}b"] = np.stack([halves(border, GREEN, GOLD) for border in borders])
    return Pairs("flags", ("flag", "other flag"), paired=True, test_paired=True, **found)


def test_all_that_a_set_allows(pairs):
    found = b.baselines(pairs)
    assert len(found) == 5 and found["the input unchanged"] is pairs.test_a
    for images in found.values():
        assert images.shape == pairs.test_a.shape and images.dtype == np.uint8
    apart = Pairs(**{**vars(pairs), "paired": False})
    assert set(found) - set(b.baselines(apart)) == {"table of colours", "nearest training pair"}


def test_a_table_of_colours_knows_what_each_colour_becomes(pairs):
    assert np.array_equal(b.table_of_colours(pairs), pairs.test_b)
    strange = Pairs(**{**vars(pairs), "test_a": pairs.test_a - (pairs.test_a > 0) * np.uint8(30)})
    assert np.array_equal(b.table_of_colours(strange), pairs.test_b), "the nearest colour that it knows"


def test_the_nearest_pair_has_the_border_nearby(pairs):
    assert np.array_equal(b.nearest_pair(pairs), pairs.b[[0, 2]])


def test_one_colour_is_the_median(pairs):
    images = b.one_colour(pairs)
    assert (images == images[0, 0, 0]).all()
    assert images.shape == pairs.test_a.shape

    def l1(colour):
        return np.abs(pairs.b.astype(int) - colour).mean()

    assert all(l1(images[0, 0, 0]) <= l1(other) for other in (GREEN.astype(int), GOLD.astype(int), [120, 175, 0]))
