"""Watches a training for the ways in which GANs fail, while there is still time to do something about it.

The detectors take numbers and images and return a `Finding` or None; `HealthMonitor` feeds them from ``fit``. The
failures, and the names for them, are those of Goodfellow's tutorial (2016, arXiv:1701.00160, sections 3.2 and 5.1).
"""

import math
from copy import deepcopy
from dataclasses import astuple, dataclass, replace

import numpy as np
from scipy.spatial.distance import pdist

from gan_book.sampling import evenly_spaced
from gan_book.training.curves import losses
from gan_book.training.logs import StepCounter, WindowMeans, passed

VERDICTS = ("_validity_loss", "_real_loss", "_fake_loss")
READ_EVERY = 10  # steps between two readings of the losses, each of which waits for the device
REAL_PER_CLASS = 64
REAL_FOR_PIXELS = 1000
KEPT = {  # what `HealthMonitor.state` keeps of each detector
    "convergence": ("low_windows",),
    "saturation": ("still_checks", "pinned_checks"),
    "collapse": ("collapsed_checks",),
}


@dataclass(frozen=True)
class Finding:
    """What the monitor sees: the kind of failure, a clause that says what it is, and one that says what to try."""

    kind: str
    sentence: str
    advice: str

    def __str__(self):
        return f"{self.kind}: {self.sentence}; {self.advice}."


class TrainingFailure(Exception):
    """Ends ``fit`` because of ``finding``, when the monitor was told to stop or to restart on failure."""

    def __init__(self, finding):
        super().__init__(str(finding))
        self.finding = finding


def check_finite(logs):
    """A finding if any value of ``logs``, a dict of floats, is NaN or infinite."""
    broken = {name: value for name, value in logs.items() if not math.isfinite(value)}
    if not broken:
        return None
    listed = ", ".join(f"{name} = {value}" for name, value in broken.items())
    return Finding(
        "not finite",
        f"the log holds {listed}, and weights that have become NaN do not recover",
        "go back to the last checkpoint with half the learning rates, or train in float32",
    )


class ConvergenceDetector:
    """The discriminator wins: its loss stays near 0, and the generator is left without a gradient.

    Losses of either sign are compared by their size, so that the two large, opposite parts of a Wasserstein loss are
    not taken for zero.

    Args:
        limit: a window whose mean loss is below this is low.
        window: steps in a window.
        patience: how many low windows in a row make a finding.
    """

    def __init__(self, limit=0.02, window=50, patience=3):
        self.limit, self.patience = limit, patience
        self.windows = WindowMeans(window)
        self.low_windows = 0

    def update(self, steps, means):
        """``means``: dict of the discriminator's losses, each the mean over the first ``steps`` steps of the epoch."""
        window = self.windows.update(steps, means)
        if window is None:
            return None
        loss = sum(map(abs, window.values())) / len(window)
        self.low_windows = self.low_windows + 1 if loss < self.limit else 0
        if self.low_windows < self.patience:
            return None
        return Finding(
            "convergence failure",
            f"the discriminator's loss has stayed near 0 ({loss:.4f}) for {self.patience * self.windows.window} steps, "
            "so it tells real from generated without effort and the generator learns nothing",
            "lower the discriminator's learning rate, give it dropout or label smoothing, or make it smaller",
        )


class SaturationDetector:
    """The generator is stuck: its images no longer change, or far more of their pixels than of real ones' are at an
    end of the tanh's range, where its gradient vanishes.

    Args:
        real_images: uint8 ``[n, height, width, channels]``.
        still: mean change of a pixel between two checks, in levels of 0..255, below which images stand still.
        excess: how much larger than in real images the share of pixels at the ends (at most 1, at least 254) may be.
        patience: at how many checks in a row it has to be so.
    """

    def __init__(self, real_images, still=0.01, excess=0.25, patience=2):
        self.real_ends = pixels_at_ends(real_images)
        self.still, self.excess, self.patience = still, excess, patience
        self.previous = None
        self.still_checks = self.pinned_checks = 0

    def update(self, images):
        """``images``: uint8, drawn from the same latent points each time."""
        if self.previous is not None:
            change = np.abs(images.astype(np.int16) - self.previous).mean()
            self.still_checks = self.still_checks + 1 if change < self.still else 0
        self.previous = images.astype(np.int16)
        ends = pixels_at_ends(images)
        black, white = ends - self.real_ends
        self.pinned_checks = self.pinned_checks + 1 if max(black, white, black + white) > self.excess else 0
        if self.pinned_checks >= self.patience:
            return Finding(
                "generator saturation",
                f"{ends.sum():.0%} of the generated pixels are pinned to black or white, of the real ones only "
                f"{self.real_ends.sum():.0%}, and the tanh passes no gradient back from there",
                "lower the generator's learning rate, and check that real images are scaled to -1..1",
            )
        if self.still_checks >= self.patience:
            return Finding(
                "generator saturation",
                "the generator's images stand still while training goes on",
                "check the generator's learning rate and that its turn trains it, and use the non-saturating loss",
            )
        return None


class CollapseDetector:
    """Mode collapse within classes: samples of one class are far more alike than real images of it.

    Args:
        real_images, real_labels: uint8 ``[n, height, width, channels]`` and int ``[n]``.
        class_names: one name per label; for unconditional images, a single one.
        ratio: a class whose diversity is below this part of the real one has collapsed. Ten real images of a class
            of Fashion-MNIST come out between 0.75 and 1.22 in 99 of 100 draws, so a quarter is no accident.
        share: the part of all classes that has to have collapsed.
        patience: at how many checks in a row it has to be so.
    """

    def __init__(self, real_images, real_labels, class_names, ratio=0.25, share=1 / 3, patience=2):
        chosen = _some_of_each(np.asarray(real_labels), len(class_names), REAL_PER_CLASS)
        self.real = class_diversity(real_images[chosen], real_labels[chosen], len(class_names))
        self.class_names = class_names
        self.ratio, self.share, self.patience = ratio, share, patience
        self.collapsed_checks = 0

    def update(self, images, labels):
        """``images``: uint8 with at least two samples of each class that is to be judged."""
        diversity = class_diversity(images, labels, len(self.class_names))
        judged = np.isfinite(diversity) & (self.real > 0)
        low = np.flatnonzero(judged & (diversity < self.ratio * self.real))
        collapsed = judged.any() and len(low) >= self.share * judged.sum()
        self.collapsed_checks = self.collapsed_checks + 1 if collapsed else 0
        if self.collapsed_checks < self.patience:
            return None
        worst = low[np.argsort(diversity[low] / self.real[low])][:3]
        named = ", ".join(f"{self.class_names[index]} {diversity[index] / self.real[index]:.0%}" for index in worst)
        return Finding(
            "mode collapse",
            f"samples within {len(low)} of {judged.sum()} classes are nearly alike (diversity against real images': "
            f"{named})",
            "lower the generator's learning rate, enlarge the batch, or strengthen the discriminator",
        )


def pixels_at_ends(images):
    """Shares of the pixels of uint8 ``images`` at the black end (at most 1) and the white one (at least 254)."""
    return np.array([np.mean(images <= 1), np.mean(images >= 254)])


def class_diversity(images, labels, num_classes):
    """Mean root-mean-square pixel distance over all pairs of images of a class, in levels of 0..255.

    Returns:
        float ``[num_classes]``; NaN for a class with fewer than two images.
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    diversity = np.full(num_classes, np.nan)
    for label in range(num_classes):
        members = flat[labels == label]
        if len(members) > 1:
            diversity[label] = pdist(members).mean() / math.sqrt(flat.shape[1])
    return diversity


def _some_of_each(labels, num_classes, count):
    """Indices of up to ``count`` images of each class, spread evenly over the data, which may be sorted."""
    members = [np.flatnonzero(labels == label) for label in range(num_classes)]
    return np.concatenate([each[evenly_spaced(len(each), count)] for each in members])


class HealthMonitor(StepCounter):
    """Says in one sentence, once for each kind of failure, what goes wrong and what to try.

    Losses are read every `READ_EVERY` steps; images are drawn and judged every ``check_every`` steps. Logs are told
    apart by name: the losses of discriminator turns begin with "d" or "D" and end with "loss"; of a discriminator with
    several outputs those count that say real or fake, by the names in `VERDICTS`, if it has such.

    Args:
        draw: function without arguments that returns uint8 ``[n, height, width, channels]``, a hundred or so images
            drawn from the same latent points each time.
        draw_labels: int ``[n]``, the classes of those images; all 0 for an unconditional generator.
        real_images, real_labels: the training data, uint8 and int.
        class_names: one name per class.
        on_failure: "warn" prints the finding; "stop" and "restart" print it and raise `TrainingFailure`, which it is
            the caller's part to turn into the end of the training or a new one.
        check_every: steps between two checks of images.
        grace_steps: images are not judged before this step; young generators are poor without being ill.

    Attributes:
        findings: list of `Finding`.
    """

    def __init__(
        self,
        draw,
        draw_labels,
        real_images,
        real_labels,
        class_names,
        on_failure="warn",
        check_every=200,
        grace_steps=1000,
    ):
        super().__init__()
        self.draw, self.draw_labels = draw, np.asarray(draw_labels)
        self.on_failure, self.check_every, self.grace_steps = on_failure, check_every, grace_steps
        self.convergence = ConvergenceDetector()
        self.saturation = SaturationDetector(real_images[evenly_spaced(len(real_images), REAL_FOR_PIXELS)])
        self.collapse = CollapseDetector(real_images, np.asarray(real_labels), class_names)
        self.findings = []

    def begin_epoch(self):
        self.convergence.windows.begin_epoch()

    def after_steps(self, before, logs):
        if passed(before, self.step, READ_EVERY):
            self._read(logs)
        if self.step >= self.grace_steps and passed(before, self.step, self.check_every):
            self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._read(logs)
        super().on_epoch_end(epoch)

    def state(self):
        """Short, for images are compared anew after a resume."""
        parts = {part: {name: getattr(getattr(self, part), name) for name in names} for part, names in KEPT.items()}
        own = {**super().state(), "windows": self.convergence.windows.state()}
        return deepcopy({**own, **parts, "findings": [astuple(finding) for finding in self.findings]})

    def restore(self, state):
        super().restore(state)
        self.convergence.windows.restore(state["windows"])
        for part, names in KEPT.items():
            for name in names:
                setattr(getattr(self, part), name, deepcopy(state[part][name]))
        self.findings = [Finding(*each) for each in state["findings"]]

    def _read(self, logs):
        values = {name: float(value) for name, value in (logs or {}).items()}
        self._report(check_finite(values))
        totals, parts = losses(name for name in values if name.lower().startswith("d"))
        read = [name for name in parts if name.endswith(VERDICTS)] or totals
        self._report(self.convergence.update(self.epoch_step, {name: values[name] for name in read}))

    def _look(self):
        if any(finding.kind == "not finite" for finding in self.findings):
            return  # what a broken network draws says nothing more
        _ = self.model  # on the JAX backend this brings the weights up to date
        images = self.draw()
        self._report(self.saturation.update(images))
        self._report(self.collapse.update(images, self.draw_labels))

    def _report(self, finding):
        if finding is None or finding.kind in (known.kind for known in self.findings):
            return
        finding = replace(finding, sentence=f"at step {self.step:,} {finding.sentence}")
        self.findings.append(finding)
        print(finding, flush=True)
        if self.on_failure != "warn":
            raise TrainingFailure(finding)
