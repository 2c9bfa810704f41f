"""Watches a training for the ways in which GANs fail, while something can still be done. Chapter 6 shows one fail."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace

import numpy as np

from gan_book.adversarial import Composite
from gan_book.sampling import evenly_spaced
from gan_book.training.detectors import (
    PATIENCE,
    REAL_IN_ALL,
    Advice,
    CollapseDetector,
    ConvergenceDetector,
    CoverageDetector,
    Finding,
    LabelDetector,
    SaturationDetector,
    StandstillDetector,
    TrainingFailure,
    check_finite,
    require_finite,
)
from gan_book.training.logs import StepCounter, passed

READ_EVERY = 10  # steps between two readings of the losses, each of which waits for the device
LOOK_EVERY = 200  # steps between two looks at images
FIRST_LOOK = (400, 1000)  # young generators are poor without being ill: a third of the training, between these steps
# Labels are heeded last: a healthy MLP (chapter 6) begins to after some 1,600 of its 3,000 steps. So only in the second
# half of a training, and in a long one from this step on, are they said to be ignored.
LABELS_FROM = 3000


@dataclass(frozen=True)
class Watched:
    """Images that the monitor looks at.

    Attributes:
        images: function without arguments that returns uint8 ``[n, height, width, channels]``, a hundred or so samples
            from the same latent points each time.
        labels: int ``[n]``, the classes of those; all 0 for an unconditional generator.
        real_images, real_labels: the training data, uint8 and int.
        class_names: one name per class.
        name: of this kind of images, where there are several.
    """

    images: Callable
    labels: np.ndarray
    real_images: np.ndarray
    real_labels: np.ndarray
    class_names: tuple
    name: str = ""


class _Look:
    """The detectors for one kind of images."""

    def __init__(self, watched, advice):
        self.watched, self.labels = watched, np.asarray(watched.labels)
        real, real_labels = watched.real_images, np.asarray(watched.real_labels)
        asked = np.unique(self.labels)
        judged = np.flatnonzero(np.isin(real_labels, asked))
        judged = judged[evenly_spaced(len(judged), REAL_IN_ALL)]
        self.saturation = SaturationDetector(real[judged], advice)
        self.collapse = CollapseDetector(real, real_labels, watched.class_names, advice)
        self.coverage = CoverageDetector(real[judged], len(self.labels), advice)
        self.ignored = LabelDetector(real, real_labels, watched.class_names, asked)

    def findings(self, late):
        """late: whether the training has come so far that labels should be heeded."""
        images = self.watched.images()
        yield self.saturation.update(images)
        yield self.collapse.update(images, self.labels)
        if not self.saturation.off_range():  # else these would only say the same in other words
            yield self.coverage.update(images)
            if late:
                yield self.ignored.update(images, self.labels)

    def counters(self):
        detectors = (self.saturation, self.collapse, self.coverage, self.ignored)
        return {name: counter for detector in detectors for name, counter in detector.counters().items()}


class HealthMonitor(StepCounter):
    """Says in one sentence, once for each kind of failure, what goes wrong and what to try.

    Every `READ_EVERY` steps it reads the losses in the model's `watched_losses`: those of the discriminators for real
    or fake. Every `LOOK_EVERY` steps, from `first_look` on, it looks at images.

    Args:
        watched: list of `Watched`.
        on_failure: "warn" prints the finding; "stop" and "restart" print it and raise `TrainingFailure`; the
            caller ends the training or starts a new one. Weights that are not finite always raise it.
        steps: of the whole training.
        advice: `Advice`.

    Attributes:
        findings: list of `Finding`.
    """

    def __init__(self, watched, on_failure="warn", steps=10_000, advice=None):
        super().__init__()
        self.on_failure, self.steps, self.advice = on_failure, steps, advice or Advice()
        self.pictures = [_Look(each, self.advice) for each in watched]
        self.convergence, self.standstill = [], None
        self.looks, self.told_of_nothing = 0, False
        self.findings = []

    @property
    def first_look(self):
        """The step from which on images are looked at."""
        earliest, latest = FIRST_LOOK
        return min(latest, max(earliest, self.steps // 3))

    @property
    def not_judged(self):
        """A sentence about what was not judged, or None."""
        if self.looks >= PATIENCE or not self.pictures:
            return None
        last = -(-self.first_look // LOOK_EVERY) * LOOK_EVERY + (PATIENCE - 1) * LOOK_EVERY
        return f"Pictures were not judged: that takes {last:,} steps, and this training had {self.step:,}."

    def begin_epoch(self):
        for detector in self.convergence:
            detector.windows.begin_epoch()

    def after_steps(self, before, logs):
        if passed(before, self.step, READ_EVERY):
            self._read(logs)
        if self.step >= self.first_look and passed(before, self.step, LOOK_EVERY):
            self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._read(logs)
        require_finite(self.model, self.step, self.advice)  # before anything is saved
        super().on_epoch_end(epoch)

    def state(self):
        """Short, because images and weights are compared again after a resume."""
        return {
            **super().state(),
            "convergence": [detector.state() for detector in self.convergence],
            "looks": self.looks,
            "pictures": [{name: each.looks for name, each in look.counters().items()} for look in self.pictures],
            "findings": [astuple(finding) for finding in self.findings],
        }

    def restore(self, state):
        super().restore(state)
        self.convergence = [ConvergenceDetector(self.advice) for _ in state["convergence"]]
        for detector, kept in zip(self.convergence, state["convergence"], strict=True):
            detector.restore(kept)
        self.looks = int(state["looks"])
        for look, kept in zip(self.pictures, state["pictures"], strict=True):
            for name, counter in look.counters().items():
                counter.looks = int(kept[name])
        self.findings = [Finding(*map(str, each)) for each in state["findings"]]

    def _read(self, logs):
        values = {name: float(value) for name, value in (logs or {}).items()}
        if not values:
            return
        if broken := check_finite(values, self.advice):
            require_finite(self.model, self.step, self.advice)
            self._report(broken)
        groups = _groups([name for name in self.model.watched_losses if name in values], self.model)
        if not groups and not self.told_of_nothing:
            self.told_of_nothing = True
            # A model without a composite has no discriminator to name: an autoencoder, for example.
            if any(isinstance(player, Composite) for player in self.model.players):
                print("No loss of a discriminator is watched: the model names none.", flush=True)
        if len(self.convergence) != len(groups):
            self.convergence = [ConvergenceDetector(self.advice) for _ in groups]
        for detector, names in zip(self.convergence, groups, strict=True):
            self._report(detector.update(self.epoch_step, {name: values[name] for name in names}))

    def _look(self):
        if any(finding.kind == "not finite" for finding in self.findings):
            return  # what a broken network generates says nothing more
        self.looks += 1
        model = self.model  # on the JAX backend this brings the weights up to date
        if self.standstill is None:
            self.standstill = StandstillDetector(model.discriminators)
        self._report(self.standstill.update())
        late = self.step >= min(LABELS_FROM, self.steps // 2)
        for look in self.pictures:
            for finding in look.findings(late):
                self._report(finding and replace(finding, where=look.watched.name))

    def _report(self, finding):
        if finding is None or (finding.kind, finding.where) in ((known.kind, known.where) for known in self.findings):
            return
        finding = replace(finding, sentence=f"at step {self.step:,} {finding.sentence}")
        self.findings.append(finding)
        print(finding, flush=True)
        if self.on_failure != "warn":
            raise TrainingFailure(finding)


def _groups(names, model):
    """The watched losses of each discriminator apart, so that one that wins is not hidden by another.

    A model with several discriminators names as many losses for each, one discriminator after the other.
    """
    discriminators = len(model.discriminators) or 1
    each, rest = divmod(len(names), discriminators)
    if rest or not each:
        return [names] if names else []
    return [names[i * each : (i + 1) * each] for i in range(discriminators)]
