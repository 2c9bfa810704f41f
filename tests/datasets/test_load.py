import re
from dataclasses import replace

import keras
import numpy as np
import pytest

from gan_book import datasets, errors, networks, paths
from gan_book.datasets.dataset import Pairs, balanced_subset, holdout
from gan_book.datasets.manifest import digest, fetchable, shipped
from gan_book.errors import BookError
from gan_book.metrics import has_classifier


@pytest.fixture(scope="module")
def fashion():
    return datasets.load("fashion_mnist")


def test_fashion_mnist(fashion):
    assert fashion.images.shape == (55_000, 28, 28, 1) and fashion.images.dtype == np.uint8
    assert fashion.test_images.shape == (10_000, 28, 28, 1)
    assert fashion.labels.dtype == np.int32
    assert np.bincount(fashion.labels).tolist() == [5481, 5485, 5515, 5513, 5512, 5549, 5476, 5484, 5470, 5515]
    assert np.bincount(fashion.test_labels).tolist() == [1_000] * 10
    assert fashion.class_names[fashion.labels[0]] == "Ankle boot"
    assert fashion.images.max() == 255


def test_mnist():
    digits = datasets.load("mnist")
    assert digits.images.shape == (55_000, 28, 28, 1) and digits.test_images.shape == (10_000, 28, 28, 1)
    assert np.bincount(digits.labels).tolist() == [5451, 6154, 5512, 5619, 5359, 4964, 5420, 5751, 5312, 5458]
    assert digits.labels[:5].tolist() == [5, 4, 1, 9, 2] and digits.test_labels[:4].tolist() == [7, 2, 1, 0]


def test_validation_images_are_always_the_same_and_never_trained_on(fashion):
    assert fashion.val_images.shape == (5_000, 28, 28, 1)
    assert np.bincount(fashion.val_labels).min() > 400
    judged = fashion.validation()
    assert np.array_equal(judged.test_images, fashion.val_images) and "validation" in judged.title
    assert has_classifier(judged)  # so it is measured by the same classifier as on the test images
    other = datasets.load("fashion_mnist", limit=500, seed=3)
    assert np.array_equal(other.val_images, fashion.val_images)
    # A few images of Fashion-MNIST are there twice; what is split are files, so none is in both parts but those.
    trained = {image.tobytes() for image in fashion.images}
    assert sum(image.tobytes() in trained for image in fashion.val_images) < 20


def test_validation_keeps_the_name_of_a_set_and_says_in_its_title_which_images_they_are(fashion):
    side = [fashion.images[:2].repeat(3, axis=-1)] * 6
    pairs = Pairs("sketches", ("sketch", "photo"), *side, paired=True, test_paired=True, test_names=("boot", "bag"))
    for data in (fashion, pairs, pairs.swapped()):
        judged = data.validation()
        assert (data.title, judged.name, judged.title) == (data.name, data.name, f"{data.name}, validation")
    assert pairs.validation().test_names == ()  # they are names of test images


def test_labels_by_name_and_number(fashion):
    assert fashion.label_index("sneaker") == 7
    assert fashion.label_index("boot") == 9
    assert fashion.label_index("Shirt") == 6
    assert fashion.label_index(" 3 ") == fashion.label_index(3) == 3
    for wrong, why in {"s": "more than one", "hat": "not a class", "10": "not a class", "": "not a class"}.items():
        with pytest.raises(BookError, match=f"{why}.*7 Sneaker"):
            fashion.label_index(wrong)


def test_a_class_called_by_a_number_is_found_by_its_name():
    assert datasets.find_label("2", ["0", "1", "10", "2"]) == 3


def test_limit_and_image_size():
    data = datasets.load("fashion_mnist", image_size=32, limit=105, seed=3)
    assert data.images.shape == (105, 32, 32, 1) and data.test_images.shape == (10_000, 32, 32, 1)
    assert data.val_images.shape == (5_000, 32, 32, 1)
    assert sorted(np.bincount(data.labels)) == [10] * 5 + [11] * 5


def test_limit_is_a_seeded_choice(fashion):
    chosen = balanced_subset(fashion.labels, 50, seed=1)
    assert np.array_equal(chosen, balanced_subset(fashion.labels, 50, seed=1))
    assert not np.array_equal(chosen, balanced_subset(fashion.labels, 50, seed=2))
    assert set(chosen) < set(balanced_subset(fashion.labels, 80, seed=1))
    assert len(balanced_subset(fashion.labels, 10**6, seed=1)) == 55_000


def test_limit_with_a_rare_class():
    labels = np.array([0] * 50 + [1] * 3)
    assert np.bincount(labels[balanced_subset(labels, 20, seed=0)]).tolist() == [17, 3]


def test_holdout_takes_a_tenth_of_each_class():
    labels = np.array([0] * 50 + [1] * 20 + [2])
    train, held = holdout(labels, seed=0)
    assert np.bincount(labels[held], minlength=3).tolist() == [5, 2, 0]
    assert sorted([*train, *held]) == list(range(71))
    train, held = holdout(np.array([0, 1, 1]), seed=0)
    assert len(train) == 2 and held[0] in (1, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name_or_path": "fashon_mnist"},
            "no data set and no folder called 'fashon_mnist'.*did you mean 'fashion_mnist'",
        ),
        (
            {"name_or_path": "no/such/folder"},
            "no folder called 'no/such/folder' .*mnist, fashion_mnist, cats, faces, cifar10",
        ),
        ({"name_or_path": "horse2zebra"}, "unpaired images to translate"),
        (
            {"name_or_path": "earth"},
            r"pairs of images to translate.*\(the sets are mnist, fashion_mnist, cats, faces, cifar10\)",
        ),
        ({"name_or_path": "cifar10"}, "has not been fetched; run: gan-book data fetch cifar10"),
        ({"name_or_path": "mnist", "limit": 0}, "limit is 0"),
        ({"name_or_path": "mnist", "image_size": 0}, "image size is 0"),
        ({"name_or_path": "mnist", "image_size": 10**6}, "image size is 1000000"),
    ],
)
def test_bad_requests_are_one_sentence(arguments, message):
    with pytest.raises(BookError, match=message) as caught:
        datasets.load(**arguments)
    assert "\n" not in str(caught.value)


def test_manifest_lists_every_shipped_file_with_its_sum():
    listed = {file["path"]: file for entry in shipped().values() for file in entry["files"].values()}
    there = {path.relative_to(paths.DATA).as_posix() for path in paths.DATA.glob("*/*")}
    assert {name for name in there if "LICENSE" not in name} == set(listed)
    readme = (paths.DATA / "README.md").read_text(encoding="utf-8")
    for name, file in listed.items():
        assert digest(paths.DATA / name) == file["sha256"] and (paths.DATA / name).stat().st_size == file["bytes"]
        assert f"| `{name}` | {file['bytes']:,} | `{file['sha256']}` |" in readme


def test_every_fetchable_set_can_be_fetched():
    for entry in fetchable().values():
        assert len(entry["mirrors"]) > 1 and all(re.match("https?://", url) for url in entry["mirrors"])
        assert entry["archive"] in ("zip", "tar.gz") and entry["licence"]
        assert entry["bytes"] is None or entry["bytes"] > 0
        assert entry["kind"] == "cifar" or (entry["kind"] in ("pairs", "unpaired") and len(entry["sides"]) == 2)


def test_scaling_there_and_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    scaled = np.array(networks.to_float(pixels))
    assert scaled.dtype == np.float32 and scaled.min() == -1 and scaled.max() == 1
    assert np.array_equal(networks.to_uint8(scaled), pixels)
    assert np.array_equal(np.array(networks.to_uint8(networks.to_float(pixels))), pixels)
    outside = networks.to_uint8(np.array([-1.5, 2.0, 0.0012]))
    assert isinstance(outside, np.ndarray) and outside.dtype == np.uint8 and outside.tolist() == [0, 255, 128]


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("convert", [np.asarray, keras.ops.convert_to_tensor])
def test_only_pixels_are_scaled(kind, convert):
    scaled = convert(np.linspace(-1, 1, 16).reshape(1, 4, 4, 1).astype(kind))
    with pytest.raises(BookError, match=rf"uint8.*{keras.backend.standardize_dtype(scaled.dtype)}"):
        networks.to_float(scaled)
    with pytest.raises(BookError, match=r"uint8.*list"):
        networks.to_float([[0]])


def test_floats_are_refused_in_the_graph_of_a_training():
    class Step(keras.Model):
        def train_step(self, data):
            return {"loss": keras.ops.mean(networks.to_float(data[0] if isinstance(data, tuple) else data))}

    model = Step()
    model.compile()
    with pytest.raises(BookError, match="float32"):
        model.fit(np.zeros((4, 2, 2, 1), "float32"), verbose=0)


@pytest.mark.parametrize(
    ("images", "named"), [(np.zeros((1, 2, 2, 1), np.uint8), "uint8"), (np.full((1, 2, 2, 1), 200.0), "200")]
)
def test_only_what_a_generator_gives_is_made_pixels(images, named):
    with pytest.raises(BookError, match=named):
        networks.to_uint8(images)


def test_holdout_is_a_tenth_of_the_whole_spread_over_classes():
    labels = np.repeat(np.arange(250), 5)
    train, held = holdout(labels, seed=3)
    assert len(held) == 125 and np.bincount(labels[held]).max() == 1
    assert not np.array_equal(held, holdout(labels, seed=4)[1])
    assert len(np.unique(labels[train])) == 250


def test_holdout_empties_no_class():
    labels = np.array([0, 1, 2, 3, 3])
    assert holdout(labels, seed=0, fraction=0.9)[1].tolist() in ([3], [4])
    with pytest.raises(BookError, match="4 classes has a single image"):
        holdout(labels[:4], seed=0)


@pytest.mark.slow
def test_rectangles_of_a_set_of_the_book():
    data = datasets.load("mnist", image_size="20x28", limit=10)
    assert data.images.shape == (10, 20, 28, 1) and data.test_images.shape == (10_000, 20, 28, 1)
    assert datasets.load_pairs("emoji", (32, 48), limit=3).image_shape == (32, 48, 3)
    with pytest.raises(BookError, match=r"earth has no tiles of \(64, 96\)"):
        datasets.load_pairs("earth", "64x96")


def test_what_would_not_fit_in_memory_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setattr(errors, "free_memory", lambda: 10**9)
    with pytest.raises(BookError, match=r"70,000 images of mnist at 512 x 512.*18\.4 GB.*--limit"):
        datasets.load("mnist", image_size=512)
    with pytest.raises(BookError, match=r"emoji of 1024.*GB.*--limit"):
        datasets.load_pairs("emoji", 1024)


@pytest.mark.slow
def test_summaries_of_the_books_sets(fashion):
    assert "10 classes: T-shirt/top (5,481)" in fashion.summary() and "10,000 to test" in fashion.summary()
    assert "1,524 pairs of noto and twemoji" in datasets.load_pairs("emoji").summary()


def test_a_set_of_arrays_is_looked_at():
    images, labels = np.zeros((4, 2, 3, 1), np.uint8), np.arange(4)
    data = datasets.Dataset("mine", images, labels, images, labels, tuple("abcd"))
    assert data.labels.dtype == np.int32 and not len(data.val_images)
    for change, named in (
        ({"images": images / 255}, "mine: images.*float64"),
        ({"test_images": images[:, :1]}, r"test_images.*\[1, 3, 1\]"),
        ({"test_labels": labels + 1}, "test_labels.*0 to 3.*4"),
        ({"labels": labels[:3]}, "labels.*4 images but 3"),
    ):
        with pytest.raises(BookError, match=named):
            replace(data, **change)


def test_a_line_break_in_a_name_does_not_break_the_line():
    images = np.full((2, 2, 2, 1), 99, np.uint8)
    left = (("a\nerror: all gone.txt", "is no picture"),)
    data = datasets.Dataset("mine", images, np.zeros(2, int), images, np.zeros(2, int), ("a\x1b[2J",), left_out=left)
    assert data.summary().isprintable() and "all gone.txt" in data.summary()


def test_a_name_is_found_as_it_is_written_before_it_is_found_otherwise():
    assert datasets.find_label("cat", ["Cat", "cat"]) == 1
    assert datasets.find_label("K\u00fcken", ["Ente", "Ku\u0308ken"]) == 1, "as a Mac writes it"
    with pytest.raises(BookError, match="more than one"):
        datasets.find_label("CAT", ["Cat", "cat"])


@pytest.mark.parametrize("load", [datasets.load, datasets.load_pairs])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"limit": "5"}, "'5'"), ({"limit": 2.5}, "2.5"), ({"limit": True}, "True"), ({"seed": -1}, "-1")],
)
def test_a_limit_or_a_seed_that_is_no_number_is_refused(load, wrong, named, tmp_path):
    with pytest.raises(BookError, match=named):
        load(tmp_path, **wrong)


@pytest.mark.parametrize("load", [datasets.load, datasets.load_pairs])
def test_a_name_that_is_empty_or_too_long_is_refused(load):
    with pytest.raises(BookError, match="empty"):
        load("")
    with pytest.raises(BookError, match=r"no .* called 'xxx"):
        load("x" * 5000)


def test_what_is_shown_of_a_set_is_a_line_and_not_its_arrays():
    for data in (datasets.load("mnist", limit=20), datasets.load_pairs("emoji", image_size=16, limit=20)):
        assert data.summary() in repr(data) and len(repr(data)) < 500


def test_a_misspelt_class_is_answered_with_the_nearest():
    with pytest.raises(BookError, match=r"'sneeker'.*did you mean 'Sneaker'"):
        datasets.find_label("sneeker", ("Coat", "Sneaker"))


def test_labels_may_be_a_list_and_images_must_be_an_array():
    images = np.zeros((2, 4, 4, 1), "uint8")
    data = datasets.Dataset("mine", images, [0, 1], images, [1, 0], ("a", "b"))
    assert data.labels.tolist() == [0, 1] and data.labels.dtype == data.val_labels.dtype == np.int32
    with pytest.raises(BookError, match="mine: images"):
        datasets.Dataset("mine", None, [0, 1], images, [1, 0], ("a", "b"))


def test_a_set_has_a_title_as_people_write_it_and_a_folder_its_name():
    given = ["fashion_mnist", "mnist, validation", "horse2zebra", "some/folder/of cats", "."]
    shown = ["Fashion-MNIST", "MNIST, validation", "horse2zebra", "of cats", "."]
    given.append("runs/cifar10_jpeg75, validation")
    shown.append("CIFAR-10 (JPEG copy), validation")
    assert list(map(datasets.title_of, given)) == shown
