"""What a student does to networks and `turns` that cannot work is said in one sentence, and not in Keras's words."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gan_book as gb
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.errors import BookError
from tests import tiny
from tests.test_keras_promises import fit, made, rates, with_turns


def ones():
    return ops.ones((16, 1))


def nothing(self, x, label):
    yield from ()


def one_name_for_two(self, x, label):
    yield "d", self.discriminator, [x, label], ones()
    yield "d", self.gan, [keras.random.normal((16, tiny.LATENT), seed=self.rng), label], ones()


def a_name_for_no_log(self, x, label):
    yield "d réal", self.discriminator, [x, label], ones()


def an_if(self, x, label):
    if ops.mean(x) > 0:
        yield "d", self.discriminator, [x, label], ones()


def a_float(self, x, label):
    yield "d", self.discriminator, [x * float(ops.mean(x)), label], ones()


def predicts(self, x, label):
    self.discriminator.predict([x, label], verbose=0)
    yield "d", self.discriminator, [x, label], ones()


def trains_by_hand(self, x, label):
    self.discriminator.train_on_batch([x, label], ones())
    yield "d", self.discriminator, [x, label], ones()


ASKS = ["ops.where", "yield"]


@pytest.mark.parametrize(
    "turns, names",
    [
        (nothing, ["yields no turn"]),
        (one_name_for_two, ["turn 'd'", "two networks"]),
        (a_name_for_no_log, ["'d réal'", "letters"]),
        (an_if, ASKS),
        (a_float, ASKS),
        (predicts, ASKS),
        (trains_by_hand, ASKS),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_turn_that_cannot_be_traced_is_one_sentence(turns, names):
    if turns is trains_by_hand and keras.backend.backend() == "jax":
        pytest.skip("JAX traces a step within a step without complaint")
    with pytest.raises(BookError) as refused:
        with_turns(turns).train_on_batch(*tiny.data(16))
    sentence = str(refused.value)
    assert "\n" not in sentence and all(name in sentence for name in ["Model.turns", *names]), sentence


def test_networks_that_share_an_optimizer_are_found_when_the_whole_is_compiled():
    model, shared = tiny.TinyGAN(), keras.optimizers.Adam()
    model.discriminator.compile(shared, tiny.cross_entropy())
    model.gan.compile(shared, tiny.cross_entropy())
    with pytest.raises(BookError, match="'discriminator' and 'gan' share an optimizer"):
        model.compile()


@pytest.mark.slow
def test_a_layer_that_thaws_after_compile_is_named():
    model = tiny.TinyGAN()
    layer = model.discriminator.get_layer("d_hidden")
    layer.trainable = False
    model.compile()
    layer.trainable = True
    for act in (lambda: fit(model), model.compile):
        with pytest.raises(BookError, match=r"optimizer of 'discriminator'.*d_hidden"):
            act()
    model.discriminator.compile("adam", tiny.cross_entropy())
    model.compile()
    fit(model, epochs=1)


def test_a_network_frozen_after_compile_is_found_in_its_turn():
    model = made()
    model.trainable = False
    with pytest.raises(BookError, match="'discriminator' has nothing to train"):
        fit(model)


def test_a_network_without_weights_is_not_said_to_be_frozen():
    class Model(AdversarialModel):
        def __init__(self):
            super().__init__()
            self.critic = keras.Sequential([layers.Dense(1)], name="critic")
            self.critic.compile("adam", "mse")

    with pytest.raises(BookError, match=r"'critic' is not built yet.*keras\.Input"):
        Model().compile()


def test_a_network_of_a_class_of_its_own_that_holds_another_may_be_a_player():
    class Step(keras.Model):
        def __init__(self, critic):
            super().__init__(name="step")
            self.critic = critic

        def call(self, x):
            return self.critic(x)

    class Model(AdversarialModel):
        def __init__(self):
            super().__init__()
            critic = tiny.define_discriminator()  # compiled, with metrics
            self.step = Step(critic)
            self.step.compile("adam", "mse")
            if keras.backend.backend() == "jax":  # which is asked for in one sentence
                self.step([np.zeros((2, tiny.FEATURES), "float32"), np.zeros(2, "int32")])

        def turns(self, x, label):
            yield "d", self.step, [x, label], ones()

    model = Model()
    model.compile()
    assert np.isfinite(fit(model, epochs=1).history["d_loss"]).all()


@pytest.mark.parametrize("name", ["loss_weights", "weighted_metrics", "auto_scale_loss"])
def test_other_arguments_of_compile_are_the_networks(name):
    with pytest.raises(BookError, match=f"its own {name}"):
        tiny.TinyGAN().compile(**{name: [1]})


def test_build_says_what_to_call():
    with pytest.raises(BookError, match=r"compile\(\)"):
        tiny.TinyGAN().build((None, 8))


def test_a_callback_that_assigns_the_learning_rate_sets_that_of_every_network():
    class Assign(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate.assign(1e-4)

    model = made()
    fit(model, Assign(), epochs=1)
    assert rates(model) == pytest.approx([1e-4, 1e-4])


def test_a_rate_that_follows_a_schedule_cannot_be_set_by_a_callback():
    model = tiny.TinyGAN()
    decay = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=1, decay_rate=0.5)
    model.gan.compile(keras.optimizers.Adam(decay), tiny.cross_entropy())
    model.compile()
    with pytest.raises(BookError, match="'gan' follows a schedule"):
        fit(model, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2))


# Averages


@pytest.mark.slow
def test_an_average_begun_after_a_fit_follows():
    model = tiny.TinyGAN()
    model.compile()
    fit(model, epochs=1)
    model.sampler = model.track_average(model.generator, 0.9)
    before = model.sampler.get_weights()
    fit(model, epochs=1)
    assert any((a != b).any() for a, b in zip(before, model.sampler.get_weights(), strict=True))


@pytest.mark.parametrize("momentum", [1, 1.5, -0.5])
def test_a_momentum_that_makes_no_average_is_refused(momentum):
    with pytest.raises(BookError, match=str(momentum)):
        tiny.TinyGAN().track_average(tiny.define_generator(), momentum)


@pytest.mark.slow
def test_an_average_in_half_precision():
    keras.config.set_dtype_policy("float16")
    fit(made(), epochs=1)


def test_a_network_that_cannot_be_copied_is_named():
    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.layer = layers.Dense(2)

        def call(self, x):
            return self.layer(x)

    with pytest.raises(BookError, match="'own' cannot be copied"):
        tiny.TinyGAN().track_average(Own())


# Composites


@pytest.mark.parametrize("wrong", ["a network alone", "a name", "another network"])
def test_what_frozen_names_must_be_in_the_composite(wrong):
    generator, discriminator = tiny.define_generator(), tiny.define_discriminator()
    other = tiny.define_discriminator()
    frozen = {"a network alone": discriminator, "a name": ["discriminator"], "another network": [other]}[wrong]
    answer = discriminator([generator.output, generator.inputs[1]])
    with pytest.raises(BookError, match="frozen"):
        Composite(generator.inputs, answer, frozen=frozen)


# Generators


def generator(takes, shape=(4,)):
    z, label = keras.Input(shape), keras.Input((), dtype="int32")
    h = layers.Concatenate()([layers.Flatten()(z), layers.Embedding(3, 2)(label)])
    image = layers.Reshape((4, 4, 1))(layers.Dense(16, activation="tanh")(h))
    return gb.Generator([z, label], image, takes=takes)


BOTH = [gb.Noise(), gb.Label(3)]


@pytest.mark.parametrize(
    "takes", [gb.Noise(), [gb.Noise, gb.Label], [gb.Noise(), gb.Noise()], [gb.Noise(-1), gb.Label(3)]], ids=str
)
def test_what_a_generator_takes_is_checked(takes):
    with pytest.raises(BookError):
        generator(takes)


@pytest.mark.parametrize("labels", [[0, 3], [-1], 2, [1.5], ["cat"], np.eye(3), []], ids=str)
def test_labels_that_are_none_are_refused(labels):
    with pytest.raises(BookError, match="label"):
        gb.draw(generator(BOTH), labels)


def test_more_labels_than_latent_points_are_refused():
    with pytest.raises(BookError, match="2 latent points for 3 labels"):
        gb.draw(generator(BOTH), [0, 1, 2], z=np.zeros((2, 4), "float32"))


@pytest.mark.parametrize("seed", [None, 1.5])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(BookError, match="whole number"):
        gb.draw(generator(BOTH), [0], seed=seed)


def test_latent_points_may_be_maps_and_there_may_be_none():
    assert gb.draw(generator(BOTH, (1, 1, 4)), [0, 1]).shape == (2, 4, 4, 1)
    label = keras.Input((), dtype="int32")
    image = layers.Reshape((4, 4, 1))(layers.Embedding(3, 16)(label))
    assert gb.draw(gb.Generator(label, image, takes=[gb.Label(3)]), [0, 1]).shape == (2, 4, 4, 1)


@pytest.mark.parametrize("what", [made, lambda: "my_gan.keras"], ids=["a whole model", "a file's name"])
def test_only_a_network_can_be_sampled_from(what):
    with pytest.raises(BookError, match=r"keras\.Input"):
        gb.draw(what(), [0])


# Files of networks


def test_a_sequential_network_is_saved_and_loaded(tmp_path):
    network = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    gb.save_network(network, tmp_path / "network.keras")
    x = np.ones((2, 4), "float32")
    loaded = gb.load_network(tmp_path / "network.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), network.predict(x, verbose=0), rtol=1e-6)


def test_what_has_no_input_is_not_saved(tmp_path):
    with pytest.raises(BookError, match="no input"):
        gb.save_network(made(), tmp_path / "network.keras")
    assert not list(tmp_path.iterdir())


def test_a_file_of_weights_and_a_lambda_are_said_to_be_what_they_are(tmp_path):
    z = keras.Input((4,))
    network = keras.Model(z, layers.Lambda(lambda t: t * 2)(layers.Dense(4)(z)))
    network.save_weights(tmp_path / "it.weights.h5")
    with pytest.raises(BookError, match="load_weights"):
        gb.load_network(tmp_path / "it.weights.h5")
    gb.save_network(network, tmp_path / "it.keras")
    with pytest.raises(BookError, match="Lambda"):
        gb.load_network(tmp_path / "it.keras")
