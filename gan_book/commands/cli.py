"""The command ``gan-book``; a chapter's script run by itself has the flags of ``gan-book train``."""

import errno
import io
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import quiet
from gan_book.commands.data import app as data
from gan_book.errors import BookError, Interrupted

MOST = 1_000_000  # images, samples or frames at a time
KINDS = {int: "a whole number", float: "a number", str: "a word"}  # what --set sets; the rest have flags

app = typer.Typer(
    help="gan_book: a textbook you can run.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Chapter = Annotated[str, typer.Argument(help="Name of a chapter's script; `gan-book chapters` lists them.")]
Preset = Annotated[
    str | None, typer.Option(help="smoke (only to see that it runs), quick (the default), full (better) or book.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training images.")]
BatchSize = Annotated[int | None, typer.Option(help="Images per step.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Precision = Annotated[str | None, typer.Option(help="auto, float32, mixed_float16 or mixed_bfloat16.")]
Data = Annotated[str | None, typer.Option(help="Name of a data set, or a folder of images.")]
ImageSize = Annotated[int | None, typer.Option(help="Side in pixels to scale images to.")]
Limit = Annotated[int | None, typer.Option(help="Number of training images to use.")]
Out = Annotated[Path | None, typer.Option(help="Folder of the run.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with an interrupted run; with more --epochs, also with a finished one.")
]
StartFrom = Annotated[
    Path | None, typer.Option("--start-from", help="A run whose trained weights (and settings) to begin with.")
]
Deterministic = Annotated[bool | None, typer.Option("--deterministic", help="Same bits every time, a little slower.")]
OnFailure = Annotated[str | None, typer.Option(help="If training fails: warn (the default), stop or restart.")]
TensorBoard = Annotated[bool | None, typer.Option("--tensorboard", help="Also write TensorBoard logs into the run.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="A setting of the chapter, such as width=16.")]
RunFolder = Annotated[Path | None, typer.Option("--run", help="A run folder; without it the one in pretrained/.")]


def main():
    """Entry point: runs the command and turns errors meant for the reader into one line and exit status 1."""
    guard(app)


def run_lesson(lesson):
    """Entry point of a chapter's script, also of a reader's changed copy: ``gan-book train`` for this very lesson.

    With the name of another command first, such as ``python my_cgan.py generate --run runs/my-cgan-quick-001``, it is
    that command, which then knows the layers of the script.
    """
    from gan_book.training import chapters

    chapters.use(lesson)
    command, words = "train", sys.argv[1:]
    if words and words[0] in ("train", "finish", "generate", "interpolate", "evaluate", "predict", "translate"):
        command, *words = words
    guard(lambda: app([command, lesson.name, *words]))


def guard(command):
    """Calls `command`; what it raises for the reader's eyes becomes one line on standard error and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal or a file's encoding lacks is written as \\u...
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = _one_line
    try:
        command()
    except BookError as error:
        _fail(str(error))
    except Interrupted as stopped:
        print(f"\nStopped. Go on with:\n  {stopped}", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno is None:
            raise
        place = error.filename2 or error.filename
        advice = "free some space" if error.errno == errno.ENOSPC else "check the path or choose another"
        _fail(f"{error.strerror}{f' ({place})' if place else ''}; {advice} and try again")
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        _fail("memory ran out; ask for fewer or smaller images, or close other programs, and try again")


def _one_line(message, category, *place, line=None):
    return f"warning: {message}\n"  # without Python's place in the program, which says nothing to the reader


def _is_out_of_memory(error):
    from gan_book import backend

    return backend.is_out_of_memory(error)


def _fail(sentence):
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1)


app.add_typer(data, name="data")


@app.command("chapters")
def list_chapters():
    """List the chapters' scripts."""
    quiet.import_backend()
    from gan_book.training.chapters import lessons

    for lesson in lessons():
        print(f"{lesson.name:12} {lesson.title:60} chapters/{lesson.folder}")


@app.command()
def train(
    chapter: Chapter,
    preset: Preset = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    seed: Seed = None,
    precision: Precision = None,
    data: Data = None,
    image_size: ImageSize = None,
    limit: Limit = None,
    out: Out = None,
    resume: Resume = False,
    deterministic: Deterministic = None,
    on_failure: OnFailure = None,
    tensorboard: TensorBoard = None,
    changes: Set = None,
    start_from: StartFrom = None,
):
    """Train a chapter's GAN and measure it."""
    quiet.import_backend()
    from gan_book.training import chapters
    from gan_book.training import train as training

    lesson = chapters.lesson(chapter)
    flags = {
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "precision": precision,
        "data": data,
        "image_size": image_size,
        "limit": limit,
        "deterministic": deterministic,
    }
    flags |= _assignments(lesson, changes or [])
    if resume and start_from:
        raise BookError("--resume goes on with a run and --start-from begins a new one; give one or the other")
    if resume:
        training.resume(lesson, preset, out, {**flags, "on_failure": on_failure, "tensorboard": tensorboard})
        return
    if start_from and preset is None:  # what is not said is as in that run, without which its weights would not fit
        other = _run(chapter, start_from)
        preset, settings = other.config.preset, lesson.changed(lesson.settings_of(other), **flags)
    else:
        preset = preset or "quick"
        settings = lesson.settings(preset, **flags)
    training.train(lesson, settings, preset, out, on_failure or "warn", bool(tensorboard), start_from=start_from)


def _assignments(lesson, changes):
    """``["width=16"]`` as ``{"width": 16}``, each value of the type that the presets have for that setting."""
    kinds = {name: type(value) for name, value in asdict(lesson.settings()).items()}
    kinds = {name: kind for name, kind in kinds.items() if kind in KINDS}
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in kinds or not text:
            raise BookError(f"--set '{change}' is not understood; write name=value, where name is {_either(kinds)}")
        try:
            values[name] = kinds[name](text)
        except ValueError:
            raise BookError(f"--set {name} takes {KINDS[kinds[name]]}, not '{text}'") from None
    return values


def _either(names):
    *others, last = names
    return f"{', '.join(others)} or {last}"


@app.command()
def finish(
    chapter: Chapter,
    run: Annotated[Path, typer.Option("--run", help="Folder of an interrupted run.")],
):
    """Measure and draw what an interrupted training has reached; it can still be resumed."""
    quiet.import_backend()
    from gan_book.training import chapters
    from gan_book.training import train as training

    training.finish(chapters.lesson(chapter), run)


@app.command()
def generate(
    chapter: Chapter,
    n: Annotated[int, typer.Option("--n", max=MOST, help="Number of images.")] = 64,
    label: Annotated[str | None, typer.Option(help="Class by name or number; without it all classes in turn.")] = None,
    seed: Annotated[int, typer.Option(max=2**32 - 1, help="Seed of the latent points.")] = 0,
    out: Annotated[Path, typer.Option(help="A .png grid, a .npz file, or a folder for one PNG each.")] = Path(
        "out.png"
    ),
    run: RunFolder = None,
):
    """Draw images with a trained generator."""
    quiet.import_backend()
    from gan_book.commands import generate as drawing

    drawing.generate(_run(chapter, run), n, label, seed, out)
    print(f"{n} images: {out}")


@app.command()
def interpolate(
    chapter: Chapter,
    start: Annotated[str | None, typer.Option("--from", help="Class to start from, by name or number.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Class to end at.")] = None,
    code: Annotated[str | None, typer.Option(help="Or a code and its values, such as 2:-2..2 (chapter 7).")] = None,
    seed: Annotated[int, typer.Option(max=2**32 - 1, help="Seed of the latent points.")] = 0,
    frames: Annotated[int, typer.Option(max=MOST, help="Number of frames.")] = 24,
    out: Annotated[Path, typer.Option(help="A .gif, or a .png strip.")] = Path("walk.gif"),
    run: RunFolder = None,
):
    """Walk from one class to another, or along a code."""
    quiet.import_backend()
    from gan_book.commands import generate as drawing

    if code is not None and start is None and end is None:
        drawing.traverse(_run(chapter, run), code, seed, frames, out)
        print(f"{frames} frames of code {code}: {out}")
    elif code is None and start is not None and end is not None:
        drawing.interpolate(_run(chapter, run), start, end, seed, frames, out)
        print(f"{frames} frames from {start} to {end}: {out}")
    else:
        raise BookError("interpolate walks --from one class --to another, or along a --code; give one or the other")


@app.command()
def evaluate(
    chapter: Chapter,
    run: RunFolder = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the numbers to this file.")] = None,
    samples: Annotated[int, typer.Option(max=MOST, help="Number of images to draw.")] = 10_000,
    seed: Annotated[int, typer.Option(max=2**32 - 1, help="Seed of the latent points and of the bootstrap.")] = 0,
    validation: Annotated[bool, typer.Option("--validation", help="On the pictures to choose settings by.")] = False,
):
    """Measure a trained generator."""
    quiet.import_backend()
    from gan_book.training import chapters, report, runs

    if samples < 1:
        raise BookError(f"--samples must be at least 1, not {samples}")
    source, lesson = _run(chapter, run), chapters.lesson(chapter)
    dataset = lesson.task.load(lesson.settings_of(source))
    if validation:
        dataset = lesson.task.validation(dataset)
    measured = lesson.task.measure(source, lesson, dataset, samples, seed)
    for line in report.summary_lines(measured):
        print(line)
    if json_file is not None:
        runs.write_json(json_file, measured)
        print(f"numbers: {json_file}")


@app.command()
def predict(
    chapter: Chapter,
    files: Annotated[list[Path], typer.Argument(help="Pictures, of any format Pillow reads; or folders of them.")],
    run: RunFolder = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the answers to this file.")] = None,
):
    """Ask a chapter's classifier what is on pictures (chapter 9)."""
    quiet.import_backend()
    from gan_book.commands import predict as predicting
    from gan_book.training import runs

    predicted = predicting.predict(_run(chapter, run), files)
    _name_skipped(predicted)
    for answer in predicted.answers:
        note = " (dark on light: inverted)" if answer["inverted"] else ""
        print(f"{answer['file']}: {answer['label']}, {answer['probability']:.1%}{note}")
    if json_file is not None:
        runs.write_json(json_file, predicted.answers)
        print(f"answers: {json_file}")


@app.command()
def translate(
    chapter: Chapter,
    source: Annotated[Path, typer.Option("--in", help="A picture of any size, or a folder of pictures.")],
    out: Annotated[Path, typer.Option(help="A .png, .jpg or .webp file; a folder for a folder.")],
    direction: Annotated[str | None, typer.Option(help="AtoB or BtoA (chapter 11).")] = None,
    run: RunFolder = None,
):
    """Draw pictures anew, as the other side of a data set (chapters 10 and 11)."""
    quiet.import_backend()
    from gan_book.commands import translate as translating
    from gan_book.training import chapters

    result = translating.translate_path(_run(chapter, run), chapters.lesson(chapter), source, out, direction)
    _name_skipped(result)
    print(f"translated: {len(result.done)} of {len(result.done) + len(result.skipped)} pictures, to {out}")


def _name_skipped(result):
    for file, reason in result.skipped:
        print(f"skipped: {file} {reason}")


def _run(chapter, folder):
    """The run named by ``--run``, or the shipped one.

    Raises:
        BookError: there is none, or it is another chapter's.
    """
    from gan_book.training import chapters, runs

    name = chapters.lesson(chapter).name
    run = runs.shipped(name) if folder is None else runs.Run(folder)
    runs.require_lesson(run, name)
    return run
