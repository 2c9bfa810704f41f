"""Arrays that take long to work out, kept in the reader's cache folder. Losing them costs time, nothing else."""

import hashlib
import warnings

import numpy as np

from gan_book import paths

_VERSION = 1  # of what is computed; a new one makes everything kept by `kept` be computed anew


def kept(name, compute, *inputs):
    """What ``compute()`` returns, worked out once for the same inputs on this machine.

    Args:
        name: of the computation, such as ``"reference/radii"``: also the folder and the beginning of the file's name.
        compute: function without arguments that returns a tuple of arrays, determined by the inputs.
        inputs: arrays, numbers and strings.

    Returns:
        A list of arrays.
    """
    path = paths.cache_dir() / f"{name}-{_digest(inputs)}.npz"
    arrays = read(path)
    if arrays is None:
        arrays = {str(index): array for index, array in enumerate(compute())}
        write(path, arrays, "intermediate results")
    return [arrays[str(index)] for index in range(len(arrays))]


def read(path):
    """The arrays of a file of `write` as a dict, or None: never written, or damaged."""
    try:
        return paths.read_arrays(path)
    except paths.UNREADABLE:
        return None


def write(path, arrays, what):
    """Keeps a dict of arrays for next time, whole or not at all; says so (``what``) where that is impossible."""
    try:
        with paths.atomic_write(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        warnings.warn(f"{what} were not cached in {path.parent}: {error.strerror}", stacklevel=3)


def _digest(inputs):
    digest = hashlib.sha256(str(_VERSION).encode())
    for each in inputs:
        array = np.ascontiguousarray(each)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()[:16]
