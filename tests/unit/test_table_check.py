# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed


def test_a_failure_names_the_place_and_the_lines_to_add_and_remove() -> None:
    check_listed(["a"], ("a",), table="LIST in a file")
    sentence = "add 'b' to LIST in a file; remove 'c' from LIST in a file: there is no such thing"
    with pytest.raises(AssertionError, match=sentence):
        check_listed(["a", "b"], ["a", "c"], table="LIST in a file")
