# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that write to the tenant, as data for test_writers.py. A new one is one entry of WRITERS.

Its invalid options are one entry of BAD_OPTIONS in bad_options.py.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

GATEWAY: Json = {"unique_name": "gateway"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


@dataclasses.dataclass(frozen=True)
class Writer:
    """One module, and its object in the common tests. They run in a folder of their own.

    ``requests`` are the kinds of REQUESTS in tenant_application.py whose responses go wrong in the three
    steps. ``current_state`` reads from the tenant what the module manages; ``states`` are the expected values after
    each step.
    """

    module: str
    prepare: c.Callable[[Tenant], object]  # a tenant without the object
    create: Json  # the options that create it
    change: Json  # additional options that change it
    remove: c.Callable[[Json], Json]  # the options that remove the object of this result
    writes: tuple[str, ...]  # the requests that create it, ids as *
    requests: t.Mapping[str, str]  # "create", "change", "remove"
    current_state: c.Callable[[Tenant], object]
    states: t.Mapping[str, object]  # the current state after "create", "change", "remove"
    rights: tuple[str, ...]  # words of the next step if the operator can only read
    diff_of_change: str  # a name in the diff of the change
    before_change: c.Callable[[Tenant], object] = lambda tenant: None
    new_id: str | None = None  # the return value that check mode cannot predict
    requests_if_unchanged: int = 2
    requests_if_absent: int = 2
    secret: str | None = None  # the documented return value with a secret
    moving: tuple[str, ...] = ()  # return values that differ although nothing changed
    files_for_the_next_run: tuple[str, ...] = ()  # objects that a refused creation leaves behind on purpose


def _application(tenant: Tenant) -> TenantApplication | None:
    names = [application["uniqueName"] for application in tenant.applications]
    return TenantApplication(tenant) if "gateway" in names else None


def _registration(tenant: Tenant) -> object:
    application = _application(tenant)
    if application is None:
        return None
    document = application.document
    return document["displayName"], document["notes"], len(tenant.service_principals(document["appId"]))


def _of_application(read: c.Callable[[TenantApplication], object]) -> c.Callable[[Tenant], object]:
    return lambda tenant: read(TenantApplication(tenant))


def _declares(*names: str) -> c.Callable[[Tenant], object]:
    def declare(tenant: Tenant) -> None:
        if _application(tenant) is None:
            tenant.register()
        tenant.ok("azure_app_graph_permissions", **GATEWAY, application_permissions=list(names))
        tenant.clear_requests()

    return declare


def _with_exchange(tenant: Tenant) -> None:
    """An application, and an operator who can also change roles in Exchange."""
    tenant.register()
    tenant.sign_in_with("RoleManagement.ReadWrite.Exchange", "Application.Read.All", "Directory.Read.All")


def _exchange_roles(tenant: Tenant) -> list[str]:
    return sorted(entry.role for entry in tenant.server.tenant.directory.exchange.shown)


WRITERS = (
    Writer(
        module="azure_app_registration",
        prepare=lambda tenant: None,
        create={**GATEWAY, "display_name": "Gateway", "notes": "first"},
        change={"notes": "second"},
        remove=lambda made: {**GATEWAY, "state": "absent"},
        writes=("PATCH /applications(uniqueName='gateway')", "PATCH /servicePrincipals(appId='*')"),
        requests={"create": "register", "change": "update", "remove": "delete"},
        current_state=_registration,
        states={"create": ("Gateway", "first", 1), "change": ("Gateway", "second", 1), "remove": None},
        rights=("Application.ReadWrite.OwnedBy", "Cloud Application Administrator"),
        new_id="client_id",
        diff_of_change="second",
    ),
    Writer(
        module="azure_app_graph_permissions",
        prepare=Tenant.register,
        create={**GATEWAY, "application_permissions": ["Mail.ReadWrite", "User.Read.All"]},
        change={"application_permissions": ["Mail.Send"]},
        remove=lambda made: {
            **GATEWAY,
            "application_permissions": made["application_permissions"],
            "state": "absent",
        },
        writes=("PATCH /applications/*",),
        requests={"create": "update", "change": "update", "remove": "update"},
        current_state=_of_application(lambda application: application.declared()),
        states={
            "create": ["Mail.ReadWrite", "User.Read.All"],
            "change": ["Mail.ReadWrite", "Mail.Send", "User.Read.All"],
            "remove": [],
        },
        rights=("Application.ReadWrite.OwnedBy", "Cloud Application Administrator"),
        requests_if_unchanged=1,
        diff_of_change="Mail.Send",
    ),
    Writer(
        module="azure_admin_consent",
        prepare=_declares("Mail.ReadWrite", "User.Read.All"),
        create=GATEWAY,
        change={},
        before_change=_declares("Mail.Send"),
        remove=lambda made: {**GATEWAY, "state": "absent"},
        writes=("POST /servicePrincipals/*/appRoleAssignedTo",) * 2,
        requests={"create": "grant a role", "change": "grant a role", "remove": "withdraw a role"},
        current_state=_of_application(lambda application: application.granted()),
        states={
            "create": ["Mail.ReadWrite", "User.Read.All"],
            "change": ["Mail.ReadWrite", "Mail.Send", "User.Read.All"],
            "remove": [],
        },
        rights=("AppRoleAssignment.ReadWrite.All", "Privileged Role Administrator"),
        diff_of_change="Mail.Send",
    ),
    Writer(
        module="azure_app_secret",
        prepare=Tenant.register,
        create={**GATEWAY, "description": "mail gateway"},
        change={"stored_key_id": ""},
        remove=lambda made: {**GATEWAY, "key_id": made["key_id"], "state": "absent"},
        writes=("POST /applications/*/addPassword",),
        requests={"create": "create a secret", "change": "create a secret", "remove": "remove a secret"},
        current_state=_of_application(lambda application: [secret["displayName"] for secret in application.secrets]),
        states={"create": ["mail gateway"], "change": ["mail gateway"] * 2, "remove": []},
        rights=("Application.ReadWrite.OwnedBy", "Cloud Application Administrator"),
        new_id="key_id",
        requests_if_unchanged=1,
        diff_of_change="mail gateway",
        secret="client_secret",
        moving=("client_secret", "days_left"),
    ),
    Writer(
        module="azure_app_certificate",
        prepare=Tenant.register,
        create={**GATEWAY, "description": "mail gateway", "path": "keys/gateway.pem"},
        change={"subject": "gateway.example.com"},
        remove=lambda made: {**GATEWAY, "key_id": made["key_id"], "state": "absent"},
        writes=("PATCH /applications/*",),
        requests={"create": "update", "change": "update", "remove": "update"},
        current_state=_of_application(lambda application: [entry["displayName"] for entry in application.certificates]),
        states={"create": ["mail gateway"], "change": ["mail gateway"] * 2, "remove": []},
        rights=("Application.ReadWrite.OwnedBy", "Cloud Application Administrator"),
        new_id="key_id",
        requests_if_unchanged=1,
        diff_of_change="mail gateway",
        moving=("days_left",),
        files_for_the_next_run=("keys/gateway.pem.new",),
    ),
    Writer(
        module="azure_app_federated_credential",
        prepare=Tenant.register,
        create={**GATEWAY, "name": "cluster", "issuer": "https://oidc.example.com/cluster", "subject": "first"},
        change={"subject": "second"},
        remove=lambda made: {**GATEWAY, "name": "cluster", "state": "absent"},
        writes=("POST /applications/*/federatedIdentityCredentials",),
        requests={
            "create": "create a federated credential",
            "change": "update a federated credential",
            "remove": "delete a federated credential",
        },
        current_state=_of_application(
            lambda application: [entry["subject"] for entry in application.federated_credentials]
        ),
        states={"create": ["first"], "change": ["second"], "remove": []},
        rights=("Application.ReadWrite.OwnedBy", "Cloud Application Administrator"),
        new_id="federated_credential_id",
        diff_of_change="second",
    ),
    Writer(
        module="azure_app_mailbox_scope",
        prepare=_with_exchange,
        create={**GATEWAY, "roles": ["Mail.ReadWrite"], "scope": {"users": ["adele@contoso.onmicrosoft.com"]}},
        change={"roles": ["Mail.ReadWrite", "Mail.Send"]},
        remove=lambda made: {**GATEWAY, "roles": ["Mail.ReadWrite"], "state": "absent"},
        writes=("POST /beta/roleManagement/exchange/roleAssignments",),
        requests={"create": "assign a role", "change": "assign a role", "remove": "remove a role"},
        current_state=_exchange_roles,
        states={
            "create": ["Application Mail.ReadWrite"],
            "change": ["Application Mail.ReadWrite", "Application Mail.Send"],
            "remove": [],
        },
        rights=("User.ReadBasic.All",),
        diff_of_change="Application Mail.Send",
        requests_if_unchanged=4,
        requests_if_absent=3,
        moving=("assigned_at",),
    ),
)

# Modules without _info in their name that do not write to the tenant.
NO_WRITERS = {
    "azure_app_report": "writes files only: test_azure_app_report.py",
    "azure_device_login": "signs in: test_azure_device_login.py",
}
