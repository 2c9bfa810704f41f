"""The picture at the top of chapter 4, and its thumbnail: ``python -m chapters.ch04_failures.figure`` (two minutes)."""

import numpy as np
from PIL import Image

from chapters.ch02_gan import pictures
from chapters.ch02_gan.mixtures import RING
from chapters.ch04_failures import failures
from gan_book.paths import BOOK
from gan_book.plotting import save_png

SHOWN = {"healthy": {}, "collapse: D too slow": {"rate_d": 5e-5}, "D wins: too fast": {"rate_d": 1e-2, "rate_g": 1e-4}}
MOMENTS = {"healthy": -1, "collapse: D too slow": 3, "D wins: too fast": -1}  # which of the kept looks is shown
THUMBNAIL = 230  # pixels, height of the thumbnail


def main():
    """Trains three GANs and writes what they generate after all steps."""
    real, panels = RING.sample(500, np.random.default_rng(3)), []
    for name, changes in SHOWN.items():
        watch, _ = failures.provoke(**changes)
        step, *seen = watch.stages[MOMENTS[name]]
        panels.append((f"{name}, {step:,} steps", *seen))
    title = "Three GANs on a ring of eight modes"
    picture = pictures.scatter(panels, real, title)
    picture.save(BOOK / "chapters" / "ch04_failures" / "failures.png")
    two = pictures.pixels(pictures.scatter(panels[:2], real, "healthy, and collapsed"))
    width = round(THUMBNAIL * two.shape[1] / two.shape[0])
    small = Image.fromarray(two).resize((width, THUMBNAIL), Image.Resampling.LANCZOS)
    save_png(np.asarray(small), BOOK / "docs" / "figures" / "thumb_ch04.png")


if __name__ == "__main__":
    main()
