"""Trained networks for other programs: ONNX, LiteRT, SavedModel, plain Keras, a web service.

One module a format. Each has

    PACKAGES          what has to be installed, as names to import
    TENSORFLOW        whether it can be written only with Keras on TensorFlow
    FILE              name of the file or folder that holds the network
    write(network, about, folder)    writes the files; about: what `gan_book.export.describe.description` returns
    run(folder, arrays)              runs what was written, not Keras: dict input name -> array; returns the
                                     outputs, a dict by name or a list in the network's order

`gan_book.commands.export.export` puts them together: it loads a network of a run, makes its random numbers an input
(`noise.py`), describes it (`describe.py`), writes it, and runs what was written (`check.py`). A new format is a module
and a line in `FORMATS`. A page (`web.py`) shows all networks of a run and examples, so it is written as a whole, by
`gan_book.export.web.write_page`.
"""

import importlib
from importlib.util import find_spec

from gan_book.errors import BookError, require_choice

FORMATS = {
    "onnx": "onnx_file",
    "litert": "litert",
    "savedmodel": "saved_model",
    "keras": "keras_file",
    "lambda": "server",
    "web": "web",
}


def writer(name):
    """The module of a format.

    Raises:
        BookError: there is no such format; or packages for it are not installed.
    """
    require_choice("--format", name, FORMATS)
    module = importlib.import_module(f"gan_book.export.{FORMATS[name]}")
    require_packages(module.PACKAGES, f"--format {name}")
    return module


def require_packages(packages, what, extra="export"):
    """Raises BookError, which says how to install them, unless all these packages can be imported.

    extra: the book's extra that has them.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise BookError(
            f"{what} needs {' and '.join(missing)}; install what {extra} needs, in the folder of the book, with "
            f'`.venv/bin/pip install -e ".[{extra}]"`'
        )


def require_tensorflow(what):
    """Raises BookError where Keras runs on another backend than TensorFlow."""
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise BookError(f"{what} needs Keras on TensorFlow, and it runs on {backend}; set KERAS_BACKEND=tensorflow")
