"""What translates without a network, scored like the networks: what the GANs of chapters 10 and 11 must beat.

    python -m tools.baselines                # all sets of `DATA`
    python -m tools.baselines edges2faces    # some of them

Writes ``results/baselines.json``: the baselines of `gan_book.metrics.baselines`; on the earth, from the map, a table of
colours that also knows the latitude; and real training pictures of the other side, which no score against the truth is
for. (They are a scale, not a limit: the true pictures themselves would have a Fréchet distance of 0.)
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
import typer

from gan_book.commands import cli
from gan_book.datasets import load_pairs
from gan_book.datasets.drawings import DRAWN_PAIRS
from gan_book.datasets.earth import SIDES, latitudes
from gan_book.datasets.images import resize
from gan_book.errors import BookError
from gan_book.metrics import compare_sets
from gan_book.metrics.baselines import baselines, table_of_colours
from gan_book.paths import RESULTS
from gan_book.sampling import evenly_spaced
from gan_book.training import runs
from gan_book.training.task import compare
from tools import results

SIZE = 64
DATA = {  # the directions that the chapters translate in
    "edges2faces": ("AtoB",),
    "orange2blue": ("AtoB", "BtoA"),
    "plain2tabby": ("AtoB", "BtoA"),
    "bare2hat": ("AtoB", "BtoA"),
    "earth": ("AtoB", "BtoA"),
}
NEAR = 3  # degrees of latitude; a tile has 4.3


def rows(data):
    """The rows of a set: dicts of "data", "direction", "baseline", "samples", and "scores", `Score`s as dicts."""
    paired = data not in DRAWN_PAIRS or DRAWN_PAIRS[data].attributes is not None
    loaded = load_pairs(data, SIZE, paired=paired)
    found = []
    for direction in DATA[data]:
        pairs = loaded if direction == "AtoB" else loaded.swapped()
        made = baselines(pairs)
        if pairs.name == "earth" and pairs.sides[0] == SIDES[1]:
            made["table of colours and latitude"] = by_latitude(pairs)
        scores = {name: compare(images, pairs.test_a, pairs.test_b, pairs) for name, images in made.items()}
        scores["real pictures"] = compare_sets(real(pairs), pairs.test_b)
        for name, each in scores.items():
            row = {"data": data, "direction": direction, "baseline": name, "samples": len(pairs.test_a)}
            found.append(row | {"scores": [score.as_dict() for score in each]})
    return found


def real(pairs):
    """As many training pictures of B as there are test pictures, at their size."""
    height, width = pairs.image_shape[:2]
    some = pairs.b[evenly_spaced(len(pairs.b), len(pairs.test_b))]
    # Training pictures have more pixels than test pictures: of the earth because they show more of it.
    return some[:, :height, :width] if pairs.name == "earth" else resize(some, (height, width))


def by_latitude(pairs):
    """`table_of_colours` of the earth, one for each test tile's latitude: uint8 ``[n, h, w, 3]``.

    The map does not tell how far a place is from the equator, and snow, desert and forest depend on it. The table is
    made of the training tiles whose middles are at most `NEAR` degrees nearer to or farther from it.
    """
    train, test = (np.abs(degrees) for degrees in (latitudes(SIZE)["train"], latitudes(SIZE)["test"]))
    made = np.zeros_like(pairs.test_a)
    for here in np.unique(test):
        near, there = np.abs(train - here) <= NEAR, test == here
        some = replace(pairs, a=pairs.a[near], b=pairs.b[near], test_a=pairs.test_a[there], test_b=pairs.test_b[there])
        made[there] = table_of_colours(some)
    return made


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Sets; without any all of them.")] = None,
):
    """Score the baselines."""
    for unknown in set(names or []) - set(DATA):
        raise BookError(f"no baselines for '{unknown}'; there are: {', '.join(DATA)}")
    path = RESULTS / "baselines.json"
    known = results.load("baselines").get("baselines", [])
    for data in names or DATA:
        known = [row for row in known if row["data"] != data] + rows(data)
        runs.write_json(path, {"baselines": sorted(known, key=lambda row: list(DATA).index(row["data"]))})
        print(f"{data}: wrote {path.relative_to(RESULTS.parent)}", flush=True)


if __name__ == "__main__":
    cli.guard(lambda: typer.run(main))
