"""The comparison of chapter 8: what it trains, that it goes on where it was, and what it writes."""

import json
import sys
from dataclasses import replace

import pytest
from PIL import Image
from typer.testing import CliRunner

from chapters.ch08_acgan import compare
from gan_book.errors import BookError, Interrupted
from gan_book.metrics.score import Score, as_report
from gan_book.training import chapters, runs
from gan_book.training import train as training
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson
from tools import results


def test_the_three_have_equal_generators_settings_and_trunks():
    lessons = {name: chapters.lesson(chapter) for name, chapter in compare.GANS.items()}
    settings = [lesson.settings("full", epochs=3, data="mnist") for lesson in lessons.values()]
    shared = ("batch_size", "limit", "width", "latent_dim", "learning_rate", "average", "measure_samples", "precision")
    assert len({tuple(getattr(each, name) for name in shared) for each in settings}) == 1


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Two GANs that train in seconds, on pictures of two classes; returns the command's arguments."""
    monkeypatch.chdir(tmp_path)
    full = replace(tiny_lesson.QUICK, image_size=16, measure_samples=40)
    monkeypatch.setitem(chapters._own, "tiny", replace(tiny_lesson.LESSON, presets={"full": full}))
    monkeypatch.setattr(compare, "GANS", {"one": "tiny", "other": "tiny"})
    pictures = tiny_lesson.write_pictures(tmp_path / "pictures", size=12)
    return ["--data", str(pictures), "--image-size", "12", "--seeds", "2", "--epochs", "1"]


def run(arguments):
    return CliRunner().invoke(compare.app, arguments)


@pytest.mark.slow
def test_it_trains_draws_and_goes_on_where_it_was(tiny, tmp_path, capfd):
    outcome = run(tiny)
    assert outcome.exception is None, outcome.output
    out = tmp_path / "runs" / "compare" / "pictures"
    assert "| `one` | 2 | 9 |" in outcome.output and "| `other` | 2 | 9 |" in outcome.output
    for picture in ("losses.png", "dawn.png", "dusk.png"):
        with Image.open(out / picture) as image:
            assert image.width > 300
    before = (out / "tiny-1" / "report.json").stat().st_mtime_ns
    again = run(tiny)
    assert "already finished" in again.output
    assert (out / "tiny-1" / "report.json").stat().st_mtime_ns == before

    content = json.loads((out / "tiny-1" / "report.json").read_text())
    kept = [score for score in content["measured"]["scores"] if not score["name"].startswith(("ms_", "class_"))]
    content["measured"]["scores"] = kept  # as `gan-book train` measures it
    (out / "tiny-1" / "report.json").write_text(json.dumps(content))
    assert run(tiny).exception is None
    names = [score["name"] for score in runs.Run(out / "tiny-1").report["measured"]["scores"]]
    assert "ms_ssim" in names, "measured again"

    longer = run([*tiny[:-1], "2"])
    assert longer.exception is None and "| `one` | 2 | 18 |" in longer.output
    assert isinstance(run(tiny).exception, BookError), "the runs have two epochs now, not one"


@pytest.mark.parametrize(
    "names, classifier, enough",
    [
        (["ms_ssim"], False, True),
        (["ms_ssim"], True, False),
        (["ms_ssim", "frechet_distance"], True, True),
        (["frechet_distance"], True, False),
    ],
)
def test_a_run_is_measured_again_if_a_classifier_came_after_it(tmp_path, monkeypatch, names, classifier, enough):
    monkeypatch.setattr(compare, "has_classifier", lambda dataset: classifier)
    run = runs.Run(tmp_path)
    measured = as_report("pictures", 10, 0, [Score(name, name, 0.5) for name in names], {})
    report = {"training_seconds": 60, "steps": 5, "parameters": {}, "findings": []}
    runs.write_json(run.report_file, report | {"measured": measured})
    assert compare.measured_by_class(run, "a dataset") is enough


def test_ctrl_c_says_how_to_go_on_with_the_comparison(tiny, monkeypatch):
    def stopped(*arguments, **settings):
        raise Interrupted("gan-book train tiny --out one-of-them --resume")

    monkeypatch.setattr(training, "train", stopped)
    monkeypatch.setattr(sys, "argv", ["compare.py", "--data", "a folder"])
    error = run(tiny).exception
    assert isinstance(error, Interrupted) and str(error) == "python -m chapters.ch08_acgan.compare --data 'a folder'"


@pytest.mark.slow
def test_rows_are_recorded_if_asked(tiny, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results, "BOOK", tmp_path)
    outcome = run([*tiny, "--record"])
    assert outcome.exception is None, outcome.output
    rows = json.loads((tmp_path / "results" / "ch08_compare.json").read_text())
    assert list(rows) == ["one, pictures", "other, pictures"]
    assert [each["seed"] for each in rows["one, pictures"]["runs"]] == [0, 1]


def test_failed_runs_are_counted(tmp_path):
    folders = [tmp_path / str(seed) for seed in range(2)]
    settings = {"data": "pictures", "epochs": 1, "batch_size": 2}
    for seed, folder in enumerate(folders):
        found = runs.Run(folder)
        place = {"device": "x", "backend": "x", "policy": "x", "cores": 2, "versions": {"keras": "3"}}
        found.write_config(RunConfig("acgan", "x", settings | {"seed": seed}, [], **place))
        measured = as_report("pictures", 10, 0, [Score("diversity", "diversity", 0.5)], {})
        report = {"training_seconds": 60, "steps": 5, "parameters": {}, "measured": measured}
        runs.write_json(found.report_file, report | {"findings": ["mode collapse: all alike"] * seed})
    assert "| `a` | 2, 1 failed | 5 |" in compare.score_table({"a": [runs.Run(folder) for folder in folders]})


@pytest.mark.parametrize(
    "arguments, problem", [(["--seeds", "0"], "at least 1"), (["--preset", "book"], "different networks")]
)
def test_bad_wishes_are_refused(arguments, problem):
    error = run(arguments).exception
    assert isinstance(error, BookError) and problem in str(error)
