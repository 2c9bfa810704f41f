"""1,906 emoji, each drawn by Google (Noto) and by Twitter (Twemoji): two styles of the same things."""

import math
import re

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gan_book.datasets.dataset import Pairs, jittered_size, subset
from gan_book.datasets.images import resize, sides
from gan_book.datasets.manifest import shipped, verified_path
from gan_book.datasets.sheets import read_sheet, read_table
from gan_book.errors import require_memory

SIDES = ("noto", "twemoji")
SIZE = 64
_HELD_OUT = 0.1
# Words by which names of hardly different drawings differ.
_VARIANT = re.compile(
    "m[ae]n|wom[ae]n|male|female|person|people|adult|boys?|girls?"
    "|red|orange|yellow|green|blue|purple|brown|black|white|grey|pink|light|dark|large|medium|small|heavy"
    "|left|right|up|down|upper|lower|leftwards|rightwards|facing"
)
# Root of the mean squared difference, in grey levels, below which two drawings reduced to 16x16 are the same thing.
_SAME_DRAWING = 10.0


def load_emoji(image_size=SIZE, limit=None, seed=0, paired=True, jitter=True):
    """Reads the two sheets and splits the emoji 80 : 10 : 10.

    Chapter 11 trains on it. Emoji that are variants of one another (see `families`) are in the same split. Without
    pairs the training emoji are divided, half of them for each side, again by families.

    Args:
        image_size: see `gan_book.datasets.images.sides`; they are drawn at 64 pixels and resized for anything else.
        limit: train on only so many emoji of each side.
        seed: of the split, and of the choice that ``limit`` makes.
        paired: whether image i of both sides must show the same emoji. The two drawings of an emoji differ in outline
            and pose, so even then they match in what they show, not pixel by pixel.
        jitter: enlarge training images, to crop from (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `Pairs` with the emoji's short names in ``test_names``.

    Raises:
        BookError: a file is missing or damaged, or the size takes more memory than there is.
    """
    files = shipped()["emoji"]["files"]
    names = [row["short_name"] for row in read_table(verified_path(files["labels"]))]
    noto, twemoji = (read_sheet(verified_path(files[side]), len(names), SIZE) for side in SIDES)
    family = families(names, (noto, twemoji))
    rng = np.random.default_rng(seed)
    held = round(_HELD_OUT * len(names))
    test, rest = _take(np.arange(len(names)), family, held, rng)
    val, train = _take(rest, family, held, rng)
    train_a, train_b = (train, train) if paired else _take(train, family, len(train) // 2, rng)
    train_a, train_b = (part[subset(len(part), limit, seed)] for part in (train_a, train_b))
    side = jittered_size(image_size, jitter)
    require_memory(*_size(2 * len(train_a), side, 2 * (len(val) + len(test)), image_size))
    return Pairs(
        name="emoji",
        sides=SIDES,
        a=resize(noto[train_a], side),
        b=resize(twemoji[train_b], side),
        val_a=resize(noto[val], image_size),
        val_b=resize(twemoji[val], image_size),
        test_a=resize(noto[test], image_size),
        test_b=resize(twemoji[test], image_size),
        paired=paired,
        test_paired=True,
        test_names=tuple(names[index] for index in test),
    )


def _size(train, side, held, image_size):
    """What `require_memory` asks: bytes, what for, and what to do instead."""
    needed = 3 * (train * math.prod(sides(side)) + held * math.prod(sides(image_size)))
    return needed, f"{train + held:,} emoji of {image_size} pixels", "take a smaller --image-size or set a --limit"


def families(names, sheets):
    """Which emoji are variants of one another, so that a network that has seen one knows how another is drawn.

    They are variants in three cases. Their names differ only in sex, colour, size, direction or a final number
    (male-cook and female-cook, red_circle and large_blue_circle, clock1 and clock130). Or a name begins with the word
    for a man, and the other stands just before it in the order of Unicode, where the neutral figure is (cop,
    male-police-officer). Or one of the sheets draws them alike (the flags of Norway and of Svalbard).

    Args:
        names: n short names in the order of the sheets.
        sheets: arrays uint8 ``[n, 64, 64, 3]``.

    Returns:
        int ``[n]``, the same number for those of a family.
    """
    # Each rule gives links between two emoji; whatever is connected by links, over any number of steps, is a family.
    links = [(index, index - 1) for index, name in enumerate(names) if re.match(r"(man|men|male)[-_]", name)]
    first = {}
    links += [(index, first.setdefault(_stem(name), index)) for index, name in enumerate(names)]
    links += [pair for sheet in sheets for pair in zip(*np.nonzero(_alike(sheet)), strict=True)]
    one, other = np.array(links).T
    return connected_components(coo_matrix((np.ones(len(one)), (one, other)), (len(names), len(names))))[1]


def _stem(name):
    """The name without the words and numbers that tell variants apart; the whole name if nothing else is in it."""
    words = [re.sub(r"\d+$", "", word) for word in re.split("[-_]", name.lower())]
    return "_".join(word for word in words if word and not _VARIANT.fullmatch(word)) or name


def _alike(sheet):
    """bool ``[n, n]``: which drawings are nearly the same."""
    small = sheet.reshape(len(sheet), 16, SIZE // 16, 16, SIZE // 16, 3).mean((2, 4), "float32").reshape(len(sheet), -1)
    squares = np.square(small).sum(1)
    return squares[:, None] + squares - 2 * small @ small.T < _SAME_DRAWING**2 * small.shape[1]


def _take(members, family, count, rng):
    """Divides ``members`` at random in two, without splitting families: at most ``count``, and the rest."""
    # Families in random order; each is taken if it still fits. As most are single emoji, the count is nearly always
    # met.
    taken = np.zeros(len(members), bool)
    for number in rng.permutation(np.unique(family[members])):
        of_family = family[members] == number
        if taken.sum() + of_family.sum() <= count:
            taken |= of_family
    return members[taken], members[~taken]
