"""The engine's tests again, on JAX, and one of exact resume: in another process, as Keras is bound to its backend."""

import os
import subprocess
import sys

import pytest

from gan_book.paths import BOOK

pytest.importorskip("jax")


EXACT_RESUME = "tests/training/test_resume.py::test_stopped_within_an_epoch_and_at_its_end[float32]"


# Of losses and recipes the gradients of gradients alone, which are written for each backend: JAX compiles slowly.
SUITES = [
    "tests/test_adversarial.py",
    "tests/test_keras_promises.py",
    "tests/test_recipes.py -k slope",
    "tests/test_layers.py",
    "tests/test_losses.py -k penalt",
]


@pytest.mark.slow
@pytest.mark.parametrize("tests", [*SUITES, EXACT_RESUME])
def test_on_jax(tests):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    # The programs are tiny and run a few times each: compiling them well would take longer than running them.
    environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--slow", "-p", "no:cacheprovider", *tests.split()]
    result = subprocess.run(command, cwd=BOOK, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
