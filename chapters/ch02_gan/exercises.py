"""Checks for the exercises of chapter 2 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch02_gan import exercises``, then ``exercises.check_one_step(my_step)``.
"""

import keras
import numpy as np

from chapters.ch02_gan.gan import define_discriminator, define_gan, define_generator


def check_jensen_shannon(jensen_shannon):
    """Exercise 7. jensen_shannon: ``jensen_shannon(p, q)``, two arrays ``[n]`` of probabilities to a number in nats."""
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    same, apart = float(jensen_shannon(p, p)), float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    assert abs(same) < 1e-9, f"equal distributions have the divergence 0, not {same:.4g}"
    assert abs(apart - np.log(2)) < 1e-9, f"distributions that do not overlap have log 2, not {apart:.4g}"
    half = float(jensen_shannon(p, q))
    assert abs(half - np.log(2) / 2) < 1e-9, f"for (1/2, 1/2, 0) and (0, 1/2, 1/2) it is log(2) / 2, not {half:.4g}"
    print("right")


def check_one_step(one_step):
    """Exercise 8. one_step: ``one_step(discriminator, gan, generator, x, k)`` makes k updates of D and one of G.

    x: real points, float32 ``[k, n, 2]``, a batch for each update of D. G's latent points have 4 numbers.
    """
    for k in (1, 3):
        generator = define_generator((2,), 4, (8,), normalize=False)
        discriminator = define_discriminator((2,), (8,), dropout=0, optimizer=keras.optimizers.SGD(0.1))
        gan = define_gan(generator, discriminator, keras.optimizers.SGD(0.1))
        seen = _watched(discriminator), _watched(gan)
        one_step(discriminator, gan, generator, np.random.default_rng(0).normal(size=(k, 16, 2)).astype("float32"), k)
        targets_d, targets_g = (np.concatenate([target.ravel() for target in each] or [[]]) for each in seen)
        assert _updates(gan) == 1, f"with k = {k}, G needs one update, not {_updates(gan)}"
        assert len(targets_d) == 2 * 16 * k, f"with k = {k}, D must see {16 * k} real and as many generated points"
        assert targets_d.sum() == 16 * k, "the target of D is 1 for real points and 0 for generated ones"
        assert len(targets_g) and targets_g.all(), "the target of G's update is 1: it wants to be taken for real"
        assert seen[0].real == k, f"with k = {k}, each of the {k} batches of real points must be used once"
    print("right")


class _Seen(list):
    """The targets of all updates of a network, and how many of them had targets 1."""

    real = 0


def _watched(network):
    seen, update = _Seen(), network.train_on_batch

    def train_on_batch(x, y, *args, **kwargs):
        seen.append(np.asarray(y))
        seen.real += int((np.asarray(y) == 1).any())
        return update(x, y, *args, **kwargs)

    network.train_on_batch = train_on_batch
    return seen


def _updates(network):
    return int(network.optimizer.iterations)


def jensen_shannon_solution(p, q):
    """An answer to exercise 7."""
    middle = (p + q) / 2

    def divergence(a):
        some = a > 0
        return np.sum(a[some] * np.log(a[some] / middle[some]))

    return (divergence(p) + divergence(q)) / 2


def one_step_solution(discriminator, gan, generator, x, k):
    """An answer to exercise 8."""
    n, latent = x.shape[1], generator.input_shape[1]
    for batch in x[:k]:
        x_fake = generator.predict_on_batch(np.random.normal(size=(n, latent)))
        target = np.concatenate([np.ones((n, 1)), np.zeros((n, 1))])
        discriminator.train_on_batch(np.concatenate([batch, x_fake]), target)
    gan.train_on_batch(np.random.normal(size=(n, latent)), np.ones((n, 1)))
