"""All that differs between TensorFlow and JAX, and what depends on the device; `gan_book.devices` is for several.

The heart is `stateful_step` and `player_step`. Chapter 6 needs them for its step of several updates; a chapter calls
neither.
"""

import os
import platform
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import keras

from gan_book.errors import BookError, require_choice

BACKENDS = ("tensorflow", "jax")
JAX = keras.backend.backend() == "jax"
if keras.backend.backend() not in BACKENDS:
    raise BookError(f"the book runs on {' and '.join(BACKENDS)}, not on {keras.backend.backend()}; set KERAS_BACKEND")


CPU_DEVICES = "GAN_BOOK_CPU_DEVICES"


def _split_cpu(text):
    """Makes several devices of the CPU, for tests and to try several devices out; the backend must not have begun."""
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise BookError(f"{CPU_DEVICES} is the number of devices to make of the CPU, from 1 to 64, not '{text}'")
    if JAX:
        import jax

        jax.config.update("jax_num_cpu_devices", int(text))
        return
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(text))


if os.environ.get(CPU_DEVICES):
    _split_cpu(os.environ[CPU_DEVICES])


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

    The chapters write one step for both backends, as if variables could simply be assigned. On TensorFlow that is so.
    JAX functions have no side effects: they take the state and return the new one.

    Args:
        model: an `AdversarialModel`.
        step: function of the data that returns a dict of logs.
        args: what Keras passes to `train_step` or `test_step`: on TensorFlow ``(data,)``, on JAX ``(state, data)``.

    Returns:
        The logs; on JAX ``(logs, new state)``.
    """
    if not JAX:
        import tensorflow as tf

        # The first step makes metrics, which have variables. If those were made as part of the graph, TensorFlow would
        # throw the graph away and trace the step a second time, without them.
        # (On several devices `trace` has made them, and batch normalization is that of `gan_book.devices`.)
        if replica() is not None:
            part_of_batch.size = keras.tree.flatten(args)[0].shape[0]
            return step(*args)
        with tf.variable_creator_scope(_outside_the_graph), _fused_batch_normalization():
            return step(*args)
    # Within a `keras.StatelessScope` reading a variable gives its value from `state_mapping`, and assigning one stores
    # the new value in the scope. So the step can be written with assignments, and its effects are read off afterwards.
    state, data = args
    groups = _state_groups(model, with_optimizer=len(state) == 4)
    mapping = [pair for group, values in zip(groups, state, strict=True) for pair in zip(group, values, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(data)
    # The groups are those from before the step: Keras wants one value back for each variable it has passed. All
    # variables exist by then, because `trace` ran first.
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


FUSED_TYPES = ("float32", "float16", "bfloat16")  # of TensorFlow's fused batch normalization


@contextmanager
def _fused_batch_normalization():
    """While the step is traced: batch normalization of feature maps is one operation of TensorFlow, not Keras's ten.

    The formula is the same, and so are the layers, their weights and what is saved. But each operation reads and writes
    whole feature maps, so one of them is faster than ten.
    """
    import tensorflow as tf

    layer = keras.layers.BatchNormalization
    plain = layer.call

    def call(self, inputs, training=None, mask=None):
        fits = len(inputs.shape) == 4 and self.axis in (-1, 3) and inputs.dtype in FUSED_TYPES
        if not (training and self.trainable and fits) or mask is not None or self.renorm or self.synchronized:
            return plain(self, inputs, training=training, mask=mask)
        channels, unused = inputs.shape[-1], tf.zeros(0)
        gamma = tf.convert_to_tensor(self.gamma) if self.scale else tf.ones(channels)
        beta = tf.convert_to_tensor(self.beta) if self.center else tf.zeros(channels)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=gamma, offset=beta, mean=unused, variance=unused, epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) // channels, "float32")
        variance *= (count - 1) / count  # TensorFlow divides the squares by count - 1, and Keras by count
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + value * (1 - self.momentum))
        return tf.cast(outputs, self.compute_dtype)

    layer.call = call
    try:
        yield
    finally:
        layer.call = plain


def _outside_the_graph(next_creator, **wanted):
    import tensorflow as tf

    # `init_scope` leaves the graph that is being recorded. "Lifting" is TensorFlow's own way of doing that, by tracing
    # twice, and has to be switched off here.
    with tf.init_scope():
        return next_creator(**{**wanted, "experimental_enable_variable_lifting": False})


def replica():
    """TensorFlow's context of that of several devices whose step is being traced; None on a single one, or on JAX."""
    if JAX:
        return None
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


class _Part(threading.local):
    size = None


# `size` is the size of the part of the batch that a replica's step is traced with, None where any size will do. Each
# replica is traced in a thread of its own.
part_of_batch = _Part()


def over_devices(values, size):
    """The means over a batch, dict of scalars, and its size, from those of the part of it that one device has."""
    context = replica()
    if context is None:
        return values, size
    means = context.all_reduce("MEAN", [keras.ops.convert_to_tensor(value, "float32") for value in values.values()])
    return dict(zip(values, means, strict=True)), size * context.num_replicas_in_sync


class EpochMean(keras.metrics.Mean):
    """Keras's mean, of values that are the same on all devices: each device keeps the whole, not its share of it."""

    def add_variable(self, shape, initializer, dtype=None, aggregation=None, name=None):
        initializer = keras.initializers.get(initializer)
        variable = keras.Variable(initializer, shape=shape, dtype=dtype, trainable=False, name=name)
        self._tracker.add_to_store("variables", variable)
        return variable


def input_gradient(network, x, *others):
    """The slope of a network at its input, for gradient penalties: d sum(network(x)) / dx.

    Args:
        network: a `keras.Model`, such as a critic, that maps images to one number for each image; it is called with
            ``training=True``.
        x: float tensor ``[n, h, w, c]``, the network's first input.
        others: its other inputs, such as labels, by which nothing is differentiated.

    Returns:
        Float tensor of the shape of x.

    Raises:
        BookError: `network` is no Keras network, or x is a list of several inputs.

    Its own gradient, which a penalty trains by, exists through convolutions, dense layers, `AveragePooling2D` and
    `UpSampling2D("nearest")`. Below a bilinear resize it silently vanishes on TensorFlow; and batch normalization mixes
    the images of a batch, so that their slopes are not their own: take layer normalization or none. See Gulrajani et
    al. (2017), "Improved Training of Wasserstein GANs", section 4; ``docs/recipes.md`` has a WGAN-GP.
    """
    if not isinstance(network, keras.Model) or isinstance(x, (list, tuple)):
        raise BookError(
            "input_gradient takes a keras.Model and its inputs one by one: input_gradient(critic, x, labels)"
        )
    if not JAX:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = keras.ops.sum(network([x, *others] if others else x, training=True))
        return tape.gradient(total, x)
    import jax

    def total(x):
        # In a scope of its own: what the network assigns on the way (random states) is not the step's.
        with keras.StatelessScope(state_mapping=[(v, v.value) for v in network.variables]):
            return keras.ops.sum(network([x, *others] if others else x, training=True))

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
    """One step of a compiled network within `stateful_step`.

    Args:
        player: the network.
        step: ``"train_step"`` or ``"test_step"``, Keras's own methods.
        data: tuple of x, y and perhaps sample weights.

    Returns:
        dict of logs.
    """
    if not JAX:
        return getattr(player, step)(data)
    # Keras's `train_step` for JAX takes the state as lists of values and returns new ones. Here we are within the scope
    # of `stateful_step`, so `v.value` is the newest value, the one that the turn before has left; and assigning what
    # comes back passes it on to the next turn. That is how D's update reaches G within one pure function.
    with_optimizer = step == "train_step"
    state = tuple([v.value for v in group] for group in _state_groups(player, with_optimizer))
    logs, state = getattr(player, step)(state, data)
    # The groups are asked for again, because the very first step creates metric variables.
    for group, values in zip(_state_groups(player, with_optimizer), state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)
    return logs


# The order in which Keras's JAX trainer passes a model's state. Changing it would mix up variables without an error.
def _state_groups(model, with_optimizer):
    optimizer = [model.optimizer.variables] if with_optimizer else []
    return [model.trainable_variables, model.non_trainable_variables, *optimizer, model.metrics_variables]


def trace(step, data):
    """Runs ``step(data)`` on shapes alone, so that every variable it creates exists afterwards.

    Args:
        step: function of the data that returns nested tensors.
        data: a batch.
    """
    # JAX traces a step with a fixed list of variables; one made during the trace would have no place in the state. The
    # scope throws away what is assigned.
    with keras.StatelessScope():
        if JAX:
            import jax

            # `eval_shape` runs the Python without computing anything.
            jax.eval_shape(lambda batch: keras.tree.map_structure(lambda x: x, step(batch)), data)
            return
        import tensorflow as tf

        # On several devices, the only case that Keras asks for on TensorFlow: a variable must be made on all of them.
        first = tf.distribute.get_strategy().experimental_local_results  # each device has its own
        specs = keras.tree.map_structure(
            lambda x: tf.TensorSpec([None, *first(x)[0].shape[1:]], first(x)[0].dtype), data
        )
        tf.function(step).get_concrete_function(specs)


def sync(model):
    """Gives a model in the middle of `fit` its variables' current values back (JAX)."""
    # There `fit` keeps the state in plain arrays, which it can hand from step to step without copying, and leaves the
    # variables as they were. Whoever looks at weights in a callback has to ask for them.
    if JAX:
        model.jax_state_sync()


CHOICES = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


def best():
    """The precision that is fast on this device, as the name of a Keras policy.

    float16 on NVIDIA GPUs with tensor cores (compute capability 7 or more), bfloat16 on TPUs and on CPUs with matrix
    units for it (AMX, AVX512-BF16), else float32.
    """
    if accelerator() == "tpu":
        return "mixed_bfloat16"
    if accelerator() == "gpu":
        return "mixed_float16" if compute_capability() >= 7 else "float32"
    return "mixed_bfloat16" if cpu_flags() & {"amx_bf16", "avx512_bf16"} else "float32"


def use_precision(precision="auto"):
    """Makes `precision`, one of `CHOICES`, the policy of all layers created from now on, and returns its name.

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
