"""One training on several devices of a machine, or on several machines: data parallel, with the batch as it was.

The batch is the *global* batch. Each device gets its part of it, all have the same weights, and each update is made
with the gradient of the whole batch. So a training on several devices is the training on one, computed faster:

- TensorFlow runs the step once on each device (a *replica*), under a `tf.distribute.MirroredStrategy`, or a
  `MultiWorkerMirroredStrategy` for several machines. Replicas know only their own part of the batch. What must know all
  of it is made so here, while the context of `several` is open: see `_as_if_one`.
- JAX runs one program on arrays that are spread over the devices (`keras.distribution.DataParallel`). There means over
  the batch are means over all of it by themselves.

``docs/devices.md`` says how to use it, and what it does not do. Only this module and `gan_book.backend` know TensorFlow
and JAX.
"""

import json
import os
import threading
from contextlib import ExitStack, contextmanager
from unittest import mock

import keras

from gan_book import backend
from gan_book.errors import BookError, counted

ALL = "all"
CLUSTER = "TF_CONFIG"  # TensorFlow's variable with the addresses of all machines, and which of them this one is


def available():
    """How many devices the backend can compute on here: GPUs, TPU cores, or else the CPU, which is one.

    The environment variable ``GAN_BOOK_CPU_DEVICES`` makes several of the CPU, to try things out.
    """
    return len(_devices())


def _devices():
    if backend.JAX:
        import jax

        return jax.devices()
    import tensorflow as tf

    return tf.config.list_logical_devices(backend.accelerator().upper())


def chosen(wanted):
    """The number of devices that ``--devices`` asks for.

    Args:
        wanted: a number, as int or text, or "all".

    Raises:
        BookError: it is neither, or there are not so many.
    """
    here = available()
    if wanted == ALL:
        return here
    try:
        count = int(wanted)
    except ValueError:
        count = 0
    if count < 1:
        raise BookError(f"--devices takes a number of devices or the word all, not '{wanted}'")
    if count > here:
        there_are = f"there is {here}" if here == 1 else f"there are {here}"
        raise BookError(f"--devices asks for {count}, and {there_are} here; choose fewer, or --devices all")
    return count


def workers():
    """``(this one's number, how many)`` of the processes that train together, from ``TF_CONFIG``; (0, 1) without it.

    The first is the chief: it alone writes the run folder.

    Raises:
        BookError: ``TF_CONFIG`` is not understood, or the backend is JAX.
    """
    text = os.environ.get(CLUSTER)
    if not text:
        return 0, 1
    try:
        cluster = json.loads(text)
        count, task = len(cluster["cluster"]["worker"]), cluster["task"]
        index = task["index"]
        if task["type"] != "worker" or not 0 <= index < count:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        example = (
            '{"cluster": {"worker": ["10.0.0.1:12345", "10.0.0.2:12345"]}, "task": {"type": "worker", "index": 0}}'
        )
        raise BookError(f"{CLUSTER} is not understood; write it like {example}") from None
    if backend.JAX and count > 1:
        raise BookError(f"{CLUSTER} names {count} workers, which is TensorFlow's way; set KERAS_BACKEND=tensorflow")
    return index, count


def require_divisible(batch_size, count):
    """Raises BookError where the batch cannot be shared out evenly."""
    if batch_size % count:
        nearest = max(1, batch_size // count) * count
        problem = f"a batch of {batch_size} is not shared evenly by {counted(count, 'device')}"
        raise BookError(f"{problem}; set --batch-size {nearest}")


class Devices:
    """What the training asks of its devices; this is for a single device, or several on JAX: there is nothing to do.

    Attributes:
        count: devices in all.
    """

    def __init__(self, count=1):
        self.count = count

    @property
    def compiling(self):
        """More arguments for `compile`."""
        return {}

    @contextmanager
    def building(self):
        """A context for making and compiling the networks."""
        yield

    def prepare(self, model):
        """Makes a model that was built and compiled ready for training."""

    def shared(self, batches):
        """The batches of an epoch, as `fit` is to get them, and more arguments for `fit`."""
        return batches, {}


@contextmanager
def several(count):
    """A context in which models are built for, and trained on, this many devices of each process: yields a `Devices`.

    count: of the devices of this machine; with ``TF_CONFIG``, of each.
    """
    _, processes = workers()
    if backend.JAX and count > 1:
        with _data_parallel(count):
            yield Devices(count)
    elif not backend.JAX and count * processes > 1:
        with ExitStack() as stack:
            for change in _as_if_one():
                stack.enter_context(change)
            yield _Replicas(_strategy(count, processes))
    else:
        yield Devices()


@contextmanager
def _data_parallel(count):
    names = keras.distribution.list_devices()[:count]
    spread = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    predict = keras.Model.predict

    def alone(self, *args, **kwargs):
        # Pictures and scores ask for any number of images, which devices could not share evenly.
        with _distribution(None):
            return predict(self, *args, **kwargs)

    with _distribution(spread), mock.patch.object(keras.Model, "predict", alone):
        yield


@contextmanager
def _distribution(wanted):
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(wanted)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


_strategies = {}


def _strategy(count, processes):
    import tensorflow as tf

    if processes > 1 and count > 1 and backend.accelerator() == "cpu":
        raise BookError("several workers take one CPU device each; leave --devices out")
    key = count, processes
    if key not in _strategies:  # one for a process: a second cluster of the same addresses could not be opened
        if processes > 1:
            _strategies[key] = tf.distribute.MultiWorkerMirroredStrategy()
        else:
            names = [device.name for device in _devices()[:count]]
            _strategies[key] = tf.distribute.MirroredStrategy(names)
    return _strategies[key]


class _Replicas(Devices):
    """Several devices on TensorFlow, of one machine or several."""

    def __init__(self, strategy):
        super().__init__(strategy.num_replicas_in_sync)
        self.strategy = strategy

    @property
    def compiling(self):
        return {"jit_compile": False}  # XLA compiles a step for one device

    @contextmanager
    def building(self):
        with self.strategy.scope():
            yield

    def shared(self, batches):
        index, count = workers()
        if count == 1:
            return batches, {}
        import tensorflow as tf

        # Left to itself TensorFlow gives each worker other batches, so that a step has halves of two of them.
        def parts():
            for batch in (batches[number] for number in range(len(batches))):
                yield tuple(array[index * len(array) // count : (index + 1) * len(array) // count] for array in batch)

        kinds = tuple(tf.TensorSpec([None, *array.shape[1:]], array.dtype) for array in batches[0])
        own = tf.data.Dataset.from_generator(parts, output_signature=kinds).prefetch(2)
        return self.strategy.distribute_datasets_from_function(lambda context: own), {"steps_per_epoch": len(batches)}

    def prepare(self, model):
        for layer in model._flatten_layers(include_self=False):
            if isinstance(layer, keras.Model):
                # It is the whole that trains; alone, a network runs where it is asked.
                layer._distribute_strategy = None
        for layer in model.layers:
            if layer.variables and not isinstance(layer, keras.Model):
                layer.call = _of_whole_batches(layer.call)


# What is done while a layer that sees the whole batch is called: there, random numbers are for the whole batch already.
# Replicas are traced in a thread each.
_here = threading.local()


def _of_whole_batches(call):
    """The `call` of a layer that a model keeps beside its networks, such as the pool of chapter 11.

    Such a layer remembers things from step to step. On every device it gets the images of all, so that all remember the
    same, and gives back those of its device.
    """
    import tensorflow as tf

    def whole(images, *args, **kwargs):
        replica = backend.replica()
        if replica is None:
            return call(images, *args, **kwargs)
        _here.whole = True
        try:
            shown = call(replica.all_gather(images, axis=0), *args, **kwargs)
        finally:
            _here.whole = False
        return _part(shown, tf.shape(images)[0], replica)

    return whole


def _as_if_one():
    """Contexts in which a step on several replicas is that of one device, but for rounding.

    Replicas have the same random state, so each would sample the same noise for its part of the batch. Instead each
    samples that of the whole batch and keeps its part. The mean over the batch is the mean over the replicas' means,
    for gradients (Keras sums them, after dividing those losses that it knows of, which a gradient penalty is not) and
    for metrics. Batch normalization takes the statistics of the whole batch. (Keras has that as ``synchronized=True``,
    which would be in saved networks, and computes the variance from sums of squares, which are less exact.)
    """
    from keras.src.backend.tensorflow import random, trainer
    from keras.src.backend.tensorflow.optimizer import TFOptimizer
    from keras.src.losses import loss

    for name in ("normal", "uniform", "truncated_normal", "randint", "gamma", "binomial", "beta"):
        yield mock.patch.object(random, name, _own_part(getattr(random, name)))
    yield mock.patch.object(random, "dropout", _dropout(random.dropout))
    yield mock.patch.object(loss, "scale_loss_for_distribution", lambda value: value)
    yield mock.patch.object(loss, "unscale_loss_for_distribution", lambda value: value)
    yield mock.patch.object(TFOptimizer, "_all_reduce_sum_gradients", _mean_gradients(TFOptimizer))
    yield mock.patch.object(trainer, "reduce_per_replica", _first(trainer.reduce_per_replica))
    layer = keras.layers.BatchNormalization
    yield mock.patch.object(layer, "_moments", _moments(layer._moments))


def _is_sliced():
    """The replica that is being traced, where random numbers are for its part of a batch; or None."""
    return None if getattr(_here, "whole", False) else backend.replica()


def _own_part(sample):
    """A function of `keras.random` whose samples for a batch are the replica's own part of those for all."""

    def own(shape, *args, **kwargs):
        import tensorflow as tf

        replica = _is_sliced()
        sizes = tf.unstack(shape) if tf.is_tensor(shape) else list(shape)
        # Samples for a batch are told from others by the first size: a tensor where the step takes batches of any size,
        # else that of the replica's part.
        of_batch = sizes and (tf.is_tensor(sizes[0]) or sizes[0] == backend.part_of_batch.size)
        if replica is None or not of_batch:
            return sample(shape, *args, **kwargs)
        return _part(sample((sizes[0] * replica.num_replicas_in_sync, *sizes[1:]), *args, **kwargs), sizes[0], replica)

    return own


def _part(whole, n, replica):
    first = replica.replica_id_in_sync_group * n
    return whole[first : first + n]


def _dropout(dropout):
    def own(inputs, rate, noise_shape=None, seed=None):
        import tensorflow as tf
        from keras.src.backend.tensorflow import random

        replica = _is_sliced()
        if replica is None or not 0 < rate < 1:
            return dropout(inputs, rate, noise_shape, seed)
        n, *others = tf.unstack(random._get_concrete_noise_shape(inputs, noise_shape))
        # As TensorFlow's own does it, with the mask of the whole batch.
        seed = random._cast_seed(random.draw_seed(seed))
        shape = (n * replica.num_replicas_in_sync, *others)
        whole = tf.random.stateless_uniform(shape, seed, dtype=inputs.dtype)
        kept = _part(whole, n, replica) >= tf.cast(rate, inputs.dtype)
        return tf.where(kept, inputs * tf.cast(1 / (1 - rate), inputs.dtype), tf.zeros((), inputs.dtype))

    return own


def _mean_gradients(optimizer):
    summed = optimizer._all_reduce_sum_gradients

    def mean(self, grads_and_vars):
        import tensorflow as tf

        replica, pairs = backend.replica(), summed(self, grads_and_vars)
        if replica is None:
            return pairs

        def divided(gradient):
            # That of an embedding is a list of rows, one for each image of the batch, and stays so: on TensorFlow
            # Keras's Adam squares each row by itself, and with sums of rows its second moments would be others.
            if isinstance(gradient, tf.IndexedSlices):
                return tf.IndexedSlices(divided(gradient.values), gradient.indices, gradient.dense_shape)
            return gradient if gradient is None else gradient / replica.num_replicas_in_sync

        return [(divided(gradient), variable) for gradient, variable in pairs]

    return mean


def _first(reduce_per_replica):
    """The logs of a step are the same on all replicas. (Keras's way to reduce them fails with several workers.)"""

    def first(values, strategy, reduction):
        if strategy.num_replicas_in_sync == 1 or reduction == "concat":
            return reduce_per_replica(values, strategy, reduction)
        return keras.tree.map_structure(lambda v: strategy.experimental_local_results(v)[0], values)

    return first


def _moments(moments):
    """Mean and variance over the batch of all replicas, from two passes, as for one device."""

    def of_all(self, inputs, mask):
        replica = backend.replica()
        if replica is None or mask is not None:
            return moments(self, inputs, mask)
        import tensorflow as tf

        x = tf.cast(inputs, "float32")
        mean = replica.all_reduce("MEAN", tf.reduce_mean(x, self._reduction_axes))
        shape = [1 if axis in self._reduction_axes else size for axis, size in enumerate(x.shape)]
        apart = tf.square(x - tf.reshape(mean, shape))
        return mean, replica.all_reduce("MEAN", tf.reduce_mean(apart, self._reduction_axes))

    return of_all
