"""A file is there whole or not at all."""

import os
import stat
import sys

import pytest

from gan_book import paths
from gan_book.errors import BookError


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


def refused(*arguments, **named):
    with pytest.raises(BookError) as error:
        paths.writable_target(*arguments, **named)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_new_file_may_be_written_and_nothing_is_made_yet(tmp_path):
    assert paths.writable_target(tmp_path / "deep" / "a.png") == tmp_path / "deep" / "a.png"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_when_asked(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(b"old")
    assert "a.png" in refused(file) and "--overwrite" in refused(file)
    assert "--json" in refused(file, flag="--json")
    assert paths.writable_target(file, overwrite=True) == file


def test_an_input_is_never_written_to_however_it_is_named(tmp_path, monkeypatch):
    file = tmp_path / "in.png"
    file.write_bytes(b"input")
    (tmp_path / "hard.png").hardlink_to(file)
    (tmp_path / "soft.png").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    for name in (file, "in.png", "hard.png", "soft.png", "nowhere/../in.png"):
        assert "input" in refused(name, [file], overwrite=True)
    assert "input" in refused(file, ["soft.png"], overwrite=True)


def test_a_link_is_followed_and_a_circle_of_links_refused(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "there.png")
    assert paths.writable_target(tmp_path / "link.png") == tmp_path / "there.png"
    with paths.atomic_write(paths.writable_target(tmp_path / "link.png")) as file:
        file.write(b"x")
    assert (tmp_path / "link.png").is_symlink() and (tmp_path / "there.png").read_bytes() == b"x"
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert str(tmp_path / "a") in refused(tmp_path / "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other devices")
def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    ends = os.pipe()
    for path in (
        "/dev/null",
        f"/dev/fd/{ends[1]}",
        tmp_path / "pipe",
        tmp_path / "folder",
        tmp_path / "file" / "a.png",
    ):
        assert str(path) in refused(path, overwrite=True)
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("folder", ["", "new/"])
def test_a_name_that_no_file_can_have(folder, tmp_path):
    assert paths.writable_target(tmp_path / folder / ("x" * 255))
    assert "too long" in refused(tmp_path / folder / ("é" * 128))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="there are permissions to be missing")
def test_where_nothing_may_be_written(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o400)
    assert "read-only" in refused(tmp_path / "a", overwrite=True)
    tmp_path.chmod(0o500)
    assert "read-only" in refused(tmp_path / "b")
    tmp_path.chmod(0o700)


def test_many_targets_are_asked_for_before_the_first_is_written(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "there.png").write_text("old")
    (tmp_path / "input.png").write_text("input")
    names = ["folder.png", "there.png", "input.png", "new.png"]
    files = [tmp_path / name for name in names]
    writable, reasons = paths.writable_targets(files, [tmp_path / "input.png"], overwrite=True)
    assert list(writable) == [tmp_path / "there.png", tmp_path / "new.png"]
    assert reasons.keys() == {tmp_path / "folder.png", tmp_path / "input.png"}
    with pytest.raises(BookError, match=r"1 file .*there\.png.*--overwrite"):
        paths.writable_targets(files, [tmp_path / "input.png"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_permissions_are_the_umasks_or_those_there_were(tmp_path):
    before = os.umask(0o077)
    try:
        with paths.atomic_write(tmp_path / "mine") as file:
            file.write(b"x")
        os.umask(0o002)
        with paths.atomic_write(tmp_path / "ours") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o664
    (tmp_path / "ours").chmod(0o640)
    with paths.atomic_write(tmp_path / "ours") as file:
        file.write(b"y")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o640


def test_a_file_with_the_longest_name_there_can_be(tmp_path):
    with paths.atomic_write(tmp_path / ("x" * 255)) as file:
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 255]


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError) as error, paths.atomic_write(tmp_path / "a.npz"):
        raise OSError(28, "No space left on device")
    assert error.value.filename == str(tmp_path / "a.npz")
