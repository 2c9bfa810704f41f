"""The GANs of chapter 4: who moves in each turn, what a gate, packs and clipping do, the failures, the checks."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from typer.testing import CliRunner

from chapters.ch02_gan.mixtures import RING
from chapters.ch04_failures import compare, exercises, failures, points, remedies
from gan_book.errors import BookError
from gan_book.losses import minimax
from gan_book.training.health import HealthMonitor
from tests.chapters.common import moves, names
from tools import results

SMALL = remedies.Remedy(average=0.0)


def batch(n=remedies.BATCH):
    return ops.convert_to_tensor(RING.sample(n, np.random.default_rng(0)))


@pytest.mark.parametrize("size", [16, 32])
def test_each_turn_of_the_first_notebook_moves_its_network_and_no_other(size, snapshot, moved):
    model = failures.define_model()
    seen = moves(model, (batch(size),), snapshot, moved)
    assert seen == {"d": names(model.discriminator), "g": names(model.generator)}


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("changes", [{}, {"loss": "relativistic", "penalty": "r1+r2"}, {"pack": 2}])
def test_each_turn_of_a_remedy_moves_its_network_and_no_other(changes, size, snapshot, moved):
    model = remedies.define_model(remedies.replace(SMALL, **changes), 10)
    seen = moves(model, (batch(size),), snapshot, moved, ("generator", "judge"))
    wanted = {"d": names(model.judge), "g": names(model.generator)}
    if changes.get("loss") == "relativistic":  # the bias of D's last layer cancels in a difference
        wanted["d"] = {each for each in wanted["d"] if "logit/bias" not in each[1]}
        seen["d"] = {each for each in seen["d"] if "logit/bias" not in each[1]}
    assert seen == wanted


def after_a_step(remedy, x):
    """The weights of D and of G before and after one step."""
    keras.utils.set_random_seed(0)
    model = remedies.define_model(remedy, 10)
    model.compile()
    before = model.judge.get_weights(), model.generator.get_weights()
    model.train_on_batch(x)
    return before, (model.judge.get_weights(), model.generator.get_weights())


def alike(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.slow
def test_a_closed_gate_leaves_d_bit_equal_and_an_open_one_changes_nothing():
    (d, g), (d_closed, g_closed) = after_a_step(remedies.replace(SMALL, gate=100.0), batch())
    assert alike(d, d_closed) and not alike(g, g_closed)
    _, (d_open, _) = after_a_step(remedies.replace(SMALL, gate=1e-6), batch())
    _, (d_free, _) = after_a_step(SMALL, batch())
    assert alike(d_open, d_free) and not alike(d, d_open)


@pytest.mark.slow
def test_clipped_weights_stay_within_the_bound():
    _, (d, _) = after_a_step(remedies.replace(remedies.REMEDIES["WGAN"], average=0.0), batch(5 * 16))
    assert max(np.abs(weights).max() for weights in d) <= np.float32(0.01)


def test_a_pack_joins_two_points():
    x = np.arange(8, dtype="float32").reshape(4, 2)
    joined = ops.convert_to_numpy(remedies.Pack(2)(x))
    np.testing.assert_array_equal(joined, [[0, 1, 2, 3], [4, 5, 6, 7]])


def test_packs_that_do_not_fit_are_refused():
    with pytest.raises(BookError, match="cannot be cut into packs of 3"):
        remedies.define_model(remedies.replace(SMALL, pack=3), 10)


def test_points_are_images_of_two_pixels():
    images = points.as_images(np.array([[-1.75, 1.75], [0, 99], [np.nan, -99]]))
    assert images.shape == (3, 1, 2, 1) and images.dtype == np.uint8
    np.testing.assert_array_equal(images[:2, 0, :, 0], [[0, 255], [128, 255]])


def test_the_slope_of_minimax_is_between_0_and_1():
    model = failures.define_model(loss=minimax)
    assert 0 < failures.slope_of_minimax(model) < 1


def test_the_rules_of_thumb():
    watch = points.Watch(RING, 100)
    watch.log |= {"step": [1, 2], "d_loss": [9.0, 0.6], "d_accuracy": [0.0, 0.9]}
    said = failures.rules(watch)
    assert said["loss rule"] and not said["accuracy rule"] and said["loss"] == pytest.approx(0.6)


@pytest.mark.slow
def test_a_watched_training_keeps_its_curves_and_stages():
    watch, monitor = failures.provoke(steps=300)
    assert isinstance(monitor, HealthMonitor) and watch.log["step"] == list(range(50, 301, 50))
    assert len(watch.log["d_loss"]) == len(watch.log["modes"]) == 6
    assert [stage[0] for stage in watch.stages] == watch.log["step"]
    assert len(failures.curves(watch, "curves")._repr_png_()) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("changes, kinds", [({}, set()), ({"rate_d": 5e-5}, {"mode collapse"})])
def test_the_monitor_tells_a_healthy_training_from_a_collapsed_one(changes, kinds):
    watch, monitor = failures.provoke(**changes)
    assert {finding.kind for finding in monitor.findings} == kinds
    assert (watch.log["modes"][-1] == 8) == (not kinds)


@pytest.mark.slow
def test_the_comparison_records_rows_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "RESULTS", tmp_path)
    wanted = ["--data", "ring", "--seeds", "1", "--steps", "2", "--record", "--names"]
    assert CliRunner().invoke(compare.app, [*wanted, "plain"]).exception is None
    outcome = CliRunner().invoke(compare.app, [*wanted, "plain,pack 2"])
    assert outcome.exception is None and "| ring of 8 | `pack 2` | 1 | 2 |" in outcome.output
    content = json.loads((tmp_path / "remedies.json").read_text())
    assert [row["gan"] for row in content["toys"]] == ["plain", "pack 2"]
    assert "`plain`" in results.toys_table(content)


@pytest.mark.parametrize("arguments", [["--data", "line"], ["--seeds", "0"], ["--names", "magic"]])
def test_bad_wishes_are_refused(arguments):
    assert isinstance(CliRunner().invoke(compare.app, arguments).exception, BookError)


def test_the_checks_of_the_exercises_accept_the_solutions():
    exercises.check_collapsed(exercises.collapsed_solution)
    exercises.check_squared_hinge(exercises.squared_hinge_solution)
    exercises.check_slope_by_differences(exercises.slope_by_differences_solution)


@pytest.mark.parametrize(
    "check, wrong",
    [
        (exercises.check_collapsed, lambda points, centres, sigma: False),
        (exercises.check_squared_hinge, lambda real, fake: ops.relu(1 - real) + ops.relu(1 + fake)),
        (exercises.check_slope_by_differences, lambda network, x, step: ops.square(network(x))[:, 0]),
    ],
)
def test_the_checks_refuse_what_is_wrong(check, wrong):
    with pytest.raises(AssertionError):
        check(wrong)
