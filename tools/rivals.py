"""What translates without a network, scored like the networks: what a CycleGAN must beat.

    python -m tools.rivals

Writes ``results/rivals.json``: on the test tiles of the earth and on the test emoji, in both directions, the picture as
it is (identity), the picture with the colours of the other side (histogram matching), and real training pictures of the
other side, which no score against the truth is for.
"""

from dataclasses import replace

from chapters.ch11_cyclegan.cyclegan import LESSON, baselines
from gan_book.commands import cli
from gan_book.paths import RESULTS
from gan_book.training import runs

DATA = ("earth", "emoji")


def rivals(data):
    """Rows of the table: dict of "data", "direction", "rival", "samples", and "scores", a list of `Score`s as dicts."""
    pairs = LESSON.task.load(replace(LESSON.settings("quick", data=data), limit=None))
    rows = []
    for direction, turned in {"AtoB": pairs, "BtoA": pairs.swapped()}.items():
        for name, scores in baselines(turned).items():
            row = {"data": data, "direction": direction, "rival": name, "samples": len(turned.test_a)}
            rows.append(row | {"scores": [score.as_dict() for score in scores]})
    return rows


def main():
    """Score the rivals."""
    path = RESULTS / "rivals.json"
    runs.write_json(path, {"rivals": [row for data in DATA for row in rivals(data)]})
    print(f"wrote {path.relative_to(RESULTS.parent)}")


if __name__ == "__main__":
    cli.guard(main)
