"""Batches of a labelled data set for `fit()`."""

import numpy as np

from gan_book.datasets.resumable import ResumableBatches
from gan_book.errors import BookError


class Batches(ResumableBatches):
    """Shuffled batches of equal size, as ``(uint8 images, int32 labels)`` tuples.

    The order of epoch e is a pure function of ``(seed, e)``; `ResumableBatches` says what that is for, and how to
    resume. Use it so::

        batches = Batches(data.images, data.labels, 64, seed=1)
        model.fit(batches, epochs=30, shuffle=False, callbacks=[batches.follow_epochs()])

    Args:
        images: uint8 ``[n, height, width, channels]``.
        labels: integers ``[n]``.
        batch_size: samples in every batch.
        seed: of the order.

    Raises:
        BookError: the images do not fill one batch, or their number is not that of the labels.
    """

    def __init__(self, images, labels, batch_size, seed=0):
        if len(images) != len(labels):
            raise BookError(f"there are {len(images):,} images but {len(labels):,} labels")
        self.images = images
        self.labels = np.asarray(labels, dtype="int32")
        super().__init__(len(images), batch_size, seed)

    def shuffle(self, epoch):
        """Indices of the images, in the epoch's order."""
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def batch(self, order, index):
        """uint8 ``[batch_size, height, width, channels]`` and int32 ``[batch_size]``."""
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[chosen], self.labels[chosen]
