"""Tiles that cover a picture, and what is put together from them."""

import itertools
import tracemalloc

import numpy as np
import pytest

from gan_book.commands.translate import blending_window, in_tiles, starts


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("length", [16, 17, 28, 29, 40, 100])
def test_tiles_cover_the_whole_side_and_overlap(length):
    places = starts(length, size=16, overlap=4)
    assert places[0] == 0 and places[-1] == length - 16
    assert all(0 < b - a <= 12 for a, b in itertools.pairwise(places))


@pytest.mark.parametrize("shape", [(16, 16), (40, 16), (33, 57), (5, 3), (16, 7), (100, 20)])
def test_doing_nothing_to_the_tiles_gives_the_picture_back(shape):
    image = picture(*shape)
    np.testing.assert_array_equal(in_tiles(image, 16, lambda tiles: tiles), image)


def test_every_tile_is_a_piece_of_the_picture_of_the_right_size():
    image, seen = picture(40, 50), []
    in_tiles(image, 16, lambda tiles: seen.append(tiles.shape) or 255 - tiles, overlap=4)
    assert seen == [(4, 16, 16, 3)] * 3
    np.testing.assert_array_equal(in_tiles(image, 16, lambda tiles: 255 - tiles, overlap=4), 255 - image)


def test_neighbours_are_blended_without_a_step():
    """Each tile a grey of its own: along a row the picture changes by small steps only."""
    greys = iter(range(0, 250, 40))

    def grey(tiles):
        return np.stack([np.full_like(tile, next(greys)) for tile in tiles])

    row = in_tiles(picture(16, 56), 16, grey, overlap=8)[8, :, 0].astype(int)
    assert row[0] == 0 and row[-1] == 200
    assert (np.diff(row) >= 0).all() and np.diff(row).max() <= 40 / 4


def test_the_window_is_whole_in_the_middle_and_never_zero():
    window = blending_window(16, 4)
    assert window.shape == (16, 16) and window.min() > 0
    assert (window[4:12, 4:12] == 1).all() and window[0, 0] < window[0, 8] < window[2, 8] < 1


def test_strips_are_shown_one_by_one():
    seen = []

    def strips(all_of_them):
        for strip in all_of_them:
            seen.append(strip)
            yield strip

    image = picture(40, 16)
    np.testing.assert_array_equal(in_tiles(image, 16, lambda tiles: tiles, strips=strips), image)
    assert seen == [(0, 12), (12, 24), (24, 40)]


def test_memory_is_that_of_the_result_and_one_strip():
    image = picture(1600, 400)
    tracemalloc.start()
    in_tiles(image, 32, lambda tiles: tiles)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * image.nbytes + 40 * (32 * 400 * 3)  # padded picture and result; a strip's floats and tiles


def test_tiles_may_be_oblong():
    image, seen = picture(50, 40), []
    whole = in_tiles(image, (16, 24), lambda tiles: seen.append(tiles.shape) or 255 - tiles)
    np.testing.assert_array_equal(whole, 255 - image)
    assert {shape[1:] for shape in seen} == {(16, 24, 3)}
