import keras
import numpy as np
import pytest
from PIL import Image

from gan_book.plotting import image_grid
from gan_book.training.logs import SampleGrid, picture_steps


def fit(callback, steps, at_once=1):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=at_once)
    x = np.ones((steps, 1))
    model.fit(x, x, batch_size=1, verbose=0, callbacks=[callback])


def numbered():
    """Makes images of one grey, a level brighter every time."""
    level = iter(range(255))
    return lambda: np.full((6, 8, 8, 1), next(level), np.uint8)


def grey(path):
    with Image.open(path) as picture:
        return picture.getpixel((picture.width // 4, picture.height // 4))


def steps_of(folder):
    return sorted(int(file.stem.removeprefix("step-")) for file in folder.iterdir())


@pytest.mark.parametrize("steps", [1_000, 1_500, 6_000, 94_000])
def test_pictures_are_log_spaced_over_the_whole_training(steps):
    planned = picture_steps(steps)
    assert planned[0] == 0 and planned[-1] == steps and 24 <= len(planned) <= 40
    ratios = np.divide(planned[2:], planned[1:-1])
    assert ratios.max() < 1.5 and ratios[5:].max() / ratios[5:].min() < 1.1


@pytest.mark.parametrize("steps", [1, 2, 9, 40])
def test_a_short_training_has_few_pictures(steps):
    planned = picture_steps(steps)
    assert planned[0] == 0 and planned[-1] == steps and len(planned) == len(set(planned)) <= steps + 1


def test_a_picture_before_training_and_others_on_the_way(tmp_path):
    folder = tmp_path / "run" / "samples"
    fit(SampleGrid(numbered(), folder, 2, 9), 9)
    assert steps_of(folder) == picture_steps(9)
    assert [grey(folder / f"step-{n:07d}.png") for n in picture_steps(9)] == list(range(len(picture_steps(9))))
    with Image.open(folder / "step-0000002.png") as picture:
        assert np.array_equal(np.asarray(picture), image_grid(np.full((6, 8, 8, 1), 2, np.uint8), 2, 3)[..., 0])


def test_a_resumed_training_writes_only_what_is_to_come(tmp_path):
    fit(SampleGrid(numbered(), tmp_path, 2, 9), 4)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    later = SampleGrid(lambda: np.full((6, 8, 8, 1), 100, np.uint8), tmp_path, 2, 9)
    later.step = 4
    fit(later, 5)
    assert steps_of(tmp_path) == picture_steps(9)
    assert all((tmp_path / name).read_bytes() == content for name, content in before.items())
    assert grey(tmp_path / "step-0000009.png") == 100


def test_several_steps_at_once_give_a_picture_where_they_end(tmp_path):
    fit(SampleGrid(numbered(), tmp_path, 2, 12), 12, at_once=4)
    assert steps_of(tmp_path) == [0, 4, 8, 12]


def test_the_weights_sampled_with_are_those_of_the_moment(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    seen = []

    def generate():
        seen.append(float(model.get_weights()[0][0, 0]))
        return np.zeros((1, 8, 8, 1), np.uint8)

    x = np.ones((2, 1))
    model.fit(x, x, batch_size=1, verbose=0, callbacks=[SampleGrid(generate, tmp_path, 1, 2)])
    # w <- w + 0.25 * 2 * (1 - w): 0, 0.5, 0.75
    assert seen == [0.0, 0.5, 0.75]
