"""One measured number: its name, how it is printed, and what to compare it with."""

import math
from dataclasses import asdict, dataclass, fields

from gan_book.errors import BookError
from gan_book.paths import finite_or_none


@dataclass(frozen=True)
class Score:
    """A measured number with its name and its format, for text, tables and report.json.

    Attributes:
        name: key in files, such as "frechet_distance".
        head: the name in words: beginning of a line, head of a column.
        value: the number; None or not finite where it could not be computed.
        pattern: how numbers are printed: ``pattern.format(scale * number)``, with or without a unit.
        scale: see `pattern`.
        short: the pattern in tables, if fewer digits are enough there.
        words: what follows the number in a line.
        spread: the standard error, or the standard deviation over splits or seeds.
        low, high: ends of the 95 % interval.
        reference: what real images score.
        reference_words: which real images.
        in_tables: whether tables have a column of it.
    """

    name: str
    head: str
    value: float | None = None
    pattern: str = "{:.2f}"
    scale: float = 1.0
    short: str | None = None
    words: str = ""
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    reference: float | None = None
    reference_words: str = "real images"
    in_tables: bool = True

    def __str__(self):
        """The number with its unit."""
        return _formatted(self.value, self.pattern, self.scale)

    def line(self, width=0):
        """A line of text: head, number, spread, words, and in brackets the interval and the reference.

        width: letters of the head's column.
        """
        error = f" ± {_formatted(self.spread, _bare(self.pattern), self.scale)}" if is_finite(self.spread) else ""
        interval = (_formatted(end, self.pattern, self.scale) for end in (self.low, self.high))
        notes = ["95 %: {} to {}".format(*interval)] if is_finite(self.low) and is_finite(self.high) else []
        if is_finite(self.reference):
            notes.append(f"{self.reference_words}: {_formatted(self.reference, self.pattern, self.scale)}")
        brackets = f"({'; '.join(notes)})" if notes else ""
        return " ".join(filter(None, [f"{self.head:{width}} {self}{error}", self.words, brackets]))

    def cell(self):
        """The cell of a table: the number with its spread, if it has any; a dash where there is no number."""
        pattern = self.short or self.pattern
        if not is_finite(self.value):
            return "–"
        text = _formatted(self.value, pattern, self.scale)
        if not self.spread or not is_finite(self.spread):  # what is known of real images has no spread
            return text
        return f"{text} ± {_formatted(self.spread, _bare(pattern), self.scale)}"

    def as_dict(self):
        """A dict for files: the value, and all that differs from the defaults. What is not finite becomes None."""
        usual = {field.name: field.default for field in fields(self)}
        content = finite_or_none(asdict(self)).items()
        return {name: value for name, value in content if name == "value" or value != usual[name]}


def is_finite(value):
    """Whether there is a number, and it is neither NaN nor infinite."""
    return value is not None and math.isfinite(value)


def scores_of(measured):
    """The `Score`s in what a task's `measure` returned, or in the "measured" part of report.json.

    Raises:
        BookError: it was measured by an older version of the book, which had another form.
    """
    if "scores" not in measured:
        raise BookError("an older version wrote these numbers; measure the run again with `gan-book evaluate`")
    return [Score(**score) for score in measured["scores"]]


def as_report(dataset, samples, seed, scores, details):
    """What a task's `measure` returns: a dict for report.json.

    Args:
        dataset: name of the data set.
        samples: how many were measured.
        seed: of the measurement.
        scores: list of `Score`s, the most telling first.
        details: dict of lists, dicts and numbers that are stored but not printed.
    """
    about = {"dataset": dataset, "samples": int(samples), "seed": int(seed)}
    return {**about, "scores": [score.as_dict() for score in scores], "details": finite_or_none(details)}


def score_lines(measured, names=None):
    """Lines of text: one that says what was measured, then one for each score, the numbers in a column.

    names: of the scores to show, such as "label_accuracy"; None for all.
    """
    scores = [score for score in scores_of(measured) if names is None or score.name in names]
    width = max((len(score.head) for score in scores), default=0)
    about = f"measured on {measured['samples']:,} samples of {measured['dataset']} (seed {measured['seed']})"
    return [about, *(score.line(width + 1) for score in scores)]


def _formatted(value, pattern, scale):
    return pattern.format(scale * value) if is_finite(value) else "not finite"


def _bare(pattern):
    """The pattern without what follows the number, its unit."""
    return pattern[: pattern.index("}") + 1]
