# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap

from ansible_collections.email_gateway.azure_apps.tests.coverage_reasons import Place, places, problems

FILE = "plugins/module_utils/a.py"
SOURCE = textwrap.dedent(
    """
    class A:
        def run(self, x):
            if x:
                y = 1
                return y
            if not x:
                x = 2
            return x
    """
)
# x is always false, and the second condition always true.
MEASURED = {
    "executed_lines": [2, 3, 4, 7, 8, 9],
    "missing_lines": [5, 6],
    "missing_branches": [[4, 5], [7, 9]],
}
FIRST = Place(FILE, 5, "A.run", "y = 1")
SECOND = Place(FILE, 7, "A.run", "if not x:")


def wrong(*given: str, file: str = FILE) -> list[str]:
    found = [FIRST, SECOND, Place("roles/emulator.py", 1, "module", "x = 1")]
    return problems(found, [{"reason": "R", "places": {file: list(given)}}], lambda _file: SOURCE)


def test_a_place_is_the_first_line_of_a_sequence_or_a_branch() -> None:
    assert places(FILE, MEASURED, SOURCE) == [FIRST, SECOND]


def test_every_place_in_the_plugins_needs_a_reason_for_an_existing_line() -> None:
    both = ("A.run | y = 1", "A.run | if not x:")
    assert wrong(*both) == []
    assert wrong(both[0]) == [f"not reached, and without a reason: {SECOND}"]
    assert wrong(*both, "A.run | y = 3") == [
        f"no such line any more, correct it in coverage_reasons.yml: {FILE}: A.run | y = 3"
    ]
