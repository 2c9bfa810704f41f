"""A training on two devices is the training on one: two that are made of the CPU, in other processes."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from gan_book import backend, devices
from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.paths import BOOK
from tests import on_devices

BACKENDS = ["tensorflow", pytest.param("jax", marks=pytest.mark.skipif(not find_spec("jax"), reason="no JAX"))]
KINDS = ("plain", "norm", "penalty", "pool")
# Batch normalization takes a bias before it away again, so its gradient is 0 but for rounding, which Adam scales up to
# whole steps. It changes nothing but the mean that is taken away with it.
IDLE = ("hidden/bias", "norm/moving_mean")
# The programs are tiny and run a few times each: compiling them well would take longer than running them.
QUICKLY = {"XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"}
CLUSTER = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 1}}


def environment(name, count=2):
    return {**os.environ, "KERAS_BACKEND": name, "JAX_PLATFORMS": "cpu", "GAN_BOOK_CPU_DEVICES": str(count), **QUICKLY}


def run(words, name, count=2):
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=BOOK, env=environment(name, count), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def arrays_of(file):
    arrays = dict(np.load(file))
    return json.loads(str(arrays.pop("about"))), list(arrays.values()), list(arrays)


@pytest.fixture(scope="module", params=BACKENDS)
def trained(request, tmp_path_factory):
    """Folder of what one device and two devices made of each kind of model."""
    folder = tmp_path_factory.mktemp(request.param)
    kinds = [*KINDS, *(["float16"] if request.param == "tensorflow" else [])]
    for count in (1, 2):
        run(["tests.on_devices", str(count), str(folder), *kinds], request.param)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_devices_train_as_one(kind, trained):
    (one, alone, names), (two, shared, _) = (arrays_of(trained / f"{kind}-{n}.npz") for n in (1, 2))
    assert (one["count"], two["count"]) == (1, 2)
    assert len(alone) == len(shared) > 20  # networks, averages, random states, the moments of both optimizers, the pool
    for name, a, b in zip(names, alone, shared, strict=True):
        near = 1e-5 if kind != "norm" else 0.05 if name.endswith(IDLE) else 1e-4
        np.testing.assert_allclose(b, a, atol=near, rtol=0, err_msg=name)
    assert one["logs"].keys() == two["logs"].keys()
    for name, values in one["logs"].items():
        assert two["logs"][name] == pytest.approx(values, abs=1e-4), name
    for name, (total, count) in one["means"].items():
        assert two["means"][name] == pytest.approx([total, count], rel=1e-4, abs=1e-2), name
        assert count == on_devices.STEPS * on_devices.BATCH


@pytest.mark.slow
def test_float16_scales_its_losses_on_two_devices(trained):
    file = trained / "float16-2.npz"
    if not file.exists():
        pytest.skip("JAX has no devices with float16 here")
    about, values, names = arrays_of(file)
    assert about["count"] == 2 and np.isfinite(np.concatenate([value.ravel() for value in values])).all()
    scales = [value for value, name in zip(values, names, strict=True) if "dynamic_scale" in name]
    assert len(scales) == 2 and all(scale >= 1 for scale in scales)  # one for each network that learns


@pytest.mark.slow
def test_each_device_has_its_part_of_the_batch(trained):
    sizes = [arrays_of(trained / f"plain-{n}.npz")[0]["traced"] for n in (1, 2)]
    if "tensorflow" in trained.name:  # JAX traces one program, for arrays that are spread over the devices
        part = {None, on_devices.BATCH // 2}
        assert len(sizes[1]) == 2 and set(sizes[1]) <= part
    else:
        assert set(sizes[1]) == {on_devices.BATCH} and arrays_of(trained / "plain-2.npz")[0]["spread"] == [2, 4]


TRAIN = ["gan_book", "train", "cgan", "--preset", "smoke", "--precision", "float32", "--image-size", "32"]


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKENDS)
def test_a_training_goes_on_with_another_number_of_devices(name, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run([*TRAIN, "--epochs", "2", "--out", str(one)], name)
    said = run([*TRAIN, "--out", str(two), "--epochs", "1", "--devices", "all"], name)
    assert "2 x " in said
    assert json.loads((two / "config.json").read_text())["devices"] == 2
    said = run([*TRAIN[:3], "--out", str(two), "--resume", "--epochs", "2", "--devices", "1"], name)
    assert "Resuming at epoch 2" in said and "2 x " not in said
    assert "devices" not in json.loads((two / "config.json").read_text())
    assert_same_beginning(one, two)


def assert_same_beginning(one, two):
    """Two runs have the same losses in their first steps. Later this network carries differences of rounding on."""
    begun = [np.loadtxt(folder / "steps.csv", delimiter=",", skiprows=1) for folder in (one, two)]
    np.testing.assert_allclose(begun[1][:3], begun[0][:3], atol=1e-4)
    ends = [max((folder / "checkpoints").glob("*.npz")).name for folder in (one, two)]
    epochs = [(folder / "log.csv").read_text().count("\n") for folder in (one, two)]
    assert ends[0] == ends[1] and epochs[0] == epochs[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKENDS)
def test_more_devices_than_there_are(name, tmp_path):
    words = [sys.executable, "-m", *TRAIN, "--out", str(tmp_path / "run"), "--devices", "3"]
    done = subprocess.run(words, cwd=BOOK, env=environment(name), capture_output=True, text=True)
    assert done.returncode == 1
    assert "--devices asks for 3, and there are 2 here; choose fewer, or --devices all" in done.stderr


def test_what_devices_takes(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: 4)
    assert [devices.chosen(wanted) for wanted in ("all", "2", 3)] == [4, 2, 3]
    for wrong in ("0", "-1", "two", ""):
        with pytest.raises(BookError, match=f"takes a number of devices or the word all, not '{wrong}'"):
            devices.chosen(wrong)
    with pytest.raises(BookError, match="asks for 5, and there are 4 here"):
        devices.chosen("5")


def test_a_batch_must_be_shared_evenly():
    devices.require_divisible(6, 3)
    with pytest.raises(BookError, match="a batch of 7 is not shared evenly by 2 devices; set --batch-size 6"):
        devices.require_divisible(7, 2)


def test_one_device_needs_nothing():
    with devices.several(1) as used:
        assert type(used) is devices.Devices and used.count == 1 and used.compiling == {}


def test_the_cluster_is_read_from_the_environment(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert devices.workers() == (0, 1)
    monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
    monkeypatch.setattr(backend, "JAX", False)
    assert devices.workers() == (1, 2)
    monkeypatch.setattr(backend, "JAX", True)
    with pytest.raises(BookError, match="names 2 workers, which is TensorFlow's way"):
        devices.workers()


@pytest.mark.parametrize(
    "text", ["no JSON", "[]", '{"cluster": {}}', json.dumps({**CLUSTER, "task": {"type": "ps", "index": 0}})]
)
def test_a_cluster_that_is_not_understood(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(BookError, match="TF_CONFIG is not understood; write it like"):
        devices.workers()


@pytest.mark.parametrize("text", ["0", "two", "-1", "65"])
def test_a_wrong_number_of_cpu_devices(text):
    with pytest.raises(BookError, match="GAN_BOOK_CPU_DEVICES is the number of devices to make of the CPU"):
        backend._split_cpu(text)


def test_several_workers_do_not_restart_by_themselves(monkeypatch, pictures, tmp_path, capsys):
    monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
    words = ["train", "cgan", "--data", str(pictures), "--on-failure", "restart", "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit):
        cli.main(words)
    assert "with several workers choose warn or stop" in capsys.readouterr().err
