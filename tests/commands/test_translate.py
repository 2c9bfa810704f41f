"""A reader's own pictures: any size and format, broken ones among them; and a training on them from end to end."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from chapters.ch10_pix2pix import pix2pix
from chapters.ch11_cyclegan import cyclegan
from gan_book import errors as memory
from gan_book.commands import cli
from gan_book.commands.generate import generate
from gan_book.commands.interpolate import walk_along_code, walk_between_classes
from gan_book.commands.translate import translate_path
from gan_book.datasets import SkippedImages
from gan_book.datasets.images import decode_whole
from gan_book.errors import BookError, Interrupted
from gan_book.paths import BOOK
from gan_book.sampling import translate
from gan_book.training import chapters, runs
from gan_book.training import train as training
from gan_book.training.run_config import RunConfig
from tests.training.test_resume import stop_after
from tools import kill_trial

SIZE = 16


def negative():
    """A translator by formula: every colour becomes its opposite."""
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, layers.Rescaling(-1.0)(image))


@pytest.fixture
def run(tmp_path):
    run = runs.Run(tmp_path / "run")
    run.save("generator", negative())
    settings = {"data": "earth", "direction": "BtoA"}
    run.write_config(RunConfig("pix2pix", "smoke", settings, ["a", "b"]))
    return run


def picture(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(40, 55), (16, 16), (5, 90)])
def test_a_picture_of_any_size(shape, run, tmp_path):
    pixels = picture(*shape)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    translate_path(run, pix2pix.LESSON, tmp_path / "in.png", tmp_path / "deep" / "out.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "deep" / "out.png")), 255 - pixels)


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "webp"])
def test_formats(ending, run, tmp_path):
    grey = np.full((20, 30, 3), 100, np.uint8)
    Image.fromarray(grey).save(tmp_path / f"in.{ending}")
    translate_path(run, pix2pix.LESSON, tmp_path / f"in.{ending}", tmp_path / f"out.{ending}")
    drawn = Image.open(tmp_path / f"out.{ending}")
    assert drawn.format == {"jpg": "JPEG", "JPEG": "JPEG", "webp": "WEBP"}[ending] and drawn.size == (30, 20)
    assert np.abs(np.asarray(drawn).astype(int) - 155).max() <= 3


def test_opacity_is_kept_where_the_format_has_it(run, tmp_path):
    pixels = picture(20, 24, 4)
    pixels[:10, :, 3], pixels[10:, :, 3] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "in.png")
    rgb, opacity = decode_whole(tmp_path / "in.png")
    assert (rgb[:10] == 255).all() and (opacity == pixels[..., 3]).all()
    for name in ("out.png", "out.jpg"):
        translate_path(run, pix2pix.LESSON, tmp_path / "in.png", tmp_path / name)
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(drawn[..., 3], pixels[..., 3])
    np.testing.assert_array_equal(drawn[10:, :, :3], 255 - pixels[10:, :, :3])
    assert Image.open(tmp_path / "out.jpg").mode == "RGB"


def test_a_photo_is_turned_as_its_camera_says(run, tmp_path):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, :15] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(pixels).save(tmp_path / "in.jpg", exif=exif)
    translate_path(run, pix2pix.LESSON, tmp_path / "in.jpg", tmp_path / "out.png")
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    assert drawn.shape == (30, 20, 3) and drawn[:12].mean() < 5 and drawn[-12:].mean() > 250


def test_a_picture_too_wide_for_its_format(run, tmp_path):
    Image.fromarray(np.zeros((2, 17_000, 3), np.uint8)).save(tmp_path / "in.png")
    with pytest.raises(BookError, match=r"out.webp cannot be written as WEBP \(.*\); use .png"):
        translate_path(run, pix2pix.LESSON, tmp_path / "in.png", tmp_path / "out.webp")
    assert [path.name for path in tmp_path.glob("*.*")] == ["in.png"]


def test_looking_at_a_translator_leaves_its_random_state_alone():
    network = pix2pix.define_generator((SIZE, SIZE, 3), width=4)
    before = [np.array(variable) for variable in network.variables]
    x = picture(SIZE, SIZE)[None]
    first, again, other = (translate(network, x, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    with pytest.raises(BookError, match="--seed must not be negative, not -1"):
        translate(network, x, -1)
    assert all(np.array_equal(was, np.array(now)) for was, now in zip(before, network.variables, strict=True))


def test_a_folder_with_broken_files(run, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(picture(20, 20)).save(folder / "a.png")
    Image.fromarray(picture(20, 20)).save(folder / "b.bmp")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    result = translate_path(run, pix2pix.LESSON, folder, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.bmp.png"]
    assert result.skipped == [(folder / "broken.jpg", "is not an image")] and len(result.done) == 2


@pytest.fixture
def command(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gan-book", "translate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return call


def test_two_pictures_of_one_name_do_not_replace_each_other(run, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.bmp", "a.bmp.png"):
        Image.fromarray(np.zeros((20, 20, 3), "uint8")).save(folder / name)
    result = translate_path(run, pix2pix.LESSON, folder, out)
    assert result.done == [(folder / "a.bmp", out / "a.bmp.png")]
    assert result.skipped == [(folder / "a.bmp.png", "would replace the translation of a.bmp; rename one of them")]


def test_the_command_names_what_it_skipped(run, tmp_path, command):
    (tmp_path / "in").mkdir()
    Image.fromarray(picture(20, 20)).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"")
    status, said, errors = command("pix2pix", "--run", run, "--in", tmp_path / "in", "--out", tmp_path / "out")
    assert (status, errors) == (0, "")
    assert f"skipped: {tmp_path / 'in' / 'b.png'} is not an image" in said
    assert f"translated: 1 of 2 pictures, to {tmp_path / 'out'}" in said


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"in": "nowhere.png"}, "is neither a file nor a folder; name a picture or a folder of pictures"),
        ({"out": "out.gif"}, "has an ending this command does not write; use .png, .jpg, .jpeg, .webp"),
        ({"in": "broken.png"}, "broken.png is not an image; name another picture"),
        ({"in": "empty"}, "holds no pictures; put some in it, or name another folder"),
        ({"in": "all_broken"}, "none of the 1 pictures in .*all_broken .* x.png is not an image"),
        ({"in": "full", "out": "good.png"}, "is a folder but --out .* is a file; name a folder for the translations"),
        ({"out": "good.png"}, "good.png is an input"),
        ({"in": "full", "out": "full"}, "full is --in itself and would be overwritten"),
        ({"direction": "AtoB"}, "was trained to translate BtoA, not AtoB; leave --direction out"),
        ({"direction": "up"}, "--direction 'up' is not known; choose one of: AtoB, BtoA"),
        ({"chapter": "cgan"}, "is a run of 'pix2pix', not of 'cgan'; name its own chapter"),
    ],
)
def test_mistakes_cost_one_sentence(given, sentence, run, tmp_path, command):
    Image.fromarray(picture(20, 20)).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for name in ("empty", "all_broken", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "all_broken" / "x.png").write_bytes(b"no picture")
    Image.fromarray(picture(20, 20)).save(tmp_path / "full" / "x.png")
    before = sorted(tmp_path.rglob("*"))
    options = {"chapter": "pix2pix", "in": "good.png", "out": "out.png", **given}
    more = ["--direction", options["direction"]] if "direction" in options else []
    status, said, errors = command(
        options["chapter"], "--run", run, "--in", tmp_path / options["in"], "--out", tmp_path / options["out"], *more
    )
    assert status == 1 and said == "" and errors.count("\n") == 1
    assert re.search(sentence, errors)
    assert sorted(tmp_path.rglob("*")) == before


def test_chapters_that_draw_from_noise_translate_nothing(run):
    lesson = chapters.lesson("cgan")
    with pytest.raises(BookError, match="'cgan' draws from noise and translates nothing; chapters 10 and 11 do"):
        translate_path(run, lesson, "in.png", "out.png")


def test_translators_do_not_draw_from_noise(run):
    with pytest.raises(BookError, match="is given pictures; use `gan-book translate pix2pix`"):
        generate(run, 4, None, 0, "out.png")
    with pytest.raises(BookError, match="is given pictures"):
        walk_between_classes(run, "a", "b", 0, 8)
    with pytest.raises(BookError, match="is given pictures"):
        walk_along_code(run, "2:-2..2", 0, 8)


def own_pairs(folder, count=20, size=40):
    """Side by side: noise, and its negative; and a file that is broken."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        a = np.asarray(Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize((size, size)))
        Image.fromarray(np.concatenate([a, 255 - a], axis=1)).save(folder / f"{number:02}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


LESSONS = {
    "pix2pix": (pix2pix.LESSON, {"image_size": 16, "patch": 1, "batch_size": 3}),
    "cyclegan": (cyclegan.LESSON, {"image_size": 24, "batch_size": 3, "pool": 4}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix", pytest.param("cyclegan", marks=pytest.mark.slow)])
def test_own_pairs_train_and_resume_bit_for_bit(name, tmp_path, command, monkeypatch):
    lesson, changes = LESSONS[name]
    data = own_pairs(tmp_path / "own")
    settings = replace(
        lesson.presets["smoke"], limit=None, data=str(data), epochs=2, deterministic=True, seed=1, **changes
    )
    with pytest.warns(SkippedImages, match="broken.png is not an image"):
        whole = training.train(lesson, settings, out=tmp_path / "whole", tell=lambda line: None)
    assert whole.report["measured"]["samples"] >= 1
    assert {score["name"].split("_")[-1] for score in whole.report["measured"]["scores"]} >= {"l1", "psnr", "ssim"}
    assert all((whole.folder / file).exists() for file in ("samples.png", "losses.png", "training.gif", "report.md"))
    with pytest.warns(SkippedImages), monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, 3)  # in the middle of an epoch
        training.train(lesson, settings, out=tmp_path / "halves", tell=lambda line: None)
    with pytest.warns(SkippedImages):
        halves = training.resume(lesson, out=tmp_path / "halves", tell=lambda line: None)
    assert kill_trial.differences(whole, halves) == []
    status, _, _ = command(name, "--run", whole, "--in", data / "00.png", "--out", tmp_path / "out.png")
    assert status == 0 and Image.open(tmp_path / "out.png").size == (80, 40)


def test_an_existing_translation_is_replaced_only_with_overwrite(run, tmp_path, command):
    Image.fromarray(picture(20, 20)).save(tmp_path / "in.png")
    (tmp_path / "out.png").write_bytes(b"mine")
    words = ("pix2pix", "--run", run, "--in", tmp_path / "in.png", "--out", tmp_path / "out.png")
    status, _, errors = command(*words)
    assert status == 1 and "out.png" in errors and "--overwrite" in errors
    assert (tmp_path / "out.png").read_bytes() == b"mine"
    assert command(*words, "--overwrite")[0] == 0
    assert Image.open(tmp_path / "out.png").size == (20, 20)


def test_an_input_is_never_overwritten(run, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture(20, 20)).save("in.png")
    before = Path("in.png").read_bytes()
    Path("hard.png").hardlink_to("in.png")
    for out in ("in.png", "nowhere/../in.png", "hard.png"):
        status, _, errors = command("pix2pix", "--run", run, "--in", "in.png", "--out", out, "--overwrite")
        assert status == 1 and out in errors and Path("in.png").read_bytes() == before
    assert not Path("nowhere").exists()


@pytest.fixture
def folders(tmp_path):
    """A folder of pictures, and the place for their translations."""
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(picture(20, 20)).save(tmp_path / "photos" / name)
    return tmp_path / "photos", tmp_path / "out"


def test_translations_there_are_stay_unless_all_may_be_replaced(run, folders, command):
    source, out = folders
    out.mkdir()
    (out / "b.png").write_bytes(b"mine")
    words = ("pix2pix", "--run", run, "--in", source, "--out", out)
    status, _, errors = command(*words)
    assert status == 1 and "b.png" in errors and "--overwrite" in errors
    assert [path.name for path in out.iterdir()] == ["b.png"] and (out / "b.png").read_bytes() == b"mine"
    assert command(*words, "--overwrite")[0] == 0
    assert all(Image.open(out / name).size == (20, 20) for name in ("a.png", "b.png", "c.png"))


def test_what_cannot_be_written_is_named_and_the_rest_is_done(run, folders, command):
    source, out = folders
    (out / "b.png").mkdir(parents=True)
    (out / "c.png").symlink_to(source / "a.png")
    long = "x" * 248 + ".bmp"  # with .png behind it the name is too long
    Image.fromarray(picture(20, 20)).save(source / long, "PNG")
    longest = "y" * 251 + ".png"
    Image.fromarray(picture(20, 20)).save(source / longest)
    before = (source / "a.png").read_bytes()
    status, said, errors = command("pix2pix", "--run", run, "--in", source, "--out", out, "--overwrite")
    assert (status, errors) == (0, "")
    assert "translated: 2 of 5 pictures" in said
    skipped = [line for line in said.splitlines() if line.startswith("skipped: ")]
    assert len(skipped) == 3
    assert all(name in line for name, line in zip(("b.png", "c.png", long), skipped, strict=True))
    assert (source / "a.png").read_bytes() == before
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == ["a.png", "c.png", longest]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are text there")
def test_a_name_that_is_no_text(run, folders, command):
    source, out = folders
    odd = os.fsdecode(b"caf\xe9\n.png")
    (source / "a.png").rename(source / odd)
    (source / "b.png").write_bytes(b"no picture")
    status, said, _ = command("pix2pix", "--run", run, "--in", source, "--out", out)
    assert status == 0 and (out / odd).exists()
    (source / odd).write_bytes(b"no picture")
    status, said, _ = command("pix2pix", "--run", run, "--in", source, "--out", out, "--overwrite")
    assert r"caf\udce9\n.png" in said and said.count("\n") == 3


@pytest.mark.slow
def test_what_libraries_print_does_not_stand_beside_the_sentence(run, tmp_path):
    """libjpeg writes to standard error itself, and Pillow warns of pictures that are large."""
    Image.new("RGB", (66_000, 2)).save(tmp_path / "wide.png")
    Image.new("1", (10_000, 9_000)).save(tmp_path / "large.png")
    for words, sentence in (
        (["translate", "pix2pix", "--in", "wide.png", "--out", "wide.jpg"], "wide.jpg"),
        (["translate", "pix2pix", "--in", "large.png", "--out", "large.webp"], "large.png"),
    ):
        command = [sys.executable, "-m", "gan_book", *words, "--run", str(run)]
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(BOOK)}, capture_output=True)
        assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and sentence in done.stderr.decode()


def test_a_picture_too_large_for_the_memory(run, folders, command, monkeypatch):
    source, out = folders
    Image.fromarray(picture(200, 200)).save(source / "b.png")
    monkeypatch.setattr(memory, "free_memory", lambda: 100_000)
    status, _, errors = command("pix2pix", "--run", run, "--in", source / "b.png", "--out", f"{out}.png")
    assert status == 1 and "b.png" in errors and "200 x 200" in errors
    status, said, _ = command("pix2pix", "--run", run, "--in", source, "--out", out)
    assert status == 0 and "translated: 2 of 3" in said and "b.png" in said
