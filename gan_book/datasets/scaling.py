"""From pixels to what a network sees, and back."""

import numpy as np
from keras import ops


def to_float(images):
    """Scales uint8 pixels 0 to 255 to float32 in [-1, 1], the range of a tanh generator.

    Backend-agnostic: call it on a batch inside the graph, so that data stay uint8 in memory.
    """
    return ops.cast(images, "float32") / 127.5 - 1.0


def to_uint8(images):
    """Scales images in [-1, 1] to uint8 pixels 0 to 255, rounding to the nearest; what lies outside is clipped.

    A numpy array gives a numpy array, a tensor a tensor of the backend.
    """
    if isinstance(images, np.ndarray):
        known = np.nan_to_num(images.astype("float32"))  # A network that failed draws NaN; show it as grey.
        return np.clip(np.rint((known + 1.0) * 127.5), 0, 255).astype("uint8")
    pixels = (ops.cast(images, "float32") + 1.0) * 127.5
    return ops.cast(ops.clip(ops.round(pixels), 0.0, 255.0), "uint8")
