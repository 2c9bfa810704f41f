"""Layers Keras lacks."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("gan_book")
class Maxout(layers.Layer):
    """The largest of `pieces` linear functions of the input, `units` times: float ``[n, d]`` to ``[n, units]``.

    h_i(x) = max_j (x^T W_ij + b_ij), Goodfellow et al. (2013), "Maxout Networks", section 3.
    """

    def __init__(self, units, pieces, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units, self.pieces = units, pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.linear = layers.Dense(units * pieces, kernel_initializer=self.kernel_initializer, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.linear.build(input_shape)

    def call(self, x):
        return ops.max(ops.reshape(self.linear(x), (-1, self.units, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "units": self.units, "pieces": self.pieces, "kernel_initializer": initializer}
