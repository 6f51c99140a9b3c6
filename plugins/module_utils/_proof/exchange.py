# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What only an Exchange administrator can do, as commands of Exchange Online PowerShell to copy.

Sources: "Authenticate an IMAP, POP or SMTP connection using OAuth", "smtp-app-rbac-onboarding", and the reference pages
of the cmdlets; "Role Based Access Control for Applications in Exchange Online" for Test-ServicePrincipalAuthorization.
That a scope may name mailboxes by PrimarySmtpAddress is common practice rather than in those pages, whose examples name
a group.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_commands import (
    assign_commands,
    quoted,
    quoted_principal,
    service_principal_command,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import Scope

SEND_AS_APP = "SMTP.SendAsApp"
MAIL_READ_WRITE = "Mail.ReadWrite"  # what the gateways' profiles ask for


def claims_way(*, client_id: str, service_principal: str | None, mailbox: str) -> list[str]:
    """For an application with SMTP.SendAsApp: the mailbox permission, and sending as the mailbox's address."""
    known = quoted_principal(service_principal)
    return [
        service_principal_command(client_id=client_id, principal_id=service_principal),
        f"Add-MailboxPermission -Identity {quoted(mailbox)} -User {known} -AccessRights FullAccess",
        f"Add-RecipientPermission -Identity {quoted(mailbox)} -Trustee {known} -AccessRights SendAs",
    ]


def rbac_way(
    *, client_id: str, service_principal: str | None, mailboxes: t.Sequence[str], permission: str = SEND_AS_APP
) -> list[str]:
    """For an application without the permission in Entra ID: a role assignment whose scope is these mailboxes."""
    scopes = [Scope("user", name=mailbox) for mailbox in mailboxes]
    return assign_commands(client_id=client_id, principal_id=service_principal, roles=[permission], scopes=scopes)


def shut_out(*, client_id: str, service_principal: str | None, mailbox: str, roles: t.Collection[str]) -> list[str]:
    """For an application that may send as a mailbox but must not. Which scope holds it, a person has to see."""
    if SEND_AS_APP not in roles:
        return which_scope(client_id=client_id, mailbox=mailbox)
    user = quoted_principal(service_principal)
    return [f"Remove-MailboxPermission -Identity {quoted(mailbox)} -User {user} -AccessRights FullAccess"]


def which_scope(*, client_id: str, mailbox: str) -> list[str]:
    """Shows which role assignments hold the mailbox, as they are now rather than as they were cached."""
    return [f"Test-ServicePrincipalAuthorization -Identity {quoted(client_id)} -Resource {quoted(mailbox)}"]


def which_policy(*, client_id: str, mailbox: str) -> list[str]:
    """Shows whether an application access policy, the older kind of fence, keeps it out of the mailbox."""
    return [f"Test-ApplicationAccessPolicy -Identity {quoted(mailbox)} -AppId {quoted(client_id)}"]


def allow_smtp_auth(mailbox: str) -> list[str]:
    """The mailbox's own setting goes before the tenant's."""
    return [f"Set-CASMailbox -Identity {quoted(mailbox)} -SmtpClientAuthenticationDisabled $false"]
