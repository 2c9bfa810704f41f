"""The pictures of chapter 1 that are not grids of images in rows: codes in the plane, and the plane decoded."""

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from gan_book.plotting import DPI, TITLE, as_picture
from gan_book.sampling import draw


def scatter(panels, labels, class_names, title, reach=None):
    """Codes with two numbers as points, a colour for each class, as a `Picture`.

    Args:
        panels: dict from a panel's name to codes, float ``[n, 2]``.
        labels: int ``[n]``, the classes of the points in every panel.
        class_names: one name per class.
        title: a sentence above.
        reach: the axes go from -reach to reach; None to show all points.
    """
    figure = Figure(figsize=(1.2 + 4.6 * len(panels), 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (name, codes) in zip(axes, panels.items(), strict=True):
        for label, class_name in enumerate(class_names):
            x, y = codes[labels == label].T
            axis.scatter(x, y, s=6, color=f"C{label}", alpha=0.6, linewidths=0, label=class_name)
        axis.set_title(name)
        axis.set_xlabel("first latent number")
        axis.set_aspect("equal", "datalim")
        if reach:
            axis.set(xlim=(-reach, reach), ylim=(-reach, reach))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("second latent number")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", markerscale=3, frameon=False)
    figure.suptitle(title, **TITLE)
    return as_picture(figure)


def plane(decoder, columns, rows):
    """What a decoder of two numbers makes of a grid of points: uint8 images, row after row, and the two axes.

    columns: first latent numbers from left to right; rows: second ones from top to bottom.
    """
    z = np.array([(x, y) for y in rows for x in columns], "float32")
    return draw(decoder, np.zeros(len(z)), z=z)


def quantiles(count):
    """``count`` numbers that cut N(0, 1) into parts of equal probability, float ``[count]``, growing."""
    return norm.ppf((np.arange(count) + 0.5) / count)
