"""Training a lesson from its settings to its report: what every chapter does alike."""

import shutil
from dataclasses import asdict, replace
from importlib.util import find_spec

import keras

from gan_book import backend
from gan_book.adversarial import Composite
from gan_book.errors import BookError, Interrupted, counted, require_choice
from gan_book.training import chapters, report, runs, starts
from gan_book.training.checkpoint import Checkpoints, OneTraining, stop_on_signal
from gan_book.training.health import TrainingFailure
from gan_book.training.logs import EpochLog, StepLog
from gan_book.training.progress import Progress

ON_FAILURE = ("warn", "stop", "restart")
RESTARTS = 3
FEW_STEPS, ENOUGH_STEPS = 300, 2000


def train(lesson, settings, preset="custom", out=None, on_failure="warn", tensorboard=False, tell=print):
    """Trains a new run and measures it.

    Args:
        lesson: `gan_book.training.lesson.Lesson`.
        settings: its settings, with the name of the preset they come from.
        out: folder of the run; None for the next free ``runs/<lesson>-<preset>-NNN``.
        on_failure: what to do when the health monitor finds that training fails: "warn" goes on, "stop" ends it,
            "restart" begins again with the next seed, at most 3 times.
        tensorboard: also write TensorBoard logs to ``<run>/tensorboard``.
        tell: prints a line.

    Returns:
        The finished `gan_book.training.runs.Run`.

    Raises:
        BookError: a setting that cannot be met, too little memory, or training failed and `on_failure` was not "warn".
        Interrupted: stopped by Ctrl-C or SIGTERM; the run can be resumed.
    """
    require_choice("--on-failure", on_failure, ON_FAILURE)
    if tensorboard and find_spec("tensorboard") is None:
        raise BookError("--tensorboard needs the package of that name; run `pip install tensorboard` first")
    if settings.starts > 1 and lesson.criterion is None:
        raise BookError(f"'{lesson.name}' cannot tell a good start from a bad one; leave starts at 1")
    dataset = _load(lesson, settings, tell)
    config = {"lesson": lesson.name, "preset": preset, "settings": asdict(settings), "restarts": 0}
    config |= {"on_failure": on_failure, "tensorboard": tensorboard, "class_names": list(lesson.task.names(dataset))}
    config |= runs.surroundings()
    run = runs.new(f"{lesson.name}-{preset}", out)
    try:
        return _attempts(lesson, settings, dataset, run, config, tell)
    finally:
        runs.drop_unused(run)


def resume(lesson, preset=None, out=None, asked=None, tell=print):
    """Goes on with an interrupted run, exactly where its newest checkpoint is.

    Args:
        preset, out: which run: `out`, or the newest of the preset ("quick" if None).
        asked: settings, "on_failure" and "tensorboard" as the caller wants them, None where she does not care; they
            must be those of the run, which cannot be changed on the way.

    Raises:
        BookError: nothing to resume, or the run has other settings.
        Interrupted: stopped once more.
    """
    run = runs.to_resume(f"{lesson.name}-{preset or 'quick'}", out)
    config = run.config
    runs.require_lesson(run, lesson.name)
    here = keras.backend.backend()
    if (begun_on := config.get("backend", here)) != here:
        raise BookError(f"{run} was begun on {begun_on}, and this is {here}; set KERAS_BACKEND={begun_on} to go on")
    settings = lesson.settings_of(run)
    had = config | asdict(settings)
    for name, value in {"preset": preset, **(asked or {})}.items():
        if value is not None and had.get(name) != value:
            raise BookError(f"{run} was started with {name} {had.get(name)}, not {value}; leave that out or start anew")
    if run.report is not None:
        tell(f"{run} is already finished.")
        return run
    return _attempts(lesson, settings, _load(lesson, settings, tell), run, config, tell)


def _load(lesson, settings, tell):
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


def _attempts(lesson, settings, dataset, run, config, tell):
    """Trains, again with another seed if that was asked for, and reports."""

    def begin(run):
        return Training(lesson, replace(settings, seed=runs.seed_of(config)), dataset, run, config, tell)

    while True:
        try:
            if settings.starts > 1:
                starts.choose(run, config, settings.starts, begin, lesson.criterion, tell)
            training = begin(run)
            run.write_config(config)  # Not before it is clear that the settings make a model.
            training.fit()
            return _measured(run, lesson, training, dataset, tell)
        except TrainingFailure as failure:
            if config["on_failure"] != "restart":
                raise BookError(f"training stopped: {failure.finding}") from None
            if config["restarts"] == RESTARTS:
                raise BookError(f"training failed {RESTARTS + 1} times, last: {failure.finding}") from None
            config["restarts"] += 1
            _forget(run, config)  # Before the new seed is written down, so that no checkpoint is taken for one of it.
            tell(f"Starting again with seed {runs.seed_of(config)}.")
        except (Interrupted, KeyboardInterrupt):
            if not run.config_file.exists():
                raise
            raise Interrupted(_to_go_on(lesson, run)) from None
        except Exception as error:
            if backend.is_out_of_memory(error):
                raise BookError(_out_of_memory(settings, dataset)) from None
            raise


def _measured(run, lesson, training, dataset, tell):
    try:
        return report.finish(run, lesson, training, dataset, training.settings.measure_samples, tell)
    except Exception as error:
        if not backend.is_out_of_memory(error):
            raise
        way = f"close other programs and measure with `{_to_go_on(lesson, run)}`"
        raise BookError(f"memory ran out while measuring; the training is done and saved: {way}") from None


def _to_go_on(lesson, run):
    return f"{chapters.command(lesson)} --out {run.quoted} --resume"


def _out_of_memory(settings, dataset):
    batch, (height, width) = settings.batch_size, dataset.image_shape[:2]
    half = f"{height // 2}" if height == width else f"{height // 2}x{width // 2}"
    smaller = f"--batch-size {batch // 2}" if batch > 1 else f"--image-size {half}"
    networks = " or narrower networks (--set width=)" if hasattr(settings, "width") else ""
    what = f"{counted(batch, 'image')} of {height if height == width else f'{height}x{width}'} pixels"
    return f"memory ran out with {what} a step; start anew with {smaller}{networks}"


def _forget(run, config):
    """Removes what a failed attempt would mix into the next one."""
    starts.forget(run)
    for name in ("starts", "start", "chosen"):
        config.pop(name, None)
    pictures_and_networks = [*run.samples.glob("epoch-*.png"), *run.folder.glob("*.keras")]
    for file in [*run.checkpoints.glob("step-*.npz"), *pictures_and_networks, run.log, run.step_log]:
        file.unlink(missing_ok=True)
    shutil.rmtree(run.folder / "tensorboard", ignore_errors=True)


def _row_every(steps):
    """Steps between two rows of steps.csv: about 200 rows in all, but for short trainings no more often than needed."""
    return max(min(10, steps // 20), steps // 200, 1)


class Training:
    """One attempt at a run: model, data and callbacks, ready to fit from wherever the checkpoints say."""

    def __init__(self, lesson, settings, dataset, run, config, tell):
        self.run, self.lesson, self.settings, self.config, self.tell = run, lesson, settings, config, tell
        if settings.deterministic:
            backend.make_deterministic()
        keras.utils.set_random_seed(settings.seed)
        config["policy"] = backend.use_precision(config.get("policy", settings.precision))  # resumed: as it was begun
        self.model = lesson.build(settings, dataset)
        self.model.compile(steps_per_execution=settings.steps_per_execution)
        self.batches = lesson.task.batches(dataset, settings)
        self.steps_per_epoch = _steps_per_epoch(settings, dataset)
        tell(
            f"{lesson.name}: {counted(dataset.train_size, 'image')} of {dataset.name}, "
            f"{counted(settings.epochs, 'epoch')} of {counted(self.steps_per_epoch, 'step')}, "
            f"{config['policy']} on {backend.name()}, backend {keras.backend.backend()}"
        )
        if self.steps < FEW_STEPS and config["preset"] != "smoke":
            enough = -(-ENOUGH_STEPS // self.steps_per_epoch)
            plan = f"{counted(self.steps, 'step')} in all"
            tell(f"{plan}: too few to learn much; for some thousands take --epochs {enough}.")
        self.monitor = lesson.task.health_monitor(self.model, dataset, settings, config["on_failure"], self._sync)
        self.grid = lesson.task.sample_grid(self.model, dataset, run.samples, settings, self._sync)
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

    def fit(self, epochs=None):
        """Trains to the last epoch, or until so many are done, saving on the way."""
        epochs = epochs or self.settings.epochs
        self.run.folder.mkdir(parents=True, exist_ok=True)
        self.run.remove_leftovers()
        epoch, batch = self._restore()
        if epoch >= epochs:
            return
        self.batches.start_at(epoch, batch)
        with stop_on_signal() as stop:
            self.checkpoints.stop = stop
            progress = Progress(self.steps_per_epoch, epochs, epoch * self.steps_per_epoch + batch)
            callbacks = OneTraining(self._callbacks(progress), self.model)
            try:
                if batch:
                    # Told the number of steps left, Keras asks for no more. If it did, and only then found that there
                    # is no other batch, what in a step does not wait for data, such as random states, would move on.
                    self._fit(callbacks, epoch, epoch + 1, steps_per_epoch=self.steps_per_epoch - batch)
                    epoch += 1
                self._fit(callbacks, epoch, epochs)
            finally:
                callbacks.end()  # closes files, also of a training that goes on later or begins again
                progress.close()

    def _fit(self, callbacks, first, last, **steps):
        plan = {"initial_epoch": first, "epochs": last, **steps}
        self.model.fit(self.batches, callbacks=callbacks, shuffle=False, verbose=0, **plan)

    def _restore(self):
        position = self.checkpoints.restore(self.model, self.tell)
        if position is None:
            self.run.trim_logs(0, 0)
            return 0, 0
        if position["state"].keys() != self.remembering.keys():
            raise BookError(f"{self.run} was begun by another version of the book; start anew")
        for name, callback in self.remembering.items():
            callback.restore(position["state"][name])
        self.run.trim_logs(position["epoch"], position["step"])
        self.tell(f"Resuming at epoch {position['epoch'] + 1}, step {position['batch']} of {self.steps_per_epoch}.")
        return position["epoch"], position["batch"]

    def _callbacks(self, progress):
        """In this order at the end of an epoch: the log row, the pictures, the checks, and last the checkpoint."""
        log = EpochLog(self.run.log, append=True)
        saver = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self._save_networks())
        callbacks = [self.batches.follow_epochs(), progress, log, self.grid, saver]
        callbacks += [*self.remembering.values(), self.checkpoints]
        if self.config["tensorboard"]:
            callbacks.insert(0, keras.callbacks.TensorBoard(self.run.folder / "tensorboard", write_graph=False))
        return callbacks

    def _save_networks(self):
        self._sync()
        report.save_networks(self.run, self.lesson, self.model)

    def _sync(self):
        backend.sync(self.model)
