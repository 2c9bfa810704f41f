"""A run's config.json: how the run was started, and what was changed on the way."""

import math
import platform
import subprocess
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import metadata

import keras

import gan_book
from gan_book import backend
from gan_book.errors import BookError
from gan_book.paths import BOOK

# Of earlier versions, which could start a run several times with other seeds and continue the best (random restarts).
OBSOLETE_SETTINGS = ("starts",)
GIT_SECONDS = 10


@dataclass(frozen=True)
class RunConfig:
    """How a run is trained. The object never changes: a change makes a new one.

    Attributes:
        lesson, preset: their names.
        settings: dict of the lesson's settings, values as in JSON.
        class_names: list of the names of the classes, or of the two sides.
        restarts: how often the training failed and was started again with the next seed.
        on_failure, tensorboard: as for `gan_book.training.train.train`.
        policy: the precision chosen by the setting "precision".
        origin: where the model is built, such as "chapters/ch06_cgan/cgan.py:build"; None for older runs.
        networks: digest of the names and shapes of all weights; None for older runs.
        start_from: folder of the run whose weights this one started from, or None.
        devices: how many of this machine's share each batch, None for one; the newest number, as it may change.
        changes: list of dicts, one for each time that settings were changed on resuming: name -> [before, after].
        start: number of the random restart that was chosen, in runs of earlier versions; 0 where there were none.
        versions, backend, device, cores, system, git: what a number must be quoted with, see `surroundings`.
    """

    lesson: str
    preset: str
    settings: dict
    class_names: list
    restarts: int = 0
    on_failure: str = "warn"
    tensorboard: bool = False
    policy: str | None = None
    origin: str | None = None
    networks: str | None = None
    start_from: str | None = None
    devices: int | None = None
    changes: list = field(default_factory=list)
    start: int = 0
    versions: dict = field(default_factory=dict)
    backend: str | None = None
    device: str | None = None
    cores: int | None = None
    system: str | None = None
    git: dict | None = None

    @property
    def seed(self):
        """The seed the run is trained with: the settings' own, or the next for every restart after a failure."""
        # The random starts of earlier versions took one of another thousand each.
        return (self.settings.get("seed", 0) + self.restarts + 1000 * self.start) % 2**32

    def restarted(self):
        """The configuration of the next attempt, after a failed one."""
        return replace(self, restarts=self.restarts + 1, start=0)

    def changed(self, settings):
        """With other values for some settings; the change is recorded.

        settings: dict: name -> new value.
        """
        before = self.settings
        change = {name: [before.get(name), value] for name, value in settings.items() if before.get(name) != value}
        if not change:
            return self
        return replace(self, settings={**before, **settings}, changes=[*self.changes, change])

    def to_json(self):
        """As a dict for config.json."""
        content = asdict(self)
        unused = [name for name in ("start", "changes", "start_from", "devices") if not content[name]]
        return {name: value for name, value in content.items() if name not in unused}

    @classmethod
    def from_json(cls, content, file):
        """The configuration in a parsed config.json, also in one of an earlier version.

        Args:
            content: whatever the file holds.
            file: its path, for messages.

        Raises:
            BookError: it does not describe a run, or one of a version that could do what this one cannot.
        """
        if not isinstance(content, dict):
            raise BookError(f"{file} is not the description of a run; restore it or train again")
        known = {name: content[name] for name in (each.name for each in fields(cls)) if name in content}
        for name, is_right in CHECKS.items():
            if not is_right(known.get(name, None if name in REQUIRED else DEFAULT)):
                problem = f"has no '{name}' that makes sense" if name in known else f"lacks '{name}'"
                raise BookError(f"{file} {problem}, so it is not the description of a run; restore it or train again")
        if _several(known["settings"].get("starts")) and not content.get("chosen"):
            raise BookError(
                f"{file} is of a run that was choosing among several starts, which is no longer done; start anew"
            )
        settings = {name: value for name, value in known["settings"].items() if name not in OBSOLETE_SETTINGS}
        return cls(**{**known, "settings": settings})


DEFAULT = object()  # stands for what the file does not say
REQUIRED = ("lesson", "preset", "settings", "class_names")


def _several(starts):
    return _is_count(starts) and starts > 1


def _is_text(value):
    return isinstance(value, str)


def _is_count(value):
    return type(value) is int and value >= 0


def _is_plain(value):
    """What a setting can be in JSON: no list, no dict, and no NaN, which Python reads and JSON does not know."""
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _is_pair(value):
    return isinstance(value, list) and len(value) == 2 and all(map(_is_plain, value))


def _optional(is_right):
    return lambda value: value is DEFAULT or value is None or is_right(value)


def _all(kind, is_right):
    def check(value):
        return isinstance(value, kind) and all(map(is_right, value.values() if kind is dict else value))

    return check


CHECKS = {
    "lesson": _is_text,
    "preset": _is_text,
    "settings": _all(dict, _is_plain),
    "class_names": _all(list, _is_text),
    "restarts": lambda value: value is DEFAULT or _is_count(value),
    "on_failure": lambda value: value is DEFAULT or value in ("warn", "stop", "restart"),
    "tensorboard": lambda value: value is DEFAULT or isinstance(value, bool),
    "policy": _optional(_is_text),
    "origin": _optional(_is_text),
    "networks": _optional(_is_text),
    "start_from": _optional(_is_text),
    "devices": _optional(_is_count),
    "changes": lambda value: value is DEFAULT or _all(list, _all(dict, _is_pair))(value),
    "start": lambda value: value is DEFAULT or _is_count(value),
    "versions": lambda value: value is DEFAULT or _all(dict, _is_text)(value),
    "backend": _optional(_is_text),
    "device": _optional(_is_text),
    "cores": _optional(_is_count),
    "system": _optional(_is_text),
    "git": _optional(lambda value: isinstance(value, dict)),
}


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
        done = subprocess.run(
            ["git", *words], cwd=BOOK, capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed_files": len(git("status", "--porcelain").splitlines())}
    except (OSError, subprocess.SubprocessError):  # no git, no clone, or a disk so slow that no training should wait
        return None
