"""What config.json may hold, and that everything else ends in one sentence naming the file."""

import json
import subprocess

import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.paths import PRETRAINED
from gan_book.training import chapters, checkpoint, run_config, runs
from gan_book.training import train as training
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson

GOOD = {"lesson": "tiny", "preset": "quick", "settings": {"seed": 4, "data": "x"}, "class_names": ["a", "b"]}


def written(folder, content):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return runs.Run(folder)


def test_what_is_written_is_read_back(tmp_path):
    config = RunConfig(**GOOD).changed({"learning_rate": 0.5}).restarted()
    run = runs.Run(tmp_path)
    run.write_config(config)
    assert run.config == config
    assert config.changes == [{"learning_rate": [None, 0.5]}] and config.settings["learning_rate"] == 0.5


def test_every_restart_takes_the_next_seed():
    config = RunConfig(**GOOD)
    assert [config.seed, config.restarted().seed, config.restarted().restarted().seed] == [4, 5, 6]
    assert RunConfig(**{**GOOD, "settings": {"seed": 2**32 - 1}}).restarted().seed == 0


def test_a_run_of_several_starts_keeps_the_seed_of_the_one_that_went_on(tmp_path):
    """Runs of earlier versions: the start with the number 3 had the settings' seed and 3000."""
    old = {**GOOD, "settings": {**GOOD["settings"], "starts": 4}, "start": 3, "chosen": True}
    old["starts"] = [{"criterion": 1.7, "seconds": 100.0}] * 4
    run = written(tmp_path, old)
    assert run.seed == 3004
    assert "starts" not in run.config.settings
    run.write_config(run.config)
    assert run.seed == 3004


def test_a_run_that_was_choosing_among_starts_is_not_gone_on_with(tmp_path):
    old = {**GOOD, "settings": {**GOOD["settings"], "starts": 4}, "start": 1, "starts": []}
    with pytest.raises(BookError, match=r"config\.json .*starts"):
        _ = written(tmp_path, old).config


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PRETRAINED.glob("*/config.json")))
def test_shipped_runs_open(name):
    run = runs.Run(PRETRAINED / name)
    settings = chapters.lesson(run.config.lesson).settings_of(run)
    assert settings.seed == run.seed and run.finished
    for name in run.config.class_names:
        assert isinstance(name, str)


WRONG = {
    "lesson": [None, 3, ["tiny"]],
    "settings": [None, [], {"seed": [1]}, {"seed": float("nan")}, {"nested": {"seed": 1}}],
    "class_names": [None, "ab", [1, 2], [None], {"a": 1}],
    "restarts": [None, "1", -1, 1.5, True],
    "on_failure": ["cry", 3],
    "tensorboard": ["yes", None],
    "policy": [16],
    "start": ["2", -1],
    "versions": [[], {"keras": 3}],
    "device": [3],
    "git": ["clean"],
    "changes": [{}, [3], [{"epochs": 3}], [{"epochs": [1, 2, 3]}]],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in WRONG.items() for value in values], ids=str)
def test_a_wrong_type_anywhere_is_one_sentence(name, value, tmp_path):
    run = written(tmp_path / "run", {**GOOD, name: value})
    with pytest.raises(BookError, match=rf"config\.json .*{name}"):
        _ = run.config


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "[]", "3", "nul", "\0", ""], ids=lambda c: c[:5])
def test_nonsense_is_one_sentence(content, tmp_path):
    run = written(tmp_path / "run", content)
    with pytest.raises(BookError, match=r"config\.json"):
        _ = run.config


def test_a_file_is_no_run(tmp_path):
    file = tmp_path / "generator.h5"
    file.write_bytes(b"old")
    with pytest.raises(BookError, match=r"generator\.h5 is a file"):
        _ = runs.Run(file).config


@pytest.mark.parametrize(
    "change",
    [{"measured": None}, {"measured": {}}, {"findings": [3]}, {"findings": {}}, {"steps": "many"}, {"parameters": []},
     {"training_seconds": None}, {"measured": {"dataset": "x", "own": 3}}],
    ids=str,
)  # fmt: skip
def test_a_forged_report_is_one_sentence(change, tiny_run, tmp_path):
    run = runs.Run(tmp_path)
    run.report_file.write_text(json.dumps(tiny_run.report | change))
    with pytest.raises(BookError, match=r"report\.json"):
        _ = run.report


def test_no_file_holds_nan(tmp_path):
    runs.write_json(tmp_path / "a.json", {"a": [float("nan"), 1.5, (float("inf"),)]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [None, 1.5, [None]]}


@pytest.mark.parametrize("cell", ["x" * 200_000, "²"])
def test_a_log_with_impossible_cells_is_no_traceback(cell, tmp_path):
    run = runs.Run(tmp_path)
    run.log.write_text(f"epoch,d_loss\n0,0.5\n{cell},0.25\n", encoding="utf-8")
    try:
        run.trim_logs(2, 2)
    except BookError as error:
        assert "log.csv" in str(error)
    else:
        assert run.log.read_text(encoding="utf-8").splitlines() == ["epoch,d_loss", "0,0.5"]


def test_fewer_class_names_than_the_generator_knows(tiny_run, tmp_path):
    run = written(tmp_path / "run", {**tiny_run.config.to_json(), "class_names": ["dawn"]})
    run.generator.write_bytes(tiny_run.generator.read_bytes())
    with pytest.raises(BookError, match=r"config\.json names 1 .*generator\.keras knows 2"):
        run.load("generator")


FORGED = [
    {"position": None},
    {"position": {"step": 9, "epoch": "1", "batch": 0, "state": {}, "seconds": 1}},
    {"position": {"step": 9, "epoch": 1, "batch": 0, "state": [], "seconds": 1}},
    {"position": {"step": 9, "epoch": 1, "batch": 0, "state": {}, "seconds": "long"}},
    {"means": {"d_loss": [1]}},
    {"means": {"d_loss": ["a", "b"]}},
    {"means": 3},
]


@pytest.mark.parametrize("change", FORGED, ids=str)
def test_a_forged_checkpoint_is_a_damaged_one(change, tmp_path):
    about = {"position": {"step": 9, "epoch": 1, "batch": 0, "state": {}, "seconds": 1}, "means": {}} | change
    np.savez(tmp_path / "step-000000009.npz", about=np.frombuffer(json.dumps(about).encode(), np.uint8), v0=np.ones(2))
    said = []
    with pytest.raises(BookError, match="no checkpoint"):
        checkpoint.restore(None, tmp_path, said.append)
    assert "step-000000009.npz is damaged" in said[0]


@pytest.mark.parametrize(
    "position, state",
    [
        ({"step": 10}, {}),
        ({"batch": 12, "step": 21}, {}),
        ({}, {"health": {"looks": None}}),
        ({}, {"steps": {"step": []}}),
        ({}, {"steps": 3}),
    ],
    ids=str,
)
def test_a_checkpoint_that_fits_no_training_is_one_sentence(position, state, tiny_run, tmp_path):
    run = runs.Run(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    newest = checkpoint.saved(tiny_run.checkpoints)[1]
    with np.load(newest) as file:
        arrays = dict(file)
    about = json.loads(arrays["about"].tobytes())
    about["position"] |= position
    for name, value in state.items():
        kept = about["position"]["state"]
        kept[name] = {**kept[name], **value} if isinstance(value, dict) else value
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(run.checkpoints / newest.name, **arrays)
    run.write_config(tiny_run.config)
    with pytest.raises(BookError, match="checkpoints"):
        training.resume(tiny_lesson.LESSON, out=run.folder)


def test_a_git_that_hangs_stops_no_training(monkeypatch):
    def hang(*words, timeout, **options):
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    assert run_config.surroundings()["git"] is None
