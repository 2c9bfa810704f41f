"""The benchmark runs, trains what it times, and computes its ratios right. How fast anything is, no test asks."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import step_time
from gan_book.errors import BookError
from gan_book.paths import BOOK

TINY = ["--width", "8", "--batch-size", "8", "--steps", "3", "--rounds", "1"]


def run(*flags, **environment):
    command = [sys.executable, "-m", "benchmarks.step_time", *flags]
    return subprocess.run(command, cwd=BOOK, env={**os.environ, **environment}, capture_output=True, text=True)


def check_file(content, backend):
    assert content["protocol"]["steps"] == 3 and content["protocol"]["width"] == 8
    assert content["surroundings"]["backend"] == backend and content["surroundings"]["git"]
    rows = {row["variant"]: row for row in content["variants"]}
    assert {"loop", "fused_float32", "fused_bfloat16"} <= rows.keys()
    assert rows["fused_bfloat16"]["precision"] == "mixed_bfloat16"
    for row in rows.values():
        assert row["steps_per_second"] == pytest.approx(1000 / row["ms_per_step"])
        assert row["images_per_second"] == pytest.approx(8 * row["steps_per_second"])
        assert row["times_as_fast_as_loop"] == pytest.approx(rows["loop"]["ms_per_step"] / row["ms_per_step"])
        assert row["peak_memory_bytes"] > 0
        assert len(row["weights_moved"]) == 1
        for changed, weights in row["weights_moved"][0].values():
            assert changed == weights > 0


@pytest.mark.slow
def test_runs_and_every_variant_trains_both_networks(tmp_path):
    file = tmp_path / "times.json"
    result = run(*TINY, "--json", str(file))
    assert result.returncode == 0, result.stderr[-2000:]
    assert "fused_bfloat16" in result.stdout and str(file) in result.stdout.replace("\n", "")
    check_file(json.loads(file.read_text()), os.environ.get("KERAS_BACKEND", "tensorflow"))


@pytest.mark.slow
def test_runs_on_jax(tmp_path):
    pytest.importorskip("jax")
    file = tmp_path / "times.json"
    result = run(*TINY, "--json", str(file), KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")
    assert result.returncode == 0, result.stderr[-2000:]
    check_file(json.loads(file.read_text()), "jax")


def worker_result(milliseconds, compile_seconds=1.0, memory=100):
    moved = {"generator": [2, 2], "discriminator": [3, 3]}
    seconds = [ms / 1000 for ms in milliseconds]
    numbers = {"step_seconds": seconds, "compile_seconds": compile_seconds, "peak_memory_bytes": memory}
    return {**numbers, "xla": False, "weights_moved": moved}


def test_the_summary_takes_medians_over_all_steps_of_all_rounds():
    results = {
        "loop": [worker_result([10, 20, 30], 4.0), worker_result([30, 40, 50], 6.0, memory=300)],
        "fused_float32": [worker_result([10, 10, 12]), worker_result([12, 14, 900])],
    }
    loop, fused = step_time.summarise(results, batch_size=16)
    assert loop["ms_per_step"] == pytest.approx(30) and loop["times_as_fast_as_loop"] == pytest.approx(1)
    assert loop["ms_of_rounds"] == pytest.approx([20, 40])
    assert loop["ms_quartiles"] == pytest.approx([22.5, 37.5])
    assert loop["compile_seconds"] == pytest.approx(5) and loop["peak_memory_bytes"] == 300
    assert fused["ms_per_step"] == pytest.approx(12) and fused["times_as_fast_as_loop"] == pytest.approx(2.5)
    assert fused["images_per_second"] == pytest.approx(16 / 0.012)


def test_a_variant_that_trains_nothing_gets_no_time(monkeypatch):
    monkeypatch.setattr(step_time, "run_loop", lambda model, dataset, n, steps: (np.ones(steps), model.discriminator))
    settings = step_time.read_settings("projection", batch_size=8, width=8)
    with pytest.raises(RuntimeError, match="loop did not train all weights"):
        step_time.work("loop", settings, steps=3)


def fake_launch(accelerator, order):
    def launch(variant, flags):
        order.append(variant)
        return {**worker_result([1]), "surroundings": {"accelerator": accelerator}}

    return launch


@pytest.mark.parametrize(("accelerator", "extra"), [("cpu", []), ("gpu", ["fused_float16"])])
def test_variants_take_turns_with_float16_on_a_gpu_only(monkeypatch, accelerator, extra):
    order = []
    monkeypatch.setattr(step_time, "launch", fake_launch(accelerator, order))
    results = step_time.measure([], rounds=3)
    assert order == ["loop", "fused_float32", "fused_bfloat16", *extra] * 3
    assert all(len(rounds) == 3 for rounds in results.values())


def test_flags_that_make_no_sense_are_refused():
    with pytest.raises(BookError, match="--network 'wide' is not known"):
        step_time.read_settings("wide", None, None)
    with pytest.raises(BookError, match="--width"):
        step_time.read_settings("channel", None, 8)
