"""What is done to a run that generates from noise."""

from types import SimpleNamespace

import numpy as np
import pytest

from gan_book import plotting
from gan_book.metrics.score import Score, as_report
from gan_book.training import report
from gan_book.training.task import Generation
from tests import tiny_lesson


@pytest.mark.parametrize("classes, told", [(3, False), (11, True)])
def test_a_picture_that_leaves_classes_out_says_so_and_has_real_images_beside(classes, told, monkeypatch, tmp_path):
    generator, shown = tiny_lesson.define_generator((8, 8, 3), classes), []
    names = tuple(f"class {k}" for k in range(classes))
    monkeypatch.setattr(plotting, "side_by_side", lambda groups, path, **texts: shown.append((groups, texts)))
    labels = np.arange(3 * classes) % classes
    real = np.broadcast_to(labels[:, None, None, None], (3 * classes, 8, 8, 3)).astype("uint8")
    dataset = SimpleNamespace(class_names=names, test_images=real, test_labels=labels, credit="Cats: D. R.")
    run = SimpleNamespace(load=lambda name: generator)
    Generation().draw_samples(run, dataset, tmp_path / "a.png", "title", "footer")
    ((groups, texts),) = shown
    assert list(texts["row_names"]) == list(names[:10]) and texts["columns"] == [10, 2]
    assert groups["real"][:, 0, 0, 0].tolist() == [k for k in range(min(10, classes)) for _ in range(2)]
    assert ("10 of 11" in texts["footer"]) == told and texts["footer"].endswith("footer; Cats: D. R.")


def test_without_enough_real_images_of_a_class_the_picture_has_generated_ones_alone(monkeypatch, tmp_path):
    generator, shown = tiny_lesson.define_generator((8, 8, 3), 2), []
    monkeypatch.setattr(plotting, "side_by_side", lambda groups, path, **texts: shown.append(groups))
    real = {"test_images": np.zeros((3, 8, 8, 3), "uint8"), "test_labels": np.array([0, 0, 1])}
    dataset = SimpleNamespace(class_names=("a", "b"), credit="", **real)
    Generation().draw_samples(SimpleNamespace(load=lambda name: generator), dataset, tmp_path / "a.png", "", "")
    assert list(shown[0]) == [None]


@pytest.mark.parametrize(
    "shown, first", [("", "checkerboard 5.00"), ("accuracy", "accuracy 7.00"), ("no such", "check")]
)
def test_a_lesson_chooses_the_score_below_the_pictures(shown, first):
    scores = [Score("own", "checkerboard", 5.0), Score("accuracy", "accuracy", 7.0)]
    footer = report._footer(as_report("Cats", 9, 0, scores, {}), SimpleNamespace(shown=shown))
    assert footer.startswith(first) and footer.endswith(" on Cats")
