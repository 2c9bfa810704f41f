"""What a chapter tells the rest of the book about itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import get_args, get_type_hints

from gan_book.datasets.images import sides
from gan_book.errors import BookError, require_choice
from gan_book.training.task import Generation


@dataclass(frozen=True)
class Settings:
    """What every training needs to know. A chapter's own settings extend this with its hyper-parameters.

    Attributes:
        data: name of a data set or path of a folder of images.
        epochs: passes over the training images.
        batch_size: images per step.
        limit: number of training images to use, None for all.
        image_size: side in pixels to scale images to, or height and width as in "64x96"; None for the data set's own.
        seed: of weights, noise, data order and everything else random.
        precision: see `gan_book.backend`.
        deterministic: same bits every time, at some cost in speed.
        steps_per_execution: steps run between two returns to Python.
        checkpoint_seconds: time between two checkpoints within an epoch; there is always one at its end.
        measure_samples: images drawn for measuring.
        starts: how many trainings to begin, of which the best after an epoch goes on; see `gan_book.training.starts`.
    """

    data: str
    epochs: int
    batch_size: int
    limit: int | None = None
    image_size: int | str | None = None
    seed: int = 0
    precision: str = "auto"
    deterministic: bool = False
    steps_per_execution: int = 1
    checkpoint_seconds: float = 60.0
    measure_samples: int = 10_000
    starts: int = 1


@dataclass(frozen=True)
class Lesson:
    """A chapter's script.

    Attributes:
        name: as on the command line.
        title: one line for `gan-book chapters`.
        folder: of the chapter, such as "ch06_cgan".
        presets: name -> settings; "quick" is the default.
        build: ``build(settings, dataset)`` returns the `AdversarialModel`, its players compiled; its attribute
            ``sampler`` is the generator to draw with.
        next_step: a sentence for after the first training; in it {run} is the run's folder, {label} one of its classes
            or, of a lesson that translates, {sides[0]} and {sides[1]} are its two kinds of pictures.
        kept: names of the model's attributes that are networks to save beside the generator.
        measure: ``measure(run, dataset, images, labels, seed)`` returns the chapter's own `Score`s of a saved run, and
            a dict of details for report.json; None if the chapter has none. images: uint8 ``[n, h, w, c]``, what the
            run's generator drew by `seed`; labels: int ``[n]``, the classes or categories it was asked for.
        criterion: ``criterion(run)`` returns how good a start is, the higher the better, from its logs and networks and
            without labels, or None if it cannot tell; without the function the chapter never can.
        prepare: name of a data set -> ``prepare(grey, size)``, which makes a reader's image, uint8 ``[280, 280]``, look
            like the images of that set, uint8 ``[size, size]``, before `gan-book predict` classifies it.
        task: what the model is for, and with it data, batches, pictures and scores; see `gan_book.training.task`.
    """

    name: str
    title: str
    folder: str
    presets: dict[str, Settings]
    build: Callable
    next_step: str
    kept: tuple[str, ...] = ()
    measure: Callable | None = None
    criterion: Callable | None = None
    prepare: dict[str, Callable] = field(default_factory=dict)
    task: Generation = Generation()  # noqa: RUF009 - nothing changes it

    def settings(self, preset="quick", **changes):
        """The settings of a preset with changes; None means "as the preset says".

        Raises:
            BookError: no such preset or setting, or a value that makes no sense.
        """
        require_choice("--preset", preset, self.presets)
        settings = self.presets[preset]
        known = {each.name for each in fields(settings)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise BookError(f"'{unknown[0]}' is not a setting of {self.name}; it has: {', '.join(sorted(known))}")
        settings = replace(settings, **{name: value for name, value in changes.items() if value is not None})
        for name in known:
            value, usual = getattr(settings, name), getattr(self.presets[preset], name)
            _check(name, float(value) if isinstance(usual, float) else value)
        return settings

    def settings_of(self, run):
        """The settings that a run was started with; those there were none of then have their class's defaults.

        Raises:
            BookError: it has some that this version of the chapter does not know, or that make no sense.
        """
        usual = next(iter(self.presets.values()))
        try:
            settings = type(usual)(**run.config["settings"])
        except TypeError:
            raise BookError(f"{run} has settings this version of '{self.name}' does not know; start anew") from None
        for name, hint in get_type_hints(type(settings)).items():
            value, kinds = getattr(settings, name), set(get_args(hint)) or {hint}
            if kinds <= PLAIN and type(value) not in kinds and not (float in kinds and type(value) is int):
                raise BookError(f"{run.config_file} gives {name} as {value!r}; restore it or train again")
            _check(name, value)
        return settings


PLAIN = {int, float, str, bool, type(None)}  # what config.json keeps as it is
FLAGS = ("epochs", "batch_size", "limit", "image_size", "seed")  # numbers the command line has flags of their own for


def _check(name, value):
    """Whole numbers are counts, of which there is at least 1; others are sizes, which are not negative."""
    flag = f"--{name.replace('_', '-')}" if name in FLAGS else f"--set {name}"
    if name == "seed":
        if not 0 <= value < 2**32:
            raise BookError(f"{flag} must be from 0 to {2**32 - 1}, not {value}")
    elif name == "image_size":
        try:
            sides(8 if value is None else value)
        except BookError as error:
            raise BookError(f"{flag} must be a size, not {value}: {error}") from None
    elif isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise BookError(f"{flag} must be at least 1, not {value}")
    elif isinstance(value, float) and not (math.isfinite(value) and value >= 0):
        raise BookError(f"{flag} must be a number that is not negative, not {value}")
