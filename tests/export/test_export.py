"""`gan-book export`: what is written, that it does what Keras does, and that every mistake leaves nothing behind."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from keras import layers, ops

from chapters.ch10_pix2pix import pix2pix
from gan_book import export as package
from gan_book.commands import cli
from gan_book.commands import export as exporting
from gan_book.commands.export import export
from gan_book.errors import BookError
from gan_book.export import check, keras_file
from gan_book.export.folder import atomic_folder
from gan_book.export.noise import Randomness
from gan_book.export.onnx_file import onnx_bytes
from gan_book.paths import BOOK, PRETRAINED
from gan_book.sampling import Label, Noise, draw
from gan_book.training import runs
from tests.export import common

SCALE = 3.0


def times(x):
    return SCALE * x


@keras.saving.register_keras_serializable("tests")
class Tripled(layers.Layer):
    """A layer of a reader's own."""

    def call(self, x):
        return times(ops.cast(x, "float32"))


@keras.saving.register_keras_serializable("tests")
class Twisted(layers.Layer):
    """Turns images, with an operation that ONNX does not have."""

    def call(self, x):
        return ops.image.affine_transform(x, ops.convert_to_tensor([[0.9, 0.1, 0.0, -0.1, 0.9, 0.0, 0.0, 0.0]]))


@pytest.fixture
def run(tmp_path):
    return common.make_run(tmp_path / "run", generator=common.generator())


def about(folder):
    return json.loads((folder / "model.json").read_text(encoding="utf-8"))


def left(tmp_path):
    return sorted(each.name for each in tmp_path.iterdir())


@common.ONNX
def test_onnx(run, tmp_path):
    import onnxruntime

    lines = list(export(run, "generator", "onnx", tmp_path / "deep" / "out"))
    said = about(tmp_path / "deep" / "out")
    assert said["check"]["largest_difference"] < 1e-5 and "ONNX Runtime" in said["check"]["ran_in"]
    assert "of 255 grey levels" in lines[-2] and lines[-1] == f"exported: {tmp_path / 'deep' / 'out' / 'model.onnx'}"
    session = onnxruntime.InferenceSession(tmp_path / "deep" / "out" / "model.onnx")
    assert [each.name for each in session.get_inputs()] == ["in_0", "in_1"]
    assert [(each.name, each.shape) for each in session.get_outputs()] == [("generated", ["n", 6, 8, 3])]
    z = np.random.default_rng(5).standard_normal((7, 4)).astype("float32")
    labels = np.arange(7, dtype="int32") % 3
    (images,) = session.run(["generated"], {"in_0": z, "in_1": labels})
    wanted = draw(run.load("generator"), labels, z=z)
    assert np.abs(np.rint((images + 1) * 127.5) - wanted).max() <= 1
    assert left(tmp_path / "deep") == ["out"] and left(tmp_path / "deep" / "out") == ["model.json", "model.onnx"]


@common.ONNX
def test_the_description_says_all_that_another_program_has_to_know(run, tmp_path):
    export(run, "generator", "onnx", tmp_path / "out")
    said = about(tmp_path / "out")
    assert said["inputs"] == [
        {"name": "in_0", "dtype": "float32", "shape": [None, 4], "kind": "noise", "prior": "normal"},
        {"name": "in_1", "dtype": "int32", "shape": [None], "kind": "label", "count": 3, "names": common.NAMES},
    ]
    image = {"name": "generated", "dtype": "float32", "shape": [None, *common.SHAPE], "kind": "image", "range": [-1, 1]}
    assert said["outputs"] == [image]
    assert (said["chapter"], said["network"], said["class_names"]) == ("cgan", "generator", common.NAMES)
    assert said["image_size"] == {"height": 6, "width": 8, "channels": 3}
    assert said["data"]["credit"] == "Cats: David Revoy, CC BY 4.0" and said["data"]["licence"] == "CC BY 4.0"
    assert [each["name"] for each in said["files"]] == ["model.onnx"] and said["file"] == "model.onnx"
    assert said["translates"] is None and said["random_layers"] is None


def test_the_description_of_codes_classifiers_and_folders(tmp_path):
    images = keras.Input((4, 4, 1), name="image")
    answers = layers.Dense(3)(layers.Flatten()(images))
    several = keras.Model(images, {"image": layers.Dense(1)(answers), "category": answers}, name="reader")
    run = common.make_run(
        tmp_path / "run",
        "infogan",
        settings={"data": "/home/somebody/pictures"},
        generator=common.codes(),
        classifier=keras.Model(images, answers, name="classifier"),
        reader=several,
    )
    _, _, said, arrays = exporting.prepared(run)
    assert [each["kind"] for each in said["inputs"]] == ["noise", "category", "code"]
    assert said["inputs"][2] | {"name": ""} == {
        "name": "", "dtype": "float32", "shape": [None, 4], "kind": "code", "prior": "uniform", "low": -1, "high": 1,
    }  # fmt: skip
    assert said["data"] == {"name": "pictures", "title": "pictures"} and said["class_names"] == []
    assert arrays["in_1"].tolist() == [0, 1, 2] * 3 + [0]
    _, _, said, _ = exporting.prepared(run, "classifier")
    assert said["outputs"][0]["kind"] == "logits" and said["outputs"][0]["names"] == said["class_names"] == common.NAMES
    assert said["inputs"][0]["kind"] == "image" and said["image_size"]["channels"] == 1
    _, _, said, _ = exporting.prepared(run, "reader")
    assert [each["name"] for each in said["outputs"]] == ["category", "image_out"]  # no output is called as an input


@common.ONNX
def test_several_outputs_keep_their_names(tmp_path):
    image = keras.Input((4, 4, 1), name="image")
    h = layers.Flatten()(image)
    reader = keras.Model(image, {"image": layers.Dense(1)(h), "b": layers.Dense(2)(h), "a": layers.Dense(2)(h)})
    run = common.make_run(tmp_path / "run", "infogan", generator=common.codes(), reader=reader)
    export(run, "reader", "onnx", tmp_path / "out")
    assert [each["name"] for each in about(tmp_path / "out")["outputs"]] == ["a", "b", "image_out"]
    assert about(tmp_path / "out")["check"]["grey_levels"] is None


@common.LITERT
def test_litert(run, tmp_path):
    export(run, "generator", "litert", tmp_path / "out")
    assert left(tmp_path / "out") == ["model.json", "model.tflite"]
    assert about(tmp_path / "out")["check"]["largest_difference"] < 1e-5


@common.needs()
def test_saved_model(run, tmp_path):
    export(run, "generator", "savedmodel", tmp_path / "out")
    assert "saved_model/saved_model.pb" in [each["name"] for each in about(tmp_path / "out")["files"]]
    assert about(tmp_path / "out")["check"]["largest_difference"] < 1e-5


@pytest.mark.slow
def test_a_keras_file_that_keras_alone_opens(run, tmp_path):
    export(run, "generator", "keras", tmp_path / "out")
    assert left(tmp_path / "out") == ["model.json", "model.keras"]
    assert about(tmp_path / "out")["check"]["ran_in"].endswith("without this book")


@pytest.mark.slow
def test_a_keras_file_with_layers_of_ones_own(tmp_path):
    own = common.generator(hidden=[pix2pix.LastingDropout(0.5), Tripled()])
    run = common.make_run(tmp_path / "run", generator=own)
    run.own_layers = {"Tripled": Tripled}
    export(run, "generator", "keras", tmp_path / "out")
    text = (tmp_path / "out" / "own_layers.py").read_text(encoding="utf-8")
    assert "SCALE = 3.0" in text and "def times" in text and "from keras import layers" in text
    assert "LastingDropout" not in text and "gan_book import" not in text  # its noise is an input


def test_a_layer_that_uses_a_module_of_the_book_is_named():
    class Bound(layers.Layer):
        def call(self, x):
            return exporting.nothing(x)

    with pytest.raises(BookError, match=r"'Bound' uses the book's module gan_book.commands.export"):
        keras_file.source([Bound])


@common.ONNX
def test_pix2pix_with_its_noise_as_an_input_and_without(tmp_path):
    network = pix2pix.define_generator((8, 8, 3), width=4)
    settings = {"data": "earth", "direction": "BtoA"}
    run = common.make_run(tmp_path / "run", "pix2pix", ["map", "satellite"], settings, generator=network)
    lines = list(export(run, "generator", "onnx", tmp_path / "with"))
    said = about(tmp_path / "with")
    assert "noise of lasting_dropout: an input (noise_1)" in lines
    assert said["random_layers"] == {"layers": ["lasting_dropout"], "noise": "input"}
    assert said["inputs"][1] == {
        "name": "noise_1", "dtype": "float32", "shape": [None, 1, 1, 4], "kind": "noise", "prior": "uniform",
        "low": 0.0, "high": 1.0, "layer": "lasting_dropout",
    }  # fmt: skip
    assert said["translates"] == {"from": "map", "to": "satellite"} and said["class_names"] == []
    lines = list(export(run, "generator", "onnx", tmp_path / "without", "none"))
    assert "noise of lasting_dropout: left out" in lines
    assert [each["name"] for each in about(tmp_path / "without")["inputs"]] == ["image"]


@common.ONNX
def test_a_network_that_was_saved_in_half_precision_is_exported_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = common.generator()
    keras.config.set_dtype_policy("float32")
    run = common.make_run(tmp_path / "run", generator=network)
    network.save(run.network("generator"))  # as Keras does it
    export(run, "generator", "onnx", tmp_path / "out")
    assert about(tmp_path / "out")["check"]["largest_difference"] < 1e-5


@common.ONNX
def test_a_layer_that_onnx_does_not_have_is_named(tmp_path):
    z = keras.Input((4,), name="z")
    h = layers.Reshape((4, 4, 1))(layers.Dense(16)(z))
    network = keras.Model(z, layers.Activation("tanh")(Twisted(name="twist")(h)), name="generator")
    run = common.make_run(tmp_path / "run", generator=network)
    run.own_layers = {"Twisted": Twisted}
    with pytest.raises(BookError, match=r"'generator' cannot be exported: .* layer 'twist' \(Twisted\)"):
        export(run, "generator", "onnx", tmp_path / "out")
    assert left(tmp_path) == ["run"]


@common.ONNX
def test_onnx_bytes_of_a_plain_network():
    z = keras.Input((4,), name="z")
    network = keras.Model(z, layers.Dense(3)(z))
    assert onnx_bytes(network)[:1] == b"\x08"


@pytest.fixture
def gan_book(tmp_path, monkeypatch, capsys):
    """A function: runs a command in this process; exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return call


@common.ONNX
def test_the_command_prints_the_difference(run, gan_book, tmp_path):
    code, out, err = gan_book("export", "cgan", "--run", run, "--format", "onnx", "--out", "out")
    assert (code, err) == (0, "") and "largest difference to Keras on 10 samples, in ONNX Runtime" in out
    code, _, err = gan_book("export", "cgan", "--run", run, "--format", "onnx", "--out", "out")
    assert code == 1 and err == "error: --out out exists already; add --overwrite or name another folder\n"
    before = (tmp_path / "out" / "model.onnx").stat().st_ino
    assert gan_book("export", "cgan", "--run", run, "--format", "onnx", "--out", "out", "--overwrite")[0] == 0
    assert (tmp_path / "out" / "model.onnx").stat().st_ino != before and left(tmp_path) == ["out", "run"]


MISTAKES = {
    "an unknown format": (["--format", "pickle"], "--format 'pickle' is not known; choose one of: onnx, litert"),
    "no such network": (["--network", "critic"], "has no network 'critic', it has generator; name one of these"),
    "a path as a network": (["--network", "../run/generator"], "has no network '../run/generator'"),
    "an unknown way": (["--noise", "some"], "--noise 'some' is not known; choose one of: input, none"),
    "a file": (["--out", "run/config.json"], "--out run/config.json is a file; name a folder"),
    "the run itself": (["--out", "run", "--overwrite"], "--out run holds the run itself; name another folder"),
    "a folder above the run": (["--out", ".", "--overwrite"], "--out . holds the run itself; name another folder"),
    "a folder in a file": (["--out", "run/config.json/out"], "is a file, not a folder; choose another path"),
    "another folder": (["--out", "mine", "--overwrite"], "mine holds notes.txt, which no export wrote; move it away"),
}


@common.ONNX
@pytest.mark.parametrize("words, sentence", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(words, sentence, run, gan_book, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    given = ["--format", "onnx", "--out", "out", *words]
    code, out, err = gan_book("export", "cgan", "--run", "run", *given)
    assert (code, out) == (1, "") and sentence in err and err.count("\n") == 1, err
    assert left(tmp_path) == ["mine", "run"] and left(tmp_path / "mine") == ["notes.txt"]
    assert left(tmp_path / "run") == ["config.json", "generator.keras"]


@common.ONNX
def test_a_run_without_networks_and_a_damaged_network(gan_book, tmp_path):
    run = common.make_run(tmp_path / "run")
    words = ["export", "cgan", "--run", "run", "--format", "onnx", "--out", "out"]
    code, _, err = gan_book(*words)
    assert code == 1 and "run has no network 'generator', it has none yet; let it train at least one epoch" in err
    run.save("generator", common.generator())
    content = run.network("generator").read_bytes()
    run.network("generator").write_bytes(content[: len(content) // 2])
    code, _, err = gan_book(*words)
    assert code == 1 and "generator.keras cannot be read" in err and left(tmp_path) == ["run"]


@common.ONNX
def test_a_network_that_failed_in_training_is_refused(tmp_path):
    network = common.generator()
    network.set_weights([weight * np.nan for weight in network.get_weights()])
    run = common.make_run(tmp_path / "run", generator=network)
    with pytest.raises(BookError, match="so nothing was written; what Keras makes is not finite either"):
        export(run, "generator", "onnx", tmp_path / "out")
    assert left(tmp_path) == ["run"]


@common.ONNX
def test_a_file_that_does_something_else_is_refused(run, tmp_path, monkeypatch):
    from gan_book.export import onnx_file

    true = onnx_file.run
    wrong = lambda *given: {name: array + 0.01 for name, array in true(*given).items()}  # noqa: E731
    monkeypatch.setattr(onnx_file, "run", wrong)
    with pytest.raises(BookError, match=r"differs from Keras by 0\.01 in 'generated'"):
        export(run, "generator", "onnx", tmp_path / "out")
    assert left(tmp_path) == ["run"]


@common.ONNX
@pytest.mark.parametrize("place", ["closed/out", "closed/old"])
def test_a_folder_that_cannot_be_written(place, run, tmp_path, monkeypatch):
    (tmp_path / "closed" / "old").mkdir(parents=True)
    allowed = os.access  # asked, not tried: for root, nothing is read-only
    monkeypatch.setattr(os, "access", lambda path, mode: "closed" not in str(path) and allowed(path, mode))
    with pytest.raises(BookError, match="closed is read-only; choose another folder"):
        export(run, "generator", "onnx", tmp_path / place)
    assert left(tmp_path / "closed") == ["old"]


def test_an_earlier_export_is_as_before_after_an_error(tmp_path):
    target = tmp_path / "out"
    with atomic_folder(target) as folder:
        (folder / "a").write_text("first")
    with pytest.raises(KeyboardInterrupt), atomic_folder(target) as folder:
        (folder / "a").write_text("second")
        raise KeyboardInterrupt
    assert (target / "a").read_text() == "first" and left(tmp_path) == ["out"]
    with atomic_folder(target) as folder:
        (folder / "b").write_text("third")
    assert left(target) == ["b"] and left(tmp_path) == ["out"]


def test_packages_that_are_missing_are_named(run, tmp_path, monkeypatch):
    monkeypatch.setattr(package, "find_spec", lambda name: None if name == "onnxruntime" else find_spec("json"))
    with pytest.raises(BookError, match=r"--format onnx needs onnxruntime; .* `.venv/bin/pip install -e"):
        export(run, "generator", "onnx", tmp_path / "out")


@pytest.mark.slow
def test_on_jax_one_sentence_says_what_to_do(tmp_path):
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "gan_book", "export", "cgan", "--out", str(tmp_path / "out"), "--format"]
    done = subprocess.run([*command, "savedmodel"], cwd=BOOK, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert (
        "--format savedmodel needs Keras on TensorFlow, and it runs on jax; set KERAS_BACKEND=tensorflow" in done.stderr
    )
    done = subprocess.run([*command, "keras"], cwd=BOOK, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


SHIPPED = sorted(PRETRAINED.glob("*/*.keras"))
# One of each kind: the others are made of the same layers. `tools.export_table` tries and records all.
LITERT_TRIED = {"cgan-generator", "dcgan-generator", "sgan-classifier", "pix2pix-generator", "biggan-generator"}
LITERT_TRIED |= {"progan-generator", "stylegan-generator"}


def shipped_as(file):
    return f"{file.parent.name}-{file.stem}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "form"),
    [pytest.param(file, "onnx", marks=common.ONNX, id=f"onnx-{shipped_as(file)}") for file in SHIPPED]
    + [
        pytest.param(file, "litert", marks=common.LITERT, id=f"litert-{shipped_as(file)}")
        for file in SHIPPED
        if shipped_as(file) in LITERT_TRIED
    ],
)
def test_every_shipped_network(file, form, tmp_path):
    run = runs.Run(file.parent)
    if not run.config_file.exists():  # the classifiers to measure with are of no run
        run = common.make_run(tmp_path / "run", "sgan", [str(number) for number in range(10)])
        run.network("classifier").write_bytes(file.read_bytes())
    name = file.stem if run.folder == file.parent else "classifier"
    export(run, name, form, tmp_path / "out")
    found = about(tmp_path / "out")["check"]
    assert found["largest_difference"] < (1e-3 if found["grey_levels"] is None else 1e-4)


def test_a_label_and_uniform_noise_are_as_the_book_samples_them():
    network = common.generator((Noise(0.0, 1.0), Label(3)))
    arrays = list(check.samples(network, Randomness()).values())
    wanted = draw(network, np.arange(10) % 3)
    images = keras.ops.convert_to_numpy(network(arrays))
    assert np.abs(np.rint((images + 1) * 127.5) - wanted).max() <= 1
