"""Training from settings to report: failures, own pictures, unconditional networks."""

import ast
import re
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from chapters import template
from chapters.ch06_cgan import cgan
from chapters.ch07_infogan import infogan
from gan_book import metrics
from gan_book.errors import BookError, Interrupted
from gan_book.metrics.score import Score
from gan_book.sampling import Generator, draw
from gan_book.training import checkpoint, health, runs
from gan_book.training import train as training
from gan_book.training.run_config import RunConfig
from tests import tiny_lesson
from tests.chapters.common import noise
from tests.training.test_resume import stop_after
from tools import kill_trial


def settings(pictures, **changes):
    return tiny_lesson.LESSON.settings("quick", data=str(pictures), epochs=1, **changes)


def failing(times):
    """The tiny lesson, whose first `times` attempts train on weights that are not numbers; and the seeds it got."""
    seeds = []

    def build(chosen, dataset):
        model = tiny_lesson.build(chosen, dataset)
        if len(seeds) < times:
            kernel = model.discriminator.trainable_weights[0]
            kernel.assign(np.full(kernel.shape, np.nan))
        seeds.append(chosen.seed)
        return model

    return replace(tiny_lesson.LESSON, build=build), seeds


@pytest.mark.slow
@pytest.mark.parametrize("on_failure", ["warn", "stop"])
def test_weights_that_are_not_numbers_end_the_training_and_are_not_saved(on_failure, pictures, tmp_path):
    lesson, _ = failing(times=1)
    with pytest.raises(BookError, match=r"not finite: at step .*discriminator"):
        training.train(lesson, settings(pictures), out=tmp_path / "run", on_failure=on_failure)
    run = runs.Run(tmp_path / "run")
    assert run.report is None
    assert not list(run.folder.glob("*.keras")) and not checkpoint.saved(run.checkpoints)


def settings_asked(sentence):
    """The settings that the Python line in an advice changes, such as {"learning_rate": 0.0005}."""
    return ast.literal_eval(re.search(r"asked=(\{.*?\})", sentence)[1])


@pytest.mark.slow
def test_good_weights_are_kept_and_the_advice_can_be_followed(pictures, tmp_path):
    """NaN in the second epoch: the run stays as it was after the first, and goes on from there more slowly."""

    def build(chosen, dataset):
        model = tiny_lesson.build(chosen, dataset)
        if chosen.learning_rate == usual.learning_rate:
            model.turns = explode(model)
        return model

    def explode(model):
        turns, step = model.turns, model.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

        def turns_until_a_step(images, labels):
            step.assign(step + 1)
            bad = ops.where(step > 13, float("nan"), 0.0)
            for name, network, x, y in turns(images, labels):
                yield name, network, x, y + ops.cast(bad, y.dtype)

        return turns_until_a_step

    usual = tiny_lesson.LESSON.settings("quick", data=str(pictures))
    lesson, folder = replace(tiny_lesson.LESSON, build=build), tmp_path / "run"
    with pytest.raises(BookError) as stopped:
        training.train(lesson, usual, out=folder)
    run = runs.Run(folder)
    assert kill_trial.newest_step(run) == 9
    assert all(np.isfinite(weight).all() for weight in run.load("generator").get_weights())
    changes = settings_asked(str(stopped.value))
    assert "--set" not in str(stopped.value).partition("`")[2]  # which no Python prompt knows
    assert changes == {"learning_rate": usual.learning_rate / 2}
    assert f'resume(LESSON, out="{folder.as_posix()}", asked={changes})' in str(stopped.value)


@pytest.mark.slow
def test_nothing_saved_is_not_said_to_be_kept_and_the_command_has_flags(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(training.chapters, "command", lambda lesson: "python tiny.py")
    lesson, _ = failing(1)
    with pytest.raises(BookError) as stopped:
        training.train(lesson, settings(pictures), out=tmp_path / "run")
    sentence = str(stopped.value)
    assert "nothing was saved" in sentence and "kept" not in sentence
    assert f"`python tiny.py --out {tmp_path / 'run'} --resume --set learning_rate=0.0005`" in sentence


@pytest.mark.slow
def test_a_lower_learning_rate_on_resuming_is_used_and_written_down(pictures, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, 9)
        training.train(tiny_lesson.LESSON, longer(pictures, epochs=2), out=folder)
    rates, original = [], training.Training.fit

    def fit(self):
        original(self)
        rates.append(float(self.model.discriminator.optimizer.learning_rate))

    monkeypatch.setattr(training.Training, "fit", fit)
    run = training.resume(tiny_lesson.LESSON, out=folder, asked={"learning_rate": 0.0002})
    assert rates == [pytest.approx(0.0002)]
    assert run.config.settings["learning_rate"] == 0.0002
    assert run.config.changes == [{"learning_rate": [0.001, 0.0002]}]
    assert "0.001 to 0.0002" in (run.folder / "report.md").read_text(encoding="utf-8")


def longer(pictures, **changes):
    return tiny_lesson.LESSON.settings("quick", data=str(pictures), **changes)


@pytest.mark.slow
def test_more_epochs_of_a_finished_run_are_as_if_they_had_been_asked_for_at_once(tiny_run, pictures, tmp_path):
    at_once = training.train(tiny_lesson.LESSON, longer(pictures, epochs=5, seed=3), out=tmp_path / "at-once")
    run = runs.Run(shutil.copytree(tiny_run.folder, tmp_path / "longer"))
    training.resume(tiny_lesson.LESSON, out=run.folder, asked={"epochs": 5})
    pictures = [{file.name for file in each.samples.iterdir()} for each in (run, at_once)]
    different = set(kill_trial.differences(run, at_once))
    assert different <= {"steps.csv"} | (pictures[0] ^ pictures[1]), "pictures of the same step are the same"
    assert run.report["measured"] == at_once.report["measured"] and run.report["steps"] == 45
    assert run.config.changes == [{"epochs": [3, 5]}] and run.finished
    with pytest.raises(BookError, match="epochs 5, not 4"):
        training.resume(tiny_lesson.LESSON, out=run.folder, asked={"epochs": 4})


def test_a_finished_run_without_checkpoints_is_not_begun_again(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run.folder, tmp_path / "shipped", ignore=shutil.ignore_patterns("checkpoints"))
    with pytest.raises(BookError, match=r"no checkpoints .*--start-from"):
        training.resume(tiny_lesson.LESSON, out=folder, asked={"epochs": 5})
    assert runs.Run(folder).report == tiny_run.report


@pytest.mark.slow
@pytest.mark.parametrize("checkpoints", [True, False])
def test_starting_from_the_weights_of_another_run(checkpoints, tiny_run, pictures, tmp_path, monkeypatch):
    ignore = None if checkpoints else shutil.ignore_patterns("checkpoints")
    other = runs.Run(shutil.copytree(tiny_run.folder, tmp_path / "other", ignore=ignore))
    first = {}
    original = training.Training.restored

    def restored(self):
        place = original(self)
        first.update(generator=self.model.sampler.get_weights(), discriminator=self.model.discriminator.get_weights())
        first.update(moments=[np.array(v) for v in self.model.gan.optimizer.variables if "momentum" in v.path])
        return place

    monkeypatch.setattr(training.Training, "restored", restored)
    chosen = settings(pictures, seed=8)
    run = training.train(tiny_lesson.LESSON, chosen, out=tmp_path / "run", start_from=other.folder)
    assert all(map(np.array_equal, first["generator"], other.load("generator").get_weights()))
    assert first["moments"] and not any(moment.any() for moment in first["moments"]), "the optimizers are new"
    assert run.config.start_from == other.folder.resolve().as_posix() and run.seed == 8
    untrained = tiny_lesson.build(chosen, tiny_lesson.LESSON.task.load(chosen)).discriminator
    assert checkpoints or len(first["discriminator"]) == len(untrained.get_weights())
    with pytest.raises(BookError, match="same settings"):
        wide = settings(pictures, image_size=12)
        training.train(tiny_lesson.LESSON, wide, out=tmp_path / "wide", start_from=other.folder)


@pytest.mark.slow
def test_an_interrupted_run_is_measured_as_it_is_and_goes_on(pictures, tmp_path, monkeypatch):
    chosen, folder = longer(pictures, epochs=2), tmp_path / "run"
    undisturbed = training.train(tiny_lesson.LESSON, chosen, out=tmp_path / "undisturbed")
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, 13)
        training.train(tiny_lesson.LESSON, chosen, out=folder)
    run = training.finish(tiny_lesson.LESSON, folder, tell=lambda line: None)
    assert run.report["unfinished"] == "after 1.44 of 2 epochs" and run.report["steps"] == 13 and not run.finished
    assert "after 1.44 of 2 epochs" in (run.folder / "report.md").read_text(encoding="utf-8")
    training.resume(tiny_lesson.LESSON, out=folder)
    assert run.finished and kill_trial.differences(run, undisturbed) == []
    assert run.report["measured"] == undisturbed.report["measured"]


def test_nothing_reached_is_nothing_to_measure(pictures, tmp_path):
    run = runs.Run(tmp_path / "run")
    run.write_config(RunConfig("tiny", "quick", vars(settings(pictures)), ["dawn", "dusk"]))
    with pytest.raises(BookError, match="no checkpoint"):
        training.finish(tiny_lesson.LESSON, run.folder)


@pytest.mark.slow
@pytest.mark.parametrize("fails", [False, True])
def test_the_precision_of_the_readers_own_models_is_left_as_it_was(fails, pictures, tmp_path):
    chosen = settings(pictures, precision="mixed_bfloat16")
    lesson = failing(times=1)[0] if fails else tiny_lesson.LESSON
    with pytest.raises(BookError) if fails else nullcontext():
        training.train(lesson, chosen, out=tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_a_run_is_gone_on_with_by_its_own_model_only(pictures, tmp_path, monkeypatch):
    """Another build, of the same shapes, would go on with weights that its losses never made."""
    folder = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        stop_after(patch, 4)
        training.train(failing(times=0)[0], settings(pictures), out=folder)
    assert "resume(" in str(stopped.value) and f'"{folder.as_posix()}"' in str(stopped.value), "no command trains it"
    with pytest.raises(BookError, match=r"failing\.<locals>\.build.*tiny_lesson\.py:build"):
        training.resume(tiny_lesson.LESSON, out=folder)

    def other_loss(chosen, dataset):
        model = tiny_lesson.build(chosen, dataset)
        model.gan.compile(keras.optimizers.Adam(chosen.learning_rate), "mse")
        return model

    monkeypatch.setattr(training.chapters, "origin", lambda lesson: runs.Run(folder).config.origin)
    with pytest.raises(BookError, match="networks or losses"):
        training.resume(replace(tiny_lesson.LESSON, build=other_loss), out=folder)


class PixelNorm(keras.layers.Layer):
    """A layer of the reader's, which Keras is not told of."""

    def call(self, x):
        return x / ops.sqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-6)


class Unsaveable(PixelNorm):
    def __init__(self, strength, **kwargs):
        super().__init__(**kwargs)
        self.strength = strength


def with_layer(layer):
    def build(chosen, dataset):
        model = tiny_lesson.build(replace(chosen, average=0.0), dataset)
        images = layer(model.generator.output)
        model.generator = model.sampler = Generator(model.generator.inputs, images, takes=model.generator.takes)
        model.gan = tiny_lesson.define_gan(model.generator, model.discriminator, chosen.learning_rate)
        return model

    return replace(tiny_lesson.LESSON, build=build)


@pytest.mark.parametrize(
    "layer, named",
    [
        (PixelNorm, None),
        (lambda: Unsaveable(object()), "Unsaveable"),
        (lambda: keras.layers.Lambda(abs), "Lambda"),
    ],
    ids=["own", "unsaveable", "lambda"],
)
@pytest.mark.slow
def test_a_layer_of_the_readers_own_does_not_cost_the_training(layer, named, pictures, tmp_path):
    said = []
    run = training.train(with_layer(layer()), settings(pictures), out=tmp_path / "run", tell=said.append)
    assert run.report["measured"]["samples"] == 20
    complaints = [line for line in said if "cannot be read back" in line]
    assert len(complaints) == (named is not None)
    assert named is None or named in complaints[0]


def test_what_measuring_needs_is_asked_for_before_the_training(pictures, tmp_path, monkeypatch):
    monkeypatch.delenv("GAN_BOOK_CACHE")
    monkeypatch.setattr(Path, "expanduser", lambda path: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(BookError, match="GAN_BOOK_CACHE"):
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_damaged_sample_picture_does_not_cost_the_report(pictures, tmp_path, monkeypatch):
    original = training.Training.fit

    def fit(self):
        original(self)
        (self.run.samples / "step-0000000.png").write_bytes(b"damaged")

    monkeypatch.setattr(training.Training, "fit", fit)
    run = training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run")
    assert run.finished and (run.folder / "training.gif").stat().st_size


@pytest.mark.slow
def test_too_little_memory_is_one_sentence(pictures, tmp_path):
    def build(chosen, dataset):
        model = tiny_lesson.build(chosen, dataset)
        turns = model.turns

        def too_large(images, *rest):
            crowd = ops.ones((ops.shape(images)[0] * 10**7, 10**7))  # 400 terabytes for each image
            yield from turns(images + ops.cast(0 * ops.max(crowd), images.dtype), *rest)

        model.turns = too_large
        return model

    lesson = replace(tiny_lesson.LESSON, build=build)
    with pytest.raises(BookError, match=r"memory ran out with 4 images of 8 pixels a step; .* with --batch-size 2"):
        training.train(lesson, settings(pictures), out=tmp_path / "run")


def test_with_one_image_a_step_smaller_images_are_the_advice(pictures):
    chosen = settings(pictures, batch_size=1)
    sentence = training._out_of_memory(chosen, tiny_lesson.LESSON.task.load(chosen))
    assert "memory ran out with 1 image of 8 pixels a step; start anew with --image-size 4" in sentence


@pytest.mark.slow
def test_too_little_memory_to_measure_leaves_a_run_that_can_be_measured_later(pictures, tmp_path):
    def measure(*_):
        raise MemoryError

    folder = tmp_path / "run"
    with pytest.raises(BookError, match=f"ran out while measuring; .*{folder.name}"):
        training.train(replace(tiny_lesson.LESSON, measure=measure), settings(pictures), out=folder)
    trained = runs.Run(folder).load("generator").get_weights()
    said = []
    run = training.resume(tiny_lesson.LESSON, out=folder, tell=said.append)
    assert not [line for line in said if "Resuming" in line and "epoch 1" in line], "trained a second time"
    assert run.report["measured"]["samples"] == 20
    for measured, before in zip(run.load("generator").get_weights(), trained, strict=True):
        np.testing.assert_array_equal(measured, before)


@pytest.mark.parametrize("preset, hinted", [("quick", True), ("smoke", False)])
def test_a_plan_of_few_steps_is_said_to_be_one(preset, hinted, pictures, tmp_path):
    chosen, said = settings(pictures), []
    config = RunConfig("tiny", preset, {}, ["dawn", "dusk"])
    data = tiny_lesson.LESSON.task.load(chosen)
    training.Training(tiny_lesson.LESSON, chosen, data, runs.Run(tmp_path), config, said.append)
    steps = data.train_size // chosen.batch_size
    enough = -(-2000 // steps)
    hint = f"{steps} steps in all: too few to learn much; for some thousands take --epochs {enough}."
    assert [line for line in said if "too few" in line] == [hint] * hinted
    few = [line for line in said if f"{data.train_size} images are few" in line]
    assert len(few) == hinted


def test_small_sets_are_told_of_the_augmentation_that_the_chapter_has(pictures):
    few = training._few_images(460, cgan.LESSON.settings("quick"))
    assert "460 images" in few and "--set augment=1" in few
    assert "augment" not in training._few_images(460, cgan.LESSON.settings("quick", augment=0.5))
    assert "augment" not in training._few_images(460, settings(pictures))


@pytest.mark.slow
def test_on_failure_restart_takes_the_next_seed_and_leaves_no_trace_of_the_old_one(pictures, tmp_path):
    lesson, seeds = failing(times=1)
    said = []
    run = training.train(
        lesson, settings(pictures, seed=5), out=tmp_path / "run", on_failure="restart", tell=said.append
    )
    assert seeds == [5, 6]
    assert [line for line in said if line.startswith("Starting again")] == ["Starting again with seed 6."]
    assert run.config.restarts == 1
    assert run.report["findings"] == []
    assert len(run.log.read_text().splitlines()) == 2, "the header and one epoch"
    page = (run.folder / "report.md").read_text(encoding="utf-8")
    assert "seed 6." in page and "failed with 1 other seed before" in page


def test_after_three_restarts_it_is_given_up(pictures, tmp_path, monkeypatch):
    finding = health.Finding("mode collapse", "all are alike", "do something")

    def fit(self):
        seeds.append(self.settings.seed)
        raise health.TrainingFailure(finding)

    seeds = []
    monkeypatch.setattr(training.Training, "fit", fit)
    with pytest.raises(BookError, match="training failed 4 times, last: mode collapse: all are alike; do something"):
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run", on_failure="restart")
    assert seeds == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_resumed_restart_goes_on_with_the_new_seed(pictures, tmp_path, monkeypatch):
    lesson, seeds = failing(times=1)
    original = checkpoint.save

    def interrupt(model, folder, position):
        original(model, folder, position)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(checkpoint, "save", interrupt)
        training.train(lesson, settings(pictures), out=tmp_path / "run", on_failure="restart")
    training.resume(lesson, out=tmp_path / "run")
    assert seeds == [0, 1, 1]


def test_unknown_action_on_failure(pictures, tmp_path):
    with pytest.raises(BookError, match="--on-failure 'panic' is not known; choose one of: warn, stop, restart"):
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run", on_failure="panic")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_deterministic_runs_are_equal(pictures, tmp_path, tiny_run):
    chosen = tiny_lesson.LESSON.settings("quick", data=tiny_run.config.settings["data"], seed=3)
    again = training.train(tiny_lesson.LESSON, chosen, out=tmp_path / "again")
    assert kill_trial.differences(again, tiny_run) == []


def test_tensorboard_writes_event_files(tiny_run):
    pytest.importorskip("tensorboard")
    events = [file for file in (tiny_run.folder / "tensorboard").rglob("events.out.tfevents.*") if file.stat().st_size]
    assert events
    assert any(b"epoch_g_loss" in file.read_bytes() for file in events)


def test_one_test_image_is_too_few_and_is_said_before_the_training(tmp_path):
    folder = tiny_lesson.write_pictures(tmp_path / "few", count=2)
    with pytest.raises(BookError, match="has one test image, and to measure takes two; add images"):
        training.train(tiny_lesson.LESSON, settings(folder, batch_size=2), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_goes_on_as_it_was_begun(pictures, tmp_path, monkeypatch):
    def interrupt(model, folder, position):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(checkpoint, "save", interrupt)
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run")
    run = runs.Run(tmp_path / "run")
    begun = run.config
    run.write_config(replace(begun, backend="another"))
    with pytest.raises(BookError, match=r"was begun on another, and this is .*; set KERAS_BACKEND=another to go on"):
        training.resume(tiny_lesson.LESSON, out=run.folder)
    other = "mixed_bfloat16" if begun.policy == "float32" else "float32"
    run.write_config(replace(begun, policy=other))
    said = []
    training.resume(tiny_lesson.LESSON, out=run.folder, tell=said.append)
    assert any(f", {other} on " in line for line in said) and run.config.policy == other


def test_tensorboard_that_is_not_installed_is_asked_for(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    with pytest.raises(BookError, match="pip install tensorboard"):
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "run", tensorboard=True)
    assert not (tmp_path / "run").exists()


def without_labels(settings, dataset):
    """A GAN that takes no label, as in the template."""
    generator, discriminator = (
        define(dataset.image_shape) for define in (template.define_generator, template.define_discriminator)
    )
    return template.MyGAN(generator, discriminator, template.define_gan(generator, discriminator))


OWN_PICTURES = {"projection": (100, {}), "channel": (32, {"network": "channel"}), "no labels": (32, {})}


@pytest.mark.slow
@pytest.mark.parametrize("kind", OWN_PICTURES)
def test_own_pictures_of_any_size(kind, pictures, tmp_path):
    (size, changes), labelled = OWN_PICTURES[kind], kind != "no labels"
    chosen = cgan.LESSON.settings(
        "smoke", data=str(pictures), image_size=size, epochs=1, batch_size=8, width=4,
        limit=16, latent_dim=8, measure_samples=20, **changes,
    )  # fmt: skip
    lesson = cgan.LESSON if labelled else replace(cgan.LESSON, build=without_labels)
    said = []
    run = training.train(lesson, chosen, out=tmp_path / "run", tell=said.append)
    generator = run.load("generator")
    assert generator.output.shape[1:] == (size, size, 3)
    assert len(generator.inputs) == 1 + labelled
    assert run.config.class_names == ["dawn", "dusk"]
    measured = run.report["measured"]
    named = {score["name"] for score in measured["scores"]}
    assert measured["dataset"] == "sky" and "label_accuracy" not in named
    assert ("pixel_diversity" in named) == labelled
    assert draw(generator, [0, 1]).shape == (2, size, size, 3)
    assert said[-1].startswith("Next: ") and f" --run {run} " in said[-1]
    assert ("--label dusk" in said[-1]) == labelled


@pytest.mark.slow
def test_several_steps_at_once(pictures, tmp_path):
    run = training.train(tiny_lesson.LESSON, settings(pictures, steps_per_execution=3), out=tmp_path / "run")
    assert run.report["steps"] == 9
    with pytest.raises(BookError, match="the 9 steps of an epoch cannot be run 2 at once; choose a divisor of 9"):
        training.train(tiny_lesson.LESSON, settings(pictures, steps_per_execution=2), out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_fewer_pictures_than_a_batch(pictures, tmp_path):
    with pytest.raises(BookError, match="36 training images, less than a batch; set --batch-size to 36 or less"):
        training.train(tiny_lesson.LESSON, settings(pictures, batch_size=64), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("network, kinds", [("label", 2), ("category", 10), ("alone", 1)])
def test_the_chapter_measures_the_images_that_the_book_measures(network, kinds, monkeypatch):
    """Drawn once, balanced over what the generator can be asked for, whatever the classes of the data."""
    generator = {
        "label": lambda: tiny_lesson.define_generator((28, 28, 1), 2),
        "category": lambda: infogan.define_generator(),
        "alone": lambda: template.define_generator((28, 28, 1)),
    }[network]()
    run = SimpleNamespace(load=lambda name: generator)
    seen = []
    own = Score("nmi", "NMI", 0.5)
    lesson = replace(tiny_lesson.LESSON, measure=lambda *parts: seen.append(parts) or ([own], {"its": "own"}))
    monkeypatch.setattr(metrics, "measure_samples", lambda *parts: seen.append(parts) or ([], {"of": "book"}))
    data = noise(classes=2)
    found = lesson.task.measure(run, lesson, data, 30, seed=5)
    assert found == {"dataset": data.name, "samples": 30, "seed": 5} | {
        "scores": [own.as_dict()],
        "details": {"of": "book", "its": "own"},
    }
    (images, *book, asked, seed), (*chapter, own_images, labels, own_seed) = seen
    assert book == [data] and chapter == [run, data] and seed == own_seed == 5
    assert own_images is images
    assert asked is (labels if network == "label" else None)  # a category of InfoGAN is no class
    np.testing.assert_array_equal(labels, np.arange(30) % kinds)
    np.testing.assert_array_equal(images, draw(generator, labels, seed=5))


def test_what_the_data_are_taken_for_is_said_before_the_training(pictures):
    said = []
    oblong = settings(pictures, image_size="12x16")
    data = training._load(tiny_lesson.LESSON, oblong, said.append)
    assert data.image_shape == (12, 16, 3) and "2 classes: dawn (18), dusk (18)" in said[0] and str(pictures) in said[0]


def test_weights_of_other_shapes_leave_no_run_behind(tiny_run, pictures, tmp_path):
    chosen = settings(pictures, image_size=12)
    with pytest.raises(BookError, match="other shapes"):
        training.train(tiny_lesson.LESSON, chosen, out=tmp_path / "run", start_from=tiny_run.folder)
    assert not (tmp_path / "run").exists()


def test_weights_to_start_from_that_are_gone_are_said_to_be(tiny_run, tmp_path):
    ignore = shutil.ignore_patterns("checkpoints", "report.json")
    run = runs.Run(shutil.copytree(tiny_run.folder, tmp_path / "run", ignore=ignore))
    run.write_config(replace(run.config, start_from=str(tmp_path / "gone")))
    with pytest.raises(BookError, match="gone, which is gone"):
        training.resume(tiny_lesson.LESSON, out=run.folder)


def test_a_finished_run_whose_checkpoints_are_damaged_stays_finished(tiny_run, tmp_path):
    run = runs.Run(shutil.copytree(tiny_run.folder, tmp_path / "run"))
    for file in checkpoint.saved(run.checkpoints):
        file.write_bytes(b"damaged")
    with pytest.raises(BookError, match="no checkpoint"):
        training.resume(tiny_lesson.LESSON, out=run.folder, asked={"epochs": 5})
    assert run.report == tiny_run.report and run.config == tiny_run.config


def test_to_finish_what_is_no_run_does_not_speak_of_resuming(tmp_path):
    with pytest.raises(BookError, match="holds no run") as refused:
        training.finish(tiny_lesson.LESSON, tmp_path / "nowhere")
    assert "--resume" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_one_sentence(pictures, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BookError, match="--out"):
        training.train(tiny_lesson.LESSON, settings(pictures), out=tmp_path / "file" / "run")


def without_sampler(chosen, dataset):
    model = tiny_lesson.build(chosen, dataset)
    del model.sampler
    return model


def of_other_classes(chosen, dataset):
    model = tiny_lesson.build(chosen, dataset)
    model.sampler = tiny_lesson.define_generator(dataset.image_shape, 5)
    return model


def of_another_size(chosen, dataset):
    model = tiny_lesson.build(chosen, dataset)
    model.sampler = tiny_lesson.define_generator((6, 6, 3), dataset.num_classes)
    return model


@pytest.mark.parametrize(
    "changes, names",
    [
        ({"build": lambda chosen, dataset: None}, "AdversarialModel"),
        ({"build": without_sampler}, "'sampler'"),
        ({"kept": ("encoder",)}, "'encoder'"),
        ({"build": of_other_classes}, "5 classes.* 2"),
        ({"build": of_another_size}, r"\(6, 6, 3\).*\(8, 8, 3\)"),
    ],
    ids=["no model", "no sampler", "nothing to keep", "other classes", "another size"],
)
def test_a_lesson_that_would_fail_later_is_refused_before_the_training(changes, names, pictures, tmp_path):
    with pytest.raises(BookError, match=names):
        training.train(replace(tiny_lesson.LESSON, **changes), settings(pictures), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("sentence", ["Look at {foo}.", "Look at {}.", "Look at {run"])
def test_a_next_step_that_cannot_be_filled_in_is_refused_when_the_lesson_is_made(sentence):
    with pytest.raises(BookError, match="next_step of 'tiny'"):
        replace(tiny_lesson.LESSON, next_step=sentence)
