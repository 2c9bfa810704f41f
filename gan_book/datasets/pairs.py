"""What the loaders of images to translate return."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """Images of two kinds, or sides, A and B, in memory; all uint8, values 0 to 255, scaled in the graph.

    sides: what the two are, as in ("satellite", "map").
    a, b: training images ``[n_a, s, s, 3]`` and ``[n_b, s, s, 3]``; where s is more than the size of the test images,
        a square of their size is to be cropped out at random (`gan_book.datasets.pair_batches` does).
    val_a, val_b, test_a, test_b: ``[m, size, size, 3]``, to choose by and to report.
    paired: whether ``a[i]`` and ``b[i]`` show the same thing, pixel by pixel or as nearly as the set has it.
    test_paired: the same of the validation and the test images; without it no score against the truth is possible.
    test_names: what the test images show, in order; empty where that has no name.
    """

    name: str
    sides: tuple[str, str]
    a: np.ndarray
    b: np.ndarray
    val_a: np.ndarray
    val_b: np.ndarray
    test_a: np.ndarray
    test_b: np.ndarray
    paired: bool
    test_paired: bool
    test_names: tuple[str, ...] = ()

    @property
    def image_shape(self):
        """``(size, size, 3)``, of what a network sees."""
        return tuple(self.test_a.shape[1:])

    @property
    def train_size(self):
        """Number of training images an epoch shows of each side."""
        return min(len(self.a), len(self.b))

    def validation(self):
        """The same with its validation images in place of the test images: to choose settings by."""
        name = f"{self.name}, validation"
        return replace(self, name=name, test_a=self.val_a, test_b=self.val_b, test_names=())

    def swapped(self):
        """The same with A and B in each other's place."""
        return replace(
            self,
            sides=self.sides[::-1],
            a=self.b,
            b=self.a,
            val_a=self.val_b,
            val_b=self.val_a,
            test_a=self.test_b,
            test_b=self.test_a,
        )


def jittered_size(image_size, jitter=True):
    """Side of the training images from which squares of ``image_size`` are cropped.

    Isola et al. 2017, section 6.2, "random jitter": resized to 286, cropped to 256; other sizes in proportion.
    """
    return round(image_size * 286 / 256) if jitter else image_size
