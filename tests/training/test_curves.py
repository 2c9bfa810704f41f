"""Loss curves and the animation of a training."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_book import plotting
from gan_book.errors import BookError
from gan_book.training import curves
from gan_book.training.curves import losses as named_losses
from gan_book.training.logs import picture_steps


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def write_log(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    return tmp_path / "log.csv"


def drawn_figure(monkeypatch, log, *model, **title):
    """The matplotlib figure that loss_curves makes."""
    figures = []
    monkeypatch.setattr(curves, "write_figure", lambda figure, path: figures.append(figure))
    curves.loss_curves(log, "unused.png", *model, **title)
    return figures[0]


def network(loss):
    return SimpleNamespace(loss=loss)


def gan(loss, **turns):
    """A model of which each keyword is a turn of the network it names; networks called d... are discriminators."""
    networks = {name: network(loss) for name in turns.values()}
    judges = [each for name, each in networks.items() if name.startswith("d")]
    return SimpleNamespace(discriminators=judges, turn_networks={turn: networks[n] for turn, n in turns.items()})


CROSS_ENTROPY = keras.losses.BinaryCrossentropy(from_logits=True)


def lines(axis):
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axis.get_lines()
        if not line.get_label().startswith("_")
    }


def test_loss_curves_separate_losses_from_accuracies_and_skip_empty_columns(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,d_accuracy,g_loss,val_d_loss\n0,0.5,0.8,1,NA\n1,0.4,0.9,2,NA\n")
    losses, accuracies = drawn_figure(monkeypatch, log).axes
    assert lines(losses) == {"D": ([1, 2], [0.5, 0.4]), "G": ([1, 2], [1.0, 2.0])}
    assert lines(accuracies) == {"D": ([1, 2], [0.8, 0.9])}


def test_the_discriminators_losses_have_a_panel_of_their_own_with_what_guessing_costs(tmp_path, monkeypatch):
    """What is a discriminator's is said by the model, not by the name: here the generator's turn is called "d"."""
    log = write_log(tmp_path, "step,real_loss,real_accuracy,d_loss,d_kl\n10,0.5,0.8,1,3\n20,0.4,0.9,2,3\n")
    figure = drawn_figure(monkeypatch, log, gan(CROSS_ENTROPY, real="d1", d="generator"), title="A GAN, $5")
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss of D", "loss of G", "accuracy", "other measures"]
    assert [sorted(lines(axis)) for axis in figure.axes] == [
        ["log 2 = 0.69: D guesses", "real"],
        ["D", "log 2 = 0.69: D guesses"],
        ["real"],
        ["D kl"],
    ]
    assert figure.get_suptitle() == "A GAN, $5"


def test_only_cross_entropy_has_the_line_of_guessing(tmp_path, monkeypatch):
    log = write_log(tmp_path, "step,d_loss,d_real_loss,d_label_loss,g_loss\n10,0.5,0.2,0.3,1\n20,0.4,0.2,0.2,2\n")
    model = gan(keras.losses.MeanSquaredError(), d="d1", g="generator")
    assert not [name for axis in drawn_figure(monkeypatch, log, model).axes for name in lines(axis) if "log" in name]
    model.turn_networks["d"].loss = {"real": CROSS_ENTROPY, "label": "sparse_categorical_crossentropy"}
    of_d, of_g = drawn_figure(monkeypatch, log, model).axes
    assert "log 2 = 0.69: D guesses" in lines(of_d) and "log 2 = 0.69: D guesses" not in lines(of_g)
    assert [line.get_linestyle() for line in of_d.get_lines()[:3]] == ["-", "--", "--"], "parts are dashed"


def test_a_turn_whose_name_begins_like_anothers_keeps_its_losses(tmp_path, monkeypatch):
    log = write_log(tmp_path, "step,a_loss,a_b_loss\n10,0.5,0.2\n20,0.4,0.2\n")
    of_d, of_g = drawn_figure(monkeypatch, log, gan("mse", a="d1", a_b="generator")).axes
    assert set(lines(of_d)) == {"A"} and set(lines(of_g)) == {"A B"}


def test_twelve_curves_have_twelve_colours(tmp_path, monkeypatch):
    names = [f"{turn}_{part}" for turn in ("D_X", "D_Y", "F", "G") for part in ("loss", "one_loss", "two_loss")]
    log = write_log(tmp_path, f"step,{','.join(names)}\n" + "".join(f"{n}{',1' * 12}\n" for n in (1, 2)))
    figure = drawn_figure(monkeypatch, log, gan("mse", D_X="d1", D_Y="d2", F="f", G="g"))
    assert [len(lines(axis)) for axis in figure.axes] == [6, 6]
    assert len({line.get_color() for axis in figure.axes for line in axis.get_lines()}) == 12


def test_a_curve_has_a_name_that_people_can_read():
    names = ["d_real_loss", "d_fake_accuracy", "g_loss", "G_cycle_loss", "critic_loss", "loss"]
    assert list(map(curves.legend_name, names)) == ["D real", "D fake", "G", "G cycle", "critic", "all"]


def test_loss_curves_take_the_last_of_an_epoch_logged_twice_and_a_line_cut_short(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,g_loss\n0,0.5,1\n1,0.4,2\n1,0.3,3\n2,0.2")
    (losses,) = drawn_figure(monkeypatch, log).axes
    assert lines(losses)["D"] == ([1, 2, 3], [0.5, 0.3, 0.2])
    assert lines(losses)["G"][1][:2] == [1.0, 3.0]


def test_loss_curves_are_drawn_over_steps_where_the_log_has_steps(tmp_path, monkeypatch):
    figure = drawn_figure(monkeypatch, write_log(tmp_path, "step,d_loss,g_loss\n10,0.5,1\n20,0.4,2\n"))
    assert figure.axes[0].get_xlabel() == "step"
    assert lines(figure.axes[0])["D"] == ([10, 20], [0.5, 0.4])


def test_loss_curves_mark_epochs_that_are_not_finite(tmp_path, monkeypatch):
    log = write_log(tmp_path, "epoch,d_loss,g_loss\n0,0.5,1\n1,nan,inf\n")
    (losses,) = drawn_figure(monkeypatch, log).axes
    assert lines(losses)["not finite"][0] == [2, 2]


@pytest.mark.parametrize("rows", ["0,0.5,0.9\n", "0,nan,nan\n", "0,0.5,0.9\n1,nan,inf\n"])
def test_loss_curves_of_short_and_broken_trainings_are_drawn(tmp_path, rows):
    curves.loss_curves(write_log(tmp_path, "epoch,d_loss,d_accuracy\n" + rows), tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape[1] == 900


def test_loss_curves_need_a_log_with_an_epoch_in_it(tmp_path):
    with pytest.raises(BookError, match="cannot read the log"):
        curves.loss_curves(tmp_path / "no.csv", tmp_path / "a.png")
    with pytest.raises(BookError, match="no finished epoch"):
        curves.loss_curves(write_log(tmp_path, "epoch,d_loss\n"), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_training_gif_shows_the_steps_in_order_each_with_its_number(tmp_path):
    for step in (1000, 200, 0, 100):
        plotting.save_png(np.full((60, 120, 1), step // 5, np.uint8), tmp_path / f"step-{step:07d}.png")
    (tmp_path / "step-best.png").write_bytes(b"something else")
    curves.training_gif(tmp_path, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
    greys = [int(frame[30, 60]) for frame in frames]
    assert len(greys) == 4 and np.abs(np.subtract(greys, [0, 20, 40, 200])).max() <= 4
    strips = [frame[60:] for frame in frames]
    assert all((strip < 100).any() and (strip > 250).any() for strip in strips)
    assert not np.array_equal(strips[0], strips[1]), "the numbers differ"


def test_training_gif_of_a_training_made_longer_is_log_spaced_and_not_too_long(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(curves, "with_caption", lambda file, caption: caption)
    monkeypatch.setattr(curves, "save_gif", lambda frames, path: shown.extend(frames))
    for step in {*picture_steps(1500), *picture_steps(20_000)}:
        (tmp_path / f"step-{step:07d}.png").touch()
    curves.training_gif(tmp_path, tmp_path / "a.gif")
    assert 24 <= len(shown) <= curves.MAX_GIF_FRAMES
    assert (shown[0], shown[-1]) == ("step 0", "step 20,000")


def test_training_gif_needs_pictures(tmp_path):
    with pytest.raises(BookError, match="no training to animate"):
        curves.training_gif(tmp_path, tmp_path / "a.gif")


def test_a_network_with_one_output_has_totals_only():
    names = ["d_real_accuracy", "d_real_loss", "d_fake_loss", "g_loss"]
    assert named_losses(names) == (["d_real_loss", "d_fake_loss", "g_loss"], [])


def test_outputs_are_parts_of_their_turns_total():
    names = [
        "d_fake_category_loss",
        "d_fake_loss",
        "d_fake_validity_loss",
        "g_category_loss",
        "g_loss",
        "g_category_nats",
    ]
    totals, parts = named_losses(names)
    assert totals == ["d_fake_loss", "g_loss"]
    assert parts == ["d_fake_category_loss", "d_fake_validity_loss", "g_category_loss"]


def test_turns_whose_names_begin_alike_are_told_apart():
    assert named_losses(["d_loss", "dx_loss"]) == (["d_loss", "dx_loss"], [])
