"""Saving a network so that other machines and other versions of Keras can use it."""

import json
import zipfile

import keras

# Settings that Keras 3.13 and later write into a file even where they are not used, and Keras 3.12 (the last for
# Python 3.10) does not know.
NEWER = {"quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}
HALF_PRECISION = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def save(network, path):
    """Writes `network` in float32 as a ``.keras`` file that Keras 3.12 and later load without help.

    The networks of this book are trained in whatever precision their device is good at; who draws with them may have
    another one. Their weights are float32 all along, so it is enough to change what the file says of the layers,
    those of networks inside the network included.
    """
    # Without what it was compiled with: to draw needs no loss, and a chapter's own would not be known elsewhere.
    keras.Model(network.input, network.output, name=network.name).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = _portable(json.loads(parts["config.json"]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else content)


def _portable(config):
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
