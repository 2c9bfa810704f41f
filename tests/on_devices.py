"""Trains a small model on some of this machine's devices and writes all its variables; `test_devices.py` runs it.

python -m tests.on_devices <devices> <folder> <model> ...
"""

import json
import sys

import keras
import numpy as np
from keras import layers, ops

from chapters.ch11_cyclegan import cyclegan
from gan_book import backend, devices
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.datasets.batches import EpochBatches
from gan_book.training.checkpoint import state_variables
from tests import tiny

STEPS, BATCH = 20, 8


class Ordered(EpochBatches):
    """Batches of arrays, one after the other."""

    def __init__(self, *arrays):
        self.arrays = arrays
        super().__init__(len(arrays[0]), BATCH)

    def shuffle(self, epoch):
        return np.arange(len(self.arrays[0]))

    def batch(self, order, index):
        chosen = order[index * BATCH : (index + 1) * BATCH]
        return tuple(array[chosen] for array in self.arrays)


class PenalizedCritic(keras.Model):
    """WGAN-GP's critic loss: ``f(fake) - f(real) + 10 (|slope| - 1)^2``, the last added in `compute_loss`."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        slope = backend.input_gradient(self.critic, x[2])
        penalty = ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slope), axis=1) + 1e-12) - 1))
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 10 * penalty


class PenalizedGAN(AdversarialModel):
    def __init__(self):
        super().__init__()
        z, x = keras.Input((4,)), keras.Input((tiny.FEATURES,))
        self.generator = keras.Model(z, layers.Dense(tiny.FEATURES, "tanh", name="g")(z))
        h = layers.Dense(8, "tanh", name="c_hidden")(x)
        self.critic = keras.Model(x, layers.Dense(1, name="c_out")(h))
        inputs = [keras.Input((tiny.FEATURES,)) for _ in range(3)]
        self.judge = PenalizedCritic(inputs, self.critic(inputs[1]) - self.critic(inputs[0]))
        self.judge.critic = self.critic
        self.judge.compile(keras.optimizers.Adam(1e-2), lambda y, answer: answer)
        self.gan = Composite(z, self.critic(self.generator(z)), frozen=[self.critic])
        self.gan.compile(keras.optimizers.Adam(1e-2), lambda y, answer: -answer)
        self.sampler = self.track_average(self.generator, 0.9)

    def turns(self, x, labels):
        n = ops.shape(x)[0]
        fake = self.generator(keras.random.normal((n, 4), seed=self.rng))
        share = keras.random.uniform((n, 1), seed=self.rng)
        yield "critic", self.judge, [x, fake, share * x + (1 - share) * fake], ops.zeros((n, 1))
        yield "g", self.gan, keras.random.normal((n, 4), seed=self.rng), ops.zeros((n, 1))


class PooledGAN(tiny.TinyGAN):
    """D is shown generated samples of earlier steps from the image pool of chapter 11, which CycleGAN has two of."""

    def __init__(self):
        super().__init__(batch_norm=False)
        self.pool = cyclegan.ImagePool(12)
        self.pool.build((None, 2, 2, tiny.FEATURES // 4))

    def turns(self, x, label):
        for name, network, inputs, answer in super().turns(x, label):
            if name == "d_fake":
                pooled = self.pool(ops.reshape(inputs[0], (-1, 2, 2, tiny.FEATURES // 4)))
                inputs = [ops.reshape(pooled, (-1, tiny.FEATURES)), label]
            yield name, network, inputs, answer


def made(kind):
    """The model of that name, not compiled."""
    if kind in ("pool", "penalty"):
        return PooledGAN() if kind == "pool" else PenalizedGAN()
    return tiny.TinyGAN(batch_norm=kind != "plain", average=0.9)


def spread_of_a_batch():
    """On how many devices the arrays of a batch are (JAX), and how many of the batch are on one."""
    from keras.src.backend.jax.trainer import _distribute_data

    shards = _distribute_data(np.zeros((BATCH, 3))).addressable_shards
    return [len({shard.device for shard in shards}), shards[0].data.shape[0]]


def trained(kind, count, folder):
    """Trains a model of that kind on `count` devices and writes ``<folder>/<kind>-<count>.npz``."""
    keras.utils.clear_session()  # which forgets the policy, too
    keras.config.set_dtype_policy("mixed_float16" if kind == "float16" else "float32")
    keras.utils.set_random_seed(0)
    with devices.several(count) as used:
        with used.building():
            model = made(kind)
            model.compile(**used.compiling)
        used.prepare(model)
        shapes = []
        step = model._play_and_average
        model._play_and_average = lambda batch: shapes.append(keras.tree.flatten(batch)[0].shape[0]) or step(batch)
        logs = model.fit(Ordered(*tiny.data(BATCH * STEPS)), shuffle=False, verbose=0).history
        spread = spread_of_a_batch() if backend.JAX and count > 1 else None
        variables = state_variables(model)
        arrays = {f"{i} {v.path}": ops.convert_to_numpy(v) for i, v in enumerate(variables)}
    means = {name: [float(ops.convert_to_numpy(v)) for v in mean.variables] for name, mean in model.means.items()}
    about = {"logs": logs, "means": means, "count": used.count, "traced": shapes, "spread": spread}
    np.savez(f"{folder}/{kind}-{count}.npz", about=json.dumps(about), **arrays)


def main(count, folder, *kinds):
    for kind in kinds:
        trained(kind, int(count), folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
