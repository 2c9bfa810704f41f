"""Checks for the exercises of chapter 6 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch06_cgan import exercises``, then ``exercises.check_hinge(my_hinge)``.
"""

import keras
import numpy as np
from keras import ops

from gan_book.networks import to_uint8
from gan_book.sampling import draw


def check_hinge(hinge):
    """Exercise 7. hinge: ``hinge(y_true, y_pred)``, targets 1 or -1 and answers ``[n, 1]`` to a scalar."""
    target, answer = np.float32([[1], [1], [-1], [-1]]), np.float32([[0.5], [2.0], [-0.5], [3.0]])
    value = hinge(ops.convert_to_tensor(target), ops.convert_to_tensor(answer))
    assert tuple(ops.shape(value)) == (), f"the loss must be one number, not of shape {tuple(ops.shape(value))}"
    assert abs(float(value) - 1.25) < 1e-5, f"for these four answers the loss is 1.25, not {float(value):.4g}"
    sure = float(hinge(ops.convert_to_tensor(target), ops.convert_to_tensor(3 * target)))
    assert abs(sure) < 1e-6, f"answers beyond 1 in the right direction cost nothing, not {sure:.4g}"
    print("right")


def check_mixed_labels(mixed, generator, z):
    """Exercise 8. mixed: ``mixed(generator, z, a, b, t)``, latent points ``[n, d]`` to uint8 images ``[n, h, w, c]``.

    generator, z: as given to `mixed`.
    """
    n = len(z)
    first, last = (np.asarray(mixed(generator, z, 7, 9, t)) for t in (0.0, 1.0))
    assert first.dtype == np.uint8, f"return pixels, uint8 (gan_book.to_uint8 makes them), not {first.dtype}"
    for t, images, label in ((0, first, 7), (1, last, 9)):
        wanted = draw(generator, np.full(n, label), z=z)
        assert images.shape == wanted.shape, f"the shape must be {wanted.shape}, not {images.shape}"
        off = np.abs(images.astype(int) - wanted).max()
        assert off <= 1, f"with t = {t} the images must be those of class {label}; they differ by up to {off} of 255"
    middle = np.asarray(mixed(generator, z, 7, 9, 0.5))
    assert not np.array_equal(middle, first) and not np.array_equal(middle, last), "t = 0.5 must give other images"
    print("right")


def hinge_solution(y_true, y_pred):
    """An answer to exercise 7."""
    return ops.mean(ops.relu(1.0 - y_true * y_pred))


def mixed_labels_solution(generator, z, a, b, t):
    """An answer to exercise 8."""
    copy = type(generator).from_config(generator.get_config())
    copy.set_weights(generator.get_weights())
    embedding = copy.get_layer("label_embedding")
    decoder = keras.Model([copy.inputs[0], embedding.output], copy.output)
    table = ops.convert_to_numpy(embedding.embeddings)
    mixture = np.repeat((1 - t) * table[[a]] + t * table[[b]], len(z), axis=0)
    return to_uint8(ops.convert_to_numpy(decoder([z, mixture], training=False)))
