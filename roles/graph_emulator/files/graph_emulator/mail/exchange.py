# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an Exchange administrator sets up for applications, and who may therefore send or read as which mailbox.

No SMTP and no HTTP in here. Pages "Authenticate an IMAP, POP or SMTP connection using OAuth" and
"smtp-app-rbac-onboarding" (office-developer-exchange-docs), "Role Based Access Control for Applications in Exchange
Online".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..caller import Caller

SEND_AS_APP = "SMTP.SendAsApp"
# Exchange's roles for applications that are modelled: the permissions of the same name, of SMTP or of Microsoft Graph.
APPLICATION_ROLES = {
    f"Application {name}": name for name in ("Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", SEND_AS_APP)
}


@dataclass(frozen=True)
class RoleAssignment:
    """New-ManagementRoleAssignment; `mailboxes` are the user ids in its scope, None means all."""

    role: str
    mailboxes: frozenset[str] | None

    def covers(self, user_id: str) -> bool:
        return self.mailboxes is None or user_id in self.mailboxes


@dataclass
class Exchange:
    """Applications by client id, mailboxes by user id."""

    service_principals: dict[str, str] = field(default_factory=dict)
    """New-ServicePrincipal: client id -> the object id that the administrator typed"""
    full_access: set[tuple[str, str]] = field(default_factory=set)
    """Add-MailboxPermission: (user id, client id)"""
    assignments: dict[str, list[RoleAssignment]] = field(default_factory=dict)
    smtp_auth_disabled: bool = False
    """Set-TransportConfig -SmtpClientAuthenticationDisabled"""
    smtp_auth_disabled_for: dict[str, bool] = field(default_factory=dict)
    """Set-CASMailbox -SmtpClientAuthenticationDisabled, which goes before the tenant's setting"""
    challenges_errors: bool = False
    """Tell a refusal first in a 334, as the description of XOAUTH2 has it; Exchange's page shows the 535 at once."""

    def as_dict(self) -> dict[str, Any]:
        """The state for a human reader."""
        return {
            "service_principals": self.service_principals,
            "full_access": [list(pair) for pair in sorted(self.full_access)],
            "role_assignments": [
                {
                    "client_id": client_id,
                    "role": entry.role,
                    "mailboxes": None if entry.mailboxes is None else sorted(entry.mailboxes),
                }
                for client_id, entries in self.assignments.items()
                for entry in entries
            ],
            "smtp_auth_disabled": self.smtp_auth_disabled,
            "smtp_auth_disabled_for": self.smtp_auth_disabled_for,
        }

    def assign(self, client_id: str, role: str, mailboxes: Iterable[str] | None) -> None:
        if role not in APPLICATION_ROLES:
            raise ValueError(f"role must be one of {', '.join(APPLICATION_ROLES)}")
        if client_id not in self.service_principals:
            raise ValueError(f"{client_id} is no service principal in Exchange")
        made = RoleAssignment(role, None if mailboxes is None else frozenset(mailboxes))
        self.assignments.setdefault(client_id, []).append(made)

    def anywhere(self, caller: Caller) -> Caller:
        """With the permissions that role assignments give it in at least one mailbox."""
        return self._widened(caller, self._of(caller))

    def at(self, caller: Caller, user_id: str) -> Caller:
        """With the permissions that role assignments give it in this mailbox: they add to those granted in Entra ID."""
        return self._widened(caller, [entry for entry in self._of(caller) if entry.covers(user_id)])

    def smtp_auth_off(self, user_id: str) -> str | None:
        """Whose setting turns SMTP AUTH off for the mailbox: Mailbox, Tenant, or nobody's."""
        own = self.smtp_auth_disabled_for.get(user_id)
        if own is not None:
            return "Mailbox" if own else None
        return "Tenant" if self.smtp_auth_disabled else None

    def may_send(self, caller: Caller, user_id: str) -> bool:
        """The claim needs the mailbox permission, also beside a role assignment; without it, the assignment suffices.

        That FullAccess is looked at when the client authenticates is inferred: the page asks for it without saying
        when, and a report (email-oauth2-proxy issue 271) saw it missed only at the end of a message.
        """
        if not self._registered(caller):
            return False
        if SEND_AS_APP in caller.roles:
            return (user_id, caller.client_id) in self.full_access
        return SEND_AS_APP in self.at(caller, user_id).roles

    def _registered(self, caller: Caller) -> bool:
        """ "Using the incorrect Object ID will cause an authentication failure" (the first page)."""
        return not caller.delegated and self.service_principals.get(caller.client_id) == caller.principal_id

    def _of(self, caller: Caller) -> list[RoleAssignment]:
        return self.assignments.get(caller.client_id, []) if self._registered(caller) else []

    @staticmethod
    def _widened(caller: Caller, entries: list[RoleAssignment]) -> Caller:
        return (
            dataclasses.replace(caller, roles=caller.roles | {APPLICATION_ROLES[entry.role] for entry in entries})
            if entries
            else caller
        )
