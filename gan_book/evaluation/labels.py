"""Did the generator draw the class it was asked for?"""

import numpy as np
from sklearn.metrics import confusion_matrix

from gan_book.evaluation.bootstrap import bootstrap
from gan_book.evaluation.checks import class_labels


def label_agreement(asked, predicted, num_classes, seed=0):
    """How often a classifier sees the class asked for.

    asked, predicted: int ``[n]``. Returns a dict: ``accuracy`` (float), ``low`` and ``high`` (95 % bootstrap
    interval), ``per_class`` (list of ``num_classes`` floats, None for a class not asked for) and ``confusion``
    (counts, rows asked, columns seen). The measure is that of Odena et al. 2017, "Conditional Image Synthesis with
    Auxiliary Classifier GANs", section 4.1, with an independent classifier.

    Raises:
        BookError: the lengths differ, or a label is none of the classes.
    """
    asked = class_labels(asked, len(asked), num_classes)
    predicted = class_labels(predicted, len(asked), num_classes)
    right = asked == predicted
    confusion = confusion_matrix(asked, predicted, labels=np.arange(num_classes))
    spread = bootstrap(lambda rows: right[rows].mean(), len(right), seed=seed)
    return {
        "accuracy": float(right.mean()),
        "low": spread.low,
        "high": spread.high,
        "per_class": [float(row[i] / row.sum()) if row.sum() else None for i, row in enumerate(confusion)],
        "confusion": confusion.tolist(),
    }
