# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what, app-only: the one table behind every 403.

Sources: the permission tables of the Microsoft Graph reference pages (microsoft-graph-devx-content permissions.json and
the generated permission includes of microsoft-graph-docs-contrib). A row lists alternatives; within one alternative all
permissions are needed together.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import errors
from .tokens import Caller

Alternatives = tuple[tuple[str, ...], ...]
_OWNED = "Application.ReadWrite.OwnedBy"
_ASSIGN = "AppRoleAssignment.ReadWrite.All"


@dataclass(frozen=True)
class Right:
    """`anywhere` works on every object, `owned` only on objects that the caller's service principal owns."""

    anywhere: Alternatives
    owned: Alternatives = ()


RIGHTS: dict[str, Right] = {
    "read applications": Right((
        ("Application.Read.All",), ("Application.ReadWrite.All",), (_OWNED,), ("Directory.Read.All",),
        ("Directory.ReadWrite.All",),
    )),
    # Creating needs no ownership; the creator becomes the owner (see owners.py).
    "create applications": Right((("Application.ReadWrite.All",), (_OWNED,))),
    "change applications": Right((("Application.ReadWrite.All",),), owned=((_OWNED,),)),
    "change owners": Right(
        (("Application.ReadWrite.All", "Directory.Read.All"), ("Directory.ReadWrite.All",)),
        owned=((_OWNED, "Directory.Read.All"),),
    ),
    # AppRoleAssignment.ReadWrite.All alone is refused (microsoft-graph-docs issue 12833), and Application.ReadWrite.All
    # "does not allow management of consent grants": it is neither half of the pair.
    "read app role assignments": Right((
        ("Application.Read.All",), ("Application.ReadWrite.All",), ("Directory.Read.All",),
        ("Directory.ReadWrite.All",),
    )),
    "change app role assignments": Right(((_ASSIGN, "Application.Read.All"), (_ASSIGN, "Directory.Read.All"))),
    "delete app role assignments": Right(((_ASSIGN,),)),
    "read permission grants": Right((
        ("Directory.Read.All",), ("DelegatedPermissionGrant.ReadWrite.All",), ("Directory.ReadWrite.All",),
    )),
    "change permission grants": Right((("DelegatedPermissionGrant.ReadWrite.All",), ("Directory.ReadWrite.All",))),
    "read organization": Right((("Organization.Read.All",), ("Directory.Read.All",), ("Directory.ReadWrite.All",))),
    "read users": Right((
        ("User.Read.All",), ("User.ReadBasic.All",), ("Directory.Read.All",), ("Directory.ReadWrite.All",),
    )),
    "read directory objects": Right((("Directory.Read.All",), ("Directory.ReadWrite.All",))),
    "read policy": Right((("Policy.Read.All",), ("Policy.ReadWrite.ApplicationConfiguration",))),
    "change policy": Right((("Policy.ReadWrite.ApplicationConfiguration",),)),
}


def _held(caller: Caller, alternatives: Alternatives) -> bool:
    return any(caller.roles.issuperset(needed) for needed in alternatives)


def require(caller: Caller, right: str, *, owned: bool = False) -> None:
    """A 403 unless the caller's roles suffice; `owned` says that the caller owns the object in question."""
    row = RIGHTS[right]
    if _held(caller, row.anywhere) or (owned and _held(caller, row.owned)):
        return
    raise errors.denied()


def require_some(caller: Caller, right: str) -> None:
    """A 403 for callers who could not use the right even on their own objects; before the object is looked up."""
    row = RIGHTS[right]
    if not _held(caller, row.anywhere) and not _held(caller, row.owned):
        raise errors.denied()
