"""A run folder: everything one training leaves behind.

config.json     settings, flags, seed, versions, device, git state; see `gan_book.training.run_config`
log.csv         one row an epoch
steps.csv       one row every few steps
samples/        step-0000000.png, …: the same latent points after more and more steps
checkpoints/    the newest two states of the training
generator.keras the network to generate with (the moving average where the chapter keeps one); other networks likewise
report.json, report.md, samples.png, losses.png, training.gif: what came out

Every file is checked when it is read: an edited or damaged one ends in one sentence that names it.
"""

import csv
import glob
import json
import re
import shlex
import shutil
from contextlib import suppress
from pathlib import Path

from gan_book.errors import BookError
from gan_book.paths import PRETRAINED, UNREADABLE, atomic_write, finite_or_none, incomplete
from gan_book.sampling import is_conditional, num_labels
from gan_book.saving import SCRATCH, read_network, save_network
from gan_book.training import chapters
from gan_book.training.lock import LOCK, locked
from gan_book.training.run_config import RunConfig

RUNS = Path("runs")


class Run:
    """The files of one training. Creates nothing until something is written.

    Attributes:
        held: networks in memory, by name, that `load` returns where their file cannot be read back.
        own_layers: layer classes for reading a network, by name, in addition to those of the chapter.
        made: folders that were made to reserve this one.
    """

    def __init__(self, folder, made=()):
        self.held, self.own_layers, self.made = {}, {}, made
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
        """What config.json says, a `RunConfig`.

        Raises:
            BookError: the folder holds no run, or its config.json is damaged.
        """
        if self.folder.is_file():
            raise BookError(f"{self.folder} is a file, and a run is a folder; name one that `gan-book train` made")
        missing = f"{self.folder} holds no run; name a folder that `gan-book train` made"
        return RunConfig.from_json(_read_json(self.config_file, missing), self.config_file)

    @property
    def seed(self):
        """The seed the run was trained with in the end; see `RunConfig.seed`."""
        return self.config.seed

    @property
    def report(self):
        """The content of report.json, or None if the run has not been measured.

        Raises:
            BookError: it is damaged.
        """
        if not self.report_file.exists():
            return None
        report = _read_json(self.report_file, "")
        if not _is_report(report):
            raise BookError(f"{self.report_file} is not the report of a run; restore it, or remove it and resume")
        return report

    @property
    def finished(self):
        """Whether the run was trained to its end and measured."""
        report = self.report
        return report is not None and not report.get("unfinished")

    def write_config(self, config):
        """Writes a `RunConfig` to config.json."""
        write_json(self.config_file, config.to_json())

    def locked(self):
        """A context in which no other process trains in this folder; see `gan_book.training.lock.locked`."""
        return locked(self.folder)

    def network(self, name):
        """The file of a network."""
        return self.folder / f"{name}.keras"

    def save(self, name, network):
        """Writes a network's file, whole or not at all."""
        save_network(network, self.network(name))

    def load(self, name):
        """A saved network, for inference; that in memory (`held`) where the file cannot be read back.

        Raises:
            BookError: there is none, the file is damaged, or it does not fit the run's config.json.
        """
        try:
            network = self._read(name)
        except BookError:
            if name not in self.held:
                raise
            return self.held[name]
        self._check(name, network)
        return network

    def unreadable(self, name):
        """Whether the saved network cannot be read back."""
        try:
            self._read(name)
        except BookError:
            return True
        return False

    def _read(self, name):
        file = self.network(name)
        if not file.exists():
            raise BookError(f"{self.folder} has no {file.name} yet; let it train at least one epoch")
        own = {}
        if self.config_file.exists():
            with suppress(BookError):  # imports the run's chapter, whose own layers Keras has to know
                own = chapters.own_layers(chapters.lesson(self.config.lesson))
        try:
            return read_network(file, {**own, **self.own_layers})
        except UNREADABLE as error:
            raise BookError(f"{file} cannot be read ({type(error).__name__}); {self._way_to_read()}") from error

    def _way_to_read(self):
        """What to do about a network that cannot be read: its layers may be defined in a user's own script."""
        origin = self.config.origin if self.config_file.exists() else None
        script, _, _ = (origin or "").rpartition(":")
        if script.endswith(".py") and not script.startswith("chapters/"):
            return (
                f"it was made by {script}, so ask that: `python {script} generate --run {self.quoted}`; or train again"
            )
        return "train again"

    def _check(self, name, network):
        """Raises BookError if the network knows more classes than config.json has names for."""
        if not self.config_file.exists():
            return
        names = self.config.class_names
        try:
            kinds = num_labels(network) if is_conditional(network) else 1
            kinds = network.output.shape[-1] if name == "classifier" else kinds
        except UNREADABLE:  # it has a label, but not in the way of this book's generators
            kinds = 1
        if kinds > max(1, len(names)):
            problem = f"{self.config_file} names {len(names)} classes, and {name}.keras knows {kinds}"
            raise BookError(f"{problem}; restore it or train again")

    def trim_logs(self, epochs, steps):
        """Keeps the rows of the first `epochs` and `steps` of the two logs: later ones will be written again."""
        _trim(self.log, epochs - 1)  # the first epoch is number 0
        _trim(self.step_log, steps)

    def remove_leftovers(self):
        """Removes half-written files of a process that was killed."""
        for part in self.folder.rglob(".*.part"):
            part.unlink(missing_ok=True)
        for scratch in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)


def _trim(log, last):
    """Keeps the whole rows of a CSV file whose first column is at most `last`."""
    if not log.exists():
        return
    try:
        with log.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except csv.Error as error:
        raise BookError(f"{log} cannot be read ({error}); restore it, or remove it to go on without") from error
    kept = [row for row in rows if len(row) == len(header) and row[0].isdecimal() and int(row[0]) <= last]
    with atomic_write(log, "w") as file:
        csv.writer(file).writerows([header, *kept] if header else [])


def new(name, out=None):
    """The folder of a new run: `out`, or the next free ``runs/<name>-NNN``.

    It is made at once, so that two trainings that start together do not share one; `drop_unused` removes it if the
    training does not start.

    Raises:
        BookError: `out` already holds something.
    """
    if out is None:
        folder = _reserved(name)
        return Run(folder, made=[folder, RUNS])
    out = Path(out)
    require_empty(out)
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BookError(f"--out {out} cannot be made ({error.strerror}); choose another folder") from None
    return Run(out, made)


def require_empty(out):
    """Raises BookError if the folder `out` holds anything but the lock of a process that is just starting."""
    if out.exists() and (not out.is_dir() or any(each.name != LOCK for each in out.iterdir())):
        raise BookError(f"--out {out} already holds something; add --resume to go on with it or choose another folder")


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
    """Removes the folders that were made for a run that never started."""
    for folder in run.made:
        with suppress(OSError):  # it holds something, or is gone
            folder.rmdir()


def to_resume(name, out=None):
    """The run to continue: `out`, or the newest ``runs/<name>-NNN``.

    Raises:
        BookError: there is none.
    """
    if out is not None:
        return started(out, "; leave out --resume to start one")
    begun = [folder for _, folder in sorted(_numbered(name).items()) if Run(folder).config_file.exists()]
    if not begun:
        raise BookError(f"nothing to resume: no run {RUNS / name}-NNN here; leave out --resume to start one")
    return Run(begun[-1])


def started(folder, advice="; name a folder that `gan-book train` made"):
    """The run in a folder; ``advice`` ends the sentence if there is none.

    Raises:
        BookError: there is none.
    """
    run = Run(folder)
    if not run.config_file.exists():
        raise BookError(f"nothing to resume: {folder} holds no run{advice}")
    return run


def _numbered(name):
    """``runs/<name>-NNN`` by number."""
    numbered = RUNS.glob(f"{glob.escape(name)}-*")
    found = {folder: re.fullmatch(rf"{re.escape(name)}-(\d{{3,}})", folder.name) for folder in numbered}
    return {int(match[1]): folder for folder, match in found.items() if match}


def require_lesson(run, name):
    """Raises BookError for a run of another chapter's script."""
    if run.config.lesson != name:
        raise BookError(f"{run} is a run of '{run.config.lesson}', not of '{name}'; name its own chapter")


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


def write_json(path, content):
    """Writes JSON, whole or not at all; numbers that JSON does not have (NaN, infinities) become null."""
    with atomic_write(path, "w") as file:
        json.dump(finite_or_none(content), file, indent=1, allow_nan=False)
        file.write("\n")


def _read_json(path, missing):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BookError(missing) from None
    except UNREADABLE as error:  # RecursionError at thousands of brackets, a RuntimeError, among them
        reason = type(error).__name__ if isinstance(error, RecursionError) else error
        raise BookError(f"{path} cannot be read ({reason}); restore it or train again") from error


def _is_report(report):
    """Whether a parsed report.json has what other commands look at."""
    if not isinstance(report, dict) or not isinstance(report.get("measured"), dict):
        return False
    measured = report["measured"]
    scores = [measured.get(name, []) for name in ("own", "scores")]
    return (
        isinstance(report.get("training_seconds"), int | float)
        and type(report.get("steps")) is int
        and isinstance(report.get("parameters"), dict)
        and isinstance(report.get("findings"), list)
        and all(isinstance(finding, str) for finding in report["findings"])
        and isinstance(measured.get("dataset"), str)
        and all(isinstance(each, list) and all(isinstance(score, dict) for score in each) for each in scores)
    )
