# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""An identity, according to its token, compared with the table of rights. Pure.

The claims are those of "Access token claims reference": roles of an application; scp and wids of a person. Microsoft
advises clients against reading tokens for its own services, so what is not there is unknown, never an error.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import (
    DIRECTORY_ROLES,
    MEMBER,
    RIGHTS,
    STEPS,
    Alternatives,
    Right,
    smallest,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application

KINDS = {"application": "the application permission", "person": "the delegated permission"}
NOT_SHOWN = {"unknown": "the token cannot be read", "person": "the token does not show directory roles"}
# The answers of Identity.may that are not enough, by whether the identity owns the application.
REFUSALS: dict[bool | None, tuple[bool | str, ...]] = {True: (False,), None: (False,), False: (False, "owned")}
GLOBAL_ADMINISTRATOR = "Global Administrator"  # includes all other roles


class Identity(t.NamedTuple):
    """Who signed in. ``kind`` is "application", "person" or "unknown".

    ``permissions`` are application permissions, or the scopes of a person's token; ``roles`` the template ids of a
    person's directory roles, if the token shows them.
    """

    kind: str
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    shows_roles: bool = False
    object_id: str = ""
    client_id: str = ""
    name: str = ""

    @classmethod
    def of(cls, claims: t.Mapping[str, t.Any]) -> Identity:
        """From the claims of an access token, which may be empty, or anything."""
        object_id, client_id = _first_text(claims, "oid"), _first_text(claims, "appid", "azp")
        if isinstance(claims.get("scp"), str):
            return cls(
                "person",
                permissions=frozenset(claims["scp"].split()),
                roles=frozenset(map(str.lower, application.texts(claims.get("wids")))),
                shows_roles=isinstance(claims.get("wids"), list),
                object_id=object_id,
                client_id=client_id,
                name=_first_text(claims, "upn", "unique_name", "name"),
            )
        if not object_id or not client_id:
            return cls("unknown")
        return cls(
            "application",
            permissions=frozenset(application.texts(claims.get("roles"))),
            object_id=object_id,
            client_id=client_id,
            name=_first_text(claims, "app_displayname"),
        )

    @property
    def role_names(self) -> list[str]:
        """Of the directory roles that matter here."""
        return [name for name, role in DIRECTORY_ROLES.items() if role in self.roles]

    def may(self, right: Right) -> bool | str | None:
        """True on every object, "owned" on its own objects only, False, or None if the token does not show this."""
        if self.kind == "unknown":
            return None
        if self.kind == "application":
            return _reach(self._holds(right.application), owned=self._holds(right.owned))
        if not self._holds(right.scopes):
            return False
        if right.members:
            return True
        if not self.shows_roles:
            return None
        owned = (right.members_own and MEMBER in self.roles) or self._has_role(right.own_roles)
        return _reach(self.is_administrator_or(right.roles), owned=owned)

    def is_administrator_or(self, names: t.Iterable[str]) -> bool:
        """Whether it has one of the directory roles, or the one that includes all others."""
        return self._has_role((GLOBAL_ADMINISTRATOR, *names))

    def _holds(self, alternatives: t.Iterable[tuple[str, ...]]) -> bool:
        return any(self.permissions.issuperset(needed) for needed in alternatives)

    def _has_role(self, names: t.Iterable[str]) -> bool:
        return not set(names).isdisjoint(self.role_names)


def _reach(every: bool, *, owned: bool) -> bool | str:
    """True on every object, "owned" on its own objects only, or False."""
    if every:
        return True
    if owned:
        return "owned"
    return False


class Verdict(t.NamedTuple):
    """Whether an identity may do a step. ``possible`` is None if the token does not show this.

    ``missing`` are the names of rights; ``add`` is what to add, as readable text.
    """

    step: str
    does: str
    possible: bool | None
    only_owned: bool = False
    missing: tuple[str, ...] = ()
    add: str = ""
    note: str = ""

    def message(self, who: str) -> str:
        """In one line."""
        answer = {True: "yes", False: "NO", None: "not known"}[self.possible]
        line = f"{answer}: {self.does}, as {who}"
        if self.add:
            line += f"; also needs {self.add}"
        if self.note:
            line += f" ({self.note})"
        return line


def judge(name: str, identity: Identity, *, owns: bool | None) -> Verdict:
    """``owns``: whether the identity owns the application, or is going to create it; None if that is not known."""
    step = STEPS[name]
    answers = {right: identity.may(RIGHTS[right]) for right in step.rights}
    missing = tuple(right for right, answer in answers.items() if answer in REFUSALS[owns])
    if missing:
        add = _to_add(name, identity, owns=owns)
        return Verdict(name, step.does, False, missing=missing, add=add)
    if None in answers.values():
        note = f"{NOT_SHOWN[identity.kind]}, so nothing is known beforehand"
        return Verdict(name, step.does, None, note=note)
    if step.elsewhere:
        return Verdict(name, step.does, None, note=f"needs {step.elsewhere}, which this token does not show")
    if owns is None and "owned" in answers.values():
        return Verdict(name, step.does, True, only_owned=True, note="only applications that it owns")
    return Verdict(name, step.does, True)


def _to_add(name: str, identity: Identity, *, owns: bool | None) -> str:
    """What is missing to the set that is closest to what is there."""
    rights = [RIGHTS[right] for right in STEPS[name].rights]
    sets = smallest([_alternatives(right, identity, owns=owns) for right in rights])
    lacking = min((without(needed, identity.permissions) for needed in sets), key=len)
    parts = []
    if lacking:
        parts.append(f"{KINDS[identity.kind]} {' and '.join(lacking)}")
    if identity.kind == "person" and not all(_has_any_role(identity, right) for right in rights):
        parts.append(f"the directory role {' or '.join(STEPS[name].roles)}")
    return " and ".join(parts)


def _alternatives(right: Right, identity: Identity, *, owns: bool | None) -> Alternatives:
    if identity.kind != "application":
        return right.scopes
    if owns is False:
        return right.application
    return right.all_alternatives


def _has_any_role(identity: Identity, right: Right) -> bool:
    """Of those that the right asks for; true if it asks for none."""
    return not right.roles or identity.is_administrator_or(right.roles)


def _first_text(claims: t.Mapping[str, t.Any], *names: str) -> str:
    """The first of the claims that is a text and not empty."""
    texts = map(as_text, map(claims.get, names))
    return next(filter(None, texts), "")
