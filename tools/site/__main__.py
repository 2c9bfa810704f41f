"""``python -m tools.site``: builds the site and checks it (`make site`)."""

import argparse
from pathlib import Path

from gan_book.commands import cli
from gan_book.paths import BOOK
from tools.site.build import build_site


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="Build the book as a web site.")
    parser.add_argument("--out", type=Path, default=BOOK / "build" / "site", help="the folder to write")
    parser.add_argument("--no-live", action="store_true", help="without the pages in which networks run (faster)")
    arguments = parser.parse_args()
    for line in build_site(arguments.out, live_pages=not arguments.no_live):
        print(line, flush=True)


if __name__ == "__main__":
    cli.guard(main)
