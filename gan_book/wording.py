"""Words for numbers."""


def duration(seconds):
    """``0:07``, ``12:30`` or ``1:02:03``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def counted(number, noun):
    """Such as "1 step" or "2,000 steps"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
