"""What chapter 1 measures of an autoencoder: its two losses in nats, its codes, and two kinds of samples."""

import numpy as np
from scipy.ndimage import laplace
from scipy.special import xlogy
from sklearn.neighbors import KNeighborsClassifier

from gan_book.metrics import frechet_distance, has_classifier, load_classifier
from gan_book.metrics.distances import Normal, fit_normal, normal_distance
from gan_book.metrics.reference import Reference, choose_some, one_blas_thread
from gan_book.metrics.score import Score
from gan_book.networks import to_uint8

TRAINING_CODES = 10_000  # training images that are encoded for the scores of the codes
NEIGHBOURS = 5
LEAST = 1e-7  # Keras's own bound for probabilities in the cross-entropy


@one_blas_thread
def measure(run, dataset, images, labels, seed):
    """The chapter's scores of a run whose networks are "encoder" and "generator" (the decoder).

    images: uint8 ``[n, h, w, c]``, decoded from latent points of the prior N(0, 1); labels: not used.

    Returns:
        ``(scores, details)``: "bound" and "kl" only for an encoder with the outputs mean and log variance.
    """
    del labels
    encoder, decoder = run.load("encoder"), run.load("generator")
    rng = np.random.default_rng(seed)
    test = encode(encoder, dataset.test_images, rng)
    x_hat = decoder.predict(test["z"], batch_size=250, verbose=0)
    nats = float(cross_entropy(dataset.test_images, x_hat).mean())
    perfect = float(cross_entropy(dataset.test_images, dataset.test_images / 127.5 - 1).mean())
    scores = [
        Score("reconstruction", "reconstruction", nats, "{:.1f} nats", words="per test image", short="{:.1f}",
              reference=perfect, reference_words="a perfect copy"),
    ]  # fmt: skip
    if "kl" in test:
        kl = float(test["kl"].mean())
        bound = Score("bound", "bound", nats + kl, "{:.1f} nats", short="{:.1f}", words="reconstruction + KL")
        scores = [bound, *scores, Score("kl", "KL", kl, "{:.1f} nats", short="{:.1f}", words="per test image")]
    chosen = choose_some(len(dataset.images), TRAINING_CODES, seed)
    known = encode(encoder, dataset.images[chosen], rng)
    scores += [_distance_from_prior(test["z"]), _neighbours(known["mean"], dataset.labels[chosen], test, dataset)]
    scores.append(_sharpness(images, dataset.test_images))
    return scores + _fitted(decoder, known["z"], len(images), dataset, seed), {}


def encode(encoder, images, rng):
    """Codes of uint8 images: dict of "mean" and "z", float ``[n, d]``; of a VAE's encoder also "kl", float ``[n]``.

    z is a sample from q(z|x); where the encoder gives one code and no variance, z is that code.
    """
    answer = encoder.predict(images / np.float32(127.5) - 1, batch_size=250, verbose=0)
    if not isinstance(answer, (list, tuple)):
        return {"mean": answer, "z": answer}
    mean, log_variance = answer
    z = mean + np.exp(log_variance / 2) * rng.standard_normal(mean.shape).astype("float32")
    # Kingma and Welling (2014), appendix B: KL(q || N(0, 1)), summed over the latent numbers.
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)
    return {"mean": mean, "z": z, "kl": kl}


def cross_entropy(images, x_hat):
    """The reconstruction loss in nats, summed over the pixels: float ``[n]``.

    images: uint8 ``[n, h, w, c]``; x_hat: float ``[n, h, w, c]`` in [-1, 1].
    """
    x, p = images / 255.0, np.clip((np.asarray(x_hat, "float64") + 1) / 2, LEAST, 1 - LEAST)
    return -np.sum(xlogy(x, p) + xlogy(1 - x, 1 - p), axis=(1, 2, 3))


def _distance_from_prior(z):
    dim = z.shape[1]
    prior = Normal(len(z), np.zeros(dim), np.eye(dim))
    value = normal_distance(fit_normal([np.asarray(z, "float64")]), prior)
    return Score("code_distance", "codes from N(0, 1)", value, "{:.2f}", words="Fréchet distance of test codes")


def _neighbours(codes, labels, test, dataset):
    model = KNeighborsClassifier(NEIGHBOURS).fit(codes, labels)
    value = float(model.score(test["mean"], dataset.test_labels))
    words = f"of {NEIGHBOURS} neighbours among {len(codes):,} training codes"
    return Score("neighbours", "neighbours' accuracy", value, "{:.1f} %", 100, words=words)


def _sharpness(images, real):
    # A blurred edge has a small second derivative.
    value, of_real = (float(np.mean([laplace(each[..., 0] / 255.0).var() for each in some])) for some in (images, real))
    return Score("sharpness", "sharpness", value / of_real, words="variance of the Laplacian, of the real images'")


def _fitted(decoder, z, count, dataset, seed):
    """The Fréchet distance of samples whose latent points come from a normal distribution fitted to the codes."""
    if not has_classifier(dataset):
        return []
    rng = np.random.default_rng(seed)
    points = rng.multivariate_normal(z.mean(axis=0), np.cov(z.T), count, method="cholesky").astype("float32")
    classifier = load_classifier(dataset.name)
    made = classifier.features(to_uint8(decoder.predict(points, batch_size=250, verbose=0)))
    value = frechet_distance(made, Reference(dataset, classifier, seed).outputs[0])  # these are kept on disk
    return [Score("fitted_frechet", "FD, fitted prior", value, words="latent points from a normal fitted to codes")]
