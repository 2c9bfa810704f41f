"""The real images that samples are measured against, evaluated once: what takes seconds is kept in the cache folder."""

from functools import cached_property, lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from gan_book.metrics.distances import frechet_distance, inception_score, kernel_distance, squared_radii
from gan_book.metrics.diversity import class_diversity, flat_pixels, nearest_distances, pixel_distance
from gan_book.paths import cached

HELD_OUT = 1000

# The metrics are thousands of small matrix products. One BLAS thread does them about as fast as two, and five times as
# fast when a training keeps the cores busy (two would wait for each other); and it always adds up in the same order.
one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


def choose(n, count, seed):
    """Sorted indices of ``count`` of ``n`` things (all, if there are fewer), drawn by ``seed`` without replacement."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, count), replace=False))


class Reference:
    """What the metrics need to know of one data set; each part is worked out when first asked for.

    The reference is the test set: neither the generator nor the classifier has seen it.
    """

    def __init__(self, dataset, classifier, seed):
        self.dataset, self.classifier, self.seed = dataset, classifier, seed

    @cached_property
    def outputs(self):
        """Features and probabilities of the test images."""
        test = self.dataset.test_images
        return cached("reference/outputs", lambda: self.classifier.outputs(test), test, *self.classifier.weights)

    @cached_property
    def squared_radii(self):
        """How far each test image's features lie from their neighbours', see `precision_recall`."""
        features = self.outputs[0]
        return cached("reference/radii", lambda: (squared_radii(features),), features)[0]

    @cached_property
    def accuracy(self):
        """The classifier's accuracy on the test images."""
        return float(np.mean(np.argmax(self.outputs[1], axis=1) == self.dataset.test_labels))

    @cached_property
    def inception_score(self):
        return inception_score(self.outputs[1], seed=self.seed)[0]

    @cached_property
    def feature_diversity(self):
        return class_diversity(self.outputs[0], self.dataset.test_labels, self.dataset.num_classes, seed=self.seed)

    @cached_property
    def class_pixel_diversity(self):
        pixels = flat_pixels(self.dataset.test_images)
        return class_diversity(pixels, self.dataset.test_labels, self.dataset.num_classes, seed=self.seed)

    @cached_property
    def pixel_diversity(self):
        return pixel_distance(self.held_out, seed=self.seed)

    @cached_property
    def held_out(self):
        """Up to 1,000 test images."""
        return self.dataset.test_images[choose(len(self.dataset.test_images), HELD_OUT, self.seed)]

    @cached_property
    def held_out_distances(self):
        """How near held-out images lie to the training images."""
        inputs = self.held_out, self.dataset.images
        return cached("reference/distances", lambda: (nearest_distances(*inputs),), *inputs)[0]


def reference(dataset, classifier, seed):
    """The `Reference` of a data set; asked for again for the same images and labels, the same one."""
    return _reference(_Same(dataset), classifier, seed)


class _Same:
    """Makes a data set, whose arrays cannot be hashed, a key: equal to one of the same images and labels."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __eq__(self, other):
        mine, its = vars(self.dataset), vars(other.dataset)
        return all(np.array_equal(mine[name], its[name]) for name in mine)

    def __hash__(self):
        return hash((self.dataset.name, self.dataset.images.shape))


@lru_cache(maxsize=4)
def floor(real, count):
    """``(Fréchet, kernel)`` distance of ``count`` training images from the test images: what perfect samples score.

    ``(None, None)`` if there are too few training images to tell.
    """
    images = real.dataset.images[choose(len(real.dataset.images), count, real.seed)]
    if len(images) <= real.outputs[0].shape[1]:
        return None, None
    test_features, seed = real.outputs[0], real.seed

    def distances():
        features = real.classifier.features(images)
        return frechet_distance(features, test_features), kernel_distance(features, test_features, seed=seed)[0]

    frechet, kernel = cached("reference/floor", distances, images, test_features, seed, *real.classifier.weights)
    return float(frechet), float(kernel)


@lru_cache(maxsize=2)
def _reference(same, classifier, seed):
    return Reference(same.dataset, classifier, seed)
