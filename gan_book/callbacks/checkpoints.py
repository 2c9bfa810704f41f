"""Saving while training, and stopping between two steps."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

import keras

from gan_book import checkpoint
from gan_book.errors import Interrupted


class Checkpoints(keras.callbacks.Callback):
    """Saves at the end of every epoch, every `seconds` in between, and when asked to stop.

    Args:
        folder: where the checkpoints go.
        steps_per_epoch: batches of a whole epoch.
        seconds: time between two checkpoints within an epoch. Saving changes nothing, so a clock may decide.
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
        found = checkpoint.restore(model, self.folder, tell)
        if found is None:
            return None
        position, means = found
        self._means = means if position["batch"] else {}  # Those of a whole epoch are not the next one's.
        self.epoch, self.first_batch = position["epoch"], position["batch"]
        self.seconds_before = position["seconds"]
        return position

    @property
    def training_seconds(self):
        """Time spent training, that before an interruption included."""
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
        checkpoint.save(self.model, self.folder, position)
        self._saved = time.monotonic()


class OneTraining(keras.callbacks.CallbackList):
    """Callbacks for `fit` after `fit`: to them it is one training, which ends when `end` is called."""

    def __init__(self, callbacks, model):
        super().__init__(callbacks, model=model, add_history=True)
        self._begun = False

    def on_train_begin(self, logs=None):
        if not self._begun:
            self._begun = True
            super().on_train_begin(logs)

    def on_train_end(self, logs=None):
        pass

    def end(self):
        if self._begun:
            super().on_train_end()


@contextmanager
def stop_on_signal():
    """Yields an event that Ctrl-C and SIGTERM set; a second Ctrl-C breaks off at once."""
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
