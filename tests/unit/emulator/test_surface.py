# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page with the implemented paths has the table of the routes."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator import surface_page
from graph_emulator.graph.routes import ROUTES


def test_the_page_matches_the_routes() -> None:
    text = surface_page.PAGE.read_text()
    assert surface_page.BEGIN in text and surface_page.END in text
    assert text == surface_page.renewed(text), f"renew the page: {surface_page.__doc__}"


def test_every_path_is_in_the_table() -> None:
    rows = surface_page.table().splitlines()
    for route in ROUTES:
        base = route.path.partition("/microsoft.graph.")[0].removesuffix("/$count")
        (row,) = [line for line in rows if line.startswith(f"| `/{base.replace('*', '{id}')}` |")]
        assert route.method in row
