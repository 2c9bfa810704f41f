"""The whole state of a training in one file, and back.

Keras's own `save_weights` keeps what a model needs to be used. To go on *as if nothing had happened* a training also
needs its optimizers' moments, loss scale, random states, running means and the place in the data; they are all Keras
variables or small numbers, so one ``.npz`` holds them.
"""

import json
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from gan_book.errors import BookError
from gan_book.paths import atomic_write

KEPT = 2
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError)


def state_variables(model):
    """Every variable of an `AdversarialModel` but its running means, in an order that depends on the code alone."""
    return [*model.variables, *model.optimizer.variables]


def save(model, folder, position):
    """Writes ``folder/step-<n>.npz`` and removes all but the two newest.

    Args:
        position: JSON-ready dict with at least "step", "epoch" and "batch": where training goes on.

    The file is complete or absent: it is written under another name and renamed. Its arrays carry CRC-32 sums, so
    that later damage shows when it is read.
    """
    folder = Path(folder)
    arrays = {f"v{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(state_variables(model))}
    means = {name: [float(v) for v in mean.variables] for name, mean in model.means.items()}
    about = {"position": position, "means": means}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with atomic_write(folder / f"step-{position['step']:09d}.npz") as file:
        np.savez(file, **arrays)
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    for old in saved(folder)[KEPT:]:
        old.unlink(missing_ok=True)


def saved(folder):
    """The checkpoints in a folder, newest first."""
    return sorted(Path(folder).glob("step-*.npz"), reverse=True)


def restore(model, folder, tell=print):
    """Loads the newest readable checkpoint into `model` and returns its position and means, or None if there is none.

    A damaged file is named by `tell` and the one before it taken.

    Raises:
        BookError: there are checkpoints but none can be read, or they belong to other networks.
    """
    files = saved(folder)
    for file in files:
        try:
            arrays, about = _read(file)
        except _UNREADABLE as error:
            tell(f"Checkpoint {file} is damaged ({type(error).__name__}); going back to the one before it.")
            continue
        _assign(model, arrays, file)
        return about["position"], about["means"]
    if files:
        raise BookError(f"no checkpoint in {folder} can be read; start anew without --resume and with another --out")
    return None


def _read(file):
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return arrays, json.loads(arrays.pop("about").tobytes())


def _assign(model, arrays, file):
    variables = state_variables(model)
    values = [arrays.get(f"v{i}") for i in range(len(arrays))]
    fits = len(variables) == len(values) and all(v.shape == a.shape for v, a in zip(variables, values, strict=True))
    if not fits:
        raise BookError(f"checkpoint {file} belongs to other networks; was the chapter changed since it was written?")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
