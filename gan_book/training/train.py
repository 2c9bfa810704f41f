"""Training a lesson from its settings to its report, the same for every chapter.

``docs/overview.md`` follows a training through the files.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import keras

from gan_book import backend
from gan_book import devices as several_devices
from gan_book.adversarial import AdversarialModel, Composite
from gan_book.errors import BookError, Interrupted, counted, require_choice
from gan_book.paths import cache_dir
from gan_book.training import chapters, precision, report, runs
from gan_book.training.checkpoint import Checkpoints, WholeTraining, restore_weights, saved, stop_on_signal
from gan_book.training.detectors import Advice, TrainingFailure, flags
from gan_book.training.logs import EpochLog, StepLog
from gan_book.training.progress import Progress, in_notebook
from gan_book.training.run_config import RunConfig, surroundings

ON_FAILURE = ("warn", "stop", "restart")
RESTARTS = 3
FEW_STEPS, ENOUGH_STEPS = 300, 2000
FEW_IMAGES = 2000  # with fewer a discriminator soon knows them by heart


def train(
    lesson,
    settings,
    preset="custom",
    out=None,
    on_failure="warn",
    tensorboard=False,
    tell=print,
    start_from=None,
    devices=None,
):
    """Trains a new run and measures it.

    Args:
        lesson: `gan_book.training.lesson.Lesson`.
        settings: its settings, with the name of the preset they come from.
        out: folder of the run; None for the next free ``runs/<lesson>-<preset>-NNN``.
        on_failure: what to do when the health monitor finds that training fails: "warn" continues, "stop" ends it,
            "restart" starts again with the next seed, at most 3 times. Weights that are NaN end it in any case.
        tensorboard: also write TensorBoard logs to ``<run>/tensorboard``.
        tell: prints a line.
        start_from: folder of a run of the same lesson whose trained weights this one begins with, with new optimizers.
        devices: how many GPUs (or TPU cores) share each batch, a number or "all"; None for one. For that, and for
            several machines, see ``docs/devices.md``.

    Returns:
        The finished `gan_book.training.runs.Run`.

    Raises:
        BookError: a setting that cannot be met, too little memory, or training failed and `on_failure` was not "warn".
        Interrupted: stopped by Ctrl-C or SIGTERM; the run can be resumed.
    """
    require_choice("--on-failure", on_failure, ON_FAILURE)
    if tensorboard and find_spec("tensorboard") is None:
        raise BookError("--tensorboard needs the package of that name; run `pip install tensorboard` first")
    if start_from is not None:
        runs.require_lesson(runs.Run(start_from), lesson.name)
        start_from = Path(start_from).resolve().as_posix()
    count = _devices(devices, settings, on_failure)
    index, _ = several_devices.workers()
    tell = _silent if index else tell  # the chief speaks
    dataset = _load(lesson, settings, tell)
    config = RunConfig(
        lesson=lesson.name,
        preset=preset,
        settings=asdict(settings),
        class_names=list(map(_as_text, lesson.task.names(dataset))),
        on_failure=on_failure,
        tensorboard=tensorboard,
        origin=chapters.origin(lesson),
        start_from=start_from,
        devices=count,
        **surroundings(),
    )
    if index:
        with tempfile.TemporaryDirectory() as scratch:
            return _attempts(lesson, settings, dataset, runs.Run(scratch), config, tell)
    run = runs.new(f"{lesson.name}-{preset}", out)
    try:
        with run.locked():
            runs.require_empty(run.folder)  # another process may have had it in between
            return _attempts(lesson, settings, dataset, run, config, tell)
    finally:
        runs.drop_unused(run)


def resume(lesson, preset=None, out=None, asked=None, tell=print):
    """Continues an interrupted run exactly at its newest checkpoint, or trains a finished one for longer.

    In a notebook, in the cell after an interrupted `train`: ``run = gb.resume(LESSON, out="runs/cgan-quick-001")``.

    With more epochs the result is the same as if the run had been started with them, with three exceptions: the rows
    of steps.csv are further apart in a longer training, there are pictures of the steps of both lengths, and learning
    rates may follow a schedule over all epochs.

    Args:
        lesson: `gan_book.training.lesson.Lesson`.
        preset, out: which run: `out`, or the newest of the preset ("quick" if None).
        asked: dict of settings, "on_failure", "tensorboard" and "devices"; None means "as in the run". Epochs may be
            more than those of the run, and learning rates and devices may be others; the rest must be the same.
        tell: prints a line.

    Returns:
        The finished `gan_book.training.runs.Run`.

    Raises:
        BookError: nothing to resume, or the run has other settings, other networks, or is being trained already.
        Interrupted: stopped again.
    """
    run = runs.to_resume(f"{lesson.name}-{preset or 'quick'}", out)
    _require_same_origin(lesson, run)
    before = lesson.settings_of(run)
    asked = {"preset": preset, **(asked or {})}
    wanted = asked.pop("devices", None)  # how the same training is computed, so it may be another number every time
    changes = _changes(run, before, asked)
    if run.finished and "epochs" not in changes:
        tell(f"{run} is already finished. Train it for longer with --resume and a larger --epochs.")
        return run
    settings = lesson.changed(before, **changes)
    if run.finished and not saved(run.checkpoints):
        advice = f"begin a new run with its weights: --start-from {run.quoted}"
        raise BookError(f"{run} has no checkpoints to go on from; {advice}")
    count = _devices(wanted or run.config.devices, settings, run.config.on_failure)
    config = replace(run.config.changed(changes), devices=count)
    if several_devices.workers()[0]:
        return _assist(lesson, settings, run, config)
    with run.locked():
        return _attempts(lesson, settings, _load(lesson, settings, tell), run, config, tell)


def _assist(lesson, settings, run, config):
    """Resumes as one of several workers that is not the chief: it reads the run's checkpoints, and writes nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = runs.Run(scratch)
        copy.checkpoints.mkdir()
        for file in saved(run.checkpoints):
            shutil.copy(file, copy.checkpoints)
        return _attempts(lesson, settings, _load(lesson, settings, _silent), copy, config, _silent)


def _silent(line):
    """Prints nothing."""


def _devices(wanted, settings, on_failure):
    """The number of devices of this process, None for one.

    Raises:
        BookError: there are not so many, they cannot share the batch, or the training is to restart by itself, about
            which several machines would have to agree.
    """
    count = 1 if wanted in (None, 1, "1") else several_devices.chosen(wanted)
    _, processes = several_devices.workers()
    several_devices.require_divisible(settings.batch_size, count * processes)
    if processes > 1 and on_failure == "restart":
        raise BookError("--on-failure restart is for one machine; with several workers choose warn or stop")
    return None if count == 1 else count


def finish(lesson, out, tell=print):
    """Measures an interrupted run at its newest checkpoint and writes its report. It can still be resumed.

    Args:
        lesson: `gan_book.training.lesson.Lesson`.
        out: folder of the run.
        tell: prints a line.

    Returns:
        The `gan_book.training.runs.Run`.

    Raises:
        BookError: there is no such run, or it has no checkpoint yet.
    """
    run = runs.started(out)
    _require_same_origin(lesson, run)
    settings = lesson.settings_of(run)
    if run.finished:
        tell(f"{run} is already finished.")
        return run
    if not saved(run.checkpoints):
        raise BookError(f"{run} has no checkpoint yet, so there is nothing to measure; resume it")
    dataset = _load(lesson, settings, tell)
    with run.locked(), _policy_kept():
        training = Training(lesson, replace(settings, seed=run.seed), dataset, run, run.config, tell)
        epoch, batch = training.restored()
        done = epoch + batch / training.steps_per_epoch
        unfinished = None if done >= settings.epochs else f"after {done:.3g} of {counted(settings.epochs, 'epoch')}"
        steps = epoch * training.steps_per_epoch + batch
        return report.finish(run, lesson, training, dataset, settings.measure_samples, tell, steps, unfinished)


def _changes(run, settings, asked):
    """The entries of `asked` that differ from the run and are allowed to: dict: name -> value.

    Raises:
        BookError: something else differs.
    """
    config = run.config
    had = {**vars(config), **asdict(settings)}
    changes = {}
    for name, value in asked.items():
        if value is None or had.get(name) == value:
            continue
        longer = name == "epochs" and value > settings.epochs
        if not longer and not (name.endswith("learning_rate") and name in asdict(settings)):
            more = "more epochs and other learning rates can be had on the way; " if name == "epochs" else ""
            raise BookError(
                f"{run} was started with {name} {had.get(name)}, not {value}; {more}leave that out or start anew"
            )
        changes[name] = value
    return changes


def _require_same_origin(lesson, run):
    """Raises BookError if `lesson` is not that of the run, was changed since, or computes on another backend."""
    config = run.config
    runs.require_lesson(run, lesson.name)
    here = keras.backend.backend()
    if config.backend not in (None, here):
        raise BookError(
            f"{run} was begun on {config.backend}, and this is {here}; set KERAS_BACKEND={config.backend} to go on"
        )
    origin = chapters.origin(lesson)
    if config.origin not in (None, origin):
        script = config.origin.rpartition(":")[0]
        way = f"with `python {script} --out {run.quoted} --resume`" if script.endswith(".py") else "there"
        raise BookError(f"{run} is a run of the model in {config.origin}, and this one is in {origin}; go on {way}")


def _as_text(name):
    """A class name, also one from a folder whose name is no UTF-8, as text that every file and picture can hold."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def _load(lesson, settings, tell):
    try:
        cache_dir()  # needed when all is trained, and better missed now
    except BookError as error:
        raise BookError(f"{error}, or set GAN_BOOK_CACHE to a folder for intermediate results") from None
    dataset = lesson.task.load(settings)
    tell(f"{settings.data}: {dataset.summary()}")
    if dataset.train_size < settings.batch_size:
        advice = f"set --batch-size to {dataset.train_size} or less"
        raise BookError(f"'{settings.data}' gives {dataset.train_size} training images, less than a batch; {advice}")
    _steps_per_epoch(settings, dataset)
    return dataset


def _steps_per_epoch(settings, dataset):
    steps, at_once = dataset.train_size // settings.batch_size, settings.steps_per_execution
    if steps % at_once:
        raise BookError(f"the {steps} steps of an epoch cannot be run {at_once} at once; choose a divisor of {steps}")
    return steps


@contextmanager
def _policy_kept():
    """A context after which new layers have the same precision as before it."""
    before = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _attempts(lesson, settings, dataset, run, config, tell):
    """Trains, again with another seed if that was asked for, and reports."""
    # One round of the loop for each seed: only "restart" after a failure leads to another.
    if config.policy is None and settings.precision == "auto":
        config = replace(config, policy=_precision(lesson, settings, dataset, config, tell))
    with _policy_kept(), several_devices.several(config.devices or 1) as devices:
        while True:
            try:
                training = Training(lesson, replace(settings, seed=config.seed), dataset, run, config, tell, devices)
                training.place = training.restored()
                if run.finished:
                    run.report_file.unlink()  # of the shorter training, before its config.json says otherwise
                run.write_config(training.config)  # Not before it is clear that all there is makes a training.
                training.fit()
                if training.assists:
                    return run
                return _measured(run, lesson, training, dataset, tell)
            except TrainingFailure as failure:
                if config.on_failure != "restart":
                    raise BookError(_stopped(lesson, settings, run, failure.finding)) from None
                if config.restarts == RESTARTS:
                    raise BookError(f"training failed {RESTARTS + 1} times, last: {failure.finding}") from None
                config = config.restarted()
                _forget(run)  # Before the new seed is written down, so that no checkpoint is taken for one of it.
                tell(f"Starting again with seed {config.seed}.")
            except (Interrupted, KeyboardInterrupt):
                if not run.config_file.exists():
                    raise
                raise Interrupted(_stopped_where(lesson, run)) from None
            except Exception as error:
                if backend.is_out_of_memory(error):
                    raise BookError(_out_of_memory(settings, dataset)) from None
                raise


def _precision(lesson, settings, dataset, config, tell):
    """What "auto" stands for. Several workers must agree, which their clocks would not."""
    if several_devices.workers()[1] > 1:
        return backend.best()
    return precision.choose(lesson, settings, dataset, tell, config.devices or 1)


def _require_whole(lesson, model):
    """Raises BookError where the model lacks what will be asked of it after the first epoch."""
    if not isinstance(model, AdversarialModel):
        raise BookError(f"build() of '{lesson.name}' must return an AdversarialModel, not a {type(model).__name__}")
    for name in ("sampler", *lesson.kept):
        if not isinstance(getattr(model, name, None), keras.Model):
            what = "the network to draw with" if name == "sampler" else "a network that the lesson keeps"
            raise BookError(
                f"{type(model).__name__} of '{lesson.name}' has no network '{name}', {what}; set self.{name}"
            )


def _stopped(lesson, settings, run, finding):
    """Why a training stopped, and how to go on from what it had saved before."""
    slower = Advice(settings).halved_rates()
    kept = "what was saved before is kept, so go on from there"
    before = kept if saved(run.checkpoints) else "nothing was saved before, so begin again"
    way = f"; {before} with `{_to_go_on(lesson, run, slower)}`"
    return f"training stopped: {finding}".rstrip(".") + (way if slower and finding.kind == "not finite" else "")


def _measured(run, lesson, training, dataset, tell):
    try:
        return report.finish(run, lesson, training, dataset, training.settings.measure_samples, tell, training.steps)
    except Exception as error:
        if not backend.is_out_of_memory(error):
            raise
        way = f"close other programs and measure with `{_to_go_on(lesson, run)}`"
        raise BookError(f"memory ran out while measuring; the training is done and saved: {way}") from None


def _to_go_on(lesson, run, changes=None):
    """What to type to resume a run: in a shell, or in Python where no command trains this very model.

    changes: settings to resume it with, dict: name -> value.
    """
    command = chapters.command(lesson)
    if command and not _is_interactive():
        return " ".join([command, "--out", run.quoted, "--resume", *flags(changes or {})])
    asked = f", asked={changes}" if changes else ""
    return f'import gan_book as gb; run = gb.resume(LESSON, out="{run.folder.as_posix()}"{asked})'


def _stopped_where(lesson, run):
    """What an interrupted training says: the command to go on with, and in a notebook where it was saved, too."""
    way = _to_go_on(lesson, run)
    return (
        f"the training was stopped and is saved in {run}; go on in the next cell with: {way}" if in_notebook() else way
    )


def _is_interactive():
    """Whether this is Python's own prompt or a notebook, where a shell's command would be typed in vain."""
    ipython = sys.modules.get("IPython")
    return hasattr(sys, "ps1") or (ipython is not None and ipython.get_ipython() is not None)


def _out_of_memory(settings, dataset):
    batch, (height, width) = settings.batch_size, dataset.image_shape[:2]
    half = f"{height // 2}" if height == width else f"{height // 2}x{width // 2}"
    smaller = f"--batch-size {batch // 2}" if batch > 1 else f"--image-size {half}"
    networks = " or narrower networks (--set width=)" if hasattr(settings, "width") else ""
    what = f"{counted(batch, 'image')} of {height if height == width else f'{height}x{width}'} pixels"
    return f"memory ran out with {what} a step; start anew with {smaller}{networks}"


def _forget(run):
    """Removes the files of a failed attempt that would be mixed up with those of the next one."""
    pictures_and_networks = [*run.samples.glob("step-*.png"), *run.folder.glob("*.keras")]
    for file in [*run.checkpoints.glob("step-*.npz"), *pictures_and_networks, run.log, run.step_log]:
        file.unlink(missing_ok=True)
    shutil.rmtree(run.folder / "tensorboard", ignore_errors=True)


def _few_images(count, settings):
    """What to expect of a small set, and what helps.

    Karras et al. (2020), "Training Generative Adversarial Networks with Limited Data", figure 1: D learns a small set
    by heart, its loss goes to 0, and what G makes gets worse from then on.
    """
    can_augment = getattr(settings, "augment", None) == 0
    way = "; --set augment=1 shows D each of them turned and shifted in other ways every time" if can_augment else ""
    return f"{counted(count, 'image')} are few for a GAN: expect blurred or repeated shapes, not photographs{way}."


def _row_every(steps):
    """Steps between two rows of steps.csv: about 200 rows in all, but for short trainings no more often than needed."""
    return max(min(10, steps // 20), steps // 200, 1)


class Training:
    """One attempt at a run: model, data and callbacks, ready to fit from wherever the checkpoints say.

    Attributes:
        place: epoch and batch to begin with, which `restored` returns.
        assists: whether this process is one of several that is not the chief: it computes, and writes nothing.
    """

    place = (0, 0)

    def __init__(self, lesson, settings, dataset, run, config, tell, devices=None):
        devices = devices or several_devices.Devices()
        self.assists = several_devices.workers()[0] > 0
        self.run, self.lesson, self.settings, self.dataset, self.tell = run, lesson, settings, dataset, tell
        run.own_layers = chapters.own_layers(lesson)
        if settings.deterministic:
            backend.make_deterministic()
        keras.utils.set_random_seed(settings.seed)
        policy = backend.use_precision(config.policy or settings.precision)  # resumed: as it was begun
        with devices.building():
            self.model = lesson.build(settings, dataset)
            _require_whole(lesson, self.model)
            self.model.compile(steps_per_execution=settings.steps_per_execution, **devices.compiling)
        devices.prepare(self.model)
        self._shared = devices.shared
        self.config = replace(config, policy=policy, networks=self._digest())
        if config.networks not in (None, self.config.networks):
            problem = f"the networks or losses of '{lesson.name}' are not those that {run} was begun with"
            raise BookError(f"{problem}; start anew")
        self.steps_per_epoch = _steps_per_epoch(settings, dataset)
        several = f"{devices.count} x " if devices.count > 1 else ""
        tell(
            f"{lesson.name}: {counted(dataset.train_size, 'image')} of {dataset.name}, "
            f"{counted(settings.epochs, 'epoch')} of {counted(self.steps_per_epoch, 'step')}, "
            f"{policy} on {several}{backend.name()}, backend {keras.backend.backend()}"
        )
        if self.steps < FEW_STEPS and config.preset != "smoke":
            enough = -(-ENOUGH_STEPS // self.steps_per_epoch)
            plan = f"{counted(self.steps, 'step')} in all"
            tell(f"{plan}: too few to learn much; for some thousands take --epochs {enough}.")
        if dataset.train_size < FEW_IMAGES and config.preset != "smoke":
            tell(_few_images(dataset.train_size, settings))
        self._tell_of_schedules()
        self.monitor = lesson.task.health_monitor(
            self.model, dataset, settings, config.on_failure, self._sync, self.steps
        )
        self.grid = lesson.task.sample_grid(self.model, dataset, run.samples, settings, self._sync, self.steps)
        seconds = settings.checkpoint_seconds
        self.remembering = {"health": self.monitor, "steps": StepLog(run.step_log, _row_every(self.steps))}
        self.checkpoints = Checkpoints(run.checkpoints, self.steps_per_epoch, seconds, state=self._state)

    def _state(self):
        return {name: callback.state() for name, callback in self.remembering.items()}

    @property
    def seconds(self):
        return self.checkpoints.training_seconds

    @property
    def steps(self):
        return self.steps_per_epoch * self.settings.epochs

    @property
    def findings(self):
        return self.monitor.findings

    def networks(self):
        """The networks under their own names; composites share the weights of others."""
        networks = [layer for layer in self.model.layers if isinstance(layer, keras.Model) and layer.weights]
        return [network for network in networks if not isinstance(network, Composite)]

    def traced_model(self):
        """The model, which after its first step knows its turns; where none was run, one is traced on shapes."""
        if not self.model.turn_networks:
            self.model._symbolic_build(data_batch=self.lesson.task.batches(self.dataset, self.settings)[0])
        return self.model

    def _digest(self):
        """A digest of what makes two models the same: kinds of layers, shapes of weights, optimizers and losses."""
        # A checkpoint fits every model with arrays of the same shapes. If a chapter's loss or optimizer was changed in
        # the meantime, the training would continue as something else without a message; so `resume` compares this.
        description = [
            [
                network.name,
                [[type(layer).__name__, [list(weight.shape) for weight in layer.weights]] for layer in network.layers],
                type(network.optimizer).__name__ if getattr(network, "optimizer", None) else None,
                keras.tree.flatten(keras.tree.map_structure(_name, getattr(network, "loss", None))),
            ]
            for network in self.model.layers
            if isinstance(network, keras.Model)
        ]
        return hashlib.sha256(json.dumps(description).encode()).hexdigest()[:16]

    def _tell_of_schedules(self):
        """Says so if a longer training differs from one planned so long, because learning rates follow a schedule."""
        lengthened = any("epochs" in change for change in self.config.changes)
        rates = [v.name for player in self.model.players for v in player.optimizer.variables]
        if lengthened and "learning_rate" not in rates:
            before = self.config.changes[-1].get("epochs", ["fewer"])[0]
            self.tell(f"Learning rates follow a schedule here: the steps done so far followed that of {before} epochs.")

    def fit(self):
        """Trains from `place` to the last epoch, saving on the way."""
        self.run.folder.mkdir(parents=True, exist_ok=True)
        self.run.remove_leftovers()
        first, batch = self.place
        if first >= self.settings.epochs:
            return
        # One `fit` an epoch, see `gan_book.datasets.batches.EpochBatches`; for the callbacks it is one training.
        with stop_on_signal() as stop:
            self.checkpoints.stop = stop
            progress = Progress(self.steps_per_epoch, self.settings.epochs, first * self.steps_per_epoch + batch)
            callbacks = WholeTraining([] if self.assists else self._callbacks(progress), self.model)
            try:
                callbacks.begin()
                for epoch in range(first, self.settings.epochs):
                    batches = self.lesson.task.batches(self.dataset, self.settings, epoch, batch)
                    batches, more = self._shared(batches)
                    plan = {**more, "initial_epoch": epoch, "epochs": epoch + 1, "shuffle": False, "verbose": 0}
                    self.model.fit(batches, callbacks=callbacks, **plan)
                    batch = 0
            finally:
                callbacks.end()  # closes files, also when the training is interrupted or restarted
                progress.close()

    def restored(self):
        """Restores everything from the newest checkpoint, and returns its place: ``(epoch, batch)``."""
        position = self.checkpoints.restore(self.model, self.tell)
        if position is None:
            self.run.trim_logs(0, 0)
            if self.config.start_from:
                self._take_weights(runs.Run(self.config.start_from))
            return 0, 0
        if position["state"].keys() != self.remembering.keys():
            raise BookError(f"{self.run} was begun by another version of the book; start anew")
        try:
            for name, callback in self.remembering.items():
                callback.restore(position["state"][name])
        except (KeyError, TypeError, ValueError, AttributeError):
            problem = f"the checkpoints in {self.run.checkpoints} are damaged, or by another version of the book"
            raise BookError(f"{problem}; start anew") from None
        self.run.trim_logs(position["epoch"], position["step"])
        self.grid.step = position["step"]
        if position["epoch"] < self.settings.epochs:
            self.tell(f"Resuming at epoch {position['epoch'] + 1}, step {position['batch']} of {self.steps_per_epoch}.")
        return position["epoch"], position["batch"]

    def _take_weights(self, other):
        """Begins with the weights of another run: of its newest checkpoint, or else of the networks it has saved."""
        if not other.folder.is_dir():
            raise BookError(f"{self.run} begins with the weights of {other}, which is gone; put it back or start anew")
        if self.lesson.begin:
            self.lesson.begin(self.model, other)
            self.tell(f"Starting from the weights of {other}.")
            return
        if restore_weights(self.model, other.checkpoints, self.tell):
            self.tell(f"Starting from the weights of {other}.")
            return
        taken = {name: other.load(name) for name in ("generator", *self.lesson.kept)}
        for name, network in taken.items():
            target = self.model.sampler if name == "generator" else getattr(self.model, name)
            try:
                target.set_weights(network.get_weights())
            except ValueError:
                advice = "give the new run the same settings and data of the same shape"
                raise BookError(f"{other.network(name)} has other shapes than this run's; {advice}") from None
            # A saved generator is the moving average. The network that trains starts from it too: it would otherwise
            # start untrained, and pull the average away with it.
            for average, source, _ in self.model._averages:
                if average is target:
                    source.set_weights(network.get_weights())
        untrained = "it has no checkpoint, so its other networks begin untrained"
        self.tell(f"Starting from the weights of {other}: {' and '.join(taken)}; {untrained}.")

    def _callbacks(self, progress):
        """In this order after a step and an epoch: the log row, the checks, the pictures, and last the checkpoint."""
        # The checkpoint is the promise that all before it is written. If the process is killed in between, the epoch's
        # end is repeated from the checkpoint before, and rows and pictures that exist already are replaced by the same
        # ones.
        log = EpochLog(self.run.log, append=True)
        saver = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self._save_networks())
        callbacks = [progress, log, *self.remembering.values(), self.grid, saver, self.checkpoints]
        if self.config.tensorboard:
            callbacks.insert(0, keras.callbacks.TensorBoard(self.run.folder / "tensorboard", write_graph=False))
        return callbacks

    def _save_networks(self):
        self._sync()
        report.save_networks(self.run, self.lesson, self.model)

    def _sync(self):
        backend.sync(self.model)


def _name(loss):
    return getattr(loss, "__name__", None) or type(loss).__name__
