# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates the tables of docs/errors.md. As a program, it writes the page."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.graph_codes import GRAPH_CODES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.sign_in_codes import SIGN_IN_CODES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors.md"
RIGHTS = "Give the identity that signs in the permission, or the directory role, that the message names."
MARK = "<!-- {} -->"


def _row(row: ErrorCode) -> str:
    code = f"`{row.code}`" + (f" ({row.status})" if row.status else "") + (f": ... {row.text} ..." if row.text else "")
    steps = [row.next_step, f"Device code: {row.person}" if row.person else ""]
    step = re.sub(r"O\((\w+)\)", r"`\1`", " ".join(filter(None, steps)).replace("RIGHT", RIGHTS))
    source = f"[page]({row.source})" if row.source.startswith("https://") else row.source
    return f"| {' | '.join((code, row.meaning, row.then.value, step, source))} |"


def table(rows: t.Iterable[ErrorCode]) -> str:
    head = ["| code | what it means | the run | what to do | source |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(_row, rows)])


def page_with_tables(page: str) -> str:
    """The page with a new table between its markers."""
    for name, rows in {"graph codes": GRAPH_CODES, "sign-in codes": SIGN_IN_CODES}.items():
        begin, end = MARK.format(name), MARK.format(f"end of {name}")
        before, _begin, rest = page.partition(begin)
        after = rest.partition(end)[2]
        page = f"{before}{begin}\n{table(rows)}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text()))
