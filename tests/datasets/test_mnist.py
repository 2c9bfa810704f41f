import gzip
import hashlib
import struct

import numpy as np
import pytest

from gan_book import errors, paths
from gan_book.datasets.mnist import load_idx, read_idx
from gan_book.errors import BookError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(array, kind=8):
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(path, content):
    path.write_bytes(gzip.compress(content))
    return path


def test_reads_values_and_shape(tmp_path):
    assert np.array_equal(read_idx(write(tmp_path / "a.gz", idx_bytes(IMAGES)), 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx_bytes(IMAGES)[:-1], "holds 23 values where its header promises 24"),
        (idx_bytes(IMAGES) + b"x", "holds more values where its header promises 24"),
        (idx_bytes(IMAGES, kind=0x0D), "not an IDX file"),
        (idx_bytes(IMAGES[0]), "not an IDX file of 3-dimensional"),
        (b"\0\0", "not an IDX file"),
        (b"", "not an IDX file"),
    ],
    ids=["too short", "trailing data", "floats", "two dimensions", "no header", "empty"],
)
def test_refuses_other_content(tmp_path, content, message):
    with pytest.raises(BookError, match=message):
        read_idx(write(tmp_path / "a.gz", content), 3)


def test_refuses_truncated_gzip(tmp_path):
    path = write(tmp_path / "a.gz", idx_bytes(IMAGES))
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(BookError, match="truncated"):
        read_idx(path, 3)


def test_refuses_what_is_not_gzip(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(idx_bytes(IMAGES))
    with pytest.raises(BookError, match="not a gzip file"):
        read_idx(path, 3)


@pytest.fixture
def small_set(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "DATA", tmp_path)
    labels = np.array([1, 0], np.uint8)
    files = {}
    for role, array in {
        "train_images": IMAGES,
        "train_labels": labels,
        "test_images": IMAGES,
        "test_labels": labels,
    }.items():
        path = write(tmp_path / f"{role}.gz", idx_bytes(array))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        files[role] = {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256}
    return {"files": files, "class_names": ["a", "b"]}


def test_loads_a_set(small_set):
    (images, labels), (test_images, _) = load_idx(small_set)
    assert images.shape == (2, 3, 4, 1) and test_images.dtype == np.uint8
    assert labels.tolist() == [1, 0] and labels.dtype == np.int32


def test_refuses_a_wrong_sum(small_set):
    small_set["files"]["test_labels"]["sha256"] = "0" * 64
    with pytest.raises(BookError, match=r"test_labels\.gz does not have the SHA-256 in the manifest; restore it"):
        load_idx(small_set)


def test_refuses_a_missing_file(small_set, tmp_path):
    (tmp_path / "train_images.gz").unlink()
    with pytest.raises(BookError, match=r"train_images\.gz is missing; restore it"):
        load_idx(small_set)


def test_refuses_labels_that_do_not_fit(small_set):
    small_set["files"]["train_labels"] = {**small_set["files"]["train_labels"]}
    path = write(paths.DATA / "more.gz", idx_bytes(np.zeros(3, np.uint8)))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    small_set["files"]["train_labels"] = {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256}
    with pytest.raises(BookError, match="2 images but 3 labels"):
        load_idx(small_set)


def test_refuses_a_label_that_is_no_class(small_set):
    with pytest.raises(BookError, match=r"train_labels\.gz has a label 1.*0 to 0"):
        load_idx({**small_set, "class_names": ["a"]})


def test_what_a_header_promises_must_fit_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(errors, "free_memory", lambda: 10**9)
    path = write(tmp_path / "a.gz", bytes([0, 0, 8, 3]) + struct.pack(">3I", 60_000, 1_000, 1_000))
    with pytest.raises(BookError, match=r"a\.gz.*60\.0 GB.*1\.0 GB"):
        read_idx(path, 3)
