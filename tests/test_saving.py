"""Saved networks load on other devices and in older Keras."""

import json
import zipfile

import keras
import numpy as np

from chapters.ch06_cgan import cgan, mlp_cgan
from chapters.ch07_infogan import iic
from gan_book import saving
from gan_book.sampling import draw


def saved(network, tmp_path):
    saving.save_network(network, tmp_path / "network.keras")
    with zipfile.ZipFile(tmp_path / "network.keras") as archive:
        config = json.loads(archive.read("config.json"))
    return saving.load_network(tmp_path / "network.keras"), config


def test_a_network_trained_in_bfloat16_is_saved_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = cgan.define_generator(width=4)
    assert "bfloat16" in {layer.compute_dtype for layer in network.layers}
    loaded, _ = saved(network, tmp_path)
    assert {layer.compute_dtype for layer in loaded.layers if layer.weights} == {"float32"}
    for mine, theirs in zip(network.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_networks_inside_a_network_are_saved_in_float32_too(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = iic.define_d_and_q(width=4)
    loaded, config = saved(network, tmp_path)
    assert "float16" not in json.dumps(config)
    for mine, theirs in zip(network.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_loaded_network_draws_the_same(tmp_path):
    for module, network in ((cgan, cgan.define_generator(width=4)), (mlp_cgan, mlp_cgan.define_generator())):
        loaded, _ = saved(network, tmp_path)
        assert [t.name for t in loaded.inputs] == [t.name for t in network.inputs], module.__name__
        labels = np.arange(10)
        np.testing.assert_allclose(draw(loaded, labels).astype(int), draw(network, labels).astype(int), atol=1)


def test_settings_older_versions_do_not_know_are_left_out_unless_used(tmp_path):
    _, config = saved(cgan.define_generator(width=4), tmp_path)
    assert not any(f'"{key}"' in json.dumps(config) for key in saving.NEWER)
    used = {"layers": [{"renorm": True, "renorm_momentum": 0.9}]}
    assert saving._portable(used) == used
