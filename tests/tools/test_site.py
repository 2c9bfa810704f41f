"""The book as a web site: what becomes a page, that all links lead somewhere, and what it does in a browser."""

import hashlib
import re
import threading
from importlib.util import find_spec

import pytest

from gan_book.commands import play
from gan_book.errors import BookError
from gan_book.paths import BOOK
from tests import browsers
from tests.export import common
from tests.test_docs import TEXTS
from tools.site import build, check, contents, live
from tools.site.stage import Stage

SHOWN = 120_000  # milliseconds to wait for a page on a busy computer
MISSING = [name for name in build.PACKAGES if find_spec(name) is None]
SPHINX = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: pip install -e '.[site]'")
INFOGAN = contents.Live("infogan")


# --- which pages there are


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    Stage(folder, {INFOGAN: {"title": "InfoGAN", "bytes": 9_900_000}}).write()
    return folder


def test_every_text_of_the_book_is_a_page_and_stands_once_in_the_contents():
    pages = contents.pages()
    assert set(TEXTS) <= set(pages) and len(pages) == len(set(pages))
    assert {*BOOK.glob("notebooks/*/*.ipynb")} <= set(pages)


def test_the_networks_find_their_notebooks():
    found = {network.name: network.notebook for network in contents.live_networks()}
    assert found["twon-gan"].name == "twon_gan.ipynb" and None not in found.values()


def test_nothing_of_colab_or_of_jupyter_alone_is_left(staged):
    for page in staged.rglob("*.*"):
        if page.suffix in (".md", ".ipynb"):
            text = page.read_text(encoding="utf-8")
            assert "colab-badge" not in text and "[badge]" not in text and "(attachment:" not in text, page
            assert 'src="data:' not in text and "importlib.util.find_spec" not in text, page
    assert "replace `gan-book/gan_book`" not in (staged / "index.md").read_text(encoding="utf-8")


def test_live_networks_are_in_their_chapter_and_on_the_front_page(staged):
    for name, way in (("index.md", ""), ("chapters/ch07_infogan/README.md", "../../")):
        text = (staged / name).read_text(encoding="utf-8")
        assert f'href="{way}live/infogan/index.html">Try InfoGAN' in text and "It loads 9.9 MB." in text
        assert ("data-now" in text) == (name == "index.md")
    assert "live/infogan" in (staged / "notebooks/ch07_infogan/infogan.ipynb").read_text(encoding="utf-8")
    assert "live/infogan" not in (staged / "notebooks/ch07_infogan/iic.ipynb").read_text(encoding="utf-8")


def test_links_become_pages_views_of_the_source_or_addresses(staged):
    readme = (staged / "chapters/ch07_infogan/README.md").read_text(encoding="utf-8")
    assert "(codes.py.md)" in readme and (staged / "chapters/ch07_infogan/codes.py.md").is_file()
    assert "(../../notebooks/ch07_infogan/infogan.ipynb)" in readme
    assert f"({contents.REPOSITORY}/blob/main/LICENSE)" in (staged / "index.md").read_text(encoding="utf-8")
    assert (staged / "docs/figures/strip.png").is_file()


# --- what is refused


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "PACKAGES", (*build.PACKAGES, "no_such_package"))
    with pytest.raises(BookError, match=r"needs .*no_such_package; install .*\[site\]"):
        build.build_site(tmp_path / "site")


def test_a_missing_notebook_is_named(monkeypatch):
    monkeypatch.setattr(contents, "notebook_path", lambda script: BOOK / "notebooks" / "lost.ipynb")
    with pytest.raises(BookError, match=r"notebooks/lost\.ipynb is missing; "):
        contents.notebooks()


def test_a_damaged_notebook_is_named(monkeypatch, tmp_path):
    book = tmp_path / "book"
    (book / "notebooks").mkdir(parents=True)
    (book / "notebooks" / "cut.ipynb").write_text('{"cells": [', encoding="utf-8")
    monkeypatch.setattr("tools.site.stage.BOOK", book)
    with pytest.raises(BookError, match=r"notebooks/cut\.ipynb is no readable notebook"):
        Stage(tmp_path / "source")._write_notebook(book / "notebooks" / "cut.ipynb")


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    with pytest.raises(BookError, match=r"README\.md links to docs/nothing\.md, which is not there"):
        Stage(tmp_path).with_links("see [this](docs/nothing.md)", contents.FRONT)


@SPHINX
def test_only_a_site_is_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BookError, match="no site"):
        build.build_site(tmp_path, live_pages=False)
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('<a href="nothing.html">x</a>', "links to nothing.html, which is not there"),
        ('<a href="#nowhere">x</a>', "links to #nowhere, and there is no such part of the page"),
        ('<a href="sub/page.html#nowhere">x</a>', "no such part of the page"),
        ('<a href="/sub/page.html">x</a>', "in a folder of a host"),
        ('<script src="https://example.org/a.js"></script>', "fetches https://example.org/a.js from another host"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "fetches //example.org/a.css"),
        ("<style>p { background: url(https://example.org/a.png) }</style>", "fetches https://example.org/a.png"),
        ('<iframe src="sub/none.html"></iframe>', "links to sub/none.html, which is not there"),
    ],
)
def test_the_check_finds(tmp_path, wrong, said):
    right = '<p id="here"><a href="#here">a</a><a href="sub/page.html#there">b</a><a href="https://example.org">c</a>'
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "page.html").write_text('<h1 id="there"><a href="..">up</a></h1>', encoding="utf-8")
    (tmp_path / "index.html").write_text(right, encoding="utf-8")
    assert check.problems(tmp_path) == ([], 3)
    (tmp_path / "index.html").write_text(right + wrong, encoding="utf-8")
    (found,) = check.problems(tmp_path)[0]
    assert found.startswith("index.html ") and said in found
    with pytest.raises(BookError, match=r"wrong links: index\.html"):
        check.require_sound(tmp_path)


def test_the_check_reads_style_sheets(tmp_path):
    (tmp_path / "a.css").write_text('/* https://a.org */ @import "https://b.org/b.css";', encoding="utf-8")
    assert check.problems(tmp_path)[0] == ["a.css fetches https://b.org/b.css from another host"]


# --- the site, and what it does in a browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with one live network; every link of it was checked when it was built."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "KEPT", folder / "kept")
        patch.setattr(live, "live_networks", lambda: [INFOGAN])
        build.build_site(folder / "site")
    return folder / "site"


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_the_site_has_all_pages_and_fetches_nothing(site):
    found, followed = check.problems(site)
    assert not found and followed > 1000
    for page in contents.pages():
        name = "index.html" if page == contents.FRONT else page.relative_to(BOOK).with_suffix(".html")
        text = (site / name).read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text and text.count("<h1>") <= 2, name
    mathjax = (site / "_static/mathjax/tex-chtml.js").read_bytes()  # as in the release 3.2.2 of MathJax itself
    assert hashlib.sha256(mathjax).hexdigest() == "0a6ded5abbce13331658dd239f34382abd06492c74b71b61e8caa8112ec55fa5"


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser, site):
    """A function: path of a page to the page, opened; it has what was asked of other hosts, and errors."""
    server = play.server(site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home, contexts = f"http://127.0.0.1:{server.server_address[1]}/", []

    def opened(path, width=1280, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 850}, **options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(SHOWN)
        tab.errors, tab.outside = [], []
        tab.on("console", lambda message: message.type == "error" and tab.errors.append(message.text))
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: check_address(tab, request.url))
        tab.goto(home + path)
        return tab

    def check_address(tab, address):
        if not address.startswith((home, "data:", "blob:")):
            tab.outside.append(address)

    yield opened
    for context in contexts:
        context.close()
    server.shutdown()
    server.server_close()


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_the_front_page_has_a_live_infogan(visit):
    tab = visit("index.html")
    tab.locator(".live").scroll_into_view_if_needed()
    frame = tab.frame_locator(".live iframe")
    frame.locator("#generate").wait_for()
    frame.get_by_role("button", name="category 3").click()
    frame.get_by_text("Category 3", exact=False).first.wait_for()
    assert tab.locator(".live iframe").bounding_box()["height"] > 600  # as high as what it shows
    assert not tab.errors and not tab.outside


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_a_chapter_loads_its_network_only_when_asked(visit):
    asked = []
    tab = visit("chapters/ch07_infogan/README.html")
    tab.on("request", lambda request: asked.append(request.url))
    tab.reload()
    assert not any("/live/infogan/" in address for address in asked)
    tab.get_by_role("link", name="Try InfoGAN").click()
    tab.frame_locator(".live iframe").locator("#generate").wait_for()
    assert "chapters/ch07_infogan" in tab.url and not tab.errors


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_the_search_finds_a_chapter(visit):
    tab = visit("index.html")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("mutual information")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html?q=*")
    found = tab.locator("#search-results a", has_text=re.compile("InfoGAN")).first
    found.wait_for()
    found.click()
    tab.get_by_role("heading", name="InfoGAN").first.wait_for()
    assert not tab.errors and not tab.outside


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_a_notebook_has_formulas_pictures_and_code_to_copy(visit):
    tab = visit("notebooks/ch07_infogan/infogan.html")
    tab.locator("mjx-container").first.wait_for()
    assert tab.locator("mjx-container").count() > 50 and tab.locator("mjx-merror").count() == 0
    assert tab.locator("button.copybtn").count() > 20
    tab.evaluate("for (const image of document.images) image.loading = 'eager'")
    tab.wait_for_function("[...document.images].every((image) => image.complete)")
    assert tab.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    assert not tab.errors and not tab.outside


PHONE = ("index.html", "chapters/ch06_cgan/README.html", "notebooks/ch06_cgan/cgan.html", "docs/results/ch08.html")


@common.ONNX
@SPHINX
@pytest.mark.slow
@pytest.mark.parametrize("path", PHONE)
def test_a_phone_has_no_sideways_scrolling(visit, path):
    tab = visit(path, width=390, is_mobile=True, has_touch=True)
    tab.wait_for_load_state("load")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@common.ONNX
@SPHINX
@pytest.mark.slow
def test_the_switch_makes_the_page_and_its_network_dark_and_light(visit):
    tab = visit("index.html", color_scheme="light")
    tab.locator(".live").scroll_into_view_if_needed()
    frame = tab.frame_locator(".live iframe")
    frame.locator("#generate").wait_for()
    for mode, wanted in (("dark", range(60)), ("light", range(200, 256))):
        tab.evaluate(f"document.documentElement.dataset.theme = '{mode}'")  # as the menu does
        assert {brightness(tab.locator("body")), brightness(frame.locator("body"))} <= set(wanted), mode


def brightness(part):
    """Of the background: 0 to 255."""
    return part.evaluate("node => Math.max(...getComputedStyle(node).backgroundColor.match(/\\d+/g).slice(0, 3))")
