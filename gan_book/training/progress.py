"""One progress bar for the whole training, with a forecast of when it will be done."""

import math
import time

import keras
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from gan_book.errors import counted, duration
from gan_book.training.curves import losses

REFRESH_SECONDS = 0.2
COMPILING_STEPS = 2  # the first step compiles, and the second may once more, for another batch size
FORGET_SECONDS = 60.0


class Speed:
    """Steps per second over about the last minute, pauses for pictures and checkpoints included.

    Both the steps and the seconds fade with the same time constant, so that early on this is the plain mean.
    """

    def __init__(self):
        self.steps = self.seconds = 0.0

    def add(self, steps, seconds):
        fade = math.exp(-seconds / FORGET_SECONDS)
        self.steps = self.steps * fade + steps
        self.seconds = self.seconds * fade + seconds

    def rate(self):
        """Steps per second, or None while nothing has been timed."""
        return self.steps / self.seconds if self.steps and self.seconds else None


def loss_text(logs):
    """``d_real 0.651  d_fake 0.660  g 0.802``: the losses among the logs under their turns' names."""
    totals, _ = losses(logs or {})
    return "  ".join(f"{name.removesuffix('_loss')} {float(logs[name]):.3f}" for name in totals)


class Progress(keras.callbacks.Callback):
    """Shows epoch, steps per second, losses and the time left for the whole training.

    On a terminal: a bar, brought up to date at most five times a second. Anywhere else (a log file, a pipe, a
    notebook): one line when the first step has been compiled and one line an epoch.

    Args:
        steps_per_epoch, epochs: the length of the whole training.
        initial_step: how many steps of it were done before, when it is resumed.
        console: the rich console to write to; by default one on standard output.
    """

    def __init__(self, steps_per_epoch, epochs, initial_step=0, console=None):
        super().__init__()
        self.steps_per_epoch, self.epochs = steps_per_epoch, epochs
        self.step = self.timed_step = initial_step
        self.epoch = initial_step // steps_per_epoch
        self.speed, self.executions = Speed(), 0
        self.began = self.timed_at = 0.0
        self.first_step = 0
        console = console or Console(highlight=False)
        self.lines = None if console.is_terminal and not console.is_dumb_terminal else console
        self.bar = None if self.lines else TrainingBar(console, steps_per_epoch * epochs)

    def on_train_begin(self, logs=None):
        self.began = self.timed_at = time.monotonic()
        if self.bar:
            self.bar.start()
            self._show("compiling the first step")

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        self.first_step = batch

    def on_train_batch_end(self, batch, logs=None):
        # With steps_per_execution one call stands for several steps, and the last one of an epoch may overshoot.
        self.step = min(self.step + batch - self.first_step + 1, (self.epoch + 1) * self.steps_per_epoch)
        self.executions += 1
        now = time.monotonic()
        if self.executions <= COMPILING_STEPS:
            if self.executions == 1 and self.lines:
                plan = f"{counted(self.epochs, 'epoch')} of {counted(self.steps_per_epoch, 'step')}"
                self._line(f"compiled in {now - self.began:.1f} s; {plan}")
            self.timed_step, self.timed_at = self.step, now
        elif self.bar and now - self.timed_at >= REFRESH_SECONDS:
            self._measure(now)
            self._show(loss_text(logs))

    def on_epoch_end(self, epoch, logs=None):
        self._measure(time.monotonic())
        if self.bar:
            self._show(loss_text(logs))
        else:
            parts = [f"epoch {epoch + 1}/{self.epochs}", loss_text(logs), self._rate_text(), self._left_text()]
            self._line("  ".join(part for part in parts if part))

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Give the terminal back. Call it when ``fit`` ended with an exception; Keras calls no callback then."""
        if self.bar:
            self.bar.stop()

    def _measure(self, now):
        if self.step > self.timed_step:
            self.speed.add(self.step - self.timed_step, now - self.timed_at)
            self.timed_step, self.timed_at = self.step, now

    def _rate_text(self):
        rate = self.speed.rate()
        return f"{rate:.{0 if rate >= 10 else 1 if rate >= 1 else 2}f} steps/s" if rate else ""

    def _left_text(self):
        rate, steps = self.speed.rate(), self.steps_per_epoch * self.epochs - self.step
        return f"{duration(steps / rate)} left" if rate and steps else ""

    def _show(self, note):
        fields = {
            "epoch": f"epoch {self.epoch + 1}/{self.epochs}",
            "rate": self._rate_text(),
            "left": self._left_text(),
        }
        self.bar.show(self.step, note, **fields)

    def _line(self, text):
        # Not console.print: it would wrap at 80 columns in a log file, and make an HTML block of every line in Jupyter.
        print(text, file=self.lines.file, flush=True)


class TrainingBar(Bar):
    """A bar with a second line for the losses, which would not fit beside it on a narrow terminal."""

    def __init__(self, console, total):
        self.note = ""  # super() draws already
        super().__init__(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=console,
            expand=True,
            auto_refresh=False,
        )
        self.add_task("training", total=total, epoch="", rate="", left="")

    def get_renderables(self):
        yield from super().get_renderables()
        yield Text(self.note, style="dim", overflow="ellipsis", no_wrap=True)

    def show(self, step, note, **fields):
        self.note = note
        self.update(self.task_ids[0], completed=step, refresh=True, **fields)
