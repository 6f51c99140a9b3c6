# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The declaration of an application (requiredResourceAccess): read, written, and compared with what this run wrote."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import Permission

FIELDS = ("id", "appId", "displayName", "uniqueName", "requiredResourceAccess")
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


def note_seen(graph: GraphClient, client_id: str, declared: t.Iterable[Permission]) -> None:
    """Remember what a task found, perhaps written by a run that was killed: later tasks wait until they see it."""
    if client_id:
        graph.note_written(f"seen:{client_id}", _lines(declared))


def lags_behind(graph: GraphClient, client_id: str, declared: t.Iterable[Permission]) -> bool:
    """Is this a declaration that this run has replaced, or one that lacks what an earlier task saw?

    Writing the whole collection back from it would undo the earlier task, and consent would grant too little.
    """
    declared = list(declared)
    if _digest(declared) in _outdated(graph, client_id):
        return True
    return bool(client_id) and not {*_noted(graph, f"seen:{client_id}")} <= {*declared}


def _lines(permissions: t.Iterable[Permission]) -> str:
    return "\n".join(f"{p.resource} {p.type} {p.id}" for p in permissions)


def _noted(graph: GraphClient, name: str) -> list[Permission]:
    return [Permission(*line.split(" ")) for line in (graph.written_here(name) or "").splitlines()]


def note_predicted(graph: GraphClient, address: application.Address, permissions: t.Iterable[Permission]) -> None:
    """For later tasks in check mode: what an application that is not registered yet would declare."""
    graph.note_written(f"predicted:{address.unique_name}", _lines(permissions))


def predicted(graph: GraphClient, address: application.Address) -> list[Permission]:
    return _noted(graph, f"predicted:{address.unique_name}")


State = t.TypeVar("State")


def read_declaration(
    graph: GraphClient,
    read: t.Callable[[], State],
    *,
    declared_in: t.Callable[[State], tuple[str, t.Iterable[Permission]]],
) -> State:
    """Read, and read again, as long as waiting is allowed, if the answer lags behind what this run declared.

    ``declared_in`` returns the client id and all declared permissions of what was read.
    """
    return graph.patience.until(lambda state: not lags_behind(graph, *declared_in(state)), read)
