"""Exceptions whose message is meant for the reader, and the words and checks that such messages share."""


class BookError(Exception):
    """Something the reader can put right.

    The message is one sentence saying what is wrong, where, and what to do. The command line prints it after
    ``error:`` and exits with status 1, without a traceback; everything else that is raised is a defect of the book.
    """


def require_choice(what, value, choices):
    """Refuses a value that is none of `choices`; `what` is how the reader calls it, such as "--preset" or "network".

    Raises:
        BookError: says which there are.
    """
    if value not in choices:
        raise BookError(f"{what} {value!r} is not known; choose one of: {', '.join(map(str, choices))}")


class Interrupted(Exception):
    """Training was asked to stop (Ctrl-C, SIGTERM) and has saved where it is. The message is how to go on."""


def duration(seconds):
    """``0:07``, ``12:30`` or ``1:02:03``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def counted(number, noun):
    """Such as "1 step" or "2,000 steps"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
