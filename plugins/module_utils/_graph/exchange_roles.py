# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Exchange Online's roles for applications, and the reads of their assignments through Microsoft Graph (beta).

Sources: "Role Based Access Control for Applications in Exchange Online" (roles), the beta reference pages "List
unifiedRoleAssignment", "Create unifiedRoleAssignment" (example 5) and "customAppScope". Not tried on a live tenant.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import text, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import BETA, Json, Read

PROVIDER = "roleManagement/exchange"
PREFIX = "Application "
# Permissions of which Exchange has a role of its own, by resource. Directory permissions, IMAP and POP have none.
SCOPED_PERMISSIONS: dict[str, tuple[str, ...]] = {
    "microsoft_graph": (
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Contacts.Read",
        "Contacts.ReadWrite",
        "Mail.Read",
        "Mail.ReadBasic",
        "Mail.ReadWrite",
        "Mail.Send",
        "MailboxSettings.Read",
        "MailboxSettings.ReadWrite",
    ),
    "exchange_online": ("SMTP.SendAsApp",),
}
# Roles that are not named after one permission: (resource, permission) of Entra ID that open the same.
_MAIL = (("microsoft_graph", "Mail.ReadWrite"), ("microsoft_graph", "Mail.Send"))
COMBINED: dict[str, tuple[tuple[str, str], ...]] = {
    "Application EWS.AccessAsApp": (("exchange_online", "full_access_as_app"),),
    "Application Mail Full Access": _MAIL,
    "Application Exchange Full Access": (
        *_MAIL,
        ("microsoft_graph", "MailboxSettings.ReadWrite"),
        ("microsoft_graph", "Calendars.ReadWrite"),
        ("microsoft_graph", "Contacts.ReadWrite"),
    ),
}
# Permissions without a role of their own that give access to a part of every mailbox.
BASIC = (("microsoft_graph", "Mail.ReadBasic.All"), ("microsoft_graph", "Calendars.ReadBasic.All"))
# The role of each permission that has one of its own; and what each role opens.
ROLES = {(resource, name): PREFIX + name for resource, names in SCOPED_PERMISSIONS.items() for name in names}
OPENED: dict[str, tuple[tuple[str, str], ...]] = {**{role: (own,) for own, role in ROLES.items()}, **COMBINED}
AN_ASSIGNMENT = Shape("a role assignment", needs=("id", "principalId", "roleDefinitionId"))
A_ROLE = Shape("a role", needs=("id", "displayName"))
A_CUSTOM_SCOPE = Shape("a custom scope", needs=("id", "displayName"))
FOLDERS = {"user": "Users", "group": "Groups", "administrative_unit": "AdministrativeUnits"}
KINDS = {folder.lower(): kind for kind, folder in FOLDERS.items()}


@dataclasses.dataclass(frozen=True)
class Scope:
    """The mailboxes for which a role is assigned.

    ``kind`` is "tenant", "group", "administrative_unit", "user", "custom", or "other" for one that is not known here.
    ``id`` is empty for the tenant, and for a custom scope that does not exist yet. Names do not identify scopes.
    """

    kind: str
    id: str = ""
    name: str = dataclasses.field(default="", compare=False)
    recipient_filter: str | None = dataclasses.field(default=None, compare=False)

    def __str__(self) -> str:
        if self.kind == "tenant":
            return "all mailboxes"
        label = self.kind.replace("_", " ")
        if self.kind == "administrative_unit" and self.name:  # several may have the same name
            return f"{label} {self.name} ({self.id})"
        return f"{label} {self.name or self.id}"

    @property
    def sent(self) -> Json:
        """As Graph takes it: one of the two is null."""
        if self.kind == "custom":
            return {"directoryScopeId": None, "appScopeId": self.id}
        directory = "/"
        if self.kind in FOLDERS:
            directory = f"/{FOLDERS[self.kind]}/{self.id}"
        return {"directoryScopeId": directory, "appScopeId": None}

    @property
    def described(self) -> dict[str, str | None]:
        return {
            "type": self.kind,
            "id": filled(self.id),
            "name": filled(self.name),
            "recipient_filter": self.recipient_filter,
        }


def scope_of(document: Json) -> Scope:
    """Of an assignment as it is read."""
    custom = text(document, "appScopeId")
    if custom:
        return Scope("custom", custom)
    directory = text_or_empty(document, "directoryScopeId")
    if directory == "/":
        return Scope("tenant")
    folder, _slash, object_id = directory.strip("/").partition("/")
    kind = KINDS.get(folder.lower())
    if kind is None:
        return Scope("other", directory)
    return Scope(kind, object_id.lower())


def principal_of(document: Json) -> str:
    """The object id of the one to whom the role is assigned, which Exchange writes as /ServicePrincipals/{id}."""
    return text_or_empty(document, "principalId").rpartition("/")[2].lower()


def role_of(resource: str, permission: str) -> str | None:
    """The role that opens in Exchange what the permission opens in Entra ID; None if there is none."""
    return ROLES.get((resource, permission))


def permissions_of(role: str) -> tuple[tuple[str, str], ...]:
    """Resource and name of the permissions that open in Entra ID, for all mailboxes, what the role opens or a part."""
    own = OPENED.get(role, ())
    families = {_family(name) for resource, name in own if resource == "microsoft_graph"}
    if not families:
        return own
    wider = [pair for pair in (*ROLES, *BASIC) if _family(pair[1]) in families]
    return tuple(dict.fromkeys((*own, *wider, *COMBINED["Application EWS.AccessAsApp"])))


def _family(permission: str) -> tuple[str, str]:
    """Of permissions of which the wider ones open what the others open: Mail.ReadBasic, Mail.Read, Mail.ReadWrite."""
    kind, _dot, access = permission.partition(".")
    if access.startswith("Read"):
        access = "Read"
    return kind, access


def role_definitions_read() -> Read:
    return _read("roleDefinitions", action="list the roles of Exchange", shape=A_ROLE)


def role_assignments_read() -> Read:
    """All of the tenant: whether a filter by principal works for Exchange is not documented."""
    return _read("roleAssignments", action="list the role assignments of Exchange", shape=AN_ASSIGNMENT)


def custom_scopes_read() -> Read:
    return _read("customAppScopes", action="list the custom scopes of Exchange", shape=A_CUSTOM_SCOPE)


def _read(collection: str, *, action: str, shape: Shape) -> Read:
    return Read(
        path=f"{PROVIDER}/{collection}",
        collection=True,
        action=action,
        right="read_exchange_roles",
        shape=shape,
        version=BETA,
    )
