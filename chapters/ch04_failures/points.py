"""What both notebooks on points in the plane need: watching a training, and points as images for the health monitor."""

import math

import keras
import numpy as np

from chapters.ch02_gan.mixtures import count_modes
from chapters.ch02_gan.pictures import EDGE, look
from gan_book.training.detectors import Advice
from gan_book.training.health import HealthMonitor, Watched
from gan_book.training.logs import StepCounter, WindowMeans, passed

EVERY = 50  # steps between two readings of a watched training
FILM = 6  # looks at the points of a training that are kept for its picture


class Watch(StepCounter):
    """A callback that reads losses and counts modes while a GAN of points is trained.

    Args:
        mixture: the `chapters.ch02_gan.mixtures.Mixture` of the real points.
        steps: of the training.
        kept: None, or a function of the model that is called every `EVERY` steps; its values are in `log` as "kept".

    Attributes:
        log: dict: "step", the names of the logs, "modes" and "good" -> a list with a number for each reading.
        stages: list of ``(step, points, landscape)`` at `FILM` moments, see `chapters.ch02_gan.pictures.look`.
    """

    def __init__(self, mixture, steps, kept=None):
        super().__init__()
        self.mixture, self.steps, self.kept = mixture, steps, kept
        self.windows = WindowMeans(EVERY)
        self.log, self.stages = {"step": [], "modes": [], "good": []}, []

    def begin_epoch(self):
        self.windows.begin_epoch()

    def after_steps(self, before, logs):
        """Reads once every `EVERY` steps."""
        if not passed(before, self.step, EVERY):
            return
        means = self.windows.update(self.epoch_step, {name: float(value) for name, value in logs.items()})
        found = count_modes(sample(self.model, 500), self.mixture)
        values = {"step": self.step, "modes": found["modes"], "good": found["good"], **(means or {})}
        if self.kept is not None:
            values["kept"] = self.kept(self.model)
        for name, value in values.items():
            self.log.setdefault(name, []).append(value)
        if passed(before, self.step, self.steps // FILM):
            self.stages.append((self.step, *look(self.model)))


def sample(model, n=2500, seed=1):
    """Points of a model's sampler, float ``[n, 2]``."""
    z = np.random.default_rng(seed).standard_normal((n, model.sampler.inputs[0].shape[1])).astype("float32")
    return keras.ops.convert_to_numpy(model.sampler(z, training=False))


def as_images(points):
    """Points as images of two pixels, uint8 ``[n, 1, 2, 1]``: a coordinate each, -EDGE is black and EDGE white."""
    pixels = np.clip((points + EDGE) / (2 * EDGE), 0, 1) * 255
    return np.rint(np.nan_to_num(pixels)).astype("uint8")[:, None, :, None]


def monitor(model, mixture, steps):
    """The book's `HealthMonitor` for a GAN of points, which it sees as images of two pixels."""
    real = as_images(mixture.sample(1000, np.random.default_rng(2)))
    labels = np.zeros(160, "int32")
    watched = Watched(lambda: as_images(sample(model, 160)), labels, real, np.zeros(len(real), "int32"), ("points",))
    return HealthMonitor([watched], "warn", steps, Advice())


def swing(values):
    """How much a curve goes up and down in its second half: the standard deviation of its readings."""
    second = np.asarray(values, "float64")[len(values) // 2 :]
    return float(second.std()) if len(second) else math.nan
