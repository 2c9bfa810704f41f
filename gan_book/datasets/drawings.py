"""Pairs made of the book's cats and faces: every pair is exact, and what a translation must keep is known.

`DRAWN_PAIRS` lists them: from edges to a picture (chapter 10), and from one kind of cat or face to another (chapter
11).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gan_book.datasets import cats, faces
from gan_book.datasets.dataset import Pairs, jittered_size
from gan_book.datasets.images import resize, sides
from gan_book.datasets.manifest import shipped
from gan_book.errors import BookError, require_memory

TRAIN, VALIDATION, TEST = 4_000, 250, 500  # pairs; without pairs half of the training images for each side
EDGES = "edges"  # name of a side
EDGES_AT = 128  # pixels: in smaller pictures the two edges of a stroke would run into one
ORANGE, BLUE = 0.08, 0.6  # hues, from 0 to 1 around the circle of colours
COLOURED = ("green", "red", "sand", "pink", "blue", "yellow", "ochre", "tan", "orange")  # bodies with a clear hue


def edges(images, size=None):
    """The edges of pictures as thin black lines on white (Canny 1986), as in edges2shoes. Explained in chapter 10.

    Args:
        images: uint8 ``[n, height, width, 3]``.
        size: see `gan_book.datasets.images.sides`; the size of the images if not given. The lines are found in the
            images as they are and then resized.

    Returns:
        uint8 ``[n, height, width, 3]``, three equal channels.
    """
    with ThreadPoolExecutor() as pool:
        lines = np.stack(list(pool.map(_edges, images))) if len(images) else images[..., 0]
    lines = np.repeat(lines[..., None], 3, axis=-1)
    return lines if size is None else resize(lines, size)


def _edges(image, margin=4):
    from skimage.feature import canny  # here, because it takes a second that `gan-book --help` does not have

    grey = np.asarray(Image.fromarray(image).convert("L"), "float32")
    padded = np.pad(grey, margin, mode="edge")  # else the border of the picture would hide edges close to it
    found = canny(padded, sigma=1.0, low_threshold=8, high_threshold=20)[margin:-margin, margin:-margin]
    return np.where(found, 0, 255).astype("uint8")


@dataclass(frozen=True)
class DrawnPair:
    """A set of pairs, made of keys: the parts of a cat, or the number of a face.

    Attributes:
        title: as people write it.
        sides: names of the two.
        kind: "cats" or "faces".
        pool: ``pool()`` returns the keys to train, to validate and to test with, no key twice.
        a, b: ``a(keys, image_size)`` returns pictures, uint8 ``[n, height, width, 3]``.
        attributes: ``attributes(keys)`` returns what both sides have in common; None where they are no pairs.
        credit: whom to name below pictures, if it is not only the author of the kind.
    """

    title: str
    sides: tuple[str, str]
    kind: str
    pool: Callable
    a: Callable
    b: Callable
    attributes: Callable | None = None
    credit: str = ""


def _edges_of_cats(keys, image_size):
    height, width = sides(image_size)
    factor = max(1.0, EDGES_AT / max(height, width))
    return edges(cats.compose(keys, (round(factor * height), round(factor * width))), image_size)


def _edges_of_faces(keys, image_size):
    pictures = faces.read_faces("micah")[keys]
    large = max(sides(image_size)) > EDGES_AT
    return edges(resize(pictures, image_size)) if large else edges(pictures, image_size)


def _faces_in(style):
    """Function of keys and an image size: faces of a style."""
    return lambda keys, image_size: resize(faces.read_faces(style)[keys], image_size)


def _cats_with(layer, name):
    """Function of keys and an image size: cats that all have this part in a layer."""

    def pictures(keys, image_size):
        changed = keys.copy()
        changed[:, _number(layer)] = cats.part(layer, name)
        return cats.compose(changed, image_size)

    return pictures


def _cats_in(hue):
    """Function of keys and an image size: cats whose bodies' colours are turned around the circle, to this hue."""

    def turn(bodies):
        from skimage.color import hsv2rgb, rgb2hsv

        turned = bodies.copy()
        for body in turned:
            colours = rgb2hsv(body[..., :3] / 255)
            own = np.median(colours[..., 0][body[..., 3] > 128])  # what is transparent has no colour of its own
            colours[..., 0] = (colours[..., 0] + hue - own) % 1
            body[..., :3] = np.rint(255 * hsv2rgb(colours))
        return turned

    return lambda keys, image_size: cats.compose(keys, image_size, turn)


def _number(layer):
    return [each.name for each in cats.layers()].index(layer)


def _cats(layer=None, names=()):
    """``pool`` of all cats, or of those that have one of these parts in a layer."""

    def pool():
        found = cats.all_cats()
        if layer:
            found = found[np.isin(found[:, _number(layer)], [cats.part(layer, name) for name in names])]
        return np.split(found[: TRAIN + VALIDATION + TEST], [TRAIN, TRAIN + VALIDATION])

    return pool


def _faces():
    """``pool`` of faces: those of ``load("faces")``, fewer of them, in the same splits."""
    train, val, test = faces.face_splits(8_000, faces.VALIDATION, faces.TEST)
    return train[:TRAIN], val[:VALIDATION], test[:TEST]


def _faces_of_both():
    return faces.face_splits(2_000, VALIDATION // 2, VALIDATION)


def _outlined(keys):
    """What a cat and the same cat in another colour have in common: of the body only its outline."""
    names = cats.names_of(keys)
    return {"outline": names.pop("body"), **names}


def _face_attributes(keys):
    return {name: values[keys] for name, values in faces.read_attributes("micah").items()}


_MICAH, _TOONHEAD = _faces_in("micah"), _faces_in("toonhead")
_PLAIN, _TABBY = _cats_with("fur", "plain"), _cats_with("fur", "tabby")
_BARE, _HAT = _cats_with("accessory", "none"), _cats_with("accessory", "black hat")
DRAWN_PAIRS = {
    "edges2cats": DrawnPair(
        "edges to cats", (EDGES, "cat"), "cats", _cats(), _edges_of_cats, cats.compose, cats.names_of
    ),
    "edges2faces": DrawnPair(
        "edges to faces", (EDGES, "face"), "faces", _faces, _edges_of_faces, _MICAH, _face_attributes
    ),
    "plain2tabby": DrawnPair(
        "plain and tabby cats", ("plain", "tabby"), "cats", _cats("fur", ["plain"]), _PLAIN, _TABBY, cats.names_of
    ),
    "orange2blue": DrawnPair(
        "orange and blue cats",
        ("orange", "blue"),
        "cats",
        _cats("body", COLOURED),
        _cats_in(ORANGE),
        _cats_in(BLUE),
        _outlined,
    ),
    "bare2hat": DrawnPair(
        "cats without and with a hat", ("bare", "hat"), "cats", _cats("accessory", ["none"]), _BARE, _HAT, cats.names_of
    ),
    "micah2toonhead": DrawnPair(
        "faces in two styles",
        ("micah", "toonhead"),
        "faces",
        _faces_of_both,
        _MICAH,
        _TOONHEAD,
        credit="Faces: Micah Lanier, Johan Melin, CC BY 4.0",
    ),
}


def other_cats(pairs, count=None):
    """For each layer of parts that the test cats differ in: what side B would be with another part, one part a time.

    Yields ``(numbers, pictures)``, where ``numbers``, int ``[n]``, are the parts that the test cats have in this layer,
    and ``pictures`` yields ``(number, images)``: the same cats, uint8 ``[n, h, w, 3]``, that all have the part of this
    number. The bodies are left out, because their colours may be what is translated.

    Args:
        pairs: `Pairs` of one of `DRAWN_PAIRS` whose kind is "cats".
        count: only the first so many test cats.
    """
    made, (height, width) = DRAWN_PAIRS[pairs.name], pairs.image_shape[:2]
    side = made.b if pairs.sides == made.sides else made.a
    names = {"body": pairs.test_attributes.get("outline"), **pairs.test_attributes}
    layers = [layer.name for layer in cats.layers()]
    keys = np.array([[cats.part(layer, name) for name in names[layer]] for layer in layers]).T[:count]

    def pictures(layer):
        for number in cats.different()[layer]:
            changed = keys.copy()
            changed[:, layer] = number
            yield number, side(changed, (height, width))

    for layer in range(1, len(layers)):
        if len(np.unique(keys[:, layer])) > 1:
            yield keys[:, layer], pictures(layer)


def load_drawn_pairs(name, image_size=64, limit=None, seed=0, paired=True, jitter=True):
    """Makes the pictures of one of `DRAWN_PAIRS`. Chapters 10 and 11 train on them.

    Args:
        name: which.
        image_size: see `gan_book.datasets.images.sides`.
        limit: train on only so many pictures of each side.
        seed: not used: which pictures are trained on is always the same.
        paired: whether training picture i of both sides shows the same. If not, one half of the keys gives A and the
            other half B.
        jitter: make training pictures larger, to crop from (see `gan_book.datasets.dataset.jittered_size`).

    Returns:
        `Pairs`; what cats or faces the validation and test pictures show is in its attributes.

    Raises:
        BookError: pairs of a set that has none; a file is missing or damaged; too large for the memory.
    """
    made = DRAWN_PAIRS[name]
    if paired and not made.attributes:
        raise BookError(f"{name} has no pairs; chapter 11 translates without them, or take edges2faces")
    train, val, test = made.pool()
    train_a, train_b = (part[:limit] for part in ((train, train) if paired else np.array_split(train, 2)))
    small = sides(image_size)
    large = jittered_size(small, jitter)
    count = len(train_a) + len(train_b) + 2 * len(val) + 2 * len(test)
    what = f"{count:,} pictures of {large[0]} x {large[1]} pixels"
    require_memory(3 * count * large[0] * large[1], what, "take a smaller --image-size or set a --limit")
    pairs = Pairs(
        name=name,
        sides=made.sides,
        a=made.a(train_a, large),
        b=made.b(train_b, large),
        val_a=made.a(val, small),
        val_b=made.b(val, small),
        test_a=made.a(test, small),
        test_b=made.b(test, small),
        paired=paired,
        test_paired=made.attributes is not None,
        val_attributes=made.attributes(val) if made.attributes else {},
        test_attributes=made.attributes(test) if made.attributes else {},
        kind=made.kind,
        credit=made.credit or shipped()[made.kind]["credit"],
    )
    faces.read_faces.cache_clear()
    return pairs
