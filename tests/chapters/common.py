"""What the tests of all chapters need: a data set of noise, and who moves in which turn."""

import keras
import numpy as np

from gan_book.datasets.dataset import Dataset, Pairs


def noise(shape=(28, 28, 1), n=40, classes=10):
    """A data set of random pixels, classes in turn."""
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n, dtype="int32") % classes
    return Dataset("noise", pixels, labels, pixels, labels, tuple(f"class {i}" for i in range(classes)))


def noise_pairs(size=64, n=12, room=8):
    """Pairs of random pixels, the training images `room` pixels larger."""
    rng = np.random.default_rng(0)
    a, b, *held = (rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8) for side in [size + room] * 2 + [size] * 4)
    return Pairs("noise", ("left", "right"), a, b, *held, paired=True, test_paired=True)


def tensors(n=40):
    """Images and labels as tensors, as `fit` hands them to `turns`."""
    data = noise(n=n)
    return keras.ops.convert_to_tensor(data.images), keras.ops.convert_to_tensor(data.labels)


def build(lesson, shape=(28, 28, 1), classes=10, **changes):
    """The lesson's model at its smoke preset, changed."""
    return lesson.build(lesson.settings("smoke", **changes), noise(shape, classes=classes))


def moves(model, batch, snapshot, moved, players=("generator", "discriminator")):
    """Plays a step and reads the trainable weights of the networks, attributes of the model, between its turns.

    Returns:
        dict: turn -> `names` of the weights that it moved.
    """
    seen, turns, players = {}, model.turns, [getattr(model, name) for name in players]

    def watched(*parts):
        for name, *turn in turns(*parts):
            before = [snapshot(player.trainable_weights) for player in players]
            yield name, *turn
            paths = [moved(was, player.trainable_weights) for was, player in zip(before, players, strict=True)]
            seen[name] = {(player.name, path) for player, of in zip(players, paths, strict=True) for path in of}

    model.turns = watched
    model.compile(run_eagerly=True)  # so that the weights can be looked at between two turns
    model.train_on_batch(*batch)
    return seen


def names(network, layers=None):
    """``(network, weight)`` of the trainable weights of a network, or of some of its layers."""
    parts = [network] if layers is None else [network.get_layer(name) for name in layers]
    return {(network.name, weight.path) for part in parts for weight in part.trainable_weights}


def ends_alike(lesson, network):
    """Whether a step on the same images with other labels gives the network of that name the same weights."""
    data, ends = noise(n=20), []
    for labels in (data.labels, data.labels[::-1]):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        model = build(lesson)
        model.compile(run_eagerly=True)
        model.train_on_batch(data.images, labels)
        ends.append(getattr(model, network).get_weights())
    return all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


def check_information(surprise):
    """That a loss is minus the information between two views: ln 10 for a perfect reader, 0 for one that guesses."""
    which = np.arange(40) % 10
    sure = 50 * np.eye(10, dtype="float32")[which]
    np.testing.assert_allclose(surprise(None, np.concatenate([sure, sure])), [-np.log(10)] * 80, rtol=1e-4)
    np.testing.assert_allclose(surprise(None, np.zeros((80, 10), "float32")), 0, atol=1e-5)
    always_one = 50 * np.eye(10, dtype="float32")[np.zeros(80, int)]
    np.testing.assert_allclose(surprise(None, always_one), 0, atol=1e-4)
    unrelated = 50 * np.eye(10, dtype="float32")[(which + np.arange(40) // 10) % 10]
    assert np.asarray(surprise(None, np.concatenate([sure, unrelated]))).mean() > -1
