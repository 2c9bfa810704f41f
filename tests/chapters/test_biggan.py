"""Chapter 12: who moves in which update, where class and latent point enter, what each change does, truncation."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from chapters.ch12_biggan import biggan, exercises, truncation
from gan_book import saving
from gan_book.errors import BookError
from gan_book.layers import SpectralConv2D, SpectralDense
from gan_book.sampling import draw, latent_points
from tests.chapters.common import build, moves, names, noise

LESSON = biggan.LESSON
SMALL = {"width": 8}


def model(shape=(16, 16, 1), classes=10, **changes):
    return build(LESSON, shape, classes, **{**SMALL, **changes})


def own(network, kind):
    """The layers of one kind, in the network's order."""
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "change", ["none", *(pytest.param(change, marks=pytest.mark.slow) for change in biggan.CHANGES[1:])]
)
def test_each_update_moves_its_network_and_no_other(change, size, snapshot, moved):
    gan, data = model(change=change), noise((16, 16, 1), n=size)
    for network in (gan.generator, gan.discriminator):
        for gain in own(network, biggan.Gain):
            gain.gain.assign(0.1)  # at 0, as it is at the start, the layers of the attention get no gradient
    seen = moves(gan, (data.images, data.labels), snapshot, moved)
    # While all answers are within the hinge, real and generated images pull the last bias equally, in two directions.
    assert seen["d"] | {("discriminator", "psi/bias")} == names(gan.discriminator)
    assert seen["g"] == names(gan.generator)


@pytest.mark.slow
def test_d_has_its_updates_each_with_its_part_of_the_images():
    gan, data = model(d_steps=3), noise((16, 16, 1), n=20)
    turns = list(gan.turns(ops.convert_to_tensor(data.images), ops.convert_to_tensor(data.labels)))
    assert [name for name, *_ in turns] == ["d", "d", "d", "g"]
    real = [ops.convert_to_numpy(x[0])[: len(target) // 2] for _, _, x, target in turns[:3]]
    wanted = np.concatenate([data.images[k::3] for k in range(3)]) / 127.5 - 1
    np.testing.assert_allclose(np.concatenate(real), wanted, atol=1e-6)
    for _, _, (images, labels), target in turns[:3]:
        half = len(target) // 2
        assert len(images) == len(labels) == 2 * half
        np.testing.assert_array_equal(labels[:half], labels[half:])
        np.testing.assert_array_equal(np.sign(target[:, 0]), [1] * half + [-1] * half)


def test_a_batch_too_small_for_ds_updates_is_refused():
    with pytest.raises(BookError, match="a batch of 32 cannot be cut into 33 updates of D"):
        model(d_steps=33)


def test_an_unknown_change_is_refused():
    with pytest.raises(BookError, match="is not known; choose one of: none, no-spectral-norm"):
        model(change="x")


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 50, 3), (100, 100, 3)], ids=str)
@pytest.mark.slow
def test_any_image_size_and_number_of_classes(shape):
    gan = model(shape, classes=3)
    samples = draw(gan.generator, [0, 1, 2], seed=0)
    assert samples.shape == (3, *shape) and samples.dtype == np.uint8
    assert gan.discriminator([np.zeros((3, *shape), "float32"), np.arange(3)]).shape == (3, 1)


# Class and latent point


def test_each_block_depends_on_its_part_of_the_latent_point_and_on_the_class():
    """A change of the last chunk, or of the class, reaches a block, but not the layers before it."""
    gan = model((28, 28, 1))
    inputs = keras.Model(gan.generator.inputs, [layer.output for layer in own(gan.generator, layers.Add)])
    z = latent_points(gan.generator, 4, seed=0)
    changed = z.copy()
    changed[:, -biggan.CHUNK :] += 1
    before, after = inputs([z, np.zeros(4)]), inputs([changed, np.zeros(4)])
    same = [bool(ops.all(ops.abs(a - b) < 1e-6)) for a, b in zip(before, after, strict=True)]
    assert not same[-1] and same[0]
    assert same == sorted(same, reverse=True), "everything after the first layer that differs must differ"
    other = inputs([z, np.ones(4)])
    assert not any(bool(ops.all(ops.abs(a - b) < 1e-6)) for a, b in zip(before, other, strict=True))


def test_the_gain_of_the_batch_normalization_is_one_plus_what_the_condition_says():
    h, condition = keras.Input((2, 2, 3)), keras.Input((4,))
    norm = keras.Model([h, condition], biggan.conditional_norm(h, condition, layers.Dense))
    x, c = np.random.default_rng(0).normal(size=(8, 2, 2, 3)), np.zeros((8, 4))
    x = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
    np.testing.assert_allclose(ops.convert_to_numpy(norm([x, c], training=True)), x, atol=2e-3)  # the condition 0: h
    gain, shift = own(norm, layers.Dense)
    gain.kernel.assign(np.full((4, 3), 0.25)), shift.kernel.assign(np.full((4, 3), 0.5))
    np.testing.assert_allclose(ops.convert_to_numpy(norm([x, c + 1], training=True)), 2 * x + 2, atol=5e-3)


def test_self_attention_starts_as_nothing_and_then_is_kerass_attention():
    h = keras.Input((4, 4, 8))
    network = keras.Model(h, biggan.self_attention(h, biggan.Parts(spectral=False)))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(network(x)), x)
    (gain,) = own(network, biggan.Gain)
    gain.gain.assign(1.0)
    far = x.copy()
    far[:, 3, 3] += 5
    moved = np.abs(ops.convert_to_numpy(network(far) - network(x))).max(axis=(0, 3))
    assert (moved > 0).all(), "every place sees the one that changed"


# What each change leaves out


def test_every_layer_with_a_kernel_is_spectrally_normalized_unless_it_is_left_out():
    spectral, plain = model(), model(change="no-spectral-norm")
    for name in ("generator", "discriminator"):
        kinds = {type(layer) for layer in own(getattr(spectral, name), (layers.Conv2D, layers.Dense))}
        assert kinds == {SpectralConv2D, SpectralDense}
        kinds = {type(layer) for layer in own(getattr(plain, name), (layers.Conv2D, layers.Dense))}
        assert kinds == {layers.Conv2D, layers.Dense}


@pytest.mark.slow
def test_without_attention_and_with_the_label_as_a_channel():
    assert own(model().generator, layers.Attention) and own(model().discriminator, layers.Attention)
    without = model(change="no-attention")
    assert not own(without.generator, layers.Attention) + own(without.discriminator, layers.Attention)
    channel = model(change="label-channel").discriminator
    assert not own(channel, layers.Dot) and own(model().discriminator, layers.Dot)
    x = np.zeros((2, 16, 16, 1), "float32")
    first, second = ops.convert_to_numpy(channel([x, np.array([0, 1])]))
    assert first != second


def test_orthogonal_regularization_wants_right_angles_and_any_length():
    regularizer = biggan.OffDiagonal(0.5)
    assert float(regularizer(ops.convert_to_tensor(3 * np.eye(4, 3, dtype="float32")))) == 0
    w = np.float32([[1, 1], [0, 1]])  # columns (1, 0) and (1, 1): their product is 1, twice
    assert float(regularizer(ops.convert_to_tensor(w))) == pytest.approx(0.5 * 2)
    assert float(regularizer(ops.convert_to_tensor(w.reshape(2, 1, 1, 2)))) == pytest.approx(0.5 * 2)
    regularized = model(beta=0.1)
    kernels = {type(layer.kernel_regularizer).__name__ for layer in own(regularized.generator, SpectralConv2D)}
    assert kernels == {"OffDiagonal"} and not own(regularized.discriminator, SpectralConv2D)[0].kernel_regularizer


def test_the_book_preset_has_the_numbers_of_the_authors_program():
    book = biggan.PRESETS["book"]
    assert (book.batch_size // book.d_steps, book.d_steps, book.rate_d, book.rate_g) == (50, 4, 2e-4, 2e-4)
    assert (book.width, book.average, book.change) == (64, 0.9999, "no-attention")


def test_the_losses_are_the_hinge_for_d_and_a_line_for_g():
    gan = model()
    answers = ops.convert_to_tensor([[3.0], [0.5], [-2.0]])
    real, fake = ops.ones((3, 1)), -ops.ones((3, 1))
    assert float(gan.discriminator.loss(real, answers)) == pytest.approx((0 + 0.5 + 3) / 3)
    assert float(gan.discriminator.loss(fake, answers)) == pytest.approx((4 + 1.5 + 0) / 3)
    assert float(gan.gan.loss(real, answers)) == pytest.approx(-0.5)
    assert ops.convert_to_numpy(biggan.same_sign(real, answers)).ravel().tolist() == [1, 1, 0]


@pytest.mark.slow
def test_a_saved_generator_makes_the_same_images(tmp_path):
    generator = model(beta=0.1).generator
    saving.save_network(generator, tmp_path / "generator.keras")
    again = saving.load_network(tmp_path / "generator.keras")
    z = latent_points(generator, 6, seed=0)
    np.testing.assert_array_equal(draw(generator, np.arange(6), z=z), draw(again, np.arange(6), z=z))


# Truncation


def test_truncated_points_stay_within_the_threshold_and_are_drawn_again_not_cut():
    whole, cut = (truncation.truncated_points(1000, 20, t, seed=0) for t in (None, 0.5))
    assert whole.shape == cut.shape == (1000, 20) and cut.dtype == np.float32
    assert whole.std() == pytest.approx(1, abs=0.02) and np.abs(whole).max() > 3
    assert np.abs(cut).max() <= 0.5 and np.mean(np.abs(cut) > 0.499) < 0.01
    np.testing.assert_array_equal(cut, truncation.truncated_points(1000, 20, 0.5, seed=0))


@pytest.mark.slow
def test_the_curve_of_a_generator():
    generator, data = model((28, 28, 1)).generator, noise(n=200)
    data = data.__class__(**{**vars(data), "name": "fashion_mnist"})
    rows = truncation.curve(generator, data, samples=100, thresholds=(None, 0.5))
    assert [row["threshold"] for row in rows] == [None, 0.5]
    assert all(0 <= row["precision"] <= 1 and 0 <= row["recall"] <= 1 for row in rows)
    assert all(row["frechet_distance"] > 0 and row["inception_score"] >= 1 for row in rows)


def test_precision_rises():
    assert truncation.rises([{"precision": p} for p in (0.6, 0.7, 0.7, 0.9)])
    assert not truncation.rises([{"precision": p} for p in (0.6, 0.7, 0.69, 0.9)])


# Exercises


def test_the_solutions_are_right(capsys):
    exercises.check_truncated(exercises.truncated_solution)
    exercises.check_attend(exercises.attend_solution)
    assert capsys.readouterr().out == "right\nright\n"


def test_wrong_solutions_are_not():
    def cut_off(n, d, t, rng):
        return np.clip(rng.standard_normal((n, d)), -t, t)

    with pytest.raises(AssertionError, match="were they cut off"):
        exercises.check_truncated(cut_off)
    with pytest.raises(AssertionError, match="softmax over j"):
        exercises.check_attend(
            lambda q, k, v: ops.matmul(ops.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1))), 1), v)
        )
