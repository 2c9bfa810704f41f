"""The networks of the InfoGAN paper as a script of their own: sizes, and who moves."""

import numpy as np
import pytest

from chapters.ch07_infogan import infogan, paper
from tests.chapters.common import build, moves, names, noise


def test_the_networks_have_the_sizes_of_the_chapters():
    assert paper.define_generator().count_params() == infogan.define_paper_generator().count_params()
    # This one reads two means of the codes, with sigma fixed; that of the chapter two means and two sigmas.
    assert infogan.define_paper_student().count_params() - paper.define_d_and_q().count_params() == 2 * (128 + 1)


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("variant", paper.VARIANTS)
def test_who_moves(variant, size, snapshot, moved):
    model, data = build(paper.LESSON, variant=variant), noise(n=size)
    seen = moves(model, (data.images, data.labels), snapshot, moved, ("generator", "d_and_q"))
    every, d, head = (names(model.d_and_q, parts) for parts in (None, ["trunk", "validity"], paper.Q_HEAD))
    assert every == d | head
    g = names(model.generator)
    assert seen["d"] == (d if variant == "head" else every)
    assert seen["g"] == (g | head if variant == "head" else g)


def test_the_loss_of_the_codes_is_half_the_squared_error():
    code, mean = np.float32([[0.5, -1.0], [0.0, 0.0]]), np.float32([[0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(np.asarray(paper.code_loss(code, mean)), [0.625, 0.0])
