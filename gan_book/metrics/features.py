"""The networks whose features the book measures in: its small classifiers (chapter 5), LPIPS's AlexNet (chapter 10)."""

import hashlib
import json
from functools import lru_cache

import keras
import numpy as np
from keras import layers, ops
from scipy.special import softmax

from gan_book.datasets.images import resize
from gan_book.datasets.mnist import CIFAR_COPY
from gan_book.errors import BookError
from gan_book.metrics.distances import fit_normal
from gan_book.paths import PRETRAINED, UNREADABLE, read_arrays

IMAGE_SHAPE = (28, 28, 1)
COLOUR_SHAPE = (32, 32, 3)
LARGE = 64  # a side from which the first convolution already halves it
CLASSIFIER_BATCH = 500
FEATURES = 96
CLASSIFIERS = PRETRAINED / "classifiers"


def define_classifier(num_classes=10, dtype="float32", image_shape=IMAGE_SHAPE, attributes=None):
    """A small network of 3x3 convolutions with batch normalisation: 200,000 parameters, or 330,000 for colour images.

    Maps images uint8 ``[n, *image_shape]`` to logits float32 ``[n, num_classes]`` (layer ``logits``); the layer
    ``features``, ``[n, 96]``, averages the last feature maps. ``dtype`` is the policy of everything below the logits.

    With ``attributes``, a dict from a name to values, the output is a dict: "logits", and for each attribute the logits
    of its values.
    """
    images = layers.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, dtype=dtype, name="scale")(images)
    x = (_plain_maps if image_shape[-1] == 1 else _residual_maps)(x, dtype)
    x = layers.GlobalAveragePooling2D(dtype=dtype, name="features")(x)
    x = layers.Dropout(0.2, dtype=dtype)(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    heads = {
        name: layers.Dense(len(values), dtype="float32", name=name.replace(" ", "_"))(x)
        for name, values in (attributes or {}).items()
    }
    return keras.Model(images, {"logits": logits, **heads} if heads else logits, name="classifier")


def _plain_maps(x, dtype):
    """Feature maps of grey images, float ``[n, h / 4, w / 4, 96]``."""
    x = _convolution(x, 32, dtype)
    x = layers.MaxPooling2D(dtype=dtype)(x)
    x = _convolution(x, 64, dtype)
    x = _convolution(x, 64, dtype)
    x = layers.MaxPooling2D(dtype=dtype)(x)
    x = _convolution(x, FEATURES, dtype)
    return _convolution(x, FEATURES, dtype)


def _residual_maps(x, dtype):
    """Feature maps of colour images, float ``[n, h / 4, w / 4, 96]``: a residual block at each of three sizes.

    Those of images of 64 pixels or more have half the sides. He et al. 2016, "Deep Residual Learning for Image
    Recognition".
    """
    for filters, strides in ((32, 2 if x.shape[1] >= LARGE else 1), (64, 2), (FEATURES, 2)):
        x = _convolution(x, filters, dtype, strides)
        change = _convolution(_convolution(x, filters, dtype), filters, dtype)
        x = layers.Add(dtype=dtype)([x, change])
    return x


def _convolution(x, filters, dtype, strides=1):
    x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, dtype=dtype)(x)
    x = layers.BatchNormalization(momentum=0.9, dtype=dtype)(x)
    return layers.ReLU(dtype=dtype)(x)


def has_classifier(dataset):
    """Whether a classifier ships for the images of this `Dataset`, at their size.

    A folder of your own may have the name of a data set of the book; its classes have other names, or another order.
    """
    name = _measured_as(dataset.name)
    if name not in classifier_names():
        return False
    record = classifier_record(name)
    ours = list(dataset.class_names) == record["class_names"]
    return ours and list(dataset.image_shape) == record["image_shape"]


def _measured_as(dataset_name):
    """The data set whose classifier measures this one: its own, but for the copy of CIFAR-10."""
    return "cifar10" if dataset_name == CIFAR_COPY else dataset_name


class Classifier:
    """A trained network that gives its last features and its class probabilities. Explained in chapter 5.

    Every method takes images uint8 ``[n, *image_shape]``, values 0 to 255, and raises BookError for anything else.

    Args:
        network: see `define_classifier`.
        attributes: the dict that it was made with, or None.
    """

    def __init__(self, network, attributes=None):
        self.image_shape = tuple(network.input.shape[1:])
        self.attribute_values = {name: np.array(values) for name, values in (attributes or {}).items()}
        found = network.output
        logits = found["logits"] if attributes else found
        self._network = keras.Model(network.input, [network.get_layer("features").output, logits])
        self._heads = keras.Model(network.input, {name: found[name] for name in self.attribute_values} or logits)

    @property
    def weights(self):
        """The network's weights, a list of arrays."""
        return self._network.get_weights()

    def outputs(self, images):
        """``(features, probabilities)``, float64 ``[n, d]`` and ``[n, k]``, in one pass over the images.

        The network runs in float32; the softmax is computed in float64, so that rows sum to 1 to the last digit.
        """
        features, logits = self._network.predict(
            check_images(images, self.image_shape), batch_size=CLASSIFIER_BATCH, verbose=0
        )
        return np.asarray(features, "float64"), softmax(np.asarray(logits, "float64"), axis=1)

    def features(self, images):
        """float64 ``[n, d]``."""
        return self.outputs(images)[0]

    def predict(self, images):
        """The most probable class, int ``[n]``."""
        return np.argmax(self.outputs(images)[1], axis=1)

    def attributes(self, images):
        """The most probable value of each attribute: dict from its name to values, text ``[n]``; {} if it knows none.

        Images of another size are resized.
        """
        if not self.attribute_values:
            return {}
        images = resize(images, self.image_shape[:2])
        found = self._heads.predict(check_images(images, self.image_shape), batch_size=CLASSIFIER_BATCH, verbose=0)
        return {name: values[found[name].argmax(axis=1)] for name, values in self.attribute_values.items()}


def check_images(images, image_shape):
    """``images`` as an array, if it is one that a classifier can read.

    Raises:
        BookError: not uint8 ``[n, *image_shape]`` with n of at least 1.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != image_shape or not len(images):
        raise BookError(
            f"the classifier reads uint8 images of shape [n, {', '.join(map(str, image_shape))}] but was given "
            f"{images.dtype} of shape {list(images.shape)}; scale generated images back to 0..255 and round them first"
        )
    return images


def classifier_names():
    """Names of the data sets a classifier ships for."""
    return sorted(path.stem for path in CLASSIFIERS.glob("*.keras"))


def classifier_record(name):
    """What ``pretrained/classifiers/<name>.json`` says of a classifier: a dict."""
    return json.loads((CLASSIFIERS / f"{name}.json").read_text(encoding="utf-8"))


@lru_cache
def load_classifier(dataset_name):
    """The shipped `Classifier` of a data set.

    Only the weights are read from the file: a network's saved description changes between versions of Keras, the
    weights do not.

    Raises:
        BookError: no classifier ships for the data set, or its file is not the one its record describes.
    """
    name = _measured_as(dataset_name)
    if name not in classifier_names():
        raise BookError(
            f"no classifier ships for '{dataset_name}', and metrics that use labels or features need one; "
            f"there are classifiers for: {', '.join(classifier_names())}"
        )
    path, record = CLASSIFIERS / f"{name}.keras", classifier_record(name)
    if hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]:
        raise BookError(f"the classifier {path} is damaged (wrong SHA-256); restore the file from the repository")
    attributes, shape = record.get("attributes"), tuple(record["image_shape"])
    network = define_classifier(len(record["class_names"]), image_shape=shape, attributes=attributes)
    network.load_weights(path)
    return Classifier(network, attributes)


LPIPS_WEIGHTS = PRETRAINED / "lpips_alex.npz"
MEAN, STD = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of ImageNet's colours, scaled to [-1, 1]
CONVOLUTIONS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
POOLED = (1, 2)  # the convolutions that max pooling comes after
SMALLEST = 31  # side of the smallest image that leaves a pixel at the end
ALEXNET_FEATURES = CONVOLUTIONS[-1][0]
LPIPS_BATCH = 50


def define_alexnet():
    """AlexNet's convolutions: uint8 images ``[n, h, w, 3]`` to the list of its five activations ``[n, h_k, w_k, c_k]``.

    Each convolution is given by its filters, kernel size, stride and padding in `CONVOLUTIONS`.
    """
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    h = layers.Rescaling(1 / 127.5, offset=-1, dtype="float32")(image)
    h = layers.Normalization(mean=MEAN, variance=np.square(STD), dtype="float32")(h)
    activations = []
    for number, (filters, size, strides, padding) in enumerate(CONVOLUTIONS, start=1):
        h = layers.ZeroPadding2D(padding, dtype="float32")(h)
        convolution = layers.Conv2D(filters, size, strides, activation="relu", dtype="float32", name=f"conv{number}")
        h = convolution(h)
        activations.append(h)
        if number in POOLED:
            h = layers.MaxPooling2D(3, 2, dtype="float32")(h)
    return keras.Model(image, activations, name="alexnet")


class LPIPS:
    """The shipped network for LPIPS (chapter 10); everything in float32.

    All methods raise BookError for images that are not uint8 ``[n, h, w, 3]`` of at least 31 x 31 pixels.
    """

    def __init__(self, weights):
        self.alexnet = define_alexnet()
        for number in range(1, len(CONVOLUTIONS) + 1):
            kernel, bias = weights[f"conv{number}_kernel"], weights[f"conv{number}_bias"]
            self.alexnet.get_layer(f"conv{number}").set_weights([kernel.astype("float32"), bias])
        self.channel_weights = [weights[f"lin{number}"] for number in range(1, len(CONVOLUTIONS) + 1)]

    def distances(self, first, second):
        """Learned perceptual distance of pairs of images, explained in chapter 10: float64 ``[n]``.

        The sum over five activations of the mean over places of ``w . (a - b)^2``, a and b of length 1, with the
        channel weights w that were fitted to human judgements: Zhang et al. 2018, "The Unreasonable Effectiveness of
        Deep Features as a Perceptual Metric", equation 1. From 0, for equal images; lower is more alike.

        Raises:
            BookError: the two are not of one shape.
        """
        first, second = _checked(first), _checked(second)
        if first.shape != second.shape:
            raise BookError(f"LPIPS compares images of one shape, not {list(first.shape)} with {list(second.shape)}")
        batches = range(0, len(first), LPIPS_BATCH)
        return np.concatenate([self._pairs(first[i : i + LPIPS_BATCH], second[i : i + LPIPS_BATCH]) for i in batches])

    def features(self, images):
        """The last activation at each of its places, for a Fréchet distance: float64 ``[n * h_5 * w_5, 256]``.

        One place every 16 pixels, with a receptive field of 163 pixels: images of 64 pixels have 3 x 3 places.
        """
        images = _checked(images)
        batches = range(0, len(images), LPIPS_BATCH)
        last = [ops.convert_to_numpy(self._activations(images[i : i + LPIPS_BATCH])[-1]) for i in batches]
        return np.concatenate(last).reshape(-1, last[0].shape[-1]).astype("float64")

    def embedding(self, images):
        """Vectors whose squared Euclidean distances are the LPIPS of their images: float32 ``[n, d]``.

        For comparing each of many images with each other; d is some 30,000 for images of 64 pixels.
        """
        images = _checked(images)
        batches = range(0, len(images), LPIPS_BATCH)
        return np.concatenate([self._embedded(images[i : i + LPIPS_BATCH]) for i in batches])

    # The mean over places becomes a division by their number, and both it and the channel weights go into the vectors
    # as square roots. Then the LPIPS of two images is |a - b|^2 of two plain vectors, and all pairs are one matrix
    # product.
    def _embedded(self, images):
        parts = [
            _unit(activation) * np.sqrt(weights / np.prod(activation.shape[1:3]))
            for activation, weights in zip(self._activations(images), self.channel_weights, strict=True)
        ]
        return np.concatenate([part.reshape(len(images), -1) for part in parts], axis=1)

    def _activations(self, images):
        return self.alexnet.predict_on_batch(images)

    def _pairs(self, first, second):
        total = 0.0
        for a, b, weights in zip(
            self._activations(first), self._activations(second), self.channel_weights, strict=True
        ):
            difference = np.square(_unit(a) - _unit(b))
            total = total + (difference * weights).sum(axis=-1).mean(axis=(1, 2))
        return np.asarray(total, "float64")


def in_colour(images):
    """uint8 ``[n, h, w, 1]`` or ``[n, h, w, 3]`` as AlexNet takes them: grey ones three times over."""
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def alexnet_normal(images):
    """The `Normal` fitted to `LPIPS.features` of images, uint8 ``[n, h, w, 3]``, a batch at a time.

    A Fréchet distance in these 256 features needs more than 256 places on both sides: see its ``count``.
    """
    batches = range(0, len(images), LPIPS_BATCH)
    return fit_normal(load_lpips().features(images[i : i + LPIPS_BATCH]) for i in batches)


def _unit(activation):
    """Each pixel's channels as a vector of length 1."""
    return activation / (np.linalg.norm(activation, axis=-1, keepdims=True) + 1e-10)


def _checked(images):
    images = np.asarray(images)
    good = images.dtype == np.uint8 and images.ndim == 4 and len(images) and images.shape[-1] == 3
    if not good or min(images.shape[1:3]) < SMALLEST:
        raise BookError(
            f"LPIPS reads uint8 images [n, h, w, 3] of at least {SMALLEST} x {SMALLEST} pixels but was given "
            f"{images.dtype} of shape {list(images.shape)}; convert them to colour, or enlarge them"
        )
    return images


@lru_cache
def load_lpips():
    """The shipped `LPIPS`.

    Raises:
        BookError: its file is missing or damaged.
    """
    try:
        weights = read_arrays(LPIPS_WEIGHTS)
    except UNREADABLE as error:
        raise BookError(
            f"{LPIPS_WEIGHTS} cannot be read ({type(error).__name__}); restore it from the repository"
        ) from error
    return LPIPS(weights)
