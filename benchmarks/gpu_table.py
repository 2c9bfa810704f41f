"""What `benchmarks/on_gpu.sh` measured, as Markdown.

    python -m benchmarks.gpu_table                       # of results/gpu
    python -m benchmarks.gpu_table --folder elsewhere

`tools.results` puts the same text into `benchmarks/README.md`.
"""

import argparse

from benchmarks.gpu.record import FOLDER, PARTS, load
from gan_book.metrics.score import scores_of

NOT_YET = "Not yet measured on a GPU."
LOOP, FLOAT32, BFLOAT16 = "loop", "fused_float32", "fused_bfloat16"
COMPILED = ("torch_compiled_bfloat16", "torch_reduced_bfloat16")  # the faster of them is the one to beat
LARGE = 256  # pixels from which on bfloat16 has to pay
NONE = "–"


def markdown(folder=FOLDER):
    """All parts that have been measured, or the sentence that none has."""
    records = {part: load(folder, part) for part in PARTS}
    makers = {"correctness": correctness, "speed": speed, "book": book}
    found = [makers[part](record) for part, record in records.items() if record]
    return "\n\n".join(found) + "\n" if found else f"{NOT_YET}\n"


def where(record):
    """The sentence that says what a part was measured with."""
    machine, versions = record["machine"], record["machine"]["versions"]
    card = f"{machine['card']}, driver {machine['driver']}" if machine["card"] else "a CPU, for rehearsal"
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    commit = f", commit {machine['commit'][:10]}" if machine["commit"] else ""
    cut = "" if record["complete"] else " This part was cut off by its time."
    tiny = " A rehearsal with tiny networks: the numbers mean nothing." if record["protocol"].get("smoke") else ""
    return f"On {card}; backend {machine['backend']}; {packages}{commit}; {record['seconds']:.0f} s.{cut}{tiny}"


def _table(heads, rows):
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(cells)} |" for cells in rows)]
    return "\n".join(lines)


def _listed(title, record, *parts):
    return "\n\n".join([f"**{title}.** {where(record)}", *(part for part in parts if part)])


# Correctness.


def correctness(record):
    """A row for each chapter and number format."""
    heads = ["", "format", "updates", "weights moved", "of other networks", "resumed", "a step that overflows"]
    rows = [_checked(row) for row in record["rows"]]
    note = (
        "Updates: how many a step has. Weights moved: arrays that the updates moved, of those they train; the third "
        "number is how many they moved of networks that were to hold still. Resumed: arrays of weights, optimizers and "
        "random states that differ after save, restore and as many steps again."
    )
    return _listed("Correctness", record, _table(heads, rows), note)


def _checked(row):
    name = row["chapter"] + ("" if row["deterministic"] else ", default kernels")
    if row.get("problem"):
        return [name, row["format"], _short(row["problem"]), *[NONE] * 4]
    updates = row["updates"].values()
    moved, still, foreign = (sum(len(each[kind]) for each in updates) for kind in ("moved", "still", "foreign"))
    finite = "" if row["finite"] else ", **not finite**"
    return [
        name,
        row["format"],
        f"{len(row['updates'])}",
        f"{moved} of {moved + still}{finite}",
        f"**{foreign}**" if foreign else "0",
        _resumed(row["resume"]),
        _overflowed(row["overflow"]),
    ]


def _resumed(resume):
    if not resume["differing"]:
        return "bit for bit"
    return f"{resume['differing']} of {resume['arrays']} differ, by at most {resume['largest_relative_difference']:.1e}"


def _overflowed(found):
    if found is None:
        return NONE
    fell = all(after < found["scale_before"] for after in found["scale_after"])
    held = not found["weights_moved_by_the_bad_step"] and found["weights_finite"]
    recovered = found["steps_until_all_learn"]
    words = [
        "scale falls" if fell else "**scale stays**",
        "weights hold" if held else "**weights move**",
        f"all learn after {recovered} steps" if recovered is not None else "**never recovers**",
    ]
    return ", ".join(words)


def _short(problem):
    """The last line of what a process said when it failed."""
    return problem.strip().splitlines()[-1][:160].replace("|", "/")


# Speed.


def speed(record):
    """A table for each case, and what became of the targets."""
    cases = {}
    for row in record["rows"]:
        cases.setdefault(row["case"], {})[row["variant"]] = row
    rates = record.get("ceiling", {}).get("flops_per_second", {})
    tables = [_case(name, rows, rates) for name, rows in cases.items()]
    goals = [line for name, rows in cases.items() for line in targets(name, rows, record["protocol"]["targets"])]
    checked = _table(["target", "at least", "measured", ""], goals) if goals else ""
    return _listed("Speed", record, *tables, checked, _protocol(record, rates))


def _case(name, rows, rates):
    heads = [name, "ms/step", "images/s", "x loop", "x PyTorch", "peak MiB", "TFLOP/s", "of the peak", "compile s"]
    loop, rival = _images(rows.get(LOOP)), compiled(rows)
    return _table(heads, [_timed(row, loop, rival, rates) for row in rows.values()])


def _timed(row, loop, rival, rates):
    name = f"`{row['variant']}`"
    if row.get("problem") or "seconds_per_step" not in row:
        return [name, _short(row.get("problem") or "not timed"), *[NONE] * 7]
    images, seconds = row["images_per_second"], row["seconds_per_step"]
    rate = row["operations"] / seconds if row.get("operations") else None
    peak = rates.get(arithmetic_of(row["variant"]))
    return [
        name,
        f"{1000 * seconds:.2f}",
        f"{images:,.0f}" if images >= 100 else f"{images:.1f}",
        _ratio(images, loop),
        _ratio(images, rival),
        f"{row['peak_memory_bytes'] / 2**20:,.0f}",
        f"{rate / 1e12:.2f}" if rate else NONE,
        f"{rate / peak:.1%}" if rate and peak else NONE,
        f"{row['compile_seconds']:.0f}",
    ]


def arithmetic_of(variant):
    """The number format, as in `benchmarks.gpu.ceiling`, in which most of a variant's products are made."""
    if "float16" in variant:
        return "bfloat16"  # tensor cores are as fast in float16
    return "float32" if variant.endswith("_exact") else "tf32"


def _images(row):
    return row.get("images_per_second") if row and not row.get("problem") else None


def compiled(rows):
    """Images a second of PyTorch, compiled, in bfloat16; None if that was not timed."""
    return max((found for name in COMPILED if (found := _images(rows.get(name)))), default=None)


def _ratio(images, other):
    return f"{images / other:.2f}" if images and other else NONE


def targets(case, rows, asked):
    """Lines of the table of targets: what, at least how much, how much it is, and whether that is reached."""
    trained = [name for name in rows if name.startswith("fused") and not name.endswith("_alone")]
    fastest = max((each for name in trained if (each := _images(rows[name]))), default=None)
    loop, exact, half = (_images(rows.get(name)) for name in (LOOP, FLOAT32, BFLOAT16))
    pairs = [(fastest, loop), (fastest, compiled(rows)), (half, exact)]
    large = next(iter(rows.values()))["size"] >= LARGE
    lines = []
    for (what, least), (one, other) in zip(asked.items(), pairs, strict=True):
        if one and other and (large or "bfloat16" not in what):
            reached = "reached" if one / other >= least else "**missed**"
            lines.append([f"{case}: {what}", f"{least:g}", f"{one / other:.2f}", reached])
    return lines


def _protocol(record, rates):
    known = ", ".join(f"{name} {rate / 1e12:.4g}" for name, rate in rates.items())
    peak = (
        f" Peak: what a matrix product of side {record['ceiling']['side']} reaches, in TFLOP/s: {known}."
        if rates
        else ""
    )
    return (
        f"Medians over blocks of steps of up to {record['protocol']['rounds']} rounds, the variants in turn, each in a "
        "process of its own, without the first steps; the clock is read when the device has computed. `fused_*` is "
        "`fit`, from images in memory; `_alone` is the compiled step without `fit`, on a batch that stays on the "
        "device; `_8_steps` has `steps_per_execution=8`; `float32` is as it comes, on NVIDIA cards with products in "
        f"TF32, `_exact` without. FLOP are counted from the layers.{peak}"
    )


# Book.


def book(record):
    """A row for each training."""
    heads = ["", "epochs", "steps", "training, minutes", "peak MiB", "number format", "measured"]
    return _listed("Trainings with the published settings", record, _table(heads, list(map(_trained, record["rows"]))))


def _trained(row):
    if row.get("problem"):
        return [row["chapter"], _short(row["problem"]), *[NONE] * 5]
    scores = [
        f"{score.head.partition(',')[0]} {score.cell()}" for score in scores_of(row["measured"]) if score.in_tables
    ]
    return [
        f"{row['chapter']} `{row['preset']}`",
        f"{row['epochs']:.3g} of {row['of_epochs']}",
        f"{row['steps']:,}",
        f"{row['training_seconds'] / 60:.1f}",
        f"{row['peak_memory_bytes'] / 2**20:,.0f}",
        row["policy"],
        "; ".join(scores) + (f"; {len(row['findings'])} findings" if row["findings"] else ""),
    ]


def main():
    parser = argparse.ArgumentParser(description="Prints what was measured on a GPU.")
    parser.add_argument("--folder", default=FOLDER, help="where the JSON files are")
    print(markdown(parser.parse_args().folder), end="")


if __name__ == "__main__":
    main()
