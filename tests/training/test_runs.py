"""A run folder says what was done, and is found again."""

import json
import platform
import subprocess
import sys
from dataclasses import asdict, replace
from types import SimpleNamespace

import keras
import pytest

from gan_book.errors import BookError
from gan_book.paths import BOOK
from gan_book.training import report, run_config, runs
from gan_book.training import train as training
from gan_book.training.logs import picture_steps
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson

LESSON = tiny_lesson.LESSON


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(folder, **config):
    """A run of the tiny lesson that has not got further than its config.json."""
    run = runs.Run(folder)
    content = {"lesson": "tiny", "preset": "quick", "settings": settings(), "class_names": ["a"]}
    run.write_config(RunConfig(**(content | config)))
    return run


def settings(**changes):
    return {**vars(LESSON.settings("quick", data="nowhere")), **changes}


def test_titles_say_what_was_changed(pictures):
    lesson = tiny_lesson.LESSON

    def changes(preset, **settings):
        settings = asdict(lesson.settings("quick", data=str(pictures), **settings))
        return report._changes(lesson, SimpleNamespace(preset=preset, settings=settings))

    assert changes("quick", seed=5, precision="float32", epochs=7) == []
    assert changes("quick", average=0, learning_rate=2e-4) == ["learning_rate=0.0002", "average=0"]
    assert changes("no-average", average=0) == ["average=0"], "against the preset that it is closest to"


def test_a_run_says_how_it_was_made(tiny_run):
    config = json.loads((tiny_run.folder / "config.json").read_text())
    assert config == tiny_run.config.to_json()
    assert config["lesson"] == "tiny" and config["preset"] == "quick"
    assert config["settings"] == vars(LESSON.settings("quick", data=config["settings"]["data"], seed=3))
    assert config["settings"]["seed"] == 3
    assert (config["on_failure"], config["restarts"]) == ("stop", 0)
    assert config["tensorboard"] == (tiny_run.folder / "tensorboard").exists()
    assert config["class_names"] == ["dawn", "dusk"]
    assert config["versions"]["python"] == platform.python_version()
    assert config["versions"]["keras"] == keras.__version__
    assert set(config["versions"]) == {"gan_book", "python", "keras", keras.backend.backend(), "numpy"}
    assert config["backend"] == keras.backend.backend()
    assert config["device"] and config["system"]


def test_a_run_says_the_state_of_the_repository(tiny_run):
    if not (BOOK / ".git").exists():
        pytest.skip("not a clone")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=BOOK, capture_output=True, text=True, check=True)
    assert len(head.stdout.strip()) == len(tiny_run.config.git["commit"])
    assert tiny_run.config.git["changed_files"] >= 0


def test_without_git_the_state_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_config.surroundings()["git"] is None


def test_a_finished_run_is_complete(tiny_run):
    names = {path.name for path in tiny_run.folder.iterdir()} - {"tensorboard"}
    files = "config.json log.csv steps.csv samples checkpoints generator.keras report.json report.md"
    assert names == {*files.split(), "samples.png", "losses.png", "training.gif"}
    assert sorted(file.name for file in tiny_run.samples.iterdir()) == [f"step-{n:07d}.png" for n in picture_steps(27)]
    rows = tiny_run.log.read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2"]
    assert "val_" not in rows[0] and "NA" not in rows[1] and "loss" in rows[0]


def test_the_page_links_to_what_is_there(tiny_run):
    page = (tiny_run.folder / "report.md").read_text(encoding="utf-8")
    links = [part.partition(")")[0] for part in page.split("](")[1:]]
    assert set(links) == {"samples.png", "losses.png", "training.gif"}
    for link in links:
        assert (tiny_run.folder / link).stat().st_size > 0
    assert page.startswith("# Tiny GAN on sky, 3 epochs (27 steps)\n")
    assert "(27 steps)" in page and "seed 3." in page
    assert "## Measured" in page and "memorisation" in page


def test_the_report_holds_the_numbers(tiny_run):
    report = tiny_run.report
    assert report["steps"] == 27
    assert report["training_seconds"] > 0
    assert set(report["parameters"]) == {"generator", "discriminator"}
    assert report["measured"]["samples"] == 20


def test_runs_are_numbered(here):
    assert str(runs.new("cgan-quick")) == "runs/cgan-quick-001"
    assert str(runs.new("cgan-quick")) == "runs/cgan-quick-002"  # as if the first were just starting
    for number in (1, 2, 1001):
        started(here / "runs" / f"cgan-quick-{number:03d}")
    started(here / "runs" / "cgan-quick-wide-005")
    started(here / "runs" / "cgan-full-007")
    assert str(runs.new("cgan-quick")) == "runs/cgan-quick-1002"
    assert str(runs.to_resume("cgan-quick")) == "runs/cgan-quick-1001"
    assert str(runs.new("cgan-full")) == "runs/cgan-full-008"


def test_two_that_look_at_once_get_two_folders(here, monkeypatch):
    answers = iter([{}, {}, {1: "the other's"}])
    monkeypatch.setattr(runs, "_numbered", lambda name: next(answers))
    assert [str(runs.new("tiny")) for _ in range(2)] == ["runs/tiny-001", "runs/tiny-002"]


def test_a_run_that_cannot_begin_leaves_no_folder(here, pictures):
    def unbuildable(settings, dataset):
        raise BookError("no such network")

    with pytest.raises(BookError, match="no such network"):
        training.train(replace(LESSON, build=unbuildable), LESSON.settings("quick", data=str(pictures)), "quick")
    assert list(here.iterdir()) == []


def test_an_empty_folder_of_the_readers_is_left_where_nothing_began(here, pictures):
    def unbuildable(settings, dataset):
        raise BookError("no such network")

    (here / "mine").mkdir()
    lesson, settings = replace(LESSON, build=unbuildable), LESSON.settings("quick", data=str(pictures))
    with pytest.raises(BookError, match="no such network"):
        training.train(lesson, settings, out=here / "mine")
    assert list(here.iterdir()) == [here / "mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make links")
def test_where_no_runs_folder_can_be_made_it_says_so(here):
    (here / "runs").symlink_to(here / "gone")
    with pytest.raises(FileExistsError):
        runs.new("tiny")


def test_names_with_brackets_are_numbered_too(here):
    (here / "runs" / "a[b]-001").mkdir(parents=True)
    assert str(runs.new("a[b]")) == "runs/a[b]-002"


@pytest.mark.parametrize("change", [{"image_size": "8 x"}, {"batch_size": 0}, {"limit": "10"}, {"seed": True}])
def test_settings_edited_by_hand_are_looked_at(change, here):
    run = started(here / "run")
    run.write_config(replace(run.config, settings=run.config.settings | change))
    (name,) = change
    with pytest.raises(BookError, match=f"gives {name} as|--batch-size must be at least 1|--image-size must be"):
        LESSON.settings_of(run)


def test_an_occupied_folder_is_left_alone(here):
    (here / "empty").mkdir()
    assert runs.new("tiny", here / "empty").folder == here / "empty"
    (here / "thesis").mkdir()
    (here / "thesis" / "draft.txt").write_text("x")
    (here / "file").write_text("x")
    for occupied in ("thesis", "file"):
        with pytest.raises(BookError, match=f"--out .*{occupied} already holds something"):
            runs.new("tiny", here / occupied)


def test_nothing_to_resume(here):
    with pytest.raises(BookError, match="nothing to resume: no run runs/tiny-quick-NNN here"):
        training.resume(LESSON)
    with pytest.raises(BookError, match=r"nothing to resume: .*elsewhere holds no run"):
        training.resume(LESSON, out=here / "elsewhere")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "asked",
    [{"epochs": 2}, {"seed": 1}, {"precision": "float32"}, {"average": 0.5}, {"on_failure": "stop"},
     {"tensorboard": True}],
    ids=lambda asked: next(iter(asked)),
)  # fmt: skip
def test_a_run_cannot_be_changed_on_the_way(asked, here):
    started(here / "run")
    (name, value), *_ = asked.items()
    with pytest.raises(BookError, match=f"run was started with {name} .*, not {value}"):
        training.resume(LESSON, out=here / "run", asked={**asked, "limit": None})


def test_another_preset_or_chapter_is_another_run(here):
    started(here / "run")
    with pytest.raises(BookError, match="started with preset quick, not long"):
        training.resume(LESSON, "long", out=here / "run")
    started(here / "other", lesson="cgan")
    with pytest.raises(BookError, match="is a run of 'cgan', not of 'tiny'"):
        training.resume(LESSON, out=here / "other")


def test_what_was_asked_before_may_be_asked_again(here):
    started(here / "run")
    asked = {"epochs": 3, "on_failure": "warn", "tensorboard": False, "seed": 0}
    with pytest.raises(BookError, match="no data set and no folder called 'nowhere'"):
        training.resume(LESSON, "quick", out=here / "run", asked=asked)


def test_a_finished_run_stays_as_it_is(tiny_run):
    before = {path: path.stat().st_mtime_ns for path in tiny_run.folder.rglob("*")}
    said = []
    training.resume(LESSON, out=tiny_run.folder, tell=said.append)
    assert len(said) == 1 and said[0].startswith(f"{tiny_run} is already finished")
    assert {path: path.stat().st_mtime_ns for path in tiny_run.folder.rglob("*")} == before


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"lesson": "tiny"}', "\0\0"])
def test_a_damaged_config_is_one_sentence(content, here):
    (here / "run").mkdir()
    (here / "run" / "config.json").write_text(content)
    with pytest.raises(BookError, match=r"config\.json .*(restore it|train again)"):
        training.resume(LESSON, out=here / "run")


def test_settings_of_another_version_are_one_sentence(here):
    started(here / "run", settings=settings(abandoned=1))
    with pytest.raises(BookError, match="has settings this version of 'tiny' does not know"):
        training.resume(LESSON, out=here / "run")


HEADER = "epoch,d_loss,g_loss"


@pytest.mark.parametrize(
    "rows, kept",
    [
        (["0,1.5,2.5", "1,1.25,2.0", "2,1.0,1.5"], 2),
        (["0,1.5,2.5", "1,1.2"], 1),  # killed while writing the row
        (["0,1.5,2.5", "1,1.25,2.0", "", "2"], 2),
        ([], 0),
    ],
)
def test_the_log_is_trimmed_to_the_checkpoint(rows, kept, here):
    run = runs.Run(here)
    run.log.write_text("\n".join([HEADER, *rows]))
    run.step_log.write_text("step,d_loss\n10,0.5\n20,0.25\n30,0.125\n")
    run.trim_logs(2, 25)
    assert run.log.read_text().splitlines() == [HEADER, *rows[:kept]]
    assert run.step_log.read_text().splitlines() == ["step,d_loss", "10,0.5", "20,0.25"]


def test_trimming_an_empty_or_absent_log_is_nothing(here):
    run = runs.Run(here)
    run.trim_logs(2, 20)
    assert not run.log.exists()
    run.log.write_text("")
    run.trim_logs(2, 20)
    assert run.log.read_text() == ""


def test_a_generator_that_is_not_there_or_damaged_is_one_sentence(here, tiny_run):
    run = runs.Run(here)
    with pytest.raises(BookError, match=r"has no generator\.keras yet"):
        run.load("generator")
    whole = tiny_run.generator.read_bytes()
    middle = len(whole) // 2
    for damaged in (b"", b"text", whole[:middle], whole[:middle] + bytes(64) + whole[middle + 64 :]):
        run.generator.write_bytes(damaged)
        with pytest.raises(BookError, match=r"generator\.keras cannot be read"):
            run.load("generator")


def test_a_generator_that_runs_code_is_refused(here):
    """Safe mode: a `Lambda` layer would run whatever its author liked."""
    inputs = keras.Input((2,))
    dangerous = keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs))
    run = runs.Run(here)
    dangerous.save(run.generator)
    with pytest.raises(BookError, match="cannot be read"):
        run.load("generator")


def test_leftovers_of_a_killed_process_are_swept_away(tiny_run, here):
    run = runs.Run(here)
    (here / ".saving-abc").mkdir()
    (here / ".saving-abc" / "generator.keras").write_bytes(b"half")
    run.samples.mkdir()
    (run.samples / ".step-0000001.png.xyz.part").write_bytes(b"half")
    (run.samples / "step-0000001.png").write_bytes(b"whole")
    run.remove_leftovers()
    assert [path.name for path in here.rglob("*") if path.is_file()] == ["step-0000001.png"]
    assert not (here / ".saving-abc").exists()


def test_a_chapter_that_ships_no_generator_says_so(here, monkeypatch):
    monkeypatch.setattr(runs, "PRETRAINED", here)
    with pytest.raises(BookError, match="ships no trained run of 'cgan'; train one first"):
        runs.shipped("cgan")
