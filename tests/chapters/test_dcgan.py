"""The networks of chapter 3, who moves in each turn, the guidelines, the Nyquist share, and latent arithmetic."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from chapters.ch03_dcgan import arithmetic, dcgan, exercises, guidelines
from gan_book.errors import BookError
from gan_book.networks import to_uint8
from gan_book.sampling import arc, draw, latent_points, line
from tests.chapters.common import build, moves, names, noise

SMALL = {"width": 2, "noise": 0.0}


def model(shape=(16, 16, 1), **changes):
    return build(dcgan.LESSON, shape, **{**SMALL, **changes})


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("change", ["none", "no-batch-norm"])
def test_each_turn_moves_its_network_and_no_other(change, size, snapshot, moved):
    gan, data = model(change=change), noise((16, 16, 1), n=size)
    seen = moves(gan, (data.images, data.labels), snapshot, moved)
    assert seen["d_real"] == seen["d_fake"] == names(gan.discriminator)
    assert seen["g"] == names(gan.generator)


def test_fit_takes_images_without_labels():
    gan, data = model(), noise((16, 16, 1), n=20)
    gan.compile(run_eagerly=True)
    history = gan.fit(data.images, batch_size=10, verbose=0).history
    assert {"d_real_loss", "d_fake_loss", "g_loss", "d_real_accuracy"} <= set(history)


@pytest.mark.parametrize("shape", [(28, 28, 1), (50, 50, 1), (100, 100, 3), (32, 50, 3)], ids=str)
def test_any_image_size(shape):
    gan = model(shape)
    samples = draw(gan.generator, np.zeros(3), seed=0)
    assert samples.shape == (3, *shape) and samples.dtype == np.uint8
    assert gan.discriminator(np.zeros((3, *shape), "float32")).shape == (3, 1)


def test_both_networks_go_through_the_same_sizes():
    assert [side for side, _ in dcgan.sizes((100, 100, 3))] == [100, 50, 25, 13, 7]
    assert [side for side, _ in dcgan.sizes((64, 64, 3))] == [64, 32, 16, 8, 4]
    assert [side for side, _ in dcgan.sizes((28, 28, 1))] == [28, 14, 7]
    gan = model((100, 100, 3))
    shrinking = [layer.output.shape[1] for layer in gan.discriminator.layers if isinstance(layer, layers.Conv2D)]
    growing = [layer.output.shape[1] for layer in gan.generator.layers if isinstance(layer, layers.Cropping2D)]
    assert shrinking == [50, 25, 13, 7] and growing == [13, 25]


def test_the_book_preset_has_the_papers_numbers():
    book = dcgan.PRESETS["book"]
    assert (book.batch_size, book.learning_rate, book.beta_1, book.kernel, book.uniform) == (128, 2e-4, 0.5, 5, True)
    gan = dcgan.LESSON.build(book, noise((64, 64, 3), n=4))
    optimizers = gan.discriminator.optimizer, gan.gan.optimizer
    assert [(float(o.learning_rate), o.beta_1) for o in optimizers] == [(pytest.approx(2e-4), 0.5)] * 2
    # Figure 1 of the paper: 4 x 4 x 1024, then 512, 256, 128 and 3 maps with kernels of 5 x 5.
    growing = [layer for layer in gan.generator.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert [layer.filters for layer in growing] == [512, 256, 128, 3]
    assert growing[0].input.shape[1:] == (4, 4, 1024) and {layer.kernel_size for layer in growing} == {(5, 5)}
    z = latent_points(gan.generator, 1000, seed=0)
    assert z.shape == (1000, 100) and -1 <= z.min() < -0.99 and 0.99 < z.max() <= 1
    deviation = np.std(growing[0].get_weights()[0])
    assert deviation == pytest.approx(0.02, rel=0.01)


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_the_guidelines_hold_where_nothing_is_changed():
    gan = model((64, 64, 3))
    d, g = kinds(gan.discriminator), kinds(gan.generator)
    assert d == ["InputLayer", "Conv2D", "LeakyReLU", *["Conv2D", "BatchNormalization", "LeakyReLU"] * 3, *d[-2:]]
    assert d[-2:] == ["Flatten", "Dense"]
    assert g.count("BatchNormalization") == g.count("ReLU") == g.count("Conv2DTranspose") == 4
    assert not {"MaxPooling2D", "UpSampling2D", "Dropout"} & {*d, *g}
    assert gan.generator.layers[-1].activation is keras.activations.tanh


@pytest.mark.parametrize(
    ("change", "network", "more", "fewer"),
    [
        ("pooling", "discriminator", {"MaxPooling2D": 2}, {}),
        ("upsampling", "generator", {"UpSampling2D": 2, "Conv2D": 2}, {"Conv2DTranspose": 2}),
        ("no-batch-norm", "discriminator", {}, {"BatchNormalization": 1}),
        ("no-batch-norm", "generator", {}, {"BatchNormalization": 2}),
        ("batch-norm-everywhere", "discriminator", {"BatchNormalization": 1}, {}),
        ("batch-norm-everywhere", "generator", {"BatchNormalization": 1}, {}),
        ("hidden-layers", "discriminator", {"Dense": 2, "LeakyReLU": 2}, {}),
        ("relu-in-d", "discriminator", {"ReLU": 2}, {"LeakyReLU": 2}),
        ("leaky-in-g", "generator", {"LeakyReLU": 2}, {"ReLU": 2}),
    ],
)
def test_each_change_leaves_out_one_guideline(change, network, more, fewer):
    usual, changed = (kinds(getattr(model(change=each), network)) for each in ("none", change))
    for kind in {*usual, *changed}:
        difference = changed.count(kind) - usual.count(kind)
        assert difference == more.get(kind, 0) - fewer.get(kind, 0), kind


def test_an_unknown_change_is_refused():
    with pytest.raises(BookError, match="is not known; choose one of: none, pooling"):
        model(change="x")


def test_untrained_transposed_convolutions_leave_a_checkerboard_and_repeated_pixels_do_not():
    keras.utils.set_random_seed(0)
    z, shares = np.random.default_rng(0).normal(size=(50, dcgan.LATENT)).astype("float32"), {}
    blocks = {"5 x 5": partial(dcgan.double, kernel=5), "4 x 4": dcgan.double, "repeated": guidelines.upsampled}
    for name, double in blocks.items():
        made = dcgan.define_generator((32, 32, 3), 8, double=double)(z, training=True)
        shares[name] = dcgan.nyquist_share(to_uint8(keras.ops.convert_to_numpy(made)))
    assert shares["repeated"] < 0.1 * min(shares["4 x 4"], shares["5 x 5"])


def test_the_nyquist_share_is_that_of_known_waves():
    places = np.arange(16)
    columns = np.tile(np.where(places % 2, 100, 0), (16, 1)).astype("uint8")[None, :, :, None]
    assert dcgan.nyquist_share(columns) == pytest.approx(1)
    assert dcgan.nyquist_share(columns.transpose(0, 2, 1, 3)) == pytest.approx(1)
    checkers = np.where(np.add.outer(places, places) % 2, 100, 0).astype("uint8")[None, :, :, None]
    assert dcgan.nyquist_share(checkers) == pytest.approx(1), "the wave in both directions is counted once"
    slow = np.tile(np.where(places % 4 < 2, 100, 0), (16, 1)).astype("uint8")[None, :, :, None]
    assert dcgan.nyquist_share(slow) == pytest.approx(0, abs=1e-9)
    assert dcgan.nyquist_share(np.concatenate([columns, slow])) == pytest.approx(0.5)
    assert dcgan.nyquist_share(np.full((1, 9, 9, 3), 7, "uint8")) == 0, "nothing varies in an even image"


class Reader:
    """Stands for an attribute classifier: reads glasses and hair off the signs of two latent numbers in the pixels."""

    def attributes(self, images):
        left, right = images[:, 0, 0, 0] > 127, images[:, 0, 1, 0] > 127
        return {"glasses": np.where(left, "round", "none"), "hair": np.where(right, "long", "bald")}


def two_pixels():
    """A generator whose first two pixels are the tanh of the first two latent numbers."""
    z = keras.Input((4,))
    return keras.Model(z, layers.Activation("tanh")(layers.Reshape((1, 4, 1))(z)))


def test_rates_of_latent_arithmetic_by_hand():
    generator, reader = two_pixels(), Reader()
    z = np.array([[-1, -1, 0, 0], [-3, 1, 0, 0], [-1, 2, 0, 0], [-1, -3, 0, 0]], "float32")
    before = arithmetic.attributes_of(generator, reader, z)
    for step, wanted in (([2, 0, 0, 0], (0.75, 1.0)), ([0, 2, 0, 0], (0.0, 0.75)), ([0, 0, 0, 0], (0.0, 1.0))):
        after = arithmetic.attributes_of(generator, reader, z + np.float32(step))
        assert arithmetic.rates(before, after, "glasses", ["glasses", "hair"]) == wanted


def test_the_direction_is_found_where_it_is():
    generator, reader = two_pixels(), Reader()
    z = latent_points(generator, 2000, seed=0)
    has = arithmetic.attributes_of(generator, reader, z)["glasses"] != "none"
    direction = arithmetic.mean_difference(z, has)
    # The mean of the positive half of N(0, 1) is sqrt(2 / pi); the two halves are twice that apart.
    assert direction[0] == pytest.approx(2 * np.sqrt(2 / np.pi), abs=0.1) and np.abs(direction[1:]).max() < 0.15
    few = arithmetic.mean_difference(z, has, examples=1)
    np.testing.assert_allclose(few, z[has][0] - z[~has][0])
    for same, what in ((~has | has, "all images have"), (has & ~has, "no image has")):
        with pytest.raises(BookError, match=f"{what} the attribute"):
            arithmetic.mean_difference(z, same)
    plain, before = arithmetic.points_without(generator, reader, "glasses", 30, seed=1)
    assert plain.shape == (30, 4) and (plain[:, 0] <= 0).all() and set(before["glasses"]) == {"none"}
    after = arithmetic.attributes_of(generator, reader, plain + 2 * direction)
    put_on, kept = arithmetic.rates(before, after, "glasses", ["hair"])
    assert put_on > 0.95 and kept > 0.9


def test_only_what_the_classifier_reads_right_is_counted():
    data = noise((2, 2, 1), n=20)
    seen = Reader().attributes(data.test_images)
    wrong = {"glasses": seen["glasses"], "hair": np.where(seen["hair"] == "long", "bald", "long"), "nose": seen["hair"]}
    assert arithmetic.readable(Reader(), replace(data, test_attributes=wrong)) == ["glasses"]
    assert arithmetic.readable(Reader(), replace(data, test_attributes=seen)) == ["glasses", "hair"]


def test_random_steps_have_the_length_that_is_asked_for():
    steps = arithmetic.random_steps(np.zeros((20, 7)), 3.0, seed=1)
    assert steps.shape == (20, 7) and len(np.unique(steps.round(6), axis=0)) == 20
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 3, rtol=1e-5)


def test_only_faces_whose_attributes_can_be_read_have_a_rate():
    assert arithmetic.glasses_scores(two_pixels(), noise()) == []


def test_a_walk_without_detour_has_the_length_one():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    there = np.stack([a, b])
    assert dcgan.relative_length(there[None]) == pytest.approx(1)
    assert dcgan.relative_length(np.stack([a, b, a, b])[None]) == pytest.approx(3)


def test_an_arc_keeps_the_length_and_a_line_does_not():
    a, b = np.random.default_rng(0).standard_normal((2, 1000))
    assert np.linalg.norm(arc(a, b, 3)[1]) == pytest.approx(np.sqrt(1000), rel=0.05)
    assert np.linalg.norm(line(a, b, 3)[1]) == pytest.approx(np.sqrt(500), rel=0.05)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_transposed(exercises.transposed_solution)
    solution = exercises.transposed_solution
    for wrong in (lambda x, k: np.convolve(x, k), lambda x, k: solution(x, k[::-1]), lambda x, k: solution(x, k)[:-1]):
        with pytest.raises(AssertionError):
            exercises.check_transposed(wrong)
    exercises.check_slerp(exercises.slerp_solution)
    for wrong in (lambda a, b, t: (1 - t) * a + t * b, lambda a, b, t: exercises.slerp_solution(b, a, t)):
        with pytest.raises(AssertionError):
            exercises.check_slerp(wrong)


def test_the_answers_to_the_exercises():
    dense = next(layer for layer in dcgan.define_generator().layers if isinstance(layer, layers.Dense))
    assert dense.units == 4096 and dense.count_params() == 413_696
    assert [side for side, _ in dcgan.sizes((50, 50, 3))[1:]] == [25, 13, 7]


def test_heads_compute_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    gan = model()
    assert gan.generator.output.dtype == gan.discriminator.output.dtype == "float32"


def test_noise_and_shift_are_before_ds_first_layer_in_training_only():
    plain, disturbed = model().discriminator, model(noise=0.2).discriminator
    added = [kind for kind in kinds(disturbed) if kind not in kinds(plain)]
    assert added == ["DiffAugment", "GaussianNoise"] and kinds(disturbed)[1:3] == added
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 1)).astype("float32")
    np.testing.assert_array_equal(disturbed(x), disturbed(x))


@pytest.mark.parametrize("shape", [(50, 50, 1), (16, 16, 1)], ids=str)
def test_a_generator_that_is_called_without_training_leaves_its_statistics_alone(shape):
    """Keras's CenterCrop switched the layers after it to training; then an exported network was another one."""
    generator = model(shape).generator
    z = latent_points(generator, 8)
    before = [weight.numpy() for weight in generator.weights]
    called = keras.ops.convert_to_numpy(generator([z]))
    assert all(np.array_equal(was, weight.numpy()) for was, weight in zip(before, generator.weights, strict=True))
    np.testing.assert_allclose(called, keras.ops.convert_to_numpy(generator([z], training=False)), atol=1e-6)
