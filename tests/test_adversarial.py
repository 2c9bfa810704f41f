"""Who moves in whose turn: proved by weight name. Run on TensorFlow, and on JAX by `test_jax.py`."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gan_book.adversarial import AdversarialModel, Composite
from tests import tiny

WITH_AND_WITHOUT = pytest.mark.parametrize("batch_norm", [True, False], ids=["batch_norm", "plain"])


def statistics(model):
    """Paths of the moving averages of batch normalization: state, but nothing an optimizer trains."""
    return {v.path for v in model.non_trainable_weights}


def trained(model):
    return {v.path for v in model.trainable_weights}


@WITH_AND_WITHOUT
@pytest.mark.parametrize("turn", ["d_real", "d_fake"])
def test_discriminator_turn_moves_all_of_d_and_nothing_of_g(batch_norm, turn, snapshot, moved):
    gan = tiny.TinyGAN(batch_norm, played=[turn])
    gan.compile()
    for size in (16, 10):
        g, d = snapshot(gan.generator.weights), snapshot(gan.discriminator.weights)
        gan.train_on_batch(*tiny.data(size))
        # Every class occurs, so every row of the embedding has a gradient; BN statistics of G follow its forward pass.
        assert moved(d, gan.discriminator.weights) == set(d)
        assert moved(g, gan.generator.weights) <= statistics(gan.generator)


@WITH_AND_WITHOUT
def test_generator_turn_moves_all_of_g_and_no_trainable_weight_of_d(batch_norm, snapshot, moved):
    gan = tiny.TinyGAN(batch_norm, played=["g"])
    gan.compile()
    for size in (16, 10):
        g, d = snapshot(gan.generator.weights), snapshot(gan.discriminator.weights)
        gan.train_on_batch(*tiny.data(size))
        assert moved(g, gan.generator.weights) == set(g)
        assert moved(d, gan.discriminator.weights) == statistics(gan.discriminator)


@WITH_AND_WITHOUT
def test_all_turns_in_fit_move_everything(batch_norm, snapshot, moved):
    gan = tiny.TinyGAN(batch_norm)
    gan.compile()
    for size in (16, 8):
        before = snapshot(gan.generator.weights + gan.discriminator.weights)
        gan.fit(*tiny.data(), batch_size=size, verbose=0)
        assert moved(before, gan.generator.weights + gan.discriminator.weights) == set(before)


def test_turns_stay_apart_after_an_eager_call(snapshot, moved):
    gan = tiny.TinyGAN(played=["g"])
    gan.compile()
    x, label = tiny.data(16)
    gan.discriminator([x, label], training=True)
    gan.gan([np.zeros((16, tiny.LATENT), "float32"), label], training=False)
    g, d = snapshot(gan.generator.weights), snapshot(gan.discriminator.weights)
    gan.train_on_batch(x, label)
    assert moved(g, gan.generator.weights) == set(g)
    assert moved(d, gan.discriminator.weights) == statistics(gan.discriminator)


def test_composite_and_discriminator_train_apart_whichever_is_traced_first(snapshot, moved):
    """The order that kills the classic way: the composite's step exists before the discriminator's."""
    generator, discriminator = tiny.define_generator(), tiny.define_discriminator()
    gan = tiny.define_gan(generator, discriminator)
    x, label = tiny.data(16)
    z = np.random.default_rng(0).normal(size=(16, tiny.LATENT)).astype("float32")
    for size in (16, 10):
        d = snapshot(discriminator.trainable_weights)
        gan.train_on_batch([z[:size], label[:size]], np.ones((size, 1)))
        assert moved(d, discriminator.trainable_weights) == set()
        discriminator.train_on_batch([x[:size], label[:size]], np.ones((size, 1)))
        assert moved(d, discriminator.trainable_weights) == set(d)


def test_composite_keeps_freezing_after_save_and_reload(tmp_path, snapshot, moved):
    generator, discriminator = tiny.define_generator(), tiny.define_discriminator()
    gan = tiny.define_gan(generator, discriminator)
    z, label = np.random.default_rng(0).normal(size=(12, tiny.LATENT)).astype("float32"), tiny.data(12)[1]
    answers = gan.predict([z, label], verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", safe_mode=True)
    assert isinstance(loaded, Composite)
    np.testing.assert_allclose(loaded.predict([z, label], verbose=0), answers, rtol=1e-5, atol=1e-6)
    critic = loaded.get_layer("discriminator")
    before = snapshot(loaded.weights)
    loaded.train_on_batch([z, label], np.ones((12, 1)))
    changed = moved(before, loaded.weights)
    assert not changed & trained(critic)
    assert trained(loaded) <= changed


def test_composite_counts_each_variable_once_and_on_one_side():
    generator, discriminator = tiny.define_generator(), tiny.define_discriminator()
    gan = tiny.define_gan(generator, discriminator)
    assert {id(v) for v in gan.trainable_weights} == {id(v) for v in generator.trainable_weights}
    sides = [id(v) for v in [*gan.trainable_variables, *gan.non_trainable_variables]]
    assert sorted(sides) == sorted(id(v) for v in gan.variables)
    assert len(discriminator.trainable_weights) > 0, "freezing is the composite's business alone"


def test_a_layer_can_be_frozen_instead_of_a_network(snapshot, moved):
    discriminator = tiny.define_discriminator(batch_norm=False)
    head_only = Composite(
        discriminator.inputs,
        discriminator.outputs,
        frozen=[discriminator.get_layer("d_hidden"), discriminator.get_layer("d_embedding")],
    )
    head_only.compile("sgd", tiny.cross_entropy())
    x, label = tiny.data(12)
    before = snapshot(discriminator.weights)
    head_only.train_on_batch([x, label], np.ones((12, 1)))
    head = {v.path for v in discriminator.get_layer("d_out").weights}
    assert moved(before, discriminator.weights) == head


class Shares(AdversarialModel):
    """Turns whose losses are known: the share of ones in the targets, twice by the same player."""

    def __init__(self):
        super().__init__()
        inputs = keras.Input((1,))
        self.player = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)(inputs))
        self.player.compile(keras.optimizers.SGD(0.0), "mean_absolute_error")

    def turns(self, x, y):
        yield "first", self.player, x, y
        yield "second", self.player, x, 10 * y


def test_logs_carry_the_turns_name_and_both_kinds_of_mean():
    model = Shares()
    model.compile()
    x = np.zeros((8, 1), "float32")
    y = np.array([1, 1, 1, 1, 3, 3, 3, 3], "float32")[:, None]
    assert model.train_on_batch(x[:4], y[:4], return_dict=True) == {"first_loss": 1.0, "second_loss": 10.0}
    assert model.train_on_batch(x[4:], y[4:], return_dict=True) == {"first_loss": 3.0, "second_loss": 30.0}
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    assert history == {"first_loss": [2.0, 2.0], "second_loss": [20.0, 20.0]}


def test_the_mean_over_an_epoch_weighs_a_short_last_batch_by_its_size():
    model = Shares()
    model.compile()
    y = np.array([1, 1, 1, 1, 6], "float32")[:, None]
    history = model.fit(np.zeros((5, 1), "float32"), y, batch_size=4, shuffle=False, verbose=0).history
    assert history["first_loss"] == [2.0]


@pytest.mark.slow
def test_compiled_metrics_are_logged_per_turn():
    gan = tiny.TinyGAN()
    gan.compile()
    logs = gan.train_on_batch(*tiny.data(16), return_dict=True)
    assert set(logs) == {"d_real_loss", "d_real_accuracy", "d_fake_loss", "d_fake_accuracy", "g_loss"}
    assert 0 <= logs["d_real_accuracy"] <= 1


def weighing(discriminator, targets, weights):
    def turns(x, label):
        yield "d", discriminator, [x, label], targets, weights

    return turns


def test_a_turn_may_weigh_its_samples():
    """A sample of weight 0 teaches nothing: as if the batch had other targets there."""
    ends = []
    for changed in (0.0, 1.0):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        model = tiny.TinyGAN()
        x, label = tiny.data(8)
        targets = np.ones((8, 1), "float32")
        targets[:4] = changed
        weights = np.repeat([0.0, 1.0], 4).astype("float32")
        model.turns = weighing(model.discriminator, targets, weights)
        model.compile()
        model.train_on_batch(x, label)
        ends.append(model.discriminator.get_weights())
    for a, b in zip(*ends, strict=True):
        np.testing.assert_array_equal(a, b)


def test_validation_plays_without_learning(snapshot, moved):
    gan = tiny.TinyGAN()
    gan.compile()
    gan.train_on_batch(*tiny.data(16))
    before = snapshot(gan.generator.trainable_weights + gan.discriminator.trainable_weights)
    logs = gan.evaluate(*tiny.data(32), batch_size=16, verbose=0, return_dict=True)
    assert set(logs) >= {"d_real_loss", "g_loss"}
    assert moved(before, gan.generator.trainable_weights + gan.discriminator.trainable_weights) == set()
    history = gan.fit(*tiny.data(32), batch_size=16, validation_data=tiny.data(16), verbose=0).history
    assert "val_d_real_loss" in history


@pytest.mark.slow
def test_several_steps_in_one_execution_are_the_same_steps(snapshot):
    ends = []
    for steps in (1, 4):
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        gan = tiny.TinyGAN(batch_norm=False)
        gan.compile(steps_per_execution=steps)
        gan.fit(*tiny.data(64), batch_size=8, epochs=2, shuffle=False, verbose=0)
        ends.append(snapshot(gan.generator.weights + gan.discriminator.weights))
    for path, value in ends[0].items():
        np.testing.assert_allclose(value, ends[1][path], rtol=1e-4, atol=1e-5, err_msg=path)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_everything(policy, snapshot, moved):
    keras.config.set_dtype_policy(policy)
    gan = tiny.TinyGAN()
    gan.compile()
    scaled = [isinstance(p.optimizer, keras.optimizers.LossScaleOptimizer) for p in gan.players]
    assert scaled == [policy == "mixed_float16"] * 2
    weights = gan.generator.trainable_weights + gan.discriminator.trainable_weights
    assert {v.dtype for v in weights} == {"float32"}
    before = snapshot(weights)
    logs = [gan.train_on_batch(*tiny.data(32, seed), return_dict=True) for seed in range(3)]
    assert all(np.isfinite(list(values.values())).all() for values in logs)
    assert moved(before, weights) == set(before)


def test_loss_scaling_skips_a_step_that_overflows_and_halves_the_scale(snapshot, moved):
    keras.config.set_dtype_policy("mixed_float16")
    gan = tiny.TinyGAN(batch_norm=False, played=["d_real"])
    gan.compile()
    x, label = tiny.data(16)
    gan.train_on_batch(x, label)
    scale = float(gan.discriminator.optimizer.dynamic_scale)
    before = snapshot(gan.discriminator.trainable_weights)
    gan.train_on_batch(np.full_like(x, np.inf), label)
    assert moved(before, gan.discriminator.trainable_weights) == set()
    assert float(gan.discriminator.optimizer.dynamic_scale) == scale / 2


def test_the_moving_average_follows_its_formula():
    gan = tiny.TinyGAN(average=0.9, played=["g"])
    gan.compile()
    kernel, average = gan.generator.get_layer("g_out").kernel, gan.sampler.get_layer("g_out").kernel
    expected = ops.convert_to_numpy(average).copy()
    np.testing.assert_array_equal(expected, ops.convert_to_numpy(kernel))
    for t in range(1, 4):
        gan.train_on_batch(*tiny.data(16))
        m = min(0.9, (1 + t) / (10 + t))
        expected = m * expected + (1 - m) * ops.convert_to_numpy(kernel)
        np.testing.assert_allclose(ops.convert_to_numpy(average), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_noise_differs_from_step_to_step_and_comes_back_with_the_seed():
    def losses(seed):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        gan = tiny.TinyGAN(played=["g"], seed=seed)
        gan.gan.optimizer.learning_rate = 0.0
        gan.compile()
        return [float(gan.train_on_batch(*tiny.data(16), return_dict=True)["g_loss"]) for _ in range(3)]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)
    assert len(set(losses(1))) == 3


class TwoHeads(AdversarialModel):
    """A player with a loss for each of two answers, whose metrics Keras makes when it sees the first batch."""

    def __init__(self):
        super().__init__()
        x = keras.Input((1,))
        self.player = keras.Model(x, {name: layers.Dense(1, name=name)(x) for name in ("left", "right")})
        self.player.compile(keras.optimizers.Adam(), {"left": "mse", "right": "mae"}, metrics={"left": ["mae"]})
        self.traced = 0

    def turns(self, x, y):
        self.traced += 1
        yield "both", self.player, x, {"left": y, "right": y}


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX first traces the shapes alone")
def test_a_step_is_traced_once_although_metrics_are_made_in_it():
    model = TwoHeads()
    model.compile()
    history = model.fit(*np.ones((2, 8, 1), "float32"), batch_size=4, epochs=2, verbose=0).history
    assert set(history) == {"both_loss", "both_left_loss", "both_right_loss", "both_left_mae"}
    assert model.traced == 1


@pytest.mark.slow
def test_later_batches_are_not_traced_again():
    """On JAX, Keras asks before every `fit` and `train_on_batch` for a trace that makes the variables."""
    gan, traced = tiny.TinyGAN(), []
    turns = gan.turns
    gan.turns = lambda x, label: (traced.append(True), turns(x, label))[1]
    gan.compile()
    for train in (gan.train_on_batch, lambda *batch: gan.fit(*batch, batch_size=16, verbose=0)):
        train(*tiny.data(16))
        first = len(traced)
        train(*tiny.data(16))
        assert len(traced) == first
    gan.compile()  # throws the function away, and perhaps the variables
    gan.train_on_batch(*tiny.data(16))
    assert len(traced) > first


def test_a_model_without_turns_says_what_is_missing():
    model = AdversarialModel()
    model.discriminator = tiny.define_discriminator()
    model.compile()
    with pytest.raises(NotImplementedError, match="turns"):
        model.train_on_batch(np.zeros((2, 1)), np.zeros((2, 1)))
