# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The permissions that an application asks for (requiredResourceAccess), by name, one resource at a time."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import GUID, shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient, Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    Permission,
    ResourcePrincipal,
    resource_client_id,
    resource_label,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

FIELDS = ("id", "appId", "displayName", "requiredResourceAccess")
# The form of an option that lists permissions, one entry a resource.
LISTED: dict[str, dict[str, t.Any]] = {
    "resource": {"type": "str", "required": True},
    "application": {"type": "list", "elements": "str"},
    "delegated": {"type": "list", "elements": "str"},
}
GRAPH_TYPES = {"application": "Role", "delegated": "Scope"}
TYPES = {graph_type: name for name, graph_type in GRAPH_TYPES.items()}


def declared_permissions(document: Json) -> list[Permission]:
    """requiredResourceAccess of all resources, flat, without repeats and in the order in which it stands."""
    found: dict[Permission, None] = {}
    for entry in application.objects(document.get("requiredResourceAccess")):
        resource = (application.text(entry, "resourceAppId") or "").lower()
        for access in application.objects(entry.get("resourceAccess")):
            permission = _permission(resource, access)
            if permission is not None:
                found[permission] = None
    return list(found)


def _permission(resource: str, access: Json) -> Permission | None:
    """None for what this collection does not know."""
    permission_id, kind = application.text(access, "id"), TYPES.get(application.text(access, "type") or "")
    return Permission(resource, kind, permission_id.lower()) if permission_id and kind else None


def required_resource_access(document: Json, resource: str, permissions: t.Iterable[Permission]) -> list[Json]:
    """The collection with the entry of one resource replaced. A PATCH sets it whole, so all else stays as it came."""
    wanted = dict.fromkeys(permissions)
    entries = application.objects(document.get("requiredResourceAccess"))
    own = [entry for entry in entries if (application.text(entry, "resourceAppId") or "").lower() == resource]
    kept: list[Json] = []
    for access in (access for entry in own for access in application.objects(entry.get("resourceAccess"))):
        permission = _permission(resource, access)
        # What is neither an application nor a delegated permission is not ours to remove.
        if permission is None or permission in wanted:
            kept.append(access)
        if permission is not None:
            wanted.pop(permission, None)
    accesses = [*kept, *({"id": permission.id, "type": GRAPH_TYPES[permission.type]} for permission in wanted)]
    collection: list[Json] = []
    for entry in entries:
        if entry not in own:
            collection.append(entry)
        elif entry is own[0] and accesses:
            collection.append({**entry, "resourceAccess": accesses})
    return collection if own or not accesses else [*collection, {"resourceAppId": resource, "resourceAccess": accesses}]


def _digest(permissions: t.Iterable[Permission]) -> str:
    lines = sorted(f"{p.resource} {p.type} {p.id}" for p in permissions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _outdated(graph: GraphClient, client_id: str) -> list[str]:
    return (graph.written_here(f"declared:{client_id}") or "").split() if client_id else []


def note_declared(
    graph: GraphClient, client_id: str, *, before: t.Iterable[Permission], after: t.Iterable[Permission]
) -> None:
    """Remember that ``before`` is a declaration of the past. What another client makes of ours is none."""
    outdated = [*_outdated(graph, client_id), _digest(before)]
    graph.note_written(f"declared:{client_id}", " ".join(known for known in outdated if known != _digest(after)))


def lags_behind(graph: GraphClient, client_id: str, declared: t.Iterable[Permission]) -> bool:
    """Is this a declaration that this run has replaced?

    Writing the whole collection back from it would undo the earlier task, and consent would grant too little.
    """
    return _digest(declared) in _outdated(graph, client_id)


State = t.TypeVar("State")


def read_declaration(
    graph: GraphClient,
    read: t.Callable[[], State],
    *,
    told: t.Callable[[State], tuple[str, t.Iterable[Permission]]],
) -> State:
    """Read; again, as long as there is patience, where the answer lags behind what this run declared.

    ``told`` gives the client id and all declared permissions of what was read.
    """
    return graph.patience.until(lambda state: not lags_behind(graph, *told(state)), read)


def check_permission_names(option: str, names: t.Iterable[str]) -> None:
    """Raises InputError for what cannot be the name of a permission."""
    for name in names:
        if not name or not name.isascii() or any(c.isspace() for c in name) or len(name) > 256:
            raise InputError(
                f"{option}: {shown(name)} is not the name of a permission",
                next_step="Use names as in Microsoft's permissions reference, such as Mail.ReadWrite.",
            )


def listed_resources(option: str, entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The client ids of the resources of a list in the form of LISTED, in its order.

    Raises InputError for a resource that is listed twice, and for what cannot be the name of a permission.
    """
    resources: list[str] = []
    for entry in entries:
        client_id = resource_client_id(entry["resource"])
        if client_id in resources:
            raise InputError(
                f"{option}: the resource {entry['resource']} is listed twice",
                next_step="List each resource once, with all of its permissions.",
            )
        resources.append(client_id)
        for kind in GRAPH_TYPES:
            check_permission_names(f"{option}: {kind}", entry.get(kind) or ())
    return resources


def required_principal(document: Json | None, resource: str) -> ResourcePrincipal:
    """The tenant's service principal of a resource. Raises ConflictError where it has none."""
    if document is None:
        raise ConflictError(
            f"The tenant has no service principal of the resource {resource}",
            next_step="Check the resource's client id and the national cloud; the resource may have to be licensed"
            " or consented to first.",
        )
    return ResourcePrincipal.of(document)


def resolve(
    principal: ResourcePrincipal, kind: str, name: str, *, declared: t.Collection[Permission] = ()
) -> Permission:
    """A permission by its name, or by its id, also an unknown one that is declared already.

    Raises InputError with the closest real names.
    """
    offered = principal.ids[kind]
    if GUID.fullmatch(name):
        permission = Permission(principal.client_id, kind, name.lower())
        if permission in principal.names or permission in declared:
            return permission
    elif name in offered:
        return Permission(principal.client_id, kind, offered[name])
    other = "delegated" if kind == "application" else "application"
    lowered = {known.lower(): known for known in offered}
    close = [lowered[key] for key in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    hint = f"Did you mean {' or '.join(close)}?" if close else "See the resource's list of permissions."
    if name in principal.ids[other]:
        hint = f"It exists as {other} permission only: set {other}_permissions if that is what you mean. {hint}"
    raise InputError(
        f"{principal.display_name} has no {kind} permission {shown(name)}",
        next_step=hint,
        permission=name,
        closest=close,
    )


@dataclasses.dataclass(frozen=True)
class Declared:
    """What the application asks for of one resource; ``document`` is the application as it was read."""

    document: Json
    permissions: tuple[Permission, ...]
    principal: ResourcePrincipal

    @property
    def application_object_id(self) -> str:
        return application.text(self.document, "id") or ""

    @property
    def client_id(self) -> str:
        return application.text(self.document, "appId") or ""

    def names(self, kind: str) -> list[str]:
        return sorted(
            self.principal.names.get(permission, permission.id)
            for permission in self.permissions
            if permission.type == kind
        )


class PermissionsResource:
    """Adds, removes or exactly sets the permissions of one resource; those of other resources stay."""

    def __init__(self, call: Call) -> None:
        params = call.params
        self._call = call
        self._address = application.Address.of(params)
        self._resource = resource_client_id(params["resource"])
        self._present = params["state"] == "present"
        self._exact = bool(params["exact"])
        self._names: dict[str, list[str] | None] = {
            kind: params[f"{kind}_permissions"] for kind in ("application", "delegated")
        }
        if self._exact and not self._present:
            raise InputError("exact goes with state=present only", next_step="Remove exact, or set state to present.")
        for kind, names in self._names.items():
            check_permission_names(f"{kind}_permissions", names or ())

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Declared:
        return read_declaration(
            self._graph, self._read, told=lambda found: (found.client_id, declared_permissions(found.document))
        )

    def _read(self) -> Declared:
        document, principal = self._graph.get_many(
            [self._address.read(self._graph, select=FIELDS), ResourcePrincipal.read(self._resource)]
        )
        found = application.required(document, self._address, may_be_gone=not self._present)
        return Declared(
            document=found,
            permissions=tuple(p for p in declared_permissions(found) if p.resource == self._resource),
            principal=required_principal(principal, self._call.params["resource"]),
        )

    def desired(self, current: Declared) -> Declared:
        permissions = list(current.permissions)
        for kind, names in self._names.items():
            if names is None:
                continue
            named = [resolve(current.principal, kind, name, declared=current.permissions) for name in names]
            if not self._present:
                permissions = [permission for permission in permissions if permission not in named]
                continue
            if self._exact:
                permissions = [
                    permission for permission in permissions if permission.type != kind or permission in named
                ]
            permissions += [permission for permission in dict.fromkeys(named) if permission not in permissions]
        return dataclasses.replace(current, permissions=tuple(permissions))

    def apply(self, current: Declared, wanted: Declared) -> Declared:
        collection = required_resource_access(current.document, self._resource, wanted.permissions)
        self._graph.write(
            Write(
                method="PATCH",
                path=f"applications/{current.application_object_id}",
                tried=f"set the permissions of {self._address}",
                body={"requiredResourceAccess": collection},
                lag=self._graph.created_here(current.client_id),
            )
        )
        before = declared_permissions(current.document)
        after = declared_permissions({"requiredResourceAccess": collection})
        note_declared(self._graph, current.client_id, before=before, after=after)
        self._check_that_it_stayed(current, added={*after} - {*before}, removed={*before} - {*after})
        return wanted

    def _check_that_it_stayed(self, current: Declared, *, added: set[Permission], removed: set[Permission]) -> None:
        """Whoever writes the collection replaces it whole, also what we wrote since that client read it.

        Graph documents no If-Match for applications, so the later of two writers cannot be stopped; the earlier one
        can only look and write again.
        """
        address = application.Address(object_id=current.application_object_id)
        document = read_declaration(
            self._graph,
            lambda: self._graph.get(address.read(self._graph, select=FIELDS)) or {},
            told=lambda found: (current.client_id, declared_permissions(found)),
        )
        declared = {*declared_permissions(document)}
        if not added <= declared or removed & declared:
            raise OvertakenError(
                f"Could not set the permissions of {self._address}: another client replaced them, or Microsoft Graph"
                " does not show them yet",
                next_step="Find out who else writes to the application, and run again.",
            )

    def view(self, state: Declared) -> View:
        return {resource_label(self._resource): {kind: state.names(kind) for kind in ("application", "delegated")}}

    def result(self, state: Declared) -> View:
        return {
            "client_id": state.client_id or None,
            "application_object_id": state.application_object_id or None,
            "resource_client_id": state.principal.client_id,
            "resource_display_name": state.principal.display_name,
            "application_permissions": state.names("application"),
            "delegated_permissions": state.names("delegated"),
        }
