"""Saving a network so that other machines and other versions of Keras can use it, and loading it again.

A file of `save_network` is an ordinary ``.keras`` file: ``keras.models.load_model`` reads it without this package,
unless a chapter's own layers are in it. In addition it holds ``gan_book.json``, which says what a generator's inputs
are sampled from.
"""

import json
import tempfile
import zipfile
from pathlib import Path

import keras

from gan_book import layers, legacy, losses  # noqa: F401 - layers and losses, so that Keras knows them
from gan_book.errors import BookError
from gan_book.paths import UNREADABLE
from gan_book.sampling import Generator, described, understood

ABOUT = "gan_book.json"
SCRATCH = ".saving-"  # how the folder begins in which a network is written before it takes its place
# Settings that Keras 3.13 and later write into a file even where they are not used, and Keras 3.12 (the last for
# Python 3.10) does not know.
NEWER = {"quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}
HALF_PRECISION = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def save_network(network, path):
    """Writes `network` in float32 as a ``.keras`` file that Keras 3.12 and later load, whole or not at all.

    A network is trained in the precision that its device is fast in; the device that generates may be another one. The
    weights are float32 in any case, so it is enough to change what the file says of the layers, also of layers in
    networks inside the network.

    Args:
        network: a Functional model.
        path: of the file, which is replaced if it exists.

    Raises:
        BookError: `path` does not end in ".keras"; or `network` has no inputs to describe it from.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise BookError(f"a network is saved in a file that ends in .keras, not in {path}")
    functional = _functional(network)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=SCRATCH) as scratch:
        part = Path(scratch, path.name)
        # A new model of the same layers, without what it was compiled with: using it needs no loss, and a chapter's own
        # loss would not be known elsewhere.
        functional.save(part)
        # A .keras file is a ZIP archive: config.json describes the layers, the rest are weights. There is no public way
        # to save in another precision than that in memory, so the description is edited.
        with zipfile.ZipFile(part) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        parts["config.json"] = json.dumps(_portable(json.loads(parts["config.json"])))
        if isinstance(network, Generator):
            parts[ABOUT] = json.dumps({"takes": described(network.takes)})
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        part.replace(path)


def _functional(network):
    """The network as a plain `keras.Model` of the same layers."""
    try:
        if isinstance(network, keras.Sequential):  # Keras gives it neither input nor output
            return keras.Model(network.inputs[0], network.outputs[0], name=network.name)
        return keras.Model(network.input, network.output, name=network.name)
    except AttributeError:
        raise BookError(
            f"'{network.name}' has no input to save it from; save a network that begins with a keras.Input, such as "
            "model.sampler"
        ) from None


def load_network(path, custom_objects=None):
    """Loads a network from a file of `save_network`, or any other ``.keras`` file, for inference.

    Args:
        path: of the file.
        custom_objects: dict from names to layer classes that are not registered with Keras.

    Returns:
        `keras.Model`, not compiled; a generator is a `gan_book.sampling.Generator`. Nothing is unpickled, and no code
        of the file runs.

    Raises:
        BookError: there is no such file, it is damaged, or it has layers that are not registered with Keras.
    """
    path = Path(path)
    if not path.is_file():
        raise BookError(f"there is no network {path}; check the path")
    if path.suffix != ".keras":
        raise BookError(
            f"{path} is no .keras file; if it holds weights alone, load_weights() of their network reads it"
        )
    try:
        return read_network(path, custom_objects)
    except UNREADABLE as error:
        raise BookError(f"{path} cannot be read ({type(error).__name__}); {_advice(error)}") from error


def read_network(path, custom_objects=None):
    """`load_network`, but a damaged file, or one with layers that are not known, raises one of `UNREADABLE`."""
    network = keras.models.load_model(path, custom_objects=custom_objects, compile=False, safe_mode=True)
    takes = _takes(path) or legacy.takes_by_name(network)
    return Generator(network.inputs, network.output, takes, name=network.name) if takes else network


def _takes(path):
    with zipfile.ZipFile(path) as archive:
        if ABOUT not in archive.namelist():
            return None
        return understood(json.loads(archive.read(ABOUT))["takes"])


def _advice(error):
    if "Could not locate" in str(error):
        return "import the script that defines its layers first (chapters 7, 9, 10 and 12 to 14 have their own)"
    if "lambda" in str(error).lower():
        return "write its Lambda as a layer of your own, for a Lambda's code is not loaded from files"
    return "restore it, or train again"


def _portable(config):
    """The nested description with float32 for every half precision, and without settings that Keras 3.12 lacks."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in HALF_PRECISION:
            return {**config, "config": {"name": "float32"}}
        unused = set() if config.get("renorm") or config.get("quantization_config") else NEWER
        return {key: _entry(key, value) for key, value in config.items() if key not in unused}
    if isinstance(config, list):
        return [_portable(value) for value in config]
    return config


def _entry(key, value):
    return "float32" if key == "dtype" and value in HALF_PRECISION else _portable(value)
