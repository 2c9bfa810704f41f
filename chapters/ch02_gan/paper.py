"""The discriminator and the optimizer of the first GAN (Goodfellow et al. 2014), for the preset `book` of chapter 2.

The paper does not give the sizes; they are those of the authors' program for MNIST,
https://github.com/goodfeli/adversarial (``mnist.yaml``). Maxout and this optimizer are explained in chapter 6, notebook
`mlp_cgan`.
"""

import keras
from keras import layers

from chapters.ch06_cgan.mlp_cgan import DecayToFloor, RisingMomentumSGD, maxout


def define_discriminator(shape=(28, 28, 1)):
    """Images ``[n, *shape]`` in [-1, 1] to logits ``[n, 1]``; not compiled."""
    x, small = keras.Input(shape, name="x"), keras.initializers.RandomUniform(-0.005, 0.005)
    h = layers.Dropout(0.2)(layers.Rescaling(0.5, 0.5)(layers.Flatten()(x)))  # pixels from 0 to 1, a fifth left out
    for _ in range(2):
        h = layers.Dropout(0.5)(maxout(h, 240, 5))
    logit = layers.Dense(1, dtype="float32", kernel_initializer=small, name="logit")(h)
    return keras.Model(x, logit, name="discriminator")


def sgd():
    """SGD: the momentum rises from 0.5 to 0.7 in 250 epochs of 500 updates, the rate falls slowly from 0.1."""
    return RisingMomentumSGD(DecayToFloor(0.1, decay=1.000004), rise_steps=250 * 500)
