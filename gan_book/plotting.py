"""The figures of the book: grids of samples, loss curves, comparisons and animations.

Everything here takes uint8 images and writes a file. Figures are laid out pixel by pixel, so that one pixel of an
image is always a square of whole pixels on the page. They are made without pyplot, so no global state is touched. How
to read the grids and curves is explained in chapter 6.
"""

import math
import unicodedata
from functools import cache

import numpy as np
from matplotlib import font_manager, ft2font
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from gan_book.errors import BookError, shown
from gan_book.paths import atomic_write

DPI = 100
TITLE = {"fontsize": 12, "weight": "bold"}
TEXT = {"fontsize": 10}
LINE = 26  # height in pixels of one line of text with the air around it
MARGIN = 12
GIF_COLOURS = 128
FONT = "DejaVu Sans"  # comes with matplotlib


def image_grid(images, rows, columns, padding=2, scale=None):
    """Arranges images in rows and columns on white.

    Args:
        images: uint8 ``[n, height, width, channels]`` with 1 or 3 channels and ``n`` at most ``rows * columns``;
            the remaining cells stay white.
        rows, columns: of the grid.
        padding: white pixels between two images and around the grid, after enlarging.
        scale: how many times to enlarge each image, or None to make small images about 56 pixels high.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        BookError: the images have another shape or type, or there are more of them than cells.
    """
    images = _checked(images)
    n, height, width, channels = images.shape
    if n > rows * columns:
        raise BookError(f"{n} images do not fit a grid of {rows} x {columns}; give more rows or columns")
    scale = scale or max(1, round(56 / height))
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    high, wide = height * scale + padding, width * scale + padding
    grid = np.full((rows * high + padding, columns * wide + padding, channels), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = padding + index // columns * high, padding + index % columns * wide
        grid[top : top + height * scale, left : left + width * scale] = image
    return grid


def save_png(array, path):
    """Writes uint8 ``[height, width, 1 or 3]`` as a PNG file.

    Raises:
        OSError: of writing, with the path.
    """
    with atomic_write(path) as file:
        _pillow(array).save(file, format="PNG", optimize=True)


def labelled_grid(images, row_names, path, title=None, footer=None):
    """Writes a figure with one row of images per name, the names at the left.

    Args:
        images: uint8 ``[len(row_names) * columns, height, width, channels]``, row after row.
        row_names: texts, such as the names of the classes.
        path: of the PNG file.
        title: text above the grid.
        footer: text below the grid, such as "label accuracy 91.2 % on 10,000 samples".

    Raises:
        BookError: images of another type or shape, or rows of different length.
    """
    images = _checked(images)
    rows = len(row_names)
    scale = _page_scale(images)
    grid = image_grid(images, rows, _columns(len(images), rows), padding=scale, scale=scale)
    _write_panels([(None, grid)], path, row_names, title=title, footer=footer)


def side_by_side(groups, path, title=None, columns=5, footer=None):
    """Writes a figure that compares sets of images: one grid each, next to each other, its name above it.

    Args:
        groups: dict from name ("real", "book", "full") to uint8 ``[rows * columns, height, width, channels]``.
        path: of the PNG file.
        title, footer: texts above and below.
        columns: of each grid.

    Raises:
        BookError: images of another type or shape.
    """
    panels = []
    for name, images in groups.items():
        images = _checked(images)
        rows, scale = math.ceil(len(images) / columns), _page_scale(images)
        panels.append((name, image_grid(images, rows, columns, padding=scale, scale=scale)))
    _write_panels(panels, path, (), title=title, footer=footer)


def curve_panels(panels, path, xlabel, ylabel):
    """Writes a figure with the curves of several trainings: a panel for each dict, side by side, on one scale.

    Args:
        panels: dict: title -> dict: name of a curve -> list of ``(x, y)``, one for each training, in one colour.
        path: of the PNG file.
        xlabel, ylabel: of the axes.
    """
    figure = Figure(figsize=(1 + 3.5 * len(panels), 3.2), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        for number, (name, trainings) in enumerate(curves.items()):
            for seed, (x, y) in enumerate(trainings):
                axis.plot(x, y, color=f"C{number}", alpha=0.7, linewidth=1, label=None if seed else name)
        axis.set_title(title, **TITLE)
        axis.set_xlabel(xlabel)
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    axes[0].set_ylabel(ylabel)
    write_figure(figure, path)


def save_gif(frames, path, seconds_per_frame=0.25, hold_last=2.0):
    """Writes an endless GIF whose frames share one palette, so that parts that do not move do not flicker.

    Args:
        frames: list of uint8 ``[height, width, 1 or 3]``, all of one shape.
        path: of the file.
        seconds_per_frame: for all frames but the last.
        hold_last: seconds for which the last frame stays.

    Raises:
        BookError: there are no frames, or their shapes differ.
    """
    shapes = {np.shape(frame) for frame in frames}
    if len(shapes) != 1:
        found = "there are none" if not shapes else f"there are {sorted(shapes)}"
        raise BookError(f"the frames of {path} must all have one shape, but {found}; draw them all with one grid")
    # The palette is made from four frames, first and last among them: early frames are noise and have other colours.
    chosen = [frames[index] for index in np.linspace(0, len(frames) - 1, 4).astype(int)]
    palette = _pillow(np.concatenate(chosen)).convert("RGB").quantize(GIF_COLOURS)
    # One by one, as Pillow asks for them: all frames in true colour would take three to four times the memory.
    first, *others = frames
    pictures = (_in_colours(frame, palette) for frame in others)
    durations = [round(1000 * seconds_per_frame)] * len(others) + [round(1000 * hold_last)]
    with atomic_write(path) as file:
        _in_colours(first, palette).save(
            file, format="GIF", save_all=True, append_images=pictures, duration=durations, loop=0, optimize=True
        )


def _in_colours(frame, palette):
    return _pillow(frame).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)


def _checked(images):
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise BookError(
            f"images to draw must be uint8 [n, height, width, 1 or 3], not {images.dtype} {list(images.shape)}; "
            "scale the generator's output to 0..255 first"
        )
    return images


def _columns(count, rows):
    if count % rows:
        raise BookError(f"{count} images cannot be set out in {rows} rows of equal length; draw the same of each")
    return count // rows


def _page_scale(images):
    """Enlargement for a figure that is read on a page: 28 pixels become 84, 100 stay 100."""
    return max(1, round(84 / images.shape[1]))


def _pillow(array):
    array = np.asarray(array)
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def with_caption(picture_file, caption):
    """An image file as uint8 ``[height, width, 3]`` with a white strip below it that holds the caption."""
    with Image.open(picture_file) as picture:
        framed = Image.new("RGB", (picture.width, picture.height + LINE), "white")
        framed.paste(picture.convert("RGB"))
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)
    ImageDraw.Draw(framed).text((6, framed.height - LINE // 2), caption, fill="black", font=font, anchor="lm")
    return np.asarray(framed)


def legible(text, otherwise="?"):
    """A text that can be drawn, for names in any script: the text itself if some font here has all its characters.

    Args:
        text: such as the name of a class.
        otherwise: what to draw if no font has them, such as "class 3".
    """
    text = shown(text)
    return text if _families(text) else otherwise


def _without_boxes(text):
    """A sentence with "?" for each character that no font here has."""
    text = shown(text)
    return text if _families(text) else "".join(map(legible, text))


def _families(text):
    """The fonts for a text, the second for characters that the first lacks; None if no font here has them all."""
    characters = frozenset(text)
    if not _is_shaped() and any(_needs_shaping(c) for c in unicodedata.normalize("NFC", text)):
        return None
    missing = frozenset(ord(c) for c in characters if not c.isspace()) - _characters(font_manager.findfont(FONT))
    if not missing:
        return [FONT]
    found = _font_with(missing)
    return [FONT, found] if found else None


@cache
def _font_with(characters):
    """The first font of this machine that has all of these characters; None if there is none."""
    for entry in font_manager.fontManager.ttflist:
        # The font of last resort has a box for each character there is.
        if "last resort" not in entry.name.lower() and characters <= _characters(entry.fname):
            return entry.name
    return None


@cache
def _characters(file):
    try:
        return frozenset(ft2font.FT2Font(file).get_charmap())
    except (OSError, RuntimeError):  # removed since the list was made, or damaged
        return frozenset()


def _is_shaped():
    """Whether matplotlib joins letters and writes from right to left (from version 3.11 on)."""
    return hasattr(ft2font, "__libraqm_version__")


def _needs_shaping(character):
    return unicodedata.bidirectional(character) in ("R", "AL") or unicodedata.category(character) in ("Mn", "Mc")


def _style(text, style):
    return {**style, "fontfamily": _families(text) or [FONT]}


def _text_width(text, style=TEXT):
    """Width of a text in pixels; 0 for None or an empty one."""
    if not text:
        return 0
    figure = Figure(dpi=DPI)
    drawn = figure.text(0, 0, text, parse_math=False, **_style(text, style))
    return math.ceil(drawn.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width)


def _write_panels(panels, path, row_names, title=None, footer=None):
    """Writes ``(name, grid)`` panels from left to right. All places are in pixels from the top left corner."""
    row_names = [legible(name, f"class {row}") for row, name in enumerate(row_names)]
    panels = [(name and legible(name, f"column {number}"), grid) for number, (name, grid) in enumerate(panels, 1)]
    title, footer = (text and _without_boxes(text) for text in (title, footer))
    label_width = max(map(_text_width, row_names), default=0)
    x = start = MARGIN + (label_width + MARGIN if label_width else 0)
    top = MARGIN + (LINE if title else 0) + (LINE if any(name for name, _ in panels) else 0)
    bottom = top + max(grid.shape[0] for _, grid in panels)
    places = []
    for name, grid in panels:
        places.append((x, name, grid))
        x += max(grid.shape[1], _text_width(name)) + MARGIN
    width = max(
        x,
        start + _text_width(title, TITLE) + MARGIN,
        start + _text_width(footer) + MARGIN,
    )
    height = bottom + (LINE if footer else 0) + MARGIN
    # Matplotlib counts in inches and in shares of the figure. With a figure of exactly width x height pixels, a place
    # in pixels divided by them is the share, and each axis gets exactly as many pixels as its grid has.
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")

    def write(at_x, at_y, text, style=TEXT, ha="left"):
        style = _style(text or "", style)
        figure.text(at_x / width, 1 - at_y / height, text or "", ha=ha, va="center", parse_math=False, **style)

    for at_x, name, grid in places:
        box = (at_x / width, 1 - (top + grid.shape[0]) / height, grid.shape[1] / width, grid.shape[0] / height)
        axis = figure.add_axes(box)
        axis.set_axis_off()
        axis.imshow(np.broadcast_to(grid, (*grid.shape[:2], 3)), interpolation="nearest", aspect="auto")
        write(at_x, top - LINE / 2, name)
    row_height = (bottom - top) / max(1, len(row_names))
    for row, name in enumerate(row_names):
        write(start - MARGIN, top + (row + 0.5) * row_height, name, ha="right")
    write(start, MARGIN + LINE / 2 - 3, title, TITLE)
    write(start, bottom + LINE / 2 + 3, footer)
    write_figure(figure, path)


def write_figure(figure, path):
    """Writes a `matplotlib.figure.Figure` as a PNG file."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=DPI)
