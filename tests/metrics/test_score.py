"""One format for every number, in text, in tables and in files."""

import json
import math

import pytest

from gan_book.errors import BookError
from gan_book.metrics.score import Score, as_report, score_lines, scores_of
from gan_book.training import runs

FULL = Score(
    "accuracy", "label accuracy", 0.9037, "{:.1f} %", 100, short="{:.0f} %", words="of all", spread=0.0061,
    low=0.898, high=0.91, reference=0.926, reference_words="real",
)  # fmt: skip


def test_a_line_says_all_that_is_known():
    assert FULL.line() == "label accuracy 90.4 % ± 0.6 of all (95 %: 89.8 % to 91.0 %; real: 92.6 %)"
    assert Score("nmi", "NMI", 0.5).line() == "NMI 0.50"
    assert str(Score("psnr", "PSNR", 12.178, "{:.2f} dB")) == "12.18 dB"


def test_a_cell_is_shorter():
    assert FULL.cell() == "90 % ± 1"
    assert Score("nmi", "NMI", 0.5, spread=0.0).cell() == "0.50"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_said_to_be(value):
    score = Score("nmi", "NMI", value, spread=value, low=value, high=value, reference=value)
    assert score.line() == "NMI not finite"
    assert score.cell() == "–"
    assert score.as_dict() == {"name": "nmi", "head": "NMI", "value": None}


def test_a_file_keeps_a_score_as_it_is():
    assert Score(**json.loads(json.dumps(FULL.as_dict()))) == FULL


def test_numbers_stand_in_a_column():
    heads = ["L1", "intra-class Fréchet distance", "r"]
    measured = as_report("earth", 1300, 2, [Score(head, head, 1.0) for head in heads], {})
    about, *lines = score_lines(measured)
    assert about == "measured on 1,300 samples of earth (seed 2)"
    assert len({line.index("1.00") for line in lines}) == 1
    assert [score.head for score in scores_of(measured)] == heads
    assert score_lines(measured, ["r"])[1:] == ["r  1.00"]


def test_files_of_numbers_are_valid_json(tmp_path):
    measured = as_report("earth", 3, 0, [Score("nmi", "NMI", math.nan)], {"correlations": [[math.inf, 1.0]]})
    runs.write_json(tmp_path / "report.json", {"measured": measured, "loss": math.nan, "seconds": (1.5, -math.inf)})
    content = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert content["loss"] is None and content["seconds"] == [1.5, None]
    assert content["measured"]["details"] == {"correlations": [[None, 1.0]]}
    assert score_lines(content["measured"])[1].endswith("not finite")


def test_numbers_of_an_older_version_are_asked_for_again():
    with pytest.raises(BookError, match="gan-book evaluate"):
        scores_of({"dataset": "mnist", "samples": 100, "own": []})
