"""Adversarial losses Keras does not have, by their field names; ``docs/recipes.md`` shows each in a GAN.

The others are Keras's own: `keras.losses.BinaryCrossentropy(from_logits=True)` is the loss of Goodfellow et al. (2014),
`keras.losses.Hinge` with targets +1 and -1 the discriminator's hinge loss, `keras.losses.MeanSquaredError` that of
LSGAN.
"""

import keras
from keras import ops


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
