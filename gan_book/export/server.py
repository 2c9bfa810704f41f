"""A generator as a web service: a folder for AWS Lambda, which also runs on any machine with Python.

It needs neither TensorFlow nor this book: numpy, ONNX Runtime and Pillow. ``lambda_files`` has what is put beside the
ONNX file, as it is.
"""

from pathlib import Path

from gan_book.errors import BookError
from gan_book.export import onnx_file
from gan_book.export.onnx_file import FILE, PACKAGES, TENSORFLOW, program, run  # noqa: F401 - as for format onnx
from gan_book.paths import atomic_write

FILES = Path(__file__).parent / "lambda_files"


def write(network, about, folder):
    """Writes ``model.onnx``, the handler, and what it takes to run it on AWS Lambda.

    Raises:
        BookError: the network is no generator of images from noise; a request brings no picture.
    """
    kinds = {each["kind"] for each in about["inputs"]}
    if not kinds <= {"noise", "label", "category", "code"} or [each["kind"] for each in about["outputs"]] != ["image"]:
        raise BookError(
            f"--format lambda serves generators of images from noise, and this {about['network']} of "
            f"'{about['chapter']}' is none; choose --format onnx"
        )
    onnx_file.write(network, about, folder)
    for source in [*sorted(FILES.glob("*.*")), FILES / "Dockerfile"]:
        with atomic_write(folder / source.name) as file:
            file.write(source.read_bytes())
