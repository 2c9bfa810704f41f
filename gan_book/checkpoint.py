"""The whole state of a training in one file, and back.

Keras's own `save_weights` keeps what a model needs to be used. To go on *as if nothing had happened* a training also
needs its optimizers' moments, loss scale, random states, running means and the place in the data; they are all Keras
variables or small numbers, so one ``.npz`` holds them.
"""

import json
from pathlib import Path

import keras
import numpy as np

from gan_book.errors import BookError
from gan_book.paths import UNREADABLE, atomic_write, read_arrays

KEPT = 2


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
    with atomic_write(folder / _name(position["step"])) as file:
        np.savez(file, **arrays)
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    # A later one can only be damaged: this training did not begin with it.
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
    files = saved(folder)
    for file in files:
        try:
            arrays, about = _read(file)
        except UNREADABLE as error:
            before = "" if file == files[-1] else "; going back to the one before it"
            tell(f"Checkpoint {file} is damaged ({type(error).__name__}){before}.")
            continue
        _assign(model, arrays, file)
        return about["position"], about["means"]
    if files:
        raise BookError(f"no checkpoint in {folder} can be read; start anew without --resume and with another --out")
    return None


def _read(file):
    arrays = read_arrays(file)
    return arrays, json.loads(arrays.pop("about").tobytes())


def _assign(model, arrays, file):
    variables = state_variables(model)
    shapes = {f"v{i}": tuple(v.shape) for i, v in enumerate(variables)}
    if {name: value.shape for name, value in arrays.items()} != shapes:
        raise BookError(f"checkpoint {file} belongs to other networks; was the chapter changed since it was written?")
    for i, variable in enumerate(variables):
        variable.assign(arrays[f"v{i}"])
