"""The command ``gan-book``; a chapter's script run by itself has the flags of ``gan-book train``."""

import errno
import io
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import quiet
from gan_book.commands.data import app as data
from gan_book.commands.evaluate import evaluate_command
from gan_book.commands.export import export_command
from gan_book.commands.generate import generate_command
from gan_book.commands.interpolate import interpolate_command
from gan_book.commands.play import play_command
from gan_book.commands.predict import predict_command
from gan_book.commands.shared import Chapter, open_run
from gan_book.commands.translate import translate_command
from gan_book.datasets.images import parse_size
from gan_book.datasets.manifest import suggestion
from gan_book.errors import BookError, Interrupted, shown

OF_A_LESSON = ("train", "finish", "generate", "interpolate", "evaluate", "predict", "translate", "export", "play")
KINDS = {int: "a whole number", float: "a number", str: "a word"}  # what --set sets; the rest have flags

app = typer.Typer(
    help="gan_book: a textbook you can run.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Preset = Annotated[
    str | None, typer.Option(help="smoke (only to see that it runs), quick (the default), full (better) or book.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training images.")]
BatchSize = Annotated[int | None, typer.Option(help="Images per step.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Precision = Annotated[str | None, typer.Option(help="auto, float32, mixed_float16 or mixed_bfloat16.")]
Data = Annotated[str | None, typer.Option(help="Name of a data set, or a folder of images.")]
ImageSize = Annotated[
    str | None, typer.Option(help="Side in pixels to scale images to, or height x width, such as 64x96.")
]
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
Devices = Annotated[str | None, typer.Option(help="Number of GPUs that share each batch, or all; see docs/devices.md.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="A setting of the chapter, such as width=16.")]


def main(arguments=None):
    """Entry point: runs the command and turns errors meant for the user into one line and an exit status."""
    guard(lambda: sys.exit(app(arguments, standalone_mode=False) or 0))


def run_lesson(lesson):
    """Entry point of a chapter's script, also of a changed copy: ``gan-book train`` for the lesson in that script.

    With the name of another command first, such as ``python my_cgan.py generate --run runs/my-cgan-quick-001``, it is
    that command, which then knows the layers that the script defines.
    """
    from gan_book.training import chapters

    chapters.use(lesson)
    command, words = "train", sys.argv[1:]
    if words and words[0] in OF_A_LESSON:
        command, *words = words
    main([command, lesson.name, *words])


def guard(command):
    """Calls `command`; errors meant for the user become one line on standard error and an exit status."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal or a file's encoding lacks is written as \\u...
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = _one_line
    try:
        try:
            command()
        finally:
            _flush()
    except BookError as error:
        _fail(error)
    except Interrupted as stopped:
        print(f"\nStopped. Go on with:\n  {shown(stopped)}", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the program that reads the output, such as `head`, has stopped reading
        _discard(sys.stdout)
        sys.exit(1)
    except OSError as error:
        if error.errno is None:
            raise
        place = error.filename2 or error.filename
        advice = "free some space" if error.errno == errno.ENOSPC else "check the path or choose another"
        _fail(f"{error.strerror}{f' ({place})' if place else ''}; {advice} and try again")
    except Exception as error:
        if hasattr(error, "format_message"):  # a flag or a command that does not exist, a word where a number must be
            _fail_of_usage(error)
        if not _is_out_of_memory(error):
            raise
        _fail("memory ran out; ask for fewer or smaller images, or close other programs, and try again")


def _open_streams():
    """Opens streams that the shell has closed (``2>&-``) to nowhere; else the next file would take their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115, PTH123


def _flush():
    """Writes the rest of standard output now, while an error can still be reported."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _discard(sys.stdout)
        error.filename = error.filename or "standard output"
        raise


def _discard(stream):
    """Sends a stream that can no longer be written to nowhere; Python would complain again when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _one_line(message, category, *place, line=None):
    return f"warning: {shown(message)}\n"  # without the place in the program, which says nothing to the user


def _is_out_of_memory(error):
    from gan_book import backend

    return backend.is_out_of_memory(error)


def _fail(sentence, status=1):
    print(f"error: {shown(sentence)}", file=sys.stderr)
    sys.exit(status)


def _fail_of_usage(error):
    """Ends with status 2. Without any word after ``gan-book`` the help was printed, and that is all."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.exit(error.exit_code)
    context = getattr(error, "ctx", None)
    advice = f"; `{context.command_path} --help` lists what there is" if context else ""
    _fail(f"{error.format_message().rstrip('.')}{advice}", error.exit_code)


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
    devices: Devices = None,
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
        "image_size": image_size and parse_size(image_size),
        "limit": limit,
        "deterministic": deterministic,
    }
    flags |= _assignments(lesson, changes or [])
    if resume and start_from:
        raise BookError("--resume goes on with a run and --start-from begins a new one; give one or the other")
    if resume:
        training.resume(
            lesson, preset, out, {**flags, "on_failure": on_failure, "tensorboard": tensorboard, "devices": devices}
        )
        return
    if start_from and preset is None:  # what is not said is as in that run, without which its weights would not fit
        other = open_run(chapter, start_from)
        preset, settings = other.config.preset, lesson.changed(lesson.settings_of(other), **flags)
    else:
        preset = preset or "quick"
        settings = lesson.settings(preset, **flags)
    training.train(
        lesson, settings, preset, out, on_failure or "warn", bool(tensorboard), start_from=start_from, devices=devices
    )


def _assignments(lesson, changes):
    """``["width=16"]`` as ``{"width": 16}``, each value of the type that the presets have for that setting."""
    kinds = {name: type(value) for name, value in asdict(lesson.settings()).items()}
    kinds = {name: kind for name, kind in kinds.items() if kind in KINDS}
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in kinds or not text:
            close = suggestion(name, list(kinds)) if text else ""
            known = f"write name=value, where name is {_either(kinds)}{close}"
            raise BookError(f"--set '{change}' is not understood; {known}")
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
    """Measure an interrupted training and write its report; it can still be resumed."""
    quiet.import_backend()
    from gan_book.training import chapters
    from gan_book.training import train as training

    training.finish(chapters.lesson(chapter), run)


app.command("generate")(generate_command)
app.command("interpolate")(interpolate_command)
app.command("evaluate")(evaluate_command)
app.command("predict")(predict_command)
app.command("translate")(translate_command)
app.command("export")(export_command)
app.command("play")(play_command)
app.add_typer(data, name="data")
