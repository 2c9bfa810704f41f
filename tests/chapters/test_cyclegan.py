"""Chapter 11: the networks' published sizes, the four networks' turns, the losses, the pool, and the exercises."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from chapters.ch11_cyclegan import classic, cyclegan, exercises
from gan_book.errors import BookError
from gan_book.schedules import ConstantThenLinear
from gan_book.training import checkpoint
from tests.chapters.common import moves, names, noise_pairs

NETWORKS = ("generator", "inverse", "patchgan_y", "patchgan_x")


def build(size=32, **changes):
    return cyclegan.build(cyclegan.LESSON.settings("smoke", image_size=size, **changes), noise_pairs(size))


def test_the_papers_networks_have_the_published_sizes():
    settings = cyclegan.LESSON.settings("book")
    model = cyclegan.build(settings, SimpleNamespace(image_shape=(256, 256, 3), train_size=8))
    for generator in (model.generator, model.inverse):
        assert generator.count_params() == 11_378_179 and generator.output.shape == (None, 256, 256, 3)
    for patchgan in (model.patchgan_y, model.patchgan_x):
        assert patchgan.count_params() == 2_764_737 and patchgan.output.shape == (None, 30, 30, 1)


def test_the_input_reaches_the_last_convolution():
    """With all other weights at 0 the picture can still pass."""
    network = cyclegan.define_generator((16, 16, 3), width=4, blocks=1)
    last = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)][-1]
    for weight in network.weights:
        weight.assign(ops.zeros_like(weight))
    kernel = np.zeros(last.kernel.shape, "float32")
    kernel[3, 3, -3:] = np.eye(3)
    last.kernel.assign(kernel)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(network.predict(x, verbose=0), np.tanh(x), atol=1e-5)


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="all"),
        pytest.param({"pool": 0}, id="no pool", marks=pytest.mark.slow),
        pytest.param({"identity": 0.0}, id="no identity", marks=pytest.mark.slow),
    ],
)
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


@pytest.mark.parametrize(
    "define, blocks, normalized", [(classic.define_generator, 9, 2 * 9 + 5), (cyclegan.define_generator, 2, 2 * 2 + 3)]
)
def test_blocks_and_normalizations_without_weights(define, blocks, normalized):
    """Ours does not normalize the first and the last level."""
    network = define()
    assert sum(isinstance(layer, layers.Add) for layer in network.layers) == blocks
    normalizations = [layer for layer in network.layers if isinstance(layer, layers.GroupNormalization)]
    assert len(normalizations) == normalized and not any(layer.weights for layer in normalizations)


def test_the_losses_are_the_papers():
    model, data = build(pool=0), noise_pairs(32)
    x, y = ((images[:2] / 127.5 - 1).astype("float32") for images in (data.test_a, data.test_b))
    g, f, d_y, d_x = model.generator, model.inverse, model.patchgan_y, model.patchgan_x
    expected = {
        "G": of_generator(g, f, d_y, x, y),
        "D_Y": of_discriminator(d_y, y, g(x)),
        "F": of_generator(f, g, d_x, y, x),
        "D_X": of_discriminator(d_x, x, f(y)),
    }
    turns = {name: turn for name, *turn in model.turns(data.test_a[:2], data.test_b[:2])}
    got = {name: player.compute_loss(inputs, goal, player(inputs)) for name, (player, inputs, goal) in turns.items()}
    assert {name: float(loss) for name, loss in got.items()} == pytest.approx(expected, rel=1e-4)


def of_generator(g, f, d, x, y):
    """Section 3.1 to 3.3 and 5.2 by hand, for g: from x to y."""
    there, back = g(x), g(f(y))
    losses = [10 * distance(f(there), x), 10 * distance(back, y), 5 * distance(g(y), y)]
    return sum(losses) + np.square(ops.convert_to_numpy(d(there)) - 1).mean()


def of_discriminator(d, real, drawn):
    real, drawn = (ops.convert_to_numpy(d(images)) for images in (real, drawn))
    return (np.square(real - 1).mean() + np.square(drawn).mean()) / 2


def distance(a, b):
    return np.abs(ops.convert_to_numpy(a) - b).mean()


def test_the_rate_is_constant_and_then_falls_to_zero():
    schedule = ConstantThenLinear(2e-4, 100)
    rates = [float(schedule(step)) for step in (0, 50, 75, 100, 110)]
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 0, 0])
    model = build(learning_rate=2e-4)
    assert [float(player.optimizer.learning_rate) for player in model.players] == pytest.approx([2e-4] * 4)


@pytest.mark.slow
def test_the_pool_is_part_of_the_state():
    model, data = build(pool=4), noise_pairs(32)
    model.compile()
    model.train_on_batch(data.test_a[:2], data.test_b[:2])
    kept = ops.convert_to_numpy(model.pool_y.kept)
    assert int(model.pool_y.count) == 2 and kept[:2].any() and not kept[2:].any()
    paths = {variable.path for variable in checkpoint.state_variables(model)}
    assert {model.pool_y.kept.path, model.pool_x.kept.path, model.pool_y.count.path} <= paths


@pytest.mark.parametrize(
    "size, changes, sentence",
    [
        (30, {}, "images of 30 pixels cannot be translated and measured; set --image-size to multiples of 4, 12 or"),
        (8, {}, "images of 8 pixels cannot be translated and measured"),
        (20, {"patch": 70}, "a patch of 70 pixels is too large for images of 20"),
        (32, {"patch": 71}, "patch 71 is not known"),
        (32, {"pool": 1}, "pool .* 1 .* 4"),
        (32, {"pool": 2.5}, "pool .* whole .*2.5"),
        (32, {"network": "unet"}, "network 'unet' is not known"),
    ],
)
def test_what_cannot_be_built(size, changes, sentence):
    with pytest.raises(BookError, match=sentence):
        build(size, **changes)


@pytest.mark.parametrize("shape", [(64, 50), (50, 64), (64, 8)])
def test_both_sides_are_checked(shape):
    with pytest.raises(BookError, match=rf"images of {shape[0]}x{shape[1]} pixels .*--image-size"):
        cyclegan.build(cyclegan.LESSON.settings("smoke"), SimpleNamespace(image_shape=(*shape, 3), train_size=8))


def test_rectangles():
    data = SimpleNamespace(image_shape=(24, 36, 3), train_size=8)
    model = cyclegan.build(cyclegan.LESSON.settings("smoke", patch=16), data)
    assert model.generator.output.shape[1:] == model.inverse.output.shape[1:] == (24, 36, 3)


def test_a_mirrored_share_above_one_is_refused():
    with pytest.raises(BookError, match="mirror is the share of pictures that are mirrored, from 0 to 1, not 50"):
        cyclegan.LESSON.task.load(cyclegan.LESSON.settings("smoke", mirror=50.0))


@pytest.mark.slow
def test_picture_grids_of_sides_with_few_pictures_and_unequally_many(tmp_path):
    pairs, model, task = noise_pairs(32), build(), cyclegan.LESSON.task
    few = replace(pairs, val_a=pairs.val_a[:4], test_b=pairs.test_b[:3], test_paired=False)
    grid = task.sample_grid(model, few, tmp_path, None, lambda: None, 100)
    drawn = grid.generate().reshape(4, 6, 32, 32, 3)
    np.testing.assert_array_equal(drawn[0, 0], few.val_a[0])
    np.testing.assert_array_equal(drawn[-1, 3], few.val_b[-1])
    run = SimpleNamespace(load=lambda name: getattr(model, name))
    task.draw_samples(run, few, tmp_path / "samples.png", "title", "footer")
    height = Image.open(tmp_path / "samples.png").height
    task.draw_samples(run, pairs, tmp_path / "more.png", "title", "footer")
    assert Image.open(tmp_path / "more.png").height > height, "six rows are higher than three"


def test_the_exercises_checks():
    exercises.check_noisy_cycle(exercises.noisy_cycle_solution)
    exercises.check_hue_kept(exercises.hue_kept_solution)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (lambda g, f, x, deviation, seed: g(f(x)) + 1, "first G, then F"),
        (lambda g, f, x, deviation, seed: exercises.noisy_cycle_solution(g, f, x, deviation / 2, seed), "deviation"),
        (lambda g, f, x, deviation, seed: exercises.noisy_cycle_solution(g, f, x, deviation, 0), "another seed"),
    ],
)
def test_wrong_noise_is_told(wrong, sentence):
    with pytest.raises(AssertionError, match=sentence):
        exercises.check_noisy_cycle(wrong)


def test_a_hue_that_is_no_circle_is_told():
    def straight(images, given):
        return (np.abs(exercises.rgb2hsv(images)[..., 0] - exercises.rgb2hsv(given)[..., 0]) <= 0.05).mean(axis=(1, 2))

    with pytest.raises(AssertionError, match="circle"):
        exercises.check_hue_kept(straight)
