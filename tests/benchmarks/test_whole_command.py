"""Rows are of commands that ran to their report, and replace only rows of the same thing."""

import json
from subprocess import CompletedProcess

import pytest

from benchmarks import whole_command
from gan_book.errors import BookError
from tools import results


@pytest.mark.slow
def test_a_command_is_run_to_its_report():
    row = whole_command.timed("mlp-cgan", "smoke")
    assert (row["lesson"], row["preset"], row["steps"]) == ("mlp-cgan", "smoke", 20)
    assert row["seconds"] > row["training_seconds"] > 0 and row["cpu_seconds"] > 1
    assert {*results.SAME} <= row.keys()


def test_a_row_takes_the_place_of_its_like_only(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    seconds = iter((119.7, 60.2, 30.0))

    def timed(lesson, preset):
        place = {"cores": 2, "device": "a CPU", "policy": "float32", "backend": "tensorflow"}
        return {"lesson": lesson, "preset": preset, "steps": 1500, "training_seconds": 59.6, **place} | {
            "seconds": next(seconds),
            "cpu_seconds": 90.0,
        }

    monkeypatch.setattr(whole_command, "timed", timed)
    whole_command.main(["cgan", "sgan"])
    whole_command.main(["cgan"])
    rows = json.loads((tmp_path / "whole_command.json").read_text())["commands"]
    assert [(row["lesson"], row["seconds"]) for row in rows] == [("sgan", 60.2), ("cgan", 30.0)]
    assert "| cgan `quick` | 1,500 | 1:00 | 2:00 | 1:30 | 2 cores of: a CPU, float32, " in capsys.readouterr().out


def test_a_command_that_fails_makes_no_row(monkeypatch):
    monkeypatch.setattr(whole_command.subprocess, "run", lambda command, env: CompletedProcess(command, 1))
    with pytest.raises(BookError, match="cgan --preset quick` ended with status 1"):
        whole_command.timed("cgan", "quick")
