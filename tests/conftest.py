"""Shared by all tests: small networks, a weight snapshot, the `slow` mark."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("GAN_BOOK_AUTO_PRECISION", "rule")  # tests time nothing

from contextlib import suppress
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from gan_book.training import train as training
from tests import tiny_lesson


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run tests that train for minutes")


LONG = ("test_notebooks.py", "test_jax.py", "test_resume.py")


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.path.name not in LONG)  # first, lest one worker end with a long test alone
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="trains for minutes; run with --slow"))


def pytest_collection_finish():
    """What the libraries hold stays: `clear_session` before each test need not look for garbage in it (0.25 s)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _float32():
    """Every test begins with the default precision and its own names and seeds."""
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def worked_out(tmp_path_factory):
    """Where what the metrics worked out of the real images is kept, for all tests of this run and all its workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "reference"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch, worked_out):
    """No test reads or writes the reader's cache."""
    cache = tmp_path.with_name(f"{tmp_path.name}-cache")  # beside it: some tests see to it that nothing was written
    cache.mkdir()
    with suppress(OSError):  # Windows lets few users make links; there everything is worked out anew
        (cache / "reference").symlink_to(worked_out, target_is_directory=True)
    monkeypatch.setenv("GAN_BOOK_CACHE", str(cache))


@pytest.fixture
def snapshot():
    """A function: variables to a dict from path to value."""

    def take(variables):
        values = {v.path: keras.ops.convert_to_numpy(v).copy() for v in variables}
        assert len(values) == len(variables), "two variables share a path"
        return values

    return take


@pytest.fixture
def moved(snapshot):
    """A function: paths of the variables that differ from an earlier snapshot."""

    def compare(before, variables):
        now = snapshot(variables)
        assert now.keys() == before.keys()
        return {path for path in now if not np.array_equal(now[path], before[path])}

    return compare


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of coloured pictures in two classes."""
    return tiny_lesson.write_pictures(tmp_path_factory.mktemp("pictures") / "sky")


@pytest.fixture(scope="session")
def tiny_run(pictures, tmp_path_factory):
    """A finished run of the tiny lesson; look at it, but leave it as it is."""
    folder = tmp_path_factory.mktemp("runs")
    chosen = tiny_lesson.LESSON.settings("quick", data=str(pictures), seed=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BOOK_CACHE", str(folder / "cache"))
        logs = find_spec("tensorboard") is not None
        return training.train(tiny_lesson.LESSON, chosen, "quick", folder / "tiny", "stop", tensorboard=logs)
