"""Translating a reader's own pictures: files and folders of any size and format."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gan_book.datasets.decode import UnreadableImage, decode_whole
from gan_book.datasets.files import pictures_in
from gan_book.errors import BookError, require_choice
from gan_book.paths import atomic_write
from gan_book.tasks.translation import DIRECTIONS, translate
from gan_book.tiling import in_tiles

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

    A picture keeps its size: a generator sees it in tiles (see `gan_book.tiling.in_tiles`). It is read as
    `gan_book.datasets.decode.decode_whole` says; where it was transparent, so is the translation, if its format can be.

    Args:
        run: `gan_book.runs.Run`.
        lesson: of the run; its task is a `gan_book.tasks.translation.Translation`.
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
        own = run.config["settings"]["direction"]
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
