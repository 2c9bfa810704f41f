"""``python -m tools.notebooks``: write ``notebooks/`` from ``chapters/`` and run them (`make notebooks`).

With ``--sync`` nothing is run: a notebook gets the text and code of its script, and keeps the outputs of those cells
whose code is still the same.

A notebook has three things that its script has not, all made here: a badge that opens it in Colab, a first code cell
that finds or fetches the book, and its pictures inside it, because a notebook is often opened alone.
"""

import ast
import base64
import html
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from gan_book.errors import counted
from gan_book.paths import BOOK, atomic_write

LIMIT = 2_500_000  # bytes; a notebook has some fifteen pictures in it
SCRIPTS = "chapters/*/*.py"
REPOSITORY = re.search(r'^Repository = "(.+)"', (BOOK / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"

# In a clone, or where the book is installed, it finds the book and changes nothing else. The clone that it makes is not
# called gan_book, because Python would take a folder of that name for the package. Runs are in the folder that the
# notebook runs in: /content on Colab, /kaggle/working on Kaggle, where they are kept.
FIRST_CELL = """\
# Finds the book. On Colab or Kaggle, where it is not installed, it is fetched and installed first (some minutes).
import importlib.util, subprocess, sys
from pathlib import Path

if not (importlib.util.find_spec("gan_book") and importlib.util.find_spec("chapters")):
    here = [Path.cwd(), *Path.cwd().parents]
    book = next((folder for folder in here if (folder / "chapters/template.py").exists()), here[0] / "gan-book")
    if not book.exists():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", "{repository}", str(book)], check=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-e", str(book)], check=True)
    sys.path.insert(0, str(book))"""

PICTURE = re.compile(r"!\[([^]]*)\]\(([^)\s]+)\)")
KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}


def scripts():
    """The chapters' literate scripts."""
    return [path for path in sorted(BOOK.glob(SCRIPTS)) if path.read_text(encoding="utf-8").startswith("# ---")]


def notebook_path(script):
    """``chapters/ch06_cgan/cgan.py`` to ``notebooks/ch06_cgan/cgan.ipynb``."""
    return BOOK / "notebooks" / script.relative_to(BOOK / "chapters").with_suffix(".ipynb")


def from_script(script):
    """The notebook of a script, without outputs. Cell ids count up, so that the same script gives the same file."""
    notebook = jupytext.read(script)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _embed_pictures(cell, script.parent)
    first = notebook.cells[0]
    heading, _, rest = first.source.partition("\n")
    first.source = f"{heading}\n\n{_badge(script)}\n{rest}"
    notebook.cells.insert(1, nbformat.v4.new_code_cell(FIRST_CELL.replace("{repository}", REPOSITORY)))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    return notebook


def _badge(script):
    """A line of Markdown that opens the notebook in Colab."""
    place = REPOSITORY.removeprefix("https://github.com/")
    notebook = notebook_path(script).relative_to(BOOK).as_posix()
    return f"[![Open in Colab]({BADGE})](https://colab.research.google.com/github/{place}/blob/main/{notebook})"


def _embed_pictures(cell, folder):
    """Puts the pictures that a Markdown cell names by a relative path into the cell."""

    def embedded(match):
        text, path = match.groups()
        if "://" in path:
            return match[0]
        file = folder / path
        if file.suffix not in KINDS or not file.is_file():
            sys.exit(f"error: {folder.name} shows {path}, which is no picture that is there; mend its path")
        content = base64.b64encode(file.read_bytes()).decode()
        # JupyterLab refuses attachments that are SVG, and shows such a picture only as an HTML image.
        if file.suffix == ".svg":
            return f'<img alt="{html.escape(text)}" src="data:{KINDS[file.suffix]};base64,{content}">'
        cell.setdefault("attachments", {})[file.name] = {KINDS[file.suffix]: content}
        return f"![{text}](attachment:{file.name})"

    cell.source = PICTURE.sub(embedded, cell.source)


def execute(notebook, folder, preset=None):
    """Runs a notebook in `folder`, with the preset it names or with another one."""
    if preset is not None:
        for cell in notebook.cells:
            cell.source = cell.source.replace('PRESET = "quick"', f'PRESET = "{preset}"')
            if preset == "smoke":
                cell.source = re.sub(r"^LIMIT = [0-9_]+", "LIMIT = 320", cell.source, flags=re.MULTILINE)
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


def meaning(source):
    """What a cell's code does, as a text: without comments, docstrings and the way it is laid out.

    A cell that is no plain Python (it has a line for the shell) is its own text.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def synced(notebook, kept):
    """Gives the code cells of a notebook without outputs those of the cells in `kept` that do the same.

    Comments and docstrings may differ. Cells that do the same are taken in their order, and numbered as if all had been
    run in the new order. A cell whose code is new or changed has no output and no number, as Jupyter shows what was not
    run. The first cell prints nothing, so it counts as run.

    Returns:
        The notebook, and how many of its code cells were not run.
    """
    outputs = defaultdict(list)
    for cell in kept.cells:
        if cell.cell_type == "code" and cell.execution_count:
            outputs[meaning(cell.source)].append(cell.outputs)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs[meaning(code[0].source)] = [[]]
    not_run = 0
    for number, cell in enumerate(code, start=1):
        found = outputs[meaning(cell.source)]
        if not found:
            not_run += 1
            continue
        cell.outputs, cell.execution_count = found.pop(0), number
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = number
    return notebook, not_run


def write(script):
    """Makes, runs and saves the notebook of a script. Returns its path."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(from_script(script), folder)
    return _save(notebook, notebook_path(script))


def sync(script):
    """Brings the notebook of a script up to date without running it. Returns its path and what `synced` counts."""
    path = notebook_path(script)
    kept = nbformat.read(path, as_version=4) if path.exists() else nbformat.v4.new_notebook()
    notebook, not_run = synced(from_script(script), kept)
    return _save(notebook, path), not_run


def _save(notebook, path):
    text = nbformat.writes(notebook)
    if len(text.encode()) > LIMIT:
        sys.exit(f"error: {path} would have {len(text.encode()):,} bytes; show fewer or smaller pictures")
    with atomic_write(path, "w") as file:
        file.write(text)
    return path


def main():
    """Writes the notebooks of the scripts named on the command line, or of all; with --sync without running them."""
    names = [name for name in sys.argv[1:] if name != "--sync"]
    chosen = [Path(name).resolve() for name in names] or scripts()
    for script in chosen:
        if "--sync" in sys.argv[1:]:
            path, not_run = sync(script)
            rest = f"; not run: {counted(not_run, 'code cell')}, new or changed" if not_run else ""
            print(f"{script.relative_to(BOOK)} -> {path.relative_to(BOOK)}{rest}", flush=True)
        else:
            print(f"{script.relative_to(BOOK)} -> {write(script).relative_to(BOOK)}", flush=True)


if __name__ == "__main__":
    main()
