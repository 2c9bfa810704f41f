"""ONNX: a file that ONNX Runtime opens in Python, C++, C#, Java, JavaScript, on a phone and in a web page."""

import tempfile
from pathlib import Path

from gan_book.export import describe
from gan_book.paths import atomic_write

PACKAGES = ("tf2onnx", "onnx", "onnxruntime")
TENSORFLOW = True
FILE = "model.onnx"
BATCH = "n"  # name of the first dimension, which may be any number


def onnx_bytes(network, outputs=None):
    """A network as the content of an ONNX file: bytes.

    Its inputs have the names they have in Keras; its outputs those of `gan_book.export.describe.output_names`; the
    number of images is free.

    Args:
        network: a Functional model in float32, without random numbers of its own (see
            `gan_book.export.noise.repeatable`).
        outputs: their descriptions, see `gan_book.export.describe.description`; without them those of a network that is
            no classifier.
    """
    import onnx

    outputs = describe.described_outputs(network, []) if outputs is None else outputs
    model = describe.exported(network, {"outputs": outputs})
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, FILE)
        model.export(path, format="onnx", verbose=False)
        graph = onnx.load(path)
    # Keras calls the outputs Identity:0, Identity_1:0, ... in the order of the keys of the dict, and the free dimension
    # something else in each file.
    for value, name in zip(list(graph.graph.output), sorted(each["name"] for each in outputs), strict=True):
        _rename(graph.graph, value.name, name)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def _rename(graph, old, new):
    for node in graph.node:
        node.output[:] = [new if name == old else name for name in node.output]
        node.input[:] = [new if name == old else name for name in node.input]
    for value in graph.output:
        value.name = new if value.name == old else value.name


def write(network, about, folder):
    """Writes ``model.onnx``."""
    with atomic_write(folder / FILE) as file:
        file.write(onnx_bytes(network, about["outputs"]))


def run(folder, arrays):
    """The outputs of ``model.onnx`` in ONNX Runtime, on the processor: dict from the output's name to an array."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    session = onnxruntime.InferenceSession(str(folder / FILE), options, providers=["CPUExecutionProvider"])
    names = sorted(output.name for output in session.get_outputs())
    return dict(zip(names, session.run(names, arrays), strict=True))


def program():
    """The program that `run` uses, with its version."""
    import onnxruntime

    return f"ONNX Runtime {onnxruntime.__version__}"
