# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The permissions that an application asks for (requiredResourceAccess), by name, of one or several resources."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    GUID,
    check_goes_with,
    closest,
    did_you_mean,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    Permission,
    ResourcePrincipal,
    ResourcePrincipals,
    resource_client_id,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import SWITCHES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import (
    FIELDS,
    GRAPH_TYPES,
    declared_permissions,
    note_declared,
    note_predicted,
    note_seen,
    of_resource,
    of_type,
    predicted,
    read_declaration,
    required_here,
    required_resource_access,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

HANDED_ON = ("passwordCredentials", *SWITCHES)  # read with the declaration, for the credential's task
Entries = dict[str, t.Mapping[str, t.Any]]  # by client id, each in the form of LISTED
OTHER_KINDS = {"application": "delegated", "delegated": "application"}
# The form of an option that lists permissions, one entry a resource.
LISTED: dict[str, dict[str, t.Any]] = {
    "resource": {"type": "str", "required": True},
    "application": {"type": "list", "elements": "str"},
    "delegated": {"type": "list", "elements": "str"},
}


def check_permission_names(option: str, names: t.Iterable[str] | None) -> None:
    """Raises InputError for what cannot be the name of a permission."""
    for name in names or ():
        if name.split() != [name] or not name.isascii() or len(name) > 256:
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
            check_permission_names(f"{option}: {kind}", entry.get(kind))
    return resources


def listed_entries(option: str, entries: t.Iterable[t.Mapping[str, t.Any]]) -> Entries:
    """The entries of such a list by the client ids of their resources. Raises InputError as listed_resources does."""
    entries = list(entries)
    return dict(zip(listed_resources(option, entries), entries, strict=True))


def listed_names(entries: Entries) -> t.Iterator[tuple[str, str, t.Sequence[str]]]:
    """Each list that is set: the client id of the resource, the kind, and the names or ids."""
    for resource, entry in entries.items():
        for kind in GRAPH_TYPES:
            if entry.get(kind) is not None:
                yield resource, kind, entry[kind]


def required_principal(document: Json | None, resource: str) -> ResourcePrincipal:
    """The tenant's service principal of a resource. Raises ConflictError if it has none."""
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
    close = closest(name, offered)
    hint = did_you_mean(close, otherwise="See the resource's list of permissions.")
    other = OTHER_KINDS[kind]
    if name in principal.ids[other]:
        hint = f"It exists as {other} permission only: list it as such if that is what you mean. {hint}"
    raise InputError(
        f"{principal.display_name} has no {kind} permission {shown(name)}",
        next_step=hint,
        permission=name,
        closest=close,
    )


class Listed(t.NamedTuple):
    """A list of a task: permissions of one resource and of one kind. ``exact``: others of them are removed."""

    resource: str  # client id
    kind: str
    names: t.Sequence[str]
    exact: bool


class PermissionsOptions(t.NamedTuple):
    """``resources`` are client ids, also of those with no list. What has no list is left alone.

    ``listed`` may have two lists of the same resource and kind; the second one only adds.
    """

    address: application.Address
    present: bool
    resources: tuple[str, ...]
    listed: tuple[Listed, ...]

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> PermissionsOptions:
        """Raises InputError for what contradicts itself, and for what cannot be the name of a permission."""
        present, exact = params["state"] == "present", bool(params["exact"])
        check_goes_with("exact", "state=present", is_set=exact, is_met=present, instead=", or set O(state) to present")
        entries = _entries(params)
        listed = [Listed(*one, exact) for one in listed_names(entries)]
        check_goes_with("add_user_read", "state=present", is_set=params["add_user_read"], is_met=present)
        if params["add_user_read"]:
            graph = RESOURCES["microsoft_graph"]
            listed.append(Listed(graph, "delegated", ["User.Read"], exact=False))
            entries.setdefault(graph, {})
        return cls(
            address=application.Address.of(params),
            present=present,
            resources=tuple(entries),
            listed=tuple(listed),
        )

    def needs_principal(self, resource: str) -> bool:
        """What is removed by its id, or by an empty exact list, can be of a resource that the tenant does not have."""
        names: list[str] = []
        for listed in self.listed:
            if listed.resource == resource:
                names += listed.names
        if self.present:
            return bool(names)
        return not all(map(GUID.fullmatch, names))


def _entries(params: t.Mapping[str, t.Any]) -> Entries:
    if params["permissions"] is not None:
        return listed_entries("O(permissions)", params["permissions"])
    entry = {kind: params[f"{kind}_permissions"] for kind in GRAPH_TYPES}
    for kind, names in entry.items():
        check_permission_names(f"O({kind}_permissions)", names)
    return {resource_client_id(params["resource"] or "microsoft_graph"): entry}


class Declared(t.NamedTuple):
    """What the application asks for of the listed resources; ``document`` is the application as it was read."""

    document: Json
    permissions: tuple[Permission, ...]
    principals: ResourcePrincipals

    @property
    def application_object_id(self) -> str:
        return application.text_or_empty(self.document, "id")

    @property
    def client_id(self) -> str:
        return application.text_or_empty(self.document, "appId")

    def names(self, permissions: t.Iterable[Permission], kind: str) -> list[str]:
        """Of those of a kind."""
        return sorted(map(self.principals.name, of_type(permissions, kind)))


class PermissionsResource:
    """Adds, removes or exactly sets the permissions of the listed resources; those of other resources stay."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._options = PermissionsOptions.of(call.params)

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    @property
    def _address(self) -> application.Address:
        return self._options.address

    def read(self) -> Declared:
        found = read_declaration(
            self._graph, self._read, declared_in=lambda found: (found.client_id, declared_permissions(found.document))
        )
        note_seen(self._graph, found.client_id, declared_permissions(found.document))
        return found

    def _read(self) -> Declared:
        resources = self._options.resources
        own = self._address.read(self._graph, select=FIELDS, handed=self._options.present)
        document, *principals = self._graph.get_many([own, *map(ResourcePrincipal.read, resources)])
        found = required_here(document, self._call, self._address, present=self._options.present)
        for resource, principal in zip(resources, principals, strict=True):
            if self._options.needs_principal(resource):
                required_principal(principal, resource_label(resource))
        return Declared(
            document=found,
            permissions=tuple(p for p in declared_permissions(found) if p.resource in resources),
            principals=ResourcePrincipals(principals),
        )

    def desired(self, current: Declared) -> Declared:
        permissions = list(current.permissions)
        for listed in self._options.listed:
            permissions = self._changed(permissions, listed, current)
        if self._call.check_mode:
            self._note_predicted(current, permissions)
        return current._replace(permissions=tuple(permissions))

    def _note_predicted(self, current: Declared, permissions: t.Collection[Permission]) -> None:
        """With what an earlier task predicted for other resources."""
        if {*permissions} == {*current.permissions}:
            return
        before = predicted(self._graph, self._address, current.client_id) or declared_permissions(current.document)
        others = [permission for permission in before if permission.resource not in self._options.resources]
        note_predicted(self._graph, self._address, current.client_id, [*others, *permissions])

    def _changed(self, permissions: list[Permission], listed: Listed, current: Declared) -> list[Permission]:
        """With what is listed added, exactly set, or removed."""
        principal = current.principals.of_client_id(listed.resource)
        named: dict[Permission, None] = {}
        for name in listed.names:
            if principal is None:  # by ids alone, see needs_principal
                permission = Permission(listed.resource, listed.kind, name.lower())
            else:
                permission = resolve(principal, listed.kind, name, declared=current.permissions)
            named[permission] = None
        if not self._options.present:
            return without(permissions, named)
        if listed.exact:
            own = of_type(of_resource(permissions, listed.resource), listed.kind)
            permissions = without(permissions, without(own, named))
        return [*permissions, *without(named, permissions)]

    def apply(self, current: Declared, wanted: Declared) -> Declared:
        document = current.document
        for resource in self._options.resources:
            own = of_resource(wanted.permissions, resource)
            document = {**document, "requiredResourceAccess": required_resource_access(document, resource, own)}
        self._graph.write(
            Write(
                method="PATCH",
                path=f"applications/{current.application_object_id}",
                action=f"set the permissions of {self._address}",
                body={"requiredResourceAccess": document["requiredResourceAccess"]},
                created_recently=self._graph.created_here(current.client_id),
            )
        )
        before, after = declared_permissions(current.document), declared_permissions(document)
        note_declared(self._graph, current.client_id, before=before, after=after)
        note_seen(self._graph, current.client_id, among(before, after))
        self._check_that_it_stayed(current, added={*after} - {*before}, changed={*after} ^ {*before})
        note_seen(self._graph, current.client_id, after)
        return wanted

    def _check_that_it_stayed(self, current: Declared, *, added: set[Permission], changed: set[Permission]) -> None:
        """Each writer replaces the whole collection, including what we wrote since that client read it.

        Graph documents no If-Match for applications, so the later of two writers cannot be stopped; the earlier one
        can only look and write again.
        """
        address = application.Address(object_id=current.application_object_id)
        document = read_declaration(
            self._graph,
            lambda: self._graph.get_or_empty(address.read(self._graph, select=(*FIELDS, *HANDED_ON))),
            declared_in=lambda found: (current.client_id, declared_permissions(found)),
        )
        self._graph.handed.hand_on(current.client_id.lower(), {"application": document})
        if changed & {*declared_permissions(document)} != added:
            raise OvertakenError(
                f"Could not set the permissions of {self._address}: another client replaced them, or Microsoft Graph"
                " does not show them yet",
                next_step="Find out who else writes to the application, and run again.",
            )

    def view(self, state: Declared) -> View:
        view: View = {}
        for resource in self._options.resources:
            own = of_resource(state.permissions, resource)
            view[resource_label(resource)] = {kind: state.names(own, kind) for kind in GRAPH_TYPES}
        return view

    def result(self, state: Declared) -> View:
        described = [self._described(state, resource) for resource in self._options.resources]
        only: View = {}
        if len(described) == 1:
            (only,) = described
        return {
            "client_id": filled(state.client_id),
            "application_object_id": filled(state.application_object_id),
            "resource_client_id": only.get("resource_client_id"),
            "resource_display_name": only.get("resource_display_name"),
            "application_permissions": state.names(state.permissions, "application"),
            "delegated_permissions": state.names(state.permissions, "delegated"),
            "permissions": described,
        }

    def _described(self, state: Declared, resource: str) -> View:
        principal = state.principals.of_client_id(resource)
        own, display_name = of_resource(state.permissions, resource), None
        if principal is not None:
            display_name = principal.display_name
        return {
            "resource": resource_label(resource),
            "resource_client_id": resource,
            "resource_display_name": display_name,
            "application": state.names(own, "application"),
            "delegated": state.names(own, "delegated"),
        }
