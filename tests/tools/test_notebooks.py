"""Notebooks are their scripts, and run."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gan_book.paths import BOOK
from gan_book.training import runs
from tests.chapters import test_acgan, test_iic, test_infogan, test_sgan
from tools import notebooks

CHECKS = {  # what a chapter's own tests want to see in the run of its smoke preset
    "infogan": test_infogan.check_smoke,
    "iic": test_iic.check_smoke,
    "acgan": test_acgan.check_smoke,
    "twon_gan": test_acgan.check_smoke,
    "sgan": test_sgan.check_smoke,
}
SCRIPTS = notebooks.scripts()


def names(path):
    return path.stem


def test_every_chapter_script_is_found():
    assert {"cgan", "mlp_cgan", *CHECKS} <= {script.stem for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=names)
def test_the_notebook_has_the_code_and_text_of_its_script(script):
    kept = nbformat.read(notebooks.notebook_path(script), as_version=4)
    fresh = notebooks.from_script(script)
    assert list(map(written, kept.cells)) == list(map(written, fresh.cells)), (
        f"{script.name} was changed: run `python -m tools.notebooks --sync` if only text was, else `make notebooks`"
    )


def written(cell):
    return cell.cell_type, cell.source, cell.get("attachments")


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A script with three pictures, in a book of its own."""
    monkeypatch.setattr(notebooks, "BOOK", tmp_path)
    folder = tmp_path / "chapters" / "ch99_new"
    folder.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "d.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "p.png").write_bytes(b"png")
    text = "![D and G](../../docs/d.svg) ![a row](p.png) ![far](https://example.org/x.png)"
    (folder / "new.py").write_text(f"# ---\n# ---\n\n# %% [markdown]\n# # A title\n#\n# {text}\n\n# %%\n1 + 1\n")
    return folder / "new.py"


def test_a_notebook_opens_in_colab_finds_the_book_first_and_holds_its_pictures(script):
    text, first, code = notebooks.from_script(script).cells
    heading, _, badge, *_ = text.source.splitlines()
    place = notebooks.REPOSITORY.removeprefix("https://github.com/")
    assert heading == "# A title"
    assert f"(https://colab.research.google.com/github/{place}/blob/main/notebooks/ch99_new/new.ipynb)" in badge
    assert f'"{notebooks.REPOSITORY}"' in first.source and len(first.source.splitlines()) <= 12
    assert code.source == "1 + 1"
    assert "![a row](attachment:p.png)" in text.source and "![far](https://example.org/x.png)" in text.source
    assert text.attachments == {"p.png": {"image/png": base64.b64encode(b"png").decode()}}
    assert '<img alt="D and G" src="data:image/svg+xml;base64,' in text.source, "JupyterLab attaches no SVG"
    nbformat.validate(notebooks.from_script(script))


def test_a_picture_that_is_not_there_is_named(script):
    script.with_name("p.png").unlink()
    with pytest.raises(SystemExit, match=r"ch99_new shows p\.png"):
        notebooks.from_script(script)


def first_cell(folder, **surroundings):
    """Runs the first cell in a folder and prints where it finds the book."""
    code = notebooks.FIRST_CELL.replace("{repository}", "nowhere") + "\nimport gan_book; print(gan_book.__file__)"
    environment = {"PATH": os.environ["PATH"], **surroundings}
    command = [sys.executable, "-S", "-c", code]  # -S: without the packages that are installed here
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_first_cell_finds_the_book_from_any_folder_of_a_clone():
    for folder in (BOOK, BOOK / "notebooks" / "ch06_cgan"):
        done = first_cell(folder)
        assert Path(done.stdout.strip()) == BOOK / "gan_book" / "__init__.py", done.stderr


def test_the_first_cell_leaves_an_installed_book_alone_and_fetches_one_that_is_missing(tmp_path):
    done = first_cell(tmp_path, PYTHONPATH=str(BOOK))
    assert Path(done.stdout.strip()) == BOOK / "gan_book" / "__init__.py" and not done.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "git").write_text('#!/bin/sh\necho "$@" >&2; exit 1\n')
    (tmp_path / "git").chmod(0o755)
    assert "clone --quiet --depth=1 nowhere" in first_cell(tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin").stderr


def test_sync_keeps_the_outputs_of_code_that_is_the_same():
    def cells(*sources):
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])

    kept = cells("setup", "a", "old", "a")
    for number, cell in enumerate(kept.cells, start=1):
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": str(number)}, execution_count=number)]
        cell.execution_count = number
    fresh, not_run = notebooks.synced(cells("new setup", "a", "new", "a"), kept)
    assert not_run == 1
    assert [cell.execution_count for cell in fresh.cells] == [1, 2, None, 4]
    shown = [[(out.data["text/plain"], out.execution_count) for out in cell.outputs] for cell in fresh.cells]
    assert shown == [[], [("2", 2)], [], [("4", 4)]]


def test_comments_and_docstrings_are_not_what_code_does():
    old = 'def f(x):\n    """Old."""\n    return x + 1  # one more'
    same = 'def f(x):\n    """New."""\n    # not two\n    return x + 1'
    assert notebooks.meaning(old) == notebooks.meaning(same)
    assert notebooks.meaning(old) != notebooks.meaning(same.replace("1", "2"))
    assert notebooks.meaning("%matplotlib inline") == "%matplotlib inline"
    assert notebooks.meaning("'text'") != notebooks.meaning("'other'"), "a text alone is what a cell shows"


@pytest.mark.parametrize("script", SCRIPTS, ids=names)
def test_the_notebook_was_run_to_its_end_and_is_small(script):
    path = notebooks.notebook_path(script)
    assert path.stat().st_size < notebooks.LIMIT
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    outputs = [out for cell in cells for out in cell.outputs]
    assert not [out for out in outputs if out.output_type == "error"]
    assert any("image/png" in out.get("data", {}) for out in outputs)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=names)
def test_the_notebook_runs(script, tmp_path):
    notebook = notebooks.execute(notebooks.from_script(script), tmp_path, preset="smoke")
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    trains = re.search(r"^# run = .*train\(LESSON", script.read_text(encoding="utf-8"), re.MULTILINE)  # most do
    reports = list((tmp_path / "runs").glob("*smoke*/report.json"))
    assert len(reports) == bool(trains)
    if script.stem in CHECKS:
        CHECKS[script.stem](runs.Run(reports[0].parent))
