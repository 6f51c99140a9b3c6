# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables in Markdown, and the page of the documentation that shows them."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by make bench PAGE=1 -->", "<!-- end of figures -->"
Json = dict[str, t.Any]


def markdown(table: Json) -> str:
    columns = [_column(name, [row[index] for row in table["rows"]]) for index, name in enumerate(table["columns"])]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in zip(*columns, strict=True))
    return "\n\n".join(part for part in (f"### {table['title']}", text, table["note"]) if part)


def _column(name: str, cells: list[str]) -> list[str]:
    """Name, rule and cells of the same width. Numbers are right-aligned."""
    width = max(map(len, (name, *cells)))
    if all(cell[:1].isdigit() or not cell for cell in cells):
        return [name.rjust(width), "-" * (width - 1) + ":", *(cell.rjust(width) for cell in cells)]
    return [name.ljust(width), "-" * width, *(cell.ljust(width) for cell in cells)]


def about(part: Json) -> str:
    """How a part was measured."""
    about_part = part["about"]
    versions = ", ".join(f"{name} {version}" for name, version in about_part["versions"].items() if version)
    load = f"load {about_part['load_before'][0]:.1f} before and {about_part['load_after'][0]:.1f} after"
    return (
        f"`{about_part['command']}`, {about_part['date']}: {versions}, {about_part['processors']} processors, {load}."
    )


def figures(result: Json) -> str:
    """All parts that were measured, each with the command for it."""
    blocks = []
    for part in result.values():
        blocks += [*map(markdown, part["tables"]), about(part)]
    return "\n\n".join(blocks)


def write_page(result: Json, page: Path = PAGE) -> None:
    """Replace the text between the two markers."""
    text = page.read_text()
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{figures(result)}\n\n{END}{after}")
