"""Measuring what a generator learned."""

from gan_book.metrics.features import FEATURES, has_classifier, load_classifier
from gan_book.metrics.measure import measure_conditional, measure_unconditional, measure_unlabelled
from gan_book.metrics.summary import summary_lines

__all__ = [
    "FEATURES",
    "has_classifier",
    "load_classifier",
    "measure_conditional",
    "measure_unconditional",
    "measure_unlabelled",
    "summary_lines",
]
