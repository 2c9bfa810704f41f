import shutil
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from gan_book.datasets import SkippedImages, folders, load
from gan_book.datasets.images import UnreadableImage, decode, extensions
from gan_book.errors import BookError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def plain(path, colour=RED, size=(8, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def classes(folder, **counts):
    for colour, (name, count) in zip((RED, GREEN, BLUE), counts.items(), strict=False):
        for index in range(count):
            plain(folder / name / f"{index}.png", colour)


def test_classes_are_sub_folders(pictures):
    classes(pictures, Zebra=20, apple=10, bird=10)
    data = load(pictures, image_size=8)
    assert data.class_names == ("apple", "bird", "Zebra") and data.name == "pictures"
    assert data.images.shape == (36, 8, 8, 3) and data.images.dtype == np.uint8 and data.labels.dtype == np.int32
    assert np.bincount(data.labels).tolist() == [9, 9, 18] and np.bincount(data.test_labels).tolist() == [1, 1, 2]
    colours = np.array([GREEN, BLUE, RED])
    assert (data.images[:, 0, 0] == colours[data.labels]).all()
    assert (data.test_images[:, 0, 0] == colours[data.test_labels]).all()


def test_without_sub_folders_there_is_one_class(pictures):
    for index in range(3):
        plain(pictures / f"{index}.jpg")
    data = load(pictures)
    assert data.class_names == ("pictures",) and data.images.shape == (2, 64, 64, 3) and len(data.test_images) == 1


def test_holdout_follows_the_seed(pictures):
    for index in range(40):
        plain(pictures / f"{index}.png", (index, 0, 0))
    held = [load(pictures, image_size=8, seed=seed).test_images[:, 0, 0, 0].tolist() for seed in (0, 0, 1)]
    assert len(held[0]) == 4 and held[0] == held[1] != held[2]


@pytest.mark.parametrize("name", ["test", "val", "validation", "Val"])
def test_split_folders(pictures, name):
    classes(pictures / "train", a=3, b=2)
    classes(pictures / name, a=1, b=2)
    data = load(pictures, image_size=8)
    assert np.bincount(data.labels).tolist() == [3, 2] and np.bincount(data.test_labels).tolist() == [1, 2]
    assert data.class_names == ("a", "b")


def test_split_folders_without_classes(pictures):
    for split, count in {"train": 3, "test": 2}.items():
        for index in range(count):
            plain(pictures / split / f"{index}.png")
    data = load(pictures, image_size=8)
    assert data.class_names == ("pictures",) and len(data.images) == 3 and len(data.test_images) == 2


def test_test_images_of_an_unknown_class_are_reported(pictures):
    classes(pictures / "train", a=3)
    classes(pictures / "test", a=1, other=2)
    with pytest.warns(SkippedImages, match="other.*without training images"):
        data = load(pictures, image_size=8)
    assert data.class_names == ("a",) and len(data.test_images) == 1


def test_any_image_size(pictures):
    classes(pictures, a=2, b=2)
    assert load(pictures, image_size=100).image_shape == (100, 100, 3)
    assert load(pictures, image_size=7).image_shape == (7, 7, 3)


def test_middle_is_cropped_and_small_detail_averaged(tmp_path):
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, :20], pixels[:, 40:] = RED, BLUE
    pixels[:, 20:40:2] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    small = decode(tmp_path / "wide.png", 4)
    assert small.shape == (4, 4, 3)
    assert np.ptp(small.astype(int), axis=-1).max() == 0, "the red and blue ends are cropped away"
    assert abs(small.mean() - 127.5) < 15, "stripes of black and white become grey"


def test_transparency_is_over_white(tmp_path):
    plain(tmp_path / "rgba.png", (*RED, 0), mode="RGBA")
    assert (decode(tmp_path / "rgba.png", 8) == 255).all()
    plain(tmp_path / "half.png", (0, 0, 0, 128), mode="RGBA")
    assert (decode(tmp_path / "half.png", 8) == 127).all()
    plain(tmp_path / "la.png", (0, 0), mode="LA")
    assert (decode(tmp_path / "la.png", 8) == 255).all()
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([*RED, *GREEN])
    palette.save(tmp_path / "p.png", transparency=1)
    assert (decode(tmp_path / "p.png", 8) == 255).all()


def test_palette(tmp_path):
    image = Image.new("P", (8, 8), 1)
    image.putpalette([*RED, *GREEN])
    image.save(tmp_path / "p.gif")
    assert (decode(tmp_path / "p.gif", 8) == GREEN).all()


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_are_scaled(tmp_path, ending):
    path = tmp_path / f"deep.{ending}"
    values = np.full((8, 8), 32768, np.uint16)
    if ending == "pgm":
        path.write_bytes(b"P5 8 8 65535\n" + values.astype(">u2").tobytes())
    else:
        Image.fromarray(values).save(path)
    assert (decode(path, 8) == 128).all()


def test_floating_point(tmp_path):
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "f.tif")
    assert (decode(tmp_path / "f.tif", 8) == 128).all()


def test_cmyk_and_bilevel(tmp_path):
    plain(tmp_path / "cmyk.jpg", (0, 255, 255, 0), mode="CMYK", quality=100)
    assert np.abs(decode(tmp_path / "cmyk.jpg", 8).astype(int) - RED).max() < 8
    plain(tmp_path / "one.png", 1, mode="1")
    assert (decode(tmp_path / "one.png", 8) == 255).all()


def test_exif_rotation(tmp_path):
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = RED
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by a quarter clockwise to see it right
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    turned = decode(tmp_path / "turned.png", 16)
    assert (turned[:, 8:] == RED).all() and (turned[:, :8] == 0).all()


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (GREEN, RED)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (decode(tmp_path / "a.gif", 8) == GREEN).all()


def test_large_jpeg_keeps_its_content(tmp_path):
    plain(tmp_path / "a.jpg", (10, 200, 90), size=(1200, 900), quality=95)
    assert np.abs(decode(tmp_path / "a.jpg", 16).astype(int) - (10, 200, 90)).max() < 4


def test_grey_sets_have_one_channel(pictures):
    plain(pictures / "a.png", 90, mode="L")
    plain(pictures / "b.png", (30, 30, 30))
    data = load(pictures, image_size=8)
    assert data.image_shape == (8, 8, 1)
    assert sorted([data.images[0, 0, 0, 0], data.test_images[0, 0, 0, 0]]) == [30, 90]
    plain(pictures / "c.png", RED)
    assert load(pictures, image_size=8).image_shape == (8, 8, 3)


def test_unreadable_files_are_reported_once(pictures):
    classes(pictures, a=4)
    (pictures / "a" / "text.png").write_text("not a picture")
    cut = plain(pictures / "a" / "cut.jpg", size=(64, 64))
    cut.write_bytes(cut.read_bytes()[:-200])
    plain(pictures / "cover.png")
    with pytest.warns(SkippedImages) as caught:
        data = load(pictures, image_size=8)
    skipped = dict(caught[0].message.skipped)
    assert len(caught) == 1 and len(data.images) + len(data.test_images) == 4
    assert skipped["a/text.png"] == "is not an image"
    assert "truncated" in skipped["a/cut.jpg"].lower()
    assert skipped["cover.png"] == "lies outside the class folders"
    assert str(caught[0].message).startswith("3 files of ") and "\n" not in str(caught[0].message)
    with pytest.warns(SkippedImages) as again:
        load(pictures, image_size=8)
    assert again[0].message.skipped == caught[0].message.skipped, "the cache keeps the report"


def bomb(path, side=20_000):
    """A PNG whose header promises far more pixels than the file holds."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(content))
    return path


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_image_bomb(tmp_path, side):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(UnreadableImage, match="limit against decompression bombs"):
            decode(bomb(tmp_path / "bomb.png", side), 8)


def test_image_bomb_in_a_folder(pictures):
    bomb(pictures / "bomb.png")
    with pytest.raises(BookError, match=r"none of the 1 image files.*bomb\.png has more than"):
        load(pictures)


def test_hidden_and_other_files_are_passed_over(pictures):
    classes(pictures, a=2, b=2)
    (pictures / "a" / ".hidden.png").write_text("x")
    (pictures / "a" / "notes.txt").write_text("x")
    (pictures / ".git").mkdir()
    plain(pictures / ".git" / "a.png")
    (pictures / "__MACOSX").mkdir()
    plain(pictures / "__MACOSX" / "a.png")
    (pictures / "empty").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(pictures, image_size=8)
    assert data.class_names == ("a", "b") and len(data.images) + len(data.test_images) == 4


def test_no_program_is_run_for_a_format():
    assert ".eps" not in extensions() and {".png", ".jpg", ".webp", ".bmp", ".tif", ".gif"} <= extensions()


def test_empty_folder(pictures):
    with pytest.raises(BookError, match="holds no images; put pictures in it"):
        load(pictures)


def test_nothing_readable(pictures):
    (pictures / "a.png").write_text("not a picture")
    with pytest.raises(BookError, match=r"none of the 1 image files in .* a\.png is not an image"):
        load(pictures)


def test_a_single_image_is_too_few(pictures):
    plain(pictures / "a.png")
    with pytest.raises(BookError, match="only one image"):
        load(pictures)


def test_a_file_is_no_folder(tmp_path):
    with pytest.raises(BookError, match="cannot be read: Not a directory"):
        load(plain(tmp_path / "a.png"))


def no_decoding(*arguments):
    raise AssertionError("decoded again")


def test_cache_is_used_while_the_files_stay_the_same(pictures, cache, monkeypatch):
    classes(pictures, a=4, b=4)
    first = load(pictures, image_size=8)
    with monkeypatch.context() as patch:
        patch.setattr(folders, "decode", no_decoding)
        again = load(pictures, image_size=8)
    assert np.array_equal(first.images, again.images) and np.array_equal(first.labels, again.labels)
    plain(pictures / "a" / "0.png", BLUE, size=(9, 9))
    assert (load(pictures, image_size=8).images[..., 2] == 255).any()
    assert len(list((cache / "images").iterdir())) == 1, "the cache of the old content is gone"


@pytest.mark.parametrize("damage", [lambda content: content[:-50], lambda content: b"", lambda content: b"x" * 99])
def test_broken_cache_is_rebuilt(pictures, cache, damage):
    classes(pictures, a=4, b=4)
    first = load(pictures, image_size=8)
    (path,) = (cache / "images").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = load(pictures, image_size=8)
    assert np.array_equal(first.images, again.images)
    assert np.load(path, allow_pickle=False)["images"].shape == (8, 8, 8, 3)


def test_a_bit_flipped_in_the_cache_is_noticed(pictures, cache):
    classes(pictures, a=4, b=4)
    first = load(pictures, image_size=8)
    (path,) = (cache / "images").iterdir()
    content = bytearray(path.read_bytes())
    content[600] ^= 1
    path.write_bytes(content)
    assert np.array_equal(load(pictures, image_size=8).images, first.images)


def test_cache_that_cannot_be_written(pictures, cache):
    classes(pictures, a=4, b=4)
    cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="were not cached"):
        assert len(load(pictures, image_size=8).images) == 8 - 1
    shutil.rmtree(cache, ignore_errors=True)
