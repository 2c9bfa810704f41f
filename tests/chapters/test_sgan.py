"""Chapter 9: one network with two answers, which weights each update moves, and which labels are used."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import softmax

from chapters.ch09_sgan import classic, consistency, exercises, sgan
from gan_book import saving
from gan_book.errors import BookError
from gan_book.schedules import ConstantThenLinear
from tests.chapters.common import build, check_information, ends_alike, moves, names, noise, tensors

LESSON = sgan.LESSON
MODELS = {
    **{loss: (LESSON, {"loss": loss}) for loss in sgan.G_LOSSES},
    "classic": (LESSON, {"network": "classic"}),
    **{name: (consistency.LESSON, {"augmentation": name}) for name in consistency.AUGMENTATIONS},
    "consistency, matching": (consistency.LESSON, {"loss": "feature_matching"}),
}


@pytest.mark.parametrize("size", [20, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lesson, changes", MODELS.values(), ids=list(MODELS))
def test_who_moves(lesson, changes, size, snapshot, moved):
    model = build(lesson, **changes)
    data = noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved)
    assert seen["d"] == {("discriminator", weight.path) for weight in model.trained.trainable_weights}
    assert len(seen["d"]) == len(model.trained.trainable_weights)
    if changes.get("loss") == "untrained":
        assert set(seen) == {"d"}
    else:
        assert seen["g"] == names(model.generator)


@pytest.mark.parametrize("loss", sgan.G_LOSSES[:2])
def test_the_composite_trains_the_generator_alone(loss):
    model = build(LESSON, loss=loss)
    held = {id(weight) for weight in model.trained.weights}
    assert not any(id(weight) in held for weight in model.gan.trainable_weights)
    assert len(model.gan.trainable_weights) == len(model.generator.trainable_weights)


@pytest.mark.slow
def test_an_untrained_generator_stays_as_it_is():
    model, data = build(LESSON, loss="untrained"), noise(n=20)
    before = [weight.numpy() for weight in model.generator.trainable_weights]
    model.compile()
    model.train_on_batch(data.images, data.labels)
    for was, weight in zip(before, model.generator.trainable_weights, strict=True):
        np.testing.assert_array_equal(was, weight.numpy())


# The labels


@pytest.mark.slow
def test_the_labels_of_the_batch_are_not_used():
    """The same images with other labels give the same weights."""
    assert ends_alike(LESSON, "trained")


@pytest.mark.slow
def test_fit_needs_no_labels():
    model, data = build(LESSON), noise(n=20)
    model.compile()
    logs = model.fit(data.images, batch_size=10, verbose=0).history
    assert {"d_label_loss", "d_real_loss", "d_fake_loss", "d_label_accuracy", "g_loss"} <= set(logs)


def test_so_many_labels_of_each_class_chosen_by_seed():
    data = noise(n=200)
    images, labels = sgan.labelled_subset(data, 3, seed=5)
    assert list(np.bincount(labels)) == [3] * 10
    again, _ = sgan.labelled_subset(data, 3, seed=5)
    other, _ = sgan.labelled_subset(data, 3, seed=6)
    np.testing.assert_array_equal(images, again)
    assert not np.array_equal(images, other)


def test_labelled_images_keep_their_labels():
    model = build(LESSON)
    model.labelled_images = np.arange(30, dtype="uint8").reshape(30, 1, 1, 1) * np.ones((1, 28, 28, 1), "uint8")
    model.known_labels = np.arange(30, dtype="int32")
    images, labels = model.labelled_batch(200)
    levels = np.round((np.asarray(images)[:, 0, 0, 0] + 1) * 127.5)
    np.testing.assert_array_equal(levels, np.asarray(labels))
    assert set(np.asarray(labels)) == set(range(30))


@pytest.mark.slow
def test_the_classifier_trained_alone_sees_all_labels_and_nothing_else():
    """From two labels a class of a set that is easy to tell apart, it learns the rest."""
    data = noise(n=200)
    images = np.where(np.arange(28)[None, None, :, None] // 3 == data.labels[:, None, None, None], 255, 0)
    images = np.broadcast_to(images, data.images.shape).astype("uint8")
    classifier = sgan.define_classifier(width=8)
    before = classifier.get_weights()
    alone = sgan.trained_alone(classifier, images[:20], data.labels[:20], steps=80, seed=0)
    assert sgan.accuracy(alone, images, data.labels) > 0.9
    for was, now in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_noise_is_added_in_training_alone():
    x = np.zeros((200, 28, 28, 1), "float32")
    (layer,) = (each for each in sgan.define_classifier(width=4).layers if isinstance(each, keras.layers.GaussianNoise))
    assert np.std(layer(x, training=True)) == pytest.approx(0.3, rel=0.01) and not np.any(layer(x, training=False))
    classifier = sgan.define_classifier(width=4)
    first, second = (np.asarray(classifier(x[:5], training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(classifier(x[:5], training=False), classifier(x[:5], training=False))


@pytest.mark.slow
def test_the_entropy_of_unlabelled_images_is_a_loss_if_it_has_a_weight():
    logits = np.float32([[0, 0, 0, 0], [50, 0, 0, 0]])
    np.testing.assert_allclose(sgan.entropy(None, logits), [np.log(4), 0], atol=1e-6)
    images, labels = tensors(10)
    for weight in (0.0, 0.3):
        model = build(LESSON, entropy_weight=weight, noise=0.0)
        turns = {name: (network, x, y) for name, network, x, y in model.turns(images, labels)}
        network, x, targets = turns["d"]
        assert ("entropy" in targets) == ("entropy" in network.output) == (weight > 0)
    plain = sgan.define_discriminator(model.trained)
    losses = [
        float(each.test_on_batch(x, {k: v for k, v in targets.items() if k in each.output}, return_dict=True)["loss"])
        for each in (plain, network)
    ]
    expected = 0.3 * float(np.mean(sgan.entropy(None, model.trained(x[1], training=False))))
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-4)


# What D and G are asked


def test_validity_is_the_logit_of_z_over_z_plus_1():
    logits = np.random.default_rng(0).normal(size=(5, 10)).astype("float32")
    z = np.exp(logits.astype("float64")).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ops.sigmoid(sgan.validity(logits)), z / (z + 1), rtol=1e-5)


def three_kinds(n=4):
    return [np.random.default_rng(i).uniform(-1, 1, (n, 28, 28, 1)).astype("float32") for i in range(3)]


def test_each_kind_of_image_gets_its_own_answer():
    classifier = sgan.define_classifier(width=4)
    discriminator = sgan.define_discriminator(classifier)
    assert [kind.name for kind in discriminator.inputs] == ["labelled", "unlabelled", "generated"]
    labelled, unlabelled, generated = three_kinds()
    answers = discriminator([labelled, unlabelled, generated])
    np.testing.assert_allclose(answers["label"], classifier(labelled), rtol=1e-5)
    np.testing.assert_allclose(answers["real"], sgan.validity(classifier(unlabelled)), rtol=1e-5)
    np.testing.assert_allclose(answers["fake"], sgan.validity(classifier(generated)), rtol=1e-5)


def test_each_kind_of_image_has_its_own_batch_statistics():
    """In training, other unlabelled images change nothing in what D says about the labelled and generated ones."""
    discriminator = sgan.define_discriminator(sgan.define_classifier(width=4, noise=0.0))
    labelled, unlabelled, generated = three_kinds()
    first = discriminator([labelled, unlabelled, generated], training=True)
    second = discriminator([labelled, 0.5 * unlabelled, generated], training=True)
    for name in ("label", "fake"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-4, atol=1e-6)
    assert np.abs(np.asarray(first["real"]) - np.asarray(second["real"])).max() > 1e-4


@pytest.mark.parametrize(
    "lesson", [LESSON, pytest.param(consistency.LESSON, marks=pytest.mark.slow)], ids=lambda lesson: lesson.name
)
@pytest.mark.parametrize("loss", sgan.G_LOSSES)
def test_the_statistics_for_use_are_those_of_real_images(lesson, loss):
    """The first convolution has none; the moving mean of the next is the batch mean of the real images."""
    model, data = build(lesson, loss=loss, learning_rate=0.0, batch_size=20, noise=0.0), noise(n=20)
    if lesson is not LESSON:
        model.trained.layers[1].strength = 0.0  # no augmentation, so that the images are known
    model.compile(run_eagerly=True)
    model.train_on_batch(data.images)
    norm = next(layer for layer in model.trained.layers if isinstance(layer, keras.layers.BatchNormalization))
    before = keras.Model(model.trained.input, norm.input)(sgan.to_float(data.images))
    mean = np.asarray(before).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-3, atol=1e-6)


def test_the_target_of_the_generator():
    """Feature matching has the features of the real images as its target, the adversarial loss has "real"."""
    images, labels = tensors(10)
    for loss in sgan.G_LOSSES[:2]:
        model = build(LESSON, loss=loss, noise=0.0)
        targets = {name: y for name, _, _, y in model.turns(images, labels)}
        if loss == "adversarial":
            np.testing.assert_array_equal(targets["g"], np.ones((10, 1)))
        else:
            features = sgan.define_features(model.trained)(sgan.to_float(images), training=True)
            np.testing.assert_allclose(targets["g"], features, rtol=1e-4, atol=1e-5)
            logits = model.trained.get_layer("label")(features)
            trained = model.trained(sgan.to_float(images), training=True)
            np.testing.assert_allclose(logits, trained, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(targets["d"]["real"], np.ones((10, 1)))
        np.testing.assert_array_equal(targets["d"]["fake"], np.zeros((10, 1)))


# The consistency loss


def in_pairs(logits):
    """Logits ``[2n, k]``, the first views and then the second, as the loss takes them: ``[n, 2, k]``."""
    first, second = np.split(np.asarray(logits), 2)
    return np.stack([first, second], axis=1)


def test_the_consistency_loss_is_minus_ln_k_for_a_perfect_classifier_and_zero_for_a_guess():
    check_information(lambda _, logits: np.repeat(consistency.consistency(None, in_pairs(logits)), 2))
    logits = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    q = softmax(logits.astype("float64"), axis=1)
    cross = -(q[:3] * np.log(q[3:]) + q[3:] * np.log(q[:3])).sum(axis=1).mean() / 2
    entropy = -(q.mean(axis=0) * np.log(q.mean(axis=0))).sum()
    np.testing.assert_allclose(consistency.consistency(None, in_pairs(logits)), [cross - entropy] * 3, rtol=1e-5)


@pytest.mark.parametrize("name", consistency.AUGMENTATIONS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_two_views_of_an_image_differ_in_training_alone(name, policy):
    keras.config.set_dtype_policy(policy)
    classifier = sgan.define_classifier(width=4, noise=0.0, augmentation=consistency.AUGMENTATIONS[name]())
    discriminator = consistency.define_discriminator(classifier)
    kinds = three_kinds(8)
    views = np.asarray(discriminator(kinds, training=True)["views"])
    assert views.shape == (8, 2, 10) and np.abs(views[:, 0] - views[:, 1]).max() > 1e-4
    answers = discriminator(kinds, training=False)
    alone = np.asarray(classifier(kinds[1], training=False))
    for view in range(2):
        np.testing.assert_allclose(np.asarray(answers["views"])[:, view], alone, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(answers["real"], sgan.validity(answers["views"]), rtol=1e-5)


def test_clothing_is_mirrored_and_shifted_and_not_bent():
    """A view has the pixels of the image in their order, or from right to left, and black at the edge."""
    image = np.full((1, 28, 28, 1), -1, "float32")
    image[0, 10:18, 8:12, 0], image[0, 10:18, 12:16, 0] = 1.0, 0.25
    views = np.asarray(consistency.clothing()(np.repeat(image, 200, axis=0), training=True))[..., 0]
    assert np.all((views == 1).sum(axis=(1, 2)) == 32) and np.all((views == 0.25).sum(axis=(1, 2)) == 32)
    left = np.array([np.argwhere(view == 1)[:, 1].mean() < np.argwhere(view == 0.25)[:, 1].mean() for view in views])
    assert 0.3 < left.mean() < 0.7
    middles = np.array([np.argwhere(view > 0)[:, 0].mean() for view in views]) - 13.5
    assert np.abs(middles).max() == 2 and np.abs(middles).min() == 0


# Networks, files and mistakes


def test_the_classic_networks_have_the_published_sizes():
    convolutions = (9 * 128 + 128) + 2 * (9 * 128 * 128 + 128)
    assert classic.define_classifier().count_params() == convolutions + 4 * 4 * 128 * 10 + 10
    generator = 101 * 128 * 49 + 2 * (16 * 128 * 128 + 128) + 49 * 128 + 1
    assert classic.define_generator().count_params() == generator


def test_the_rate_falls_in_the_second_half_and_is_constant_for_the_classic_network():
    model = build(LESSON)  # 40 images, batches of 32: one step
    schedule = model.gan.optimizer._learning_rate
    assert schedule.steps == 1
    rates = [float(ConstantThenLinear(0.5, 100)(step)) for step in (0, 50, 75, 100)]
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.25, 0.0])
    classic_rate = build(LESSON, network="classic", learning_rate=0.25).gan.optimizer.learning_rate
    assert float(classic_rate) == 0.25


@pytest.mark.parametrize("augmentation", [None, *consistency.AUGMENTATIONS.values()])
def test_a_saved_classifier_gives_the_same_answers(augmentation, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    classifier = sgan.define_classifier(width=4, augmentation=augmentation() if augmentation else None)
    saving.save_network(classifier, tmp_path / "classifier.keras")
    loaded = saving.load_network(tmp_path / "classifier.keras")
    x, _, _ = three_kinds()
    answers = [np.asarray(network(x, training=False)) for network in (loaded, classifier)]
    np.testing.assert_allclose(*answers, rtol=0.1, atol=0.02)  # it was saved in float32
    for mine, theirs in zip(classifier.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


WRONG = {
    "loss": (LESSON, {"loss": "none"}, "loss 'none' is not known; choose"),
    "network": (LESSON, {"network": "none"}, "network 'none' is not known; choose one of: dcgan, classic"),
    "labels": (
        LESSON,
        {"labels_per_class": 5},
        "class 'class 0' has 4 training images, not 5; set labels_per_class to 4 or less",
    ),
    "one class": (LESSON, {"classes": 1}, "'noise' has only one class; put its images into one folder for each class"),
    "augmentation": (consistency.LESSON, {"augmentation": "none"}, "augmentation 'none' is not known; choose"),
    "entropy with views": (consistency.LESSON, {"entropy_weight": 0.3}, "entropy_weight belongs to 'sgan'"),
    "classic with views": (consistency.LESSON, {"network": "classic"}, "network 'classic' is not known"),
}


@pytest.mark.parametrize("lesson, changes, sentence", WRONG.values(), ids=list(WRONG))
def test_wrong_settings_are_one_sentence(lesson, changes, sentence):
    with pytest.raises(BookError, match=sentence) as error:
        build(lesson, **changes)
    assert "\n" not in str(error.value)


def test_the_answers_to_the_exercises():
    example = [float(ops.sigmoid(sgan.validity(np.float32(logits)))[0]) for logits in ([2, 0, -1], [-1, -3, -4])]
    assert example[0] > 0.8 and example[1] < 0.4, "the example of section 2: probably real, probably fake"
    assert float(ops.sigmoid(sgan.validity(np.zeros(10, "float32")))[0]) == pytest.approx(10 / 11)


def test_the_checks_of_the_exercises_take_the_solution_and_nothing_else():
    exercises.check_real_probability(exercises.real_probability_solution)
    exercises.check_smoothed(exercises.SmoothedSGAN)
    wrong = [
        (exercises.check_real_probability, lambda logits: ops.logsumexp(logits, axis=-1)),
        (exercises.check_real_probability, lambda logits: ops.sigmoid(sgan.validity(logits))),
        (exercises.check_real_probability, naive),
        (exercises.check_smoothed, sgan.SGAN),
        (exercises.check_smoothed, BothSides),
    ]
    for check, answer in wrong:
        with pytest.raises(AssertionError):
            check(answer)


def naive(logits):
    z = ops.sum(ops.exp(logits), axis=-1)
    return z / (z + 1)


class BothSides(sgan.SGAN):
    """Smooths the target of generated images, too."""

    def turns(self, images, labels=None):
        for name, network, x, y in super().turns(images):
            yield name, network, x, {**y, "real": 0.9 * y["real"], "fake": y["fake"] + 0.1} if name == "d" else y


def check_smoke(run):
    """What `test_notebooks.py` looks at when it has trained the smoke preset."""
    measured = run.report["measured"]
    scores = {score["name"]: score["value"] for score in measured["scores"]}
    assert list(scores)[:2] == ["test_accuracy", "alone_accuracy"]
    assert all(0 <= scores[name] <= 1 for name in ("test_accuracy", "alone_accuracy"))
    assert measured["details"]["labelled_images"] == 20
    assert run.network("classifier").exists() and "label_accuracy" not in scores
    assert {"d_label_accuracy", "d_real_loss", "d_fake_loss"} <= set(run.log.read_text().splitlines()[0].split(","))
