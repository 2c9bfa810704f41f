"""``python -m tools.notebooks``: write ``notebooks/`` from ``chapters/`` and run them (`make notebooks`)."""

import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from gan_book.paths import BOOK, atomic_write

LIMIT = 1_500_000  # bytes
SCRIPTS = "chapters/*/*.py"


def scripts():
    """The chapters' literate scripts."""
    return [path for path in sorted(BOOK.glob(SCRIPTS)) if path.read_text(encoding="utf-8").startswith("# ---")]


def notebook_path(script):
    """``chapters/ch06_cgan/cgan.py`` to ``notebooks/ch06_cgan/cgan.ipynb``."""
    return BOOK / "notebooks" / script.relative_to(BOOK / "chapters").with_suffix(".ipynb")


def from_script(script):
    """The notebook of a script, without outputs. Cell ids count up, so that the same script gives the same file."""
    notebook = jupytext.read(script)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    return notebook


def execute(notebook, folder, preset=None):
    """Runs a notebook in `folder`, with the preset it names or with another one."""
    if preset is not None:
        for cell in notebook.cells:
            cell.source = cell.source.replace('PRESET = "quick"', f'PRESET = "{preset}"')
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=3600, kernel_name="python3", resources=where).execute()
    return _tidy(notebook)


def _tidy(notebook):
    """Drops what the libraries say of themselves and the times of execution."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if not _is_notice(out)]
    return notebook


def _is_notice(output):
    return output.get("name") == "stderr" or output.get("text", "").startswith("WARNING:tensorflow")


def write(script):
    """Makes, runs and saves the notebook of a script. Returns its path."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(from_script(script), folder)
    text = nbformat.writes(notebook)
    path = notebook_path(script)
    if len(text.encode()) > LIMIT:
        sys.exit(f"error: {path} would have {len(text.encode()):,} bytes; draw smaller pictures")
    with atomic_write(path, "w") as file:
        file.write(text)
    return path


def main():
    """Writes the notebooks of the scripts named on the command line, or of all."""
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or scripts()
    for script in chosen:
        print(f"{script.relative_to(BOOK)} -> {write(script).relative_to(BOOK)}", flush=True)


if __name__ == "__main__":
    main()
