# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Roles of Exchange for an application, for some mailboxes: read, desired, apply, view, result."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    closest,
    did_you_mean,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, first, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.times import written_if_known
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_commands import (
    assign_commands,
    full_name,
    remove_commands,
    scope_name_for,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import (
    PREFIX,
    Scope,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    Permission,
    ResourcePrincipal,
    ResourcePrincipals,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import (
    check_principal,
    consent_reads,
    get_named,
    may_lag_behind,
    read_consent,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import (
    of_type,
    required_here,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_lookup import look_up
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_options import (
    MailboxScopeOptions,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_state import (
    Assignment,
    CustomScope,
    ExchangeRoles,
    MailboxScope,
    described,
    read_exchange_roles,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_write import (
    MailboxScopeWriter,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

FIELDS = ("id", "appId", "displayName", "uniqueName")
NOTHING = ExchangeRoles(role_ids={}, assignments=(), custom_scopes=())


class MailboxScopeResource:
    """Assigns the roles for the scope; removes other assignments of the application on request."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._options = MailboxScopeOptions.of(call.params)

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    @property
    def _address(self) -> application.Address:
        return self._options.address

    @functools.cached_property
    def _writer(self) -> MailboxScopeWriter:
        return MailboxScopeWriter(self._graph, self._address, now=self._call.now)

    def read(self) -> MailboxScope:
        document = self._graph.get(self._address.read(self._graph, select=(*FIELDS, "requiredResourceAccess")))
        found = required_here(document, self._call, self._address, present=self._options.present)
        entra = self._entra(found)
        wanted = look_up(self._graph, self._options)
        exchange = NOTHING
        if not self._options.by_commands:
            exchange = read_exchange_roles(self._graph, entra.principal_id, known=wanted.scopes)
        if wanted.nested and self._options.present:
            self._call.warn(
                f"Exchange uses only the direct members of the group {self._options.names[0]}, not those of the groups"
                f" in it: {', '.join(wanted.nested)}"
            )
        custom = self._custom(exchange, entra.client_id)
        roles = [self._role(role, exchange) for role in self._options.roles]
        return entra._replace(
            roles=tuple(dict.fromkeys(roles)),
            scopes=self._custom_scopes(custom) + wanted.scopes,
            exchange=exchange,
            custom=custom,
        )

    def _entra(self, document: Json) -> MailboxScope:
        """What Entra ID knows: the service principal, and what is granted to it for the whole tenant."""
        client_id = application.text_or_empty(document, "appId")
        object_id = application.text_or_empty(document, "id")
        name = application.text_or_empty(document, "displayName")
        nothing = MailboxScope(client_id, object_id, "", name, roles=(), scopes=(), exchange=NOTHING)
        if not client_id:
            return nothing
        # With the last read before a write, since the application may be replaced at any time.
        self._options.expected_applications.check(
            unique_name=application.text(document, "uniqueName"),
            client_id=client_id,
            tenant_id=self._call.tenant_id,
            whose=shown(name or client_id),
        )
        reads = consent_reads(client_id, created_recently=may_lag_behind(self._call, client_id))
        reads["microsoft_graph"] = ResourcePrincipal.read(RESOURCES["microsoft_graph"])
        answers = get_named(self._graph, reads)
        action, present = "assign roles of Exchange to", self._options.present
        check_principal(self._call, answers, self._address, present=present, action=action)
        if answers["principal"] is None:
            return nothing
        known = ResourcePrincipals([answers["microsoft_graph"]])
        consent = read_consent(self._graph, document, answers=answers, known=known)
        return nothing._replace(
            principal_id=consent.principal_id,
            granted=_role_names(consent.roles.granted, known),
            declared=_role_names(consent.declared, known),
        )

    def _scope_name(self, client_id: str) -> str:
        return self._options.scope_name or scope_name_for(client_id or "(client id)")

    def _custom(self, exchange: ExchangeRoles, client_id: str) -> CustomScope:
        name = self._scope_name(client_id)
        same = name.lower()  # Exchange does not look at the case
        found = first(exchange.custom_scopes, lambda scope: scope.name.lower() == same)
        return found or CustomScope(id="", name=name, recipient_filter="")

    def _custom_scopes(self, custom: CustomScope) -> tuple[Scope, ...]:
        if self._options.scope != "recipient_filter":
            return ()
        return (custom._replace(recipient_filter=self._options.names[0]).scope,)

    def _role(self, name: str, exchange: ExchangeRoles) -> str:
        """The role's name in Exchange. Raises ConflictError with the closest ones."""
        roles, full = exchange.role_ids, full_name(name)
        if not roles or full in roles:  # no roles are known for the method commands
            return full
        # Without the prefix, which would make any name look like any other.
        known = [role.removeprefix(PREFIX) for role in roles if role.startswith(PREFIX)]
        close = list(map(full_name, closest(full.removeprefix(PREFIX), known)))
        hint = did_you_mean(map(shown, close), otherwise="Directory permissions have no role there.")
        raise ConflictError(
            f"Exchange has no role {shown(full)} for applications", next_step=hint, role=name, closest=close
        )

    def desired(self, current: MailboxScope) -> MailboxScope:
        if self._options.by_commands:
            return current
        if not self._options.present:
            return self._without_scope(current)
        custom = current.custom
        if custom.shared and current.filter_differs:
            raise ConflictError(
                f"The custom scope {shown(custom.name)} has another recipient filter, and is used by others, too",
                next_step="Set scope_name in O(scope) to another name.",
                scope_name=custom.name,
            )
        kept, wanted = list(current.assignments), current.wanted
        if self._options.exact:
            kept = among(kept, wanted)
        missing = without(wanted, kept)
        # With the filters that the scopes are to have.
        return current.with_assignments((*kept, *missing)).with_scopes({scope: scope for scope in current.scopes})

    def _without_scope(self, current: MailboxScope) -> MailboxScope:
        kept = without(current.assignments, current.wanted)
        if not self._options.scope:
            kept = [assignment for assignment in current.assignments if assignment.role not in current.roles]
        rest = current.with_assignments(kept)
        if self._custom_is_to_go(rest):
            rest = rest._replace(custom=rest.custom._replace(id=""))
        return rest

    @property
    def _may_remove_custom(self) -> bool:
        return not self._options.present and self._options.scope in ("", "recipient_filter")

    def _custom_is_to_go(self, rest: MailboxScope) -> bool:
        """Whether nothing uses the custom scope any more."""
        if rest.custom.shared or not self._may_remove_custom:
            return False
        return rest.custom.scope not in {assignment.scope for assignment in rest.assignments}

    def apply(self, current: MailboxScope, wanted: MailboxScope) -> MailboxScope:
        if not self._options.present:
            return self._writer.remove(current, wanted)
        return self._writer.assign(current, wanted)

    def view(self, state: MailboxScope) -> View:
        view: View = {}
        filters = {a.scope.name: a.scope.recipient_filter for a in state.assignments if a.scope.kind == "custom"}
        if self._may_remove_custom and state.custom.id:  # also one that a run left without assignments
            filters[state.custom.name] = state.custom.recipient_filter
        if state.assignments or filters:
            view["assignments"] = sorted(map(str, state.assignments))
        if filters:
            view["filters"] = filters
        return view

    def result(self, state: MailboxScope) -> View:
        wanted: list[Assignment] = []
        if self._options.present:
            wanted = state.wanted
            self._warn_of_grants(state)
        other = without(state.assignments, wanted)
        own = sorted(among(state.assignments, wanted), key=str)
        return {
            "client_id": filled(state.client_id),
            "application_object_id": filled(state.object_id),
            "service_principal_object_id": filled(state.principal_id),
            "tenant_id": self._call.tenant_id,
            "roles": list(state.roles),
            "scopes": [scope.described for scope in state.scopes],
            "assignments": described(own),
            "other_assignments": described(other),
            "granted_for_all_mailboxes": state.for_all_mailboxes,
            "declared_for_all_mailboxes": state.once_consented,
            "assigned_at": written_if_known(self._writer.changed_at),
            "commands": self._commands(state),
        }

    def _warn_of_grants(self, state: MailboxScope) -> None:
        """In Entra ID, which open all mailboxes."""
        opened, once_consented = state.for_all_mailboxes, state.once_consented
        if self._options.scope == "tenant":
            return
        if opened:
            self._call.warn(
                f"{', '.join(opened)} is granted in Entra ID to {self._address}, for all mailboxes: the scope"
                " has no effect until that is revoked"
            )
        if once_consented:
            self._call.warn(
                f"{', '.join(once_consented)} is declared and not granted in Entra ID: admin consent would grant it for"
                f" all mailboxes to {self._address}. Remove it with azure_app_graph_permissions"
            )

    def _commands(self, state: MailboxScope) -> list[str]:
        if not state.principal_id:
            return []
        if not self._options.present:
            return remove_commands(
                principal_id=state.principal_id,
                roles=state.roles,
                scopes=state.scopes,
                scope_name=self._scope_name(state.client_id),
            )
        return assign_commands(
            client_id=state.client_id,
            principal_id=state.principal_id,
            display_name=state.display_name,
            roles=state.roles,
            scopes=state.scopes,
            scope_name=self._scope_name(state.client_id),
        )


def _role_names(permissions: t.Iterable[Permission], known: ResourcePrincipals) -> frozenset[tuple[str, str]]:
    """Those of application permissions, each with its resource."""
    return frozenset((resource_label(role.resource), known.name(role)) for role in of_type(permissions, "application"))
