"""The losses against their formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from gan_book import losses
from gan_book.adversarial import Penalized
from gan_book.errors import BookError
from gan_book.layers import DiffAugment, MinibatchStd, SpectralConv2D

LOGITS = np.array([[-3.0], [0.0], [0.5], [4.0]], "float32")


def test_minimax_is_the_mean_of_log_one_minus_d():
    d = 1 / (1 + np.exp(-LOGITS.astype("float64")))
    value = float(losses.minimax(np.ones_like(LOGITS), ops.convert_to_tensor(LOGITS)))
    assert value == pytest.approx(np.mean(np.log(1 - d)), rel=1e-6)


def test_minimax_saturates_where_the_other_loss_does_not():
    """Goodfellow et al. (2014), section 3: the gradient when the discriminator is sure (logit -8)."""
    z = 1e-3
    sure = [np.float32([[-8 + z]]), np.float32([[-8 - z]])]
    slopes = {
        name: (float(loss(np.ones((1, 1)), sure[0])) - float(loss(np.ones((1, 1)), sure[1]))) / (2 * z)
        for name, loss in {
            "minimax": losses.minimax,
            "cross-entropy": keras.losses.BinaryCrossentropy(from_logits=True),
        }.items()
    }
    assert -0.01 < slopes["minimax"] < 0
    assert slopes["cross-entropy"] == pytest.approx(-1, abs=0.01)


def test_minimax_of_a_large_logit_is_finite():
    assert float(losses.minimax(np.ones((1, 1)), np.float32([[200.0]]))) == pytest.approx(-200)


@pytest.mark.parametrize("loss", [losses.minimax])
def test_a_model_compiled_with_it_can_be_saved(loss, tmp_path):
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", loss)
    model.train_on_batch(np.ones((4, 2)), np.ones((4, 1)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0) == pytest.approx(
        model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    )


PAIRS = np.float32([[0.5, -1.0], [3.0, 2.0], [-4.0, 4.0]])
FORMULAS = {
    "non-saturating": (lambda r, f: -np.log(sigma(r)) / 2 - np.log(1 - sigma(f)) / 2, lambda r, f: -np.log(sigma(f))),
    "minimax": (lambda r, f: -np.log(sigma(r)) / 2 - np.log(1 - sigma(f)) / 2, lambda r, f: np.log(1 - sigma(f))),
    "label smoothing": (
        lambda r, f: (-0.9 * np.log(sigma(r)) - 0.1 * np.log(1 - sigma(r)) - np.log(1 - sigma(f))) / 2,
        lambda r, f: -np.log(sigma(f)),
    ),
    "least squares": (lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2, lambda r, f: (f - 1) ** 2 / 2),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "hinge": (lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f), lambda r, f: -f),
    "relativistic": (lambda r, f: -np.log(sigma(r - f)), lambda r, f: -np.log(sigma(f - r))),
}


def sigma(x):
    return 1 / (1 + np.exp(-x.astype("float64")))


@pytest.mark.parametrize("kind", losses.ADVERSARIAL)
def test_losses_of_pairs_are_their_formulas(kind):
    for number, of in enumerate(("discriminator", "generator")):
        found = losses.PairLoss(kind, of)(np.ones((3, 2), "float32"), ops.convert_to_tensor(PAIRS))
        assert float(found) == pytest.approx(FORMULAS[kind][number](PAIRS[:, 0], PAIRS[:, 1]).mean(), rel=1e-5)


def test_a_pair_loss_is_what_it_was_after_saving():
    loss = losses.PairLoss("hinge", "generator")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.kind, again.of) == ("hinge", "generator")


@pytest.mark.parametrize("arguments", [("magic", "generator"), ("hinge", "critic")])
def test_unknown_pair_losses_are_refused(arguments):
    with pytest.raises(BookError, match="is not known"):
        losses.PairLoss(*arguments)


def linear(weights):
    """D(x) = w x, whose slope is w everywhere."""
    x = keras.Input((len(weights),))
    network = keras.Model(x, keras.layers.Dense(1)(x))
    network.set_weights([np.float32(weights)[:, None], np.zeros(1, "float32")])
    return network


@pytest.mark.parametrize("kind, expected", [("r1", 12.5), ("r2", 12.5), ("r1+r2", 25.0), ("slope 1", 16.0)])
def test_penalties_of_a_known_slope(kind, expected):
    real, fake = (ops.convert_to_tensor(np.full((4, 2), value, "float32")) for value in (1, -1))
    found = losses.penalty(kind, linear([3, 4]), real, fake, keras.random.SeedGenerator(0))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_r1_is_of_real_and_r2_of_generated_examples():
    x = keras.Input((1,))
    network = keras.Model(x, keras.layers.Dense(1, kernel_initializer="ones")(x * x))  # the slope at x is 2 x
    real, fake = (ops.convert_to_tensor(np.float32([[value]])) for value in (1, 3))
    found = [float(losses.penalty(kind, network, real, fake, None)) for kind in ("r1", "r2")]
    assert found == pytest.approx([2, 18])


LAYERS = {
    "convolution": lambda h: keras.layers.Conv2D(6, 4, strides=2, padding="same")(h),
    "pooling": lambda h: keras.layers.AveragePooling2D(2)(keras.layers.Conv2D(6, 3, padding="same")(h)),
    "upsampling": lambda h: keras.layers.UpSampling2D(interpolation="nearest")(keras.layers.Conv2D(3, 4, 2)(h)),
    "layer normalization": lambda h: keras.layers.LayerNormalization()(keras.layers.Conv2D(6, 4, strides=2)(h)),
    "spectral": lambda h: SpectralConv2D(6, 4, strides=2, padding="same")(h),
    "minibatch deviation": lambda h: MinibatchStd()(keras.layers.Conv2D(6, 4, strides=2)(h)),
    "augmentation": lambda h: keras.layers.Conv2D(6, 4, strides=2)(DiffAugment()(h)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_penalty_trains_every_kernel(kind):
    """With a loss of 0, what moves the weights is the penalty alone."""
    shape = (12, 12, 3)
    x, real, fake = (keras.Input(shape) for _ in range(3))
    h = keras.layers.LeakyReLU(0.2)(LAYERS[kind](x))
    h = keras.layers.LeakyReLU(0.2)(keras.layers.Dense(4)(keras.layers.Flatten()(h)))
    network = keras.Model(x, keras.layers.Dense(1, dtype="float32")(h), name="judge")
    pair = keras.layers.Concatenate()([network(real), network(fake)])
    step = Penalized([real, fake], pair, network, "r1+r2", 10.0, name="step")
    step.compile(keras.optimizers.SGD(1.0), lambda y_true, y_pred: 0 * ops.sum(y_pred))
    before = {v.path: ops.convert_to_numpy(v) for v in network.trainable_variables if "kernel" in v.path}
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(8, *shape)).astype("float32") for _ in range(2)]
    step.train_on_batch(images, np.ones((8, 2), "float32"))
    after = {v.path: ops.convert_to_numpy(v) for v in network.trainable_variables if "kernel" in v.path}
    assert len(before) >= 3
    assert all(np.abs(after[path] - kernel).max() > 1e-7 for path, kernel in before.items()), kind


def penalized(network, **options):
    real, fake = keras.Input((2,)), keras.Input((2,))
    pair = keras.layers.Concatenate()([network(real), network(fake)])
    return Penalized([real, fake], pair, network, "r1", 0.5, name="step", **options)


def test_a_penalized_composite_is_what_it_was_after_its_config():
    step = penalized(linear([3, 4]), examples=2)
    again = Penalized.from_config(step.get_config())
    assert (again.penalty, again.weight, again.examples, again.judge.name) == ("r1", 0.5, 2, step.judge.name)


@pytest.mark.parametrize(("examples", "expected"), [(None, (0 + 0 + 4 + 16) / 4), (2, 0.0), (3, 4 / 3)])
def test_a_penalty_is_computed_of_so_many_examples_of_the_batch(examples, expected):
    """The slope of x_0^2 / 2 is x_0. R1 is half of its mean square, and the weight 0.5 halves it again."""
    x = keras.Input((2,))
    network = keras.Model(x, ops.square(x[:, :1]) / 2)
    step = penalized(network, examples=examples)
    step.compile("sgd", lambda y_true, y_pred: 0 * ops.sum(y_pred))
    real = np.array([[0, 1], [0, 5], [2, 3], [4, 1]], "float32")
    loss = step.evaluate([real, real], np.ones((4, 2), "float32"), verbose=0)
    assert loss == pytest.approx(expected / 4)


def test_penalties_refuse_float16_in_one_sentence():
    with pytest.raises(BookError, match="overflows in float16") as problem:
        x = keras.Input((2,))
        inner = keras.Model(x, keras.layers.Dense(1, dtype="mixed_float16")(x))
        penalized(inner)
    assert "\n" not in str(problem.value)


def test_an_unknown_penalty_is_refused():
    with pytest.raises(BookError, match="penalty 'r3' is not known"):
        losses.penalty("r3", linear([1]), None, None, None)
