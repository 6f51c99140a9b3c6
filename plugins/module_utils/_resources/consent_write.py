# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Grants and revokes: app role assignments in one request, delegated permissions as one grant a resource."""

from __future__ import annotations

import dataclasses
import itertools

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    GraphError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    Permission,
    ResourcePrincipal,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import (
    A_GRANT,
    ALL_PRINCIPALS,
    Consent,
    Grant,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import of_resource


class RoleWriter:
    """Assigns app roles to the service principal of one application, and removes the assignments."""

    def __init__(self, graph: GraphClient, address: application.Address) -> None:
        self._graph = graph
        self._address = address

    def apply(self, current: Consent, wanted: Consent) -> None:
        missing = sorted(wanted.roles.granted - current.roles.granted, key=current.principals.shown)
        writes = [self._assignment(current, permission) for permission in missing]
        made = self._graph.write_in_order(writes, action=f"grant application permissions to {self._address}")
        for write, answer in itertools.zip_longest(writes, made):
            assignment = self._assign(write, answer)
            if application.text(assignment, "id"):
                self._graph.note_created(assignment["id"])
        for permission in sorted(current.roles.granted - wanted.roles.granted, key=current.principals.shown):
            self._unassign(current, permission)

    def _assignment(self, current: Consent, permission: Permission) -> Write:
        resource = _resource(current, permission.resource)
        right = "assign_other_app_role"
        if permission.resource == RESOURCES["microsoft_graph"]:
            right = "assign_app_role"
        return Write(
            method="POST",
            path=f"servicePrincipals/{resource.object_id}/appRoleAssignedTo",
            action=f"grant {current.principals.shown(permission)} to {self._address}",
            right=right,
            body={
                "principalId": current.principal_id,
                "resourceId": resource.object_id,
                "appRoleId": permission.id,
            },
            created_recently=self._graph.created_here(current.client_id),
            leaves_application=True,
        )

    def _assign(self, write: Write, answer: Json | GraphError | None) -> Json:
        """``answer`` is that of the request for all of them, None if it has none."""
        try:
            if isinstance(answer, GraphError):
                raise answer
            if answer is None:
                answer = self._graph.write(write)
            return answer
        except GraphError as exc:
            if not exc.fault.exists:
                raise
            return {}

    def _unassign(self, current: Consent, permission: Permission) -> None:
        resource = _resource(current, permission.resource)
        assignment_id = current.roles.assignment_ids[permission]
        self._graph.write(
            Write(
                method="DELETE",
                path=f"servicePrincipals/{current.principal_id}/appRoleAssignments/{assignment_id}",
                action=f"revoke {current.principals.shown(permission)} ({resource.display_name}) from {self._address}",
                right="unassign_app_role",
                leaves_application=True,
                # What this run made is not gone if it is not found, but not there yet.
                created_recently=self._graph.created_here(assignment_id),
            )
        )


class ScopeWriter:
    """One grant a resource: created, changed, or deleted with its last scope."""

    def __init__(self, graph: GraphClient, address: application.Address) -> None:
        self._graph = graph
        self._address = address

    def apply(self, current: Consent, wanted: Consent) -> None:
        changed = wanted.scopes.granted ^ current.scopes.granted
        for resource in sorted({permission.resource for permission in changed}):
            self._set(current, wanted, resource)

    def _set(self, current: Consent, wanted: Consent, resource: str) -> None:
        before, after = _scope_names(current, resource), _scope_names(wanted, resource)
        grant = current.scopes.grants.get(resource)
        if grant is not None:
            self._change(grant, added=after - before, removed=before - after)
            return
        names = sorted(after)
        # If another run made the grant meanwhile, Graph refuses this one, and converge reads again.
        self._graph.write(
            Write(
                method="POST",
                path="oauth2PermissionGrants",
                action=f"grant the delegated permissions {' '.join(names)} to {self._address}",
                right="write_grant",
                leaves_application=True,
                body={
                    "clientId": current.principal_id,
                    "consentType": ALL_PRINCIPALS,
                    "resourceId": _resource(wanted, resource).object_id,
                    "scope": " ".join(names),
                },
                created_recently=self._graph.created_here(current.client_id),
            )
        )

    def _change(self, grant: Grant, *, added: set[str], removed: set[str]) -> None:
        """The scopes are one text, and each writer replaces what others wrote since.

        Graph documents no If-Match for grants. So it is read once more right before the write, and again behind it.
        """
        before = self._read(grant)
        scope = " ".join(sorted((before | added) - removed))
        write = Write(
            method="PATCH",
            path=f"oauth2PermissionGrants/{grant.id}",
            action=f"grant the delegated permissions {scope or '(none)'} to {self._address}",
            right="write_grant",
            leaves_application=True,
            body={"scope": scope},
        )
        if not scope:
            self._graph.write(dataclasses.replace(write, method="DELETE", body=None))
            return
        self._graph.write(write)
        found = self._graph.patience.until(lambda scopes: scopes != before, lambda: self._read(grant))
        if not added <= found or removed & found:
            raise self._overtaken()

    def _read(self, grant: Grant) -> set[str]:
        """Raises OvertakenError if it is not there."""
        document = self._graph.get(
            Read(
                path=f"oauth2PermissionGrants/{grant.id}",
                action=f"read the delegated permissions granted to {self._address}",
                right="read_grant",
                shape=dataclasses.replace(A_GRANT, equal={"id": grant.id}),
            )
        )
        if document is None:
            raise self._overtaken()
        return set(application.text_or_empty(document, "scope").split())

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(
            f"Could not grant the delegated permissions of {self._address}: another client replaced them, or"
            " Microsoft Graph does not show them yet",
            next_step="Find out who else grants to the application, and run again.",
        )


def _resource(state: Consent, client_id: str) -> ResourcePrincipal:
    resource = state.principals.of_client_id(client_id)
    if resource is None:
        raise ConflictError(
            f"The tenant has no service principal of the resource {client_id}",
            next_step="Check the resource's client id, or remove its permissions from the application.",
        )
    return resource


def _scope_names(state: Consent, resource: str) -> set[str]:
    return set(map(state.principals.name, of_resource(state.scopes.granted, resource)))
