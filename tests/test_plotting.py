import warnings

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_book import plotting
from gan_book.errors import BookError


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28, 1), dtype=np.uint8)


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def enlarged(image, scale):
    return np.broadcast_to(image.repeat(scale, 0).repeat(scale, 1), (*np.multiply(image.shape[:2], scale), 3))


def position(page, block):
    """Top left corner of the exact copy of `block` in `page`, or None."""
    windows = np.lib.stride_tricks.sliding_window_view(page[..., 0], (8, 8))
    for y, x in np.argwhere((windows == block[:8, :8, 0]).all(axis=(2, 3))):
        if np.array_equal(page[y : y + block.shape[0], x : x + block.shape[1]], block):
            return int(y), int(x)
    return None


def test_image_grid_puts_images_row_after_row_on_white(images):
    grid = plotting.image_grid(images[:5], 2, 3, padding=2, scale=1)
    assert grid.shape == (2 * 30 + 2, 3 * 30 + 2, 1) and grid.dtype == np.uint8
    assert np.array_equal(grid[2:30, 62:90], images[2])
    assert np.array_equal(grid[32:60, 2:30], images[3])
    assert (grid[:2] == 255).all() and (grid[:, 30:32] == 255).all()
    assert (grid[32:60, 62:90] == 255).all(), "the cell left over is white"


@pytest.mark.parametrize(("side", "scale"), [(8, 7), (28, 2), (64, 1), (100, 1), (256, 1)])
def test_small_images_are_enlarged(side, scale):
    grid = plotting.image_grid(np.zeros((1, side, side, 3), np.uint8), 1, 1, padding=0)
    assert grid.shape == (side * scale, side * scale, 3)


def test_images_that_cannot_be_drawn_are_refused(images):
    with pytest.raises(BookError, match="6 images do not fit a grid of 1 x 5"):
        plotting.image_grid(images, 1, 5)
    with pytest.raises(BookError, match=r"must be uint8 .* not float32"):
        plotting.image_grid(images.astype("float32"), 2, 3)
    with pytest.raises(BookError, match=r"not uint8 \[6, 28, 28\]"):
        plotting.image_grid(images[..., 0], 2, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_keeps_every_pixel(tmp_path, channels):
    array = np.random.default_rng(1).integers(0, 256, (20, 30, channels), dtype=np.uint8)
    plotting.save_png(array, tmp_path / "new" / "a.png")
    assert np.array_equal(read(tmp_path / "new" / "a.png"), np.broadcast_to(array, (20, 30, 3)))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.png"]


def test_labelled_grid_shows_every_image_pixel_by_pixel_in_its_row(tmp_path, images):
    plotting.labelled_grid(images, ["Coat", "Ankle boot"], tmp_path / "a.png", "A title", "91.2 % on 10,000 samples")
    page = read(tmp_path / "a.png")
    places = [position(page, enlarged(image, 4)) for image in images]
    assert all(places)
    tops, lefts = zip(*places, strict=True)
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4] == tops[5]
    assert lefts[0] < lefts[1] < lefts[2] and lefts[:3] == lefts[3:]
    assert (page[tops[0] : tops[0] + 112, : lefts[0]] < 128).any(), "the first row's name is written at its left"
    assert (page[tops[3] + 118 :] < 128).any(), "the footer is written"
    assert (page[:, :5] == 255).all() and (page[:, -5:] == 255).all(), "no text touches the border"


def test_a_long_title_is_broken_into_lines_and_moves_no_image_to_the_side(tmp_path, images):
    text = "a line of text that is much longer than a row of one picture is wide $ 5 $"
    short = plotting.show(images[:2], rows=["a", "b"], title="short")
    for place in ("title", "footer"):
        picture = plotting.show(images[:2], rows=["a", "b"], **{"title": "short", place: text})
        page = read(picture.save(tmp_path / "a.png"))
        assert picture.size[0] == short.size[0] and picture.size[1] > short.size[1]
        assert (page[:, -5:] == 255).all(), f"the {place} is cut off"


def test_labelled_grid_refuses_rows_of_unequal_length(tmp_path, images):
    with pytest.raises(BookError, match="6 images cannot be set out in 4 rows"):
        plotting.labelled_grid(images, list("abcd"), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_side_by_side_puts_the_groups_next_to_each_other(tmp_path, images):
    groups = {"real": images[:4], "generated": images[2:]}
    plotting.side_by_side(groups, tmp_path / "a.png", "Compared", columns=2)
    page = read(tmp_path / "a.png")
    first, second = (position(page, enlarged(images[index], 4)) for index in (0, 4))
    assert second[0] > first[0] and second[1] > first[1] + 2 * 112


def test_groups_may_have_different_columns_and_rows_have_names(tmp_path, images):
    plotting.side_by_side(
        {"made": images[:4], "real": images[4:]}, tmp_path / "a.png", columns=[2, 1], row_names=["Coat", "Bag"]
    )
    page = read(tmp_path / "a.png")
    places = [position(page, enlarged(image, 4)) for image in images]
    assert places[0][0] == places[1][0] == places[4][0] < places[2][0] == places[3][0] == places[5][0]
    assert (page[places[0][0] : places[0][0] + 112, : places[0][1]] < 128).any()


def test_columns_have_equal_gaps_whatever_their_names_are(tmp_path, images):
    names = ["x", "a map that was made of the satellite picture", "G(x)", "abcdefghijklmnopqrstuvwxyz"]
    page = read(plotting.show(images[:4], columns=names).save(tmp_path / "a.png"))
    lefts = [position(page, enlarged(image, 4))[1] for image in images[:4]]
    assert set(np.diff(lefts)) == {112 + plotting.MARGIN}
    assert (page[:, -5:] == 255).all()


@pytest.mark.parametrize(("side", "count", "shown"), [(28, 8, 112), (28, 10, 84), (64, 6, 128), (128, 3, 128)])
def test_a_thumbnail_is_large_enough_to_see(tmp_path, side, count, shown):
    page = read(plotting.show(np.zeros((count, side, side, 3), np.uint8)).save(tmp_path / "a.png"))
    dark = (page == 0).all(axis=2).any(axis=1)
    assert dark.sum() == shown


def test_show_takes_rows_with_names_of_unequal_length(tmp_path, images):
    colours = images[3:].repeat(3, axis=-1)
    page = read(plotting.show({"real": images[:2], "generated": colours}, title="Two rows").save(tmp_path / "a.png"))
    (top, left), (below, same) = (position(page, enlarged(images[index], 4)) for index in (0, 3))
    assert below == top + 112 + plotting.GAP and left == same
    assert position(page, np.asarray(enlarged(images[5], 4))) is not None


def test_show_without_names_is_one_row_or_tens(images):
    assert plotting.show(images).size == (2 * plotting.MARGIN + 6 * 116 - 4, 2 * plotting.MARGIN + 112)
    assert plotting.show(np.concatenate([images] * 2)).size[0] == 2 * plotting.MARGIN + 10 * 88 - 4


def test_what_show_cannot_set_out_is_refused(images):
    for wrong, words in (
        ({"rows": ["a", "b", "c", "d"]}, "6 images cannot be set out in 4 rows"),
        ({"columns": ["a", "b"], "rows": 2}, "6 images do not fit 2 rows of 2"),
        ({"columns": 3, "rows": ["a"]}, "do not fit 1 rows of 3"),
    ):
        with pytest.raises(BookError, match=words):
            plotting.show(images, **wrong)
    with pytest.raises(BookError, match="several sizes"):
        plotting.show([images, images[:, :14, :14]])
    with pytest.raises(BookError, match="must be uint8"):
        plotting.show([])
    with pytest.raises(BookError, match="1 names do not fit 2 rows"):
        plotting.show([images, images], rows=["a"])


def test_a_notebook_stores_a_picture_once_and_its_file_is_the_same(tmp_path, images):
    shown = plotting.show(images)
    formats = {"image/png": shown._repr_png_(), "image/jpeg": shown._repr_jpeg_()}
    assert [kind for kind, content in formats.items() if content] == ["image/png"]
    again = plotting.picture(shown.save(tmp_path / "new" / "a.png"))
    assert again.size == shown.size and again._repr_png_() == (tmp_path / "new" / "a.png").read_bytes()
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jpg")
    photograph = plotting.picture(tmp_path / "a.jpg")
    assert photograph.size == (4, 3) and photograph._repr_jpeg_() and not photograph._repr_png_()


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    Image.new("L", (4, 3)).save(tmp_path / "a.gif")
    for name, words in (("a.png", "it holds no image"), ("b.png", "No such file"), ("a.gif", "is a GIF file")):
        with pytest.raises(BookError, match=words):
            plotting.picture(tmp_path / name)


def test_gif_has_its_frames_and_durations(tmp_path):
    frames = [np.full((10, 12, 3), (level, 0, 255 - level), np.uint8) for level in (0, 80, 160, 240)]
    plotting.save_gif(frames, tmp_path / "a.gif", seconds_per_frame=0.2, hold_last=1.5)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        shown = [
            (frame.info["duration"], frame.convert("RGB").getpixel((5, 5))) for frame in ImageSequence.Iterator(gif)
        ]
    assert [duration for duration, _ in shown] == [200, 200, 200, 1500]
    for (_, pixel), frame in zip(shown, frames, strict=True):
        assert np.abs(np.subtract(pixel, frame[5, 5])).max() <= 8


def test_gif_frames_must_have_one_shape(tmp_path):
    with pytest.raises(BookError, match="there are none"):
        plotting.save_gif([], tmp_path / "a.gif")
    with pytest.raises(BookError, match="must all have one shape"):
        plotting.save_gif([np.zeros((4, 4, 1), np.uint8), np.zeros((4, 5, 1), np.uint8)], tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()


def test_plotting_leaves_the_readers_matplotlib_alone(tmp_path, images):
    before = dict(matplotlib.rcParams)
    plotting.labelled_grid(images, ["a", "b"], tmp_path / "a.png")
    assert dict(matplotlib.rcParams) == before


HERE = ["Ankle boot", "Fréchet", "λ"]  # the font that comes with matplotlib has these
NOWHERE = "\N{CJK UNIFIED IDEOGRAPH-4E2D}\N{THAI CHARACTER KO KAI}\U00013000"  # no font at all has all of these


def test_a_name_no_font_can_draw_is_told_by_its_number(tmp_path, images):
    assert [plotting.legible(name, "class 3") for name in HERE] == HERE
    assert plotting.legible(NOWHERE, "class 3") == "class 3"
    for name in (NOWHERE, "class 1"):
        plotting.labelled_grid(
            images, ["Coat", name], tmp_path / f"{len(name)}.png", footer=f"on {len(NOWHERE)} images"
        )
    assert np.array_equal(read(tmp_path / f"{len(NOWHERE)}.png"), read(tmp_path / "7.png"))


def test_a_script_that_another_font_has_is_drawn_with_it(tmp_path, images, monkeypatch):
    """The font that comes with matplotlib has no mathematical script letters, another that also comes with it has."""
    letter = "\N{MATHEMATICAL BOLD SCRIPT CAPITAL A}"
    usual = plotting.font_manager.findfont(plotting.FONT)
    kept = plotting._characters
    monkeypatch.setattr(
        plotting, "_characters", lambda file: kept(file) - {ord(letter)} if file == usual else kept(file)
    )
    plotting._font_with.cache_clear()
    families = plotting._families(f"a{letter}")
    assert families[0] == plotting.FONT and len(families) == 2
    assert plotting.legible(letter, "class 1") == letter


@pytest.mark.parametrize("name", ["שלום", "مرحبا", "क्ष"])
def test_scripts_that_matplotlib_cannot_shape_are_told_by_number(name, monkeypatch):
    monkeypatch.setattr(plotting, "_is_shaped", lambda: False)
    assert plotting.legible(name, "class 1") == "class 1"


def test_names_with_control_characters_and_bytes_that_are_no_text(tmp_path, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plotting.labelled_grid(images, ["a\x1b[31m\nb", "caf\udce9"], tmp_path / "a.png", f"{NOWHERE} \x07", "\udce9")
        plotting.side_by_side({NOWHERE: images[:2], "\udce9": images[2:4]}, tmp_path / "b.png")
    assert plotting.legible("caf\udce9") == r"caf\udce9"
