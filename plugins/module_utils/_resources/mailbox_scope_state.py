# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which roles of Exchange an application has, and for which mailboxes, as it is read through Microsoft Graph (beta)."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    GraphError,
    GraphFault,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import (
    Scope,
    custom_scopes_read,
    permissions_of,
    principal_of,
    role_assignments_read,
    role_definitions_read,
    scope_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_lookup import (
    named_scopes,
)

AUTHORIZATION = (401, 403)


@dataclasses.dataclass(frozen=True)
class Assignment:
    """One role for one scope. ``ids`` are its objects in Exchange, more than one if it was made twice."""

    role: str
    scope: Scope
    ids: tuple[str, ...] = dataclasses.field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.role} for {self.scope}"

    @property
    def described(self) -> View:
        return {"role": self.role, "scope": self.scope.described, "ids": list(self.ids)}


def described(assignments: t.Iterable[Assignment]) -> list[View]:
    """The assignments as they are returned."""
    return [assignment.described for assignment in assignments]


class CustomScope(t.NamedTuple):
    """A recipient filter with a name. ``shared``: another principal has a role for it, too.

    ``id`` is empty if Exchange does not have it.
    """

    id: str
    name: str
    recipient_filter: str
    shared: bool = False

    @property
    def scope(self) -> Scope:
        """As the scope of an assignment."""
        return Scope("custom", self.id, self.name, recipient_filter=self.recipient_filter)


class ExchangeRoles(t.NamedTuple):
    """All that Exchange knows: role ids by name, the application's own assignments, and all custom scopes."""

    role_ids: t.Mapping[str, str]
    assignments: tuple[Assignment, ...]
    custom_scopes: tuple[CustomScope, ...]


class MailboxScope(t.NamedTuple):
    """The application's roles in Exchange. ``scopes`` are the wanted ones.

    ``granted`` and ``declared`` are its application permissions in Entra ID, as resource and name.

    ``custom`` is the custom scope of the name that the options give.
    """

    client_id: str
    object_id: str
    principal_id: str
    display_name: str
    roles: tuple[str, ...]
    scopes: tuple[Scope, ...]
    exchange: ExchangeRoles
    custom: CustomScope = CustomScope(id="", name="", recipient_filter="")
    granted: frozenset[tuple[str, str]] = frozenset()
    declared: frozenset[tuple[str, str]] = frozenset()

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return self.exchange.assignments

    def with_assignments(self, assignments: t.Iterable[Assignment]) -> MailboxScope:
        return self._replace(exchange=self.exchange._replace(assignments=tuple(assignments)))

    def with_scopes(self, scopes: t.Mapping[Scope, Scope]) -> MailboxScope:
        """With other scopes in the assignments: the one that is to replace each."""
        return self.with_assignments(
            dataclasses.replace(assignment, scope=scopes.get(assignment.scope, assignment.scope))
            for assignment in self.assignments
        )

    @property
    def wanted(self) -> list[Assignment]:
        return list(itertools.starmap(Assignment, itertools.product(self.roles, self.scopes)))

    @property
    def for_all_mailboxes(self) -> list[str]:
        """Permissions granted in Entra ID that open all mailboxes, whatever the scope of the roles is."""
        return self._opening(self.granted)

    @property
    def once_consented(self) -> list[str]:
        """Permissions that are declared and not granted, which consent would grant for all mailboxes."""
        return self._opening(self.declared - self.granted)

    def _opening(self, permissions: frozenset[tuple[str, str]]) -> list[str]:
        opened = itertools.chain.from_iterable(map(permissions_of, self.roles))
        return sorted(name for _resource, name in permissions.intersection(opened))

    @property
    def wanted_custom(self) -> Scope | None:
        """The custom scope that the options ask for."""
        return first(self.scopes, lambda scope: scope.kind == "custom")

    @property
    def filter_differs(self) -> bool:
        """Whether the custom scope has another filter than it is to have."""
        wanted = self.wanted_custom
        return wanted is not None and wanted.recipient_filter != self.custom.recipient_filter


class ExchangeDirectory(t.NamedTuple):
    """What was read of Exchange, of all applications."""

    role_names: t.Mapping[str, str]  # by id
    assignments: t.Sequence[Json]
    custom_scopes: t.Sequence[Json]

    @classmethod
    def read(cls, graph: GraphClient) -> ExchangeDirectory:
        """In one request. Raises ConflictError if Exchange's roles are not offered."""
        reads = (role_definitions_read(), role_assignments_read(), custom_scopes_read())
        definitions, assignments, custom_scopes = _collect(graph, reads)
        role_names = {str(document["id"]): str(document["displayName"]) for document in definitions}
        return cls(role_names, assignments, custom_scopes)

    def scopes_of(self, principal_id: str) -> list[Scope]:
        return list(map(scope_of, self._own(principal_id)))

    def roles_of(self, principal_id: str, named: t.Mapping[Scope, Scope]) -> ExchangeRoles:
        """Of one application. ``named`` are scopes other than custom ones with their names."""
        own = self._own(principal_id)
        others = without(self.assignments, own)
        of_others = {application.text(document, "appScopeId") for document in others}
        custom_scopes = [_custom_scope(document, of_others) for document in self.custom_scopes]
        named = {**named, **{custom.scope: custom.scope for custom in custom_scopes}}
        found: dict[tuple[str, Scope], list[str]] = {}
        for document in own:
            role_id = str(document["roleDefinitionId"])
            key = self.role_names.get(role_id, role_id), scope_of(document)
            found.setdefault(key, []).append(str(document["id"]))
        assignments = []
        for (role, scope), ids in found.items():
            assignments.append(Assignment(role, named.get(scope, scope), tuple(sorted(ids))))
        assignments.sort(key=lambda assignment: (assignment.role, assignment.scope.id))
        return ExchangeRoles(
            role_ids={name: role_id for role_id, name in self.role_names.items()},
            assignments=tuple(assignments),
            custom_scopes=tuple(custom_scopes),
        )

    def _own(self, principal_id: str) -> list[Json]:
        """Nothing belongs to an application without a service principal, not even what has no readable principal."""
        wanted = principal_id.lower()
        return [document for document in self.assignments if wanted and principal_of(document) == wanted]


def read_exchange_roles(graph: GraphClient, principal_id: str, *, known: t.Iterable[Scope] = ()) -> ExchangeRoles:
    """``known`` are scopes whose names are known already. Raises ConflictError if Exchange's roles are not offered."""
    directory = ExchangeDirectory.read(graph)
    named = {scope: scope for scope in known}
    named |= named_scopes(graph, without(directory.scopes_of(principal_id), named))
    return directory.roles_of(principal_id, named)


def _custom_scope(document: Json, of_others: t.Collection[str | None]) -> CustomScope:
    attributes = as_object(document.get("customAttributes"))
    scope_id = str(document["id"])
    return CustomScope(
        id=scope_id,
        name=str(document["displayName"]),
        recipient_filter=application.text_or_empty(attributes, "RecipientFilter"),
        shared=scope_id in of_others,
    )


def _collect(graph: GraphClient, reads: t.Sequence[Read]) -> list[list[Json]]:
    """The entries of each collection, in one request."""
    action = "read the roles of Exchange"
    try:
        answers = graph.get_many(reads)
    except GraphError as exc:
        fault = exc.fault
        failed = fault.status >= 500 and fault.status != 501
        if failed or fault.passes or fault.status in AUTHORIZATION:
            raise
        raise _not_offered(action, fault) from None
    if None in answers:
        raise _not_offered(action, GraphFault(404))
    return list(map(application.entries, answers))


def _not_offered(action: str, fault: GraphFault) -> ConflictError:
    return ConflictError(
        f"Could not {action}: this cloud or tenant does not offer it (Microsoft Graph beta):"
        f" {fault.message or fault.status}",
        next_step="Set O(method=commands): an Exchange administrator runs the commands in Exchange Online PowerShell.",
        status=fault.status,
        code=fault.code or None,
        request_id=fault.request_id,
    )
