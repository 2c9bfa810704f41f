"""gan_book: what every chapter of the book shares. ``import gan_book as gb`` gives the names below.

Each is imported when it is first used, so that looking at data or asking for help does not start TensorFlow. The map of
the code is ``docs/overview.md``.
"""

import importlib
import os

# TensorFlow's notices on starting. Real problems also raise Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

_PUBLIC = {
    "adversarial": ("AdversarialModel", "Composite", "GAN"),
    "sampling": ("Category", "Code", "Generator", "Label", "Noise", "draw", "latent_points", "translate"),
    "networks": ("to_float", "to_uint8"),
    "backend": ("input_gradient",),
    "datasets": ("Dataset", "Pairs", "find_label", "load", "load_pairs"),
    "plotting": ("image_grid", "labelled_grid", "picture", "save_gif", "save_png", "show"),
    "saving": ("load_network", "save_network"),
    "training.train": ("resume", "train"),
    "errors": ("BookError",),
}
_HOME = {name: f"gan_book.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"gan_book has no '{name}'; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return [*globals(), *__all__]
