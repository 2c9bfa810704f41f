"""Saving a network so that other machines and other versions of Keras can use it."""

import json
import zipfile

import keras

# Settings that Keras 3.13 and later write into a file even where they are not used, and Keras 3.12 (the last for
# Python 3.10) does not know.
NEWER = {"quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}


def save(network, path):
    """Writes `network` in float32 as a ``.keras`` file that Keras 3.12 and later load without help.

    The networks of this book are trained in whatever precision their device is good at; who draws with them may have
    another one. Their weights are float32 all along.
    """
    # Without what it was compiled with: to draw needs no loss, and a chapter's own would not be known elsewhere.
    uncompiled = keras.Model(network.input, network.output, name=network.name)
    copy = keras.models.clone_model(uncompiled, clone_function=_in_float32, recursive=True)
    copy.set_weights(network.get_weights())
    copy.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = _without_newer(json.loads(parts["config.json"]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else content)


def _in_float32(layer):
    return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})


def _without_newer(config):
    if isinstance(config, dict):
        unused = set() if config.get("renorm") or config.get("quantization_config") else NEWER
        return {key: _without_newer(value) for key, value in config.items() if key not in unused}
    if isinstance(config, list):
        return [_without_newer(value) for value in config]
    return config
