"""Settings of a lesson: presets, changes to them, and values that make no sense."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.training import chapters, runs
from gan_book.training.lesson import bounded
from gan_book.training.run_config import RunConfig
from tests.tiny_lesson import LESSON, TinySettings


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
    with pytest.raises(BookError, match=r"there is no chapter 'zzz'; there are: .*cgan, mlp-cgan"):
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
    assert chapters.command(LESSON) is None, "no command knows it"
    chapters.use(LESSON)
    assert chapters.lesson("tiny") is LESSON
    assert chapters.command(LESSON) == "python 'my lessons/tiny.py'"


def test_a_chapter_is_trained_by_its_command_and_a_changed_build_by_none():
    lesson = chapters.lesson("cgan")
    assert chapters.command(lesson) == chapters.command(replace(lesson, measure=None)) == "gan-book train cgan"
    changed = replace(lesson, build=lambda settings, dataset: None)
    assert chapters.command(changed) is None
    assert chapters.origin(lesson) == "chapters/ch06_cgan/cgan.py:build"
    assert chapters.origin(changed).startswith("tests/training/test_lesson.py:")


def test_a_build_typed_into_a_notebook_is_said_to_be_one():
    names = {}
    exec(compile("def build(settings, dataset): ...", "/tmp/ipykernel_1234/5678.py", "exec"), names)
    assert chapters.origin(replace(LESSON, build=names["build"])) == "a notebook:build"


@dataclass(frozen=True)
class Bounds(TinySettings):
    pool: int = bounded(50, least=0)
    share: float = bounded(0.5, above=0, most=1)
    shift: float = bounded(0.0)


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"pool": -1}, "at least 0"),
        ({"pool": 2.5}, "a whole number"),
        ({"share": 0}, "above 0 and at most 1"),
        ({"share": 1.5}, "above 0 and at most 1"),
        ({"share": float("nan")}, "a number"),
        ({"shift": float("inf")}, "a number"),
    ],
)
def test_bounds_are_those_of_the_field(changes, problem):
    lesson = replace(LESSON, presets={"quick": Bounds("pictures", epochs=1, batch_size=1)})
    (name,) = changes
    with pytest.raises(BookError, match=f"--set {name} must be {problem}"):
        lesson.settings(**changes)
    for good in ({"pool": 0}, {"pool": 4.0}, {"share": 1}, {"shift": -3.0}):
        lesson.settings(**good)


def test_a_whole_number_that_was_none_in_an_earlier_version_is_read(tmp_path):
    lesson = replace(LESSON, presets={"quick": Bounds("pictures", epochs=1, batch_size=1)})
    run = runs.Run(tmp_path)
    old = {**vars(lesson.settings()), "pool": 50.0}
    run.write_config(RunConfig("tiny", "quick", old, ["a"]))
    assert type(lesson.settings_of(run).pool) is int
    run.write_config(RunConfig("tiny", "quick", {**old, "pool": 50.5}, ["a"]))
    with pytest.raises(BookError, match=r"config\.json gives pool as 50\.5"):
        lesson.settings_of(run)


@pytest.mark.parametrize(
    ("name", "balanced"), [("infogan", False), ("sgan", False), ("sgan-consistency", False), ("acgan", True)]
)
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
