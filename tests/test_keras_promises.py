"""What Keras promises of a model holds for `AdversarialModel`, before and after training; on JAX by `test_jax.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from gan_book.adversarial import AdversarialModel
from gan_book.errors import BookError
from tests import tiny


@pytest.fixture(params=["before training", "after training"])
def model(request):
    return made(trained=request.param == "after training")


def made(trained=False, seed=0, **options):
    keras.utils.set_random_seed(seed)
    model = tiny.TinyGAN(average=0.9, seed=seed)
    model.compile(**options)
    if trained:
        model.fit(*tiny.data(32), batch_size=16, verbose=0)
    return model


def state(model):
    """Everything a training needs: weights, averages, random states, and every optimizer's."""
    return [ops.convert_to_numpy(v) for v in [*model.variables, *model.optimizer.variables]]


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_summary_lists_the_networks(model):
    lines = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    assert all(name in "\n".join(lines) for name in ("generator", "discriminator", "gan"))


@pytest.mark.slow
def test_weights_averages_and_optimizers_reload_equal(model, tmp_path):
    model.save_weights(tmp_path / "all.weights.h5")
    other = made(trained=True, seed=1)
    other.load_weights(tmp_path / "all.weights.h5")
    assert_equal(state(model), state(other))


@pytest.mark.slow
def test_training_goes_on_from_reloaded_weights_as_if_never_stopped(tmp_path):
    model, other = made(trained=True), made(trained=True, seed=1)
    model.save_weights(tmp_path / "all.weights.h5")
    other.load_weights(tmp_path / "all.weights.h5")
    for each in (model, other):
        each.fit(*tiny.data(32, seed=5), batch_size=16, shuffle=False, verbose=0)
    assert_equal(state(model), state(other))


@pytest.mark.parametrize("act", ["save", "export", "predict", "call", "get_config"])
def test_what_cannot_be_done_says_what_to_do_instead(model, act, tmp_path):
    calls = {
        "save": lambda: model.save(tmp_path / "model.keras"),
        "export": lambda: model.export(tmp_path / "model"),
        "predict": lambda: model.predict(np.zeros((2, tiny.LATENT))),
        "call": lambda: model(np.zeros((2, tiny.LATENT))),
        "get_config": lambda: keras.models.clone_model(model),
    }
    with pytest.raises(BookError) as refused:
        calls[act]()
    sentence = str(refused.value)
    assert "TinyGAN" in sentence and "\n" not in sentence
    assert ("load_weights" if act == "get_config" else "generator") in sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["optimizer", "loss", "metrics"])
def test_compiling_the_whole_with_what_belongs_to_a_network_is_refused(name):
    with pytest.raises(BookError, match=f"its own {name}"):
        tiny.TinyGAN().compile(**{name: "adam"})


def fit(model, *callbacks, epochs=3, **options):
    return model.fit(*tiny.data(32), batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)


@pytest.mark.slow
def test_model_checkpoint_and_its_return(tmp_path):
    model = made()
    fit(model, keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True))
    other = made(seed=1)
    other.load_weights(tmp_path / "3.weights.h5")
    assert_equal(state(model), state(other))


def test_model_checkpoint_of_the_whole_model_says_what_to_save(tmp_path):
    with pytest.raises(BookError, match="save_weights_only=True"):
        fit(made(), keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"))


@pytest.mark.slow
def test_backup_and_restore_goes_on_where_it_stopped(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup")  # noqa: E731
    whole, broken = made(), made()
    fit(whole, shuffle=False)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, backup(), Stop(), shuffle=False)
    again = made(seed=1)
    fit(again, backup(), shuffle=False)
    assert_equal(state(whole), state(again))


@pytest.mark.slow
def test_early_stopping_stops_and_brings_the_best_weights_back():
    model, best = made(), made()
    stop = keras.callbacks.EarlyStopping("g_loss", patience=2, mode="min", min_delta=1e9, restore_best_weights=True)
    assert len(fit(model, stop, epochs=9, shuffle=False).epoch) == 3
    fit(best, epochs=1, shuffle=False)
    assert_equal(model.generator.get_weights(), best.generator.get_weights())


@pytest.mark.slow
def test_tensorboard_writes(tmp_path):
    pytest.importorskip("tensorboard")
    fit(made(), keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, write_steps_per_second=True))
    assert list(tmp_path.rglob("events.*"))


def rates(model):
    return [float(ops.convert_to_numpy(player.optimizer.learning_rate)) for player in model.players]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_learning_rate_scheduler_sets_the_rate_of_every_network(policy):
    keras.config.set_dtype_policy(policy)
    model = made()
    fit(model, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2))
    np.testing.assert_allclose(rates(model), [1e-2 / 8] * 2, rtol=1e-5)


@pytest.mark.slow
def test_the_rate_is_reduced_on_a_plateau():
    model = made()
    fit(model, keras.callbacks.ReduceLROnPlateau("g_loss", 0.1, patience=0, mode="min", min_delta=1e9), epochs=3)
    assert max(rates(model)) < 1e-2


def test_a_scheduler_does_not_guess_between_different_rates():
    model = tiny.TinyGAN()
    model.gan.optimizer.learning_rate = 1e-4
    model.compile()
    with pytest.raises(BookError, match=r"discriminator 0\.01, gan 0\.0001"):
        fit(model, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2))
    assert rates(model) == pytest.approx([1e-2, 1e-4])


@pytest.mark.slow
def test_each_network_may_have_a_schedule_of_its_own():
    model = tiny.TinyGAN()
    decay = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=1, decay_rate=0.5)
    model.gan.compile(keras.optimizers.Adam(decay), tiny.cross_entropy())
    model.compile()
    fit(model, epochs=1)
    np.testing.assert_allclose(rates(model), [1e-2, 1e-2 / 4], rtol=1e-5)


class Unlabelled(tiny.TinyGAN):
    """A GAN whose `turns` takes images alone."""

    def turns(self, x):
        yield from super().turns(x, ops.zeros(ops.shape(x)[0], "int32"))


def stream(parts, batch=16):
    """A Python generator of batches."""
    while True:
        for start in range(0, 32, batch):
            yield tuple(part[start : start + batch] for part in parts)


class Sequence(keras.utils.PyDataset):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return next(b for number, b in enumerate(stream(self.parts)) if number == index)


def as_dataset(parts):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(16)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [True, False], ids=["with labels", "without"])
@pytest.mark.parametrize("way", ["arrays", "tf.data", "PyDataset", "generator"])
def test_fit_takes_data_in_every_form(way, labels, moved, snapshot):
    x, label = tiny.data(32)
    parts = (x, label) if labels else (x,)
    model = tiny.TinyGAN() if labels else Unlabelled()
    model.compile()
    before = snapshot(model.generator.weights + model.discriminator.weights)
    forms = {
        "arrays": lambda: (parts, {"batch_size": 16}),
        "tf.data": lambda: ((as_dataset(parts),), {}),
        "PyDataset": lambda: ((Sequence(parts),), {}),
        "generator": lambda: ((stream(parts),), {"steps_per_epoch": 2}),
    }
    data, options = forms[way]()
    history = model.fit(*data, epochs=2, verbose=0, **options).history
    assert set(history) == {"d_real_loss", "d_real_accuracy", "d_fake_loss", "d_fake_accuracy", "g_loss"}
    still = set(before) - moved(before, model.generator.weights + model.discriminator.weights)
    assert all("embedding" in path for path in still) and (not still or not labels)


def test_a_batch_of_another_form_than_turns_takes_is_one_sentence():
    model = made()
    with pytest.raises(BookError, match=r"TinyGAN\.turns\(x, label\) does not fit a batch of 1"):
        model.fit(tiny.data(32)[0], batch_size=16, verbose=0)
    other = Unlabelled()
    other.compile()
    with pytest.raises(BookError, match="batch of 2"):
        other.fit(*tiny.data(32), batch_size=16, verbose=0)


def test_turns_may_take_a_dictionary():
    class OfDicts(tiny.TinyGAN):
        def turns(self, batch):
            yield from super().turns(batch["x"], batch["label"])

    model = OfDicts()
    model.compile()
    x, label = tiny.data(32)
    model.fit({"x": x, "label": label}, batch_size=16, verbose=0)


def test_sample_weights_reach_turns_as_a_third_part():
    seen = []

    class Weighed(tiny.TinyGAN):
        def turns(self, x, label, weight):
            seen.append(weight.shape)
            yield from super().turns(x, label)

    model = Weighed()
    model.compile()
    model.fit(*tiny.data(32), sample_weight=np.ones(32), batch_size=16, verbose=0)
    assert seen


@pytest.mark.slow
def test_validation_and_evaluate_train_nothing(snapshot, moved):
    model = made(trained=True)
    learned = [w for network in (model.generator, model.discriminator) for w in network.trainable_weights]
    before = snapshot(learned)
    values = model.evaluate(*tiny.data(32), batch_size=16, verbose=0, return_dict=True)
    assert set(values) == {"d_real_loss", "d_real_accuracy", "d_fake_loss", "d_fake_accuracy", "g_loss"}
    assert not moved(before, learned)
    history = fit(model, epochs=1, validation_data=tiny.data(16, seed=1)).history
    assert {f"val_{name}" for name in values} <= set(history)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"run_eagerly": True}, {"steps_per_execution": 2}], ids=str)
def test_other_ways_to_run_the_step(options, snapshot, moved):
    model = made(**options)
    before = snapshot(model.generator.weights + model.discriminator.weights)
    fit(model, epochs=1)
    assert moved(before, model.generator.weights + model.discriminator.weights) == set(before)


# What `turns` yields is checked


def with_turns(turns):
    class Model(tiny.TinyGAN):
        pass

    Model.turns = turns
    model = Model()
    model.compile()
    return model


def forgets_the_name(self, x, label):
    yield self.discriminator, [x, label], ops.ones((16, 1))


def forgets_the_target(self, x, label):
    yield "d", self.discriminator, [x, label]


def returns(self, x, label):
    return "d", self.discriminator, [x, label], ops.ones((16, 1))


def forgets_the_network(self, x, label):
    yield "critic", x, label, ops.ones((16, 1))


def takes_one_that_is_not_compiled(self, x, label):
    yield "critic", self.generator, [x, label], x


OUTSIDE = []


def takes_one_from_outside(self, x, label):
    yield "critic", OUTSIDE[0], [x, label], ops.ones((16, 1))


def draws_with_numpy(self, x, label):
    yield "d", self.discriminator, [x + np.random.normal(), label], ops.ones((16, 1))


@pytest.mark.parametrize(
    "turns, names",
    [
        (forgets_the_name, ["turn 1", "Model.turns", "no name"]),
        (forgets_the_target, ["turn 'd'", "3 parts"]),
        (returns, ["Model.turns", "yield"]),
        (forgets_the_network, ["turn 'critic'", "second part"]),
        (takes_one_that_is_not_compiled, ["turn 'critic'", "'generator' is not compiled"]),
        (takes_one_from_outside, ["turn 'critic'", "'elsewhere'", "no attribute"]),
        (draws_with_numpy, ["np.random", "turn 'd'", "keras.random"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_turn_that_is_none_is_named_in_one_sentence(turns, names):
    elsewhere = tiny.define_discriminator()
    OUTSIDE[:] = [keras.Model(elsewhere.inputs, elsewhere.outputs, name="elsewhere")]
    OUTSIDE[0].compile("sgd", tiny.cross_entropy())
    with pytest.raises(BookError) as refused:
        with_turns(turns).train_on_batch(*tiny.data(16))
    sentence = str(refused.value)
    assert "\n" not in sentence and all(name in sentence for name in names), sentence


def test_numpy_may_draw_where_every_step_runs_python():
    class Noisy(tiny.TinyGAN):
        turns = draws_with_numpy

    model = Noisy()
    model.compile(run_eagerly=True)
    if keras.backend.backend() == "tensorflow":  # JAX traces its gradients even then
        model.train_on_batch(*tiny.data(16))


def test_a_frozen_discriminator_is_found_when_the_model_is_compiled():
    model = tiny.TinyGAN()
    model.discriminator.trainable = False
    with pytest.raises(BookError, match="'discriminator' has nothing to train"):
        model.compile()


def classic(shares):
    class Classic(tiny.TinyGAN):
        shares_weights = shares

        def __init__(self):
            super().__init__()
            answer = self.discriminator([self.generator.output, self.generator.inputs[1]])
            self.gan = keras.Model(self.generator.inputs, answer, name="gan")
            self.gan.compile("adam", tiny.cross_entropy())

    return Classic()


def test_two_networks_that_train_the_same_weights_are_found():
    with pytest.raises(BookError, match="'discriminator' and 'gan' both train"):
        classic(shares=False).compile()
    classic(shares=True).compile()  # said to be meant


def test_a_composite_must_say_what_it_freezes():
    generator, discriminator = tiny.define_generator(), tiny.define_discriminator()
    answer = discriminator([generator.output, generator.inputs[1]])
    from gan_book.adversarial import Composite

    with pytest.raises(BookError, match="'gan' must not train"):
        Composite(generator.inputs, answer, name="gan")
    assert len(Composite(generator.inputs, answer, frozen=[]).trainable_weights) == len(
        generator.trainable_weights + discriminator.trainable_weights
    )


def test_a_model_without_compiled_networks_says_so():
    with pytest.raises(BookError, match="no compiled network"):
        AdversarialModel().compile()


# Which losses are the discriminators' is said, not read off a name


@pytest.mark.slow
def test_losses_to_watch_follow_the_network_and_not_its_turns_name():
    class Named(tiny.TinyGAN):
        @property
        def discriminators(self):
            return (self.discriminator,)

        def turns(self, x, label):
            names = {"d_real": "critic", "d_fake": "judge", "g": "decoder"}
            for name, *turn in super().turns(x, label):
                yield names[name], *turn

    model = Named()
    model.compile()
    assert model.watched_losses == []
    model.train_on_batch(*tiny.data(16))
    assert model.watched_losses == ["critic_loss", "judge_loss"]
    assert all(any(network is each for each in model.players) for network in model.turn_networks.values())
    assert {"critic", "judge"} <= set(model.turn_networks)
    nobody = made(trained=True)
    assert nobody.watched_losses == []


def test_a_network_that_has_been_replaced_no_longer_counts():
    model = tiny.TinyGAN()
    model.gan = tiny.define_gan(model.generator, model.discriminator)
    model.compile()
    assert [player.name for player in model.players] == ["discriminator", "gan"]
