# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What is granted to an application for the whole tenant, as it is read.

Application permissions are app role assignments, delegated ones are the scopes of one grant a resource.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    FORBIDDEN,
    Json,
    Read,
    by_key,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    A_PRINCIPAL,
    Permission,
    ResourcePrincipal,
    ResourcePrincipals,
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import (
    declared_permissions,
    of_type,
    resources_of,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

ALL_PRINCIPALS = "AllPrincipals"
A_GRANT = Shape("a grant of delegated permissions", needs=("id", "resourceId"))
Answers = t.Mapping[str, t.Any]  # a document or None for each name


@dataclasses.dataclass(frozen=True)
class Roles:
    """The granted application permissions. ``known`` is false if the operator may not read them."""

    granted: frozenset[Permission] = frozenset()
    assignment_ids: t.Mapping[Permission, str] = dataclasses.field(default_factory=dict)
    known: bool = True


class Grant(t.NamedTuple):
    """The all-principals grant of one resource: one object with all its scopes."""

    id: str
    scopes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Scopes:
    """The granted delegated permissions, with their grants by the client id of the resource."""

    granted: frozenset[Permission] = frozenset()
    grants: t.Mapping[str, Grant] = dataclasses.field(default_factory=dict)
    known: bool = True


class Consent(t.NamedTuple):
    """What is declared and what is granted. ``declared_known`` is false if the application may not be read."""

    client_id: str
    principal_id: str
    declared: tuple[Permission, ...]
    roles: Roles
    scopes: Scopes
    principals: ResourcePrincipals
    display_name: str = ""
    unique_name: str = ""
    declared_known: bool = True

    @property
    def granted(self) -> frozenset[Permission]:
        return self.roles.granted | self.scopes.granted

    def with_granted(self, permissions: t.Iterable[Permission]) -> Consent:
        """The same with other permissions granted: what is wanted, or what was reached."""
        granted = frozenset(permissions)
        roles = frozenset(of_type(granted, "application"))
        return self._replace(
            roles=dataclasses.replace(self.roles, granted=roles),
            scopes=dataclasses.replace(self.scopes, granted=granted - roles),
        )

    def is_granted(self, permission: Permission) -> bool | None:
        """None if the operator may not read it."""
        kind: Roles | Scopes = self.scopes
        if permission.type == "application":
            kind = self.roles
        if not kind.known:
            return None
        return permission in kind.granted

    @property
    def consented(self) -> bool | None:
        """Whether all that is declared is granted; None if that cannot be read."""
        states = {self.is_granted(permission) for permission in self.declared}
        if False in states:
            return False
        if None in states or not self.declared_known:
            return None
        return True

    @property
    def missing(self) -> list[Permission]:
        """What is known to be declared and not granted."""
        return [permission for permission in self.declared if self.is_granted(permission) is False]

    @property
    def stale(self) -> list[Permission]:
        return sorted(self.granted - set(self.declared), key=self.principals.shown)


def no_consent(address: application.Address, *, declared_known: bool = True) -> Consent:
    """Nothing is declared and nothing granted, as of an application that is not there."""
    return Consent(
        client_id=address.client_id or "",
        principal_id="",
        declared=(),
        roles=Roles(known=declared_known),
        scopes=Scopes(known=declared_known),
        principals=ResourcePrincipals(),
        declared_known=declared_known,
    )


def get_named(graph: GraphClient, reads: t.Mapping[str, Read]) -> dict[str, Json | None]:
    """The answers to several reads in one request, by the names of the reads."""
    return dict(zip(reads, graph.get_many(list(reads.values())), strict=True))


def may_lag_behind(call: Call, client_id: str) -> bool:
    """Whether reads of the service principal wait for it. In check mode, the one that is missing was not created."""
    return not call.check_mode and call.graph.created_here(client_id)


def check_principal(call: Call, answers: Answers, address: application.Address, *, present: bool, action: str) -> None:
    """Raises ConflictError if the service principal is missing. In check mode, the task before creates it."""
    if answers["principal"] is None and present and not call.check_mode:
        raise ConflictError(
            f"Could not {action} {address}: it has no service principal in this tenant",
            next_step="Run azure_app_registration for it, which creates the service principal.",
        )


def consent_reads(
    client_id: str, *, created_recently: bool, empty_if_forbidden: bool = False, handed: bool = False
) -> dict[str, Read]:
    """The reads of what is granted to an application, by what they are for: ``principal``, ``roles`` and ``scopes``.

    With ``empty_if_forbidden``, application permissions that may not be read are no failure (``Roles.known``).
    ``handed``: the answers may come from an earlier task of the role, see HandedReads.
    """
    principal = by_key("servicePrincipals", "appId", client_id)
    own = service_principal_read(client_id, action=f"read the service principal of the application {client_id}")
    roles = Read(
        path=f"{principal}/appRoleAssignments",
        collection=True,
        action=f"read what is granted to the application {client_id}",
        right="read_assignments",
        created_recently=created_recently,
        shape=Shape("an assignment of an app role", needs=("id", "appRoleId", "resourceId")),
        empty_if_forbidden=empty_if_forbidden,
    )
    reads = {
        "principal": dataclasses.replace(own, created_recently=created_recently),
        "roles": roles,
        "scopes": scopes_read(client_id, created_recently=created_recently),
    }
    if not handed:
        return reads
    return {name: dataclasses.replace(read, handed=(name, client_id.lower())) for name, read in reads.items()}


def scopes_read(client_id: str, *, created_recently: bool, empty_if_forbidden: bool = True) -> Read:
    """Without delegated permissions the right to read grants is not needed."""
    return Read(
        path=f"{by_key('servicePrincipals', 'appId', client_id)}/oauth2PermissionGrants",
        collection=True,
        action=f"read the delegated permissions granted to the application {client_id}",
        right="read_grant",
        created_recently=created_recently,
        empty_if_forbidden=empty_if_forbidden,
        shape=A_GRANT,
    )


def read_consent(graph: GraphClient, document: Json, *, answers: Answers, known: ResourcePrincipals) -> Consent:
    """Put the answers to ``consent_reads`` together; reads the resources that are not known yet."""
    assigned = application.entries(answers["roles"])
    grants = [g for g in application.entries(answers["scopes"]) if g.get("consentType") == ALL_PRINCIPALS]
    declared = declared_permissions(document)
    read_resources(graph, known, declared=declared, granting=[*assigned, *grants])
    return Consent(
        client_id=application.text_or_empty(document, "appId"),
        principal_id=application.text_or_empty(as_object(answers["principal"]), "id"),
        declared=tuple(declared),
        roles=_roles(assigned, known, may_read=is_allowed(answers["roles"])),
        scopes=_scopes(grants, known, may_read=is_allowed(answers["scopes"])),
        principals=known,
        display_name=application.text_or_empty(document, "displayName"),
        unique_name=application.text_or_empty(document, "uniqueName"),
    )


def is_allowed(answer: Json | None) -> bool:
    """Whether the operator may read the collection that this is the answer for."""
    return FORBIDDEN not in as_object(answer)


def _roles(assigned: t.Iterable[Json], known: ResourcePrincipals, *, may_read: bool) -> Roles:
    ids: dict[Permission, str] = {}
    for assignment in assigned:
        resource = known.of_object_id(application.text_or_empty(assignment, "resourceId"))
        if resource is not None:
            role_id = application.text_or_empty(assignment, "appRoleId").lower()
            permission = Permission(resource.client_id, "application", role_id)
            ids[permission] = application.text_or_empty(assignment, "id")
    return Roles(frozenset(ids), ids, known=may_read)


def _scopes(documents: t.Iterable[Json], known: ResourcePrincipals, *, may_read: bool) -> Scopes:
    """A scope that the resource does not know has its name for an id."""
    grants: dict[str, Grant] = {}
    granted: set[Permission] = set()
    for document in documents:
        resource = known.of_object_id(application.text_or_empty(document, "resourceId"))
        if resource is None:
            continue
        names = tuple(application.text_or_empty(document, "scope").split())
        grants[resource.client_id] = Grant(application.text_or_empty(document, "id"), names)
        by_name = {name: p for p, name in resource.names.items() if p.type == "delegated"}
        for name in names:
            granted.add(by_name.get(name, Permission(resource.client_id, "delegated", name)))
    return Scopes(frozenset(granted), grants, known=may_read)


def read_resources(
    graph: GraphClient, known: ResourcePrincipals, *, declared: t.Sequence[Permission], granting: t.Sequence[Json]
) -> None:
    """Names come from the tenant's own service principals of the resources, each read once."""
    client_ids = itertools.filterfalse(known.of_client_id, resources_of(declared))
    known.add(graph.get_many(list(map(ResourcePrincipal.read, client_ids))))
    object_ids = dict.fromkeys(application.text_or_empty(item, "resourceId") for item in granting)
    unknown = itertools.filterfalse(known.of_object_id, object_ids)
    known.add(graph.get_many(list(map(_resource_read, unknown))))


def _resource_read(object_id: str) -> Read:
    return Read(
        path=f"servicePrincipals/{object_id}",
        action="read a resource whose permissions are granted",
        query=ResourcePrincipal.read("").query,
        shape=dataclasses.replace(A_PRINCIPAL, equal={"id": object_id}),
    )
