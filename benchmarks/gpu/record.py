"""The JSON file of one part: where it was measured, and a row for each result, on disk as soon as there is one."""

import argparse
import json
import os
import platform
import subprocess
import threading
import time
from importlib import metadata
from pathlib import Path

from gan_book.paths import BOOK, RESULTS, atomic_write, finite_or_none

FOLDER = RESULTS / "gpu"
PARTS = ("correctness", "speed", "book")
PACKAGES = ("keras", "jax", "jaxlib", "tensorflow", "torch", "numpy")


class Deadline:
    """A share of time, counted from when it is made."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    @property
    def left(self):
        """Seconds, 0 when time is up."""
        return max(0.0, self.end - time.monotonic())

    def share(self, part):
        """A deadline for a part, from 0 to 1, of what is left."""
        return Deadline(part * self.left)


class Record:
    """Rows that are written, whole file or not at all, each time one is added.

    Args:
        folder: where ``<part>.json`` goes.
        part: one of `PARTS`.
        protocol: JSON-ready facts about how it was measured.
    """

    def __init__(self, folder, part, **protocol):
        self.file, self._start = Path(folder) / f"{part}.json", time.monotonic()
        self._lock = threading.Lock()
        self.content = {"part": part, "machine": machine(), "protocol": protocol, "complete": False, "rows": []}
        self._write()

    def put(self, *keys, **row):
        """Adds a row, in place of an earlier one that has the same values for `keys`."""
        with self._lock:
            rows = self.content["rows"]
            others = [each for each in rows if not keys or any(each.get(key) != row[key] for key in keys)]
            self.content["rows"] = [*others, row]
            self._write()

    def note(self, **facts):
        """Adds facts about the whole."""
        self.content.update(facts)
        self._write()

    def finish(self):
        """Says that the part came to its own end. Its rows say which of them were cut.

        Raises:
            SystemExit: with status 1, if nothing at all was measured.
        """
        self.content["complete"] = True
        self._write()
        if all(row.get("problem") for row in self.content["rows"]):
            raise SystemExit(1)

    def _write(self):
        self.content["seconds"] = round(time.monotonic() - self._start, 1)
        with atomic_write(self.file, "w") as file:
            json.dump(finite_or_none(self.content), file, indent=1, allow_nan=False)
            file.write("\n")


def parser(description, seconds, smoke, only):
    """The flags that every part has.

    Args:
        description: of the part.
        seconds: how long it may take, unless said otherwise.
        smoke, only: what these flags mean in this part.
    """
    flags = argparse.ArgumentParser(description=description)
    flags.add_argument("--out", default=FOLDER)
    flags.add_argument("--seconds", type=float, default=seconds)
    flags.add_argument("--smoke", action="store_true", help=f"{smoke}, to see that it runs")
    flags.add_argument("--only", default="", help=f"{only} whose names begin so")
    return flags


def load(folder, part):
    """The content of a part's file; None if it was not measured."""
    file = Path(folder) / f"{part}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def machine():
    """Card, driver, versions, commit: what a number must be quoted with. Asks the device for nothing."""
    return {
        **_card(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **_versions()},
        "backend": os.environ.get("KERAS_BACKEND", "jax"),
        "commit": _commit(),
    }


def _card():
    asked = "name,driver_version,memory.total"
    line = _output("nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader")
    if not line:
        return {"card": None, "driver": None, "memory": None}
    card, driver, memory = (field.strip() for field in line.splitlines()[0].split(","))
    return {"card": card, "driver": driver, "memory": memory}


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit():
    """The commit measured: of this clone, or, for a copy without git, what ``GAN_BOOK_COMMIT`` says."""
    known = os.environ.get("GAN_BOOK_COMMIT") or _output("git", "rev-parse", "HEAD")
    changed = _output("git", "status", "--porcelain", "--", "*.py")
    return known and f"{known}{' with changes' if changed else ''}"


def _output(*command):
    """What a command prints; "" if it fails or does not exist."""
    try:
        done = subprocess.run(command, cwd=BOOK, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
