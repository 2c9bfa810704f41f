"""Checks for the exercises of chapter 9 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch09_sgan import exercises``, then ``exercises.check_smoothed(SmoothedSGAN)``.
"""

import numpy as np
from keras import ops

from chapters.ch09_sgan import sgan


def check_real_probability(real_probability):
    """Exercise 7. real_probability: logits ``[n, k]`` to D(x), ``[n]``."""
    logits = np.random.default_rng(0).normal(0, 3, (5, 4)).astype("float32")
    value = ops.convert_to_numpy(real_probability(ops.convert_to_tensor(logits)))
    assert value.shape == (5,), f"return one probability for each image, shape (5,), not {value.shape}"
    z = np.exp(logits.astype("float64")).sum(axis=1)
    assert np.allclose(value, z / (z + 1), atol=1e-4), (
        f"D(x) must be {(z / (z + 1)).round(3)} here, not {value.round(3)}"
    )
    large = ops.convert_to_numpy(real_probability(ops.convert_to_tensor(np.float32([[1000, 0], [-1000, -1000]]))))
    assert np.isfinite(large).all(), "exp(1000) is infinite; use ops.logsumexp and ops.sigmoid"
    assert np.allclose(large, [1, 0]), f"for large logits D(x) is 1, for very small ones 0, not {large}"
    print("right")


def check_smoothed(model_class):
    """Exercise 8. model_class: a subclass of `SGAN` whose D has the target 0.9 for unlabelled images."""
    images, labels = np.zeros((20, 28, 28, 1), "uint8"), np.arange(20, dtype="int32") % 10
    classifier, generator = sgan.define_classifier(width=4), sgan.define_generator(latent_dim=4, width=4)
    gan = sgan.define_gan(generator, classifier)
    model = model_class(generator, sgan.define_discriminator(classifier), gan, classifier, (images, labels))
    seen = {name: y for name, _, _, y in model.turns(ops.convert_to_tensor(images[:8]))}
    assert set(seen) == {"d", "g"}, f"yield the updates d and g, not {', '.join(seen) or 'none'}"
    assert set(seen["d"]) == {"label", "real", "fake"}, "the targets of D are label, real and fake, as in SGAN"
    real, fake, g = (np.asarray(ops.convert_to_numpy(y)) for y in (seen["d"]["real"], seen["d"]["fake"], seen["g"]))
    assert real.shape == (8, 1), f"one target for each unlabelled image, shape (8, 1), not {real.shape}"
    assert np.allclose(real, 0.9), f"the target for unlabelled images must be 0.9, not {real.mean():.2f}"
    assert np.allclose(fake, 0), f"one-sided: the target for generated images stays 0, not {fake.mean():.2f}"
    assert np.allclose(g, 1), f"the target of G stays 1, not {g.mean():.2f}"
    print("right")


def real_probability_solution(logits):
    """An answer to exercise 7."""
    return ops.sigmoid(ops.logsumexp(logits, axis=-1))


class SmoothedSGAN(sgan.SGAN):
    """An answer to exercise 8."""

    def turns(self, images, labels=None):
        for name, network, x, y in super().turns(images):
            yield name, network, x, {**y, "real": 0.9 * y["real"]} if name == "d" else y
