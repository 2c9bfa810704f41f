"""The losses against their formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from gan_book import losses

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
