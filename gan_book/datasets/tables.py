"""Classes of images that are given by a table (labels.csv), not by the names of folders."""

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from gan_book.datasets.layout import part_of
from gan_book.errors import BookError

ENDINGS = (".csv", ".tsv")
_FILES = {
    "file",
    "filename",
    "filepath",
    "path",
    "image",
    "imagename",
    "imagepath",
    "imagefile",
    "imageid",
    "img",
    "id",
}
_LABELS = {"label", "labels", "labelname", "class", "classname", "classlabel", "category", "target", "species", "breed"}
_PARTS = {"split", "subset", "part", "partition", "usage", "set", "dataset"}
_MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class Labelled:
    """What a table says of an image: its class, and its part ("train", ...; None if the table does not say)."""

    label: str
    part: str | None


def read_labels(table, pictures):
    """Reads which class each image has.

    One column must name the image files, with or without folders and endings. Another has the class: a column with such
    a name ("label", "class", "category", ...), or the only other column; or there is a column of 0 and 1 for every
    class. A column "split" may say which part an image belongs to.

    Args:
        table: path of a file with a line an image, columns separated by commas, semicolons or tabs.
        pictures: paths of the image files that exist.

    Returns:
        ``{path: Labelled}`` of the images it names; None if it names none of them.

    Raises:
        BookError: it names images, but no class can be read from it; or it contradicts itself.
    """
    rows = _rows(table)
    if not rows:
        return None
    index = _Index(pictures, table)
    names = _column_of_files(rows, index)
    if names is None:
        return None
    head = [""] * len(rows[0]) if index.find(rows[0][names]) else rows.pop(0)
    rows = [(index.find(row[names]), row) for row in rows if len(row) == len(head)]
    rows = [(path, row) for path, row in rows if path]
    others = [column for column in range(len(head)) if column != names and any(row[column] for _, row in rows)]
    part = next((column for column in others if _word(head[column]) in _PARTS), None)
    label = _labelling(table, head, rows, [column for column in others if column != part])
    if label is None:
        return None
    found = {}
    for path, row in rows:
        if text := _text(table, label(row)):
            entry = Labelled(text, _part(table, row[part]) if part is not None else None)
            if found.setdefault(path, entry) != entry:
                raise BookError(
                    f"{table} gives {path.name} the classes '{found[path].label}' and '{text}'; "
                    "a picture can have only one, so leave one line of it"
                )
    return found


def _rows(table):
    """The lines that are not empty, split; None if this is no table of two columns or more."""
    try:
        if table.stat().st_size > _MOST_BYTES:
            return None
        content = table.read_bytes()
        # Spreadsheets write UTF-16 with a mark; what is neither this nor UTF-8 is found in the labels, see `_text`.
        coding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        text = content.decode(coding, errors="surrogateescape" if coding == "utf-8-sig" else "strict")
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=separator) if row]
    except (OSError, ValueError, csv.Error):
        return None
    return rows if rows and len(rows[0]) > 1 else None


class _Index:
    """Finds the image file that a table's cell means."""

    # Tables write "cat/1.jpg", "1.jpg" or "1" for the same file. So every file is entered under the last one, two,
    # three and four parts of its path and under its bare name, and a cell is looked up by as many parts as it has.
    def __init__(self, pictures, table):
        self.table, self.paths = table, {}
        for picture in pictures:
            whole = PurePosixPath(picture.as_posix())
            keys = {"/".join(whole.parts[-count:]) for count in range(1, min(4, len(whole.parts)) + 1)}
            for key in keys | {whole.stem}:
                self.paths.setdefault(key, []).append(picture)

    def find(self, cell):
        """The image file, or None.

        Raises:
            BookError: the cell may mean several files.
        """
        parts = PurePosixPath(cell.replace("\\", "/")).parts
        for count in range(min(4, len(parts)), 0, -1):
            found = self.paths.get("/".join(parts[-count:]), [])
            here = self.table.parent
            near = next((n for part in (here / self.table.stem, here) if (n := _below(part, found))), found)
            if len(near) > 1:
                raise BookError(
                    f"{self.table} names '{cell}', and that may be {near[0]} or {near[1]}; "
                    "write their folders into the table too"
                )
            if near:
                return near[0]
        return None


def _below(folder, paths):
    return [path for path in paths if path.is_relative_to(folder)]


def _column_of_files(rows, index):
    """The number of the column in which at least half of the cells name image files; None if there is none."""
    best = None
    sample = rows[:: max(1, len(rows) // 200)]
    for column in range(len(rows[0])):
        cells = [row[column] for row in sample if len(row) > column]
        # Class numbers may look like names of pictures (1 for 1.jpg): so the column with most different ones.
        found = {index.find(cell) for cell in cells} - {None}
        hits = sum(index.find(cell) is not None for cell in cells)
        called = _word(rows[0][column]) in _FILES
        if hits * 2 >= len(cells) and (best is None or (called, len(found)) > best[0]):
            best = (called, len(found)), column
    return best and best[1]


def _labelling(table, head, rows, columns):
    """A function of a row that returns its class, "" if it has none; None if no column looks like classes."""
    called = [column for column in columns if _word(head[column]) in _LABELS]
    words = [column for column in called if not all(row[column].isdigit() for _, row in rows)]
    if called:
        column = (words or called)[0]
        return lambda row: row[column]
    if len(columns) == 1:
        (column,) = columns
        kinds = Counter(row[column] for _, row in rows)
        if 2 * len(kinds) > len(rows) > 2:
            return None  # captions, ages: nearly every picture has its own
        return lambda row: row[column]
    if columns and all({row[column] for column in columns} <= {"0", "1", "0.0", "1.0"} for _, row in rows):
        wrong = [path for path, row in rows if sum(row[column].startswith("1") for column in columns) != 1]
        if wrong:
            raise BookError(f"{table} gives {wrong[0].name} not exactly one of its {len(columns)} classes; give it one")
        return lambda row: next(head[column] for column in columns if row[column].startswith("1"))
    if not columns:
        return None
    called = ", ".join(head[column] or str(column + 1) for column in columns[:6])
    raise BookError(f"{table} names the pictures, but which of its columns is the class ({called})? call it 'label'")


def _text(table, label):
    if any("\udc80" <= letter <= "\udcff" for letter in label):  # a byte that is no UTF-8
        raise BookError(f"{table} is not written in UTF-8, and its classes cannot be read; save it as 'CSV UTF-8'")
    return label


def _part(table, text):
    part = part_of(text)
    if part is None:
        raise BookError(f"{table} puts a picture into the part '{text}', which is not known; write train, val or test")
    return part


def _word(text):
    return re.sub("[^a-z]", "", text.lower())
