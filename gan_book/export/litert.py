"""LiteRT, formerly TensorFlow Lite: a file for Android, iOS and small devices."""

from importlib import metadata

from gan_book.export import describe

PACKAGES = ("ai_edge_litert",)
TENSORFLOW = True
FILE = "model.tflite"


def write(network, about, folder):
    """Writes ``model.tflite``, with one signature, ``serving_default``, which has the names of inputs and outputs."""
    describe.exported(network, about).export(str(folder / FILE), format="litert", verbose=False)


def run(folder, arrays):
    """The outputs of ``model.tflite`` in LiteRT: dict from the output's name to an array."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(folder / FILE))
    answers = interpreter.get_signature_runner("serving_default")(**arrays)
    return {name: array.copy() for name, array in answers.items()}  # they lie in the interpreter's memory


def program():
    """The program that `run` uses, with its version."""
    return f"LiteRT {metadata.version('ai-edge-litert')}"
