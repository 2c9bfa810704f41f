"""One process at a time trains in a folder."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gan_book.errors import BookError
from gan_book.training import runs
from gan_book.training import train as training
from gan_book.training.lock import LOCK, locked
from tests import tiny_lesson

HOLD = "import sys, time, pathlib; from gan_book.training.lock import locked\n"
HOLD += "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_the_second_is_refused_and_nothing_is_left_behind(tmp_path):
    with locked(tmp_path), pytest.raises(BookError, match=str(tmp_path)), locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of a run which was interrupted in its first epoch."""
    run = runs.Run(tmp_path / "run")
    run.folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", HOLD, run.folder], stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline().strip() == b"held"
    yield run, process
    process.kill()
    process.wait()


@pytest.mark.slow
def test_a_folder_that_another_process_trains_in_is_refused_and_a_killed_ones_is_not(holder, pictures):
    run, process = holder
    settings = tiny_lesson.LESSON.settings("quick", data=str(pictures), epochs=1)
    before = sorted(path.name for path in run.folder.rglob("*"))
    with pytest.raises(BookError, match="another process"):
        training.train(tiny_lesson.LESSON, settings, out=run.folder)
    assert sorted(path.name for path in run.folder.rglob("*")) == before
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    time.sleep(0.05)
    assert training.train(tiny_lesson.LESSON, settings, out=run.folder).finished
    assert not (run.folder / LOCK).exists()


def test_a_folder_named_by_out_is_reserved_at_once(tmp_path):
    runs.new("tiny", tmp_path / "a" / "run")
    assert (tmp_path / "a" / "run").is_dir()


def test_a_folder_made_for_nothing_is_taken_away_with_its_parents(tmp_path):
    run = runs.new("tiny", tmp_path / "a" / "b" / "run")
    runs.drop_unused(run)
    assert list(tmp_path.iterdir()) == []
