from dataclasses import replace

import keras
import numpy as np
import pytest

from gan_book.datasets import Pairs
from gan_book.datasets.batches import PairBatches
from gan_book.errors import BookError

SAMPLES, BATCH, SIZE, LARGE = 11, 3, 5, 8
STEPS = SAMPLES // BATCH


def make_pairs(paired=True, samples_b=SAMPLES, large=LARGE):
    """Channel 0 is the number of the image, 1 and 2 are row and column; B has 100 more in channel 0."""

    def images(first, count, side):
        grid = np.broadcast_to(np.stack(np.indices((side, side)), -1), (count, side, side, 2))
        number = np.broadcast_to(np.arange(first, first + count)[:, None, None, None], (count, side, side, 1))
        return np.concatenate([number, grid], -1).astype("uint8")

    a, b, held = images(0, SAMPLES, large), images(100, samples_b, large), images(0, 2, SIZE)
    return Pairs("toy", ("left", "right"), a, b, held, held, held, held, paired, paired)


def at(batches, number, first=0):
    """The same batches of another epoch."""
    return PairBatches(batches.pairs, batches.batch_size, batches.seed, batches.mirror, number, first)


def epoch(batches, number, first=0):
    batches = at(batches, number, first)
    return [batches[index] for index in range(len(batches))]


def equal(one, other):
    return len(one) == len(other) and all(
        np.array_equal(x, y) for a, b in zip(one, other, strict=True) for x, y in zip(a, b, strict=True)
    )


def test_shape_and_type():
    batches = PairBatches(make_pairs(), BATCH, seed=4)
    a, b = batches[1]
    assert len(batches) == STEPS and a.shape == b.shape == (BATCH, SIZE, SIZE, 3) and a.dtype == b.dtype == np.uint8
    with pytest.raises(IndexError):
        batches[STEPS]


def test_pairs_have_the_same_order_crop_and_mirroring():
    for a, b in epoch(PairBatches(make_pairs(), BATCH), 0) + epoch(PairBatches(make_pairs(), BATCH), 5):
        assert np.array_equal(a[..., 0] + 100, b[..., 0]) and np.array_equal(a[..., 1:], b[..., 1:])


def crops(batches, epochs, side):
    """Of all images delivered: upper row, left column, whether mirrored; each must be a whole square of an image."""
    found = []
    for number in range(epochs):
        for image in np.concatenate([batch[side] for batch in epoch(batches, number)]).astype(int):
            mirrored = image[0, 0, 2] > image[0, -1, 2]
            straight = image[:, ::-1] if mirrored else image
            row, column = straight[0, 0, 1:]
            assert np.array_equal(straight[..., 1], np.indices((SIZE, SIZE))[0] + row)
            assert np.array_equal(straight[..., 2], np.indices((SIZE, SIZE))[1] + column)
            assert (image[..., 0] == image[0, 0, 0]).all()
            found.append((row, column, mirrored))
    return np.array(found)


def test_crops_reach_every_corner_and_half_are_mirrored():
    found = crops(PairBatches(make_pairs(), BATCH), 40, 0)
    assert set(found[:, 0]) == set(found[:, 1]) == {0, 1, 2, 3}
    counts = np.bincount(found[:, 0] * 4 + found[:, 1], minlength=16)
    assert counts.min() > 0.5 * len(found) / 16 and 0.4 < found[:, 2].mean() < 0.6


def test_without_mirroring_and_without_room():
    assert not crops(PairBatches(make_pairs(), BATCH, mirror=0.0), 10, 0)[:, 2].any()
    pairs = make_pairs(large=SIZE)
    batches = PairBatches(pairs, BATCH, mirror=0.0)
    for a, b in epoch(batches, 0):
        assert np.array_equal(a, pairs.a[a[:, 0, 0, 0]]) and np.array_equal(b, pairs.b[b[:, 0, 0, 0] - 100])


def test_sides_without_pairs_go_their_own_ways():
    batches = PairBatches(make_pairs(paired=False), BATCH)
    seen = epoch(batches, 0)
    a, b = (np.concatenate([batch[side] for batch in seen]) for side in (0, 1))
    assert not np.array_equal(a[:, 0, 0, 0] + 100, b[:, 0, 0, 0])
    places = [crops(batches, 40, side) for side in (0, 1)]
    agree = (places[0] == places[1]).mean(axis=0)
    assert agree[:2].max() < 0.4 and 0.4 < agree[2] < 0.6, "as often as chance has it"
    assert 0.4 < places[1][:, 2].mean() < 0.6


@pytest.mark.parametrize("paired", [True, False])
def test_an_epoch_repeats_no_image(paired):
    batches = PairBatches(make_pairs(paired), BATCH)
    orders = set()
    for number in range(4):
        for side in (0, 1):
            seen = np.concatenate([batch[side][:, 0, 0, 0] for batch in epoch(batches, number)])
            assert len(seen) == len(set(seen)) == STEPS * BATCH
            orders.add(tuple(seen))
    assert len(orders) == 8


def test_sides_of_different_length():
    batches = PairBatches(make_pairs(paired=False, samples_b=40), BATCH)
    assert len(batches) == STEPS
    epochs = [np.concatenate([b[:, 0, 0, 0] for _, b in epoch(batches, number)]) for number in range(30)]
    assert all(len(set(each)) == STEPS * BATCH for each in epochs)
    assert set(np.concatenate(epochs)) == set(range(100, 140)), "in time all of the longer side are seen"


@pytest.mark.parametrize("paired", [True, False])
def test_a_pure_function_of_seed_epoch_and_batch(paired):
    first, again, other = (PairBatches(make_pairs(paired), BATCH, seed=seed) for seed in (7, 7, 8))
    assert equal(epoch(first, 2), epoch(again, 2))
    assert equal([first[2], first[0]], [again[2], again[0]]), "in whatever order they are asked for"
    assert not equal(epoch(first, 2), epoch(other, 2)) and not equal(epoch(first, 2), epoch(first, 3))


class Witness(keras.Model):
    """Writes down what it is trained on."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.built = True  # it has no variables

    def train_step(self, *arguments):
        self.seen.append(tuple(np.array(side) for side in arguments[-1]))
        logs = {"loss": 0.0}
        return logs if len(arguments) == 1 else (logs, arguments[0])  # JAX has the variables' values passed through


def train(batches, step=0):
    """What a training of one `fit` an epoch is given from a step on."""
    model = Witness()
    model.compile(run_eagerly=True)
    start, first = divmod(step, STEPS)
    for number in range(start, 3):
        part = at(batches, number, first if number == start else 0)
        model.fit(part, initial_epoch=number, epochs=number + 1, shuffle=False, verbose=0)
    return model.seen


@pytest.fixture(scope="module", params=[True, False], ids=["paired", "unpaired"])
def uninterrupted(request):
    pairs = make_pairs(request.param)
    return pairs, train(PairBatches(pairs, BATCH, seed=2))


def test_a_whole_run(uninterrupted):
    pairs, seen = uninterrupted
    batches = PairBatches(pairs, BATCH, seed=2)
    assert equal(seen, [batch for number in range(3) for batch in epoch(batches, number)])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("step", range(3 * STEPS))
def test_taken_up_at_any_batch_it_goes_on_as_it_would_have(uninterrupted, step):
    pairs, seen = uninterrupted
    batches = PairBatches(pairs, BATCH, seed=2)
    assert equal(train(batches, step), seen[step:])


def test_too_few_images():
    with pytest.raises(BookError, match="2 images do not fill a batch of 3; choose a batch size"):
        PairBatches(make_pairs(paired=False, samples_b=2), BATCH)


def test_oblong_crops():
    pairs = make_pairs()
    wide = {part: getattr(pairs, part)[:, :3] for part in ("val_a", "val_b", "test_a", "test_b")}
    batches = PairBatches(replace(pairs, **wide), BATCH)
    assert batches[0][0].shape == (BATCH, 3, SIZE, 3)
    corners = [tuple(image[0, :: SIZE - 1, 1:].min(0)) for a, _ in epoch(batches, 0) + epoch(batches, 1) for image in a]
    assert max(row for row, _ in corners) > LARGE - SIZE, "there is more room down than across"


def test_pixels_that_are_scaled_already_are_refused():
    pairs = make_pairs()
    with pytest.raises(BookError, match="float32"):
        replace(pairs, a=pairs.a.astype("float32"))
    with pytest.raises(BookError, match=r"test_b.*\[5, 4, 3\]"):
        replace(pairs, test_b=pairs.test_b[:, :, :4])
    with pytest.raises(BookError, match="11 images and b 10"):
        replace(pairs, b=pairs.b[:10])
    with pytest.raises(BookError, match="mirror"):
        PairBatches(pairs, BATCH, mirror=2)
