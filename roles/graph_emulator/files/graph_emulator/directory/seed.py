# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant as it is at the start: organization, Microsoft's service principals, users, and the operator."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .. import catalogue
from ..clock import whole_seconds
from . import people, shapes
from .identifiers import assignment_id
from .tenant import Directory, Secret, Tenant, secret_digest

Json = dict[str, Any]

DEFAULT_DOMAIN = "contoso.onmicrosoft.com"
OPERATOR_ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Policy.Read.All",
)
_MICROSOFT_GRAPH_NAMES = [
    catalogue.MICROSOFT_GRAPH_APP_ID + "/ags.windows.net",
    catalogue.MICROSOFT_GRAPH_APP_ID,
    "https://canary.graph.microsoft.com",
    "https://canary.graph.microsoft.com/",
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
    "https://ags.windows.net",
    "https://graph.microsoft.us",
    "https://graph.microsoft.us/",
    "https://dod-graph.microsoft.us",
    "https://dod-graph.microsoft.us/",
    "Microsoft.Azure.AgregatorService",
]
_EXCHANGE_NAMES = [
    "00000002-0000-0ff1-ce00-000000000000/outlook.office365.com",
    "00000002-0000-0ff1-ce00-000000000000",
    "https://outlook.office365.com",
    "https://outlook.office365.com/",
    "https://outlook.office.com",
    "https://outlook.office.com/",
    "https://ps.outlook.com",
]
_SECRET_CHARACTERS = string.ascii_letters + string.digits + "~._-"


def new_guid() -> str:
    return str(uuid.uuid4())


def new_secret() -> str:
    """34 to 40 characters, as seen in azure-cli recordings and in public write-ups (8Q~ marks today's secrets)."""
    length = 37 + secrets.randbelow(4)
    body = "".join(secrets.choice(_SECRET_CHARACTERS) for _count in range(length - 6))
    # The first character is a letter or digit, so that a value never looks like a command line option.
    first = "".join(secrets.choice(string.ascii_letters + string.digits) for _count in range(3))
    return f"{first}8Q~{body}"


@dataclass(frozen=True)
class Operator:
    """A confidential client with its secret and the ids of its two objects."""

    roles: tuple[str, ...]
    display_name: str = "Gateway operator"
    client_id: str = field(default_factory=new_guid)
    client_secret: str = field(default_factory=new_secret)
    application_id: str = field(default_factory=new_guid)
    service_principal_id: str = field(default_factory=new_guid)
    key_id: str = field(default_factory=new_guid)


@dataclass(frozen=True)
class Seed:
    """The ids that stay the same over a reset, so that tokens and test fixtures stay good."""

    tenant_id: str = field(default_factory=new_guid)
    domain: str = DEFAULT_DOMAIN
    operator: Operator = field(default_factory=lambda: Operator(roles=OPERATOR_ROLES))
    graph_id: str = field(default_factory=new_guid)
    exchange_id: str = field(default_factory=new_guid)
    user_ids: tuple[str, ...] = field(default_factory=lambda: tuple(new_guid() for _person in people.PEOPLE))
    azure_cli_id: str = field(default_factory=new_guid)
    key_vault_id: str = field(default_factory=new_guid)
    resource_manager_id: str = field(default_factory=new_guid)

    def plant(self, tenant: Tenant) -> None:
        """Put the tenant back to its start."""
        directory = self._directory()
        people.plant(directory, ids=self.user_ids, tenant=tenant)
        tenant.load(directory)
        add_operator(tenant, self.operator, age=timedelta(days=1))

    def _directory(self) -> Directory:
        directory = Directory(organization=_organization(self.tenant_id, self.domain), policy=_policy())
        for principal in (
            _microsoft_principal(self.graph_id, "Microsoft Graph", table="microsoft_graph"),
            _microsoft_principal(self.exchange_id, "Office 365 Exchange Online", table="office365_exchange_online"),
        ):
            directory.service_principals[principal["id"]] = principal
        directory.service_principals[self.azure_cli_id] = _azure_cli(self.azure_cli_id)
        directory.service_principals[self.key_vault_id] = _key_vault(self.key_vault_id)
        directory.service_principals[self.resource_manager_id] = _resource_manager(self.resource_manager_id)
        return directory


def add_operator(tenant: Tenant, operator: Operator, *, age: timedelta) -> None:
    """Register a client with a good secret and granted roles, as if set up `age` ago."""
    directory = tenant.directory
    born = tenant.clock.now() - age
    application = shapes.application(
        object_id=operator.application_id,
        app_id=operator.client_id,
        created=whole_seconds(born),
        publisher_domain=tenant.domain,
    )
    application["displayName"] = operator.display_name
    graph = tenant.service_principal_by("appId", catalogue.MICROSOFT_GRAPH_APP_ID)
    if graph is None:
        raise LookupError("the tenant has no service principal of Microsoft Graph")
    role_ids = {role["value"]: role["id"] for role in graph["appRoles"]}
    for role in operator.roles:
        if role not in role_ids:
            raise ValueError(f"Microsoft Graph has no app role '{role}'")
    if operator.roles:
        application["requiredResourceAccess"] = [
            {
                "resourceAppId": catalogue.MICROSOFT_GRAPH_APP_ID,
                "resourceAccess": [{"id": role_ids[role], "type": "Role"} for role in operator.roles],
            }
        ]
    application["passwordCredentials"] = [
        {
            "customKeyIdentifier": None,
            "displayName": "operator",
            "endDateTime": whole_seconds(born + timedelta(days=365)),
            "hint": operator.client_secret[:3],
            "keyId": operator.key_id,
            "secretText": None,
            "startDateTime": whole_seconds(born),
        }
    ]
    principal = shapes.service_principal(
        object_id=operator.service_principal_id,
        app_id=operator.client_id,
        display_name=operator.display_name,
        created=whole_seconds(born),
        owner=tenant.tenant_id,
    )
    directory.applications[application["id"]] = application
    directory.service_principals[principal["id"]] = principal
    directory.secrets[operator.key_id] = Secret(secret_digest(operator.client_secret), created=0.0)
    for role in operator.roles:
        assignment = shapes.app_role_assignment(
            assignment_id=assignment_id(principal["id"]),
            created=whole_seconds(born),
            role_id=role_ids[role],
            principal=principal,
            resource=graph,
        )
        directory.assignments[assignment["id"]] = assignment
        directory.assigned_at[assignment["id"]] = 0.0


def _microsoft_principal(object_id: str, name: str, *, table: str) -> Json:
    is_graph = table == "microsoft_graph"
    principal = shapes.service_principal(
        object_id=object_id,
        display_name=name,
        created=None,
        owner=catalogue.MICROSOFT_TENANT_ID,
        app_id=catalogue.MICROSOFT_GRAPH_APP_ID if is_graph else catalogue.EXCHANGE_ONLINE_APP_ID,
    )
    principal["servicePrincipalNames"] = list(_MICROSOFT_GRAPH_NAMES if is_graph else _EXCHANGE_NAMES)
    principal["signInAudience"] = "AzureADMultipleOrgs"
    principal["appRoles"] = catalogue.app_roles(table)
    principal["oauth2PermissionScopes"] = catalogue.scopes(table)
    return principal


def _azure_cli(object_id: str) -> Json:
    """Microsoft's own public client, as in any tenant in which `az login` was used."""
    return _first_party(
        object_id,
        app_id=catalogue.AZURE_CLI_APP_ID,
        name="Microsoft Azure CLI",
        audience="AzureADandPersonalMicrosoftAccount",
    )


def _key_vault(object_id: str) -> Json:
    """As in any tenant with a key vault (list of Microsoft's own applications, "Verify first-party Microsoft apps")."""
    return _first_party(
        object_id, app_id=catalogue.KEY_VAULT_APP_ID, name="Azure Key Vault", names=(catalogue.KEY_VAULT_NAME,)
    )


def _resource_manager(object_id: str) -> Json:
    """As in the azure-cli recording test_app_permission."""
    name = "Windows Azure Service Management API"
    principal = _first_party(object_id, app_id=catalogue.RESOURCE_MANAGER_APP_ID, name=name)
    resource, other = catalogue.RESOURCE_MANAGER_NAMES
    principal["servicePrincipalNames"] = [other, resource, catalogue.RESOURCE_MANAGER_APP_ID, name]
    principal["replyUrls"] = [resource]
    principal["oauth2PermissionScopes"] = [
        {
            "adminConsentDescription": (
                "Allows the application to access the Azure Management Service API acting as users in the organization."
            ),
            "adminConsentDisplayName": "Access Azure Service Management as organization users (preview)",
            "id": "41094075-9dad-400e-a0bd-54e686782033",
            "isEnabled": True,
            "type": "User",
            "userConsentDescription": "Allows the application to access Azure Service Management as you.",
            "userConsentDisplayName": "Access Azure Service Management as you (preview)",
            "value": "user_impersonation",
        }
    ]
    return principal


def _first_party(
    object_id: str, *, app_id: str, name: str, names: tuple[str, ...] = (), audience: str = "AzureADMultipleOrgs"
) -> Json:
    principal = shapes.service_principal(
        object_id=object_id, app_id=app_id, display_name=name, created=None, owner=catalogue.MICROSOFT_TENANT_ID
    )
    if names:
        principal["servicePrincipalNames"] = [app_id, *names]
    principal["signInAudience"] = audience
    return principal


def _organization(tenant_id: str, domain: str) -> Json:
    """Keys of the organization resource's documentation page, in the order of its sample answer."""
    created = whole_seconds(datetime(2021, 3, 4, tzinfo=timezone.utc))
    return {
        "id": tenant_id,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": None,
        "country": None,
        "countryLetterCode": "US",
        "createdDateTime": created,
        "defaultUsageLocation": None,
        "displayName": "Contoso",
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": None,
        "partnerTenantType": None,
        "postalCode": None,
        "preferredLanguage": "en",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": None,
        "street": None,
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "privacyProfile": None,
        "assignedPlans": [],
        "provisionedPlans": [],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": True,
                "isInitial": True,
                "name": domain,
                "type": "Managed",
            }
        ],
    }


def _policy() -> Json:
    """Sample answer of the page "Get tenantAppManagementPolicy"."""
    return {
        "id": "00000000-0000-0000-0000-000000000000",
        "displayName": "Default app management tenant policy",
        "description": (
            "Default tenant policy that enforces app management restrictions on applications and service principals. "
            "To apply policy to targeted resources, create a new policy under appManagementPolicies collection."
        ),
        "isEnabled": False,
        "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
    }
