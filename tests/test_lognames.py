"""Totals and parts of losses, told by name."""

from gan_book.lognames import losses


def test_a_network_with_one_output_has_totals_only():
    names = ["d_real_accuracy", "d_real_loss", "d_fake_loss", "g_loss"]
    assert losses(names) == (["d_real_loss", "d_fake_loss", "g_loss"], [])


def test_outputs_are_parts_of_their_turns_total():
    names = [
        "d_fake_category_loss",
        "d_fake_loss",
        "d_fake_validity_loss",
        "g_category_loss",
        "g_loss",
        "g_category_nats",
    ]
    totals, parts = losses(names)
    assert totals == ["d_fake_loss", "g_loss"]
    assert parts == ["d_fake_category_loss", "d_fake_validity_loss", "g_category_loss"]


def test_turns_whose_names_begin_alike_are_told_apart():
    assert losses(["d_loss", "dx_loss"]) == (["d_loss", "dx_loss"], [])
