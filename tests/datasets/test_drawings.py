import numpy as np
import pytest

from gan_book import datasets
from gan_book.datasets import drawings
from gan_book.datasets.drawings import DRAWN_PAIRS, edges
from gan_book.errors import BookError

CATS = [name for name, made in DRAWN_PAIRS.items() if made.kind == "cats"]


@pytest.fixture
def few(monkeypatch):
    """Few pictures, so that they are made fast."""
    for name, count in {"TRAIN": 40, "VALIDATION": 10, "TEST": 20}.items():
        monkeypatch.setattr(drawings, name, count)


def test_edges_are_lines_where_colours_meet():
    picture = np.full((1, 32, 32, 3), 255, np.uint8)
    picture[:, 8:24, 8:24] = (200, 30, 30)
    lines = edges(picture)[0]
    assert lines.shape == (32, 32, 3) and set(np.unique(lines)) == {0, 255}
    dark = lines[..., 0] == 0
    assert dark[7:9, 12:20].any(axis=0).all() and dark[12:20, 23:25].any(axis=1).all()
    assert not dark[12:20, 12:20].any() and not dark[:5].any() and not dark[-5:].any()
    small = edges(picture, 16)
    assert small.shape == (1, 16, 16, 3) and 0 < (small < 128).mean() < 0.5
    assert edges(picture[:0]).shape == (0, 32, 32, 3)


@pytest.mark.parametrize("name", CATS)
def test_cats_on_both_sides(few, name):
    pairs = datasets.load_pairs(name, 64)
    assert pairs.paired and pairs.test_paired and "David Revoy" in pairs.credit
    assert (len(pairs.a), len(pairs.val_a), len(pairs.test_a)) == (40, 10, 20)
    assert pairs.a.shape[1:3] == (72, 72) and pairs.image_shape == (64, 64, 3)
    assert len(pairs.test_attributes["eyes"]) == 20
    a, b = pairs.test_a.astype(int), pairs.test_b.astype(int)
    assert np.abs(a - b).max(axis=(1, 2, 3)).min() > 20, "each picture changes"
    seen = [{image.tobytes() for image in images} for images in (pairs.b, pairs.val_b, pairs.test_b)]
    assert not seen[0] & seen[2] and not seen[1] & seen[2]
    apart = datasets.load_pairs(name, 64, paired=False)
    assert (len(apart.a), len(apart.b), apart.paired, apart.test_paired) == (20, 20, False, True)
    assert np.array_equal(np.concatenate([apart.a, pairs.a[20:]]), pairs.a), "A is of the first half"
    assert np.array_equal(apart.b, pairs.b[20:]), "and B of the other"


def test_what_changes_is_what_the_name_says(few):
    orange, hats, tabby = (datasets.load_pairs(name, 64) for name in ("orange2blue", "bare2hat", "plain2tabby"))
    body = (orange.test_a != orange.test_b).any(axis=-1)
    assert orange.test_a[body].mean(axis=0).argmax() == 0 and orange.test_b[body].mean(axis=0).argmax() == 2
    high = (hats.test_a != hats.test_b).any(axis=-1).mean(axis=(0, 2))
    assert high[:32].sum() > 20 * high[32:].sum()
    darker = tabby.test_b.astype(int).sum(axis=-1) - tabby.test_a.astype(int).sum(axis=-1)
    assert darker.min() < -60 and darker.max() < 20, "stripes are darker than the fur"
    assert set(hats.test_attributes["accessory"]) == {"none"} and set(tabby.test_attributes["fur"]) == {"plain"}


@pytest.mark.slow
def test_edges_of_faces(few):
    pairs = datasets.load_pairs("edges2faces", 64, limit=12)
    assert pairs.sides == ("edges", "face") and pairs.a.shape == pairs.b.shape == (12, 72, 72, 3)
    assert (pairs.test_a.min(axis=(1, 2, 3)) < 128).all() and (pairs.test_a.std(axis=-1) == 0).all()
    faces = datasets.load("faces", 64)
    test = {image.tobytes() for image in faces.test_images}
    assert {image.tobytes() for image in pairs.test_b} <= test, "in the same splits as load('faces')"
    assert len(pairs.test_attributes["glasses"]) == 20


def test_two_styles_have_no_pairs(few):
    with pytest.raises(BookError, match=r"micah2toonhead has no pairs; chapter 11 .* or take edges2faces"):
        datasets.load_pairs("micah2toonhead")


@pytest.mark.slow
def test_faces_in_two_styles(few):
    styles = datasets.load_pairs("micah2toonhead", 64, limit=5, paired=False)
    assert (len(styles.a), len(styles.b), styles.test_paired, styles.test_attributes) == (5, 5, False, {})
    assert "Micah Lanier" in styles.credit and "Johan Melin" in styles.credit
    # Both have lines, but only the first has black ones on most of its faces.
    assert (styles.test_a.min(axis=(1, 2, 3)) < 40).mean() > 0.9


def test_limits_and_sizes(few):
    pairs = datasets.load_pairs("orange2blue", "48x64", limit=7, jitter=False)
    assert pairs.a.shape == pairs.b.shape == (7, 48, 64, 3) and len(pairs.test_a) == 20
    assert datasets.title_of("edges2cats") == "edges to cats"
    assert "edges2faces" in datasets.pair_names() and "cats" in datasets.names()
