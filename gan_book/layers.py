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


@keras.saving.register_keras_serializable("gan_book")
class WeightNormDense(layers.Layer):
    """A dense layer whose weight vectors have a direction and a length: float ``[n, d]`` to ``[n, units]``.

    y = x^T (g V / ||V||) + b with ||V|| the length of each column of V; Salimans and Kingma (2016), "Weight
    Normalization", equation 2. Unlike batch normalization it looks at no other image of the batch.

    Args:
        units: length of the output.
        gain: g at the start; `fit_gains` finds a better one.
        learn_gain: whether g is trained.
    """

    def __init__(self, units, gain=1.0, learn_gain=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gain, self.learn_gain = units, gain, learn_gain

    def build(self, input_shape):
        # A length is a sum of many squares: in float32 whatever the precision.
        self.v = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(0.0, 0.1),
            autocast=False,
            name="v",
        )
        self.g = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.Constant(self.gain),
            trainable=self.learn_gain,
            autocast=False,
            name="g",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x):
        kernel = self.v * (self.g * ops.rsqrt(ops.sum(ops.square(self.v), axis=0) + 1e-12))
        return ops.matmul(x, ops.cast(kernel, self.compute_dtype)) + self.bias

    def fit(self, x):
        """Sets g and b so that the outputs for these inputs have mean 0 and variance 1."""
        self.g.assign(ops.ones(self.g.shape))
        self.bias.assign(ops.zeros(self.bias.shape))
        y = ops.cast(self(x), "float32")
        mean, deviation = ops.mean(y, axis=0), ops.std(y, axis=0) + 1e-6
        self.g.assign(1 / deviation)
        self.bias.assign(-mean / deviation)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "gain": self.gain, "learn_gain": self.learn_gain}


def fit_gains(network, x):
    """Fits every `WeightNormDense` of a network that is a chain of layers, the first first, to some of its inputs.

    Data-dependent initialization, Salimans and Kingma (2016), section 3. Noise is on, as in training.
    """
    for layer in network.layers[1:]:
        if isinstance(layer, WeightNormDense):
            layer.fit(x)
        x = layer(x, training=True)
