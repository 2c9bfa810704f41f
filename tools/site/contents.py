"""What is on the site: the pages, their order, and the trained networks.

A new chapter, notebook or page of ``docs/`` is found by itself. `GUIDES` and `PROJECT` only set the order.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from gan_book.errors import BookError
from gan_book.paths import BOOK, PRETRAINED
from tools.notebooks import REPOSITORY, notebook_path, scripts

FRONT = BOOK / "README.md"
GUIDES = ("install", "commands", "qa", "recipes", "web", "export", "course")
PROJECT = ("data/README.md", "pretrained/README.md", "docs/overview.md", "docs/site.md", "CONTRIBUTING.md")


@dataclass(frozen=True)
class Live:
    """A trained network that runs in a page; `name` is its folder in ``pretrained/``, such as "twon-gan"."""

    name: str

    @property
    def notebook(self):
        """The notebook that explains it, or None."""
        return next(BOOK.glob(f"notebooks/*/{self.name.replace('-', '_')}.ipynb"), None)

    @property
    def chapter(self):
        """The chapter's folder, such as "ch07_infogan", or None."""
        return self.notebook.parent.name if self.notebook else None

    @property
    def page(self):
        """Where its page is on the site."""
        return f"live/{self.name}/index.html"


def live_networks():
    """The networks in ``pretrained/`` that a notebook explains."""
    found = [Live(config.parent.name) for config in sorted(PRETRAINED.glob("*/config.json"))]
    return [live for live in found if live.notebook]


def chapters():
    """The chapters' READMEs, in the order of the book."""
    return sorted(BOOK.glob("chapters/*/README.md"))


def notebooks():
    """The notebooks of all chapters' scripts.

    Raises:
        BookError: one is missing.
    """
    found = {script: notebook_path(script) for script in scripts()}
    for script, notebook in found.items():
        if not notebook.is_file():
            raise BookError(
                f"{_short(notebook)} is missing; `git checkout {_short(notebook)}` brings it back, and "
                f"`python -m tools.notebooks {_short(script)}` makes it anew"
            )
    return sorted(found.values())


def below(readme):
    """The pages that the contents list below a chapter: its notebooks, the chapter's own first, and its results."""
    folder = readme.parent.name
    own = [path for path in notebooks() if path.parent.name == folder]
    main = folder.partition("_")[2]
    results = BOOK / "docs" / "results" / f"{folder[:4]}.md"
    return sorted(own, key=lambda path: path.stem != main) + [results] * results.is_file()


def sections():
    """The contents: (title, pages) for each part."""
    guides = [BOOK / "docs" / f"{name}.md" for name in GUIDES]
    project = [BOOK / name for name in PROJECT]
    results = [BOOK / "docs" / "results.md", BOOK / "benchmarks" / "README.md"]
    listed = {*guides, *project, *results}
    guides += [path for path in sorted(BOOK.glob("docs/*.md")) if path not in listed]
    parts = {"Chapters": chapters(), "Guides": guides, "Results": results, "The project": project}
    return [(title, [path for path in paths if path.is_file()]) for title, paths in parts.items()]


def pages():
    """All files that become pages."""
    listed = [path for _, paths in sections() for path in paths]
    return [FRONT, *listed, *(path for readme in chapters() for path in below(readme))]


def on_the_web(path):
    """The address of a file or folder of the book in its repository."""
    kind = "tree" if path.is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{_short(path)}".rstrip("/")


def title():
    """The title of the book: the first line of its README."""
    return re.match(r"# (.+)", FRONT.read_text(encoding="utf-8"))[1]


def _short(path):
    return Path(path).relative_to(BOOK).as_posix()
