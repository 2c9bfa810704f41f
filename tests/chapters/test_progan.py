"""Chapter 13: what is copied when a GAN grows, how new layers are faded in, and who moves."""

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from chapters.ch13_progan import exercises, grow, progan
from gan_book.errors import BookError
from gan_book.networks import doubled_sides, filters_at
from gan_book.sampling import draw, latent_points
from gan_book.training import runs, train
from tests.chapters.common import build, moves, names, noise

LESSON = progan.LESSON


def model(side=16, **changes):
    return build(LESSON, (side, side, 3), **changes)


def alpha(network):
    return float(network.get_layer("fade").alpha)


def images(network, z):
    return ops.convert_to_numpy(network(z))


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("loss", ["non-saturating", pytest.param("wasserstein", marks=pytest.mark.slow)])
def test_each_update_moves_its_network_and_no_other(loss, size, snapshot, moved):
    gan, data = model(loss=loss, penalty="slope 1" if loss == "wasserstein" else "r1"), noise((16, 16, 3), n=size)
    seen = moves(gan, (data.images, data.labels), snapshot, moved, players=("generator", "judge"))
    # A pair's loss does not see what is added to both answers of a Wasserstein D; and alpha is 1 here, so the old
    # colours count for nothing.
    unseen = {"rgb8", "from_rgb8"} | ({"answer"} if loss == "wasserstein" else set())
    for turn, network in (("d", gan.judge), ("g", gan.generator)):
        still = names(network) - seen[turn]
        assert seen[turn] <= names(network) and {path.split("/")[0] for _, path in still} <= unseen


@pytest.mark.slow
def test_both_networks_have_the_sizes_of_the_chain():
    assert doubled_sides((64, 64, 3)) == [4, 8, 16, 32, 64]
    assert doubled_sides((28, 28, 1)) == [7, 14, 28] and doubled_sides((4, 4, 3)) == [4]
    for shape in ((28, 28, 1), (4, 4, 3), (48, 48, 3)):
        gan = build(LESSON, shape)
        assert draw(gan.generator, np.zeros(2)).shape == (2, *shape)
        assert gan.judge(np.zeros((4, *shape), "float32")).shape == (4, 1)


@pytest.mark.parametrize("shape", [(100, 100, 3), (32, 16, 3), (9, 9, 3)], ids=str)
def test_images_that_cannot_be_grown_are_refused(shape):
    with pytest.raises(BookError, match="the side must be 4, 5, 6 or 7 times a power of 2"):
        doubled_sides(shape)


def test_a_grown_generator_makes_the_smaller_images_until_its_new_layers_fade_in():
    small, large = model(8), model(16)
    progan.take_layers(large.generator, small.generator)
    z = latent_points(small.generator, 3)
    repeated = images(small.generator, z).repeat(2, axis=1).repeat(2, axis=2)
    assert alpha(large.generator) == 0
    np.testing.assert_allclose(images(large.generator, z), repeated, atol=1e-5)
    large.generator.get_layer("fade").alpha.assign(0.5)
    half = images(large.generator, z)
    large.generator.get_layer("fade").alpha.assign(1.0)
    np.testing.assert_allclose(half, (images(large.generator, z) + repeated) / 2, atol=1e-5)


def test_a_grown_discriminator_answers_as_the_smaller_one_did():
    small, large = model(8), model(16)
    progan.take_layers(large.judge, small.judge)
    x = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    halved = x.reshape(4, 8, 2, 8, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(images(large.judge, x), images(small.judge, halved), atol=1e-4)


@pytest.mark.slow
def test_alpha_rises_with_the_steps_in_all_networks_and_stops_at_one():
    gan, data = progan.ProGAN(*networks(16), fade_steps=4, average=0.9), noise((16, 16, 3), n=8)
    small = networks(8)
    for network, smaller in zip((gan.generator, gan.judge, gan.sampler), (*small, small[0]), strict=True):
        progan.take_layers(network, smaller)
    gan.compile()
    seen = []
    for _ in range(5):
        gan.train_on_batch(data.images)
        seen.append([alpha(network) for network in (gan.generator, gan.judge, gan.sampler)])
    np.testing.assert_allclose(seen, np.repeat([[0.25], [0.5], [0.75], [1], [1]], 3, axis=1), rtol=1e-5)


def test_real_images_lose_their_detail_with_the_generated_ones():
    gan, x = progan.ProGAN(*networks(8)), np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    fade = gan.judge.get_layer("fade").alpha
    np.testing.assert_allclose(ops.convert_to_numpy(gan.faded(x)), x, atol=1e-6)
    fade.assign(0.0)
    coarse = x.reshape(2, 4, 2, 4, 2, 3).mean(axis=(2, 4)).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(ops.convert_to_numpy(gan.faded(x)), coarse, atol=1e-6)
    fade.assign(0.25)
    np.testing.assert_allclose(ops.convert_to_numpy(gan.faded(x)), coarse + 0.25 * (x - coarse), atol=1e-6)


def networks(side):
    return progan.define_generator((side, side, 3), 2), progan.define_discriminator((side, side, 3), 2)


def test_filters_double_as_sides_halve_and_stop_at_128():
    assert [filters_at(side, 16) for side in (128, 64, 32, 16, 8, 4)] == [16, 16, 32, 64, 128, 128]


def test_the_book_preset_has_the_authors_loss():
    book = progan.PRESETS["book"]
    assert (book.loss, book.penalty, book.weight, book.learning_rate) == ("wasserstein", "slope 1", 10, 1e-3)
    gan = LESSON.build(book, noise((8, 8, 3)))
    assert gan.discriminator.optimizer.beta_1 == 0 and gan.discriminator.optimizer.beta_2 == 0.99


def test_all_layers_with_kernels_are_equalized():
    for network in (model().generator, model().judge):
        kinds = {type(layer).__name__ for layer in network.layers if hasattr(layer, "kernel")}
        assert kinds == {"EqualConv2D", "EqualDense"}


# Runs of one size after the other


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Two sizes, trained by the script."""
    out = tmp_path_factory.mktemp("grown")
    grow.main("smoke", 8, "faces", 0, out)
    return out


@pytest.mark.slow
def test_the_script_grows_from_size_to_size_and_does_nothing_twice(grown, monkeypatch):
    assert [path.name for path in sorted(grown.iterdir())] == ["004", "008", "growth.gif", "growth.png"]
    with Image.open(grown / "growth.gif") as film:
        assert film.n_frames == 2
    small, large = runs.Run(grown / "004"), runs.Run(grown / "008")
    assert large.config.start_from == small.folder.resolve().as_posix()
    assert large.load("generator").output.shape[1:] == (8, 8, 3)
    assert alpha(large.load("judge")) == 1 and alpha(large.load("trained_generator")) == 1
    monkeypatch.setattr(train, "train", None)
    grow.main("smoke", 8, "faces", 0, grown)


@pytest.mark.slow
def test_a_run_begins_with_the_weights_of_half_its_size(grown):
    gan = LESSON.build(LESSON.settings("smoke", image_size=8), noise((8, 8, 3)))
    before = runs.Run(grown / "004")
    progan.begin(gan, before)
    z = latent_points(gan.generator, 3)
    for name, network in (("generator", gan.sampler), ("trained_generator", gan.generator)):
        np.testing.assert_allclose(
            images(network, z), images(before.load(name), z).repeat(2, 1).repeat(2, 2), atol=1e-5
        )
    with pytest.raises(BookError, match="to grow to 16 takes a run with half as many"):
        progan.begin(model(16), before)
    with pytest.raises(BookError, match="other layers than this run; give both the same settings"):
        progan.begin(LESSON.build(LESSON.settings("smoke", image_size=8, width=4), noise((8, 8, 3))), before)


def test_the_solution_is_right_and_a_wrong_one_is_not(capsys):
    exercises.check_pixel_norm(exercises.pixel_norm_solution)
    assert capsys.readouterr().out == "right\n"
    with pytest.raises(AssertionError, match="must be 1 at each pixel"):
        exercises.check_pixel_norm(lambda h: keras.layers.LayerNormalization(center=False, axis=(1, 2, 3))(h))


def test_a_change_leaves_a_part_out():
    kinds = {
        change: [type(layer).__name__ for layer in model(change=change).generator.layers] for change in progan.CHANGES
    }
    assert kinds["none"].count("PixelNorm") > 1 and kinds["no-pixel-norm"].count("PixelNorm") == 1  # that of z
    of_d = {change: [type(layer).__name__ for layer in model(change=change).judge.layers] for change in progan.CHANGES}
    assert "MinibatchStd" in of_d["none"] and "MinibatchStd" not in of_d["no-batch-std"]
    with pytest.raises(BookError, match="is not known; choose one of: none, no-pixel-norm"):
        model(change="x")
