# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the workflow in docs/awx.md from the playbook awx_setup. As a program, it writes the page."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.plan import declared_nodes
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import OBJECTS
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "awx.md"
BEGIN, END = "<!-- workflow -->", "<!-- end of workflow -->"
LINKS = {"success": "on success", "failure": "on failure"}


def picture() -> str:
    """A flowchart of Mermaid, with the nodes and the links that AWX shows."""
    nodes = declared_nodes(OBJECTS, is_set=bool)
    lines = ["```mermaid", "flowchart LR", *map(_node, nodes)]
    lines += [
        f"    {_id(node)} -- {words} --> {_id({'name': child})}"
        for node in nodes
        for way, words in LINKS.items()
        for child in node[way]
    ]
    return "\n".join([*lines, "```"])


def _id(node: dict[str, t.Any]) -> str:
    return str(node["name"]).replace(" ", "_")


def _node(node: dict[str, t.Any]) -> str:
    """An approval is a diamond, a step that depends on a setting is rounded."""
    if "approval" in node:
        return f'    {_id(node)}{{"{node["approval"]["name"]}"}}'
    if "setting" in node:
        what = "for gateways with gateway_app_mailboxes" if "job_template" in node else "your own job template"
        return f'    {_id(node)}("{node["name"]}: {what}")'
    return f'    {_id(node)}["{node["name"]}"]'


def page_with_picture(page: str) -> str:
    before, _begin, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{picture()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with_picture(PAGE.read_text()))
