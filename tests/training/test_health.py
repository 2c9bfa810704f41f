import gzip
import json
import math
from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops

from chapters.ch01_autoencoder import autoencoder
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.paths import DATA
from gan_book.training import health
from gan_book.training.detectors import (
    Advice,
    CollapseDetector,
    ConvergenceDetector,
    CoverageDetector,
    LabelDetector,
    SaturationDetector,
    TrainingFailure,
    check_finite,
    class_diversity,
    require_finite,
)
from gan_book.training.health import HealthMonitor, Watched
from gan_book.training.train import train as train_lesson

NAMES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")
Z = 16
BATCH = 32


@pytest.fixture(scope="module")
def fashion():
    """The first 5,000 test images of Fashion-MNIST and their labels."""
    folder = DATA / "fashion_mnist"
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(16 + 5000 * 784), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + 5000), np.uint8, offset=8).astype("int32")
    return images, labels


def first_of_each(labels, count, skip=0):
    return np.concatenate([np.flatnonzero(labels == label)[skip : skip + count] for label in range(10)])


# The detectors alone


def test_finite_values_pass_and_others_are_named():
    assert check_finite({"d_loss": 0.5, "g_loss": 3e38}) is None
    finding = check_finite({"d_loss": 0.5, "g_loss": math.inf, "g_accuracy": math.nan})
    assert finding.kind == "not finite"
    assert "g_loss = inf" in finding.sentence and "g_accuracy = nan" in finding.sentence
    assert "d_loss" not in finding.sentence


def feed_losses(detector, losses, read_every=10):
    """Feed per-step losses of one epoch as running means; returns the step of the first finding, or None."""
    detector.windows.begin_epoch()
    for step in range(read_every, len(losses) + 1, read_every):
        if detector.update(step, {"d_loss": float(np.mean(losses[:step]))}):
            return step
    return None


def test_loss_near_zero_is_found_after_three_windows_though_the_running_mean_is_still_high():
    losses = np.concatenate([np.full(500, 0.7), np.full(300, 0.001)])
    assert feed_losses(ConvergenceDetector(), losses) == 650


def test_windows_go_on_over_the_end_of_an_epoch():
    detector = ConvergenceDetector()
    found = [feed_losses(detector, np.full(40, 0.001)) is not None for _ in range(4)]
    assert found == [False, False, False, True]


def test_a_loss_that_recovers_is_no_failure():
    losses = np.tile(np.concatenate([np.full(100, 0.001), np.full(50, 0.6)]), 6)
    assert feed_losses(ConvergenceDetector(), losses) is None


def test_large_opposite_critic_losses_are_not_near_zero():
    detector = ConvergenceDetector()
    assert not any(detector.update(step, {"d_real_loss": -9.0, "d_fake_loss": 9.0}) for step in range(10, 1000, 10))


def test_a_small_wasserstein_loss_is_no_victory_of_the_critic():
    """Its parts are of opposite sign, and with clipped weights they stay small in a healthy training."""
    detector = ConvergenceDetector()
    small = {"critic_real_loss": -0.01, "critic_fake_loss": 0.008}
    assert not any(detector.update(step, small) for step in range(10, 1000, 10))


@dataclass(frozen=True)
class Rates:
    batch_size: int = 64
    learning_rate: float = 2e-4
    generator_learning_rate: float = 1e-3


@dataclass(frozen=True)
class OneRate:
    learning_rate: float = 2e-4


def test_advice_names_the_settings_that_are_there():
    advice = Advice(Rates())
    assert "--set generator_learning_rate=0.0005" in advice.slower("generator")
    assert "--set learning_rate=0.0001" in advice.slower("discriminator")
    assert "generator" not in advice.slower("discriminator")
    assert "--batch-size 128" in advice.larger_batch()
    assert "--set learning_rate=0.0001 for both networks" in Advice(OneRate()).slower("generator")
    assert "--" not in Advice().slower("generator") + Advice().larger_batch()


def test_diversity_is_the_mean_distance_between_pairs():
    images = np.array([0, 30, 90, 7], np.uint8).reshape(4, 1, 1, 1) * np.ones((1, 2, 2, 1), np.uint8)
    diversity = class_diversity(images, np.array([0, 0, 0, 1]), 3)
    assert diversity[0] == pytest.approx((30 + 60 + 90) / 3)
    assert np.isnan(diversity[1:]).all()


@pytest.mark.parametrize("per_class", [10, 16])
def test_other_real_images_are_diverse_and_not_saturated(fashion, per_class):
    images, labels = fashion
    collapse = CollapseDetector(images[:2000], labels[:2000], NAMES)
    saturation = SaturationDetector(images[:2000])
    for skip in range(200, 200 + 6 * per_class, per_class):
        chosen = first_of_each(labels, per_class, skip)
        assert collapse.update(images[chosen], labels[chosen]) is None
        assert saturation.update(images[chosen]) is None
        ratio = class_diversity(images[chosen], labels[chosen], 10) / collapse.real
        assert ratio.min() > 0.6, "real images should be far above the limit of 0.25"


def test_collapse_needs_a_quarter_of_the_classes_and_two_checks(fashion):
    images, labels = fashion
    chosen = first_of_each(labels, 10, 200)
    few, many = images[chosen].copy(), images[chosen].copy()
    few[:20] = few[:1]  # 2 of 10 classes
    many[:30] = many[:1]  # 3 of 10 classes
    detector = CollapseDetector(images, labels, NAMES)
    assert [detector.update(drawn, labels[chosen]) for drawn in (few, few, many, few, many)] == [None] * 5
    finding = detector.update(many, labels[chosen])
    assert finding.kind == "mode collapse"
    assert "3 of 10 classes" in finding.sentence and "T-shirt 0%" in finding.sentence


def twice(detector, *arguments, looks=2):
    """What a detector says at the second look, or a later one, where it said nothing before."""
    assert [detector.update(*arguments) for _ in range(looks - 1)] == [None] * (looks - 1)
    return detector.update(*arguments)


def test_labels_that_are_ignored_and_one_kind_of_picture_for_all_are_seen(fashion):
    images, labels = fashion
    asked = np.repeat(np.arange(10), 16)

    def detector():
        return LabelDetector(images[:2000], labels[:2000], NAMES, np.arange(10))

    for skip in range(200, 300, 16):
        assert twice(detector(), images[first_of_each(labels, 16, skip)], asked, looks=3) is None
    shuffled = np.random.default_rng(0).permutation(images[first_of_each(labels, 16, 200)])
    trousers = images[np.flatnonzero(labels == 1)[200:360]]
    for wrong in (shuffled, trousers):  # of the latter, all that is left is chance
        assert twice(detector(), wrong, asked, looks=3).kind == "labels ignored"
    pale = 128 + images[first_of_each(labels, 16, 200)] // 2
    assert twice(detector(), pale, asked, looks=3) is None, "what all classes have in common is no matter"


def test_images_of_one_class_alone_are_few_clusters(fashion):
    images, labels = fashion
    detector = CoverageDetector(images[:2000], 160)
    assert twice(detector, images[3000:3160]) is None
    assert twice(detector, images[np.flatnonzero(labels == 1)[:160]]).kind == "mode collapse"
    assert CoverageDetector(images[:2000], 64).update(images[:64]) is None, "too few to say"


def test_images_between_grey_and_white_are_too_light(fashion):
    """What a generator learns of real images that were scaled to 0..1."""
    images, _ = fashion
    finding = twice(SaturationDetector(images), 128 + images[:100] // 2)
    assert finding.kind == "wrong brightness" and "scaled to -1..1" in finding.advice


def test_still_images_are_found_and_slowly_moving_ones_are_not(fashion):
    images, _ = fashion
    drawn = images[:100]
    moving = drawn.copy()
    moving[::2, 14, :] ^= 1  # one level in 1 of 56 pixels
    detector = SaturationDetector(images)
    assert [detector.update(each) for each in (drawn, moving, drawn, moving, moving)] == [None] * 5
    assert "stand still" in detector.update(moving).sentence


# Real trainings


class TinyGAN(AdversarialModel):
    """A conditional MLP GAN; the label is handed to both networks as a one-hot vector."""

    def __init__(self, g_rate=1e-3, d_rate=1e-3, uses_z=True, normalized=True, gain=1.0, trains_g=True, turn="d"):
        super().__init__(seed=1)
        self.trains_g, self.turn = trains_g, turn
        code = keras.Input((Z + 10,))
        x = code if uses_z else layers.Lambda(lambda c: c[:, Z:], output_shape=(10,))(code)
        x = layers.Dense(128)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x) if normalized else x)
        x = layers.Lambda(lambda t: t * gain)(layers.Dense(784)(x))
        self.generator = keras.Model(code, layers.Activation("tanh")(x))
        image, label = keras.Input((784,)), keras.Input((10,))
        y = layers.LeakyReLU(0.2)(layers.Dense(128)(layers.Concatenate()([image, label])))
        self.discriminator = keras.Model([image, label], layers.Dense(1)(y))
        self.gan = Composite(
            [code, label], self.discriminator([self.generator(code), label]), frozen=[self.discriminator]
        )
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        self.discriminator.compile(keras.optimizers.Adam(d_rate, 0.5), loss)
        self.gan.compile(keras.optimizers.Adam(g_rate, 0.5), loss)

    @property
    def discriminators(self):
        return (self.discriminator,)

    @property
    def watched_losses(self):
        return [f"{self.turn}_real_loss", f"{self.turn}_fake_loss"]

    def turns(self, images, labels):
        real = ops.reshape(ops.cast(images, "float32"), (-1, 784)) / 127.5 - 1
        label = ops.one_hot(labels, 10)
        code = ops.concatenate([keras.random.normal((BATCH, Z), seed=self.rng), label], axis=1)
        yes, no = ops.ones((BATCH, 1)), ops.zeros((BATCH, 1))
        yield f"{self.turn}_real", self.discriminator, (real, label), yes
        yield f"{self.turn}_fake", self.discriminator, (self.generator(code, training=True), label), no
        if self.trains_g:
            yield "g", self.gan, (code, label), yes


def train(fashion, steps, on_failure="warn", **kwargs):
    """A training of `steps` steps in two epochs; returns its monitor."""
    keras.utils.set_random_seed(3)
    images, labels = fashion
    model = TinyGAN(**kwargs)
    model.compile()
    draw_labels = np.repeat(np.arange(10), 10)
    z = np.random.default_rng(0).normal(size=(100, Z))
    code = np.concatenate([z, np.eye(10)[draw_labels]], axis=1).astype("float32")

    def draw():
        drawn = ops.convert_to_numpy(model.generator(code, training=False)).reshape(-1, 28, 28, 1)
        return np.round((drawn + 1) * 127.5).astype(np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "LOOK_EVERY", 50)
        patch.setattr(health, "FIRST_LOOK", (200, 200))  # two looks: so young, labels are ignored by all
        return fitted(
            model, HealthMonitor([Watched(draw, draw_labels, images, labels, NAMES)], on_failure), images, labels, steps
        )


def fitted(model, monitor, images, labels, steps):
    n = steps // 2 * BATCH
    model.fit(images[:n], labels[:n], batch_size=BATCH, epochs=2, verbose=0, callbacks=[monitor])
    return monitor


def kinds(monitor):
    return [finding.kind for finding in monitor.findings]


@pytest.mark.slow
def test_a_healthy_training_is_left_in_peace(fashion, capsys):
    monitor = train(fashion, 256)
    assert monitor.step == 256
    assert monitor.findings == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("on_failure", ["warn", "stop", "restart"])
@pytest.mark.parametrize("steps, at", [(60, 10), (8, 4)], ids=["at a reading", "at the end of a short epoch"])
def test_an_exploding_training_ends_as_not_finite(fashion, steps, at, on_failure):
    with pytest.raises(TrainingFailure, match=f"at step {at} ") as caught:
        train(fashion, steps, on_failure=on_failure, d_rate=1e30)
    assert caught.value.finding.kind == "not finite"


@pytest.mark.slow
def test_a_discriminator_that_always_wins_is_a_convergence_failure(fashion):
    assert "convergence failure" in kinds(train(fashion, 240, d_rate=5e-3, trains_g=False))


@pytest.mark.slow
@pytest.mark.parametrize("turn, found", [("critic", True), ("decoder", True)])
def test_whose_losses_are_watched_is_said_and_not_spelled(fashion, turn, found):
    assert ("convergence failure" in kinds(train(fashion, 240, d_rate=5e-3, trains_g=False, turn=turn))) == found


@pytest.mark.slow
def test_a_model_that_names_no_loss_is_told_so_once(fashion, capsys, monkeypatch):
    monkeypatch.setattr(TinyGAN, "watched_losses", [])
    monitor = train(fashion, 240, d_rate=5e-3, trains_g=False)
    assert "convergence failure" not in kinds(monitor)
    assert capsys.readouterr().out.count("loss of a discriminator is watched") == 1


@pytest.mark.slow
def test_a_model_without_an_adversary_is_told_nothing(tmp_path, capsys):
    settings = autoencoder.LESSON.settings("smoke", epochs=1, limit=1_600)  # 50 steps: the first look at losses
    train_lesson(autoencoder.LESSON, settings, "smoke", out=tmp_path / "run")
    assert "loss of a discriminator" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_discriminator_that_does_not_train_is_found(fashion):
    monitor = train(fashion, 256, d_rate=0.0)
    assert "discriminator learns nothing" in kinds(monitor)


def test_weights_that_are_not_finite_end_the_training_before_anything_is_saved(fashion):
    model = TinyGAN()
    require_finite(model, 3)
    kernel = model.generator.trainable_weights[0]
    kernel.assign(np.full(kernel.shape, np.inf))
    with pytest.raises(TrainingFailure, match=r"step 3 .*functional"):
        require_finite(model, 3)


def test_a_generator_that_ignores_its_noise_has_collapsed(fashion):
    monitor = train(fashion, 256, uses_z=False)
    assert kinds(monitor) == ["mode collapse"]
    assert "10 of 10 classes" in monitor.findings[0].sentence


@pytest.mark.slow
def test_a_generator_that_does_not_train_stands_still(fashion):
    monitor = train(fashion, 310, g_rate=0.0, d_rate=1e-4, normalized=False)
    assert any("stand still" in finding.sentence for finding in monitor.findings)


@pytest.mark.slow
def test_a_generator_driven_to_the_ends_of_the_tanh_is_saturated(fashion):
    monitor = train(fashion, 256, gain=500.0)
    assert "pinned" in next(each.sentence for each in monitor.findings if each.kind == "generator saturation")


@pytest.mark.slow
@pytest.mark.parametrize("on_failure", ["stop", "restart"])
def test_stop_and_restart_end_fit_with_the_finding(fashion, on_failure):
    with pytest.raises(TrainingFailure) as caught:
        train(fashion, 240, on_failure=on_failure, d_rate=5e-3, trains_g=False)
    assert caught.value.finding.kind == "convergence failure"


# Resuming


def drive(monitor, steps, stop=None, start=0, epoch_steps=70):
    """Run the monitor through steps start..stop of a training whose loss falls to 0 at step 100."""
    losses = np.where(np.arange(steps) < 100, 0.7, 0.001)
    for step in range(start, stop or steps):
        epoch, batch = divmod(step, epoch_steps)
        if batch == 0 or step == start:
            monitor.on_epoch_begin(epoch)
        # A training that goes on in the middle of an epoch counts its batches from 0 again.
        shown = batch if epoch > start // epoch_steps else batch - start % epoch_steps
        monitor.on_train_batch_begin(shown)
        logs = {"d_real_loss": float(np.mean(losses[epoch * epoch_steps : step + 1])), "g_loss": 5.0}
        monitor.on_train_batch_end(shown, logs)
        if batch == epoch_steps - 1:
            monitor.on_epoch_end(epoch, logs)


def quiet_monitor(watched=("d_real_loss",)):
    images = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), dtype=np.uint8)
    labels = np.zeros(8, int)
    monitor = HealthMonitor([Watched(lambda: images, labels, images, labels, ["all"])])
    monitor.set_model(SimpleNamespace(watched_losses=list(watched), discriminators=("D",), layers=[]))
    return monitor


@pytest.mark.parametrize("stop", [63, 70, 133, 140, 209, 255, 279])
def test_a_restored_monitor_finds_the_same_at_the_same_step(stop):
    whole, first, second = quiet_monitor(), quiet_monitor(), quiet_monitor()
    drive(whole, 300)
    assert kinds(whole) == ["convergence failure"]
    drive(first, 300, stop=stop)
    second.restore(json.loads(json.dumps(first.state())))
    drive(second, 300, start=stop)
    assert second.findings == whole.findings
    assert second.state() == whole.state()


def test_of_two_discriminators_one_that_wins_is_seen():
    names = ["D_Y_real_loss", "D_Y_fake_loss", "D_X_real_loss", "D_X_fake_loss"]
    monitor = quiet_monitor(names)
    monitor.model.discriminators = ("D_Y", "D_X")
    monitor.on_epoch_begin(0)
    for step in range(300):
        monitor.on_train_batch_begin(step)
        monitor.on_train_batch_end(step, dict(zip(names, (0.7, 0.7, 0.001, 0.001), strict=True)))
    assert kinds(monitor) == ["convergence failure"]


@pytest.mark.parametrize("steps, first", [(100, 400), (1500, 500), (30_000, 1000)])
def test_the_first_look_fits_the_length_of_the_training(steps, first):
    monitor = HealthMonitor([], steps=steps)
    assert monitor.first_look == first


def test_a_training_too_short_to_be_judged_is_said_to_be_one():
    monitor = quiet_monitor()
    monitor.steps = monitor.step = 250
    assert "600 steps" in monitor.not_judged and "had 250" in monitor.not_judged
    monitor.looks = 2
    assert monitor.not_judged is None


@pytest.mark.parametrize("damage", [{"looks": None}, {"convergence": 5}, {"pictures": []}, {"findings": [[]]}])
def test_a_forged_state_is_refused(damage):
    state = {**quiet_monitor().state(), **damage}
    with pytest.raises((KeyError, TypeError, ValueError)):
        quiet_monitor().restore(state)


def test_labels_are_judged_in_the_second_half_of_a_training_only(fashion):
    images, labels = fashion
    shuffled = np.random.default_rng(0).permutation(images[first_of_each(labels, 16, 200)])
    drawn = iter(shuffled[None] ^ np.arange(10, dtype=np.uint8)[:, None, None, None, None])  # they do not stand still
    watched = Watched(lambda: next(drawn), np.repeat(np.arange(10), 16), images, labels, NAMES)
    monitor = HealthMonitor([watched], steps=1400)
    monitor.set_model(SimpleNamespace(discriminators=(), watched_losses=[]))
    for step, found in ((400, []), (500, []), (600, []), (800, []), (1000, []), (1200, ["labels ignored"])):
        monitor.step = step
        monitor._look()
        assert kinds(monitor) == found
