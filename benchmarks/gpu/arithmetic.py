"""How many floating-point operations a training step needs, counted from the networks; and what a card can do.

Counted is what the networks ask for, not what a library happens to execute: of each convolution and dense layer two
operations for each product (multiply and add). A backward pass costs twice a forward pass where weights are trained
(one product for the gradient of the input, one for that of the kernel), and once through a frozen network.
"""

import math

from keras import layers


def forward(network):
    """Operations of a forward pass for one image."""
    return sum(_of_layer(layer) for layer in network._flatten_layers(include_self=False, recursive=True))


def _of_layer(layer):
    if isinstance(layer, layers.Dense):
        return 2 * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.Conv2DTranspose):  # each pixel of the input meets the whole kernel
        return 2 * math.prod(layer.kernel.shape) * math.prod(layer.input.shape[1:3])
    if isinstance(layer, layers.Conv2D):
        return 2 * math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
    return 0


TRAINED, FROZEN, USED = 3, 2, 1  # forward passes that a pass costs: with both gradients, with one, with none


def of_gan(generator, discriminator):
    """Operations of a step for one image: G makes images; D learns from real and generated; G learns through D."""
    g, d = forward(generator), forward(discriminator)
    return (USED + TRAINED) * g + (TRAINED + TRAINED + FROZEN) * d


def of_cyclegan(generator, patchgan):
    """Operations of a step for one image of each side; chapter 11's `define_gan` has the five passes of a direction."""
    g, d = forward(generator), forward(patchgan)
    composite = (TRAINED + FROZEN + USED + TRAINED + TRAINED) * g + FROZEN * d  # G(x), F(G(x)), F(y), G(F(y)), G(y)
    return 2 * (composite + USED * g + (TRAINED + TRAINED) * d)
