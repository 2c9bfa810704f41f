"""Starting the backend without a page of notices, and keeping what C libraries print from the terminal."""

import os
import sys
import tempfile
import warnings
from contextlib import contextmanager

from gan_book.errors import BookError

BACKENDS = ("tensorflow", "jax")
ONLY = "the book runs on TensorFlow or JAX; set KERAS_BACKEND to tensorflow or jax"


def import_backend():
    """Imports Keras and looks for the device; what their C++ code writes to standard error is held back.

    TensorFlow's start-up notices come before it reads the environment variable that should silence them. If the import
    fails, the text that was held back is shown.

    Raises:
        BookError: the backend is not installed, or not one of the book's; or Keras is set to "channels_first".
    """
    asked = os.environ.get("KERAS_BACKEND")
    if asked and asked not in BACKENDS:
        raise BookError(f"KERAS_BACKEND is '{asked}', and {ONLY}")
    try:
        with held_back(ModuleNotFoundError, ValueError):
            from gan_book import backend

            backend.accelerator()
    except ModuleNotFoundError as error:
        if error.name == "torch":  # asked for by keras.json, since not by KERAS_BACKEND
            raise BookError(f"Keras's settings, ~/.keras/keras.json, ask for torch, and {ONLY}") from error
        advice = "install it or, if it is Keras's backend, choose another with KERAS_BACKEND=tensorflow"
        raise BookError(f"Python has no package '{error.name}'; {advice}") from error
    except ValueError as error:
        if "backend" not in str(error):
            raise
        raise BookError(f"Keras cannot start ({error}): {ONLY}") from error
    _require_channels_last()


def _require_channels_last():
    import keras

    if keras.config.image_data_format() != "channels_last":
        raise BookError(
            "Keras is set to channels_first, and the book's images are channels_last; change image_data_format in "
            "~/.keras/keras.json"
        )


@contextmanager
def held_back(*expected):
    """Within the block nothing reaches standard error: neither warnings nor what C libraries print.

    If the block raises anything but a BookError, Ctrl-C or one of the `expected` exceptions, what was held back is
    shown.
    """
    # C++ code does not know Python's sys.stderr; it writes to file descriptor 2. So that is redirected to a temporary
    # file with dup2, and put back afterwards.
    with tempfile.TemporaryFile() as held, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stderr.flush()
        shown = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except (BookError, KeyboardInterrupt, *expected):
            raise
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
