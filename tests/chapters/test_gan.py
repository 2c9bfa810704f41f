"""The networks of chapter 2, who moves in each of its turns, what it counts, and its formulas."""

import math

import keras
import numpy as np
import pytest

import gan_book as gb
from chapters.ch02_gan import digits, exercises, gan, paper, pictures, toys
from chapters.ch02_gan.dirac import dirac_matrix, dirac_path
from chapters.ch02_gan.mixtures import GRID, RING, Mixture, count_modes
from gan_book import losses
from gan_book.errors import BookError
from gan_book.sampling import draw
from tests.chapters.common import build, moves, names, noise
from tools import results

NETWORKS = ["dense", "paper"]


def small(**changes):
    return build(gan.LESSON, latent_dim=8, width=4, average=0.0, **changes)


def test_the_papers_networks_have_the_sizes_of_its_program():
    model = build(gan.LESSON, network="paper", latent_dim=100)
    generator = (100 * 1200 + 1200) + (1200 * 1200 + 1200) + (1200 * 784 + 784)
    assert model.generator.count_params() == generator == 2_503_984
    discriminator = (784 * 1200 + 1200) + (240 * 1200 + 1200) + (240 + 1)
    assert model.discriminator.count_params() == discriminator == 1_231_441


def test_the_book_preset_has_the_optimizer_of_2014():
    book = gan.PRESETS["book"]
    assert (book.network, book.latent_dim, book.batch_size, book.average) == ("paper", 100, 100, 0.0)
    optimizer = paper.sgd()
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert (optimizer.momentum, optimizer.final_momentum, optimizer.rise_steps) == (0.5, 0.7, 125_000)


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("network", NETWORKS)
def test_each_turn_moves_its_network_and_no_other(network, size, snapshot, moved):
    model, data = small(network=network), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen == {"d": names(model.discriminator), "g": names(model.generator)}


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("name", toys.GANS)
def test_each_turn_of_the_toys_moves_its_network_and_no_other(name, size, snapshot, moved):
    model = toys.GANS[name](10, seed=0)
    seen = moves(model, (RING.sample(size, np.random.default_rng(0)),), snapshot, moved)
    trained = names(model.discriminator)
    if name == "relativistic":  # a difference of two logits does not depend on the last bias of D
        trained.discard((model.discriminator.name, model.discriminator.trainable_variables[-1].path))
    assert seen == {"d": trained, "g": names(model.generator)}


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 48, 3)], ids=str)
def test_images_of_any_size(shape):
    model = build(gan.LESSON, shape)
    images = draw(model.generator, np.zeros(3), seed=0)
    assert images.shape == (3, *shape) and images.dtype == np.uint8


def test_the_generator_of_the_ring_has_the_weights_of_the_answer():
    assert toys.networks("sgd")[0].count_params() == 35_458


def test_an_unknown_network_is_named():
    with pytest.raises(BookError, match="network"):
        build(gan.LESSON, network="maxout")


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_the_gradient_of_the_generator_is_measured_and_nothing_moves(name):
    generator = gan.define_generator((2,), 4, (), normalize=False)  # ten weights
    discriminator = gan.define_discriminator((2,), (8,), dropout=0)
    z = np.random.default_rng(0).standard_normal((32, 4)).astype("float32")
    before = generator.get_weights(), discriminator.get_weights()
    loss = {"minimax": losses.minimax, "non-saturating": None}[name]
    probe = gan.define_gan(generator, discriminator, keras.optimizers.SGD(1e3), loss)
    measured = gan.gradient_norm(probe, generator, z)
    for old, network in zip(before, (generator, discriminator), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, network.get_weights(), strict=True))

    def value(kernel, bias):  # of the loss, for other weights of G
        logit = np.asarray(discriminator((z @ kernel + bias).astype("float32")), "float64")
        return (-np.logaddexp(0, logit) if name == "minimax" else np.logaddexp(0, -logit)).mean()

    (kernel, bias), slopes, step = before[0], [], 1e-2
    for change in np.eye(10) * step:
        ends = [value(kernel + s * change[:8].reshape(4, 2), bias + s * change[8:]) for s in (1, -1)]
        slopes.append((ends[0] - ends[1]) / (2 * step))
    assert measured == pytest.approx(np.linalg.norm(slopes), rel=0.02)


def test_a_sure_discriminator_leaves_the_minimax_loss_no_gradient():
    generator = gan.define_generator((2,), 4, (8,), normalize=False)
    discriminator = gan.define_discriminator((2,), (8,), dropout=0)
    discriminator.trainable_variables[-1].assign([-20.0])
    z = np.random.default_rng(0).standard_normal((32, 4)).astype("float32")
    norms = [
        gan.gradient_norm(gan.define_gan(generator, discriminator, keras.optimizers.SGD(1e3), loss), generator, z)
        for loss in (losses.minimax, gan.adversarial_loss)
    ]
    assert norms[0] < 1e-5 * norms[1]


def test_modes_are_counted_strictly():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
    mixture = Mixture("four", centres, 1.0)
    near = np.repeat(centres, (60, 30, 2, 0), axis=0)
    far = np.full((8, 2), 100.0)
    found = count_modes(np.concatenate([near, far]), mixture)  # 100 points, 25 due to each mode, strictly at least 5
    assert (found["modes"], found["touched"], found["good"]) == (2, 3, 0.92)
    shares = np.array([60, 30, 2]) / 92
    assert found["kl"] == pytest.approx(np.sum(shares * np.log(4 * shares)))
    none = count_modes(far, mixture)
    assert (none["modes"], none["touched"], none["good"]) == (0, 0, 0.0) and math.isnan(none["kl"])


@pytest.mark.parametrize(("mixture", "modes"), [(RING, 8), (GRID, 25)], ids=["ring", "grid"])
def test_real_points_cover_all_modes(mixture, modes):
    points = mixture.sample(20_000, np.random.default_rng(0))
    found = count_modes(points, mixture)
    assert found["modes"] == found["touched"] == modes and found["kl"] < 0.01
    assert found["good"] == pytest.approx(1 - math.exp(-4.5), abs=0.005)  # within three deviations in the plane
    if mixture is GRID:
        assert points.var(axis=0) == pytest.approx([1, 1], abs=0.03)


@pytest.mark.parametrize("rate", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("penalty", [0.0, 0.1, 0.3])
def test_the_eigenvalues_of_the_dirac_gan_are_those_of_the_formulas(rate, penalty):
    values = np.linalg.eigvals(dirac_matrix(rate, penalty))
    assert abs(values) == pytest.approx([math.sqrt(1 - rate * penalty)] * 2, abs=1e-6)
    if not penalty:
        at_once = np.linalg.eigvals(dirac_matrix(rate, alternating=False))
        assert sorted(at_once, key=np.imag) == pytest.approx([1 - rate / 2 * 1j, 1 + rate / 2 * 1j], abs=1e-6)


@pytest.mark.parametrize("alternating", [True, False])
def test_the_path_of_the_dirac_gan_follows_its_matrix_near_the_equilibrium(alternating):
    start = np.array([1e-4, 2e-4])
    path = dirac_path(0.3, 5, penalty=0.2, alternating=alternating, start=tuple(start))
    matrix = dirac_matrix(0.3, 0.2, alternating)
    for step, place in enumerate(path):
        assert place == pytest.approx(np.linalg.matrix_power(matrix, step) @ start, abs=1e-10)


def test_the_dirac_gan_grows_stays_or_shrinks():
    def radius(**how):
        return np.linalg.norm(dirac_path(0.2, 300, **how)[-60:], axis=1).mean()

    assert radius(alternating=False) > 1.2 and 0.8 < radius() < 1.2 and radius(penalty=0.3) < 0.05


@pytest.mark.slow
def test_digits_are_counted_by_the_classifier():
    data = gb.load("mnist", limit=100)
    scores = {score.name: score.value for score in digits.measure(None, data, data.test_images[:2000], None, 0)[0]}
    assert scores["classes_found"] == 10 and scores["class_divergence"] < 0.02
    ones = data.test_images[data.test_labels == 1][:200]
    scores = {score.name: score.value for score in digits.measure(None, data, ones, None, 0)[0]}
    assert scores["classes_found"] == 1 and scores["class_divergence"] > 1.5


def test_data_without_a_classifier_have_no_scores_of_digits():
    assert digits.measure(None, noise(), None, None, 0) == ([], {})


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_jensen_shannon(exercises.jensen_shannon_solution)
    exercises.check_one_step(exercises.one_step_solution)
    for wrong in (lambda p, q: 2 * exercises.jensen_shannon_solution(p, q), lambda p, q: np.sum(p * np.log(p / q))):
        with np.errstate(all="ignore"), pytest.raises(AssertionError):
            exercises.check_jensen_shannon(wrong)

    def once(discriminator, gan, generator, x, k):
        exercises.one_step_solution(discriminator, gan, generator, x, 1)

    def without_g(discriminator, gan, generator, x, k):
        exercises.one_step_solution(discriminator, _Nothing(), generator, x, k)

    for wrong in (once, without_g):
        with pytest.raises(AssertionError):
            exercises.check_one_step(wrong)


class _Nothing:
    def train_on_batch(self, *args):
        pass


@pytest.mark.slow
def test_a_watched_fit_makes_every_step_once_and_looks_at_log_spaced_ones():
    model = toys.plain(12, seed=0)
    model.compile()
    real = RING.sample(12 * 16, np.random.default_rng(0))
    stages = pictures.watched_fit(model, real, 16, 12, frames=6)
    assert [step for step, _, _ in stages] == [0, 1, 2, 3, 6, 12]
    assert int(model.gan.optimizer.iterations) == 12
    assert all(points.shape == (500, 2) and scape.shape == (60, 60) for _, points, scape in stages)
    assert stages[-1][2].min() >= 0 and stages[-1][2].max() <= 1


@pytest.mark.slow
def test_the_toys_write_their_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(toys, "RESULTS", tmp_path)
    monkeypatch.setattr(toys, "GANS", {"plain": toys.plain})
    toys.main(seeds=2, steps=2, out=tmp_path / "out", film=False, record=True)
    shown = capsys.readouterr().out
    assert "| ring of 8 | `plain` | 2 | 2 | " in shown and "| grid of 25 | `plain` |" in shown
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    assert results.table(results.load("toys")) in shown
    with pytest.raises(BookError, match="at least 1"):
        toys.main(seeds=0)
