"""Drawing from a generator: latent points in, uint8 images out.

What a generator expects is told by the names of its inputs: "z" (or "z_uniform"), the noise; "label", the class asked
for, or "category", a whole number whose meaning the generator chose itself; "code", further latent variables that are
uniform in [-1, 1]. A label or category passes through a layer called `LABEL_EMBEDDING`.
"""

import keras
import numpy as np

from gan_book.errors import BookError
from gan_book.networks import to_float, to_uint8

LABEL_EMBEDDING = "label_embedding"
GRID = 10  # columns of a picture grid, and the most rows


def latent_points(generator, n, seed=0):
    """z ~ N(0, 1) or, for a generator whose input "z" was named "z_uniform", U(0, 1): float32 ``[n, d]``.

    Raises:
        BookError: a negative seed.
    """
    check_seed(seed)
    rng = np.random.default_rng(seed)
    size = (n, latent_dim(generator))
    points = rng.random(size) if "z_uniform" in _input_names(generator) else rng.standard_normal(size)
    return points.astype("float32")


def check_seed(seed):
    """Raises BookError for a negative seed."""
    if seed < 0:
        raise BookError(f"--seed must not be negative, not {seed}")


def latent_dim(generator):
    return generator.inputs[0].shape[-1]


def takes_noise(generator):
    """Whether the generator draws from latent points, and not from pictures."""
    return bool({"z", "z_uniform"} & set(_input_names(generator)))


def is_conditional(generator):
    """Whether the generator draws a class of the data when asked."""
    return "label" in _input_names(generator)


def num_labels(generator):
    """How many classes or categories the generator can be asked for; 1 if it takes neither."""
    asks = {"label", "category"} & set(_input_names(generator))
    return generator.get_layer(LABEL_EMBEDDING).input_dim if asks else 1


def label_names(generator, class_names):
    """What to call the generator's labels: the classes, or its own categories by number; empty if it has none."""
    if is_conditional(generator):
        return tuple(class_names)
    return tuple(f"category {k}" for k in range(num_labels(generator))) if num_labels(generator) > 1 else ()


def code_dim(generator):
    """How many codes the generator takes; 0 if it has no input "code"."""
    return next((tensor.shape[-1] for tensor in generator.inputs if tensor.name == "code"), 0)


def latent_codes(generator, n, seed=0):
    """c ~ U(-1, 1) for a generator with an input "code", float32 ``[n, d]``; None for others."""
    size = code_dim(generator)
    return np.random.default_rng([seed, 1]).uniform(-1, 1, (n, size)).astype("float32") if size else None


def _input_names(generator):
    return [tensor.name for tensor in generator.inputs]


def balanced_labels(n, num_classes):
    """``n`` labels, int32 ``[n]``, each class as often as the next: 0, 1, 2, …, 0, 1, 2, …"""
    return np.arange(n, dtype="int32") % num_classes


def grid_labels(generator):
    """The labels that a picture grid shows: int32 ``[rows, 10]``.

    Each of the generator's first 10 labels has a row; 10 rows of zeros if there is nothing to choose from.
    """
    kinds = min(num_labels(generator), GRID)
    rows = np.arange(kinds, dtype="int32") if kinds > 1 else np.zeros(GRID, "int32")
    return np.repeat(rows[:, None], GRID, axis=1)


def draw(generator, labels, seed=0, z=None, codes=None, batch_size=250):
    """One image for each label.

    Args:
        generator: maps its inputs (see above; without labels only their number counts) to images in [-1, 1].
        labels: int ``[n]``, classes or categories.
        seed: of the latent points and codes, unless `z` and `codes`, float ``[n, d]``, give them.

    Returns:
        uint8 ``[n, height, width, channels]``, 0 to 255.
    """
    labels = np.asarray(labels, "int32")
    z = latent_points(generator, len(labels), seed) if z is None else z
    codes = latent_codes(generator, len(labels), seed) if codes is None else codes
    values = {"z": z, "z_uniform": z, "label": labels, "category": labels, "code": codes}
    inputs = [values[name] for name in _input_names(generator)]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    return to_uint8(generator.predict(inputs, batch_size=batch_size, verbose=0))


def line(a, b, steps):
    """``steps`` points from a to b: float32 ``[steps, d]``."""
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    return (1 - t) * a + t * b


def arc(a, b, steps):
    """``steps`` points from a to b along the sphere: float32 ``[steps, d]``.

    The midpoint of a straight line between two Gaussian points is shorter than nearly all points the generator has
    seen; spherical interpolation keeps to lengths it knows (White 2016, "Sampling Generative Networks", section 2.1).
    """
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    omega = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(omega) < 1e-6:
        return line(a, b, steps)
    return ((np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)).astype("float32")


def between_classes(generator, z, start, end, steps):
    """The same latent point drawn as `start`, as `end`, and as mixtures of the two classes' embeddings between.

    Args:
        z: float ``[d]``; codes, where the generator has them, are 0.
        start, end: numbers of classes or categories.

    Returns:
        uint8 ``[steps, height, width, channels]``.
    """
    # Cut a copy open, not the generator: Keras cannot save a model through whose middle another one was made.
    copy = keras.models.clone_model(generator)
    copy.set_weights(generator.get_weights())
    embedding = copy.get_layer(LABEL_EMBEDDING)
    others = [tensor for tensor in copy.inputs if tensor.name not in ("label", "category")]
    decoder = keras.Model([*others, embedding.output], copy.output)
    table = keras.ops.convert_to_numpy(embedding.embeddings)
    mixtures = line(table[start], table[end], steps)
    # Called, not predict(): this decoder is used once, and tracing it would take longer than the answer.
    z = np.repeat(z[None], steps, axis=0)
    held = {"z": z, "z_uniform": z, "code": np.zeros((steps, code_dim(generator)), "float32")}
    images = decoder([*(held[tensor.name] for tensor in others), mixtures], training=False)
    return to_uint8(keras.ops.convert_to_numpy(images))


def predict_uint8(network, images, batch_size=500):
    """What a network that takes images in [-1, 1] says of uint8 images ``[n, h, w, c]``, as numpy arrays."""
    return network.predict(keras.ops.convert_to_numpy(to_float(images)), batch_size=batch_size, verbose=0)


def translate(network, images, seed=0, batch_size=8):
    """What a generator makes of images: uint8 ``[n, h, w, 3]`` to the same.

    Dropout that lasts draws by `seed`; the network's own random states stay as they were, so that looking at a
    generator in training changes nothing.

    Raises:
        BookError: a negative seed.
    """
    check_seed(seed)
    weights = {id(variable) for variable in network.weights}
    states = [variable for variable in network.variables if id(variable) not in weights]
    before = [keras.ops.convert_to_numpy(state) for state in states]
    for number, state in enumerate(states):
        state.assign([seed, number])
    drawn = to_uint8(predict_uint8(network, images, batch_size))
    for state, value in zip(states, before, strict=True):
        state.assign(value)
    return drawn


def evenly_spaced(length, count):
    """Up to `count` indices below `length`, evenly spread: int ``[min(length, count)]``."""
    return np.linspace(0, length - 1, min(length, count)).astype(int)
