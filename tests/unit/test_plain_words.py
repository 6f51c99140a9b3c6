# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts that users read contain no word of RIDDLE. Write what reports or shows something, and who does it."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RIDDLE = re.compile(r"\b(told|tells?|says?|said|whoever|nobody|somebody|shall|forgets?)\b", re.IGNORECASE)
# All their text counts.
PAGES = (
    "*.md",
    "docs/**/*.md",
    "docs/**/*.yml",
    "docs/images/*.svg",
    ".github/**/*.yml",
    "changelogs/**/*.y*ml",
    "playbooks/**/*.yml",
    "roles/*/*.md",
    "roles/*/*/*.yml",
    "roles/*/templates/*",
    "extensions/**/*.yml",
    "Makefile",
)
# Their strings count: documentation, messages and notes. Docstrings and comments are for developers.
SOURCES = ("plugins/**/*.py", "extensions/**/*.py", "roles/graph_emulator/files/**/*.py")


class Text(t.NamedTuple):
    """One line of a page, or one string of a source file."""

    place: str
    text: str


def lines_of(page: Path) -> list[Text]:
    name = page.relative_to(ROOT)
    return [Text(f"{name}:{number}", line) for number, line in enumerate(page.read_text().splitlines(), 1)]


def strings_of(source: Path) -> list[Text]:
    tree = ast.parse(source.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        Text(f"{source.relative_to(ROOT)}:{node.lineno}", node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def files(patterns: t.Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()})


def unclear(texts: t.Iterable[Text]) -> list[str]:
    return [f"{text.place}: {found[0]}" for text in texts if (found := RIDDLE.search(text.text))]


@pytest.mark.parametrize("pattern", PAGES)
def test_pages_are_in_plain_words(pattern: str) -> None:
    pages = files([pattern])
    assert pages, "no file has this name any more: correct PAGES in tests/unit/test_plain_words.py"
    assert unclear(text for page in pages for text in lines_of(page)) == []


@pytest.mark.parametrize("pattern", SOURCES)
def test_messages_are_in_plain_words(pattern: str) -> None:
    sources = files([pattern])
    assert sources, "no file has this name any more: correct SOURCES in tests/unit/test_plain_words.py"
    assert unclear(text for source in sources for text in strings_of(source)) == []


def test_a_riddle_is_a_whole_word() -> None:
    assert RIDDLE.search("Whoever has the code")
    assert RIDDLE.search("the error says what to do")
    assert not RIDDLE.search("the tenant, essay, tellurium and forgetting")
