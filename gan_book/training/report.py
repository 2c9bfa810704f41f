"""What a finished training tells: numbers, pictures and a page that joins them."""

from gan_book.errors import counted
from gan_book.metrics.score import score_lines, scores_of
from gan_book.paths import atomic_write
from gan_book.training import curves, runs, starts


def save_networks(run, lesson, model):
    """Writes the network to draw with, and the others that the chapter keeps."""
    run.save("generator", model.sampler)
    for name in lesson.kept:
        run.save(name, getattr(model, name))


def finish(run, lesson, training, dataset, samples, tell=print):
    """Saves the networks, measures them, draws the pictures and writes report.json and report.md."""
    save_networks(run, lesson, training.model)
    tell("Measuring ...")
    content = {
        "training_seconds": round(training.seconds + starts.seconds_of_others(run.config), 1),
        "steps": training.steps,
        "parameters": {player.name: player.count_params() for player in training.networks()},
        "findings": [str(finding) for finding in training.findings],
        "measured": lesson.task.measure(run, lesson, dataset, samples),
    }
    if run.step_log.exists():
        curves.loss_curves(run.step_log, run.folder / "losses.png")
    curves.training_gif(run.samples, run.folder / "training.gif")
    _write(run, lesson, dataset, content)
    for line in [*headline(content), "", *_where(run), "", lesson.task.next_step(run, lesson, training.model)]:
        tell(line)
    return run


def measure_again(run, lesson, dataset, samples):
    """Writes the report of a finished run anew, whose networks are no longer quite those of its training."""
    _write(run, lesson, dataset, run.report | {"measured": lesson.task.measure(run, lesson, dataset, samples)})


def _write(run, lesson, dataset, content):
    """Draws samples.png and writes report.md and report.json, the last for last: it says that the run is finished."""
    lesson.task.draw_samples(run, dataset, run.folder / "samples.png", _title(run), _footer(content["measured"]))
    with atomic_write(run.folder / "report.md", "w") as file:
        file.write(_page(run, content))
    runs.write_json(run.report_file, content)


def headline(content):
    """The measured numbers, a line each."""
    return score_lines(content["measured"])


def _footer(measured):
    """The one number to read below the pictures: the first."""
    first = scores_of(measured)[0]
    return f"{first.head} {first}{' ' * bool(first.words)}{first.words} on {measured['dataset']}"


def _title(run):
    config = run.config
    return f"{config['lesson']}, {config['preset']}: {counted(config['settings']['epochs'], 'epoch')}"


def _where(run):
    pictures = {"picture grid": "samples.png", "training GIF": "training.gif", "report": "report.md"}
    lines = [f"{what + ':':14} {run.folder / name}" for what, name in pictures.items()]
    return [*lines, f"{'run folder:':14} {run.folder}"]


def _failed(attempts):
    return [f"Training had failed with {counted(attempts, 'other seed')} before."] if attempts else []


def _starts(config):
    if "starts" not in config:
        return []
    number = f"Of {len(config['starts'])} starts number {config['start']} went on"
    return [f"{number}, by its criterion: {starts.criteria(config)}."]


def _page(run, content):
    config = run.config
    minutes = content["training_seconds"] / 60
    about = [
        f"# {_title(run)}",
        "",
        f"Trained for {minutes:.1f} minutes ({content['steps']} steps) on {config['device']}, "
        f"backend {config['backend']}, Keras {config['versions']['keras']}, "
        f"seed {run.seed}.",
        *_failed(config["restarts"]),
        *_starts(config),
        "",
        "![samples](samples.png)",
        "",
        "## Measured",
        "",
    ]
    numbers = [f"- {line}" for line in headline(content)]
    health = ["", "## Health", "", *(f"- {finding}" for finding in content["findings"] or ["Nothing to report."])]
    pictures = ["", "## Training", "", "![losses](losses.png)", "", "![training](training.gif)", ""]
    settings = ["## Settings", "", *(f"- {name}: {value}" for name, value in config["settings"].items()), ""]
    return "\n".join([*about, *numbers, *health, *pictures, *settings])
