"""Loading images to translate by name or from a folder."""

from dataclasses import replace

from gan_book.datasets.earth import load_earth
from gan_book.datasets.emoji import load_emoji
from gan_book.datasets.fetch import fetched_path
from gan_book.datasets.manifest import fetchable, shipped, suggestion
from gan_book.datasets.pair_folders import load_pair_folder, no_pairs
from gan_book.errors import BookError
from gan_book.paths import expanded

LARGEST_SIZE = 2048
_SHIPPED = {"earth": load_earth, "emoji": load_emoji}


def pair_names():
    """Names that `load_pairs` knows; anything else is a folder."""
    return (*_SHIPPED, *(name for name, entry in fetchable().items() if entry["kind"] in ("pairs", "unpaired")))


def load_pairs(name_or_path, image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Loads images to translate from one side to the other into memory.

    Args:
        name_or_path: one of `pair_names`, or the path of a folder, which `gan_book.datasets.pair_folders` reads (write
            ``./maps`` for a folder that is called like a set).
        image_size: side of the square images.
        limit: train on only so many images of each side; validation and test images are all kept.
        seed: of the choice that ``limit`` makes, and of a split that the set does not come with.
        paired: whether training image i of both sides is to show the same thing (pix2pix). If not, no two training
            images of A and B do (CycleGAN): sets of pairs are divided, one part gives A and the other B. Validation and
            test images keep their pairs.
        jitter: hold training images larger than ``image_size``, so that `gan_book.datasets.batches` can crop from
            them (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `gan_book.datasets.Pairs`.

    Raises:
        BookError: nothing of that name; damaged or not fetched; no pairs where they are asked for; a size or a limit
            that makes no sense.
    """
    if not 1 <= image_size <= LARGEST_SIZE:
        raise BookError(f"the image size is {image_size}; choose one from 1 to {LARGEST_SIZE}")
    name = str(name_or_path)
    options = {"image_size": image_size, "limit": limit, "seed": seed, "paired": paired, "jitter": jitter}
    if name in _SHIPPED:
        return _SHIPPED[name](**options)
    if name in pair_names():
        if paired and fetchable()[name]["kind"] == "unpaired":
            raise no_pairs(name)
        pairs = load_pair_folder(fetched_path(name), **options)
        return replace(pairs, name=name, sides=tuple(fetchable()[name]["sides"]))
    return load_pair_folder(_folder(name), **options)


def _folder(name):
    known = f"the sets are {', '.join(pair_names())}"
    if name in shipped() or name in fetchable():
        raise BookError(f"{name} has classes to learn, not images to translate; use another set ({known})")
    folder = expanded(name)
    if not folder.exists():
        raise BookError(
            f"there is no set of images to translate and no folder called '{name}' ({known})"
            f"{suggestion(name, pair_names())}"
        )
    return folder
