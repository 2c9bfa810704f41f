"""What it takes to open networks saved by the book's first version (2026)."""

import keras
from keras import layers, ops

from gan_book.sampling import Category, Code, Label, Noise


def takes_by_name(network):
    """The `takes` of a generator of that version, read off its inputs' names; None for other networks."""
    names = [tensor.name for tensor in network.inputs]
    if not {"z", "z_uniform"} & set(names) or not set(names) <= {"z", "z_uniform", "label", "category", "code"}:
        return None
    count = next((layer.input_dim for layer in network.layers if layer.name == "label_embedding"), 0)
    kinds = {"z": Noise(), "z_uniform": Noise(0, 1), "code": Code(), "label": Label(count), "category": Category(count)}
    return [kinds[name] for name in names]


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
