"""How long does the page of a trained network take from its address to the first picture?

    python -m benchmarks.page_load                # cgan, infogan, sgan, pix2pix and cyclegan
    python -m benchmarks.page_load cgan --rounds 9

Each visit is a newcomer's: the browser has nothing in its cache. The page is served by this computer, so the times are
those of unpacking, starting and running the network, without a network cable. Let nothing else run meanwhile. It needs
playwright, and Chromium or Chrome on the PATH.
"""

import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands import cli, play
from gan_book.errors import BookError
from gan_book.export.web import write_page
from gan_book.training import runs

CHAPTERS = ("cgan", "infogan", "sgan", "pix2pix", "cyclegan")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def visit(browser, address):
    """Seconds until a new visitor sees the page with its first picture."""
    context = browser.new_context()
    tab = context.new_page()
    start = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.wait_for_selector("#loading", state="hidden", timeout=120_000)
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def visits(browser, name, rounds):
    """Seconds of each visit to the page of a shipped run, a list."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "page")
        write_page(folder, runs.shipped(name))
        with play.server(folder) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            found = [visit(browser, f"http://{play.HOST}:{server.server_address[1]}/") for _ in range(rounds)]
            server.shutdown()
    return found


@app.command()
def page_load(names: Annotated[list[str] | None, typer.Argument()] = None, rounds: int = 5):
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise BookError(
            "there is no Chromium or Chrome on the PATH; install one, for example with `apt install chromium`"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name in names or CHAPTERS:
            seconds = visits(browser, name, rounds)
            print(f"{name}: {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})", flush=True)
        browser.close()


if __name__ == "__main__":
    cli.guard(app)
