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
# The other backend; what every notebook runs in, which `jupyter` brings; and what the extra `export` brings.
OPTIONAL = {"jax", "IPython", "onnx", "onnxruntime", "ai_edge_litert"}


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
    return names - set(sys.stdlib_module_names) - {"gan_book", "chapters", "tools", "handler"}


def test_everything_imported_is_a_dependency():
    dependencies = {re.split(r"[\[><=; ]", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert {CALLED.get(name, name) for name in imported()} - OPTIONAL <= dependencies


def test_the_package_has_its_name_version_command_and_extras():
    project = PROJECT["project"]
    assert project["name"] == "gan-book" and project["version"] == __version__
    assert set(project["optional-dependencies"]) >= {"dev", "gpu", "export"}
    assert project["scripts"] == {"gan-book": "gan_book.commands.cli:main"}
    assert project["requires-python"] == ">=3.10,<3.14"


LAST = ("sampling", "saving", "schedules", "turns")
RINGS = [  # each may import itself and those before it
    [
        "adversarial",
        "backend",
        "datasets",
        "devices",
        "errors",
        "joint",
        "layers",
        "legacy",
        "losses",
        "networks",
        "paths",
        "plotting",
        *LAST,
    ],
    ["metrics"],
    ["training"],
    ["commands", "export"],
]


def part(module):
    """``gan_book.datasets.images`` to ``datasets``; None for what is not of the package."""
    head, _, rest = (module or "").partition(".")
    return (
        rest.partition(".")[0] or "__init__" if head == "gan_book" else head if head in ("chapters", "tools") else None
    )


def imports_of(file):
    """The parts of the project that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "gan_book":
            yield from (alias.name for alias in node.names if (BOOK / "gan_book" / alias.name).exists())
            yield from (a.name for a in node.names if (BOOK / "gan_book" / f"{a.name}.py").exists())
        elif isinstance(node, ast.ImportFrom):
            yield part(node.module)
        elif isinstance(node, ast.Import):
            yield from (part(alias.name) for alias in node.names)


@pytest.mark.parametrize("ring", range(len(RINGS)))
def test_no_ring_imports_one_outside_it(ring):
    allowed = {name for names in RINGS[: ring + 1] for name in names} | {None, "__init__"}
    for name in RINGS[ring]:
        place = BOOK / "gan_book" / name
        for file in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            assert set(imports_of(file)) <= allowed, file


def test_every_module_is_in_a_ring():
    found = {
        path.stem for path in (BOOK / "gan_book").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert found == {name for names in RINGS for name in names} | {"__init__", "__main__"}
