"""What a chapter tells the rest of the book about itself."""

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import get_args, get_type_hints

from gan_book.datasets.images import sides
from gan_book.errors import BookError, require_choice
from gan_book.training.task import Generation


def bounded(default=MISSING, *, least=None, above=None, most=None):
    """A field of `Settings` with its own bounds, such as ``pool: int = bounded(50, least=0)``.

    For other fields the `USUAL` bounds hold.
    """
    limits = {"least": least, "above": above, "most": most}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return field(default=default, metadata={"bounds": given})


# A whole number counts something, of which there is at least one; another number is a size, which may be 0.
USUAL = {int: {"least": 1}, float: {"least": 0}}


@dataclass(frozen=True)
class Settings:
    """What every training needs to know. A chapter's own settings extend this with its hyper-parameters.

    Attributes:
        data: name of a data set or path of a folder of images.
        epochs: passes over the training images.
        batch_size: images per step.
        limit: number of training images to use, None for all.
        image_size: side in pixels to scale images to, or height and width such as "64x96"; None for the set's own.
        seed: of weights, noise, data order and everything else random.
        precision: see `gan_book.backend`.
        deterministic: same bits every time, at some cost in speed.
        steps_per_execution: steps run between two returns to Python.
        checkpoint_seconds: time between two checkpoints within an epoch; there is always one at its end.
        measure_samples: images to generate for measuring.
    """

    data: str
    epochs: int
    batch_size: int
    limit: int | None = None
    image_size: int | str | None = None
    seed: int = bounded(0, least=0, most=2**32 - 1)
    precision: str = "auto"
    deterministic: bool = False
    steps_per_execution: int = 1
    checkpoint_seconds: float = 60.0
    measure_samples: int = 10_000


@dataclass(frozen=True)
class Lesson:
    """A chapter's script.

    Attributes:
        name: as on the command line.
        title: one line for `gan-book chapters`, such as "The conditional GAN (Mirza and Osindero 2014)"; what stands
            before the first bracket or colon names the model in the titles of pictures.
        folder: of the chapter, such as "ch06_cgan".
        presets: name -> settings; "quick" is the default.
        build: ``build(settings, dataset)`` returns the `AdversarialModel`, its networks compiled; its attribute
            ``sampler`` is the generator to use afterwards.
        next_step: a sentence to print after a training; in it {run} is the run's folder and {label} one of its classes;
            where the lesson translates, {sides[0]} and {sides[1]} are its two kinds of images.
        kept: names of the model's attributes that are networks to save in addition to the generator.
        measure: ``measure(run, dataset, images, labels, seed)`` returns the chapter's own `Score`s of a saved run, and
            a dict of details for report.json; None if the chapter has none. images: uint8 ``[n, h, w, c]``, generated
            by the run's generator with `seed`; labels: int ``[n]``, the classes or categories it was asked for.
        shown: name of the score below the pictures; the first one if there is none of that name.
        prepare: name of a data set -> ``prepare(grey, size)``, which makes a user's image, uint8 ``[280, 280]``, look
            like the images of that set, uint8 ``[size, size]``, before `gan-book predict` classifies it.
        begin: ``begin(model, run)`` gives a new model the weights of another run (`train --start-from`), where that
            run's networks have other shapes; None: all weights are taken as they are.
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
    shown: str = ""
    begin: Callable | None = None
    prepare: dict[str, Callable] = field(default_factory=dict)
    task: Generation = Generation()  # noqa: RUF009 - nothing changes it

    def __post_init__(self):
        """Raises BookError for a next_step with other words in braces, which would be found after the training."""
        try:
            self.next_step.format(run="", label="", sides=("", ""))
        except (KeyError, IndexError, ValueError, AttributeError):
            raise BookError(
                f"next_step of '{self.name}' may have {{run}}, {{label}}, {{sides[0]}} and {{sides[1]}} in braces, and "
                "nothing else"
            ) from None

    @property
    def model_name(self):
        """The model's name for the titles of pictures: "Conditional GAN", "CycleGAN"."""
        name = re.split(r"\s*[(:]", self.title)[0].removeprefix("The ").removeprefix("A ")
        return name[:1].upper() + name[1:]

    def settings(self, preset="quick", **changes):
        """The settings of a preset with changes; None means "as the preset says".

        Raises:
            BookError: no such preset or setting, or a value that makes no sense.
        """
        require_choice("--preset", preset, self.presets)
        return self.changed(self.presets[preset], **changes)

    def changed(self, settings, **changes):
        """Settings with changes; None means "as they are".

        Raises:
            BookError: no such setting, or a value that makes no sense.
        """
        known = {each.name for each in fields(settings)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise BookError(f"'{unknown[0]}' is not a setting of {self.name}; it has: {', '.join(sorted(known))}")
        given = {name: value for name, value in changes.items() if value is not None}
        settings = replace(settings, **_with_whole_numbers(type(settings), given))
        _require_bounds(settings)
        return settings

    def settings_of(self, run):
        """The settings of a saved run; settings that were added since then have their default.

        Raises:
            BookError: it has some that this version of the chapter does not know, or that make no sense.
        """
        usual, given = next(iter(self.presets.values())), dict(run.config.settings)
        given = _with_whole_numbers(type(usual), given)  # some were of another type in earlier versions
        try:
            settings = type(usual)(**given)
        except TypeError:
            raise BookError(f"{run} has settings this version of '{self.name}' does not know; start anew") from None
        for name, kinds in _kinds(type(settings)).items():
            value = getattr(settings, name)
            if kinds <= PLAIN and type(value) not in kinds and not (float in kinds and type(value) is int):
                raise BookError(f"{run.config_file} gives {name} as {value!r}; restore it or train again")
        _require_bounds(settings)
        return settings


PLAIN = {int, float, str, bool, type(None)}  # what config.json keeps as it is
FLAGS = ("epochs", "batch_size", "limit", "image_size", "seed")  # numbers that have their own flag


def _kinds(cls):
    """The types a setting's value can have, by its name."""
    return {name: set(get_args(hint)) or {hint} for name, hint in get_type_hints(cls).items()}


def _with_whole_numbers(cls, given):
    """The values with 4 for 4.0 where a setting is a whole number."""
    whole = {name for name, kinds in _kinds(cls).items() if int in kinds and float not in kinds}
    return {k: int(v) if k in whole and isinstance(v, float) and v.is_integer() else v for k, v in given.items()}


def _require_bounds(settings):
    """Raises BookError for a number outside the bounds of its field, or one that is not finite."""
    kinds = _kinds(type(settings))
    try:
        sides(8 if settings.image_size is None else settings.image_size)
    except BookError as error:
        raise BookError(f"--image-size must be a size, not {settings.image_size}: {error}") from None
    for each in fields(settings):
        value, number = getattr(settings, each.name), float if float in kinds[each.name] else int
        if number in kinds[each.name] and type(value) in (int, float):
            whole = number is float or float(value).is_integer()
            problem = _outside(value, each.metadata.get("bounds", USUAL[number])) if whole else "a whole number"
            if problem:
                flag = f"--{each.name.replace('_', '-')}" if each.name in FLAGS else f"--set {each.name}"
                raise BookError(f"{flag} must be {problem}, not {value}")


def _outside(value, bounds):
    """What a number within the bounds would be, in words; None if this one is."""
    least, above, most = (bounds.get(name) for name in ("least", "above", "most"))
    inside = (least is None or value >= least) and (above is None or value > above) and (most is None or value <= most)
    if inside and math.isfinite(value):
        return None
    if least is not None and most is not None:
        return f"from {least} to {most}"
    parts = [f"at least {least}"] * (least is not None) + [f"above {above}"] * (above is not None)
    parts += [f"at most {most}"] * (most is not None)
    return " and ".join(parts if math.isfinite(value) else ["a number", *parts])
