"""The precision that `train` chooses for ``--precision auto``: that in which a step of this very model is fastest here.

What a processor's flags promise is not what a model gets: on processors with AVX512-BF16 but without AMX, bfloat16
gains a fifth at best, and on some it loses. So a few steps are timed in each format, once for each device and model;
the cache remembers them.
"""

import gc
import hashlib
import inspect
import json
import os
import statistics
import time
from contextlib import suppress
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path

import keras

from gan_book import backend
from gan_book.adversarial import Composite
from gan_book.paths import atomic_write, cache_dir

RULE = "GAN_BOOK_AUTO_PRECISION"  # set to "rule", nothing is timed; `gan_book.backend.best` chooses
SECONDS = 10.0  # in which all formats must be timed
ENOUGH = 0.95  # share of float32's time that a format with fewer bits may take at most: it is less exact, too
STEPS, STEP_SECONDS = 8, 0.7  # that are timed of each format: so many, or for so long
# What changes nothing about the time of a step.
WITHOUT = ("data", "epochs", "limit", "seed", "precision", "deterministic", "checkpoint_seconds", "measure_samples")


def choose(lesson, settings, dataset, tell, devices=1):
    """The fastest precision for a lesson's model on this device, as the name of a Keras policy.

    Args:
        lesson: `gan_book.training.lesson.Lesson`.
        settings: its settings; the batch is that of one device.
        dataset: the data to train on.
        tell: prints the line that says what was chosen, and why.
        devices: how many share the batch.
    """
    if os.environ.get(RULE) == "rule":
        return _by_rule(lesson, settings, dataset)
    settings = replace(settings, batch_size=max(1, settings.batch_size // devices), steps_per_execution=1)
    key, began = _key(lesson, settings, dataset), time.monotonic()
    known = _remembered()
    times = known.get(key)
    if not _are_times(times):
        times = _timed(lesson, settings, dataset)
        if times is None:
            policy = _by_rule(lesson, settings, dataset)
            tell(f"Precision: {policy}, by the kind of the device; timing this model would take over {SECONDS:.0f} s.")
            return policy
        _remember({**known, key: times})
    policy = fastest(times)
    spent = time.monotonic() - began
    how = f"timed in {spent:.1f} s" if key not in known else "as timed before"
    listed = ", ".join(f"{seconds * 1000:.3g} ms with {_short(name)}" for name, seconds in times.items())
    tell(f"Precision: {_short(policy)}, as a step takes {listed} ({how}).")
    return policy


def fastest(times):
    """The policy to take: float32 unless another is faster by a twentieth. times: dict, policy -> seconds a step."""
    best = min(times, key=times.get)
    return best if times[best] < ENOUGH * times["float32"] else "float32"


def is_penalized(model):
    """Whether a network of the model adds to its loss, as a gradient penalty does: float16 is too coarse for that."""
    plain = (keras.Model.compute_loss, Composite.compute_loss)
    return any(type(player).compute_loss not in plain for player in model.players)


def formats(model):
    """Names of the policies, other than float32, to time for a model on this device."""
    has_float16 = backend.accelerator() == "gpu" and not is_penalized(model)
    return ["mixed_bfloat16", *(["mixed_float16"] if has_float16 else [])]


def _by_rule(lesson, settings, dataset):
    best = backend.best()
    if best != "mixed_float16":
        return best
    return "float32" if is_penalized(_built(lesson, settings, dataset, "float32")) else best


def _built(lesson, settings, dataset, policy):
    before = keras.config.dtype_policy()
    try:
        backend.use_precision(policy)
        keras.utils.set_random_seed(0)
        model = lesson.build(settings, dataset)
        model.compile()
    finally:
        keras.config.set_dtype_policy(before)
    return model


def _timed(lesson, settings, dataset):
    """dict: policy -> seconds a step; None where that would take too long."""
    began = time.monotonic()
    model = _built(lesson, settings, dataset, "float32")
    others = formats(model)
    batch = lesson.task.batches(dataset, settings)[0]
    times = {"float32": _seconds(model, batch)}
    for policy in others:
        spent = time.monotonic() - began
        if spent + spent / len(times) > SECONDS:  # as long for the next as for each so far
            return None
        del model
        gc.collect()
        model = _built(lesson, settings, dataset, policy)
        times[policy] = _seconds(model, batch)
    return times


def _seconds(model, batch):
    """Seconds of one step, the median of some after the first, which compiles."""
    model.train_on_batch(*batch)
    times, until = [], time.monotonic() + STEP_SECONDS
    while len(times) < STEPS and (not times or time.monotonic() < until):
        began = time.perf_counter()
        model.train_on_batch(*batch)  # returns numbers, so it waits for the device
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _key(lesson, settings, dataset):
    """What a time belongs to: device, versions, the model's program and settings, the shape of the data."""
    kept = {name: value for name, value in asdict(settings).items() if name not in WITHOUT}
    with suppress(TypeError, OSError):  # a function typed into a prompt has no file
        kept["program"] = Path(inspect.getsourcefile(lesson.build)).read_text(encoding="utf-8")
    versions = [metadata.version(name) for name in ("keras", keras.backend.backend())]
    device = [backend.name(), backend.cores(), keras.backend.backend(), *versions]
    text = json.dumps([device, lesson.name, kept, list(dataset.image_shape)], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _file():
    return cache_dir() / "precision.json"


def _remembered():
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _are_times(times):
    right = isinstance(times, dict) and "float32" in times and set(times) <= set(backend.CHOICES)
    return right and all(isinstance(seconds, float) and seconds > 0 for seconds in times.values())


def _remember(known):
    with suppress(OSError):  # a cache that cannot be written costs seconds the next time
        _file().parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(_file(), "w") as file:
            json.dump(known, file, indent=1)


def _short(policy):
    return policy.removeprefix("mixed_")
