import numpy as np
import pytest

from gan_book import datasets
from gan_book.datasets import faces
from gan_book.datasets.manifest import shipped


@pytest.fixture(scope="module")
def some():
    return datasets.load("faces", 64, limit=80)


def test_attributes_are_the_tables(some):
    assert list(some.attributes) == [
        "hair",
        "hair colour",
        "skin",
        "glasses",
        "facial hair",
        "mouth",
        "eyes",
        "eyebrows",
        "nose",
        "ears",
        "earrings",
        "shirt",
        "shirt colour",
    ]
    for part in ("", "val_", "test_"):
        labels, attributes = getattr(some, f"{part}labels"), getattr(some, f"{part}attributes")
        assert np.array_equal(np.array(some.class_names)[labels], attributes["hair"])
    assert np.bincount(some.labels).tolist() == [10] * 8
    assert set(some.test_attributes["glasses"]) == {"none", "round", "square"}
    assert set(some.class_names) == set(faces.HAIR.values())
    assert "Micah Lanier" in some.credit and len(some.val_images) == 500 and len(some.test_images) == 1_000


def test_pictures_go_with_their_rows(some):
    # In the middle of the forehead is skin, and low in the middle is the shirt.
    bald = some.attributes["hair"] == "bald"
    for what, row, column in (("skin", 20, 32), ("shirt colour", 62, 24)):
        wanted = np.array([[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in some.attributes[what][bald]])
        found = some.images[bald][:, row, column].astype(int)
        assert np.abs(found - wanted).max() <= 12, what


def test_no_face_is_in_two_splits():
    parts = faces.face_splits(8_000, 500, 1_000)
    assert [len(part) for part in parts] == [6_500, 500, 1_000]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(8_000))
    for style in faces.STYLES:
        columns = list(faces.read_attributes(style).values())
        count = len(columns[0])
        assert len(set(zip(*(column.tolist() for column in columns), strict=True))) == count, "no two are the same"


def test_every_sheet_is_full():
    assert faces.read_faces("toonhead").shape == (2_000, 64, 64, 3)
    faces.read_faces.cache_clear()
    assert len([key for key in shipped()["faces"]["files"] if key.startswith("micah_")]) == 4


@pytest.mark.slow
def test_what_is_at_other_sizes():
    small, whole = datasets.load("faces", 32, limit=8), datasets.load("faces", 128, limit=8)
    assert small.image_shape == (32, 32, 3) and whole.image_shape == (128, 128, 3)
    mean = whole.images.reshape(-1, 32, 4, 32, 4, 3).mean((2, 4))
    assert np.abs(small.images - mean).mean() < 4
