"""Exceptions whose message is meant for the reader."""


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
