"""Scores of translated images: against the truth where it is known, and against all images of the other side.

Explained in chapter 10.
"""

import numpy as np
from skimage.color import rgb2lab
from skimage.exposure import match_histograms
from skimage.metrics import structural_similarity

from gan_book.metrics.distances import normal_distance, squared_distances
from gan_book.metrics.features import ALEXNET_FEATURES, SMALLEST, alexnet_normal, load_lpips
from gan_book.metrics.score import Score

# Bins of the marginal histograms: lightness, and the two colour axes as far as sRGB reaches into them.
LAB_RANGES = {"L": (0, 100), "a": (-110, 110), "b": (-110, 110)}
LAB_BINS = 100
MOST_COMPARED = 200  # pairs; each is compared with each, and 200 of 256 pixels take a gigabyte
SSIM_WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}  # as Wang et al. 2004


def compare_pairs(images, truth):
    """How close are translations to the truth? Means over pairs of images; explained in chapter 10.

    - "l1": mean absolute difference, in levels of 0..255; from 0, lower is better.
    - "psnr": peak signal-to-noise ratio in dB, ``10 log10(255^2 / mean squared error)`` of each image, at most 100;
      higher is better.
    - "ssim": structural similarity, Wang et al. 2004, "Image Quality Assessment", equation 13; mean of the channels; at
      most 1, for equal images; higher is better.
    - "lpips", of images of 31 pixels or more: see `gan_book.metrics.features.LPIPS.distances`; lower is better.
    - "retrieval", of such images: see `retrieval`; higher is better.

    Args:
        images, truth: uint8 ``[n, h, w, 3]``, of 11 pixels or more, SSIM's window.

    Returns:
        list of `Score`s.
    """
    error = images.astype("float64") - truth
    squared = np.square(error).mean(axis=(1, 2, 3))
    psnr = np.minimum(10 * np.log10(255**2 / np.maximum(squared, 1e-12)), 100)
    ssim = [
        structural_similarity(a, b, channel_axis=-1, data_range=255, **SSIM_WINDOW)
        for a, b in zip(images, truth, strict=True)
    ]
    scores = [
        Score("l1", "L1", float(np.abs(error).mean()), "{:.1f}"),
        Score("psnr", "PSNR", float(psnr.mean()), "{:.2f} dB"),
        Score("ssim", "SSIM", float(np.mean(ssim)), "{:.3f}"),
    ]
    if min(images.shape[1:3]) < SMALLEST:
        return scores
    lpips = float(load_lpips().distances(images, truth).mean())
    scores.append(Score("lpips", "LPIPS", lpips, "{:.3f}"))
    return [*scores, Score("retrieval", "retrieval", retrieval(images, truth), "{:.1f} %", 100)]


def retrieval(images, truth):
    """Share of the images whose own truth is the nearest by LPIPS of all truths, explained in chapter 10.

    From 0 to 1, higher is better; random images have 1/n on average.

    Unlike a distance it asks whether a translation can be recognised, so it works where the two are not aligned. Of
    more than `MOST_COMPARED` pairs only the first are used.

    Args:
        images, truth: uint8 ``[n, h, w, 3]``, of 31 pixels or more.
    """
    images, truth = (load_lpips().embedding(each[:MOST_COMPARED]) for each in (images, truth))
    nearest = squared_distances(images, truth).argmin(axis=1)
    return float((nearest == np.arange(len(images))).mean())


def compare_sets(images, real):
    """How much do two sets of images differ as a whole? Explained in chapter 10.

    - "frechet": the Fréchet distance of the LPIPS-AlexNet features of all their places (not an FID); from 0, lower is
      better. It is left out for images too small for AlexNet, and where a set has no more places than those 256
      features.
    - "histogram_L", "_a", "_b": ``sum min(p, q)`` of the shares of pixels in the bins of lightness and of the two axes
      of colour in CIE Lab; from 0 to 1, for equal ones; higher is better. Isola et al. 2017, "Image-to-Image
      Translation with Conditional Adversarial Networks", figure 7, look at these histograms. Low ones in a and b mean
      other colours, paler or more vivid.

    Args:
        images, real: uint8 ``[n, h, w, 3]``, any number of each.

    Returns:
        list of `Score`s.
    """
    histograms = zip(lab_histograms(images).items(), lab_histograms(real).values(), strict=True)
    scores = [
        Score(f"histogram_{axis}", f"histogram {axis}", float(np.minimum(a, b).sum()), "{:.3f}")
        for (axis, a), b in histograms
    ]
    if min(images.shape[1:3]) < SMALLEST:
        return scores
    ours, theirs = alexnet_normal(images), alexnet_normal(real)
    if min(ours.count, theirs.count) <= ALEXNET_FEATURES:
        return scores
    return [Score("frechet", "Fréchet distance", normal_distance(ours, theirs)), *scores]


def lab_histograms(images):
    """Shares of the pixels in `LAB_BINS` bins of each axis of CIE Lab: dict of float ``[LAB_BINS]``, each sums to 1.

    Args:
        images: uint8 ``[n, h, w, 3]``.
    """
    counts = {axis: np.zeros(LAB_BINS) for axis in LAB_RANGES}
    for image in images:
        for values, (axis, limits) in zip(rgb2lab(image).reshape(-1, 3).T, LAB_RANGES.items(), strict=True):
            counts[axis] += np.histogram(np.clip(values, *limits), bins=LAB_BINS, range=limits)[0]
    return {axis: each / each.sum() for axis, each in counts.items()}


def histogram_matched(images, style):
    """The images with the colours of a set: each channel's histogram is matched to that of all of `style`.

    A translation without a network: the baseline of chapter 11.

    Args:
        images: uint8 ``[n, h, w, 3]``.
        style: uint8 ``[m, h', w', 3]``.

    Returns:
        uint8 of the shape of `images`.
    """
    flat = style.reshape(-1, 1, 3)
    return np.stack([match_histograms(image, flat, channel_axis=-1) for image in images]).round().astype("uint8")
