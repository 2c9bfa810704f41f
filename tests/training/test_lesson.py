"""Settings of a lesson: presets, changes to them, and values that make no sense."""

from dataclasses import replace

import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.training import chapters
from tests.tiny_lesson import LESSON


def test_a_preset_with_changes():
    settings = LESSON.settings("long", epochs=2, seed=7, limit=None)
    assert (settings.epochs, settings.seed, settings.limit) == (2, 7, None)
    assert settings.batch_size == LESSON.presets["long"].batch_size
    assert LESSON.settings() == LESSON.presets["quick"]


def test_unknown_presets_and_settings():
    with pytest.raises(BookError, match="--preset 'slow' is not known; choose one of: quick, long"):
        LESSON.settings("slow")
    with pytest.raises(BookError, match="'depth' is not a setting of tiny; it has: average, batch_size"):
        LESSON.settings(depth=3)


@pytest.mark.parametrize(
    "name, value, flag",
    [
        ("epochs", 0, "--epochs"),
        ("batch_size", -1, "--batch-size"),
        ("limit", 0, "--limit"),
        ("image_size", 0, "--image-size"),
        ("measure_samples", 0, "--set measure_samples"),
        ("steps_per_execution", 0, "--set steps_per_execution"),
        ("seed", -1, "--seed"),
        ("seed", 2**32, "--seed"),
        ("learning_rate", -1e-3, "--set learning_rate"),
        ("learning_rate", float("nan"), "--set learning_rate"),
        ("average", float("inf"), "--set average"),
        ("checkpoint_seconds", -1, "--set checkpoint_seconds"),
    ],
)
def test_values_that_make_no_sense(name, value, flag):
    with pytest.raises(BookError, match=f"^{flag} must be .*, not"):
        LESSON.settings(**{name: value})


@pytest.mark.parametrize("name, value", [("seed", 0), ("average", 0), ("average", 0.0), ("checkpoint_seconds", 0)])
def test_nought_where_it_makes_sense(name, value):
    assert getattr(LESSON.settings(**{name: value}), name) == 0


def test_chapters_by_name():
    assert [lesson.name for lesson in chapters.lessons()] == list(chapters.SCRIPTS)
    with pytest.raises(BookError, match="there is no chapter 'cgam'; did you mean 'cgan'"):
        chapters.lesson("cgam")
    with pytest.raises(BookError, match="there is no chapter 'zzz'; there are: cgan, mlp-cgan"):
        chapters.lesson("zzz")


@pytest.mark.parametrize("name", chapters.SCRIPTS)
def test_every_chapter_has_its_presets_and_says_what_comes_next(name):
    lesson = chapters.lesson(name)
    assert list(lesson.presets) == ["smoke", "quick", "full", "book"]
    assert "runs/x" in lesson.next_step.format(run="runs/x", label="coat", sides=("map", "picture"))
    assert len(lesson.title) <= 60, "the table of `gan-book chapters` has room for 60"


def test_a_readers_own_copy_answers_to_its_name(monkeypatch):
    monkeypatch.setattr(chapters, "_own", {})
    monkeypatch.setattr("sys.argv", ["my lessons/tiny.py"])
    assert chapters.command(LESSON) == "gan-book train tiny"
    chapters.use(LESSON)
    assert chapters.lesson("tiny") is LESSON
    assert chapters.command(LESSON) == "python 'my lessons/tiny.py'"


@pytest.mark.parametrize(("name", "balanced"), [("infogan", False), ("sgan", False), ("acgan", True)])
def test_who_learns_without_labels_does_not_choose_images_by_them(name, balanced):
    lesson = chapters.lesson(name)
    settings = replace(lesson.presets["quick"], data="mnist", limit=1000)
    counts = np.bincount(lesson.task.load(settings).labels)
    assert counts.sum() == 1000 and (np.ptp(counts) == 0) == balanced


def test_too_few_samples_to_measure_are_refused_before_the_training():
    lesson = chapters.lesson("cgan")
    with pytest.raises(BookError, match=r"measure_samples is 96; .* takes at least 97"):
        lesson.task.load(lesson.settings("smoke", measure_samples=96))
    lesson.task.load(lesson.settings("smoke", measure_samples=97))
