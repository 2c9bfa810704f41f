"""Random numbers within a network become inputs, or are left out; the rest stays as it is."""

import keras
import numpy as np
import pytest
from keras import layers

from chapters.ch10_pix2pix.classic import define_generator
from chapters.ch10_pix2pix.pix2pix import LastingDropout
from gan_book.errors import BookError
from gan_book.export.check import in_keras, samples
from gan_book.export.noise import Randomness, random_layers, repeatable
from gan_book.sampling import Noise
from tests.export import common


class LastingNoise(layers.GaussianNoise):
    def call(self, inputs):
        return super().call(inputs, training=True)


class Tripled(layers.Layer):
    def call(self, x):
        return 3.0 * x


class Rain(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rng = keras.random.SeedGenerator(0)

    def call(self, x):
        return x + keras.random.uniform(keras.ops.shape(x), seed=self.rng)


def opened(network, way="input"):
    tried = list(samples(network, Randomness()).values())
    return repeatable(network, tried, way)


def states(network):
    weights = {id(variable) for variable in network.weights}
    return [variable for variable in network.variables if id(variable) not in weights]


def test_dropout_and_noise_that_are_active_in_training_alone_stay():
    network = common.generator(hidden=[layers.Dropout(0.5), layers.GaussianNoise(1.0)])
    same, randomness = opened(network)
    assert same is network and randomness == Randomness()


def test_dropout_with_its_noise_as_an_input_is_kerass_own():
    network = define_generator((8, 8, 3), width=4)
    result, randomness = opened(network)
    assert randomness.layers == ("lasting_dropout", "lasting_dropout_1") and randomness.way == "input"
    assert randomness.inputs == {"noise_1": Noise(0.0, 1.0), "noise_2": Noise(0.0, 1.0)}
    arrays = samples(result, randomness, 5)
    for state in states(network):
        state.assign([7, 0])
    for number, name in enumerate(randomness.layers, 1):  # what Keras keeps with this state of its random numbers
        layer = network.get_layer(name)
        kept = keras.ops.convert_to_numpy(layer(keras.ops.ones((5, *layer.input.shape[1:])))) > 0
        assert 0.3 < kept.mean() < 0.7
        arrays[f"noise_{number}"] = np.where(kept, 0.9, 0.1).astype("float32")
    for state in states(network):
        state.assign([7, 0])
    wanted = keras.ops.convert_to_numpy(network(arrays["image"], training=False))
    np.testing.assert_allclose(in_keras(result, arrays)[0], wanted, atol=1e-6)


def test_dropout_left_out_is_the_network_with_a_rate_of_0():
    network = define_generator((8, 8, 3), width=4)
    result, randomness = opened(network, "none")
    assert len(randomness.layers) == 2 and not randomness.inputs and len(result.inputs) == 1
    for layer in network.layers:
        if isinstance(layer, LastingDropout):
            layer.rate = 0.0
    arrays = samples(network, Randomness(), 3)
    np.testing.assert_allclose(in_keras(result, arrays)[0], in_keras(network, arrays)[0], atol=1e-6)


def test_gaussian_noise_of_a_generator_with_a_label():
    network = common.generator(hidden=[LastingNoise(0.5)])
    result, randomness = opened(network)
    assert randomness.inputs == {"noise_1": Noise()} and result.takes == network.takes
    arrays = samples(result, randomness)
    assert [array.shape for array in arrays.values()] == [(10, 4), (10,), (10, 12)]
    first, again = in_keras(result, arrays)[0], in_keras(result, arrays)[0]
    np.testing.assert_array_equal(first, again)
    arrays["noise_1"] = -arrays["noise_1"]
    assert np.abs(in_keras(result, arrays)[0] - first).max() > 0.01


def test_a_layer_of_ones_own_after_dropout():
    network = common.generator(hidden=[LastingDropout(0.5), Tripled()])
    result, randomness = opened(network)
    assert in_keras(result, samples(result, randomness))[0].shape == (10, *common.SHAPE)


def test_looking_leaves_the_random_states_alone():
    network = define_generator((8, 8, 3), width=4)
    before = [keras.ops.convert_to_numpy(state) for state in states(network)]
    assert len(random_layers(network, list(samples(network, Randomness()).values()))) == 2
    for state, value in zip(states(network), before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(state), value)


def test_a_layer_of_another_kind_is_named():
    network = common.generator(hidden=[Rain(name="rain")])
    for way in ("input", "none"):
        with pytest.raises(BookError, match=r"'generator' cannot be exported: its layer 'rain' \(Rain\) samples"):
            opened(network, way)


def test_a_random_layer_inside_another_network_is_named():
    h = keras.Input((12,))
    inner = keras.Model(h, LastingDropout(0.5, name="deep")(h), name="inner")
    with pytest.raises(BookError, match=r"its layer 'deep' .* part of a network inside it"):
        opened(common.generator(hidden=[inner]))


def test_dropout_of_whole_maps_can_only_be_left_out():
    class LastingSpatial(layers.SpatialDropout1D):
        def call(self, x):
            return super().call(x, training=True)

    hidden = [layers.Reshape((3, 4)), LastingSpatial(0.5, name="maps"), layers.Flatten()]
    network = common.generator(hidden=hidden)
    with pytest.raises(BookError, match=r"'maps' .*; add --noise none"):
        opened(network)
    assert opened(network, "none")[1].layers == ("maps",)
