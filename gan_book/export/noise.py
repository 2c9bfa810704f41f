"""Networks that sample random numbers while they are used, such as pix2pix with its dropout (chapter 10).

A file for another program holds a function: the same inputs give the same outputs. ONNX has no random numbers that
every program understands, and a file with Keras's does not even load. So the random numbers become inputs of the
network, or are left out.
"""

from dataclasses import dataclass, field

import keras
from keras import layers, ops

from gan_book.errors import BookError
from gan_book.sampling import Noise, inputs_of

WAYS = ("input", "none")
OFTEN = (layers.Dropout, layers.GaussianNoise)  # those whose random numbers can become an input
LEFT_OUT = (*OFTEN, layers.GaussianDropout, layers.AlphaDropout)  # those that change nothing on average
SPATIAL = (layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)


@dataclass(frozen=True)
class Randomness:
    """What became of a network's random numbers.

    Attributes:
        layers: names of the layers that sampled them; empty for most networks.
        way: "input" or "none" (left out).
        inputs: name of each new input -> `gan_book.sampling.Noise`, what to sample it from.
    """

    layers: tuple = ()
    way: str = "input"
    inputs: dict = field(default_factory=dict)


def random_layers(network, arrays):
    """The layers of a network that sample random numbers in use, a list; those that do so only in training are not.

    arrays: a list with an array for each input, to try it with.
    """
    # A layer that samples keeps the state of its random numbers in a variable that is no weight. Whatever kind of layer
    # it is: if that state has changed after the network was used, the layer has sampled.
    weights = {id(variable) for variable in network.weights}
    states = {
        layer.name: (layer, [variable for variable in layer.variables if id(variable) not in weights])
        for layer in leaves(network)
    }
    before = {name: [ops.convert_to_numpy(state) for state in found] for name, (_, found) in states.items()}
    network(keras.tree.pack_sequence_as(network.input, arrays), training=False)
    moved = []
    for name, (layer, found) in states.items():
        now = [ops.convert_to_numpy(state) for state in found]
        if any((old != new).any() for old, new in zip(before[name], now, strict=True)):
            moved.append(layer)
        for state, old in zip(found, before[name], strict=True):
            state.assign(old)
    return moved


def leaves(network):
    """The layers of a network, those of networks inside it too."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def repeatable(network, arrays, way="input"):
    """The network without random numbers of its own: the same inputs give the same outputs.

    Args:
        network: a Functional model; it shares its layers with the result.
        arrays: a list with an array for each of its inputs.
        way: "input": each layer that samples random numbers gets them from an input of its own; "none": such layers are
            left out.

    Returns:
        `keras.Model` and `Randomness`. A network without random numbers comes back as it is.

    Raises:
        BookError: a layer of a kind that this cannot be done with; the sentence names it.
    """
    found = random_layers(network, arrays)
    for layer in found:
        _require_possible(network, layer, way)
    if not found:
        return network, Randomness()
    given = {layer.name: _input_for(layer, number) for number, layer in enumerate(found, 1)} if way == "input" else {}
    # `clone_model` goes through the network layer by layer, and calls ours where Keras would call the layer. The new
    # inputs are there before: it allows an input that nothing uses yet.
    probe = keras.Model([*network.inputs, *given.values()], network.outputs, name=network.name)
    inputs = [keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name) for each in probe.inputs]
    noise = dict(zip(given, inputs[len(network.inputs) :], strict=True))

    def call(layer, *arguments, **more):
        if layer not in found:
            return layer(*arguments, **more)
        features = arguments[0]
        return _with_noise(layer, features, noise[layer.name]) if way == "input" else features

    result = keras.models.clone_model(probe, inputs, clone_function=lambda layer: layer, call_function=call)
    if kinds := inputs_of(network):
        result.takes = kinds  # of the inputs that it had before
    priors = {noise[layer.name].name: _prior(layer) for layer in found} if way == "input" else {}
    return result, Randomness(tuple(layer.name for layer in found), way, priors)


def _require_possible(network, layer, way):
    kind = f"its layer '{layer.name}' ({type(layer).__name__}) samples random numbers in use"
    if layer not in network.layers:
        raise BookError(
            f"'{network.name}' cannot be exported: {kind} and is part of a network inside it; export that network"
        )
    if not isinstance(layer, LEFT_OUT):
        raise BookError(f"'{network.name}' cannot be exported: {kind}; make the random numbers an input of the network")
    if way == "input" and (not isinstance(layer, OFTEN) or isinstance(layer, SPATIAL)):
        raise BookError(
            f"'{network.name}' cannot be exported with its noise as an input: {kind}; add --noise none to leave it out"
        )


def _input_for(layer, number):
    """The new input: as many random numbers as the layer takes."""
    shape = layer.input.shape
    broadcast = getattr(layer, "noise_shape", None) or (None,) * len(shape)
    shape = [side if wanted is None else wanted for side, wanted in zip(shape, broadcast, strict=True)]
    return keras.Input(shape[1:], name=f"noise_{number}")


def _prior(layer):
    return Noise(0.0, 1.0) if isinstance(layer, layers.Dropout) else Noise()


def _with_noise(layer, features, noise):
    """What the layer does in training, with random numbers from an input: U(0, 1) for dropout, else N(0, 1)."""
    # Scaled by a layer: a Keras tensor times a Python number counts as a sparse one, which other layers do not take.
    if isinstance(layer, layers.GaussianNoise):
        return features + layers.Rescaling(layer.stddev)(noise)
    # Dropout keeps a number where the random one is not below the rate, and makes up for those that it leaves out.
    larger = layers.Rescaling(1 / (1 - layer.rate) if layer.rate < 1 else 0.0)(features)
    return larger * ops.cast(noise >= layer.rate, "float32")
