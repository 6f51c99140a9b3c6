# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a row of the table of rights is made of (see rights.py)."""

from __future__ import annotations

from dataclasses import dataclass

from .directory_roles import MEMBER

Alternatives = tuple[tuple[str, ...], ...]

NO_ROLES: frozenset[str] = frozenset()
EVERYONE = frozenset({MEMBER})
# "the same access to information in the directory as the signed-in user" (permissions reference).
AS_USER = ("Directory.AccessAsUser.All",)


@dataclass(frozen=True)
class Delegated:
    """For users: a scope, and one of the directory roles in `by`; on objects of one's own, `own_scopes` and `own_by`.

    `graph_roles_by` are the roles that may also assign app roles of Microsoft Graph itself; None means all in `by`.
    """

    scopes: Alternatives
    by: frozenset[str] = NO_ROLES
    own_by: frozenset[str] = NO_ROLES
    own_scopes: Alternatives = ()
    graph_roles_by: frozenset[str] | None = None


@dataclass(frozen=True)
class Right:
    """`anywhere` works on every object, `owned` only on objects that the caller's service principal owns.

    `mail` rights are refused with Exchange Online's words.
    """

    anywhere: Alternatives
    owned: Alternatives = ()
    delegated: Delegated = Delegated(())
    mail: bool = False


def any_of(*rows: Right) -> Right:
    """For a path that may lead to objects of several types: which row counts is known with the object."""
    delegated = [row.delegated for row in rows]
    return Right(
        _alternatives(*(row.anywhere for row in rows)),
        owned=_alternatives(*(row.owned for row in rows)),
        delegated=Delegated(
            _alternatives(*(row.scopes for row in delegated)),
            by=NO_ROLES.union(*(row.by for row in delegated)),
            own_by=NO_ROLES.union(*(row.own_by for row in delegated)),
            own_scopes=_alternatives(*(row.own_scopes for row in delegated)),
        ),
    )


def _alternatives(*rows: Alternatives) -> Alternatives:
    return tuple(dict.fromkeys(alternative for row in rows for alternative in row))
