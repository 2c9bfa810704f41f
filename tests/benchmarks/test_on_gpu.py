"""The measurement on a GPU runs to its end on a CPU, tiny, and its files have what the tables need."""

import json
import math
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest

from benchmarks import gpu_table
from benchmarks.gpu import arithmetic, cases, needs, record, speed
from chapters.ch06_cgan import cgan
from chapters.ch10_pix2pix import classic, pix2pix
from chapters.ch11_cyclegan import classic as paper
from chapters.ch11_cyclegan import cyclegan
from gan_book.paths import BOOK


def rehearse(folder, *flags):
    """`on_gpu.sh --smoke` with these flags; returns what it printed."""
    environment = {**os.environ, "OUT": str(folder), "PYTHON": sys.executable, "KERAS_BACKEND": "jax"}
    command = ["bash", "benchmarks/on_gpu.sh", "--smoke", *flags]
    done = subprocess.run(command, cwd=BOOK, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_speed_is_rehearsed(tmp_path):
    pytest.importorskip("jax")
    printed = rehearse(tmp_path, "speed", "--only", "cgan", "--minutes", "20")
    content = json.loads((tmp_path / "speed.json").read_text())
    rows = {row["variant"]: row for row in content["rows"]}
    assert content["complete"] and list(rows) == list(cases.SMOKE[0].variants)
    for name, row in rows.items():
        if not name.startswith("torch"):  # which not everybody has
            assert not row["problem"], row["problem"]
            assert row["images_per_second"] == pytest.approx(8 / row["seconds_per_step"])
            assert row["operations"] > 0 and row["peak_memory_bytes"] > 0
            assert all(changed == of for changed, of in row["moved"].values())
    assert "| `fused_bfloat16` |" in printed and "A rehearsal" in printed and "times as fast as the loop" in printed


@pytest.mark.slow
def test_correctness_is_rehearsed(tmp_path):
    pytest.importorskip("jax")
    printed = rehearse(tmp_path, "correctness", "--only", "cgan", "--minutes", "20")
    content = json.loads((tmp_path / "correctness.json").read_text())
    rows = {row["format"]: row for row in content["rows"]}
    assert list(rows) == ["float32", "mixed_float16"]
    for row in rows.values():
        assert set(row["updates"]) == {"d_real", "d_fake", "g"} and row["finite"]
        for update in row["updates"].values():
            assert update["moved"] and not update["still"] and not update["foreign"] and update["frozen"]
        assert row["resume"]["differing"] == 0
    overflow = rows["mixed_float16"]["overflow"]
    assert overflow["weights_moved_by_the_bad_step"] == 0 and overflow["weights_finite"]
    assert max(overflow["scale_after"]) < overflow["scale_before"] and overflow["steps_until_all_learn"]
    assert printed.count("bit for bit") == 2 and "scale falls, weights hold, all learn" in printed


def test_operations_are_counted_as_by_hand():
    image = keras.Input((8, 8, 3))
    h = keras.layers.Conv2D(5, 3, strides=2, padding="same")(image)
    h = keras.layers.Conv2DTranspose(2, 4, strides=2, padding="same")(h)
    network = keras.Model(image, keras.layers.Dense(7)(keras.layers.Flatten()(h)))
    by_hand = 2 * (4 * 4 * 5 * 3 * 3 * 3 + 4 * 4 * 5 * 2 * 4 * 4 + 8 * 8 * 2 * 7)
    assert arithmetic.forward(network) == by_hand
    nested = keras.Model(image, network(image))
    assert arithmetic.forward(nested) == by_hand


@pytest.mark.parametrize("smoke", [False, True])
def test_the_networks_in_pytorch_have_as_many_weights(smoke):
    pytest.importorskip("torch")
    from benchmarks.gpu.torch_networks import networks
    from benchmarks.gpu.torch_steps import SIZES

    for (lesson, preset), sizes in SIZES.items():
        if (preset == "smoke") is not smoke:
            continue
        size = next(each.size for each in cases.cases(smoke) if each.lesson == lesson)
        found = networks(lesson, size, **{"patch": None, "blocks": None, **sizes})
        counted = {name: sum(p.numel() for p in network.parameters()) for name, network in found.items()}
        assert counted == _weights(lesson, size, **sizes)


def _weights(lesson, size, width, patch=None, blocks=None):
    """Trainable weights of the book's networks."""
    shape = (size, size, 3)
    if lesson == "cgan":
        made = {
            "generator": cgan.define_generator(width=width),
            "discriminator": cgan.define_discriminator(width=width),
        }
    elif lesson == "pix2pix":
        made = {"generator": classic.define_generator(shape, width)}
        made["discriminator"] = pix2pix.define_patchgan(shape, patch, width)
    else:
        made = {name: paper.define_generator(shape, width, blocks) for name in ("generator", "inverse")}
        made |= {f"patchgan_{side}": cyclegan.define_patchgan(shape, patch, width) for side in "yx"}
    return {name: sum(math.prod(v.shape) for v in network.trainable_variables) for name, network in made.items()}


def test_what_is_missing_is_said_in_one_sentence(monkeypatch):
    assert needs.missing("jax", lambda name: None if name in ("skimage", "jax") else SimpleNamespace()) == [
        "scikit-image",
        "jax",
    ]
    monkeypatch.setattr(needs, "missing", lambda backend: ["optree"])
    with pytest.raises(SystemExit, match="these packages are missing: optree"):
        needs.main()


def test_without_files_the_table_says_so(tmp_path):
    assert gpu_table.markdown(tmp_path) == "Not yet measured on a GPU.\n"


def row(variant, images, **more):
    """A row of speed.json."""
    known = {"case": "pix2pix, batch 1", "size": 256, "variant": variant, "problem": None, "operations": 2e12}
    times = {"seconds_per_step": 1 / images, "images_per_second": images, "compile_seconds": 3.0}
    return {**known, **times, "peak_memory_bytes": 2**30, **more}


def test_the_table_compares_with_the_loop_and_with_pytorch(tmp_path):
    file = record.Record(tmp_path, "speed", smoke=False, rounds=5, targets=speed.TARGETS)
    file.note(ceiling={"side": 8192, "flops_per_second": {"bfloat16": 8e14, "tf32": 4e14}})
    for name, images in {
        "loop": 10,
        "fused_float32": 100,
        "fused_bfloat16": 140,
        "torch_compiled_bfloat16": 125,
    }.items():
        file.put("case", "variant", **row(name, images))
    file.put("case", "variant", **row("fused_float16", 1, problem="failed: it | burst\nout of memory"))
    file.put("case", "variant", **row("loop", 12.5))  # takes the place of the first
    text = gpu_table.markdown(tmp_path)
    assert "| `fused_bfloat16` | 7.14 | 140 | 11.20 | 1.12 | 1,024 | 280.00 | 35.0% | 3 |" in text
    assert "| `fused_float16` | out of memory | – |" in text and text.count("`loop`") == 1
    assert "| pix2pix, batch 1: times as fast as the loop | 10 | 11.20 | reached |" in text
    assert "| pix2pix, batch 1: images/s of compiled PyTorch | 1 | 1.12 | reached |" in text
    assert "as float32, at 256 pixels | 1.5 | 1.40 | **missed** |" in text
    assert "This part was cut off by its time." in text
    file.finish()
    assert "cut off" not in gpu_table.markdown(tmp_path)


def test_steps_of_a_round_fit_its_time():
    assert speed._steps(1.0, 1) == 5 and speed._steps(1e-5, 1) == 400, "at least, at most"
    assert speed._steps(speed.ROUND_SECONDS / 120, 1) == 120 == speed._steps(speed.ROUND_SECONDS / 120, 8)
    assert speed._steps(1.0, 8) == 40, "a fifth of them has to be a multiple of the steps at once"
