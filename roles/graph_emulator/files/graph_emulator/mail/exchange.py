# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an Exchange administrator sets up for applications, and who may therefore send or read as which mailbox.

No SMTP and no HTTP in here. Pages "Authenticate an IMAP, POP or SMTP connection using OAuth" and
"smtp-app-rbac-onboarding" (office-developer-exchange-docs), "Role Based Access Control for Applications in Exchange
Online". Role assignments through Microsoft Graph: see graph/exchange_roles.py.
"""

from __future__ import annotations

import dataclasses
import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..caller import Caller

SEND_AS_APP = "SMTP.SendAsApp"
_MAIL = ("Mail.ReadWrite", "Mail.Send")
# Exchange's roles for applications: what they open, as the permissions of SMTP and of Microsoft Graph are named.
APPLICATION_ROLES: dict[str, tuple[str, ...]] = {
    f"Application {name}": (name,)
    for name in (
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Contacts.Read",
        "Contacts.ReadWrite",
        "EWS.AccessAsApp",
        "Mail.Read",
        "Mail.ReadBasic",
        "Mail.ReadWrite",
        "Mail.Send",
        "MailboxSettings.Read",
        "MailboxSettings.ReadWrite",
        SEND_AS_APP,
    )
} | {
    "Application Mail Full Access": _MAIL,
    "Application Exchange Full Access": (
        *_MAIL,
        "MailboxSettings.ReadWrite",
        "Calendars.ReadWrite",
        "Contacts.ReadWrite",
    ),
}


@dataclass(frozen=True)
class RoleAssignment:
    """New-ManagementRoleAssignment; `mailboxes` are the user ids in its scope, None means all.

    One made through Microsoft Graph has `directory_scope` or `app_scope` instead. `made` and `ended` are points on the
    tenant's clock; one that has ended is no longer shown, but may still count for a while.
    """

    id: str
    role: str
    principal_id: str
    mailboxes: frozenset[str] | None = None
    directory_scope: str | None = None
    app_scope: str | None = None
    made: float = 0.0
    ended: float | None = None


class Scopes(Protocol):
    """What the directory knows of the scopes of assignments."""

    def in_scope(self, entry: RoleAssignment, user_id: str) -> bool:
        """Whether the mailbox of the user is in the scope."""

    def counts(self, entry: RoleAssignment) -> bool:
        """Whether the assignment has arrived, and has not gone everywhere."""


@dataclass
class Exchange:
    """Applications by client id, mailboxes by user id."""

    service_principals: dict[str, str] = field(default_factory=dict)
    """New-ServicePrincipal: client id -> the object id that the administrator typed"""
    full_access: set[tuple[str, str]] = field(default_factory=set)
    """Add-MailboxPermission: (user id, client id)"""
    assignments: dict[str, RoleAssignment] = field(default_factory=dict)
    custom_scopes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """customAppScopes by id, as Graph shows them"""
    smtp_auth_disabled: bool = False
    """Set-TransportConfig -SmtpClientAuthenticationDisabled"""
    smtp_auth_disabled_for: dict[str, bool] = field(default_factory=dict)
    """Set-CASMailbox -SmtpClientAuthenticationDisabled, which goes before the tenant's setting"""
    challenges_errors: bool = False
    """Send a refusal first in a 334, as in the description of XOAUTH2; Exchange's page shows the 535 immediately."""

    def as_dict(self) -> dict[str, Any]:
        """The state for a human reader."""
        return {
            "service_principals": self.service_principals,
            "full_access": [list(pair) for pair in sorted(self.full_access)],
            "role_assignments": [self._described(entry) for entry in self.shown],
            "smtp_auth_disabled": self.smtp_auth_disabled,
            "smtp_auth_disabled_for": self.smtp_auth_disabled_for,
        }

    def _described(self, entry: RoleAssignment) -> dict[str, Any]:
        known = {object_id: client_id for client_id, object_id in self.service_principals.items()}
        return {
            "client_id": known.get(entry.principal_id, entry.principal_id),
            "role": entry.role,
            "mailboxes": None if entry.mailboxes is None else sorted(entry.mailboxes),
            "directory_scope": entry.directory_scope,
            "app_scope": entry.app_scope,
        }

    @property
    def shown(self) -> list[RoleAssignment]:
        """Those that have not ended."""
        return [entry for entry in self.assignments.values() if entry.ended is None]

    def assign(self, client_id: str, role: str, mailboxes: Iterable[str] | None) -> None:
        """New-ManagementRoleAssignment, for these mailboxes or for all."""
        if role not in APPLICATION_ROLES:
            raise ValueError(f"role must be one of {', '.join(APPLICATION_ROLES)}")
        if client_id not in self.service_principals:
            raise ValueError(f"{client_id} is no service principal in Exchange")
        self.add(
            RoleAssignment(
                id=str(uuid.uuid4()),
                role=role,
                principal_id=self.service_principals[client_id],
                mailboxes=None if mailboxes is None else frozenset(mailboxes),
                directory_scope="/" if mailboxes is None else None,
                made=-math.inf,
            )
        )

    def add(self, entry: RoleAssignment) -> None:
        self.assignments[entry.id] = entry

    def end(self, assignment_id: str, *, at: float) -> None:
        self.assignments[assignment_id] = dataclasses.replace(self.assignments[assignment_id], ended=at)

    def anywhere(self, caller: Caller, scopes: Scopes) -> Caller:
        """With the permissions that role assignments give it in at least one mailbox."""
        return self._widened(caller, self._of(caller, scopes))

    def at(self, caller: Caller, user_id: str, scopes: Scopes) -> Caller:
        """With the permissions that role assignments give it in this mailbox: they add to those granted in Entra ID."""
        entries = [entry for entry in self._of(caller, scopes) if scopes.in_scope(entry, user_id)]
        return self._widened(caller, entries)

    def smtp_auth_off(self, user_id: str) -> str | None:
        """Whose setting turns SMTP AUTH off for the mailbox: Mailbox, Tenant, or none."""
        own = self.smtp_auth_disabled_for.get(user_id)
        if own is not None:
            return "Mailbox" if own else None
        return "Tenant" if self.smtp_auth_disabled else None

    def may_send(self, caller: Caller, user_id: str, scopes: Scopes) -> bool:
        """The claim needs the mailbox permission, also beside a role assignment; without it, the assignment suffices.

        That FullAccess is looked at when the client authenticates is inferred: the page asks for it without saying
        when, and a report (email-oauth2-proxy issue 271) saw it missed only at the end of a message.
        """
        if not self._registered(caller):
            return False
        if SEND_AS_APP in caller.roles:
            return (user_id, caller.client_id) in self.full_access
        return SEND_AS_APP in self.at(caller, user_id, scopes).roles

    def _registered(self, caller: Caller) -> bool:
        """ "Using the incorrect Object ID will cause an authentication failure" (the first page)."""
        return not caller.delegated and self.service_principals.get(caller.client_id) == caller.principal_id

    def _of(self, caller: Caller, scopes: Scopes) -> list[RoleAssignment]:
        if not self._registered(caller):
            return []
        own = [entry for entry in self.assignments.values() if entry.principal_id == caller.principal_id]
        return [entry for entry in own if scopes.counts(entry)]

    @staticmethod
    def _widened(caller: Caller, entries: list[RoleAssignment]) -> Caller:
        added = {name for entry in entries for name in APPLICATION_ROLES[entry.role]}
        return dataclasses.replace(caller, roles=caller.roles | added) if added else caller
