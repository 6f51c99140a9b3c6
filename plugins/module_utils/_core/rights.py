# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Who may do what: one table for the message of a 403, the check of access and the documentation. Pure.

An application needs application permissions. A person needs delegated permissions in the token and, as a person, a
directory role or the object as its own ("Overview of Microsoft Graph permissions").
"""

from __future__ import annotations

import itertools
import typing as t
from urllib.parse import urljoin

# A row lists alternatives, the least privileged first; within one, all permissions are needed together.
Alternatives = tuple[tuple[str, ...], ...]

REFERENCE = "https://learn.microsoft.com/graph/api/"
ADMIN_CONSENT = "https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent"
KEY_VAULT_ROLES = "https://learn.microsoft.com/azure/key-vault/general/rbac-guide"
# Template ids, which are the values of the claim wids ("Microsoft Entra built-in roles"). The last one may do it all.
ROLES_PAGE = "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"
DIRECTORY_ROLES: dict[str, str] = {
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Application Developer": "cf1c38e5-3621-4004-a7cb-879624dced7c",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
}
# In the wids of every member of a tenant, guests excepted: the default user permissions.
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"

_READ, _WRITE, _OWNED = "Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"
_ASSIGN = "AppRoleAssignment.ReadWrite.All"
_READ_DIRECTORY, _WRITE_DIRECTORY = "Directory.Read.All", "Directory.ReadWrite.All"
_GRANT = "DelegatedPermissionGrant.ReadWrite.All"
_EXCHANGE, _EXCHANGE_READ = "RoleManagement.ReadWrite.Exchange", "RoleManagement.Read.Exchange"
_DIRECTORY: Alternatives = ((_READ_DIRECTORY,), (_WRITE_DIRECTORY,))
_READ_GROUPS: Alternatives = (("GroupMember.Read.All",), ("Group.Read.All",), ("Group.ReadWrite.All",), *_DIRECTORY)
_READ_USERS: Alternatives = (("User.ReadBasic.All",), ("User.Read.All",), *_DIRECTORY)
_READ_UNITS: Alternatives = (("AdministrativeUnit.Read.All",), ("AdministrativeUnit.ReadWrite.All",), *_DIRECTORY)
# "the same access to information in the directory as the signed-in user" (permissions reference).
_AS_USER = "Directory.AccessAsUser.All"
_APPLICATION_ADMINS = ("Application Administrator", "Cloud Application Administrator")
_CONSENTING = (*_APPLICATION_ADMINS, "Privileged Role Administrator")


class Right(t.NamedTuple):
    """What Microsoft Graph asks for one kind of request.

    ``application`` and ``roles`` work on every object; ``owned``, ``own_roles`` and, for every member of the tenant,
    ``members_own`` only on objects that the identity owns; with ``members``, every member may.
    """

    application: Alternatives
    scopes: Alternatives
    owned: Alternatives = ()
    roles: tuple[str, ...] = ()
    own_roles: tuple[str, ...] = ()
    members: bool = False
    members_own: bool = False

    @property
    def all_alternatives(self) -> Alternatives:
        return (*self.owned, *self.application)

    @property
    def application_text(self) -> str:
        """The least privileged permissions of an application, for a person to read."""
        on_all = _together(self.application[0])
        if not self.owned:
            return on_all
        return f"{_together(self.owned[0])} (for applications that it owns) or {on_all}"

    @property
    def role_text(self) -> str:
        """The directory roles of a person, the least privileged first."""
        return " or ".join(self.roles or _APPLICATION_ADMINS)


def _together(permissions: tuple[str, ...]) -> str:
    return " together with ".join(permissions)


_READING: Alternatives = ((_READ,), (_WRITE,), (_READ_DIRECTORY,), (_WRITE_DIRECTORY,))
_READING_AS_USER: Alternatives = (*_READING, (_AS_USER,))
_WRITING_AS_USER: Alternatives = ((_WRITE,), (_AS_USER,))
_ASSIGNING: Alternatives = ((_ASSIGN, _READ), (_ASSIGN, _READ_DIRECTORY))
_ASSIGNING_AS_USER: Alternatives = (*_ASSIGNING, (_ASSIGN, _WRITE), (_ASSIGN, _AS_USER))

RIGHTS: dict[str, Right] = {
    "read_application": Right(
        application=((_READ,), (_OWNED,), *_READING[1:]),
        scopes=_READING_AS_USER,
        members=True,
    ),
    # Not with Application.ReadWrite.OwnedBy.
    "read_assignments": Right(
        application=_READING,
        scopes=_READING_AS_USER,
        members=True,
    ),
    # With OwnedBy, the one who creates an application becomes its owner.
    "write_application": Right(
        application=((_WRITE,),),
        owned=((_OWNED,),),
        scopes=_WRITING_AS_USER,
        roles=_APPLICATION_ADMINS,
        members_own=True,
    ),
    "create_service_principal": Right(
        application=((_WRITE,),),
        owned=((_OWNED,),),
        scopes=_WRITING_AS_USER,
        roles=_APPLICATION_ADMINS,
        own_roles=("Application Developer",),
    ),
    "purge_application": Right(
        application=((_WRITE,),),
        owned=((_OWNED,),),
        scopes=_WRITING_AS_USER,
        roles=("Application Administrator",),
    ),
    "change_owners": Right(
        application=((_WRITE, _READ_DIRECTORY), (_WRITE_DIRECTORY,)),
        owned=((_OWNED, _READ_DIRECTORY),),
        scopes=((_WRITE, _READ_DIRECTORY), (_WRITE_DIRECTORY,), (_AS_USER,)),
        roles=_APPLICATION_ADMINS,
        members_own=True,
    ),
    # Application Administrators may consent to anything but the app roles of Microsoft Graph (ADMIN_CONSENT).
    "assign_app_role": Right(
        application=_ASSIGNING,
        scopes=_ASSIGNING_AS_USER,
        roles=("Privileged Role Administrator",),
    ),
    "assign_other_app_role": Right(
        application=_ASSIGNING,
        scopes=_ASSIGNING_AS_USER,
        roles=_CONSENTING,
    ),
    "unassign_app_role": Right(
        application=((_ASSIGN,),),
        scopes=((_ASSIGN,),),
        roles=_CONSENTING,
    ),
    "read_grant": Right(
        application=((_READ_DIRECTORY,), (_GRANT,), (_WRITE_DIRECTORY,)),
        scopes=((_READ_DIRECTORY,), (_GRANT,), (_WRITE_DIRECTORY,), (_AS_USER,)),
        members=True,
    ),
    "write_grant": Right(
        application=((_GRANT,), (_WRITE_DIRECTORY,)),
        scopes=((_GRANT,), (_WRITE_DIRECTORY,), (_AS_USER,)),
        roles=_CONSENTING,
    ),
    # Beta: "List unifiedRoleAssignment", "Create unifiedRoleAssignment". The second one allows an identity any
    # role of Exchange.
    "read_exchange_roles": Right(
        application=((_EXCHANGE_READ,), (_EXCHANGE,)),
        scopes=((_EXCHANGE_READ,), (_EXCHANGE,)),
        roles=("Exchange Administrator",),
    ),
    "write_exchange_roles": Right(
        application=((_EXCHANGE,),),
        scopes=((_EXCHANGE,),),
        roles=("Exchange Administrator",),
    ),
    "read_group": Right(application=_READ_GROUPS, scopes=(*_READ_GROUPS, (_AS_USER,)), members=True),
    "read_user": Right(
        application=_READ_USERS,
        scopes=(*_READ_USERS, ("User.ReadWrite.All",), (_AS_USER,)),
        members=True,
        members_own=True,
    ),
    "read_administrative_unit": Right(application=_READ_UNITS, scopes=(*_READ_UNITS, (_AS_USER,)), members=True),
}


class Step(t.NamedTuple):
    """Something that the role does for an application, and the rights that it takes together.

    ``sources`` are the pages that state it, the reference by the last part. ``elsewhere`` is a right that a token
    for Microsoft Graph does not show.
    """

    does: str
    rights: tuple[str, ...]
    sources: tuple[str, ...] = ()
    elsewhere: str = ""

    @property
    def needs(self) -> list[tuple[str, ...]]:
        """The sets of application permissions that are just enough, the least privileged first."""
        return smallest([RIGHTS[name].all_alternatives for name in self.rights])

    @property
    def needs_delegated(self) -> list[tuple[str, ...]]:
        """The same for the delegated permissions in a person's token."""
        return smallest([RIGHTS[name].scopes for name in self.rights])

    @property
    def roles(self) -> tuple[str, ...]:
        """The directory roles that do for all of it; empty where every member of the tenant may."""
        asked = list(filter(None, (RIGHTS[name].roles for name in self.rights)))
        if not asked:
            return ()
        in_all = set.intersection(*map(set, asked))
        return tuple(sorted(in_all, key=asked[0].index))

    @property
    def pages(self) -> list[str]:
        """The addresses of the sources."""
        return [urljoin(REFERENCE, page) for page in self.sources]


def smallest(needed: t.Sequence[Alternatives]) -> list[tuple[str, ...]]:
    """The unions of one alternative each that hold no smaller one; those that may write less come first."""
    found: dict[frozenset[str], int] = {}
    for choice in itertools.product(*needed):
        union = frozenset(itertools.chain(*choice))
        place = sum(map(tuple.index, needed, choice))
        found[union] = min(place, found.get(union, place))
    least = [union for union in found if not _holds_another(union, found)]
    least.sort(key=lambda union: (_writing(union), found[union]))
    return [tuple(sorted(union)) for union in least]


def _holds_another(union: frozenset[str], others: t.Iterable[frozenset[str]]) -> bool:
    return any(other < union for other in others)


def _writing(permissions: t.Iterable[str]) -> int:
    return sum("Write" in permission or permission == _AS_USER for permission in permissions)


_CHANGE = ("read_application", "write_application")
_GRANTED = ("read_application", "read_assignments")
_SCOPED = (*_GRANTED, "read_exchange_roles", "write_exchange_roles")
STEPS: dict[str, Step] = {
    "look_up": Step(
        "report, verify, read grants",
        _GRANTED,
        ("application-get", "serviceprincipal-list-approleassignments"),
    ),
    "register": Step(
        "register the application and its service principal",
        (*_CHANGE, "create_service_principal"),
        ("application-upsert", "serviceprincipal-upsert"),
    ),
    "declare_permissions": Step("declare permissions", _CHANGE, ("application-update",)),
    "client_secret": Step(
        "create, renew and remove client secrets", _CHANGE, ("application-addpassword", "application-removepassword")
    ),
    "certificate": Step("register and remove certificates", _CHANGE, ("application-update",)),
    "federated_credential": Step(
        "add and remove federated credentials",
        _CHANGE,
        ("application-post-federatedidentitycredentials", "federatedidentitycredential-delete"),
    ),
    "owners": Step("add owners", ("read_application", "change_owners"), ("application-post-owners",)),
    "mailbox_scope": Step(
        "assign roles of Exchange to the application (Graph beta)", _SCOPED, ("rbacapplication-post-roleassignments",)
    ),
    "mailbox_scope_group": Step(
        "assign roles of Exchange to the application for a group (Graph beta)",
        (*_SCOPED, "read_group"),
        ("rbacapplication-post-roleassignments", "group-list-members"),
    ),
    "mailbox_scope_users": Step(
        "assign roles of Exchange to the application for users (Graph beta)",
        (*_SCOPED, "read_user"),
        ("rbacapplication-post-roleassignments", "user-get"),
    ),
    "mailbox_scope_administrative_unit": Step(
        "assign roles of Exchange to the application for an administrative unit (Graph beta)",
        (*_SCOPED, "read_administrative_unit"),
        ("rbacapplication-post-roleassignments", "administrativeunit-get"),
    ),
    "consent_application": Step(
        "consent to application permissions of Microsoft Graph",
        (*_GRANTED, "assign_app_role"),
        ("serviceprincipal-post-approleassignedto", ADMIN_CONSENT),
    ),
    "consent_application_elsewhere": Step(
        "consent to application permissions of other resources, such as Exchange Online",
        (*_GRANTED, "assign_other_app_role"),
        ("serviceprincipal-post-approleassignedto", ADMIN_CONSENT),
    ),
    "consent_delegated": Step(
        "consent to delegated permissions",
        (*_GRANTED, "read_grant", "write_grant"),
        ("serviceprincipal-list-oauth2permissiongrants", "oauth2permissiongrant-post", "oauth2permissiongrant-update"),
    ),
    # Without read access to the grants, it is not known whether any is left.
    "withdraw_consent": Step(
        "withdraw consent to application permissions",
        (*_GRANTED, "read_grant", "unassign_app_role"),
        ("serviceprincipal-list-oauth2permissiongrants", "serviceprincipal-delete-approleassignments"),
    ),
    "withdraw_delegated": Step(
        "withdraw consent to delegated permissions",
        (*_GRANTED, "read_grant", "write_grant"),
        ("serviceprincipal-list-oauth2permissiongrants", "oauth2permissiongrant-delete"),
    ),
    "retire": Step("remove the application", _CHANGE, ("application-delete",)),
    "purge": Step("delete it for good", (*_CHANGE, "purge_application"), ("directory-deleteditems-delete",)),
    "restore": Step("restore it", _CHANGE, ("directory-deleteditems-restore",)),
    "key_vault": Step(
        "store the client secret in an Azure Key Vault",
        (),
        (KEY_VAULT_ROLES,),
        elsewhere="the Azure role Key Vault Secrets Officer for the vault, which is not a directory role",
    ),
    "prove": Step("prove the application's own credential", ()),
}
