"""The log of means over a few steps each."""

import csv
import json

import numpy as np
import pytest

from gan_book.training.logs import StepLog

EPOCH = 25
STEPS = 100
LOSSES = np.random.default_rng(0).normal(size=STEPS)


def drive(log, start=0, stop=STEPS, at_once=1):
    """What `fit` would tell a callback between two steps of a training, resumed at `start`."""
    for step in range(start, stop, at_once):
        epoch, batch = divmod(step, EPOCH)
        if batch == 0 or step == start:
            log.on_epoch_begin(epoch)
        shown = batch if epoch > start // EPOCH else batch - start % EPOCH  # a resumed epoch counts from 0 again
        log.on_train_batch_begin(shown)
        last = min(step + at_once, (epoch + 1) * EPOCH)
        means = {"g_loss": float(np.mean(LOSSES[epoch * EPOCH : last]))}
        log.on_train_batch_end(shown + last - step - 1, means)
        if last == (epoch + 1) * EPOCH:
            log.on_epoch_end(epoch, means)


def rows(path):
    with path.open(newline="") as file:
        return [(int(row["step"]), float(row["g_loss"])) for row in csv.DictReader(file)]


def test_every_row_is_the_mean_since_the_last_one_also_over_the_end_of_an_epoch(tmp_path):
    drive(StepLog(tmp_path / "steps.csv", 10))
    found = rows(tmp_path / "steps.csv")
    assert [step for step, _ in found] == list(range(10, 101, 10))
    np.testing.assert_allclose([value for _, value in found], LOSSES.reshape(10, 10).mean(axis=1), rtol=1e-9)


@pytest.mark.parametrize("stop", [3, 10, 24, 25, 47, 99])
def test_a_resumed_log_is_the_same_to_the_byte(stop, tmp_path):
    drive(StepLog(tmp_path / "whole.csv", 7))
    first = StepLog(tmp_path / "steps.csv", 7)
    drive(first, stop=stop)
    second = StepLog(tmp_path / "steps.csv", 7)
    second.restore(json.loads(json.dumps(first.state())))
    drive(second, start=stop)
    assert (tmp_path / "steps.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_several_steps_at_once_give_rows_where_they_end(tmp_path):
    drive(StepLog(tmp_path / "steps.csv", 10), at_once=5)
    assert [step for step, _ in rows(tmp_path / "steps.csv")] == list(range(10, 101, 10))
