# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The form of a report, and of what it is made from. A report holds no secret, not even a hint of one.

What is read of an application is described in azure_app_registration_info.
"""

from __future__ import annotations

import typing as t

FORMAT = 1
STATUSES = ("expired", "due", "ok", "none")  # the worst first; "none" has no credential that ends
STORE_STATES = ("yes", "no", "not checked")
VERDICTS = ("failed", "attention", "ok")
# The worst first. Those before "due" keep a gateway from its work, or may do so.
PROBLEMS = (
    "no_application", "switched_off", "no_credential", "expired", "store", "not_granted", "mailboxes",
    "not_looked_at", "due", "store_not_read",
)  # fmt: skip
KINDS = {"client_secret": "client secret", "certificate": "certificate", "federated": "federated credential"}


class ReadCredential(t.TypedDict):
    """A client secret or certificate of an application; what else is read of it is not needed here."""

    key_id: str | None
    description: str | None
    start: str | None
    end: str | None
    days_left: int | None


class ReadFederatedCredential(t.TypedDict):
    """A federated credential, which does not end."""

    federated_credential_id: str
    name: str


class ReadPermission(t.TypedDict):
    """A permission that an application declares or holds; ``granted`` is None if it may not be read."""

    resource: str
    type: str
    name: str
    id: str
    declared: bool
    granted: bool | None


class Owner(t.TypedDict):
    """An owner of an application; the name is None if it may not be read."""

    object_id: str | None
    display_name: str | None
    type: str | None


class SwitchedOffText(t.TypedDict):
    """Why an application gets no token, and what to do."""

    reason: str
    next_step: str


class ReadScope(t.TypedDict):
    """The mailboxes for which a role is assigned in Exchange."""

    type: str
    id: str | None
    name: str | None


class ReadMailboxRole(t.TypedDict):
    """A role of an application in Exchange."""

    role: str
    scope: ReadScope


class MailboxReach(t.TypedDict):
    """Which mailboxes an application reaches: "all", "some", "none" or "unknown", and the same in words."""

    reach: str
    text: str


class ReadApplication(t.TypedDict):
    """An application and the tenant in which it was read. A list is None if it may not be read."""

    tenant_id: str
    client_id: str
    application_object_id: str
    display_name: str | None
    unique_name: str | None
    tags: list[str]
    portal_url: str
    secrets: list[ReadCredential]
    certificates: list[ReadCredential]
    federated_credentials: list[ReadFederatedCredential] | None
    permissions: list[ReadPermission]
    owners: list[Owner] | None
    switched_off: SwitchedOffText | None
    mailbox_roles: list[ReadMailboxRole] | None


class ReportedGateway(t.TypedDict):
    """A gateway of an application. ``in_store`` is one of STORE_STATES; ``next_step`` is about the store.

    ``limited``: its settings limit it to some mailboxes.

    ``missing_permissions`` are those that its own profile wants and that are not granted.
    """

    host: str
    profile: str
    credential: str
    in_store: str
    in_store_note: str
    next_step: str
    missing_permissions: list[str]
    limited: bool


class ReportedCredential(t.TypedDict):
    """A credential. ``counts`` is false if a newer one replaced it and no store holds it."""

    kind: str
    description: str | None
    key_id: str | None
    start: str | None
    end: str | None
    days_left: int | None
    status: str
    newer_exists: bool
    stored_by: list[str]
    counts: bool


class ReportedPermission(t.TypedDict):
    """A permission. ``wanted`` is None if no gateway has a profile."""

    resource: str
    type: str
    name: str
    wanted: bool | None
    declared: bool
    granted: bool | None
    state: str


class ReportedApplication(t.TypedDict):
    """An application. ``drift`` names the permissions that are wanted and not granted."""

    display_name: str | None
    unique_name: str | None
    client_id: str
    tenant_id: str
    application_object_id: str
    portal_url: str
    managed: bool
    gateways: list[ReportedGateway]
    owners: list[Owner] | None
    permissions: list[ReportedPermission]
    drift: list[str]
    mailboxes: MailboxReach
    switched_off: SwitchedOffText | None
    credentials: list[ReportedCredential]
    status: str
    end: str | None
    days_left: int | None


class AbsentApplication(t.TypedDict):
    """A gateway whose application is not in its tenant; ``deleted`` if it is among the soft-deleted ones there."""

    host: str
    tenant_id: str
    profile: str
    display_name: str
    unique_name: str
    client_id: str
    credential: str
    deleted: bool


class SkippedHost(t.TypedDict):
    """A host of the play of which nothing is known."""

    host: str
    reason: str


class Problem(t.TypedDict):
    """A problem, and what to do about it. ``kind`` is one of PROBLEMS; no host: of no gateway of the play."""

    kind: str
    host: str | None
    display_name: str | None
    client_id: str | None
    text: str
    days_left: int | None
    next_step: str


class Verdict(t.TypedDict):
    """The report in a headline, the worst first, and the sentences behind it. ``status`` is one of VERDICTS."""

    status: str
    headline: str
    more: list[str]


class NextCredential(t.TypedDict):
    """The live credential that ends first."""

    display_name: str | None
    client_id: str
    gateways: list[str]
    kind: str
    description: str | None
    end: str
    days_left: int
    status: str


class Summary(t.TypedDict):
    """The report in numbers."""

    applications: int
    gateways: int
    not_in_inventory: int
    credentials: dict[str, int]
    without_credential: int
    with_missing_permissions: int
    switched_off: int
    gateways_without_credential: int
    gateways_lacking_permissions: int
    gateways_not_limited: int
    not_in_store: int
    stores_not_checked: int
    gateways_without_application: int
    hosts_not_looked_at: int
    grants_unknown: int
    owners_unknown: int
    next: NextCredential | None


class ReportedTenant(t.TypedDict):
    """A tenant; the name is None if it may not be read."""

    tenant_id: str
    display_name: str | None


class ReportContent(t.TypedDict):
    """A report without its digest."""

    format: int
    generated: str
    tenants: list[ReportedTenant]
    scope: str
    due_within_days: int
    verdict: Verdict
    summary: Summary
    problems: list[Problem]
    applications: list[ReportedApplication]
    gateways_without_application: list[AbsentApplication]
    hosts_not_looked_at: list[SkippedHost]


class Report(ReportContent):
    """The report, as the JSON file has it."""

    digest: str


def counting(credentials: t.Iterable[ReportedCredential]) -> list[ReportedCredential]:
    """Those that count, in the same order."""
    return [credential for credential in credentials if credential["counts"]]
