# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Admin consent: app role assignments for application permissions, all-principals grants for delegated ones.

It consents to what the application declares, as the portal's button does, so that declaration and grant stay in step.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    GraphError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import (
    FORBIDDEN,
    GraphClient,
    Json,
    Read,
    Write,
    by_key,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    A_PRINCIPAL,
    RESOURCES,
    Permission,
    ResourcePrincipal,
    ResourcePrincipals,
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_permissions import Expected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import (
    FIELDS,
    declared_permissions,
    read_declaration,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

ALL_PRINCIPALS = "AllPrincipals"
A_GRANT = Shape("a grant of delegated permissions", needs=("id", "resourceId"))


@dataclasses.dataclass(frozen=True)
class Grant:
    """The all-principals grant of one resource: one object with all its scopes."""

    id: str
    scopes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Consent:
    """What is declared and what is granted. ``scope_names`` are granted scopes, by resource, in Graph's spelling."""

    client_id: str
    principal_id: str
    declared: tuple[Permission, ...]
    granted: frozenset[Permission]
    assignment_ids: t.Mapping[Permission, str]
    grants: t.Mapping[str, Grant]  # resource's client id -> grant
    grants_known: bool  # false where the operator may not read them
    principals: ResourcePrincipals
    assignments_known: bool = True  # the same

    def is_granted(self, permission: Permission) -> bool | None:
        """None where the operator may not read it."""
        known = self.assignments_known if permission.type == "application" else self.grants_known
        return permission in self.granted if known else None

    @property
    def missing(self) -> list[Permission]:
        return [permission for permission in self.declared if permission not in self.granted]

    @property
    def stale(self) -> list[Permission]:
        return sorted(self.granted - set(self.declared), key=self.principals.shown)


def consent_reads(client_id: str, *, lag: bool, forbidden_ok: bool = False) -> list[Read]:
    """The reads that say what is granted to the application with that client id, for GraphClient.get_many.

    ``forbidden_ok`` is for those who can do with not knowing the application permissions (``assignments_known``).
    """
    principal = by_key("servicePrincipals", "appId", client_id)
    own = service_principal_read(client_id, tried=f"read the service principal of the application {client_id}")
    return [
        dataclasses.replace(own, lag=lag),
        Read(
            path=f"{principal}/appRoleAssignments",
            tried=f"read what is granted to the application {client_id}",
            right="read_assignments",
            lag=lag,
            shape=Shape("an assignment of an app role", needs=("id", "appRoleId", "resourceId")),
            forbidden_ok=forbidden_ok,
        ),
        Read(
            path=f"{principal}/oauth2PermissionGrants",
            tried=f"read the delegated permissions granted to the application {client_id}",
            right="read_grant",
            lag=lag,
            forbidden_ok=True,
            shape=A_GRANT,
        ),
    ]


def read_consent(
    graph: GraphClient, document: Json, *, answers: t.Sequence[Json | None], known: ResourcePrincipals
) -> Consent:
    """Put the answers to ``consent_reads`` together; reads the resources that are not known yet."""
    own, assignments, grants = answers
    client_id = application.text(document, "appId") or ""
    declared = declared_permissions(document)
    assigned = application.objects((assignments or {}).get("value"))
    granted = [
        grant
        for grant in application.objects((grants or {}).get("value"))
        if grant.get("consentType") == ALL_PRINCIPALS
    ]
    _read_resources(graph, known, declared=declared, granting=[*assigned, *granted])
    assignment_ids: dict[Permission, str] = {}
    for assignment in assigned:
        role_id = (application.text(assignment, "appRoleId") or "").lower()
        resource = known.of_object_id(application.text(assignment, "resourceId") or "")
        if resource is not None:
            permission = Permission(resource.client_id, "application", role_id)
            assignment_ids[permission] = application.text(assignment, "id") or ""
    found_grants: dict[str, Grant] = {}
    permissions = set(assignment_ids)
    for grant in granted:
        resource = known.of_object_id(application.text(grant, "resourceId") or "")
        if resource is None:
            continue
        scopes = tuple((application.text(grant, "scope") or "").split())
        found_grants[resource.client_id] = Grant(application.text(grant, "id") or "", scopes)
        by_name = {name: p for p, name in resource.names.items() if p.type == "delegated"}
        permissions |= {by_name.get(s, Permission(resource.client_id, "delegated", s)) for s in scopes}
    return Consent(
        client_id=client_id,
        principal_id=application.text(own or {}, "id") or "",
        declared=tuple(declared),
        granted=frozenset(permissions),
        assignment_ids=assignment_ids,
        grants=found_grants,
        grants_known=FORBIDDEN not in (grants or {}),
        principals=known,
        assignments_known=FORBIDDEN not in (assignments or {}),
    )


def _read_resources(
    graph: GraphClient, known: ResourcePrincipals, *, declared: t.Sequence[Permission], granting: t.Sequence[Json]
) -> None:
    """Names come from the tenant's own service principals of the resources, each read once."""
    reads = [
        ResourcePrincipal.read(client_id)
        for client_id in dict.fromkeys(permission.resource for permission in declared)
        if known.of_client_id(client_id) is None
    ]
    if reads:
        known.add(graph.get_many(reads))
    object_ids = dict.fromkeys(application.text(item, "resourceId") or "" for item in granting)
    by_object_id = [
        Read(
            path=f"servicePrincipals/{object_id}",
            tried="read a resource whose permissions are granted",
            query=ResourcePrincipal.read("").query,
            shape=dataclasses.replace(A_PRINCIPAL, equal={"id": object_id}),
        )
        for object_id in object_ids
        if object_id and known.of_object_id(object_id) is None
    ]
    if by_object_id:
        known.add(graph.get_many(by_object_id))


def _nothing(address: application.Address) -> Consent:
    return Consent(
        client_id=address.client_id or "",
        principal_id="",
        declared=(),
        granted=frozenset(),
        assignment_ids={},
        grants={},
        grants_known=True,
        principals=ResourcePrincipals(),
    )


class ConsentResource:
    """Grants what is declared and missing; revokes what is no longer declared on request; withdraws all."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._address = application.Address.of(call.params)
        self._present = call.params["state"] == "present"
        self._revoke_stale = bool(call.params["revoke_stale"])
        listed = call.params["expected_permissions"]
        self._expected = None if listed is None else Expected.of("expected_permissions", listed)
        if self._expected and not self._present:
            raise InputError(
                "expected_permissions goes with state=present only: state=absent withdraws everything",
                next_step="Remove expected_permissions.",
            )
        if self._revoke_stale and not self._present:
            raise InputError(
                "revoke_stale goes with state=present only: state=absent withdraws everything",
                next_step="Remove revoke_stale.",
            )

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Consent:
        if not self._present:
            return self._read()
        return read_declaration(self._graph, self._read, told=lambda consent: (consent.client_id, consent.declared))

    def _read(self) -> Consent:
        address = self._address
        own = address.read(self._graph, select=FIELDS)
        graph_principal = ResourcePrincipal.read(RESOURCES["microsoft_graph"])
        if address.client_id:
            # With the client id known, one request tells everything about an application that uses Graph alone.
            lag = self._graph.created_here(address.client_id)
            document, *answers, resource = self._graph.get_many(
                [own, *consent_reads(address.client_id, lag=lag), graph_principal]
            )
            found = application.required(document, address, may_be_gone=not self._present)
            resources = [resource]
            if not found:
                return _nothing(address)
        else:
            found = application.required(self._graph.get(own), address, may_be_gone=not self._present)
            client_id = application.text(found, "appId") or ""
            if not client_id:
                return _nothing(address)
            wanted = dict.fromkeys(permission.resource for permission in declared_permissions(found))
            lag = self._graph.created_here(client_id)
            reads = [*consent_reads(client_id, lag=lag), *(ResourcePrincipal.read(resource) for resource in wanted)]
            everything = self._graph.get_many(reads)
            answers, resources = everything[:3], everything[3:]
        if answers[0] is None and self._present and not self._call.check_mode:
            raise ConflictError(
                f"Could not consent for {address}: it has no service principal in this tenant",
                next_step="Run azure_app_registration for it, which creates the service principal.",
            )
        consent = read_consent(self._graph, found, answers=answers, known=ResourcePrincipals(resources))
        delegated = any(permission.type == "delegated" for permission in consent.declared)
        if not consent.grants_known and (delegated or not self._present):
            # Without delegated permissions the right to read grants is not needed; with them, say which one it is.
            self._graph.collect(dataclasses.replace(consent_reads(consent.client_id, lag=False)[2], forbidden_ok=False))
        return consent

    def desired(self, current: Consent) -> Consent:
        if not self._present:
            return dataclasses.replace(current, granted=frozenset())
        if self._expected:
            self._expected.check(current.declared, current.principals, whose=self._address)
        unknown = [p for p in current.missing if current.principals.name(p) == p.id]
        if unknown:
            raise ConflictError(
                f"Could not consent for {self._address}: it declares permissions that the resource does not offer:"
                f" {', '.join(current.principals.shown(permission) for permission in unknown)}",
                next_step="Remove them with azure_app_graph_permissions (state=absent, by id, or exact=true).",
            )
        granted = current.granted | set(current.declared)
        return dataclasses.replace(current, granted=frozenset(current.declared) if self._revoke_stale else granted)

    def apply(self, current: Consent, wanted: Consent) -> Consent:
        lag = self._graph.created_here(current.client_id)
        for permission in sorted(wanted.granted - current.granted, key=current.principals.shown):
            if permission.type == "application":
                self._assign(current, permission, lag=lag)
        for permission in sorted(current.granted - wanted.granted, key=current.principals.shown):
            if permission.type == "application":
                self._unassign(current, permission)
        for resource in sorted({p.resource for p in wanted.granted ^ current.granted if p.type == "delegated"}):
            self._set_scopes(current, wanted, resource, lag=lag)
        return wanted

    def _assign(self, current: Consent, permission: Permission, *, lag: bool) -> None:
        resource = current.principals.of_client_id(permission.resource)
        if resource is None:
            raise ConflictError(
                f"The tenant has no service principal of the resource {permission.resource}",
                next_step="Check the resource's client id, or remove its permissions from the application.",
            )
        right = "assign_app_role"
        if permission.resource != RESOURCES["microsoft_graph"]:
            right = "assign_other_app_role"
        try:
            made = self._graph.write(
                Write(
                    method="POST",
                    path=f"servicePrincipals/{resource.object_id}/appRoleAssignedTo",
                    tried=f"grant {current.principals.shown(permission)} to {self._address}",
                    right=right,
                    body={
                        "principalId": current.principal_id,
                        "resourceId": resource.object_id,
                        "appRoleId": permission.id,
                    },
                    lag=lag,
                )
            )
        except GraphError as exc:
            if not exc.fault.already_granted:
                raise
            return
        if application.text(made, "id"):
            self._graph.note_created(made["id"])

    def _unassign(self, current: Consent, permission: Permission) -> None:
        resource = current.principals.of_client_id(permission.resource)
        assignment_id = current.assignment_ids[permission]
        self._graph.write(
            Write(
                method="DELETE",
                path=f"servicePrincipals/{current.principal_id}/appRoleAssignments/{assignment_id}",
                tried=f"revoke {current.principals.shown(permission)} ({resource.display_name if resource else ''})"
                f" from {self._address}",
                right="unassign_app_role",
                # What this run made is not gone where it is not found, but not there yet.
                lag=self._graph.created_here(assignment_id),
            )
        )

    def _set_scopes(self, current: Consent, wanted: Consent, resource: str, *, lag: bool) -> None:
        """One grant a resource: created, changed, or deleted with its last scope."""
        before, after = (
            {state.principals.name(p) for p in state.granted if p.type == "delegated" and p.resource == resource}
            for state in (current, wanted)
        )
        grant = current.grants.get(resource)
        if grant is not None:
            self._change_scopes(grant, added=after - before, removed=before - after)
            return
        names = sorted(after)
        shown = f"the delegated permissions {' '.join(names)} to {self._address}"
        principal = wanted.principals.of_client_id(resource)
        # Where another run made the grant meanwhile, Graph refuses this one, and _module reads again.
        self._graph.write(
            Write(
                method="POST",
                path="oauth2PermissionGrants",
                tried=f"grant {shown}",
                right="write_grant",
                body={
                    "clientId": current.principal_id,
                    "consentType": ALL_PRINCIPALS,
                    "resourceId": principal.object_id if principal else "",
                    "scope": " ".join(names),
                },
                lag=lag,
            )
        )

    def _change_scopes(self, grant: Grant, *, added: set[str], removed: set[str]) -> None:
        """The scopes are one text, and whoever writes it replaces what others wrote since.

        Graph documents no If-Match for grants. So it is read once more right before the write, and again behind it.
        """
        before = self._scopes(grant)
        if before is None:
            raise self._overtaken()
        names = sorted((before | added) - removed)
        self._graph.write(
            Write(
                method="PATCH" if names else "DELETE",
                path=f"oauth2PermissionGrants/{grant.id}",
                tried=f"grant the delegated permissions {' '.join(names) or '(none)'} to {self._address}",
                right="write_grant",
                body={"scope": " ".join(names)} if names else None,
            )
        )
        if not names:
            return
        held = self._graph.patience.until(lambda scopes: scopes != before, lambda: self._scopes(grant))
        if held is None or not added <= held or removed & held:
            raise self._overtaken()

    def _scopes(self, grant: Grant) -> set[str] | None:
        document = self._graph.get(
            Read(
                path=f"oauth2PermissionGrants/{grant.id}",
                tried=f"read the delegated permissions granted to {self._address}",
                right="read_grant",
                shape=dataclasses.replace(A_GRANT, equal={"id": grant.id}),
            )
        )
        return None if document is None else set((application.text(document, "scope") or "").split())

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(
            f"Could not grant the delegated permissions of {self._address}: another client replaced them, or"
            " Microsoft Graph does not show them yet",
            next_step="Find out who else grants to the application, and run again.",
        )

    def view(self, state: Consent) -> View:
        return {"granted": sorted(state.principals.shown(permission) for permission in state.granted)}

    def result(self, state: Consent) -> View:
        described = state.principals.described
        return {
            "client_id": state.client_id or None,
            "service_principal_object_id": state.principal_id or None,
            "tenant_id": self._call.tenant_id,
            "granted": [described(p) for p in sorted(state.granted, key=state.principals.shown)],
            "missing": [described(p) for p in state.missing],
            "stale": [described(p) for p in state.stale],
            "consent_url": consent_url(self._call.endpoint.authority, self._call.tenant_id, state.client_id or None),
        }
