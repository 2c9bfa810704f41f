"""gan_book: what every chapter of the book shares."""

import os

# TensorFlow prints a page of start-up notices; a reader looking for her losses should not have to scroll past it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "0.1.0"
