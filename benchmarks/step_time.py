"""How long is a training step? The loop of the classic listings against the fused step of this book, in one run.

    python -m benchmarks.step_time
    python -m benchmarks.step_time --network channel --json channel.json
    KERAS_BACKEND=jax python -m benchmarks.step_time

Same networks (those of `chapters/ch06_cgan`), same batch size, same data. Every variant runs in a process of its own,
so that precision policies, compiled graphs and peak memory do not blur, and the variants alternate over several rounds,
so that a machine that slows down or speeds up meanwhile does so for all of them. `benchmarks/README.md` says more.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from gan_book import backend, datasets
from gan_book.commands import cli

from gan_book.training import run_config, runs  # isort: skip  (first: silences TensorFlow's start-up notices)
import keras
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from chapters.ch06_cgan import cgan
from gan_book.datasets.batches import Batches
from gan_book.errors import BookError, require_choice
from gan_book.training.logs import StepClock

LOOP = "loop"
PRECISIONS = {LOOP: "float32", "fused_float32": "float32", "fused_bfloat16": "mixed_bfloat16"}
ON_GPU = {"fused_float16": "mixed_float16"}  # CPUs have no fast float16 arithmetic
PRESETS = {"projection": "full", "channel": "book"}  # network -> preset of the chapter whose networks are timed
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
WARM_UP = 5  # steps at the start that count as compiling


# In the worker's process: one variant, timed.


def work(variant, settings, steps):
    """Trains `steps` steps after the warm-up and returns what was measured, as a dictionary for JSON."""
    keras.utils.set_random_seed(settings.seed)
    backend.use_precision((PRECISIONS | ON_GPU)[variant])
    dataset = datasets.load(settings.data)
    # The loop keeps no moving average of the generator, so the fused model goes without it as well.
    model = cgan.build(replace(settings, average=0.0), dataset)
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    before = {name: _values(network) for name, network in networks.items()}
    run = run_loop if variant == LOOP else run_fused
    seconds, trained = run(model, dataset, settings.batch_size, WARM_UP + steps)
    warm_up, timed = seconds[:WARM_UP], seconds[WARM_UP:]
    moved = {name: _moved(before[name], network) for name, network in networks.items()}
    if any(changed < weights for changed, weights in moved.values()):
        raise RuntimeError(f"{variant} did not train all weights (changed, all: {moved}): its time means nothing")
    return {
        "variant": variant,
        "step_seconds": [float(s) for s in timed],
        "compile_seconds": float(max(0.0, np.sum(warm_up) - WARM_UP * np.median(timed))),
        "peak_memory_bytes": backend.peak_memory(),
        "xla": bool(trained.jit_compile),
        "weights_moved": moved,
        "surroundings": {**run_config.surroundings(), "accelerator": backend.accelerator()},
    }


def run_loop(model, dataset, n, steps):
    """The loop of the classic listings, as written there but for the composite, which is frozen by `Composite`.

    Images lie in memory as float32 in [-1, 1]; numpy picks real samples and latent points; `predict` makes the fakes,
    in its own batches of 32, with its progress bar off. Listings that show the discriminator half batches of each kind
    are given whole ones here: every variant does the same work. Keras turns the logs of `train_on_batch` into floats
    before it returns, so nothing is left to compute when the clock is read.

    Returns:
        Seconds of each step, and a model that was trained.
    """
    generator, discriminator, gan = model.generator, model.discriminator, model.gan
    latent_dim = generator.inputs[0].shape[-1]
    images = dataset.images.astype("float32") / 127.5 - 1.0
    real, fake = np.ones((n, 1)), np.zeros((n, 1))

    def latent_points():
        return [np.random.randn(n, latent_dim), np.random.randint(0, dataset.num_classes, n, "int32")]

    clock = [time.perf_counter()]
    for _ in range(steps):
        chosen = np.random.randint(0, len(images), n)
        discriminator.train_on_batch([images[chosen], dataset.labels[chosen]], real)
        z, labels = latent_points()
        discriminator.train_on_batch([generator.predict([z, labels], verbose=0), labels], fake)
        gan.train_on_batch(latent_points(), real)
        clock.append(time.perf_counter())
    return np.diff(clock), discriminator


def run_fused(model, dataset, n, steps):
    """`fit`, as every chapter trains. Returns as above."""
    model.compile()
    chosen = np.arange(n * steps) % len(dataset.images)  # one epoch of as many batches as there are steps
    batches = Batches(dataset.images[chosen], dataset.labels[chosen], n)
    clock = StepClock()
    model.fit(batches, shuffle=False, verbose=0, callbacks=[clock])
    return np.diff(clock.times), model


def _values(network):
    return [np.array(v) for v in network.trainable_variables]


def _moved(before, network):
    """``[weights that changed, all trainable weights]`` of a network."""
    pairs = zip(before, _values(network), strict=True)
    return [sum(not np.array_equal(old, new) for old, new in pairs), len(before)]


# In the main process: rounds, summary, table.


def measure(flags, rounds):
    """Runs all variants, `rounds` times in turn. Returns variant -> the workers' results, one a round.

    This process never asks for the device itself: on a GPU it would take memory that the workers are measured by.
    """
    results = {LOOP: [launch(LOOP, flags)]}
    on_gpu = results[LOOP][0]["surroundings"]["accelerator"] == "gpu"
    variants = PRECISIONS | ON_GPU if on_gpu else PRECISIONS
    turns = [name for _ in range(rounds) for name in variants][1:]
    for name in track(turns, "Timing", console=Console(stderr=True), transient=True):
        results.setdefault(name, []).append(launch(name, flags))
    return results


def launch(variant, flags):
    """One variant in a process of its own. If that fails, so does this one, with its message."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "result.json")
        command = [sys.executable, __file__, *flags, "--worker", variant, "--json", str(file)]
        process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if process.returncode:
            sys.exit(process.stderr.strip() or f"error: timing {variant} ended with status {process.returncode}")
        return json.loads(file.read_text())


def summarise(results, batch_size):
    """Workers' results, variant -> one a round, to rows for the table: medians over all steps of all rounds."""
    pooled = {name: 1000 * np.concatenate([r["step_seconds"] for r in rounds]) for name, rounds in results.items()}
    return [_row(name, rounds, pooled[name], np.median(pooled[LOOP]), batch_size) for name, rounds in results.items()]


def _row(name, rounds, ms, loop_ms, batch_size):
    median = float(np.median(ms))
    return {
        "variant": name,
        "precision": (PRECISIONS | ON_GPU)[name],
        "xla": rounds[0]["xla"],
        "ms_per_step": median,
        "ms_quartiles": [float(q) for q in np.percentile(ms, [25, 75])],
        "ms_of_rounds": [1000 * float(np.median(r["step_seconds"])) for r in rounds],
        "steps_per_second": 1000 / median,
        "images_per_second": 1000 * batch_size / median,
        "times_as_fast_as_loop": float(loop_ms) / median,
        "compile_seconds": float(np.median([r["compile_seconds"] for r in rounds])),
        "peak_memory_bytes": max(r["peak_memory_bytes"] for r in rounds),
        "weights_moved": [r["weights_moved"] for r in rounds],
    }


def table(rows, title):
    result = Table(title=title, title_justify="left", box=box.SIMPLE, padding=0, collapse_padding=True, pad_edge=False)
    for heading in ("", "ms/step", "quartiles", "steps/s", "images/s", "x loop", "compile s", "peak MiB"):
        result.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        low, high = row["ms_quartiles"]
        numbers = [f"{row['ms_per_step']:.1f}", f"{low:.1f}-{high:.1f}", f"{row['steps_per_second']:.1f}"]
        numbers += [f"{row['images_per_second']:.0f}", f"{row['times_as_fast_as_loop']:.2f}"]
        numbers += [f"{row['compile_seconds']:.1f}", f"{row['peak_memory_bytes'] / 2**20:.0f}"]
        result.add_row(row["variant"], *numbers)
    return result


# Command line.


def read_settings(network, batch_size, width):
    """The chapter's settings for these flags; raises BookError for flags that make no sense."""
    require_choice("--network", network, PRESETS)
    if network == "channel" and width is not None:
        raise BookError("--width is for the projection networks; leave it out with --network channel")
    return cgan.LESSON.settings(PRESETS[network], batch_size=batch_size, width=width)


@app.command()
def main(
    network: Annotated[str, typer.Option(help="projection (preset full) or channel (preset book).")] = "projection",
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images per step; default the preset's.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Of projection networks; default the preset's.")] = None,
    steps: Annotated[int, typer.Option(min=1, help=f"Timed steps of a round, after {WARM_UP} of warm-up.")] = 60,
    rounds: Annotated[int, typer.Option(min=1, help="How often every variant is run, in turn.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the numbers to this file.")] = None,
    worker: Annotated[str | None, typer.Option(hidden=True)] = None,
):
    """Time the classic training loop against the fused step of this book."""
    settings = read_settings(network, batch_size, width)
    if worker:
        runs.write_json(json_file, work(worker, settings, steps))
        return
    flags = [f"--network={network}", f"--batch-size={settings.batch_size}", f"--steps={steps}"]
    results = measure(flags + ([f"--width={width}"] if width else []), rounds)
    surroundings = results[LOOP][0]["surroundings"]
    rows = summarise(results, settings.batch_size)
    backend, where = surroundings["backend"], surroundings["device"]
    Console().print(table(rows, f"{network} networks, batch {settings.batch_size}, {backend} on {where}"))
    if json_file is not None:
        protocol = {"network": network, "batch_size": settings.batch_size, "data": settings.data}
        protocol |= {"width": settings.width} if network == "projection" else {}
        protocol |= {"steps": steps, "rounds": rounds, "warm_up_steps": WARM_UP}
        runs.write_json(json_file, {"protocol": protocol, "surroundings": surroundings, "variants": rows})
        print(f"numbers: {json_file}")


if __name__ == "__main__":
    cli.guard(app)
