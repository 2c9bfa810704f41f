"""Which number format is chosen where, and what stays float32 whatever is chosen."""

import importlib

import keras
import numpy as np
import pytest

from chapters.ch06_cgan import cgan, classic, mlp_cgan
from chapters.ch07_infogan import iic
from gan_book import backend
from gan_book.datasets import Dataset
from gan_book.errors import BookError


@pytest.mark.parametrize(
    "accelerator, capability, flags, best",
    [
        ("gpu", 9.0, set(), "mixed_float16"),
        ("gpu", 7.0, {"amx_bf16"}, "mixed_float16"),
        ("gpu", 6.1, {"amx_bf16"}, "float32"),
        ("gpu", 0.0, set(), "float32"),
        ("tpu", 0.0, set(), "mixed_bfloat16"),
        ("cpu", 0.0, {"sse2", "amx_bf16"}, "mixed_bfloat16"),
        ("cpu", 0.0, {"avx512_bf16"}, "mixed_bfloat16"),
        ("cpu", 0.0, {"sse2", "avx512f"}, "float32"),
        ("cpu", 0.0, set(), "float32"),
    ],
)
def test_auto_picks_what_the_device_runs_fast(accelerator, capability, flags, best, monkeypatch):
    monkeypatch.setattr(backend, "accelerator", lambda: accelerator)
    monkeypatch.setattr(backend, "compute_capability", lambda: capability)
    monkeypatch.setattr(backend, "cpu_flags", lambda: flags)
    assert backend.best() == best
    assert backend.use_precision("auto") == best
    assert keras.config.dtype_policy().name == best


@pytest.mark.parametrize("name", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_named_policy_is_used_on_any_device(name):
    assert backend.use_precision(name) == name
    assert keras.config.dtype_policy().name == name


def test_an_unknown_policy_changes_nothing():
    with pytest.raises(BookError, match="--precision 'float64' is not known; choose one of: auto, float32"):
        backend.use_precision("float64")
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_weights_and_output_heads_stay_float32(policy):
    backend.use_precision(policy)
    networks = [
        classic.define_generator(),
        classic.define_discriminator(),
        cgan.define_generator(width=4),
        cgan.define_discriminator(width=4),
        mlp_cgan.define_generator(),
        mlp_cgan.define_discriminator("adam"),
    ]
    for network in networks:
        assert network.output.dtype == "float32", network.name
        assert {weight.dtype for weight in network.weights} == {"float32"}
        assert policy.removeprefix("mixed_") in {layer.compute_dtype for layer in network.layers}, network.name


@pytest.mark.parametrize("kind, chapter, xla", [("GPU", cgan, True), ("GPU", iic, False), ("CPU", cgan, False)])
def test_xla_is_on_where_it_pays_and_can_compile_the_networks(kind, chapter, xla, monkeypatch):
    import tensorflow as tf

    devices = [tf.config.PhysicalDevice(f"/physical_device:{each}:0", each) for each in {"CPU", kind}]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda wanted=None: devices)
    # Another test may have made this process deterministic for good, which rules XLA out.
    config = importlib.import_module("tensorflow.python.framework.config")
    monkeypatch.setattr(config, "is_op_determinism_enabled", lambda: False)
    images = np.zeros((4, 28, 28, 1), "uint8")
    data = Dataset("toy", images, np.arange(4), images, np.arange(4), tuple("abcdefghij"))
    model = chapter.build(chapter.LESSON.settings("smoke"), data)
    model.compile()
    assert bool(model.jit_compile) == xla


def test_jax_on_a_gpu_cannot_be_made_deterministic_once_it_runs(monkeypatch):
    monkeypatch.setattr(backend, "JAX", True)
    monkeypatch.setattr(backend, "accelerator", lambda: "gpu")
    with pytest.raises(BookError, match="needs XLA_FLAGS=--xla_gpu_deterministic_ops=true in the environment"):
        backend.make_deterministic()
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1 --xla_gpu_deterministic_ops=true")
    backend.make_deterministic()


def test_the_device_has_a_name():
    assert backend.name()
    assert backend.peak_memory() > 1_000_000
