"""The tables in the texts are those of ``results/``, and these say what their runs say."""

import json
import re
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from gan_book.errors import BookError
from gan_book.metrics.score import Score, as_report, scores_of
from gan_book.paths import BOOK, RESULTS
from gan_book.training import chapters, runs
from gan_book.training.run_config import RunConfig
from tests.tiny_lesson import TinySettings
from tools import baselines, results

NMI = Score("nmi", "NMI", 0.5, "{:.3f}")
FILES = sorted(RESULTS.glob("ch*.json"))


MARKER = re.compile(r"^<!-- table: .*-->$", re.MULTILINE)
WRITTEN = [path for path in BOOK.glob("**/*.md") if not {".venv", "runs", ".git"} & set(path.parts)]
MARKED = {path: path.read_text(encoding="utf-8") for path in WRITTEN if MARKER.search(path.read_text(encoding="utf-8"))}


def short(path):
    return str(path.relative_to(BOOK))


@pytest.mark.parametrize("path", MARKED, ids=short)
def test_texts_show_the_tables_of_results(path):
    text = MARKED[path]
    assert path in results.texts(), f"TEXTS must name {short(path)}"
    assert len(MARKER.findall(text)) == len(results.MARKED.findall(text)), "a marker that is not understood"
    assert results.with_tables(text) == text, f"{short(path)} is out of date: run `make results`"


def test_every_chapter_has_one_short_table_and_all_of_its_rows_in_docs():
    full = {short(path): [found[1] for found in results.MARKED.findall(text)] for path, text in MARKED.items()}
    for chapter in {path.stem for path in FILES} - {"ch08_compare"}:
        text = MARKED[BOOK / "chapters" / chapter / "README.md"]
        ((_, name, options, _),) = results.MARKED.findall(text)
        lines = results._marked(name, options).splitlines()
        heads = lines[0].strip("| ").split(" | ")
        assert options and len(lines) - 2 <= 6 and len(heads) <= 7, "six rows, and six columns after their names"
        assert name in full[f"docs/results/{chapter[:4]}.md"]
    assert "summary" in full["README.md"]


def test_a_table_of_some_rows_and_columns():
    rows = results.load("ch06_cgan")
    lines = results.chosen_table(rows, "full,quick", "minutes,recall").splitlines()
    assert lines[0] == "|  | minutes | recall |"
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| `full`", "| `quick`"]
    assert lines[3].endswith(f"| {rows['quick']['mean']['recall']:.2f} ± {rows['quick']['spread']['recall']:.2f} |")


def test_baselines_stand_below_the_rows_in_the_same_columns():
    record = [row for row in results.load("baselines")["baselines"] if row["baseline"] == "the input unchanged"]
    lpips = {
        (row["data"], row["direction"]): next(s for s in row["scores"] if s["name"] == "lpips")["value"]
        for row in record
    }
    one = results.chosen_table(results.load("ch10_pix2pix"), "quick", "seeds,lpips", "*unchanged")
    assert one.splitlines()[-1] == f"| the input unchanged | – | {lpips['edges2faces', 'AtoB']:.3f} |"
    chosen = "AtoB_lpips,BtoA_lpips,BtoA_frechet"
    two = results.chosen_table(results.load("ch11_cyclegan"), "full", chosen, "*unchanged,real*").splitlines()
    assert two[-2].startswith(
        f"| the input unchanged | {lpips['orange2blue', 'AtoB']:.3f} | {lpips['orange2blue', 'BtoA']:.3f} | "
    )
    assert two[-1].startswith("| real pictures | – | – | ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("rows=quik", "'quik', which is not in results/; there are: quick, full"),
        ("columns=recal", "'recal', which is not in"),
        ("baselines=none", "'none', which is not in"),
        ("colums=recall", "no 'colums'"),
    ],
)
def test_a_marker_that_names_what_is_not_there_says_so(options, message):
    with pytest.raises(BookError, match=message):
        results.with_tables(f"<!-- table: ch06_cgan {options} -->\n<!-- end -->")


def test_the_summary_says_what_results_say():
    lines = results.summary_table().splitlines()[2:]
    assert len(lines) == len(results.SUMMARY), "a line of SUMMARY names a row that is not in results/"
    for line, text in zip(results.SUMMARY, lines, strict=True):
        row = results.load(line.file)[line.row]
        title, data, minutes, score, reference, paper = text.strip("| ").split(" | ")
        assert (title, data, paper) == (line.title, line.data, line.paper)
        shown = {each["name"]: each for each in row["scores"]}[line.score]
        pattern, scale = shown.get("short") or shown.get("pattern", "{:.2f}"), shown.get("scale", 1)
        assert f"**{pattern.format(scale * row['mean'][line.score])}" in score
        assert f"({len(row['runs'])} seed" in score and float(minutes.split()[0]) > 0
        assert reference.startswith(line.reference.words)


def test_the_summary_leaves_out_what_is_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    row = results.summarise([finished_run(tmp_path / "a", 0, 0.8)])
    runs.write_json(tmp_path / "ch06_cgan.json", {"full": row})
    (line,) = results.summary_table().splitlines()[2:]
    assert line.startswith("| 6. cGAN | Fashion-MNIST | 1.0 (2) | label accuracy **80.0 %** (1 seed) |")
    assert results._reference(results.SUMMARY[2], {"full": row | {"scores": []}}) == "–"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_means_and_spreads_are_those_of_the_runs(path):
    for name, summary in json.loads(path.read_text(encoding="utf-8")).items():
        names = {score["name"] for score in summary["scores"]}
        shared = set() if {"l1", "AtoB_l1"} & names else {"frechet_distance", "recall"}
        assert summary["mean"].keys() == {"training_seconds"} | names
        assert summary["mean"].keys() >= shared
        for score in summary["mean"]:
            values = [run[score] for run in summary["runs"]]
            assert summary["mean"][score] == pytest.approx(np.mean(values)), (name, score)
            if summary["spread"] is not None:
                assert summary["spread"][score] == pytest.approx(np.std(values, ddof=1)), (name, score)
        assert len({run["seed"] for run in summary["runs"]}) == len(summary["runs"])


def test_chapter_6_has_its_rows():
    rows = results.load("ch06_cgan")
    assert {"quick", "full"} <= set(rows)
    assert len(rows["quick"]["runs"]) >= 3 and len(rows["full"]["runs"]) >= 2
    assert all(summary["settings"]["network"] != "channel" for summary in rows.values()), "it needs a hundred epochs"


@pytest.fixture(autouse=True)
def _tiny_is_a_chapter(monkeypatch):
    monkeypatch.setitem(chapters.SCRIPTS, "tiny", "tests.tiny_lesson")


def finished_run(folder, seed, accuracy, width=8, cores=2, start_from=None):
    run = runs.Run(folder)
    settings = {"seed": seed, "data": "mnist", "epochs": 1, "batch_size": width, "average": 0.5}
    place = {"cores": cores, "device": "d", "backend": "b", "policy": "float32", "versions": {"keras": "3"}}
    run.write_config(RunConfig("tiny", "full", settings, ["a"], start_from=start_from, **place))
    scores = [
        Score("label_accuracy", "label accuracy", accuracy, "{:.1f} %", 100),
        Score("frechet_distance", "Fréchet distance", 0.5, "{:.3f}", short="{:.2f}", reference=0.1),
        Score("memorisation", "memorisation", 0.0, in_tables=False),
    ]
    measured = as_report("mnist", 100, 0, scores, {"classifier_accuracy_on_real": 0.9})
    report = {"training_seconds": 60.0, "steps": 10, "parameters": {}, "findings": [], "measured": measured}
    runs.write_json(run.report_file, report)
    return folder


def test_runs_become_a_row(tmp_path):
    summary = results.summarise([finished_run(tmp_path / str(seed), seed, 0.8 + seed / 10) for seed in (0, 1)])
    assert summary["mean"]["label_accuracy"] == pytest.approx(0.85)
    assert summary["spread"]["label_accuracy"] == pytest.approx(np.sqrt(0.005))
    lines = results.table({"tiny": summary}).splitlines()
    assert lines[2].startswith("| `tiny` | 2 | 10 | 1.0 | 85.0 % ± 7.1 |")


def test_the_minutes_of_what_a_run_started_from_count(tmp_path):
    first, second = (str(finished_run(tmp_path / name, 0, 0.8)) for name in "ab")
    finished_run(tmp_path / "b", 0, 0.8, start_from=first)
    last = finished_run(tmp_path / "c", 0, 0.8, start_from=second)
    assert results.summarise([last])["mean"]["training_seconds"] == 180
    (tmp_path / "a" / "report.json").unlink()
    with pytest.raises(BookError, match="a, from whose weights a run started, is not there"):
        results.summarise([last])


def test_what_no_table_has_a_column_of_is_not_collected(tmp_path):
    summary = results.summarise([finished_run(tmp_path / "a", 0, 0.8)])
    assert summary["mean"].keys() == {"training_seconds", "label_accuracy", "frechet_distance"}
    assert "memorisation" not in results.table({"tiny": summary})


def test_what_real_images_score_is_noted(tmp_path):
    note = results.table({"tiny": results.summarise([finished_run(tmp_path / "a", 0, 0.8)])})
    assert "on mnist: this book's classifier, which is right on 90.0% of the real test images" in note
    assert "a Fréchet distance of 0.10 to them" in note


def test_a_number_that_one_run_lacks_is_a_dash_in_valid_json(tmp_path):
    folders = [finished_run(tmp_path / str(seed), seed, accuracy) for seed, accuracy in enumerate([0.8, np.nan])]
    summary = results.summarise(folders)
    assert json.loads(json.dumps(summary, allow_nan=False))["mean"]["label_accuracy"] is None
    assert "| `tiny` | 2 | 10 | 1.0 | – | 0.50 |" in results.table({"tiny": summary})


def test_rows_made_in_different_places_say_so(tmp_path):
    rows = {
        str(cores): results.summarise([finished_run(tmp_path / str(cores), 0, 0.8, cores=cores)]) for cores in (2, 1)
    }
    assert "on 2 cores of: d, float32 (`2`); 1 core of: d, float32 (`1`). Keras" in results.table(rows)
    assert "on 1 core of: d, float32. Keras" in results.table({"1": rows["1"]})
    gpu = results.summarise([finished_run(tmp_path / "gpu", 0, 0.8, cores=None)])
    assert "on d, float32. Keras" in results.table({"gpu": gpu})


def test_rows_of_other_numbers_of_samples_say_so(tmp_path):
    few, many = (results.summarise([finished_run(tmp_path / str(seed), seed, 0.8)]) for seed in (0, 1))
    assert "\n- 100 samples a run" in results.table({"few": few, "many": many})
    many["samples"] = 2000
    assert "\n- 100 (`few`), 2,000 (`many`) samples a run" in results.table({"few": few, "many": many})


def test_runs_that_differ_in_more_than_their_seed_are_not_averaged(tmp_path):
    folders = [finished_run(tmp_path / "a", 0, 0.8), finished_run(tmp_path / "b", 1, 0.8, width=16)]
    with pytest.raises(BookError, match="differ in more than their seed"):
        results.summarise(folders)


def test_a_run_from_before_a_setting_was_there_goes_with_those_that_have_it(tmp_path):
    folders = [finished_run(tmp_path / str(seed), seed, 0.8) for seed in (0, 1)]
    run = runs.Run(folders[1])
    for rate, refused in ((TinySettings.learning_rate, False), (0.5, True)):
        run.write_config(replace(run.config, settings={**run.config.settings, "learning_rate": rate}))
        with pytest.raises(BookError, match="more than their seed") if refused else nullcontext():
            results.summarise(folders)


def test_a_seed_counts_once(tmp_path):
    """Run 0, started again once, is run 1."""
    folders = [finished_run(tmp_path / str(seed), seed, 0.8) for seed in (0, 1)]
    run = runs.Run(folders[0])
    run.write_config(run.config.restarted())
    with pytest.raises(BookError, match=r"have the seeds \[1, 1\]"):
        results.summarise(folders)


def test_runs_of_different_scores_are_not_averaged(tmp_path):
    folders = [finished_run(tmp_path / str(seed), seed, 0.8) for seed in (0, 1)]
    report = runs.Run(folders[1]).report
    report["measured"]["scores"].append(NMI.as_dict())
    runs.write_json(runs.Run(folders[1]).report_file, report)
    with pytest.raises(BookError, match="not measured in the same scores"):
        results.summarise(folders)


def test_an_unfinished_run_is_not_collected(tmp_path):
    folder = finished_run(tmp_path / "a", 0, 0.8)
    runs.Run(folder).report_file.unlink()
    with pytest.raises(BookError, match="not finished"):
        results.summarise([folder])


def test_what_is_not_measured_is_said_to_be():
    assert results.with_tables("<!-- table: ch99_none -->\n<!-- end -->") == (
        "<!-- table: ch99_none -->\n\nNot measured yet.\n\n<!-- end -->"
    )


def test_a_chapters_own_scores_come_first_and_gaps_are_dashes(tmp_path):
    own = finished_run(tmp_path / "own", 0, 0.8)
    report = runs.Run(own).report
    report["measured"]["scores"][0] = NMI.as_dict()
    runs.write_json(runs.Run(own).report_file, report)
    rows = {"own": results.summarise([own]), "other": results.summarise([finished_run(tmp_path / "other", 0, 0.8)])}
    head, _, first, second = (line.split(" | ") for line in results.table(rows).splitlines()[:4])
    assert head[4:6] == ["NMI", "label accuracy"]
    assert first[4:6] == ["0.500", "–"] and second[4:6] == ["–", "80.0 %"]


def test_a_row_of_two_directions_has_two_lines(tmp_path):
    folder = finished_run(tmp_path / "both", 0, 0.8)
    report = runs.Run(folder).report
    scores = [Score(f"{way}_l1", f"L1, {way}", v, "{:.1f}") for way, v in (("AtoB", 5), ("BtoA", 6))]
    report["measured"] = as_report("earth", 8, 0, scores, {})
    runs.write_json(runs.Run(folder).report_file, report)
    lines = results.table({"both": results.summarise([folder])}).splitlines()
    assert lines[0].endswith("| minutes |  | L1 |")
    assert lines[2:4] == ["| `both` | 1 | 10 | 1.0 | AtoB | 5.0 |", "|  |  |  |  | BtoA | 6.0 |"]


def test_the_table_of_baselines_has_every_score_of_every_row():
    record = results.load("baselines")
    directions = {(row["data"], row["direction"]) for row in record["baselines"]}
    assert directions == {(data, direction) for data, each in baselines.DATA.items() for direction in each}
    lines = results.table(record).splitlines()
    names = list({score["name"]: None for row in record["baselines"] for score in row["scores"]})
    for row, line in zip(record["baselines"], lines[2:], strict=False):
        scores = {score.name: str(score) for score in scores_of(row)}
        cells = [scores.get(name, "–") for name in names]
        assert line.strip("| ").split(" | ") == [row["data"], row["direction"], row["baseline"], *cells]
        told = {"frechet", "histogram_L", "histogram_a", "histogram_b"}
        assert set(scores) >= told and (set(scores) == told) == (row["baseline"] == "real pictures")


def test_the_speed_table_says_what_was_recorded():
    record = results.load("step_time_cpu")
    text = results.table(record)
    for each in record["variants"]:
        assert f"| `{each['variant']}` | {each['ms_per_step']:.0f} |" in text
    loop, *fused = (each["ms_per_step"] for each in record["variants"])
    for each, ms in zip(record["variants"][1:], fused, strict=True):
        assert each["times_as_fast_as_loop"] == pytest.approx(loop / ms)
