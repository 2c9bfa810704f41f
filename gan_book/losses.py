"""Adversarial losses and penalties by their field names; ``docs/recipes.md`` and chapter 4 show them in a GAN.

Two forms. The losses of one answer: `keras.losses.BinaryCrossentropy(from_logits=True)` is that of Goodfellow et al.
(2014), `keras.losses.Hinge` with targets +1 and -1 the discriminator's hinge loss, `keras.losses.MeanSquaredError` that
of LSGAN; what Keras lacks is here. And the losses of a *pair* of answers, D(x) and D(G(z)), by name in `ADVERSARIAL`:
all of them fit the same networks, and relativistic losses have no other form.
"""

import keras
from keras import ops

from gan_book.backend import input_gradient
from gan_book.errors import BookError, require_choice


@keras.saving.register_keras_serializable("gan_book")
def minimax(y_true, y_pred):
    """The generator's loss of the original game, log(1 - D(G(z))), for logits. Explained in chapter 6.

    Goodfellow et al. (2014), equation 1. It saturates when the discriminator is sure, which is why section 3 of that
    paper already prefers -log D(G(z)). It is here to show that.

    Args:
        y_true: ignored.
        y_pred: logits ``[n, 1]`` of D for generated images.

    Returns:
        A scalar, at most 0.
    """
    del y_true
    return -ops.mean(ops.softplus(y_pred))


@keras.saving.register_keras_serializable("gan_book")
def wasserstein(y_true, y_pred):
    """-mean(y D(x)) with the target y = 1 for real images and -1 for generated ones; the generator's target is 1.

    Minimising both parts maximises E D(x) - E D(G(z)), equation 2 of Arjovsky et al. (2017), "Wasserstein GAN", for a
    critic whose slope is bounded: by clipped weights or a gradient penalty. It is not bounded below, and 0 means
    nothing in particular. ``docs/recipes.md`` has the GAN.

    Args:
        y_true: 1 or -1, ``[n, 1]``.
        y_pred: answers of the critic, any number, ``[n, 1]``.

    Returns:
        A scalar.
    """
    return -ops.mean(ops.cast(y_true, y_pred.dtype) * y_pred)


def _cross_entropy(real, fake):
    # softplus(-l) = -log sigmoid(l), and softplus(l) = -log(1 - sigmoid(l)), without overflow
    return (ops.softplus(-real) + ops.softplus(fake)) / 2


def _smoothed(real, fake):
    return _cross_entropy(real, fake) + 0.05 * real  # -0.9 log D - 0.1 log(1 - D) is -log D + 0.1 times the logit


def _hinge(real, fake):
    return ops.relu(1 - real) + ops.relu(1 + fake)


# Name -> (loss of D, loss of G), functions of D's answers for real and for generated examples, ``[n, 1]`` each. The
# first three are means over real and generated examples, as Keras takes them: log 2 where D can only guess.
ADVERSARIAL = {
    "non-saturating": (_cross_entropy, lambda real, fake: ops.softplus(-fake)),
    "minimax": (_cross_entropy, lambda real, fake: -ops.softplus(fake)),
    "label smoothing": (_smoothed, lambda real, fake: ops.softplus(-fake)),
    "least squares": (
        lambda real, fake: (ops.square(real - 1) + ops.square(fake)) / 2,
        lambda real, fake: ops.square(fake - 1) / 2,
    ),
    "wasserstein": (lambda real, fake: fake - real, lambda real, fake: -fake),
    "hinge": (_hinge, lambda real, fake: -fake),
    "relativistic": (
        lambda real, fake: ops.softplus(fake - real),
        lambda real, fake: ops.softplus(real - fake),
    ),
}


@keras.saving.register_keras_serializable("gan_book")
class PairLoss(keras.losses.Loss):
    """An adversarial loss by its name, from pairs ``(D(x), D(G(z)))``; the targets are ignored. Explained in chapter 4.

    | name | D minimises the mean of | G minimises the mean of |
    |---|---|---|
    | non-saturating | -log D(x) / 2 - log(1 - D(G(z))) / 2 | -log D(G(z)) |
    | minimax | the same | log(1 - D(G(z))) |
    | label smoothing | the same with the target 0.9 for real examples | -log D(G(z)) |
    | least squares | (l - 1)^2 / 2 + l_g^2 / 2 | (l_g - 1)^2 / 2 |
    | wasserstein | l_g - l | -l_g |
    | hinge | max(0, 1 - l) + max(0, 1 + l_g) | -l_g |
    | relativistic | -log sigmoid(l - l_g) | -log sigmoid(l_g - l) |

    l and l_g are D's answers (logits) for a real and a generated example, and D is the sigmoid of the logit. Sources:
    Goodfellow et al. (2014), equation 1 and section 3; Salimans et al. (2016), section 3.4; Mao et al. (2017), equation
    9; Arjovsky et al. (2017), equation 2; Miyato et al. (2018), equations 16 and 17; Jolicoeur-Martineau (2018),
    "The relativistic discriminator", section 4.

    Args:
        kind: one of `ADVERSARIAL`.
        of: "discriminator" or "generator".

    Raises:
        BookError: no such loss, or of another network.
    """

    def __init__(self, kind, of, name=None, **kwargs):
        require_choice("loss", kind, tuple(ADVERSARIAL))
        require_choice("of", of, ("discriminator", "generator"))
        super().__init__(name=name or f"{of}_loss", **kwargs)
        self.kind, self.of = kind, of

    def call(self, y_true, y_pred):
        """Answers ``[n, 2]``, for real examples and for generated ones, to losses ``[n]``."""
        del y_true
        loss = ADVERSARIAL[self.kind][self.of == "generator"]
        return loss(y_pred[:, :1], y_pred[:, 1:])[:, 0]

    def get_config(self):
        return {"kind": self.kind, "of": self.of, "name": self.name}


def squared_slope(network, x):
    """|grad D(x)|^2 for each example: ``[n, ...]`` to float32 ``[n]``; see `gan_book.backend.input_gradient`."""
    slope = ops.cast(input_gradient(network, ops.cast(x, "float32")), "float32")
    return ops.sum(ops.square(slope), axis=tuple(range(1, len(slope.shape))))


def _r1(network, real, fake, rng):
    del fake, rng
    return ops.mean(squared_slope(network, real)) / 2


def _r2(network, real, fake, rng):
    del real, rng
    return ops.mean(squared_slope(network, fake)) / 2


def _r1_and_r2(network, real, fake, rng):
    return _r1(network, real, fake, rng) + _r2(network, real, fake, rng)


def _slope_one(network, real, fake, rng):
    # One point between each real and each generated example. The small number keeps the root's own slope finite at 0.
    share = keras.random.uniform((ops.shape(real)[0], *[1] * (len(real.shape) - 1)), seed=rng)
    between = real + share * (fake - real)
    return ops.mean(ops.square(ops.sqrt(squared_slope(network, between) + 1e-12) - 1))


# Name -> function of ``(network, real, fake, rng)`` that returns a scalar. See `penalty`.
PENALTIES = {"r1": _r1, "r2": _r2, "r1+r2": _r1_and_r2, "slope 1": _slope_one}


def penalty(kind, network, real, fake, rng):
    """A penalty on the slope of a discriminator, to add to its loss. Explained in chapter 4.

    | name | penalty |
    |---|---|
    | r1 | mean of |grad D(x)|^2 / 2 over real examples (Mescheder et al. 2018, equation 9) |
    | r2 | the same over generated examples (equation 10) |
    | r1+r2 | both |
    | slope 1 | mean of (|grad D| - 1)^2 between real and generated (WGAN-GP; Gulrajani et al. 2017, equation 3) |

    Args:
        kind: one of `PENALTIES`.
        network: maps examples to one answer each; see `gan_book.backend.input_gradient` for the layers it may have.
        real, fake: float ``[n, ...]``, equally many.
        rng: `keras.random.SeedGenerator`.

    Returns:
        A scalar, float32, at least 0.

    Raises:
        BookError: no such penalty.
    """
    require_choice("penalty", kind, tuple(PENALTIES))
    return PENALTIES[kind](network, real, fake, rng)


def require_wide(network):
    """Refuses a network whose slope cannot be penalised: squares of slopes overflow in float16, which ends at 65,504.

    Raises:
        BookError: a layer computes in float16.
    """
    layers = network._flatten_layers()  # all of them, those of inner networks too
    if any(getattr(layer, "compute_dtype", None) == "float16" for layer in layers):
        raise BookError(
            f"a gradient penalty overflows in float16, and '{network.name}' computes in it; use --precision float32 or "
            "mixed_bfloat16"
        )
