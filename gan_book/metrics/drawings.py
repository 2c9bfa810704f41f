"""Scores of translated cats and faces, of which everything is known. Explained in chapters 10 and 11."""

from functools import cache

import numpy as np
from skimage.color import rgb2lab

from gan_book.datasets import cats, faces
from gan_book.datasets.drawings import other_cats
from gan_book.metrics.features import classifier_names, load_classifier
from gan_book.metrics.score import Score

COLOURED = {"cats": ("body",), "faces": ("hair colour", "skin", "shirt colour")}  # attributes that are colours
LITTLE = {"fur": "plain", "eyes": "small", "mouth": "small", "accessory": "none"}  # to see a cat's body as it is
SAME = 12  # levels of 255: a pixel this near to a colour has it
FEWEST = 20  # pixels of a region whose colour is measured
DIFFERENT = 24  # levels of 255 by which two pictures differ where one was changed


def score_drawings(images, dataset):
    """What a translation made of cats or faces; see `parts_kept`, `attributes_kept` and `palette_distance`.

    Args:
        images: uint8 ``[n, h, w, 3]``, translations of the first test images of A.
        dataset: `gan_book.datasets.Pairs` of cats or faces, whose truth and attributes are known.

    Returns:
        list of `Score`s, empty if these faces have no classifier in the book.
    """
    kind, truth = dataset.kind, dataset.test_b[: len(images)]
    attributes = {name: values[: len(images)] for name, values in dataset.test_attributes.items()}
    if kind == "cats":
        kept, real = parts_kept(images, dataset), None  # of the true pictures it is 100 %
    elif kind in classifier_names():
        kept, real = (attributes_kept(each, kind, attributes) for each in (images, truth))
    else:
        return []
    words = {"reference": real, "reference_words": "true pictures"}
    scores = [Score("kept", "attributes kept", kept, "{:.1f} %", 100, **words)]
    if set(COLOURED[kind]) <= set(attributes):
        own, best = (palette_distance(each, truth, kind, attributes) for each in (images, truth))
        scores.append(Score("palette", "distance to the palette", own, "{:.1f}", **{**words, "reference": best}))
    return scores


def parts_kept(images, dataset):
    """Share of the parts of cats, float, that can still be recognised: fur, eyes, mouth and accessory.

    For each part, the translation is compared with the true picture of side B, and with the pictures that have another
    part in its place. The part is kept if the right one is the nearest (L1 distance of the pixels).

    Args:
        images: uint8 ``[n, h, w, 3]``, translations of the first test images of A.
        dataset: see `score_drawings`.
    """
    right = []
    for numbers, pictures in other_cats(dataset, len(images)):
        far = {number: np.abs(images.astype("int16") - other).sum(axis=(1, 2, 3)) for number, other in pictures}
        nearest = np.array(list(far))[np.argmin(list(far.values()), axis=0)]
        right.append(nearest == numbers)
    return float(np.mean(right))


def attributes_kept(images, kind, attributes):
    """Share of the attributes, float, that a classifier reads off the images as they should be.

    Colours are left out, and attributes that are the same in all pictures.

    Args:
        images: uint8 ``[n, h, w, 3]``.
        kind, attributes: see `score_drawings`.
    """
    seen = load_classifier(kind).attributes(images)
    chosen = [name for name in seen if name in attributes and name not in COLOURED[kind]]
    chosen = [name for name in chosen if len(np.unique(attributes[name])) > 1]
    return float(np.mean([seen[name] == attributes[name] for name in chosen]))


def palette_distance(images, truth, kind, attributes):
    """Mean distance in CIE Lab between a region's colour and the nearest colour that such a region can have.

    From 0, lower is better; about 2 can just be seen. The regions are those of the truth: the hair, the skin and the
    shirt of a face, the body of a cat. A region's colour is the median of its pixels. A grey that lies between all
    colours is far from each of them.
    """
    found = []
    for name in COLOURED[kind]:
        colours = palette(kind, name)
        lab = rgb2lab(np.array(list(colours.values()))[None] / 255)[0]
        for image, true, value in zip(images, truth, attributes[name], strict=True):
            region = np.abs(true.astype(int) - colours[value]).max(axis=-1) <= SAME
            if region.sum() >= FEWEST:
                own = rgb2lab(np.median(image[region], axis=0)[None, None] / 255)[0, 0]
                found.append(np.linalg.norm(lab - own, axis=1).min())
    return float(np.mean(found))


@cache
def palette(kind, name):
    """The colours of an attribute: dict from its values to int ``[3]``, 0 to 255."""
    if kind == "faces":
        values = np.unique(faces.read_attributes("micah")[name])
        return {str(value): np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)]) for value in values}
    rest = [cats.part(*each) for each in LITTLE.items()]
    names = cats.layers()[0].values
    bodies = cats.compose(np.array([[body, *rest] for body in range(len(names))]), 128)
    return {name: _commonest(body) for name, body in zip(names, bodies, strict=True)}


def _commonest(picture):
    """The most frequent colour of a picture that is not white: int ``[3]``."""
    pixels = picture.reshape(-1, 3)
    colours, counts = np.unique(pixels[(pixels < 250).any(axis=1)], axis=0, return_counts=True)
    return colours[counts.argmax()].astype(int)


def share_changed(images, given, truth):
    """Share of the images, float, that are nearer to the truth than to what was given, where the two differ.

    Args:
        images, given, truth: uint8 ``[n, h, w, 3]``: the translations, their inputs, and what they should be.
    """
    images, given, truth = (each.astype(int) for each in (images, given, truth))
    differs = np.abs(given - truth).max(axis=-1) > DIFFERENT
    to_truth, to_given = (np.abs(images - each).sum(axis=-1) for each in (truth, given))
    return float(np.mean((to_truth * differs).sum(axis=(1, 2)) < (to_given * differs).sum(axis=(1, 2))))
