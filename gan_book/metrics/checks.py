"""What the metrics expect of their input."""

import numpy as np

from gan_book.errors import BookError


def feature_matrix(features, name="features"):
    """``features`` as float64 ``[n, d]``.

    Raises:
        BookError: not a matrix, empty, or with a NaN or infinity in it.
    """
    matrix = np.asarray(features, dtype="float64")
    if matrix.ndim != 2 or not matrix.size:
        raise BookError(f"{name} must be a matrix [n, d] but have shape {list(matrix.shape)}; flatten them first")
    if not np.isfinite(matrix).all():
        raise BookError(f"{name} contain NaN or infinity; look at the network that made them")
    return matrix


def feature_pair(a, b):
    """Two feature matrices of the same width; see `feature_matrix`.

    Raises:
        BookError: as above, or the widths differ.
    """
    a, b = feature_matrix(a, "the first features"), feature_matrix(b, "the second features")
    if a.shape[1] != b.shape[1]:
        raise BookError(
            f"features of width {a.shape[1]} cannot be compared with features of width {b.shape[1]}; "
            "take both from the same network"
        )
    return a, b


def class_labels(labels, num_samples, num_classes):
    """``labels`` as an int array ``[num_samples]``.

    Raises:
        BookError: no samples, another length, or a label outside 0 to ``num_classes - 1``.
    """
    labels = np.asarray(labels)
    if not num_samples:
        raise BookError("there are no samples to measure; generate some")
    if labels.shape != (num_samples,):
        raise BookError(f"{num_samples} samples need as many labels but got shape {list(labels.shape)}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= num_classes:
        raise BookError(f"labels must be whole numbers from 0 to {num_classes - 1}; check the labels asked for")
    return labels.astype(int)
