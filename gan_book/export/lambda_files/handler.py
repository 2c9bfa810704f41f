"""Answers a request for images: the query string in, a PNG out. It needs numpy, onnxruntime and Pillow.

    ?label=sneaker&seed=7&n=16     all three may be left out; without a label all classes in turn

AWS Lambda calls `handler`; `serve.py` calls it on your own machine.
"""

import base64
import io
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

HERE = Path(__file__).parent
ABOUT = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
SESSION = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
MOST = 64  # images in one answer: whoever knows the address can ask, and you pay for the time


def handler(event, context=None):
    """The answer to an event of a Lambda function URL or of API Gateway: a picture, or a sentence with status 400."""
    try:
        picture = png(**asked(event.get("queryStringParameters") or {}))
    except ValueError as problem:
        return {"statusCode": 400, "headers": {"Content-Type": "text/plain; charset=utf-8"}, "body": str(problem)}
    body = base64.b64encode(picture).decode()
    return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "isBase64Encoded": True, "body": body}


def asked(query):
    """The query as ``{"n", "seed", "label"}``; raises ValueError, which says what is wrong with it."""
    if unknown := sorted(set(query) - {"n", "seed", "label"}):
        raise ValueError(f"'{unknown[0][:40]}' is not known; there are n, seed and label")
    n, seed = (whole(query, name, first, last) for name, first, last in (("n", 1, MOST), ("seed", 0, 2**32 - 1)))
    return {"n": n, "seed": seed, "label": label_of(query["label"]) if "label" in query else None}


def whole(query, name, first, last):
    """A whole number of the query; `first` if it is not there."""
    text = str(query.get(name, first))
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and first <= int(text) <= last):
        raise ValueError(f"{name} must be a whole number from {first} to {last}, not '{text[:40]}'")
    return int(text)


def label_of(text):
    """The number of a class, asked for by name or number."""
    kind = next((each for each in ABOUT["inputs"] if each["kind"] in ("label", "category")), None)
    if kind is None:
        raise ValueError("this network knows no classes; leave label out")
    names = kind.get("names", [])
    folded, wanted = [name.strip().lower() for name in names], str(text).strip().lower()
    if wanted in folded:
        return folded.index(wanted)
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 and int(wanted) < kind["count"]:
        return int(wanted)
    choices = [f"{number} {name}" for number, name in enumerate(names)] or [f"0 to {kind['count'] - 1}"]
    raise ValueError(f"there is no label '{str(text)[:40]}'; choose one of: {', '.join(choices)}")


def png(n, seed, label):
    """A grid of `n` images as the bytes of a PNG, about as many columns as rows."""
    pixels = images(n, seed, label)
    columns = math.ceil(math.sqrt(n))
    rows, (height, width, channels) = math.ceil(n / columns), pixels.shape[1:]
    grid = np.zeros((rows * columns, height, width, channels), "uint8")
    grid[:n] = pixels
    grid = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    grid = grid.reshape(rows * height, columns * width, channels)
    file = io.BytesIO()
    Image.fromarray(grid[..., 0] if channels == 1 else grid).save(file, format="PNG")
    return file.getvalue()


def images(n, seed, label):
    """Generates uint8 ``[n, h, w, c]``: the same images as `gan-book generate` with this seed."""
    values = {}
    for number, each in enumerate(ABOUT["inputs"]):
        shape = (n, *each["shape"][1:])
        if each["kind"] in ("label", "category"):
            chosen = np.arange(n) % each["count"] if label is None else np.full(n, label)
            values[each["name"]] = chosen.astype(each["dtype"])
        else:  # random numbers of their own for latent points, for codes, and for noise within the network
            stream = [seed, 1] if each["kind"] == "code" else [seed, 2 + number] if "layer" in each else seed
            values[each["name"]] = sample(each, shape, np.random.default_rng(stream))
    (made,) = SESSION.run([ABOUT["outputs"][0]["name"]], values)
    return np.clip(np.rint((made + 1) * 127.5), 0, 255).astype("uint8")


def sample(each, shape, rng):
    """Random numbers for an input, as its description says."""
    if each["prior"] == "normal":
        return rng.standard_normal(shape).astype(each["dtype"])
    return (each["low"] + (each["high"] - each["low"]) * rng.random(shape)).astype(each["dtype"])
