"""Layers Keras lacks."""

import math

import keras
from keras import layers, ops


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
