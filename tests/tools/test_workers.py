"""Two processes train together, only the chief writes, and a killed one is started again."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gan_book.paths import BOOK
from gan_book.training.checkpoint import saved
from tests.test_devices import assert_same_beginning
from tools import workers

TRAIN = ["train", "cgan", "--preset", "smoke", "--image-size", "32", "--precision", "float32"]
ENVIRONMENT = {**os.environ, "KERAS_BACKEND": "tensorflow"}
WAIT = 600  # seconds, on a machine that does much else


@pytest.mark.slow
def test_two_workers_train_as_one_and_one_that_is_killed_goes_on(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    words = [*TRAIN, "--epochs", "3", "--set", "checkpoint_seconds=0"]
    alone = [sys.executable, "-m", "gan_book", *words, "--out", str(one)]
    subprocess.run(alone, cwd=BOOK, env=ENVIRONMENT, check=True, capture_output=True)
    command = [sys.executable, "-m", "tools.workers", "2", *words, "--out", str(two)]
    with (tmp_path / "said").open("w") as file:
        process = subprocess.Popen(command, cwd=BOOK, env=ENVIRONMENT, stdout=file, stderr=subprocess.STDOUT)
    until = time.monotonic() + WAIT
    while not saved(two / "checkpoints") and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    said = (tmp_path / "said").read_text()
    chief, other = map(int, next(line for line in said.splitlines() if line.startswith("workers:")).split()[1:])
    os.kill(other, signal.SIGKILL)
    assert process.wait(WAIT) == 0, (tmp_path / "said").read_text()[-3000:]
    said = (tmp_path / "said").read_text()
    assert "a worker ended with status" in said and "Resuming at epoch" in said and chief != other
    assert said.count("Resuming at epoch") == 1, "the chief alone speaks"
    assert_same_beginning(one, two)
    files = [{file.name for file in folder.iterdir()} for folder in (one, two)]
    assert files[0] == files[1]
    assert (
        json.loads((two / "report.json").read_text())["steps"] == json.loads((one / "report.json").read_text())["steps"]
    )


def processes(*programs):
    return [subprocess.Popen([sys.executable, "-c", program]) for program in programs]


def test_one_that_fails_ends_all():
    started = processes("raise SystemExit(3)", "import time; time.sleep(60)")
    began = time.monotonic()
    assert workers.wait(started) == 3
    assert time.monotonic() - began < 30 and all(process.poll() is not None for process in started)
    assert workers.wait(processes("pass", "pass")) == 0


def test_it_is_started_again_only_where_it_had_begun(tmp_path, monkeypatch, capsys):
    seen, states = [], iter([-9, 0])

    def start(count, words):
        seen.append(words)
        return processes("pass")

    monkeypatch.setattr(workers, "start", start)
    monkeypatch.setattr(workers, "wait", lambda started: next(states))
    words = ["train", "cgan", "--out", str(tmp_path)]
    assert workers.main(["2", *words]) == 9 and seen == [words]
    (tmp_path / "config.json").write_text("{}")
    states = iter([-9, 1, 0])
    assert workers.main(["2", *words]) == 0
    assert seen[1:] == [words, [*words, "--resume"], [*words, "--resume"]]
    assert "a worker ended with status -9" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["1", "train", "cgan", "--out", "x"], ["2", "evaluate", "cgan"], ["2", "train", "cgan"]]
)
def test_wrong_words(words, capsys):
    with pytest.raises(SystemExit):
        workers.main(words)
    assert "give the number of workers, from 2 on" in capsys.readouterr().err
