"""The perceptrons of 2014: sizes, optimizer, and who moves in each turn."""

import math

import keras
import numpy as np
import pytest

from chapters.ch06_cgan import mlp_cgan
from gan_book.errors import BookError
from gan_book.sampling import between_classes, draw, latent_points
from gan_book.training import train as training
from tests.chapters.common import moves, names, noise, tensors

NETWORKS = ["paper", "balanced"]


def model(shape=(28, 28, 1), classes=10, **changes):
    return mlp_cgan.build(mlp_cgan.LESSON.settings("smoke", **changes), noise(shape, classes=classes))


def trainable(network):
    return sum(math.prod(weight.shape) for weight in network.trainable_weights)


def test_the_papers_networks_have_the_sizes_of_section_4_1():
    # z 100 to 200; one-hot 10 to 1000; the 1200 joined to 1200; those to 784 pixels. A bias for every unit.
    generator = (100 * 200 + 200) + (10 * 1000 + 1000) + (1200 * 1200 + 1200) + (1200 * 784 + 784)
    assert trainable(mlp_cgan.define_generator()) == generator == 2_413_984
    # Pieces count like units: 784 to 240 x 5; 10 to 50 x 5; the 290 joined to 240 x 4; those to 1.
    discriminator = (784 * 1200 + 1200) + (10 * 250 + 250) + (290 * 960 + 960) + (240 + 1)
    assert trainable(mlp_cgan.define_discriminator("adam")) == discriminator == 1_224_351
    # What is not learned is the 10 x 10 identity matrix alone.
    assert mlp_cgan.define_generator().count_params() == generator + 100
    assert mlp_cgan.define_discriminator("adam").count_params() == discriminator + 100


def test_balancing_adds_nothing_but_batch_normalization():
    # A scale and a shift for each of 1200 units, learned, and a moving mean and variance, not learned.
    plain, balanced = mlp_cgan.define_generator(), mlp_cgan.define_generator(balanced=True)
    assert trainable(balanced) - trainable(plain) == 2 * 1200
    assert balanced.count_params() - plain.count_params() == 4 * 1200


def test_the_discriminators_hidden_units_are_maxout():
    network = mlp_cgan.define_discriminator("adam")
    pieces = [layer.target_shape for layer in network.layers if isinstance(layer, keras.layers.Reshape)]
    assert sorted(pieces) == [(50, 5), (240, 4), (240, 5)]


def test_the_label_is_a_one_hot_vector():
    label = keras.Input((), dtype="int32")
    network = keras.Model(label, mlp_cgan.one_hot(label, 4))
    np.testing.assert_array_equal(network(np.array([2, 0])), [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert network.trainable_weights == []


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 24, 3)], ids=str)
def test_shapes_and_ranges(network, shape):
    gan = model(shape, classes=3, network=network)
    labels = np.array([0, 1, 2, 0])
    x = np.asarray(gan.generator([latent_points(gan.generator, 4), labels]))
    assert x.shape == (4, *shape) and x.dtype == np.float32
    assert x.min() >= -1 and x.max() <= 1 and x.min() < 0 < x.max()
    assert gan.discriminator([x, labels]).shape == (4, 1)
    assert draw(gan.sampler, labels).dtype == np.uint8


def test_latent_points_fill_the_unit_hypercube():
    gan = model()
    for z in (np.asarray(gan.latent_points(2000)), latent_points(gan.generator, 2000)):
        assert z.shape == (2000, 100)
        assert 0 <= z.min() < 0.01 and 0.99 < z.max() <= 1
        assert abs(z.mean() - 0.5) < 0.01 and abs(z.std() - 12**-0.5) < 0.01


def test_balancing_standardises_the_latent_points():
    generator = mlp_cgan.define_generator(balanced=True)
    standard = keras.Model(generator.inputs[0], generator.layers[_first_rescaling(generator)].output)
    z = np.asarray(standard(latent_points(generator, 2000)))
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02


def _first_rescaling(network):
    return next(i for i, layer in enumerate(network.layers) if isinstance(layer, keras.layers.Rescaling))


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("network", NETWORKS)
def test_each_turn_moves_its_player_and_nobody_else(network, size, snapshot, moved):
    gan = model(network=network)
    seen = moves(gan, tensors(size), snapshot, moved)
    assert seen["d"] == names(gan.discriminator)
    assert seen["g"] == names(gan.generator)


def test_the_discriminator_sees_each_real_and_each_generated_image_once():
    gan, data = model(), noise()
    name, player, (x, labels), y = next(gan.turns(*tensors()))
    assert (name, player) == ("d", gan.discriminator)
    np.testing.assert_allclose(np.asarray(x)[:40], data.images / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(labels, np.tile(data.labels, 2))
    np.testing.assert_array_equal(np.asarray(y)[:, 0], [1] * 40 + [0] * 40)


def test_dropout_is_active_while_training_and_only_then():
    gan = model(network="paper", generator_dropout=0.5)
    z, labels = gan.latent_points(4), keras.ops.arange(4)
    x = gan.generator([z, labels])
    for network, inputs in ((gan.generator, [z, labels]), (gan.discriminator, [x, labels])):
        first, second = (np.asarray(network(inputs, training=True)) for _ in range(2))
        assert not np.allclose(first, second), network.name
        np.testing.assert_array_equal(network(inputs), network(inputs))


def test_the_book_preset_is_the_papers():
    book = mlp_cgan.PRESETS["book"]
    assert (book.data, book.batch_size, book.latent_dim, book.network) == ("mnist", 100, 100, "paper")
    gan = model(
        network=book.network,
        optimizer=book.optimizer,
        learning_rate=book.learning_rate,
        generator_dropout=book.generator_dropout,
        discriminator_dropout=book.discriminator_dropout,
    )
    for network, rates in ((gan.generator, [0.5, 0.5]), (gan.discriminator, [0.2, 0.5, 0.5])):
        found = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
        assert sorted(found) == rates
    for player in (gan.discriminator, gan.gan):
        assert isinstance(player.optimizer, mlp_cgan.RisingMomentumSGD)
        assert float(player.optimizer.learning_rate) == pytest.approx(0.1)


def test_the_learning_rate_decays_as_in_the_paper():
    rate = mlp_cgan.DecayToFloor()
    for step in (0, 1, 600, 100_000, 287_828):
        assert float(rate(step)) == pytest.approx(0.1 / 1.00004**step, rel=1e-4)
    assert float(rate(287_828)) > 1e-6
    assert float(rate(287_829)) == float(rate(10_000_000)) == pytest.approx(1e-6, rel=1e-6)
    # The answer to exercise 2, and the length of the book preset.
    steps = math.log(0.1 / 1e-6) / math.log(1.00004)
    assert math.ceil(steps) == 287_829
    assert math.ceil(steps / 600) == mlp_cgan.PRESETS["book"].epochs == 480


def test_the_momentum_rises_from_a_half_to_seven_tenths():
    optimizer = mlp_cgan.paper_sgd()
    for step, momentum in ((0, 0.5), (75_000, 0.6), (150_000, 0.7), (1_000_000, 0.7)):
        optimizer.iterations.assign(step)
        assert float(optimizer.current_momentum()) == pytest.approx(momentum)


def test_an_update_follows_its_formula():
    optimizer = mlp_cgan.RisingMomentumSGD(0.1, momentum=0.5, final_momentum=0.7, rise_steps=2)
    weight = keras.Variable([1.0, -2.0])
    optimizer.build([weight])
    expected, velocity = np.array([1.0, -2.0]), np.zeros(2)
    for momentum in (0.5, 0.6, 0.7, 0.7):
        gradient = 3 * expected
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))])
        velocity = momentum * velocity - 0.1 * gradient
        expected = expected + velocity
        np.testing.assert_allclose(np.asarray(weight), expected, rtol=1e-5)


def test_the_optimizer_survives_saving():
    optimizer = mlp_cgan.RisingMomentumSGD(mlp_cgan.DecayToFloor(0.2, 1.5, 0.01), rise_steps=10)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    for step in (0, 3, 20):
        optimizer.iterations.assign(step)
        copy.iterations.assign(step)
        assert float(copy.learning_rate) == float(optimizer.learning_rate)
        assert float(copy.current_momentum()) == float(optimizer.current_momentum())


def test_labels_can_be_mixed():
    generator = model().generator
    z = latent_points(generator, 1)
    walk = between_classes(generator, z[0], 3, 7, 5)
    ends = draw(generator, [3, 7], z=np.repeat(z, 2, axis=0))
    np.testing.assert_allclose(walk[[0, -1]].astype(int), ends.astype(int), atol=1)
    assert not np.array_equal(ends[0], ends[1])


@pytest.mark.parametrize("setting", ["network", "optimizer"])
def test_an_unknown_choice_says_what_there_is(setting):
    with pytest.raises(BookError, match=f"{setting} 'none' is not known; choose one of: .*, "):
        model(**{setting: "none"})


@pytest.mark.slow
def test_smoke_trains_from_settings_to_report(pictures, tmp_path):
    """On pictures of another size and number of classes than MNIST's."""
    settings = mlp_cgan.LESSON.settings(
        "smoke", data=str(pictures), epochs=1, batch_size=8, image_size=12, measure_samples=20
    )
    run = training.train(mlp_cgan.LESSON, settings, "smoke", out=tmp_path / "run", tell=lambda line: None)
    assert run.report["steps"] > 0
    rows = run.log.read_text().splitlines()
    assert len(rows) == 2 and {"d_loss", "g_loss", "d_accuracy"} <= set(rows[0].split(","))
    assert len(np.unique(draw(run.load("generator"), [0, 1]))) > 1


@pytest.mark.slow
def test_the_papers_optimizer_trains_in_bfloat16(snapshot, moved):
    keras.config.set_dtype_policy("mixed_bfloat16")
    gan = model(network="paper", optimizer="sgd", learning_rate=0.1)
    gan.compile()
    weights = gan.generator.trainable_weights + gan.discriminator.trainable_weights
    before = snapshot(weights)
    for _ in range(3):
        logs = gan.train_on_batch(*tensors(), return_dict=True)
        assert np.isfinite(list(logs.values())).all()
    assert moved(before, weights) == set(before)
