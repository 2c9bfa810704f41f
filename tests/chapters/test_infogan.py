"""Chapter 7: sizes, who moves in each turn and variant, the bound, and what is measured of the codes."""

import math

import keras
import numpy as np
import pytest
from scipy.special import softmax

from chapters.ch07_infogan import infogan
from gan_book import sampling
from gan_book.errors import BookError
from gan_book.training import runs
from tests.chapters.common import build, check_information, ends_alike, moves, names, noise

LESSON = infogan.LESSON


def test_the_papers_networks_have_the_sizes_of_table_1():
    # Convolutions 1 to 64 and 64 to 128, dense 6272 to 1024; normalization has 4 numbers a unit.
    trunk = (16 * 64 + 64) + 16 * 64 * 128 + 4 * 128 + 6272 * 1024 + 4 * 1024
    heads = (1024 + 1) + (1024 * 128 + 4 * 128) + (128 * 10 + 10) + (128 * 4 + 4)
    assert infogan.define_paper_student().count_params() == trunk + heads
    # 74 to 1024 to 7 x 7 x 128 to 64 maps to the image; the identity matrix of the one-hot category is not learned.
    generator = 74 * 1024 + 4 * 1024 + 1024 * 6272 + 4 * 6272 + 16 * 128 * 64 + 4 * 64 + (16 * 64 + 1) + 100
    assert infogan.define_paper_generator().count_params() == generator


def test_the_answer_to_exercise_5():
    student = infogan.define_student(width=32)
    own = sum(student.get_layer(name).count_params() for name in infogan.Q_HEAD)
    assert (student.get_layer("trunk").count_params(), own) == (164_960, 264_206)
    assert student.count_params() == 164_960 + 264_206 + student.get_layer("validity").count_params()


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("network", ["dcgan", "paper"])
@pytest.mark.parametrize("variant", infogan.VARIANTS)
def test_who_moves(variant, network, size, snapshot, moved):
    model = build(LESSON, variant=variant, network=network)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("generator", "student"))
    every, d, head, category, code = (
        names(model.student, parts) for parts in (None, ["trunk", "validity"], infogan.Q_HEAD, ["category"], ["code"])
    )
    assert every == d | head and category | code < head
    g = names(model.generator)
    assert seen["d"] == (d if variant == "head" else every)
    assert seen["g"] == (g | head if variant == "head" else g)


@pytest.mark.parametrize("augment", [0.0, 1.0])
def test_codes_are_read_off_the_image_as_it_is_and_categories_off_a_transformed_one(augment):
    student = infogan.define_student(width=8, augment=augment)
    images = np.random.default_rng(0).uniform(-1, 1, (6, 28, 28, 1)).astype("float32")
    plain, first, second = (student(images, training=training) for training in (False, True, True))
    np.testing.assert_allclose(first["code"], plain["code"], atol=1e-5)
    for name in ("validity", "category"):
        change = np.abs(np.asarray(first[name]) - np.asarray(second[name])).max()
        assert change > 1e-4 if augment else change < 1e-6, name


@pytest.mark.parametrize(
    ("informed", "lambda_real", "asked"),
    [
        (True, 1.0, {"real", "fake", "category", "code", "views"}),
        (True, 0.0, {"real", "fake", "category", "code"}),
        (False, 1.0, {"real", "fake"}),
    ],
)
def test_what_the_discriminator_is_asked(informed, lambda_real, asked):
    student = infogan.define_student(width=8, augment=0.0)
    discriminator = infogan.define_discriminator(student, informed=informed, lambda_real=lambda_real)
    real, drawn = (np.random.default_rng(i).uniform(-1, 1, (5, 28, 28, 1)).astype("float32") for i in range(2))
    answers, of_real, of_drawn = discriminator([real, drawn]), student(real), student(drawn)
    assert set(answers) == asked
    views = 2 if "views" in asked else 1
    np.testing.assert_allclose(answers["real"], np.tile(of_real["validity"], (views, 1)), atol=1e-5)
    np.testing.assert_allclose(answers["fake"], of_drawn["validity"], atol=1e-5)
    if informed:
        np.testing.assert_allclose(answers["category"], of_drawn["category"], atol=1e-5)
        np.testing.assert_allclose(answers["code"], of_drawn["code"], atol=1e-5)
    if views == 2:
        np.testing.assert_allclose(answers["views"], np.tile(of_real["category"], (2, 1)), atol=1e-5)


def test_the_information_on_real_images_is_the_entropy_for_a_perfect_reader_and_zero_for_a_guess():
    check_information(infogan.real_surprise)
    logits = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    q = softmax(logits.astype("float64"), axis=1)
    joint = sum(np.outer(a, b) + np.outer(b, a) for a, b in zip(q[:3], q[3:], strict=True)) / 6
    marginal = joint.sum(axis=1)
    of_joint, of_one = (-(p * np.log(p)).sum() for p in (joint, marginal))
    np.testing.assert_allclose(infogan.real_surprise(None, logits), [of_joint - 2 * of_one] * 6, rtol=1e-4)


def test_the_reader_is_the_moving_average():
    model, data = build(LESSON), noise(n=20)
    model.compile()
    before = model.student.get_weights()
    model.train_on_batch(data.images, data.labels)
    m = 2 / 11  # the momentum after the first step
    for was, now, average in zip(before, model.student.get_weights(), model.reader.get_weights(), strict=True):
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


def test_latent_points_are_normal_noise_a_category_and_uniform_codes():
    z, category, code = (np.asarray(part) for part in build(LESSON).latent_inputs(5000))
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
        inputs, takes = build(LESSON).generator.inputs, infogan.LATENT

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
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert set(scores) >= {"code_accuracy", "nmi", "ari", "information", "real_information", "slant", "stroke"}
    assert 0.1 <= scores["code_accuracy"] <= 1 and scores["information"] <= math.log(10)
    assert sorted(measured["details"]["digit_of_category"].values()) == list(range(10))
    assert "label_accuracy" not in scores and len(measured["details"]["seen_per_class"]) == 10
    header = run.log.read_text().splitlines()[0]
    assert "g_category_mutual_information" in header and "d_views_loss" in header
    assert run.network("reader").exists() and (run.folder / "samples.png").exists()


def test_the_information_at_the_end_is_that_of_the_last_tenth_of_the_log(tmp_path):
    run = runs.Run(tmp_path)
    assert infogan.final_information(run) is None, "no log"
    rows = [f"{10 * i},{-1.0 if i > 18 else 5.0}" for i in range(1, 21)]
    run.step_log.write_text("\n".join(["step,d_views_loss", *rows]) + "\n")
    assert infogan.final_information(run) == 1.0
