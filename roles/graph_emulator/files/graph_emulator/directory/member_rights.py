# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rights on groups, administrative units and memberships.

Sources: the permission tables of the reference pages named at each row (microsoft-graph-devx-content, permissions.json
of 2026-08), and for users the roles named on "Add members" and "Microsoft Entra built-in roles". Permissions of these
tables that the published list of Microsoft Graph does not have yet (Group.ReadBasic.All) are left out.
"""

from __future__ import annotations

from .directory_roles import (
    GLOBAL_ADMINISTRATOR,
    GROUPS_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from .right import AS_USER, EVERYONE, Alternatives, Delegated, Right

_GROUP_ADMINS = frozenset({GLOBAL_ADMINISTRATOR, GROUPS_ADMINISTRATOR, USER_ADMINISTRATOR})
# "Create administrativeUnit": these two roles.
_UNIT_ADMINS = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
_DIRECTORY: Alternatives = (("Directory.Read.All",), ("Directory.ReadWrite.All",))
_OWN_PROFILE: Alternatives = (("User.Read",),)


def _reads(alternatives: Alternatives, *, own_scopes: Alternatives = ()) -> Right:
    """The same permissions for applications and users; by default every member of the tenant reads the directory."""
    scopes = (*alternatives, AS_USER)
    return Right(
        alternatives,
        delegated=Delegated(scopes, by=EVERYONE, own_scopes=own_scopes, own_by=EVERYONE if own_scopes else frozenset()),
    )


_READ_GROUPS: Alternatives = (("GroupMember.Read.All",), ("Group.Read.All",), ("Group.ReadWrite.All",), *_DIRECTORY)
# "User.Read.All and GroupMember.Read.All, ..." (pages "getMemberGroups" and "checkMemberGroups").
_GROUPS_OF_USER: Alternatives = (
    ("User.Read.All", "GroupMember.Read.All"),
    ("User.Read.All", "Group.Read.All"),
    ("Directory.Read.All",),
)
_BASIC_GROUPS_OF_USER: Alternatives = (
    ("User.ReadBasic.All", "GroupMember.Read.All"),
    ("User.ReadBasic.All", "Group.Read.All"),
)

MEMBER_RIGHTS: dict[str, Right] = {
    # "List groups", "Get group"
    "read groups": _reads(_READ_GROUPS),
    # "Create group": users may create security groups by default ("Default user permissions").
    "create groups": Right(
        (("Group.Create",), ("Group.ReadWrite.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated((("Group.ReadWrite.All",), ("Directory.ReadWrite.All",), AS_USER), by=EVERYONE),
    ),
    # "Update group"
    "change groups": Right(
        (("Group.ReadWrite.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated(
            (("Group.ReadWrite.All",), ("Directory.ReadWrite.All",), AS_USER), by=_GROUP_ADMINS, own_by=EVERYONE
        ),
    ),
    # "Delete group"
    "delete groups": Right(
        (("Group.ReadWrite.All",),),
        delegated=Delegated((("Group.ReadWrite.All",), AS_USER), by=_GROUP_ADMINS, own_by=EVERYONE),
    ),
    # "Permanently delete an item": not supported for applications; Groups Administrator is the least privileged role.
    "purge groups": Right(
        (),
        delegated=Delegated(
            (("Group.ReadWrite.All",), AS_USER), by=frozenset({GLOBAL_ADMINISTRATOR, GROUPS_ADMINISTRATOR})
        ),
    ),
    # "List group members", "List group transitive members": Directory.ReadWrite.All is not in their tables.
    "read group members": _reads(
        (
            ("GroupMember.Read.All",),
            ("GroupMember.ReadWrite.All",),
            ("Group.Read.All",),
            ("Group.ReadWrite.All",),
            ("Directory.Read.All",),
        )
    ),
    # "Add members", "Remove member"
    "change group members": Right(
        (("GroupMember.ReadWrite.All",), ("Group.ReadWrite.All",), ("Directory.ReadWrite.All",)),
        delegated=Delegated(
            (("GroupMember.ReadWrite.All",), ("Group.ReadWrite.All",), ("Directory.ReadWrite.All",), AS_USER),
            by=_GROUP_ADMINS,
            own_by=EVERYONE,
        ),
    ),
    # "Add members": "GroupMember.ReadWrite.All and Application.ReadWrite.All" for a service principal.
    "add service principals to groups": Right(
        (
            ("GroupMember.ReadWrite.All", "Application.ReadWrite.All"),
            ("Group.ReadWrite.All", "Application.ReadWrite.All"),
            ("Directory.ReadWrite.All",),
        ),
        delegated=Delegated(
            (
                ("GroupMember.ReadWrite.All", "Application.ReadWrite.All"),
                ("Group.ReadWrite.All", "Application.ReadWrite.All"),
                ("Directory.ReadWrite.All",),
                AS_USER,
            ),
            by=_GROUP_ADMINS,
            own_by=EVERYONE,
        ),
    ),
    # "List administrativeUnits", "Get administrativeUnit", "List members"
    "read administrative units": _reads(
        (("AdministrativeUnit.Read.All",), ("AdministrativeUnit.ReadWrite.All",), *_DIRECTORY)
    ),
    # "Create", "Update", "Delete administrativeUnit", "Add a member", "Remove a member"
    "change administrative units": Right(
        (("AdministrativeUnit.ReadWrite.All",),),
        delegated=Delegated((("AdministrativeUnit.ReadWrite.All",), AS_USER), by=_UNIT_ADMINS),
    ),
    # "List a user's direct memberships"
    "read memberships of users": Right(
        _DIRECTORY,
        delegated=Delegated(
            (("GroupMember.Read.All",), *_DIRECTORY, AS_USER), by=EVERYONE, own_scopes=_OWN_PROFILE, own_by=EVERYONE
        ),
    ),
    # "List a user's memberships (direct and transitive)"
    "read transitive memberships of users": _reads(
        (("User.Read.All",), ("GroupMember.Read.All",), ("Group.Read.All",), *_DIRECTORY), own_scopes=_OWN_PROFILE
    ),
    # "List group memberOf"
    "read memberships of groups": _reads((("GroupMember.Read.All",), ("Group.Read.All",), *_DIRECTORY)),
    # "List group transitive memberOf"
    "read transitive memberships of groups": Right(
        _DIRECTORY,
        delegated=Delegated((("GroupMember.Read.All",), ("Group.Read.All",), *_DIRECTORY, AS_USER), by=EVERYONE),
    ),
    # "List ownedObjects", "List createdObjects" of a user
    "read objects of users": _reads(
        (("User.Read.All",), ("User.ReadWrite.All",), *_DIRECTORY), own_scopes=_OWN_PROFILE
    ),
    "check groups of users": Right(
        _GROUPS_OF_USER,
        delegated=Delegated(
            (*_GROUPS_OF_USER, *_BASIC_GROUPS_OF_USER, AS_USER),
            by=EVERYONE,
            own_scopes=(("User.Read", "GroupMember.Read.All"), ("User.Read", "Group.Read.All")),
            own_by=EVERYONE,
        ),
    ),
    # "Get member objects", "checkMemberObjects"
    "check objects of users": _reads(
        (("User.Read.All",), ("User.ReadWrite.All",), *_DIRECTORY), own_scopes=_OWN_PROFILE
    ),
    "check memberships of groups": _reads(_READ_GROUPS),
    "check memberships of service principals": _reads(
        (("Application.Read.All",), ("Application.ReadWrite.All",), *_DIRECTORY)
    ),
    "check objects of anything": _reads(_DIRECTORY),
}
