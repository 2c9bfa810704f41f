"""One measured number, with its name and how it is printed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A number that a chapter measures and others do not, and how it is printed: ``pattern.format(scale * value)``."""

    name: str
    head: str
    value: float
    pattern: str = "{:.2f}"
    scale: float = 1.0

    def __str__(self):
        return f"{self.head:20} {self.pattern.format(self.scale * self.value)}"
