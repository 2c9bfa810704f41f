import keras
import numpy as np
from PIL import Image

from gan_book.plotting import image_grid
from gan_book.training.logs import SampleGrid


def fit(callback, epochs, initial_epoch=0):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1))
    model.fit(x, x, epochs=epochs, initial_epoch=initial_epoch, verbose=0, callbacks=[callback])


def drawer():
    """Draws images of one grey, a level brighter every time."""
    level = iter(range(255))
    return lambda: np.full((6, 8, 8, 1), next(level), np.uint8)


def grey(path):
    with Image.open(path) as picture:
        return picture.getpixel((picture.width // 4, picture.height // 4))


def test_a_picture_before_training_and_one_for_each_epoch(tmp_path):
    folder = tmp_path / "run" / "samples"
    grid = SampleGrid(drawer(), folder, 2)
    fit(grid, 2)
    assert sorted(file.name for file in folder.iterdir()) == ["epoch-0000.png", "epoch-0001.png", "epoch-0002.png"]
    assert [grey(folder / f"epoch-000{epoch}.png") for epoch in range(3)] == [0, 1, 2]
    with Image.open(folder / "epoch-0002.png") as picture:
        assert np.array_equal(np.asarray(picture), image_grid(np.full((6, 8, 8, 1), 2, np.uint8), 2, 3)[..., 0])


def test_a_resumed_training_keeps_the_picture_of_the_untrained_generator(tmp_path):
    fit(SampleGrid(drawer(), tmp_path, 2), 1)
    before = (tmp_path / "epoch-0000.png").read_bytes()
    later = iter(range(100, 255))
    fit(SampleGrid(lambda: np.full((6, 8, 8, 1), next(later), np.uint8), tmp_path, 2), 2, initial_epoch=1)
    assert (tmp_path / "epoch-0000.png").read_bytes() == before
    assert grey(tmp_path / "epoch-0001.png") == 1
    assert grey(tmp_path / "epoch-0002.png") == 100


def test_the_weights_drawn_with_are_those_of_the_moment(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    seen = []

    def draw():
        seen.append(float(model.get_weights()[0][0, 0]))
        return np.zeros((1, 8, 8, 1), np.uint8)

    x = np.ones((1, 1))
    model.fit(x, x, epochs=2, verbose=0, callbacks=[SampleGrid(draw, tmp_path, 1)])
    # w <- w + 0.25 * 2 * (1 - w): 0, 0.5, 0.75
    assert seen == [0.0, 0.5, 0.75]
