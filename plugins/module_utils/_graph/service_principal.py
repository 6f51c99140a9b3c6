# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Service principals: that of the application, and those of the resources whose permissions it may ask for."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_guid
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphError, OvertakenError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import (
    objects,
    text,
    text_or_empty,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    LARGEST_PAGE,
    Json,
    Read,
    Write,
    by_key,
)

A_PRINCIPAL = Shape("a service principal", needs=("id", "appId"))
# Well-known client ids ("Verify first-party Microsoft applications in sign-in reports").
RESOURCES: dict[str, str] = {
    "microsoft_graph": "00000003-0000-0000-c000-000000000000",
    "exchange_online": "00000002-0000-0ff1-ce00-000000000000",
}
PRINCIPAL_FIELDS = "id,appId,displayName,accountEnabled,isDisabled,disabledByMicrosoftStatus"
RESOURCE_NAMES: dict[str, str] = {client_id: name for name, client_id in RESOURCES.items()}


def resource_client_id(resource: str) -> str:
    """The client id of a resource given by its short name or by its client id. Raises InputError."""
    return RESOURCES.get(resource) or check_guid("resource", resource)


def resource_label(client_id: str) -> str:
    """How a resource is called in results: the short name of the option, else its client id."""
    return RESOURCE_NAMES.get(client_id, client_id)


def principal_shape(client_id: str) -> Shape:
    return dataclasses.replace(A_PRINCIPAL, equal={"appId": client_id})


def service_principal_read(client_id: str, *, action: str) -> Read:
    return Read(
        path=by_key("servicePrincipals", "appId", client_id),
        action=action,
        query={"$select": PRINCIPAL_FIELDS},
        shape=principal_shape(client_id),
    )


def deleted_service_principals_read(*, action: str) -> Read:
    return Read(
        path="directory/deletedItems/microsoft.graph.servicePrincipal",
        collection=True,
        action=action,
        query={"$select": f"{PRINCIPAL_FIELDS},deletedDateTime", "$top": str(LARGEST_PAGE)},
        shape=A_PRINCIPAL,
    )


def last_deleted(documents: t.Iterable[Json], client_id: str) -> Json | None:
    """The soft-deleted service principal of an application; the one deleted last, if there are several."""
    own = [document for document in documents if text(document, "appId") == client_id]
    return max(own, key=lambda document: text_or_empty(document, "deletedDateTime"), default=None)


def restore_service_principal(graph: GraphClient, client_id: str, object_id: str) -> Json | None:
    """None if it is no longer among the deleted ones, because it was restored or purged."""
    try:
        restored = graph.write(
            Write(
                method="POST",
                path=f"directory/deletedItems/{object_id}/restore",
                action=f"restore the service principal of the application {client_id}, which was soft-deleted",
            )
        )
    except GraphError as exc:
        if exc.fault.not_found or exc.fault.service_principal_exists:
            return None
        raise
    graph.note_created(client_id)
    graph.note_created(object_id)
    return {**restored, "id": object_id}


def create_service_principal(graph: GraphClient, client_id: str, *, display_name: str) -> Json:
    """The application's service principal, made if it is missing; safe against a second run at the same time."""
    path = by_key("servicePrincipals", "appId", client_id)
    try:
        made = graph.write(
            Write(
                method="PATCH",
                path=path,
                action=f"create the service principal of the application {client_id}",
                right="create_service_principal",
                body={"displayName": display_name},
                headers={"Prefer": "create-if-missing"},
                created_recently=graph.created_here(client_id),
                shape=principal_shape(client_id),
            )
        )
    except GraphError as exc:
        if not exc.fault.service_principal_exists:
            raise
        made = {}
    graph.note_created(client_id)
    if text(made, "id"):
        graph.note_created(str(made["id"]))
        return made
    # 204 or 409: another run was first, or our read lagged behind an earlier one. Neither answer carries an id.
    read = service_principal_read(client_id, action=f"read the service principal of the application {client_id}")
    found = graph.get(dataclasses.replace(read, created_recently=True))
    if found is None:
        raise OvertakenError(
            f"The service principal of the application {client_id} was not found after it was created",
            next_step="Run again; it may have been removed at the same time.",
        )
    return found


class Permission(t.NamedTuple):
    """One permission of one resource. ``type`` is "application" or "delegated"."""

    resource: str  # client id: ids of permissions are not unique across resources
    type: str
    id: str


class ResourcePrincipal(t.NamedTuple):
    """The tenant's own service principal of a resource, with the names of the permissions that it offers."""

    client_id: str
    object_id: str
    display_name: str
    ids: t.Mapping[str, t.Mapping[str, str]]  # type -> name -> id
    names: t.Mapping[Permission, str]

    @classmethod
    def of(cls, document: Json) -> ResourcePrincipal:
        """``document`` has been checked: see ``principal_shape``."""
        client_id = text_or_empty(document, "appId").lower()
        ids: dict[str, dict[str, str]] = {"application": {}, "delegated": {}}
        names: dict[Permission, str] = {}
        for kind, member in (("application", "appRoles"), ("delegated", "oauth2PermissionScopes")):
            for entry in objects(document.get(member)):
                name, permission_id = entry.get("value"), entry.get("id")
                if not name or not permission_id:
                    continue
                permission_id = permission_id.lower()
                names[Permission(client_id, kind, permission_id)] = name
                if _is_offered(entry, kind):
                    ids[kind][name] = permission_id
        return cls(
            client_id=client_id,
            object_id=text_or_empty(document, "id"),
            display_name=text(document, "displayName") or client_id,
            ids=ids,
            names=names,
        )

    @staticmethod
    def read(client_id: str) -> Read:
        return Read(
            path=by_key("servicePrincipals", "appId", client_id),
            action=f"read the permissions that {resource_label(client_id)} offers",
            query={"$select": "id,appId,displayName,appRoles,oauth2PermissionScopes"},
            shape=principal_shape(client_id),
            offered_by=RESOURCE_NAMES.get(client_id, ""),
        )


def _is_offered(entry: Json, kind: str) -> bool:
    """Whether a permission can be granted: it is enabled and, as an app role, for applications."""
    if entry.get("isEnabled") is False:
        return False
    return kind == "delegated" or "Application" in as_list(entry.get("allowedMemberTypes"))


class ResourcePrincipals:
    """The resources that have been read, by client id; unknown ones are shown by their ids."""

    def __init__(self, documents: t.Iterable[Json | None] = ()) -> None:
        self._by_client_id: dict[str, ResourcePrincipal] = {}
        self._by_object_id: dict[str, ResourcePrincipal] = {}
        self.add(documents)

    def add(self, documents: t.Iterable[Json | None]) -> None:
        for document in documents:
            if document is not None:
                principal = ResourcePrincipal.of(document)
                self._by_client_id[principal.client_id] = principal
                self._by_object_id[principal.object_id] = principal

    def of_client_id(self, client_id: str) -> ResourcePrincipal | None:
        return self._by_client_id.get(client_id)

    def of_object_id(self, object_id: str) -> ResourcePrincipal | None:
        return self._by_object_id.get(object_id)

    def name(self, permission: Permission) -> str:
        principal = self._by_client_id.get(permission.resource)
        if principal is None:
            return permission.id
        return principal.names.get(permission, permission.id)

    def shown(self, permission: Permission) -> str:
        """A permission in a diff: ``microsoft_graph: Mail.ReadWrite (application)``."""
        return f"{resource_label(permission.resource)}: {self.name(permission)} ({permission.type})"

    def described(self, permission: Permission) -> dict[str, str]:
        """A permission in results."""
        return {
            "resource": resource_label(permission.resource),
            "resource_client_id": permission.resource,
            "type": permission.type,
            "name": self.name(permission),
            "id": permission.id,
        }
