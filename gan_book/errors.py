"""Exceptions whose message is meant for the user, and the words and checks that such messages share."""

import unicodedata
from contextlib import suppress
from pathlib import Path

import psutil


class _OneSentence(Exception):
    """An exception that a notebook shows as its message, without a traceback."""

    def _render_traceback_(self):  # what IPython asks for
        return [f"{type(self).__name__}: {shown(self)}"]


class BookError(_OneSentence):
    """Something the user can repair.

    The message is one sentence saying what is wrong, where, and what to do. The command line prints it, as `shown`
    makes it, after ``error:`` and exits with status 1, without a traceback; any other exception is a defect of the
    book. A notebook shows the message without a traceback, too.
    """


JOINERS = "\u200c\u200d"  # not visible, but Persian, Hindi and emoji are spelled with them


def shown(text):
    """The text on one line, as it can be shown on a terminal.

    Names of files, labels and settings come from the user or from an archive. They may hold line breaks and control
    characters that would move the cursor, colour the screen or turn the text around: those are written as ``\\n``,
    ``\\x1b``, ``\\u202e``; so are characters that stand for bytes of a file name that is no UTF-8.
    """
    return "".join(c if _is_visible(c) else c.encode("unicode_escape").decode() for c in str(text))


def _is_visible(character):
    # C: control, format, surrogate, private or unassigned; Zl and Zp: separators of lines and paragraphs.
    category = unicodedata.category(character)
    return character in JOINERS or not (category.startswith("C") or category in ("Zl", "Zp"))


def require_choice(what, value, choices):
    """Refuses a value that is none of `choices`; `what` is its name for the user, such as "--preset" or "network".

    Raises:
        BookError: lists the choices.
    """
    if value not in choices:
        raise BookError(f"{what} {value!r} is not known; choose one of: {', '.join(map(str, choices))}")


def require_memory(needed, what, advice):
    """Refuses work that would not fit in memory, before it begins; the system would kill the program without a message.

    Args:
        needed: bytes that will be allocated.
        what: the first words of the message, such as "60,000 images of 512 x 512 pixels".
        advice: what to do instead, such as "take a smaller --image-size or --limit".

    Raises:
        BookError: more than is free.
    """
    free = free_memory()
    if needed > free:
        raise BookError(f"{what} would take {megabytes(needed)} of memory and {megabytes(free)} are free; {advice}")


def free_memory():
    """Bytes this process can still allocate: the machine's, or what a container or ``ulimit -v`` leaves it."""
    bounds = [psutil.virtual_memory().available, *_container_bounds()]
    with suppress(ImportError, AttributeError, OSError):  # Windows and macOS have no such limit, or do not tell
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            bounds.append(most - psutil.Process().memory_info().vms)
    return max(0, min(bounds))


_CONTROL_GROUPS = Path("/sys/fs/cgroup")


def _container_bounds():
    """Bytes left under the memory limits of Linux's control groups, version 2 or 1: of this process's and of all above.

    Files that the kernel keeps in memory count as used there, but it gives up those that were not used recently.
    """
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    # A container may lie in another one, and the tightest limit of all counts. Without this, 16 GB of the machine would
    # be seen as free in a notebook service that allows 4, and the kernel would kill the process.
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "memory" not in controllers.split(","):
            continue
        root = _CONTROL_GROUPS / "memory" if controllers else _CONTROL_GROUPS
        limit, usage, idle = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            if controllers
            else ("memory.max", "memory.current", "inactive_file")
        )
        own = root / group.strip("/")
        for folder in (own, *own.parents):
            if not folder.is_relative_to(root):
                break
            with suppress(OSError, ValueError, KeyError):  # not there, or "max"
                most = int((folder / limit).read_text())
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                yield most - int((folder / usage).read_text()) + int(stat[idle])


class Interrupted(_OneSentence):
    """Training was asked to stop (Ctrl-C, SIGTERM) and has saved where it is. The message is how to go on."""


def duration(seconds):
    """``0:07``, ``12:30`` or ``1:02:03``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def counted(number, noun):
    """Such as "1 step" or "2,000 steps"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def megabytes(count):
    """``"12.3 MB"``, or ``"4.2 GB"`` of a thousand and more."""
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"
