"""The report of a training: numbers, pictures and a page with both."""

from dataclasses import asdict

import keras

from gan_book import datasets
from gan_book.errors import BookError, counted
from gan_book.metrics.score import score_lines, scores_of
from gan_book.paths import atomic_write
from gan_book.training import curves, runs
from gan_book.training.progress import in_notebook


def kept_networks(lesson, model):
    """The generator, and the other networks that the chapter keeps, by the name of their file."""
    return {"generator": model.sampler, **{name: getattr(model, name) for name in lesson.kept}}


def save_networks(run, lesson, model):
    """Writes the `kept_networks`. One with a layer that cannot describe itself is left out.

    Returns:
        Names of those that could not be written.
    """
    failed = []
    for name, network in kept_networks(lesson, model).items():
        try:
            run.save(name, network)
        except (BookError, NotImplementedError, TypeError, ValueError, AttributeError):  # Keras's, for such layers
            failed.append(name)
            run.network(name).unlink(missing_ok=True)  # lest one of an earlier epoch be taken for it
    return failed


def finish(run, lesson, training, dataset, samples, tell, steps, unfinished=None):
    """Saves the networks, measures them, draws the pictures and writes report.json and report.md.

    Args:
        steps: how many were trained.
        unfinished: if the training is not at its end, how far it is, such as "after 3 of 7 epochs".
    """
    failed = save_networks(run, lesson, training.model)
    for name, network in kept_networks(lesson, training.model).items():
        if name in failed or run.unreadable(name):
            run.held[name] = network  # so it is measured from memory
            tell(_cannot_be_read(name, network))
    tell("Measuring ...")
    content = {
        "training_seconds": round(training.seconds, 1),
        "steps": steps,
        "unfinished": unfinished,
        "not_judged": training.monitor.not_judged,
        "parameters": {player.name: player.count_params() for player in training.networks()},
        "findings": [str(finding) for finding in training.findings],
        "measured": lesson.task.measure(run, lesson, dataset, samples),
    }
    _write_curves(run, training, _title(run, lesson, content), tell)
    _write(run, lesson, dataset, content)
    if unfinished:
        tell(f"Measured {unfinished}; the training can be resumed.")
    health = ["", *_health(content)] if content["findings"] or content["not_judged"] else []
    next_step = lesson.task.next_step(run, lesson, training.model)  # a command, which a notebook has no use for
    ending = [f"The run is in {run.folder}."] if in_notebook() else [*_where(run), "", next_step]
    for line in [*headline(content), *health, "", *ending]:
        tell(line)
    return run


def _cannot_be_read(name, network):
    """What to do about a network that other commands cannot read."""
    own = sorted({type(layer).__name__ for layer in network.layers if not type(layer).__module__.startswith("keras.")})
    if any(isinstance(layer, keras.layers.Lambda) for layer in network.layers):
        advice = "write its Lambda as a layer of your own, for a Lambda's code is not loaded from files"
    else:
        named = " and ".join(own) or "its own layers"
        advice = f"give {named} a get_config and put @keras.saving.register_keras_serializable() above the class"
    return f"{name}.keras cannot be read back and is measured from memory; for other commands to read it, {advice}."


def _write_curves(run, training, title, tell):
    """Curves and animation. If one cannot be made, because a log is damaged, the report is still written."""
    try:
        if run.step_log.exists():
            curves.loss_curves(run.step_log, run.folder / "losses.png", training.traced_model(), title)
        curves.training_gif(run.samples, run.folder / "training.gif")
    except BookError as error:
        tell(f"Left out: {error}.")


def _health(content):
    """Lines of what the monitor found, and of what it did not judge (missing in reports of earlier versions)."""
    lines = [*content["findings"], *([content["not_judged"]] if content.get("not_judged") else [])]
    return lines or ["Nothing to report."]


def measure_again(run, lesson, dataset, samples):
    """Writes the report of a finished run again, after its networks were rounded."""
    _write(run, lesson, dataset, run.report | {"measured": lesson.task.measure(run, lesson, dataset, samples)})


def _write(run, lesson, dataset, content):
    """Draws samples.png and writes report.md and report.json. The last is written last; it marks a finished run."""
    lesson.task.draw_samples(
        run, dataset, run.folder / "samples.png", _title(run, lesson, content), _footer(content["measured"], lesson)
    )
    with atomic_write(run.folder / "report.md", "w") as file:
        file.write(_page(run, lesson, content))
    runs.write_json(run.report_file, content)


def headline(content):
    """The measured numbers, a line each."""
    return score_lines(content["measured"])


def _footer(measured, lesson):
    """The one number to read below the pictures."""
    scores = scores_of(measured)
    shown = next((score for score in scores if score.name == lesson.shown), scores[0])
    where = datasets.title_of(measured["dataset"])
    return f"{shown.head} {shown}{' ' * bool(shown.words)}{shown.words} on {where}"


# They change how a run is computed or measured, not what is trained; data and epochs are in the title anyway.
NOT_IN_TITLES = (
    "checkpoint_seconds",
    "data",
    "deterministic",
    "epochs",
    "measure_samples",
    "precision",
    "seed",
    "steps_per_execution",
)


def _title(run, lesson, content):
    """What was trained, in words: "Conditional GAN on Fashion-MNIST, 2 epochs (1,500 steps), average=0"."""
    settings = run.config.settings
    epochs = content.get("unfinished") or counted(settings.get("epochs", 0), "epoch")
    what = f"{lesson.model_name} on {datasets.title_of(settings.get('data', ''))}"
    return ", ".join([what, f"{epochs} ({counted(content['steps'], 'step')})", *_changes(lesson, run.config)])


def _changes(lesson, config):
    """The settings that are not those of the run's preset, such as "average=0"."""

    def changed(preset):
        usual = asdict(preset)
        known = {name: value for name, value in config.settings.items() if name in usual and name not in NOT_IN_TITLES}
        return [f"{name}={_plain(value)}" for name, value in known.items() if value != usual[name]]

    # A run with a name of its own ("no-cycle") was made from one of the presets: the one that it is closest to.
    presets = lesson.presets
    return changed(presets[config.preset]) if config.preset in presets else min(map(changed, presets.values()), key=len)


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _where(run):
    pictures = {"picture grid": "samples.png", "training GIF": "training.gif", "report": "report.md"}
    lines = [f"{what + ':':14} {run.folder / name}" for what, name in pictures.items()]
    return [*lines, f"{'run folder:':14} {run.folder}"]


def _failed(attempts):
    return [f"Training had failed with {counted(attempts, 'other seed')} before."] if attempts else []


def _page(run, lesson, content):
    config = run.config
    minutes = content["training_seconds"] / 60
    about = [
        f"# {_title(run, lesson, content)}",
        "",
        f"Trained for {minutes:.1f} minutes ({content['steps']} steps) on {config.device}, "
        f"backend {config.backend}, Keras {config.versions.get('keras')}, "
        f"seed {config.seed}.",
        *_failed(config.restarts),
        *([f"Begun with the weights of {config.start_from}."] if config.start_from else []),
        *(f"Changed on the way: {_change(change)}." for change in config.changes),
        "",
        "![samples](samples.png)",
        "",
        "## Measured",
        "",
    ]
    numbers = [f"- {line}" for line in headline(content)]
    health = ["", "## Health", "", *(f"- {line}" for line in _health(content))]
    pictures = ["", "## Training", "", "![losses](losses.png)", "", "![training](training.gif)", ""]
    settings = ["## Settings", "", *(f"- {name}: {value}" for name, value in config.settings.items()), ""]
    return "\n".join([*about, *numbers, *health, *pictures, *settings])


def _change(change):
    return ", ".join(f"{name} from {before} to {after}" for name, (before, after) in change.items())
