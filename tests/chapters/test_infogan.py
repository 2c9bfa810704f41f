"""Chapter 7: sizes, which weights move in each update and variant, the bound, and what is measured of the codes."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from chapters.ch07_infogan import codes, exercises, infogan
from gan_book import sampling
from gan_book.errors import BookError
from gan_book.saving import load_network, save_network
from tests.chapters.common import build, ends_alike, moves, names, noise

LESSON = infogan.LESSON


def test_the_networks_have_the_sizes_of_table_1():
    # Convolutions 1 to 64 and 64 to 128, dense 6272 to 1024; normalization has 4 numbers a unit.
    trunk = (16 * 64 + 64) + 16 * 64 * 128 + 4 * 128 + 6272 * 1024 + 4 * 1024
    head = (1024 * 128 + 4 * 128) + (128 * 10 + 10) + (128 * 2 + 2)
    d_and_q = infogan.define_d_and_q()
    assert d_and_q.get_layer("trunk").count_params() == trunk == 6_559_296  # as exercise 3 says
    assert sum(d_and_q.get_layer(name).count_params() for name in infogan.Q_HEAD) == head == 133_132
    assert d_and_q.count_params() == trunk + head + 1025
    # 74 to 1024 to 7 x 7 x 128 to 64 maps to the image; the identity matrix of the one-hot category is not learned.
    generator = 74 * 1024 + 4 * 1024 + 1024 * 6272 + 4 * 6272 + 16 * 128 * 64 + 4 * 64 + (16 * 64 + 1) + 100
    assert infogan.define_generator().count_params() == generator


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_matched_accuracy(exercises.matched_accuracy_solution)
    exercises.check_normal_loss(exercises.normal_loss_solution)
    exercises.check_is_consistent(exercises.consistency_solution)

    def best_cell_of_each_category(categories, labels):
        return sum(np.bincount(labels[categories == k]).max() for k in np.unique(categories)) / len(labels)

    for check, wrong in (
        (exercises.check_matched_accuracy, lambda categories, labels: np.mean(categories == labels)),
        (exercises.check_matched_accuracy, best_cell_of_each_category),
        (exercises.check_normal_loss, lambda code, guess: infogan.code_loss(code, guess[:, :2])),
        (exercises.check_is_consistent, lambda first, second: np.argmax(first, 1) == np.argmax(second, 1)),
    ):
        with pytest.raises(AssertionError):
            check(wrong)


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("variant", infogan.VARIANTS)
def test_who_moves(variant, size, snapshot, moved):
    model, data = build(LESSON, variant=variant), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("generator", "d_and_q"))
    every, d, head, category, code = (
        names(model.d_and_q, parts) for parts in (None, ["trunk", "validity"], infogan.Q_HEAD, ["category"], ["code"])
    )
    assert every == d | head and category | code < head
    g = names(model.generator)
    assert seen["d"] == (d if variant == "head" else every)
    assert seen["g"] == (g | head if variant == "head" else g)


def test_the_discriminator_reads_codes_of_generated_images_only():
    d_and_q = infogan.define_d_and_q()
    real, fake = (np.random.default_rng(i).uniform(-1, 1, (5, 28, 28, 1)).astype("float32") for i in range(2))
    of_real, of_fake = d_and_q(real), d_and_q(fake)
    outputs = infogan.define_discriminator(d_and_q)([real, fake])
    expected = {"real": of_real["validity"], "fake": of_fake["validity"]}
    for name, value in (expected | {name: of_fake[name] for name in ("category", "code")}).items():
        np.testing.assert_allclose(outputs.pop(name), value, atol=1e-5)
    assert not outputs
    assert set(infogan.define_discriminator(d_and_q, variant="head")([real, fake])) == {"real", "fake"}


@pytest.mark.slow
def test_the_control_does_not_train_the_generator_with_the_information_loss():
    d_and_q, generator = infogan.define_d_and_q(), infogan.define_generator()
    z, code = np.zeros((4, 62), "float32"), np.zeros((4, 2), "float32")
    targets = {"validity": np.ones((4, 1)), "code": code}
    for variant, differs in (("paper", True), ("control", False)):
        gan = infogan.define_gan(generator, d_and_q, variant=variant)
        losses = [
            gan.test_on_batch([z, np.full(4, 3), code], targets | {"category": np.full(4, wanted)}, return_dict=True)
            for wanted in (3, 4)
        ]
        assert (abs(losses[0]["loss"] - losses[1]["loss"]) > 1e-6) == differs
        assert losses[0]["category_loss"] > 1, "it is logged all the same"


@pytest.mark.slow
def test_the_reader_is_the_moving_average_and_both_networks_can_be_saved(tmp_path):
    model, data = build(LESSON), noise(n=20)
    model.compile()
    before = model.d_and_q.get_weights()
    model.train_on_batch(data.images)  # without labels
    m = 2 / 11  # the momentum after the first step
    for was, now, average in zip(before, model.d_and_q.get_weights(), model.reader.get_weights(), strict=True):
        if now.dtype == np.float32:
            np.testing.assert_allclose(average, m * was + (1 - m) * now, atol=1e-5)
    for name, network in {"generator": model.sampler, "reader": model.reader}.items():
        save_network(network, tmp_path / f"{name}.keras")
    generator, reader = (load_network(tmp_path / f"{name}.keras") for name in ("generator", "reader"))
    categories = np.arange(10)
    images = sampling.draw(model.sampler, categories)
    np.testing.assert_allclose(sampling.draw(generator, categories).astype(int), images.astype(int), atol=1)
    log_q = codes.categories_of(model.reader, images)
    np.testing.assert_allclose(codes.categories_of(reader, images), log_q, atol=1e-4)
    np.testing.assert_allclose(np.exp(log_q).sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_labels_are_not_looked_at():
    """The same images with other labels give the same weights."""
    assert ends_alike(LESSON, "generator")


def test_the_bound_is_zero_for_a_guess_and_the_entropy_for_certainty():
    category = np.array([3, 7])
    guess = infogan.mutual_information(category, ops.zeros((2, 10)))
    np.testing.assert_allclose(guess, [0, 0], atol=1e-6)
    certain = infogan.mutual_information(category, ops.one_hot(category, 10) * 100)
    np.testing.assert_allclose(certain, [math.log(10)] * 2, rtol=1e-6)
    wrong = infogan.mutual_information(category, ops.one_hot(category + 1, 10) * 100)
    assert np.all(np.asarray(wrong) < -90)


def test_the_loss_of_the_codes_is_half_the_squared_error():
    code, mean = np.float32([[0.5, -1.0], [0.0, 0.0]]), np.zeros((2, 2), "float32")
    np.testing.assert_allclose(np.asarray(infogan.code_loss(code, mean)), [0.625, 0.0])
    # The normal distribution with sigma 1 without its constant, which is log 2 pi for two codes.
    guess = np.concatenate([mean, np.zeros((2, 2), "float32")], axis=1)
    normal = np.asarray(exercises.normal_loss_solution(code, guess))
    np.testing.assert_allclose(normal, np.array([0.625, 0.0]) + math.log(2 * math.pi), rtol=1e-5)
    uniform = np.random.default_rng(0).uniform(-1, 1, (100_000, 2)).astype("float32")
    assert float(ops.mean(infogan.code_loss(uniform, 0 * uniform))) == pytest.approx(1 / 3, abs=0.01)  # exercise 2


def test_latent_points_are_uniform_noise_a_category_and_uniform_codes():
    z, category, code = (np.asarray(part) for part in build(LESSON).latent_inputs(5000))
    assert set(category) == set(range(10)) and np.bincount(category).min() > 400
    for values, width in ((z, 62), (code, 2)):
        assert values.shape == (5000, width) and abs(values.mean()) < 0.03
        assert -1 <= values.min() < -0.99 and 0.99 < values.max() <= 1


def test_a_generator_of_categories_is_asked_by_number():
    generator = build(LESSON).generator
    assert not sampling.is_conditional(generator)
    assert sampling.num_labels(generator) == 10
    assert sampling.label_names(generator, ["zero"])[3] == "category 3"
    images = sampling.draw(generator, [0, 0, 5], z=np.ones((3, 62), "float32"), codes=np.zeros((3, 2), "float32"))
    assert images.shape == (3, 28, 28, 1)
    np.testing.assert_array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_pixels_are_between_minus_1_and_1():
    generator = infogan.define_generator((8, 12, 3))
    inputs = [np.ones((2, 62)), np.array([0, 9]), np.ones((2, 2))]
    for sign in (100, -100):
        last = next(layer for layer in reversed(generator.layers) if isinstance(layer, keras.layers.Conv2DTranspose))
        last.bias.assign(np.full(3, sign))
        images = generator.predict(inputs, verbose=0)
        assert images.shape == (2, 8, 12, 3)
        np.testing.assert_allclose(images, np.sign(sign), atol=1e-5)


def test_codes_that_move_slant_are_found_to():
    """A generator that makes a bar, sheared by its second code and widened by its first."""

    class Bars:
        inputs, takes = build(LESSON).generator.inputs, infogan.LATENT

        def predict(self, inputs, **_):
            code = inputs[2]
            rows, columns = np.mgrid[:28, :28]
            place = 14 + (14 - rows) * code[:, 1, None, None] * 0.5
            inside = np.abs(columns - place) <= 3 + code[:, 0, None, None] * 2
            inside &= np.abs(rows - 14) < 10
            return np.where(inside, 1.0, -1.0).astype("float32")[..., None]

    r = codes.code_correlations(Bars(), 200, seed=0)
    assert list(codes.PROPERTIES) == ["slant", "digit width", "stroke width"]
    assert r[1, 0] > 0.9 and r[0, 1] > 0.9 and r[0, 2] > 0.9  # of a bar, both widths are the same thing
    assert abs(r[0, 0]) < 0.3 and abs(r[1, 1]) < 0.3 and abs(r[1, 2]) < 0.3


def test_wrong_settings_are_one_sentence():
    with pytest.raises(BookError, match="'none' is not known; choose"):
        build(LESSON, variant="none")
    with pytest.raises(BookError, match="multiples of 4, not 30 x 28; set --image-size"):
        build(LESSON, (30, 28, 1))


def test_the_book_preset_is_the_authors_program():
    book = infogan.PRESETS["book"]
    assert (book.batch_size, book.average, book.lambda_1, book.lambda_2) == (128, 0, 1, 1)
    assert 5000 <= book.epochs * 55_000 // book.batch_size <= 5200
    model = build(LESSON, learning_rate=book.learning_rate, average=book.average)
    rates = [float(player.optimizer.learning_rate) for player in (model.discriminator, model.gan)]
    assert rates == [pytest.approx(2e-4), pytest.approx(1e-3)] and model.gan.optimizer.beta_1 == 0.5
    assert model.reader is model.d_and_q and model.sampler is model.generator


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert set(scores) >= {"code_accuracy", "nmi", "ari", "information", "slant", "digit_width", "stroke_width"}
    assert 0.1 <= scores["code_accuracy"] <= 1 and scores["information"] <= math.log(10)
    assert sorted(measured["details"]["digit_of_category"].values()) == list(range(10))
    assert "label_accuracy" not in scores and len(measured["details"]["seen_per_class"]) == 10
    header = run.log.read_text().splitlines()[0]
    assert "g_category_mutual_information" in header and "d_category_loss" in header
    assert run.network("reader").exists() and (run.folder / "samples.png").exists()
