"""Chapter 7: sizes, who moves in each turn and variant, the bound, and what is measured of the codes."""

import math

import keras
import numpy as np
import pytest

from chapters.ch07_infogan import infogan
from gan_book import sampling
from gan_book.errors import BookError
from tests.chapters.common import build, ends_alike, moves, names, noise

LESSON = infogan.LESSON


def test_the_papers_networks_have_the_sizes_of_table_1():
    # Convolutions 1 to 64 and 64 to 128, dense 6272 to 1024; normalization has 4 numbers a unit.
    trunk = (16 * 64 + 64) + 16 * 64 * 128 + 4 * 128 + 6272 * 1024 + 4 * 1024
    heads = (1024 + 1) + (1024 * 128 + 4 * 128) + (128 * 10 + 10) + (128 * 4 + 4)
    assert infogan.define_paper_discriminator().count_params() == trunk + heads
    # 74 to 1024 to 7 x 7 x 128 to 64 maps to the image; the identity matrix of the one-hot category is not learned.
    generator = 74 * 1024 + 4 * 1024 + 1024 * 6272 + 4 * 6272 + 16 * 128 * 64 + 4 * 64 + (16 * 64 + 1) + 100
    assert infogan.define_paper_generator().count_params() == generator


def test_the_answer_to_exercise_5():
    discriminator = infogan.define_discriminator(width=32)
    own = sum(discriminator.get_layer(name).count_params() for name in infogan.Q_HEAD)
    validity = discriminator.get_layer("validity").count_params()
    assert (discriminator.count_params() - own - validity, own) == (164_960, 264_206)


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("network", ["dcgan", "paper"])
@pytest.mark.parametrize("variant", infogan.VARIANTS)
def test_who_moves(variant, network, size, snapshot, moved):
    model = build(LESSON, variant=variant, network=network)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    d, g = (names(network) for network in (model.discriminator, model.generator))
    head = names(model.discriminator, infogan.Q_HEAD)
    assert head < d
    codes = names(model.discriminator, ["code"])
    # Of real images only Q's category is told something, and not in the books' way.
    assert seen["d_real"] == (d - head if variant == "head" else d - codes)
    assert seen["d_fake"] == (d - head if variant == "head" else d)
    assert seen["g"] == (g | head if variant == "head" else g)


def test_without_its_information_real_images_teach_q_nothing(snapshot, moved):
    model, data = build(LESSON, lambda_real=0.0), noise(n=20)
    assert set(model.discriminator.output) == {"validity", "category", "code"}
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen["d_real"] == names(model.discriminator) - names(model.discriminator, infogan.Q_HEAD)


def test_the_information_on_real_images_is_the_entropy_for_a_perfect_reader_and_zero_for_a_guess():
    which = np.arange(40) % 10
    sure = 50 * np.eye(10, dtype="float32")[which]
    np.testing.assert_allclose(
        infogan.real_surprise(None, np.concatenate([sure, sure])), [-math.log(10)] * 80, rtol=1e-4
    )
    np.testing.assert_allclose(infogan.real_surprise(None, np.zeros((80, 10), "float32")), 0, atol=1e-5)
    always_one = 50 * np.eye(10, dtype="float32")[np.zeros(80, int)]
    np.testing.assert_allclose(infogan.real_surprise(None, always_one), 0, atol=1e-5)
    np.testing.assert_allclose(
        infogan.real_surprise(None, np.zeros((5, 10), "float32")), 0, atol=1e-5
    )  # odd, not asked
    disagreeing = np.concatenate([sure, np.roll(sure, 1, axis=0)])
    assert np.asarray(infogan.real_surprise(None, disagreeing)).mean() > 10


def test_the_reader_is_the_moving_average():
    model, data = build(LESSON), noise(n=20)
    model.compile()
    before = model.discriminator.get_weights()
    model.train_on_batch(data.images, data.labels)
    m = 2 / 11  # the momentum after the first step
    for was, now, average in zip(before, model.discriminator.get_weights(), model.reader.get_weights(), strict=True):
        if now.dtype == np.float32:
            np.testing.assert_allclose(average, m * was + (1 - m) * now, atol=1e-5)


def test_labels_are_not_looked_at():
    """The same images with other labels give the same weights."""
    assert ends_alike(LESSON, "generator")


def test_the_bound_is_zero_for_a_guess_and_the_entropy_for_certainty():
    category = np.array([3, 7])
    guess = infogan.mutual_information(category, keras.ops.zeros((2, 10)))
    np.testing.assert_allclose(guess, [0, 0], atol=1e-6)
    certain = infogan.mutual_information(category, keras.ops.one_hot(category, 10) * 100)
    np.testing.assert_allclose(certain, [math.log(10)] * 2, rtol=1e-6)
    wrong = infogan.mutual_information(category, keras.ops.one_hot(category + 1, 10) * 100)
    assert np.all(np.asarray(wrong) < -90)


def test_the_surprise_of_codes_is_that_of_a_normal_distribution():
    rng = np.random.default_rng(0)
    code, mean, log_sigma = (rng.uniform(-1, 1, (5, 2)).astype("float32") for _ in range(3))
    surprise = infogan.code_surprise(code, np.concatenate([mean, log_sigma], axis=1))
    density = np.exp(-(((code - mean) / np.exp(log_sigma)) ** 2) / 2) / np.exp(log_sigma) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(surprise, -np.log(density).sum(axis=1), rtol=1e-5)


def test_latent_points_have_the_papers_distribution():
    z, category, code = (np.asarray(part) for part in build(LESSON).latent_points(5000))
    assert z.shape == (5000, 62) and abs(z.mean()) < 0.01 and abs(z.std() - 1) < 0.01
    assert set(category) == set(range(10)) and np.bincount(category).min() > 400
    assert code.shape == (5000, 2) and code.min() < -0.99 and code.max() > 0.99 and abs(code.mean()) < 0.03


def test_a_generator_of_categories_is_asked_by_number():
    generator = build(LESSON).generator
    assert not sampling.is_conditional(generator)
    assert sampling.num_labels(generator) == 10
    assert sampling.label_names(generator, ["zero"])[3] == "category 3"
    images = sampling.draw(generator, [0, 0, 5], z=np.ones((3, 62), "float32"), codes=np.zeros((3, 2), "float32"))
    assert images.shape == (3, 28, 28, 1)
    np.testing.assert_array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_codes_that_move_slant_are_found_to():
    """A generator that draws a bar, sheared by its second code and widened by its first."""

    class Bars:
        inputs = build(LESSON).generator.inputs

        def predict(self, inputs, **_):
            code = inputs[2]
            rows, columns = np.mgrid[:28, :28]
            place = 14 + (14 - rows) * code[:, 1, None, None] * 0.5
            inside = np.abs(columns - place) <= 3 + code[:, 0, None, None] * 2
            inside &= np.abs(rows - 14) < 10
            return np.where(inside, 1.0, -1.0).astype("float32")[..., None]

    r = infogan.code_correlations(Bars(), 200, seed=0)
    assert r[1, 0] > 0.9 and r[0, 1] > 0.9
    assert abs(r[0, 0]) < 0.3 and abs(r[1, 1]) < 0.3


@pytest.mark.parametrize("changes", [{"variant": "none"}, {"network": "none"}], ids=str)
def test_unknown_choices(changes):
    with pytest.raises(BookError, match="'none' is not known; choose"):
        build(LESSON, **changes)


def test_the_papers_networks_say_which_images_they_cannot_draw():
    with pytest.raises(BookError, match="multiples of 4, not 30"):
        build(LESSON, (30, 30, 1), network="paper")


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["own"]}
    assert set(scores) == {"code_accuracy", "nmi", "ari", "information", "slant", "stroke"}
    assert 0.1 <= scores["code_accuracy"] <= 1 and scores["information"] <= math.log(10)
    assert sorted(measured["details"]["digit_of_category"].values()) == list(range(10))
    assert "label_accuracy" not in measured and len(measured["seen_per_class"]) == 10
    header = run.log.read_text().splitlines()[0]
    assert "g_category_mutual_information" in header and "d_fake_category_loss" in header
    assert run.network("reader").exists() and (run.folder / "samples.png").exists()
