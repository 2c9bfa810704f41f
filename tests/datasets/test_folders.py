import os
import shutil
import struct
import threading
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from gan_book import errors
from gan_book.datasets import SkippedImages, folders, images, load, load_pairs, parse_size
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
    with pytest.raises(BookError, match=r"a\.png is a file.*unpack"):
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


def counts(data):
    """Images by class to train, to validate and to test with."""
    return [
        np.bincount(labels, minlength=data.num_classes).tolist()
        for labels in (data.labels, data.val_labels, data.test_labels)
    ]


@pytest.mark.parametrize(
    ("train", "held"),
    [
        ("train", "valid"),
        ("Training", "Testing"),
        ("TRAIN_SET", "dev"),
        ("train2017", "val2017"),
        ("trn", "tst"),
        ("seg_train", "seg_test"),
        ("training-images", "Evaluation"),
        ("Train Data", "holdout"),
    ],
)
def test_parts_by_any_usual_name(pictures, train, held):
    classes(pictures / train, a=3, b=2)
    classes(pictures / held, a=1, b=2)
    data = load(pictures, image_size=8)
    assert data.class_names == ("a", "b") and counts(data) == [[3, 2], [0, 0], [1, 2]]
    assert held in data.summary() and "a (3), b (2)" in data.summary() and "3 to" in data.summary()


def test_three_parts(pictures):
    for part, count in {"train": 4, "valid": 2, "test": 3}.items():
        classes(pictures / part, a=count, b=count)
    data = load(pictures, image_size=8)
    assert counts(data) == [[4, 4], [2, 2], [3, 3]]
    assert "4 to validate with" in data.summary() and "6 to test with" in data.summary()
    chosen = data.validation()
    assert len(chosen.test_images) == 4 and len(chosen.images) == 8
    with pytest.raises(BookError, match="'pictures' has no validation images; leave out --validation"):
        shutil.rmtree(pictures / "valid")
        load(pictures, image_size=8).validation()


def test_classes_with_parts_inside(pictures):
    for name, colour in {"cat": RED, "dog": GREEN}.items():
        for part, count in {"train": 4, "val": 1, "test": 2}.items():
            for index in range(count):
                plain(pictures / name / part / f"{index}.png", colour)
    assert counts(load(pictures, image_size=8)) == [[4, 4], [1, 1], [2, 2]]
    classes(pictures, fox=2)
    with pytest.raises(BookError, match=r"cat/test.* fox .*train/fox"):
        load(pictures, image_size=8)


def test_folders_around_everything_are_looked_into(pictures):
    classes(pictures / "archive" / "My Data" / "train", a=3, b=2)
    classes(pictures / "archive" / "My Data" / "valid", a=1, b=2)
    data = load(pictures, image_size=8)
    assert data.class_names == ("a", "b") and counts(data)[2] == [1, 2] and data.name == "pictures"


def test_a_folder_called_images_is_no_class(pictures):
    for index in range(3):
        plain(pictures / "train" / "images" / f"{index}.png")
        plain(pictures / "valid" / "images" / f"{index}.png")
        (pictures / "train" / "labels").mkdir(exist_ok=True)
        (pictures / "train" / "labels" / f"{index}.txt").write_text("0 0.5 0.5 1 1")
    data = load(pictures, image_size=8)
    assert data.class_names == ("pictures",) and counts(data) == [[3], [0], [3]]
    assert "left out" in data.summary() and "0.txt" in data.summary()


def test_a_train_may_be_a_class(pictures):
    classes(pictures, bus=4, car=4, train=4)
    data = load(pictures, image_size=8)
    assert data.class_names == ("bus", "car", "train") and "3 classes: bus" in data.summary()


@pytest.mark.parametrize(
    ("layout", "named"),
    [
        (("test/a", "test/b"), "'test'.*train"),
        (("cat", "dog", "test"), "'test'.*cat"),
        (("train/a", "training/a", "test/a"), "'train', 'training'"),
        (("train/a", "val/a", "valid/a"), "'val', 'valid'"),
        (("fold1/a", "fold1/b", "fold2/a", "fold2/b"), "fold1, fold2.*a, b"),
        (("trainA", "trainB", "testA", "testB"), "testA, testB, trainA, trainB.*pix2pix or cyclegan.*load_pairs"),
        (("2019/cat", "2020/cat"), "2019, 2020.*cat: which are the classes"),
        (("images", "masks"), "images, masks.*translate.*load_pairs"),
        (("train/images", "train/labels", "val/images", "val/labels"), "train has the folders images, labels"),
        (("JPEGImages", "SegmentationClass"), "SegmentationClass.*load_pairs"),
        (("train", "train_masks"), "train_masks.*load_pairs"),
        (("train", "test/a"), r"test has folders of classes \(a\).*train has none"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_by_name(pictures, layout, named):
    for folder in layout:
        for index in range(2):
            plain(pictures / folder / f"{index}.png")
    with pytest.raises(BookError, match=named) as caught:
        load(pictures, image_size=8)
    assert "\n" not in str(caught.value)


def test_what_is_left_out_is_said(pictures):
    classes(pictures / "train", a=3, b=2)
    classes(pictures / "test", a=1, B=1)
    classes(pictures / "extra", a=2)
    (pictures / "train" / "empty").mkdir()
    (pictures / "notes.docx").write_text("x")
    for index in range(5):
        (pictures / "train" / "a" / f"{index}.heic").write_text("x")
    with pytest.warns(SkippedImages, match="extra lies beside"):
        data = load(pictures, image_size=8)
    assert counts(data)[2] == [1, 1], "B is b"
    left_out = data.summary().partition("left out: ")[2]
    assert all(name in left_out for name in ("extra", "train/empty", "notes.docx", "0.heic and 4 more .heic files"))
    assert "train/empty" in dict(data.left_out)


def test_of_many_classes_the_first_are_named(pictures):
    for number in range(250):
        for index in range(5):
            plain(pictures / f"person_{number:03}" / f"{index}.png", (number, 0, 0), (2, 2))
    data = load(pictures, image_size=2)
    assert "250 classes: person_000" in data.summary() and "and 247 more" in data.summary()
    assert len(data.test_images) == 125 and np.bincount(data.test_labels).max() == 1 and "125 " in data.summary()


def labelled(folder, text, name="labels.csv", count=9, images="images"):
    for index in range(count):
        plain(folder / images / f"{index}.png", (RED, GREEN, BLUE)[index % 3])
    (folder / name).write_text(text, encoding="utf-8")


KINDS = ("cat", "dog", "fox")
ROWS = [(index, KINDS[index % 3]) for index in range(9)]
TABLES = {
    "named": "file,label\n" + "".join(f"{index}.png,{kind}\n" for index, kind in ROWS),
    "other words": "Image_ID;Species\n" + "".join(f"{index};{kind}\n" for index, kind in ROWS),
    "paths": "path\tclass\n" + "".join(f"data/images/{index}.png\t{kind}\n" for index, kind in ROWS),
    "no header": "".join(f"{index}.png,{kind}\n" for index, kind in ROWS),
    "spreadsheet": "\ufeff,filename,width,class\n" + "".join(f"{i},{i}.png,8,{kind}\n" for i, kind in ROWS),
    "one-hot": "filename,cat,dog,fox\n"
    + "".join(f"{i}.png,{','.join(str(int(each == kind)) for each in KINDS)}\n" for i, kind in ROWS),
    "numbers too": "file,label,class_name\n" + "".join(f"{i}.png,{i % 3},{kind}\n" for i, kind in ROWS),
}


@pytest.mark.parametrize("kind", TABLES)
def test_classes_in_a_table(pictures, kind):
    labelled(pictures, TABLES[kind])
    data = load(pictures, image_size=8)
    assert data.class_names == KINDS and "classes from labels.csv" in data.summary()
    assert (data.images[:, 0, 0] == np.array([RED, GREEN, BLUE])[data.labels]).all()
    assert np.bincount(data.labels).sum() == 8 and "left out" not in data.summary()


def test_a_table_may_name_parts_and_lack_pictures(pictures):
    labelled(
        pictures, "file,label,split\n" + "".join(f"{i}.png,{k},{'test' if i > 5 else 'Training'}\n" for i, k in ROWS)
    )
    plain(pictures / "images" / "new.png")
    with pytest.warns(SkippedImages, match=r"images/new\.png is not in labels\.csv"):
        assert counts(load(pictures, image_size=8)) == [[2, 2, 2], [0, 0, 0], [1, 1, 1]]


def test_tables_of_parts(pictures):
    """Names are there twice, in the training and in the test part; each part's table means its own."""
    for part, shift in {"train": 0, "test": 1}.items():
        labelled(
            pictures,
            "id,label\n" + "".join(f"{i},{KINDS[(i + shift) % 3]}\n" for i, _ in ROWS),
            f"{part}.csv",
            images=part,
        )
    data = load(pictures, image_size=8)
    assert counts(data) == [[3, 3, 3], [0, 0, 0], [3, 3, 3]]
    assert (data.test_images[:, 0, 0] == np.array([BLUE, RED, GREEN])[data.test_labels]).all()


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (
            "file,a,b\n" + "".join(f"{i}.png,x{i % 2},y{i % 3}\n" for i, _ in ROWS),
            r"labels\.csv.*which of its columns.*a, b",
        ),
        (TABLES["named"] + "0.png,dog\n", r"labels\.csv gives 0\.png the classes 'cat' and 'dog'"),
        ("file,cat,dog\n" + "".join(f"{i}.png,1,1\n" for i, _ in ROWS), r"labels\.csv gives 0\.png not exactly one"),
        ("file,label,split\n" + "".join(f"{i}.png,{k},later\n" for i, k in ROWS), r"labels\.csv .*'later'"),
    ],
)
def test_a_table_that_is_not_understood_is_refused(pictures, table, named):
    labelled(pictures, table)
    with pytest.raises(BookError, match=named):
        load(pictures, image_size=8)


@pytest.mark.parametrize("table", ["a,b\n1,2\n", "file,caption\n" + "".join(f"{i}.png,text {i}\n" for i, _ in ROWS)])
def test_a_table_of_something_else_is_left_out_and_said(pictures, table):
    labelled(pictures, table)
    data = load(pictures, image_size=8)
    assert data.class_names == ("pictures",) and "left out: labels.csv" in data.summary()


def test_what_generate_writes_is_read(pictures):
    for index in range(9):
        plain(pictures / f"{index:05d}-{('ankle-boot', 'shirt')[index % 2]}.png", (RED, GREEN)[index % 2])
    data = load(pictures, image_size=8)
    assert data.class_names == ("ankle-boot", "shirt") and "names of the files" in data.summary()
    assert (data.images[:, 0, 0] == np.array([RED, GREEN])[data.labels]).all()


def test_links_and_depth_have_an_end(pictures, tmp_path):
    classes(pictures, a=4, b=4)
    (pictures / "up").symlink_to("..", target_is_directory=True)
    (pictures / "a" / "self").symlink_to(pictures, target_is_directory=True)
    other = tmp_path / "elsewhere"
    for index in range(2):
        plain(other / f"{index}.png", BLUE)
    (pictures / "linked").symlink_to(other, target_is_directory=True)
    deep = pictures / "b"
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    plain(deep / "a.png")
    with pytest.warns(SkippedImages) as caught:
        data = load(pictures, image_size=8)
    reasons = dict(caught[0].message.skipped)
    assert "link" in reasons["up"] and "link" in reasons["a/self"] and data.class_names == ("a", "b", "linked")
    assert any(path.startswith("b/d/d") and "folders deep" in reason for path, reason in reasons.items())


def test_a_limit_is_applied_before_decoding(pictures, monkeypatch):
    classes(pictures, a=60, b=60)
    read = []
    monkeypatch.setattr(folders, "decode", lambda path, size: read.append(path) or decode(path, size))
    data = load(pictures, image_size=8, limit=20)
    assert len(data.images) == 20 and len(data.test_images) == 2 and len(read) == 22
    assert np.bincount(data.labels).tolist() == [10, 10] and "120 images" in data.summary()
    monkeypatch.setattr(folders, "MOST_TO_TEST", 7)
    classes(pictures / "new" / "train", a=20, b=20)
    classes(pictures / "new" / "test", a=20, b=20)
    read.clear()
    data = load(pictures / "new", image_size=8, limit=5)
    assert len(data.images) == 5 and len(data.test_images) == 7 and len(read) == 12
    assert "7 to test with" in data.summary() and "80 images" in data.summary()


def test_a_limit_without_labels_does_not_look_at_them(pictures):
    classes(pictures, a=50, b=10)
    assert np.bincount(load(pictures, image_size=8, limit=8).labels).tolist() == [4, 4]
    assert np.bincount(load(pictures, image_size=8, limit=8, balanced=False).labels)[0] > 4


def test_more_than_fits_in_memory_is_refused_before_decoding(pictures, monkeypatch):
    classes(pictures, a=4, b=4)
    monkeypatch.setattr(folders, "decode", no_decoding)
    monkeypatch.setattr(errors, "free_memory", lambda: 2 * 8 * 3 * 64 * 96 - 1)
    with pytest.raises(BookError, match=r"8 images of .*64 x 96 .*--image-size.*--limit"):
        load(pictures, image_size="64x96")


def test_no_more_large_pictures_at_a_time_than_memory_takes(pictures, monkeypatch):
    """Each takes 0.6 of what there is: one at a time; the one that takes more than there is is named."""
    for index in range(6):
        plain(pictures / f"{index}.png", size=(60, 10))
    plain(pictures / "large.png", size=(120, 10))
    monkeypatch.setattr(images, "_SMALL", 0)
    monkeypatch.setattr(images, "free_memory", lambda: 1000 * 12)
    monkeypatch.setattr(images.os, "cpu_count", lambda: 4)
    now, most, lock = [0], [0], threading.Lock()
    real = images._cut

    def cut(*arguments):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        return real(*arguments)

    monkeypatch.setattr(images, "_cut", cut)
    with pytest.warns(SkippedImages, match=r"large\.png would take"):
        data = load(pictures, image_size=8)
    assert len(data.images) + len(data.test_images) == 6 and most[0] == 1


@pytest.mark.parametrize("size", [(16, 24), "16x24", "16X24", [16, 24]])
def test_rectangles(pictures, size):
    pixels = np.zeros((40, 90, 3), np.uint8)
    pixels[:, 15:75] = RED  # 40 x 60 is what is cropped
    for index in range(3):
        (pictures / "a").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(pictures / "a" / f"{index}.png")
    data = load(pictures, image_size=size)
    assert data.image_shape == (16, 24, 3) and data.test_images.shape[1:] == (16, 24, 3)
    assert (data.images == RED).all()


@pytest.mark.parametrize("size", ["16x", "axb", (16,), (16, 24, 3), "0x16", (16, 5000), 1.5, True, "-3"])
def test_sizes_that_are_none(pictures, size):
    classes(pictures, a=2)
    with pytest.raises(BookError, match="image size is"):
        load(pictures, image_size=size)


def test_sizes_on_the_command_line():
    assert parse_size("64") == parse_size(" 64x64 ") == 64 and parse_size("64X96") == "64x96"


def deep(path, values):
    Image.fromarray(values).save(path)
    return path


def test_values_outside_the_usual_ranges_are_skipped_not_blackened(tmp_path):
    ramp = np.linspace(0, 1, 64).reshape(8, 8)
    for name, values, named in [
        ("mask.png", (ramp * 20).astype(np.uint16), "20"),
        ("twelve.tif", (ramp * 4095).astype(np.uint16), "4,095"),
        ("wide.tif", (ramp * 1e6).astype(np.int32), "1e\\+06|1,000,000"),
        ("signed.tif", (ramp * 1000 - 500).astype(np.int32), "-500"),
        ("scaled.tif", (ramp * 2 - 1).astype(np.float32), "-1"),
        ("large.tif", (ramp * 4000).astype(np.float32), "4,000"),
        ("nan.tif", np.full((8, 8), np.nan, np.float32), "no numbers"),
    ]:
        with pytest.raises(UnreadableImage, match=named):
            decode(deep(tmp_path / name, values), 8)
    assert not decode(deep(tmp_path / "black.png", np.zeros((8, 8), np.uint16)), 8).any()
    assert decode(deep(tmp_path / "dim.png", np.full((8, 8), 8000, np.uint16)), 8).max() == 31
    assert decode(deep(tmp_path / "ok.tif", (ramp * 255).astype(np.float32)), 8).max() == 255


def test_masks_of_class_numbers_are_remarked_on(pictures):
    for index in range(3):
        plain(pictures / f"{index}.png", index, mode="L")
    assert "nearly black" in load(pictures, image_size=8).summary()


def test_a_class_name_in_latin_letters_of_old_is_text(pictures):
    folder = os.fsencode(pictures) + b"/caf\xe9"
    try:
        os.mkdir(folder)  # noqa: PTH102 - bytes
    except OSError:
        pytest.skip("this file system takes only text")
    for index in range(3):
        shutil.copy(plain(pictures / "b" / f"{index}.png"), folder + f"/{index}.png".encode())
    assert load(pictures, image_size=8).class_names == ("b", "café")


def test_a_table_in_a_part_means_that_part(pictures):
    for part, shift in {"train": 0, "valid": 1}.items():
        rows = "".join(f"{i}.png, {int((i + shift) % 2 == 0)}, {int((i + shift) % 2)}\n" for i in range(6))
        labelled(pictures / part, f"filename, cat, dog\n{rows}", "_classes.csv", count=6, images=".")
    data = load(pictures, image_size=8)
    assert data.class_names == ("cat", "dog") and counts(data) == [[3, 3], [0, 0], [3, 3]]


def test_tables_that_contradict_one_another_are_refused(pictures):
    labelled(pictures, TABLES["named"])
    (pictures / "more.csv").write_text(TABLES["named"].replace("0.png,cat", "0.png,dog"))
    with pytest.raises(BookError, match=r"labels\.csv and more\.csv .* 0\.png"):
        load(pictures, image_size=8)


def test_an_empty_answer_sheet_is_no_table_of_classes(pictures):
    for index in range(9):
        plain(pictures / "train" / f"{index}.png", RED)
        plain(pictures / "test" / f"t{index}.png", RED)
    (pictures / "train.csv").write_text("id,label\n" + "".join(f"{i},{kind}\n" for i, kind in ROWS))
    (pictures / "sample_submission.csv").write_text("id,label\n" + "".join(f"t{i},cat\n" for i, _ in ROWS))
    with pytest.warns(SkippedImages, match=r"test/t0\.png is not in train\.csv"):
        data = load(pictures, image_size=8)
    assert data.class_names == KINDS and "sample_submission.csv" in data.summary().partition("left out")[2]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train/train", "test/test"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("asl_alphabet_train/asl_alphabet_train", "asl_alphabet_test"),
        ("cars_train", "cars_test"),
    ],
)
def test_folders_of_parts_may_be_called_so_twice_or_with_the_sets_name(pictures, train, test):
    classes(pictures / train, cat=3, dog=3)
    classes(pictures / test, cat=2, dog=2)
    data = load(pictures, image_size=8)
    assert data.class_names == ("cat", "dog") and counts(data) == [[3, 3], [0, 0], [2, 2]]


@pytest.mark.parametrize(("train", "test"), [("train/train", "test1/test1"), ("cars_train/cars_train", "cars_test")])
def test_so_they_may_be_without_classes(pictures, train, test):
    classes(pictures, **{train: 3, test: 2})
    data = load(pictures, image_size=8)
    assert data.class_names == ("pictures",) and counts(data) == [[3], [0], [2]]


def test_classes_that_begin_alike_are_classes(pictures):
    classes(pictures, model_train=3, model_bus=3)
    assert load(pictures, image_size=8).class_names == ("model_bus", "model_train")


def test_accents_are_the_same_however_they_are_coded(pictures):
    classes(pictures / "train", **{"Ku\u0308ken": 3})
    classes(pictures / "test", **{"K\u00fcken": 2})
    assert counts(load(pictures, image_size=8)) == [[3], [0], [2]]


def test_a_link_that_cannot_be_looked_at_costs_no_others(pictures):
    classes(pictures, a=3, b=3)
    (pictures / "a" / "far.png").symlink_to("x" * 300)
    (pictures / "far").symlink_to("x" * 300)
    data = load(pictures, image_size=8)
    assert data.num_classes == 2 and len(data.images) + len(data.test_images) == 6
    assert {"far", "a/far.png"} <= dict(data.left_out).keys()


def test_pictures_of_a_format_that_is_not_read_are_called_so(pictures):
    classes(pictures, a=3)
    (pictures / "a" / "phone.HEIC").write_text("x")
    assert "JPEG" in dict(load(pictures, image_size=8).left_out)["a/phone.HEIC"]


@pytest.mark.parametrize("part", ["", "train"])
def test_what_is_advised_for_pictures_and_their_masks_works(pictures, part):
    for kind in ("images", "masks"):
        classes(pictures / part, **{kind: 5})
    with pytest.raises(BookError, match="call them A and B"):
        load(pictures, image_size=8)
    for kind, side in (("images", "A"), ("masks", "B")):
        (pictures / part / kind).rename(pictures / part / side)
    assert len(load_pairs(pictures, image_size=8).a) == 3


def test_masks_beside_their_pictures_are_no_pictures(pictures):
    classes(pictures, benign=4, with_mask=2)
    for name in ("0_mask.png", "0_mask_1.png", "2-GT.png", "alone_mask.png"):
        plain(pictures / "benign" / name)
    with pytest.warns(SkippedImages, match="0_mask"):
        data = load(pictures, image_size=8)
    assert data.class_names == ("benign", "with_mask") and len(data.images) + len(data.test_images) == 7
    assert set(dict(data.left_out)) == {f"benign/{name}" for name in ("0_mask.png", "0_mask_1.png", "2-GT.png")}


def test_names_of_tables_say_the_parts(pictures):
    labelled(pictures, "")
    (pictures / "labels.csv").unlink()
    for name, numbers in (("train", range(6)), ("test", range(6, 9))):
        lines = [f"{number}.png,{'cat' if number % 2 else 'dog'}" for number in numbers]
        (pictures / f"{name}.csv").write_text("\n".join(["file,label", *lines]))
    data = load(pictures, image_size=8)
    assert data.class_names == ("cat", "dog") and counts(data) == [[3, 3], [0, 0], [1, 2]]


def test_a_table_is_read_for_pictures_in_the_only_folder(pictures):
    labelled(
        pictures, "file,smiling\n" + "".join(f"{n}.png,{-1 if n % 2 else 1}\n" for n in range(9)), images="img_align"
    )
    assert load(pictures, image_size=8).class_names == ("-1", "1")
    (pictures / "labels.csv").write_text("file,smiling,male\n" + "".join(f"{n}.png,1,-1\n" for n in range(9)))
    assert load(pictures, image_size=8).class_names == ("img_align",)


def test_a_table_without_classes_is_left_out_with_the_reason(pictures):
    labelled(pictures, "file,label\n" + "".join(f"other{n}.png,{n % 2}\n" for n in range(9)))
    assert "classes" in dict(load(pictures, image_size=8).left_out)["labels.csv"]


def test_a_table_that_puts_nothing_into_train_is_refused(pictures):
    labelled(pictures, "file,label,split\n" + "".join(f"{n}.png,{n % 2},test\n" for n in range(9)))
    with pytest.raises(BookError, match=r"labels\.csv.*'train'"):
        load(pictures, image_size=8)


def test_a_table_in_another_coding(pictures):
    labelled(pictures, "")
    kinds = ("H\u00fcndin", "K\u00fcken")
    text = "file;label\r\n" + "".join(f"{n}.png;{kinds[n % 2]}\r\n" for n in range(9))
    (pictures / "labels.csv").write_bytes(text.encode("utf-16"))
    assert load(pictures, image_size=8).class_names == kinds
    (pictures / "labels.csv").write_bytes(text.encode("cp1252"))
    with pytest.raises(BookError, match=r"labels\.csv.*UTF-8"):
        load(pictures, image_size=8)


def test_a_table_beside_folders_of_classes_is_said_not_to_be_read(pictures):
    classes(pictures, part_1=3, part_2=3)
    (pictures / "labels.csv").write_text("file,label\n" + "".join(f"{n}.png,{n}\n" for n in range(3)))
    assert "folders" in dict(load(pictures, image_size=8).left_out)["labels.csv"]
