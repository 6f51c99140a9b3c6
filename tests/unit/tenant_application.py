# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application in the tenant: a page object, so that tests do not depend on the data model of the emulator."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.faults import Fault

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"

# The request of each change: method, and a pattern of its path.
REQUESTS: dict[str, tuple[str, str]] = {
    "register": ("PATCH", r"/applications\(uniqueName="),
    "create its service principal": ("PATCH", r"/servicePrincipals\(appId="),
    "update": ("PATCH", r"/applications/[^/]+$"),
    "delete": ("DELETE", r"/applications/[^/]+$"),
    "create a secret": ("POST", "/addPassword"),
    "remove a secret": ("POST", "/removePassword"),
    "create a federated credential": ("POST", "/federatedIdentityCredentials"),
    "update a federated credential": ("PATCH", "/federatedIdentityCredentials"),
    "delete a federated credential": ("DELETE", "/federatedIdentityCredentials"),
    "grant a role": ("POST", "/appRoleAssignedTo"),
    "withdraw a role": ("DELETE", "/appRoleAssignments"),
    "assign a role": ("POST", "/roleAssignments$"),
    "remove a role": ("DELETE", "/roleAssignments/"),
    "grant scopes": ("POST", "/oauth2PermissionGrants"),
}


class TenantApplication:
    """The application that has this unique name now, also if it was renamed or another one took the name.

    Its lists are the tenant's own: changes by a test take effect.
    """

    def __init__(self, tenant: Tenant, unique_name: str = "gateway") -> None:
        self.tenant = tenant
        self.unique_name = unique_name
        found = tenant.application(uniqueName=unique_name)
        self.client_id = str(found["appId"])
        self.object_id = str(found["id"])

    @classmethod
    def registered(cls, tenant: Tenant, unique_name: str = "gateway", **options: t.Any) -> TenantApplication:
        """An application to start from; the requests of its registration are cleared."""
        tenant.register(unique_name, **options)
        return cls(tenant, unique_name)

    @property
    def document(self) -> Json:
        return self.tenant.application(appId=self.client_id)

    @property
    def principal(self) -> Json:
        (only,) = self.tenant.service_principals(self.client_id)
        return only

    @property
    def ids(self) -> dict[str, str]:
        """The options with which a module finds it."""
        return {"unique_name": self.unique_name, "client_id": self.client_id, "object_id": self.object_id}

    @property
    def secrets(self) -> list[Json]:
        found: list[Json] = self.document["passwordCredentials"]
        return found

    @property
    def secret_ids(self) -> list[str]:
        return [secret["keyId"] for secret in self.secrets]

    @property
    def certificates(self) -> list[Json]:
        found: list[Json] = self.document["keyCredentials"]
        return found

    @property
    def federated_credentials(self) -> list[Json]:
        found: list[Json] = self.tenant.server.tenant.directory.federated_credentials.get(self.object_id, [])
        return found

    def expire(self, credential: Json | None = None, /, **lifetime: int) -> None:
        """Set the end of a credential (its only secret) to this long from now; a negative time has passed."""
        if credential is None:
            (credential,) = self.secrets
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**lifetime)
        credential["endDateTime"] = f"{end:%Y-%m-%dT%H:%M:%S}Z"

    def declared(self, resource: str = MICROSOFT_GRAPH, *, kind: str | None = None) -> list[str]:
        """The names of the permissions that it declares, of one kind ("Role", "Scope") or of both."""
        accesses = [access for entry in self.declarations(resource) for access in entry["resourceAccess"]]
        ids = {access["id"] for access in accesses if kind in (None, access["type"])}
        return sorted({permission["value"] for permission in self._offered(resource) if permission["id"] in ids})

    def declarations(self, resource: str = MICROSOFT_GRAPH) -> list[Json]:
        """The entries of requiredResourceAccess for a resource."""
        return [entry for entry in self.document["requiredResourceAccess"] if entry["resourceAppId"] == resource]

    def declare(self, resource: str, *accesses: tuple[str, str]) -> Json:
        """Add an entry to the application's requiredResourceAccess, as by hand."""
        access = [{"id": permission_id, "type": kind} for permission_id, kind in accesses]
        entry: Json = {"resourceAppId": resource, "resourceAccess": access}
        self.document["requiredResourceAccess"].append(entry)
        return entry

    def granted(self, resource: str = MICROSOFT_GRAPH) -> list[str]:
        """The app roles in tokens of the application."""
        (offering,) = self.tenant.service_principals(resource)
        directory = self.tenant.server.tenant
        return sorted(directory.granted_roles(self.principal["id"], offering["id"], in_tokens=True))

    @property
    def grants(self) -> list[Json]:
        """The delegated permission grants of the application."""
        everybodys = self.tenant.server.tenant.directory.grants.values()
        return [grant for grant in everybodys if grant["clientId"] == self.principal["id"]]

    def accepts(self, value: str) -> bool:
        """Whether the token endpoint accepts the value of a client secret, checked with the module for it."""
        whose: Json = {"tenant_id": self.tenant.server.tenant_id, "client_id": self.client_id}
        proof = self.tenant.run("azure_app_token_info", **whose, client_secret=value, poll=False)
        return proof.get("proven") is True

    def fails_to(self, action: str, **fault: t.Any) -> Fault:
        """The next request of this kind (see REQUESTS) fails with the fault."""
        method, path = REQUESTS[action]
        return self.tenant.server.faults.add(method=method, path=path, **fault)

    def stale(self, *, reads: int = 1, **members: t.Any) -> None:
        """So many reads return these members in an old state, as from a replica that lags behind."""
        shown = {"id": self.object_id, "appId": self.client_id, "displayName": self.document["displayName"], **members}
        self.tenant.server.faults.add(method="GET", path="/applications", status=200, body=shown, times=reads)

    def _offered(self, resource: str) -> list[Json]:
        (offering,) = self.tenant.service_principals(resource)
        return [*offering["appRoles"], *offering["oauth2PermissionScopes"]]
