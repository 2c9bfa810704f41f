"""Batches for `fit()`, in an order that can be taken up again at any batch."""

import warnings
from abc import abstractmethod

import keras
import numpy as np

from gan_book.datasets.dataset import require_images, require_labels
from gan_book.errors import BookError

_MOST_DRAWN_TO_BUILD = 2


class ResumableBatches(keras.utils.PyDataset):
    """Batches of equal size in an order that is a pure function of the epoch's number.

    A run that was interrupted therefore sees the rest of exactly the order it would have seen. What does not fill a
    batch is left out of that epoch. Use it so::

        batches.start_at(epoch, batch)  # only to resume
        model.fit(batches, initial_epoch=epoch, epochs=30, shuffle=False, callbacks=[batches.follow_epochs()])

    ``shuffle=False`` because `fit` would otherwise mix the batches again, with a generator that no resume restores; a
    mixed order is an error here. `follow_epochs` takes the epoch's number from `fit`. Without it the epochs are counted
    here, which is not exact: on JAX, Keras draws a batch or two to build a model, and if an epoch has no more left,
    that looks like an epoch. So resuming needs `follow_epochs`.

    Keras plans every epoch of a `fit` with one and the same number of steps. After `start_at` the first epoch simply
    ends early; Keras would warn that the data ran out, and that is silenced for that epoch. Its steps are counted from
    0: add `first_batch` to the number a callback is given to have that of the batch. For a resume that is exact to the
    bit, give the rest of that epoch a `fit` of its own with its ``steps_per_epoch``, as `gan_book.training.train` does:
    asked for a batch that is not there, TensorFlow still advances what in a step does not wait for data (noise).

    A subclass says with `shuffle` what the order of an epoch is and with `batch` what a batch of it holds. It calls
    this constructor last, because `shuffle` is asked for the first epoch there.

    Args:
        samples: how many an epoch can draw from.
        batch_size: samples in every batch.
        seed: of the order.

    Raises:
        BookError: the samples do not fill one batch.
    """

    def __init__(self, samples, batch_size, seed=0):
        super().__init__()
        if not 1 <= batch_size <= samples:
            raise BookError(
                f"{samples:,} images do not fill a batch of {batch_size:,}; "
                "choose a batch size from 1 to the number of images, or a larger limit"
            )
        self.batch_size = batch_size
        self.seed = seed
        self.batches_per_epoch = samples // batch_size
        self._warnings = None
        self.start_at(0)

    @abstractmethod
    def shuffle(self, epoch):
        """The order of an epoch, in whatever form `batch` wants it: a pure function of ``(seed, epoch)``."""

    @abstractmethod
    def batch(self, order, index):
        """Batch ``index`` of ``self.epoch``, whose order `shuffle` gave."""

    def start_at(self, epoch, batch=0):
        """Makes ``epoch`` the next one delivered, from ``batch`` on; the epochs after it are whole.

        Args:
            epoch: counted from 0, as in `fit`'s ``initial_epoch``.
            batch: how many batches of that epoch have been seen; a whole epoch's number means the next epoch.
        """
        if not (epoch >= 0 and 0 <= batch <= self.batches_per_epoch):
            raise BookError(f"no batch {batch} of epoch {epoch}: an epoch has {self.batches_per_epoch} batches")
        self._start = (epoch, batch) if batch < self.batches_per_epoch else (epoch + 1, 0)
        self._set_epoch(self._start[0])
        self._followed = False
        self._within_epoch = False
        self._restore_warnings()

    def follow_epochs(self):
        """Callback that keeps this data set at the epoch `fit` is in."""
        return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self._follow(epoch))

    @property
    def first_batch(self):
        """Number of the first batch delivered in the current epoch; 0 but for the one given to `start_at`."""
        epoch, batch = self._start
        return batch if self.epoch == epoch else 0

    @property
    def num_batches(self):
        """What Keras asks for: before an epoch to plan its steps, at its very beginning to draw the batches left."""
        return self._left if self._within_epoch and not self._drawn else self.batches_per_epoch

    def __len__(self):
        """Batches of a whole epoch."""
        return self.batches_per_epoch

    def __getitem__(self, index):
        """Batch ``index`` of the epoch; while `fit` runs, counted from `first_batch` and to be drawn one by one."""
        if not 0 <= index < self.batches_per_epoch:
            raise IndexError(f"batch {index} of {self.batches_per_epoch}")
        if self._within_epoch:
            if index not in (0, self._drawn):
                raise BookError("the batches were drawn out of order; pass shuffle=False to fit()")
            if index == _MOST_DRAWN_TO_BUILD and self.first_batch and not self._followed:
                raise BookError("to go on within an epoch, pass callbacks=[batches.follow_epochs()] to fit()")
            self._drawn = index + 1
            index += self.first_batch
        return self.batch(self._order, index)

    @property
    def _left(self):
        return self.batches_per_epoch - self.first_batch

    def on_epoch_begin(self):
        """Called by Keras, also when it draws a batch to build a model."""
        self._within_epoch = True
        self._drawn = 0
        if self.first_batch:
            self._warnings = warnings.catch_warnings()
            self._warnings.__enter__()
            warnings.filterwarnings("ignore", message="Your input ran out of data")

    def on_epoch_end(self):
        """Called by Keras, also at the start of each `fit`; only an epoch drawn to its end counts as one."""
        self._restore_warnings()
        if self._within_epoch and self._drawn == self._left:
            self._set_epoch(self.epoch + 1)
        self._within_epoch = False

    def _restore_warnings(self):
        if self._warnings is not None:
            self._warnings.__exit__(None, None, None)
            self._warnings = None

    def _follow(self, epoch):
        self._followed = True
        self._set_epoch(epoch)

    def _set_epoch(self, epoch):
        self.epoch = epoch
        self._order = self.shuffle(epoch)


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
        BookError: the images do not fill one batch, are not uint8 of that shape, or have not one label each.
    """

    def __init__(self, images, labels, batch_size, seed=0):
        require_images("images", images)
        self.images = images
        self.labels = require_labels("labels", labels, len(images))
        super().__init__(len(images), batch_size, seed)

    def shuffle(self, epoch):
        """Indices of the images, in the epoch's order."""
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def batch(self, order, index):
        """uint8 ``[batch_size, height, width, channels]`` and int32 ``[batch_size]``."""
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[chosen], self.labels[chosen]


class PairBatches(ResumableBatches):
    """Shuffled batches of equal size, as ``(uint8 images of side A, uint8 images of side B)`` tuples.

    From a training image that is larger than the network's a part of that size is cropped at random, and some of the
    images are mirrored (Isola et al. 2017, section 6.2). Pairs stay pairs: the same order, the same crop, the same
    mirroring. Without pairs each side has its own of each.

    All of it is a pure function of ``(seed, epoch, batch)``; `ResumableBatches` says what that is for, and how to
    resume. An epoch shows no image twice: where the sides are of different length it has as many batches as the shorter
    one fills, and of the longer one other images every time.

    Args:
        pairs: `gan_book.datasets.Pairs`.
        batch_size: images of each side in every batch.
        seed: of the order, the crops and the mirroring.
        mirror: share of the images whose left and right change places; 0 where these mean something (letters).

    Raises:
        BookError: the images do not fill one batch, or the share to mirror is none.
    """

    def __init__(self, pairs, batch_size, seed=0, mirror=0.5):
        if not 0 <= mirror <= 1:
            raise BookError(f"mirror is the share of images that are mirrored, from 0 to 1, not {mirror}")
        for side, images in (("a", pairs.a), ("b", pairs.b)):
            require_images(f"pairs.{side}", images)
        self.pairs = pairs
        self.mirror = mirror
        super().__init__(pairs.train_size, batch_size, seed)

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
        return (0, self.pairs.a), (0 if self.pairs.paired else 1, self.pairs.b)

    def _random(self, epoch, purpose, side):
        return np.random.default_rng([self.seed, epoch, purpose, side])

    def _jitter(self, images, rng):
        height, width = self.pairs.image_shape[:2]
        room = np.array(images.shape[1:3]) - (height, width)
        corners = rng.integers(room + 1, size=(len(images), 2))
        mirrored = rng.random(len(images)) < self.mirror
        crops = [image[y : y + height, x : x + width] for image, (y, x) in zip(images, corners, strict=True)]
        return np.stack([crop[:, ::-1] if turn else crop for crop, turn in zip(crops, mirrored, strict=True)])
