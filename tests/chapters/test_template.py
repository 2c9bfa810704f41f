"""The template and the fifteen lines of the README run as they stand."""

import re
import runpy

import keras
import numpy as np
import pytest

import gan_book as gb
from chapters import template
from gan_book.paths import BOOK


def networks(model):
    return {name: getattr(model, name).get_weights() for name in ("generator", "discriminator")}


def moved(before, model):
    return {
        name: [not np.array_equal(a, b) for a, b in zip(weights, networks(model)[name], strict=True)]
        for name, weights in before.items()
    }


@pytest.fixture
def model():
    generator, discriminator = template.define_generator((28, 28, 1)), template.define_discriminator((28, 28, 1))
    model = template.MyGAN(generator, discriminator, template.define_gan(generator, discriminator))
    model.compile()
    return model


@pytest.mark.slow
def test_by_hand_and_by_turns_everything_is_trained(model):
    images = gb.load("fashion_mnist", limit=80).images
    for step in (
        lambda: template.one_step_by_hand(model, images[:16]),
        lambda: model.train_on_batch(images[16:80], np.zeros(64)),
    ):
        before = networks(model)
        step()
        assert all(all(each) for each in moved(before, model).values())


def test_the_template_runs_and_leaves_a_picture_and_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = template.main(limit=128, epochs=1)
    assert (tmp_path / "my_gan.png").stat().st_size > 1000
    again = gb.load_network("my_gan.keras")
    np.testing.assert_array_equal(gb.draw(again, [0, 0]), gb.draw(model.sampler, [0, 0]))


def fifteen_lines():
    text = (BOOK / "README.md").read_text(encoding="utf-8")
    return next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "ConditionalGAN" in block)


@pytest.mark.slow
def test_the_readmes_fifteen_lines_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = fifteen_lines()
    assert len([line for line in code.splitlines() if line.strip() and not line.startswith("#")]) <= 16
    small = code.replace('gb.load("fashion_mnist")', 'gb.load("fashion_mnist", limit=640)')
    assert small != code
    (tmp_path / "lines.py").write_text(small)
    names = runpy.run_path(str(tmp_path / "lines.py"))
    assert (tmp_path / "clothes.png").stat().st_size > 1000
    for a, b in zip(names["model"].get_weights(), names["again"].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert isinstance(keras.models.load_model(tmp_path / "generator.keras", compile=False), keras.Model)


def test_the_public_names_are_there():
    assert 20 <= len(gb.__all__) <= 30
    for name in gb.__all__:
        assert getattr(gb, name) is not None
    with pytest.raises(AttributeError, match="no 'lod'"):
        _ = gb.lod
