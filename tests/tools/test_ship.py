"""Shipping a run: what goes along, and that a rounded network is nearly the same and half the size."""

import keras
import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.paths import PRETRAINED
from gan_book.training import chapters, runs
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson
from tools import ship

SHIPPED = sorted(path.parent for path in PRETRAINED.glob("*/config.json"))


@pytest.fixture
def finished(tmp_path):
    run = runs.Run(tmp_path / "run")
    run.write_config(RunConfig("tiny", "quick", {}, []))
    image = keras.Input((64,))
    run.save("generator", keras.Model(image, keras.layers.Dense(500)(image)))
    run.save("reader", keras.Model(image, keras.layers.Dense(2)(image)))
    (run.folder / "report.json").write_text("{}")
    (run.folder / "checkpoints").mkdir(exist_ok=True)
    (run.folder / "checkpoints" / "latest.npz").write_text("large")
    return run


def test_all_but_checkpoints_goes_along(finished, tmp_path):
    ship.ship(finished.folder, tmp_path / "shipped")
    shipped = runs.Run(tmp_path / "shipped")
    assert {path.name for path in shipped.folder.iterdir()} == {
        "config.json",
        "generator.keras",
        "reader.keras",
        "report.json",
    }
    assert shipped.network("reader").read_bytes() == finished.network("reader").read_bytes()


@pytest.mark.slow
def test_large_networks_are_rounded_and_measured_again(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setitem(chapters._own, "tiny", tiny_lesson.LESSON)
    monkeypatch.setattr(ship, "LIMIT", tiny_run.network("generator").stat().st_size - 1)
    ship.ship(tiny_run.folder, tmp_path / "shipped")
    shipped = runs.Run(tmp_path / "shipped")
    for was, now in zip(*(run.load("generator").get_weights() for run in (tiny_run, shipped)), strict=True):
        assert np.abs(now - was).max() <= np.abs(was).max() / 2**8
        assert was.dtype != "float32" or not was.any() or not np.array_equal(now, was)
    assert shipped.network("generator").stat().st_size < tiny_run.network("generator").stat().st_size
    before, after = tiny_run.report, shipped.report
    assert after["measured"] != before["measured"] and after["measured"].keys() == before["measured"].keys()
    assert after["training_seconds"] == before["training_seconds"]


def test_what_was_shipped_stays_if_the_new_run_cannot_be_read(finished, tmp_path, monkeypatch):
    target = tmp_path / "shipped"
    ship.ship(finished.folder, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    finished.network("reader").write_bytes(b"no network")
    monkeypatch.setattr(ship, "LIMIT", 5)
    with pytest.raises(BookError, match="reader"):
        ship.ship(finished.folder, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"run", "shipped"}


def test_only_a_finished_run_is_shipped(tmp_path):
    with pytest.raises(BookError, match="holds no finished run"):
        ship.main([tmp_path])


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_what_ships_is_small_and_loads(folder):
    networks = sorted(folder.glob("*.keras"))
    # The paper's InfoGAN has 6.6 million weights in each network, nearly all in dense layers.
    limit = 13_000_000 if folder.name == "infogan" else ship.LIMIT
    assert {"generator.keras"} <= {path.name for path in networks}
    for path in networks:
        assert path.stat().st_size < limit
        runs.Run(folder).load(path.stem)


def test_of_several_runs_the_best_on_validation_images_ships(tmp_path, monkeypatch):
    judged = {"a": 3.0, "b": 1.0, "c": 2.0}
    monkeypatch.setattr(ship, "validation_value", lambda folder, name: judged[folder.name])
    folders = [tmp_path / name for name in judged]
    assert ship.best(folders, "frechet_distance") == tmp_path / "b"
    assert ship.best(folders, "label_accuracy", most=True) == tmp_path / "a"


@pytest.mark.slow
def test_a_run_is_judged_on_the_validation_images_alone(tiny_run, monkeypatch):
    seen = []

    def validation(self, dataset):
        seen.append(dataset.name)
        return dataset  # the tiny set has none

    monkeypatch.setitem(chapters._own, "tiny", tiny_lesson.LESSON)
    monkeypatch.setattr("gan_book.training.task.Generation.validation", validation)
    value = ship.validation_value(tiny_run.folder, "pixel_diversity")
    assert value == pytest.approx(
        next(score["value"] for score in tiny_run.report["measured"]["scores"] if score["name"] == "pixel_diversity")
    )
    assert seen == ["sky"]
    with pytest.raises(BookError, match=r"no score .beauty..*pixel_diversity"):
        ship.validation_value(tiny_run.folder, "beauty")
