"""Latent points, walks between them, and pictures drawn from them."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from gan_book import sampling
from gan_book.commands import generate as generating
from gan_book.errors import BookError
from gan_book.sampling import Category, Code, Generator, Noise
from tests import tiny_lesson


@pytest.fixture
def generator():
    model = tiny_lesson.define_generator((8, 8, 3), 4)
    table = model.get_layer("label_embedding").embeddings
    table.assign(np.random.default_rng(0).normal(size=table.shape))
    return model


def unconditional(*prior):
    z = keras.Input((5,))
    image = layers.Reshape((2, 2, 1))(layers.Dense(4, activation="tanh")(z))
    return Generator(z, image, takes=[Noise(*prior)])


def test_latent_points_are_normal_or_uniform_as_the_generator_expects():
    normal = sampling.latent_points(unconditional(), 4000)
    assert normal.shape == (4000, 5) and normal.dtype == np.float32
    np.testing.assert_allclose([normal.mean(), normal.std()], [0, 1], atol=0.03)
    uniform = sampling.latent_points(unconditional(0, 1), 4000)
    assert uniform.min() >= 0 and uniform.max() < 1
    np.testing.assert_allclose([uniform.mean(), uniform.std()], [1 / 2, 12**-0.5], atol=0.01)


def test_the_seed_decides(generator):
    a, b, c = (sampling.latent_points(generator, 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    with pytest.raises(BookError, match="--seed must not be negative"):
        sampling.latent_points(generator, 3, -1)


def test_labels_are_balanced():
    assert sampling.balanced_labels(7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert np.bincount(sampling.balanced_labels(100, 10)).tolist() == [10] * 10


def test_draw_gives_pixels_in_the_order_of_the_labels(generator):
    labels = [3, 0, 3]
    z = sampling.latent_points(generator, 3)
    images = sampling.draw(generator, labels, z=z)
    assert images.shape == (3, 8, 8, 3) and images.dtype == np.uint8
    expected = (keras.ops.convert_to_numpy(generator([z, np.array(labels)], training=False)) + 1) * 127.5
    np.testing.assert_allclose(images, expected, atol=0.51)
    np.testing.assert_array_equal(images, sampling.draw(generator, labels, seed=0, batch_size=2))


def test_draw_from_an_unconditional_generator():
    generator = unconditional()
    assert not sampling.is_conditional(generator)
    assert sampling.draw(generator, np.zeros(3)).shape == (3, 2, 2, 1)


def test_line_and_arc_end_where_they_should():
    a, b = np.array([1.0, 0.0], "float32"), np.array([0.0, 2.0], "float32")
    for walk in (sampling.line, sampling.arc):
        points = walk(a, b, 5)
        assert points.shape == (5, 2) and points.dtype == np.float32
        np.testing.assert_allclose(points[[0, -1]], [a, b], atol=1e-6)
    np.testing.assert_allclose(sampling.line(a, b, 3)[1], [0.5, 1.0])


def test_the_arc_keeps_to_the_sphere():
    rng = np.random.default_rng(0)
    a, b = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 64)))
    points = sampling.arc(a, b, 9)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-5)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)
    assert np.linalg.norm(sampling.line(a, b, 9)[4]) < 0.8


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_the_arc_between_points_of_one_line_is_that_line(factor):
    a = np.array([0.6, 0.8], "float32")
    np.testing.assert_allclose(sampling.arc(a, factor * a, 4), sampling.line(a, factor * a, 4), atol=1e-6)


def test_between_classes_starts_and_ends_at_the_classes(generator):
    z = sampling.latent_points(generator, 1, seed=1)
    walk = sampling.between_classes(generator, z[0], 1, 2, 4)
    assert walk.shape == (4, 8, 8, 3) and walk.dtype == np.uint8
    ends = sampling.draw(generator, [1, 2], z=np.repeat(z, 2, axis=0))
    np.testing.assert_allclose(walk[[0, -1]].astype(int), ends.astype(int), atol=1)
    assert (walk[1] != walk[0]).any() and (walk[1] != walk[-1]).any()


def test_between_classes_leaves_the_generator_fit_to_be_saved(generator, tmp_path):
    sampling.between_classes(generator, sampling.latent_points(generator, 1)[0], 0, 1, 2)
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(sampling.draw(loaded, [0, 1]), sampling.draw(generator, [0, 1]))


def with_codes():
    z, category = keras.Input((5,), name="z"), keras.Input((), dtype="int32", name="category")
    code = keras.Input((2,), name="code")
    h = layers.Concatenate()([z, layers.Embedding(3, 4, name="label_embedding")(category), code])
    image = layers.Reshape((2, 2, 1))(layers.Dense(4, activation="tanh")(h))
    return Generator([z, category, code], image, takes=[Noise(), Category(3), Code()])


def test_codes_are_uniform_and_have_a_seed_of_their_own():
    generator = with_codes()
    codes = sampling.latent_codes(generator, 4000, seed=1)
    assert codes.shape == (4000, 2) and codes.dtype == np.float32
    assert codes.min() < -0.99 and codes.max() > 0.99 and abs(codes.mean()) < 0.03
    np.testing.assert_array_equal(codes, sampling.latent_codes(generator, 4000, seed=1))
    assert sampling.latent_codes(unconditional(), 4) is None
    assert [sampling.code_dim(each) for each in (generator, unconditional())] == [2, 0]


def test_labels_have_names_if_there_are_any(generator):
    assert sampling.label_names(generator, "abcd") == tuple("abcd")
    assert sampling.label_names(with_codes(), "abcd") == ("category 0", "category 1", "category 2")
    assert sampling.label_names(unconditional(), "abcd") == ()
    assert [sampling.num_labels(each) for each in (generator, with_codes(), unconditional())] == [4, 3, 1]


def test_a_grid_has_a_row_for_each_label_but_no_more_than_ten(generator):
    many, without = tiny_lesson.define_generator((8, 8, 3), 12), unconditional()
    for each, rows in (generator, range(4)), (with_codes(), range(3)), (many, range(10)), (without, [0] * 10):
        labels = sampling.grid_labels(each)
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, [[label] * 10 for label in rows])


def test_between_categories():
    generator = with_codes()
    z = sampling.latent_points(generator, 1)
    walk = sampling.between_classes(generator, z[0], 0, 2, 4)
    ends = sampling.draw(generator, [0, 2], z=np.repeat(z, 2, axis=0), codes=np.zeros((2, 2), "float32"))
    np.testing.assert_allclose(walk[[0, -1]].astype(int), ends.astype(int), atol=1)


@pytest.mark.parametrize("kinds, columns", [(1, 5), (2, 10), (3, 9), (7, 7), (10, 10), (11, 11), (26, 10)])
def test_a_picture_of_several_classes_has_one_in_a_column(kinds, columns, tmp_path):
    labels = np.arange(24) % kinds
    images = np.full((24, 56, 56, 1), 9) * labels[:, None, None, None]
    generating._write_grid(images.astype("uint8"), labels, tmp_path / "grid.png")
    centres = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))[30::58, 30::58]
    assert centres.shape == (-(-24 // columns), columns)
    if 1 < kinds <= 20:
        full = centres[: 24 // columns]
        assert (full == full[0]).all()
