"""The figures of the book: grids of samples, loss curves, comparisons and animations.

Everything here takes uint8 images. `show` makes a `Picture` for a notebook, the others write a file. Figures are laid
out pixel by pixel, so that one pixel of an image is always a square of whole pixels on the page. They are made without
pyplot, so no global state is touched. How to read the grids and curves is explained in chapter 6.
"""

import io
import math
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager, ft2font
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from gan_book.errors import BookError, counted, shown
from gan_book.paths import atomic_write

DPI = 100
TITLE = {"fontsize": 12, "weight": "bold"}
TEXT = {"fontsize": 10}
LINE, TITLE_LINE = 17, 22  # height in pixels of one line of text
AIR = 6  # between a text and the images
GAP = 4  # between two images
MARGIN = 12  # around the page, and between two groups of columns
ROW_NAME = 180  # the widest name of a row; a longer one has several lines
NARROWEST = 400  # room for a title above one or two images
FEW = 8  # images in a row, up to which they are shown larger
STRIP = 26  # height of a caption
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


class Picture:
    """A finished picture. A notebook shows it once, in its own format; `save` writes it to a file.

    Made by `show` and `picture`.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, content, kind, size):
        self._content, self._kind, self.size = content, kind, size

    def save(self, path):
        """Writes the file, whole or not at all, and returns the path."""
        with atomic_write(path) as file:
            file.write(self._content)
        return Path(path)

    # A Pillow image in a notebook is stored twice, as PNG and as JPEG. Of these two, one returns None.
    def _repr_png_(self):
        return self._content if self._kind == "PNG" else None

    def _repr_jpeg_(self):
        return self._content if self._kind == "JPEG" else None

    def __repr__(self):
        return f"<Picture of {self.size[0]} x {self.size[1]} pixels>"


def picture(path):
    """The `Picture` in a PNG or JPEG file, such as ``picture(run.folder / "samples.png")``.

    Raises:
        BookError: there is no such file, or it is no PNG or JPEG.
    """
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            kind, size = image.format, image.size
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises at damaged files
        reason = getattr(error, "strerror", None) or "it holds no image"
        raise BookError(f"cannot read the picture {path}: {reason}; name a PNG or JPEG file") from None
    if kind not in ("PNG", "JPEG"):
        raise BookError(f"{path} is a {kind} file; name a PNG or JPEG file")
    return Picture(content, kind, size)


def show(images, rows=None, columns=None, title=None, footer=None):
    """Images in rows and columns with their names, as a `Picture`: the last line of a notebook's cell shows it.

        gb.show({"real": data.images[:8], "generated": images[:8]}, title="Fashion-MNIST, real and generated")
        gb.show(images, rows=data.class_names)             # a row for each class, row after row
        gb.show(images, columns=["map", "satellite"])      # two columns

    Args:
        images: uint8 ``[n, height, width, 1 or 3]``, row after row; or a list of such arrays, one for each row; or a
            dict from the name of a row to such an array. Rows in a list or a dict may have different lengths.
        rows: the names of the rows, or their number.
        columns: the names of the columns, or their number. Without rows and columns, up to 10 images are one row, and
            more are ten to a row.
        title: a sentence above: what model, what data, how long it was trained.
        footer: a sentence below.

    Raises:
        BookError: images of another type or shape, or another number of them than rows and columns say.
    """
    if isinstance(images, dict):
        rows, images = (rows if _are_names(rows) else list(images)), list(images.values())
    names, heads = (list(each) if _are_names(each) else None for each in (rows, columns))
    if isinstance(images, (list, tuple)) and images and np.ndim(images[0]) == 4:
        cells = [_checked(row) for row in images]
    else:
        cells = _set_out(_checked(images), rows, columns)
    longest = max(map(len, cells))
    if names is not None and len(names) != len(cells):
        raise BookError(f"{len(names)} names do not fit {counted(len(cells), 'row')}; give each row a name")
    if heads is not None and len(heads) != longest:
        raise BookError(f"{len(heads)} names do not fit {counted(longest, 'column')}; give each column a name")
    groups = [(head, 1) for head in heads] if heads else [(None, longest)]
    return _page(cells, names or [], groups, title, footer)


def labelled_grid(images, row_names, path, title=None, footer=None):
    """Writes a figure with one row of images per name, the names at the left: `show` with a file.

    Args:
        images: uint8 ``[len(row_names) * columns, height, width, channels]``, row after row.
        row_names: texts, such as the names of the classes.
        path: of the PNG file.
        title: text above the grid.
        footer: text below the grid, such as "label accuracy 91.2 % on 10,000 samples".

    Raises:
        BookError: images of another type or shape, or rows of different length.
    """
    show(images, rows=row_names, title=title, footer=footer).save(path)


def side_by_side(groups, path, title=None, columns=5, footer=None, row_names=()):
    """Writes a figure that compares sets of images: one grid each, next to each other, its name above it.

    Args:
        groups: dict from name ("real", "book", "full") to uint8 ``[rows * columns, height, width, channels]``.
        path: of the PNG file.
        title, footer: texts above and below.
        columns: of each grid; or a list, one number for each group.
        row_names: texts at the left, one for each row; none if empty.

    Raises:
        BookError: images of another type or shape.
    """
    widths = [columns] * len(groups) if isinstance(columns, int) else list(columns)
    grids = [_checked(images) for images in groups.values()]
    rows = max(math.ceil(len(grid) / width) for grid, width in zip(grids, widths, strict=True))
    cells = []
    for row in range(rows):
        parts = [list(grid[row * width : (row + 1) * width]) for grid, width in zip(grids, widths, strict=True)]
        cells.append([each for part, w in zip(parts, widths, strict=True) for each in part + [None] * (w - len(part))])
    _page(cells, list(row_names), list(zip(groups, widths, strict=True)), title, footer).save(path)


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


def save_gif(frames, path, seconds_per_frame=0.25, hold_last=2.0, colours=128):
    """Writes an endless GIF whose frames share one palette, so that parts that do not move do not flicker.

    Args:
        frames: list of uint8 ``[height, width, 1 or 3]``, all of one shape.
        path: of the file.
        seconds_per_frame: for all frames but the last.
        hold_last: seconds for which the last frame stays.
        colours: of the palette, at most 256; fewer make a smaller file.

    Raises:
        BookError: there are no frames, or their shapes differ.
    """
    shapes = {np.shape(frame) for frame in frames}
    if len(shapes) != 1:
        found = "there are none" if not shapes else f"there are {sorted(shapes)}"
        raise BookError(f"the frames of {path} must all have one shape, but {found}; make them all with one grid")
    # The palette is made from four frames, first and last among them: early frames are noise and have other colours.
    chosen = [frames[index] for index in np.linspace(0, len(frames) - 1, 4).astype(int)]
    palette = _pillow(np.concatenate(chosen)).convert("RGB").quantize(colours)
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
            f"images to show must be uint8 [n, height, width, 1 or 3], not {images.dtype} {list(images.shape)}; "
            "scale the generator's output to 0..255 first"
        )
    return images


def _are_names(given):
    return given is not None and not isinstance(given, int)


def _set_out(images, rows, columns):
    """The images as a list of rows; `rows` and `columns` are names, numbers or None."""
    count = len(images)
    high, wide = (len(each) if _are_names(each) else each for each in (rows, columns))
    if wide is None:
        if high is None:
            wide = min(count, 10)
        elif count % high:
            raise BookError(f"{count} images cannot be set out in {high} rows of equal length; give the same of each")
        else:
            wide = count // high
    if high is not None and count > high * wide:
        raise BookError(f"{count} images do not fit {high} rows of {wide}; give more rows or columns")
    return [images[first : first + wide] for first in range(0, count, wide)]


def _page_scale(height, columns):
    """Enlargement for a page: 28 pixels become 112, or 84 where more than `FEW` are in a row; 64 become 128."""
    return max(1, math.ceil((96 if columns <= FEW else 84) / height))


def _pillow(array):
    array = np.asarray(array)
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def with_caption(picture_file, caption):
    """An image file as uint8 ``[height, width, 3]`` with a white strip below it that holds the caption."""
    with Image.open(picture_file) as picture:
        framed = Image.new("RGB", (picture.width, picture.height + STRIP), "white")
        framed.paste(picture.convert("RGB"))
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)
    ImageDraw.Draw(framed).text((6, framed.height - STRIP // 2), caption, fill="black", font=font, anchor="lm")
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
    written = figure.text(0, 0, text, parse_math=False, **_style(text, style))
    return math.ceil(written.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width)


def _lines(text, width, style=TEXT):
    """The text in lines of at most `width` pixels, broken between words, and a longer word wherever it must."""
    if _text_width(text, style) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _text_width(longer, style) <= width:
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = lines[-1] or word
        while len(lines[-1]) > 1 and _text_width(lines[-1], style) > width:
            fits = next(
                n for n in range(len(lines[-1]) - 1, 0, -1) if _text_width(lines[-1][:n], style) <= width or n == 1
            )
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return lines


def _page(cells, row_names, groups, title=None, footer=None):
    """The one layout of all pictures, as a `Picture`: a grid of images on white with texts around it.

    Every column has the width of an image: texts are broken into lines and never move the images. All places are in
    pixels from the top left corner.

    Args:
        cells: list of rows, each a sequence of uint8 images ``[h, w, 1 or 3]``, all of one size, or None for no image.
        row_names: texts at the left; none if empty.
        groups: ``(name, number of columns)`` from left to right, with a gap between two groups; the names stand above.
        title, footer: texts above and below, or None.
    """
    images = [image for row in cells for image in row if image is not None]
    if len({image.shape[:2] for image in images}) > 1:
        raise BookError("the images to show are of several sizes; make them all of one size first")
    scale = _page_scale(images[0].shape[0], sum(count for _, count in groups))
    high, wide = (side * scale for side in images[0].shape[:2])
    widths = [count * (wide + GAP) - GAP for _, count in groups]

    row_names = [_lines(legible(name, f"class {row}"), ROW_NAME) for row, name in enumerate(row_names)]
    label_width = max((_text_width(line) for lines in row_names for line in lines), default=0)
    left = MARGIN + (label_width + MARGIN if label_width else 0)
    lefts = [left + sum(widths[:number]) + number * MARGIN for number in range(len(groups))]
    width = max(lefts[-1] + widths[-1], left + NARROWEST * bool(title or footer)) + MARGIN
    heads = [
        _lines(legible(name, f"column {number}"), wanted) if name else []
        for number, ((name, _), wanted) in enumerate(zip(groups, widths, strict=True), 1)
    ]
    title, footer = (
        _lines(_without_boxes(text), width - left - MARGIN, style) if text else []
        for text, style in ((title, TITLE), (footer, TEXT))
    )
    head_lines = max(map(len, heads))
    top = MARGIN + _height(title, TITLE_LINE) + _height(range(head_lines), LINE)
    bottom = top + len(cells) * (high + GAP) - GAP
    height = bottom + _height(footer, LINE) + MARGIN

    page = np.full((height, width, 3), 255, np.uint8)
    columns = [at + n * (wide + GAP) for at, (_, count) in zip(lefts, groups, strict=True) for n in range(count)]
    for row, line in enumerate(cells):
        y = top + row * (high + GAP)
        for x, image in zip(columns, line, strict=False):
            if image is not None:
                page[y : y + high, x : x + wide] = image.repeat(scale, axis=0).repeat(scale, axis=1)
    # Matplotlib counts in inches and in shares of the figure. With a figure of exactly width x height pixels, a place
    # in pixels divided by them is the share, and `figimage` puts one pixel of the page on one of the file.
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    figure.figimage(page, origin="upper")

    def write(lines, x, y, step, style=TEXT, ha="left"):
        for number, text in enumerate(lines):
            at = (x / width, 1 - (y + (number + 0.5) * step) / height)
            figure.text(*at, text, ha=ha, va="center", parse_math=False, **_style(text, style))

    for lines, x in zip(heads, lefts, strict=True):  # one line stands where the last of several does
        write(lines, x, top - AIR - len(lines) * LINE, LINE)
    for row, lines in enumerate(row_names):
        middle = top + row * (high + GAP) + high / 2
        write(lines, left - MARGIN, middle - len(lines) * LINE / 2, LINE, ha="right")
    write(title, left, MARGIN, TITLE_LINE, TITLE)
    write(footer, left, bottom + AIR, LINE)
    return as_picture(figure)


def _height(lines, step):
    """Pixels that lines of text take, with the air between them and the images; 0 for none."""
    return len(lines) * step + AIR if len(lines) else 0


def as_picture(figure):
    """A `matplotlib.figure.Figure` as a `Picture`."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return Picture(buffer.getvalue(), "PNG", tuple(round(DPI * side) for side in figure.get_size_inches()))


def write_figure(figure, path):
    """Writes a `matplotlib.figure.Figure` as a PNG file."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=DPI)
