"""The JPEG copy of CIFAR-10 becomes a folder that `load` reads."""

import io

import numpy as np
import pytest
from PIL import Image

from gan_book.datasets import load
from gan_book.datasets.dataset import validation_split
from gan_book.datasets.manifest import fetchable
from gan_book.errors import BookError
from tools import cifar_folder


def jpegs(shades):
    """The bytes of one grey-blue JPEG for each shade, one after the other, and where each begins."""
    files = []
    for shade in shades:
        file = io.BytesIO()
        Image.new("RGB", (32, 32), (int(shade), int(shade), 200)).save(file, "jpeg", quality=95)
        files.append(file.getvalue())
    return np.frombuffer(b"".join(files), np.uint8), np.cumsum([0, *map(len, files)])


@pytest.fixture
def copy(tmp_path):
    """The file of a copy with 40 training images, whose shade is their number, and 20 test images."""
    arrays = {}
    for part, count, first in (("train", 40, 0), ("test", 20, 100)):
        arrays[f"{part}_bytes"], arrays[f"{part}_offsets"] = jpegs(first + np.arange(count))
        arrays[f"y_{part}"] = np.arange(count) % 10
    np.savez(tmp_path / "copy.npz", **arrays)
    return tmp_path / "copy.npz"


def test_it_is_read_with_its_parts_and_labels(copy, tmp_path, capsys):
    folder = tmp_path / "runs" / "cifar10_jpeg75"
    cifar_folder.main(copy, folder)
    assert "36 in train, 4 in val, 20 in test" in capsys.readouterr().out
    data = load(folder, image_size=32)
    assert data.name == "cifar10_jpeg75" and data.image_shape == (32, 32, 3)
    assert data.class_names == tuple(fetchable()["cifar10"]["class_names"])
    shades = data.images[:, 0, 0, 0].astype(int)
    assert np.abs(np.sort(shades) - validation_split(40)[0]).max() <= 2  # JPEG changes a shade a little
    assert all(np.abs(shades - number).min() <= 2 for number in validation_split(40)[0])
    exact = {int(shade) for shade in range(40)}
    for shade, label in zip(shades, data.labels, strict=True):
        assert min(abs(shade - each) for each in exact if each % 10 == label) <= 2
    assert len(data.val_images) == 4 and len(data.test_images) == 20 and data.test_images[..., 0].min() > 90
    with pytest.raises(BookError, match="is there already"):
        cifar_folder.main(copy, folder)


def test_a_file_that_is_no_copy(tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("other.npz", "text.npz", "missing.npz"):
        with pytest.raises(BookError, match="no copy of CIFAR-10"):
            cifar_folder.main(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
