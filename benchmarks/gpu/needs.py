"""Which packages are missing for a measurement on a GPU? Says so in one sentence, before any time is spent.

python -m benchmarks.gpu.needs
"""

import os
import sys
from importlib.util import find_spec

# As they are imported; what the package is called where that differs.
PACKAGES = {
    **dict.fromkeys(("numpy", "scipy", "matplotlib", "rich", "typer", "psutil", "threadpoolctl")),
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "PIL": "pillow",
    **dict.fromkeys(("keras", "namex", "optree", "h5py", "ml_dtypes", "packaging")),
    "absl": "absl-py",
}
RIVAL = "torch"  # without it there is nothing to compare with, but all else is measured


def missing(backend, found=find_spec):
    """Names of the packages that are needed with this backend of Keras and are not there."""
    wanted = {**PACKAGES, backend: None}
    return [package or module for module, package in wanted.items() if found(module) is None]


def main():
    """Ends with status 1 if something is missing."""
    absent = missing(os.environ.get("KERAS_BACKEND", "jax"))
    if absent:
        sys.exit(f"error: these packages are missing: {', '.join(absent)}; install them and try again")
    if find_spec(RIVAL) is None:
        print("There is no PyTorch here: its rows are left out.")


if __name__ == "__main__":
    main()
