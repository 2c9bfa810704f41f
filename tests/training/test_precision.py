"""`--precision auto` takes what is fastest, says so, remembers it, and keeps float16 from penalties."""

import json
from dataclasses import replace

import keras
import pytest

from gan_book import backend
from gan_book.adversarial import AdversarialModel
from gan_book.paths import cache_dir
from gan_book.training import precision
from tests import tiny_lesson
from tests.on_devices import PenalizedGAN


@pytest.fixture
def task(pictures, monkeypatch):
    """Lesson, settings and data of a training for which formats are timed."""
    monkeypatch.delenv(precision.RULE)
    settings = tiny_lesson.LESSON.settings("quick", data=str(pictures))
    return tiny_lesson.LESSON, settings, tiny_lesson.LESSON.task.load(settings)


@pytest.mark.parametrize(
    "bfloat16, float16, best",
    [(0.9, 2.0, "mixed_bfloat16"), (0.97, 0.96, "float32"), (1.3, 1.1, "float32"), (0.5, 0.4, "mixed_float16")],
)
def test_the_fastest_is_taken_if_it_is_a_twentieth_faster(bfloat16, float16, best):
    assert precision.fastest({"float32": 1.0, "mixed_bfloat16": bfloat16, "mixed_float16": float16}) == best


@pytest.mark.slow
def test_real_steps_are_timed_once_and_remembered(task, monkeypatch):
    lesson, settings, dataset = task
    monkeypatch.setattr(precision, "SECONDS", 1e6)  # this machine may have much else to do
    lines, built = [], []

    def build(*arguments):
        built.append(keras.config.dtype_policy().name)
        return lesson.build(*arguments)

    watched = replace(lesson, build=build)
    first = precision.choose(watched, settings, dataset, lines.append)
    assert built == ["float32", "mixed_bfloat16"] and keras.config.dtype_policy().name == "float32"
    assert precision.choose(watched, settings, dataset, lines.append) == first
    assert len(built) == 2 and len(lines) == 2
    assert lines[0].startswith(f"Precision: {first.removeprefix('mixed_')}, as a step takes ")
    assert " ms with float32, " in lines[0] and "(timed in " in lines[0] and "(as timed before)" in lines[1]
    (times,) = json.loads((cache_dir() / "precision.json").read_text()).values()
    assert set(times) == {"float32", "mixed_bfloat16"} and min(times.values()) > 0
    assert precision.fastest(times) == first
    precision.choose(watched, replace(settings, batch_size=8), dataset, lines.append)
    assert len(built) == 4, "another batch is another model"


def test_a_damaged_cache_is_as_none(task, monkeypatch):
    lesson, settings, dataset = task
    monkeypatch.setattr(precision, "_timed", lambda *_: {"float32": 2.0, "mixed_bfloat16": 1.0})
    for content in ("no JSON", "[]", json.dumps({precision._key(lesson, settings, dataset): {"float32": "x"}})):
        cache_dir().mkdir(exist_ok=True)
        (cache_dir() / "precision.json").write_text(content)
        assert precision.choose(lesson, settings, dataset, print) == "mixed_bfloat16"


def test_what_takes_too_long_is_not_timed(task, monkeypatch):
    lesson, settings, dataset = task
    lines, clock = [], iter(range(0, 1000, 6))
    monkeypatch.setattr(precision, "_seconds", lambda *_: 0.1)
    monkeypatch.setattr(precision.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(backend, "best", lambda: "mixed_bfloat16")
    assert precision.choose(lesson, settings, dataset, lines.append) == "mixed_bfloat16"
    assert lines == ["Precision: mixed_bfloat16, by the kind of the device; timing this model would take over 10 s."]
    assert not (cache_dir() / "precision.json").exists()


def test_float16_is_not_for_penalties(monkeypatch):
    monkeypatch.setattr(backend, "accelerator", lambda: "gpu")
    monkeypatch.setattr(backend, "best", lambda: "mixed_float16")
    monkeypatch.setenv(precision.RULE, "rule")
    plain, penalized = tiny_lesson.TinyImageGAN((8, 8, 3), 2, tiny_lesson.QUICK), PenalizedGAN()
    assert precision.formats(plain) == ["mixed_bfloat16", "mixed_float16"]
    assert precision.formats(penalized) == ["mixed_bfloat16"]
    for model, best in ((plain, "mixed_float16"), (penalized, "float32")):
        lesson = replace(tiny_lesson.LESSON, build=lambda settings, dataset, model=model: model)
        assert precision.choose(lesson, tiny_lesson.QUICK, None, print) == best
        assert isinstance(model, AdversarialModel) and model.compiled
