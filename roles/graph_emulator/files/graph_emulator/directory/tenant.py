# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory's state: what exists, who owns what, which secrets are good. No HTTP in here."""

from __future__ import annotations

import copy
import hashlib
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from ..catalogue import KEY_VAULT_APP_ID, RESOURCE_MANAGER_APP_ID
from ..clock import Clock
from ..mail.exchange import Exchange
from ..mail.mailboxes import Mail
from ..settings import Settings
from .lag import ReplicationLag
from .members import Members
from .store import DeletedTable, Rows, Table

Json = dict[str, Any]


def secret_digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


@dataclass
class Secret:
    """What is kept of a client secret: never the value itself."""

    digest: str
    created: float


@dataclass
class Directory:
    """Everything that a reset brings back to the seed."""

    generation: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Another one after each reset: what was known of the changes before is worth nothing"""
    applications: Table = field(
        default_factory=lambda: Table("appId", "uniqueName", "displayName", "identifierUris", "tags")
    )
    service_principals: Table = field(
        default_factory=lambda: Table("appId", "displayName", "servicePrincipalNames", "tags")
    )
    users: Table = field(default_factory=lambda: Table("userPrincipalName", "displayName", "mail", "proxyAddresses"))
    groups: Table = field(
        default_factory=lambda: Table("displayName", "mail", "mailNickname", "proxyAddresses", "uniqueName")
    )
    administrative_units: Table = field(default_factory=lambda: Table("displayName"))
    members: Members = field(default_factory=Members)
    created_by: dict[str, str] = field(default_factory=dict)
    """object id -> id of the user or service principal that created it"""
    user_roles: dict[str, frozenset[str]] = field(default_factory=dict)
    """user id -> template ids of directory roles, see directory_roles.py"""
    disabled_users: set[str] = field(default_factory=set)
    allowed_to_create_apps: bool = True
    """authorizationPolicy.defaultUserRolePermissions.allowedToCreateApps"""
    mail: Mail = field(default_factory=Mail)
    exchange: Exchange = field(default_factory=Exchange)
    deleted: DeletedTable = field(default_factory=lambda: DeletedTable("appId", "uniqueName", "displayName"))
    """object id -> (applications | servicePrincipals, object)"""
    owners: dict[str, list[str]] = field(default_factory=dict)
    assignments: Table = field(default_factory=lambda: Table("principalId", "resourceId"))
    assigned_at: dict[str, float] = field(default_factory=dict)
    grants: Table = field(default_factory=lambda: Table("clientId", "resourceId"))
    federated_credentials: dict[str, list[Json]] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    """key id -> base64 of the certificate, which GET does not show"""
    secrets: dict[str, Secret] = field(default_factory=dict)
    """key id -> secret"""
    organization: Json = field(default_factory=dict)
    policy: Json = field(default_factory=dict)


class Tenant:
    """The directory with its clock, switches and lock. Hold the lock while reading or changing it."""

    def __init__(self, *, tenant_id: str, domain: str, settings: Settings | None = None) -> None:
        self.tenant_id = tenant_id
        self.domain = domain
        self.settings = settings or Settings()
        self.clock = Clock()
        self.lock = threading.RLock()
        self.lag = ReplicationLag()
        self.directory = Directory()
        # The addresses of the key vault, each of which stands for it as a resource.
        self.key_vault_names: frozenset[str] = frozenset()
        self.resource_manager_names: frozenset[str] = frozenset()

    def showing(self, directory: Directory) -> Tenant:
        """This tenant with another directory, as a replica sees it; clock, settings and lock are the same."""
        other = copy.copy(self)
        other.directory = directory
        return other

    def load(self, directory: Directory) -> None:
        with self.lock:
            self.directory = directory
            self.lag = ReplicationLag()

    # Look-ups by what people know. They ignore replication lag; the Graph handlers ask for it themselves.

    def application_by(self, name: str, value: str) -> Json | None:
        return _first(self.directory.applications.where(name, value), name, value)

    def service_principal_by(self, name: str, value: str) -> Json | None:
        return _first(self.directory.service_principals.where(name, value), name, value)

    def service_principal_named(self, name: str) -> Json | None:
        """By servicePrincipalNames, where a trailing slash makes no difference."""
        bare = name.rstrip("/")
        if bare in self.key_vault_names:
            return self.service_principal_by("appId", KEY_VAULT_APP_ID)
        if bare in self.resource_manager_names:
            return self.service_principal_by("appId", RESOURCE_MANAGER_APP_ID)
        principals = self.directory.service_principals
        found = [principals.where("servicePrincipalNames", form).first() for form in (bare, f"{bare}/")]
        return next((principal for principal in found if principal is not None), None)

    def deleted_application_by(self, name: str, value: str) -> Json | None:
        gone = self.directory.deleted.where(name, value)
        return _first(gone.that(lambda item: self.directory.deleted[item["id"]][0] == "applications"), name, value)

    def granted_roles(self, principal_id: str, resource_id: str, *, in_tokens: bool) -> list[str]:
        """Values of the app roles assigned; `in_tokens` leaves out those that consent_delay still holds back."""
        resource = self.directory.service_principals.get(resource_id)
        if resource is None:
            return []
        values = {role["id"]: role["value"] for role in resource["appRoles"]}
        latest = self.clock.timestamp() - self.settings.consent_delay
        return [
            values[assignment["appRoleId"]]
            for assignment in self.directory.assignments.where("principalId", principal_id)
            if assignment["resourceId"] == resource_id
            and assignment["appRoleId"] in values
            and not (in_tokens and self.directory.assigned_at[assignment["id"]] > latest)
        ]

    def owns(self, principal_id: str, object_id: str) -> bool:
        return principal_id in self.directory.owners.get(object_id, [])

    def snapshot(self) -> Json:
        """The state for a human reader; it holds no secret value because none is kept."""
        with self.lock:
            directory = self.directory
            return {
                "tenant_id": self.tenant_id,
                "domain": self.domain,
                "applications": list(directory.applications.values()),
                "service_principals": [_brief(item) for item in directory.service_principals.values()],
                "deleted": [{"kind": kind, **_brief(item)} for kind, item in directory.deleted.values()],
                "owners": directory.owners,
                "app_role_assignments": list(directory.assignments.values()),
                "oauth2_permission_grants": list(directory.grants.values()),
                "users": list(directory.users.values()),
                "groups": list(directory.groups.values()),
                "administrative_units": list(directory.administrative_units.values()),
                "members": directory.members.as_dict(),
                "user_roles": {user_id: sorted(roles) for user_id, roles in directory.user_roles.items()},
                "policy": directory.policy,
                "exchange": directory.exchange.as_dict(),
                "settings": self.settings.as_dict(),
                "clock_offset": self.clock.offset,
            }


def _first(items: Rows, name: str, value: str) -> Json | None:
    wanted = value.lower()
    for item in items:
        held = item.get(name)
        if isinstance(held, str) and held.lower() == wanted:
            return item
    return None


def _brief(item: Json) -> Json:
    """Without the long permission lists of Microsoft's own service principals."""
    return {name: value for name, value in item.items() if name not in ("appRoles", "oauth2PermissionScopes")}
