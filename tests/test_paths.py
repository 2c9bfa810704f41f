"""A file is there whole or not at all."""

import stat
import sys

import pytest

from gan_book import paths


def test_a_written_file_is_there_with_its_folders(tmp_path):
    target = tmp_path / "deep" / "er" / "file.txt"
    with paths.atomic_write(target, "w") as file:
        file.write("Fréchet")
        assert not target.exists()
    assert target.read_bytes() == "Fréchet".encode()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_old_file_alone(error, tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), paths.atomic_write(target) as file:
        file.write(b"half of the ne")
        raise error
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_others_may_read_the_file(tmp_path):
    with paths.atomic_write(tmp_path / "file") as file:
        file.write(b"x")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) & 0o044


def test_the_cache_can_be_put_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_BOOK_CACHE", str(tmp_path))
    assert paths.cache_dir() == tmp_path
    monkeypatch.delenv("GAN_BOOK_CACHE")
    assert paths.cache_dir().parts[-2:] == (".cache", "gan_book")


def test_the_book_is_where_its_data_are():
    assert (paths.BOOK / "pyproject.toml").exists()
    assert (paths.DATA / "manifest.json").exists()
