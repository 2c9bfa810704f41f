"""Following a training: the current step, the losses of the last steps, a file of both, pictures on the way."""

import csv
import os
import time
from pathlib import Path

import keras
import numpy as np

from gan_book.plotting import image_grid, save_png


class StepCounter(keras.callbacks.Callback):
    """A callback that knows its place in the training, also when an epoch is resumed in its middle.

    Keras gives a callback only the number of the batch within this `fit`. After a resume that starts at 0 again, and
    with ``steps_per_execution`` it jumps. Subclasses override `begin_epoch` and `after_steps`.

    Attributes:
        step, epoch_step: steps done in the whole training and in this epoch.
        epoch: number of the epoch that is running, or None between two.
    """

    def __init__(self):
        super().__init__()
        self.step = self.epoch_step = self.first_step = 0
        self.epoch = None

    def begin_epoch(self):
        """Called when the running means that `fit` logs start again."""

    def after_steps(self, before, logs):
        """Called when `step` has moved on from `before`, by more than one if several steps run at once."""

    def on_epoch_begin(self, epoch, logs=None):
        # `restore` has set `epoch` if a resumed training continues in the middle of one. Then this is not a beginning:
        # the running means were restored too, and the count of the epoch's steps goes on.
        if epoch != self.epoch:
            self.epoch, self.epoch_step = epoch, 0
            self.begin_epoch()

    def on_train_batch_begin(self, batch, logs=None):
        self.first_step = batch

    def on_train_batch_end(self, batch, logs=None):
        # With steps_per_execution=4 Keras calls begin with batch 0 and end with batch 3: the difference is what was
        # run.
        before, steps = self.step, batch - self.first_step + 1
        self.step += steps
        self.epoch_step += steps
        self.after_steps(before, logs)

    def on_epoch_end(self, epoch, logs=None):
        self.epoch = None

    def state(self):
        """What an exact resume needs, as JSON."""
        return {"step": self.step, "epoch": self.epoch, "epoch_step": self.epoch_step}

    def restore(self, state):
        """Continues from `state()`. In the middle of an epoch, the metrics' running means must be restored too.

        Raises:
            KeyError, TypeError, ValueError or AttributeError: it is not such a state.
        """
        self.step, self.epoch_step = int(state["step"]), int(state["epoch_step"])
        self.epoch = None if state["epoch"] is None else int(state["epoch"])


class EpochLog(keras.callbacks.CSVLogger):
    """Keras's file of epochs without the ``val_`` columns, which it adds for losses never measured in this book."""

    def on_epoch_end(self, epoch, logs=None):
        self.keys = self.keys or sorted(logs)
        super().on_epoch_end(epoch, logs)


class StepClock(keras.callbacks.Callback):
    """Reads the clock, in seconds, when it is made and after every step: `times`, for benchmarks."""

    def __init__(self):
        super().__init__()
        self.times = [time.perf_counter()]

    def on_train_batch_end(self, batch, logs=None):
        # JAX, and TensorFlow on a GPU, return before the step is computed. The last turn's loss as a float cannot be
        # had before it is: reading it blocks, as `jax.block_until_ready` would, on every backend alike.
        float(list(logs.values())[-1])
        self.times.append(time.perf_counter())


def passed(before, after, every):
    """Whether a multiple of ``every`` lies between the two step numbers, the later one included."""
    return after // every > before // every


class WindowMeans:
    """Means over windows of steps, computed from the means over the whole epoch that `fit` logs.

    A curve of running means is too smooth and too late: it shows a change of the loss diluted by all steps before. The
    sum over the epoch is mean x steps. So the difference of two sums is the sum over the steps between, and divided by
    their number the mean of those steps alone. Reading the loss of every step would give the same, but each reading
    waits for the device.

    Args:
        window: steps in a window, at least; a window that is open at the end of an epoch stays open.
    """

    # epoch_steps, epoch_sums: steps and sums of this epoch at the last reading, subtracted from the next one.
    # open_steps, open_sums: what the open window has collected. It is kept when the epoch ends, so that an epoch
    # shorter than a window does not lose its steps.
    def __init__(self, window):
        self.window = window
        self.epoch_steps, self.epoch_sums = 0, {}
        self.open_steps, self.open_sums = 0, {}

    def begin_epoch(self):
        """Called when the running means start again."""
        self.epoch_steps, self.epoch_sums = 0, {}

    def update(self, steps, means):
        """Takes a reading. Returns the dict of means of the window that is now complete, or None.

        Args:
            steps: how many steps of the epoch are done.
            means: dict of the means over those steps.
        """
        sums = {name: mean * steps for name, mean in means.items()}
        for name, total in sums.items():
            self.open_sums[name] = self.open_sums.get(name, 0.0) + total - self.epoch_sums.get(name, 0.0)
        self.open_steps += steps - self.epoch_steps
        self.epoch_steps, self.epoch_sums = steps, sums
        if self.open_steps < self.window or not sums:
            return None
        closed = {name: total / self.open_steps for name, total in self.open_sums.items()}
        self.open_steps, self.open_sums = 0, {}
        return closed

    def state(self):
        """What an exact resume needs, as JSON."""
        steps = {"epoch_steps": self.epoch_steps, "open_steps": self.open_steps}
        return {**steps, "epoch_sums": dict(self.epoch_sums), "open_sums": dict(self.open_sums)}

    def restore(self, state):
        """Continues from `state()`."""
        self.epoch_steps, self.open_steps = int(state["epoch_steps"]), int(state["open_steps"])
        self.epoch_sums, self.open_sums = _numbers(state["epoch_sums"]), _numbers(state["open_sums"])


def _numbers(sums):
    return {str(name): float(value) for name, value in sums.items()}


class StepLog(StepCounter):
    """Appends a row to a CSV file every so many steps: the step, and the mean of each log since the row before.

    The loss curves are drawn from it, because many trainings have only a few epochs.

    Args:
        path: of the file; rows that a resume will write again must have been removed.
        every: steps between two rows.
    """

    def __init__(self, path, every):
        super().__init__()
        self.path, self.every, self.windows = path, every, WindowMeans(every)

    def begin_epoch(self):
        self.windows.begin_epoch()

    def after_steps(self, before, logs):
        if passed(before, self.step, self.every):  # each reading of the logs waits for the device
            self._read(logs)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch)
        self._read(logs)

    def state(self):
        return {**super().state(), "windows": self.windows.state()}

    def restore(self, state):
        super().restore(state)
        self.windows.restore(state["windows"])

    def _read(self, logs):
        means = self.windows.update(self.epoch_step, {name: float(value) for name, value in (logs or {}).items()})
        if means:
            self._append({"step": self.step, **means})

    def _append(self, row):
        with Path(self.path).open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if not os.fstat(file.fileno()).st_size:
                writer.writeheader()
            writer.writerow(row)


FRAMES = 32  # of a training's animation
FIRST_FRAME = 10  # steps before which nothing can be seen yet


def picture_steps(steps):
    """The steps after which a picture is written: log-spaced, because most happens early; 0 and the last among them.

    A training of 1,500 steps is pictured after 0, 10, 12, 14, ... 1,081, 1,274 and 1,500 of them.

    Args:
        steps: of the whole training.
    """
    first = min(FIRST_FRAME, max(1, steps // FRAMES))
    return sorted({0, *np.geomspace(first, max(first, steps), FRAMES).round().astype(int).tolist()})


class SampleGrid(StepCounter):
    """Writes ``folder/step-0000000.png`` before training, and others after the steps of `picture_steps`.

    Args:
        generate: function without arguments that returns uint8 ``[rows * columns, height, width, channels]``; it should
            use the same latent points every time, so that the pictures can be compared.
        folder: where the pictures go; it is made if it does not exist.
        rows: of the grid.
        steps: of the whole training. A training that is made longer has more pictures, those of its first length too.
    """

    def __init__(self, generate, folder, rows, steps):
        super().__init__()
        self.generate, self.folder, self.rows = generate, Path(folder), rows
        self.planned = picture_steps(steps)

    def on_train_begin(self, logs=None):
        if self.step == 0:  # else a training that goes on, which has this picture
            self._write()

    def after_steps(self, before, logs):
        if any(before < planned <= self.step for planned in self.planned):
            self._write()

    def _write(self):
        _ = self.model  # on the JAX backend this brings the weights up to date
        images = self.generate()
        grid = image_grid(images, self.rows, len(images) // self.rows)
        save_png(grid, self.folder / f"step-{self.step:07d}.png")
