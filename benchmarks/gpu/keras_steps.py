"""One variant of one case in Keras, timed: a worker of `speed`.

    python -m benchmarks.gpu.keras_steps "cgan, batch 64" fused_float32

It answers when it is built, when it is warm, and then each time it is asked for some steps.
"""

import os
import sys
import time

import keras
import numpy as np

from benchmarks.gpu import arithmetic
from benchmarks.gpu.cases import FUSED, LOOP, STEPS_AT_ONCE, case, moved
from benchmarks.gpu.workers import questions, reply
from gan_book import backend
from gan_book.datasets.dataset import Dataset, Pairs
from gan_book.training import chapters

WARM_UP = 8  # steps: also enough for float16 to find its loss scale
BLOCKS = 5  # of the steps of a round, the clock being read after each


def dataset(chosen, arrays):
    """The case's random images as the chapter's `build` wants them."""
    if chosen.lesson == "cgan":
        return Dataset("noise", *arrays, *arrays, tuple(f"class {n}" for n in range(10)))
    few = [array[:2] for array in arrays] * 2
    return Pairs("noise", ("left", "right"), *arrays, *few, paired=True, test_paired=True)


def build(chosen, variant, arrays):
    """The chapter's model, compiled, in the number format of the variant."""
    keras.utils.set_random_seed(0)
    backend.use_precision(FUSED.get(variant, "float32"))
    if variant.endswith("_exact"):
        without_tf32()
    lesson = chapters.lesson(chosen.lesson)
    settings = lesson.settings(chosen.preset, batch_size=chosen.batch, image_size=chosen.size, **chosen.changes)
    model = lesson.build(settings, dataset(chosen, arrays))
    model.compile(steps_per_execution=STEPS_AT_ONCE.get(variant, 1))
    return model


def without_tf32():
    """Products of float32 with all their bits. `speed` also sets ``NVIDIA_TF32_OVERRIDE=0``, for the libraries."""
    if backend.JAX:
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")
    else:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)


class Cycle(keras.utils.PyDataset):
    """So many batches of the case, as an epoch."""

    def __init__(self, chosen, arrays, steps):
        super().__init__()
        self.chosen, self.arrays, self.steps = chosen, arrays, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        return self.chosen.batch_of(self.arrays, step)


class Clock(keras.callbacks.Callback):
    """Reads the clock after some steps of a `fit`, once the device has computed them.

    Args:
        at: numbers of steps after which to read it.
    """

    def __init__(self, at):
        super().__init__()
        self.at, self.times = list(at), []

    def on_train_batch_end(self, batch, logs=None):
        if self.at and batch + 1 >= self.at[0]:
            self.at.pop(0)
            wait(self.model, logs)
            self.times.append(time.perf_counter())


def wait(model, logs):
    """Returns when the device has computed the step that these logs are of."""
    if backend.JAX:
        import jax

        jax.block_until_ready((logs, model._jax_state))
    float(list(logs.values())[-1])  # a number on the host cannot be had before


def blocks(steps, at_once):
    """Ends of the blocks of a round: step numbers, multiples of `at_once`, the first being where timing begins."""
    size = max(1, steps // BLOCKS // at_once) * at_once
    first = -(-2 // at_once) * at_once  # `fit` starts slowly: its first steps are not timed
    return [first + size * number for number in range(BLOCKS + 1)]


def time_fit(model, chosen, arrays, steps, variant):
    """Seconds a step, of each block of steps, as every chapter trains."""
    ends = blocks(steps, STEPS_AT_ONCE.get(variant, 1))
    clock = Clock(ends)
    model.fit(Cycle(chosen, arrays, ends[-1]), shuffle=False, verbose=0, callbacks=[clock])
    return list(np.diff(clock.times) / np.diff(ends))


def time_alone(model, chosen, arrays, steps, variant):
    """The same of the compiled step alone, without `fit`, on one batch that stays on the device (JAX)."""
    import jax

    data = jax.device_put(chosen.batch_of(arrays, 0))
    names = ("trainable", "non_trainable", "optimizer", "metrics")
    state = model._get_jax_state(**{f"{name}_variables": True for name in names})
    model._jax_state_synced = False
    ends, times = blocks(steps, 1), []
    for step in range(1, ends[-1] + 1):
        logs, state = model.train_function(state, iter([data]))
        if step in ends:
            jax.block_until_ready((logs, state))
            times.append(time.perf_counter())
    # The step gave away the buffers of the variables; they get the new ones.
    model._jax_state = {f"{name}_variables": values for name, values in zip(names, state, strict=True)}
    model.jax_state_sync()
    return list(np.diff(times) / np.diff(ends))


# The classic listings: numpy chooses, `predict` makes the fakes, `train_on_batch` trains each network. Their composite
# is frozen as in this book, so that they train at all on Keras 3.


def loop_cgan(model, images, labels):
    """Chapter 6: D on real images, D on generated ones, then G."""
    n, latent_dim = len(images), model.generator.inputs[0].shape[-1]
    real, fake = np.ones((n, 1)), np.zeros((n, 1))
    model.discriminator.train_on_batch([to_pixels(images), labels], real)
    made = model.generator.predict([np.random.randn(n, latent_dim), labels], verbose=0)
    model.discriminator.train_on_batch([made, labels], fake)
    model.gan.train_on_batch([np.random.randn(n, latent_dim), labels], real)


def loop_pix2pix(model, x, y):
    """Chapter 10: D on a true and on a generated picture, then G."""
    x, y = to_pixels(x), to_pixels(y)
    shape = (len(x), *model.patchgan.output.shape[1:])
    real, fake = np.ones(shape), np.zeros(shape)
    made = model.generator.predict(x, verbose=0)
    model.discriminator.train_on_batch([x, y, made], {"real": real, "fake": fake})
    model.gan.train_on_batch(x, {"validity": real, "image": y})


def loop_cyclegan(model, x, y):
    """Chapter 11: G, D_Y, F, D_X. (The pools of old pictures, which cost next to nothing, are left out.)"""
    x, y = to_pixels(x), to_pixels(y)
    shape = (len(x), *model.patchgan_y.output.shape[1:])
    real, fake = np.ones(shape), np.zeros(shape)
    model.gan_g.train_on_batch([x, y], {"validity": real, "cycle": x, "back": y, "identity": y})
    made = model.generator.predict(x, verbose=0)
    model.d_y.train_on_batch([y, made], {"real": real, "fake": fake})
    model.gan_f.train_on_batch([y, x], {"validity": real, "cycle": y, "back": x, "identity": x})
    made = model.inverse.predict(y, verbose=0)
    model.d_x.train_on_batch([x, made], {"real": real, "fake": fake})


LOOPS = {"cgan": loop_cgan, "pix2pix": loop_pix2pix, "cyclegan": loop_cyclegan}


def to_pixels(images):
    """uint8 to float32 in [-1, 1] with numpy, as the listings do."""
    return images.astype("float32") / 127.5 - 1.0


def time_loop(model, chosen, arrays, steps, variant):
    """The same of the classic loop, whose `train_on_batch` returns when the losses are there."""
    ends, times = blocks(steps, 1), []
    for step in range(1, ends[-1] + 1):
        LOOPS[chosen.lesson](model, *chosen.batch_of(arrays, step))
        if step in ends:
            times.append(time.perf_counter())
    return list(np.diff(times) / np.diff(ends))


def networks(model):
    """The networks that learn, by name: composites and the wrappings of discriminators share their weights."""
    names = ("generator", "inverse", "discriminator", "patchgan_y", "patchgan_x")
    found = {name: getattr(model, name, None) for name in names}
    return {name: network for name, network in found.items() if network is not None}


def operations(model, chosen):
    """Floating-point operations of a step."""
    if chosen.lesson == "cyclegan":
        return chosen.batch * arithmetic.of_cyclegan(model.generator, model.patchgan_y)
    judge = getattr(model, "patchgan", model.discriminator)
    return chosen.batch * arithmetic.of_gan(model.generator, judge)


def values(model):
    """Copies of all trainable weights: name of the network -> list."""
    return {name: [_value(v) for v in network.trainable_variables] for name, network in networks(model).items()}


def _value(variable):
    return keras.ops.convert_to_numpy(variable).copy()


def main(name, variant, smoke):
    """Answers until nothing more is asked."""
    chosen = case(name, smoke)
    arrays = chosen.arrays()
    model = build(chosen, variant, arrays)
    run = time_loop if variant == LOOP else time_fit
    before, start = values(model), time.perf_counter()
    reply(
        ready=True,
        operations=operations(model, chosen),
        parameters={name: sum(v.size for v in weights) for name, weights in before.items()},
        xla=bool(getattr(model, "jit_compile", False)),
    )
    for question in questions():
        steps = question["steps"]
        if question.get("warm"):
            start = time.perf_counter()
            seconds = run(model, chosen, arrays, WARM_UP * STEPS_AT_ONCE.get(variant, 1), variant)
            taken = time.perf_counter() - start
            after = values(model)
            if variant.endswith("_alone"):
                run = time_alone
            reply(seconds=seconds, taken=taken, moved=moved(before, after))
        else:
            reply(seconds=run(model, chosen, arrays, steps, variant), peak_memory_bytes=backend.peak_memory())


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(sys.argv[1], sys.argv[2], "--smoke" in sys.argv)
