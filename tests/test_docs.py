"""The texts keep their promises: links lead somewhere, commands and flags exist, the README's code does as it says."""

import re
import shlex
import warnings

import keras
import numpy as np
import pytest
import typer
from keras import layers

import gan_book as gb
from gan_book.commands import cli
from gan_book.paths import BOOK
from gan_book.training import chapters

TEXTS = [
    *sorted(BOOK.glob("*.md")),
    *sorted(BOOK.glob("docs/**/*.md")),
    *sorted(BOOK.glob("chapters/*/README.md")),
    *(BOOK / folder / "README.md" for folder in ("benchmarks", "data", "pretrained")),
]
README = (BOOK / "README.md").read_text(encoding="utf-8")


def short(path):
    return str(path.relative_to(BOOK))


def anchor(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", TEXTS, ids=short)
def test_links_lead_to_files_and_headings(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{short(path)} links to {link}"
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in map(anchor, headings), f"{short(path)} links to {link}"


def commands_in(path):
    """The `gan-book` commands of a text, as lists of words."""
    text = path.read_text(encoding="utf-8")
    indented = re.findall(r"^ {4}(?:\S*/)?gan-book (.+)$", text, re.MULTILINE)
    inline = re.findall(r"`gan-book ([^`]+)`", text)
    return [shlex.split(line.partition("   ")[0]) for line in indented + inline]


def flags_of(command):
    """The flags of a command, such as "--out"."""
    options = [flag for each in command.params for flag in (*each.opts, *each.secondary_opts)]
    return {flag for flag in options if flag.startswith("--")} | {"--help"}


@pytest.mark.parametrize("path", TEXTS, ids=short)
def test_commands_and_their_flags_exist(path):
    app = typer.main.get_command(cli.app)
    for words in commands_in(path):
        command, rest = app, list(words)
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            assert rest[0] in command.commands, f"{short(path)}: gan-book {' '.join(words)}"
            command = command.commands[rest.pop(0)]
        given = {word for word in rest if word.startswith("--")}
        assert given <= flags_of(command), f"{short(path)}: gan-book {' '.join(words)}"
        if rest and "chapter" in {each.name for each in command.params} and re.fullmatch(r"[a-z][a-z0-9-]*", rest[0]):
            assert rest[0] in {*chapters.SCRIPTS, "name"}, f"{short(path)}: gan-book {' '.join(words)}"


def test_every_command_has_its_example():
    text = (BOOK / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(cli.app).commands.items():
        for full in [f"{name} {each}" for each in getattr(command, "commands", ())] or [name]:
            assert f"| `{full}` | " in text and f"`gan-book {full}" in text
    missing = flags_of(typer.main.get_command(cli.app).commands["train"]) - set(re.findall(r"--[a-z-]+", text))
    assert not missing


def test_the_readme_is_short_and_its_notebooks_open_in_colab():
    assert len(README.splitlines()) <= 150
    linked = set(re.findall(r"\]\((notebooks/\S+\.ipynb)\)", README))
    in_colab = set(re.findall(r"colab\.research\.google\.com/github/gan-book/gan_book/blob/main/([^\s)]+)", README))
    there = {path.relative_to(BOOK).as_posix() for path in BOOK.glob("notebooks/*/*.ipynb")}
    assert linked == in_colab == there


def eight_lines(which):
    return next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if which in block)


def trained(code):
    """Runs eight lines on two small networks. Returns which weights of D and of G moved, a bool for each."""
    z = keras.Input((4,))
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(6, activation="tanh")])
    discriminator = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    rng, n = np.random.default_rng(0), 16
    batches = [tuple(rng.normal(size=(n, width)).astype("float32") for width in (6, 6, 4)) for _ in range(3)]
    names = {"keras": keras, "gb": gb, "z": z, "generator": generator, "discriminator": discriminator}
    names |= {"loss": keras.losses.BinaryCrossentropy(from_logits=True), "batches": batches}
    before = [network.get_weights() for network in (discriminator, generator)]
    exec(code, names | {"real": np.ones((n, 1)), "fake": np.zeros((n, 1))})
    after = [network.get_weights() for network in (discriminator, generator)]
    return [[not np.array_equal(a, b) for a, b in zip(*each, strict=True)] for each in zip(before, after, strict=True)]


def test_the_readmes_first_eight_lines_train_no_weight_of_the_discriminator():
    code = eight_lines("trainable = False")
    assert len(code.splitlines()) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        discriminator, generator = trained(code)
    assert not any(discriminator) and all(generator)


def test_the_readmes_second_eight_lines_train_both_networks():
    code = eight_lines("gb.Composite(")
    assert len(code.splitlines()) == 8
    discriminator, generator = trained(code)
    assert all(discriminator) and all(generator)
