"""Reading the names in the logs: ``<turn>_loss``, and ``<turn>_<output>_loss`` where a network has several outputs."""


def losses(names):
    """The losses among the names, in order: ``(totals, parts)``, one total a turn, and what the totals are sums of."""
    every = [name for name in names if name.endswith("loss")]
    turns = {name: name.removesuffix("loss") for name in every if name.endswith("_loss")}
    parts = [name for name in every if any(name != total and name.startswith(turn) for total, turn in turns.items())]
    return [name for name in every if name not in parts], parts
