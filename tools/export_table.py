"""Exports every network in ``pretrained/``; writes ``results/export.json`` and the table in ``docs/export.md``.

python -m tools.export_table            # exports all, some minutes
python -m tools.export_table --table    # writes the table again from results/export.json
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from gan_book.commands.export import export
from gan_book.export.folder import DESCRIPTION
from gan_book.paths import BOOK, PRETRAINED, RESULTS, atomic_write
from gan_book.training import runs

FORMS = ("onnx", "litert")
RESULT = RESULTS / "export.json"
PAGE = BOOK / "docs" / "export.md"
MARKED = re.compile(r"(<!-- exported -->\n).*?(<!-- end of exported -->)", re.DOTALL)


def measured(file):
    """What the exported files of a shipped network say of themselves: a dict for JSON."""
    run, found = runs.Run(file.parent), {}
    for form in FORMS:
        with tempfile.TemporaryDirectory() as scratch:
            list(export(run, file.stem, form, Path(scratch, "out")))
            found[form] = json.loads(Path(scratch, "out", DESCRIPTION).read_text(encoding="utf-8"))
    about = found[FORMS[0]]
    return {
        "chapter": about["chapter"],
        "network": about["network"],
        "parameters": about["parameters"],
        "inputs": [[each["name"], *each["shape"][1:]] for each in about["inputs"]],
        **{form: {"bytes": sum(f["bytes"] for f in each["files"]), **each["check"]} for form, each in found.items()},
    }


def table(rows):
    """The rows of results/export.json as a table in Markdown."""
    lines = [
        "| chapter | network | weights | inputs | ONNX | LiteRT | largest difference to Keras |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        sizes = [f"{row[form]['bytes'] / 1e6:.1f} MB" for form in FORMS]
        inputs = ", ".join(f"`{name}` {' x '.join(map(str, shape))}".strip() for name, *shape in row["inputs"])
        words = [f"`{row['chapter']}`", row["network"], f"{row['parameters']:,}", inputs, *sizes, _difference(row)]
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


def _difference(row):
    """The larger of the two formats', in grey levels where images come out."""
    grey = [row[form]["grey_levels"] for form in FORMS]
    if None not in grey:
        return f"{max(grey):.4f} grey levels"
    return f"{max(row[form]['largest_difference'] for form in FORMS):.0e}"


def in_page(rows, text):
    """The text of the page with the table of these rows."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(rows)}\n{found[2]}", text)


def main(arguments):
    if "--table" not in arguments:
        files = [file for file in sorted(PRETRAINED.glob("*/*.keras")) if runs.Run(file.parent).config_file.exists()]
        rows = []
        for file in files:
            rows.append(measured(file))
            print(rows[-1]["chapter"], rows[-1]["network"], flush=True)
        runs.write_json(RESULT, rows)
    text = in_page(json.loads(RESULT.read_text(encoding="utf-8")), PAGE.read_text(encoding="utf-8"))
    with atomic_write(PAGE, "w") as page:
        page.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
