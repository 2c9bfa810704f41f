"""A series makes the runs that are missing, goes on with those that were interrupted, and leaves the others alone."""

import json
import sys

import pytest

from benchmarks import series
from gan_book import chapters, results, runs


@pytest.mark.parametrize("chapter", series.SERIES)
def test_every_row_is_a_preset_of_a_lesson_of_that_chapter(chapter):
    for row in series.SERIES[chapter].values():
        lesson = chapters.lesson(row.lesson)
        assert lesson.folder == chapter and row.preset in lesson.presets
        words = row.words(0, "out")
        changes = dict(words[at + 1].split("=") for at, word in enumerate(words) if word == "--set")
        settings = lesson.settings(row.preset, **changes)
        assert all(hasattr(settings, name) for name in row.flags if name != "set")


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The commands of a series of three seeds: the first finished, the second interrupted, the third not begun."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(series.SERIES, "ch00", {"row": series.Row("tiny", "quick", 3, {"epochs": 2})})
    finished, interrupted = (runs.Run(series.FOLDER / "ch00" / f"row-{seed}") for seed in (0, 1))
    for run in (finished, interrupted):
        run.write_config({"lesson": "tiny", "preset": "quick", "settings": {}, "class_names": []})
    runs.write_json(finished.report_file, {})
    commands, collected = [], []
    ended = type("Process", (), {"returncode": 0})
    monkeypatch.setattr(series.subprocess, "run", lambda command: commands.append(command) or ended)
    monkeypatch.setattr(results, "collect", lambda *row: collected.append(row))
    return commands, collected, ended


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


def test_a_run_that_fails_ends_the_series_with_a_sentence(trained):
    commands, collected, ended = trained
    ended.returncode = 1
    with pytest.raises(SystemExit, match="row-1 did not end well"):
        series.main("ch00")
    assert len(commands) == 1 and not collected


@pytest.mark.parametrize("words", [("ch99",), ("ch00", ["none"])], ids=str)
def test_unknown_names(trained, words):
    with pytest.raises(SystemExit, match=r"error: no (series|row) "):
        series.main(*words)
    assert not trained[0]


def test_rows_that_are_recorded_are_rows_of_the_series():
    for chapter, rows in series.SERIES.items():
        path = results.RESULTS / f"{chapter}.json"
        if path.exists():
            assert set(json.loads(path.read_text(encoding="utf-8"))) <= set(rows)
