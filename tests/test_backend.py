"""Which number format is chosen where, and what stays float32 whatever is chosen."""

import importlib

import keras
import numpy as np
import pytest
from keras import layers

from chapters.ch06_cgan import cgan, classic, mlp_cgan
from chapters.ch07_infogan import iic
from gan_book import backend
from gan_book.adversarial import AdversarialModel
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


class OneClassifier(AdversarialModel):
    """A network that learns labels: one turn, so its own `train_on_batch` does the same."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def turns(self, x, y):
        yield "d", self.network, x, y


def normalized(shape):
    """A classifier with batch normalization of each kind, of images ``[n, *shape]``."""
    keras.utils.set_random_seed(3)
    h = image = keras.Input(shape)
    for more in ({}, {"scale": False, "center": False}, {"momentum": 0.0}):
        h = layers.LeakyReLU()(layers.BatchNormalization(**more)(layers.Conv2D(5, 3, strides=2)(h)))
    h = layers.BatchNormalization()(layers.Flatten()(h))  # of vectors: stays Keras's own
    network = keras.Model(image, layers.Dense(2, dtype="float32")(h))
    network.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network


@pytest.mark.skipif(backend.JAX, reason="XLA fuses by itself")
@pytest.mark.parametrize("shape", [(16, 15, 3), (15, 15, 1)])  # the second ends with maps of one pixel
def test_fused_batch_normalization_is_kerass(shape):
    rng = np.random.default_rng(0)
    x, y = rng.normal(2, 3, (12, *shape)).astype("float32"), rng.integers(0, 2, 12)
    fused, plain = normalized(shape), normalized(shape)
    model = OneClassifier(fused)
    model.compile()
    for _ in range(4):
        assert model.train_on_batch(x, y) == pytest.approx(plain.train_on_batch(x, y), rel=1e-4)
    for variable, other in zip(fused.variables, plain.variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), other.numpy(), rtol=1e-3, atol=1e-4, err_msg=variable.path)
    np.testing.assert_allclose(fused.predict(x, verbose=0), plain.predict(x, verbose=0), atol=1e-3)


@pytest.mark.skipif(backend.JAX, reason="XLA fuses by itself")
def test_a_step_has_the_fused_operation_and_keras_is_left_as_it_was():
    import tensorflow as tf

    model, call = OneClassifier(normalized((16, 16, 1))), layers.BatchNormalization.call
    model.compile()
    data = tf.zeros((4, 16, 16, 1)), tf.zeros(4, tf.int32)
    graph = tf.function(model.train_step).get_concrete_function(data).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("FusedBatchNormV3") == 3
    assert layers.BatchNormalization.call is call
    with pytest.raises(RuntimeError), backend._fused_batch_normalization():
        raise RuntimeError
    assert layers.BatchNormalization.call is call
