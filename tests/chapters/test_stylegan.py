"""Chapter 14: modulation against its formula, who moves, mixing, truncation and projection."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch14_stylegan import exercises, scores, stylegan, styles
from gan_book import saving
from gan_book.errors import BookError
from gan_book.sampling import draw, latent_points
from tests.chapters.common import build, moves, names, noise

LESSON = stylegan.LESSON
RNG = np.random.default_rng(0)


def model(side=16, **changes):
    return build(LESSON, (side, side, 3), **changes)


def array(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("change", ["none", pytest.param("no-noise", marks=pytest.mark.slow)])
def test_each_update_moves_its_network_and_no_other(change, size, snapshot, moved):
    gan, data = model(change=change), noise((16, 16, 3), n=size)
    seen = moves(gan, (data.images, data.labels), snapshot, moved, players=("generator", "judge"))
    assert seen["d"] == names(gan.judge)
    assert seen["g"] == names(gan.generator)
    own = {path for _, path in seen["g"]}
    assert {path for _, path in names(gan.generator.get_layer("mapping"))} <= own
    assert any("strength" in path for path in own) == (change == "none")


def test_a_modulated_convolution_is_one_with_a_kernel_of_its_own_for_each_image():
    layer = stylegan.ModulatedConv2D(5, 3)
    x, s = RNG.normal(size=(2, 6, 6, 4)).astype("float32"), RNG.normal(1, 0.5, size=(2, 4)).astype("float32")
    found = array(layer([x, s]))
    kernel = array(layer.conv.kernel)
    for image, style, made in zip(x, s, found, strict=True):
        own = kernel * style[None, None, :, None]
        own /= np.sqrt(np.square(own).sum(axis=(0, 1, 2)) + 1e-8)
        np.testing.assert_allclose(made, array(ops.conv(image[None], own, padding="same"))[0], atol=1e-4)


@pytest.mark.parametrize("change", [pytest.param(change, marks=pytest.mark.slow) for change in stylegan.CHANGES])
def test_signals_keep_their_size_from_layer_to_layer(change):
    keras.utils.set_random_seed(0)
    generator = model(32, change=change, width=8).generator
    synthesis = generator.get_layer("synthesis")
    maps = [layer.output for layer in synthesis.layers if isinstance(layer, keras.layers.Rescaling)]
    ws = styles.styles_of(generator, latent_points(generator, 60))
    for h in keras.Model(synthesis.input, maps)(ws):
        assert 0.2 < float(ops.sqrt(ops.mean(ops.square(h)))) < 5
    draw(generator, np.zeros(60))  # which refuses images that are far from [-1, 1]


def test_a_change_leaves_a_part_out():
    gan = model(change="no-demodulation")
    kinds = [layer for layer in gan.generator.get_layer("synthesis").layers if hasattr(layer, "demodulate")]
    assert kinds and not any(layer.demodulate for layer in kinds)
    with pytest.raises(BookError, match="is not known; choose one of: none, no-noise"):
        model(change="x")


def test_demodulation_undoes_a_larger_style_and_without_it_the_output_grows():
    x, s = RNG.normal(size=(1, 4, 4, 3)).astype("float32"), RNG.normal(size=(1, 3)).astype("float32")
    for demodulate, times in ((True, 1), (False, 2)):
        layer = stylegan.ModulatedConv2D(2, 1, demodulate=demodulate)
        np.testing.assert_allclose(array(layer([x, 2 * s])), times * array(layer([x, s])), rtol=1e-4, atol=1e-5)


def test_noise_is_random_in_training_and_fixed_in_use():
    layer = stylegan.PixelNoise()
    x = np.zeros((3, 4, 4, 2), "float32")
    np.testing.assert_array_equal(array(layer(x, training=True)), x)  # the strength is 0 at the start
    layer.strength.assign(2.0)
    first, second = (array(layer(x, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 0.1 and np.abs(first[0] - first[1]).max() > 0.1
    np.testing.assert_array_equal(first[..., 0], first[..., 1])  # the same for all maps
    in_use = array(layer(x))
    np.testing.assert_array_equal(in_use, array(layer(x)))
    np.testing.assert_array_equal(in_use[0], in_use[2])


@pytest.mark.slow
def test_any_size_that_doubles_from_4_to_7():
    for side, sizes in ((4, 1), (28, 3), (48, 4)):
        gan = build(LESSON, (side, side, 1))
        assert draw(gan.generator, np.zeros(2)).shape == (2, side, side, 1)
        assert gan.sizes == sizes == styles.styles_of(gan.generator, latent_points(gan.generator, 2)).shape[1]
    with pytest.raises(BookError, match="cannot make images of 100 x 100 pixels"):
        model(100)


def test_the_mixer_takes_the_second_style_where_the_mask_is_one():
    gan = model()
    z, other = latent_points(gan.generator, 2, seed=0), latent_points(gan.generator, 2, seed=1)
    none, whole = np.zeros((2, gan.sizes, 1)), np.ones((2, gan.sizes, 1))
    np.testing.assert_allclose(array(gan.mixer([z, other, none])), array(gan.generator([z])), atol=1e-5)
    np.testing.assert_allclose(array(gan.mixer([z, other, whole])), array(gan.generator([other])), atol=1e-5)


def test_masks_of_style_mixing_begin_after_the_first_size_and_end_with_the_last():
    rng = keras.random.SeedGenerator(0)
    masks = array(stylegan.random_mask(400, 4, 0.5, rng))[:, :, 0]
    assert set(map(tuple, masks)) == {(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 1), (0, 1, 1, 1)}
    assert np.mean(masks[:, -1]) == pytest.approx(0.5, abs=0.1)
    assert not array(stylegan.random_mask(50, 4, 0.0, rng)).any()


@pytest.mark.slow
def test_a_saved_generator_makes_the_same_images(tmp_path):
    generator = model().generator
    for layer in generator.get_layer("synthesis").layers:
        if isinstance(layer, stylegan.PixelNoise):
            layer.strength.assign(0.5)
    saving.save_network(generator, tmp_path / "generator.keras")
    again = saving.load_network(tmp_path / "generator.keras")
    z = latent_points(generator, 3)
    np.testing.assert_array_equal(draw(generator, np.zeros(3), z=z), draw(again, np.zeros(3), z=z))
    np.testing.assert_array_equal(styles.styles_of(generator, z), styles.styles_of(again, z))


# The space of styles


@pytest.mark.slow
def test_mixing_and_truncation():
    generator = model().generator
    a, b = (styles.styles_of(generator, latent_points(generator, 3, seed)) for seed in (0, 1))
    np.testing.assert_array_equal(styles.mixed(generator, a, b, []), styles.images_of(generator, a))
    np.testing.assert_array_equal(styles.mixed(generator, a, b, range(3)), styles.images_of(generator, b))
    np.testing.assert_array_equal(styles.images_of(generator, a), draw(generator, np.zeros(3), seed=0))
    np.testing.assert_allclose(styles.truncated(generator, a, 1), a, atol=1e-5)
    np.testing.assert_allclose(
        styles.truncated(generator, a, 0), np.repeat(styles.mean_style(generator), 3, 0), atol=1e-5
    )


@pytest.mark.slow
def test_projection_finds_styles_that_are_nearer_and_leaves_the_generator_alone(snapshot, moved):
    generator = model().generator
    for layer in generator.get_layer("synthesis").layers:
        if isinstance(layer, stylegan.PixelNoise):
            layer.strength.assign(0.3)  # as after a training: the fixed map must be the one that is used
    wanted = draw(generator, np.zeros(2), seed=5)
    before = snapshot(generator.weights)
    found = styles.project(generator, wanted, steps=60)
    assert not moved(before, generator.weights)
    start = np.repeat(styles.mean_style(generator), 2, axis=0)
    errors = [np.square(styles.images_of(generator, ws).astype(float) - wanted).mean() for ws in (start, found)]
    assert errors[1] < errors[0] / 2


@pytest.mark.slow
def test_attributes_by_size_are_shares_for_each_size():
    generator = model(32).generator
    shares = styles.attributes_by_size(generator, pairs=10)
    assert "glasses" in shares and all(len(each) == 4 for each in shares.values())
    found = np.array([each for each in shares.values()])
    assert ((found >= 0) & (found <= 1) | np.isnan(found)).all()


@pytest.mark.slow
def test_a_straight_cut_finds_what_one_number_of_z_decides(monkeypatch):
    generator = model().generator
    z = latent_points(generator, 1000, seed=0)
    read = {"side": np.where(z[:, 3] > 0, "left", "right"), "rare": np.array(["yes"] * 2 + ["no"] * 998)}
    monkeypatch.setattr(scores, "load_classifier", lambda name: SimpleNamespace(attributes=lambda images: read))
    found = scores.separability(generator, points=1000)
    assert set(found) == {"side: left", "side: right"}
    assert found["side: left"]["z"] > 0.85 > found["side: left"]["usual"]


@pytest.mark.slow
def test_walks_through_both_spaces_are_not_shorter_than_the_direct_way():
    found = scores.walk_lengths(model(32).generator, walks=3, frames=4)
    assert set(found) == {"z", "w"} and min(found.values()) >= 1


def test_the_solution_is_right_and_a_wrong_one_is_not(capsys):
    exercises.check_modulated(exercises.modulated_solution)
    assert capsys.readouterr().out == "right\n"
    with pytest.raises(AssertionError, match="differ from the formulas"):
        exercises.check_modulated(lambda x, kernel, s: (x * s[:, None, None]) @ kernel)


@pytest.mark.slow
def test_the_book_preset_is_as_wide_as_the_authors_network():
    book = stylegan.PRESETS["book"]
    assert (book.width, book.batch_size, book.mixing, book.gamma) == (512, 64, 0, 0.0128)
    gan = LESSON.build(book, noise((8, 8, 3)))
    widths = {layer.filters for layer in gan.generator.get_layer("synthesis").layers if hasattr(layer, "conv")}
    assert widths == {3, 512}
    assert gan.discriminator.weight == 0.0064  # half of gamma: D's loss is a mean of two parts
