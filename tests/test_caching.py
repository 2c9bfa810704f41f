"""What is worked out once is the same when read again, and a lost or damaged cache costs time only."""

import numpy as np
import pytest

from gan_book import paths


class Counted:
    """A computation that says how often it was done."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return np.arange(6.0).reshape(2, 3), np.float64(1 / 3)


@pytest.fixture
def compute():
    return Counted()


def files():
    return list((paths.cache_dir() / "sums").iterdir())


def test_the_same_inputs_are_computed_once(compute):
    inputs = np.ones((4, 2), "uint8"), 7, "a name"
    first = paths.cached("sums/all", compute, *inputs)
    again = paths.cached("sums/all", compute, np.ones((4, 2), "uint8"), 7, "a name")
    assert compute.times == 1
    for one, other in zip(first, again, strict=True):
        assert other.dtype == one.dtype and np.array_equal(one, other)


@pytest.mark.parametrize(
    "other",
    [
        (np.zeros((4, 2), "uint8"), 7),
        (np.ones((2, 4), "uint8"), 7),
        (np.ones((4, 2), "int8"), 7),
        (np.ones((4, 2), "uint8"), 8),
        (np.ones((4, 2), "uint8"),),
    ],
)
def test_other_inputs_are_computed_anew(compute, other):
    paths.cached("sums/all", compute, np.ones((4, 2), "uint8"), 7)
    paths.cached("sums/all", compute, *other)
    assert compute.times == 2


def cut(data):
    return data[: len(data) // 2]


def flagged(data):
    """The archive with its first member's "encrypted" bit set, where the members are and in the list of them."""
    data = bytearray(data)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def flipped(data):
    """With a bit of an array's own header flipped, which numpy reads as a piece of Python."""
    data = bytearray(data)
    data[data.index(b"'shape'") + 9] ^= 8
    return bytes(data)


@pytest.mark.parametrize("damage", [cut, flipped, lambda data: b"", lambda data: b"no archive", flagged])
def test_a_damaged_file_is_computed_anew(compute, damage):
    whole = paths.cached("sums/all", compute)
    (path,) = files()
    path.write_bytes(damage(path.read_bytes()))
    again = paths.cached("sums/all", compute)
    assert compute.times == 2
    assert all(np.array_equal(one, other) for one, other in zip(whole, again, strict=True))
    paths.cached("sums/all", compute)
    assert compute.times == 2, "the damaged file was replaced"


def test_where_nothing_can_be_written_it_says_so_and_goes_on(compute, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("GAN_BOOK_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="were not cached in"):
        (first, _) = paths.cached("sums/all", compute)
    assert np.array_equal(first, compute()[0])
