"""``gan-book play``: a trained network as a page in your browser. See docs/web.md."""

import functools
import http.server
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands.quiet import held_back, import_backend
from gan_book.commands.shared import Chapter, RunFolder, open_run
from gan_book.errors import BookError, shown

HOST = "127.0.0.1"  # this computer only: nobody else on the network can open the page


def play_command(
    chapter: Chapter,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve at; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    run: RunFolder = None,
):
    """Try a trained network in your browser."""
    import_backend()
    play(open_run(chapter, run), port, browser)


def play(run, port=0, browser=True):
    """Makes a page of a run in a temporary folder and serves it until Ctrl-C; then the folder is removed.

    Raises:
        BookError: the port is taken, or see `gan_book.export.web.write_page`.
    """
    from gan_book.export.web import require_possible, write_page

    require_possible()
    try:
        # The port is taken first: making the page takes a while, and would be for nothing.
        with tempfile.TemporaryDirectory(prefix="gan_book-") as scratch, server(Path(scratch, "page"), port) as serving:
            print("making the page ...", flush=True)
            with held_back():
                write_page(Path(scratch, "page"), run)
            address = f"http://{HOST}:{serving.server_address[1]}/"
            print(shown(f"{run} is at {address} (stop with Ctrl-C)"), flush=True)
            if browser:  # in a thread of its own: a browser in the terminal returns only when it is closed
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            serving.serve_forever()
    except KeyboardInterrupt:
        print("\nstopped")


def server(folder, port=0):
    """A server of the files in a folder, for this computer only; use it as a context.

    Raises:
        BookError: the port cannot be had.
    """
    handler = functools.partial(QuietHandler, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        raise BookError(f"--port {port} cannot be used ({error.strerror}); leave it out to take a free one") from None


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each. Browsers refuse scripts of another type, which some Windows setups give."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def log_message(self, *_):
        pass

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")  # the next page at this port may be another network's
        super().end_headers()
