"""``python -m gan_book`` is the same as ``gan-book``."""

from gan_book.commands.cli import main

if __name__ == "__main__":
    main()
