"""Chapter 11: the networks' published sizes, the four players' turns, the losses, and the pool."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from chapters.ch11_cyclegan import cyclegan
from gan_book import checkpoint
from gan_book.errors import BookError
from tests.chapters.common import moves, names, noise_pairs

NETWORKS = ("generator", "inverse", "patchgan_y", "patchgan_x")


def build(size=32, **changes):
    return cyclegan.build(cyclegan.LESSON.settings("smoke", image_size=size, **changes), noise_pairs(size))


def test_the_papers_networks_have_the_published_sizes():
    assert cyclegan.define_generator().count_params() == 11_378_179
    assert cyclegan.define_patchgan().count_params() == 2_764_737
    assert cyclegan.define_generator().output.shape == (None, 256, 256, 3)
    assert cyclegan.define_patchgan().output.shape == (None, 30, 30, 1)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("changes", [{}, {"pool": 0.0}, {"identity": 0.0}], ids=["all", "no pool", "no identity"])
def test_who_moves(changes, size, snapshot, moved):
    model, data = build(**changes), noise_pairs(32)
    seen = moves(model, (data.test_a[:size], data.test_b[:size]), snapshot, moved, NETWORKS)
    learners = {"G": model.generator, "D_Y": model.patchgan_y, "F": model.inverse, "D_X": model.patchgan_x}
    assert seen == {turn: names(network) for turn, network in learners.items()}


def test_residual_blocks_add():
    """With the second convolution's output normalized away to 0, a block is the identity."""
    h = keras.Input((8, 8, 4))
    block = keras.Model(h, cyclegan.residual(h))
    assert isinstance(block.layers[-1], layers.Add)
    convolution = [layer for layer in block.layers if isinstance(layer, layers.Conv2D)][-1]
    convolution.kernel.assign(np.zeros(convolution.kernel.shape))
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype("float32")
    np.testing.assert_allclose(block.predict(x, verbose=0), x, atol=1e-6)


def test_nine_blocks_and_no_affine_weights():
    network = cyclegan.define_generator()
    assert sum(isinstance(layer, layers.Add) for layer in network.layers) == 9
    normalizations = [layer for layer in network.layers if isinstance(layer, layers.GroupNormalization)]
    assert len(normalizations) == 2 * 9 + 5 and not any(layer.weights for layer in normalizations)


def test_the_losses_are_the_papers():
    model, data = build(), noise_pairs(32)
    x, y = ((images[:2] / 127.5 - 1).astype("float32") for images in (data.test_a, data.test_b))
    g, f, d = model.generator, model.inverse, model.patchgan_y
    there = g(x)
    expected = np.square(ops.convert_to_numpy(d(there)) - 1).mean()
    expected += 10 * np.abs(ops.convert_to_numpy(f(there)) - x).mean()
    expected += 10 * np.abs(ops.convert_to_numpy(g(f(y))) - y).mean()
    expected += 5 * np.abs(ops.convert_to_numpy(g(y)) - y).mean()
    turns = {name: turn for name, *turn in model.turns(data.test_a[:2], data.test_b[:2])}
    player, inputs, targets = turns["G"]
    assert float(player.compute_loss(inputs, targets, player(inputs))) == pytest.approx(float(expected), rel=1e-4)
    player, inputs, targets = turns["D_Y"]
    answers = player(inputs)
    expected = (np.square(answers["real"] - 1).mean() + np.square(answers["fake"]).mean()) / 2
    assert float(player.compute_loss(inputs, targets, answers)) == pytest.approx(float(expected), rel=1e-4)


def test_the_rate_is_constant_and_then_falls_to_zero():
    schedule = cyclegan.ConstantThenLinear(2e-4, 100)
    rates = [float(schedule(step)) for step in (0, 50, 75, 100, 110)]
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 0, 0])
    model = build()
    assert [float(player.optimizer.learning_rate) for player in model.players] == pytest.approx([2e-4] * 4)


def test_the_pool_is_part_of_the_state():
    model, data = build(pool=4.0), noise_pairs(32)
    model.compile()
    model.train_on_batch(data.test_a[:2], data.test_b[:2])
    kept = ops.convert_to_numpy(model.pool_y.kept)
    assert int(model.pool_y.count) == 2 and kept[:2].any() and not kept[2:].any()
    paths = {variable.path for variable in checkpoint.state_variables(model)}
    assert {model.pool_y.kept.path, model.pool_x.kept.path, model.pool_y.count.path} <= paths


@pytest.mark.parametrize(
    "size, changes, sentence",
    [
        (30, {}, "images of 30 pixels cannot be translated; set --image-size to 24, 28, 32"),
        (20, {}, "images of 20 pixels cannot be translated"),
        (32, {"pool": 1.0}, "a pool of 1 images is smaller than a batch; set pool to 0 or at least that"),
    ],
)
def test_what_cannot_be_built(size, changes, sentence):
    with pytest.raises(BookError, match=sentence):
        build(size, **changes)
