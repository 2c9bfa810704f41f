"""Checks for the exercises of chapter 1 that ask for code. Each raises `AssertionError` with what is wrong.

In a notebook: ``from chapters.ch01_autoencoder import exercises``, then ``exercises.check_kl(my_kl)``.
"""

import numpy as np
from keras import ops
from scipy.special import xlogy


def check_nats(nats):
    """Notebook `autoencoder`, exercise 7. nats: ``nats(x, x_hat)``, images in [0, 1] ``[n, h, w, c]`` to ``[n]``."""
    x = np.zeros((2, 2, 2, 1))
    x[0, 0, 0], x[1] = 1, 0.5
    guess = np.full_like(x, 0.5)
    loss = np.asarray(nats(x, guess))
    assert loss.shape == (2,), f"the loss must be one number for each image, [2], not {list(loss.shape)}"
    assert np.allclose(loss, 4 * np.log(2)), f"four pixels that are guessed cost 4 log 2 = 2.77 nats, not {loss[0]:.3g}"
    sure = np.asarray(nats(x, x))
    assert np.isfinite(sure).all(), "a reconstruction that is exactly 0 or 1 must not give NaN or infinity"
    assert abs(sure[0]) < 1e-3, f"a perfect copy of black and white pixels costs 0, not {sure[0]:.3g}"
    assert abs(sure[1] - 4 * np.log(2)) < 1e-3, f"a copy of four grey pixels costs 2.77 nats, not {sure[1]:.3g}"
    print("right")


def check_nearest(nearest):
    """Notebook `autoencoder`, exercise 8. nearest: ``nearest(codes, labels, code, k)`` to a label; codes ``[n, d]``."""
    codes = np.array([[0, 0], [1, 0], [0, 1], [5, 5], [5, 6], [6, 5], [6, 6]], float)
    labels = np.array([3, 3, 8, 8, 8, 8, 1])
    for code, k, right in (([0.2, 0.1], 1, 3), ([0.4, 0.4], 3, 3), ([5.6, 5.6], 4, 8), ([9, 9], 1, 1)):
        found = nearest(codes, labels, np.array(code, float), k)
        assert found == right, f"of the {k} codes nearest to {code} most have the label {right}, not {found}"
    print("right")


def check_kl(kl):
    """Notebook `vae`, exercise 7. kl: ``kl(mean, log_variance)``, float ``[n, d]`` each to nats ``[n]``."""
    mean = ops.convert_to_tensor(np.array([[0, 0], [3, 4], [0, 0]], "float32"))
    log_variance = ops.convert_to_tensor(np.array([[0, 0], [0, 0], [np.log(4), 0]], "float32"))
    value = ops.convert_to_numpy(kl(mean, log_variance))
    assert value.shape == (3,), f"the result must be one number for each image, [3], not {list(value.shape)}"
    assert abs(value[0]) < 1e-5, f"N(0, 1) has the divergence 0 from itself, not {value[0]:.3g}"
    assert abs(value[1] - 12.5) < 1e-4, f"a mean of (3, 4) and variance 1 cost 25/2 nats, not {value[1]:.3g}"
    assert abs(value[2] - (3 - np.log(4)) / 2) < 1e-4, f"a variance of 4 costs 0.807 nats, not {value[2]:.3g}"
    print("right")


def check_active(active):
    """Notebook `vae`, exercise 8. active: ``active(mean, log_variance)``, float ``[n, d]`` each to bool ``[d]``."""
    mean, log_variance = np.zeros((4, 4)), np.zeros((4, 4))
    mean[:, 1] = (-1, 1, -1, 1)  # its mean over the images is 0, its KL divergence is not
    log_variance[:, 2] = -3
    mean[:, 3] = 0.01
    found = np.asarray(active(mean, log_variance))
    assert found.shape == (4,), f"the result must be one answer for each latent number, [4], not {list(found.shape)}"
    right = [False, True, True, False]
    assert found.astype(bool).tolist() == right, f"active are {right}, not {found.astype(bool).tolist()}"
    print("right")


def nats_solution(x, x_hat):
    """An answer to exercise 7 of the notebook `autoencoder`."""
    p = np.clip(x_hat, 1e-7, 1 - 1e-7)
    return -np.sum(xlogy(x, p) + xlogy(1 - x, 1 - p), axis=(1, 2, 3))


def nearest_solution(codes, labels, code, k):
    """An answer to exercise 8 of the notebook `autoencoder`."""
    order = np.argsort(((codes - code) ** 2).sum(axis=1))
    return np.bincount(labels[order[:k]]).argmax()


def kl_solution(mean, log_variance):
    """An answer to exercise 7 of the notebook `vae`."""
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1)


def active_solution(mean, log_variance):
    """An answer to exercise 8 of the notebook `vae`."""
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    return kl.mean(axis=0) > 0.01
