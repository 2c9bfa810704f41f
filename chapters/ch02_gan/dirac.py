"""The smallest GAN: one weight for G, one for D (Mescheder et al. 2018, section 2). Chapter 2, section 9."""

import math

import numpy as np


def dirac_path(rate, steps, penalty=0.0, alternating=True, start=(1.0, 0.0)):
    """The path of a Dirac-GAN with the minimax loss: float ``[steps + 1, 2]``, the weights theta (of G) and psi (of D).

    Args:
        rate: h, the learning rate of both.
        steps: how many; in each both weights are updated.
        penalty: gamma, of the term ``gamma / 2 * psi**2`` in D's loss (R1).
        alternating: whether the update of G sees the new psi, or both see the old ones.
        start: theta and psi.
    """
    (theta, psi), path = start, [start]
    for _ in range(steps):
        new = psi - rate * (theta * _sigmoid(psi * theta) + penalty * psi)
        seen = new if alternating else psi
        theta, psi = theta + rate * seen * _sigmoid(seen * theta), new
        path.append((theta, psi))
    return np.array(path)


def dirac_matrix(rate, penalty=0.0, alternating=True):
    """What one step multiplies (theta, psi) by, close to the equilibrium, where the sigmoid is 1/2: float ``[2, 2]``.

    The arguments are those of `dirac_path`.
    """
    of_d = np.array([[1, 0], [-rate / 2, 1 - rate * penalty]])
    of_g = np.array([[1, rate / 2], [0, 1]])
    return of_g @ of_d if alternating else of_g + of_d - np.eye(2)


def _sigmoid(x):
    return 1 / (1 + math.exp(-x))
