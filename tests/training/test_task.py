"""What is done to a run that generates from noise."""

from types import SimpleNamespace

import pytest

from gan_book import plotting
from gan_book.training.task import Generation
from tests import tiny_lesson


@pytest.mark.parametrize("classes, told", [(3, False), (11, True)])
def test_a_picture_that_leaves_classes_out_says_so(classes, told, monkeypatch, tmp_path):
    generator, shown = tiny_lesson.define_generator((8, 8, 3), classes), []
    names = tuple(f"class {k}" for k in range(classes))
    monkeypatch.setattr(plotting, "labelled_grid", lambda images, rows, path, **texts: shown.append((rows, texts)))
    run, dataset = SimpleNamespace(load=lambda name: generator), SimpleNamespace(class_names=names)
    Generation().draw_samples(run, dataset, tmp_path / "a.png", "title", "footer")
    ((rows, texts),) = shown
    assert list(rows) == list(names[:10])
    assert ("10 of 11" in texts["footer"]) == told and texts["footer"].endswith("footer")
