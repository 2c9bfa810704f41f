"""Training in a notebook's kernel: one line of progress, and an interrupted cell that the next one goes on with."""

import nbformat
import pytest
from nbclient import NotebookClient

from gan_book.paths import BOOK

FIRST = """
import sys
sys.path.insert(0, {book!r})
from gan_book.training.train import train
from tests import tiny_lesson
LESSON = tiny_lesson.LESSON
settings = LESSON.settings("quick", data={pictures!r})
"""
# The button "interrupt" sends the kernel's process this signal.
INTERRUPTED = """
import os, signal
from gan_book.training.checkpoint import Checkpoints
original = Checkpoints.on_train_batch_end
def interrupt(self, batch, logs=None):
    if self.epoch == 1 and batch == 3:
        os.kill(os.getpid(), signal.SIGINT)
    original(self, batch, logs)
Checkpoints.on_train_batch_end = interrupt
run = train(LESSON, settings, "quick")
"""
NEXT = """
Checkpoints.on_train_batch_end = original
import gan_book as gb; run = gb.resume(LESSON, out="runs/tiny-quick-001")
"""


@pytest.mark.slow
def test_an_interrupted_cell_is_gone_on_with_in_the_next_and_progress_is_one_line(pictures, tmp_path):
    sources = FIRST.format(book=str(BOOK), pictures=str(pictures)), INTERRUPTED, NEXT, "print(run.finished)"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[1].metadata.tags = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    _, stopped, resumed, finished = (cell.outputs for cell in notebook.cells)
    (error,) = [out for out in stopped if out.output_type == "error"]
    assert error.ename == "Interrupted" and len(error.traceback) == 1
    assert "saved in runs/tiny-quick-001; go on in the next cell with: import gan_book as gb" in error.traceback[0]
    lines = [out.data["text/plain"] for out in resumed if out.output_type == "display_data"]
    assert len(lines) == 1 and lines[0].startswith("3 epochs in ")
    printed = "".join(out.text for out in resumed if out.get("name") == "stdout")
    assert "Resuming at epoch 2, step 4 of 9." in printed and printed.count("generator's weights") <= 1
    assert printed.endswith("The run is in runs/tiny-quick-001.\n")
    assert finished[0].text == "True\n"
