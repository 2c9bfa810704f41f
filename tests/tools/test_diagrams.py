"""The diagrams are those that the program writes, and can be read: nothing overflows, overlaps, or is pale."""

import itertools
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from PIL import ImageFont

from tools import diagrams

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"name": diagrams.NAME, "title": diagrams.NAME, "note": diagrams.NOTE, "sub": diagrams.SUBSCRIPT}
each_diagram = pytest.mark.parametrize("function", diagrams.DIAGRAMS, ids=lambda function: function.__name__)


def drawing(function):
    return ElementTree.fromstring(diagrams.svg_of(function))


@cache
def font(size, bold):
    # DejaVu Sans, which comes with matplotlib, is the widest of the usual sans-serif fonts.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


def width(text):
    """Width of a text element in pixels: its own characters, and those of its spans."""
    look = text.get("class").split()[0]
    parts = [(look, text.text)]
    for span in text:
        parts += [("sub" if "sub" in span.get("class", "") else look, span.text), (look, span.tail)]
    return sum(font(SIZES[kind], look == "title").getlength(part) for kind, part in parts if part)


def extent(text):
    """Left, top, right, bottom of a text element."""
    x, y, w = float(text.get("x")), float(text.get("y")), width(text)
    look = text.get("class").split()
    left = x - w / 2 if "middle" in look else x - w if "end" in look else x
    return left, y - 0.75 * SIZES[look[0]], left + w, y + 4


def sides(rect):
    x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def groups(root, kind):
    return [group for group in root.iter(f"{SVG}g") if kind in group.get("class").split()]


def segments(root):
    """The straight parts of all arrows, as left, top, right, bottom."""
    for line in root.iter(f"{SVG}path"):
        if line.get("class") == "line":
            points = [tuple(map(float, point.split())) for point in line.get("d")[1:].split("L")]
            for (x0, y0), (x1, y1) in itertools.pairwise(points):
                yield min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def words(text):
    return "".join(text.itertext())


@each_diagram
def test_file_is_what_the_program_writes(function):
    path = diagrams.FIGURES / f"{function.__name__}.svg"
    written = path.read_text(encoding="utf-8")
    assert written == diagrams.svg_of(function), f"{path} is out of date: run `python -m tools.diagrams`"


def test_no_other_files():
    assert {path.stem for path in diagrams.FIGURES.glob("*.svg")} == {each.__name__ for each in diagrams.DIAGRAMS}


@each_diagram
def test_stands_alone_and_has_a_text_alternative(function):
    root = drawing(function)
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text.endswith(".") and "\n" not in title.text and len(description.text) > len(title.text)
    text = diagrams.svg_of(function).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|href|url\(|@import|<script|<image|<foreignObject| on\w+=", text)
    assert "prefers-color-scheme:dark" in text


@each_diagram
def test_texts_fit(function):
    root = drawing(function)
    assert float(root.get("width")) == 700 and min(SIZES.values()) >= 14
    page = (14, 14, 686, float(root.get("height")) - 10)
    for text in root.iter(f"{SVG}text"):
        left, top, right, bottom = extent(text)
        assert page[0] <= left and page[1] <= top and right <= page[2] and bottom <= page[3], words(text)
    for box in groups(root, "box"):
        for text in box.iter(f"{SVG}text"):
            left, top, right, bottom = sides(box.find(f"{SVG}rect"))
            x0, y0, x1, y1 = extent(text)
            assert left + 2 <= x0 and x1 <= right - 2 and top <= y0 and y1 <= bottom, (words(text), x1 - x0)


@each_diagram
def test_nothing_overlaps(function):
    root = drawing(function)
    boxes = [(words(box), sides(box.find(f"{SVG}rect"))) for box in groups(root, "box")]
    texts = [(words(text), extent(text)) for text in root.iter(f"{SVG}text")]
    free = [(words(text), extent(text)) for text in root.findall(f"{SVG}text")]
    lines = [("an arrow", segment) for segment in segments(root)]
    broad = [("an arrow", (left - 3, top - 3, right + 3, bottom + 3)) for _, (left, top, right, bottom) in lines]
    pairs = [
        *itertools.combinations(texts, 2),
        *itertools.combinations(boxes, 2),
        *itertools.product(free, boxes),
        *itertools.product(lines, boxes),  # a text in a box is covered by that
        *itertools.product(broad, free),
    ]
    assert [(a, b) for (a, first), (b, second) in pairs if overlap(first, second)] == []


def luminance(colour):
    """Relative luminance of ``#rrggbb``, as in the Web Content Accessibility Guidelines."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [0, 1])
def test_colours_can_be_told_apart(dark):
    for kind, mode in diagrams.PALETTE.items():
        fill, outline = mode[dark]
        assert contrast(diagrams.TEXT[dark], fill) >= 7, kind
        if kind not in ("card", "panel"):
            assert contrast(outline, fill) >= 3, kind
    for colour in (diagrams.ARROW, diagrams.GRADIENT):
        assert contrast(colour[dark], diagrams.PALETTE["panel"][dark][0]) >= 3


def test_spans():
    assert diagrams.spans("*x*_{fake} & c") == (
        '<tspan class="it">x</tspan><tspan class="sub" dy="3">fake</tspan><tspan dy="-3"> &amp; c</tspan>'
    )
    assert diagrams.spans("*v*_{*y*}") == '<tspan class="it">v</tspan><tspan class="sub it" dy="3">y</tspan>'
