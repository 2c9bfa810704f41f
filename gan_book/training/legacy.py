"""What runs of earlier versions of the book need to be opened."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("gan_book")
class ReflectionPadding2D(layers.Layer):
    """Mirrors `padding` pixels on each side, in CycleGAN's generators of 2026. Today's use `ops.pad` itself."""

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, x):
        sides = (self.padding, self.padding)
        return ops.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        n, height, width, channels = input_shape
        height, width = (side if side is None else side + 2 * self.padding for side in (height, width))
        return n, height, width, channels

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}
