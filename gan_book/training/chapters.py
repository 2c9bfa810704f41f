"""The chapters' scripts, by their name on the command line."""

import difflib
import importlib
import inspect
import shlex
import sys
from pathlib import Path

import keras

from gan_book.errors import BookError
from gan_book.paths import BOOK

SCRIPTS = {
    "autoencoder": "chapters.ch01_autoencoder.autoencoder",
    "vae": "chapters.ch01_autoencoder.vae",
    "aae": "chapters.ch01_autoencoder.aae",
    "gan": "chapters.ch02_gan.gan",
    "dcgan": "chapters.ch03_dcgan.dcgan",
    "cgan": "chapters.ch06_cgan.cgan",
    "mlp-cgan": "chapters.ch06_cgan.mlp_cgan",
    "infogan": "chapters.ch07_infogan.infogan",
    "infogan-iic": "chapters.ch07_infogan.iic",
    "acgan": "chapters.ch08_acgan.acgan",
    "twon-gan": "chapters.ch08_acgan.twon_gan",
    "sgan": "chapters.ch09_sgan.sgan",
    "sgan-consistency": "chapters.ch09_sgan.consistency",
    "pix2pix": "chapters.ch10_pix2pix.pix2pix",
    "cyclegan": "chapters.ch11_cyclegan.cyclegan",
    "biggan": "chapters.ch12_biggan.biggan",
    "progan": "chapters.ch13_progan.progan",
    "stylegan": "chapters.ch14_stylegan.stylegan",
}

_own = {}


def use(lesson):
    """Makes `lesson` the one of its name: for a chapter's script, or a changed copy of it, that is run by itself."""
    _own[lesson.name] = lesson


def command(lesson):
    """What to type in a shell to train `lesson`; None if no command trains this very lesson, such as a notebook's."""
    if lesson.name in _own:
        return f"python {shlex.quote(Path(sys.argv[0]).as_posix())}"  # with slashes, which no shell wants quoted
    same = lesson.name in SCRIPTS and origin(lesson) == origin(globals()["lesson"](lesson.name))
    return f"gan-book train {lesson.name}" if same else None


def origin(lesson):
    """Where the lesson's model is built: "chapters/ch06_cgan/cgan.py:build", "my_cgan.py:build", "a notebook:build"."""
    build = inspect.unwrap(lesson.build)
    name, code = getattr(build, "__qualname__", type(build).__name__), getattr(build, "__code__", None)
    file = "a notebook" if code is None else code.co_filename
    if file.startswith("<") or "ipykernel" in file:
        file = "a notebook"
    path = Path(file)
    if path.is_absolute():  # a file outside the book may be moved together with its runs
        path = path.resolve()
        file = path.relative_to(BOOK).as_posix() if path.is_relative_to(BOOK) else path.name
    return f"{file}:{name}"


def own_layers(lesson):
    """The layer classes of the module that builds the lesson's model, by name: what loading its networks takes."""
    module = sys.modules.get(getattr(lesson.build, "__module__", None))
    classes = [each for each in vars(module).values() if inspect.isclass(each)] if module else []
    return {each.__name__: each for each in classes if issubclass(each, keras.layers.Layer)}


def lesson(name):
    """The `gan_book.training.lesson.Lesson` called `name`.

    Raises:
        BookError: there is none of that name.
    """
    if name in _own:
        return _own[name]
    if name not in SCRIPTS:
        close = difflib.get_close_matches(name, SCRIPTS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(SCRIPTS)}"
        raise BookError(f"there is no chapter '{name}'; {hint}")
    return importlib.import_module(SCRIPTS[name]).LESSON


def lessons():
    """All lessons, in the order of the book."""
    return [lesson(name) for name in SCRIPTS]
