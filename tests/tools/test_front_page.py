"""The pictures of the README: what stands where, and that test pictures are translated."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import gan_book as gb
from gan_book.paths import BOOK
from tools import front_page


def panel(colour, width, **texts):
    picture = np.full((front_page.HIGH, width, 3), colour, "uint8")
    return {"picture": picture, "heads": ["one"], "title": "a", "model": "b", **texts}


def test_a_strip_holds_its_panels_whole_and_apart():
    page = np.asarray(front_page.strip([panel((200, 0, 0), 60), panel((0, 200, 0), 80, rows=["cat", "dog"])]))
    for colour, width in (((200, 0, 0), 60), ((0, 200, 0), 80)):
        rows, columns = np.nonzero((page == colour).all(axis=-1))
        assert len(rows) == front_page.HIGH * width
        assert columns.max() - columns.min() + 1 == width and columns.max() < page.shape[1] - front_page.MARGIN


@pytest.mark.parametrize(
    "chapter, pairs, paired", [("pix2pix", "edges2faces", True), ("cyclegan", "orange2blue", False)]
)
def test_what_is_translated_are_test_pictures(chapter, pairs, paired, monkeypatch):
    test = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    asked = []
    monkeypatch.setattr(front_page, "network", lambda chapter: SimpleNamespace(input_shape=(None, 16, 16, 3)))
    monkeypatch.setattr(gb, "translate", lambda network, images: 255 - images, raising=False)
    monkeypatch.setattr(
        gb,
        "load_pairs",
        lambda *words, limit, paired: asked.append((*words, paired)) or SimpleNamespace(test_a=test),
        raising=False,
    )
    edges, made = front_page.translated(chapter, pairs, 34, 2)
    assert asked == [(pairs, 16, paired)]
    np.testing.assert_array_equal(edges[:16], test[0])
    np.testing.assert_array_equal(edges[18:], test[1])
    assert (edges[16:18] == 255).all() and (made[16:18] == 255).all()
    np.testing.assert_array_equal(made[:16], 255 - edges[:16])


def test_the_pictures_are_there_and_of_their_size():
    with Image.open(BOOK / "docs/figures/strip.png") as strip:
        assert 1000 <= strip.width <= 1300 and 280 <= strip.height <= 360
    for number in range(5, 12):
        with Image.open(BOOK / f"docs/figures/thumb_ch{number:02d}.png") as thumb:
            assert 160 <= thumb.width <= 320
