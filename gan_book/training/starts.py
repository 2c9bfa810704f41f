"""Several starts, of which the best goes on.

Some trainings end in one of several local optima, and which one may show before the end. A chapter that can tell the
good from the bad without labels begins `Settings.starts` times, each time with another seed, for one epoch; the start
with the highest `Lesson.criterion` is trained to the end. Clustering has long done so (`n_init` of scikit-learn's
`KMeans`).
"""

import math
import shutil

from gan_book.training import runs

FOLDER = "starts"


def choose(run, config, count, begin, criterion, tell):
    """Makes the starts that are missing and leaves the best one in `run`, as if there had been no other.

    Args:
        run: `gan_book.training.runs.Run`; a start has a run of its own in its sub-folder "starts".
        config: of the run. Gets "starts", criterion and seconds of each, "start", the number of the one that is
            running, in the end of the best one, from 1 (`gan_book.training.runs.seed_of` heeds it), and then "chosen".
        count: number of starts.
        begin: ``begin(run)`` returns a `gan_book.training.train.Training` with the seed of `config`.
        criterion: ``criterion(run)`` returns a number, the higher the better; None or nan if it cannot tell.
        tell: prints a line.
    """
    tried = config.setdefault("starts", [])
    while len(tried) < count:
        config["start"] = len(tried) + 1
        start = _folder(run, config)
        training = begin(start)
        run.write_config(config)
        tell(f"Start {config['start']} of {count}: one epoch, seed {runs.seed_of(config)}")
        training.fit(epochs=1)
        seconds = training.seconds
        tried.append({"criterion": criterion(start), "seconds": seconds})
        run.write_config(config)
    if not config.get("chosen"):
        config["start"] = 1 + max(range(count), key=lambda i: _comparable(tried[i]["criterion"]))
        shutil.copytree(_folder(run, config).folder, run.folder, dirs_exist_ok=True)
        config["chosen"] = True
        run.write_config(config)
        tell(f"Of the starts ({criteria(config)}) number {config['start']} goes on.")
    forget(run)


def forget(run):
    """Removes the folders of the starts."""
    shutil.rmtree(run.folder / FOLDER, ignore_errors=True)  # what cannot be removed does no harm


def seconds_of_others(config):
    """Time spent on the starts that did not go on."""
    tried = config.get("starts", [])
    return sum(start["seconds"] for number, start in enumerate(tried, start=1) if number != config["start"])


def _folder(run, config):
    return runs.Run(run.folder / FOLDER / str(config["start"]))


def criteria(config):
    """The starts' criteria in words."""
    values = [start["criterion"] for start in config["starts"]]
    return ", ".join("none" if value is None else f"{value:.3f}" for value in values)


def _comparable(value):
    return value if value is not None and math.isfinite(value) else -math.inf
