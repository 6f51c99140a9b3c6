# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication and authorization of requests."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from graph_emulator.directory.rights import RIGHTS
from graph_emulator.graph.routes import ROUTES

ROWS = [
    ("GET", "/applications", "read applications"),
    ("GET", "/servicePrincipals", "read applications"),
    ("GET", "/directory/deletedItems/microsoft.graph.application", "read applications"),
    ("GET", "/servicePrincipals/x/appRoleAssignedTo", "read app role assignments"),
    ("POST", "/applications", "create applications"),
    ("POST", "/servicePrincipals", "create service principals"),
    ("PATCH", "/applications/x", "change applications"),
    ("DELETE", "/applications/x", "change applications"),
    ("POST", "/applications/x/addPassword", "change applications"),
    ("POST", "/servicePrincipals/x/appRoleAssignedTo", "change app role assignments"),
    ("DELETE", "/servicePrincipals/x/appRoleAssignedTo/y", "delete app role assignments"),
    ("GET", "/oauth2PermissionGrants", "read permission grants"),
    ("POST", "/oauth2PermissionGrants", "change permission grants"),
    ("GET", "/organization", "read organization"),
    ("GET", "/users", "read users"),
    ("GET", "/directoryObjects/x", "read directory objects"),
    ("GET", "/policies/defaultAppManagementPolicy", "read policy"),
    ("PATCH", "/policies/defaultAppManagementPolicy", "change policy"),
    ("GET", "/groups", "read groups"),
    ("POST", "/groups", "create groups"),
    ("PATCH", "/groups/x", "change groups"),
    ("DELETE", "/groups/x", "delete groups"),
    ("GET", "/groups/x/transitiveMembers", "read group members"),
    ("POST", "/groups/x/members/$ref", "change group members"),
    ("DELETE", "/groups/x/members/y/$ref", "change group members"),
    ("GET", "/groups/x/memberOf", "read memberships of groups"),
    ("GET", "/groups/x/transitiveMemberOf", "read transitive memberships of groups"),
    ("GET", "/directory/administrativeUnits", "read administrative units"),
    ("GET", "/directory/administrativeUnits/x/members", "read administrative units"),
    ("POST", "/directory/administrativeUnits", "change administrative units"),
    ("POST", "/directory/administrativeUnits/x/members/$ref", "change administrative units"),
    ("GET", "/users/x/memberOf", "read memberships of users"),
    ("GET", "/users/x/transitiveMemberOf", "read transitive memberships of users"),
    ("GET", "/users/x/ownedObjects", "read objects of users"),
    ("POST", "/users/x/getMemberGroups", "check groups of users"),
    ("POST", "/users/x/checkMemberObjects", "check objects of users"),
    ("POST", "/groups/x/checkMemberGroups", "check memberships of groups"),
    ("POST", "/servicePrincipals/x/getMemberObjects", "check memberships of service principals"),
    ("POST", "/directoryObjects/x/getMemberObjects", "check objects of anything"),
    ("POST", "/applications/x/owners/$ref", "change owners"),
    ("GET", "/directory/deletedItems", "read deleted items"),
    ("DELETE", "/directory/deletedItems/x", "purge deleted items"),
    ("POST", "/directory/deletedItems/x/restore", "restore deleted items"),
    ("GET", "/beta/roleManagement/exchange/roleDefinitions", "read roles of Exchange"),
    ("POST", "/beta/roleManagement/exchange/customAppScopes", "change roles of Exchange"),
]
# Mail has an error of its own (test_mail.py), and only users read themselves (test_delegated_rights.py).
OTHERS = {"read mail folders", "read mail", "write mail", "read oneself"}
DENIED = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def error_of(answer: Any) -> tuple[str, str]:
    error = answer.json()["error"]
    return error["code"], error["message"]


def test_invalid_tokens_are_refused(emulator: Any, operator: Any) -> None:
    def asked(authorization: str | None) -> str:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = operator.session.get(f"{emulator.graph}/v1.0/applications", headers=headers, timeout=10)
        code, message = error_of(answer)
        assert (answer.status_code, code) == (401, "InvalidAuthenticationToken")
        assert "www-authenticate" in answer.headers
        return message

    assert asked(None) == "Access token is empty."
    assert asked("Bearer ") == "Access token is empty."
    assert asked("Bearer garbage").startswith("CompactToken parsing failed")
    header, claims, _signature = operator.token.split(".")
    assert "signature" in asked(f"Bearer {header}.{claims}.{'A' * 342}")
    exchange = operator.ask_token(scope="https://outlook.office365.com/.default").json()["access_token"]
    assert asked(f"Bearer {exchange}") == "Access token validation failure. Invalid audience."
    unsigned = jwt.encode({"aud": "https://graph.microsoft.com"}, "", algorithm="none")
    assert asked(f"Bearer {unsigned}").startswith("CompactToken parsing failed")
    emulator.clock.advance(3600)
    assert asked(f"Bearer {operator.token}") == "Lifetime validation failed, the token is expired."


def test_every_right_of_a_route_has_a_row() -> None:
    missing = {route.right for route in ROUTES} - {right for _method, _path, right in ROWS} - OTHERS
    assert not missing, f"add {sorted(missing)} to ROWS in test_rights.py"


@pytest.mark.parametrize(("method", "path", "right"), ROWS)
def test_each_alternative_is_sufficient_and_fewer_roles_are_not(
    emulator: Any, client_with: Any, method: str, path: str, right: str
) -> None:
    address = f"{emulator.graph}{path}" if path.startswith("/beta/") else path

    def status(*roles: str) -> int:
        answer = client_with(*roles)(method, address)
        if answer.status_code == 403:
            assert error_of(answer) == DENIED
        result: int = answer.status_code
        return result

    assert status() == 403
    assert status("Mail.ReadWrite") == 403
    for alternative in RIGHTS[right].anywhere:
        assert status(*alternative) != 403, alternative
        for left_out in alternative:
            rest = tuple(role for role in alternative if role != left_out)
            assert status(*rest) == 403, rest


def test_owned_by_only_allows_changes_of_own_objects(operator: Any, client_with: Any) -> None:
    owner = client_with("Application.ReadWrite.OwnedBy")
    own = owner.application("own")
    foreign = operator.application("foreign")
    for path, expected in ((f"/applications/{own['id']}", 204), (f"/applications/{foreign['id']}", 403)):
        assert owner.patch(path, {"notes": "x"}).status_code == expected
        assert owner.post(f"{path}/addPassword", {}).status_code == (200 if expected == 204 else 403)
    principal = owner.service_principal(own["appId"])
    assert owner.patch(f"/servicePrincipals/{principal['id']}", {"notes": "x"}).status_code == 204
    refused = owner.post("/servicePrincipals", {"appId": "11111111-2222-3333-4444-555555555555"})
    assert error_of(refused)[1].endswith("must in the local tenant")
    assert owner.delete(f"/applications/{foreign['id']}").status_code == 403
    assert owner.delete(f"/applications/{own['id']}").status_code == 204
    assert owner.delete(f"/directory/deletedItems/{own['id']}").status_code == 204


def test_rights_of_owners_change_with_the_owners(operator: Any, client_with: Any) -> None:
    other = client_with("Application.ReadWrite.OwnedBy")
    created = operator.application()
    path = f"/applications/{created['id']}"
    assert other.patch(path, {"notes": "x"}).status_code == 403
    principal = operator.get(f"/servicePrincipals(appId='{other.client_id}')").json()
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{principal['id']}"}
    assert operator.post(f"{path}/owners/$ref", reference).status_code == 204
    assert other.patch(path, {"notes": "x"}).status_code == 204
