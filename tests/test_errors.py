import psutil
import pytest

from gan_book import errors
from gan_book.errors import BookError, free_memory, require_memory, shown


def test_what_does_not_fit_is_refused_with_both_sizes(monkeypatch):
    monkeypatch.setattr(errors, "free_memory", lambda: 4_000_000_000)
    require_memory(4_000_000_000, "60,000 images", "take fewer")
    with pytest.raises(BookError, match=r"^60,000 images would take 9\.0 GB .* 4\.0 GB .*; take fewer$"):
        require_memory(9_000_000_000, "60,000 images", "take fewer")


def group(folder, limit, used, idle=0, version=2):
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {idle}\n")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """The control groups' folder, and the file that says which one this process is in."""
    own = tmp_path / "own"
    real = errors.Path
    monkeypatch.setattr(errors, "_CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(errors, "Path", lambda path: own if path == "/proc/self/cgroup" else real(path))
    return tmp_path / "cgroup", own


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_with_less_than_the_machine_counts(groups, version):
    folder, own = groups
    own.write_text("4:memory:/a/b\n" if version == 1 else "0::/a/b\n")
    folder = folder / "memory" if version == 1 else folder
    group(folder / "a" / "b", "max", 10, version=version)
    group(folder / "a", 1000, 600, 50, version)
    assert free_memory() == 450, "the limit of the group above counts, files that can be dropped do not"
    group(folder / "a", 500, 600, 50, version)
    assert free_memory() == 0


def test_without_limits_it_is_what_the_machine_has(groups):
    groups[1].write_text("0::/\nnonsense\n")
    assert 0 < free_memory() <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    "text, line",
    [
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202egnp.exe\u2028", r"\u202egnp.exe\u2028"),
        ("latin \udce9", r"latin \udce9"),
        ("a\x9bb", r"a\x9bb"),
    ],
)
def test_what_would_move_the_cursor_is_spelled_out(text, line):
    assert shown(text) == line


@pytest.mark.parametrize("text", ["Fréchet 中文 \N{NO-BREAK SPACE}x", "می\u200cخواهم", "👩\u200d🔬", "a\\b"])
def test_what_can_be_seen_is_shown_as_it_is(text):
    assert shown(text) == text
