"""The rows are of the steps asked for, of networks that trained, and replace only rows of the same thing."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from benchmarks import preset_speed
from gan_book.errors import BookError
from tests import tiny_lesson
from tools import results


@pytest.mark.slow
def test_so_many_steps_are_trained_and_timed_over_several_epochs(pictures):
    seen = []

    def build(*arguments):
        model = tiny_lesson.LESSON.build(*arguments)
        seen.append((model, [np.array(v) for v in model.generator.trainable_variables]))
        return model

    settings = tiny_lesson.LESSON.settings("quick", data=str(pictures))
    row = preset_speed.timed(replace(tiny_lesson.LESSON, build=build), settings, steps=40)
    ((model, before),) = seen
    for old, new in zip(before, model.generator.trainable_variables, strict=True):
        assert not np.array_equal(old, new), new.path
    assert row["steps"] == 40 and row["image_size"] == model.generator.output.shape[1]
    assert row["quartiles"][0] <= row["seconds_per_step"] <= row["quartiles"][1]
    assert row["images_per_second"] == pytest.approx(settings.batch_size / row["seconds_per_step"])
    assert row["peak_memory_bytes"] > 0 and row["policy"] == keras.config.dtype_policy().name


def test_a_row_takes_the_place_of_its_like_only(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(results, "RESULTS", tmp_path)

    def timed(lesson, settings, steps):
        sizes = {"image_size": 256, "batch_size": 4, "steps": steps, "quartiles": [1.5, 3.0], "parameters": {}}
        times = {"seconds_per_step": 2.0, "images_per_second": 2.0, "compile_seconds": 9.0}
        return {"lesson": lesson.name, "policy": settings.precision, "peak_memory_bytes": 2**30, **sizes, **times}

    monkeypatch.setattr(preset_speed, "timed", timed)
    for steps, number_format in ((10, "float32"), (20, "mixed_bfloat16"), (30, "float32")):
        preset_speed.main("pix2pix", "book", steps, number_format)
    rows = json.loads((tmp_path / "preset_speed.json").read_text())["presets"]
    assert [(row["steps"], row["policy"]) for row in rows] == [(20, "mixed_bfloat16"), (30, "float32")]
    assert "| pix2pix `book` | 256 | 4 | 30 | 2.00 | 2.00 | 9 | 1,024 | " in capsys.readouterr().out


def test_an_unknown_chapter_or_preset_is_one_sentence():
    with pytest.raises(BookError, match="no chapter 'pixtopix'"):
        preset_speed.main("pixtopix")
    with pytest.raises(BookError, match="huge"):
        preset_speed.main("pix2pix", "huge")
