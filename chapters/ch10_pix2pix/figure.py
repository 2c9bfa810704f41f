"""What each loss is for, in one picture: given | true | L1 | cGAN | both, of test tiles.

python -m tools.series ch10_pix2pix both l1 cgan     # makes the runs
python chapters/ch10_pix2pix/figure.py                    # writes by_loss.png beside this file
"""

from pathlib import Path
from typing import Annotated

import typer

from gan_book import plotting
from gan_book.commands import cli
from gan_book.sampling import translate
from gan_book.training import chapters, runs

ROWS = {"L1": "l1", "cGAN": "cgan", "L1 + cGAN": "both"}
TILES = slice(4, 124, 20)
RUNS, PICTURE = Path("runs/series/ch10_pix2pix"), Path(__file__).with_name("by_loss.png")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    folder: Annotated[Path, typer.Option(help="Where the runs of the series are.")] = RUNS,
    out: Annotated[Path, typer.Option(help="The picture.")] = PICTURE,
):
    """Draw the same test tiles with generators that were trained by different losses."""
    found = {name: runs.Run(folder / f"{row}-0") for name, row in ROWS.items()}
    lesson = chapters.lesson("pix2pix")
    pairs = lesson.task.load(lesson.settings_of(next(iter(found.values()))))
    given, true = pairs.test_a[TILES], pairs.test_b[TILES]
    drawn = {name: translate(run.load("generator"), given) for name, run in found.items()}
    plotting.side_by_side({pairs.sides[0]: given, pairs.sides[1]: true, **drawn}, out, columns=1)
    print(f"wrote {out}")


if __name__ == "__main__":
    cli.guard(app)
