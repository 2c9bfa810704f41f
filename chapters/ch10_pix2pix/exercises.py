"""Checks for the exercises of chapter 10 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch10_pix2pix import exercises``, then ``exercises.check_saturation(saturation)``.
"""

import numpy as np
from keras import ops
from skimage.color import rgb2hsv

from chapters.ch10_pix2pix import pix2pix


def check_saturation(saturation):
    """Exercise 7. saturation: uint8 ``[n, h, w, 3]`` to the mean saturation of each picture, ``[n]``, from 0 to 1."""
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)
    images[0], images[1, :3] = 128, 0
    value = np.asarray(saturation(images))
    assert value.shape == (4,), f"return one number for each picture, shape (4,), not {value.shape}"
    assert np.isfinite(value).all(), "black pixels have the saturation 0; do not divide by 0"
    true = rgb2hsv(images)[..., 1].mean(axis=(1, 2))
    assert np.allclose(value, true, atol=1e-4), f"the saturation must be {true.round(3)} here, not {value.round(3)}"
    print("right")


def check_matching(model_class):
    """Exercise 8. model_class: a subclass of `Pix2Pix` whose D also learns from pairs that do not fit."""
    x, y = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    generator, patchgan = pix2pix.define_generator((32, 32, 3), width=2), pix2pix.define_patchgan((32, 32, 3), width=2)
    discriminator, gan = pix2pix.define_discriminator(patchgan), pix2pix.define_gan(generator, patchgan)
    turns = model_class(generator, patchgan, discriminator, gan).turns(x, y)
    seen = {name: (network, given, target) for name, network, given, target in turns}
    assert set(seen) == {"d", "d_wrong", "g"}, f"yield d, d_wrong and g, not {', '.join(seen) or 'none'}"
    network, given, target = seen["d_wrong"]
    assert network is discriminator, "d_wrong is an update of the discriminator"
    edges, true, wrong = (np.asarray(ops.convert_to_numpy(each)) for each in given)
    x, y = x / 127.5 - 1, y / 127.5 - 1
    assert np.allclose(edges, x, atol=1e-5) and np.allclose(true, y, atol=1e-5), "the first two inputs are x and y"
    others = [[np.allclose(each, other, atol=1e-5) for other in y] for each in wrong]
    assert np.sum(others) == 3 and not np.trace(others), "the third input is, for each pair, the y of another pair"
    real, fake = (ops.convert_to_numpy(target[name]) for name in ("real", "fake"))
    assert np.all(real == 1) and np.all(fake == 0), "the targets are those of the update d"
    print("right")


def saturation_solution(images):
    """An answer to exercise 7."""
    largest, smallest = images.max(axis=-1).astype(float), images.min(axis=-1)
    return ((largest - smallest) / np.maximum(largest, 1)).mean(axis=(1, 2))


class MatchingPix2Pix(pix2pix.Pix2Pix):
    """An answer to exercise 8."""

    def turns(self, x, y):
        for name, network, given, target in super().turns(x, y):
            yield name, network, given, target
            if name == "d":
                edges, true, _ = given
                yield "d_wrong", network, [edges, true, ops.roll(true, 1, axis=0)], target
