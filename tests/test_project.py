"""What the project says of itself agrees with itself."""

import ast
import re
import sys

import pytest

from gan_book import __version__
from gan_book.paths import BOOK

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
PROJECT = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))
CALLED = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
}  # imported under another name than installed
OPTIONAL = {"jax"}  # the other backend


def test_requirements_are_the_dependencies_of_the_package():
    lines = (BOOK / "requirements.txt").read_text(encoding="utf-8").splitlines()
    *listed, last = [line for line in lines if line and not line.startswith("#")]
    assert last == "-e .", "the book itself: without it no chapter's script finds gan_book"
    assert sorted(listed) == sorted(PROJECT["project"]["dependencies"])
    assert all(">=" in line for line in listed), "every one with its lower bound"


def imported():
    """Top-level names that the package and the chapters import, wherever in a file."""
    names = set()
    for file in [*(BOOK / "gan_book").rglob("*.py"), *(BOOK / "chapters").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"gan_book", "chapters", "tools"}


def test_everything_imported_is_a_dependency():
    dependencies = {re.split(r"[\[><=; ]", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert {CALLED.get(name, name) for name in imported()} - OPTIONAL <= dependencies


def test_ruff_pytest_and_jupytext_are_configured():
    tools = PROJECT["tool"]
    assert tools["ruff"]["line-length"] == 120
    assert tools["ruff"]["target-version"] == "py310"
    assert set("EFIB") <= set(tools["ruff"]["lint"]["select"])
    assert tools["pytest"]["ini_options"]["testpaths"] == ["tests"]
    assert "jupytext" in tools


def test_the_package_has_its_name_version_command_and_extras():
    project = PROJECT["project"]
    assert project["name"] == "gan-book" and project["version"] == __version__
    assert set(project["optional-dependencies"]) >= {"dev", "gpu"}
    assert project["scripts"] == {"gan-book": "gan_book.commands.cli:main"}
    assert project["requires-python"] == ">=3.10,<3.14"
