"""A training that was stopped, or killed, ends bit for bit as one that was not."""

import shlex
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from gan_book.errors import Interrupted
from gan_book.paths import BOOK
from gan_book.training import checkpoint, report, runs
from gan_book.training import train as training
from gan_book.training.checkpoint import Checkpoints
from tests import tiny_lesson
from tools import kill_trial

STEPS_PER_EPOCH = 9  # 36 of 40 pictures in batches of 4


def settings(pictures, **changes):
    return tiny_lesson.LESSON.settings("quick", data=str(pictures), **changes)


def stop_after(monkeypatch, step):
    """Ctrl-C, as it were, after `step` steps of the whole training."""
    original = Checkpoints.on_train_batch_end

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch * self.steps_per_epoch + self.first_batch + batch + 1 >= step:
            self.stop.set()
        original(self, batch, logs)

    monkeypatch.setattr(Checkpoints, "on_train_batch_end", on_train_batch_end)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_stopped_within_an_epoch_and_at_its_end(precision, pictures, tmp_path, monkeypatch):
    chosen = settings(pictures, precision=precision)
    undisturbed = training.train(tiny_lesson.LESSON, chosen, out=tmp_path / "undisturbed")

    out = tmp_path / "stopped"
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match=str(out)):
        stop_after(patch, 4)
        training.train(tiny_lesson.LESSON, chosen, out=out)
    assert kill_trial.newest_step(runs.Run(out)) == 4
    for step in (STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1, 3 * STEPS_PER_EPOCH - 1):
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            stop_after(patch, step)
            training.resume(tiny_lesson.LESSON, out=out)
        assert kill_trial.newest_step(runs.Run(out)) == step
    run = training.resume(tiny_lesson.LESSON, out=out)

    assert kill_trial.differences(run, undisturbed) == []
    assert len(run.log.read_text().splitlines()) == 1 + chosen.epochs
    assert len(run.step_log.read_text().splitlines()) > chosen.epochs
    assert run.report["measured"] == undisturbed.report["measured"]
    assert run.report["findings"] == undisturbed.report["findings"]


@pytest.mark.slow
def test_a_cell_that_was_interrupted_is_gone_on_with_in_the_next(pictures, tmp_path, monkeypatch, capsys):
    """A KeyboardInterrupt that comes in spite of the handler, as the second one does, between two steps."""
    monkeypatch.setattr(training, "in_notebook", lambda: True)
    monkeypatch.setattr(report, "in_notebook", lambda: True)
    monkeypatch.setattr(training, "_is_interactive", lambda: True)
    monkeypatch.chdir(tmp_path)

    def interrupt(self, batch, logs=None):
        original(self, batch, logs)
        if self.epoch == 1 and batch == 3:
            raise KeyboardInterrupt

    original = Checkpoints.on_train_batch_end
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        patch.setattr(Checkpoints, "on_train_batch_end", interrupt)
        training.train(tiny_lesson.LESSON, settings(pictures), "quick")
    said, line = str(stopped.value).split(" with: ")
    assert said == "the training was stopped and is saved in runs/tiny-quick-001; go on in the next cell"
    assert stopped.value._render_traceback_() == [f"Interrupted: {stopped.value}"], "without a traceback"
    capsys.readouterr()
    cell = {"LESSON": tiny_lesson.LESSON}
    exec(line, cell)
    assert cell["run"].finished and cell["run"].folder.as_posix() == "runs/tiny-quick-001"
    printed = capsys.readouterr().out
    assert printed.endswith("The run is in runs/tiny-quick-001.\n") and "Look at" not in printed


def script(*arguments):
    """The tiny lesson run by itself, which is what a reader's own lesson would be."""
    return [sys.executable, str(BOOK / "tests" / "tiny_lesson.py"), *map(str, arguments)]


@pytest.fixture(scope="module")
def long_command(pictures):
    """A training that saves after every step and takes a few seconds."""
    return script("--preset", "long", "--data", pictures, "--set", "checkpoint_seconds=0")


@pytest.fixture(scope="module")
def undisturbed(long_command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    kill_trial.finish([*long_command, "--out", str(folder / "run")], folder / "output.txt")
    return runs.Run(folder / "run")


@pytest.mark.slow
def test_the_comparison_sees_every_difference(undisturbed, tmp_path):
    """So that the tests here can fail."""
    copy = runs.Run(shutil.copytree(undisturbed.folder, tmp_path / "copy"))
    assert kill_trial.differences(copy, undisturbed) == []
    for log in (copy.log, copy.step_log):
        log.write_bytes(log.read_bytes()[:-3])
    (copy.samples / "step-0000002.png").write_bytes(b"")
    copy.save("generator", tiny_lesson.define_generator((8, 8, 3), 2))
    newest = checkpoint.saved(copy.checkpoints)[0]
    with np.load(newest) as file:
        arrays = dict(file)
    np.savez(newest, **arrays | {"v7": arrays["v7"] + 1})
    assert set(kill_trial.differences(copy, undisturbed)) == {
        "log.csv",
        "steps.csv",
        "step-0000002.png",
        "generator.keras",
        "v7",
    }


@pytest.mark.slow
def test_killed_three_times(long_command, undisturbed, tmp_path):
    run, output = runs.Run(tmp_path / "run"), tmp_path / "output.txt"
    resume = script("--out", run, "--resume")

    # In the middle of an epoch, while a checkpoint is being written.
    process = kill_trial.start([*long_command, "--out", str(run)], output)
    kill_trial.kill_at(process, run, step=4, writing=True)
    assert kill_trial.half_written(run)

    # Some time later; and the newest checkpoint is damaged before the next resume.
    process = kill_trial.start(resume, output)
    kill_trial.kill_at(process, run, step=STEPS_PER_EPOCH + 3, delay=0.01)
    damaged = kill_trial.damage_newest(run)

    process = kill_trial.start(resume, output)
    kill_trial.kill_at(process, run, step=3 * STEPS_PER_EPOCH - 1, delay=0.02)

    kill_trial.finish(resume, output)
    said = output.read_text()
    assert said.count("Resuming at epoch ") == 3
    assert f"{damaged} is damaged" in said
    assert kill_trial.differences(run, undisturbed) == []
    assert not list(run.folder.rglob(".*")), "what the killed processes left half-written is swept away"


@pytest.mark.slow
def test_ctrl_c_saves_and_prints_a_command_that_goes_on(long_command, undisturbed, tmp_path):
    run = runs.Run(tmp_path / "a run")  # the space has to be quoted
    command = [*long_command, "--out", str(run)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while kill_trial.newest_step(run) < 5 and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not run.generator.exists() or run.report is None
    *_, printed = errors.strip().splitlines()
    assert printed.strip().startswith("python ") and printed.endswith("--resume")
    kill_trial.finish([sys.executable, *shlex.split(printed)[1:]], tmp_path / "output.txt")
    assert kill_trial.differences(run, undisturbed) == []
