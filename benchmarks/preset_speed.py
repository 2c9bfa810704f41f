"""How long is a step of a preset, and how much memory does it need? For presets too long to be run to their end.

    python -m benchmarks.preset_speed pix2pix                    # a hundred steps of the preset `book`
    python -m benchmarks.preset_speed cyclegan --steps 20 --precision float32
    KERAS_BACKEND=jax python -m benchmarks.preset_speed cyclegan

Adds a row to ``results/preset_speed.json``, in place of an earlier one of the same lesson, preset, precision and place.
Let nothing else run meanwhile.
"""

import math
from dataclasses import replace
from typing import Annotated

import keras
import numpy as np
import typer

from gan_book import backend
from gan_book.commands import cli
from gan_book.training import chapters, run_config
from gan_book.training.logs import StepClock
from tools import results

WARM_UP = 3  # steps at the start that count as compiling

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def timed(lesson, settings, steps):
    """Trains so many steps after the warm-up, without pictures, checkpoints or scores; returns a row as a dict."""
    keras.utils.set_random_seed(settings.seed)
    policy = backend.use_precision(settings.precision)
    dataset = lesson.task.load(replace(settings, limit=(WARM_UP + steps) * settings.batch_size))
    model = lesson.build(settings, dataset)
    model.compile()
    batches, clock = lesson.task.batches(dataset, settings), StepClock()
    epochs = math.ceil((WARM_UP + steps) / (dataset.train_size // settings.batch_size))
    model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[clock])
    seconds = np.diff(clock.times)
    warm_up, seconds = seconds[:WARM_UP], seconds[WARM_UP : WARM_UP + steps]
    median = float(np.median(seconds))
    return {
        "lesson": lesson.name,
        "image_size": dataset.image_shape[0],
        "batch_size": settings.batch_size,
        "policy": policy,
        "parameters": {network.name: network.count_params() for network in model.players},
        "steps": len(seconds),
        "seconds_per_step": median,
        "quartiles": [float(q) for q in np.percentile(seconds, [25, 75])],
        "images_per_second": settings.batch_size / median,
        "compile_seconds": float(max(0.0, warm_up.sum() - WARM_UP * median)),
        "peak_memory_bytes": backend.peak_memory(),
    }


@app.command()
def main(
    chapter: Annotated[str, typer.Argument(help="Name of a chapter's script.")],
    preset: Annotated[str, typer.Option(help="smoke, quick, full or book.")] = "book",
    steps: Annotated[int, typer.Option(min=1, help=f"Timed steps, after {WARM_UP} of warm-up.")] = 100,
    number_format: Annotated[str, typer.Option("--precision", help="See `gan-book train --help`.")] = "auto",
):
    """Time some steps of a preset."""
    lesson = chapters.lesson(chapter)
    settings = lesson.settings(preset, precision=number_format)
    row = {"preset": preset, **run_config.surroundings(), **timed(lesson, settings, steps)}
    results.put_row("preset_speed", "presets", row)


if __name__ == "__main__":
    cli.guard(app)
