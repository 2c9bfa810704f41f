"""``docs/terms.md`` says where each notion is explained: the headings are there, and the notion stands below them."""

import re

import pytest

from gan_book.paths import BOOK

LINE = re.compile(r"^\| (.+?) \| (\d+) \| (\S+) \| (.+?) \|$", re.MULTILINE)
ROWS = LINE.findall((BOOK / "docs" / "terms.md").read_text(encoding="utf-8"))


def sections(script):
    """Heading, without its number -> the text below it, of a chapter's script."""
    text = script.read_text(encoding="utf-8")
    parts = re.split(r"^# #{1,2} (?:\d+\. )?", text, flags=re.MULTILINE)
    return {part.partition("\n")[0]: part for part in parts[1:]}


def test_the_chapters_come_in_their_order_and_each_notion_once():
    numbers = [int(number) for _, number, _, _ in ROWS]
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, 15))
    notions = [notion for notion, *_ in ROWS]
    assert len(set(notions)) == len(notions)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_section_is_there_and_has_the_notion(row):
    notion, number, notebook, section = row
    folders = list(BOOK.glob(f"chapters/ch{int(number):02d}_*"))
    if not folders:
        pytest.skip(f"chapter {number} is not here")
    found = sections(folders[0] / f"{notebook}.py")
    assert section in found, f"chapter {number}, {notebook}: no heading '{section}'; there are {', '.join(found)}"
    text = " ".join(found[section].replace("\n# ", " ").split())
    assert notion.lower() in text.lower(), f"'{notion}' is not in chapter {number}, '{section}'"


def test_the_map_of_the_code_links_to_the_table():
    assert "(terms.md)" in (BOOK / "docs" / "overview.md").read_text(encoding="utf-8")
