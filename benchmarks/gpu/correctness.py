"""Does training on this device do what it should, in every number format? All chapters, at the size `smoke`.

    python -m benchmarks.gpu.correctness --seconds 150
    python -m benchmarks.gpu.correctness --smoke --only cgan          # on a CPU

Part of `benchmarks/on_gpu.sh`. Of each chapter and each format:

- which weights each update moves, by name: only its own network's may, and of a composite none of the frozen network's;
- whether a training that is saved, built again with other weights and restored goes on bit for bit like one that was
  not (on JAX with ``--xla_gpu_deterministic_ops``, as `gan-book train --deterministic` asks for; two rows say how far
  it goes without);
- in float16, what happens to a step that overflows: the loss scale falls, no weight moves, and training recovers.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.gpu.record import Deadline, Record, parser
from benchmarks.gpu.workers import NoAnswer, Worker, reply

CHAPTERS = ("cgan", "cyclegan", "pix2pix", "sgan", "infogan", "acgan", "twon-gan", "mlp-cgan")
FORMATS = ("float32", "mixed_bfloat16", "mixed_float16")
AS_IT_COMES = (("cgan", ("float32",)), ("pix2pix", ("mixed_bfloat16",)))  # without deterministic kernels
# A rehearsal checks the first chapter in two formats and the others in float32, which is fast on CPUs.
REHEARSED = {**dict.fromkeys(CHAPTERS, ("float32",)), CHAPTERS[0]: ("float32", "mixed_float16")}
STEPS = 3  # before the checkpoint, and as many after it
TOO_HIGH = 2.0**40  # a loss scale at which any gradient of these networks overflows float16
RECOVERY = 40  # steps at most until every network learns again: the scale halves in each


# In the worker's process.


def check(name, number_format, deterministic):
    """All checks of a chapter in one format: a row."""
    import keras

    from gan_book import backend
    from gan_book.training import checkpoint

    start, kept = time.perf_counter(), backend.use_precision(number_format)
    training = Training(name, number_format, seed=0)
    for step in range(STEPS):
        training.step(step)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(training.model, folder, {"step": STEPS, "epoch": 0, "batch": 0, "state": {}})
        for step in range(STEPS, 2 * STEPS):
            training.step(step)
        uninterrupted = training.state()
        other = Training(name, number_format, seed=1)
        checkpoint.restore(other.model, folder)
    for step in range(STEPS, 2 * STEPS):
        other.step(step)
    return {
        "chapter": name,
        "format": kept,
        "deterministic": deterministic,
        "device": backend.name(),
        "backend": keras.backend.backend(),
        "updates": training.updates(),
        "finite": training.finite and other.finite,
        "resume": compare(uninterrupted, other.state()),
        "overflow": overflow(other) if number_format == "mixed_float16" else None,
        "seconds": time.perf_counter() - start,
    }


class Training:
    """A chapter's model at the preset `smoke`, whose step also says which weights each update moved.

    Attributes:
        finite: whether all losses and weights have been finite.
    """

    def __init__(self, name, number_format, seed):
        import keras

        from gan_book.training import chapters

        keras.utils.set_random_seed(seed)
        self.lesson = chapters.lesson(name)
        self.settings = self.lesson.settings("smoke", precision=number_format)
        self.data = _loaded(self.lesson, self.settings)
        # The seed is that of the weights alone. The settings stay, and with them the order of the batches and, in
        # chapter 9, which images have labels.
        self.model = self.lesson.build(self.settings, self.data)
        self.finite, self.moved, self._turns = True, {}, []
        self._watch()
        self.model.compile()

    def _watch(self):
        """Makes the step compare all weights before and after each update, in the same compiled program."""
        from keras import ops

        model, turns, play = self.model, self.model.turns, self.model._play_and_average
        self.weights = _weights(model)
        flags = []

        def watched(*batch):
            for name, network, *rest in turns(*batch):
                before = [ops.copy(variable) for _, variable in self.weights]
                yield name, network, *rest
                pairs = zip(before, self.weights, strict=True)
                flags.append(ops.stack([ops.any(ops.not_equal(old, variable)) for old, (_, variable) in pairs]))
                self._turns.append((name, network))

        def step(data):
            flags.clear()
            self._turns.clear()
            logs = play(data)
            return {**logs, "moved": ops.stack(flags)}

        model.turns, model._play_and_average = watched, step

    def step(self, number):
        """Trains one batch; returns name of the update -> set of the numbers of the weights it moved."""
        import numpy as np

        batches = self.lesson.task.batches
        each = len(batches(self.data, self.settings))
        batch = batches(self.data, self.settings, number // each)[number % each]
        logs = self.model.train_on_batch(*batch, return_dict=True)
        flags = np.asarray(logs.pop("moved"))
        now = {name: set(np.flatnonzero(row).tolist()) for (name, _), row in zip(self._turns, flags, strict=True)}
        for name, numbers in now.items():
            self.moved.setdefault(name, set()).update(numbers)
        if len(self.moved) and not all(np.isfinite(value) for value in logs.values()):
            self.finite = False
        self.finite = self.finite and self.weights_are_finite()
        return now

    def weights_are_finite(self):
        import keras
        import numpy as np

        return all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for _, v in self.weights)

    def state(self):
        """Everything a checkpoint holds, as arrays."""
        import keras

        from gan_book.training import checkpoint

        return [keras.ops.convert_to_numpy(v).copy() for v in checkpoint.state_variables(self.model)]

    def updates(self):
        """Of each update: its network, the weights it moved in any step, those it left, and those of other networks."""
        found = {}
        for name, network in self._turns:
            own = {id(v) for v in network.trainable_variables}
            mine = {n for n, (_, v) in enumerate(self.weights) if id(v) in own}
            moved = self.moved[name]
            found[name] = {
                "network": network.name,
                "moved": self._names(moved & mine),
                "still": self._names(mine - moved),
                "foreign": self._names(moved - mine),
                "frozen": len(self.weights) - len(mine),
            }
        return found

    def _names(self, numbers):
        return [self.weights[n][0] for n in sorted(numbers)]


_data = {}


def _loaded(lesson, settings):
    """The chapter's data, loaded once a process."""
    if lesson.name not in _data:
        _data[lesson.name] = lesson.task.load(settings)
    return _data[lesson.name]


def _weights(model):
    """``(name, variable)`` of every weight that some network of the model trains, each once."""
    import keras

    from gan_book.adversarial import Composite

    learning = {id(v) for player in model.players for v in player.trainable_variables}
    networks = [each for each in model.layers if isinstance(each, keras.Model) and not isinstance(each, Composite)]
    found = {}
    for network in networks:
        for variable in network.trainable_variables:
            if id(variable) in learning:
                found.setdefault(id(variable), (f"{network.name}: {variable.path}", variable))
    return list(found.values())


def compare(one, other):
    """How far two states are apart: arrays that differ, and the largest difference, relative to the array's largest."""
    import numpy as np

    differing, largest = 0, 0.0
    for a, b in zip(one, other, strict=True):
        if not np.array_equal(a, b):
            differing += 1
            size = float(np.max(np.abs(np.asarray(a, "float64")))) or 1.0
            largest = max(largest, float(np.max(np.abs(np.asarray(a, "float64") - np.asarray(b, "float64")))) / size)
    return {"arrays": len(one), "differing": differing, "largest_relative_difference": largest}


def overflow(training):
    """Sets every loss scale far too high and trains on: what the first step does, and when all learn again."""
    scales = [player.optimizer.dynamic_scale for player in training.model.players]
    for scale in scales:
        scale.assign(TOO_HIGH)
    finite, training.finite = training.finite, True
    first = training.step(0)
    after = [float(scale.value) for scale in scales]
    learning = {name for name, numbers in first.items() if numbers}
    recovered = None
    for step in range(1, RECOVERY):
        learning |= {name for name, numbers in training.step(step).items() if numbers}
        if len(learning) == len(first):
            recovered = step
            break
    weights_are_finite = training.weights_are_finite()
    training.finite = finite
    return {
        "scale_before": TOO_HIGH,
        "scale_after": after,
        "weights_moved_by_the_bad_step": sum(map(len, first.values())),
        "weights_finite": weights_are_finite,
        "steps_until_all_learn": recovered,
        "scale_then": [float(scale.value) for scale in scales],
    }


def work(name, formats, deterministic):
    """Answers with a row for each format."""
    for number_format in formats:
        reply(**check(name, number_format, deterministic))


# In the main process.


def environment(deterministic, cache):
    """Of a worker: several share the card, and a program that was compiled once is not compiled again."""
    flags = os.environ.get("XLA_FLAGS", "") + (" --xla_gpu_deterministic_ops=true" if deterministic else "")
    kept = {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "XLA_FLAGS": flags.strip(), **kept}


def run(task, deadline, record, cache):
    """One chapter; its rows go into the record as they come. After a failure another worker goes on."""
    name, formats, deterministic = task
    worker, left = None, list(formats)
    while left:
        known = {"chapter": name, "format": left[0], "deterministic": deterministic}
        try:
            if not deadline.left:
                raise NoAnswer("cut: no time was left")
            worker = worker or Worker(
                "benchmarks.gpu.correctness", _flags(name, left, deterministic), environment(deterministic, cache)
            )
            row = worker.answer(deadline.left)
        except NoAnswer as problem:
            worker, row = None, {**known, "problem": str(problem)}
        record.put(*known, **row)
        left.pop(0)
    if worker:
        worker.kill()


def _flags(name, formats, deterministic):
    return ["--worker", name, "--formats", ",".join(formats), *(["--deterministic"] if deterministic else [])]


def tasks(smoke, only):
    """``(chapter, formats, deterministic)`` of all workers."""
    chosen = [name for name in CHAPTERS if name.startswith(only)]
    all_formats = REHEARSED if smoke else dict.fromkeys(CHAPTERS, FORMATS)
    found = [(name, all_formats[name], True) for name in chosen]
    return found + [(name, formats, False) for name, formats in AS_IT_COMES if name in chosen and not smoke]


def main():
    flags = parser("Checks trainings on this device.", 150, "fewer formats", "chapters")
    flags.add_argument("--jobs", type=int, help="chapters at once")
    flags.add_argument("--worker", help=argparse.SUPPRESS)
    flags.add_argument("--formats", help=argparse.SUPPRESS)
    flags.add_argument("--deterministic", action="store_true", help=argparse.SUPPRESS)
    asked = flags.parse_args()
    if asked.worker:
        work(asked.worker, asked.formats.split(","), asked.deterministic)
        return
    deadline, cores = Deadline(asked.seconds), os.cpu_count() or 1
    jobs = asked.jobs or max(1, cores // 2)
    record = Record(asked.out, "correctness", smoke=asked.smoke, jobs=jobs, steps=STEPS)
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(jobs) as pool:
        plan = tasks(asked.smoke, asked.only)
        list(pool.map(lambda task: run(task, deadline, record, Path(cache, str(task[2]))), plan))
    record.finish()


if __name__ == "__main__":
    main()
