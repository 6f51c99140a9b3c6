# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The declaration of an application (requiredResourceAccess): read, written, and compared with what this run wrote."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import Permission

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

FIELDS = ("id", "appId", "displayName", "uniqueName", "requiredResourceAccess")
GRAPH_TYPES = {"application": "Role", "delegated": "Scope"}
TYPES = {graph_type: name for name, graph_type in GRAPH_TYPES.items()}


def declared_permissions(document: Json) -> list[Permission]:
    """requiredResourceAccess of all resources, flat, without repeats and in the order in which it stands."""
    accesses = _accesses(application.objects(document.get("requiredResourceAccess")))
    return list(dict.fromkeys(filter(None, (permission for _access, permission in accesses))))


def of_resource(permissions: t.Iterable[Permission], resource: str) -> list[Permission]:
    return [permission for permission in permissions if permission.resource == resource]


def of_type(permissions: t.Iterable[Permission], kind: str) -> list[Permission]:
    return [permission for permission in permissions if permission.type == kind]


def resources_of(permissions: t.Iterable[Permission]) -> list[str]:
    """Their client ids, each once."""
    return list(dict.fromkeys(permission.resource for permission in permissions))


def _resource(entry: Json) -> str:
    return application.text_or_empty(entry, "resourceAppId").lower()


def _accesses(entries: t.Iterable[Json]) -> t.Iterator[tuple[Json, Permission | None]]:
    """What the entries list, each as it came and as a permission."""
    for entry in entries:
        for access in application.objects(entry.get("resourceAccess")):
            yield access, _permission(_resource(entry), access)


def _permission(resource: str, access: Json) -> Permission | None:
    """None for what this collection does not know."""
    permission_id, kind = application.text(access, "id"), TYPES.get(application.text_or_empty(access, "type"))
    if not permission_id or not kind:
        return None
    return Permission(resource, kind, permission_id.lower())


def required_resource_access(document: Json, resource: str, permissions: t.Iterable[Permission]) -> list[Json]:
    """The collection with the entry of one resource replaced. A PATCH sets it whole, so all else stays as it came."""
    # With an empty entry at the end, for a resource that has none.
    entries = [*application.objects(document.get("requiredResourceAccess")), {"resourceAppId": resource}]
    own = [entry for entry in entries if _resource(entry) == resource]
    others, position = without(entries, own), entries.index(own[0])
    accesses = _changed_accesses(own, permissions)
    if not accesses:
        return others
    return [*others[:position], {**own[0], "resourceAccess": accesses}, *others[position:]]


def _changed_accesses(own: t.Iterable[Json], permissions: t.Iterable[Permission]) -> list[Json]:
    """What the entries of a resource have and is to stay, as it came, and what is missing."""
    missing = dict.fromkeys(permissions)
    accesses: list[Json] = []
    for access, permission in _accesses(own):
        # What is neither an application nor a delegated permission is not ours to remove.
        if permission is None:
            accesses.append(access)
        elif permission in missing:
            accesses.append(access)
            del missing[permission]
    for permission in missing:
        accesses.append({"id": permission.id, "type": GRAPH_TYPES[permission.type]})
    return accesses


def _digest(permissions: t.Iterable[Permission]) -> str:
    lines = sorted(map(_line, permissions))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _outdated(graph: GraphClient, client_id: str) -> list[str]:
    return graph.written_here(f"declared:{client_id}").split()


def note_declared(
    graph: GraphClient, client_id: str, *, before: t.Iterable[Permission], after: t.Iterable[Permission]
) -> None:
    """Remember that ``before`` is a declaration of the past. What another client makes of ours is none."""
    outdated = without([*_outdated(graph, client_id), _digest(before)], (_digest(after),))
    graph.note_written(f"declared:{client_id}", " ".join(outdated))


def note_seen(graph: GraphClient, client_id: str, declared: t.Iterable[Permission]) -> None:
    """Remember what a task found, perhaps written by a run that was killed: later tasks wait until they see it."""
    graph.note_written(f"seen:{client_id}", _lines(declared))


def lags_behind(graph: GraphClient, client_id: str, declared: t.Iterable[Permission]) -> bool:
    """Is this a declaration that this run has replaced, or one that lacks what an earlier task saw?

    Writing the whole collection back from it would undo the earlier task, and consent would grant too little.
    """
    declared = list(declared)
    is_outdated = _digest(declared) in _outdated(graph, client_id)
    return is_outdated or not {*_noted(graph, f"seen:{client_id}")} <= {*declared}


def _line(permission: Permission) -> str:
    return f"{permission.resource} {permission.type} {permission.id}"


def _lines(permissions: t.Iterable[Permission]) -> str:
    return "\n".join(map(_line, permissions))


def _noted(graph: GraphClient, name: str) -> list[Permission]:
    return [Permission(*line.split(" ")) for line in graph.written_here(name).splitlines()]


def note_predicted(
    graph: GraphClient, address: application.Address, client_id: str, permissions: t.Iterable[Permission]
) -> None:
    """For later tasks in check mode: all that the application would declare. ``client_id`` is "" before it exists."""
    graph.note_written(_prediction(address, client_id), _lines(permissions))


def predicted(graph: GraphClient, address: application.Address, client_id: str) -> list[Permission]:
    """Empty if no task has predicted anything."""
    return _noted(graph, _prediction(address, client_id))


def _prediction(address: application.Address, client_id: str) -> str:
    return f"predicted:{client_id.lower() or address.unique_name}"


def may_come(call: Call, address: application.Address) -> bool:
    """In check mode, an earlier task of the run would have registered an application of that unique name."""
    return call.check_mode and address.unique_name is not None


def required_here(document: Json | None, call: Call, address: application.Address, *, present: bool) -> Json:
    """The application; {} if it is gone and nothing has to be there, or if it may come. Raises NotRegisteredError."""
    return application.required(document, address, may_be_gone=not present or may_come(call, address))


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
