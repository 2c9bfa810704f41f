"""A checkpoint brings everything back, bit for bit, or says why not."""

import keras
import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.training import checkpoint
from tests import tiny


def built(seed=0, policy="float32"):
    keras.utils.clear_session()
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(seed)
    gan = tiny.TinyGAN(average=0.9, seed=seed)
    gan.compile()
    return gan


def trained(policy="float32"):
    """A GAN in the middle of an epoch, all of whose variables have moved."""
    gan = built(policy=policy)
    gan.fit(*tiny.data(24), batch_size=8, shuffle=False, verbose=0)
    return gan


def shift(gan):
    """Stands for a step of training where any change of the weights will do."""
    for weight in gan.discriminator.trainable_weights:
        weight.assign(weight + 1)


def position(step):
    return {"step": step, "epoch": 1, "batch": 2, "state": {"low": [1, 2]}}


def state(gan):
    return [keras.ops.convert_to_numpy(v) for v in checkpoint.state_variables(gan)]


def same(a, b):
    return len(a) == len(b) and all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def gan():
    return built()


def test_every_variable_and_mean_comes_back_bit_for_bit(folder):
    gan = trained("mixed_float16")
    gan.discriminator.optimizer.dynamic_scale.assign(512.0)
    checkpoint.save(gan, folder, position(3))
    saved, means = state(gan), {name: mean.variables for name, mean in gan.means.items()}

    other = built(1, "mixed_float16")
    assert not same(state(other), saved)
    found, found_means = checkpoint.restore(other, folder)
    assert same(state(other), saved)
    assert found == position(3)
    other.restore_means(found_means)
    assert len(means) == 5
    for name, variables in means.items():
        assert [float(v) for v in other.means[name].variables] == [float(v) for v in variables], name


def test_the_state_holds_networks_optimizers_seeds_average_and_loss_scale():
    gan = built(policy="mixed_float16")
    kept = {id(v) for v in checkpoint.state_variables(gan)}
    for what, variables in {
        "generator": gan.generator.weights,
        "discriminator": gan.discriminator.weights,
        "average": gan.sampler.weights,
        "steps averaged": [gan.steps],
        "noise": [gan.rng.state],
        "dropout": [v for v in gan.discriminator.variables if "seed" in v.path],
        "optimizer of D": gan.discriminator.optimizer.variables,
        "optimizer of G": gan.gan.optimizer.variables,
        "moments of G": gan.gan.optimizer.inner_optimizer.variables,
        "loss scale": [gan.discriminator.optimizer.dynamic_scale, gan.gan.optimizer.dynamic_scale],
    }.items():
        assert variables, what
        assert {id(v) for v in variables} <= kept, what


@pytest.mark.slow
def test_the_next_step_is_the_same_step(folder):
    """Nothing that a step depends on is missing from the file."""
    gan = trained()
    checkpoint.save(gan, folder, position(3))
    gan.train_on_batch(*tiny.data(8, 5))
    other = built(1)
    checkpoint.restore(other, folder)
    other.train_on_batch(*tiny.data(8, 5))
    for a, b in zip(state(gan), state(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_only_the_two_newest_are_kept(gan, folder):
    for step in (1, 2, 10, 11):
        checkpoint.save(gan, folder, position(step))
    assert [file.name for file in checkpoint.saved(folder)] == ["step-000000011.npz", "step-000000010.npz"]
    assert len(list(folder.iterdir())) == 2


def test_no_checkpoint_gives_none(gan, folder):
    assert checkpoint.restore(gan, folder) is None
    folder.mkdir()
    assert checkpoint.restore(gan, folder) is None


def test_a_leftover_of_a_killed_write_is_no_checkpoint_and_is_swept_away(gan, folder):
    checkpoint.save(gan, folder, position(1))
    leftover = folder / ".step-000000002.npz.abc.part"
    leftover.write_bytes(b"half")
    assert checkpoint.restore(gan, folder)[0]["step"] == 1
    checkpoint.save(gan, folder, position(3))
    assert not leftover.exists()


def test_a_write_that_fails_leaves_the_old_ones(gan, folder, monkeypatch):
    for step in (1, 2):
        checkpoint.save(gan, folder, position(step))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def fill_the_disk(file, **arrays):
        file.write(b"PK\3\4 and then")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(gan, folder, position(3))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def truncate(data):
    return data[: len(data) // 2]


def flip_a_byte(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def empty(data):
    return b""


DAMAGE = pytest.mark.parametrize("damage", [truncate, flip_a_byte, empty])


@DAMAGE
def test_a_damaged_newest_falls_back_to_the_one_before_and_says_so(damage, gan, folder):
    checkpoint.save(gan, folder, position(1))
    first = state(gan)
    shift(gan)
    checkpoint.save(gan, folder, position(2))
    newest = checkpoint.saved(folder)[0]
    newest.write_bytes(damage(newest.read_bytes()))
    said = []
    assert checkpoint.restore(gan, folder, said.append)[0]["step"] == 1
    assert same(state(gan), first)
    assert len(said) == 1
    assert str(newest) in said[0]
    assert "damaged" in said[0] and "the one before" in said[0]


def test_after_a_fallback_the_damaged_one_does_not_take_a_good_ones_place(gan, folder):
    for step in (10, 20):
        checkpoint.save(gan, folder, position(step))
    checkpoint.saved(folder)[0].write_bytes(b"")
    checkpoint.restore(gan, folder, lambda line: None)
    checkpoint.save(gan, folder, position(12))
    assert [file.name for file in checkpoint.saved(folder)] == ["step-000000012.npz", "step-000000010.npz"]


@DAMAGE
def test_all_damaged_is_an_error(damage, gan, folder):
    for step in (1, 2):
        checkpoint.save(gan, folder, position(step))
    for file in checkpoint.saved(folder):
        file.write_bytes(damage(file.read_bytes()))
    before, said = state(gan), []
    with pytest.raises(BookError, match=r"no checkpoint in .* can be read; start anew"):
        checkpoint.restore(gan, folder, said.append)
    assert len(said) == 2
    assert "before" not in said[1], "there is none to go back to"
    assert same(state(gan), before)


def test_wherever_a_byte_is_flipped_it_is_noticed_or_changes_nothing(gan, folder):
    checkpoint.save(gan, folder, position(1))
    (file,) = checkpoint.saved(folder)
    data, values = file.read_bytes(), state(gan)
    places = np.random.default_rng(0).integers(0, len(data), 60).tolist()
    # The directory at the end of the file, where a flipped bit can ask for an unknown compression or a password.
    places += range(len(data) - 300, len(data), 2)
    for place in places:
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x21]) + data[place + 1 :])
        try:
            found = checkpoint._read(file)
        except checkpoint.UNREADABLE:
            continue
        assert found[1]["position"] == position(1)
        assert same([found[0][f"v{i}"] for i in range(len(values))], values), place


def test_a_checkpoint_of_other_networks_is_refused_and_changes_nothing(gan, folder):
    other = tiny.TinyGAN(batch_norm=False, average=0.9)
    other.compile()
    checkpoint.save(gan, folder, position(1))
    before = state(other)
    with pytest.raises(BookError, match="belongs to other networks"):
        checkpoint.restore(other, folder)
    assert same(state(other), before)


def test_nothing_is_unpickled(gan, folder):
    folder.mkdir()
    np.savez(folder / "step-000000001.npz", about=np.array([{"position": 1}], dtype=object))
    with pytest.raises(BookError, match="no checkpoint"):
        checkpoint.restore(gan, folder, lambda line: None)
