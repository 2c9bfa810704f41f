"""Scores of translated images: against the truth where it is known, and against the other side's images as a whole."""

import numpy as np
from skimage.color import rgb2lab
from skimage.exposure import match_histograms
from skimage.metrics import structural_similarity

from gan_book.metrics.distances import frechet_distance, squared_distances
from gan_book.metrics.features import SMALLEST, load_lpips

# Bins of the marginal histograms: lightness, and the two colour axes as far as sRGB reaches into them.
LAB_RANGES = {"L": (0, 100), "a": (-110, 110), "b": (-110, 110)}
LAB_BINS = 100
FEATURES = 256  # of AlexNet's last activation
MOST_COMPARED = 200  # pairs; each is compared with each, and 200 of 256 pixels take a gigabyte
SSIM_WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}  # as Wang et al. 2004


def against_truth(images, truth):
    """Means over pairs of images: dict of "l1", "psnr", "ssim" and, of 31 pixels or more, "lpips" and "retrieval".

    L1 is in levels of 0..255; PSNR in dB, 10 log10(255^2 / mean squared error), of each image, at most 100; SSIM that
    of Wang et al. (2004), "Image Quality Assessment", mean of the channels; LPIPS see `gan_book.metrics.features`;
    retrieval see `retrieval`.

    Args:
        images, truth: uint8 ``[n, h, w, 3]``, of 11 pixels or more, SSIM's window.
    """
    error = images.astype("float64") - truth
    squared = np.square(error).mean(axis=(1, 2, 3))
    psnr = np.minimum(10 * np.log10(255**2 / np.maximum(squared, 1e-12)), 100)
    ssim = [
        structural_similarity(a, b, channel_axis=-1, data_range=255, **SSIM_WINDOW)
        for a, b in zip(images, truth, strict=True)
    ]
    scores = {"l1": float(np.abs(error).mean()), "psnr": float(psnr.mean()), "ssim": float(np.mean(ssim))}
    if min(images.shape[1:3]) < SMALLEST:
        return scores
    lpips = float(load_lpips().distances(images, truth).mean())
    return {**scores, "lpips": lpips, "retrieval": retrieval(images, truth)}


def retrieval(images, truth):
    """Share of the images whose own truth is the nearest by LPIPS of all truths: 1/n on average for random ones.

    Unlike a distance it asks whether a translation can be recognised, so it does not need the two to be aligned. Of
    more than `MOST_COMPARED` pairs the first ones are looked at.
    """
    images, truth = (load_lpips().embedding(each[:MOST_COMPARED]) for each in (images, truth))
    nearest = squared_distances(images, truth).argmin(axis=1)
    return float((nearest == np.arange(len(images))).mean())


def against_all(images, real):
    """How far two sets of images differ as wholes: dict of "frechet", and of "histogram_L", "_a" and "_b".

    "frechet" is the Fréchet distance of the LPIPS-AlexNet features of all their places (not an FID); it is left out
    for images too small for AlexNet, and where a set has no more places than those 256 features. The others are
    intersections of histograms, 1 for equal ones: of lightness and of the two axes of colour in CIE Lab, which Isola et
    al. (2017, "Image-to-Image Translation with Conditional Adversarial Networks", figure 7) look at. Low ones in a and
    b mean other colours, paler or more vivid.

    Args:
        images, real: uint8 ``[n, h, w, 3]``, any number of each.
    """
    histograms = zip(lab_histograms(images).items(), lab_histograms(real).values(), strict=True)
    scores = {f"histogram_{axis}": float(np.minimum(a, b).sum()) for (axis, a), b in histograms}
    if min(images.shape[1:3]) < SMALLEST:
        return scores
    features = [load_lpips().features(each) for each in (images, real)]
    if min(map(len, features)) <= FEATURES:
        return scores
    return {"frechet": float(frechet_distance(*features)), **scores}


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
    """The images with the colours of a set: each channel's histogram made that of all of `style`; uint8 as `images`.

    A translation for those who have no network: a baseline.

    Args:
        images: uint8 ``[n, h, w, 3]``.
        style: uint8 ``[m, h', w', 3]``.
    """
    flat = style.reshape(-1, 1, 3)
    return np.stack([match_histograms(image, flat, channel_axis=-1) for image in images]).round().astype("uint8")
