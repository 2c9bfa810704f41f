"""Measuring what a generator learned: every number is a `Score`.

Chapter 6 explains the measures of samples, chapter 8 those class by class, chapter 10 those of translations.
"""

from gan_book.metrics.classes import class_frechet_distance, class_ms_ssim, label_agreement, measure_by_class, ms_ssim
from gan_book.metrics.distances import frechet_distance, inception_score, kernel_distance, precision_recall
from gan_book.metrics.diversity import mean_pair_distance, mean_pixel_distance, memorisation, nearest_distances
from gan_book.metrics.features import FEATURES, has_classifier, load_classifier, load_lpips
from gan_book.metrics.measure import measure_samples
from gan_book.metrics.score import Score, score_lines, scores_of
from gan_book.metrics.translation import compare_pairs, compare_sets, histogram_matched, retrieval

__all__ = [
    "FEATURES",
    "Score",
    "class_frechet_distance",
    "class_ms_ssim",
    "compare_pairs",
    "compare_sets",
    "frechet_distance",
    "has_classifier",
    "histogram_matched",
    "inception_score",
    "kernel_distance",
    "label_agreement",
    "load_classifier",
    "load_lpips",
    "mean_pair_distance",
    "mean_pixel_distance",
    "measure_by_class",
    "measure_samples",
    "memorisation",
    "ms_ssim",
    "nearest_distances",
    "precision_recall",
    "retrieval",
    "score_lines",
    "scores_of",
]
