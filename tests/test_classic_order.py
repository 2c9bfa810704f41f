"""A specimen: the way Keras 2 books trained GANs, and what Keras 3 makes of it.

Keep it as it is. If one of these tests fails, Keras has changed its mind about when `trainable` counts, and the
chapters' text about it needs rewriting; `Composite` is right either way.
"""

import keras
import numpy as np
import pytest

from tests import tiny


def classic(warm_up=0):
    """The classic order: compile D, freeze D, compile the composite; train D first if `warm_up` is a batch size."""
    generator, discriminator = tiny.define_generator(batch_norm=False), tiny.define_discriminator(batch_norm=False)
    if warm_up:
        train_discriminator(discriminator, warm_up)
    discriminator.trainable = False
    gan = keras.Model(generator.inputs, discriminator([generator.output, generator.inputs[1]]))
    gan.compile("adam", tiny.cross_entropy())
    return generator, discriminator, gan


def train_discriminator(discriminator, size):
    x, label = tiny.data(size)
    discriminator.train_on_batch([x, label], np.ones((size, 1)))


def test_the_classic_order_leaves_the_discriminator_dead(snapshot, moved):
    """`trainable` is read when D's train step is traced, at its first batch: by then the composite has set it False.

    Keras 2 had remembered at `compile()` what to train, so D went on learning; every classic listing relies on that.
    Here no weight of D ever moves, and one warning is all that says so.
    """
    _, discriminator, _ = classic()
    values = {v.path: np.asarray(v).copy() for v in discriminator.weights}
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        for _ in range(3):
            train_discriminator(discriminator, 16)
    assert {v.path for v in discriminator.weights if not np.array_equal(values[v.path], v)} == set()


def test_a_discriminator_trained_before_freezing_dies_at_the_next_batch_size(snapshot, moved):
    """A step that was traced before the freeze goes on training; a new batch size is traced anew, and dead."""
    _, discriminator, _ = classic(warm_up=16)
    before = snapshot(discriminator.weights)
    train_discriminator(discriminator, 16)
    assert moved(before, discriminator.weights) == set(before)
    before = snapshot(discriminator.weights)
    with pytest.warns(UserWarning):
        train_discriminator(discriminator, 10)
        train_discriminator(discriminator, 12)
    assert moved(before, discriminator.weights) == set()
