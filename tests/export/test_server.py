"""The folder for AWS Lambda: real events, in a Python that has neither this book nor TensorFlow."""

import base64
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from gan_book.commands.export import export
from gan_book.errors import BookError
from gan_book.sampling import Noise, draw
from tests.export import common

pytestmark = common.ONNX

# As AWS sends them: a function URL (version 2.0), API Gateway's REST interface, and without a query at all.
URL = {"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}, "isBase64Encoded": False}
REST = {"resource": "/", "httpMethod": "GET", "multiValueQueryStringParameters": None, "body": None}
EVENTS = [
    {
        **URL,
        "rawQueryString": "label=dusk&seed=7&n=4",
        "queryStringParameters": {"label": "dusk", "seed": "7", "n": "4"},
    },
    {**REST, "queryStringParameters": {"label": "2", "n": "3", "seed": "1"}},
    {**REST, "queryStringParameters": None},
    URL,
    {**URL, "queryStringParameters": {"n": "64"}},
]
NONSENSE = {
    "n=65": "n must be a whole number from 1 to 64, not '65'",
    "n=999999999999999999999": "n must be a whole number from 1 to 64",
    "n=0": "n must be",
    "n=-1": "n must be",
    "n=": "n must be",
    "n=²": "n must be",
    "n=1e3": "n must be",
    "seed=4294967296": "seed must be a whole number from 0 to 4294967295",
    "seed=x": "seed must be",
    "label=moon": "there is no label 'moon'; choose one of: 0 dawn, 1 Dusk, 2 high noon",
    "label=3": "there is no label '3'",
    "label=-1": "there is no label '-1'",
    "label=": "there is no label ''",
    "size=3": "'size' is not known; there are n, seed and label",
}
PROGRAM = """
import sys
for name in ("gan_book", "chapters", "tensorflow", "keras", "jax"):
    sys.modules[name] = None
import json
from handler import handler
print(json.dumps([handler(event, None) for event in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return common.make_run(tmp_path_factory.mktemp("runs") / "run", generator=common.generator())


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    target = tmp_path_factory.mktemp("exported") / "service"
    export(run, "generator", "lambda", target)
    return target


def answers(folder, events):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=json.dumps(events), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pixels(answer):
    assert answer["statusCode"] == 200 and answer["isBase64Encoded"]
    assert answer["headers"]["Content-Type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["body"]))))


def grid(images, rows, columns):
    """Images ``[n, h, w, c]`` side by side, without gaps."""
    full = np.zeros((rows * columns, *images.shape[1:]), "uint8")
    full[: len(images)] = images
    return np.concatenate([np.concatenate(list(row), axis=1) for row in full.reshape(rows, columns, *images.shape[1:])])


def test_pictures_are_those_of_keras(folder, run):
    generator = run.load("generator")
    given = [pixels(answer) for answer in answers(folder, EVENTS)]
    wanted = [
        grid(draw(generator, np.full(4, 1), seed=7), 2, 2),
        grid(draw(generator, np.full(3, 2), seed=1), 2, 2),
        grid(draw(generator, np.zeros(1, int)), 1, 1),
        grid(draw(generator, np.zeros(1, int)), 1, 1),
        grid(draw(generator, np.arange(64) % 3), 8, 8),
    ]
    for mine, theirs in zip(wanted, given, strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine.astype(int) - theirs).max() <= 1


def test_nonsense_is_answered_with_a_sentence(folder):
    events = [{**URL, "queryStringParameters": dict([query.split("=")])} for query in NONSENSE]
    for answer, sentence in zip(answers(folder, events), NONSENSE.values(), strict=True):
        assert answer["statusCode"] == 400 and sentence in answer["body"], answer
        assert answer["headers"]["Content-Type"].startswith("text/plain") and "isBase64Encoded" not in answer


def test_a_generator_with_codes_or_without_classes(tmp_path):
    for name, network in {"codes": common.codes(), "plain": common.generator([Noise(0.0, 1.0)])}.items():
        run = common.make_run(tmp_path / f"{name}-run", "infogan", generator=network)
        export(run, "generator", "lambda", tmp_path / name)
        event, asked = ({**URL, "queryStringParameters": query} for query in ({"n": "4", "seed": "5"}, {"label": "1"}))
        first, second = answers(tmp_path / name, [event, asked])
        wanted = grid(draw(run.load("generator"), np.arange(4) % 3, seed=5), 2, 2)
        wanted = wanted[..., 0] if wanted.shape[-1] == 1 else wanted
        assert np.abs(wanted.astype(int) - pixels(first)).max() <= 1
        assert second["statusCode"] == (200 if name == "codes" else 400)


def test_a_network_that_takes_pictures_is_refused(tmp_path):
    from chapters.ch10_pix2pix.pix2pix import define_generator

    settings = {"data": "earth", "direction": "AtoB"}
    run = common.make_run(
        tmp_path / "run", "pix2pix", ["a", "b"], settings, generator=define_generator((8, 8, 3), width=4)
    )
    with pytest.raises(BookError, match="--format lambda serves generators of images from noise"):
        export(run, "generator", "lambda", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_serving_on_this_machine(folder):
    command = [sys.executable, "serve.py", "0"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = server.stdout.readline().split("?")[0]
        with urllib.request.urlopen(f"{address}?label=high%20noon&n=2", timeout=60) as answer:
            assert answer.headers["Content-Type"] == "image/png"
            assert Image.open(io.BytesIO(answer.read())).size == (16, 6)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}?n=1000", timeout=60)
        assert refused.value.code == 400 and b"n must be" in refused.value.read()
    finally:
        server.terminate()
        server.wait()
