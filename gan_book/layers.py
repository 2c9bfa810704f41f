"""Layers Keras lacks."""

import math

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
class RandomAffine(layers.Layer):
    """Turns, shears, stretches and shifts each image ``[n, h, w, c]`` at random in training; in use, leaves it alone.

    The first layer of a discriminator: it is then done to real and generated images alike, and the generator's gradient
    goes through it; Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training". One interpolation
    does it all, where Keras's layers for each of the four would blur four times (and `RandomShear` cannot be loaded).

    Args:
        strength: 1 for at most 20 degrees, a shear of 0.4, 15 % in height and in width, and a 14th of the sides.
        fill: the value of what moves in at the sides.
    """

    TURN, SHEAR, STRETCH, SHIFT = math.radians(20), 0.4, 0.15, 1 / 14

    def __init__(self, strength=1.0, fill=-1.0, **kwargs):
        super().__init__(**kwargs)
        self.strength, self.fill = strength, fill
        self.rng = keras.random.SeedGenerator()
        # On TensorFlow XLA cannot compile `affine_transform`; Keras then leaves it off for the whole model.
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, images, training=False):
        if not training:
            return images
        # In float32 whatever the precision: of coordinates up to 28, bfloat16 keeps whole numbers only.
        moved = ops.image.affine_transform(
            ops.cast(images, "float32"), self.transforms(images), fill_mode="constant", fill_value=self.fill
        )
        return ops.cast(moved, images.dtype)

    def transforms(self, images):
        """A row ``(a, b, c, d, e, f, 0, 0)`` for each: pixel (x, y) is what was at (ax + by + c, dx + ey + f)."""
        n, (height, width) = ops.shape(images)[0], images.shape[1:3]

        def some(most):
            return keras.random.uniform((n,), -self.strength * most, self.strength * most, "float32", seed=self.rng)

        turn, shear = some(self.TURN), some(self.SHEAR)
        wider, higher = 1 + some(self.STRETCH), 1 + some(self.STRETCH)
        a, d = ops.cos(turn) * wider, ops.sin(turn) * wider
        b, e = (shear * ops.cos(turn) - ops.sin(turn)) * higher, (shear * ops.sin(turn) + ops.cos(turn)) * higher
        x, y = (width - 1) / 2, (height - 1) / 2  # the middle stays where it is, but for the shift
        c = x - a * x - b * y + some(self.SHIFT * width)
        f = y - d * x - e * y + some(self.SHIFT * height)
        return ops.stack([a, b, c, d, e, f, ops.zeros_like(a), ops.zeros_like(a)], axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength, "fill": self.fill}


@keras.saving.register_keras_serializable("gan_book")
class RandomStrokeWidth(layers.Layer):
    """Makes the bright strokes of each image ``[n, h, w, c]`` fatter or thinner at random in training.

    A share of each image gives way to its dilation (of every pixel and its eight neighbours the brightest) or its
    erosion (the darkest): so strokes grow or fade by up to a pixel on each side, and gradients go through.

    Args:
        strength: 1 for at most 0.8 of the dilation or 0.6 of the erosion, which would make fine strokes vanish.
    """

    FATTER, THINNER = 0.8, 0.6

    def __init__(self, strength=1.0, **kwargs):
        super().__init__(**kwargs)
        self.strength = strength
        self.rng = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        shape = (ops.shape(images)[0], 1, 1, 1)
        share = keras.random.uniform(shape, -self.THINNER, self.FATTER, images.dtype, seed=self.rng) * self.strength
        fatter = ops.max_pool(images, 3, 1, "same")
        thinner = -ops.max_pool(-images, 3, 1, "same")
        return images + ops.relu(share) * (fatter - images) + ops.relu(-share) * (thinner - images)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


@keras.saving.register_keras_serializable("gan_book")
class LastingDropout(layers.Dropout):
    """Dropout that is not switched off in use: the noise of pix2pix (Isola et al. 2017, section 3.1).

    `Dropout` called with ``training=True`` is not enough: `predict` overrules it.
    """

    def call(self, x):
        return super().call(x, training=True)


@keras.saving.register_keras_serializable("gan_book")
class BatchStatisticsNormalization(layers.BatchNormalization):
    """Batch normalization by the statistics of the batch in use, too (Isola et al. 2017, section 3.3)."""

    def call(self, x):
        return super().call(x, training=True)


@keras.saving.register_keras_serializable("gan_book")
class ReflectionPadding2D(layers.Layer):
    """Adds `padding` pixels on each side that mirror what lies inside: ``[n, h, w, c]`` to ``[n, h + 2p, w + 2p, c]``.

    The pixels of the edge itself are not repeated: d c b | a b c d | c b a. Johnson et al. (2016), "Perceptual Losses
    for Real-Time Style Transfer", use it against the artefacts that zeros leave at the borders of a picture.
    """

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


@keras.saving.register_keras_serializable("gan_book")
class ImagePool(layers.Layer):
    """Remembers images of earlier batches and shows some of them instead of new ones: ``[n, h, w, c]`` to the same.

    Until `size` images are there, every new one is kept and shown. Then each new one has an even chance of being shown
    itself, or of taking the place of a random old one, which is shown in its stead. So a discriminator is reminded of
    what the generator used to do; Shrivastava et al. (2017), "Learning from Simulated and Unsupervised Images through
    Adversarial Training", section 2.3, and Zhu et al. (2017), section 4, with 50 images.

    The pool is in the layer's weights, and so in a checkpoint.

    Args:
        size: images to remember; 0 for none, and every image is shown as it comes. At least as many as a batch has.
    """

    def __init__(self, size=50, **kwargs):
        super().__init__(**{"trainable": False, **kwargs})
        self.size = size
        self.rng = keras.random.SeedGenerator()

    def build(self, input_shape):
        if self.size:
            shape = (self.size, *input_shape[1:])
            self.kept = self.add_weight(shape=shape, initializer="zeros", trainable=False, autocast=False, name="kept")
            self.count = self.add_weight(
                shape=(), initializer="zeros", trainable=False, dtype="int32", autocast=False, name="count"
            )

    def call(self, images):
        if not self.size:
            return images
        n = ops.shape(images)[0]
        filling = self.count < self.size
        next_free = (self.count + ops.arange(n, dtype="int32")) % self.size
        random = keras.random.shuffle(ops.arange(self.size, dtype="int32"), seed=self.rng)[:n]  # each place once
        places = ops.where(filling, next_free, random)
        old = ops.take(self.kept, places, axis=0)
        keep = ops.logical_or(filling, keras.random.uniform((n,), seed=self.rng) < 0.5)
        keep = ops.reshape(keep, (-1, 1, 1, 1))
        new = ops.cast(images, old.dtype)
        self.kept.assign(ops.scatter_update(self.kept, places[:, None], ops.where(keep, new, old)))
        self.count.assign(ops.minimum(self.count + n, self.size))
        return ops.cast(ops.where(ops.logical_and(keep, ops.logical_not(filling)), old, new), images.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "size": self.size}


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
