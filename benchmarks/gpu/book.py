"""How far do trainings with the published settings get on a GPU, and how good is what they make?

    python -m benchmarks.gpu.book --seconds 225
    python -m benchmarks.gpu.book --smoke                 # tiny, on a CPU

Part of `benchmarks/on_gpu.sh`. Trains the preset `book` of chapter 6 to its end or as far as its share of the time
goes, measures it as `gan-book train` does, then does the same with chapters 10 and 11 in what is left.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.gpu.record import Deadline, Record, parser
from benchmarks.gpu.workers import NoAnswer, Worker, reply

SHARES = {"cgan": 0.55, "pix2pix": 0.5, "cyclegan": 1.0}  # of the time that is left when its turn comes
TO_MEASURE = 0.3  # of a lesson's time, kept for starting and measuring
GRACE = 60  # seconds after a lesson's time in which it may end measuring, if the whole has them


# In the worker's process.


def train(name, seconds, folder, smoke):
    """Trains a preset for at most so many seconds and measures it; returns a row."""
    from gan_book import backend
    from gan_book.errors import Interrupted
    from gan_book.training import chapters
    from gan_book.training import train as training

    lesson, preset = chapters.lesson(name), "smoke" if smoke else "book"
    settings = lesson.settings(preset)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # until `train` listens to it, and stops after the step it is at
    threading.Thread(target=_stop, args=(seconds,), daemon=True).start()
    try:
        run = training.train(lesson, settings, preset, out=folder, tell=_tell)
    except Interrupted:
        run = training.finish(lesson, folder, tell=_tell)
    report = run.report
    epochs = report["steps"] / _steps_per_epoch(lesson, settings)
    return {
        "chapter": name,
        "preset": preset,
        "epochs": epochs,
        "of_epochs": settings.epochs,
        "steps": report["steps"],
        "images": report["steps"] * settings.batch_size,
        "training_seconds": report["training_seconds"],
        "policy": run.config.policy,
        "device": run.config.device,
        "backend": run.config.backend,
        "peak_memory_bytes": backend.peak_memory(),
        "findings": report["findings"],
        "measured": report["measured"],
    }


def _stop(seconds):
    """Asks the training to stop after so many seconds; if it has not begun by then, as soon as it has."""
    time.sleep(seconds)
    while signal.getsignal(signal.SIGTERM) == signal.SIG_IGN:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)  # once: a second time would break off without saving


def _tell(line):
    print(line, file=sys.stderr, flush=True)


def _steps_per_epoch(lesson, settings):
    return lesson.task.load(settings).train_size // settings.batch_size


# In the main process.


def main():
    flags = parser("Trains the preset `book` for a while.", 225, "the preset `smoke`", "chapters")
    flags.add_argument("--worker", help=argparse.SUPPRESS)
    flags.add_argument("--run", help=argparse.SUPPRESS)
    asked = flags.parse_args()
    if asked.worker:
        reply(**train(asked.worker, asked.seconds, Path(asked.run), asked.smoke))
        return
    deadline, record = Deadline(asked.seconds), Record(asked.out, "book", smoke=asked.smoke)
    chosen = [name for name in SHARES if name.startswith(asked.only)]
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            share = deadline.share(SHARES[name])
            record.put("chapter", **_row(name, share, deadline, Path(folder, name), asked))
    record.finish()


def _row(name, share, deadline, folder, asked):
    """Trains one lesson in a process of its own; the picture of its samples is kept beside the JSON file."""
    seconds = (1 - TO_MEASURE) * share.left
    arguments = [
        "--worker",
        name,
        "--run",
        str(folder),
        "--seconds",
        str(seconds),
        *(["--smoke"] if asked.smoke else []),
    ]
    worker = Worker("benchmarks.gpu.book", arguments, dict(os.environ))
    try:
        row = worker.answer(min(deadline.left, share.left + GRACE))
    except NoAnswer as problem:
        row = {"chapter": name, "problem": str(problem), **_so_far(folder)}
    worker.kill()
    if (folder / "samples.png").exists():
        shutil.copy(folder / "samples.png", Path(asked.out) / f"book-{name}.png")
    return row


def _so_far(folder):
    """The last line of the log of a run that was not measured."""
    log = folder / "log.csv"
    lines = log.read_text().splitlines() if log.exists() else []
    return {"log": [lines[0], lines[-1]]} if len(lines) > 1 else {}


if __name__ == "__main__":
    main()
