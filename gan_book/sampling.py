"""Sampling from a generator: latent points in, uint8 images out.

What a generator's inputs are sampled from is said once, where the generator is made, and holds for training and for
generating: ``Generator([z, label], image, takes=[Noise(), Label(10)])``. Chapter 6 explains latent points and labels,
chapter 7 categories and codes.
"""

from dataclasses import asdict, dataclass

import keras
import numpy as np
from keras import layers

from gan_book.errors import BookError
from gan_book.networks import to_float, to_uint8

GRID = 10  # columns of an image grid, and the most rows


@dataclass(frozen=True)
class Noise:
    """An input of numbers without a meaning of their own: N(0, 1), or uniform between `low` and `high` if given.

    Explained in chapter 6.
    """

    low: float | None = None
    high: float | None = None
    given = False  # sampled, not chosen by the user

    def tensor(self, shape, rng):
        """A sample for training: float tensor of `shape`; `rng` is a `keras.random.SeedGenerator`."""
        if self.low is None:
            return keras.random.normal(shape, seed=rng)
        return keras.random.uniform(shape, self.low, self.high, seed=rng)

    def array(self, shape, rng):
        """A sample to generate from: float32 array of `shape`; `rng` is a `numpy.random.Generator`."""
        if self.low is None:
            return rng.standard_normal(shape).astype("float32")
        return (self.low + (self.high - self.low) * rng.random(shape)).astype("float32")


@dataclass(frozen=True)
class Code(Noise):
    """A continuous code: an input of numbers to which training gives a meaning, uniform between -1 and 1.

    Explained in chapter 7 (InfoGAN).
    """

    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True)
class Label:
    """An input that is the class asked for, int ``[n]`` from 0 to `count` - 1. Explained in chapter 6."""

    count: int
    given = True


@dataclass(frozen=True)
class Category(Label):
    """A categorical code: an input of a whole number to which training gives a meaning. Explained in chapter 7."""

    given = False

    def tensor(self, shape, rng):
        """A sample for training: int tensor of `shape`, all categories equally likely."""
        return keras.random.randint(shape, 0, self.count, seed=rng)


KINDS = {kind.__name__: kind for kind in (Noise, Code, Label, Category)}


@keras.saving.register_keras_serializable("gan_book")
class Generator(keras.Model):
    """A Functional model that says what its inputs are sampled from. Explained in chapter 6.

    Args:
        inputs, outputs: as for `keras.Model`; the output is images ``[n, h, w, c]`` in [-1, 1].
        takes: for each input one of `Noise`, `Code`, `Label` and `Category`, in the inputs' order.

    Raises:
        BookError: not as many of them as inputs, one of them twice, or something else.
    """

    def __init__(self, inputs, outputs, takes=(Noise(),), **kwargs):
        super().__init__(inputs, outputs, **{"name": "generator", **kwargs})
        _require_kinds(takes)
        if len(takes) != len(self.inputs):
            raise BookError(
                f"the generator has {len(self.inputs)} inputs, but takes= names {len(takes)}; give one of "
                f"{', '.join(KINDS)} for each"
            )
        self._takes = tuple(takes)

    @property
    def takes(self):
        """What the inputs are, in their order."""
        return tuple(self._takes)

    def get_config(self):
        functional = keras.Model(self.input, self.output, name=self.name)
        return {"functional": functional.get_config(), "takes": described(self.takes)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        functional = keras.Model.from_config(config["functional"], custom_objects=custom_objects)
        return cls(functional.inputs, functional.output, takes=understood(config["takes"]), name=functional.name)


def _require_kinds(takes):
    kinds = ", ".join(f"{name}({'number' * (name in ('Label', 'Category'))})" for name in KINDS)
    if not isinstance(takes, (list, tuple)) or not all(isinstance(kind, tuple(KINDS.values())) for kind in takes):
        raise BookError(f"takes= of a generator must be a list with one of {kinds} for each input, not {takes!r}")
    if twice := [type(kind).__name__ for number, kind in enumerate(takes) if type(kind) in map(type, takes[:number])]:
        raise BookError(f"takes= names {twice[0]} twice; give the generator one such input and split it in there")
    for kind in takes:
        bounds = (kind.low, kind.high) if isinstance(kind, Noise) else (0, 1)
        if bounds != (None, None) and (None in bounds or bounds[0] >= bounds[1]):
            raise BookError(f"{kind} must have both bounds, the lower first, or none for N(0, 1)")


def described(takes):
    """What the inputs are, as a list of dicts for JSON."""
    return [{"kind": type(kind).__name__, **asdict(kind)} for kind in takes]


def understood(description):
    """The opposite of `described`."""
    return tuple(KINDS[each["kind"]](**{k: v for k, v in each.items() if k != "kind"}) for each in description)


def inputs_of(generator):
    """What the inputs of a generator are: a tuple with one of `KINDS` for each; empty if it is given images.

    A plain `keras.Model` with a single input is taken to be a generator from Gaussian noise.

    Raises:
        BookError: several inputs, and nobody has said what they are; or it is no network with inputs.
    """
    if hasattr(generator, "takes"):
        return tuple(generator.takes)
    if not hasattr(generator, "inputs"):
        raise BookError(
            f"a {type(generator).__name__} has no inputs to sample for; take a network that begins with a keras.Input, "
            "such as model.sampler"
        )
    if any(len(tensor.shape) == 4 for tensor in generator.inputs):
        return ()
    if len(generator.inputs) == 1:
        return (Noise(),)
    names = ", ".join(tensor.name for tensor in generator.inputs)
    raise BookError(
        f"what are the inputs of '{generator.name}' ({names}) sampled from? Make it a gan_book.Generator(inputs, "
        "outputs, takes=[...]), with one of Noise(), Label(number of classes), Category(number) and Code() for each"
    )


def _first(generator, kind):
    """Number of the generator's first input of exactly that kind, or None."""
    return next((number for number, each in enumerate(inputs_of(generator)) if type(each) is kind), None)


def latent_points(generator, n, seed=0):
    """Samples for the generator's noise, from the prior that it was trained with: float32 ``[n, d]``.

    Explained in chapter 6.

    Raises:
        BookError: a negative seed; or the generator takes no noise.
    """
    check_seed(seed)
    number = _first(generator, Noise)
    if number is None:
        raise BookError(f"'{generator.name}' takes no noise, so there are no latent points for it")
    shape = (n, *generator.inputs[number].shape[1:])
    return inputs_of(generator)[number].array(shape, np.random.default_rng(seed))


def check_seed(seed):
    """Raises BookError for a seed that is negative or no whole number."""
    if not isinstance(seed, (int, np.integer)):
        raise BookError(f"--seed must be a whole number, not {seed!r}")
    if seed < 0:
        raise BookError(f"--seed must not be negative, not {seed}")


def latent_dim(generator):
    """How many numbers d of noise the generator takes: the width of its latent points ``[n, d]``."""
    return generator.inputs[_first(generator, Noise)].shape[-1]


def takes_noise(generator):
    """Whether the generator starts from latent points, not from images."""
    return bool(inputs_of(generator))


def is_conditional(generator):
    """Whether the generator can be asked for a class of the data."""
    return _first(generator, Label) is not None


def num_labels(generator):
    """How many classes or categories the generator can be asked for; 1 if it takes neither."""
    return next((kind.count for kind in inputs_of(generator) if isinstance(kind, Label)), 1)


def label_names(generator, class_names):
    """What to call the generator's labels: the classes, or its own categories by number; empty if it has none."""
    if is_conditional(generator):
        return tuple(class_names)
    return tuple(f"category {k}" for k in range(num_labels(generator))) if num_labels(generator) > 1 else ()


def code_dim(generator):
    """How many continuous codes the generator takes; 0 if it has none."""
    number = _first(generator, Code)
    return 0 if number is None else generator.inputs[number].shape[-1]


def latent_codes(generator, n, seed=0):
    """Samples for the generator's continuous codes, float32 ``[n, d]``; None if it takes none."""
    number = _first(generator, Code)
    if number is None:
        return None
    return inputs_of(generator)[number].array((n, code_dim(generator)), np.random.default_rng([seed, 1]))


def balanced_labels(n, num_classes):
    """``n`` labels, int32 ``[n]``, every class equally often: 0, 1, 2, …, 0, 1, 2, …"""
    return np.arange(n, dtype="int32") % num_classes


def grid_labels(generator):
    """The labels that an image grid shows: int32 ``[rows, 10]``.

    Each of the generator's first 10 labels has a row; 10 rows of zeros if it takes no labels.
    """
    kinds = min(num_labels(generator), GRID)
    rows = np.arange(kinds, dtype="int32") if kinds > 1 else np.zeros(GRID, "int32")
    return np.repeat(rows[:, None], GRID, axis=1)


def draw(generator, labels, seed=0, z=None, codes=None, batch_size=250):
    """Generates one image for each label. Explained in chapter 6.

    Args:
        generator: maps its inputs (see `Generator`) to images in [-1, 1].
        labels: int ``[n]``, classes or categories; for a generator without labels only their number n counts.
        seed: of the latent points and codes, at least 0.
        z, codes: float ``[n, d]``: latent points and continuous codes to use instead of sampled ones.
        batch_size: images at a time.

    Returns:
        uint8 ``[n, height, width, channels]``, 0 to 255.

    Raises:
        BookError: labels that are none, or none of the generator's; or another number of latent points than of labels.
    """
    inputs = generator_inputs(generator, labels, seed, z, codes)
    inputs = inputs if len(inputs) > 1 else inputs[0]
    return to_uint8(generator.predict(inputs, batch_size=batch_size, verbose=0))


def generator_inputs(generator, labels, seed=0, z=None, codes=None):
    """What `draw` gives the generator: a list with an array ``[n, ...]`` for each of its inputs, in their order.

    The arguments and errors are those of `draw`.
    """
    labels = _checked_labels(generator, labels)
    if z is None and (_first(generator, Noise) is not None or not takes_noise(generator)):
        z = latent_points(generator, len(labels), seed)
    elif z is not None and len(z) != len(labels):
        raise BookError(f"there are {len(z)} latent points for {len(labels)} labels; give one of each for every image")
    codes = latent_codes(generator, len(labels), seed) if codes is None else codes
    # By the kind of each input, in the generator's own order: what an input is called does not matter.
    values = {Noise: z, Label: labels, Category: labels, Code: codes}
    return [values[type(kind)] for kind in inputs_of(generator)]


def _checked_labels(generator, labels):
    """The labels as int32 ``[n]``."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or not labels.size or labels.dtype.kind not in "biuf" or (labels != labels.astype(int)).any():
        raise BookError(
            "labels must be a list of whole numbers, one for each image; np.zeros(16) gives 16 images of class 0"
        )
    kinds = num_labels(generator)
    if any(isinstance(kind, Label) for kind in inputs_of(generator)) and not 0 <= labels.min() <= labels.max() < kinds:
        wrong = labels[(labels < 0) | (labels >= kinds)][0]
        raise BookError(f"'{generator.name}' knows the labels 0 to {kinds - 1}, and {wrong:g} is none of them")
    return labels.astype("int32")


def line(a, b, steps):
    """``steps`` points on the straight line from a to b, float ``[d]`` each: float32 ``[steps, d]``."""
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    return (1 - t) * a + t * b


def arc(a, b, steps):
    """``steps`` points from a to b, float ``[d]``, along the sphere: float32 ``[steps, d]``. Explained in chapter 3.

    The midpoint of a straight line between two Gaussian points is shorter than nearly all points the generator has
    seen; spherical interpolation keeps to lengths it knows (White 2016, "Sampling Generative Networks", section 2.1).
    """
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    omega = np.arccos(np.clip(cosine, -1, 1))
    # For points in the same or in opposite directions the formula is 0 / 0; the line is then the limit, or as good as
    # any.
    if np.sin(omega) < 1e-6:
        return line(a, b, steps)
    return ((np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)).astype("float32")


def between_classes(generator, z, start, end, steps):
    """Images of one latent point: as class `start`, as class `end`, and as mixtures of their embeddings between.

    Explained in chapter 6.

    Args:
        generator: a `Generator` whose label goes into an embedding.
        z: float ``[d]``; continuous codes, where the generator has them, are 0.
        start, end: numbers of classes or categories.
        steps: how many images.

    Returns:
        uint8 ``[steps, height, width, channels]``.

    Raises:
        BookError: the label goes into something other than an embedding.
    """
    # Labels are whole numbers and cannot be mixed; their embeddings can. So the generator is cut open behind its
    # embedding, and what remains, the decoder, takes a vector instead of a label. A copy is cut: Keras cannot save a
    # model after another model was made from tensors in its middle.
    copy = type(generator).from_config(generator.get_config())
    copy.set_weights(generator.get_weights())
    kinds = inputs_of(copy)
    asked = next(number for number, kind in enumerate(kinds) if isinstance(kind, Label))
    embedding = _embedding_of(copy, copy.inputs[asked])
    others = [tensor for number, tensor in enumerate(copy.inputs) if number != asked]
    decoder = keras.Model([*others, embedding.output], copy.output)
    table = keras.ops.convert_to_numpy(embedding.embeddings)
    mixtures = line(table[start], table[end], steps)
    # Called directly, without predict(): the decoder is used once, and tracing it would take longer than running it.
    held = {Noise: np.repeat(z[None], steps, axis=0), Code: np.zeros((steps, code_dim(generator)), "float32")}
    values = [held[type(kind)] for kind in kinds if not isinstance(kind, Label)]
    images = decoder([*values, mixtures], training=False)
    return to_uint8(keras.ops.convert_to_numpy(images))


def _embedding_of(generator, label):
    """The `Embedding` layer that a label goes into.

    Raises:
        BookError: it goes into another kind of layer.
    """
    for layer in generator.layers:
        if isinstance(layer, layers.Embedding) and layer.input is label:
            return layer
    raise BookError(f"the label of '{generator.name}' goes into no Embedding, and only embeddings can be mixed")


def predict_uint8(network, images, batch_size=500):
    """The output for uint8 images ``[n, h, w, c]`` of a network that takes images in [-1, 1], as numpy arrays."""
    return network.predict(keras.ops.convert_to_numpy(to_float(images)), batch_size=batch_size, verbose=0)


def translate(network, images, seed=0, batch_size=8):
    """Translates images with a generator. Explained in chapters 10 and 11.

    Args:
        network: takes and returns images ``[n, h, w, 3]`` in [-1, 1].
        images: uint8 ``[n, h, w, 3]``.
        seed: of dropout that is active in use too (chapter 10), at least 0.
        batch_size: images at a time.

    Returns:
        uint8 ``[n, h, w, 3]``.

    Raises:
        BookError: a negative seed.
    """
    check_seed(seed)
    # Such dropout has random states, which are variables but no weights. They are set from the seed, so that the same
    # images give the same result, and set back afterwards: looking at a generator in training must not change the
    # training.
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
    """Up to `count` indices below `length`, evenly spaced: int ``[min(length, count)]``."""
    return np.linspace(0, length - 1, min(length, count)).astype(int)
