"""The networks of chapter 6, and who moves in each of its turns."""

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch06_cgan import cgan, classic, exercises
from gan_book.networks import scales
from gan_book.sampling import between_classes, draw, latent_points
from tests.chapters.common import moves, names, noise

NETWORKS = ["channel", "projection"]


def model(network, shape=(28, 28, 1), average=0.0, classes=10):
    settings = cgan.LESSON.settings("smoke", network=network, average=average, width=4, latent_dim=8)
    return cgan.build(settings, noise(shape, classes=classes))


def test_the_books_networks_have_the_published_sizes():
    # Embedding 10 x 50; dense 50 to 784; 3x3 convolutions 2 to 128 and 128 to 128; dense 7 x 7 x 128 to 1.
    discriminator = 500 + (50 * 784 + 784) + (9 * 2 * 128 + 128) + (9 * 128 * 128 + 128) + (6272 + 1)
    assert classic.define_discriminator().count_params() == discriminator == 196_773
    # Dense 100 to 7 x 7 x 128; embedding; dense 50 to 49; two 4x4 transposed convolutions; a 7x7 convolution to 1.
    generator = (100 * 6272 + 6272) + 500 + (50 * 49 + 49) + (16 * 129 * 128 + 128) + (16 * 128 * 128 + 128)
    generator += 49 * 128 + 1
    assert classic.define_generator().count_params() == generator == 1_169_336


def test_the_answers_to_the_exercises():
    assert cgan.define_discriminator().get_layer("v").count_params() == 20_480
    dense = next(layer for layer in cgan.define_generator().layers if isinstance(layer, keras.layers.Dense))
    assert dense.kernel.shape == (64 + 32, 7 * 7 * 128)
    assert dense.count_params() == max(layer.count_params() for layer in cgan.define_generator().layers)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_hinge(exercises.hinge_solution)
    squares = keras.losses.MeanSquaredError()
    for wrong in (lambda y, d: ops.mean(ops.relu(1 + y * d)), lambda y, d: ops.relu(1 - y * d), squares):
        with pytest.raises(AssertionError):
            exercises.check_hinge(wrong)
    generator, solution = model("projection").generator, exercises.mixed_labels_solution
    table = generator.get_layer("label_embedding").embeddings
    table.assign(np.random.default_rng(0).normal(0, 100, size=table.shape))  # so that the label changes the image
    z = latent_points(generator, 3, seed=0)
    exercises.check_mixed_labels(solution, generator, z)
    wrong = [
        lambda generator, z, a, b, t: solution(generator, z, b, a, t),
        lambda generator, z, a, b, t: solution(generator, z, a, b, float(t > 0.5)),
        lambda generator, z, a, b, t: solution(generator, z, a, b, t) / 255,
    ]
    for mixed in wrong:
        with pytest.raises(AssertionError):
            exercises.check_mixed_labels(mixed, generator, z)


def test_one_class_is_a_gan_without_labels(moved, snapshot):
    gan, data = model("projection", classes=1), noise(n=20, classes=1)
    seen = moves(gan, (data.images, data.labels), snapshot, moved)
    assert seen["g"] == names(gan.generator)


def test_the_book_preset_is_the_published_configuration():
    book = cgan.PRESETS["book"]
    assert (book.network, book.latent_dim, book.batch_size, book.epochs) == ("channel", 100, 128, 100)
    optimizer = cgan.build(book, noise()).discriminator.optimizer
    assert (float(optimizer.learning_rate), optimizer.beta_1) == (pytest.approx(2e-4), 0.5)
    rates = [layer.rate for layer in classic.define_discriminator().layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.4]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (50, 50, 1), (100, 100, 3)], ids=str)
def test_any_image_size(network, shape):
    gan = model(network, shape, classes=3)
    samples = draw(gan.generator, [0, 1, 2], seed=0)
    assert samples.shape == (3, *shape) and samples.dtype == np.uint8
    logits = gan.discriminator([np.zeros((3, *shape), "float32"), np.array([0, 1, 2])])
    assert logits.shape == (3, 1)


def test_networks_halve_the_side_until_4_to_8_pixels_are_left():
    assert [scales((side, side, 1)) for side in (8, 28, 32, 33, 64, 100, 256)] == [2, 2, 2, 3, 3, 4, 5]


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("network", NETWORKS)
def test_each_turn_moves_its_player_and_nobody_else(network, size, snapshot, moved):
    gan, data = model(network), noise(n=size)
    seen = moves(gan, (data.images, data.labels), snapshot, moved)
    assert seen["d_real"] == seen["d_fake"] == names(gan.discriminator)
    assert seen["g"] == names(gan.generator)


def test_heads_compute_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    for network in NETWORKS:
        gan = model(network)
        assert gan.generator.output.dtype == gan.discriminator.output.dtype == "float32"
        assert gan.generator.layers[-2].compute_dtype == "bfloat16"


def test_the_label_changes_the_image_and_can_be_mixed():
    for network in NETWORKS:
        generator = model(network).generator
        table = generator.get_layer("label_embedding").embeddings
        table.assign(np.random.default_rng(0).normal(size=table.shape))  # as training would: apart from each other
        z = latent_points(generator, 1, seed=0)
        walk = between_classes(generator, z[0], 3, 7, 5)
        ends = draw(generator, [3, 7], z=np.repeat(z, 2, axis=0))
        np.testing.assert_allclose(walk[[0, -1]].astype(int), ends.astype(int), atol=1)
        assert not np.array_equal(ends[0], ends[1])


def test_the_discriminators_verdict_depends_on_the_label():
    for network in NETWORKS:
        gan = model(network)
        image = np.random.default_rng(0).normal(size=(1, 28, 28, 1)).astype("float32").repeat(10, axis=0)
        logits = np.asarray(gan.discriminator([image, np.arange(10)]))
        assert len(np.unique(logits)) == 10


def test_augmentation_is_seen_by_the_discriminator_in_training_alone():
    plain, augmented = cgan.define_discriminator(width=4), cgan.define_discriminator(width=4, augment=1.0)
    assert augmented.count_params() == plain.count_params()
    augmented.set_weights(plain.get_weights())
    x, label = np.random.default_rng(0).uniform(-1, 1, (4, 28, 28, 1)).astype("float32"), np.arange(4)
    used = [keras.ops.convert_to_numpy(network([x, label], training=False)) for network in (plain, augmented)]
    np.testing.assert_allclose(*used, atol=1e-6)
    first, second = (keras.ops.convert_to_numpy(augmented([x, label], training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-6
