"""All that differs between TensorFlow and JAX, and what depends on the device: the only module that touches either."""

import os
import platform
import sys
from pathlib import Path

import keras

from gan_book.errors import BookError, require_choice

BACKENDS = ("tensorflow", "jax")
JAX = keras.backend.backend() == "jax"
if keras.backend.backend() not in BACKENDS:
    raise BookError(f"the book runs on {' and '.join(BACKENDS)}, not on {keras.backend.backend()}; set KERAS_BACKEND")


def accelerator():
    """``"gpu"``, ``"tpu"`` or ``"cpu"``: what the backend computes on."""
    if JAX:
        import jax

        return {"cuda": "gpu", "rocm": "gpu"}.get(jax.default_backend(), jax.default_backend())
    import tensorflow as tf

    kinds = {d.device_type for d in tf.config.list_physical_devices()}
    return next((kind.lower() for kind in ("TPU", "GPU") if kind in kinds), "cpu")


def compute_capability():
    """An NVIDIA GPU's compute capability as a float, 0.0 where there is none."""
    if accelerator() != "gpu":
        return 0.0
    if JAX:
        import jax

        return float(getattr(jax.devices()[0], "compute_capability", 0.0))
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    major, minor = details.get("compute_capability", (0, 0))
    return float(f"{major}.{minor}")


def name():
    """The device in words, for reports."""
    if JAX and accelerator() != "cpu":
        import jax

        return jax.devices()[0].device_kind
    if accelerator() == "gpu":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
    return _cpu_field("model name") or platform.processor() or platform.machine()


def is_out_of_memory(error):
    """Whether an exception says that the device, or the machine, has no memory left."""
    on_tensorflow, on_jax = type(error).__name__ == "ResourceExhaustedError", "RESOURCE_EXHAUSTED" in str(error)
    return isinstance(error, MemoryError) or on_tensorflow or on_jax


def cores():
    """How many cores of the CPU this process may use; None if it computes on an accelerator."""
    if accelerator() != "cpu":
        return None
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def cpu_flags():
    """Instruction-set flags of the CPU as Linux lists them; empty elsewhere."""
    return set(_cpu_field("flags").split())


def _cpu_field(field):
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def peak_memory():
    """Largest memory so far in bytes: of the GPU where there is one, else of this process."""
    if accelerator() == "gpu":
        if JAX:
            import jax

            return int(jax.devices()[0].memory_stats()["peak_bytes_in_use"])
        import tensorflow as tf

        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def make_deterministic():
    """Asks the backend for the same bits from the same inputs, at some cost in speed.

    Raises:
        BookError: JAX on a GPU, which has to be asked before it starts.
    """
    if JAX:
        flag = "--xla_gpu_deterministic_ops=true"  # CPU programs of JAX are deterministic as they are
        if accelerator() == "gpu" and flag not in os.environ.get("XLA_FLAGS", ""):
            raise BookError(f"--deterministic on JAX needs XLA_FLAGS={flag} in the environment; set it and try again")
        return
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def stateful_step(model, step, *args):
    """Runs ``step(data)``, which reads and assigns variables of `model`, as the backend's train or test step.

    TensorFlow passes the data alone. There the metrics that the first step makes are made outside its graph: if they
    were part of it, TensorFlow would throw the graph away and trace the step once more, without them.

    JAX passes ``(state, data)`` and wants ``(logs, new state)``: there the step runs in a `keras.StatelessScope`, where
    variables are read from the state and assignments are collected.
    """
    if not JAX:
        import tensorflow as tf

        with tf.variable_creator_scope(_outside_the_graph):
            return step(*args)
    state, data = args
    groups = _state_groups(model, with_optimizer=len(state) == 4)
    mapping = [pair for group, values in zip(groups, state, strict=True) for pair in zip(group, values, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


def _outside_the_graph(next_creator, **wanted):
    import tensorflow as tf

    with tf.init_scope():
        return next_creator(**{**wanted, "experimental_enable_variable_lifting": False})


def input_gradient(network, x):
    """The slope of a network at its input, for gradient penalties: d sum(network(x)) / dx, of the shape of x.

    Args:
        network: images ``[n, h, w, c]`` to one number each, such as a critic; called with ``training=True``.
        x: float tensor ``[n, h, w, c]``.

    Its own gradient, which a penalty trains by, exists through convolutions, dense layers, `AveragePooling2D` and
    `UpSampling2D("nearest")`. Below a bilinear resize it silently vanishes on TensorFlow; and batch normalization mixes
    the images of a batch, so that their slopes are not their own: take layer normalization or none. See Gulrajani et
    al. (2017), "Improved Training of Wasserstein GANs", section 4; ``docs/recipes.md`` has a WGAN-GP.
    """
    if not JAX:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = keras.ops.sum(network(x, training=True))
        return tape.gradient(total, x)
    import jax

    def total(x):
        # In a scope of its own: what the network assigns on the way (random states) is not the step's.
        with keras.StatelessScope(state_mapping=[(v, v.value) for v in network.variables]):
            return keras.ops.sum(network(x, training=True))

    return jax.grad(total)(x)


# What JAX raises, and TensorFlow for a condition.
NOT_TRACEABLE = {
    "ConcretizationTypeError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "OperatorNotAllowedInGraphError",
}


def is_traced(tensor):
    """Whether this tensor stands for those of all steps to come, while Python builds the graph of a step."""
    if JAX:
        import jax

        return isinstance(tensor, jax.core.Tracer)
    import tensorflow as tf

    return not tf.executing_eagerly()


def is_not_traceable(error):
    """Whether an exception says that Python wanted a tensor's value, or ran a step, while a step is traced."""
    words = ("SymbolicTensor", "symbolic `tf.Tensor`", "cross-replica context")  # TensorFlow's
    return type(error).__name__ in NOT_TRACEABLE or any(word in str(error) for word in words)


def player_step(player, step, data):
    """One step, ``"train_step"`` or ``"test_step"``, of a compiled model inside `stateful_step`. Returns its logs."""
    if not JAX:
        return getattr(player, step)(data)
    with_optimizer = step == "train_step"
    state = tuple([v.value for v in group] for group in _state_groups(player, with_optimizer))
    logs, state = getattr(player, step)(state, data)
    # The groups are asked for again: the first step of all creates metric variables.
    for group, values in zip(_state_groups(player, with_optimizer), state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)
    return logs


def _state_groups(model, with_optimizer):
    optimizer = [model.optimizer.variables] if with_optimizer else []
    return [model.trainable_variables, model.non_trainable_variables, *optimizer, model.metrics_variables]


def trace(step, data):
    """Runs ``step(data)`` on shapes alone, so that every variable it creates exists afterwards (JAX)."""
    if JAX:
        import jax

        with keras.StatelessScope():
            jax.eval_shape(lambda batch: keras.tree.map_structure(lambda x: x, step(batch)), data)


def sync(model):
    """Gives a model in the middle of `fit` its variables' current values back, which JAX keeps outside it."""
    if JAX:
        model.jax_state_sync()


CHOICES = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


def best():
    """The policy this device runs fast.

    float16 on NVIDIA GPUs with tensor cores (compute capability 7 or more), bfloat16 on TPUs and on CPUs with matrix
    units for it (AMX, AVX512-BF16), else float32.
    """
    if accelerator() == "tpu":
        return "mixed_bfloat16"
    if accelerator() == "gpu":
        return "mixed_float16" if compute_capability() >= 7 else "float32"
    return "mixed_bfloat16" if cpu_flags() & {"amx_bf16", "avx512_bf16"} else "float32"


def use_precision(precision="auto"):
    """Makes `precision` the policy of all layers created from now on, and returns its name.

    Weights stay float32 whatever the policy; networks of this book end in float32 layers and losses are computed in
    float32. Under mixed_float16 Keras scales the losses (`keras.optimizers.LossScaleOptimizer`), so that small
    gradients do not vanish.

    Raises:
        BookError: no such policy.
    """
    require_choice("--precision", precision, CHOICES)
    policy = best() if precision == "auto" else precision
    keras.config.set_dtype_policy(policy)
    return policy
