"""The small classifiers whose features and labels the book measures in."""

import hashlib
import json
from functools import lru_cache

import keras
import numpy as np
from keras import layers
from scipy.special import softmax

from gan_book.datasets.manifest import shipped
from gan_book.errors import BookError
from gan_book.paths import PRETRAINED

IMAGE_SHAPE = (28, 28, 1)
BATCH_SIZE = 500
FEATURES = 96
CLASSIFIERS = PRETRAINED / "classifiers"


def define_classifier(num_classes=10, dtype="float32"):
    """A convolutional network of about 200,000 parameters, built from 3x3 convolutions with batch normalisation.

    Maps images uint8 ``[n, 28, 28, 1]`` to logits float32 ``[n, num_classes]`` (layer ``logits``); the layer
    ``features``, ``[n, 96]``, averages the last feature maps. ``dtype`` is the policy of everything below the logits.
    """
    images = layers.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, dtype=dtype, name="scale")(images)
    x = _convolution(x, 32, dtype)
    x = layers.MaxPooling2D(dtype=dtype)(x)
    x = _convolution(x, 64, dtype)
    x = _convolution(x, 64, dtype)
    x = layers.MaxPooling2D(dtype=dtype)(x)
    x = _convolution(x, FEATURES, dtype)
    x = _convolution(x, FEATURES, dtype)
    x = layers.GlobalAveragePooling2D(dtype=dtype, name="features")(x)
    x = layers.Dropout(0.2, dtype=dtype)(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="classifier")


def _convolution(x, filters, dtype):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, dtype=dtype)(x)
    x = layers.BatchNormalization(momentum=0.9, dtype=dtype)(x)
    return layers.ReLU(dtype=dtype)(x)


def has_classifier(dataset):
    """Whether a classifier ships for the images of this `Dataset`, at their size.

    A reader's own folder may be called like a data set of the book; its classes have other names, or another order.
    """
    entry = shipped().get(dataset.name)
    ours = entry is not None and dataset.class_names == tuple(entry.get("class_names", ()))
    return ours and dataset.image_shape == IMAGE_SHAPE and (CLASSIFIERS / f"{dataset.name}.keras").exists()


class Classifier:
    """A trained network read at two places: its last features and its class probabilities.

    Every method takes images uint8 ``[n, 28, 28, 1]``, values 0 to 255, and raises BookError for anything else.
    """

    def __init__(self, name, network):
        self.name = name
        self._network = keras.Model(network.input, [network.get_layer("features").output, network.output])

    @property
    def weights(self):
        """The network's weights, a list of arrays."""
        return self._network.get_weights()

    def outputs(self, images):
        """``(features, probabilities)``, float64 ``[n, d]`` and ``[n, k]``, in one pass over the images.

        The network runs in float32; the softmax is taken in float64, so that rows sum to 1 to the last digit.
        """
        features, logits = self._network.predict(check_images(images), batch_size=BATCH_SIZE, verbose=0)
        return np.asarray(features, "float64"), softmax(np.asarray(logits, "float64"), axis=1)

    def features(self, images):
        """float64 ``[n, d]``."""
        return self.outputs(images)[0]

    def probabilities(self, images):
        """float64 ``[n, k]``; rows sum to 1."""
        return self.outputs(images)[1]

    def predict(self, images):
        """The most probable class, int ``[n]``."""
        return np.argmax(self.probabilities(images), axis=1)


def check_images(images):
    """``images`` as an array, if it is what a classifier reads.

    Raises:
        BookError: not uint8 ``[n, 28, 28, 1]`` with n of at least 1.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != IMAGE_SHAPE or not len(images):
        raise BookError(
            f"the classifier reads uint8 images of shape [n, 28, 28, 1] but was given {images.dtype} of shape "
            f"{list(images.shape)}; scale generated images back to 0..255 and round them first"
        )
    return images


def classifier_names():
    """Names of the data sets a classifier ships for."""
    return sorted(path.stem for path in CLASSIFIERS.glob("*.keras"))


@lru_cache
def load_classifier(dataset_name):
    """The shipped `Classifier` of a data set.

    Only the weights are read from the file: a network's saved description changes between versions of Keras, the
    weights do not.

    Raises:
        BookError: no classifier ships for the data set, or its file is not the one its record describes.
    """
    if dataset_name not in classifier_names():
        raise BookError(
            f"no classifier ships for '{dataset_name}', and metrics that use labels or features need one; "
            f"there are classifiers for: {', '.join(classifier_names())}"
        )
    path = CLASSIFIERS / f"{dataset_name}.keras"
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]:
        raise BookError(f"the classifier {path} is damaged (wrong SHA-256); restore the file from the repository")
    network = define_classifier()
    network.load_weights(path)
    return Classifier(dataset_name, network)
