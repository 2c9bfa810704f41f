"""What does it cost several machines to exchange the gradients of a step? Measured between processes of this machine.

    python -m benchmarks.exchange measure cgan                  # two processes, the networks of the preset `full`
    python -m benchmarks.exchange measure pix2pix --preset book --workers 4

Each process holds as many numbers as the networks have weights, and all exchange them as a step does: turn by turn,
each turn the gradients of the network that it updates. No network is computed. Adds a row to ``results/exchange.json``,
in place of an earlier one of the same lesson, preset, number of workers and place; with it goes what the same exchange
takes over a network of 1 and of 25 Gbit/s, computed from the number of bytes. Let nothing else run meanwhile: how many
processes wanted a core before it began is recorded, too.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gan_book import backend
from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.training import chapters, run_config
from tools import results
from tools.workers import addresses, end

WARM_UP = 3
NETWORKS = {"1 Gbit/s": 1e9, "25 Gbit/s": 25e9}  # bits a second
BYTES = 4  # of a gradient, float32 in every precision

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def turn_shapes(lesson, settings):
    """Of each turn of a step the shapes of the weights that it trains: dict, name -> list of shapes."""
    dataset = lesson.task.load(settings)
    model = lesson.build(settings, dataset)
    model.compile()
    model._symbolic_build(data_batch=lesson.task.batches(dataset, settings)[0])
    return {
        turn: [list(variable.shape) for variable in network.trainable_variables]
        for turn, network in model.turn_networks.items()
    }


def ring_seconds(size, workers, bits):
    """Seconds in which a ring of workers sums `size` bytes that each has: each sends 2 (n - 1) / n of them.

    Patarasuk and Yuan (2009), "Bandwidth optimal all-reduce algorithms for clusters of workstations". Latency is left
    out, and so is what a step computes meanwhile.

    Args:
        size: bytes.
        workers: n.
        bits: a second, that a machine can send and receive at the same time.
    """
    return 2 * (workers - 1) / workers * size * 8 / bits


def exchange(shapes, steps):
    """Run by every worker: exchanges numbers of these shapes, and returns the seconds of each step."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    def sums():
        replica = tf.distribute.get_replica_context()
        # The sum of all sums, so that no exchange can be left out.
        return tf.add_n(
            [
                tf.reduce_sum(total)
                for turn in shapes.values()
                for total in tf.nest.flatten(replica.all_reduce("SUM", [tf.ones(shape) for shape in turn]))
            ]
        )

    step = tf.function(lambda: strategy.run(sums))
    expected = strategy.num_replicas_in_sync * sum(int(np.prod(shape)) for turn in shapes.values() for shape in turn)
    times = []
    for _ in range(WARM_UP + steps):
        began = time.perf_counter()
        total = float(step())
        times.append(time.perf_counter() - began)
        if not np.isclose(total, expected, rtol=1e-3):
            raise BookError(f"the workers' numbers add up to {total}, not {expected}; run it again")
    return times[WARM_UP:]


def measured(shapes, workers, steps):
    """Seconds of each step of so many workers on this machine."""
    cluster = {"worker": addresses(workers)}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work.json"
        work.write_text(json.dumps({"shapes": shapes, "steps": steps}))
        processes = []
        for index in range(workers):
            task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
            environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
            out = (Path(folder) / f"{index}.json").open("w")
            words = [sys.executable, "-m", "benchmarks.exchange", "worker", str(work)]
            processes.append(subprocess.Popen(words, env=environment, stdout=out))
            out.close()
        try:
            states = [process.wait() for process in processes]
        finally:
            end(processes)
        if any(states):
            raise BookError("a worker failed; what it wrote is above")
        return json.loads((Path(folder) / "0.json").read_text())


def row_of(shapes, workers, seconds):
    """What is recorded, as a dict."""
    numbers = sum(int(np.prod(shape)) for turn in shapes.values() for shape in turn)
    median = float(np.median(seconds))
    return {
        "workers": workers,
        "turns": {turn: sum(int(np.prod(shape)) for shape in each) for turn, each in shapes.items()},
        "bytes": numbers * BYTES,
        "steps": len(seconds),
        "seconds_per_step": median,
        "least_seconds": float(min(seconds)),
        "quartiles": [float(q) for q in np.percentile(seconds, [25, 75])],
        "gbit_per_second": 2 * (workers - 1) / workers * numbers * BYTES * 8 / median / 1e9,
        "computed_seconds": {name: ring_seconds(numbers * BYTES, workers, bits) for name, bits in NETWORKS.items()},
    }


@app.command("worker", hidden=True)
def worker(file: Path):
    """One of the processes; started by `measure`."""
    work = json.loads(file.read_text())
    print(json.dumps(exchange(work["shapes"], work["steps"])))


@app.command("measure")
def measure(
    chapter: Annotated[str, typer.Argument(help="Name of a chapter's script.")],
    preset: Annotated[str, typer.Option(help="smoke, quick, full or book.")] = "full",
    workers: Annotated[int, typer.Option(min=2, help="Processes.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help=f"Timed exchanges, after {WARM_UP} of warm-up.")] = 50,
):
    """Time the exchange of the gradients of a step."""
    if backend.JAX:
        raise BookError("this measures TensorFlow's exchange; set KERAS_BACKEND=tensorflow")
    lesson = chapters.lesson(chapter)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None  # processes that want a core, before it begins
    shapes = turn_shapes(lesson, lesson.settings(preset))
    row = {
        "lesson": lesson.name,
        "preset": preset,
        "policy": "float32",
        **row_of(shapes, workers, measured(shapes, workers, steps)),
    }
    results.put_row("exchange", "exchanges", {**row, "load": load, **run_config.surroundings()})


if __name__ == "__main__":
    cli.guard(app)
