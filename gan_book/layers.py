"""Layers that Keras lacks and that two chapters need. What one chapter needs stands in its script.

Chapter 4 explains spectral normalization, `MinibatchStd` and `DiffAugment`, chapter 7 `RandomAffine`.
"""

import math

import keras
from keras import layers, ops

from gan_book.errors import require_choice


@keras.saving.register_keras_serializable("gan_book")
class RandomAffine(layers.Layer):
    """Rotates, shears, scales and shifts each image ``[n, h, w, c]`` at random in training; in use, leaves it alone.

    Explained in chapter 7, notebook `iic`: augmented views of an image. Chapter 9 uses it too. As the first layer of a
    discriminator it treats real and generated images alike, and the generator's gradient passes through it; Zhao et al.
    2020, "Differentiable Augmentation for Data-Efficient GAN Training". One interpolation does all four, where a layer
    of Keras for each would blur four times (and Keras's `RandomShear` cannot be loaded from a file).

    Args:
        strength: 1 for at most 20 degrees, a shear of 0.4, 15 % in height and in width, and a 14th of the sides.
        fill: the value of pixels that move in from outside the image; -1 is black.
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
        # In float32 whatever the precision: bfloat16 has 8 significant bits, so coordinates from 16 on would be
        # rounded to eighths of a pixel, and from 128 on to whole pixels.
        moved = ops.image.affine_transform(
            ops.cast(images, "float32"), self.transforms(images), fill_mode="constant", fill_value=self.fill
        )
        return ops.cast(moved, images.dtype)

    def transforms(self, images):
        """The random transform of each image, in the form that `keras.ops.image.affine_transform` takes.

        Args:
            images: ``[n, h, w, c]``; only their shape counts.

        Returns:
            float32 ``[n, 8]``, rows ``(a, b, c, d, e, f, 0, 0)``: pixel (x, y) of the result is what was at
            (ax + by + c, dx + ey + f).
        """
        # Keras asks from where each pixel of the *result* is taken, so this is the inverse of what one sees: a factor
        # above 1 shrinks. Since all ranges are symmetric around "no change", either direction gives the same views.
        n, (height, width) = ops.shape(images)[0], images.shape[1:3]

        def some(most):
            return keras.random.uniform((n,), -self.strength * most, self.strength * most, "float32", seed=self.rng)

        turn, shear = some(self.TURN), some(self.SHEAR)
        wider, higher = 1 + some(self.STRETCH), 1 + some(self.STRETCH)
        # The matrix is rotation x shear x stretch:
        #   [cos -sin]   [1 shear]   [wider   0  ]
        #   [sin  cos] x [0   1  ] x [  0  higher]
        # multiplied out by hand, because each image has its own and eight numbers are cheaper than three products.
        a, d = ops.cos(turn) * wider, ops.sin(turn) * wider
        b, e = (shear * ops.cos(turn) - ops.sin(turn)) * higher, (shear * ops.sin(turn) + ops.cos(turn)) * higher
        # Coordinates begin at the top left corner, around which a matrix alone would rotate. c and f are chosen so that
        # the middle (x, y) is mapped to itself, plus the random shift.
        x, y = (width - 1) / 2, (height - 1) / 2
        c = x - a * x - b * y + some(self.SHIFT * width)
        f = y - d * x - e * y + some(self.SHIFT * height)
        return ops.stack([a, b, c, d, e, f, ops.zeros_like(a), ops.zeros_like(a)], axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength, "fill": self.fill}


class _OwnKernel:
    """For dense and convolutional layers that multiply by another kernel than the weight that they train.

    Keras would save what it finds as `kernel` and `bias` and nothing else: the wrong kernel, and no further weights.
    """

    def save_own_variables(self, store):
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        layers.Layer.load_own_variables(self, store)


class _Spectral(_OwnKernel):
    """The kernel W divided by its largest singular value sigma, estimated by one power iteration a step.

    Miyato et al. (2018), "Spectral Normalization for Generative Adversarial Networks", algorithm 1. Keras's own
    `SpectralNormalization` overwrites W in the forward pass: a composite's step would move a frozen discriminator, and
    the gradient would not know of sigma. Here W stays as it is, and sigma is part of what is differentiated.
    """

    def build(self, input_shape):
        super().build(input_shape)
        shape = (1, self._kernel.shape[-1])
        # `u` is no trained weight, but has to be kept: it is the estimate of the left singular vector.
        normal = keras.initializers.RandomNormal(0, 1)
        self.u = self.add_weight(shape, normal, trainable=False, autocast=False, name="u")

    def sigma(self, update=False):
        """The estimate of W's largest singular value, a float32 scalar; `update` improves u for the next time."""
        w = ops.reshape(ops.cast(self._kernel, "float32"), (-1, self._kernel.shape[-1]))
        fixed = ops.stop_gradient(w)
        v = _unit(ops.matmul(self.u, ops.transpose(fixed)))
        u = _unit(ops.matmul(v, fixed))
        if update:
            self.u.assign(u)
        # u and v are constants for the gradient (algorithm 1): then d sigma / dW is their outer product.
        return ops.sum(ops.matmul(ops.stop_gradient(v), w) * ops.stop_gradient(u))

    @property
    def kernel(self):
        """The kernel that the layer multiplies by: W, and within `call` W / sigma."""
        if getattr(self, "_within", None) is None:
            return super().kernel
        return ops.cast(ops.cast(self._kernel, "float32") / self._within, self.compute_dtype)

    def call(self, inputs, training=False):
        self._within = self.sigma(update=training)
        try:
            return super().call(inputs)
        finally:
            self._within = None


def _unit(vector):
    return vector * ops.rsqrt(ops.sum(ops.square(vector)) + 1e-12)


@keras.saving.register_keras_serializable("gan_book")
class SpectralDense(_Spectral, layers.Dense):
    """`keras.layers.Dense` with spectral normalization. Explained in chapter 4."""


@keras.saving.register_keras_serializable("gan_book")
class SpectralConv2D(_Spectral, layers.Conv2D):
    """`keras.layers.Conv2D` with spectral normalization (of the kernel as a matrix, as in the paper). Chapter 4."""


class _Equalized(_OwnKernel):
    """The kernel times a constant, so that its weights can all start from N(0, 1) and learn equally fast.

    Karras et al. (2018), "Progressive Growing of GANs", section 4.1. The constant is `gain` / sqrt(number of inputs):
    sqrt(2) before a (leaky) ReLU, 1 for an output. With `speed` below 1 the layer learns more slowly: the weights start
    so much larger and count so much less, and a bias counts less, too (Karras et al. 2019, appendix C, for the mapping
    network of a StyleGAN).
    """

    def __init__(self, *args, gain=2**0.5, speed=1.0, **kwargs):
        kwargs["kernel_initializer"] = keras.initializers.RandomNormal(0.0, 1.0 / speed)
        super().__init__(*args, **kwargs)
        self.gain, self.speed = gain, speed

    def build(self, input_shape):
        super().build(input_shape)
        self.constant = self.gain * self.speed / math.sqrt(math.prod(self._kernel.shape[:-1]))

    @property
    def kernel(self):
        """The kernel that the layer multiplies by."""
        return super().kernel if getattr(self, "constant", None) is None else super().kernel * self.constant

    def get_config(self):
        config = super().get_config()
        del config["kernel_initializer"]
        return {**config, "gain": self.gain, "speed": self.speed}


@keras.saving.register_keras_serializable("gan_book")
class EqualDense(_Equalized, layers.Dense):
    """`keras.layers.Dense` with an equalized learning rate. Explained in chapter 13."""

    def call(self, inputs):
        out = ops.matmul(inputs, self.kernel)
        out = out if self.bias is None else out + self.speed * self.bias
        return self.activation(out)


@keras.saving.register_keras_serializable("gan_book")
class EqualConv2D(_Equalized, layers.Conv2D):
    """`keras.layers.Conv2D` with an equalized learning rate. Explained in chapter 13."""


@keras.saving.register_keras_serializable("gan_book")
class PixelNorm(layers.Layer):
    """Gives the features of each pixel a mean square of 1: ``[..., c]`` to the same shape. Explained in chapter 13.

    Karras et al. (2018), "Progressive Growing of GANs", section 4.2.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        return ops.cast(x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-8), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("gan_book")
class MinibatchStd(layers.Layer):
    """Adds one number that says how different the examples of the batch are. Explained in chapter 4.

    The standard deviation of each feature over the batch, averaged over all features: Karras et al. (2018),
    "Progressive Growing of GANs", section 3. ``[n, d]`` becomes ``[n, d + 1]``, and ``[n, h, w, c]`` becomes ``[n, h,
    w, c + 1]``. So real and generated examples must pass in different batches.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        # The small number is within the root: at a full collapse all deviations are 0, where its slope is infinite.
        deviation = ops.mean(ops.sqrt(ops.var(x, axis=0) + 1e-8))
        constant = ops.zeros_like(x[..., :1]) + deviation
        return ops.concatenate([inputs, ops.cast(constant, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)


@keras.saving.register_keras_serializable("gan_book")
class DiffAugment(layers.Layer):
    """Changes each image ``[n, h, w, c]`` in [-1, 1] at random in training: colours, a shift, a square cut out.

    Zhao et al. (2020), "Differentiable Augmentation for Data-Efficient GAN Training", section 4. Explained in chapter
    4. It is the first layer of a discriminator, so real and generated images are changed alike and the generator's
    gradient passes through. What moves in, and what is cut out, is 0 (grey).

    Args:
        policy: some of "color", "translation" and "cutout", with commas between them. For grey images leave "color"
            out.

    Raises:
        BookError: another word in `policy`.
    """

    SHIFT, CUT = 1 / 8, 1 / 2  # of the sides, as in the paper's program

    def __init__(self, policy="color,translation,cutout", **kwargs):
        super().__init__(**kwargs)
        self.policy = policy
        for word in policy.split(","):
            require_choice("policy of DiffAugment", word, ("color", "translation", "cutout"))
        self.rng = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        x = ops.cast(images, "float32")
        for word in self.policy.split(","):
            x = getattr(self, f"_{word}")(x)
        return ops.cast(x, images.dtype)

    def _some(self, x, low, high):
        return keras.random.uniform((ops.shape(x)[0], 1, 1, 1), low, high, seed=self.rng)

    def _color(self, x):
        x = x + self._some(x, -0.5, 0.5)  # brightness
        grey = ops.mean(x, axis=3, keepdims=True)
        x = grey + (x - grey) * self._some(x, 0.0, 2.0)  # saturation
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return mean + (x - mean) * self._some(x, 0.5, 1.5)  # contrast

    def _translation(self, x):
        # A shift by whole pixels, as a product with a matrix of 0 and 1 for rows and one for columns: a gather's second
        # derivative is not the same everywhere, a product's is.
        height, width = x.shape[1:3]
        x = ops.einsum("nij,njwc->niwc", self._shift(x, height), x)
        return ops.einsum("nij,nhjc->nhic", self._shift(x, width), x)

    def _shift(self, x, side):
        most = round(self.SHIFT * side)
        by = ops.floor(keras.random.uniform((ops.shape(x)[0], 1, 1), -most, most + 1, seed=self.rng))
        place = ops.arange(side, dtype="float32")
        return ops.cast(ops.equal(place[None, :, None] - place[None, None, :], by), "float32")

    def _cutout(self, x):
        height, width = x.shape[1:3]
        rows = self._within(x, height)[:, :, None, None]
        columns = self._within(x, width)[:, None, :, None]
        return x * (1 - rows * columns)

    def _within(self, x, side):
        middle = ops.floor(keras.random.uniform((ops.shape(x)[0], 1), 0, side + 1, seed=self.rng))
        distance = ops.arange(side, dtype="float32")[None] - middle
        half = side * self.CUT / 2
        return ops.cast(ops.logical_and(distance >= -half, distance < half), "float32")

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "policy": self.policy}
