# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What only an Exchange administrator can do, as commands of Exchange Online PowerShell to copy.

Sources: "Authenticate an IMAP, POP or SMTP connection using OAuth", "smtp-app-rbac-onboarding", and the reference pages
of the cmdlets. That a scope may name one mailbox by PrimarySmtpAddress is common practice rather than in those pages,
whose examples name a group.
"""

from __future__ import annotations

import re

SEND_AS_APP = "SMTP.SendAsApp"
QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")  # PowerShell takes all of them for the same


def quoted(value: str) -> str:
    """A text in PowerShell in which nothing is expanded."""
    return "'" + QUOTES.sub(r"\1\1", value) + "'"


def claims_way(*, client_id: str, service_principal: str | None, mailbox: str) -> list[str]:
    """For an application with SMTP.SendAsApp: the mailbox permission, and sending as the mailbox's address."""
    known = quoted(service_principal or "SERVICE_PRINCIPAL_OBJECT_ID")
    return [
        f"New-ServicePrincipal -AppId {quoted(client_id)} -ObjectId {known}",
        f"Add-MailboxPermission -Identity {quoted(mailbox)} -User {known} -AccessRights FullAccess",
        f"Add-RecipientPermission -Identity {quoted(mailbox)} -Trustee {known} -AccessRights SendAs",
    ]


def rbac_way(
    *, client_id: str, service_principal: str | None, mailbox: str, role: str = f"Application {SEND_AS_APP}"
) -> list[str]:
    """For an application without the permission in Entra ID: a role assignment whose scope is the mailbox."""
    name = quoted(f"azure_apps {client_id}")
    literal = mailbox.replace("'", "''")
    restriction = f"PrimarySmtpAddress -eq '{literal}'"
    return [
        f"New-ServicePrincipal -AppId {quoted(client_id)} -ObjectId"
        f" {quoted(service_principal or 'SERVICE_PRINCIPAL_OBJECT_ID')}",
        f"New-ManagementScope -Name {name} -RecipientRestrictionFilter {quoted(restriction)}",
        f"New-ManagementRoleAssignment -Role {quoted(role)} -App {quoted(client_id)} -CustomResourceScope {name}",
    ]


def allow_smtp_auth(mailbox: str) -> list[str]:
    """The mailbox's own setting goes before the tenant's."""
    return [f"Set-CASMailbox -Identity {quoted(mailbox)} -SmtpClientAuthenticationDisabled $false"]
