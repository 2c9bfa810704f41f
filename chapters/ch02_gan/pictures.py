"""The pictures of chapter 2: points in the plane, the landscape of D behind them, curves and paths."""

import io
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy.special import expit

from gan_book.plotting import DPI, TITLE, as_picture, save_gif

REAL, GENERATED = "#222222", "#e07000"
EDGE = 1.75  # the pictures show the square from -EDGE to EDGE
FINE = 60  # points of the landscape along one side
SHOWN = 500  # generated points in a picture


def pixels(picture):
    """The pixels of a `Picture`, uint8 ``[h, w, 3]``."""
    with Image.open(io.BytesIO(picture._repr_png_())) as image:
        return np.asarray(image.convert("RGB"))


def look(model, seed=0):
    """What a picture of a GAN of points in the plane needs: generated points, and D on a square lattice.

    Returns:
        ``(points, landscape)``: float ``[500, 2]`` and ``[60, 60]``, the second D's probability of "real".
    """
    side = np.linspace(-EDGE, EDGE, FINE, dtype="float32")
    lattice = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    z = np.random.default_rng(seed).standard_normal((SHOWN, model.sampler.inputs[0].shape[1])).astype("float32")
    logits = model.discriminator.predict(lattice, batch_size=len(lattice), verbose=0)
    points = model.sampler.predict(z, batch_size=SHOWN, verbose=0)
    return points, expit(logits.reshape(FINE, FINE))


def watched_fit(model, points, batch_size, steps, frames=30):
    """Trains with `fit` and stops for a look after more and more steps, log-spaced from 0 to `steps`.

    Args:
        model: a compiled GAN of points in the plane.
        points: real points, float ``[steps * batch_size, 2]``; each is used once.
        frames: how many looks, fewer if there are not as many different step numbers.

    Returns:
        list of ``(step, points, landscape)``, see `look`.
    """
    at = np.unique(np.r_[0, np.geomspace(1, steps, frames - 1).round().astype(int)])
    seen = [(0, *look(model))]
    for start, end in pairwise(at):
        batch = points[start * batch_size : end * batch_size]
        model.fit(batch, batch_size=batch_size, shuffle=False, verbose=0)
        seen.append((int(end), *look(model)))
    return seen


def scatter(stages, real, title):
    """A panel for each stage: D's landscape (blue "real", red "generated"), real points black, generated ones orange.

    Args:
        stages: list of ``(heading, points, landscape)``.
        real: float ``[n, 2]``.
        title: a sentence above.

    Returns:
        `gan_book.plotting.Picture`.
    """
    figure = Figure(figsize=(1 + 3 * len(stages), 4.1), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(stages), squeeze=False)[0]
    for axis, (heading, points, landscape) in zip(axes, stages, strict=True):
        extent = (-EDGE, EDGE, -EDGE, EDGE)
        shades = axis.imshow(landscape, origin="lower", extent=extent, cmap="RdBu", vmin=0, vmax=1, alpha=0.55)
        axis.plot(*real[:SHOWN].T, ".", color=REAL, markersize=2, label="real")
        axis.plot(*points.T, ".", color=GENERATED, markersize=2, label="generated")
        axis.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        axis.set_title(heading, fontsize=11)
    names = axes[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=2, markerscale=5, fontsize=10, frameon=False)
    figure.colorbar(shades, ax=axes, shrink=0.8, label="D: probability of real")
    figure.suptitle(title, **TITLE)
    return as_picture(figure)


def write_film(stages, real, path, title):
    """Writes the stages of `watched_fit` as an animated GIF, a frame each."""
    frames = [scatter([(f"after {step:,} steps", points, scape)], real, title) for step, points, scape in stages]
    save_gif([pixels(frame) for frame in frames], path, seconds_per_frame=0.3, colours=96)


def lines(curves, title, xlabel, ylabel, log="", marks=()):
    """Curves in one panel, as a `Picture`.

    Args:
        curves: dict: name -> ``(x, y)`` or ``(x, y, style of the line)``.
        log: the axes with a logarithmic scale, such as "xy".
        marks: ``(y, words)`` of horizontal reference lines.
    """
    figure = Figure(figsize=(7, 3.6), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    for name, (x, y, *style) in curves.items():
        axis.plot(x, y, *style, label=name)
    for height, words in marks:
        axis.axhline(height, color="grey", linestyle=":", label=words)
    axis.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if "x" in log else "linear")
    axis.set_yscale("log" if "y" in log else "linear")
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
    axis.set_title(title, **TITLE)
    return as_picture(figure)


def paths(walks, title, xlabel, ylabel):
    """Paths in the plane, a panel each, from a square to a dot, as a `Picture`.

    walks: dict: heading -> float ``[n, 2]``.
    """
    figure = Figure(figsize=(3 * len(walks), 3.8), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(walks), squeeze=False)[0]
    for axis, (heading, walk) in zip(axes, walks.items(), strict=True):
        axis.plot(*walk.T, color="C0", linewidth=1)
        axis.plot(*walk[0], "s", color="C1", label="start")
        axis.plot(*walk[-1], "o", color="C3", label="end")
        axis.plot(0, 0, "+", color="black", markersize=10, label="equilibrium")
        axis.set(xlim=(-2, 2), ylim=(-2, 2), xlabel=xlabel, aspect="equal")
        axis.set_title(heading, fontsize=11)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel(ylabel)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, **TITLE)
    return as_picture(figure)
