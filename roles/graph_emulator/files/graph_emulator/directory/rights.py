# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: the one table behind every 403.

An application by itself needs app roles. A user at an application needs both a scope in the token and, as the user, the
permission in the directory: "effective permissions are the intersection" (Microsoft Graph, "Overview of permissions").

Sources: the permission tables of the Microsoft Graph reference pages (microsoft-graph-devx-content permissions.json and
the generated permission and role includes of microsoft-graph-docs-contrib), "Microsoft Entra built-in roles" and
"Default user permissions". A row lists alternatives; within one alternative all permissions are needed together.
"""

from __future__ import annotations

import dataclasses

from .. import catalogue, errors
from ..caller import Caller
from .directory_roles import (
    APPLICATION_ADMINISTRATOR,
    APPLICATION_DEVELOPER,
    CLOUD_APPLICATION_ADMINISTRATOR,
    EXCHANGE_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    MEMBER,
    PRIVILEGED_ROLE_ADMINISTRATOR,
)
from .member_rights import MEMBER_RIGHTS
from .right import AS_USER, EVERYONE, Alternatives, Delegated, Right, any_of

_OWNED = "Application.ReadWrite.OwnedBy"
_ASSIGN = "AppRoleAssignment.ReadWrite.All"

_ADMINS = frozenset({GLOBAL_ADMINISTRATOR, APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR})
_CONSENTING = _ADMINS | {PRIVILEGED_ROLE_ADMINISTRATOR}
_ANY_CONSENT = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
_EXCHANGE_ADMINS = frozenset({GLOBAL_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR})
_PURGING = frozenset({GLOBAL_ADMINISTRATOR, APPLICATION_ADMINISTRATOR})
# Not a role: every member holds it while the tenant lets users register applications.
REGISTRANT = "allowedToCreateApps"


_READ_APPLICATIONS: Alternatives = (
    ("Application.Read.All",),
    ("Application.ReadWrite.All",),
    ("Directory.Read.All",),
    ("Directory.ReadWrite.All",),
    AS_USER,
)
_CHANGE_APPLICATIONS: Alternatives = (("Application.ReadWrite.All",), AS_USER)
_CHANGE_ROLES: Alternatives = (
    (_ASSIGN, "Application.Read.All"),
    (_ASSIGN, "Directory.Read.All"),
    # Broader than the read permissions of the pair (permissions reference: "read, create, update ...").
    (_ASSIGN, "Application.ReadWrite.All"),
    (_ASSIGN, *AS_USER),
)
_READ_DIRECTORY: Alternatives = (("Directory.Read.All",), ("Directory.ReadWrite.All",), AS_USER)
_READ_USERS: Alternatives = (
    ("User.Read.All",),
    ("User.ReadBasic.All",),
    ("User.ReadWrite.All",),
    *_READ_DIRECTORY,
)

RIGHTS: dict[str, Right] = {
    "read applications": Right(
        (
            ("Application.Read.All",),
            ("Application.ReadWrite.All",),
            (_OWNED,),
            ("Directory.Read.All",),
            ("Directory.ReadWrite.All",),
        ),
        delegated=Delegated(_READ_APPLICATIONS, by=EVERYONE),
    ),
    # Creating needs no ownership; the creator becomes the owner (see owners.py).
    "create applications": Right(
        (("Application.ReadWrite.All",), (_OWNED,)),
        delegated=Delegated(_CHANGE_APPLICATIONS, by=_ADMINS | {APPLICATION_DEVELOPER, REGISTRANT}),
    ),
    # "a non-admin owner needs Application Developer" for an application of one tenant (page "Upsert servicePrincipal").
    "create service principals": Right(
        (("Application.ReadWrite.All",), (_OWNED,)),
        delegated=Delegated(_CHANGE_APPLICATIONS, by=_ADMINS, own_by=frozenset({APPLICATION_DEVELOPER})),
    ),
    # "Non-admin member user with default user permissions - for applications they own" (page "Update application").
    "change applications": Right(
        (("Application.ReadWrite.All",),),
        owned=((_OWNED,),),
        delegated=Delegated(_CHANGE_APPLICATIONS, by=_ADMINS, own_by=EVERYONE),
    ),
    # Page "Permanently delete an item" (directory object): these two roles only, and no owner.
    "purge applications": Right(
        (("Application.ReadWrite.All",),),
        owned=((_OWNED,),),
        delegated=Delegated(_CHANGE_APPLICATIONS, by=_PURGING),
    ),
    "change owners": Right(
        (("Application.ReadWrite.All", "Directory.Read.All"), ("Directory.ReadWrite.All",)),
        owned=((_OWNED, "Directory.Read.All"),),
        delegated=Delegated(
            (("Application.ReadWrite.All", "Directory.Read.All"), ("Directory.ReadWrite.All",), AS_USER),
            by=_ADMINS,
            own_by=EVERYONE,
        ),
    ),
    # AppRoleAssignment.ReadWrite.All alone is refused (microsoft-graph-docs issue 12833), and Application.ReadWrite.All
    # "does not allow management of consent grants": it is neither half of the pair.
    "read app role assignments": Right(
        (
            ("Application.Read.All",),
            ("Application.ReadWrite.All",),
            ("Directory.Read.All",),
            ("Directory.ReadWrite.All",),
        ),
        delegated=Delegated(_READ_APPLICATIONS, by=EVERYONE),
    ),
    # Application Administrators consent to any API "except Microsoft Graph app roles" (page "Grant tenant-wide admin
    # consent").
    "change app role assignments": Right(
        ((_ASSIGN, "Application.Read.All"), (_ASSIGN, "Directory.Read.All")),
        delegated=Delegated(_CHANGE_ROLES, by=_CONSENTING, graph_roles_by=_ANY_CONSENT),
    ),
    # That the same administrators may take away what they cannot grant is inferred: the exception names consent only.
    "delete app role assignments": Right(((_ASSIGN,),), delegated=Delegated(((_ASSIGN,),), by=_CONSENTING)),
    "read permission grants": Right(
        (
            ("Directory.Read.All",),
            ("DelegatedPermissionGrant.ReadWrite.All",),
            ("Directory.ReadWrite.All",),
        ),
        delegated=Delegated((("DelegatedPermissionGrant.ReadWrite.All",), *_READ_DIRECTORY), by=EVERYONE),
    ),
    "change permission grants": Right(
        (("DelegatedPermissionGrant.ReadWrite.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated(
            (("DelegatedPermissionGrant.ReadWrite.All",), ("Directory.ReadWrite.All",), AS_USER), by=_CONSENTING
        ),
    ),
    "read organization": Right(
        (("Organization.Read.All",), ("Directory.Read.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated((("User.Read",), ("Organization.Read.All",), *_READ_DIRECTORY), by=EVERYONE),
    ),
    "read users": Right(
        (
            ("User.Read.All",),
            ("User.ReadBasic.All",),
            ("Directory.Read.All",),
            ("Directory.ReadWrite.All",),
        ),
        delegated=Delegated(_READ_USERS, by=EVERYONE, own_scopes=(("User.Read",),), own_by=EVERYONE),
    ),
    # An application gets a 400 from the handler, whatever it may do.
    "read oneself": Right(((),), delegated=Delegated((("User.Read",), *_READ_USERS), by=EVERYONE)),
    "read directory objects": Right(
        (("Directory.Read.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated(_READ_DIRECTORY, by=EVERYONE),
    ),
    # The roles of the two policy rows are inferred from those that manage the policy in the admin center.
    "read policy": Right(
        (("Policy.Read.All",), ("Policy.ReadWrite.ApplicationConfiguration",)),
        delegated=Delegated((("Policy.Read.All",), ("Policy.ReadWrite.ApplicationConfiguration",)), by=_ADMINS),
    ),
    "change policy": Right(
        (("Policy.ReadWrite.ApplicationConfiguration",),),
        delegated=Delegated((("Policy.ReadWrite.ApplicationConfiguration",),), by=_ADMINS),
    ),
    # Delegated mail permissions reach one's own mailbox only.
    "read mail folders": Right(
        (("Mail.ReadBasic.All",), ("Mail.ReadBasic",), ("Mail.Read",), ("Mail.ReadWrite",)),
        mail=True,
        delegated=Delegated((), own_scopes=(("Mail.ReadBasic",), ("Mail.Read",), ("Mail.ReadWrite",)), own_by=EVERYONE),
    ),
    "read mail": Right(
        (("Mail.ReadBasic.All",), ("Mail.ReadBasic",), ("Mail.Read",), ("Mail.ReadWrite",)),
        mail=True,
        delegated=Delegated((), own_scopes=(("Mail.ReadBasic",), ("Mail.Read",), ("Mail.ReadWrite",)), own_by=EVERYONE),
    ),
    "write mail": Right(
        (("Mail.ReadWrite",),),
        mail=True,
        delegated=Delegated((), own_scopes=(("Mail.ReadWrite",),), own_by=EVERYONE),
    ),
    **MEMBER_RIGHTS,
    # "List unifiedRoleAssignment" and "Create unifiedRoleAssignment" of beta, for an Exchange Online provider. That
    # these two roles suffice is inferred from who may do it in Exchange.
    "read roles of Exchange": Right(
        (("RoleManagement.Read.Exchange",), ("RoleManagement.ReadWrite.Exchange",)),
        delegated=Delegated(
            (("RoleManagement.Read.Exchange",), ("RoleManagement.ReadWrite.Exchange",)), by=_EXCHANGE_ADMINS
        ),
    ),
    "change roles of Exchange": Right(
        (("RoleManagement.ReadWrite.Exchange",),),
        delegated=Delegated((("RoleManagement.ReadWrite.Exchange",),), by=_EXCHANGE_ADMINS),
    ),
}
# Deleted items of all types have one path; deleted.py asks for the right on the type that it finds.
RIGHTS["read deleted items"] = any_of(
    RIGHTS["read applications"], RIGHTS["read groups"], RIGHTS["read administrative units"]
)
RIGHTS["restore deleted items"] = any_of(
    RIGHTS["change applications"], RIGHTS["delete groups"], RIGHTS["change administrative units"]
)
RIGHTS["purge deleted items"] = any_of(RIGHTS["purge applications"], RIGHTS["purge groups"])


def with_defaults(caller: Caller, *, allowed_to_create_apps: bool) -> Caller:
    """Members of the tenant may register applications unless an administrator turned that off."""
    if caller.delegated and allowed_to_create_apps and MEMBER in caller.wids:
        return dataclasses.replace(caller, wids=caller.wids | {REGISTRANT})
    return caller


def _has_one_of(permissions: frozenset[str], alternatives: Alternatives) -> bool:
    return any(permissions.issuperset(needed) for needed in alternatives)


def _anywhere(caller: Caller, row: Right) -> bool:
    if not caller.delegated:
        return _has_one_of(caller.roles, row.anywhere)
    return bool(caller.wids & row.delegated.by) and _has_one_of(caller.scopes, row.delegated.scopes)


def _own(caller: Caller, row: Right) -> bool:
    if not caller.delegated:
        return _has_one_of(caller.roles, row.owned)
    scopes = (*row.delegated.scopes, *row.delegated.own_scopes)
    return bool(caller.wids & row.delegated.own_by) and _has_one_of(caller.scopes, scopes)


def _refusal(row: Right) -> errors.GraphError:
    return errors.mailbox_denied() if row.mail else errors.denied()


def require(caller: Caller, right: str, *, owned: bool = False, resource_app_id: str | None = None) -> None:
    """A 403 unless the caller's permissions suffice; `owned`: the caller owns the object.

    `resource_app_id` is the API whose app role is assigned, if that is what happens.
    """
    row = RIGHTS[right]
    if not (_anywhere(caller, row) or (owned and _own(caller, row))):
        raise _refusal(row)
    apart = row.delegated.graph_roles_by
    of_graph = resource_app_id == catalogue.MICROSOFT_GRAPH_APP_ID
    if caller.delegated and of_graph and apart is not None and not caller.wids & apart:
        raise _refusal(row)


def holds(caller: Caller, right: str) -> bool:
    """Whether the caller may use the right on every object."""
    return _anywhere(caller, RIGHTS[right])


def require_some(caller: Caller, right: str) -> None:
    """A 403 for callers who could not use the right even on their own objects; before the object is looked up."""
    row = RIGHTS[right]
    if not _anywhere(caller, row) and not _own(caller, row):
        raise _refusal(row)
