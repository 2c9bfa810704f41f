"""Points in the plane whose distribution is known, and how many of its modes a GAN has learned (chapter 2)."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mixture:
    """Equally likely normal distributions in the plane: their centres, float ``[modes, 2]``, and one deviation."""

    name: str
    centres: np.ndarray
    sigma: float

    def sample(self, n, rng):
        """Points, float32 ``[n, 2]``; `rng` is a `numpy.random.Generator`."""
        which = rng.integers(0, len(self.centres), n)
        return (self.centres[which] + self.sigma * rng.standard_normal((n, 2))).astype("float32")


_angles = np.arange(8) * np.pi / 4
RING = Mixture("ring", np.stack([np.cos(_angles), np.sin(_angles)], axis=1), 0.02)
# The usual spacing 2 and deviation 0.05, scaled so that each coordinate has the variance 1.
_places = np.array([(i, j) for i in range(-4, 5, 2) for j in range(-4, 5, 2)])
GRID = Mixture("grid", _places / 8**0.5, 0.05 / 8**0.5)


def count_modes(points, mixture):
    """Which modes of a mixture the points cover. Explained in chapter 2, section 8.

    Args:
        points: float ``[n, 2]``, generated.
        mixture: the `Mixture` of the real points.

    Returns:
        dict: ``modes`` (found strictly: a fifth of the points due to a mode are near it), ``touched`` (at least
        one is), ``good`` (share of points within three deviations of a centre), ``kl`` (of the modes' shares of these
        from equal ones, in nats; NaN without a good point).
    """
    distance = np.linalg.norm(points[:, None] - mixture.centres[None], axis=-1)
    good = distance.min(axis=1) <= 3 * mixture.sigma
    counts = np.bincount(distance.argmin(axis=1)[good], minlength=len(mixture.centres))
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return {
        "modes": int((counts >= 0.2 * len(points) / len(mixture.centres)).sum()),
        "touched": int((counts > 0).sum()),
        "good": float(good.mean()),
        "kl": float((shares * np.log(shares * len(mixture.centres))).sum()) if len(shares) else math.nan,
    }
