from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gan_book.datasets import cats, faces, load_pairs
from gan_book.datasets import drawings as drawn
from gan_book.metrics import drawings

SOME = cats.split(12)[0]


@pytest.fixture
def seen(monkeypatch):
    """A classifier that reads what the test puts in here."""
    found = {}
    monkeypatch.setattr(drawings, "load_classifier", lambda kind: SimpleNamespace(attributes=lambda images: found))
    monkeypatch.setattr(drawings, "classifier_names", lambda: ["cats"])
    return found


def test_attributes_kept_are_those_that_can_be_kept(seen):
    images, attributes = cats.compose(SOME, 64), cats.names_of(SOME)
    attributes["fur"][:] = "plain"  # the same in all pictures: no one can confuse it
    seen |= {name: values.copy() for name, values in attributes.items()}
    assert drawings.attributes_kept(images, "cats", attributes) == 1
    seen["body"][:] = seen["fur"][:] = "none of these"
    assert drawings.attributes_kept(images, "cats", attributes) == 1, "body is a colour, fur is always plain"
    seen["eyes"][:6] = "none of these"
    assert drawings.attributes_kept(images, "cats", attributes) == pytest.approx(1 - 6 / 36)


@pytest.fixture
def few(monkeypatch):
    """Sets of 12 cats to train with, 4 to validate and 6 to test with."""
    for name, count in {"TRAIN": 12, "VALIDATION": 4, "TEST": 6}.items():
        monkeypatch.setattr(drawn, name, count)


@pytest.mark.parametrize(
    "name, direction, judged",
    [
        pytest.param("orange2blue", "AtoB", 4, marks=pytest.mark.slow),
        pytest.param("orange2blue", "BtoA", 4, marks=pytest.mark.slow),
        pytest.param("plain2tabby", "AtoB", 3, marks=pytest.mark.slow),
    ],
)
def test_a_part_is_kept_if_the_true_picture_is_the_nearest(few, name, direction, judged):
    pairs = load_pairs(name, 64, paired=False)
    pairs = pairs if direction == "AtoB" else pairs.swapped()
    assert drawings.parts_kept(pairs.test_b, pairs) == 1
    assert drawings.parts_kept(pairs.validation().test_b[:3], pairs.validation()) == 1, "the first three"
    for numbers, pictures in drawn.other_cats(pairs):
        found = dict(pictures)
        assert set(numbers) <= set(found)
        wrong = next(number for number in found if number not in numbers)
        kept = drawings.parts_kept(found[wrong], pairs)
        assert kept <= 1 - 1 / judged + 0.05, "all have another part in this layer, and it may hide others"


def test_which_scores_a_translation_of_cats_has(few):
    hues, stripes = (load_pairs(name, 64, paired=False) for name in ("orange2blue", "plain2tabby"))
    assert [score.name for score in drawings.score_drawings(hues.test_b, hues)] == ["kept"], "a turned hue is no colour"
    assert [score.name for score in drawings.score_drawings(stripes.test_b, stripes)] == ["kept", "palette"]
    assert drawings.score_drawings(stripes.test_b, replace(stripes, kind="dogs")) == []


def test_true_colours_are_near_the_palette_and_grey_is_far():
    truth, attributes = cats.compose(SOME, 64), cats.names_of(SOME)
    own = drawings.palette_distance(truth, truth, "cats", attributes)
    assert own < 2, "hardly to be seen"
    other = SOME.copy()
    other[:, 0] = (other[:, 0] + 4) % 15
    assert drawings.palette_distance(cats.compose(other, 64), truth, "cats", attributes) < 10, "another real colour"
    grey = np.full_like(truth, 150)
    assert drawings.palette_distance(grey, truth, "cats", attributes) > own + 4
    pale = (truth.astype(int) + 3 * 160) // 4
    assert drawings.palette_distance(pale.astype("uint8"), truth, "cats", attributes) > own + 3


def test_palettes():
    bodies = drawings.palette("cats", "body")
    assert list(bodies) == list(cats.layers()[0].values)
    assert bodies["red"].argmax() == 0 and bodies["green"].argmax() == 1 and bodies["blue"].argmax() == 2
    assert np.abs(bodies["grey"] - bodies["grey"].mean()).max() < 12
    skins = drawings.palette("faces", "skin")
    assert len(skins) == 3 and skins["#f9c9b6"].tolist() == [0xF9, 0xC9, 0xB6]
    assert set(skins) == set(faces.read_attributes("micah")["skin"])


def test_what_counts_as_changed():
    given = np.zeros((4, 8, 8, 3), np.uint8)
    truth = given.copy()
    truth[:, :2] = 200
    images = truth.copy()
    images[1:] = given[1:]
    images[2, :2] = 90  # still nearer to black
    images[3, :2] = 110
    assert drawings.share_changed(images, given, truth) == 0.5
    images[0, 2:] = 255  # elsewhere it may do what it likes
    assert drawings.share_changed(images, given, truth) == 0.5
