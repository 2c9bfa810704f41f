"""The small classifiers whose features and labels the book measures in."""

import json
from functools import lru_cache

import keras
import numpy as np
from keras import layers

from gan_book.errors import BookError
from gan_book.paths import PRETRAINED

IMAGE_SHAPE = (28, 28, 1)
BATCH_SIZE = 500
CLASSIFIERS = PRETRAINED / "classifiers"


def define_classifier(num_classes, dtype="float32"):
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
    x = _convolution(x, 96, dtype)
    x = _convolution(x, 96, dtype)
    x = layers.GlobalAveragePooling2D(dtype=dtype, name="features")(x)
    x = layers.Dropout(0.2, dtype=dtype)(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="classifier")


def _convolution(x, filters, dtype):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, dtype=dtype)(x)
    x = layers.BatchNormalization(momentum=0.9, dtype=dtype)(x)
    return layers.ReLU(dtype=dtype)(x)
