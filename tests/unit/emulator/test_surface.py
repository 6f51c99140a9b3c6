# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that lists what the emulator serves is made from its routes."""

from __future__ import annotations

from pathlib import Path

from graph_emulator.graph.routes import ROUTES
from graph_emulator.graph.surface import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "emulator-surface.md"
AGAIN = "PYTHONPATH=roles/graph_emulator/files .ci/dev run python -m graph_emulator.graph.surface > docs/emulator-surface.md"


def test_the_page_is_that_of_the_routes() -> None:
    assert PAGE.read_text() == page(), f"make the page again: {AGAIN}"


def test_every_path_is_on_the_page() -> None:
    text = page()
    for route in ROUTES:
        base = route.path.partition("/microsoft.graph.")[0].removesuffix("/$count")
        assert f"| `/{base.replace('*', '{id}')}` |" in text, route.path
