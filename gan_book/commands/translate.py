"""Translating a reader's own pictures: files and folders of any size and format, in tiles that overlap."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan_book.datasets.images import UnreadableImage, decode_whole, pictures_in
from gan_book.errors import BookError, require_choice
from gan_book.paths import atomic_write
from gan_book.sampling import translate
from gan_book.training.task import DIRECTIONS


def starts(length, size, overlap):
    """Where tiles begin along a side: from 0 on in steps of `size - overlap`, the last one ending at the end."""
    return [*range(0, length - size, size - overlap), length - size]


def blending_window(size, overlap):
    """The weight of each pixel of a tile: float32 ``[size, size]``, above 0, falling over the overlap to its edges."""
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 1.0
    ramp = np.minimum(distance / (overlap + 1), 1).astype("float32")
    return ramp[:, None] * ramp[None, :]


def in_tiles(picture, size, translate, overlap=None):
    """Applies a function of tiles to a whole picture.

    Where tiles overlap, each counts the more the farther the pixel is from its edge. Beside the picture and the result
    only one strip of tiles is in memory. What is smaller than a tile is enlarged by its mirror image first, and the
    result cut.

    Args:
        picture: uint8 ``[h, w, 3]``.
        size: side of a tile.
        translate: uint8 ``[n, size, size, 3]`` to the same.
        overlap: of neighbouring tiles in pixels; a quarter of `size` if not given.

    Returns:
        uint8 ``[h, w, 3]``.
    """
    overlap = size // 4 if overlap is None else overlap
    height, width, _ = picture.shape
    padded = np.pad(picture, ((0, max(0, size - height)), (0, max(0, size - width)), (0, 0)), mode="symmetric")
    tops, lefts = (starts(length, size, overlap) for length in padded.shape[:2])
    window = blending_window(size, overlap)[..., None]
    result = np.empty_like(padded)
    total, weight = np.zeros((size, padded.shape[1], 3), "float32"), np.zeros((size, padded.shape[1], 1), "float32")
    for top, following in zip(tops, [*tops[1:], padded.shape[0]], strict=True):
        tiles = translate(np.stack([padded[top : top + size, left : left + size] for left in lefts]))
        for left, tile in zip(lefts, tiles, strict=True):
            total[:, left : left + size] += window * tile
            weight[:, left : left + size] += window
        done = following - top  # rows that no later tile reaches
        result[top:following] = np.rint(total[:done] / weight[:done]).astype("uint8")
        total, weight = _moved_up(total, done), _moved_up(weight, done)
    return result[:height, :width]


def _moved_up(rows, count):
    return np.concatenate([rows[count:], np.zeros_like(rows[:count])])


FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
WITH_OPACITY = ("PNG", "WEBP")
QUALITY = {"JPEG": {"quality": 92}, "WEBP": {"quality": 92}, "PNG": {}}


@dataclass(frozen=True)
class Translated:
    """What became of some files: ``(source, target)`` of those translated, ``(source, reason)`` of the others."""

    done: list
    skipped: list


def translate_path(run, lesson, source, target, direction=None):
    """Translates a picture, or every picture directly in a folder, with a generator of a run.

    A picture keeps its size: a generator sees it in tiles (see `gan_book.commands.translate.in_tiles`). It is read as
    `gan_book.datasets.images.decode_whole` says; where it was transparent, so is the translation, if its format can be.

    Args:
        run: `gan_book.training.runs.Run`.
        lesson: of the run; its task is a `gan_book.training.task.Translation`.
        source: an image file, or a folder.
        target: a .png, .jpg or .webp file; for a folder a folder, in which the translations have the names of the
            pictures, with the ending .png where theirs cannot be written.
        direction: "AtoB" or "BtoA"; if not given, the run's own, or the first of two.

    Returns:
        `Translated`; of a folder, files that cannot be read are skipped.

    Raises:
        BookError: not a chapter that translates, no such direction or file, nothing in the folder can be read, or a
            target of another kind.
    """
    generator = _generator(run, lesson, direction)
    source, target = Path(source), Path(target)
    if source.exists() and target.exists() and target.samefile(source):
        raise BookError(f"--out {target} is --in itself and would be overwritten; name another place")
    if source.is_dir():
        return _folder(generator, source, target)
    if not source.is_file():
        raise BookError(f"--in {source} is neither a file nor a folder; name a picture or a folder of pictures")
    if target.suffix.lower() not in FORMATS:
        raise BookError(f"--out {target} has an ending this command does not write; use {', '.join(FORMATS)}")
    try:
        _file(generator, source, target)
    except UnreadableImage as reason:
        raise BookError(f"{source} {reason}; name another picture") from None
    return Translated([(source, target)], [])


def _generator(run, lesson, direction):
    networks = getattr(lesson.task, "networks", None)
    if networks is None:
        raise BookError(f"'{lesson.name}' draws from noise and translates nothing; chapters 10 and 11 do")
    if direction is not None:
        require_choice("--direction", direction, DIRECTIONS)
    if lesson.task.paired:
        own = lesson.settings_of(run).direction
        if direction not in (None, own):
            raise BookError(f"{run} was trained to translate {own}, not {direction}; leave --direction out")
        return run.load(next(iter(networks.values())))
    return run.load(networks[direction or DIRECTIONS[0]])


def _folder(generator, source, target):
    if target.exists() and not target.is_dir():
        raise BookError(f"--in {source} is a folder but --out {target} is a file; name a folder for the translations")
    files = pictures_in(source)
    made, skipped = {}, []
    for file in files:
        goal = target / (file.name if file.suffix.lower() in FORMATS else f"{file.name}.png")
        if goal in made:
            skipped.append((file, f"would replace the translation of {made[goal].name}; rename one of them"))
            continue
        try:
            _file(generator, file, goal)
            made[goal] = file
        except UnreadableImage as reason:
            skipped.append((file, str(reason)))
    if not made:
        name, reason = skipped[0][0].name, skipped[0][1]
        raise BookError(f"none of the {len(files)} pictures in {source} can be read: {name} {reason}")
    return Translated([(file, goal) for goal, file in made.items()], skipped)


def _file(generator, source, target):
    picture, opacity = decode_whole(source)
    size = generator.input.shape[1]
    seeds = itertools.count()  # another one for each strip of tiles, lest dropout draw the same in all
    drawn = Image.fromarray(in_tiles(picture, size, lambda tiles: translate(generator, tiles, seed=next(seeds))))
    kind = FORMATS[target.suffix.lower()]
    if opacity is not None and kind in WITH_OPACITY:
        drawn.putalpha(Image.fromarray(opacity))
    with atomic_write(target) as file:
        _save(drawn, file, kind, target)


def _save(picture, file, kind, target):
    try:
        picture.save(file, format=kind, **QUALITY[kind])
    except (ValueError, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise BookError(f"{target} cannot be written as {kind} ({error}); use .png") from None
