# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of others in the tenant after a first successful run of the role."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import MICROSOFT_GRAPH, RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

SEND = "b633e1c5-b582-4048-a93e-9f11b44c7e96"  # Mail.Send of Microsoft Graph, as application permission
READ_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"  # Mail.ReadWrite
SEND_AS_APP = "4830f9d6-8ac4-46f7-93a9-e7f0e8f1ce2f"  # made up: of Exchange Online, whose names are not looked up
OTHER_ID = "99999999-9999-9999-9999-999999999999"
Hand = Client


def did(answer: t.Any) -> t.Any:
    """The requested change was made; returns the object of the response."""
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def app_path(role: RoleSteps) -> str:
    return f"/applications/{role.application['id']}"


def principal_path(role: RoleSteps) -> str:
    return f"/servicePrincipals/{role.principal['id']}"


def access(role: RoleSteps, resource: str = MICROSOFT_GRAPH) -> list[Json]:
    return [
        entry
        for declared in role.application["requiredResourceAccess"]
        if declared["resourceAppId"] == resource
        for entry in declared["resourceAccess"]
    ]


def declare(hand: Hand, role: RoleSteps, *, without: str = "", also: t.Sequence[Json] = ()) -> None:
    """By hand, in the portal: the whole list of one resource, and optionally others."""
    kept = [entry for entry in access(role) if entry["id"] != without]
    mine = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": kept}]
    did(hand.patch(app_path(role), {"requiredResourceAccess": [*mine, *also]}))


def assignment_of(role: RoleSteps, role_id: str) -> str:
    (found,) = (entry["id"] for entry in role.assignments() if entry["appRoleId"] == role_id)
    return str(found)


def all_principals(role: RoleSteps) -> Json:
    (grant,) = (grant for grant in role.grants() if grant["consentType"] == "AllPrincipals")
    return grant


def rename(hand: Hand, role: RoleSteps) -> None:
    did(hand.patch(app_path(role), {"displayName": "Renamed by hand"}))


def for_everybody(hand: Hand, role: RoleSteps) -> None:
    did(hand.patch(app_path(role), {"signInAudience": "AzureADMultipleOrgs"}))


def remove_permission_keep_grant(hand: Hand, role: RoleSteps) -> None:
    declare(hand, role, without=READ_WRITE)
    assert "Mail.ReadWrite" in role.granted_roles()


def revoke_grant_keep_permission(hand: Hand, role: RoleSteps) -> None:
    did(hand.delete(f"{principal_path(role)}/appRoleAssignments/{assignment_of(role, READ_WRITE)}"))


def remove_both(hand: Hand, role: RoleSteps) -> None:
    remove_permission_keep_grant(hand, role)
    revoke_grant_keep_permission(hand, role)


def empty_declaration(hand: Hand, role: RoleSteps) -> None:
    did(hand.patch(app_path(role), {"requiredResourceAccess": []}))


def revoke_scopes(hand: Hand, role: RoleSteps) -> None:
    did(hand.delete(f"/oauth2PermissionGrants/{all_principals(role)['id']}"))


def replace_scopes(hand: Hand, role: RoleSteps) -> None:
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(role)['id']}", {"scope": " User.Read "}))


def delete_secret(hand: Hand, role: RoleSteps) -> None:
    did(hand.post(f"{app_path(role)}/removePassword", {"keyId": role.store["key_id"]}))


def delete_principal(hand: Hand, role: RoleSteps) -> None:
    did(hand.delete(principal_path(role)))


def purge_principal(hand: Hand, role: RoleSteps) -> None:
    object_id = role.principal["id"]
    did(hand.delete(f"/servicePrincipals/{object_id}"))
    did(hand.delete(f"/directory/deletedItems/{object_id}"))


def delete_application(hand: Hand, role: RoleSteps) -> None:
    did(hand.delete(app_path(role)))


def delete_both_one_after_the_other(hand: Hand, role: RoleSteps) -> None:
    """A restore of the application does not restore a service principal that was deleted before it."""
    path = app_path(role)
    did(hand.delete(principal_path(role)))
    hand.server.clock.advance(5)
    did(hand.delete(path))


def purge_application(hand: Hand, role: RoleSteps) -> None:
    path, object_id = app_path(role), role.application["id"]
    did(hand.delete(path))
    did(hand.delete(f"/directory/deletedItems/{object_id}"))


REPAIRS: list[tuple[c.Callable[[Hand, RoleSteps], None], list[str]]] = [
    (rename, ["registration"]),
    (for_everybody, ["registration"]),
    (remove_permission_keep_grant, ["permissions"]),
    (revoke_grant_keep_permission, ["consent"]),
    (remove_both, ["permissions", "consent"]),
    (empty_declaration, ["permissions"]),
    (revoke_scopes, ["consent"]),
    (replace_scopes, ["consent"]),
    (delete_secret, ["secret"]),
    (delete_principal, ["registration"]),
    (purge_principal, ["registration", "consent"]),
    (delete_application, ["registration"]),
    (delete_both_one_after_the_other, ["registration"]),
    (purge_application, ["registration", "permissions", "consent", "secret"]),
]
