"""Batches for `fit()`, in an order that can be continued at any batch after an interruption."""

from abc import abstractmethod

import keras
import numpy as np

from gan_book.datasets.dataset import require_images, require_labels, require_seed
from gan_book.errors import BookError


class EpochBatches(keras.utils.PyDataset):
    """The batches of one epoch, all of equal size, in an order that is a pure function of the epoch's number.

    A run that was interrupted therefore sees the rest of exactly the order it would have seen. Images that do not fill
    a batch are left out of that epoch. A training has one `fit` an epoch::

        for epoch in range(epochs):
            batches = Batches(images, labels, 64, seed=1, epoch=epoch)
            model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False)

    ``shuffle=False`` because `fit` would otherwise mix the batches again, with a generator that no resume restores.

    Why not one `fit` for all epochs: Keras tells a data set that an epoch begins, but not which one, and it fetches
    batches ahead, and one more to build a model. And it plans all epochs of a `fit` with one number of steps, so the
    rest of an interrupted epoch would not fit in. Calling `fit` again costs some 60 ms.

    A subclass says with `shuffle` what the order of an epoch is and with `batch` what a batch of it holds. It calls
    this constructor last, because the constructor calls `shuffle`.

    Args:
        samples: how many there are.
        batch_size: samples in every batch.
        seed: of the order.
        epoch: its number, from 0.
        first: how many batches of it are left out, because they were used before an interruption.

    Raises:
        BookError: the samples do not fill one batch, a number is no whole one, or there is no such epoch or batch.
    """

    def __init__(self, samples, batch_size, seed=0, epoch=0, first=0):
        super().__init__()
        require_seed(seed)
        if not isinstance(batch_size, int | np.integer):
            raise BookError(f"the batch size is {batch_size!r}; give a whole number of images")
        if not 1 <= batch_size <= samples:
            raise BookError(
                f"{samples:,} images do not fill a batch of {batch_size:,}; "
                "choose a batch size from 1 to the number of images, or a larger limit"
            )
        batches = samples // batch_size
        if not (epoch >= 0 and 0 <= first < batches):
            raise BookError(f"no batch {first} of epoch {epoch}: an epoch has {batches} batches")
        self.batch_size, self.seed, self.epoch, self.first = batch_size, seed, epoch, first
        self._left = batches - first
        # A pure function of (seed, epoch), never a generator that moves on from epoch to epoch: then nothing about the
        # order has to be saved with a checkpoint. `fit` may ask for batches in any order, from several threads, twice
        # or ahead of time, and each is still the same batch.
        self._order = self.shuffle(epoch)

    @abstractmethod
    def shuffle(self, epoch):
        """The order of an epoch, in whatever form `batch` wants it: a pure function of ``(seed, epoch)``."""

    @abstractmethod
    def batch(self, order, index):
        """Batch ``index`` of ``self.epoch``, whose order `shuffle` gave."""

    def __len__(self):
        """Batches from `first` to the end of the epoch."""
        return self._left

    def __getitem__(self, index):
        """Batch ``index``, counted from `first`."""
        if not 0 <= index < self._left:
            raise IndexError(f"batch {index} of {self._left}")
        return self.batch(self._order, self.first + index)


class Batches(EpochBatches):
    """Shuffled batches of equal size, as ``(uint8 images, int32 labels)`` tuples. Chapters 6 to 9 train on them.

    The order of epoch e is a pure function of ``(seed, e)``; `EpochBatches` says what that is for, and how to use it.

    Args:
        images: uint8 ``[n, height, width, channels]``.
        labels: integers ``[n]``.
        batch_size, seed, epoch, first: see `EpochBatches`.

    Raises:
        BookError: the images do not fill one batch, are not uint8 of that shape, or have not one label each.
    """

    def __init__(self, images, labels, batch_size, seed=0, epoch=0, first=0):
        require_images("images", images)
        self.images = images
        self.labels = require_labels("labels", labels, len(images))
        super().__init__(len(images), batch_size, seed, epoch, first)

    def shuffle(self, epoch):
        """Indices of the images, in the epoch's order: int ``[n]``."""
        # A list as seed is hashed as a whole; seed + epoch would make epoch 1 of seed 0 equal to epoch 0 of seed 1.
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def batch(self, order, index):
        """uint8 ``[batch_size, height, width, channels]`` and int32 ``[batch_size]``."""
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[chosen], self.labels[chosen]


class PairBatches(EpochBatches):
    """Shuffled batches of equal size, as ``(uint8 images of side A, uint8 images of side B)`` tuples.

    Training images may be larger than what the network takes: then a part of that size is cropped at random. And some
    images are mirrored (Isola et al. 2017, section 6.2). Pairs stay pairs: the same order, crop and mirroring on both
    sides. Without pairs each side has its own. Explained in chapters 10 (pairs) and 11 (without).

    All of it is a pure function of ``(seed, epoch, batch)``; `EpochBatches` says what that is for. An epoch shows no
    image twice. Where one side has more images, an epoch has as many batches as the shorter side fills, and other
    images of the longer one every time.

    Args:
        pairs: `gan_book.datasets.Pairs`.
        batch_size: images of each side in every batch.
        seed: of the order, the crops and the mirroring.
        mirror: share of the images whose left and right change places; 0 where these mean something (letters).
        epoch, first: see `EpochBatches`.

    Raises:
        BookError: the images do not fill one batch, or the share to mirror is none.
    """

    def __init__(self, pairs, batch_size, seed=0, mirror=0.5, epoch=0, first=0):
        if not 0 <= mirror <= 1:
            raise BookError(f"mirror is the share of images that are mirrored, from 0 to 1, not {mirror}")
        for side, images in (("a", pairs.a), ("b", pairs.b)):
            require_images(f"pairs.{side}", images)
        self.pairs = pairs
        self.mirror = mirror
        super().__init__(pairs.train_size, batch_size, seed, epoch, first)

    def shuffle(self, epoch):
        """Indices of the images of A and those of B, in the epoch's order."""
        return [self._random(epoch, 0, side).permutation(len(images)) for side, images in self._sides()]

    def batch(self, order, index):
        """Two arrays uint8 ``[batch_size, height, width, 3]``."""
        first = index * self.batch_size
        return tuple(
            self._jitter(images[chosen[first : first + self.batch_size]], self._random(self.epoch, index + 1, side))
            for (side, images), chosen in zip(self._sides(), order, strict=True)
        )

    def _sides(self):
        """Of A and of B: the number its random choices go by, and its images."""
        # The number is part of the seed. Pairs have the same number on both sides, so the same random generator gives
        # both the same order, crop and mirroring; nothing has to be passed along.
        return (0, self.pairs.a), (0 if self.pairs.paired else 1, self.pairs.b)

    # purpose: 0 for the order of the epoch, n + 1 for the crops of batch n; so batch n can be made without batches 0 to
    # n-1.
    def _random(self, epoch, purpose, side):
        return np.random.default_rng([self.seed, epoch, purpose, side])

    def _jitter(self, images, rng):
        height, width = self.pairs.image_shape[:2]
        room = np.array(images.shape[1:3]) - (height, width)  # 0 where images are not larger: nothing to choose then
        corners = rng.integers(room + 1, size=(len(images), 2))
        mirrored = rng.random(len(images)) < self.mirror
        crops = [image[y : y + height, x : x + width] for image, (y, x) in zip(images, corners, strict=True)]
        return np.stack([crop[:, ::-1] if turn else crop for crop, turn in zip(crops, mirrored, strict=True)])
