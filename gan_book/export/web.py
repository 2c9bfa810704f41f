"""A web page in which a trained network runs, in the browser of whoever opens it. See docs/web.md.

The page is a folder: what `PAGE` holds, the networks, ``model.json`` and example pictures. It needs a host that serves
files, and nothing from any other host.

model.json      what the page reads; its entries "networks" are those of `gan_book.export.describe.description`
*.onnx.gz       the networks, see `gan_book.export.slim`
*.png           example pictures, side by side
"""

import gzip
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan_book.errors import BookError, megabytes
from gan_book.export import onnx_file
from gan_book.export.folder import DESCRIPTION, atomic_folder, listed, writable_folder
from gan_book.export.slim import packed
from gan_book.sampling import evenly_spaced
from gan_book.training import chapters

PACKAGES = onnx_file.PACKAGES
TENSORFLOW = onnx_file.TENSORFLOW
FILE = "model.onnx.gz"  # of one network, before it gets its name in the page
PAGE = Path(__file__).parent / "page"
RUNTIME = "ort/ort-wasm-simd-threaded.wasm.gz"
EXAMPLES = 12
COLOURS = 8
TOLERANCE = 4 / 127.5  # 4 grey levels of 255: the weights of a page are rounded, and less than 2 is usual


@dataclass(frozen=True)
class Examples:
    """Pictures to try a network with.

    pictures: uint8 ``[n, h, w, c]``; names: what each is, a list, or None; truth: what should come out, or None.
    """

    pictures: np.ndarray
    names: list | None = None
    truth: np.ndarray | None = None


def require_possible():
    """Raises BookError where no page can be made: packages are missing, or Keras runs on JAX."""
    from gan_book.export import require_packages, require_tensorflow

    require_packages(PACKAGES, "a page")
    require_tensorflow("a page")


def write_page(folder, trained, overwrite=False):
    """Writes a page for a run. Explained in docs/web.md.

    Args:
        folder: of the page; it is there whole or not at all.
        trained: `gan_book.training.runs.Run`.
        overwrite: whether an earlier export may be replaced.

    Returns:
        Lines that say what was made.

    Raises:
        BookError: the folder holds something, or cannot be written (see `gan_book.export.folder.writable_folder`);
            packages are missing, or Keras runs on JAX; a network that cannot be exported, or does something else than
            in Keras once it is.
    """
    from gan_book.export.check import SAMPLES

    require_possible()
    target = writable_folder(folder, trained.folder, overwrite)
    lesson = chapters.lesson(trained.config.lesson)
    with atomic_folder(target) as part:
        shutil.copytree(PAGE, part, dirs_exist_ok=True)
        about = _write_networks(part, trained, lesson)
        _write_description(part, about)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    differences = "; ".join(f"{each['network']} differs from Keras by {_worst(each)}" for each in about["networks"])
    return [f"page of {megabytes(size)}: {folder}", f"checked on {SAMPLES} samples: {differences}"]


def _worst(about):
    check = about["check"]
    if check["grey_levels"] is None:
        return f"{check['largest_difference']:.2g}"
    return f"{check['grey_levels']:.2g} of 255 grey levels"


def _write_networks(folder, trained, lesson):
    """Writes the networks and their examples; returns the content of model.json."""
    names = networks_of(trained, lesson)
    examples = _examples(trained, lesson, names)
    networks = []
    for name in names:
        about = write_network(folder, trained, name)
        if found := examples.get(name):
            about["samples"] = _write_examples(folder, name, found)
        about["palette"] = _palette(found.pictures) if found else list(PLAIN)
        networks.append(about)
    view = _view(networks[0])
    _require_usable(view, networks)
    if view == "classify":
        data = trained.config.settings["data"]
        networks[0]["prepare"] = "mnist" if data in lesson.prepare and data == "mnist" else None
        networks[0]["realness"] = len(networks) > 1  # trained against a generator, so its level of logits is D(x)
    data = networks[0]["data"]
    return {
        "title": lesson.model_name,
        "chapter": int(lesson.folder[2:4]) if re.match(r"ch\d\d_", lesson.folder) else None,
        "lead": _lead(view, networks, data["title"]),
        "credit": data.get("credit") or "",
        "view": view,
        "networks": networks,
    }


def networks_of(trained, lesson):
    """Names of the networks that a page shows, the first one first."""
    translating = getattr(lesson.task, "networks", None)
    if translating:
        return [name for name in translating.values() if trained.network(name).exists()]
    return [name for name in ("classifier", "generator") if trained.network(name).exists()]


def write_network(folder, trained, name):
    """Writes ``<name>.onnx.gz`` into a folder and runs it; returns its entry in model.json.

    Raises:
        BookError: see `write_page`.
    """
    from gan_book.commands.export import prepared, written
    from gan_book.export.check import SAMPLES, against_keras

    network, _, about, arrays = prepared(trained, name)
    written(sys.modules[__name__], network, about, folder)
    difference = against_keras(network, arrays, run(folder, arrays), about["outputs"], TOLERANCE)
    file = (folder / FILE).replace(folder / f"{name}.onnx.gz")
    check = {
        "samples": SAMPLES,
        "largest_difference": difference.largest,
        "grey_levels": difference.grey_levels,
        "ran_in": program(),
    }
    return {**about, "file": file.name, "bytes": file.stat().st_size, "check": check}


def write(network, about, folder):
    """Writes the network alone, as `FILE`."""
    with tempfile.TemporaryDirectory() as scratch:
        onnx_file.write(network, about, Path(scratch))
        (folder / FILE).write_bytes(packed(Path(scratch, onnx_file.FILE).read_bytes()))


def run(folder, arrays):
    """The outputs of `FILE` in ONNX Runtime, see `gan_book.export.onnx_file.run`."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, onnx_file.FILE).write_bytes(gzip.decompress((folder / FILE).read_bytes()))
        return onnx_file.run(Path(scratch), arrays)


program = onnx_file.program


def _view(about):
    """What the page shows: "generate", "classify" or "translate"."""
    if about["translates"]:
        return "translate"
    return "classify" if about["outputs"][0]["kind"] == "logits" else "generate"


NEEDED = {"generate": {"noise"}, "classify": {"image"}, "translate": {"image"}}
ALLOWED = {"generate": {"noise", "label", "category", "code"}, "classify": {"image"}, "translate": {"image", "noise"}}


def _require_usable(view, networks):
    """Raises BookError for a network that has inputs or outputs for which the page has nothing to click."""
    about = networks[0]
    kinds = [each["kind"] for each in about["inputs"]]
    numbers = {each["dtype"] for each in about["inputs"]}
    shown = about["outputs"][0]["kind"] == ("logits" if view == "classify" else "image")
    if not NEEDED[view] <= set(kinds) <= ALLOWED[view] or not numbers <= {"float32", "int32"} or not shown:
        raise BookError(
            f"a page shows generators of images, classifiers and networks that translate images, and the "
            f"{about['network']} of '{about['chapter']}' is none of these; choose --format onnx"
        )


def _lead(view, networks, data):
    """The sentence below the title."""
    kinds = {each["kind"] for each in networks[0]["inputs"]}
    if view == "translate":
        sides = networks[0]["translates"]
        way = "between {from} and {to}" if len(networks) > 1 else "from {from} to {to}"
        return f"It translates pictures {way.format(**sides)}. Paint on the input, and the output follows."
    if view == "classify":
        return (
            f"A classifier, trained on {data} together with a generator. Draw, and see what the network takes it for."
        )
    if "category" in kinds:
        return (
            f"A generator that was trained on {data}, without labels. It found the categories and the codes by itself: "
            "find out what each one does."
        )
    if "label" in kinds:
        return f"A generator that was trained on {data}. Choose a class: it makes a new picture from random numbers."
    return f"A generator that was trained on {data}. It makes pictures from random numbers."


def _examples(trained, lesson, names):
    """A dict: name of a network -> `Examples`; empty for a reader's own data, which is not ours to publish."""
    from gan_book.export.describe import about_data

    task = lesson.task
    translating = getattr(task, "networks", None)
    if "licence" not in about_data(str(trained.config.settings["data"])) or not (translating or "classifier" in names):
        return {}
    dataset = task.load(lesson.settings_of(trained))
    if not translating:
        kinds = range(len(trained.config.class_names))
        chosen = [np.flatnonzero(dataset.test_labels == kind)[0] for kind in kinds]
        return {"classifier": Examples(dataset.test_images[chosen], list(trained.config.class_names))}
    found = {}
    for direction, name in translating.items():
        source, target = dataset.test_a, dataset.test_b
        source, target = (source, target) if direction == "AtoB" else (target, source)
        chosen = _varied(source)
        found[name] = Examples(source[chosen], None, target[chosen] if dataset.test_paired else None)
    return found


def _varied(images):
    """Numbers of `EXAMPLES` images, evenly spaced over the third in which most goes on, from the best one down."""
    pixels = images.astype("float32")
    variety = pixels.std(axis=(1, 2)).mean(axis=1)
    if images.shape[-1] == 3:  # colours count for more: rather land and sea than clouds over snow
        variety = 0.1 * variety + (pixels[..., 0] - pixels[..., 2]).std(axis=(1, 2))
    best = variety.argsort()[::-1][: max(EXAMPLES, len(images) // 3)]
    return best[evenly_spaced(len(best), EXAMPLES)]


def _write_examples(folder, name, examples):
    """Writes the pictures side by side as PNGs; returns "samples" of the network's entry."""
    _write_strip(folder / f"{name}-examples.png", examples.pictures)
    if examples.truth is not None:
        _write_strip(folder / f"{name}-truth.png", examples.truth)
    return {
        "file": f"{name}-examples.png",
        "count": len(examples.pictures),
        "names": examples.names,
        "truth": None if examples.truth is None else f"{name}-truth.png",
    }


def _write_strip(path, images):
    strip = np.concatenate(list(images), axis=1)
    Image.fromarray(strip[..., 0] if strip.shape[-1] == 1 else strip).save(path, optimize=True)


PLAIN = ("#000000", "#ffffff", "#808080", "#d62728", "#2ca02c", "#1f77b4", "#ffbf00", "#8c564b")


def _palette(images):
    """The colours that images consist of, the most frequent one first: a list such as ``["#e3cd9f", ...]``."""
    if images.shape[-1] == 1:
        return list(PLAIN[:3])
    pixels = Image.fromarray(images.reshape(-1, images.shape[2], 3))
    few = pixels.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=3)
    table = np.array(few.getpalette()).reshape(-1, 3)
    return ["#{:02x}{:02x}{:02x}".format(*table[index]) for _, index in sorted(few.getcolors(), reverse=True)]


def _write_description(folder, about):
    """Writes model.json. It lists all files, so that a later export knows that it may replace them."""
    import gan_book
    from gan_book.training.runs import write_json

    runtime = {"file": RUNTIME, "bytes": (folder / RUNTIME).stat().st_size}
    head = {"version": 1, "made_by": f"gan_book {gan_book.__version__}", "format": "web"}
    write_json(folder / DESCRIPTION, {**head, **about, "runtime": runtime, "files": listed(folder)})
