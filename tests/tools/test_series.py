"""A series makes the runs that are missing, goes on with those that were interrupted, and leaves the others alone."""

import json
import sys
from contextlib import nullcontext

import pytest

from gan_book.errors import BookError
from gan_book.training import chapters, runs
from gan_book.training.run_config import RunConfig
from tools import results, series


@pytest.mark.parametrize("chapter", series.SERIES)
def test_every_row_is_a_preset_of_a_lesson_of_that_chapter(chapter):
    for row in series.SERIES[chapter].values():
        lesson = chapters.lesson(row.lesson)
        assert lesson.folder == chapter and row.preset in lesson.presets
        words = row.words(0, "out")
        changes = dict(words[at + 1].split("=") for at, word in enumerate(words) if word == "--set")
        settings = lesson.settings(row.preset, **changes)
        assert all(hasattr(settings, name.replace("-", "_")) for name in row.flags if name != "set")


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The commands of a series of three seeds: the first finished, the second interrupted, the third not begun."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(series.SERIES, "ch00", {"row": series.Row("tiny", "quick", 3, {"epochs": 2})})
    finished, interrupted = (runs.Run(series.FOLDER / "ch00" / f"row-{seed}") for seed in (0, 1))
    for run in (finished, interrupted):
        run.write_config(RunConfig("tiny", "quick", {}, []))
    report = {"training_seconds": 1.0, "steps": 2, "parameters": {}, "findings": [], "measured": {"dataset": "d"}}
    runs.write_json(finished.report_file, report)
    commands, collected, process = [], [], Process()
    monkeypatch.setattr(series.subprocess, "Popen", lambda command: commands.append(command) or process)
    monkeypatch.setattr(results, "collect", lambda *row: collected.append(row))
    return commands, collected, process


class Process(nullcontext):
    """A child that ends with the next of these statuses, the last one for good."""

    def __init__(self, *statuses):
        super().__init__()
        self.statuses = list(statuses) or [0]

    def __enter__(self):
        return self

    def wait(self):
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if isinstance(status, BaseException):
            raise status
        return status


def test_only_what_is_missing_is_trained(trained):
    commands, collected, _ = trained
    series.main("ch00")
    folder = series.FOLDER / "ch00"
    start = [sys.executable, "-m", "gan_book", "train", "tiny", "--preset", "quick"]
    assert commands == [
        [*start, "--seed", "1", "--epochs", "2", "--out", str(folder / "row-1"), "--resume"],
        [*start, "--seed", "2", "--epochs", "2", "--out", str(folder / "row-2")],
    ]
    assert collected == [("ch00", "row", [folder / f"row-{seed}" for seed in range(3)])]


def test_a_grown_row_is_one_command_and_its_last_size_counts(trained, monkeypatch):
    commands, collected, _ = trained
    monkeypatch.setitem(series.SERIES, "ch00", {"row": series.Grown("tiny", "quick", 1, size=32)})
    series.main("ch00")
    folder = str(series.FOLDER / "ch00" / "row-0")
    flags = ["--preset", "quick", "--seed", "0", "--to", "32", "--out", folder]
    assert commands == [[sys.executable, "-m", "chapters.ch13_progan.grow", *flags]]
    assert collected == [("ch00", "row", [series.FOLDER / "ch00" / "row-0" / "032"])]


def test_a_run_that_fails_ends_the_series_with_a_sentence(trained):
    commands, collected, process = trained
    process.statuses = [1]
    with pytest.raises(BookError, match="row-1 did not end well"):
        series.main("ch00")
    assert len(commands) == 1 and not collected


def test_ctrl_c_waits_until_the_training_has_saved_where_it_is(trained):
    commands, collected, process = trained
    process.statuses = [KeyboardInterrupt(), 130, "asked too often"]
    with pytest.raises(SystemExit) as stopped:
        series.main("ch00")
    assert stopped.value.code == 130 and len(commands) == 1 and not collected
    assert process.statuses == ["asked too often"]


@pytest.mark.parametrize("words", [("ch99",), ("ch00", ["none"])], ids=str)
def test_unknown_names(trained, words):
    with pytest.raises(BookError, match=r"no (series|row) "):
        series.main(*words)
    assert not trained[0]


def test_rows_that_are_recorded_are_rows_of_the_series():
    for chapter, rows in series.SERIES.items():
        path = results.RESULTS / f"{chapter}.json"
        if path.exists():
            assert set(json.loads(path.read_text(encoding="utf-8"))) <= set(rows)
