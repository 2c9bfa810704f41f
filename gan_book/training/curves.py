"""Reading a run's logs, and the figures made from them: loss curves, and an animation of the training.

The columns of a log are named ``<turn>_<metric>``; a network with several outputs has ``<turn>_<output>_loss`` as well.
"""

import csv
import math
import re
from contextlib import suppress
from pathlib import Path
from textwrap import fill

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_book.errors import BookError
from gan_book.plotting import DPI, TITLE, save_gif, with_caption, write_figure

MAX_GIF_FRAMES = 40


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


def loss_curves(log_csv, path, model=None, title=None):
    """Writes a run's log, steps.csv or log.csv, as curves: discriminators' losses, generators' losses, accuracies.

    The losses of turns that update one of the model's `discriminators` are in a panel of their own, those of all other
    turns in another. Solid curves are what a network minimises; dashed ones are the parts that it is a sum of. Places
    where losses are not finite are marked. A row that was logged twice counts once.

    Args:
        log_csv, path: of the log and of the PNG file.
        model: the `AdversarialModel`, after its first step; None to have all losses in one panel.
        title: a sentence above.

    Raises:
        BookError: there is no such file, or no row in it.
    """
    unit, places, columns = read_log(log_csv)
    totals, parts = losses(columns)
    judged, guessing = _kinds(model, totals + parts)
    of_losses = [name for name in columns if name in totals or name in parts]
    panels = {
        "loss of D": [name for name in of_losses if name in judged],
        "loss of G" if judged else "loss": [name for name in of_losses if name not in judged],
        "accuracy": [name for name in columns if name.endswith("accuracy")],
        "other measures": [name for name in columns if not name.endswith(("loss", "accuracy"))],
    }
    panels = {heading: names for heading, names in panels.items() if names} or {"loss": []}
    labels = {name: legend_name(name) for names in panels.values() for name in names}
    colours = {label: COLOURS[number % len(COLOURS)] for number, label in enumerate(dict.fromkeys(labels.values()))}
    figure = Figure(figsize=(9, 0.8 + 2.8 * len(panels)), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (heading, names) in zip(axes, panels.items(), strict=True):
        curves = [(labels[name], columns[name], name in parts) for name in names]
        _write_curves(axis, places, curves, colours, any(name in guessing for name in names))
        axis.set_ylabel(heading)
    axes[-1].set_xlabel(unit)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if title:
        figure.suptitle(fill(title, 80), x=0.01, ha="left", parse_math=False, **TITLE)
    write_figure(figure, path)


LOG_2 = math.log(2)
# Dark ones first, then the light ones of the same: CycleGAN has more than ten curves.
COLOURS = [colormaps["tab20"](number) for number in (*range(0, 20, 2), *range(1, 20, 2))]


def legend_name(log):
    """The name of a log for people: ``d_real_loss`` is "D real", ``G_cycle_loss`` "G cycle", ``d_accuracy`` "D"."""
    words = re.sub("_?(loss|accuracy)$", "", log).split("_")
    return " ".join(word.upper() if len(word) == 1 else word for word in words if word) or "all"


def _kinds(model, names):
    """Which of these losses are a discriminator's; and which are binary cross-entropies of real and fake."""
    networks = getattr(model, "turn_networks", {})
    judges = {id(network) for network in getattr(model, "discriminators", ())}
    judged, guessing = set(), set()
    for turn, network in networks.items():
        own = [name for name in names if name == f"{turn}_loss" or _longest(networks, name) == turn]
        judged.update(own if id(network) in judges else [])
        loss = network.loss
        for name in own:
            output = name.removeprefix(f"{turn}_").removesuffix("_loss")
            each = loss.get(output) if isinstance(loss, dict) else loss if name == f"{turn}_loss" else None
            if isinstance(each, keras.losses.BinaryCrossentropy) or each == "binary_crossentropy":
                guessing.add(name)
    return judged, guessing


def _longest(turns, name):
    """The turn that a log is of: with turns "d" and "d_real", ``d_real_loss`` is the latter's."""
    return max((turn for turn in turns if name.startswith(f"{turn}_")), key=len, default=None)


def _write_curves(axis, places, curves, colours, guessing):
    """Writes ``(label, values, is a part)`` into a panel, with the loss of a D that guesses if `guessing`."""
    marker = "o" if len(places) < 30 else None
    failed = np.zeros(len(places), bool)
    for label, values, is_part in curves:
        finite = np.isfinite(values)
        failed |= ~finite
        style = {"linestyle": "--" if is_part else "-", "linewidth": 1.1 if is_part else 1.5, "color": colours[label]}
        axis.plot(places, np.where(finite, values, np.nan), marker=marker, markersize=3, label=label, **style)
    if guessing:  # -log 1/2: what D pays, and G, when D cannot tell real from generated
        axis.axhline(LOG_2, color="grey", linewidth=1, linestyle=":", label="log 2 = 0.69: D guesses")
    for number, place in enumerate(places[failed]):
        axis.axvline(place, color="crimson", linestyle=":", label="not finite" if number == 0 else None)
    axis.set_xlim(min(places) - 0.5, max(places) + 0.5)
    axis.grid(alpha=0.3)
    if curves:
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def training_gif(samples_folder, path):
    """Animates the pictures ``step-0000000.png``, ... of `SampleGrid` in order, each with its step below it.

    Of more than `MAX_GIF_FRAMES`, as a training has that was made longer, those are shown that are nearest to
    log-spaced steps. A picture that cannot be read is left out.

    Raises:
        BookError: the folder holds no such picture that can be read.
    """
    pictures = {}
    for file in Path(samples_folder).glob("step-*.png"):
        if number := re.fullmatch(r"step-(\d+)\.png", file.name):
            pictures[int(number[1])] = file
    frames = []
    for step in _log_spaced(sorted(pictures)):
        with suppress(OSError, ValueError, SyntaxError):  # what Pillow raises at damaged files
            frames.append(with_caption(pictures[step], f"step {step:,}"))
    if not frames:
        raise BookError(f"no step-0000000.png or later in {samples_folder}, so there is no training to animate")
    save_gif(frames, path)


def _log_spaced(steps):
    """At most `MAX_GIF_FRAMES` of the steps, first and last among them, as even as may be on a log scale."""
    if len(steps) <= MAX_GIF_FRAMES:
        return steps
    places = np.log1p(steps)
    wanted = np.linspace(places[0], places[-1], MAX_GIF_FRAMES)
    return [steps[at] for at in sorted({int(np.abs(places - each).argmin()) for each in wanted})]
