import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from gan_book import datasets, paths
from gan_book.datasets import load_pairs, manifest, pair_names
from gan_book.datasets.dataset import jittered_size
from gan_book.errors import BookError


def test_names():
    assert pair_names()[:2] == ("earth", "emoji")
    drawn = ("edges2cats", "edges2faces", "orange2blue", "plain2tabby", "bare2hat", "micah2toonhead")
    fetched = ("facades", "maps", "edges2shoes", "horse2zebra", "monet2photo", "summer2winter")
    assert set(pair_names()[2:]) == {*drawn, *fetched}
    assert not set(pair_names()) & set(datasets.names())


def test_room_to_crop_is_in_proportion():
    assert [jittered_size(size) for size in (256, 128, 64, 32)] == [286, 143, 72, 36]
    assert jittered_size(64, jitter=False) == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name_or_path": "eart"}, "no set of images to translate and no folder called 'eart'.*did you mean 'earth'"),
        ({"name_or_path": "no/such/folder"}, r"no folder called 'no/such/folder' \(the sets are earth, emoji, "),
        ({"name_or_path": "fashion_mnist"}, "has classes to learn, not images to translate.*earth, emoji"),
        ({"name_or_path": "cifar10"}, "has classes to learn, not images to translate"),
        ({"name_or_path": "facades"}, "facades has not been fetched; run: gan-book data fetch facades"),
        ({"name_or_path": "horse2zebra"}, "horse2zebra has no pairs.*train a CycleGAN on it, which needs none"),
        ({"name_or_path": "horse2zebra", "paired": False}, "has not been fetched"),
        ({"name_or_path": "earth", "image_size": 0}, "image size is 0; choose one from 1 to 2048"),
        ({"name_or_path": "emoji", "image_size": 4096}, "image size is 4096"),
        ({"name_or_path": "earth", "limit": 0}, "limit is 0"),
    ],
)
def test_bad_requests_are_one_sentence(arguments, message):
    with pytest.raises(BookError, match=message) as caught:
        load_pairs(**arguments)
    assert "\n" not in str(caught.value)


@pytest.fixture
def fetched(cache, monkeypatch, tmp_path):
    """Puts an archive of horse2zebra's layout where fetch would, by way of fetch."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, shade in {"trainA": 10, "trainB": 20, "testA": 30, "testB": 40}.items():
            for index in range(5):
                picture = io.BytesIO()
                Image.new("RGB", (8, 8), (shade + index,) * 3).save(picture, "png")
                archive.writestr(f"horse2zebra/{part}/{part}{index}.png", picture.getvalue())
    content = buffer.getvalue()
    entry = {
        **manifest.fetchable()["horse2zebra"],
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    (tmp_path / "data").mkdir()
    listed = {"shipped": {}, "fetchable": {"horse2zebra": entry}}
    (paths.DATA / "manifest.json").write_text(json.dumps(listed))
    part = cache / "datasets" / ".horse2zebra.gan_book.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)  # all of it is there already, so nothing is asked of the network
    return datasets.fetch.fetch("horse2zebra", progress=False)


def test_a_fetched_set(fetched):
    pairs = load_pairs("horse2zebra", 8, paired=False)
    assert pairs.name == pairs.title == "horse2zebra" and pairs.sides == ("horse", "zebra")
    assert not pairs.paired and not pairs.test_paired and len(pairs.a) == len(pairs.b) == 4
    assert np.array_equal(pairs.test_a[:, 0, 0, 0], [30, 31, 32, 33, 34])
    assert np.array_equal(pairs.test_b[:, 0, 0, 0], [40, 41, 42, 43, 44])
