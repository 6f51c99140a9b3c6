# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies that the admin interface refuses: without a traceback and without a change."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from graph_emulator.wire.admin import HEADERS

REFUSED = [
    ("operators", {"roles": "Application.Read.All"}, "roles must be a list"),
    ("policy", {"applicationRestrictions": []}, "applicationRestrictions"),
    ("device", {"user_code": 7}, "user_code and user must be texts"),
    ("mailbox_access", {"client_id": "x", "allowed": "yes"}, "allowed true or false"),
    ("mailbox_access", {"client_id": "x", "allowed": True, "user": "unknown-user"}, ""),
    ("exchange", {"role": "x"}, "client_id must be a text"),
    ("exchange", {"client_id": "x", "full_access": "yes"}, "full_access must be true or false"),
    ("vault_role", {"client_id": 7}, "client_id must be a text"),
    ("vault_role", {"client_id": "x", "role": "y"}, "unknown client or role"),
    ("clock", [], "the body must be a JSON object"),
    ("faults", {"then": "x"}, ""),
]


@pytest.mark.parametrize(("action", "body", "words"), REFUSED)
def test_an_invalid_control_is_refused(operator: Client, action: str, body: object, words: str) -> None:
    before = operator.server.tenant.snapshot()
    url = f"{operator.server.graph}/_emulator/{action}"
    answer = operator.session.post(url, json=body, headers=HEADERS, timeout=10)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]
    assert operator.server.tenant.snapshot() == before
