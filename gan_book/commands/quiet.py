"""Starting the backend without a page of notices."""

import os
import sys
import tempfile

from gan_book.errors import BookError


def import_backend():
    """Imports Keras and looks for the device while what their C++ code writes to standard error is held back.

    TensorFlow's start-up notices come before it reads the environment variable that should silence them. If the import
    fails, what was held back is shown.

    Raises:
        BookError: the backend is not installed, or not one of the book's.
    """
    with tempfile.TemporaryFile() as held:
        shown = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            from gan_book import backend

            backend.accelerator()
        except ModuleNotFoundError as error:
            advice = "install it or, if it is Keras's backend, choose another with KERAS_BACKEND=tensorflow"
            raise BookError(f"Python has no package '{error.name}'; {advice}") from error
        except BookError:
            raise
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
