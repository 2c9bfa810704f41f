"""Train the classifiers that ship in ``pretrained/classifiers``.

    python -m tools.train_classifiers mnist fashion_mnist
    python -m tools.train_classifiers cats faces                            # classes, and all attributes
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
from dataclasses import asdict, dataclass, replace
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
    photos: bool = False  # whether images have no black margin that a shift could be filled up with


# A mirrored shoe is still a shoe, a mirrored 2 is no digit. For CIFAR-10 the usual: mirrored, and shifted by up to four
# of 32 pixels. Cats and faces look the same way in all pictures; they are shifted by two of 64.
DRAWN = Recipe(epochs=20, flip=False, translation=0.03, rotation=0.0, batch_size=64, photos=True)
RECIPES = {
    "mnist": Recipe(epochs=8, flip=False, translation=0.08, rotation=0.03),
    "fashion_mnist": Recipe(epochs=15, flip=True, translation=0.08, rotation=0.0),
    "cifar10": Recipe(epochs=25, flip=True, translation=0.125, rotation=0.0, weight_decay=0.1, photos=True),
    "cats": DRAWN,
    "faces": replace(DRAWN, epochs=40),
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


def accuracies(classifier, images, labels):
    """Share of images, float, whose largest logit is at the label; of many outputs a dict, ``labels`` likewise."""
    found = classifier.predict(images, batch_size=500, verbose=0)
    if not isinstance(found, dict):
        return float(np.mean(found.argmax(axis=1) == labels))
    return {name: float(np.mean(logits.argmax(axis=1) == labels[name])) for name, logits in found.items()}


def values_of(dataset):
    """Each attribute's values, sorted: dict from its name to texts; {} where a set has no attributes."""
    parts = dataset.attributes, dataset.val_attributes, dataset.test_attributes
    return {name: sorted({value for part in parts for value in part[name].tolist()}) for name in dataset.attributes}


def targets(labels, attributes, values):
    """What a classifier should say: the labels, int ``[n]``; with attributes a dict of them and of values' numbers."""
    if not values:
        return labels
    return {"logits": labels, **{name: np.searchsorted(values[name], attributes[name]) for name in values}}


def train(dataset, recipe):
    """Train by the recipe; returns the float32 classifier."""
    keras.utils.set_random_seed(recipe.seed)
    # TensorFlow makes scopes of the outputs' names, and takes no spaces in them ("hair colour").
    values, attributes, val_attributes = (
        {name.replace(" ", "_"): each for name, each in named.items()}
        for named in (values_of(dataset), dataset.attributes, dataset.val_attributes)
    )
    training = dataset.images, targets(dataset.labels, attributes, values)
    validation = dataset.val_images, targets(dataset.val_labels, val_attributes, values)
    network = define_classifier(dataset.num_classes, recipe.precision, dataset.image_shape, values)
    image = keras.Input(dataset.image_shape)
    changed = image
    for step in augmentation(recipe):
        changed = step(changed)
    augmented = keras.Model(image, network(changed))
    steps = recipe.epochs * -(-dataset.train_size // recipe.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10, steps - steps // 20, warmup_target=recipe.learning_rate, warmup_steps=steps // 20
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    augmented.compile(
        keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        dict.fromkeys(["logits", *values], loss) if values else loss,
        metrics=dict.fromkeys(["logits", *values], "accuracy") if values else ["accuracy"],
    )
    augmented.fit(*training, validation_data=validation, batch_size=recipe.batch_size, epochs=recipe.epochs, verbose=2)
    exact = define_classifier(dataset.num_classes, "float32", dataset.image_shape, values_of(dataset))
    exact.set_weights(network.get_weights())
    return exact


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
    classifier = train(dataset, recipe)
    seconds = time.perf_counter() - start
    values = values_of(dataset)
    validation = accuracies(classifier, dataset.val_images, targets(dataset.val_labels, dataset.val_attributes, values))
    test = accuracies(classifier, dataset.test_images, targets(dataset.test_labels, dataset.test_attributes, values))
    record = {
        "dataset": dataset.name,
        "class_names": dataset.class_names,
        "image_shape": dataset.image_shape,
        "test_accuracy": test["logits"] if values else test,
        "test_images": len(dataset.test_images),
        "validation_accuracy": validation["logits"] if values else validation,
        "validation_images": len(dataset.val_images),
        "protocol": "epochs fixed beforehand, last weights kept, test set evaluated once in float32",
        "recipe": asdict(recipe),
        "parameters": classifier.count_params(),
        "training_seconds": round(seconds),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "sha256": save(classifier, CLASSIFIERS / f"{name}.keras"),
    }
    if values:
        told = {name: share for name, share in test.items() if name in values}
        record |= {"attributes": values, "test_accuracy_of_attributes": told}
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
