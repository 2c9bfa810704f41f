"""Chapter 10: the networks' published sizes, what a patch sees, and who moves in each turn."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops

from chapters.ch10_pix2pix import classic, exercises, pix2pix
from gan_book.errors import BookError
from tests.chapters.common import moves, names, noise_pairs

PLAYERS = ("generator", "patchgan")


def build(**changes):
    return pix2pix.build(pix2pix.LESSON.settings("smoke", **changes), noise_pairs(changes.get("image_size", 64)))


def trainable(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_the_papers_networks_have_the_published_sizes():
    assert trainable(classic.define_generator()) == 54_413_955
    patchgan = pix2pix.define_patchgan((256, 256, 3), patch=70, width=64)
    assert trainable(patchgan) == 2_768_705 and patchgan.output.shape == (None, 30, 30, 1)


def test_the_preset_book_is_the_papers():
    book = pix2pix.PRESETS["book"]
    model = pix2pix.build(replace(book, width=2), SimpleNamespace(image_shape=(256, 256, 3), train_size=8))
    assert sum(isinstance(layer, layers.Conv2DTranspose) for layer in model.generator.layers) == 8
    assert (book.width, book.patch, book.lambda_l1, book.learning_rate, book.batch_size) == (64, 70, 100, 2e-4, 1)


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"network": "encoder-decoder"}, marks=pytest.mark.slow),
        pytest.param({"network": "paper"}, marks=pytest.mark.slow),
        pytest.param({"loss": "cgan"}, marks=pytest.mark.slow),
    ],
)
def test_who_moves(changes, size, snapshot, moved):
    model, data = build(**changes), noise_pairs()
    seen = moves(model, (data.test_a[:size], data.test_b[:size]), snapshot, moved, PLAYERS)
    assert seen["d"] == names(model.patchgan)
    assert seen["g"] == names(model.generator)


def test_with_l1_alone_only_the_generator_moves(snapshot, moved):
    model, data = build(loss="l1"), noise_pairs()
    assert moves(model, (data.test_a, data.test_b), snapshot, moved, PLAYERS) == {"g": names(model.generator)}


@pytest.mark.parametrize("patch", [patch for patch in pix2pix.STRIDED])
def test_a_unit_sees_exactly_its_receptive_field(patch):
    """Which pixels a unit in the middle depends on, by its gradient; normalizations, which see everything, left out."""
    assert pix2pix.receptive_field(pix2pix.patch_layers(patch)) == patch
    side = max(32, 1 << (2 * patch).bit_length())
    image = keras.Input((side, side, 1))
    logits = pix2pix.patch_logits(image, patch, width=2, norm=lambda h: h)
    network = keras.Model(image, logits)
    for weight in network.weights:  # all positive: nothing cancels, no ReLU is off
        weight.assign(np.full(weight.shape, 0.05))
    seen = depends_on(network, logits.shape[1] // 2, side)
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    assert len(rows) == len(columns) == patch == rows[-1] - rows[0] + 1
    assert seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def depends_on(network, unit, side):
    """bool ``[side, side]``: the pixels on which the unit's logit depends."""
    import tensorflow as tf

    x = tf.ones((1, side, side, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        logit = network(x)[0, unit, unit, 0]
    return tape.gradient(logit, x).numpy()[0, :, :, 0] != 0


def test_the_well_known_books_discriminator_sees_142_pixels():
    """Four convolutions of kernel 4 and stride 2, one of stride 1 and one for the logit."""
    book = [(64, 4, 2), (128, 4, 2), (256, 4, 2), (512, 4, 2), (512, 4, 1), (1, 4, 1)]
    assert pix2pix.receptive_field(book) == 142


def test_only_the_inner_levels_are_normalized():
    network = pix2pix.define_generator((64, 64, 3), width=4)
    kinds = (layers.Conv2D, layers.GroupNormalization)
    order = ["N" if isinstance(layer, kinds[1]) else "C" for layer in network.layers if isinstance(layer, kinds)]
    assert "".join(order) == "C" + 3 * "CN" + 3 * "CN" + "CC"


def test_skips_lead_around_the_bottleneck():
    """Without dropout: cut through at its narrowest place, only the U-Net still tells two images apart."""
    x = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    for skips, differs in ((True, True), (False, False)):
        network = pix2pix.define_generator((64, 64, 3), width=4, skips=skips)
        narrow = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)][3]
        narrow.kernel.assign(np.zeros(narrow.kernel.shape))
        keras.utils.set_random_seed(0)
        network = without_dropout(network)
        first, second = ops.convert_to_numpy(network(x))
        assert (np.abs(first - second).max() > 1e-3) == differs


def test_repeated_pixels_leave_no_checkerboard_and_transposed_convolutions_do():
    """A constant map, enlarged by untrained layers: the share of its power at the highest frequency."""
    h = keras.Input((16, 16, 4))
    power = {}
    for name, enlarge in {
        "ours": lambda h: pix2pix.up(h, 8, normalized=False),
        "paper": lambda h: classic.double(h, 8),
    }.items():
        keras.utils.set_random_seed(0)
        enlarged = keras.Model(h, enlarge(h)).predict(np.ones((1, 16, 16, 4)), verbose=0)[0, 8:-8, 8:-8]
        spectrum = np.abs(np.fft.fft2(enlarged, axes=(0, 1))) ** 2
        nyquist = spectrum[8].sum() + spectrum[:, 8].sum()
        power[name] = nyquist / spectrum.sum()
    assert power["ours"] < 1e-6 and power["paper"] > 0.1


def without_dropout(network):
    """A copy in which dropout drops nothing."""

    def clone(layer):
        return layers.Dropout(0.0) if isinstance(layer, layers.Dropout) else type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone)
    weights = [w for layer in network.layers if not isinstance(layer, layers.Dropout) for w in layer.get_weights()]
    copy.set_weights(weights)
    return copy


def test_what_books_for_keras_2_wrote_is_overruled_by_keras_3():
    """`training=True` at the call of a layer does not outlive a `predict` of the model."""
    image = keras.Input((4, 4, 1))
    network = keras.Model(image, layers.Dropout(0.5)(image, training=True))
    x = np.ones((1, 4, 4, 1), "float32")
    np.testing.assert_array_equal(network.predict(x, verbose=0), x)


def test_dropout_is_the_noise_also_in_use():
    network = pix2pix.define_generator((64, 64, 3), width=4)
    x = np.zeros((1, 64, 64, 3), "float32") + 0.5
    first, second = (network.predict(x, verbose=0) for _ in range(2))
    assert np.abs(first - second).max() > 0
    assert sum(isinstance(layer, pix2pix.LastingDropout) for layer in network.layers) == 1
    assert sum(isinstance(layer, pix2pix.LastingDropout) for layer in classic.define_generator(width=1).layers) == 3


def test_the_losses_are_those_of_equation_4():
    model, data = build(lambda_l1=10.0), noise_pairs()
    x, y = (ops.convert_to_tensor((images[:2] / 127.5 - 1).astype("float32")) for images in (data.test_a, data.test_b))
    turns = {name: turn for name, *turn in model.turns(data.test_a[:2], data.test_b[:2])}

    player, given, goal = turns["d"]
    answers = {name: ops.convert_to_numpy(answer) for name, answer in player(given).items()}
    real, fake = (ops.convert_to_numpy(model.patchgan([x, image])) for image in (y, given[2]))
    expected = (np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean()) / 2
    assert float(player.compute_loss(given, goal, answers)) == pytest.approx(expected, rel=1e-4)
    assert not np.allclose(given[2], y), "drawn, not true"

    player, given, goal = turns["g"]
    answers = {name: ops.convert_to_numpy(answer) for name, answer in player(given).items()}
    verdict = ops.convert_to_numpy(model.patchgan([x, ops.convert_to_tensor(answers["image"])]))
    expected = np.log1p(np.exp(-verdict)).mean() + 10 * np.abs(ops.convert_to_numpy(y) - answers["image"]).mean()
    assert float(player.compute_loss(given, goal, answers)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"loss": "l2"}, "loss 'l2' is not known; choose one of: both, l1, cgan"),
        ({"network": "resnet"}, "network 'resnet' is not known; choose one of: unet, encoder-decoder, paper"),
        ({"patch": 71}, "patch 71 is not known; choose one of: 1, 16, 34, 70, 142, 286"),
        ({"patch": 286}, "a patch of 286 pixels is too large for images of 64; choose a smaller one"),
        ({"image_size": 48, "network": "paper"}, "not possible with 48; try --image-size 64"),
        ({"image_size": 62}, "not possible with 62; set --image-size to multiples of 4, 16 or more"),
    ],
)
def test_what_cannot_be_built(changes, sentence):
    with pytest.raises(BookError, match=sentence):
        build(**changes)


@pytest.mark.parametrize(
    ("network", "shapes"),
    [("paper", [(64, 96), (96, 64), (128, 60)]), ("unet", [(64, 98), (50, 64), (8, 64)])],
)
def test_both_sides_are_checked(network, shapes):
    for shape in shapes:
        with pytest.raises(BookError, match=rf"not possible with {shape[0]}x{shape[1]}; "):
            pix2pix.build(
                pix2pix.LESSON.settings("smoke", network=network),
                SimpleNamespace(image_shape=(*shape, 3), train_size=8),
            )


def test_patches_must_fit_the_shorter_side():
    with pytest.raises(BookError, match="a patch of 70 pixels is too large for images of 16"):
        pix2pix.build(
            pix2pix.LESSON.settings("smoke", patch=70), SimpleNamespace(image_shape=(64, 16, 3), train_size=8)
        )


@pytest.mark.parametrize("shape", [(32, 64, 3), (64, 16, 3), (100, 60, 3)])
def test_rectangles_whose_sides_fit(shape):
    model = pix2pix.build(pix2pix.LESSON.settings("smoke", patch=1), SimpleNamespace(image_shape=shape, train_size=8))
    assert model.generator.output.shape[1:] == shape


def test_the_picture_names_what_is_given_generated_and_true():
    network = pix2pix.define_generator((32, 32, 3), width=2)
    pairs = noise_pairs(32)
    found = pix2pix.panels(SimpleNamespace(generator=network), pairs.test_a[:2], pairs.test_b[:2], pairs.sides)
    assert list(found) == ["input: left", "generated: right", "true: right"]
    np.testing.assert_array_equal(found["input: left"], pairs.test_a[:2])
    np.testing.assert_array_equal(found["true: right"], pairs.test_b[:2])
    assert found["generated: right"].shape == (2, 32, 32, 3)


def test_the_exercises_have_answers_and_checks():
    exercises.check_saturation(exercises.saturation_solution)
    exercises.check_matching(exercises.MatchingPix2Pix)


def test_the_checks_find_what_is_wrong():
    with pytest.raises(AssertionError, match="one number for each picture"):
        exercises.check_saturation(lambda images: 0.5)
    with pytest.raises(AssertionError, match="do not divide by 0"):
        exercises.check_saturation(lambda images: np.full(4, np.nan))
    with pytest.raises(AssertionError, match="must be"):
        exercises.check_saturation(lambda images: np.zeros(4))
    with pytest.raises(AssertionError, match="yield d, d_wrong and g, not d, g"):
        exercises.check_matching(pix2pix.Pix2Pix)

    class Same(pix2pix.Pix2Pix):
        def turns(self, x, y):
            for name, network, given, target in super().turns(x, y):
                yield name, network, given, target
                if name == "d":
                    yield "d_wrong", network, [given[0], given[1], given[1]], target

    with pytest.raises(AssertionError, match="the y of another pair"):
        exercises.check_matching(Same)


def test_a_discriminator_that_is_not_trained_is_not_watched():
    assert build(loss="l1").discriminators == ()
    model = build(loss="both")
    assert model.discriminators == (model.discriminator,)
