"""A picture of the same latent points after every epoch: the quickest way to see what training does."""

from pathlib import Path

import keras

from gan_book.plotting import image_grid, save_png


class SampleGrid(keras.callbacks.Callback):
    """Writes ``folder/epoch-0001.png`` at the end of the first epoch and so on; ``epoch-0000.png`` before training.

    Args:
        draw: function without arguments that returns uint8 ``[rows * columns, height, width, channels]``; it should
            use the same latent points every time, so that the pictures can be compared.
        folder: where the pictures go; it is made if need be.
        rows: of the grid.
    """

    def __init__(self, draw, folder, rows):
        super().__init__()
        self.draw, self.folder = draw, Path(folder)
        self.rows = rows

    def on_train_begin(self, logs=None):
        # A resumed training has this picture already, and its generator is no longer the untrained one.
        if not self._file(0).exists():
            self._write(0)

    def on_epoch_end(self, epoch, logs=None):
        self._write(epoch + 1)

    def _file(self, epoch):
        return self.folder / f"epoch-{epoch:04d}.png"

    def _write(self, epoch):
        _ = self.model  # on the JAX backend this brings the weights up to date
        images = self.draw()
        save_png(image_grid(images, self.rows, len(images) // self.rows), self._file(epoch))
