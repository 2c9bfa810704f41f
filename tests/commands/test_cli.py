"""The commands: what they make, and that every mistake costs one sentence and leaves nothing behind."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from chapters import template
from chapters.ch07_infogan import infogan
from chapters.ch10_pix2pix import pix2pix
from gan_book import errors, paths
from gan_book.commands import cli
from gan_book.commands import generate as generating
from gan_book.metrics.score import scores_of
from gan_book.paths import BOOK, PRETRAINED
from gan_book.sampling import balanced_labels, draw
from gan_book.training import chapters, checkpoint, runs
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson

SHIPPED = pytest.mark.skipif(not (PRETRAINED / "cgan" / "generator.keras").exists(), reason="no shipped generator")


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def gan_book(here, monkeypatch, capsys):
    """A function: runs a command in this process; exit status, standard output, standard error."""
    monkeypatch.setitem(chapters._own, "tiny", tiny_lesson.LESSON)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gan-book", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The chapter's script, run by itself in some other folder: the finished process and its run."""
    folder = tmp_path_factory.mktemp("elsewhere")
    script = BOOK / "chapters" / "ch06_cgan" / "cgan.py"
    command = [sys.executable, str(script), "--preset", "smoke", "--out", "run", "--set", "measure_samples=100"]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"})
    return process, runs.Run(folder / "run")


def test_a_chapters_script_trains_from_any_folder(smoke):
    process, run = smoke
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr
    for line in ("label accuracy", "picture grid:", "training GIF:", "report:", "run folder:"):
        assert line in process.stdout
    assert "gan-book generate cgan --run run --label Sandal --out generated.png" in process.stdout
    assert run.report["measured"]["dataset"] == "fashion_mnist"
    assert 0 <= {score.name: score.value for score in scores_of(run.report["measured"])}["label_accuracy"] <= 1
    assert run.config.preset == "smoke"
    assert run.config.settings["measure_samples"] == 100


def test_the_printed_paths_exist(smoke):
    process, run = smoke
    named = re.findall(r"^(?:picture grid|training GIF|report|run folder): +(.+)$", process.stdout, re.MULTILINE)
    assert len(named) == 4
    assert all((run.folder.parent / name).exists() for name in named)


COPY = """
from dataclasses import replace

import keras
from gan_book.sampling import Generator
from tests import tiny_lesson


class Halve(keras.layers.Layer):
    def call(self, x):
        return x / 2


def build(settings, dataset):
    model = tiny_lesson.build(replace(settings, average=0.0), dataset)
    halved = Halve(dtype="float32")(model.generator.output)
    model.generator = model.sampler = Generator(model.generator.inputs, halved, takes=model.generator.takes)
    model.gan = tiny_lesson.define_gan(model.generator, model.discriminator, settings.learning_rate)
    return model


if __name__ == "__main__":
    from gan_book.commands.cli import run_lesson

    run_lesson(replace(tiny_lesson.LESSON, build=build))
"""


@pytest.mark.slow
def test_a_changed_copy_generates_with_its_own_layers(pictures, here):
    (here / "my_gan.py").write_text(COPY)
    environment = {**os.environ, "PYTHONPATH": str(BOOK)}

    def script(*words):
        command = [sys.executable, "my_gan.py", *map(str, words)]
        return subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment)

    trained = script("--data", pictures, "--epochs", 1, "--out", "run")
    assert trained.returncode == 0 and "cannot be read back" not in trained.stdout, trained.stderr
    drawn = script("generate", "--run", "run", "--n", 4, "--out", "a.npz")
    assert drawn.returncode == 0 and (here / "a.npz").exists(), drawn.stderr


@pytest.mark.slow
def test_python_dash_m_gan_book_is_the_command():
    process = subprocess.run([sys.executable, "-m", "gan_book", "chapters"], capture_output=True, text=True, cwd=BOOK)
    assert process.returncode == 0, process.stderr
    assert re.search(r"^cgan +Conditional GAN .*chapters/ch06_cgan$", process.stdout, re.MULTILINE)
    assert process.stderr == "", "the backend's start-up notices are held back"


def test_a_mistake_is_one_line_even_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, "-m", "gan_book", "train", "cgann"]
    process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert process.returncode == 1
    assert process.stderr == "error: there is no chapter 'cgann'; did you mean 'cgan'?\n"
    assert process.stdout == ""


def test_chapters_lists_every_script(gan_book):
    code, out, _ = gan_book("chapters")
    assert code == 0
    for name in chapters.SCRIPTS:
        assert re.search(rf"^{name} ", out, re.MULTILINE)
        assert (BOOK / "chapters" / chapters.lesson(name).folder).is_dir()


def test_train_with_flags_and_settings(gan_book, pictures, here):
    code, out, _ = gan_book(
        "train", "tiny", "--preset", "long", "--epochs", 1, "--batch-size", 6, "--seed", 4, "--precision", "float32",
        "--data", pictures, "--image-size", 12, "--limit", 18, "--on-failure", "stop", "--set", "average=0.5",
        "--set", "learning_rate=1e-4",
    )  # fmt: skip
    assert code == 0
    assert "Look at runs/tiny-long-001." in out
    config = runs.Run(here / "runs" / "tiny-long-001").config
    assert (config.preset, config.on_failure) == ("long", "stop")
    expected = {"epochs": 1, "batch_size": 6, "seed": 4, "precision": "float32", "data": str(pictures)}
    expected |= {"image_size": 12, "limit": 18, "average": 0.5, "learning_rate": 1e-4, "deterministic": True}
    assert {name: config.settings[name] for name in expected} == expected

    code, out, _ = gan_book("train", "tiny", "--preset", "long", "--resume")
    assert code == 0 and out.startswith("runs/tiny-long-001 is already finished") and out.count("\n") == 1
    code, out, _ = gan_book("train", "tiny", "--start-from", "runs/tiny-long-001", "--set", "learning_rate=5e-5")
    assert code == 0 and "runs/tiny-long-001" in out
    begun = runs.Run(here / "runs" / "tiny-long-002").config
    assert begun.settings == {**config.settings, "learning_rate": 5e-5}, "what is not said is as in that run"
    code, out, _ = gan_book("finish", "tiny", "--run", "runs/tiny-long-002")
    assert code == 0 and out.startswith("runs/tiny-long-002 is already finished") and out.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_while_training(gan_book, pictures, here, monkeypatch):
    def interrupt(model, folder, position):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", interrupt)
    code, _, err = gan_book("train", "tiny", "--data", pictures, "--epochs", "1")
    assert code == 130
    assert err.startswith("\nStopped. Go on with:\n  python ")
    assert err.endswith(" --out runs/tiny-quick-001 --resume\n")


def test_generate_a_grid(gan_book, smoke, here):
    code, out, _ = gan_book("generate", "cgan", "--run", smoke[1], "--n", 23, "--out", "grid.png")
    assert code == 0 and "grid.png" in out
    with Image.open(here / "grid.png") as grid:
        # 10 columns and 3 rows of 28 pixels, doubled, with 2 pixels between.
        assert grid.format == "PNG" and grid.size == (10 * 58 + 2, 3 * 58 + 2)


@pytest.mark.parametrize("label, number", [("sneaker", 7), ("7", 7), ("SNEAK", 7), ("boot", 9), ("T-shirt/top", 0)])
def test_generate_arrays_of_one_class(label, number, gan_book, smoke, here):
    code, _, _ = gan_book("generate", "cgan", "--run", smoke[1], "--n", 5, "--label", label, "--out", "a.npz")
    assert code == 0
    with np.load(here / "a.npz", allow_pickle=False) as file:
        assert set(file.files) == {"images", "labels"}
        assert file["images"].dtype == np.uint8 and file["images"].shape == (5, 28, 28, 1)
        assert np.issubdtype(file["labels"].dtype, np.integer)
        assert file["labels"].tolist() == [number] * 5


def test_generate_depends_on_the_seed_alone(gan_book, smoke, here):
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        gan_book("generate", "cgan", "--run", smoke[1], "--n", 12, "--seed", seed, "--out", f"{name}.npz")
    a, b, c = (np.load(here / f"{name}.npz")["images"] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    assert np.load(here / "a.npz")["labels"].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_generate_a_folder_of_pictures(gan_book, smoke, here):
    assert gan_book("generate", "cgan", "--run", smoke[1], "--n", 3, "--out", "deep/pictures")[0] == 0
    names = sorted(path.name for path in (here / "deep" / "pictures").iterdir())
    assert names == ["00000-t-shirt-top.png", "00001-trouser.png", "00002-pullover.png"]
    with Image.open(here / "deep" / "pictures" / names[0]) as picture:
        assert picture.size == (28, 28) and picture.mode == "L"


def test_interpolate_as_strip(gan_book, smoke, here):
    walk = ("interpolate", "cgan", "--run", smoke[1], "--from", "sneaker", "--to", "boot", "--frames", 5)
    code, out, _ = gan_book(*walk, "--out", "walk.png")
    assert code == 0 and "5 frames from sneaker to boot: walk.png" in out
    with Image.open(here / "walk.png") as strip:
        assert strip.size == (5 * 58 + 2, 8 * 58 + 2)


def test_interpolate_as_gif(gan_book, tiny_run, here):
    walk = ("interpolate", "tiny", "--run", tiny_run, "--from", "dawn", "--to", "dusk", "--frames", 5)
    assert gan_book(*walk, "--out", "walk.gif")[0] == 0
    with Image.open(here / "walk.gif") as gif:
        assert gif.format == "GIF" and gif.info["loop"] == 0
        assert gif.n_frames == 8, "there and back, the ends once"
        assert gif.size == (4 * 114 + 2, 2 * 114 + 2), "enlarged 14 times, with 2 pixels between"


@pytest.fixture
def coded(here):
    """A run of the InfoGAN, never trained."""
    run = runs.Run(here / "coded")
    run.write_config(RunConfig("infogan", "smoke", {}, ["a", "b"]))
    run.save("generator", infogan.define_generator())
    return run


@pytest.mark.slow
def test_interpolate_along_a_code(gan_book, coded, here):
    code, out, _ = gan_book(
        "interpolate", "infogan", "--run", coded, "--code", "3:-2..2", "--frames", 5, "--out", "w.png"
    )
    assert code == 0 and "5 frames of code 3:-2..2: w.png" in out
    with Image.open(here / "w.png") as strip:
        assert strip.size == (5 * 58 + 2, 10 * 58 + 2)
    assert gan_book("interpolate", "infogan", "--run", coded, "--code", "2:-1.5..1", "--out", "w.gif")[0] == 0
    code, _, err = gan_book("interpolate", "infogan", "--run", coded, "--code", "1:-1..1")
    assert code == 1 and "has the codes 2, 3" in err
    code, _, err = gan_book("interpolate", "infogan", "--run", coded, "--code", "2:-1..1", "--seed", "-1")
    assert code == 1 and "--seed must not be negative" in err


def test_ask_for_a_category_by_number(gan_book, coded, here):
    assert gan_book("generate", "infogan", "--run", coded, "--n", 3, "--label", "9", "--out", "nines.npz")[0] == 0
    assert np.load(here / "nines.npz")["labels"].tolist() == [9] * 3
    code, _, err = gan_book("generate", "infogan", "--run", coded, "--label", "10")
    assert code == 1 and "9 category 9" in err


def test_evaluate_prints_and_writes_the_numbers(gan_book, tiny_run, here):
    code, out, _ = gan_book("evaluate", "tiny", "--run", tiny_run, "--samples", 30, "--json", "numbers/tiny.json")
    assert code == 0
    assert "measured on 30 samples of sky" in out and "numbers: numbers/tiny.json" in out
    numbers = json.loads((here / "numbers" / "tiny.json").read_text())
    assert numbers["samples"] == 30 and numbers["scores"][0]["name"] == "pixel_diversity"


def test_a_generator_of_nan_is_not_measured_as_if_it_drew(gan_book, tiny_run, here):
    run = runs.Run(shutil.copytree(tiny_run.folder, here / "broken"))
    generator = run.load("generator")
    generator.set_weights([np.full_like(weights, np.nan) for weights in generator.get_weights()])
    run.save("generator", generator)
    code, out, _ = gan_book("evaluate", "tiny", "--run", "broken", "--samples", 30, "--json", "broken.json")
    assert code == 0 and re.search("generator's weights +not finite", out) and "diversity" not in out
    (score,) = json.loads((here / "broken.json").read_text(), parse_constant=pytest.fail)["scores"]
    assert score["value"] is None


@pytest.mark.slow
def test_evaluate_on_the_pictures_to_choose_by(gan_book, tiny_run, here):
    code, _, err = gan_book("evaluate", "tiny", "--run", tiny_run, "--validation")
    assert code == 1 and "'sky' has no validation images; leave out --validation to use the test images" in err
    settings = pix2pix.LESSON.settings("smoke", data="earth")
    run = runs.Run(here / "painter")
    run.save("generator", pix2pix.define_generator((64, 64, 3), width=2))
    run.write_config(RunConfig("pix2pix", "smoke", asdict(settings), ["map", "satellite"]))
    measure = ("evaluate", "pix2pix", "--run", run.folder, "--samples", 3)
    said = [gan_book(*measure, *flag)[1] for flag in ((), ["--validation"])]
    assert "measured on 3 samples of earth (seed 0)" in said[0]
    assert "measured on 3 samples of earth, validation (seed 0)" in said[1]
    assert said[0].splitlines()[0] != said[1].splitlines()[0]


def test_data_list(gan_book):
    code, out, _ = gan_book("data", "list")
    assert code == 0 and "fashion_mnist" in out


@SHIPPED
def test_without_a_run_the_shipped_generator_draws(gan_book, here):
    assert gan_book("generate", "cgan", "--n", 4, "--label", "bag", "--out", "bags.npz")[0] == 0
    assert np.load(here / "bags.npz")["images"].shape == (4, 28, 28, 1)


def broken_run(folder, smoke):
    run = runs.Run(folder / "broken")
    run.write_config(smoke[1].config)
    run.generator.write_bytes(b"PK\3\4 not a network")
    return run


RUN = "RUN"  # stands for the smoke run's folder
MISTAKES = {
    "chapter": (["train", "pix3pix"], "there is no chapter 'pix3pix'"),
    "preset": (["train", "cgan", "--preset", "huge"], "choose one of: smoke, quick, full, book"),
    "precision": (["train", "cgan", "--preset", "smoke", "--precision", "float8"], "--precision 'float8' is not known"),
    "on failure": (["train", "cgan", "--preset", "smoke", "--on-failure", "cry"], "choose one of: warn, stop, restart"),
    "data": (["train", "cgan", "--data", "fashion_mnits"], "no data set and no folder called 'fashion_mnits'"),
    "epochs": (["train", "cgan", "--epochs", "0"], "--epochs must be at least 1, not 0"),
    "batch size": (["train", "cgan", "--limit", "20"], "20 training images, less than a batch"),
    "seed": (["train", "cgan", "--seed", "-1"], "--seed must be from 0 to 4294967295, not -1"),
    "set without value": (["train", "cgan", "--set", "width"], "write name=value"),
    "set of nothing": (["train", "cgan", "--set", "depth=3"], "learning_rate"),
    "set to a word": (["train", "cgan", "--set", "width=wide"], "--set width takes a whole number, not 'wide'"),
    "set to nonsense": (["train", "cgan", "--set", "learning_rate=nan"], "--set learning_rate must be a number"),
    "occupied": (["train", "cgan", "--preset", "smoke", "--out", RUN], "already holds something"),
    "resume": (["train", "cgan", "--resume"], "nothing to resume"),
    "resume changed": (["train", "cgan", "--resume", "--out", RUN, "--epochs", "1"], "started with epochs 2, not 1"),
    "resume and begin": (["train", "cgan", "--resume", "--start-from", RUN], "--start-from"),
    "start from another chapter": (["train", "acgan", "--start-from", RUN], "is a run of 'cgan', not of 'acgan'"),
    "finish": (["finish", "cgan", "--run", "nowhere"], "nowhere holds no run; name a folder"),
    "no data": (["train", "cgan", "--data", ""], "is empty"),
    "no pairs": (["train", "pix2pix", "--data", ""], "is empty"),
    "n": (["generate", "cgan", "--run", RUN, "--n", "0"], "--n must be at least 1, not 0"),
    "label": (["generate", "cgan", "--run", RUN, "--label", "sock"], "label 'sock' is not a class"),
    "label of two": (["generate", "cgan", "--run", RUN, "--label", "s"], "label 's' fits more than one class"),
    "label number": (["generate", "cgan", "--run", RUN, "--label", "10"], "label '10' is not a class"),
    "ending": (["generate", "cgan", "--run", RUN, "--out", "a.jpg"], "use .png, .npz or a folder's name"),
    "draw seed": (["generate", "cgan", "--run", RUN, "--seed", "-1"], "--seed must not be negative"),
    "run": (["generate", "cgan", "--run", "nowhere"], "nowhere holds no run"),
    "broken": (["generate", "cgan", "--run", "broken"], "generator.keras cannot be read"),
    "other chapter": (["generate", "mlp-cgan", "--run", RUN], "is a run of 'cgan', not of 'mlp-cgan'"),
    "walk ending": (["interpolate", "cgan", "--run", RUN, "--from", "0", "--to", "1", "--out", "a.mp4"], "use .gif or"),
    "frames": (["interpolate", "cgan", "--run", RUN, "--from", "0", "--to", "1", "--frames", "1"], "not 1"),
    "walk label": (["interpolate", "cgan", "--run", RUN, "--from", "0", "--to", "sock"], "'sock' is not a class"),
    "no walk": (
        ["interpolate", "cgan", "--run", RUN, "--from", "0"],
        "--from one class --to another, or along a --code",
    ),
    "two walks": (["interpolate", "cgan", "--run", RUN, "--from", "0", "--code", "2:0..1"], "give one or the other"),
    "code": (["interpolate", "cgan", "--run", RUN, "--code", "2:left..right"], "write number:first..last"),
    "no codes": (["interpolate", "cgan", "--run", RUN, "--code", "2:-1..1"], "has no codes; train infogan"),
    "samples": (["evaluate", "cgan", "--run", RUN, "--samples", "0"], "--samples must be at least 1, not 0"),
    "evaluate": (["evaluate", "cgan", "--run", "nowhere"], "nowhere holds no run"),
    "out below a file": (
        ["generate", "cgan", "--run", RUN, "--out", "broken/config.json/a.png"],
        "broken/config.json/a.png cannot be written",
    ),
    "data set": (["data", "fetch", "imagenet"], "imagenet"),
    "home": (["train", "cgan", "--data", "~nobody-of-that-name/a"], "names a home folder that is not there"),
    "pairs' home": (["train", "pix2pix", "--data", "~nobody-of-that-name/a"], "names a home folder that is not there"),
    "dropout": (["train", "mlp-cgan", "--set", "generator_dropout=1.5"], "set it from 0 to 1"),
    "sgan loss": (["train", "sgan", "--preset", "smoke", "--set", "loss=hinge"], "loss 'hinge' is not known; choose"),
}


@pytest.mark.parametrize("arguments, sentence", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_one_sentence_and_nothing_is_written(arguments, sentence, gan_book, smoke, here):
    broken_run(here, smoke)
    before = sorted(path.relative_to(here) for path in here.rglob("*"))
    code, _, err = gan_book(*[smoke[1] if word == RUN else word for word in arguments])
    assert code == 1
    assert err.startswith("error: ") and err.count("\n") == 1, err
    assert sentence in err
    assert sorted(path.relative_to(here) for path in here.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "cgan", "--epoch", "3"],
        ["trian"],
        ["train", "cgan", "--epochs", "x"],
        ["generate", "cgan", "--n", "99999999999999999999"],
        ["evaluate", "cgan", "--seed", "4294967296"],
    ],
)
def test_a_flag_that_does_not_exist(arguments, gan_book, here):
    code, _, err = gan_book(*arguments)
    assert code == 2
    assert "Traceback" not in err and arguments[-1 if len(arguments) < 3 else 2] in err
    assert list(here.iterdir()) == []


def test_an_unconditional_generator_knows_no_classes(gan_book, smoke, here):
    run = runs.Run("run")
    run.write_config(smoke[1].config)
    run.save("generator", template.define_generator((28, 28, 1)))
    assert gan_book("generate", "cgan", "--run", run, "--n", 2, "--out", "a.npz")[0] == 0
    for command, *words in (["generate", "--label", "bag"], ["interpolate", "--from", "bag", "--to", "coat"]):
        code, _, err = gan_book(command, "cgan", "--run", run, *words)
        assert code == 1 and err.startswith("error: run holds an unconditional generator"), err


def in_a_process(tmp_path, *arguments, **environment):
    """The command in a process of its own, as a reader starts it: the finished process."""
    command = [sys.executable, "-m", "gan_book", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(BOOK), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)


def is_one_sentence(process, *words):
    """Whether the command ended with one line on standard error that names all of `words`."""
    assert process.returncode == 1 and process.stdout == "", process
    assert process.stderr.startswith("error: ") and process.stderr.count("\n") == 1, process.stderr
    assert all(word in process.stderr for word in words), process.stderr


@pytest.mark.parametrize("backend", ["torch", "nonsense"])
def test_a_backend_that_the_book_does_not_run_on(backend, tmp_path):
    is_one_sentence(in_a_process(tmp_path, "chapters", KERAS_BACKEND=backend), backend, "TensorFlow or JAX")


def test_a_backend_that_is_not_installed(tmp_path):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("raise ModuleNotFoundError(name='jax')")
    places = f"{tmp_path}{os.pathsep}{BOOK}"
    is_one_sentence(in_a_process(tmp_path, "chapters", KERAS_BACKEND="jax", PYTHONPATH=places), "'jax'")


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings, words",
    [
        ({"image_data_format": "channels_first"}, ["channels_first", "keras.json"]),
        ({"backend": "nonsense"}, ["nonsense", "TensorFlow or JAX"]),
    ],
)
def test_settings_of_keras_that_the_book_cannot_work_with(settings, words, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    # tests/conftest.py or the reader's shell may have chosen a backend: then Keras does not look into the file
    is_one_sentence(in_a_process(tmp_path, "chapters", KERAS_HOME=str(tmp_path), KERAS_BACKEND=""), *words)


def test_too_little_memory_outside_a_training_is_one_sentence(capsys):
    def grab():
        raise MemoryError

    with pytest.raises(SystemExit) as ended:
        cli.guard(grab)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: memory ran out; ask for fewer or smaller images")


def test_a_warning_is_one_line_without_its_place_in_the_program(tmp_path):
    code = (
        "import warnings; from gan_book.commands import cli; cli.guard(lambda: warnings.warn('1 file of a left out'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BOOK)
    assert done.stderr == "warning: 1 file of a left out\n"


def test_what_an_encoding_lacks_is_written_all_the_same(tmp_path):
    code = "from gan_book.commands import cli; cli.guard(lambda: print('Fr\u00e9chet \u4e2d'))"
    environment = {**os.environ, "PYTHONIOENCODING": "cp1251"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, cwd=BOOK)
    assert done.returncode == 0 and done.stdout.strip() == rb"Fr\xe9chet \u4e2d", done.stderr


def test_a_full_disk_is_one_sentence(gan_book, smoke, here, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device", "grid.png")

    monkeypatch.setattr(Image.Image, "save", full)
    code, _, err = gan_book("generate", "cgan", "--run", smoke[1], "--n", 4, "--out", "grid.png")
    assert code == 1
    assert err == "error: No space left on device (grid.png); free some space and try again\n"
    assert list(here.iterdir()) == []


WRITES = {
    "grid": ("out.png", lambda run: ["generate", "tiny", "--run", run, "--n", 4]),
    "array": ("a.npz", lambda run: ["generate", "tiny", "--run", run, "--n", 4, "--out", "a.npz"]),
    "strip": ("w.png", lambda run: ["interpolate", "tiny", "--run", run, "--from", 0, "--to", 1, "--out", "w.png"]),
    "numbers": ("n.json", lambda run: ["evaluate", "tiny", "--run", run, "--samples", 30, "--json", "n.json"]),
}


@pytest.mark.parametrize("name, words", WRITES.values(), ids=list(WRITES))
def test_an_existing_file_is_replaced_only_with_overwrite(name, words, gan_book, tiny_run, here, monkeypatch):
    (here / name).write_bytes(b"mine")
    with monkeypatch.context() as patch:
        patch.setattr(runs.Run, "load", lambda *_: pytest.fail("asked only after the work had begun"))
        code, _, err = gan_book(*words(tiny_run))
    assert code == 1 and name in err and "--overwrite" in err and err.count("\n") == 1
    assert (here / name).read_bytes() == b"mine"
    assert gan_book(*words(tiny_run), "--overwrite")[0] == 0
    assert (here / name).read_bytes() != b"mine" and len(list(here.iterdir())) == 1


def test_a_folder_of_pictures_replaces_none_of_its_files(gan_book, tiny_run, here):
    words = ("generate", "tiny", "--run", tiny_run, "--n", 4, "--out", "many")
    (here / "many").mkdir()
    (here / "many" / "00002-dawn.png").write_bytes(b"mine")
    code, _, err = gan_book(*words)
    assert code == 1 and "00002-dawn.png" in err and "--overwrite" in err
    assert [path.name for path in (here / "many").iterdir()] == ["00002-dawn.png"]
    assert gan_book(*words, "--overwrite")[0] == 0
    assert len(list((here / "many").iterdir())) == 4
    (here / "file").write_bytes(b"mine")
    code, _, err = gan_book(*words[:-1], "file")
    assert code == 1 and "file" in err and (here / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("flags", [["generate", "cgan", "--out", ""], ["evaluate", "cgan", "--json", ""]])
def test_an_empty_path_is_a_variable_that_is_not_set(flags, gan_book, here):
    code, _, err = gan_book(*flags)
    assert code == 2 and flags[2] in err and err.count("\n") == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("batch", [1, 2**26])
def test_batches_are_the_images_of_one_drawing(batch, tiny_run, monkeypatch):
    generator, labels = tiny_run.load("generator"), balanced_labels(600, 2)
    monkeypatch.setattr(generating, "BATCH_BYTES", batch)
    parts = list(generating.batches(generator, labels, 3))
    assert len(parts) == (3 if batch == 1 else 1)
    np.testing.assert_array_equal(np.concatenate(parts), draw(generator, labels, 3))


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "--n", "1000000", "--out", "a.npz"],
        ["interpolate", "--from", "0", "--to", "1", "--frames", "240"],
        ["evaluate", "--samples", "1000000"],
    ],
)
def test_what_would_not_fit_in_memory_is_refused_before_it_is_made(words, gan_book, tiny_run, here, monkeypatch):
    monkeypatch.setattr(errors, "free_memory", lambda: 3_000_000)
    code, _, err = gan_book(words[0], "tiny", "--run", tiny_run, *words[1:])
    number = next(word for word in words if word.isdigit() and len(word) > 1)
    assert code == 1 and "MB" in err and number in err.replace(",", "")
    assert err.count("\n") == 1 and list(here.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["generate", "--n", "10001"], ["interpolate", "--from", 0, "--to", 1, "--frames", 241]]
)
def test_a_picture_has_so_many_images_and_no_more(words, gan_book, tiny_run, here):
    code, _, err = gan_book(words[0], "tiny", "--run", tiny_run, *words[1:])
    assert code == 1 and str(words[-1]) in err.replace(",", "") and list(here.iterdir()) == []


def test_classes_that_a_grid_leaves_out_are_told(gan_book, here):
    run = runs.Run(here / "many")
    run.write_config(RunConfig("tiny", "quick", {}, [f"c{i}" for i in range(11)]))
    run.save("generator", tiny_lesson.define_generator((8, 8, 3), 11))
    said = [gan_book("generate", "tiny", "--run", run, "--n", n, "--out", f"{n}.png")[1] for n in (10, 11)]
    assert "10 of 11" in said[0] and "of 11" not in said[1]
    code, said, _ = gan_book("generate", "tiny", "--run", run, "--n", 2, "--label", "c3", "--out", "3.png")
    assert code == 0 and "of 11" not in said


def test_names_are_shown_on_one_line(gan_book, tiny_run, here):
    odd = "a\n\x1b[31mb.png"
    code, out, _ = gan_book("generate", "tiny", "--run", tiny_run, "--n", 2, "--out", odd)
    assert code == 0 and (here / odd).exists()
    assert out.count("\n") == 1 and r"a\n\x1b[31mb.png" in out
    code, _, err = gan_book("generate", "tiny", "--run", tiny_run, "--label", "x\r\ny", "--out", "b.png")
    assert code == 1 and r"x\r\ny" in err and err.count("\n") == 1
    code, _, err = gan_book("generate", "tiny", "--\x1b[31m")
    assert code == 2 and r"--\x1b[31m" in err and err.count("\n") == 1


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000])
def test_numbers_of_thousands_of_digits(digits, gan_book, tiny_run):
    for words in (["generate", "--label", digits], ["interpolate", "--code", f"{digits}:1..{digits}"]):
        code, _, err = gan_book(words[0], "tiny", "--run", tiny_run, *words[1:])
        assert code == 1 and err.startswith("error: ") and err.count("\n") == 1
    assert len(gan_book("generate", "tiny", "--run", tiny_run, "--label", digits)[2]) < 300


def test_a_run_is_a_folder(gan_book, tiny_run):
    code, _, err = gan_book("generate", "tiny", "--run", tiny_run.generator)
    assert code == 1 and "generator.keras is a file" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices")
@pytest.mark.parametrize(
    "shell, status, complaint",
    [
        ("{} data list 2>&-", 0, ""),
        ("{} data list >&- 2>&-", 0, ""),
        ("{} data list > /dev/full", 1, "error: No space left on device"),
        ("{} data list | true; exit ${{PIPESTATUS[0]}}", None, ""),
    ],
)
def test_broken_streams(shell, status, complaint, tmp_path):
    command = shell.format(f"{sys.executable} -m gan_book")
    environment = {**os.environ, "PYTHONPATH": str(BOOK)}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode in ((0, 1) if status is None else (status,))
    assert done.stderr.startswith(complaint) and done.stderr.count("\n") == bool(complaint), done.stderr


def test_the_help_needs_no_backend(tmp_path):
    code = "import sys; from gan_book.commands import cli; sys.exit(bool({'keras', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=BOOK).returncode == 0


def test_without_the_books_files_all_commands_say_the_same(gan_book, here, monkeypatch):
    """As after `pip install` from an address, which copies the program only."""
    monkeypatch.setattr(paths, "DATA", here / "data")
    monkeypatch.setattr(runs, "PRETRAINED", here / "pretrained")
    said = {}
    for words in (["generate", "cgan"], ["evaluate", "cgan"], ["train", "cgan", "--preset", "smoke"], ["data", "list"]):
        code, _, err = gan_book(*words)
        assert code == 1 and err.count("\n") == 1 and str(here) in err
        said[words[0]] = err.partition(" is missing")[2]
    assert len(set(said.values())) == 1 and "clone" in said["data"]
