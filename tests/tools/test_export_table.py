"""The table of docs/export.md is that of results/export.json, and has every network that comes with the book."""

import json

from gan_book.paths import PRETRAINED
from tools import export_table

ROWS = json.loads(export_table.RESULT.read_text(encoding="utf-8"))


def test_the_page_shows_the_table():
    text = export_table.PAGE.read_text(encoding="utf-8")
    assert export_table.table(ROWS) in text and export_table.in_page(ROWS, text) == text


def test_every_network_of_a_shipped_run_has_a_row():
    files = [file for file in PRETRAINED.glob("*/*.keras") if (file.parent / "config.json").exists()]
    assert {(row["chapter"], row["network"]) for row in ROWS} == {(file.parent.name, file.stem) for file in files}


def test_all_agree_with_keras():
    for row in ROWS:
        for form in export_table.FORMS:
            assert (row[form]["grey_levels"] or 0) < 0.01 and row[form]["largest_difference"] < 1e-3, row
