"""Checks for the exercises of chapter 7 that ask for code. Each raises `AssertionError` with what is wrong.

In the notebook: ``from chapters.ch07_infogan import exercises``, then ``exercises.check_normal_loss(my_loss)``.
"""

import math

import numpy as np
from keras import ops
from scipy.optimize import linear_sum_assignment


def check_matched_accuracy(matched_accuracy):
    """`infogan`, exercise 7. matched_accuracy: ``matched_accuracy(categories, labels)``, int ``[n]`` to a number."""
    labels = np.arange(30) % 3
    value = matched_accuracy((labels + 1) % 3, labels)
    assert np.ndim(value) == 0, f"return one number, not shape {np.shape(value)}"
    assert abs(value - 1) < 1e-9, f"the same groups with other numbers agree entirely: 1, not {value:.3f}"
    # Category 0 has six 0s and five 1s, category 1 has five 0s: who takes the best cell first gets only 6 of 16 right.
    categories, labels = np.repeat([0, 0, 1], [6, 5, 5]), np.repeat([0, 1, 0], [6, 5, 5])
    value = matched_accuracy(categories, labels)
    assert abs(value - 10 / 16) < 1e-9, f"the best matching of these gives 10 / 16 = 0.625, not {value:.3f}"
    print("right")


def check_normal_loss(normal_loss):
    """`infogan`, exercise 8. normal_loss: ``normal_loss(code, guess)``, ``[n, d]`` and ``[n, 2d]`` to ``[n]``."""
    rng = np.random.default_rng(0)
    code, mean, log_sigma = (rng.uniform(-1, 1, (5, 2)).astype("float32") for _ in range(3))
    guess = np.concatenate([mean, log_sigma], axis=1)
    value = ops.convert_to_numpy(normal_loss(ops.convert_to_tensor(code), ops.convert_to_tensor(guess)))
    assert value.shape == (5,), f"return one number for each image, shape (5,), not {value.shape}"
    density = np.exp(-(((code - mean) / np.exp(log_sigma)) ** 2) / 2) / (np.exp(log_sigma) * math.sqrt(2 * math.pi))
    wanted = -np.log(density).sum(axis=1)
    assert np.allclose(value, wanted, atol=1e-3), f"for these codes it is {wanted.round(3)}, not {value.round(3)}"
    print("right")


def check_is_consistent(consistency):
    """`iic`, exercise 4. consistency: ``consistency(first, second)``, logits ``[n, k]`` twice, to a number.

    The share of images whose two views have the same most likely category.
    """
    first = np.float32([[3, 0, 0], [0, 2, 0], [0, 0, 1], [1, 0, 0]])
    second = np.float32([[9, 8, 7], [0, 0, 5], [0, 0, 1], [0, 1, 0]])
    value = consistency(first, second)
    assert np.ndim(value) == 0, f"return one number, not shape {np.shape(value)}"
    assert abs(float(value) - 0.5) < 1e-6, f"two of these four images have equal categories: 0.5, not {float(value)}"
    print("right")


def matched_accuracy_solution(categories, labels):
    """An answer to exercise 7 of `infogan`."""
    size = max(categories.max(), labels.max()) + 1
    counts = np.zeros((size, size), int)
    np.add.at(counts, (categories, labels), 1)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels)


def normal_loss_solution(code, guess):
    """An answer to exercise 8 of `infogan`."""
    mean, log_sigma = ops.split(guess, 2, axis=-1)
    each = ops.square((code - mean) / ops.exp(log_sigma)) / 2 + log_sigma + math.log(2 * math.pi) / 2
    return ops.sum(each, axis=-1)


def consistency_solution(first, second):
    """An answer to exercise 4 of `iic`."""
    return np.mean(np.argmax(first, axis=1) == np.argmax(second, axis=1))
