"""How well do groups found without labels agree with the classes?"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, confusion_matrix, normalized_mutual_info_score

from gan_book.errors import BookError


def cluster_agreement(clusters, labels):
    """Compare a clustering with the true classes.

    Args:
        clusters: the group of each image, int ``[n]``, from 0.
        labels: its class, int ``[n]``, from 0.

    Returns:
        dict: ``accuracy``, the share of images in the right class after the best one-to-one matching of groups to
        classes (Kuhn 1955, the Hungarian method; images of unmatched groups count as wrong); ``nmi``, normalized mutual
        information with the arithmetic mean of the entropies; ``ari``, the adjusted Rand index (Hubert and Arabie
        1985), 0 for chance and 1 for equality; ``matching``, group -> class.

    Raises:
        BookError: not as many groups as labels, or none.
    """
    clusters, labels = np.asarray(clusters), np.asarray(labels)
    if clusters.shape != labels.shape or clusters.ndim != 1 or not len(labels):
        raise BookError(f"{clusters.shape} groups do not go with {labels.shape} labels; give each image one of both")
    groups = np.arange(max(clusters.max(), labels.max()) + 1)  # named, for some may be empty
    counts = confusion_matrix(clusters, labels, labels=groups)[:, : labels.max() + 1]
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return {
        "accuracy": float(counts[rows, columns].sum() / len(labels)),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
        "matching": {int(row): int(column) for row, column in zip(rows, columns, strict=True)},
    }
