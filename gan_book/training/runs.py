"""A run folder: everything one training leaves behind.

config.json     settings, flags, seed, versions, device, git state
log.csv         one row an epoch
steps.csv       one row every few steps
samples/        epoch-0000.png, …: the same latent points after every epoch
checkpoints/    the newest two states of the training
generator.keras the network to draw with (the moving average where the chapter keeps one); other networks likewise
report.json, report.md, samples.png, losses.png, training.gif: what came out
"""

import csv
import glob
import json
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import keras

import gan_book
from gan_book import backend, layers, losses  # noqa: F401 - layers and losses, so that Keras knows them
from gan_book.errors import BookError
from gan_book.paths import BOOK, PRETRAINED, UNREADABLE, atomic_write, incomplete
from gan_book.training import chapters, legacy  # noqa: F401 - legacy, so that Keras knows its layers

RUNS = Path("runs")
SCRATCH = ".saving-"
ESSENTIAL = {"lesson": str, "preset": str, "settings": dict, "class_names": list}


class Run:
    """The files of one training. Creates nothing until something is written."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config_file = self.folder / "config.json"
        self.log = self.folder / "log.csv"
        self.step_log = self.folder / "steps.csv"
        self.samples = self.folder / "samples"
        self.checkpoints = self.folder / "checkpoints"
        self.generator = self.network("generator")
        self.report_file = self.folder / "report.json"

    def __str__(self):
        return str(self.folder)

    @property
    def quoted(self):
        """The folder as a word of a command that the reader can copy."""
        return shlex.quote(self.folder.as_posix())

    @property
    def config(self):
        """The content of config.json.

        Raises:
            BookError: the folder holds no run, or its config.json is damaged.
        """
        missing = f"{self.folder} holds no run; name a folder that `gan-book train` made"
        config = _read_json(self.config_file, missing)
        if not isinstance(config, dict) or any(not isinstance(config.get(name), ESSENTIAL[name]) for name in ESSENTIAL):
            raise BookError(f"{self.config_file} is not the description of a run; restore it or train again")
        return {"restarts": 0, "on_failure": "warn", "tensorboard": False, **config}

    @property
    def seed(self):
        """The seed the run was trained with in the end; see `seed_of`."""
        return seed_of(self.config)

    @property
    def report(self):
        """The content of report.json, or None if the run has not been measured."""
        return _read_json(self.report_file, "") if self.report_file.exists() else None

    def write_config(self, config):
        write_json(self.config_file, config)

    def network(self, name):
        """The file of a network."""
        return self.folder / f"{name}.keras"

    def save(self, name, network):
        """Writes a network's file, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=SCRATCH) as scratch:
            part = Path(scratch, f"{name}.keras")
            save_portable(network, part)
            part.replace(self.network(name))

    def load(self, name):
        """A saved network, for inference.

        Raises:
            BookError: there is none, or the file is damaged.
        """
        file = self.network(name)
        if not file.exists():
            raise BookError(f"{self.folder} has no {file.name} yet; let it train at least one epoch")
        self._register_layers()
        try:
            return keras.models.load_model(file, compile=False, safe_mode=True)
        except UNREADABLE as error:
            raise BookError(f"{file} cannot be read ({type(error).__name__}); train again") from error

    def _register_layers(self):
        """Imports the run's chapter, whose own layers Keras has to know before it can load a network made of them."""
        with suppress(BookError):
            chapters.lesson(self.config["lesson"])

    def trim_logs(self, epochs, steps):
        """Keeps the rows of the first `epochs` and `steps` of the two logs: later ones will be written again."""
        _trim(self.log, epochs - 1)  # the first epoch is number 0
        _trim(self.step_log, steps)

    def remove_leftovers(self):
        """Removes what a process left half-written when it was killed."""
        for part in self.folder.rglob(".*.part"):
            part.unlink(missing_ok=True)
        for scratch in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)


def _trim(log, last):
    """Keeps the whole rows of a CSV file whose first column is at most `last`."""
    if not log.exists():
        return
    with log.open(newline="", encoding="utf-8", errors="replace") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if len(row) == len(header) and row[0].isdigit() and int(row[0]) <= last]
    with atomic_write(log, "w") as file:
        csv.writer(file).writerows([header, *kept] if header else [])


def seed_of(config):
    """The seed that a run is trained with: the settings' own, unless it was started again or is one of several starts.

    Every attempt after a failure takes the next seed, every start one of another thousand.
    """
    return (config["settings"]["seed"] + config["restarts"] + 1000 * config.get("start", 0)) % 2**32


def new(name, out=None):
    """The folder of a new run: `out`, or the next free ``runs/<name>-NNN``.

    A numbered folder is made at once, so that two trainings that start together do not share one; `drop_unused` takes
    it away again should nothing come of it.

    Raises:
        BookError: `out` already holds something.
    """
    if out is None:
        return Run(_reserved(name))
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BookError(f"--out {out} already holds something; add --resume to go on with it or choose another folder")
    return Run(out)


def _reserved(name):
    RUNS.mkdir(parents=True, exist_ok=True)
    while True:
        folder = RUNS / f"{name}-{max(_numbered(name), default=0) + 1:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue  # another training was faster
        return folder


def drop_unused(run):
    """Removes the numbered folder of a run that never began, and ``runs`` if that is empty too."""
    if run.folder.parent != RUNS:
        return
    for folder in (run.folder, RUNS):
        with suppress(OSError):  # it holds something, or is gone
            folder.rmdir()


def to_resume(name, out=None):
    """The run to go on with: `out`, or the newest ``runs/<name>-NNN``.

    Raises:
        BookError: there is none.
    """
    if out is not None:
        if not Run(out).config_file.exists():
            raise BookError(f"nothing to resume: {out} holds no run; leave out --resume to start one")
        return Run(out)
    started = [folder for _, folder in sorted(_numbered(name).items()) if Run(folder).config_file.exists()]
    if not started:
        raise BookError(f"nothing to resume: no run {RUNS / name}-NNN here; leave out --resume to start one")
    return Run(started[-1])


def _numbered(name):
    """``runs/<name>-NNN`` by number."""
    numbered = RUNS.glob(f"{glob.escape(name)}-*")
    found = {folder: re.fullmatch(rf"{re.escape(name)}-(\d{{3,}})", folder.name) for folder in numbered}
    return {int(match[1]): folder for folder, match in found.items() if match}


def require_lesson(run, name):
    """Raises BookError for a run of another chapter's script."""
    if run.config["lesson"] != name:
        raise BookError(f"{run} is a run of '{run.config['lesson']}', not of '{name}'; name its own chapter")


def shipped(lesson):
    """The run that ships with the book.

    Raises:
        BookError: this chapter ships none, or only the package was installed.
    """
    run = Run(PRETRAINED / lesson)
    if not PRETRAINED.is_dir():
        raise incomplete(PRETRAINED)
    if not run.generator.exists():
        raise BookError(f"the book ships no trained run of '{lesson}'; train one first and name it with --run")
    return run


def surroundings():
    """Versions, device and git state: what a number must be quoted with."""
    packages = ["keras", keras.backend.backend(), "numpy"]
    versions = {name: metadata.version(name) for name in packages}
    return {
        "versions": {"gan_book": gan_book.__version__, "python": platform.python_version(), **versions},
        "backend": keras.backend.backend(),
        "device": backend.name(),
        "cores": backend.cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "git": _git_state(),
    }


def _git_state():
    def git(*words):
        return subprocess.run(["git", *words], cwd=BOOK, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed_files": len(git("status", "--porcelain").splitlines())}
    except (OSError, subprocess.CalledProcessError):
        return None


def write_json(path, content):
    with atomic_write(path, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def _read_json(path, missing):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BookError(missing) from None
    except (ValueError, OSError) as error:
        raise BookError(f"{path} cannot be read ({error}); restore it or train again") from error


# Settings that Keras 3.13 and later write into a file even where they are not used, and Keras 3.12 (the last for
# Python 3.10) does not know.
NEWER = {"quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}
HALF_PRECISION = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def save_portable(network, path):
    """Writes `network` in float32 as a ``.keras`` file that Keras 3.12 and later load without help.

    The networks of this book are trained in whatever precision their device is good at; who draws with them may have
    another one. Their weights are float32 all along, so it is enough to change what the file says of the layers,
    those of networks inside the network included.
    """
    # Without what it was compiled with: to draw needs no loss, and a chapter's own would not be known elsewhere.
    keras.Model(network.input, network.output, name=network.name).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = _portable(json.loads(parts["config.json"]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else content)


def _portable(config):
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in HALF_PRECISION:
            return {**config, "config": {"name": "float32"}}
        unused = set() if config.get("renorm") or config.get("quantization_config") else NEWER
        return {key: _entry(key, value) for key, value in config.items() if key not in unused}
    if isinstance(config, list):
        return [_portable(value) for value in config]
    return config


def _entry(key, value):
    return "float32" if key == "dtype" and value in HALF_PRECISION else _portable(value)
