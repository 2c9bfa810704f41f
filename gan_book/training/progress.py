"""One progress bar for the whole training, with the time that is left; in a notebook one line."""

import sys
import time

import keras
from rich import progress
from rich.console import Console
from rich.text import Text

from gan_book.errors import counted, duration
from gan_book.training.curves import losses

REFRESH_SECONDS = 0.2
COMPILING_STEPS = 2  # the first step compiles, and the second may once more, for another batch size
SPEED_SECONDS = 60.0  # the speed shown is that of the last minute, pauses for pictures and checkpoints included


def loss_text(logs):
    """``d_real 0.651  d_fake 0.660  g 0.802``: the losses among the logs under their turns' names."""
    totals, _ = losses(logs or {})
    return "  ".join(f"{name.removesuffix('_loss')} {float(logs[name]):.3f}" for name in totals)


def in_notebook():
    """Whether this Python is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class NotebookLine:
    """A line in the output of a notebook's cell that each `write` replaces; the last is saved with the notebook."""

    def __init__(self):
        self._handle = None

    def write(self, text):
        from IPython.display import display  # not installed everywhere, but in every notebook

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


class Progress(keras.callbacks.Callback):
    """Shows epoch, steps per second, losses and the time left for the whole training.

    On a terminal: a bar, updated at most five times a second. In a notebook: one line, replaced as often. Anywhere else
    (a log file, a pipe): one line when the first step has been compiled and one line an epoch.

    Args:
        steps_per_epoch, epochs: the length of the whole training.
        initial_step: how many steps of it were done before, when it is resumed.
        console: the rich console to write to; by default one on standard output.
    """

    def __init__(self, steps_per_epoch, epochs, initial_step=0, console=None):
        super().__init__()
        self.steps_per_epoch, self.epochs = steps_per_epoch, epochs
        self.step, self.epoch = initial_step, initial_step // steps_per_epoch
        self.began = self.moved_at = 0.0
        self.executions = self.first_step = 0
        self.notebook = NotebookLine() if console is None and in_notebook() else None
        console = console or Console(highlight=False)
        has_bar = console.is_terminal and not console.is_dumb_terminal and not self.notebook
        self.lines = None if has_bar or self.notebook else console
        self.bar = TrainingBar(console, steps_per_epoch * epochs, initial_step, disable=not has_bar)

    def on_train_begin(self, logs=None):
        self.began = self.moved_at = time.monotonic()
        if not self.lines and not self.notebook:
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
            self.bar.restart(self.step)
            self.moved_at = now
        elif now - self.moved_at >= REFRESH_SECONDS and self.step < (self.epoch + 1) * self.steps_per_epoch:
            self.bar.move(self.step)
            if not self.lines:  # reading the losses waits for the device
                self._show(loss_text(logs))
            self.moved_at = now

    def on_epoch_end(self, epoch, logs=None):
        # The last step of an epoch is counted here, with the time that pictures and checks have taken since.
        self.bar.move(self.step)
        if self.lines:
            self._line(self._whole_line(loss_text(logs)))
        elif self.notebook and self.epoch + 1 == self.epochs:
            took = f"{counted(self.epochs, 'epoch')} in {duration(time.monotonic() - self.began)}"
            self.notebook.write("  ".join([took, loss_text(logs)]))
        else:
            self._show(loss_text(logs))

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Give the terminal back. Call it when ``fit`` ended with an exception; Keras calls no callback then."""
        if not self.lines and not self.notebook:
            self.bar.stop()

    def _epoch_text(self):
        return f"epoch {self.epoch + 1}/{self.epochs}"

    def _whole_line(self, note):
        task = self.bar.tasks[0]
        left = f"{duration(task.remaining / task.speed)} left" if task.remaining and task.speed else ""
        return "  ".join(part for part in (self._epoch_text(), note, speed_text(task), left) if part)

    def _show(self, note):
        """Brings the bar or the notebook's line up to date; there are no lines for it in a file."""
        if self.notebook:
            self.notebook.write(self._whole_line(f"step {self.step:,}  {note}"))
        elif not self.lines:
            self.bar.show(self._epoch_text(), note)

    def _line(self, text):
        # Not console.print: it would wrap at 80 columns in a log file, and make an HTML block of every line in Jupyter.
        print(text, file=self.lines.file, flush=True)


def speed_text(task):
    """``12 steps/s`` of a rich task; empty while nothing has been timed."""
    speed = task.speed
    return f"{speed:.{0 if speed > 9.9 else 1 if speed >= 1 else 2}f} steps/s" if speed else ""


class SpeedColumn(progress.ProgressColumn):
    """Steps per second; rich's own columns say "it/s" or bytes."""

    def render(self, task):
        return Text(speed_text(task))


class TrainingBar(progress.Progress):
    """A bar with a second line for the losses, which would not fit next to it on a narrow terminal.

    Disabled, it shows nothing and still measures the speed.
    """

    def __init__(self, console, total, completed, disable):
        self.note = ""  # super() draws already
        super().__init__(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=None),
            progress.MofNCompleteColumn(),
            SpeedColumn(),
            progress.TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
            auto_refresh=False,
            speed_estimate_period=SPEED_SECONDS,
            get_time=lambda: time.monotonic(),
            disable=disable,
        )
        self.add_task("", total=total, completed=completed)

    def get_renderables(self):
        yield from super().get_renderables()
        yield Text(self.note, style="dim", overflow="ellipsis", no_wrap=True)

    def restart(self, step):
        """The speed is that of the steps from here on."""
        self.reset(self.task_ids[0], completed=step)
        self.update(self.task_ids[0], advance=1e-9)  # rich takes the time from the first advance it sees

    def move(self, step):
        self.update(self.task_ids[0], completed=step)

    def show(self, description, note):
        self.note = note
        self.update(self.task_ids[0], description=description, refresh=True)
