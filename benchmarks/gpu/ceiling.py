"""What the card can do: a large matrix product in each number format, and a large copy. A worker of `speed`."""

import sys
import time

import jax
from jax import numpy as jnp

from benchmarks.gpu.workers import reply

FORMATS = {"float32": ("float32", "highest"), "tf32": ("float32", None), "bfloat16": ("bfloat16", None)}


def product(side, dtype, precision, repeats):
    """Operations a second of a ``side x side`` matrix product, the best of three series."""
    a, b = (jax.random.normal(jax.random.key(n), (side, side), dtype) for n in range(2))
    multiply = jax.jit(lambda a, b: jnp.matmul(a, b, precision=precision))
    return 2 * side**3 / _best(lambda: multiply(a, b), repeats)


def copy(count, repeats):
    """Bytes a second read and written, of so many float32."""
    x = jax.random.normal(jax.random.key(0), (count,))
    add = jax.jit(lambda x: x + 1)
    return 8 * count / _best(lambda: add(x), repeats)


def _best(run, repeats):
    run().block_until_ready()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(repeats):
            result = run()
        result.block_until_ready()
        times.append((time.perf_counter() - start) / repeats)
    return min(times)


if __name__ == "__main__":
    small = "--smoke" in sys.argv
    side, count, repeats = (256, 10**6, 2) if small else (8192, 5 * 10**8, 10)
    rates = {name: product(side, *format, repeats) for name, format in FORMATS.items()}
    reply(side=side, flops_per_second=rates, bytes_per_second=copy(count, repeats))
