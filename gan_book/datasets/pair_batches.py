"""Batches of images to translate for `fit()`."""

import numpy as np

from gan_book.datasets.resumable import ResumableBatches


class PairBatches(ResumableBatches):
    """Shuffled batches of equal size, as ``(uint8 images of side A, uint8 images of side B)`` tuples.

    From a training image that is larger than the network's a square is cropped at random, and some of the images are
    mirrored (Isola et al. 2017, section 6.2). Pairs stay pairs: the same order, the same crop, the same mirroring.
    Without pairs each side has its own of each.

    All of it is a pure function of ``(seed, epoch, batch)``; `ResumableBatches` says what that is for, and how to
    resume. An epoch shows no image twice: where the sides are of different length it has as many batches as the shorter
    one fills, and of the longer one other images every time.

    Args:
        pairs: `gan_book.datasets.Pairs`.
        batch_size: images of each side in every batch.
        seed: of the order, the crops and the mirroring.
        mirror: share of the images whose left and right change places; 0 where these mean something (letters).

    Raises:
        BookError: the images do not fill one batch.
    """

    def __init__(self, pairs, batch_size, seed=0, mirror=0.5):
        self.pairs = pairs
        self.mirror = mirror
        super().__init__(pairs.train_size, batch_size, seed)

    def shuffle(self, epoch):
        """Indices of the images of A and those of B, in the epoch's order."""
        return [self._random(epoch, 0, side).permutation(len(images)) for side, images in self._sides()]

    def batch(self, order, index):
        """Two arrays uint8 ``[batch_size, size, size, 3]``."""
        first = index * self.batch_size
        return tuple(
            self._jitter(images[chosen[first : first + self.batch_size]], self._random(self.epoch, index + 1, side))
            for (side, images), chosen in zip(self._sides(), order, strict=True)
        )

    def _sides(self):
        """Of A and of B: the number its random choices go by, and its images."""
        return (0, self.pairs.a), (0 if self.pairs.paired else 1, self.pairs.b)

    def _random(self, epoch, purpose, side):
        return np.random.default_rng([self.seed, epoch, purpose, side])

    def _jitter(self, images, rng):
        size = self.pairs.image_shape[0]
        corners = rng.integers(images.shape[1] - size + 1, size=(len(images), 2))
        mirrored = rng.random(len(images)) < self.mirror
        crops = [image[y : y + size, x : x + size] for image, (y, x) in zip(images, corners, strict=True)]
        return np.stack([crop[:, ::-1] if turn else crop for crop, turn in zip(crops, mirrored, strict=True)])
