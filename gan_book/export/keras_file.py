"""A .keras file that Keras alone opens, without this book.

A network's own layers are written beside it as Python, in ``own_layers.py``: the classes, and what they use of the
book. Import that file first.
"""

import ast
import inspect
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np

from gan_book.errors import BookError
from gan_book.export.noise import leaves
from gan_book.paths import atomic_write, read_arrays
from gan_book.saving import save_network

PACKAGES = ()
TENSORFLOW = False
FILE = "model.keras"
LAYERS = "own_layers.py"
HEADER = '"""Layers that model.keras needs: `import own_layers` before `keras.models.load_model("model.keras")`."""\n'
SECONDS = 600

# In a Python that cannot import the book: that is how this file will be opened.
READER = """
import sys
sys.modules["gan_book"] = sys.modules["chapters"] = None
folder, samples, answers = sys.argv[1:]
sys.path.insert(0, folder)
import keras
import numpy as np
from pathlib import Path
if Path(folder, "own_layers.py").exists():
    import own_layers
network = keras.models.load_model(Path(folder, "model.keras"))
arrays = np.load(samples)
values = [arrays[tensor.name] for tensor in network.inputs]
given = network(keras.tree.pack_sequence_as(network.input, values), training=False)
np.savez(answers, *[keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(given)])
"""


def write(network, about, folder):
    """Writes ``model.keras``, and ``own_layers.py`` if the network has layers that are not Keras's."""
    save_network(network, folder / FILE)
    own = {type(layer): None for layer in leaves(network) if not _is_kerass(type(layer))}
    if own:
        with atomic_write(folder / LAYERS, "w") as file:
            file.write(source(list(own)))


def run(folder, arrays):
    """The outputs of ``model.keras`` in a new Python that cannot import this book: a list in the network's order."""
    with tempfile.TemporaryDirectory() as scratch:
        samples, answers = Path(scratch, "samples.npz"), Path(scratch, "answers.npz")
        np.savez(samples, **arrays)
        command = [sys.executable, "-c", READER, str(folder), str(samples), str(answers)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # else it would write into the folder
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise BookError(f"Keras alone cannot open the exported file ({last[0]}); choose another --format")
        return list(read_arrays(answers).values())


def program():
    """The program that `run` uses, with its version."""
    import keras

    return f"Keras {keras.__version__} without this book"


def _is_kerass(kind):
    return kind.__module__.split(".")[0] == "keras"


def source(classes):
    """A Python file with these classes of layers, and what they use: imports, constants, functions, base classes.

    Raises:
        BookError: the source of a class is not there, or it uses more of the book than can be written into one file.
    """
    found = {}
    for each in classes:
        _collect(each, found)
    imports = sorted(text for text in found.values() if text.startswith(("import ", "from ")))
    rest = [text for text in found.values() if not text.startswith(("import ", "from "))]
    return "\n".join([HEADER, *imports]) + "\n\n\n" + "\n\n\n".join(rest) + "\n"


def _collect(thing, found):
    """Adds a class or function to `found`, a dict from names to Python text, after all that it uses."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        raise BookError(
            f"the source of the layer '{thing.__name__}' is in no file; define it in a script, or choose --format onnx"
        ) from None
    module = sys.modules[thing.__module__]
    for node in ast.walk(ast.parse(text)):
        name = node.id if isinstance(node, ast.Name) else None
        if name and name not in found and name != thing.__name__ and hasattr(module, name):
            _collect_name(name, getattr(module, name), thing, found)
    found[thing.__name__] = text.rstrip()


def _collect_name(name, value, user, found):
    ours = _is_the_books(value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", ""))
    if inspect.ismodule(value) and ours:
        raise BookError(
            f"the layer '{user.__name__}' uses the book's module {value.__name__}, which Keras alone does not have; "
            "choose --format onnx"
        )
    if inspect.ismodule(value):
        package, _, last = value.__name__.rpartition(".")
        alias = "" if name == (last or value.__name__) else f" as {name}"
        found[name] = f"from {package} import {last}{alias}" if package else f"import {value.__name__}{alias}"
    elif inspect.isclass(value) or inspect.isfunction(value):
        alias = "" if name == value.__name__ else f" as {name}"
        if ours or value.__module__ == user.__module__:
            _collect(value, found)
        else:
            found[name] = f"from {value.__module__} import {value.__name__}{alias}"
    else:
        found[name] = f"{name} = {value!r}"


def _is_the_books(module):
    return str(module).split(".")[0] in ("gan_book", "chapters")
