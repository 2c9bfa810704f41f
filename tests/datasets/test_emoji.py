import csv

import numpy as np
import pytest
from PIL import Image

from gan_book import paths
from gan_book.datasets import emoji, load_pairs
from gan_book.datasets.sheets import read_sheet, read_table
from gan_book.errors import BookError

EMOJI = paths.DATA / "emoji"


@pytest.fixture(scope="module")
def names():
    return [row["short_name"] for row in read_table(EMOJI / "labels.csv")]


@pytest.fixture(scope="module")
def sheets(names):
    return [read_sheet(EMOJI / f"{file}.webp", len(names), 64) for file in ("google", "twitter")]


@pytest.fixture(scope="module")
def family(names, sheets):
    return emoji.families(names, sheets)


@pytest.fixture(scope="module")
def pairs():
    return load_pairs("emoji", jitter=False)


def indices(images, sheet):
    """Which emoji of a sheet ``images`` are."""
    known = {cell.tobytes(): index for index, cell in enumerate(sheet)}
    return np.array([known[image.tobytes()] for image in images])


def test_sheets_fit_the_names(names, sheets):
    assert len(names) == len(set(names)) == 1906 and names[0] == "grinning"
    with (EMOJI / "labels.csv").open(encoding="utf-8", newline="") as file:
        assert [int(row["index"]) for row in csv.DictReader(file)] == list(range(1906))
    for file, cells in zip(("google", "twitter"), sheets, strict=True):
        with Image.open(EMOJI / f"{file}.webp") as image:
            assert image.size == (44 * 64, 44 * 64)
            after_the_last = np.asarray(image.convert("RGB"))[43 * 64 + 8 : -8, 15 * 64 : -8]
        assert cells.shape == (1906, 64, 64, 3) and (cells < 240).any((1, 2, 3)).all(), "something is drawn in each"
        assert after_the_last.min() > 240, "and nothing after the last"
    red = cells[names.index("red_circle"), 32, 32].astype(int)
    assert red[0] > red[1] + 90 and red[0] > red[2] + 60


@pytest.mark.parametrize(
    "variants",
    [
        ("cook", "male-cook", "female-cook"),
        ("cop", "male-police-officer", "female-police-officer"),
        ("runner", "man-running", "woman_running_facing_right"),
        ("heart", "green_heart", "black_heart"),
        ("red_circle", "large_blue_circle"),
        ("clock1", "clock130", "clock12"),
        ("dog", "dog2"),
        ("point_left", "point_right"),
        ("flag-no", "flag-sj", "flag-bv"),
        ("man-woman-girl", "woman-woman-boy", "family"),
    ],
)
def test_variants_are_a_family(names, family, variants):
    assert len({family[names.index(name)] for name in variants}) == 1


def test_other_emoji_are_not(names, family):
    different = ["grinning", "cop", "runner", "heart", "dog", "cat", "flag-no", "fr", "clock1", "8ball", "100", "o"]
    assert len({family[names.index(name)] for name in different}) == len(different)
    sizes = np.bincount(family)
    assert sizes.max() < 100 and (sizes == 1).sum() > 1000


def test_splits_do_not_share_a_family(pairs, sheets, family):
    parts = [indices(images, sheets[0]) for images in (pairs.a, pairs.val_a, pairs.test_a)]
    assert [len(part) for part in parts] == [1524, 191, 191]
    assert len(np.unique(np.concatenate(parts))) == 1906
    found = [set(family[part]) for part in parts]
    assert not found[0] & found[1] and not found[0] & found[2] and not found[1] & found[2]


def test_both_sides_show_the_same(pairs, sheets, names):
    for a, b in ((pairs.a, pairs.b), (pairs.val_a, pairs.val_b), (pairs.test_a, pairs.test_b)):
        assert np.array_equal(indices(a, sheets[0]), indices(b, sheets[1]))
    assert pairs.test_names == tuple(names[index] for index in indices(pairs.test_a, sheets[0]))


def test_what_there_is(pairs):
    assert pairs.name == "emoji" and pairs.sides == ("noto", "twemoji") and pairs.paired and pairs.test_paired
    assert pairs.a.shape == pairs.b.shape == (1524, 64, 64, 3) and pairs.image_shape == (64, 64, 3)


def test_unpaired_sides_show_different_families(pairs, sheets, family):
    apart = load_pairs("emoji", paired=False, jitter=False)
    a, b = indices(apart.a, sheets[0]), indices(apart.b, sheets[1])
    assert len(a) == len(b) == 762 and not apart.paired and apart.test_paired
    assert not set(family[a]) & set(family[b])
    assert np.array_equal(apart.test_a, pairs.test_a) and np.array_equal(apart.val_b, pairs.val_b)


def test_seed_and_limit(pairs):
    few = load_pairs("emoji", 32, limit=7, seed=1)
    assert few.a.shape == few.b.shape == (7, 36, 36, 3) and few.val_b.shape == (191, 32, 32, 3)
    assert len(few.test_names) == 191 and few.test_names != pairs.test_names


def test_a_sheet_too_small(tmp_path):
    Image.new("RGB", (640, 128)).save(tmp_path / "sheet.png")
    with pytest.raises(BookError, match=r"sheet.png has 20 cells for 21 pictures; restore it with git checkout"):
        read_sheet(tmp_path / "sheet.png", 21, 64)
