"""The description beside an exported network, ``model.json``: all that another program has to know to use it."""

import math

import keras

import gan_book
from gan_book.datasets import title_of
from gan_book.datasets.drawings import DRAWN_PAIRS
from gan_book.datasets.manifest import fetchable, shipped
from gan_book.export.noise import Randomness
from gan_book.sampling import Code, Label, inputs_of
from gan_book.training import chapters

VERSION = 1
PIXEL = (1, 3)  # channels of what is an image


def description(run, network, name="generator", randomness=None):
    """What ``model.json`` says of a network, as a dict for JSON.

    The fields:

    version       1; a later version of the book that changes the meaning of a field will say 2
    made_by       "gan_book 0.1.0"
    chapter       name of the chapter's script, such as "cgan"; "title" has it in words
    network       name of the network in the run, such as "generator" or "classifier"
    parameters    number of weights
    class_names   list of the classes that a label input or the logits stand for; empty if there are none
    image_size    {"height", "width", "channels"} of the images that come out, or else of those that go in; null if none
    translates    {"from", "to"}: the two kinds of images, for chapters 10 and 11; null for other networks
    data          what it was trained on: {"name", "title"}, and for a data set of the book also "source", "licence" and
                  "credit" (what to write below pictures, or null)
    random_layers null, or {"layers": [...], "noise": "input" or "none"}: layers of the network that sample random
                  numbers in use, and whether these are an input here (their entries in "inputs" have the "layer") or
                  were left out
    inputs        a list in the network's order; each has "name", "dtype", "shape" (null: number of images) and "kind":
                  "noise": sample it from "prior": "normal", N(0, 1), or "uniform" between "low" and "high"
                  "code": a continuous code, "uniform" between "low" and "high"; it changes one thing
                  "label": the class, a whole number below "count"; "names" has its names
                  "category": likewise, without names that training knew
                  "values": other numbers
                  "image": pixels; those of dtype float32 are scaled to "range" [-1, 1], uint8 are 0 to 255
    outputs       a list; each has "name", "dtype", "shape" and "kind":
                  "image": pixels in "range" [-1, 1]; round((x + 1) * 127.5) makes 0 to 255 of them
                  "logits": of the classes; the largest is the answer, softmax gives probabilities
                  "values": other numbers

    After writing, `gan_book.commands.export` adds "format", "file" (the network's file or folder), "files" (all files,
    each {"name", "bytes"}) and "check": {"samples", "largest_difference", "grey_levels" (null without images), "ran_in"
    (the program), "compared_with"}.

    Args:
        run: `gan_book.training.runs.Run`.
        network: of the run, perhaps changed by `gan_book.export.noise.repeatable`.
        name: of the network in the run.
        randomness: the `Randomness` that came with it.
    """
    randomness, config = randomness or Randomness(), run.config
    lesson = chapters.lesson(config.lesson)
    sides = _sides(lesson, config, name)
    classes = [] if sides else config.class_names
    inputs = described_inputs(network, classes, randomness)
    outputs = described_outputs(network, classes if name == "classifier" else [])
    used = any(each["kind"] in ("label", "logits") for each in inputs + outputs)
    return {
        "version": VERSION,
        "made_by": f"gan_book {gan_book.__version__}",
        "chapter": lesson.name,
        "title": lesson.title,
        "network": name,
        "parameters": network.count_params(),
        "class_names": list(classes) if used else [],
        "image_size": _image_size(outputs) or _image_size(inputs),
        "translates": sides,
        "data": about_data(str(config.settings.get("data", ""))),
        "random_layers": {"layers": list(randomness.layers), "noise": randomness.way} if randomness.layers else None,
        "inputs": inputs,
        "outputs": outputs,
    }


def about_data(name):
    """What is known of a data set: see "data" in `description`."""
    kind = DRAWN_PAIRS[name].kind if name in DRAWN_PAIRS else name
    entry = {**fetchable(), **shipped()}.get(kind)
    if entry is None:  # a folder, of which the path is nobody else's business
        return {"name": title_of(name), "title": title_of(name)}
    known = {key: entry.get(key) for key in ("source", "licence", "credit")}
    return {"name": name, "title": title_of(name), **known}


def described_inputs(network, class_names, randomness):
    """The list "inputs" of `description`."""
    kinds = _kinds(network, randomness)
    described = []
    for tensor, kind in zip(network.inputs, kinds, strict=True):
        described.append(_entry(tensor, tensor.name) | _meaning(kind, tensor, class_names))
        if tensor.name in randomness.inputs:
            described[-1]["layer"] = randomness.layers[list(randomness.inputs).index(tensor.name)]
    return described


def _kinds(network, randomness):
    """For each input what it is sampled from; None for images."""
    added = list(randomness.inputs.values())
    if hasattr(network, "takes"):
        return [*network.takes, *added]
    own = len(network.inputs) - len(added)
    if any(len(tensor.shape) == 4 for tensor in network.inputs[:own]):
        return [None] * own + added
    return [*inputs_of(network), *added]


def _meaning(kind, tensor, class_names):
    if kind is None and not _is_image(tensor):
        return {"kind": "values"}
    if kind is None:
        return {"kind": "image", "range": [0, 255] if tensor.dtype == "uint8" else [-1, 1]}
    if type(kind) is Label:
        return {"kind": "label", "count": kind.count, "names": list(class_names)[: kind.count]}
    if isinstance(kind, Label):
        return {"kind": "category", "count": kind.count}
    prior = {"prior": "normal"} if kind.low is None else {"prior": "uniform", "low": kind.low, "high": kind.high}
    return {"kind": "code" if isinstance(kind, Code) else "noise", **prior}


def described_outputs(network, class_names):
    """The list "outputs" of `description`; with names of classes, the output is their logits."""
    return [
        _entry(tensor, name) | _answer(tensor, class_names)
        for name, tensor in zip(output_names(network, class_names), network.outputs, strict=True)
    ]


def _answer(tensor, class_names):
    if _is_image(tensor):
        return {"kind": "image", "range": [-1, 1]}
    if class_names and tensor.shape[-1] == len(class_names):
        return {"kind": "logits", "names": list(class_names)}
    return {"kind": "values"}


def output_names(network, class_names=()):
    """The names of the outputs in the exported file: those that the network gives them, or what they are."""
    if isinstance(network.output, dict):
        names = sorted(network.output)
    else:
        other = "logits" if class_names else "values"
        names = ["generated" if _is_image(tensor) else other for tensor in network.outputs]
        names = names if len(names) == 1 else [f"{name}_{number}" for number, name in enumerate(names, 1)]
    taken = {tensor.name for tensor in network.inputs}
    return [f"{name}_out" if name in taken else name for name in names]


def exported(network, about):
    """The network with its outputs by name, as all formats but Keras's write it: `keras.Model`, called once."""
    # Keras takes the names of the outputs from the keys of a dict, and exports only what has been called.
    names = [output["name"] for output in about["outputs"]]
    model = keras.Model(network.inputs, dict(zip(names, network.outputs, strict=True)), name=network.name)
    model([keras.ops.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs])
    return model


def _entry(tensor, name):
    return {"name": name, "dtype": str(tensor.dtype), "shape": [None, *tensor.shape[1:]]}


def _is_image(tensor):
    return len(tensor.shape) == 4 and tensor.shape[-1] in PIXEL and math.prod(tensor.shape[1:]) > 1


def _image_size(entries):
    shape = next((each["shape"] for each in entries if each["kind"] == "image"), None)
    return shape and dict(zip(("height", "width", "channels"), shape[1:], strict=True))


def _sides(lesson, config, name):
    """From which kind of images to which, for a chapter that translates."""
    networks = getattr(lesson.task, "networks", None)
    if networks is None or name not in networks.values():
        return None
    first, second = config.class_names
    turned = next(direction for direction, each in networks.items() if each == name) == "BtoA"
    return {"from": second, "to": first} if turned else {"from": first, "to": second}
