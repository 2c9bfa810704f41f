"""Checks for the exercises of chapter 8 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch08_acgan import exercises``, then ``exercises.check_class_fd(my_class_fd)``.
"""

import numpy as np
from keras import ops

from chapters.ch08_acgan import acgan
from gan_book.metrics import frechet_distance


def check_class_fd(class_fd):
    """`acgan`, exercise 7.

    class_fd: ``class_fd(features, labels, real_features, real_labels)``, features ``[n, d]`` and labels ``[n]`` to the
    mean Fréchet distance over the classes.
    """
    rng = np.random.default_rng(0)
    labels, real_labels = np.arange(300) % 3, np.arange(600) % 3
    features, real = rng.normal(size=(300, 4)), rng.normal(size=(600, 4))
    features += 5 * labels[:, None]  # the classes are far from each other,
    real += 5 * ((real_labels + 1) % 3)[:, None]  # and the real ones are exchanged
    value = class_fd(features, labels, real, real_labels)
    assert np.ndim(value) == 0, f"return one number, the mean over the classes, not shape {np.shape(value)}"
    right = class_fd_solution(features, labels, real, real_labels)
    whole = frechet_distance(features, real)
    assert abs(value - whole) > 0.1, "this is the distance of all images together; compare class with class"
    assert abs(value - right) < 1e-3 * right, f"the mean over these classes is {right:.2f}, not {value:.2f}"
    print("right")


def check_real_labels_only(model_class):
    """`acgan`, exercise 8. model_class: a subclass of `ACGAN` whose D learns the classes from real images alone."""
    generator = acgan.define_generator(latent_dim=4, width=4)
    generator.get_layer("label_embedding").embeddings.assign(np.zeros((10, 32)))  # G ignores its label here
    discriminator = acgan.define_discriminator(width=4)
    discriminator.get_layer("label").bias.assign(np.arange(10))  # so that the class loss depends on the class
    model = model_class(generator, discriminator, acgan.define_gan(generator, discriminator))
    images, labels = np.zeros((10, 28, 28, 1), "uint8"), np.zeros(10, "int32")
    state = ops.convert_to_numpy(model.rng.state)
    seen = {}
    for shift in (0, 1):
        model.rng.state.assign(state)  # the same latent points for both labels
        given = ops.convert_to_tensor(labels + shift)
        for name, network, x, *target in model.turns(ops.convert_to_tensor(images), given):
            logits = network(x, training=False)
            loss = network.compute_loss(x, target[0], logits, *target[1:])
            seen.setdefault(name, []).append(float(loss))
    assert {"d_real", "d_fake", "g"} <= set(seen), f"yield the updates d_real, d_fake and g, not {', '.join(seen)}"
    first, second = seen["d_fake"]
    assert abs(first - second) < 1e-5, "D's loss on generated images still depends on their labels"
    assert first > 0.1, "D must still learn that generated images are not real"
    for name in ("d_real", "g"):
        assert abs(seen[name][0] - seen[name][1]) > 1e-6, f"the update {name} must still use the labels"
    print("right")


def check_real_logit(real_logit):
    """`twon_gan`, exercise 5. real_logit: logits ``[n, 2N]`` to the logit of the probability of "real", ``[n]``."""
    logits = np.random.default_rng(0).normal(0, 3, (5, 6)).astype("float32")
    value = ops.convert_to_numpy(real_logit(ops.convert_to_tensor(logits)))
    assert value.shape == (5,), f"return one logit for each image, shape (5,), not {value.shape}"
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = probabilities[:, :3].sum(axis=1)
    got = 1 / (1 + np.exp(-value))
    assert np.allclose(got, wanted, atol=1e-4), f"P(real) must be {wanted.round(3)} here, not {got.round(3)}"
    large = ops.convert_to_numpy(real_logit(ops.convert_to_tensor(np.float32([[1000, 0, 0, 0]]))))
    assert np.isfinite(large).all(), "large logits overflow; use ops.logsumexp instead of probabilities"
    print("right")


def class_fd_solution(features, labels, real_features, real_labels):
    """An answer to exercise 7 of `acgan`."""
    classes = np.unique(real_labels)
    return np.mean([frechet_distance(features[labels == k], real_features[real_labels == k]) for k in classes])


class RealLabelsOnly(acgan.ACGAN):
    """An answer to exercise 8 of `acgan`: generated images have the weight 0 in D's class loss."""

    def turns(self, images, labels):
        for name, network, x, y in super().turns(images, labels):
            if name == "d_fake":
                ones = ops.ones((ops.shape(images)[0],))
                yield name, network, x, y, {"validity": ones, "label": ops.zeros_like(ones)}
            else:
                yield name, network, x, y


def real_logit_solution(logits):
    """An answer to exercise 5 of `twon_gan`."""
    real, fake = ops.split(logits, 2, axis=-1)
    return ops.logsumexp(real, axis=-1) - ops.logsumexp(fake, axis=-1)
