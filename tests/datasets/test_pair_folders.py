import warnings

import numpy as np
import pytest
from PIL import Image

from gan_book import errors
from gan_book.datasets import SkippedImages, load_pairs
from gan_book.datasets.images import UnreadableImage, decode_halves
from gan_book.errors import BookError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SIZE = 8


def plain(path, colour, size=(SIZE, SIZE), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def side_by_side(folder, numbers, width=2 * SIZE):
    """Files whose left half is (number, 0, 0), whose right half (0, 0, number)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        pixels = np.zeros((SIZE, width, 3), np.uint8)
        pixels[:, : width // 2, 0], pixels[:, width // 2 :, 2] = number, number
        Image.fromarray(pixels).save(folder / f"{number:03}.png")


def two_sides(folder, part, numbers_a, numbers_b, ending=("", "")):
    """The same, the halves in files of their own."""
    for side, numbers, closing, channel in zip("AB", (numbers_a, numbers_b), ending, (0, 2), strict=True):
        for number in numbers:
            colour = tuple(number * (index == channel) for index in range(3))
            plain(folder / f"{part}{side}" / f"{number:03}{closing}.png", colour)


def numbers(images, channel):
    """The numbers of images, which must be even and of that channel alone."""
    assert (images == images[:, :1, :1]).all() and not np.delete(images, channel, -1).any()
    return images[:, 0, 0, channel].tolist()


def load(folder, **options):
    """The loaded pairs, and their numbers by part."""
    pairs = load_pairs(folder, **{"image_size": SIZE, **options})
    fields = {"a": 0, "b": 2, "val_a": 0, "val_b": 2, "test_a": 0, "test_b": 2}
    return pairs, {field: numbers(getattr(pairs, field), channel) for field, channel in fields.items()}


def assert_partition(seen, everything, parts=("a", "val_a", "test_a")):
    assert sorted(number for part in parts for number in seen[part]) == list(everything)


def test_loose_files_side_by_side(tmp_path):
    side_by_side(tmp_path / "mine", range(1, 31))
    pairs, seen = load(tmp_path / "mine")
    assert pairs.name == "mine" and pairs.sides == ("A", "B") and pairs.paired and pairs.test_paired
    assert pairs.a.shape == pairs.b.shape == (24, 9, 9, 3) and pairs.image_shape == (8, 8, 3)
    assert pairs.a.dtype == pairs.test_b.dtype == np.uint8
    assert all(seen[a] == seen[b] for a, b in (("a", "b"), ("val_a", "val_b"), ("test_a", "test_b")))
    assert len(seen["val_a"]) == len(seen["test_a"]) == 3
    assert_partition(seen, range(1, 31))


def test_the_hold_out_follows_the_seed(tmp_path):
    side_by_side(tmp_path, range(1, 41))
    seen = [load(tmp_path, seed=seed)[1] for seed in (0, 0, 1)]
    assert seen[0] == seen[1] and seen[0]["test_a"] != seen[2]["test_a"] and seen[0]["val_a"] != seen[2]["val_a"]


def test_three_files_are_enough_and_two_are_not(tmp_path):
    side_by_side(tmp_path, [1, 2, 3])
    _, seen = load(tmp_path)
    assert [len(seen[part]) for part in ("a", "val_a", "test_a")] == [1, 1, 1]
    (tmp_path / "003.png").unlink()
    with pytest.raises(BookError, match="only 2 images to train with; at least 3 are needed, to hold some out"):
        load(tmp_path)


def test_split_folders(tmp_path):
    side_by_side(tmp_path / "train", range(1, 11))
    side_by_side(tmp_path / "val", [21, 22])
    side_by_side(tmp_path / "test", [31, 32, 33])
    _, seen = load(tmp_path)
    assert seen["b"] == list(range(1, 11)) and seen["val_b"] == [21, 22] and seen["test_b"] == [31, 32, 33]


@pytest.mark.parametrize("name", ["val", "validation", "test"])
def test_the_only_part_held_out_is_the_test_part(tmp_path, name):
    side_by_side(tmp_path / "train", range(1, 21))
    side_by_side(tmp_path / name, [31, 32, 33])
    _, seen = load(tmp_path)
    assert seen["test_a"] == [31, 32, 33] and len(seen["val_a"]) == 2
    assert_partition(seen, range(1, 21), ("a", "val_a"))


def test_pairs_divided_between_the_sides(tmp_path):
    side_by_side(tmp_path / "train", range(1, 21))
    side_by_side(tmp_path / "val", [31, 32, 33])
    together, apart = load(tmp_path)[1], load(tmp_path, paired=False)
    pairs, seen = apart
    assert not pairs.paired and pairs.test_paired and len(seen["a"]) == len(seen["b"]) == 9
    assert not set(seen["a"]) & set(seen["b"]) and sorted(seen["a"] + seen["b"]) == together["a"]
    assert seen["val_a"] == seen["val_b"] == together["val_a"] and seen["test_a"] == seen["test_b"] == [31, 32, 33]
    assert load(tmp_path, paired=False, seed=1)[1]["a"] != seen["a"]


def test_limit_reads_no_more_files(tmp_path):
    side_by_side(tmp_path / "train", range(1, 21))
    side_by_side(tmp_path / "test", [31])
    _, few = load(tmp_path, limit=4)
    _, more = load(tmp_path, limit=7)
    assert few["a"] == few["b"] and len(few["a"]) == 4 and set(few["a"]) < set(more["a"]) and few["test_a"] == [31]
    _, apart = load(tmp_path, limit=4, paired=False)
    assert len(apart["a"]) == len(apart["b"]) == 4 and not set(apart["a"]) & set(apart["b"])
    with pytest.raises(BookError, match="the limit is 0"):
        load(tmp_path, limit=0)


def test_two_kinds_that_do_not_pair_up(tmp_path):
    two_sides(tmp_path, "train", range(1, 21), range(101, 131))
    two_sides(tmp_path, "test", [41, 42], [141, 142, 143])
    pairs, seen = load(tmp_path, paired=False)
    assert not pairs.paired and not pairs.test_paired
    assert seen["test_a"] == [41, 42] and seen["test_b"] == [141, 142, 143]
    assert len(seen["val_a"]) == 2 and len(seen["val_b"]) == 3
    assert_partition(seen, range(1, 21), ("a", "val_a"))
    assert_partition(seen, range(101, 131), ("b", "val_b"))
    with pytest.raises(BookError, match=r"has no pairs.*trainA/001\.png has no partner.*50 files alone.*CycleGAN"):
        load(tmp_path)


def test_test_files_that_pair_up_are_compared(tmp_path):
    two_sides(tmp_path, "train", range(1, 21), range(101, 131))
    two_sides(tmp_path, "test", range(41, 61), range(41, 61))
    pairs, seen = load(tmp_path, paired=False)
    assert not pairs.paired and pairs.test_paired
    assert seen["a"] == list(range(1, 21)) and seen["b"] == list(range(101, 131))
    assert seen["val_a"] == seen["val_b"] and len(seen["val_a"]) == 2 and seen["test_a"] == seen["test_b"]
    assert_partition(seen, range(41, 61), ("val_a", "test_a"))


def test_validation_files_that_pair_up_do_not_take_the_place_of_test_files(tmp_path):
    two_sides(tmp_path, "train", range(1, 21), range(101, 131))
    two_sides(tmp_path, "val", range(31, 35), range(31, 35))
    two_sides(tmp_path, "test", range(41, 46), range(141, 146))
    pairs, seen = load(tmp_path, paired=False)
    assert not pairs.test_paired
    assert seen["test_a"] == list(range(41, 46)) and seen["test_b"] == list(range(141, 146))
    assert seen["val_a"] == seen["val_b"] == list(range(31, 35))


@pytest.mark.parametrize("change", ["extra", "renamed", "twice"])
def test_all_test_files_have_to_pair_up(tmp_path, change):
    two_sides(tmp_path, "train", range(1, 5), range(101, 105))
    two_sides(tmp_path, "test", [41, 42, 43], [41, 42, 43])
    if change == "extra":
        plain(tmp_path / "testB" / "044.png", BLUE)
    elif change == "renamed":
        (tmp_path / "testB" / "043.png").rename(tmp_path / "testB" / "44.png")
    else:
        plain(tmp_path / "testA" / "043.bmp", RED)
        plain(tmp_path / "testB" / "043.bmp", BLUE)
    assert not load(tmp_path, paired=False)[0].test_paired


def test_two_kinds_that_pair_up_everywhere(tmp_path):
    two_sides(tmp_path, "train", range(1, 11), range(1, 11), ("_A", "_B"))
    two_sides(tmp_path, "test", [41], [41])
    pairs, seen = load(tmp_path)
    assert pairs.paired and pairs.test_paired and seen["a"] == seen["b"] and len(seen["a"]) == 9
    _, seen = load(tmp_path, paired=False)
    assert not set(seen["a"]) & set(seen["b"]) and len(seen["a"]) + len(seen["b"]) == 9


def test_pairs_to_train_with_and_none_to_test_with(tmp_path):
    two_sides(tmp_path, "train", range(1, 11), range(1, 11))
    two_sides(tmp_path, "test", [41, 42], [41])
    with pytest.raises(BookError, match=r"part 'test'.*testA/042\.png has no partner"):
        load(tmp_path, paired=False)


def test_folders_called_a_and_b(tmp_path):
    two_sides(tmp_path, "", range(1, 31), range(101, 121))
    pairs, seen = load(tmp_path, paired=False)
    assert not pairs.test_paired
    assert_partition(seen, range(1, 31), ("a", "val_a", "test_a"))
    assert_partition(seen, range(101, 121), ("b", "val_b", "test_b"))
    assert [len(seen[part]) for part in ("val_a", "test_a", "val_b", "test_b")] == [3, 3, 2, 2]


def test_broken_files_are_left_out_with_a_reason(tmp_path):
    side_by_side(tmp_path / "train", range(1, 11))
    side_by_side(tmp_path / "test", [31, 32])
    (tmp_path / "train" / "text.png").write_text("not a picture")
    plain(tmp_path / "train" / "square.png", RED)
    plain(tmp_path / "test" / "wide.png", RED, (3 * SIZE, SIZE))
    plain(tmp_path / "cover.png", RED)
    side_by_side(tmp_path / "val", [21])
    with pytest.warns(SkippedImages) as caught:
        _, seen = load(tmp_path)
    assert len(caught) == 1 and seen["a"] == list(range(1, 11)) and seen["test_b"] == [31, 32]
    assert dict(caught[0].message.skipped) == {
        "train/text.png": "is not an image",
        "train/square.png": "is not two squares side by side",
        "test/wide.png": "is not two squares side by side",
        "cover.png": "lies outside the folders of the parts",
    }


def test_a_broken_file_takes_its_partner_with_it(tmp_path):
    two_sides(tmp_path, "train", range(1, 11), range(1, 11))
    two_sides(tmp_path, "test", [41], [41])
    two_sides(tmp_path, "val", [51], [51])
    (tmp_path / "trainB" / "003.png").write_text("not a picture")
    (tmp_path / "trainA" / "007.png").write_text("not a picture")
    with pytest.warns(SkippedImages) as caught:
        _, seen = load(tmp_path)
    assert seen["a"] == seen["b"] == [1, 2, 4, 5, 6, 8, 9, 10]
    assert dict(caught[0].message.skipped) == {
        "trainA/003.png": "pairs with 003.png, which is not an image",
        "trainA/007.png": "is not an image",
    }


def test_no_warning_where_nothing_is_wrong(tmp_path):
    side_by_side(tmp_path, range(1, 5))
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(tmp_path)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_nothing_readable_in_a_part(tmp_path, part):
    for name, each in {"train": range(1, 6), "val": [31], "test": [41]}.items():
        side_by_side(tmp_path / name, each)
    for file in (tmp_path / part).iterdir():
        file.write_text("not a picture")
    if part == "train":
        with pytest.raises(BookError, match=r"files to train with in .* can be used: train/001\.png is not an image"):
            load(tmp_path)
        return
    with pytest.warns(SkippedImages, match=rf"{part}/.*is not an image"):
        pairs, seen = load(tmp_path)
    assert seen["test_a"] == ([31] if part == "test" else [41]) and len(seen["val_a"]) == 1 and len(seen["a"]) == 4
    assert "held out" in pairs.summary() and part in pairs.summary()


def test_a_broken_partner_of_the_only_pair_to_validate_with_ends_nothing(tmp_path):
    two_sides(tmp_path, "train", range(1, 9), range(1, 9))
    two_sides(tmp_path, "val", [31], [31])
    two_sides(tmp_path, "test", [41], [41])
    (tmp_path / "valB" / "031.png").write_text("not a picture")
    with pytest.warns(SkippedImages, match=r"valA/031\.png pairs with 031\.png, which is not an image"):
        _, seen = load(tmp_path)
    assert len(seen["val_b"]) == 1 and seen["test_b"] == [41]
    assert_partition(seen, range(1, 9), ("b", "val_b"))


def test_nothing_there(tmp_path):
    with pytest.raises(BookError, match=r"holds no images to translate; put files with both pictures side by side in"):
        load(tmp_path)
    two_sides(tmp_path, "test", [1], [1])
    with pytest.raises(BookError, match=r"testA, testB.*none of side A to train with.*trainA"):
        load(tmp_path)
    with pytest.raises(BookError, match=r"a\.png is a file"):
        load(plain(tmp_path / "a.png", RED))


def test_one_pair_cannot_be_divided(tmp_path):
    side_by_side(tmp_path / "train", [1])
    side_by_side(tmp_path / "val", [2])
    side_by_side(tmp_path / "test", [3])
    with pytest.raises(BookError, match="only one pair to train with; at least 2 are needed to train without pairs"):
        load(tmp_path, paired=False)


@pytest.mark.parametrize("paired", [True, False])
def test_more_than_fits_in_memory(tmp_path, monkeypatch, paired):
    side_by_side(tmp_path, range(1, 13))
    needed = 3 * (10 * 9 * 9 * (2 if paired else 1) + 2 * 2 * SIZE * SIZE)
    monkeypatch.setattr(errors, "free_memory", lambda: needed - 1)
    with pytest.raises(BookError, match=r"8 x 8 pixels .* memory .*--limit .*--image-size"):
        load(tmp_path, paired=paired)
    assert len(load(tmp_path, paired=paired, limit=4)[0].a) == 4
    monkeypatch.setattr(errors, "free_memory", lambda: needed)
    load(tmp_path, paired=paired)


def halves(path, size=SIZE):
    return [half[0, 0].tolist() for half in decode_halves(path, size)]


def test_halves_may_be_a_little_uneven(tmp_path):
    pixels = np.zeros((100, 202, 3), np.uint8)
    pixels[:, :101], pixels[:, 101:] = RED, BLUE
    Image.fromarray(pixels).save(tmp_path / "a.png")
    left, right = decode_halves(tmp_path / "a.png", SIZE)
    assert (left == RED).all() and (right == BLUE).all() and left.shape == (SIZE, SIZE, 3)
    Image.fromarray(np.pad(pixels, ((0, 0), (0, 1), (0, 0)))).save(tmp_path / "b.png")
    with pytest.raises(UnreadableImage, match="is not two squares side by side"):
        decode_halves(tmp_path / "b.png", SIZE)


def test_halves_of_photographs(tmp_path):
    """As `decode` reads them: turned by the camera's word, transparency over white, large ones made smaller."""
    upright = np.zeros((200, 100, 3), np.uint8)
    upright[:100], upright[100:] = GREEN, RED
    exif = Image.Exif()
    exif[0x0112] = 8  # to see it right, turn by a quarter against the clock
    Image.fromarray(upright).save(tmp_path / "turned.png", exif=exif)
    assert halves(tmp_path / "turned.png") == [list(GREEN), list(RED)]
    plain(tmp_path / "clear.png", (*RED, 0), (32, 16), "RGBA")
    assert halves(tmp_path / "clear.png") == [[255] * 3] * 2
    plain(tmp_path / "grey.jpg", 90, (1200, 600), "L", quality=95)
    assert halves(tmp_path / "grey.jpg") == [[90] * 3] * 2


def sides_apart(folder, a, b, numbers, closing=("", "")):
    """A's and B's pictures in folders of any name."""
    for name, channel, end in ((a, 0, closing[0]), (b, 2, closing[1])):
        for number in numbers:
            colour = tuple(number * (index == channel) for index in range(3))
            plain(folder / name / f"{number:03}{end}.png", colour)


@pytest.mark.parametrize(
    "layout",
    ["{side}/{part}", "{part}/{side}", "{part}{side}", "{part}_{side}", "pix/{side}/{part}", "data/x/{part}-{side}"],
)
@pytest.mark.parametrize("parts", [("train", "val", "test"), ("Training", "valid", "Testing"), ("trn", "dev", "eval")])
def test_sides_and_parts_in_any_order(tmp_path, layout, parts):
    """Numbers begin anew in each part, as in the layout of the best-known pix2pix script."""
    for part, first, last in zip(parts, (1, 21, 31), (10, 23, 34), strict=True):
        a, b = (layout.format(side=side, part=part) for side in "AB")
        sides_apart(tmp_path, a, b, range(first, last + 1))
    pairs, seen = load(tmp_path)
    assert seen["a"] == seen["b"] == list(range(1, 11))
    assert seen["val_a"] == [21, 22, 23] and seen["test_b"] == [31, 32, 33, 34]
    said = pairs.summary()
    assert "10 pairs" in said and "3 to validate" in said and "4 to test" in said and "held out" not in said


def test_the_same_names_in_each_part_are_no_hindrance(tmp_path):
    for part in ("train", "val", "test"):
        sides_apart(tmp_path, f"A/{part}", f"B/{part}", range(1, 5))
    assert load(tmp_path)[1]["test_a"] == [1, 2, 3, 4] == load(tmp_path)[1]["a"]


@pytest.mark.parametrize(
    ("folders", "named"),
    [
        (("A/train", "A/test", "B"), "A has folders of parts.*B has none"),
        (("A/test", "B/test"), "A/test, B/test.*none of side A to train with"),
        (("trainA", "testA", "testB"), "testA, testB, trainA.*side B.*trainB"),
        (("trainA", "train_a", "trainB"), "trainA and train_a|train_a and trainA"),
        (("train/A", "train/B", "test"), "train has the folders A, B.*test has not"),
        (("train/A", "train/B", "train/C"), "C lies where only folders A and B"),
        (("photos", "sketches"), "photos, sketches.*trainA"),
    ],
)
def test_layouts_that_are_not_understood_are_refused_by_name(tmp_path, folders, named):
    for name in folders:
        plain(tmp_path / name / "1.png", RED)
    with pytest.raises(BookError, match=named) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_what_translate_writes_is_read_as_partners(tmp_path):
    """Pictures of formats it cannot write have .png appended."""
    for number in range(1, 9):
        ending = (".png", ".bmp")[number % 2]
        plain(tmp_path / "A" / f"{number:03}{ending}", (number, 0, 0))
        plain(tmp_path / "B" / f"{number:03}{ending}".replace(".bmp", ".bmp.png"), (0, 0, number))
    _, seen = load(tmp_path)
    assert seen["a"] == seen["b"] and len(seen["a"]) == 6


def test_one_of_many_without_a_partner_is_left_out_and_named(tmp_path):
    two_sides(tmp_path, "train", range(1, 20), range(1, 21))
    with pytest.warns(SkippedImages, match=r"trainB/020\.png has no partner"):
        pairs, seen = load(tmp_path)
    assert 20 not in seen["b"] and seen["a"] == seen["b"] and "trainB/020.png" in pairs.summary()


def test_what_lies_beside_the_sides_is_said(tmp_path):
    sides_apart(tmp_path, "A/train", "B/train", range(1, 13))
    plain(tmp_path / "A" / "other" / "1.png", RED)
    plain(tmp_path / "C" / "1.png", RED)
    (tmp_path / "readme.md").write_text("x")
    with pytest.warns(SkippedImages, match="C lies beside"):
        pairs, _ = load(tmp_path)
    said = pairs.summary()
    assert all(name in said for name in ("A/other", "C (", "readme.md", "validate and test with are held out"))


def test_rectangles(tmp_path):
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, :30, 0], pixels[:, 30:, 2] = 200, 200
    for number in range(4):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    for size in ("16x24", (16, 24)):
        pairs = load_pairs(tmp_path, image_size=size)
        assert pairs.image_shape == (16, 24, 3) and pairs.a.shape[1:] == (18, 27, 3)
        assert (pairs.a == (200, 0, 0)).all() and (pairs.b == (0, 0, 200)).all()
    with pytest.raises(BookError, match=r"0\.png is not two squares side by side"):
        load_pairs(tmp_path, image_size=16)


def test_pictures_side_by_side_that_are_no_squares(tmp_path):
    for number in range(4):
        plain(tmp_path / f"{number}.png", RED, (192, 64))
    pairs = load_pairs(tmp_path, image_size=(64, 96))
    assert pairs.test_a.shape == (1, 64, 96, 3) and pairs.a.shape[1:] == (72, 107, 3)
    with pytest.raises(BookError, match=r"0\.png .*2\.00 times as wide"):
        load_pairs(tmp_path, image_size=(64, 128), jitter=False)


def test_a_picture_and_its_mask_are_a_pair(tmp_path):
    for number in range(5):
        plain(tmp_path / "A" / f"{number}.jpg", RED)
        plain(tmp_path / "B" / f"{number}_mask.gif", RED)
    assert load_pairs(tmp_path, image_size=SIZE).paired


def test_of_two_kinds_in_folders_it_is_said_how_to_call_them(tmp_path):
    for number in range(5):
        for kind in ("low", "high"):
            plain(tmp_path / "train" / kind / f"{number}.png", RED)
    with pytest.raises(BookError, match="A and B"):
        load_pairs(tmp_path, image_size=SIZE)
    for kind, side in (("low", "A"), ("high", "B")):
        (tmp_path / "train" / kind).rename(tmp_path / "train" / side)
    assert load_pairs(tmp_path, image_size=SIZE).paired
