"""What can be done with the styles of a StyleGAN: mixing, truncation, projection, and what each size decides."""

import keras
import numpy as np
from keras import layers, ops

from gan_book.adversarial import Composite
from gan_book.metrics import load_classifier
from gan_book.networks import to_float, to_uint8
from gan_book.sampling import latent_points

MANY = 2_000  # latent points for the mean style


def styles_of(generator, z):
    """The styles of latent points ``[n, d]``, the same at each size: float32 ``[n, sizes, d]``."""
    w = generator.get_layer("mapping").predict(z, verbose=0).astype("float32")
    return np.repeat(w[:, None], generator.get_layer("synthesis").input.shape[1], axis=1)


def images_of(generator, ws):
    """Images of styles ``[n, sizes, d]``: uint8 ``[n, h, w, c]``."""
    return to_uint8(generator.get_layer("synthesis").predict(ws, verbose=0))


def mixed(generator, a, b, sizes):
    """Images with the styles of `b` at these sizes (numbers, 0 is the smallest) and those of `a` at the others."""
    ws = a.copy()
    ws[:, list(sizes)] = b[:, list(sizes)]
    return images_of(generator, ws)


def mean_style(generator, seed=0):
    """The mean style of many latent points: float32 ``[1, sizes, d]``."""
    return styles_of(generator, latent_points(generator, MANY, seed)).mean(axis=0, keepdims=True)


def truncated(generator, ws, psi):
    """Styles moved towards the mean style: the mean + psi (w - mean). Karras et al. 2019, appendix B."""
    mean = mean_style(generator)
    return (mean + psi * (ws - mean)).astype("float32")


def attributes_by_size(generator, pairs=500, seed=0, classifier="faces"):
    """Which size decides which attribute: dict from an attribute to shares, a list with one for each size.

    Pairs of faces A and B: A gets the style of B at one size. Of the pairs that differ in an attribute, the share whose
    mixture has the value of B. NaN where no pair differs.
    """
    reader = load_classifier(classifier)
    z = latent_points(generator, 2 * pairs, seed)
    a, b = styles_of(generator, z[:pairs]), styles_of(generator, z[pairs:])
    of_a, of_b = (reader.attributes(images_of(generator, ws)) for ws in (a, b))
    by_size = [reader.attributes(mixed(generator, a, b, [size])) for size in range(a.shape[1])]
    shares = {}
    for name, values in of_a.items():
        differ = values != of_b[name]
        found = (
            [np.mean(of_mixture[name][differ] == of_b[name][differ]) for of_mixture in by_size] if differ.any() else []
        )
        shares[name] = [float(share) for share in found] or [float("nan")] * a.shape[1]
    return shares


@keras.saving.register_keras_serializable("gan_book")
class Styles(layers.Layer):
    """Styles to be trained: ``[n, sizes, d]``, whatever its input is."""

    def __init__(self, initial, **kwargs):
        super().__init__(**kwargs)
        self.initial = np.asarray(initial, "float32")
        self.styles = self.add_weight(self.initial.shape, "zeros", name="styles")
        self.styles.assign(self.initial)

    def call(self, x):
        return self.styles + 0 * x[:, :1, None]  # of the input only its length is used

    def get_config(self):
        return {**super().get_config(), "initial": self.initial.tolist()}


def project(generator, images, steps=300, learning_rate=0.05, seed=0):
    """The styles whose images are nearest to given ones, found by gradient descent: float32 ``[n, sizes, d]``.

    The distance is the mean squared error of pixels, at full size and made smaller by 2 and 4, so that the position of
    an edge need not be exact at first.

    Args:
        images: uint8 ``[n, h, w, c]`` of the generator's size.
    """
    synthesis, n = generator.get_layer("synthesis"), len(images)
    holder = Styles(np.repeat(mean_style(generator, seed), n, axis=0))
    which = keras.Input((1,), batch_size=n, name="which")
    finder = Composite(which, synthesis(holder(which), training=False), frozen=[synthesis], name="finder")
    finder.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)), pyramid_error)
    targets, nothing = ops.convert_to_numpy(to_float(images)), np.zeros((n, 1), "float32")
    for _ in range(steps):
        finder.train_on_batch(nothing, targets)
    return ops.convert_to_numpy(holder.styles)


def pyramid_error(y_true, y_pred):
    """The mean squared error of pixels, summed over full, half and quarter size: ``[n, h, w, c]`` to a scalar."""
    error = 0.0
    for size in (1, 2, 4):
        small_true, small_pred = (ops.average_pool(y, size, size) for y in (y_true, y_pred))
        error = error + ops.mean(ops.square(small_true - small_pred))
    return error
