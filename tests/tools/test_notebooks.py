"""Notebooks are their scripts, and run."""

import nbformat
import pytest

from gan_book.training import runs
from tests.chapters import test_acgan, test_infogan, test_sgan
from tools import notebooks

CHECKS = {  # what a chapter's own tests want to see in the run of its smoke preset
    "infogan": test_infogan.check_smoke,
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
    assert [(c.cell_type, c.source) for c in kept.cells] == [(c.cell_type, c.source) for c in fresh.cells], (
        f"{script.name} was changed: run `make notebooks`"
    )


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
    (report,) = (tmp_path / "runs").glob("*smoke*/report.json")
    if script.stem in CHECKS:
        CHECKS[script.stem](runs.Run(report.parent))
