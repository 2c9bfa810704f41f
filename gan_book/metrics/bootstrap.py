"""Spread of a statistic by resampling."""

from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """Standard error and the ends of the 95 % interval."""

    standard_error: float
    low: float
    high: float


def bootstrap(statistic, n, resamples=1000, seed=0):
    """Spread of ``statistic`` over resamples of n samples with replacement (Efron 1979; percentile interval).

    statistic: function of an index array int ``[n]``, entries from 0 to n - 1, to a float.
    """
    rng = np.random.default_rng(seed)
    values = np.array([statistic(rng.integers(0, n, n)) for _ in range(resamples)])
    low, high = np.quantile(values, [0.025, 0.975])
    return Spread(float(values.std(ddof=1)), float(low), float(high))
