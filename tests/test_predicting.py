"""Asking a classifier about files."""

import json

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from gan_book import cli, runs
from gan_book.errors import BookError
from gan_book.predicting import predict

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
    run.write_config({"lesson": "sgan", "preset": "smoke", "settings": {}, "class_names": NAMES})
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
        picture(tmp_path / "dark.jpg", 0, 0, 100),
        picture(tmp_path / "palette.gif", 0, 255, 8, "P"),
    ]
    answers = predict(run, files)
    assert [answer["label"] for answer in answers] == ["light", "dark", "light"]
    assert [answer["file"] for answer in answers] == [str(file) for file in files]
    # All dark is a mean of -1, and logits of 0 and 10 - 20.
    assert answers[1]["probability"] == pytest.approx(1 / (1 + np.exp(-10)), abs=1e-3)
    assert not any(answer["inverted"] for answer in answers)


def test_dark_on_light_is_inverted(run, tmp_path):
    here, there = picture(tmp_path / "a.png", 0, 255), picture(tmp_path / "b.png", 255, 0)
    first, second = predict(run, [here, there])
    assert (first["inverted"], second["inverted"]) == (False, True)
    assert first["probability"] == second["probability"]


def test_coloured_pictures_are_not_inverted(run, tmp_path):
    run.save("classifier", brightness(3))
    (answer,) = predict(run, [picture(tmp_path / "b.png", 255, 255, mode="RGB")])
    assert answer["label"] == "light" and not answer["inverted"]


def test_what_cannot_be_asked(run, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(BookError, match=r"text\.png is not an image; name a picture"):
        predict(run, [text])
    with pytest.raises(BookError, match=r"nowhere\.png is not a file; name one or more pictures"):
        predict(run, [tmp_path / "nowhere.png"])
    run.network("classifier").unlink()
    with pytest.raises(BookError, match="has no classifier to ask; train one with `gan-book train sgan`"):
        predict(run, [text])


def test_the_command(run, tmp_path, monkeypatch, capsys):
    file, answers = picture(tmp_path / "b.png", 255, 0), tmp_path / "answers.json"
    words = ["gan-book", "predict", "sgan", str(file), "--run", str(run), "--json", str(answers)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    (line, _) = capsys.readouterr().out.splitlines()
    (answer,) = json.loads(answers.read_text())
    assert line == f"{file}: {answer['label']}, {answer['probability']:.1%} (dark on light: inverted)"
