"""Sets of images that cheat: each is excellent in some measure, and worthless. `table.py` measures them."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from gan_book.metrics import load_classifier
from gan_book.sampling import balanced_labels, draw

FEW = 100  # different pictures in the set "few, repeated"


def make_sets(data, generator, count, seed):
    """The sets of the table: dict from a name to images, uint8 ``[count, h, w, c]``.

    Args:
        data: a `Dataset` with validation images and a classifier of the book.
        generator: makes images of the data set's shape.
        count: images in each set, at most as many as there are validation images.
        seed: of every choice.
    """
    rng = np.random.default_rng(seed)
    some = rng.choice(len(data.images), count, replace=False)
    unseen = data.val_images[rng.permutation(len(data.val_images))[:count]]
    missing = rng.integers(data.num_classes)
    others = data.val_images[data.val_labels != missing]
    return {
        "real": unseen,
        "generated": draw(generator, balanced_labels(count, data.num_classes), seed=seed),
        "one per class": np.resize(surest(data, seed), unseen.shape),
        "copies": data.images[some],
        "shifted copies": shifted(data.images[some]),
        "blurred": blurred(unseen),
        "one class missing": np.resize(rng.permutation(others), unseen.shape),
        "few, repeated": np.resize(unseen[:FEW], unseen.shape),
    }


def surest(data, rank=0):
    """For each class the validation image that a classifier is surest of (rank 0), or the next one (1), and so on."""
    probabilities = load_classifier(data.name).outputs(data.val_images)[1]
    order = np.argsort(-probabilities, axis=0, kind="stable")  # a column for each class, the surest image first
    return data.val_images[order[rank % len(order)]]


def shifted(images):
    """Images ``[n, h, w, c]`` moved to the right by one pixel."""
    return np.roll(images, 1, axis=2)


def blurred(images, sigma=1.0):
    """Images uint8 ``[n, h, w, c]`` blurred by a Gaussian with this standard deviation, in pixels."""
    smooth = images.astype("float32")
    for axis in (1, 2):
        smooth = gaussian_filter1d(smooth, sigma, axis=axis)
    return np.rint(smooth).astype("uint8")
