"""Words for numbers."""


def counted(number, noun):
    """Such as "1 step" or "2,000 steps"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
