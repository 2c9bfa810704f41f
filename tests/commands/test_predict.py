"""Asking a classifier about files."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from chapters.ch07_infogan.iic import RandomStrokeWidth
from chapters.ch09_sgan.digits import like_mnist
from gan_book.commands import cli
from gan_book.commands.predict import predict
from gan_book.errors import BookError
from gan_book.paths import BOOK
from gan_book.training import runs
from gan_book.training.run_config import RunConfig

NAMES = ["dark", "light"]


def brightness(channels=1):
    """A classifier by formula: "light" if the mean of an image [8, 8, c] in [-1, 1] is above -0.5."""
    image = keras.Input((8, 8, channels))
    mean = layers.GlobalAveragePooling2D()(image)
    dense = layers.Dense(2, kernel_initializer="zeros")
    model = keras.Model(image, dense(mean))
    dense.kernel.assign(np.repeat([[0.0, 20.0 / channels]], channels, axis=0))
    dense.bias.assign([0.0, 10.0])
    return model


@pytest.fixture
def run(tmp_path):
    run = runs.Run(tmp_path / "run")
    run.save("classifier", brightness())
    run.write_config(RunConfig("sgan", "smoke", {"data": "fashion_mnist"}, list(NAMES)))
    return run


def picture(path, ground, middle, size=28, mode="L"):
    pixels = np.full((size, size), ground, "uint8")
    edge = size // 8
    pixels[edge : size - edge, edge : size - edge] = middle
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def test_files_of_any_size_and_kind(run, tmp_path):
    files = [
        picture(tmp_path / "light.png", 0, 255, 28, "RGB"),
        picture(tmp_path / "dark.jpg", 0, 70, 100),
        picture(tmp_path / "palette.gif", 0, 255, 8, "P"),
    ]
    answers = predict(run, files).answers
    assert [answer["label"] for answer in answers] == ["light", "dark", "light"]
    assert [answer["file"] for answer in answers] == [str(file) for file in files]
    # 36 of 64 pixels are light: a mean of 0.125, and logits of 0 and 10 + 20 x 0.125.
    assert answers[0]["probability"] == pytest.approx(1 / (1 + np.exp(-12.5)), abs=1e-3)
    assert not any(answer["inverted"] for answer in answers)


def test_dark_on_light_is_inverted(run, tmp_path):
    here, there = picture(tmp_path / "a.png", 0, 255), picture(tmp_path / "b.png", 255, 0)
    first, second = predict(run, [here, there]).answers
    assert (first["inverted"], second["inverted"]) == (False, True)
    assert first["probability"] == second["probability"]


def test_a_readers_own_grey_pictures_are_not_inverted(run, tmp_path):
    """They were not in training either."""
    run.write_config(replace(run.config, settings={"data": "my/scans"}))
    (answer,) = predict(run, [picture(tmp_path / "b.png", 255, 0, size=8)]).answers
    # 36 of 64 pixels are dark: logits of 0 and 10 - 20 x 0.125.
    assert answer["probability"] == pytest.approx(1 / (1 + np.exp(-7.5)), abs=1e-5) and not answer["inverted"]


def test_a_drawn_digit_is_made_like_those_of_mnist():
    """A thin upright stroke in a corner of a large page: 20 pixels high, as wide as it was in proportion, centred."""
    page = np.full((300, 300), 7, "uint8")
    page[10:110, 200:220] = 220
    digit = like_mnist(page)
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    assert (len(rows), len(columns)) == (20, 4)
    assert (rows[0], columns[0]) == (4, 12) and digit.max() == 255 and digit.dtype == np.uint8


def test_what_the_chapter_prepares_are_images_larger_than_the_classifiers(run, tmp_path):
    def prepare(grey, size):
        assert grey.shape == (280, 280)
        return np.full((size, size), 255, "uint8")

    small, large = picture(tmp_path / "a.png", 0, 70, 8), picture(tmp_path / "b.png", 0, 70, 9)
    answers = predict(run, [small, large], prepare).answers
    assert [answer["label"] for answer in answers] == ["dark", "light"]
    assert [answer["label"] for answer in predict(run, [small, large]).answers] == ["dark", "dark"]


@pytest.mark.slow
def test_a_classifier_with_its_chapters_layers_loads_by_itself(tmp_path):
    """Before its chapter is imported; Keras has to know the layers by then."""
    image = keras.Input((8, 8, 1))
    network = keras.Model(image, layers.Dense(2)(layers.Flatten()(RandomStrokeWidth()(image))))
    run = runs.Run(tmp_path)
    run.save("classifier", network)
    run.write_config(RunConfig("infogan-iic", "smoke", {}, ["a", "b"]))
    code = f"from gan_book.training import runs; print(runs.Run({str(tmp_path)!r}).load('classifier').output.shape)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BOOK)
    assert process.stdout.strip() == "(None, 2)", process.stderr


def test_coloured_pictures_are_not_inverted(run, tmp_path):
    run.save("classifier", brightness(3))
    (answer,) = predict(run, [picture(tmp_path / "b.png", 255, 255, mode="RGB")]).answers
    assert answer["label"] == "light" and not answer["inverted"]


def test_pale_pictures_of_a_set_of_the_readers_own_are_asked_about(run, tmp_path):
    run.write_config(replace(run.config, settings={"data": "my/fog"}))
    (answer,) = predict(run, [picture(tmp_path / "pale.png", 200, 180)]).answers
    assert answer["label"] == "light" and not answer["inverted"]
    with pytest.raises(BookError, match=r"even\.png shows nothing but an even ground .*; name another picture"):
        predict(run, [picture(tmp_path / "even.png", 200, 200)])


def test_a_bad_file_does_not_keep_the_others_from_being_asked_about(run, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    good, text, even = picture(mine / "b.png", 0, 255), mine / "a.png", picture(mine / "c.png", 0, 0)
    text.write_text("no picture")
    for files in ([good, text, even], [mine]):
        predicted = predict(run, files)
        assert [answer["file"] for answer in predicted.answers] == [str(good)]
        reasons = {file: reason for file, reason in predicted.skipped}
        assert reasons.keys() == {text, even}
        assert reasons[text] == "is not an image" and reasons[even].startswith("shows nothing but an even ground")
    with pytest.raises(BookError, match=r"none of the 2 files .*: .*a\.png is not an image; name others"):
        predict(run, [text, even])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BookError, match=r"empty holds no pictures"):
        predict(run, [tmp_path / "empty"])


def test_what_was_named_must_be_answered_and_what_lies_in_a_folder_need_not(run, tmp_path, command):
    good, broken, gone, empty = (tmp_path / name for name in ("a.png", "b", "c.png", "d"))
    picture(good, 0, 255)
    broken.mkdir()
    picture(broken / "e.png", 0, 255)
    (broken / "f.png").write_bytes(b"no picture")
    empty.mkdir()
    status, said, errors = command(good, broken)
    assert (status, errors) == (0, "") and "skipped: " in said and "f.png" in said and said.count("light") == 2
    for missing in (gone, empty):
        status, said, errors = command(missing, good, broken)
        assert status == 1 and missing.name in errors and errors.count("\n") == 1
        assert said.count("light") == 2, "the others are answered all the same"


def test_a_picture_is_never_replaced_by_its_answer(run, tmp_path, command):
    good, folder = picture(tmp_path / "a.png", 0, 255), tmp_path / "folder"
    folder.mkdir()
    other = picture(folder / "b.png", 0, 255)
    for file in (good, other):
        before = file.read_bytes()
        status, said, errors = command(good, folder, "--json", file, "--overwrite")
        assert status == 1 and file.name in errors and said == "" and file.read_bytes() == before


@pytest.fixture
def command(run, monkeypatch, capsys):
    """A function: `gan-book predict` with these words; exit status, standard output, standard error."""

    def call(*words):
        monkeypatch.setattr("sys.argv", ["gan-book", "predict", "sgan", "--run", str(run), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return call


def test_what_cannot_be_asked(run, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(BookError, match=r"text\.png is not an image; name another picture"):
        predict(run, [text])
    with pytest.raises(BookError, match=r"nowhere\.png is not a file; name another picture"):
        predict(run, [tmp_path / "nowhere.png"])
    with pytest.raises(BookError, match=r"even\.png shows nothing but an even ground"):
        predict(run, [picture(tmp_path / "even.png", 200, 180)])
    run.network("classifier").unlink()
    with pytest.raises(BookError, match="has no classifier to ask; chapter 9's runs have: `gan-book predict sgan`"):
        predict(run, [text])


def test_the_command(run, tmp_path, monkeypatch, capsys):
    file, answers, gone = picture(tmp_path / "b.png", 255, 0), tmp_path / "answers.json", tmp_path / "gone.png"
    words = ["gan-book", "predict", "sgan", str(gone), str(file), "--run", str(run), "--json", str(answers)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert ended.value.code == 1 and "gone.png" in printed.err and printed.err.count("\n") == 1
    (skipped, line, _) = printed.out.splitlines()
    assert skipped == f"skipped: {gone} is not a file"
    (answer,) = json.loads(answers.read_text())
    assert line == f"{file}: {answer['label']}, {answer['probability']:.1%} (dark on light: inverted)"
