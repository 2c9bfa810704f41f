"""A folder of images as a data set."""

import glob
import hashlib
import json
import os
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_book import paths
from gan_book.datasets import layout, tables
from gan_book.datasets.dataset import Dataset, balanced_subset, folded, holdout, shown_names, subset
from gan_book.datasets.images import SkippedImages, decode, decode_all, sides
from gan_book.errors import BookError, counted, require_memory

DEFAULT_SIZE = 64
MOST_TO_TEST = 1000  # images of a part to test or validate with that are read where there is a limit below that
_CACHE_VERSION = 2
_COUNTERPARTS = re.compile(
    r"masks?|labels?|annotations?|gt|ground[-_ ]?truth|segmentations?(?:class|object)?", re.IGNORECASE
)
_OF_A_PICTURE = re.compile(rf"(.+?)[-_ ]+(?:{_COUNTERPARTS.pattern})(?:[-_ ]?\d+)?", re.IGNORECASE)
_GENERATED = re.compile(r"\d{5,}-(.+)")  # how `gan-book generate` names pictures of classes


def load_folder(folder, image_size=None, seed=0, limit=None, balanced=True):
    """Reads a folder of images.

    - Each sub-folder (searched to any depth) is a class. Without sub-folders, the classes come from a table (see
      `gan_book.datasets.tables.read_labels`) or from file names as `gan-book generate` writes them; else there is one
      class, named after the folder.
    - What is called like an image's mask (``1_mask.png`` beside ``1.png``) is left out.
    - Parts to train, validate and test with are sub-folders with such names (see `gan_book.datasets.layout.part_of`),
      each laid out as above; or every class has such sub-folders; or each part has a table of its name.
    - A validation part without a test part is used for testing. Without either, a tenth of the images, chosen by
      ``seed``, is held out (see `gan_book.datasets.dataset.holdout`).
    - A layout that can be read in two ways is refused.

    `gan_book.datasets.images.decode` says how a file becomes pixels. If every image is grey there is 1 channel, else 3.
    Files that are not used are in the data set's ``left_out``; images that cannot be read, or lie outside the classes,
    are also named in one `SkippedImages` warning. The pixels are kept in the cache folder and read from there while the
    files stay the same.

    Args:
        folder: path.
        image_size: see `gan_book.datasets.images.sides`; 64 if not given.
        seed: of the hold-out and of the choice that ``limit`` makes.
        limit: read only so many training images, and a tenth more to hold out; of the folder's own parts for validation
            and test, as many as that or `MOST_TO_TEST`, whichever is more.
        balanced: see `gan_book.datasets.load`.

    Returns:
        `Dataset`.

    Raises:
        BookError: no such folder, too few images in it that can be read, more than fit in memory, or a layout that is
            not understood.
    """
    folder = Path(folder)
    shape = sides(image_size or DEFAULT_SIZE)
    found = find(folder)
    chosen = _chosen(found, seed, limit, balanced)
    entries = [(part, *entry) for part, members in chosen.items() for entry in members]
    files = [path for _, _, path in entries]
    what = f"{counted(len(files), 'image')} of {folder} at {shape[0]} x {shape[1]} pixels"
    require_memory(2 * len(files) * 3 * shape[0] * shape[1], what, "take a smaller --image-size or set a --limit")
    images, readable, unread = _decode_cached(folder, files, shape)
    for path, reason in unread:
        found.left_out.skip(path, reason)
    skipped = found.left_out.skipped
    if not len(images):
        raise BookError(f"none of the {len(files):,} image files in {folder} can be used: {' '.join(skipped[0])}")
    return _dataset(folder, found, [entries[index] for index in readable], images, seed, limit, balanced)


@dataclass
class Found:
    """The images of a folder, by part ("train", perhaps "val" and "test"), each as ``(class, path)``.

    called: the folders' names of the parts that are not "train".
    """

    pictures: dict
    called: dict
    left_out: layout.LeftOut
    labelled_by: str = ""


def find(folder):
    """How a folder of classes is laid out.

    Returns:
        `Found`.

    Raises:
        BookError: there are no pictures, or the layout is not understood.
    """
    folder = Path(folder)
    left_out = layout.LeftOut(folder)
    tree = layout.walk(folder, left_out)
    if not tree.pictures:
        raise BookError(
            f"{folder} holds no images{layout.other_files(tree)}; put pictures in it, or in one sub-folder per class"
        )
    _leave_out_masks(tree, left_out)
    tree = layout.unwrapped(tree)
    _refuse_pairs(tree)
    parts = layout.parts(tree, left_out)
    if parts.keys() == {"train"} and (by_class := _parts_by_class(tree)):
        found = Found(by_class, {part: part for part in by_class}, left_out)
        for picture in tree.loose:
            left_out.skip(picture, "lies outside the class folders")
        return _of_known_classes(found)
    inner = {part: layout.unwrapped(each, part if each is not tree else None) for part, each in parts.items()}
    for each in inner.values():
        _refuse_pairs(each)
    called = {part: each.name for part, each in parts.items() if part != "train"}
    if len(inner["train"].folders) == 1:  # a class, or only where the pictures of a table lie
        with suppress(BookError):
            if found := _by_table(tree, inner, called, left_out):
                return _of_known_classes(found)
    if inner["train"].folders:
        left_out.others = [(path, _why_not_read(path, reason)) for path, reason in left_out.others]
        pictures = {part: _classes(each, left_out) for part, each in inner.items()}
        return _of_known_classes(Found(pictures, called, left_out))
    if classes := [each for part, each in inner.items() if part != "train" and each.folders]:
        raise BookError(
            f"{classes[0].path} has folders of classes ({shown_names([each.name for each in classes[0].folders])}), "
            f"but {inner['train'].path} has none; give both the same"
        )
    if found := _by_table(tree, inner, called, left_out):
        return _of_known_classes(found)
    one = layout.named_class(folder.resolve().name)
    pictures = {part: [(one, path) for path in each.loose] for part, each in inner.items()}
    generated = {path: _GENERATED.fullmatch(path.stem) for each in pictures.values() for _, path in each}
    if all(generated.values()):  # written by `gan-book generate`
        pictures = {part: [(generated[path][1], path) for _, path in each] for part, each in pictures.items()}
        return _of_known_classes(Found(pictures, called, left_out, "the names of the files"))
    return Found(pictures, called, left_out)


def _refuse_pairs(tree):
    both = [each.name for each in tree.folders if (layout.side_of(each.name) or (None,))[0]]
    if len(both) > 1:
        raise BookError(
            f"{tree.path} has the folders {shown_names(both)}: these are images to translate, not classes to learn; "
            "train pix2pix or cyclegan on it (in Python: load_pairs)"
        )
    names = [each.name for each in tree.folders]
    others = [name for name in names if _COUNTERPARTS.fullmatch(name) or _of_a_part(name)]
    kinds = [name for name in names if name in others or layout.is_generic(name)]
    if any(map(_of_a_part, names)) or (others and len(kinds) == len(names) > 1):
        raise BookError(
            f"{tree.path} has the folders {shown_names(names)}: '{others[0]}' says what is where on pictures and is no "
            "class; take it away, or to translate one to the other call them A and B and train pix2pix (in Python: "
            "load_pairs)"
        )


def _of_a_part(name):
    """Whether a folder is called like ``train_masks``."""
    of = _OF_A_PICTURE.fullmatch(name)
    return bool(of and layout.part_of(of[1]))


def _leave_out_masks(tree, left_out):
    """Takes away pictures that are called like another one's mask: ``1_mask.png`` beside ``1.png``."""
    for each in tree.trees():
        stems = {picture.stem for picture in each.loose}
        for picture in each.loose:
            if (of := _OF_A_PICTURE.fullmatch(picture.stem)) and of[1] in stems:
                each.content.remove(picture)
                left_out.skip(picture, "is called like the mask of a picture")


def _parts_by_class(tree):
    """The pictures of ``cat/train``, ``cat/test``, ``dog/train``, ...; None if the classes have no such parts."""
    with_parts = [each for each in tree.folders if any(layout.part_of(child.name) == "train" for child in each.folders)]
    if not with_parts:
        return None
    pictures = {}
    for each in tree.folders:
        named = [(layout.part_of(child.name), child) for child in each.folders]
        others = [child.name for part, child in named if part is None] + [path.name for path in each.loose]
        if each not in with_parts or others or len({part for part, _ in named}) < len(named):
            what = f"holds {shown_names(others)} beside its parts" if others else "has not the parts that others have"
            raise BookError(
                f"{tree.path} has classes with parts inside, as {with_parts[0].name}/{with_parts[0].folders[0].name}, "
                f"but {each.name} {what}; lay all classes out alike, or put them into the parts: train/{each.name}"
            )
        for part, child in named:
            pictures.setdefault(part, []).extend((layout.named_class(each.name), path) for path in child.pictures)
    return {part: pictures[part] for part in ("train", "val", "test") if part in pictures}


def _classes(tree, left_out):
    """``[(class, path), ...]`` of one part, whose sub-folders are classes.

    Raises:
        BookError: these all hold the same sub-folders, which may be the classes just as well.
    """
    below = [{child.name for child in each.folders} for each in tree.folders]
    shared = set.intersection(*below) if len(below) > 1 else set()
    if any(not layout.is_generic(name) for name in shared) and not any(each.loose for each in tree.folders):
        raise BookError(
            f"{tree.path} has the folders {shown_names([each.name for each in tree.folders])}, and in each of them are "
            f"{shown_names(sorted(shared))}: which are the classes? put all pictures of a class directly into one "
            "folder of its name, and call folders of parts train, val and test"
        )
    for picture in tree.loose:
        left_out.skip(picture, "lies outside the class folders")
    return [(layout.named_class(each.name), path) for each in tree.folders for path in each.pictures]


def _by_table(tree, inner, called, left_out):
    """The pictures by the tables in the folder; None if none of these names them."""
    everything = {path: part for part, each in inner.items() for path in each.pictures}
    top = next((each for each in (left_out.folder,) if each != tree.path), None)
    candidates = [path for each in tree.trees() for path in each.others]
    if top is not None:
        candidates += [path for path in layout.walk(top, layout.LeftOut(top)).others]
    read = {}
    for path in sorted({path for path in candidates if path.suffix.lower() in tables.ENDINGS}):
        if "submission" in path.stem.lower():  # of a competition: what to answer, not the answers
            continue
        labels = tables.read_labels(path, list(everything))
        if labels is None:
            reason = "gives the pictures no classes: it must name their files, and the class of each"
            left_out.others = [
                (other, reason if other == left_out.named(path) else why) for other, why in left_out.others
            ]
        else:
            for other, known in read.items():
                if differ := [each for each in known.keys() & labels.keys() if known[each] != labels[each]]:
                    both = f"{left_out.named(other)} and {left_out.named(path)}"
                    raise BookError(f"{both} in {left_out.folder} give {min(differ).name} other classes; remove one")
            read[path] = labels
    if not read:
        return None
    labelled = {path: entry for labels in read.values() for path, entry in labels.items()}
    to_train = inner["train"].pictures
    if 2 * sum(path in labelled for path in to_train) < len(to_train):
        return None
    pictures = {part: [] for part in inner}
    said = _parts_by_name(read) if len(inner) == 1 else {}
    for path, part in everything.items():
        if entry := labelled.get(path):
            pictures.setdefault(entry.part or said.get(path, part), []).append((entry.label, path))
    if not pictures["train"]:
        raise BookError(f"{' and '.join(map(str, sorted(read)))} put no picture into the part 'train'; put some there")
    for path in sorted(everything.keys() - labelled.keys()):
        left_out.skip(path, f"is not in {' or '.join(sorted(table.name for table in read))}")
    used = {left_out.named(table) for table in read}
    left_out.others = [(path, reason) for path, reason in left_out.others if path not in used]
    return Found(pictures, {**{part: part for part in pictures}, **called}, left_out, ", ".join(sorted(used)))


def _why_not_read(path, reason):
    return "the folders are taken for the classes" if path.lower().endswith(tables.ENDINGS) else reason


def _parts_by_name(read):
    """Which part each picture is of, by the names of the tables: of ``train.csv`` and ``test.csv``; else nothing."""
    parts = {table: layout.part_of(table.stem) for table in read}
    if not all(parts.values()) or "train" not in parts.values():
        return {}
    return {path: parts[table] for table, labels in read.items() for path in labels}


def _of_known_classes(found):
    """Without the pictures to validate and test with that are of a class without training images."""
    train = found.pictures["train"]
    known = {label for label, _ in train}
    by_folded = {folded(label): label for label in known}
    for part in found.pictures.keys() - {"train"}:
        kept = []
        for label, path in found.pictures[part]:
            same = label if label in known else by_folded.get(folded(label))
            if same:
                kept.append((same, path))
            else:
                found.left_out.skip(path, "is of a class without training images")
        found.pictures[part] = kept
    return found


def _chosen(found, seed, limit, balanced):
    """The pictures to read: all, or where there is a limit as many as that and what is needed to test with."""
    if limit is None:
        return found.pictures
    counts = dict.fromkeys(found.pictures, max(limit, MOST_TO_TEST))
    counts["train"] = limit if _held_out(found.pictures) else _with_holdout(limit)
    return {
        part: [members[index] for index in _choice([label for label, _ in members], counts[part], seed, balanced)]
        for part, members in found.pictures.items()
    }


def _held_out(pictures):
    return any(members for part, members in pictures.items() if part != "train")


def _with_holdout(limit):
    """How many images to read so that `limit` are left to train with when a tenth, two at least, is held out."""
    return limit + max(2, round(limit / 9))


def _choice(labels, limit, seed, balanced):
    if not balanced:
        return subset(len(labels), limit, seed)
    return (
        balanced_subset(np.unique(labels, return_inverse=True)[1].astype("int32"), limit, seed) if len(labels) else []
    )


def _dataset(folder, found, entries, images, seed, limit, balanced):
    """The `Dataset` of ``images[i]``, which is ``entries[i]``: its part, its class, its file."""
    left_out = found.left_out
    known = {label for part, label, _ in entries if part == "train"}
    for _, label, path in entries:
        if label not in known:
            left_out.skip(path, "is of a class without training images")
    names = sorted(known, key=lambda name: (name.lower(), name))
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers.get(label, -1) for _, label, _ in entries], "int32")
    parts = np.array([part for part, _, _ in entries])
    which = {part: np.flatnonzero((parts == part) & (labels >= 0)) for part in ("train", "val", "test")}
    use = f"to test with ('{found.called['test']}')" if "test" in found.called else "to test with"
    if not len(which["test"]):
        which["test"], which["val"] = which["val"], which["val"][:0]
        use = f"to validate and test with ('{found.called['val']}')" if "val" in found.called else use
    if not len(which["train"]):
        raise BookError(f"none of the images to train with in {folder} can be used: {' '.join(left_out.skipped[0])}")
    if not len(which["test"]):
        if len(which["train"]) < 2:
            raise BookError(f"{folder} has only one image; at least 2 are needed, one of them to test with")
        try:
            held = holdout(labels[which["train"]], seed, least=1 if limit is None else 2)
        except BookError as error:
            raise BookError(f"{folder}: {error}") from None
        which["train"], which["test"], use = which["train"][held[0]], which["train"][held[1]], "held out, to test with"
    if limit is not None:
        which["train"] = which["train"][_choice(labels[which["train"]], limit, seed, balanced)]
    if left_out.skipped:
        warnings.warn(SkippedImages(folder, left_out.skipped), stacklevel=4)
    remarks = [f"classes from {found.labelled_by}"] if found.labelled_by else []
    if limit is not None and (there := sum(map(len, found.pictures.values()))) > len(entries):
        remarks.append(f"chosen from {there:,} images")
    return Dataset(
        name=layout.named_class(folder.resolve().name),
        images=images[which["train"]],
        labels=labels[which["train"]],
        test_images=images[which["test"]],
        test_labels=labels[which["test"]],
        class_names=tuple(names),
        val_images=images[which["val"]],
        val_labels=labels[which["val"]],
        left_out=(*left_out.skipped, *left_out.others),
        test_use=use,
        remarks=tuple(remarks),
    )


def _decode_cached(folder, files, shape):
    """``images, indices of the files they are of, [(path, reason), ...] for the others``."""
    path = _cache_path(folder, files, shape)
    arrays = paths.read_cache(path)
    if arrays is None or not _fits(arrays, len(files), shape):
        images, readable, unread = _decode_all(files, shape)
        columns = np.array([(str(index), reason) for index, reason in unread]).reshape(-1, 2).astype(str)
        arrays = {"images": images, "readable": readable, "unread": columns}
        paths.write_cache(path, arrays, "the decoded images")
        _forget_older(path)
    unread = [(files[int(index)], str(reason)) for index, reason in arrays["unread"]]
    return arrays["images"], arrays["readable"], unread


def _fits(arrays, count, shape):
    """Whether arrays from the cache are what `_decode_cached` put there."""
    if arrays.keys() != {"images", "readable", "unread"}:
        return False
    images, readable, unread = arrays["images"], arrays["readable"], arrays["unread"]
    numbers = [*readable.ravel().tolist(), *(int(index) for index in unread[:, :1].ravel() if str(index).isdecimal())]
    sound = images.dtype == np.uint8 and images.shape[1:3] == shape and images.shape[3:] in ((1,), (3,))
    return sound and len(images) == len(readable) and sorted(numbers) == list(range(count))


def _decode_all(files, shape):
    images, readable, unread = decode_all(files, lambda path: decode(path, shape), (*shape, 3))
    if all((image == image[..., :1]).all() for image in images):
        images = images[..., :1]
    return images, readable, unread


def _cache_path(folder, files, shape):
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    key = hashlib.sha256(json.dumps([_CACHE_VERSION, shape, facts]).encode()).hexdigest()[:16]
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    # A name may have 255 bytes, and in it the temporary file's own marks.
    name = "".join(letter if letter.isalnum() else "-" for letter in folder.resolve().name)[:40]
    return paths.cache_dir() / "images" / f"{name}-{place}-{shape[0]}x{shape[1]}-{key}.npz"


def _forget_older(path):
    """Removes what was kept of the same folder and size when its files were others."""
    same_folder_and_size = path.name.rpartition("-")[0] + "-"
    with suppress(OSError):  # a cache is not worth a training
        for older in path.parent.glob(f"{glob.escape(same_folder_and_size)}*"):
            if older != path:
                older.unlink()
