"""Whether an exported network does what the network in Keras does: both are run on the same samples."""

from dataclasses import dataclass

import numpy as np

from gan_book.errors import BookError
from gan_book.sampling import balanced_labels, generator_inputs, num_labels

SAMPLES = 10
TOLERANCE = 1e-3  # an eighth of a grey level; of other outputs a thousandth of the largest, if that is above 1
GREY = 127.5  # grey levels of 255 for a difference of 1 in [-1, 1]


@dataclass(frozen=True)
class Difference:
    """The largest difference between two programs: in units of the output, and in grey levels if that is images."""

    largest: float
    grey_levels: float | None

    def __str__(self):
        grey = "" if self.grey_levels is None else f", which is {self.grey_levels:.2g} of 255 grey levels"
        return f"{self.largest:.2g}{grey}"


def samples(network, randomness, n=SAMPLES, seed=0):
    """Inputs to try a network with, made as the book makes them: dict input name -> array ``[n, ...]``.

    Latent points, labels and codes are those of `gan_book.sampling.draw`; images are patches of even colours with some
    noise, in [-1, 1] or uint8.
    """
    added = len(randomness.inputs)
    own = network.inputs[: len(network.inputs) - added]
    if hasattr(network, "takes") or not any(len(tensor.shape) == 4 for tensor in own):
        arrays = generator_inputs(network, balanced_labels(n, num_labels(network)), seed)
    else:
        arrays = [_pictures((n, *tensor.shape[1:]), tensor.dtype, seed) for tensor in own]
    for number, (tensor, prior) in enumerate(zip(network.inputs[len(own) :], randomness.inputs.values(), strict=True)):
        arrays.append(prior.array((n, *tensor.shape[1:]), np.random.default_rng([seed, 2 + number])))
    return {tensor.name: array for tensor, array in zip(network.inputs, arrays, strict=True)}


def _pictures(shape, dtype, seed):
    if len(shape) != 4:
        return np.zeros(shape, dtype)
    rng = np.random.default_rng(seed)
    n, height, width, channels = shape
    patches = rng.integers(0, 256, (n, -(-height // 8), -(-width // 8), channels))
    pictures = patches.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width]
    pictures = np.clip(pictures + rng.integers(-20, 21, shape), 0, 255).astype("uint8")
    return pictures if dtype == "uint8" else (pictures / 127.5 - 1).astype("float32")


def in_keras(network, arrays):
    """The outputs of a network for a dict of arrays, as a list of arrays in the order of ``network.outputs``."""
    import keras

    answers = network(keras.tree.pack_sequence_as(network.input, list(arrays.values())), training=False)
    return [keras.ops.convert_to_numpy(answer) for answer in keras.tree.flatten(answers)]


def compare(mine, theirs, outputs, tolerance=TOLERANCE):
    """The `Difference` between what Keras and what another program made of the same samples.

    Args:
        mine, theirs: lists of arrays, one for each output.
        outputs: their descriptions, see `gan_book.export.describe.description`.
        tolerance: the largest difference that may be; of outputs with values above 1 a share of the largest.

    Raises:
        BookError: another number of outputs or another shape; values that are not finite; or a difference above
            `tolerance`.
    """
    shapes = [[each.shape for each in arrays] for arrays in (mine, theirs)]
    if shapes[0] != shapes[1]:
        raise BookError(f"the exported network gives {shapes[1]} where Keras gives {shapes[0]}; please report this")
    differences = []
    for ours, other, about in zip(mine, theirs, outputs, strict=True):
        difference = float(np.abs(ours.astype("float64") - other).max())
        if not np.isfinite(difference) or difference > tolerance * max(1.0, float(np.abs(ours).max())):
            raise BookError(
                f"the exported network differs from Keras by {difference:.2g} in '{about['name']}', so nothing was "
                f"written; {_reason(ours)}"
            )
        differences.append(difference)
    images = [each for each, about in zip(differences, outputs, strict=True) if about["kind"] == "image"]
    return Difference(max(differences), GREY * max(images) if images else None)


def against_keras(network, arrays, theirs, outputs, tolerance=TOLERANCE):
    """The `Difference` between a network in Keras and what another program made of the same dict of arrays.

    theirs: the program's outputs, a dict by name or a list in the network's order; the rest and the errors are those of
    `compare`.
    """
    if isinstance(theirs, dict):
        theirs = [theirs[output["name"]] for output in outputs]
    return compare(in_keras(network, arrays), theirs, outputs, tolerance)


def _reason(ours):
    if not np.isfinite(ours).all():
        return "what Keras makes is not finite either: the training has failed, so export another run"
    return "choose another --format"
