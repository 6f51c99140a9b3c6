# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Admin consent: app role assignments for application permissions, all-principals grants for delegated ones.

It consents to what the application declares, as the portal's button does, so that declaration and grant stay in step.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_goes_with,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    Permission,
    ResourcePrincipal,
    ResourcePrincipals,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.allowed import if_allowed
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.confirmation import (
    check_confirm_option,
    check_confirmed,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import (
    Answers,
    Consent,
    check_principal,
    consent_reads,
    get_named,
    may_lag_behind,
    no_consent,
    read_consent,
    read_resources,
    scopes_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import (
    FIELDS,
    declared_permissions,
    of_type,
    predicted,
    read_declaration,
    required_here,
    resources_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_applications import (
    ExpectedApplications,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_permissions import Expected

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

GRAPH_PRINCIPAL = "microsoft_graph"


class ConsentOptions(t.NamedTuple):
    """``grants`` is false for the method url. ``confirm`` is None if a withdrawal needs no confirmation."""

    address: application.Address
    present: bool
    grants: bool
    revoke_stale: bool
    expected_permissions: Expected | None
    expected_applications: ExpectedApplications
    confirm: t.Sequence[str] | None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> ConsentOptions:
        """Raises InputError for options that contradict each other or are malformed."""
        present, grants = params["state"] == "present", params["method"] == "grant"
        confirm = params["confirm"]
        of_present = {
            "expected_permissions": params["expected_permissions"] is not None,
            "revoke_stale": params["revoke_stale"],
            "method=url": not grants,
        }
        reason = ": O(state=absent) withdraws everything"
        for option, is_set in of_present.items():
            check_goes_with(option, "state=present", is_set=is_set, is_met=present, reason=reason)
        reason = ": O(method=url) changes nothing"
        check_goes_with("revoke_stale", "method=grant", is_set=params["revoke_stale"], is_met=grants, reason=reason)
        check_confirm_option(confirm, present=present)
        return cls(
            address=application.Address.of(params),
            present=present,
            grants=grants,
            revoke_stale=params["revoke_stale"],
            expected_permissions=_expected_permissions(params["expected_permissions"]),
            expected_applications=ExpectedApplications.of("O(expected_applications)", params["expected_applications"]),
            confirm=confirm,
        )

    @property
    def only_reads(self) -> bool:
        return self.present and not self.grants


def _expected_permissions(entries: t.Iterable[t.Mapping[str, t.Any]] | None) -> Expected | None:
    if entries is None:
        return None
    return Expected.of("O(expected_permissions)", entries)


def _removals(permissions: t.Iterable[Permission], current: Consent) -> str:
    """The options of the tasks that remove declared permissions, which need no service principal of the resource."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for permission in permissions:
        grouped.setdefault((permission.resource, permission.type), []).append(permission.id)
    tasks = []
    for (resource, kind), ids in grouped.items():
        listed = f"{kind}_permissions=[{', '.join(ids)}]"
        tasks.append(f"client_id={current.client_id}, resource={resource}, {listed}, state=absent")
    return "; ".join(tasks)


class ConsentResource:
    """Grants what is declared and missing; revokes what is no longer declared on request; withdraws all."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._options = ConsentOptions.of(call.params)

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    @property
    def _address(self) -> application.Address:
        return self._options.address

    def read(self) -> Consent:
        if self._options.only_reads:
            return self._read_if_allowed()
        if not self._options.present:
            return self._read()
        return read_declaration(
            self._graph, self._read, declared_in=lambda consent: (consent.client_id, consent.declared)
        )

    def _read_if_allowed(self) -> Consent:
        """A person who consents on the page needs no right of the operator's, so a 403 is no failure."""
        return if_allowed(self._read) or no_consent(self._address, declared_known=False)

    def _read(self) -> Consent:
        if self._address.client_id:
            document, answers, resources = self._read_by_client_id(self._address.client_id)
        else:
            document, answers, resources = self._read_by_other_key()
        if not document:
            return self._with_predicted(no_consent(self._address))
        check_principal(self._call, answers, self._address, present=self._options.present, action="consent for")
        consent = read_consent(self._graph, document, answers=answers, known=ResourcePrincipals(resources))
        consent = self._with_predicted(consent)
        self._require_scopes(consent)
        return consent

    def _read_by_client_id(self, client_id: str) -> tuple[Json, Answers, list[Json | None]]:
        """One request reads all that there is about an application that uses Graph alone."""
        created_recently, present = may_lag_behind(self._call, client_id), self._options.present
        reads = {"application": self._address.read(self._graph, select=FIELDS, handed=present)}
        reads |= consent_reads(
            client_id,
            created_recently=created_recently,
            empty_if_forbidden=self._options.only_reads,
            handed=present,
        )
        reads[GRAPH_PRINCIPAL] = ResourcePrincipal.read(RESOURCES[GRAPH_PRINCIPAL])
        answers = get_named(self._graph, reads)
        return self._required(answers["application"]), answers, [answers[GRAPH_PRINCIPAL]]

    def _read_by_other_key(self) -> tuple[Json, Answers, list[Json | None]]:
        """The client id has to be read first, and with it which resources there are."""
        document = self._required(self._graph.get(self._address.read(self._graph, select=FIELDS)))
        client_id = application.text_or_empty(document, "appId")
        if not client_id:
            return {}, {}, []
        created_recently = may_lag_behind(self._call, client_id)
        reads = consent_reads(client_id, created_recently=created_recently, empty_if_forbidden=self._options.only_reads)
        resources = resources_of(declared_permissions(document))
        for resource in resources:
            reads[resource] = ResourcePrincipal.read(resource)
        answers = get_named(self._graph, reads)
        return document, answers, list(map(answers.get, resources))

    def _required(self, document: Json | None) -> Json:
        return required_here(document, self._call, self._address, present=self._options.present)

    def _with_predicted(self, consent: Consent) -> Consent:
        """In check mode, with what an earlier task would have declared."""
        declared = predicted(self._graph, self._address, consent.client_id)
        if not declared or not self._options.present:
            return consent
        read_resources(self._graph, consent.principals, declared=declared, granting=())
        return consent._replace(declared=tuple(declared))

    def _require_scopes(self, consent: Consent) -> None:
        """Raises GraphError if grants may not be read and have to be: with delegated permissions, or to withdraw all.

        It names the right that is missing.
        """
        if consent.scopes.known:
            return
        delegated = of_type(consent.declared, "delegated")
        if not self._options.present or (delegated and self._options.grants):
            self._graph.collect(scopes_read(consent.client_id, created_recently=False, empty_if_forbidden=False))

    def desired(self, current: Consent) -> Consent:
        if not self._options.present:
            return self._withdrawn(current)
        self._refuse_unexpected(current)
        if self._options.only_reads:
            return current
        unknown = [p for p in current.missing if current.principals.name(p) == p.id]
        if unknown:
            raise ConflictError(
                f"Could not consent for {self._address}: it declares permissions that the resource does not offer:"
                f" {', '.join(map(current.principals.shown, unknown))}",
                next_step=f"Remove them with the module azure_app_graph_permissions: {_removals(unknown, current)}.",
            )
        wanted = {*current.declared}
        if not self._options.revoke_stale:
            wanted |= current.granted
        return current.with_granted(wanted)

    def _withdrawn(self, current: Consent) -> Consent:
        if current.granted:
            names = (current.display_name, current.unique_name, self._address.unique_name)
            check_confirmed(self._options.confirm, names, action="withdraw admin consent from")
        return current.with_granted(())

    def _refuse_unexpected(self, current: Consent) -> None:
        """Between the last read and the grant, since the application may be changed at any time."""
        if not current.client_id or not current.declared_known:
            return
        self._options.expected_applications.check(
            unique_name=current.unique_name,
            client_id=current.client_id,
            tenant_id=self._call.tenant_id,
            whose=shown(current.display_name or current.client_id),
        )
        if self._options.expected_permissions is not None:
            self._options.expected_permissions.check(current.declared, current.principals, whose=self._address)

    def apply(self, current: Consent, wanted: Consent) -> Consent:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_write import (
            RoleWriter,
            ScopeWriter,
        )

        RoleWriter(self._graph, self._address).apply(current, wanted)
        ScopeWriter(self._graph, self._address).apply(current, wanted)
        return wanted

    def view(self, state: Consent) -> View:
        return {"granted": sorted(map(state.principals.shown, state.granted))}

    def result(self, state: Consent) -> View:
        principals = state.principals
        client_id = filled(state.client_id)
        url = consent_url(self._call.endpoint.authority, self._call.tenant_id, client_id)
        if self._options.only_reads and not state.consented:
            self._call.warn(f"An administrator has to grant admin consent: {url}")
        return {
            "client_id": client_id,
            "service_principal_object_id": filled(state.principal_id),
            "tenant_id": self._call.tenant_id,
            "consented": state.consented,
            "granted": list(map(principals.described, sorted(state.granted, key=principals.shown))),
            "missing": list(map(principals.described, state.missing)),
            "stale": list(map(principals.described, state.stale)),
            "consent_url": url,
        }
