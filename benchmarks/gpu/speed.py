"""How long is a training step on a GPU: the classic loop, the fused step in several number formats, and PyTorch?

    python -m benchmarks.gpu.speed --seconds 345
    python -m benchmarks.gpu.speed --smoke --only cgan       # tiny, on a CPU

Part of `benchmarks/on_gpu.sh`. Each variant of a case lives in a process of its own. They compile first, some at a
time; then they take turns over rounds, one alone at a time, so that a card whose speed drifts treats them alike.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np

from benchmarks.gpu.cases import LOOP, STEPS_AT_ONCE, cases
from benchmarks.gpu.record import Deadline, Record, parser
from benchmarks.gpu.workers import NoAnswer, Worker

TARGETS = {
    "times as fast as the loop": 10.0,
    "images/s of compiled PyTorch": 1.0,
    "bfloat16 as fast as float32, at 256 pixels": 1.5,
}
ROUNDS, ROUND_SECONDS = 5, 0.6  # at most so many; of each variant in a round
STEPS = (5, 400)  # of a round, at least and at most
TO_COMPILE = 0.75  # of a case's time, at most
JOBS = 8  # variants that compile at once, where there are cores for it


def environment(variant, cache):
    """Of a worker: memory is taken as it is needed, so that the variants of a case fit beside each other."""
    exact = {"NVIDIA_TF32_OVERRIDE": "0"} if variant.endswith("_exact") else {}
    compiled = {"JAX_COMPILATION_CACHE_DIR": f"{cache}/jax", "TORCHINDUCTOR_CACHE_DIR": f"{cache}/torch"}
    return {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", **compiled, **exact}


class Variant:
    """One way to run a case's step: its process, and what it has answered."""

    def __init__(self, case, name, smoke, cache):
        self.case, self.name, self.problem, self.samples, self.about = case, name, None, [], {}
        module = "torch_steps" if name.startswith("torch") else "keras_steps"
        arguments = [case.name, name, *(["--smoke"] if smoke else [])]
        self._start = lambda: Worker(f"benchmarks.gpu.{module}", arguments, environment(name, cache))
        self._worker = None

    def warm_up(self, deadline):
        """Starts the process, which builds and compiles. `problem` says what went wrong."""
        if self.name.startswith("torch") and find_spec("torch") is None:
            self.problem = "left out: no PyTorch"
            return
        if not deadline.left:
            self.problem = "cut: no time was left"
            return
        self._worker = self._start()
        try:
            built = self._worker.answer(deadline.left)
            self._worker.ask(warm=True, steps=0)
            warm = self._worker.answer(deadline.left)
        except NoAnswer as problem:
            self.problem = str(problem)
            return
        step = float(np.median(warm["seconds"]))
        self.about = {
            "operations": built.get("operations"),
            "parameters": built["parameters"],
            "xla": built["xla"],
            "compile_seconds": warm["taken"],
            "moved": warm["moved"],
        }
        if any(changed < of / 2 for changed, of in warm["moved"].values()):
            self.problem = f"trains too little: {warm['moved']}"
        self.steps = _steps(step, STEPS_AT_ONCE.get(self.name, 1))

    def time(self, deadline):
        """One turn of a round."""
        self._worker.ask(steps=self.steps)
        try:
            answer = self._worker.answer(deadline.left + 30)  # a turn that has begun may end
        except NoAnswer as problem:
            self.problem = str(problem)
            return
        self.samples.append(answer["seconds"])
        self.about["peak_memory_bytes"] = answer["peak_memory_bytes"]

    def end(self):
        """Ends the process."""
        if self._worker:
            self._worker.kill()

    def row(self):
        """What there is so far, for the JSON file."""
        known = {"case": self.case.name, "batch": self.case.batch, "size": self.case.size, "variant": self.name}
        if not self.samples:
            return {**known, **self.about, "problem": self.problem}
        seconds = np.concatenate(self.samples)
        return {
            **known,
            **self.about,
            "problem": self.problem,
            "seconds_per_step": float(np.median(seconds)),
            "quartiles": [float(q) for q in np.percentile(seconds, [25, 75])],
            "of_rounds": [float(np.median(round)) for round in self.samples],
            "steps_per_round": self.steps,
            "images_per_second": self.case.batch / float(np.median(seconds)),
        }


def _steps(seconds, at_once):
    """Steps of a round, for a step of so many seconds."""
    least, most = STEPS
    blocks = 5 * at_once  # the clock is read after each fifth of them
    return max(round(min(max(ROUND_SECONDS / seconds, least), most) / blocks), 1) * blocks


def run_case(case, deadline, record, smoke, jobs, cache):
    """All variants of a case: compiles, then times them in turn."""
    variants = [Variant(case, name, smoke, cache) for name in case.variants]
    try:
        to_compile = deadline.share(TO_COMPILE)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda variant: variant.warm_up(to_compile), variants))
        _require_same_networks(variants)
        for variant in variants:
            record.put("case", "variant", **variant.row())
        for number in range(1 if smoke else ROUNDS):
            _play_round(variants, number, deadline)
            for variant in variants:
                record.put("case", "variant", **variant.row())
            if not deadline.left:
                break
    finally:
        for variant in variants:
            variant.end()


def _play_round(variants, number, deadline):
    """One turn for each variant; every other round backwards."""
    for variant in variants[:: -1 if number % 2 else 1]:
        # The first round is for all, even if time is up: otherwise all that was compiled would be for nothing.
        if not variant.problem and (deadline.left or number == 0):
            variant.time(deadline)


def _require_same_networks(variants):
    """Marks variants whose networks have other numbers of weights than the book's."""
    known = next((each.about["parameters"] for each in variants if each.about.get("operations")), None)
    operations = next((each.about["operations"] for each in variants if each.about.get("operations")), None)
    for variant in variants:
        if not variant.about:
            continue
        variant.about["operations"] = operations  # the step is the same; PyTorch's worker does not count it
        if known and variant.about["parameters"] != known:
            variant.problem = f"other networks: {variant.about['parameters']} weights instead of {known}"


def measure_ceiling(smoke, deadline, cache):
    """What the card reaches in a large matrix product and in a copy; a dict for the protocol, empty if that failed."""
    worker = Worker("benchmarks.gpu.ceiling", ["--smoke"] if smoke else [], environment("", cache))
    try:
        return worker.answer(deadline.left)
    except NoAnswer as problem:
        return {"problem": str(problem)}
    finally:
        worker.kill()


def main():
    flags = parser("Times the step.", 345, "tiny networks", "cases")
    flags.add_argument("--jobs", type=int, help="variants that compile at once")
    asked = flags.parse_args()
    deadline = Deadline(asked.seconds)
    jobs = asked.jobs or max(1, min(JOBS, (os.cpu_count() or 1) // 2))
    protocol = {"smoke": asked.smoke, "jobs": jobs, "rounds": ROUNDS, "loop": LOOP, "targets": TARGETS}
    record = Record(asked.out, "speed", **protocol)
    chosen = [case for case in cases(asked.smoke) if case.name.startswith(asked.only)]
    with tempfile.TemporaryDirectory() as cache:
        if os.environ.get("KERAS_BACKEND", "jax") == "jax":
            record.note(ceiling=measure_ceiling(asked.smoke, deadline.share(0.2), cache))
        for number, case in enumerate(chosen):
            share = case.weight / sum(later.weight for later in chosen[number:])
            run_case(case, deadline.share(share), record, asked.smoke, jobs, cache)
    record.finish()


if __name__ == "__main__":
    main()
