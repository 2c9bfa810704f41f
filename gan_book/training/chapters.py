"""The chapters' scripts, by the name they have on the command line."""

import difflib
import importlib
import shlex
import sys
from pathlib import Path

from gan_book.errors import BookError

SCRIPTS = {
    "cgan": "chapters.ch06_cgan.cgan",
    "mlp-cgan": "chapters.ch06_cgan.mlp_cgan",
    "infogan": "chapters.ch07_infogan.infogan",
    "acgan": "chapters.ch08_acgan.acgan",
    "twon-gan": "chapters.ch08_acgan.twon_gan",
    "sgan": "chapters.ch09_sgan.sgan",
    "pix2pix": "chapters.ch10_pix2pix.pix2pix",
    "cyclegan": "chapters.ch11_cyclegan.cyclegan",
}

_own = {}


def use(lesson):
    """Lets `lesson` answer to its name: a chapter's script, or a reader's changed copy of it, is run by itself."""
    _own[lesson.name] = lesson


def command(lesson):
    """What to type to train `lesson`."""
    script = shlex.quote(Path(sys.argv[0]).as_posix())  # with slashes, which no shell wants quoted
    return f"python {script}" if lesson.name in _own else f"gan-book train {lesson.name}"


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
