# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which roles of Exchange an application has, and for which mailboxes, as it is read through Microsoft Graph (beta)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, GraphError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import (
    Scope,
    custom_scopes_read,
    principal_of,
    role_assignments_read,
    role_definitions_read,
    scope_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_lookup import names_of

AUTHORIZATION = (401, 403)


@dataclasses.dataclass(frozen=True)
class Assignment:
    """One role for one scope. ``ids`` are its objects in Exchange, more than one where it was made twice."""

    role: str
    scope: Scope
    ids: tuple[str, ...] = dataclasses.field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.role} for {self.scope}"

    @property
    def described(self) -> View:
        return {"role": self.role, "scope": self.scope.described, "ids": list(self.ids)}


@dataclasses.dataclass(frozen=True)
class CustomScope:
    """A recipient filter with a name. ``shared`` says that another principal has a role for it, too."""

    id: str
    name: str
    recipient_filter: str
    shared: bool = False


@dataclasses.dataclass(frozen=True)
class ExchangeRoles:
    """All that Exchange knows: role ids by name, the application's own assignments, and all custom scopes."""

    role_ids: t.Mapping[str, str]
    assignments: tuple[Assignment, ...]
    custom_scopes: tuple[CustomScope, ...]


def read_exchange_roles(graph: GraphClient, principal_id: str, *, known: t.Iterable[Scope] = ()) -> ExchangeRoles:
    """``known`` are scopes whose names are known already. Raises ConflictError if Exchange's roles are not offered."""
    definitions, documents, custom = (
        _collect(graph, read) for read in (role_definitions_read(), role_assignments_read(), custom_scopes_read())
    )
    role_names = {str(document["id"]): str(document["displayName"]) for document in definitions}
    own = [document for document in documents if principal_of(document) == principal_id.lower()]
    of_others = {application.text(document, "appScopeId") for document in documents if document not in own}
    custom_scopes = tuple(_custom_scope(document, of_others) for document in custom)
    named = {Scope("custom", scope.id): scope for scope in custom_scopes}
    names = {scope: scope.name for scope in known}
    names |= names_of(graph, (scope for scope in map(scope_of, own) if scope not in names))
    found: dict[tuple[str, Scope], list[str]] = {}
    for document in own:
        role_id = str(document["roleDefinitionId"])
        found.setdefault((role_names.get(role_id, role_id), scope_of(document)), []).append(str(document["id"]))
    return ExchangeRoles(
        role_ids={name: role_id for role_id, name in role_names.items()},
        assignments=tuple(
            Assignment(role, _with_name(scope, named.get(scope), names), tuple(sorted(ids)))
            for (role, scope), ids in sorted(found.items(), key=lambda item: (item[0][0], item[0][1].id))
        ),
        custom_scopes=custom_scopes,
    )


def _with_name(scope: Scope, custom: CustomScope | None, names: t.Mapping[Scope, str]) -> Scope:
    if custom is not None:
        return dataclasses.replace(scope, name=custom.name, recipient_filter=custom.recipient_filter)
    return dataclasses.replace(scope, name=names.get(scope, ""))


def _custom_scope(document: Json, of_others: t.Collection[str | None]) -> CustomScope:
    attributes = document.get("customAttributes")
    scope_id = str(document["id"])
    return CustomScope(
        id=scope_id,
        name=str(document["displayName"]),
        recipient_filter=application.text(attributes, "RecipientFilter") or "" if isinstance(attributes, dict) else "",
        shared=scope_id in of_others,
    )


def _collect(graph: GraphClient, read: Read) -> list[Json]:
    try:
        return graph.collect(read)
    except GraphError as exc:
        fault = exc.fault
        if fault.status in AUTHORIZATION or fault.passes or (fault.status >= 500 and fault.status != 501):
            raise
        raise ConflictError(
            f"Could not {read.action}: this cloud or tenant does not offer it (Microsoft Graph beta):"
            f" {fault.message or fault.status}",
            next_step="Set O(method=commands): an Exchange administrator runs the lines in Exchange Online PowerShell.",
            status=fault.status,
            code=fault.code or None,
            request_id=fault.request_id,
        ) from None
