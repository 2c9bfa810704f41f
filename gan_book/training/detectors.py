"""The ways in which GANs fail, and how each is detected from numbers, weights or images; the answer is a `Finding`.

The failures, and the names for them, are those of Goodfellow's tutorial (2016, arXiv:1701.00160, sections 3.2 and 5.1).
`gan_book.training.health.HealthMonitor` feeds the detectors from ``fit``.
"""

import math
from dataclasses import dataclass, fields

import keras
import numpy as np
from keras import ops
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans

from gan_book.adversarial import Composite
from gan_book.sampling import evenly_spaced
from gan_book.training.logs import WindowMeans

PATIENCE = 2  # looks in a row that must find the same failure

LOW_LOSS, LOW_WINDOW, LOW_WINDOWS = 0.02, 50, 3  # a discriminator's loss near 0, in windows of so many steps
STILL = 0.01  # mean change of a pixel between two looks, in levels of 0..255
STILL_WEIGHTS = 1e-6  # change of a network's weights between two looks, as a part of their size
EXCESS = 0.25  # how much larger than in real images the share of pixels at the ends of the range may be
BRIGHTNESS = 50  # how far the mean pixel may be from that of real images, in levels of 0..255
# Ten real images of a class of Fashion-MNIST have between 0.75 and 1.22 times the diversity of many in 99 of 100 draws,
# so a quarter is no accident; and it takes a quarter of the classes.
LEAST_DIVERSITY, COLLAPSED_SHARE = 0.25, 0.25
CLUSTERS, LEAST_CLUSTERS = 10, 3.0  # of real images; a set of samples that is spread over so few covers too few
# Of the differences between real classes, samples that ignore their labels show 0.00 to 0.02, healthy ones about 1.
LEAST_LABEL_EFFECT, LABEL_EXPECTED = 0.1, 0.7
LABEL_PATIENCE = 3  # looks in a row for labels, which networks take longest to heed
REAL_PER_CLASS = 64
REAL_IN_ALL = 1000


@dataclass(frozen=True)
class Finding:
    """What the monitor found: the kind of failure, a clause that says what it is, and one that says what to try.

    `where` names the images, if a training has several kinds.
    """

    kind: str
    sentence: str
    advice: str
    where: str = ""

    def __str__(self):
        return f"{self.kind}{f' ({self.where})' if self.where else ''}: {self.sentence}; {self.advice}."


class TrainingFailure(Exception):
    """Ends ``fit`` because of ``finding``: weights are not finite, or the monitor was told to stop or to restart."""

    def __init__(self, finding):
        super().__init__(str(finding))
        self.finding = finding


def flags(settings):
    """What to type to set them, a list of words; settings: dict: name -> number."""
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value:g}")]


class Advice:
    """What to try, in words that can be typed for the settings of this training.

    Args:
        settings: `gan_book.training.lesson.Settings`, or None to advise without flags.
    """

    def __init__(self, settings=None):
        values = {field.name: getattr(settings, field.name) for field in fields(settings)} if settings else {}
        self.rates = {name: value for name, value in values.items() if name.endswith("learning_rate") and value}
        self.batch_size = values.get("batch_size")

    def halved_rates(self, role=None):
        """Half the learning rate of "generator" or "discriminator", or of all: dict: name of the setting -> value."""
        own = [name for name in self.rates if role and name.startswith(role)]
        chosen = own or [name for name in self.rates if role and name == "learning_rate"] or list(self.rates)
        return {name: self.rates[name] / 2 for name in chosen}

    def halved(self, role=None):
        """Flags that set `halved_rates`; empty if there are none."""
        return " ".join(flags(self.halved_rates(role)))

    def slower(self, role):
        flags = self.halved(role)
        shared = " for both networks" if flags and len(self.rates) == 1 else ""
        return f"lower the {role}'s learning rate" + (f" ({flags}{shared})" if flags else "")

    def larger_batch(self):
        return "enlarge the batch" + (f" (--batch-size {2 * self.batch_size})" if self.batch_size else "")


def check_finite(logs, advice=None):
    """A finding if any value of ``logs``, a dict of floats, is NaN or infinite."""
    broken = {name: value for name, value in logs.items() if not math.isfinite(value)}
    if not broken:
        return None
    return _not_finite("the log holds " + ", ".join(f"{name} = {value}" for name, value in broken.items()), advice)


def _not_finite(sentence, advice=None):
    flags = (advice or Advice()).halved()
    slower = f"halve the learning rate{f' ({flags})' if flags else ''}"
    return Finding("not finite", sentence, f"{slower}, or train with --precision float32")


def require_finite(model, step, advice=None):
    """Raises `TrainingFailure` if weights of a model's networks are NaN or infinite; such weights do not recover."""
    networks = [layer for layer in model.layers if not isinstance(layer, Composite)]
    broken = dict.fromkeys(network.name for network in networks if not _is_finite(network))  # an average shares a name
    if broken:
        sentence = f"at step {step:,} the weights of {' and '.join(broken)} are no finite numbers any more"
        raise TrainingFailure(_not_finite(sentence, advice))


def _is_finite(network):
    weights = [weight for weight in network.weights if keras.backend.is_float_dtype(weight.dtype)]
    return all(bool(ops.all(ops.isfinite(weight.value))) for weight in weights)


class ConvergenceDetector:
    """The discriminator wins: its loss stays near 0, and its gradient no longer tells the generator much.

    With the minimax loss the generator's gradient vanishes. With the non-saturating loss -log D it does not, but it
    becomes unstable and says little about how to improve (Arjovsky and Bottou 2017, arXiv:1701.04862, section 2).

    A loss that has been negative has no bound at 0, such as Wasserstein's, whose two parts are of opposite sign. Its
    size says nothing about who wins, and it is judged no more.
    """

    def __init__(self, advice=None):
        self.advice = advice or Advice()
        self.windows = WindowMeans(LOW_WINDOW)
        self.low_windows, self.unbounded = 0, False

    def update(self, steps, means):
        """``means``: dict of the discriminator's losses, each the mean over the first ``steps`` steps of the epoch."""
        window = self.windows.update(steps, means)
        if window is None:
            return None
        self.unbounded = self.unbounded or min(window.values()) < 0
        loss = sum(window.values()) / len(window)
        self.low_windows = self.low_windows + 1 if loss < LOW_LOSS and not self.unbounded else 0
        if self.low_windows < LOW_WINDOWS:
            return None
        return Finding(
            "convergence failure",
            f"the discriminator's loss has stayed near 0 ({loss:.4f}) for {LOW_WINDOWS * LOW_WINDOW} steps, "
            "so it tells real from generated without effort and its gradient no longer helps the generator",
            f"{self.advice.slower('discriminator')}, give it dropout or label smoothing, or make it smaller",
        )

    def state(self):
        return {"windows": self.windows.state(), "low_windows": self.low_windows, "unbounded": self.unbounded}

    def restore(self, state):
        self.windows.restore(state["windows"])
        self.low_windows, self.unbounded = int(state["low_windows"]), bool(state["unbounded"])


class StandstillDetector:
    """A discriminator that learns nothing, because its weights stand still: frozen, or with a learning rate of 0."""

    def __init__(self, networks):
        self.networks = networks
        self.before = None

    def update(self):
        now = [[ops.convert_to_numpy(weight) for weight in network.trainable_weights] for network in self.networks]
        before, self.before = self.before, now
        # Weights are compared, not losses: with a learning rate of 0 the loss still jitters from batch to batch.
        still = [
            network.name
            for network, old, new in zip(self.networks, before or now, now, strict=True)
            if before and _size([a - b for a, b in zip(old, new, strict=True)]) <= STILL_WEIGHTS * _size(old)
        ]
        if not still:
            return None
        return Finding(
            "discriminator learns nothing",
            f"the weights of {' and '.join(still)} have not moved between two looks",
            "check that it is trainable, that a turn trains it, and that its learning rate is not 0",
        )


def _size(arrays):
    return math.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays))


class Counter:
    """Counts the looks in a row that have found something."""

    def __init__(self, patience=PATIENCE):
        self.looks, self.patience = 0, patience

    def add(self, ill):
        """Adds a look; returns whether `patience` looks in a row have found something."""
        self.looks = self.looks + 1 if ill else 0
        return self.looks >= self.patience


class SaturationDetector:
    """The generator is stuck: its images no longer change, or far more of their pixels than of real ones' are at an
    end of the tanh's range, where its gradient vanishes. Or all of them are much too light or too dark.

    Args:
        real_images: uint8 ``[n, height, width, channels]``.
    """

    def __init__(self, real_images, advice=None):
        self.real_ends, self.real_mean = pixels_at_ends(real_images), float(np.mean(real_images))
        self.advice = advice or Advice()
        self.previous = None
        self.still, self.pinned, self.shifted = Counter(), Counter(), Counter()

    def counters(self):
        return {"still": self.still, "pinned": self.pinned, "shifted": self.shifted}

    def off_range(self):
        """Whether pixels were outside the range of real images at the last look."""
        return bool(self.pinned.looks or self.shifted.looks)

    def update(self, images):
        """``images``: uint8, generated from the same latent points each time."""
        changed = math.inf if self.previous is None else np.abs(images.astype(np.int16) - self.previous).mean()
        self.previous = images.astype(np.int16)
        ends, mean = pixels_at_ends(images), float(np.mean(images))
        black, white = ends - self.real_ends
        still = self.still.add(changed < STILL)
        pinned = self.pinned.add(max(black, white, black + white) > EXCESS)
        shifted = self.shifted.add(abs(mean - self.real_mean) > BRIGHTNESS)
        if pinned:
            return Finding(
                "generator saturation",
                f"{ends.sum():.0%} of the generated pixels are pinned to black or white, of the real ones only "
                f"{self.real_ends.sum():.0%}, and the tanh passes no gradient back from there",
                f"{self.advice.slower('generator')}, and check that real images are scaled to -1..1",
            )
        if still:
            return Finding(
                "generator saturation",
                "the generator's images stand still while training goes on",
                "check the generator's learning rate and that its turn trains it, and use the non-saturating loss",
            )
        if shifted:
            return Finding(
                "wrong brightness",
                f"the mean pixel of generated images is {mean:.0f} of 255, that of real ones {self.real_mean:.0f}",
                "check that real images are scaled to -1..1, as the generator's tanh is",
            )
        return None


class CollapseDetector:
    """Mode collapse within classes: samples of one class are far more alike than real images of it.

    Args:
        real_images, real_labels: uint8 ``[n, height, width, channels]`` and int ``[n]``.
        class_names: one name per label; for unconditional images, a single one.
    """

    def __init__(self, real_images, real_labels, class_names, advice=None):
        chosen = _some_of_each(np.asarray(real_labels), len(class_names), REAL_PER_CLASS)
        self.real = class_diversity(real_images[chosen], real_labels[chosen], len(class_names))
        self.class_names, self.advice = class_names, advice or Advice()
        self.collapsed = Counter()

    def counters(self):
        return {"collapsed": self.collapsed}

    def update(self, images, labels):
        """``images``: uint8 with at least two samples of each class that is to be judged."""
        diversity = class_diversity(images, labels, len(self.class_names))
        judged = np.isfinite(diversity) & (self.real > 0)
        low = np.flatnonzero(judged & (diversity < LEAST_DIVERSITY * self.real))
        if not self.collapsed.add(judged.any() and len(low) >= COLLAPSED_SHARE * judged.sum()):
            return None
        worst = low[np.argsort(diversity[low] / self.real[low])][:3]
        named = ", ".join(f"{self.class_names[index]} {diversity[index] / self.real[index]:.0%}" for index in worst)
        return Finding(
            "mode collapse",
            f"samples within {len(low)} of {judged.sum()} classes are nearly alike (diversity against real images': "
            f"{named})",
            f"{self.advice.slower('generator')}, {self.advice.larger_batch()}, or strengthen the discriminator",
        )


class CoverageDetector:
    """Mode collapse across classes: the samples are spread over few of the clusters that real images form.

    It judges 100 samples or more, and where there are real images enough to form clusters.

    Args:
        real_images: uint8 ``[n, height, width, channels]``.
        samples: how many there will be at each look.
    """

    def __init__(self, real_images, samples, advice=None):
        self.advice = advice or Advice()
        some = _flat(real_images[evenly_spaced(len(real_images), REAL_IN_ALL)]) if samples >= 100 else ()
        # Samples that collapse to a few modes fall into few clusters, even if each is still varied within itself, which
        # `CollapseDetector` would not see.
        enough = len(some) and len(np.unique(some, axis=0)) >= 10 * CLUSTERS
        self.clusters = KMeans(CLUSTERS, n_init=1, random_state=0).fit(some) if enough else None
        self.few = Counter()

    def counters(self):
        return {"few": self.few}

    def update(self, images):
        if self.clusters is None:
            return None
        spread = self.spread(images)
        if not self.few.add(spread < LEAST_CLUSTERS):
            return None
        return Finding(
            "mode collapse",
            f"samples are spread over as good as {spread:.1f} of the {CLUSTERS} clusters that real images form",
            f"{self.advice.slower('generator')}, {self.advice.larger_batch()}, or strengthen the discriminator",
        )

    def spread(self, images):
        """Over how many clusters images are spread: e to the entropy of their shares, `CLUSTERS` if those are equal."""
        shares = np.bincount(self.clusters.predict(_flat(images)), minlength=CLUSTERS) / len(images)
        return float(np.exp(-np.sum(shares[shares > 0] * np.log(shares[shares > 0]))))


class LabelDetector:
    """Labels ignored: from class to class, samples do not differ in the way that real images do.

    How the mean image of each class differs from the mean of all is compared with how it does in real images, by a
    least-squares fit: 1 if samples of a class differ from the rest as real ones do, 0 if labels make no difference,
    whatever all samples have in common. It judges three classes or more, and only where other real images come near 1
    (in photographs the means of classes may hardly differ).
    """

    def __init__(self, real_images, real_labels, class_names, judged):
        # The yardstick is tested on real images first: three quarters give the deviations of the classes, and the last
        # quarter has to show them. Where it does not, samples cannot be blamed, and nothing is judged.
        chosen = _some_of_each(np.asarray(real_labels), len(class_names), REAL_PER_CLASS)
        images, labels = _flat(real_images[chosen]), np.asarray(real_labels)[chosen]
        self.judged = [label for label in judged if np.sum(labels == label) >= 8]
        self.real, self.expected = None, 0.0
        if len(self.judged) >= 3:
            others = np.arange(len(images)) % 4 == 0  # a quarter of each class, or nearly
            self.real = _deviations(images[~others], labels[~others], self.judged)
            self.expected = self.effect(images[others], labels[others])
        self.ignored = Counter(LABEL_PATIENCE)

    def counters(self):
        return {"ignored": self.ignored}

    def update(self, images, labels):
        """``images``: uint8, samples of the classes ``labels``."""
        if self.expected < LABEL_EXPECTED:
            return None
        effect = self.effect(_flat(images), labels)
        if not self.ignored.add(effect < LEAST_LABEL_EFFECT):
            return None
        return Finding(
            "labels ignored",
            f"samples of different classes differ {max(0.0, effect):.0%} as much as real images do (others of these: "
            f"{self.expected:.0%})",
            "check that labels and images are given in the same order and that both networks get the label",
        )

    def effect(self, flat, labels):
        """Which share of the differences between real classes these images, as rows ``[n, d]``, show; about 0 to 1."""
        # The least-squares factor s in "deviations = s x real deviations": <deviations, real> / <real, real>. What all
        # samples have in common is not in it, nor what differs in other directions than real classes do.
        return float(np.sum(_deviations(flat, labels, self.judged) * self.real) / max(np.sum(self.real**2), 1e-6))


def _deviations(flat, labels, judged):
    """How the mean of each class differs from the mean of these means: float ``[classes, pixels]``."""
    means = np.stack([flat[labels == label].mean(axis=0) for label in judged])
    return means - means.mean(axis=0)


def _flat(images):
    """Images as rows of at most some 16 x 16 pixels, float32."""
    stride = max(1, images.shape[1] // 16)
    return images[:, ::stride, ::stride].reshape(len(images), -1).astype(np.float32)


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
