# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented tables of rights match the code."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import (
    DIRECTORY_ROLES,
    REFERENCE,
    ROLES_PAGE,
    STEPS,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed

ROOT = Path(__file__).resolve().parents[2]
# By the first words of a row in the short table of docs/rights.md.
IN_SHORT = {
    "register,": ["register", "declare_permissions", "client_secret", "certificate", "federated_credential", "retire"],
    "report, verify": ["look_up"],
    "grant admin consent, Microsoft Graph": ["consent_application"],
    "grant admin consent, other resources": ["consent_application_elsewhere"],
    "delegated permissions": ["consent_delegated", "withdraw_delegated"],
    "withdraw admin consent": ["withdraw_consent"],
    "add owners": ["owners"],
}


def _sets(needs: list[tuple[str, ...]]) -> str:
    return "<br>or ".join(" and ".join(f"`{permission}`" for permission in needed) for needed in needs)


def step_row(name: str) -> str:
    """A row of docs/rights.md: the two least privileged sets of each kind."""
    step = STEPS[name]
    pages = " ".join(f"[{number}]({page})" for number, page in enumerate(step.pages, 1))
    cells = [f"`{name}`: {step.does}", step.elsewhere or "none", "", "", pages]
    if step.rights:
        cells[1:4] = [_sets(step.needs[:2]), _sets(step.needs_delegated[:2]), " or ".join(step.roles) or "none"]
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def test_the_page_on_rights_has_the_table() -> None:
    page = (ROOT / "docs/rights.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| `[a-z_]+`: ", line)]
    for name in STEPS:
        assert step_row(name) in rows, f"write this row into the table of docs/rights.md: {step_row(name)}"
    assert rows == [step_row(name) for name in STEPS], "put the rows of docs/rights.md into the order of STEPS"
    for name, role in DIRECTORY_ROLES.items():
        assert f"| {name} | `{role}` |" in page, f"add the row | {name} | `{role}` | to docs/rights.md"
    assert ROLES_PAGE in page


def test_the_short_table_has_the_least_privileged_sets() -> None:
    page = (ROOT / "docs/rights.md").read_text()
    for words, names in IN_SHORT.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {words}")]
        _start, _step, permissions, roles, _end = row.split("|")
        for name in names:
            step = STEPS[name]
            named = re.findall(r"`([^`]+)`", permissions)
            check_listed(step.needs[0], named, table=f"the row | {words} in docs/rights.md")
            assert roles.strip() == (" or ".join(step.roles) or "none"), name


def test_every_step_has_a_source() -> None:
    for name, step in STEPS.items():
        assert step.pages or name == "prove", f"add a page to the step {name} in plugins/module_utils/_core/rights.py"
        assert all(re.fullmatch(rf"{REFERENCE}[a-z0-9-]+|https://learn.microsoft.com/[a-z/-]+", p) for p in step.pages)
