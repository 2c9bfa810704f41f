"""Does a killed training go on as if nothing had happened? Kills one again and again with SIGKILL, and looks.

    python -m tools.kill_trial --kills 20 --json kill_trial.json

One training runs undisturbed. Then, for each kill, another with the same settings is started, killed at a random
moment, resumed and trained to its end, and everything both have left behind is compared bit for bit: the last
checkpoint (all weights, optimizers, random states), generator.keras, log.csv and the sample pictures. Every third kill
hits while a checkpoint is being written; before every fourth resume the newest checkpoint is damaged.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.training import checkpoint, run_config, runs

STEPS_PER_EPOCH, EPOCHS = 10, 6
GAN_BOOK = [sys.executable, "-m", "gan_book", "train", "cgan"]
# A checkpoint after every step, so that there is something to hit. No classifier reads images of 32 x 32, so that
# little time goes into measuring.
TRAIN = [*GAN_BOOK, "--preset", "smoke", "--epochs", str(EPOCHS), "--image-size", "32", "--deterministic"]
TRAIN += ["--set", "checkpoint_seconds=0"]
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def start(command, output):
    """Runs `command` with its output appended to the file `output`."""
    with Path(output).open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)


def finish(command, output):
    """Runs `command` to its end.

    Raises:
        BookError: it failed.
    """
    if start(command, output).wait():
        raise BookError(f"a training failed, see {output}:\n{Path(output).read_text(errors='replace')[-3000:]}")


def newest_step(run):
    """Step of the newest checkpoint, 0 where there is none."""
    files = checkpoint.saved(run.checkpoints)
    return int(files[0].stem.removeprefix("step-")) if files else 0


def half_written(run):
    return list(run.checkpoints.glob(".*.part"))


def kill_at(process, run, step, writing=False, delay=0.0):
    """Kills `process` with SIGKILL `delay` seconds after it has saved `step`, or in the next write of a checkpoint.

    Raises:
        BookError: it ended before.
    """
    while newest_step(run) < step:
        _rest(process)
    if writing:
        _stop_in_a_write(process, run)
    else:
        time.sleep(delay)
    process.kill()
    if process.wait() != -signal.SIGKILL:
        raise BookError("the training ended before it could be killed; give it more epochs")


def _stop_in_a_write(process, run):
    """Freezes the process while a half-written file is there; SIGKILL ends a frozen one, too."""
    while True:
        if half_written(run):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            if half_written(run):
                return
            process.send_signal(signal.SIGCONT)
        _rest(process)


def _rest(process):
    if process.poll() is not None:
        raise BookError("the training ended before it could be killed; give it more epochs")
    time.sleep(0.001)


def damage_newest(run):
    """Flips the bits of one byte in the middle of the newest checkpoint; returns its name."""
    file = checkpoint.saved(run.checkpoints)[0]
    with file.open("r+b") as data:
        data.seek(file.stat().st_size // 2)
        byte = data.read(1)[0]
        data.seek(-1, os.SEEK_CUR)
        data.write(bytes([byte ^ 0xFF]))
    return file.name


def differences(run, other):
    """Names of what two finished runs have left behind that is not the same, bit for bit."""
    logs = ("log.csv", "steps.csv")
    found = [name for name in logs if (run.folder / name).read_bytes() != (other.folder / name).read_bytes()]
    pictures = [{file.name: file.read_bytes() for file in each.samples.iterdir()} for each in (run, other)]
    found += [
        name for name in pictures[0].keys() | pictures[1].keys() if pictures[0].get(name) != pictures[1].get(name)
    ]
    weights, others = (each.load("generator").get_weights() for each in (run, other))
    if len(weights) != len(others) or not all(map(np.array_equal, weights, others)):
        found.append("generator.keras")
    return found + _different_states(run, other)


def _different_states(run, other):
    if newest_step(run) != newest_step(other):
        return [f"last step {newest_step(run)}, not {newest_step(other)}"]
    with (
        np.load(checkpoint.saved(run.checkpoints)[0], allow_pickle=False) as state,
        np.load(checkpoint.saved(other.checkpoints)[0], allow_pickle=False) as expected,
    ):
        names = set(state.files) | set(expected.files)
        both = set(state.files) & set(expected.files)
        # "about" holds the time spent, too, which no resume can repeat.
        return sorted((names - both) | {n for n in both - {"about"} if not np.array_equal(state[n], expected[n])})


def trial(number, folder, expected, rng):
    """One kill: a dict of when it came and what came of it."""
    run, output = runs.Run(folder / f"killed-{number:02d}"), folder / f"killed-{number:02d}.txt"
    began = time.monotonic()
    process = start([*TRAIN, "--out", str(run)], output)
    writing, damaged = number % 3 == 0, number % 4 == 0
    kill_at(process, run, rng.randint(1, STEPS_PER_EPOCH * EPOCHS - 3), writing, delay=rng.uniform(0, 0.1))
    row = {"kill": number, "seconds": round(time.monotonic() - began, 2), "last_saved_step": newest_step(run)}
    row |= {"in_a_checkpoint_write": bool(half_written(run)), "newest_damaged": damaged}
    if damaged:
        damage_newest(run)
    finish([*GAN_BOOK, "--out", str(run), "--resume"], output)
    resumed = [line for line in output.read_text().splitlines() if line.startswith("Resuming at ")]
    different = differences(run, expected)
    row |= {"resumed": resumed[-1] if resumed else "from the beginning", "equal": not different}
    return row | ({"different": different} if different else {})


@app.command()
def main(
    kills: Annotated[int, typer.Option(help="How many trainings to kill.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the moments.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the summary to this file.")] = None,
):
    """Kill trainings at random moments and compare what becomes of them with an undisturbed one."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        expected = runs.Run(folder / "undisturbed")
        finish([*TRAIN, "--out", str(expected)], folder / "undisturbed.txt")
        rows = []
        for number in range(1, kills + 1):
            rows.append(trial(number, folder, expected, rng))
            print(rows[-1], flush=True)
    summary = {"kills": kills, "equal": sum(row["equal"] for row in rows), "seed": seed}
    summary |= {"steps": STEPS_PER_EPOCH * EPOCHS, "trials": rows, **run_config.surroundings()}
    print(f"{summary['equal']} of {kills} killed trainings ended bit for bit as the undisturbed one.")
    if json_file is not None:
        runs.write_json(json_file, summary)


if __name__ == "__main__":
    cli.guard(app)
