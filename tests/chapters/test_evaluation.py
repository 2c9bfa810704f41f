"""Chapter 5: its few lines agree with the library, each cheat does what the text says, and the tables are recorded."""

import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import gan_book as gb
from chapters.ch05_evaluation import evaluation, exercises, further, table
from chapters.ch05_evaluation.cheats import FEW, make_sets, surest
from chapters.ch06_cgan import cgan
from gan_book import metrics
from gan_book.errors import BookError
from gan_book.metrics import distances
from tests.chapters.common import noise
from tools import results


@pytest.fixture
def features():
    """Two sets of features, ``[300, 6]`` and ``[200, 6]``, of different means and covariances."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 6)), rng.normal(0.3, 1.5, size=(200, 6)) @ rng.normal(size=(6, 6))


def test_the_few_lines_are_the_librarys_functions(features, monkeypatch):
    a, b = features
    assert evaluation.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(a, b), rel=1e-9)
    assert evaluation.kernel_distance(a, b) == pytest.approx(distances.unbiased_mmd(a, b), rel=1e-9)
    assert evaluation.precision_recall(a, b) == metrics.precision_recall(a, b)
    np.testing.assert_allclose(evaluation.radii(a), distances.neighbour_radii(a))
    monkeypatch.setattr(distances, "SPLITS", 1)
    p = np.random.default_rng(0).dirichlet(np.ones(10), size=500)
    assert evaluation.inception_score(p) == pytest.approx(metrics.inception_score(p)[0], rel=1e-9)


def test_the_nearest_training_images_are_those_of_the_library():
    images, training = noise(n=5).images, np.random.default_rng(1).integers(0, 256, (60, 28, 28, 1), dtype=np.uint8)
    which, distance = evaluation.nearest(images, training)
    np.testing.assert_allclose(distance, metrics.nearest_distances(images, training), rtol=1e-4)
    assert evaluation.nearest(training[3:4], training) == ([3], [0.0])
    assert which.shape == (5,)


def test_on_a_line_the_distance_is_that_of_the_sorted_points(features):
    a = features[0][:, :1]
    for mean, std in ((0, 1), (2, 1), (2, 3)):
        b = mean + std * a
        moves = np.mean((np.sort(a[:, 0]) - np.sort(b[:, 0])) ** 2)
        by_formula = evaluation.frechet_distance_1d(a.mean(), a.std(), b.mean(), b.std())
        assert moves == pytest.approx(by_formula, abs=1e-9)


def test_three_points_look_normal_up_to_the_fifth_power():
    points = np.sqrt(3) * np.array([-1, 0, 0, 0, 0, 1])
    assert [round(np.mean(points**power), 9) for power in range(1, 6)] == [0, 1, 0, 3, 0]
    assert evaluation.frechet_distance_1d(points.mean(), points.std(), 0, 1) == pytest.approx(0, abs=1e-12)


def test_the_extrapolation_finds_the_end_of_a_line():
    counts = np.array([200, 400, 1600])
    at_infinity, slope = evaluation.extrapolated(counts, 0.5 + 30 / counts)
    assert at_infinity == pytest.approx(0.5) and slope == pytest.approx(30)


def test_few_images_make_the_frechet_distance_larger_and_leave_the_kernel_distance_alone():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(4000, 20))
    few, many = (
        [(evaluation.frechet_distance(x, reference), evaluation.kernel_distance(x, reference[:500])) for x in sets]
        for sets in ([rng.normal(size=(n, 20)) for _ in range(8)] for n in (60, 600))
    )
    (few_frechet, few_kernel), (many_frechet, many_kernel) = np.mean(few, axis=0), np.mean(many, axis=0)
    assert few_frechet > 5 * many_frechet
    spread = np.std([kernel for _, kernel in few])
    assert abs(few_kernel - many_kernel) < spread and min(kernel for _, kernel in many) < 0


def test_one_outlier_among_real_points_gives_bad_samples_precision():
    rng, angle = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 200)
    circle, real = 6 * np.stack([np.cos(angle), np.sin(angle)], axis=1), rng.normal(size=(500, 2))
    assert evaluation.precision_recall(real, circle)[0] < 0.02
    assert evaluation.precision_recall(np.append(real, [[20, 0]], axis=0), circle)[0] > 0.2


def test_the_birthday_paradox():
    assert further.chance_of_a_pair(22, 365) < 0.5 < further.chance_of_a_pair(23, 365)
    assert further.estimated_support(500, 1) == 124_750
    counts = np.random.default_rng(0).multinomial(60, np.full(100, 0.01), size=400)  # 60 samples of 100, 400 times
    pairs = (counts * (counts - 1) // 2).sum(axis=1)
    assert further.estimated_support(60, pairs.mean()) == pytest.approx(100, rel=0.05)
    assert np.mean(pairs > 0) == pytest.approx(further.chance_of_a_pair(60, 100), abs=0.02)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_inception_score(exercises.inception_score_solution)
    exercises.check_coverage(exercises.coverage_solution)
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match="no harm"):
        exercises.check_inception_score(evaluation.inception_score)
    with pytest.raises(AssertionError, match="random probabilities"):
        exercises.check_inception_score(lambda p: 10.0 if len(p) == 10 else 1.0)
    recall = lambda real, generated: evaluation.precision_recall(real, generated)[1]  # noqa: E731
    precision = lambda real, generated: evaluation.precision_recall(real, generated)[0]  # noqa: E731
    for wrong in (recall, precision):
        with pytest.raises(AssertionError):
            exercises.check_coverage(wrong)


COUNT = 300


@pytest.fixture(scope="module")
def cheats():
    """The sets of the table on Fashion-MNIST, with noise in place of the generator's images."""
    data = gb.load("fashion_mnist")
    data = replace(data, val_images=data.val_images[:600], val_labels=data.val_labels[:600])
    generator = cgan.define_generator(latent_dim=4, width=4)
    return data, make_sets(data, generator, COUNT, seed=0)


@pytest.mark.slow
def test_the_sets_are_what_their_names_say(cheats):
    data, sets = cheats
    assert sets.keys() == table.WORDS.keys()
    for name, images in sets.items():
        assert images.shape == (COUNT, 28, 28, 1) and images.dtype == np.uint8, name
    different = {name: len(np.unique(images.reshape(COUNT, -1), axis=0)) for name, images in sets.items()}
    assert different["one per class"] == 10 and different["few, repeated"] == FEW
    assert min(different[name] for name in ("real", "copies", "shifted copies")) > COUNT - 5
    assert np.array_equal(sets["shifted copies"][:, :, 1:], sets["copies"][:, :, :-1])
    assert sets["blurred"].std() < sets["real"].std()
    assert [answer for answer in metrics.load_classifier("fashion_mnist").predict(surest(data))] == [*range(10)]
    other = make_sets(data, cgan.define_generator(latent_dim=4, width=4), COUNT, seed=1)
    assert not any(np.array_equal(other[name], sets[name]) for name in sets)


@pytest.mark.slow
def test_each_cheat_does_what_the_text_says(cheats):
    data, sets = cheats
    classifier = metrics.load_classifier("fashion_mnist")
    test = classifier.features(data.test_images[:COUNT])
    found = {name: classifier.outputs(images) for name, images in sets.items() if name != "generated"}
    score = {name: exercises.inception_score_solution(p) for name, (_, p) in found.items()}
    recall = {name: evaluation.precision_recall(test, f)[1] for name, (f, _) in found.items()}
    frechet = {name: evaluation.frechet_distance(f, test) for name, (f, _) in found.items()}
    assert score["one per class"] > 9.5 > max(value for name, value in score.items() if name != "one per class")
    assert recall["one per class"] == 0 and frechet["one per class"] > 4 * frechet["real"]
    assert frechet["copies"] < 1.5 * frechet["real"] < frechet["blurred"]
    assert recall["few, repeated"] < recall["real"] - 0.2
    held_out = metrics.nearest_distances(data.test_images[:200], data.images)
    nearer = {
        name: metrics.memorisation(metrics.nearest_distances(sets[name][:100], data.images), held_out)["share_nearer"]
        for name in ("real", "copies", "shifted copies")
    }
    assert nearer["copies"] == 1 and max(nearer["real"], nearer["shifted copies"]) < 0.1


@pytest.mark.slow
def test_careless_resizing_alone_makes_a_distance():
    images = gb.load("fashion_mnist", limit=100).test_images[:COUNT]
    small = [
        keras.ops.image.resize(images.astype("float32"), (10, 10), antialias=antialias) for antialias in (True, False)
    ]
    back = [
        np.clip(keras.ops.convert_to_numpy(keras.ops.image.resize(each, (28, 28))), 0, 255).astype("uint8")
        for each in small
    ]
    f = [metrics.load_classifier("fashion_mnist").features(each) for each in back]
    assert evaluation.frechet_distance(*f) > 0.5


def test_the_features_of_d_are_its_convolutions_pooled():
    discriminator = cgan.define_discriminator(num_classes=1)
    model = further.pooled_features(discriminator)
    assert model.output.shape == (None, 16 * (32 + 64 + 128))
    before = discriminator.get_weights()
    assert model.predict(np.zeros((3, 28, 28, 1), "float32"), verbose=0).shape == (3, 3584)
    assert all(np.array_equal(a, b) for a, b in zip(before, discriminator.get_weights(), strict=True))


def test_the_probe_is_ridge_regression_and_chooses_its_strength_on_validation_images():
    rng = np.random.default_rng(0)
    centers, y = rng.normal(size=(10, 8)).astype("float32"), np.arange(600) % 10
    x = centers[y] + rng.normal(0, 0.05, size=(600, 8)).astype("float32")
    parts = (x[:200], y[:200], x[200:400], y[200:400], x[400:], y[400:])
    assert further.probe(*parts) > 0.95
    assert further.probe(*parts[:4], x[400:], (y[400:] + 1) % 10) < 0.05
    shuffled = rng.permutation(y[:200])
    assert further.probe(x[:200], shuffled, *parts[2:]) < 0.4
    wide = [np.tile(each, 40) if each.ndim == 2 else each for each in parts]  # more features than images
    assert further.probe(*wide) > 0.95


def test_judgement_counts_what_you_type_and_guesses_where_nobody_is():
    images, is_generated = further.mixed(noise(n=4).images, noise(n=4).images, seed=0)
    assert images.shape == (8, 28, 28, 1) and is_generated.sum() == 4
    answers, who = further.judgement(4, ask=lambda text: "1, 3")
    assert who == "you" and answers.tolist() == [True, False, True, False]

    def nobody(text):
        raise NotImplementedError("no keyboard")

    for ask in (nobody, lambda text: "none of them"):
        answers, who = further.judgement(8, ask=ask)
        assert who == "chance" and answers.sum() == 4
    ten = noise(n=10).images
    errors = [np.mean(further.judgement(20, nobody, k)[0] != further.mixed(ten, ten, k)[1]) for k in range(60)]
    assert 0.4 < np.mean(errors) < 0.6 and np.std(errors) > 0.05, "a guess knows nothing of the order"


def test_rows_are_recorded_if_asked(tmp_path, monkeypatch):
    def measured(images, data, seed):
        score = metrics.Score("frechet_distance", "Fréchet distance", float(images.mean()), in_tables=False)
        return [score], {"classifier_accuracy_on_real": 0.9}

    monkeypatch.setattr(table, "measure_samples", measured)
    monkeypatch.setattr(table, "make_sets", lambda data, generator, count, seed: {"real": data.val_images[seed:][:10]})
    monkeypatch.setattr(table, "load_network", lambda path: SimpleNamespace())
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    arguments = ["--count", "1000", "--seeds", "2", "--out", str(tmp_path), "--record"]
    outcome = CliRunner().invoke(table.app, arguments)
    assert outcome.exception is None, outcome.output
    row = json.loads((tmp_path / "ch05_evaluation.json").read_text())["real, fashion_mnist"]
    values = [run["frechet_distance"] for run in row["runs"]]
    assert row["mean"]["frechet_distance"] == pytest.approx(np.mean(values)) and values[0] != values[1]
    assert row["spread"]["frechet_distance"] == pytest.approx(np.std(values, ddof=1))
    assert "| `real, fashion_mnist` |" in outcome.output and (tmp_path / "cheats_fashion_mnist.png").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--seeds", "0"], "at least 1"),
        (["--count", "100"], "from 1,000 to 5,000"),
        (["--count", "6000"], "from 1,000 to 5,000"),
        (["--data", "earth"], "fashion_mnist"),
    ],
)
def test_bad_wishes_are_refused(arguments, problem):
    error = CliRunner().invoke(table.app, arguments).exception
    assert isinstance(error, BookError) and problem in str(error)
