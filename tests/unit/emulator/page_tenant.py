# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant with one of everything that the page can show."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


def furnish(operator: Any) -> dict[str, Any]:
    """Returns the application named like an attack; under `retired` the deleted one."""
    graph = operator.get(f"/servicePrincipals(appId='{GRAPH}')").json()
    exchange = operator.get(f"/servicePrincipals(appId='{EXCHANGE}')").json()
    roles = {role["value"]: role["id"] for role in graph["appRoles"]}
    scopes = {scope["value"]: scope["id"] for scope in graph["oauth2PermissionScopes"]}
    made: dict[str, Any] = operator.application(
        ATTACK,
        signInAudience="AzureADMultipleOrgs",
        tags=[ATTACK.replace(" ", "")],
        requiredResourceAccess=[
            {
                "resourceAppId": GRAPH,
                "resourceAccess": [
                    {"id": roles["Mail.ReadWrite"], "type": "Role"},
                    {"id": scopes["User.Read"], "type": "Scope"},
                    {"id": scopes["offline_access"], "type": "Scope"},
                ],
            },
            {"resourceAppId": EXCHANGE, "resourceAccess": [{"id": exchange["appRoles"][0]["id"], "type": "Role"}]},
        ],
    )
    path = f"/applications/{made['id']}"
    now = datetime.now(timezone.utc)
    for name, start, end in (
        ("old one", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        ("soon over", "2020-01-01T00:00:00Z", f"{now + timedelta(days=12, hours=12):%Y-%m-%dT%H:%M:%SZ}"),
        (ATTACK, None, None),
    ):
        sent = {"displayName": name, **({"startDateTime": start, "endDateTime": end} if end else {})}
        assert operator.post(f"{path}/addPassword", {"passwordCredential": sent}).status_code == 200
    operator.post(
        f"{path}/federatedIdentityCredentials",
        {
            "name": "github",
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:contoso/mail:ref:refs/heads/main",
            "audiences": ["api://AzureADTokenExchange"],
        },
    )
    principal = operator.service_principal(made["appId"])
    for role in ("Mail.ReadWrite", "User.Read.All"):
        assigned = operator.post(
            f"/servicePrincipals/{principal['id']}/appRoleAssignments",
            {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": roles[role]},
        )
        assert assigned.status_code == 201
    granted = operator.post(
        "/oauth2PermissionGrants",
        {
            "clientId": principal["id"],
            "resourceId": graph["id"],
            "consentType": "AllPrincipals",
            "scope": "offline_access",
        },
    )
    assert granted.status_code == 201
    operator.application(
        "Mail gateway (a registration of its own, without a service principal)", uniqueName="mail-gateway"
    )
    disabled = operator.service_principal(operator.application("Disabled service")["appId"])
    operator.patch(f"/servicePrincipals/{disabled['id']}", {"accountEnabled": False})
    retired = operator.application("Retired relay", uniqueName="retired-relay")
    operator.delete(f"/applications/{retired['id']}")
    made["retired"] = operator.get(f"/directory/deletedItems/{retired['id']}").json()
    return made
