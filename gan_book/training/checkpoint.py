"""The whole state of a training in one file, and back; saving while training, and stopping between two steps.

A resumed training must come out with the same weights, bit for bit, as if it had not been interrupted. What that takes:

- the weights of all networks, trained or not, and the moving averages (`model.variables`);
- the random states of noise and dropout, which are variables too;
- the optimizers' moments, step counts and loss scale (`model.optimizer.variables`);
- the running means that `fit` logs, and what the callbacks in `state` remember;
- the place in the data: epoch and batch. The order itself is a pure function of seed and epoch, see
  `gan_book.datasets.batches`.

All are Keras variables or small numbers, so one ``.npz`` file holds them.

Why not Keras's `BackupAndRestore`? It saves weights and optimizers, but knows neither the order of the data nor the
state of other callbacks (the health monitor's, the step log's). Its file has no checksums, and there is no older one to
go back to. And it would replace good weights by NaN.
"""

import json
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from gan_book.errors import BookError, Interrupted
from gan_book.paths import UNREADABLE, atomic_write, read_arrays
from gan_book.training.detectors import require_finite

KEPT = 2


def state_variables(model):
    """Every variable of an `AdversarialModel` except its running means, in an order that depends on the code alone."""
    # Stored by number, not by name: Keras counts names up (dense_1, dense_2) over all models of a process, so a
    # notebook that builds the model twice would look for other names. `restore` compares number and shapes, `Training`
    # the kinds of layers.
    return [*model.variables, *model.optimizer.variables]


def save(model, folder, position):
    """Writes ``folder/step-<n>.npz`` and removes all but the two newest.

    Args:
        model: `gan_book.adversarial.AdversarialModel`.
        folder: where to write.
        position: JSON-ready dict with at least "step", "epoch" and "batch": where training continues.

    The file is complete or absent: it is written under another name and renamed. Its arrays carry CRC-32 sums, so
    that later damage shows when it is read.

    Raises:
        TrainingFailure: weights are NaN or infinite; nothing is written then, and the files before it stay.
    """
    require_finite(model, position["step"])
    folder = Path(folder)
    arrays = {f"v{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(state_variables(model))}
    means = {name: [float(keras.ops.convert_to_numpy(v)) for v in mean.variables] for name, mean in model.means.items()}
    about = {"position": position, "means": means}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with atomic_write(folder / _name(position["step"])) as file:
        np.savez(file, **arrays)
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    # A later step than this one can only be a damaged file: this training did not start from it. Two are kept, so that
    # one is left if the other is damaged later.
    kept = [file for file in saved(folder) if file.name <= _name(position["step"])][:KEPT]
    for old in set(saved(folder)).difference(kept):
        old.unlink(missing_ok=True)


def _name(step):
    return f"step-{step:09d}.npz"


def saved(folder):
    """The checkpoints in a folder, newest first."""
    return sorted(Path(folder).glob("step-*.npz"), reverse=True)


def restore(model, folder, tell=print):
    """Loads the newest readable checkpoint into `model` and returns its position and means, or None if there is none.

    A damaged file is named by `tell` and the one before it taken.

    Raises:
        BookError: there are checkpoints but none can be read, or they belong to other networks.
    """
    found = _newest(folder, tell)
    if found is None:
        return None
    file, arrays, about = found
    variables = state_variables(model)
    if len(arrays) != len(variables) or not _fit(arrays, variables):
        raise BookError(f"checkpoint {file} belongs to other networks; was the chapter changed since it was written?")
    for i, variable in enumerate(variables):
        if variable.name != "learning_rate":  # that comes from the settings, which may have been changed on resuming
            variable.assign(arrays[f"v{i}"])
    return about["position"], about["means"]


def restore_weights(model, folder, tell=print):
    """Loads only the weights of the newest readable checkpoint of another training into `model`.

    Optimizers and random states stay as they are, because a new training begins.

    Returns:
        Whether there is a checkpoint.

    Raises:
        BookError: there are checkpoints but none can be read, or they are of networks of other shapes.
    """
    found = _newest(folder, tell)
    if found is None:
        return False
    file, arrays, _ = found
    variables = model.variables  # in the file they come first; what follows are the optimizers'
    if len(arrays) < len(variables) or not _fit(arrays, variables):
        advice = "give the new run the same settings and data of the same shape"
        raise BookError(f"{file} holds networks of other shapes; {advice}")
    weights = {id(weight) for weight in model.weights}
    for i, variable in enumerate(variables):
        if id(variable) in weights:
            variable.assign(arrays[f"v{i}"])
    return True


def _newest(folder, tell):
    """The newest readable checkpoint, ``(file, arrays, about)``, or None where there is none at all."""
    files = saved(folder)
    for file in files:
        try:
            return file, *_read(file)
        except UNREADABLE as error:
            before = "" if file == files[-1] else "; going back to the one before it"
            tell(f"Checkpoint {file} is damaged ({type(error).__name__}){before}.")
    if files:
        raise BookError(f"no checkpoint in {folder} can be read; start anew without --resume and with another --out")
    return None


def _read(file):
    """``(arrays, about)`` of a checkpoint; raises one of `UNREADABLE` if the file is damaged, or is no checkpoint."""
    # Everything is checked before anything is assigned: half a state in a model would be worse than none.
    arrays = read_arrays(file)
    about = json.loads(arrays.pop("about").tobytes())
    position = about["position"]
    whole = all(type(position[name]) is int and position[name] >= 0 for name in ("step", "epoch", "batch"))
    if not (whole and isinstance(position["state"], dict) and isinstance(position.get("seconds", 0.0), int | float)):
        raise ValueError("no place in a training")
    about["means"] = {name: [float(total), float(count)] for name, (total, count) in about["means"].items()}
    if any(array.dtype.kind not in "biuf" for array in arrays.values()):
        raise ValueError("no numbers")
    return arrays, about


def _fit(arrays, variables):
    return all(f"v{i}" in arrays and arrays[f"v{i}"].shape == tuple(v.shape) for i, v in enumerate(variables))


class Checkpoints(keras.callbacks.Callback):
    """Saves at the end of every epoch, every `seconds` in between, and when asked to stop.

    Args:
        folder: where the checkpoints go.
        steps_per_epoch: batches of a whole epoch.
        seconds: time between two checkpoints within an epoch. Saving does not change the training, so a clock may
            decide when.
        stop: `threading.Event`; once set, the callback saves after the current step and raises `Interrupted`.
        state: function returning a JSON-ready dict kept with the checkpoint (the health monitor's memory).
    """

    def __init__(self, folder, steps_per_epoch, seconds, stop=None, state=dict):
        super().__init__()
        self.folder, self.steps_per_epoch, self.seconds = folder, steps_per_epoch, seconds
        self.stop = stop or threading.Event()
        self.state = state
        self.epoch = self.first_batch = 0
        self.seconds_before, self._means = 0.0, {}
        self._began = self._saved = None

    def restore(self, model, tell=print):
        """Loads the newest checkpoint and returns its position, or None if there is none."""
        found = restore(model, self.folder, tell)
        if found is None:
            return None
        position, means = found
        epoch, batch = position["epoch"], position["batch"]
        if batch >= self.steps_per_epoch or position["step"] != epoch * self.steps_per_epoch + batch:
            raise BookError(
                f"the checkpoints in {self.folder} are not of epochs of {self.steps_per_epoch} steps; start anew"
            )
        self._means = means if position["batch"] else {}  # Those of a whole epoch are not the next one's.
        self.epoch, self.first_batch = epoch, batch
        self.seconds_before = position.get("seconds", 0.0)
        return position

    @property
    def training_seconds(self):
        """Seconds spent training, including those before an interruption."""
        return self.seconds_before + (0.0 if self._began is None else time.monotonic() - self._began)

    def on_train_begin(self, logs=None):
        self._began = self._saved = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self._means:  # Keras has just set the running means to zero; this epoch had already begun.
            self.model.restore_means(self._means)
            self._means = {}

    def on_train_batch_end(self, batch, logs=None):
        batch = self.first_batch + batch + 1
        if batch >= self.steps_per_epoch:  # more if several steps run at once
            return  # on_epoch_end follows at once, after the epoch's log and samples are written.
        if self.stop.is_set() or time.monotonic() - self._saved >= self.seconds:
            self._save(self.epoch, batch)
        self._leave_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        self.first_batch = 0
        self._save(epoch + 1, 0)
        self._leave_if_asked()

    def _leave_if_asked(self):
        if self.stop.is_set():
            raise Interrupted

    def _save(self, epoch, batch):
        position = {
            "step": epoch * self.steps_per_epoch + batch,
            "epoch": epoch,
            "batch": batch,
            "seconds": round(self.training_seconds, 3),
            "state": self.state(),
        }
        save(self.model, self.folder, position)
        self._saved = time.monotonic()


class WholeTraining(keras.callbacks.CallbackList):
    """Callbacks for a training with one `fit` an epoch: they see a single training, from `begin` to `end`.

    `fit` tells its callbacks that training begins and ends. Here that happens once an epoch, and a log file would be
    opened and a progress bar drawn as often. Keras uses a `CallbackList` as it is given, so this one ignores the two
    calls.
    """

    def __init__(self, callbacks, model):
        super().__init__(callbacks, model=model, add_history=True)

    def on_train_begin(self, logs=None):
        """Called by every `fit`."""

    def on_train_end(self, logs=None):
        """Called by every `fit`."""

    def begin(self):
        super().on_train_begin()

    def end(self):
        super().on_train_end()


@contextmanager
def stop_on_signal():
    """Yields a `threading.Event` that Ctrl-C and SIGTERM set; a second Ctrl-C breaks off at once."""
    # Python would raise KeyboardInterrupt wherever it is: between the update of two networks, or while a file is
    # written. The handler only sets the event; `Checkpoints` looks at it after each step and saves first.
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread may handle signals.
        return

    def ask(signum, frame):
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("\nStopping after this step; once more to break off at once.", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
