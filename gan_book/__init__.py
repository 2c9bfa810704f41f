"""gan_book: what every chapter of the book shares."""

import os

# What matters also arrives as a Python exception; a reader looking for her losses need not scroll past the rest.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"
