# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure reports whether the task had changed anything before it."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    OTHER_ID,
    SEND,
    Hand,
    app_path,
    did,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import EXCHANGE_ONLINE, Meanwhile, RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

REFUSED: Json = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.mark.parametrize(
    ("module", "options", "refused"),
    [
        ("azure_app_registration", {"display_name": "x", "unique_name": "x"}, ("PATCH", "/servicePrincipals", 1)),
        (
            "azure_app_registration",
            {"unique_name": "gateway", "state": "absent", "purge": True},
            ("DELETE", "/directory", 1),
        ),
        ("azure_admin_consent", {"unique_name": "gateway", "state": "absent"}, ("DELETE", "appRoleAssignments", 2)),
        ("azure_app_graph_permissions", {"unique_name": "gateway", "delegated_permissions": ["User.Read"]}, None),
        ("azure_app_secret", {"unique_name": "gateway", "description": "x"}, None),
    ],
)
def test_a_failure_after_a_write_is_reported_as_changed(
    role: RoleSteps,
    hand: Hand,
    meanwhile: Meanwhile,
    *,
    module: str,
    options: Json,
    refused: tuple[str, str, int] | None,
) -> None:
    if refused is not None:
        method, path, nth = refused
        role.tenant.server.faults.add(method=method, path=path, nth=nth, status=403, body=REFUSED, times=9)
    elif module == "azure_app_graph_permissions":
        before = {
            "requiredResourceAccess": [
                {"resourceAppId": EXCHANGE_ONLINE, "resourceAccess": [{"id": SEND, "type": "Role"}]}
            ]
        }
        address = app_path(role)
        meanwhile.after("PATCH", "/applications/", lambda: did(hand.patch(address, before)))
        role.tenant.server.faults.add(method="PATCH", path="/applications/", nth=3, status=403, body=REFUSED)
    else:
        made = {"keyId": OTHER_ID, "displayName": "x", "secretText": None}
        role.tenant.server.faults.add(method="POST", path="addPassword", status=200, body=made, processed=True)
    assert role.tenant.fails(module, **options)["changed"] is True


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("azure_app_registration", {"display_name": "x", "unique_name": "x"}),
        ("azure_app_registration", {"unique_name": "gateway", "state": "absent"}),
        ("azure_admin_consent", {"unique_name": "gateway", "state": "absent"}),
        ("azure_app_graph_permissions", {"unique_name": "gateway", "delegated_permissions": ["User.Read"]}),
        ("azure_app_secret", {"unique_name": "gateway", "description": "x"}),
    ],
)
def test_a_failure_before_any_write_is_reported_as_unchanged(role: RoleSteps, module: str, options: Json) -> None:
    for method in ("PATCH", "POST", "DELETE"):
        path = r"^/v1.0/(?!\$batch)"
        role.tenant.server.faults.add(method=method, path=path, status=403, body=REFUSED, times=9)
    assert role.tenant.fails(module, **options)["changed"] is False
