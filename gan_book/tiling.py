"""Pictures of any size through a network for one size: in tiles that overlap, blended into each other."""

import numpy as np


def starts(length, size, overlap):
    """Where tiles begin along a side: from 0 on in steps of `size - overlap`, the last one ending at the end."""
    return [*range(0, length - size, size - overlap), length - size]


def blending_window(size, overlap):
    """The weight of each pixel of a tile: float32 ``[size, size]``, above 0, falling over the overlap to its edges."""
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 1.0
    ramp = np.minimum(distance / (overlap + 1), 1).astype("float32")
    return ramp[:, None] * ramp[None, :]


def in_tiles(picture, size, translate, overlap=None):
    """Applies a function of tiles to a whole picture.

    Where tiles overlap, each counts the more the farther the pixel is from its edge. Beside the picture and the result
    only one strip of tiles is in memory. What is smaller than a tile is enlarged by its mirror image first, and the
    result cut.

    Args:
        picture: uint8 ``[h, w, 3]``.
        size: side of a tile.
        translate: uint8 ``[n, size, size, 3]`` to the same.
        overlap: of neighbouring tiles in pixels; a quarter of `size` if not given.

    Returns:
        uint8 ``[h, w, 3]``.
    """
    overlap = size // 4 if overlap is None else overlap
    height, width, _ = picture.shape
    padded = np.pad(picture, ((0, max(0, size - height)), (0, max(0, size - width)), (0, 0)), mode="symmetric")
    tops, lefts = (starts(length, size, overlap) for length in padded.shape[:2])
    window = blending_window(size, overlap)[..., None]
    result = np.empty_like(padded)
    total, weight = np.zeros((size, padded.shape[1], 3), "float32"), np.zeros((size, padded.shape[1], 1), "float32")
    for top, following in zip(tops, [*tops[1:], padded.shape[0]], strict=True):
        tiles = translate(np.stack([padded[top : top + size, left : left + size] for left in lefts]))
        for left, tile in zip(lefts, tiles, strict=True):
            total[:, left : left + size] += window * tile
            weight[:, left : left + size] += window
        done = following - top  # rows that no later tile reaches
        result[top:following] = np.rint(total[:done] / weight[:done]).astype("uint8")
        total, weight = _moved_up(total, done), _moved_up(weight, done)
    return result[:height, :width]


def _moved_up(rows, count):
    return np.concatenate([rows[count:], np.zeros_like(rows[:count])])
