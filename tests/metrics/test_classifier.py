"""The shipped classifiers are what their records say, and the script that made them works."""

import hashlib
import json
import shutil
from dataclasses import asdict, replace

import keras
import numpy as np
import pytest
from scipy.special import softmax

from gan_book.datasets import load
from gan_book.datasets.dataset import Dataset
from gan_book.datasets.manifest import fetchable, shipped
from gan_book.errors import BookError
from gan_book.metrics import features as features_module
from gan_book.metrics.features import CLASSIFIERS, define_classifier, has_classifier, load_classifier
from tools import train_classifiers

NAMES = ["mnist", "fashion_mnist"]  # whose images come with the book
REQUIRED = {"mnist": 0.994, "fashion_mnist": 0.925, "cifar10": 0.85, "cats": 0.99, "faces": 0.99}


def record(name):
    return json.loads((CLASSIFIERS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", features_module.classifier_names())
def test_record_and_file_agree(name):
    path, told = CLASSIFIERS / f"{name}.keras", record(name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
    assert path.stat().st_size < 2_000_000
    assert told["recipe"] == asdict(train_classifiers.RECIPES[name])
    shape, attributes = tuple(told["image_shape"]), told.get("attributes")
    network = define_classifier(len(told["class_names"]), image_shape=shape, attributes=attributes)
    assert told["parameters"] == network.count_params()
    assert told["test_accuracy"] >= REQUIRED[name]
    # A test set that had been used for choosing would stand clearly above the validation images.
    assert told["test_accuracy"] - told["validation_accuracy"] < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_shipped_accuracy_is_reproduced(name):
    dataset = load(name)
    rows = np.random.default_rng(11).choice(len(dataset.test_images), 2000, replace=False)
    accuracy = np.mean(load_classifier(name).predict(dataset.test_images[rows]) == dataset.test_labels[rows])
    told = record(name)["test_accuracy"]
    assert abs(accuracy - told) < 3 * np.sqrt(told * (1 - told) / 2000)


def test_the_records_know_the_images_of_the_sets():
    for name in NAMES:
        assert tuple(record(name)["class_names"]) == tuple(shipped()[name]["class_names"])
        assert tuple(record(name)["image_shape"]) == features_module.IMAGE_SHAPE


def test_outputs_are_one_pass_over_features_and_probabilities():
    images = load("mnist").test_images[:37]
    classifier = load_classifier("mnist")
    features, probabilities = classifier.outputs(images)
    assert features.dtype == probabilities.dtype == np.float64
    assert features.shape == (37, 96) and probabilities.shape == (37, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(classifier.features(images), features)
    np.testing.assert_array_equal(classifier.predict(images), probabilities.argmax(axis=1))


def test_logits_are_a_linear_function_of_the_features():
    network = define_classifier()
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    features = keras.Model(network.input, network.get_layer("features").output).predict(images, verbose=0)
    kernel, bias = network.get_layer("logits").get_weights()
    np.testing.assert_allclose(network.predict(images, verbose=0), features @ kernel + bias, rtol=1e-4, atol=1e-5)


CIFAR = tuple(fetchable()["cifar10"]["class_names"])


def photographs(name, class_names=CIFAR, side=32):
    """A `Dataset` of that name: four images of noise."""
    images = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    return Dataset(name, images, np.arange(4), images, np.arange(4), class_names, images, np.arange(4))


@pytest.fixture
def of_photographs(tmp_path, monkeypatch):
    """A classifier of CIFAR-10 that has learned nothing, as if it shipped."""
    for module in (train_classifiers, features_module):
        monkeypatch.setattr(module, "CLASSIFIERS", tmp_path)
    network = define_classifier(image_shape=(32, 32, 3))
    digest = train_classifiers.save(network, tmp_path / "cifar10.keras")
    told = {"class_names": CIFAR, "image_shape": network.input.shape[1:], "sha256": digest}
    (tmp_path / "cifar10.json").write_text(json.dumps(told))
    return network


def test_the_classifier_of_cifar_measures_the_set_and_its_copy(of_photographs):
    images = photographs("cifar10").images
    expected = of_photographs.predict(images, verbose=0)
    for name in ("cifar10", "cifar10_jpeg75"):
        assert has_classifier(photographs(name))
        features, probabilities = load_classifier.__wrapped__(name).outputs(images)
        assert features.shape == (4, features_module.FEATURES)
        np.testing.assert_allclose(probabilities, softmax(expected, axis=1), rtol=1e-4)
    assert not has_classifier(photographs("cifar10", side=64))
    assert not has_classifier(photographs("cifar10_jpeg75", class_names=CIFAR[::-1]))
    assert not has_classifier(photographs("holidays"))
    with pytest.raises(BookError, match=r"uint8 images of shape \[n, 32, 32, 3\]"):
        load_classifier.__wrapped__("cifar10").outputs(images[..., :1])


def test_photographs_are_shifted_by_whole_pixels():
    image = np.random.default_rng(0).random((32, 32, 3), dtype="float32")  # no two pixels are equal
    recipe = replace(train_classifiers.RECIPES["cifar10"], flip=False)
    (shift,) = train_classifiers.augmentation(recipe)
    moved = np.asarray(shift(np.stack([image] * 20), training=True))
    places = set()
    for each in moved:
        ((row, column),) = np.argwhere((image == each[16, 16]).all(axis=-1))
        places.add((row, column))
        np.testing.assert_array_equal(each[8:24, 8:24], image[row - 8 : row + 8, column - 8 : column + 8])
    assert np.abs(np.array(list(places)) - 16).max() == 4
    assert len(places) > 5, "each image of a batch has a shift of its own"


def test_a_folder_without_validation_images_trains_no_classifier(monkeypatch):
    some = photographs("pictures")
    monkeypatch.setattr(train_classifiers, "load", lambda *given: replace(some, val_images=None, val_labels=None))
    with pytest.raises(BookError, match="no validation images"):
        train_classifiers.load_images("cifar10", "pictures")


def test_it_stays_in_float32_when_the_session_trains_in_half_precision():
    images = load("mnist").test_images[:20]
    expected = load_classifier.__wrapped__("mnist").features(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        np.testing.assert_allclose(
            load_classifier.__wrapped__("mnist").features(images), expected, rtol=1e-5, atol=1e-6
        )
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 28, 28, 1), "float32"),
        np.zeros((3, 32, 32, 1), "uint8"),
        np.zeros((28, 28, 1), "uint8"),
        np.zeros((0, 28, 28, 1), "uint8"),
    ],
)
def test_images_it_cannot_read(bad):
    with pytest.raises(BookError, match="uint8 images of shape"):
        load_classifier("mnist").outputs(bad)


@pytest.mark.parametrize("name", ["horse2zebra", "../classifiers/mnist", ""])
def test_a_data_set_without_a_classifier(name):
    with pytest.raises(BookError, match=r"no classifier ships .* fashion_mnist, mnist"):
        load_classifier(name)


def test_a_damaged_file_is_noticed(tmp_path, monkeypatch):
    for suffix in (".keras", ".json"):
        shutil.copy(CLASSIFIERS / f"mnist{suffix}", tmp_path)
    content = bytearray((tmp_path / "mnist.keras").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "mnist.keras").write_bytes(content)
    monkeypatch.setattr(features_module, "CLASSIFIERS", tmp_path)
    with pytest.raises(BookError, match="damaged"):
        load_classifier.__wrapped__("mnist")


def stripes(n, seed, shape):
    """Images whose class is whether their one bright stripe lies or stands."""
    labels = np.random.default_rng(seed).integers(0, 2, n).astype("int32")
    images = np.zeros((n, *shape), np.uint8)
    images[labels == 0, 12:16] = 255
    images[labels == 1, :, 12:16] = 255
    return images, labels


@pytest.mark.slow
@pytest.mark.parametrize("name, shape", [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))])
def test_making_a_classifier_from_start_to_record(name, shape, tmp_path, monkeypatch):
    parts = [stripes(n, seed, shape) for seed, n in enumerate((350, 100, 50))]
    dataset = Dataset("stripes", *parts[0], *parts[1], tuple("0123456789"), *parts[2])
    recipe = replace(train_classifiers.RECIPES[name], epochs=3, batch_size=25, precision="float32")
    monkeypatch.setattr(train_classifiers, "load", lambda name: dataset)
    monkeypatch.setitem(train_classifiers.RECIPES, "stripes", recipe)
    for module in (train_classifiers, features_module):
        monkeypatch.setattr(module, "CLASSIFIERS", tmp_path)
    told = train_classifiers.make("stripes")
    assert told["test_accuracy"] > 0.9
    assert json.loads((tmp_path / "stripes.json").read_text()) == json.loads(json.dumps(told))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stripes.json", "stripes.keras"]
    predicted = load_classifier.__wrapped__("stripes").predict(dataset.test_images)
    assert np.mean(predicted == dataset.test_labels) == told["test_accuracy"]


@pytest.mark.slow
def test_attributes_are_learned_beside_the_class(tmp_path, monkeypatch):
    """A stripe lies or stands (the class), and is red or blue (an attribute, whose name has a space)."""

    def coloured(n, seed):
        images, labels = stripes(n, seed, (64, 64, 3))
        blue = np.random.default_rng(seed + 9).random(n) < 0.5
        images[blue] = images[blue] * np.array([0, 0, 1], np.uint8)
        images[~blue] = images[~blue] * np.array([1, 0, 0], np.uint8)
        return images, labels, {"its hue": np.where(blue, "blue", "red")}

    parts = [coloured(n, seed) for seed, n in enumerate((350, 100, 50))]
    found = {}
    for part, (images, labels, attributes) in zip(("", "test_", "val_"), parts, strict=True):
        found |= {f"{part}images": images, f"{part}labels": labels, f"{part}attributes": attributes}
    dataset = Dataset("stripes", class_names=("lies", "stands"), **found)
    recipe = replace(train_classifiers.RECIPES["cats"], epochs=3, batch_size=25, precision="float32")
    monkeypatch.setattr(train_classifiers, "load", lambda name: dataset)
    monkeypatch.setitem(train_classifiers.RECIPES, "stripes", recipe)
    for module in (train_classifiers, features_module):
        monkeypatch.setattr(module, "CLASSIFIERS", tmp_path)
    told = train_classifiers.make("stripes")
    assert told["attributes"] == {"its hue": ["blue", "red"]}
    assert told["test_accuracy"] > 0.9 and told["test_accuracy_of_attributes"]["its hue"] > 0.9
    classifier = load_classifier.__wrapped__("stripes")
    seen = classifier.attributes(dataset.test_images)
    share = np.mean(seen["its hue"] == dataset.test_attributes["its hue"])
    assert share == told["test_accuracy_of_attributes"]["its hue"]
    assert np.mean(classifier.predict(dataset.test_images) == dataset.test_labels) == told["test_accuracy"]
    assert classifier.features(dataset.test_images).shape == (100, features_module.FEATURES)
    large = classifier.attributes(dataset.test_images.repeat(2, axis=1).repeat(2, axis=2))
    assert np.mean(large["its hue"] == seen["its hue"]) > 0.9, "other sizes are resized"


def test_a_classifier_without_attributes_knows_none():
    assert load_classifier("mnist").attributes(load("mnist").test_images[:3]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_images_kept_for_validation_are_those_the_classifier_did_not_train_on(name):
    told, data = record(name), load(name)
    assert told["validation_images"] == len(data.val_images) == 5000
    seen = np.mean(load_classifier(name).predict(data.val_images) == data.val_labels)
    assert seen == pytest.approx(told["validation_accuracy"], abs=1e-3)
