"""How a folder of images is laid out: which folders and files it has, which parts (train, val, test), what is left out.

People arrange images in many ways: a folder a class, a folder a part, both in either order, one more folder around all
of it. Nothing here looks into the images: `walk` makes a `Tree` of the names, the other functions look at that tree.
Whatever is not used is noted in a `LeftOut` with the reason, because a folder that is silently ignored costs a student
an evening. `folders` (classes) and `pair_folders` (image to image) decide by it what is what.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from gan_book.datasets.images import children, is_picture
from gan_book.errors import BookError, counted

DEEPEST = 32  # levels of folders
_LINKED = 2  # levels at which a link to a folder is followed: a part's and a class's
# Folder names that mean a part, with the word for the part itself taken apart by `_essence` below.
_PARTS = {
    "train": {"train", "training", "trn", "learn", "learning"},
    "val": {"val", "valid", "validation", "validate", "validating", "dev", "development"},
    "test": {"test", "testing", "tst", "eval", "evaluation", "holdout", "heldout"},
}
_NOT_READ = {".heic", ".heif", ".jxl", ".svg", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw"}  # pictures all the same
_FILLER = (
    r"set|sets|data|dataset|images?|imgs?|pictures?|photos?|split|part|folder|files?|seg|side|domain|jpegimages|all"
)
_FILLERS = re.compile(_FILLER)
_SUFFIX = re.compile(f"(.+?)(?:{_FILLER})?")


def part_of(name):
    """The part of a data set that a name means, whatever its case: "train", "val" or "test"; None if it means none.

    "Training", "train_set", "train2017" and "TrainImages" are "train"; "valid" and "dev" are "val"; "eval" is "test".
    """
    # Twice: the word as it is, and without a filler at its end that is written together with it ("TrainImages").
    word = _essence(name)
    for candidate in (word, _SUFFIX.fullmatch(word)[1] if word else ""):
        for part, names in _PARTS.items():
            if candidate in names:
                return part
    return None


def side_of(name):
    """What a folder's name means among images to translate, ``(part or None, "a" or "b")``; None if nothing.

    "trainA", "test_b" and "VALIDATION-A" have both; "A", "side_b" and "imagesA" only a side.
    """
    found = re.fullmatch(r"(.*?)[\W_]*([ab])", name.lower())
    if not found:
        return None
    part = part_of(found[1])
    return (part, found[2]) if part or not _essence(found[1]) else None


def is_generic(name):
    """Whether a folder's name says no more than that images are in it, as "images" does."""
    return not _essence(name)


def _essence(name):
    """The name's words, without digits, signs and those that only mean "images" or "part"."""
    # "train2017", "Train_Set" and "data-train" are all "train"; of "images" and "dataset 2" nothing is left.
    return "".join(word for word in re.findall("[^\\W\\d_]+", name.lower()) if not _FILLERS.fullmatch(word))


@dataclass
class Tree:
    """A folder.

    content: its `Tree`s and image files (`Path`), by name.
    others: its other files.
    """

    path: Path
    content: list = field(default_factory=list)
    others: list = field(default_factory=list)

    @property
    def folders(self):
        """The folders in it that hold images, at any depth."""
        return [child for child in self.content if isinstance(child, Tree) and child.pictures]

    @property
    def loose(self):
        """The image files directly in it."""
        return [child for child in self.content if not isinstance(child, Tree)]

    @property
    def pictures(self):
        """The image files in it at any depth."""
        return [
            picture for child in self.content for picture in (child.pictures if isinstance(child, Tree) else [child])
        ]

    @property
    def name(self):
        return self.path.name

    def trees(self):
        """This folder and all below it, a list."""
        return [self, *(tree for child in self.content if isinstance(child, Tree) for tree in child.trees())]


@dataclass
class LeftOut:
    """What is not used of a folder. Both are lists of ``(path, reason)``.

    skipped: images and folders that one would expect to be used; they are warned of.
    others: files that one would not expect to be used, such as a licence; the summary mentions them.
    """

    folder: Path
    skipped: list = field(default_factory=list)
    others: list = field(default_factory=list)

    def skip(self, path, reason):
        """Notes an image or a folder of images that is not used."""
        self.skipped.append((self.named(path), reason))

    def pass_over(self, path, reason):
        """Notes any other file that is not used."""
        self.others.append((self.named(path), reason))

    def named(self, path):
        """The path from the data set's folder on; a very long one is shortened in the middle."""
        inside = path.relative_to(self.folder).as_posix()
        return inside if len(inside) <= 200 else f"{inside[:100]}...{inside[-80:]}"


def walk(folder, left_out):
    """The `Tree` of a folder. What is no image, or cannot be entered, is noted in `left_out`.

    A link to a folder is followed where a part's or a class's folder may be, but not to a folder above, nor twice.

    Raises:
        BookError: the folder itself cannot be read.
    """
    # `seen` holds real paths, however a folder is reached: so a link upwards cannot send the walk in a circle, and no
    # image is read twice (it might then be in training and test at once).
    top = folder.resolve()
    return _walk(folder, left_out, 0, {top, *top.parents})


def _walk(folder, left_out, depth, seen):
    tree = Tree(folder)
    for child in children(folder):
        if os.path.isdir(child):  # noqa: PTH112 - that of Path raises for a link to what may not be looked at
            reason = _closed(child, depth, seen)
            below = None if reason else _entered(child, left_out, depth, seen)
            if reason:
                left_out.skip(child, reason)
            elif below is not None:
                tree.content.append(below)
                if not below.pictures:
                    left_out.pass_over(child, "holds no pictures")
        elif is_picture(child):
            tree.content.append(child)
        elif child.suffix.lower() in _NOT_READ:
            tree.others.append(child)
            left_out.pass_over(child, "is of a format that is not read; save it as JPEG or PNG")
        else:
            tree.others.append(child)
            left_out.pass_over(child, "is no picture")
    return tree


def _closed(child, depth, seen):
    if depth >= DEEPEST:
        return f"lies more than {DEEPEST} folders deep"
    if not child.is_symlink():
        return None
    if depth >= _LINKED:
        return "is a link to a folder, which is not followed so deep"
    return "is a link to a folder that is looked at already" if child.resolve() in seen else None


def _entered(child, left_out, depth, seen):
    if child.is_symlink():
        seen.add(child.resolve())
    try:
        return _walk(child, left_out, depth + 1, seen)
    except (BookError, OSError) as error:  # it may not be read, or what is in it may not be looked at
        left_out.skip(child, f"cannot be read ({(error.__cause__ or error).strerror})")
        return None


def parts(tree, left_out):
    """The parts of a data set: ``{"train": Tree, "val": Tree, "test": Tree}``, without those it does not have.

    They are sub-folders (see `part_of`). A folder without any is all "train".

    Raises:
        BookError: two folders for a part; parts to validate or test with, but none to train with.
    """
    named = {}
    for child, part in zip(tree.folders, _parts_of([child.name for child in tree.folders]), strict=True):
        if part:
            named.setdefault(part, []).append(child)
    for part, several in named.items():
        if len(several) > 1:
            raise BookError(f"{tree.path} has {_listed(several)}, which both mean '{part}'; rename one of them")
    named = {part: several[0] for part, several in named.items()}
    # A folder "train" among others may be the part, or a class of vehicles. It is a class if it stands alone in meaning
    # a part, has neighbours, and has no folders of classes in it. Any doubt left ends in an error, not in a guess.
    beside = [child for child in tree.folders if child not in named.values()]
    if not named or (named.keys() == {"train"} and beside and not named["train"].folders):
        return {"train": tree}  # "train" may be a class, among buses and cars
    if "train" not in named:
        what = f"beside {_listed(beside)}" if beside else "and none to train with"
        raise BookError(
            f"{tree.path} has the part {_listed(named.values())} {what}; put the pictures to train with, "
            "or the folders of their classes, into a sub-folder 'train', or rename what is no part"
        )
    for child in beside:
        left_out.skip(child.path, f"lies beside {_listed(named.values())}")
    for picture in tree.loose:
        left_out.skip(picture, "lies outside the folders of the parts")
    return named


def _parts_of(names):
    """`part_of` each name; where none means a part, but all do behind the same word ("cars_train"), that part."""
    meanings = [part_of(name) for name in names]
    first = re.sub(r"[^\W_]*$", "", os.path.commonprefix(names))  # noqa: RUF071 - meant: up to the last sign
    if any(meanings) or not first:
        return meanings
    behind = [part_of(name[len(first) :]) for name in names]
    return behind if all(behind) and len(set(behind)) == len(behind) > 1 else meanings


def unwrapped(tree, part=None):
    """The innermost folder around all pictures: that of ``download/images/cat``, ``download/images/dog`` is images.

    ``part``: which part of a set `tree` is; a folder in it that is called like that once more is no class.

    A single folder with pictures, but without folders of pictures, stays inside: it may be a class.
    """
    # Down as long as there is one folder and nothing else. Where that ends at a folder of images, the names on the way
    # decide: the first that says something ("cat") is a class, and the folder around it is the set; folders with
    # generic names ("images") are passed through.
    chain = [tree]
    while (
        len(chain[-1].folders) == 1
        and not chain[-1].loose
        and (_is_again(chain[-1], part) or part_of(chain[-1].folders[0].name) is None)
    ):
        chain.append(chain[-1].folders[0])
    if chain[-1].folders:  # several, or a part
        return chain[-1]
    for outer, inner in pairwise(chain):
        if not (is_generic(inner.name) or _is_again(outer, part)):
            return outer
    return chain[-1]


def _is_again(tree, part):
    """Whether the only folder in it says what it says itself, as in ``seg_train/seg_train``."""
    inner = tree.folders[0].name
    return part is not None and (inner == tree.name or part_of(inner) == part)


def other_files(tree):
    """Such as " in a format that is read, but 12 .heic files and 1 .zip file", for a folder without images."""
    endings = Counter(path.suffix.lower() for each in tree.trees() for path in each.others)
    shown = [counted(count, f"{ending or 'nameless'} file") for ending, count in endings.most_common(3)]
    return f" in a format that is read, but {' and '.join(shown)}" if shown else ""


def _listed(trees, most=3):
    names = [f"'{tree.name}'" for tree in trees]
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def named_class(name):
    """A folder's name as text that can be printed and put into figures; on Linux a name can be any bytes."""
    # Python hides bytes that are no UTF-8 in code points that no file and no picture can hold. Old archives have names
    # in Latin-1; read as that, they are at least text.
    content = os.fsencode(name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
