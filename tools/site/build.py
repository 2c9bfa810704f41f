"""Builds the site: the sources of `stage`, Sphinx, the live pages, and the checks of `check`."""

import shutil
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from gan_book.errors import BookError, counted, duration, megabytes
from gan_book.export import require_packages
from gan_book.export.folder import atomic_folder
from tools.site import check, live
from tools.site.stage import Stage

HERE = Path(__file__).parent
MATHJAX = "sphinx-mathjax-offline"  # the name of the package and of its folder: MathJax 3.2.2 as it was published
PACKAGES = ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx_copybutton", MATHJAX)
MATHJAX_FILES = ("tex-chtml.js", "output/chtml/fonts/woff-v2")
MARK = "searchindex.js"  # what every site has, so that no other folder is replaced


def build_site(out, live_pages=True, say=print):
    """Builds and checks the site.

    Args:
        out: the folder; an earlier site in it is replaced.
        live_pages: whether trained networks run in it.
        say: called with a line for each step that takes long.

    Returns:
        Lines that say what was made.

    Raises:
        BookError: packages are missing; the folder holds something else; a notebook is missing or damaged; a page links
            to what is not there.
    """
    began, out = time.monotonic(), Path(out)
    require_packages(PACKAGES, "the site", extra="site")
    _require_writable(out)
    made = live.made_pages(say) if live_pages else {}
    with tempfile.TemporaryDirectory(prefix="gan_book-") as scratch, atomic_folder(out.resolve()) as built:
        source = Path(scratch, "source")
        Stage(source, {each: live.about(folder) for each, folder in made.items()}).write()
        say("building the pages ...")
        _run_sphinx(source, built, Path(scratch, "doctrees"))
        _place_mathjax(built)
        live.place(made, built)
        links = check.require_sound(built)
    files = [file for file in out.rglob("*") if file.is_file()]
    pages = counted(sum(file.suffix == ".html" for file in files), "page")
    size = megabytes(sum(file.stat().st_size for file in files))
    return [
        f"{pages}, {size}, {counted(len(made), 'live network')}, {counted(links, 'link')} checked, "
        f"in {duration(time.monotonic() - began)}: {out}",
        f"look at it with: python -m http.server --bind 127.0.0.1 --directory {out}",
    ]


def _require_writable(out):
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).is_file())):
        raise BookError(f"{out} holds something that is no site; name another folder with --out")


def _run_sphinx(source, out, doctrees):
    """Runs Sphinx.

    Raises:
        BookError: it warns of something, such as a link that leads nowhere; its own lines say of what.
    """
    from sphinx.cmd.build import main as sphinx

    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), "-d", str(doctrees)]
    if sphinx([*options, str(source), str(out)]) != 0:
        raise BookError("Sphinx could not build the site; what it printed above names the page and what to mend")
    for template in out.glob("_static/*macros.html"):  # of the themes, left there by mistake
        template.unlink()


def _place_mathjax(out):
    """Copies the few files of MathJax that the pages use."""
    package = Path(next(iter(find_spec(MATHJAX).submodule_search_locations))) / "static" / "mathjax"
    for name in MATHJAX_FILES:
        target = out / "_static" / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (package / name).is_dir():
            shutil.copytree(package / name, target)
        else:
            shutil.copyfile(package / name, target)
