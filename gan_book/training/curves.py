"""Reading a run's logs, and the figures made from them: loss curves, and an animation of the training.

The columns of a log are named ``<turn>_<metric>``; a network with several outputs has ``<turn>_<output>_loss`` as well.
"""

import csv
import math
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_book.errors import BookError
from gan_book.plotting import DPI, save_gif, with_caption, write_figure

MAX_GIF_FRAMES = 50


def losses(names):
    """The losses among the names, in order: ``(totals, parts)``, one total a turn, and what the totals are sums of."""
    every = [name for name in names if name.endswith("loss")]
    turns = {name: name.removesuffix("loss") for name in every if name.endswith("_loss")}
    parts = [name for name in every if any(name != total and name.startswith(turn) for total, turn in turns.items())]
    return [name for name in every if name not in parts], parts


def read_log(log_csv):
    """A run's log as ``(unit, places, columns)``.

    unit: "step" or "epoch", what the rows are numbered by; places: those numbers, int ``[n]``, epochs counted from 1;
    columns: dict of the columns that hold at least one entry, float ``[n]``, NaN where there is none.

    Raises:
        BookError: there is no such file, or no row in it.
    """
    try:
        with Path(log_csv).open(newline="", encoding="utf-8", errors="replace") as file:
            unit, *names = next(csv.reader(file), []) or [""]
            rows = [row for row in csv.DictReader(file, [unit, *names]) if (row[unit] or "").isdecimal()]
    except OSError as error:
        raise BookError(f"cannot read the log {log_csv}: {error.strerror}; train first, it is written then") from error
    except csv.Error as error:
        raise BookError(f"cannot read the log {log_csv}: {error}; restore it or train again") from error
    if not rows:
        raise BookError(f"the log {log_csv} holds no finished {unit or 'epoch'} yet; train for at least one epoch")
    by_place = {int(row[unit]): row for row in rows}
    places = sorted(by_place)
    used = [name for name in names if any(row[name] not in (None, "", "NA") for row in by_place.values())]
    columns = {name: np.array([_number(by_place[place][name]) for place in places]) for name in used}
    return unit, np.array(places) + (unit == "epoch"), columns


def _number(text):
    """A cell of the log: the number, NaN for a missing one ("NA", or a line cut short)."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def loss_curves(log_csv, path):
    """Draws a run's log, steps.csv or log.csv: losses above; below the parts they are sums of, and accuracies, if any.

    Places where losses are not finite are marked. A row that was logged twice counts once.

    Raises:
        BookError: there is no such file, or no row in it.
    """
    unit, places, columns = read_log(log_csv)
    totals, parts = losses(columns)
    accuracies = [name for name in columns if name.endswith("accuracy")]
    kinds = {"loss": totals, "part of the loss": parts, "accuracy": accuracies}
    panels = [
        (kind, {name: columns[name] for name in names}) for kind, names in kinds.items() if names or kind == "loss"
    ]
    figure = Figure(figsize=(8, 1 + 3 * len(panels)), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (kind, curves) in zip(axes, panels, strict=True):
        _draw_curves(axis, places, curves)
        axis.set_ylabel(kind)
    axes[-1].set_xlabel(unit)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    write_figure(figure, path)


def _draw_curves(axis, places, curves):
    marker = "o" if len(places) < 30 else None
    failed = np.zeros(len(places), bool)
    for name, values in curves.items():
        finite = np.isfinite(values)
        failed |= ~finite
        axis.plot(places, np.where(finite, values, np.nan), marker=marker, markersize=3, linewidth=1.4, label=name)
    for number, place in enumerate(places[failed]):
        axis.axvline(place, color="crimson", linestyle=":", label="not finite" if number == 0 else None)
    axis.set_xlim(min(places) - 0.5, max(places) + 0.5)
    axis.grid(alpha=0.3)
    if curves:
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def training_gif(samples_folder, path):
    """Animates ``epoch-0000.png``, ``epoch-0001.png``, ... in order, each with its epoch's number below it.

    Of a longer training, `MAX_GIF_FRAMES` evenly spaced epochs are shown. A picture that cannot be read is left out.

    Raises:
        BookError: the folder holds no such picture that can be read.
    """
    pictures = {}
    for file in Path(samples_folder).glob("epoch-*.png"):
        if number := re.fullmatch(r"epoch-(\d+)\.png", file.name):
            pictures[int(number[1])] = file
    epochs = sorted(pictures)
    if len(epochs) > MAX_GIF_FRAMES:
        epochs = [epochs[round(at)] for at in np.linspace(0, len(epochs) - 1, MAX_GIF_FRAMES)]
    frames = []
    for epoch in epochs:
        with suppress(OSError, ValueError, SyntaxError):  # what Pillow raises at damaged files
            frames.append(with_caption(pictures[epoch], f"epoch {epoch}"))
    if not frames:
        raise BookError(f"no epoch-0001.png or later in {samples_folder}, so there is no training to animate")
    save_gif(frames, path)
