"""The remedies of chapter 4 on the ring of 8 and the grid of 25, with several seeds: the table of its results page.

    python -m chapters.ch04_failures.compare                        # trains all and prints the table
    python -m chapters.ch04_failures.compare --record               # also writes results/remedies.json
    python -m chapters.ch04_failures.compare --data ring --seeds 1  # a part of it

All have the same networks and the same number of steps. Rows that are there already, with the same seeds and steps, are
not made again, so a comparison that was stopped goes on where it was.
"""

import json
from functools import partial
from typing import Annotated

import typer

from chapters.ch02_gan import toys
from chapters.ch02_gan.mixtures import GRID, RING
from chapters.ch04_failures import remedies
from gan_book.commands import cli
from gan_book.errors import BookError, require_choice
from gan_book.paths import RESULTS
from gan_book.training import run_config, runs
from tools import results

MIXTURES = {"ring": RING, "grid": GRID}
STEPS = {"ring": 3000, "grid": 6000}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def row(name, data, steps, seeds):
    """A row of the table; see `chapters.ch02_gan.toys.row`."""
    remedy = remedies.REMEDIES[name]
    build = partial(remedies.define_model, remedy)
    return toys.row(name, build, MIXTURES[data], steps, seeds, remedies.BATCH * remedy.d_updates)


def known(path):
    """The rows of an earlier comparison, a list; empty without the file."""
    return json.loads(path.read_text(encoding="utf-8"))["toys"] if path.exists() else []


@app.command()
def main(
    data: Annotated[str, typer.Option(help="ring, grid or both.")] = "both",
    names: Annotated[str, typer.Option(help="Remedies, with commas between them; all without it.")] = "",
    seeds: Annotated[int, typer.Option(help="Trainings of each row.")] = 3,
    steps: Annotated[int | None, typer.Option(help="Of each training; usually 3,000 and 6,000.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Also write results/remedies.json.")] = False,
):
    """Train the remedies of chapter 4 on points in the plane, and count modes."""
    require_choice("--data", data, (*MIXTURES, "both"))
    if seeds < 1 or (steps is not None and steps < 1):
        raise BookError(f"--seeds and --steps must be at least 1, not {min(seeds, steps or 1)}")
    chosen = names.split(",") if names else list(remedies.REMEDIES)
    for name in chosen:
        require_choice("--names", name, tuple(remedies.REMEDIES))
    path = RESULTS / "remedies.json"
    surroundings, made, earlier = run_config.surroundings(), [], known(path) if record else []
    for each in MIXTURES if data == "both" else [data]:
        for name in chosen:
            wanted = steps or STEPS[each]
            same = [
                old
                for old in earlier
                if (old["data"].split()[0], old["gan"], old["steps"], len(old["runs"])) == (each, name, wanted, seeds)
            ]
            made.append(same[0] if same else row(name, each, wanted, seeds))
            print(name, each, {score["name"]: score["value"] for score in made[-1]["scores"]}, flush=True)
            if record:
                places = {(new["data"], new["gan"]) for new in made}
                kept = [old for old in earlier if (old["data"], old["gan"]) not in places]
                runs.write_json(path, {"toys": made + kept, "surroundings": surroundings})
    print(results.toys_table({"toys": made, "surroundings": surroundings}))


if __name__ == "__main__":
    cli.guard(app)
