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
    places = [position(page, enlarged(image, 3)) for image in images]
    assert all(places)
    tops, lefts = zip(*places, strict=True)
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4] == tops[5]
    assert lefts[0] < lefts[1] < lefts[2] and lefts[:3] == lefts[3:]
    assert (page[tops[0] : tops[0] + 84, : lefts[0]] < 128).any(), "the first row's name is written at its left"
    assert (page[tops[3] + 90 :] < 128).any(), "the footer is written"
    assert (page[:, :5] == 255).all() and (page[:, -5:] == 255).all(), "no text touches the border"


def test_labelled_grid_makes_room_for_long_texts(tmp_path, images):
    text = "a line of text that is much longer than a row of one picture is wide $ 5 $"
    for place in ("title", "footer"):
        plotting.labelled_grid(images[:2], ["a", "b"], tmp_path / "a.png", **{place: text})
        page = read(tmp_path / "a.png")
        assert page.shape[1] > 400
        assert (page[:, -5:] == 255).all(), f"the {place} is cut off"


def test_labelled_grid_refuses_rows_of_unequal_length(tmp_path, images):
    with pytest.raises(BookError, match="6 images cannot be set out in 4 rows"):
        plotting.labelled_grid(images, list("abcd"), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_side_by_side_puts_the_groups_next_to_each_other(tmp_path, images):
    groups = {"real": images[:4], "generated": images[2:]}
    plotting.side_by_side(groups, tmp_path / "a.png", "Compared", columns=2)
    page = read(tmp_path / "a.png")
    first, second = (position(page, enlarged(images[index], 3)) for index in (0, 4))
    assert second[0] > first[0] and second[1] > first[1] + 2 * 84


def write_log(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    return tmp_path / "log.csv"


def drawn_figure(monkeypatch, log):
    """The matplotlib figure that loss_curves draws."""
    figures = []
    monkeypatch.setattr(plotting, "_write_figure", lambda figure, path: figures.append(figure))
    plotting.loss_curves(log, "unused.png")
    return figures[0]


def curves(axis):
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axis.get_lines()
        if not line.get_label().startswith("_")
    }


def test_loss_curves_separate_losses_from_accuracies_and_skip_empty_columns(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,d_accuracy,g_loss,val_d_loss\n0,0.5,0.8,1,NA\n1,0.4,0.9,2,NA\n")
    losses, accuracies = drawn_figure(monkeypatch, log).axes
    assert curves(losses) == {"d_loss": ([1, 2], [0.5, 0.4]), "g_loss": ([1, 2], [1.0, 2.0])}
    assert curves(accuracies) == {"d_accuracy": ([1, 2], [0.8, 0.9])}


def test_loss_curves_take_the_last_of_an_epoch_logged_twice_and_a_line_cut_short(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,g_loss\n0,0.5,1\n1,0.4,2\n1,0.3,3\n2,0.2")
    (losses,) = drawn_figure(monkeypatch, log).axes
    assert curves(losses)["d_loss"] == ([1, 2, 3], [0.5, 0.3, 0.2])
    assert curves(losses)["g_loss"][1][:2] == [1.0, 3.0]


def test_loss_curves_are_drawn_over_steps_where_the_log_has_steps(tmp_path, monkeypatch):
    figure = drawn_figure(monkeypatch, write_log(tmp_path, "step,d_loss,g_loss\n10,0.5,1\n20,0.4,2\n"))
    assert figure.axes[0].get_xlabel() == "step"
    assert curves(figure.axes[0])["d_loss"] == ([10, 20], [0.5, 0.4])


def test_loss_curves_mark_epochs_that_are_not_finite(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,g_loss\n0,0.5,1\n1,nan,inf\n")
    (losses,) = drawn_figure(monkeypatch, log).axes
    assert curves(losses)["not finite"][0] == [2, 2]


@pytest.mark.parametrize("rows", ["0,0.5,0.9\n", "0,nan,nan\n", "0,0.5,0.9\n1,nan,inf\n"])
def test_loss_curves_of_short_and_broken_trainings_are_drawn(tmp_path, rows):
    plotting.loss_curves(write_log(tmp_path, "epoch,d_loss,d_accuracy\n" + rows), tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape[1] == 800


def test_loss_curves_need_a_log_with_an_epoch_in_it(tmp_path):
    with pytest.raises(BookError, match="cannot read the log"):
        plotting.loss_curves(tmp_path / "no.csv", tmp_path / "a.png")
    with pytest.raises(BookError, match="no finished epoch"):
        plotting.loss_curves(write_log(tmp_path, "epoch,d_loss\n"), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


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


def test_training_gif_shows_the_epochs_in_order_each_with_its_number(tmp_path):
    for epoch in (10, 2, 0, 1):
        plotting.save_png(np.full((60, 120, 1), 20 * epoch, np.uint8), tmp_path / f"epoch-{epoch:04d}.png")
    (tmp_path / "epoch-best.png").write_bytes(b"something else")
    plotting.training_gif(tmp_path, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
    greys = [int(frame[30, 60]) for frame in frames]
    assert len(greys) == 4 and np.abs(np.subtract(greys, [0, 20, 40, 200])).max() <= 4
    strips = [frame[60:] for frame in frames]
    assert all((strip < 100).any() and (strip > 250).any() for strip in strips)
    assert not np.array_equal(strips[0], strips[1]), "the numbers differ"


def test_training_gif_of_a_long_training_keeps_its_first_and_last_epoch(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "_with_caption", lambda file, caption: caption)
    monkeypatch.setattr(plotting, "save_gif", lambda frames, path: shown.extend(frames))
    for epoch in range(201):
        (tmp_path / f"epoch-{epoch:04d}.png").touch()
    plotting.training_gif(tmp_path, tmp_path / "a.gif")
    assert len(shown) == plotting.MAX_GIF_FRAMES
    assert (shown[0], shown[-1]) == ("epoch 0", "epoch 200")


def test_training_gif_needs_pictures(tmp_path):
    with pytest.raises(BookError, match="no training to animate"):
        plotting.training_gif(tmp_path, tmp_path / "a.gif")


def test_plotting_leaves_the_readers_matplotlib_alone(tmp_path, images):
    before = dict(matplotlib.rcParams)
    plotting.labelled_grid(images, ["a", "b"], tmp_path / "a.png")
    assert dict(matplotlib.rcParams) == before
