import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

from gan_book.datasets.batches import Batches
from gan_book.errors import BookError

SAMPLES, SIZE, SEED = 23, 4, 5
STEPS = SAMPLES // SIZE


def make_batches(samples=SAMPLES, epoch=0, first=0):
    """The label of a sample is its number, and so is each of its pixels."""
    labels = np.arange(samples)
    images = np.broadcast_to(labels[:, None, None, None], (samples, 2, 2, 1)).astype("uint8")
    return Batches(images, labels, SIZE, SEED, epoch, first)


def planned(epoch, first=0):
    """The sample numbers an epoch has to deliver, batch by batch."""
    order = np.random.default_rng([SEED, epoch]).permutation(SAMPLES)
    return order[: STEPS * SIZE].reshape(STEPS, SIZE)[first:].tolist()


class Transcript(keras.metrics.Metric):
    """A number that depends on every sample seen since the epoch began, and on their order."""

    def __init__(self):
        super().__init__(name="transcript", dtype="int32")
        self.value = self.add_variable((), "zeros", dtype="int32", name="value")

    def update_state(self, y_true, y_pred, sample_weight=None):
        places = keras.ops.arange(1, SIZE + 1, dtype="int32")
        code = keras.ops.sum(keras.ops.reshape(keras.ops.cast(y_true, "int32"), (-1,)) * places * places)
        self.value.assign((self.value * 31 + code) % 65521)

    def result(self):
        return keras.ops.cast(self.value, "float32")


def transcript(batches):
    """What `Transcript` is after each of ``batches``."""
    values, value = [], 0
    for batch in batches:
        value = (value * 31 + sum(n * place**2 for place, n in enumerate(batch, 1))) % 65521
        values.append(value)
    return values


class Recorder(keras.callbacks.Callback):
    """The transcript after each step, epoch by epoch. Like a checkpoint it has the state written back at each step."""

    def __init__(self):
        super().__init__()
        self.epochs = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.steps = self.epochs[epoch] = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(int(logs["transcript"]))
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, images):
        return self.dense(keras.ops.reshape(keras.ops.cast(images, "float32"), (-1, 4)))


def train(samples=SAMPLES, epoch=0, first=0, epochs=3, steps_per_execution=1):
    """A training of one `fit` an epoch, from batch `first` of `epoch` on; the transcripts of each epoch."""
    model = Unbuilt()
    model.compile("sgd", loss="mse", metrics=[Transcript()], steps_per_execution=steps_per_execution, jit_compile=False)
    recorder = Recorder()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(epoch, epochs):
            batches = make_batches(samples, number, first if number == epoch else 0)
            plan = {"initial_epoch": number, "epochs": number + 1, "shuffle": False, "verbose": 0}
            model.fit(batches, callbacks=[recorder], **plan)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    return recorder.epochs


def test_whole_run():
    assert train() == {epoch: transcript(planned(epoch)) for epoch in range(3)}


@pytest.mark.parametrize("first", [0, 1, STEPS - 2, STEPS - 1])
def test_taking_up_in_the_middle_of_an_epoch(first):
    assert train(epoch=1, first=first) == {1: transcript(planned(1, first)), 2: transcript(planned(2))}


@pytest.mark.parametrize("first", [0, 2])
def test_several_steps_per_execution(first):
    seen = train(epoch=1, first=first, steps_per_execution=2)
    for epoch, batches_seen in {1: planned(1, first), 2: planned(2)}.items():
        after_each = transcript(batches_seen)
        assert seen[epoch] == after_each[1::2] + after_each[-1:]  # both epochs are of an odd number of batches


def test_an_epoch_of_one_batch():
    orders = [np.random.default_rng([SEED, epoch]).permutation(SIZE).tolist() for epoch in range(3)]
    assert train(samples=SIZE) == {epoch: transcript([order]) for epoch, order in enumerate(orders)}


def test_batch_content():
    batches = make_batches()
    assert len(batches) == STEPS
    images, labels = batches[2]
    assert labels.tolist() == planned(0)[2] and labels.dtype == np.int32
    assert images.dtype == np.uint8 and (images == labels[:, None, None, None]).all()
    assert [labels.tolist() for _, labels in batches] == planned(0)
    with pytest.raises(IndexError):
        batches[STEPS]
    rest = make_batches(epoch=2, first=3)
    assert len(rest) == STEPS - 3 and rest[0][1].tolist() == planned(2)[3]


def test_too_few_images():
    with pytest.raises(BookError, match="3 images do not fill a batch of 4; choose a batch size"):
        make_batches(samples=3)
    with pytest.raises(BookError, match="2 images but 3 labels"):
        Batches(np.zeros((2, 2, 2, 1), "uint8"), np.zeros(3), 1)
    with pytest.raises(BookError, match="no batch 5 of epoch 0"):
        make_batches(first=STEPS)


@pytest.mark.slow
def test_the_same_on_jax():
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    pytest.importorskip("jax")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    ran = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "1 skipped" in ran.stdout, "the subprocess ran on JAX"


PIXELS, LABELS = np.zeros((6, 2, 2, 1), np.uint8), np.arange(6)


@pytest.mark.parametrize(
    ("images", "labels", "named"),
    [
        (PIXELS / 255, LABELS, "float64"),
        (PIXELS.astype("float32"), LABELS, "float32"),
        (PIXELS.astype("int64"), LABELS, "int64"),
        (PIXELS[..., 0], LABELS, r"\[6, 2, 2\]"),
        (PIXELS.repeat(2, -1), LABELS, r"\[6, 2, 2, 2\]"),
        ([1, 2], LABELS, "list"),
        (PIXELS, LABELS[:5], "6 images but 5 labels"),
        (PIXELS, LABELS[:, None], r"\[6, 1\]"),
        (PIXELS, LABELS / 2, "float64"),
        (PIXELS, LABELS - 1, "-1"),
    ],
)
def test_what_is_no_batch_is_refused(images, labels, named):
    with pytest.raises(BookError, match=named):
        Batches(images, labels, 2)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"batch_size": "4"}, "'4'"), ({"batch_size": 2.5}, "2.5"), ({"batch_size": 2, "seed": -1}, "-1")],
)
def test_a_batch_size_or_a_seed_that_is_no_number_is_refused(wrong, named):
    with pytest.raises(BookError, match=named):
        Batches(np.zeros((8, 4, 4, 1), "uint8"), np.zeros(8, int), **wrong)
