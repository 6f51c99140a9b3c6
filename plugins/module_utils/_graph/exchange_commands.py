# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The same in Exchange Online PowerShell, for an Exchange administrator to run.

Sources: New-ServicePrincipal, New-ManagementScope, New-ManagementRoleAssignment,
Get-ManagementRoleAssignment, and "Role Based Access Control for Applications in Exchange Online". Not tried on a live
tenant.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import PREFIX, Scope

QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")  # PowerShell takes all of them for the same


def quoted(value: str) -> str:
    """A text in PowerShell in which nothing is expanded."""
    return "'" + QUOTES.sub(r"\1\1", value) + "'"


def scope_name_for(client_id: str) -> str:
    """The name of the application's own scope in Exchange, if the user gives none."""
    return f"azure_apps {client_id}"


def service_principal_command(*, client_id: str, principal_id: str | None, display_name: str = "") -> str:
    """Without it, Exchange does not know the application."""
    command = f"New-ServicePrincipal -AppId {quoted(client_id)} -ObjectId {quoted_principal(principal_id)}"
    if display_name:
        command = f"{command} -DisplayName {quoted(display_name)}"
    return command


def quoted_principal(principal_id: str | None) -> str:
    """The object id of a service principal, or the words to replace by it."""
    return quoted(principal_id or "SERVICE_PRINCIPAL_OBJECT_ID")


def assign_commands(
    *,
    client_id: str,
    principal_id: str | None,
    roles: t.Iterable[str],
    scopes: t.Sequence[Scope],
    scope_name: str = "",
    display_name: str = "",
) -> list[str]:
    """Lines that assign the roles for the scopes, the service principal first."""
    lines = [service_principal_command(client_id=client_id, principal_id=principal_id, display_name=display_name)]
    define, parameter = _scope_lines(scopes, scope_name or scope_name_for(client_id))
    lines += define
    lines += [
        f"New-ManagementRoleAssignment -Role {quoted(full_name(role))} -App {quoted(client_id)}{parameter}"
        for role in roles
    ]
    return lines


def remove_commands(
    *, principal_id: str, roles: t.Iterable[str], scopes: t.Sequence[Scope] = (), scope_name: str = ""
) -> list[str]:
    """Lines that remove what ``assign_commands`` assigns for the scopes; for every scope if ``scopes`` is empty."""
    condition = ""
    if scopes:
        condition = f" | Where-Object {{ {_condition(scopes[0], scope_name)} }}"
    return [
        f"Get-ManagementRoleAssignment -RoleAssignee {quoted(principal_id)} -Role {quoted(full_name(role))}"
        f"{condition} | Remove-ManagementRoleAssignment"
        for role in roles
    ]


def _condition(scope: Scope, scope_name: str) -> str:
    """That an assignment is for the scope: Get-ManagementRoleAssignment has no parameter for it."""
    if scope.kind == "tenant":
        limits = ("CustomResourceScope", "RecipientAdministrativeUnitScope", "RecipientGroupScope")
        return " -and ".join(f"-not $_.{name}" for name in limits)
    if scope.kind == "administrative_unit":
        return f"$_.RecipientAdministrativeUnitScope -eq {quoted(scope.id)}"
    return f"$_.CustomResourceScope -eq {quoted(scope_name)}"


def full_name(role: str) -> str:
    """Of a role that is given by the name of a permission."""
    return PREFIX + role.removeprefix(PREFIX)


def _scope_lines(scopes: t.Sequence[Scope], scope_name: str) -> tuple[list[str], str]:
    """Lines that define the scope, and the parameter that names it."""
    kind = scopes[0].kind
    if kind == "tenant":
        return [], ""
    if kind == "administrative_unit":
        return [], f" -RecipientAdministrativeUnitScope {quoted(scopes[0].id)}"
    named = quoted(scope_name)
    parameter = f" -CustomResourceScope {named}"
    if kind == "group":
        # A filter takes the distinguished name, which Exchange alone knows. Without one, there must be no scope.
        return [
            f"$group = $null; $group = Get-DistributionGroup -Identity {quoted(scopes[0].id)}"
            ' | ForEach-Object { $_.DistinguishedName.Replace("\'", "\'\'") }',
            f"if ($group) {{ New-ManagementScope -Name {named} -RecipientRestrictionFilter"
            " \"MemberOfGroup -eq '$group'\" }",
        ], parameter
    if kind == "custom":
        restriction = scopes[0].recipient_filter or ""
    else:
        restriction = " -or ".join(map(_has_address_of, scopes))
    return [f"New-ManagementScope -Name {named} -RecipientRestrictionFilter {quoted(restriction)}"], parameter


def _has_address_of(user: Scope) -> str:
    address = (user.name or user.id).replace("'", "''")
    return f"PrimarySmtpAddress -eq '{address}'"
