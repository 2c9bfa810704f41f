"""The real images that samples are measured against; what takes seconds to compute from them is kept on disk.

The measures are explained in chapter 5.
"""

from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from gan_book.metrics.distances import Normal, frechet_distance, inception_score, kernel_distance, neighbour_radii
from gan_book.metrics.diversity import nearest_distances
from gan_book.metrics.features import alexnet_normal, in_colour
from gan_book.paths import cached

HELD_OUT = 1000
ALEXNET_IMAGES = 2000  # images given to AlexNet: some ten seconds on two cores

# A decorator: the function runs with a single BLAS thread. The metrics are thousands of small matrix products. One
# thread does them about as fast as two, and five times as fast when a training keeps the cores busy (two would wait for
# each other). And one thread always adds up in the same order.
one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


def choose_some(n, count, seed):
    """Sorted indices of ``count`` of ``n`` things (all, if there are fewer), chosen by ``seed``: int ``[count]``."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, count), replace=False))


class Reference:
    """What the metrics need to know of one data set's real images; each part is computed when it is first needed.

    Samples are compared with the test set: neither the generator nor the classifier has seen it. Perfect samples would
    score what real training images score, which is the reference value in each report.

    Args:
        dataset: `gan_book.datasets.Dataset`.
        classifier: `gan_book.metrics.features.Classifier`, or None where the book has none.
        seed: of every choice of images.
    """

    # Two layers of memory. `cached_property` keeps arrays for this object. `cached` keeps them in a file whose name is
    # a digest of everything the result depends on: pixels, the classifier's weights, the seed. So a changed data set or
    # classifier cannot get an old result, and nothing has to be declared stale.

    def __init__(self, dataset, classifier, seed):
        self.dataset, self.classifier, self.seed = dataset, classifier, seed

    @cached_property
    def outputs(self):
        """Features and probabilities of the test images: float64 ``[n, d]`` and ``[n, k]``."""
        test = self.dataset.test_images
        return cached("reference/outputs", lambda: self.classifier.outputs(test), test, *self.classifier.weights)

    @cached_property
    def radii(self):
        """The `neighbour_radii` of the test images' features: float ``[n]``."""
        features = self.outputs[0]
        return cached("reference/neighbours", lambda: (neighbour_radii(features),), features)[0]

    @property
    def accuracy(self):
        """The classifier's accuracy on the test images, from 0 to 1."""
        return float(np.mean(np.argmax(self.outputs[1], axis=1) == self.dataset.test_labels))

    @property
    def inception_score(self):
        """That of the test images."""
        return inception_score(self.outputs[1], seed=self.seed)[0]

    @cached_property
    def held_out(self):
        """Up to 1,000 test images: uint8 ``[n, h, w, c]``."""
        return self.dataset.test_images[choose_some(len(self.dataset.test_images), HELD_OUT, self.seed)]

    @property
    def held_out_distances(self):
        """The `nearest_distances` of `held_out` to the training images: float ``[n]``."""
        inputs = self.held_out, self.dataset.images
        return cached("reference/distances", lambda: (nearest_distances(*inputs),), *inputs)[0]

    def training_distances(self, count):
        """``(Fréchet, kernel)`` distance of `count` training images from the test images, in the classifier's features.

        ``(None, None)`` if there are too few training images.
        """
        # As many as there are samples: the Fréchet distance depends on the number of images, so the value of real
        # images is comparable only from equally many.
        images = self._training_images(count)
        test_features, seed = self.outputs[0], self.seed
        if len(images) <= test_features.shape[1]:
            return None, None

        def distances():
            features = self.classifier.features(images)
            return frechet_distance(features, test_features), kernel_distance(features, test_features, seed=seed)[0]

        inputs = images, test_features, seed, *self.classifier.weights
        frechet, kernel = cached("reference/training", distances, *inputs)
        return float(frechet), float(kernel)

    def test_normal(self):
        """The `alexnet_normal` of up to `ALEXNET_IMAGES` test images."""
        test = self.dataset.test_images
        return _cached_normal(test[choose_some(len(test), ALEXNET_IMAGES, self.seed)])

    def training_normal(self, count):
        """The `alexnet_normal` of `count` training images."""
        return _cached_normal(self._training_images(count))

    def _training_images(self, count):
        return self.dataset.images[choose_some(len(self.dataset.images), count, self.seed)]


def _cached_normal(images):
    count, mean, root = cached("reference/alexnet", lambda: alexnet_normal(in_colour(images)), images)
    return Normal(int(count), mean, root)
