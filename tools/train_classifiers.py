"""Train the classifiers that ship in ``pretrained/classifiers``.

    python -m tools.train_classifiers mnist fashion_mnist
    python -m tools.train_classifiers cifar10                               # after: gan-book data fetch cifar10
    python -m tools.train_classifiers cifar10 --data runs/cifar10_jpeg75    # the folder of tools/cifar_folder.py

Protocol: trained on the training images without the 5,000 that `load` keeps apart, which are for validation. The number
of epochs is fixed before training and the last weights are kept, so the test set is looked at once, after everything
has been decided.
"""

import argparse
import hashlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from gan_book.commands import cli
from gan_book.datasets import load
from gan_book.metrics.features import CLASSIFIERS, COLOUR_SHAPE, define_classifier
from gan_book.paths import atomic_write


@dataclass(frozen=True)
class Recipe:
    """How one classifier is trained."""

    epochs: int
    flip: bool
    translation: float
    rotation: float
    seed: int = 1
    batch_size: int = 256
    learning_rate: float = 3e-3
    precision: str = "mixed_bfloat16"
    weight_decay: float = 0.01
    photos: bool = False


# A mirrored shoe is still a shoe, a mirrored 2 is no digit. For CIFAR-10 the usual: mirrored, and shifted by up to four
# of 32 pixels.
RECIPES = {
    "mnist": Recipe(epochs=8, flip=False, translation=0.08, rotation=0.03),
    "fashion_mnist": Recipe(epochs=15, flip=True, translation=0.08, rotation=0.0),
    "cifar10": Recipe(epochs=25, flip=True, translation=0.125, rotation=0.0, weight_decay=0.1, photos=True),
}


def augmentation(recipe):
    """Random mirroring, shifts (share of the side) and turns (share of a full turn) of uint8 images."""
    steps = [layers.RandomFlip("horizontal", seed=recipe.seed)] if recipe.flip else []
    shift = {"fill_mode": "constant", "fill_value": 0.0}
    if recipe.photos:  # by whole pixels, which keeps the images sharp; what is missing at a side is mirrored
        shift = {"fill_mode": "reflect", "interpolation": "nearest"}
    steps.append(layers.RandomTranslation(recipe.translation, recipe.translation, seed=recipe.seed, **shift))
    if recipe.rotation:
        steps.append(layers.RandomRotation(recipe.rotation, seed=recipe.seed, **shift))
    return steps


def accuracy(classifier, images, labels):
    """Share of images, float, whose largest logit is at the label."""
    return float(np.mean(np.argmax(classifier.predict(images, batch_size=500, verbose=0), axis=1) == labels))


def train(dataset, recipe):
    """Train by the recipe and return ``(float32 classifier, validation accuracy)``."""
    keras.utils.set_random_seed(recipe.seed)
    training = dataset.images, dataset.labels
    validation = dataset.val_images, dataset.val_labels
    network = define_classifier(dataset.num_classes, recipe.precision, dataset.image_shape)
    augmented = keras.Sequential([keras.Input(dataset.image_shape), *augmentation(recipe), network])
    steps = recipe.epochs * -(-dataset.train_size // recipe.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10, steps - steps // 20, warmup_target=recipe.learning_rate, warmup_steps=steps // 20
    )
    augmented.compile(
        keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    augmented.fit(*training, validation_data=validation, batch_size=recipe.batch_size, epochs=recipe.epochs, verbose=2)
    exact = define_classifier(dataset.num_classes, "float32", dataset.image_shape)
    exact.set_weights(network.get_weights())
    return exact, accuracy(exact, *validation)


def save(classifier, path):
    """Write the ``.keras`` file whole or not at all and return its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, path.name)
        classifier.save(temporary)
        content = temporary.read_bytes()
    with atomic_write(path) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def load_images(name, path=None):
    """The `Dataset` of a classifier: the set of that name, or a folder that holds a copy of it, in the set's size.

    Raises:
        BookError: not there; or without validation images.
    """
    dataset = load(name) if path is None else load(path, COLOUR_SHAPE[:2])
    dataset.validation()
    return dataset


def make(name, path=None):
    """Train, test and save one classifier with its record ``<name>.json``; return the record."""
    dataset, recipe = load_images(name, path), RECIPES[name]
    start = time.perf_counter()
    classifier, validation_accuracy = train(dataset, recipe)
    seconds = time.perf_counter() - start
    record = {
        "dataset": dataset.name,
        "class_names": dataset.class_names,
        "image_shape": dataset.image_shape,
        "test_accuracy": accuracy(classifier, dataset.test_images, dataset.test_labels),
        "test_images": len(dataset.test_images),
        "validation_accuracy": validation_accuracy,
        "validation_images": len(dataset.val_images),
        "protocol": "epochs fixed beforehand, last weights kept, test set evaluated once in float32",
        "recipe": asdict(recipe),
        "parameters": classifier.count_params(),
        "training_seconds": round(seconds),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "sha256": save(classifier, CLASSIFIERS / f"{name}.keras"),
    }
    with atomic_write(CLASSIFIERS / f"{name}.json", "w") as file:
        file.write(json.dumps(record, indent=2) + "\n")
    return record


def main():
    parser = argparse.ArgumentParser(description="Train the classifiers that the book's metrics use.")
    parser.add_argument("names", nargs="+", metavar="dataset", help=f"any of: {', '.join(RECIPES)}")
    parser.add_argument("--data", help="a folder with a copy of CIFAR-10, if the set itself cannot be fetched")
    given = parser.parse_args()
    for name in given.names:
        if name not in RECIPES:
            parser.error(f"no recipe for '{name}'; choose from {', '.join(RECIPES)}")
    if given.data and given.names != ["cifar10"]:
        parser.error("--data is for cifar10 alone")
    for name in given.names:
        print(json.dumps(make(name, given.data), indent=2))


if __name__ == "__main__":
    cli.guard(main)
