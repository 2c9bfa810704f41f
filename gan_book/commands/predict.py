"""``gan-book predict``: classifying a user's own image files. Chapter 9 trains the classifier."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from scipy.special import softmax

from gan_book import datasets
from gan_book.commands.quiet import held_back, import_backend
from gan_book.commands.shared import Chapter, Overwrite, RunFolder, named_path, open_run, path_option, progress
from gan_book.datasets.images import UnreadableImage, decode, decode_whole, pictures_in
from gan_book.errors import BookError, shown
from gan_book.paths import writable_target

LARGE = 280  # side at which a picture is looked at that the chapter prepares
EVEN = 64  # contrast, of 255, below which a picture shows nothing


def predict_command(
    chapter: Chapter,
    files: Annotated[
        list[Path],
        typer.Argument(
            parser=named_path, metavar="FILES...", help="Image files that Pillow reads; or folders of them."
        ),
    ],
    run: RunFolder = None,
    json_file: Annotated[Path | None, path_option("--json", help="Also write the answers to this file.")] = None,
    overwrite: Overwrite = False,
):
    """Classify image files (chapter 9).

    Exit status 1 if a file or folder that was named could not be classified; other files of a folder are only listed.
    """
    import_backend()
    from gan_book.training import chapters, runs

    target = (
        None if json_file is None else writable_target(json_file, [*files, *_listed(files)[0]], overwrite, "--json")
    )
    run = open_run(chapter, run)
    predicted = predict(run, files, chapters.lesson(chapter).prepare.get(run.config.settings["data"]))
    for file, reason in predicted.skipped:
        print(shown(f"skipped: {file} {reason}"))
    for answer in predicted.answers:
        note = " (dark on light: inverted)" if answer["inverted"] else ""
        print(shown(f"{answer['file']}: {answer['label']}, {answer['probability']:.1%}{note}"))
    if target is not None:
        runs.write_json(target, predicted.answers)
        print(shown(f"answers: {json_file}"))
    if predicted.failed:
        file, reason = predicted.failed[0]
        more = f" and {len(predicted.failed) - 1} more" if len(predicted.failed) > 1 else ""
        raise BookError(f"not all that was named could be classified: {file} {reason}{more}; name others")


@dataclass(frozen=True)
class Predicted:
    """The result for some files: the answers, and ``(file, reason)`` of those that were skipped.

    An answer is a dict: "file", "label" (name of the class), "probability" and "inverted". `failed` has those of the
    skipped files that were named themselves, not only found in a folder.
    """

    answers: list
    skipped: list
    failed: list = field(default_factory=list)


def predict(run, files, prepare=None):
    """Classifies image files with the classifier of a run (chapter 9).

    `gan_book.datasets.images.decode` reads the files, and they are scaled to the classifier's size. The book's own grey
    sets are light on a dark ground; for a classifier of one of these, an image with a light ground is inverted.

    Args:
        run: `gan_book.training.runs.Run`.
        files: paths of images, and of folders of images.
        prepare: ``prepare(grey, size)`` turns a large grey image, light on dark, uint8 ``[280, 280]``, into one like
            those the classifier was trained on, uint8 ``[size, size]``; None if scaling is enough. See
            `gan_book.training.lesson.Lesson.prepare`.

    Returns:
        `Predicted`; files that are no images, or show nothing, are skipped, and so are folders that cannot be read.

    Raises:
        BookError: the run has no classifier, or none of the files can be asked about.
    """
    from gan_book.sampling import predict_uint8

    if not run.network("classifier").exists():
        raise BookError(f"{run} has no classifier to ask; chapter 9's runs have: `gan-book predict sgan`")
    classifier = run.load("classifier")
    data, names = run.config.settings["data"], run.config.class_names
    named = list(map(Path, files))
    listed, skipped = _listed(named)
    read = []
    for file in progress(listed, "reading"):
        try:
            with held_back(UnreadableImage):
                read.append((file, *_read(file, data, classifier.input.shape[1:], prepare)))
        except UnreadableImage as reason:
            skipped.append((file, str(reason)))
    if not read:
        (file, reason), more = skipped[0], len(skipped) > 1
        none = f"none of the {len(skipped)} files can be asked about: " if more else ""
        raise BookError(f"{none}{file} {reason}; name {'others' if more else 'another picture'}")
    files, pictures, inverted = zip(*read, strict=True)
    probabilities = softmax(predict_uint8(classifier, np.stack(pictures)), axis=1)
    answers = [
        {"file": str(file), "label": names[row.argmax()], "probability": float(row.max()), "inverted": light}
        for file, row, light in zip(files, probabilities, inverted, strict=True)
    ]
    return Predicted(answers, skipped, [(file, reason) for file, reason in skipped if file in named])


def _listed(paths):
    """The files of these files and folders, and ``(folder, reason)`` of folders that give none."""
    files, skipped = [], []
    for path in paths:
        try:
            files.extend(pictures_in(path) if path.is_dir() else [path])
        except BookError as reason:
            skipped.append((path, f"cannot be looked into ({reason})"))
    return files, skipped


def _read(file, data, shape, prepare):
    """A file as uint8 ``[h, w, c]``, and whether it was inverted; raises `UnreadableImage`."""
    if not file.is_file():
        raise UnreadableImage("is not a file")
    height, width, channels = shape
    size = height if height == width else (height, width)
    prepared = channels == 1 and prepare is not None and height == width and _side(file) > height
    picture = decode(file, LARGE if prepared else size)
    if channels == 3:
        return picture, False
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    ours = data in datasets.names()
    light = ours and bool(np.median(_edge(grey)) > 127)
    grey = 255 - grey if light else grey
    # For a user's own set only its images could tell what is faint.
    if grey.max() - grey.min() < (EVEN if ours else 1):
        raise UnreadableImage("shows nothing but an even ground (only the middle is looked at)")
    return (prepare(grey, size) if prepared else grey)[..., None], light


def _side(file):
    """The shorter side of a picture; 0 if it is none, which `decode` says better."""
    try:
        return min(decode_whole(file)[0].shape[:2])
    except UnreadableImage:
        return 0


def _edge(grey):
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
