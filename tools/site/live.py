"""The pages in which trained networks run, made by `gan_book.export` and kept for the next build."""

import json
import shutil

from gan_book.errors import BookError
from gan_book.export import require_packages
from gan_book.paths import BOOK, PRETRAINED
from tools.site.contents import live_networks

KEPT = BOOK / "build" / "site-live"  # making them takes half a minute each


def made_pages(say):
    """Makes the live pages that are not there or out of date.

    Args:
        say: called with a line for each page that was made, and for each network that has none.

    Returns:
        A dict: `contents.Live` -> folder of its page.

    Raises:
        BookError: packages are missing.
    """
    found = {}
    for live in live_networks():
        folder = KEPT / live.name
        if not _is_current(live, folder):
            _require_packages()
            try:
                _make(live, folder)
            except BookError as error:  # a network that no page can show yet; the chapter is then without it
                say(f"no live page of {live.name}: {error}")
                continue
            say(f"made the live page of {live.name}")
        found[live] = folder
    return found


def _require_packages():
    from gan_book.commands.quiet import import_backend

    import_backend()  # here and not above, because it starts TensorFlow
    from gan_book.export import web

    require_packages(web.PACKAGES, "a live page")


def _is_current(live, folder):
    """Whether a page is newer than the networks and the program that makes it."""
    page = folder / "model.json"
    sources = [*PRETRAINED.glob(f"{live.name}/*.keras"), *(BOOK / "gan_book" / "export").rglob("*.*")]
    kept = [path for path in sources if "__pycache__" not in path.parts]
    return page.is_file() and all(path.stat().st_mtime < page.stat().st_mtime for path in kept)


def _make(live, folder):
    from gan_book.commands.quiet import held_back
    from gan_book.export.web import write_page
    from gan_book.training.runs import Run

    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with held_back():
        write_page(folder, Run(PRETRAINED / live.name))


def about(folder):
    """The title of a live page, and how many bytes it loads: a dict."""
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    loaded = sum(each["bytes"] for each in [*described["networks"], described["runtime"]])
    return {"title": described["title"], "bytes": loaded}


def place(found, out):
    """Copies live pages to the site. All use one copy of ONNX Runtime, so a browser fetches it once."""
    for live, folder in found.items():
        target = out / "live" / live.name
        shutil.copytree(folder, target)
        shared = out / "live" / "ort"
        if not shared.exists():
            shutil.copytree(target / "ort", shared)
        _use_shared(target)


def _use_shared(page):
    """Lets a page load ``../ort/`` instead of its own ``ort/``."""
    for name in ("network.js", "index.html"):
        file = page / name
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"./ort/', '"../ort/').replace('"ort/', '"../ort/'), encoding="utf-8")
    shutil.rmtree(page / "ort")
