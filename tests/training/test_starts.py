"""Several starts: the best goes on as if it had been the only one, interrupted or not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gan_book.errors import BookError, Interrupted
from gan_book.training import runs, starts
from gan_book.training import train as training
from tests import tiny_lesson
from tests.training.test_resume import STEPS_PER_EPOCH, stop_after
from tests.training.test_train import failing
from tools import kill_trial


def bias(run):
    """Something that differs from start to start and can be had from a saved run."""
    return float(np.sum(run.load("generator").get_layer("label_embedding").embeddings))


LESSON = replace(tiny_lesson.LESSON, criterion=bias)


def settings(pictures, **changes):
    return LESSON.settings("quick", data=str(pictures), **{"seed": 4, **changes})


@pytest.fixture(scope="module")
def best_of_three(pictures, tmp_path_factory):
    said = []
    out = tmp_path_factory.mktemp("starts") / "run"
    run = training.train(LESSON, settings(pictures, starts=3), out=out, tell=said.append)
    return run, said


def test_the_best_start_is_trained_to_the_end_as_if_it_had_been_the_only_one(
    best_of_three, pictures, tmp_path, monkeypatch
):
    run, said = best_of_three
    values = [start["criterion"] for start in run.config["starts"]]
    best = values.index(max(values)) + 1
    assert len(set(values)) == 3
    assert run.config["start"] == best
    assert run.seed == 4 + 1000 * best
    assert not (run.folder / starts.FOLDER).exists()
    assert [line for line in said if line.startswith("Start ")] == [
        f"Start {i} of 3: one epoch, seed {4 + 1000 * i}" for i in (1, 2, 3)
    ]
    load = training._load
    monkeypatch.setattr(training, "_load", lambda lesson, chosen: load(lesson, replace(chosen, seed=4)))  # same images
    alone = training.train(LESSON, settings(pictures, seed=run.seed), out=tmp_path / "alone")
    assert kill_trial.differences(run, alone) == []
    assert run.report["measured"] == alone.report["measured"]


def test_the_report_tells_of_the_starts_and_counts_their_time(best_of_three):
    run, _ = best_of_three
    page = (run.folder / "report.md").read_text(encoding="utf-8")
    assert f"seed {run.seed}." in page
    assert f"Of 3 starts number {run.config['start']} went on, by its criterion: " in page
    others = starts.seconds_of_others(run.config)
    spent = [start["seconds"] for start in run.config["starts"]]
    assert others == pytest.approx(sum(spent) - spent[run.config["start"] - 1])
    assert run.report["training_seconds"] > others > 0


def test_stopped_in_a_start_and_after_the_choice(best_of_three, pictures, tmp_path, monkeypatch):
    undisturbed, _ = best_of_three
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match=f"--out {out} --resume"):
        stop_after(patch, 4)
        training.train(LESSON, settings(pictures, starts=3), out=out)
    assert (runs.Run(out).config["start"], runs.Run(out).config["starts"]) == (1, [])
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, STEPS_PER_EPOCH)  # at the end of the first start
        training.resume(LESSON, out=out)
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, STEPS_PER_EPOCH + 3)  # no start goes so far
        training.resume(LESSON, out=out)
    assert kill_trial.newest_step(runs.Run(out)) == STEPS_PER_EPOCH + 3
    run = training.resume(LESSON, out=out)
    assert kill_trial.differences(run, undisturbed) == []
    assert [start["criterion"] for start in run.config["starts"]] == [
        start["criterion"] for start in undisturbed.config["starts"]
    ]


def test_a_choice_that_was_cut_short_is_made_again(tmp_path):
    run = runs.Run(tmp_path / "run")
    for number in (1, 2):
        folder = run.folder / starts.FOLDER / str(number) / "checkpoints"
        folder.mkdir(parents=True)
        (folder / "step-000000009.npz").write_text(f"of start {number}")
    run.checkpoints.mkdir()
    (run.checkpoints / "step-000000009.npz").write_text("half")
    config = {"lesson": "tiny", "preset": "quick", "class_names": [], "settings": {"seed": 0}, "restarts": 0}
    config |= {"start": 2, "starts": [{"criterion": math.nan, "seconds": 1.0}, {"criterion": -3.0, "seconds": 1.0}]}
    said = []
    starts.choose(run, config, 2, None, None, said.append)
    assert (run.checkpoints / "step-000000009.npz").read_text() == "of start 2", "nan is not the best"
    assert not (run.folder / starts.FOLDER).exists()
    again = run.folder / starts.FOLDER / "2" / "checkpoints"
    again.mkdir(parents=True)
    (again / "step-000000009.npz").write_text("left over")
    starts.choose(run, run.config, 2, None, None, said.append)
    assert (run.checkpoints / "step-000000009.npz").read_text() == "of start 2", "once chosen, nothing is copied again"
    assert run.config["start"] == 2 and len(said) == 1


def test_after_a_failure_all_starts_are_made_again(pictures, tmp_path):
    lesson, seeds = failing(times=1)
    lesson = replace(lesson, criterion=lambda run: 0.0)
    run = training.train(lesson, settings(pictures, starts=2), out=tmp_path / "run", on_failure="restart")
    assert seeds == [1004, 1005, 2005, 1005]
    assert run.config["restarts"] == 1 and run.report["findings"] == []


def test_a_chapter_that_cannot_tell_says_so(pictures, tmp_path):
    with pytest.raises(BookError, match="'tiny' cannot tell a good start from a bad one; leave starts at 1"):
        training.train(tiny_lesson.LESSON, settings(pictures, starts=2), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
