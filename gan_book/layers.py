"""Layers that Keras lacks and that two chapters need. What one chapter needs stands in its script."""

import math

import keras
from keras import layers, ops


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
