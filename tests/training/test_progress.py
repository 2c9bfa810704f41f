import io

import keras
import numpy as np
import pytest
from rich.console import Console

from gan_book.errors import duration
from gan_book.training import progress
from gan_book.training.progress import Progress, loss_text


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    return clock


def plain():
    return Console(file=io.StringIO(), force_terminal=False)


def terminal(width=80):
    return Console(
        file=io.StringIO(), force_terminal=True, force_jupyter=False, width=width, _environ={"TERM": "xterm"}
    )


class Untouchable:
    """A loss that must not be read: reading one waits for the device."""

    def __float__(self):
        raise AssertionError("the value of a loss was read")

    def __format__(self, spec):
        raise AssertionError("the value of a loss was read")


def run(callback, clock, epochs, steps, seconds, logs, start=0, compile_seconds=20.0):
    """Walk the callback through a training whose steps all take `seconds`, but for the first."""
    callback.on_train_begin()
    first = True
    for epoch in range(start, epochs):
        callback.on_epoch_begin(epoch)
        for step in range(steps):
            callback.on_train_batch_begin(step)
            clock.now += compile_seconds if first else seconds
            first = False
            callback.on_train_batch_end(step, logs)
        callback.on_epoch_end(epoch, {"d_real_loss": 0.5, "g_loss": 1.25, "d_real_accuracy": 0.9})
    callback.on_train_end()


def test_durations_read_like_a_clock():
    assert [duration(s) for s in (0, 7.4, 59.6, 750, 3723)] == ["0:00", "0:07", "1:00", "12:30", "1:02:03"]


def test_only_losses_are_shown_under_their_turns_names():
    logs = {"d_real_loss": np.float32(0.65), "d_real_accuracy": 0.9, "g_loss": float("nan"), "loss": 1.0}
    assert loss_text(logs) == "d_real 0.650  g nan  loss 1.000"


def test_away_from_a_terminal_there_is_one_line_an_epoch_and_one_for_the_compilation(clock):
    console = plain()
    run(Progress(50, 3, console=console), clock, 3, 50, 0.1, {"d_real_loss": Untouchable()})
    assert console.file.getvalue().splitlines() == [
        "compiled in 20.0 s; 3 epochs of 50 steps",
        "epoch 1/3  d_real 0.500  g 1.250  10 steps/s  0:10 left",
        "epoch 2/3  d_real 0.500  g 1.250  10 steps/s  0:05 left",
        "epoch 3/3  d_real 0.500  g 1.250  10 steps/s",
    ]


def test_a_resumed_training_forecasts_only_what_is_left(clock):
    console = plain()
    run(Progress(50, 4, initial_step=100, console=console), clock, 4, 50, 0.1, {}, start=2)
    assert console.file.getvalue().splitlines()[1:] == [
        "epoch 3/4  d_real 0.500  g 1.250  10 steps/s  0:05 left",
        "epoch 4/4  d_real 0.500  g 1.250  10 steps/s",
    ]


def test_pauses_between_epochs_count_in_the_forecast(clock):
    callback = Progress(50, 2, console=plain())
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for step in range(50):
        callback.on_train_batch_begin(step)
        clock.now += 0.1
        callback.on_train_batch_end(step)
    clock.now += 4.8  # drawing samples: 48 timed steps took 4.8 s, and this doubles them
    callback.on_epoch_end(0, {})
    assert "5.0 steps/s  0:10 left" in callback.lines.file.getvalue()


def test_steps_per_execution_and_its_overshoot_are_counted_right(clock):
    callback = Progress(50, 2, console=plain())
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for first in range(0, 50, 8):
        callback.on_train_batch_begin(first)
        clock.now += 0.8
        callback.on_train_batch_end(first + 7)
    assert callback.step == 50


def test_in_a_notebook_there_is_one_line_that_is_replaced(clock, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setattr(progress.NotebookLine, "write", lambda self, text: shown.append(text))
    run(Progress(50, 2), clock, 2, 50, 0.1, {"d_real_loss": 0.651})
    assert shown[0] == "epoch 1/2  step 0  compiling the first step"
    assert shown[1].startswith("epoch 1/2  step 5  d_real 0.651  10 steps/s  0:10 left")
    assert shown[-1] == "2 epochs in 0:30  d_real 0.500  g 1.250"
    assert not capsys.readouterr().out


def test_on_a_terminal_there_is_a_bar_with_everything_on_it_and_no_lines(clock):
    console = terminal(width=80)
    run(Progress(50, 2, console=console), clock, 2, 50, 0.1, {"d_real_loss": 0.651, "d_fake_loss": 0.5, "g_loss": 0.8})
    shown = console.file.getvalue()
    for text in ("epoch 1/2", "epoch 2/2", "10 steps/s", "d_real 0.651  d_fake 0.500  g 0.800", "00:0", "100/100"):
        assert text in shown
    assert "compiled in" not in shown
    assert shown.endswith("\x1b[?25h") or "\x1b[?25h" in shown.splitlines()[-1], "the cursor is shown again"


def test_a_terminal_is_brought_up_to_date_five_times_a_second_at_most(clock):
    callback = Progress(1000, 1, console=terminal())
    shown = []
    callback.bar.show = lambda *words: shown.append(clock.now)
    run(callback, clock, 1, 1000, 0.001, {"d_real_loss": 0.5})  # 1 second of training
    assert 4 <= len(shown) <= 8


def test_closing_after_an_exception_gives_the_cursor_back_and_closing_twice_is_harmless(clock):
    console = terminal()
    callback = Progress(50, 2, console=console)
    callback.on_train_begin()
    callback.close()
    callback.close()
    assert console.file.getvalue().rstrip("\n").endswith("\x1b[?25h")


def test_it_follows_a_keras_training(capsys):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((12, 1))
    model.fit(x, x, batch_size=4, epochs=2, verbose=0, callbacks=[Progress(3, 2)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("compiled in ")
    assert lines[1].startswith("epoch 1/2  loss ") and lines[1].endswith(" left")
    assert lines[2].startswith("epoch 2/2  loss ")
