"""The exchange is of the gradients of the very networks, turn by turn, and the computed times are a ring's."""

import json

import pytest

from benchmarks import exchange
from tests import tiny_lesson
from tools import results


def test_the_shapes_are_those_of_what_each_turn_trains(pictures):
    settings = tiny_lesson.LESSON.settings("quick", data=str(pictures))
    shapes = exchange.turn_shapes(tiny_lesson.LESSON, settings)
    model = tiny_lesson.TinyImageGAN((8, 8, 3), 2, settings)
    trained = {"d_real": model.discriminator, "d_fake": model.discriminator, "g": model.generator}
    assert {turn: [tuple(shape) for shape in each] for turn, each in shapes.items()} == {
        turn: [tuple(v.shape) for v in network.trainable_variables] for turn, network in trained.items()
    }


def test_a_ring_sends_each_byte_once_with_two_machines():
    assert exchange.ring_seconds(125_000_000, 2, 1e9) == pytest.approx(1.0)
    assert exchange.ring_seconds(125_000_000, 4, 1e9) == pytest.approx(1.5)


def test_a_row_counts_every_turn_and_is_a_row_of_the_table():
    shapes = {"d_real": [[10, 10], [10]], "d_fake": [[10, 10], [10]], "g": [[1000]]}
    row = exchange.row_of(shapes, 2, [0.003, 0.001, 0.002])
    assert row["turns"] == {"d_real": 110, "d_fake": 110, "g": 1000} and row["bytes"] == 4 * 1220
    assert row["seconds_per_step"] == 0.002 and row["computed_seconds"]["1 Gbit/s"] == pytest.approx(4880 * 8 / 1e9)
    place = {"lesson": "tiny", "preset": "quick", "cores": 2, "device": "a CPU", "policy": "float32", "load": 3.4}
    text = results.table({"exchanges": [{**row, **place, "backend": "tensorflow"}]})
    assert "| tiny `quick` | 2 | 0.00 | 2.0 | 1.0 | 0.0 | 0.0 | the loopback address, 2 cores of: a CPU | 3 |" in text


@pytest.mark.slow
def test_two_processes_exchange_what_they_should(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    seconds = exchange.measured({"d": [[100, 10], [7]], "g": [[30]]}, 2, 5)
    assert len(json.loads(json.dumps(seconds))) == 5 and min(seconds) > 0
