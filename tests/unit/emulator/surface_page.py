# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables in docs/emulator-surface.md, from the emulator's routes. As a program, it renews the page:

.ci/dev run env PYTHONPATH=roles/graph_emulator/files python tests/unit/emulator/surface_page.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from graph_emulator.directory.right import Alternatives
from graph_emulator.directory.rights import RIGHTS
from graph_emulator.graph.routes import ROUTES, Route

PAGE = Path(__file__).resolve().parents[3] / "docs" / "emulator-surface.md"
BEGIN = "<!-- begin: made from the routes by tests/unit/emulator/surface_page.py -->"
END = "<!-- end -->"
_METHODS = ("GET", "POST", "PATCH", "DELETE")
_HEAD = ("| path | methods | also | right |", "|---|---|---|---|")
_RIGHTS_HEAD = (
    "| to | an application needs | on objects that it owns |",
    "|---|---|---|",
)


def renewed(text: str) -> str:
    """The page with today's table."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, behind = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{behind}"


def table() -> str:
    """Two tables: the paths with their required permissions, and the permissions of each requirement."""
    routes: dict[str, list[Route]] = defaultdict(list)
    also: dict[str, list[str]] = defaultdict(list)
    for route in ROUTES:
        base, end = _split(route.path)
        if end and end not in also[base]:
            also[base].append(end)
        if not end:
            routes[base].append(route)
    rows = [_row(path, found, also[path]) for path, found in routes.items()]
    rights = [_right(name) for name in dict.fromkeys(route.right for route in ROUTES)]
    return "\n".join([*_HEAD, *rows, "", *_RIGHTS_HEAD, *rights])


def _split(path: str) -> tuple[str, str]:
    """A path, and the segment that filters or counts its collection."""
    parts = path.split("/")
    kept = [part for part in parts if part != "$count" and not part.startswith("microsoft.graph.")]
    return "/".join(kept), "/".join(parts[len(kept) :])


def _row(path: str, routes: list[Route], also: list[str]) -> str:
    routes = sorted(routes, key=lambda route: _METHODS.index(route.method))
    methods = ", ".join(dict.fromkeys(route.method for route in routes))
    rights = ", ".join(dict.fromkeys(route.right for route in routes))
    # A cast can be counted wherever the whole collection can.
    ends = [end for end in also if not ("$count" in also and end.endswith("/$count"))]
    return f"| `/{path.replace('*', '{id}')}` | {methods} | {', '.join(f'`/{end}`' for end in ends)} | {rights} |"


def _right(name: str) -> str:
    return f"| {name} | {_alternatives(RIGHTS[name].anywhere)} | {_alternatives(RIGHTS[name].owned)} |"


def _alternatives(alternatives: Alternatives) -> str:
    sets = (" and ".join(f"`{name}`" for name in names) for names in alternatives)
    return "<br>or ".join(text or "nothing" for text in sets)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
