"""From measured runs to ``results/``, and from there to the tables in the texts.

    python -m tools.results collect ch06_cgan quick runs/cgan-quick-001 runs/cgan-quick-002 ...
    python -m tools.results               # writes the tables in all texts (`make results`)

A table stands between two markers, and a test compares it with ``results/``:

    <!-- table: ch06_cgan -->                                                  all rows, all columns, and the protocol
    <!-- table: ch06_cgan rows=quick,full columns=minutes,label_accuracy -->   some of them, in this order
    <!-- table: ch10_pix2pix rows=quick baselines=*unchanged columns=l1 -->       and what needs no network
    <!-- table: summary -->                                                    a row for each chapter (`SUMMARY`)
    <!-- table: gpu -->                                                        all of ``results/gpu``
    <!-- end -->

Names of rows and baselines may have ``*`` for any letters, and must where they have spaces.
"""

import json
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks import gpu_table
from gan_book import datasets
from gan_book.commands import cli
from gan_book.errors import BookError, counted, duration
from gan_book.metrics.score import is_finite, scores_of
from gan_book.paths import BOOK, RESULTS, atomic_write
from gan_book.training import chapters, runs
from gan_book.training.task import DIRECTIONS

TEXTS = ("README.md", "chapters/*/README.md", "benchmarks/README.md", "docs/*.md", "docs/results/*.md")
PLACE = ("cores", "device", "policy")  # where a run was made, and with which numbers: what its minutes depend on
SAME = ("lesson", "preset", *PLACE, "backend")  # timings that agree in these are of the same thing
MARKED = re.compile(r"(<!-- table: (\w+)((?: \w+=\S+)*) -->\n).*?(<!-- end -->)", re.DOTALL)
COUNTS = ("seeds", "steps", "minutes")  # columns that every row has, besides its scores


@dataclass(frozen=True)
class Reference:
    """What to compare a score with: that of real images; or another score, another row, or a translation without a
    network (a row of ``results/baselines.json``).

    Attributes:
        words: which it is, before the number.
        score, row, baseline: names; with none of them the score's own reference, that of real images.
    """

    words: str
    score: str | None = None
    row: str | None = None
    baseline: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of the summary: one score of one row.

    Attributes:
        file, row, score: names in ``results/``. A row that is not there has no line.
        title, data: texts: which model, which images.
        reference: what to compare the score with.
        paper: the paper's number, with its source.
    """

    file: str
    row: str
    title: str
    data: str
    score: str
    reference: Reference
    paper: str = "–"


REAL = Reference("real images")
MATCHED = Reference("the input, colours matched", baseline="the input, colours matched")
NEAREST = Reference("the nearest training pair", baseline="nearest training pair")
CLOTHING, DIGITS = "Fashion-MNIST", "MNIST"
FACES, CATS = "cartoon faces, 64 pixels", "cats, 64 pixels, no pairs"
DRAWN = "cartoon faces, 64 pixels, no labels"
SUMMARY = [
    Line("ch06_cgan", "full", "6. cGAN", CLOTHING, "label_accuracy", REAL),
    Line("ch06_cgan", "mlp-quick", "6. MLP cGAN", DIGITS, "label_accuracy", REAL),
    Line(
        "ch07_infogan",
        "full",
        "7. InfoGAN",
        f"{DIGITS}, no labels",
        "code_accuracy",
        Reference("one epoch without the information loss", row="control"),
        "95 % (Chen et al. 2016)",
    ),
    Line("ch08_acgan", "acgan-full", "8. AC-GAN", CLOTHING, "frechet_distance", REAL),
    Line("ch08_acgan", "twon-full", "8. 2N-GAN", CLOTHING, "frechet_distance", REAL),
    Line(
        "ch09_sgan",
        "full",
        "9. SGAN",
        f"{DIGITS}, 100 labels",
        "test_accuracy",
        Reference("the 100 labels alone", score="alone_accuracy"),
        "99.07 % (Salimans et al. 2016)",
    ),
    Line("ch10_pix2pix", "full", "10. pix2pix, edges to faces", FACES, "lpips", NEAREST),
    Line("ch11_cyclegan", "full", "11. CycleGAN, orange to blue", CATS, "AtoB_lpips", MATCHED),
    Line("ch12_biggan", "full", "12. BigGAN", CLOTHING, "frechet_distance", REAL),
    Line("ch13_progan", "full", "13. Progressive growing", DRAWN, "alexnet_frechet", REAL),
    Line("ch14_stylegan", "full", "14. StyleGAN", DRAWN, "alexnet_frechet", REAL),
]

app = typer.Typer(add_completion=False, invoke_without_command=True)


def tabled(measured):
    """The `Score`s of a report that tables have columns of, by name."""
    return {score.name: score for score in scores_of(measured) if score.in_tables}


def summarise(folders):
    """Runs of one configuration as JSON: each run's numbers, their mean and their spread (sample standard deviation).

    Raises:
        BookError: a run is not finished, or the runs do not differ in their seed alone, or were measured differently.
    """
    configs = [runs.Run(folder).config for folder in folders]
    reports = [runs.Run(folder).report for folder in folders]
    for folder, report in zip(folders, reports, strict=True):
        if report is None:
            raise BookError(f"{folder} is not finished; resume it first")
    _check_alike(folders, configs, reports)
    settings = configs[0].settings
    each = [
        {
            "seed": config.seed,
            "training_seconds": _seconds(folder),
            "findings": report["findings"],
            **{name: getattr(config, name) for name in PLACE},
            **{name: score.value for name, score in tabled(report["measured"]).items()},
        }
        for folder, config, report in zip(folders, configs, reports, strict=True)
    ]
    first = reports[0]["measured"]
    about = {
        "settings": {name: value for name, value in settings.items() if name != "seed"},
        "steps": reports[0]["steps"],
        "parameters": reports[0]["parameters"],
        "samples": first["samples"],
        "classifier_accuracy_on_real": first["details"].get("classifier_accuracy_on_real"),
        "made_on": {name: getattr(configs[0], name) for name in ("backend", "versions", "git")},
    }
    return over_runs(about, tabled(first).values(), each)


def _seconds(folder):
    """Seconds of training of a run, and of the runs whose weights it started from (chapter 13)."""
    run = runs.Run(folder)
    if run.report is None:
        raise BookError(f"{folder}, from whose weights a run started, is not there or not finished")
    before = run.config.start_from
    return run.report["training_seconds"] + (_seconds(before) if before else 0)


def over_runs(about, scores, each):
    """A row of ``results/``: what is said about it, and its runs with the mean and the spread of their numbers.

    Args:
        about: dict of what all runs have in common.
        scores: their `Score`s; the values do not matter.
        each: dicts, a run each, with "training_seconds" and a number for each score.
    """
    columns = {name: [run[name] for run in each] for name in ["training_seconds", *(score.name for score in scores)]}
    return {
        **about,
        "scores": [_without_value(score).as_dict() for score in scores],
        "runs": each,
        "mean": _over_runs(np.mean, columns),
        "spread": _over_runs(partial(np.std, ddof=1), columns) if len(each) > 1 else None,
    }


def _check_alike(folders, configs, reports):
    listed = ", ".join(map(str, folders))
    kinds = [_kind(runs.Run(folder)) for folder in folders]
    if any(kind != kinds[0] for kind in kinds):
        raise BookError(f"the runs {listed} differ in more than their seed; collect them apart")
    seeds = [config.seed for config in configs]
    if len(set(seeds)) < len(seeds):
        raise BookError(f"the runs {listed} have the seeds {seeds}, one of them twice; collect one of each")
    measured = [tabled(report["measured"]).keys() for report in reports]
    if any(names != measured[0] for names in measured):
        raise BookError(f"the runs {listed} were not measured in the same scores; train again those with fewer")


def _kind(run):
    """What runs of a row have in common: lesson, settings but for the seed, backend, and how much was measured."""
    lesson, report = run.config.lesson, run.report["measured"]
    settings = replace(chapters.lesson(lesson).settings_of(run), seed=0)
    return lesson, settings, run.config.backend, report["dataset"], report["samples"]


def _without_value(score):
    """What runs that differ in their seed have in common of a score."""
    return replace(score, value=None, spread=None, low=None, high=None)


def _over_runs(statistic, columns):
    """The statistic of each column; None where a run has no finite number."""
    known = {name: all(map(is_finite, values)) for name, values in columns.items()}
    return {name: float(statistic(values)) if known[name] else None for name, values in columns.items()}


def table(results):
    """The Markdown table of one results file."""
    if not results:
        return "Not measured yet.\n"
    if "variants" in results:
        return speed_table(results)
    if "baselines" in results:
        return baselines_table(results)
    if "presets" in results:
        return presets_table(results)
    if "commands" in results:
        return commands_table(results)
    if "exchanges" in results:
        return exchanges_table(results)
    if "toys" in results:
        return toys_table(results)
    directions = _by_direction(_columns(results))
    columns = next(iter(directions.values()))
    heads = ["", *COUNTS, *[""] * (len(directions) > 1), *map(_head, columns.values())]
    rows = []
    for name, summary in results.items():
        cells = [f"`{name}`", *_counts(summary).values()]
        for direction, scores_of_it in directions.items():
            cells += [direction] * (len(directions) > 1)
            cells += [_cell(summary, score) for score in scores_of_it.values()]
            rows.append(cells)
            cells = [""] * 4  # a row's second line is its other direction
    return _markdown(heads, rows) + f"\n{_note(results)}\n"


def chosen_table(results, rows="*", columns=None, baselines=None):
    """The Markdown table of some rows and columns of one results file, without the protocol.

    Args:
        results: content of the file.
        rows: their names or patterns, with commas between them.
        columns: likewise names of scores and of `COUNTS`; None for all.
        baselines: likewise rows of ``results/baselines.json``, which come last; None for none.

    Raises:
        BookError: a name that is not there.
    """
    scores = _columns(results)
    names = columns.split(",") if columns else [*COUNTS, *scores]
    for name in names:
        _require(name, [*COUNTS, *scores])
    chosen = {name: results[name] for name in _matching(rows, results)}
    lines = []
    for name, summary in chosen.items():
        counts = _counts(summary)
        lines.append([f"`{name}`", *(counts.get(each) or _cell(summary, scores[each]) for each in names)])
    found = _baselines(next(iter(chosen.values())), scores)
    for name in _matching(baselines, found) if baselines else ():
        row = found[name]
        lines.append([name, *(row[each].cell() if each in row else "–" for each in names)])
    heads = ["", *(each if each in COUNTS else _head(scores[each]) for each in names)]
    return _markdown(heads, lines)


def _matching(patterns, names):
    """The names that the patterns (with commas between them) name, in the order of the patterns."""
    found = []
    for pattern in patterns.split(","):
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        if not fitting:
            _require(pattern, names)
        found += [name for name in fitting if name not in found]
    return found


def _require(name, names):
    if name not in names:
        raise BookError(f"a table asks for '{name}', which is not in results/; there are: {', '.join(names)}")


def _baselines(summary, columns):
    """Baseline -> name of a column -> `Score`: what needs no network, on the data of a row.

    Where the columns are of two directions, so are the scores; else they are of the row's own direction.
    """
    both = any(name.startswith(f"{DIRECTIONS[0]}_") for name in columns)
    found = {}
    for row in load("baselines").get("baselines", []):
        ours = both or row["direction"] == summary["settings"].get("direction")
        if ours and row["data"] == summary["settings"]["data"]:
            prefix = f"{row['direction']}_" if both else ""
            named = {prefix + score.name: score for score in scores_of(row)}
            found.setdefault(row["baseline"], {}).update(named)
    return found


def summary_table():
    """The Markdown table of all chapters, a line for each of `SUMMARY` that has been measured."""
    lines = []
    for line in SUMMARY:
        results = load(line.file)
        if line.row in results:
            lines.append(_summary_line(line, results))
    heads = ["", "data", "minutes (cores)", "score", "to compare with", "in the paper"]
    return _markdown(heads, lines)


def _summary_line(line, results):
    summary = results[line.row]
    score = _columns(results)[line.score]
    fastest = _fastest(summary)
    place = fastest["cores"] or "GPU"
    minutes = f"{_counts(summary)['minutes']} ({place})"
    runs = f" ({counted(len(summary['runs']), 'seed')})"
    value = f"{score.head.partition(',')[0]} **{_cell(summary, score)}**{runs}"
    return [line.title, line.data, minutes, value, _reference(line, results), line.paper]


def _reference(line, results):
    """The text that says what to compare a line with; a dash if that has not been measured."""
    summary, wanted = results[line.row], line.reference
    columns = _columns(results)
    if wanted.baseline:
        found = _baselines(summary, columns).get(wanted.baseline, {}).get(line.score)
        cell = found.cell() if found else "–"
    elif wanted.row or wanted.score:
        other = results.get(wanted.row or line.row)
        cell = _cell(other, columns[wanted.score or line.score]) if other else "–"
    else:
        own = {score.name: score for score in scores_of(summary)}[line.score]
        cell = replace(own, value=own.reference).cell()
    return cell if cell == "–" else f"{wanted.words}: {cell}"


def _markdown(heads, rows):
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(cells)} |" for cells in rows)]
    return "\n".join([*lines, ""])


def _head(score):
    return score.head.replace("|", r"\|")


def _counts(summary):
    """What every row has, as text: one for each of `COUNTS`."""
    minutes = f"{_fastest(summary)['training_seconds'] / 60:.1f}"
    return dict(zip(COUNTS, (_seeds(summary), f"{summary['steps']:,}", minutes), strict=True))


def speed_table(record):
    """The Markdown table of what `benchmarks/step_time.py` recorded."""
    lines = ["| | ms/step | steps/s | images/s | times as fast as the loop | peak MiB |", f"|{'---|' * 6}"]
    for each in record["variants"]:
        cells = [f"`{each['variant']}`", f"{each['ms_per_step']:.0f}", f"{each['steps_per_second']:.1f}"]
        cells += [f"{each['images_per_second']:.0f}", f"{each['times_as_fast_as_loop']:.2f}"]
        lines.append(f"| {' | '.join(cells)} | {each['peak_memory_bytes'] / 2**20:.0f} |")
    protocol, made_on = record["protocol"], record["surroundings"]
    note = (
        f"Networks `{protocol['network']}`, batch {protocol['batch_size']}; median of {protocol['rounds']} rounds of "
        f"{protocol['steps']} steps, the variants in turn, on {_place(made_on)}, "
        f"Keras {made_on['versions']['keras']}, backend {made_on['backend']}."
    )
    return "\n".join([*lines, "", note, ""])


def baselines_table(record):
    """The Markdown table of what `tools/baselines.py` recorded."""
    rows = [{score.name: score for score in scores_of(row)} for row in record["baselines"]]
    columns = {name: score for row in rows for name, score in row.items()}
    heads = " | ".join(score.head for score in columns.values())
    lines = [f"| | | | {heads} |", f"|{'---|' * (3 + len(columns))}"]
    for row, scores in zip(record["baselines"], rows, strict=True):
        cells = [scores.get(name, _without_value(column)).cell() for name, column in columns.items()]
        lines.append(f"| {' | '.join([row['data'], row['direction'], row['baseline'], *cells])} |")
    samples = {row["data"]: row["samples"] for row in record["baselines"]}
    note = "Test pictures: " + ", ".join(f"{count} of {data}" for data, count in samples.items()) + "."
    return "\n".join([*lines, "", note, ""])


def toys_table(record):
    """The Markdown table of what `chapters/ch02_gan/toys.py` recorded."""
    rows, made_on = record["toys"], record["surroundings"]
    heads = ["data", "GAN", "seeds", "steps", *(score.head for score in scores_of(rows[0]))]
    cells = []
    for row in rows:
        about = [row["data"], f"`{row['gan']}`", f"{len(row['runs'])}", f"{row['steps']:,}"]
        cells.append([*about, *(score.cell() for score in scores_of(row))])
    note = f"{rows[0]['samples']:,} points a training. ± is the standard deviation over seeds."
    return _markdown(heads, cells) + f"\n{note} Made on {_place(made_on)}, Keras {made_on['versions']['keras']}.\n"


def presets_table(record):
    """The Markdown table of what `benchmarks/preset_speed.py` recorded."""
    heads = ["", "pixels", "batch", "steps", "s/step", "images/s", "compile s", "peak MiB", "on"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in sorted(record["presets"], key=lambda row: (row["lesson"], row["seconds_per_step"])):
        cells = [
            f"{row['lesson']} `{row['preset']}`",
            f"{row['image_size']}",
            f"{row['batch_size']}",
            f"{row['steps']}",
        ]
        cells += [f"{row['seconds_per_step']:.2f}", f"{row['images_per_second']:.2f}", f"{row['compile_seconds']:.0f}"]
        cells += [f"{row['peak_memory_bytes'] / 2**20:,.0f}", f"{_place(row)}, {row['policy']}, {row['backend']}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def commands_table(record):
    """The Markdown table of what `benchmarks/whole_command.py` recorded."""
    heads = ["", "steps", "training", "whole command", "CPU time", "on"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in sorted(record["commands"], key=lambda row: (row["preset"], row["lesson"])):
        cells = [f"{row['lesson']} `{row['preset']}`", f"{row['steps']:,}"]
        cells += [duration(row[name]) for name in ("training_seconds", "seconds", "cpu_seconds")]
        lines.append(f"| {' | '.join(cells)} | {_place(row)}, {row['policy']}, {row['backend']} |")
    return "\n".join([*lines, ""])


def exchanges_table(record):
    """The Markdown table of what `benchmarks/exchange.py` recorded."""
    networks = list(record["exchanges"][0]["computed_seconds"])
    heads = ["", "workers", "MB a step", "median, ms", "least, ms", *(f"{name}, ms" for name in networks)]
    heads += ["median and least were measured on", "processes at work before"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in sorted(record["exchanges"], key=lambda row: (row["lesson"], row["preset"], row["workers"])):
        cells = [f"{row['lesson']} `{row['preset']}`", f"{row['workers']}", f"{row['bytes'] / 1e6:.2f}"]
        times = (row["seconds_per_step"], row["least_seconds"], *row["computed_seconds"].values())
        cells += [f"{1000 * seconds:.1f}" for seconds in times]
        load = "unknown" if row["load"] is None else f"{row['load']:.0f}"
        lines.append(f"| {' | '.join(cells)} | the loopback address, {_place(row)} | {load} |")
    return "\n".join([*lines, ""])


def _columns(results):
    """Name -> `Score` of every number that any row has, in an order that goes with that of each row."""
    columns, names = {}, []
    for summary in results.values():
        place = len(names)
        for score in reversed(scores_of(summary)):  # a new one goes before the one that it stands before in its row
            if score.name in columns:
                place = names.index(score.name)
            else:
                names.insert(place, score.name)
            columns[score.name] = score
    return {name: columns[name] for name in names}


def _by_direction(columns):
    """Direction -> columns, without it in their heads ("L1, AtoB"); where scores are not told apart so, "" -> all."""
    if not any(name.startswith(f"{DIRECTIONS[0]}_") for name in columns):
        return {"": columns}
    return {
        direction: {
            name: replace(score, head=score.head.removesuffix(f", {direction}"))
            for name, score in columns.items()
            if name.startswith(f"{direction}_")
        }
        for direction in DIRECTIONS
    }


def _note(results):
    """The protocol that goes with a full table: a Markdown list."""
    first = next(iter(results.values()))
    by_data = {summary["settings"]["data"]: summary for summary in results.values() if _real_frechet(summary)}
    lines = [f"{_samples(results)} samples a run. ± is the standard deviation over seeds."]
    lines += [
        f"Features on {_called(data)}: this book's classifier, which is right on "
        f"{summary['classifier_accuracy_on_real']:.1%} of the real test images. Real training images have a Fréchet "
        f"distance of {_real_frechet(summary)} to them."
        for data, summary in by_data.items()
    ]
    lines.append(
        "Minutes: the training alone, of the fastest run, because some runs shared the cores with other work. Made on "
        f"{_places(results)}. Keras {first['made_on']['versions']['keras']}."
    )
    return "\n".join(f"- {line}" for line in lines)


def _called(data):
    """The setting "data" as the tables have it: a set of the book by its name, a folder by its title."""
    return data if data in datasets.names() else datasets.title_of(data)


def _real_frechet(summary):
    """What real training images score in the classifier's features, as text; None where that is not known."""
    score = next((score for score in scores_of(summary) if score.name == "frechet_distance"), None)
    return None if score is None or score.reference is None else replace(score, value=score.reference).cell()


def _samples(results):
    """How many samples were measured; in which rows, if not as many in all."""
    return ", ".join(_by_row({name: f"{summary['samples']:,}" for name, summary in results.items()}))


def _places(results):
    """Where the fastest runs of the rows were made; which rows, if not all in one place."""
    fastest = {name: _fastest(summary) for name, summary in results.items()}
    return "; ".join(_by_row({name: f"{_place(run)}, {run['policy']}" for name, run in fastest.items()}))


def _by_row(facts):
    """What is true of the rows, name -> text: each text once, with the names of its rows if there are several texts."""
    rows = {}
    for name, fact in facts.items():
        rows.setdefault(fact, []).append(f"`{name}`")
    return list(rows) if len(rows) == 1 else [f"{fact} ({', '.join(names)})" for fact, names in rows.items()]


def _place(made_on):
    if made_on["cores"] is None:
        return made_on["device"]
    return f"{counted(made_on['cores'], 'core')} of: {made_on['device']}"


def _seeds(summary):
    """How many runs there are, and how many of them the health monitor found fault with."""
    failed = sum(bool(run["findings"]) for run in summary["runs"])
    return f"{len(summary['runs'])}" + (f", {failed} failed" if failed else "")


def _fastest(summary):
    return min(summary["runs"], key=lambda run: run["training_seconds"])


def _cell(summary, score):
    spread = summary["spread"] or {}
    return replace(score, value=summary["mean"].get(score.name), spread=spread.get(score.name)).cell()


def with_tables(text):
    """`text` with every marked table as it is in ``results/`` now."""
    return MARKED.sub(lambda found: f"{found[1]}\n{_marked(found[2], found[3])}\n{found[4]}", text)


def _marked(name, options):
    """The table that a marker asks for; options: text such as " rows=quick,full columns=recall"."""
    if name == "summary":
        return summary_table()
    if name == "gpu":
        return gpu_table.markdown()
    chosen = dict(option.split("=", 1) for option in options.split())
    for option in chosen:
        if option not in ("rows", "columns", "baselines"):
            raise BookError(f"a table has 'rows', 'columns' and 'baselines', and no '{option}'")
    return chosen_table(load(name), **chosen) if chosen and load(name) else table(load(name))


def put_row(name, kind, row):
    """Adds a row to ``results/<name>.json``, in place of an earlier one of the same thing (see `SAME`)."""
    record = load(name) or {kind: []}
    others = [each for each in record[kind] if any(each.get(key) != row.get(key) for key in (*SAME, "workers"))]
    runs.write_json(RESULTS / f"{name}.json", {kind: [*others, row]})
    print(table({kind: [row]}), flush=True)


def load(chapter):
    """The content of ``results/<chapter>.json``, empty if nothing of it has been measured yet."""
    path = RESULTS / f"{chapter}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def texts():
    """The files that may hold tables."""
    return sorted(path for pattern in TEXTS for path in BOOK.glob(pattern))


@app.callback()
def write_tables(context: typer.Context):
    """Write the tables in all texts from results/."""
    if context.invoked_subcommand is not None:
        return
    for path in texts():
        old = path.read_text(encoding="utf-8")
        new = with_tables(old)
        if new != old:
            with atomic_write(path, "w") as file:
                file.write(new)
            print(f"wrote {path.relative_to(BOOK)}")


@app.command()
def collect(
    chapter: Annotated[str, typer.Argument(help="Name of the results file, such as ch06_cgan.")],
    name: Annotated[str, typer.Argument(help="Name of the row, such as full.")],
    folders: Annotated[list[Path], typer.Argument(help="Finished runs that differ in their seed alone.")],
):
    """Put the runs' numbers into results/<chapter>.json."""
    path = RESULTS / f"{chapter}.json"
    runs.write_json(path, load(chapter) | {name: summarise(folders)})
    print(f"wrote {path.relative_to(BOOK)}")


if __name__ == "__main__":
    cli.guard(app)
