"""What the tests of export share: a run with a small generator, and whether the packages are there."""

from importlib.util import find_spec

import keras
import numpy as np
import pytest
from keras import layers

from gan_book.sampling import Category, Code, Generator, Label, Noise
from gan_book.training import runs
from gan_book.training.run_config import RunConfig

TENSORFLOW = keras.backend.backend() == "tensorflow"


def needs(*packages):
    """Skips a test where a package is missing, or Keras runs on another backend."""
    missing = [package for package in packages if find_spec(package) is None]
    reason = f"needs {', '.join(missing)}" if missing else "needs Keras on TensorFlow"
    return pytest.mark.skipif(bool(missing) or not TENSORFLOW, reason=reason)


ONNX = needs("tf2onnx", "onnx", "onnxruntime")
LITERT = needs("ai_edge_litert")
NAMES = ["dawn", "Dusk", "high noon"]
SHAPE = (6, 8, 3)


CONDITIONAL = (Noise(), Label(3))


def generator(takes=CONDITIONAL, shape=SHAPE, hidden=()):
    """A generator with inputs of these kinds; ``hidden``: layers in its middle."""
    inputs, parts = [], []
    for number, kind in enumerate(takes):
        whole = isinstance(kind, Label)
        inputs.append(keras.Input(() if whole else (4,), dtype="int32" if whole else "float32", name=f"in_{number}"))
        parts.append(layers.Embedding(kind.count, 4)(inputs[-1]) if whole else inputs[-1])
    h = layers.Dense(12, activation="relu")(layers.Concatenate()(parts) if len(parts) > 1 else parts[0])
    for layer in hidden:
        h = layer(h)
    image = layers.Reshape(shape)(layers.Dense(int(np.prod(shape)), activation="tanh")(h))
    return Generator(inputs, image, takes=list(takes))


def codes():
    """A generator with a category and codes, as InfoGAN's, from uniform noise."""
    return generator((Noise(-1.0, 1.0), Category(3), Code()), (4, 4, 1))


def make_run(folder, lesson="cgan", names=NAMES, settings=None, **networks):
    """A run folder with these networks."""
    run = runs.Run(folder)
    for name, network in networks.items():
        run.save(name, network)
    run.write_config(RunConfig(lesson, "smoke", settings or {"data": "cats"}, list(names)))
    return run
