import numpy as np
import pytest
from PIL import Image

from gan_book import datasets
from gan_book.datasets import cats
from gan_book.datasets.manifest import shipped
from gan_book.errors import BookError


@pytest.fixture(scope="module")
def some():
    return datasets.load("cats", 32, limit=300)


def key(**names):
    """A cream cat without anything, but for the parts that are named."""
    plain = {"body": "cream", "fur": "plain", "eyes": "small", "mouth": "small", "accessory": "none", **names}
    return [cats.part(layer.name, plain[layer.name]) for layer in cats.layers()]


def test_layers_are_named_once_but_for_furs_without_a_pattern():
    assert [(layer.name, len(layer.values)) for layer in cats.layers()] == [
        ("body", 15),
        ("fur", 10),
        ("eyes", 15),
        ("mouth", 10),
        ("accessory", 16),
    ]
    for layer in cats.layers():
        assert len(layer.values) - len(set(layer.values)) == (layer.name == "fur")
    assert list(cats.layers()[0].values) == shipped()["cats"]["class_names"]


def test_cats_are_different_and_none_is_in_two_splits(some):
    everything = cats.all_cats()
    assert everything.shape == (324_000, 5)
    assert len(np.unique(everything @ [10**8, 10**6, 10**4, 100, 1])) == 324_000
    train, val, test = cats.split(20, 10, 5)
    assert np.array_equal(np.concatenate([train, val, test]), everything[:35]), "always the same"
    parts = [some.images, some.val_images, some.test_images]
    seen = [{image.tobytes() for image in images} for images in parts]
    assert [len(images) for images in parts] == [300, 1_000, 3_000]
    assert len(set().union(*seen)) == 4_300


def test_labels_and_attributes_say_what_is_seen(some):
    for part in ("", "val_", "test_"):
        labels, attributes = getattr(some, f"{part}labels"), getattr(some, f"{part}attributes")
        assert np.array_equal(np.array(some.class_names)[labels], attributes["body"])
        assert list(attributes) == ["body", "fur", "eyes", "mouth", "accessory"]
    assert np.bincount(some.labels).tolist() == [20] * 15
    for number, (name, strongest) in enumerate({"red": 0, "green": 1, "blue": 2}.items()):
        colours = some.images[some.attributes["body"] == name].mean(axis=(0, 1, 2))
        assert colours.argmax() == strongest, (number, name, colours)
    assert some.validation().test_attributes["eyes"].tolist() == some.val_attributes["eyes"].tolist()
    assert "David Revoy" in some.credit


def test_parts_lie_on_top_of_one_another():
    bare, hat, eyes = cats.compose(np.array([key(), key(accessory="black hat"), key(eyes="glasses")]), 64)
    assert bare.dtype == np.uint8 and (bare[0, 0] == 255).all(), "on white"
    changed = (bare != hat).any(axis=-1)
    assert changed[:24].mean() > 0.1 and not changed[32:].any(), "a hat is on the head"
    assert hat[changed].mean() < bare[changed].mean()
    assert (bare != eyes).any(axis=-1)[24:40].any() and not (bare != eyes).any(axis=-1)[:16].any()


def test_the_same_as_pillow_composes():
    # Pillow pastes the parts at 256 pixels, each with its own opacity as the mask.
    chosen = key(body="blue", fur="dots", eyes="glasses", mouth="teeth", accessory="bell")
    sheet = cats.read_sheet(cats.verified_path(shipped()["cats"]["files"]["parts"]), 66, 256, "RGBA")
    picture = Image.new("RGB", (256, 256), "white")
    for layer, number in zip(cats.layers(), chosen, strict=True):
        part = Image.fromarray(sheet[layer.first + number])
        picture.paste(part, mask=part)
    ours = cats.compose(np.array([chosen]), 256)[0].astype(int)
    assert np.abs(ours - np.asarray(picture)).max() <= 3


def test_many_are_composed_as_few_are():
    some = cats.split(cats._AT_A_TIME + 3)[0]
    together = cats.compose(some, 16)
    assert np.array_equal(together[-1], cats.compose(some[-1:], 16)[0])
    assert np.array_equal(together[0], cats.compose(some[:1], 16)[0])


def test_sizes():
    wide = datasets.load("cats", "32x48", limit=15)
    assert wide.image_shape == (32, 48, 3)
    high = cats.compose(np.array([key()]), (96, 64))
    assert np.array_equal(high, cats.compose(np.array([key()]), 96)[:, :, 16:80]), "the middle is cut out"


def test_a_part_that_is_not_there():
    with pytest.raises(BookError, match="no fur of a cat is called 'spotted'; there are: striped, tabby, plain"):
        cats.part("fur", "spotted")
