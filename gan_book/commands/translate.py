"""``gan-book translate``: a user's own images, files and folders of any size and format, in overlapping tiles.

The networks are explained in chapters 10 and 11.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from gan_book.commands.quiet import held_back, import_backend
from gan_book.commands.shared import Chapter, Overwrite, RunFolder, open_run, path_option, progress
from gan_book.datasets.images import UnreadableImage, decode_whole, pictures_in
from gan_book.errors import BookError, require_choice, require_memory, shown
from gan_book.paths import atomic_write, writable_target, writable_targets

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
WITH_OPACITY = ("PNG", "WEBP")
QUALITY = {"JPEG": {"quality": 92}, "WEBP": {"quality": 92}, "PNG": {}}


def translate_command(
    chapter: Chapter,
    source: Annotated[Path, path_option("--in", help="An image file of any size, or a folder of them.")],
    out: Annotated[Path, path_option("--out", help="A .png, .jpg or .webp file; a folder for a folder.")],
    overwrite: Overwrite = False,
    direction: Annotated[str | None, typer.Option(help="AtoB or BtoA (chapter 11).")] = None,
    run: RunFolder = None,
):
    """Translate images to the other domain (chapters 10 and 11).

    Files of a folder that cannot be translated are listed and left out.
    """
    import_backend()
    from gan_book.training import chapters

    run = open_run(chapter, run)
    result = translate_path(run, chapters.lesson(chapter), source, out, direction, overwrite)
    for file, reason in result.skipped:
        print(shown(f"skipped: {file} {reason}"))
    total = len(result.done) + len(result.skipped)
    print(shown(f"translated: {len(result.done)} of {total} pictures, to {out}"))


def starts(length, size, overlap):
    """Where tiles begin along a side: ints, from 0 in steps of `size - overlap`; the last tile ends at the end."""
    # The last tile is moved back so that it ends with the picture, and overlaps its neighbour more than the others do.
    # A shorter tile would not fit the network, and one that is padded would show it an edge that is not there.
    return [*range(0, length - size, size - overlap), length - size]


def blending_window(size, overlap):
    """The weight of each pixel of a tile, above 0, falling to its edges over the overlap: float32 ``[height, width]``.

    size, overlap: of both sides; or ``(height, width)``.
    """
    # A network knows least about pixels at the edge of a tile, where it cannot see their neighbours, and two tiles that
    # are put side by side show a seam. With weights that fall linearly one tile fades into the next. In the corners,
    # where four overlap, the product of the two ramps does the same in both directions. Never 0: at the edge of the
    # picture there is only one tile to take.
    down, across = map(_ramp, _both(size), _both(overlap))
    return down[:, None] * across[None, :]


def _ramp(side, overlap):
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) + 1.0
    return np.minimum(distance / (overlap + 1), 1).astype("float32")


def _both(size):
    return size if isinstance(size, tuple) else (size, size)


def in_tiles(picture, size, translate, overlap=None, strips=iter):
    """Applies a function of tiles to a whole picture of any size.

    Where tiles overlap, the result is their weighted mean, see `blending_window`. In addition to the picture and the
    result only one strip of tiles is in memory. A picture smaller than a tile is first enlarged by its mirror image,
    and the result is cropped.

    Args:
        picture: uint8 ``[h, w, 3]``.
        size: side of a tile, or ``(height, width)``.
        translate: uint8 ``[n, height, width, 3]`` to the same.
        overlap: of neighbouring tiles in pixels, or ``(down, across)``; a quarter of `size` if not given.
        strips: function of the list of strips, from top to bottom, that yields them one by one, to show progress.

    Returns:
        uint8 ``[h, w, 3]``.
    """
    high, wide = _both(size)
    overlaps = (high // 4, wide // 4) if overlap is None else _both(overlap)
    height, width, _ = picture.shape
    padded = np.pad(picture, ((0, max(0, high - height)), (0, max(0, wide - width)), (0, 0)), mode="symmetric")
    tops, lefts = (starts(*each) for each in zip(padded.shape[:2], (high, wide), overlaps, strict=True))
    window = blending_window((high, wide), overlaps)[..., None]
    # A weighted mean needs the sum of weighted pixels and the sum of weights. For a whole picture of 89 megapixels
    # those are 1.4 GB in float32. But a strip of tiles only reaches `high` rows down, so the sums are kept for that
    # many rows: what no later strip reaches is divided, rounded and put into the result, and the rest moves up.
    result = np.empty_like(padded)
    total, weight = (np.zeros((high, padded.shape[1], depth), "float32") for depth in (3, 1))
    for top, following in strips(list(zip(tops, [*tops[1:], padded.shape[0]], strict=True))):
        tiles = translate(np.stack([padded[top : top + high, left : left + wide] for left in lefts]))
        for left, tile in zip(lefts, tiles, strict=True):
            total[:, left : left + wide] += window * tile
            weight[:, left : left + wide] += window
        done = following - top  # rows that no later tile reaches
        result[top:following] = np.rint(total[:done] / weight[:done]).astype("uint8")
        total, weight = _moved_up(total, done), _moved_up(weight, done)
    return result[:height, :width]


def _moved_up(rows, count):
    return np.concatenate([rows[count:], np.zeros_like(rows[:count])])


@dataclass(frozen=True)
class Translated:
    """What became of some files: ``(source, target)`` of those translated, ``(source, reason)`` of the others."""

    done: list
    skipped: list


def translate_path(run, lesson, source, target, direction=None, overwrite=False):
    """Translates a picture, or every picture directly in a folder, with a generator of a run.

    A picture keeps its size: the generator sees it in tiles (see `in_tiles`). `gan_book.datasets.images.decode_whole`
    reads it; where it was transparent, so is the translation, if its format allows that.

    Args:
        run: `gan_book.training.runs.Run`.
        lesson: of the run; its task is a `gan_book.training.task.Translation`.
        source: an image file, or a folder.
        target: a .png, .jpg or .webp file; for a folder a folder, in which the translations have the names of the
            pictures, with the ending .png added where their own format cannot be written.
        direction: "AtoB" or "BtoA"; if not given, the run's own, or the first of two.
        overwrite: whether files that exist may be replaced.

    Returns:
        `Translated`; of a folder, files that cannot be read, or whose translation cannot be written, are skipped.

    Raises:
        BookError: not a chapter that translates, no such direction or file, nothing in the folder can be read, or a
            target of another kind or that cannot be written (see `gan_book.paths.writable_target`).
    """
    source, target = Path(source), Path(target)
    network = _network(run, lesson, direction)
    if source.is_dir():
        goals, skipped = _goals(source, target, overwrite)
        return _translate_folder(run.load(network), source, goals, skipped)
    if not source.is_file():
        raise BookError(f"--in {source} is neither a file nor a folder; name a picture or a folder of pictures")
    if target.suffix.lower() not in FORMATS:
        raise BookError(f"--out {target} has an ending this command does not write; use {', '.join(FORMATS)}")
    goal = writable_target(target, [source], overwrite)
    generator, kind = run.load(network), FORMATS[target.suffix.lower()]
    try:
        _translate_file(generator, source, goal, kind, lambda strips: progress(strips, "translating"))
    except UnreadableImage as reason:
        raise BookError(f"{source} {reason}; name another picture") from None
    return Translated([(source, target)], [])


def _network(run, lesson, direction):
    """The name of the run's network for a direction.

    Raises:
        BookError: not a chapter that translates, or it does not in this direction.
    """
    from gan_book.training.task import DIRECTIONS

    networks = getattr(lesson.task, "networks", None)
    if networks is None:
        raise BookError(f"'{lesson.name}' draws from noise and translates nothing; chapters 10 and 11 do")
    if direction is not None:
        require_choice("--direction", direction, DIRECTIONS)
    if not lesson.task.paired:
        return networks[direction or DIRECTIONS[0]]
    own = run.config.settings["direction"]
    if direction not in (None, own):
        raise BookError(f"{run} was trained to translate {own}, not {direction}; leave --direction out")
    return next(iter(networks.values()))


def _goals(source, folder, overwrite):
    """A dict: picture of a folder -> name and place of its translation; and ``(file, reason)`` of the others."""
    if folder.exists() and not folder.is_dir():
        raise BookError(f"--in {source} is a folder but --out {folder} is a file; name a folder for the translations")
    if folder.exists() and folder.samefile(source):
        raise BookError(f"--out {folder} is --in itself and would be overwritten; name another place")
    names, skipped = {}, []
    files = pictures_in(source)
    for file in files:
        name = folder / (file.name if file.suffix.lower() in FORMATS else f"{file.name}.png")
        if name in names:
            skipped.append((file, f"would replace the translation of {names[name].name}; rename one of them"))
        else:
            names[name] = file
    writable, refused = writable_targets(names, files, overwrite)
    skipped += [(names[name], f"cannot be translated: {reason}") for name, reason in refused.items()]
    return {names[name]: (name, goal) for name, goal in writable.items()}, skipped


def _translate_folder(generator, source, goals, skipped):
    done, skipped = [], list(skipped)
    for file, (name, goal) in progress(list(goals.items()), "translating"):
        try:
            _translate_file(generator, file, goal, FORMATS[name.suffix.lower()])
            done.append((file, name))
        except UnreadableImage as reason:
            skipped.append((file, str(reason)))
        except BookError as reason:  # too large for the memory, or for its format
            skipped.append((file, f"cannot be translated: {reason}"))
    if not done:
        name, reason = skipped[0][0].name, skipped[0][1]
        raise BookError(f"none of the {len(skipped)} pictures in {source} can be translated: {name} {reason}")
    return Translated(done, skipped)


def _translate_file(generator, source, goal, kind, strips=iter):
    from gan_book.sampling import translate

    with held_back(UnreadableImage):
        picture, opacity = decode_whole(source)
    what = f"translating {source.name}, {picture.shape[1]:,} x {picture.shape[0]:,} pixels,"
    require_memory(3 * picture.nbytes, what, "make it smaller")  # padded, translated, as written
    size = tuple(generator.input.shape[1:3])
    # Dropout that is active in use (chapter 10) has its noise from a seed: another one for each strip of tiles, or all
    # strips would have the same noise, visible as a repeated pattern.
    seeds = itertools.count()
    tiles = in_tiles(picture, size, lambda tiles: translate(generator, tiles, seed=next(seeds)), strips=strips)
    drawn = Image.fromarray(tiles)
    if opacity is not None and kind in WITH_OPACITY:
        drawn.putalpha(Image.fromarray(opacity))
    with held_back(OSError), atomic_write(goal) as file:
        _save(drawn, file, kind, goal)


def _save(picture, file, kind, target):
    try:
        picture.save(file, format=kind, **QUALITY[kind])
    except (ValueError, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise BookError(f"{target} cannot be written as {kind} ({error}); use .png") from None
