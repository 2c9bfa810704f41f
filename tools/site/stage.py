"""Copies the pages to a folder in which Sphinx finds them, with links, pictures and badges as the site needs them.

A page keeps its path (``docs/web.md``); the README of the book becomes ``index.md``. The files of the book themselves
stay as they are: on GitHub and in Jupyter they have to work without any of this.
"""

import base64
import html
import os
import re
from pathlib import Path

import nbformat

from gan_book.errors import BookError, megabytes
from gan_book.paths import BOOK
from tools.notebooks import BADGE, FIRST_CELL
from tools.site.contents import FRONT, below, chapters, on_the_web, pages, sections

PICTURES = (".png", ".jpg", ".svg", ".gif", ".webp")
FENCE = re.compile(r"(^```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
SOURCE = re.compile(r'(?<=src=")([^"]+)(?=")')
README_BADGE = re.compile(r" ?\[!\[Open in Colab\]\[badge\]\]\([^)\s]+\)")
NOTEBOOK_BADGE = re.compile(rf"\[!\[Open in Colab\]\({re.escape(BADGE)}\)\]\(([^)]+)\)")
DATA_PICTURE = re.compile(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]+)">')


class Stage:
    """A folder of sources for Sphinx. `live`: the `contents.Live` that have a page, each with the bytes it loads."""

    def __init__(self, folder, live=()):
        self.folder, self.live, self.pages = Path(folder), dict(live), pages()
        self.sources = set()  # Python files that a page links to: each gets a page of its own

    def write(self):
        """Writes all pages."""
        for path in self.pages:
            if path.suffix == ".ipynb":
                self._write_notebook(path)
            else:
                self._write_page(path)
        for path in sorted(self.sources):
            self._write_source(path)

    def _write_page(self, path):
        text = path.read_text(encoding="utf-8")
        if path == FRONT:
            text = README_BADGE.sub("", text)
            text = re.sub(r"^\[\w+\]: https://colab\S+\n", "", text, flags=re.MULTILINE)
            text = re.sub(r"\nIn a fork, replace .*?\.\n", "\n", text, count=1, flags=re.DOTALL)
        text = self.with_links(text, path)
        if path == FRONT:
            text = _before_heading(text, self._live_blocks(path, "infogan", now=True))
            text += "".join(_toctree(paths, path, title) for title, paths in sections())
        elif path in chapters():
            text = _before_heading(text, self._live_blocks(path, *self._networks_of(path.parent.name)))
            text += _toctree(below(path), path)
        self._save(_staged(path), text)

    def _write_notebook(self, path):
        try:
            notebook = nbformat.read(path, as_version=4)
        except (ValueError, KeyError, AttributeError) as error:  # cut off, or no notebook at all
            raise BookError(
                f"{path.relative_to(BOOK)} is no readable notebook ({type(error).__name__}); get it back with "
                f"`git checkout {path.relative_to(BOOK).as_posix()}`"
            ) from None
        notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        # A page does not have to find the book, so the cell that does is left out.
        start = FIRST_CELL.partition("\n")[0]
        notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(start)]
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                cell.source = self._cell_text(cell, path, number)
        names = [live.name for live in self.live if live.notebook == path]
        notebook.cells[0].source += f"\n\n{self._live_blocks(path, *names)}"
        self._save(_staged(path), nbformat.writes(notebook))

    def _cell_text(self, cell, path, number):
        """The text of a Markdown cell; the pictures in it become files."""
        folder = f"{path.stem}_files"

        def saved(name, content):
            self._save(_staged(path).parent / folder / name, base64.b64decode(content))
            return f"{folder}/{name}"

        text = cell.source
        for name, kinds in cell.pop("attachments", {}).items():
            text = text.replace(f"(attachment:{name})", f"({saved(name, next(iter(kinds.values())))})")
        text = self.with_links(text, path, (f"{folder}/",))
        text = DATA_PICTURE.sub(
            lambda found: f"![{html.unescape(found[1])}]({saved(f'diagram-{number}.svg', found[2])})", text
        )
        script = self._target(BOOK / "chapters" / path.relative_to(BOOK / "notebooks").with_suffix(".py"), path)
        links = rf"[Run it in Colab](\1) · [as a script]({script}) · [the notebook's file]({on_the_web(path)})"
        return NOTEBOOK_BADGE.sub(links, text)

    def with_links(self, text, path, own=()):
        """The text with links that lead somewhere on the site. `own`: beginnings of links that are right already."""

        def target(match):
            link = match[1]
            if re.match(r"[a-z]+:|#", link) or link.startswith(own or "\0"):
                return link
            name, mark, heading = link.partition("#")
            return self._target((path.parent / name).resolve(), path) + mark + heading

        parts = FENCE.split(text)
        parts[::2] = [SOURCE.sub(target, LINK.sub(target, part)) for part in parts[::2]]
        return "".join(parts)

    def _target(self, file, path):
        """What a page links to for a file of the book: a page, a picture, a view of the source, or the repository."""
        if not file.exists() or not file.is_relative_to(BOOK):
            raise BookError(f"{path.relative_to(BOOK)} links to {os.path.relpath(file, BOOK)}, which is not there")
        if file.suffix in PICTURES:
            self._save(_staged(file), file.read_bytes())
        elif file.suffix == ".py":
            self.sources.add(file)
            return _relative(_staged(file).with_suffix(".py.md"), _staged(path))
        elif file not in self.pages:
            return on_the_web(file)
        return _relative(_staged(file), _staged(path))

    def _write_source(self, path):
        """A page with a Python file. It is not in the contents, and the search does not look into it."""
        name, code = path.relative_to(BOOK).as_posix(), path.read_text(encoding="utf-8")
        head = f"---\norphan: true\nnosearch: true\n---\n\n# {path.name}\n\n[{name}]({on_the_web(path)})\n\n"
        self._save(_staged(path).with_suffix(".py.md"), f"{head}````python\n{code}````\n")

    def _networks_of(self, chapter):
        return [live.name for live in self.live if live.chapter == chapter]

    def _live_blocks(self, path, *names, now=False):
        """HTML that starts the live pages of these networks in place, or links to them where there is no JavaScript."""
        return "\n\n".join(self._live_block(live, path, now) for live in self.live if live.name in names)

    def _live_block(self, live, path, now):
        picture = BOOK / "docs" / "figures" / f"thumb_{(live.chapter or '')[:4]}.png"
        shown = f"![]({self._target(picture, path)})" if picture.is_file() else ""
        page, about = _relative(Path(live.page), _staged(path)), self.live[live]
        return (
            f'<div class="live"{" data-now" if now else ""}>\n\n{shown}\n\n'
            f'<p><a class="live-start" href="{page}">Try {about["title"]} in your browser</a><br>'
            f"The network runs on this page. It loads {megabytes(about['bytes'])}.</p>\n\n</div>"
        )

    def _save(self, place, content):
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def _staged(path):
    """Where a file of the book lies in the folder of the sources, and so on the site."""
    return Path("index.md") if path == FRONT else path.relative_to(BOOK)


def _relative(target, page):
    return Path(os.path.relpath(target, page.parent)).as_posix()


def _before_heading(text, block):
    """The text with a block before its first heading of the second level."""
    head, mark, rest = text.partition("\n## ")
    return f"{head}\n{block}\n{mark}{rest}"


def _toctree(paths, page, caption=None):
    """What Sphinx makes the contents of."""
    lines = [_relative(_staged(path).with_suffix(""), _staged(page)) for path in paths]
    head = ["", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join([*head, "", *lines, "```", ""]) if lines else ""
