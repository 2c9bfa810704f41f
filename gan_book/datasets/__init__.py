"""Data sets: ``load("fashion_mnist")``, ``load("a/folder/of/images")``; to translate: ``load_pairs("earth")``.

`batches`, `pair_batches` and `scaling` are imported by themselves: they need Keras, looking after files does not.
"""

from dataclasses import replace

from gan_book.datasets.dataset import Dataset, Pairs, balanced_subset, find_label, subset
from gan_book.datasets.folders import load_folder
from gan_book.datasets.images import SkippedImages, resize
from gan_book.datasets.manifest import fetchable, shipped, suggestion
from gan_book.datasets.mnist import load_cifar10, load_idx
from gan_book.datasets.pair_loading import LARGEST_SIZE, load_pairs, pair_names
from gan_book.errors import BookError
from gan_book.paths import expanded

__all__ = ["Dataset", "Pairs", "SkippedImages", "find_label", "load", "load_pairs", "names", "pair_names"]


def names():
    """Names that `load` knows; anything else is a folder."""
    return (*(name for name, entry in shipped().items() if "class_names" in entry), "cifar10")


def load(name_or_path, image_size=None, limit=None, seed=0, balanced=True):
    """Loads a labelled set of images into memory.

    Args:
        name_or_path: one of `names`, or the path of a folder of images, which `gan_book.datasets.folders.load_folder`
            reads (write ``./mnist`` for a folder that is called like a set).
        image_size: side of the square images; if not given that of the set, and 64 for a folder.
        limit: train on only so many images; test images are all kept.
        seed: of the choice that ``limit`` makes, and of the hold-out of a folder without a test part.
        balanced: ``limit`` makes the classes as equal as the data allow (see
            `gan_book.datasets.dataset.balanced_subset`). False: it chooses without a look at the labels, for who is to
            learn without them.

    Returns:
        `Dataset` with uint8 images ``[n, image_size, image_size, channels]``, 1 channel if all are grey, else 3.

    Raises:
        BookError: nothing of that name; damaged or not fetched; a size or a limit that makes no sense.
    """
    if image_size is not None and not 1 <= image_size <= LARGEST_SIZE:
        raise BookError(f"the image size is {image_size}; choose one from 1 to {LARGEST_SIZE}")
    name = str(name_or_path)
    data = _load_named(name) if name in names() else load_folder(_folder(name), image_size, seed)
    if limit is not None:
        train = data.train_size
        chosen = balanced_subset(data.labels, limit, seed) if balanced else subset(train, limit, seed)
        data = replace(data, images=data.images[chosen], labels=data.labels[chosen])
    if image_size in (None, data.image_shape[0]):
        return data
    images, test_images = (resize(images, image_size) for images in (data.images, data.test_images))
    return replace(data, images=images, test_images=test_images)


def _load_named(name):
    entry = shipped().get(name) or fetchable()[name]
    (images, labels), (test_images, test_labels) = load_idx(entry) if entry["kind"] == "idx" else load_cifar10()
    return Dataset(name, images, labels, test_images, test_labels, tuple(entry["class_names"]))


def _folder(name):
    folder = expanded(name)
    known = f"the sets are {', '.join(names())}"
    if name in pair_names():
        kind = "unpaired images" if fetchable().get(name, {}).get("kind") == "unpaired" else "pairs of images"
        raise BookError(f"{name} has {kind} to translate, not classes to learn; use another set ({known})")
    if not folder.exists():
        raise BookError(f"there is no data set and no folder called '{name}' ({known}){suggestion(name, names())}")
    return folder
