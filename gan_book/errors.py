"""Exceptions whose message is meant for the reader."""


class BookError(Exception):
    """Something the reader can put right.

    The message is one sentence saying what is wrong, where, and what to do. The command line prints it after
    ``error:`` and exits with status 1, without a traceback; everything else that is raised is a defect of the book.
    """


class Interrupted(Exception):
    """Training was asked to stop (Ctrl-C, SIGTERM) and has saved where it is. The message is how to go on."""
