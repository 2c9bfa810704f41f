"""The program on docs/export.md, as a student copies it."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_book.commands.export import export
from gan_book.paths import BOOK
from gan_book.sampling import draw
from gan_book.training import runs
from tests.export import common


@pytest.mark.slow
@common.ONNX
def test_the_program_in_python(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", (BOOK / "docs" / "export.md").read_text("utf-8"), re.DOTALL)
    run = runs.shipped("cgan")
    export(run, "generator", "onnx", tmp_path / "clothes")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    wanted = np.hstack(draw(run.load("generator"), np.full(8, 7), seed=7)[..., 0])
    assert np.abs(wanted.astype(int) - np.asarray(Image.open(tmp_path / "sneakers.png"))).max() <= 1
