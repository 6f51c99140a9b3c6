# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""An identity, according to its token, compared with the table of rights. Pure.

The claims are those of "Access token claims reference": roles of an application; scp and wids of a person. Microsoft
advises clients against reading tokens for its own services, so what is not there is unknown, never an error.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import (
    DIRECTORY_ROLES,
    MEMBER,
    RIGHTS,
    STEPS,
    Right,
    smallest,
)

GLOBAL_ADMINISTRATOR = DIRECTORY_ROLES["Global Administrator"]


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who signed in. ``kind`` is "application", "person" or "unknown".

    ``permissions`` are application permissions, or the scopes of a person's token; ``roles`` the template ids of a
    person's directory roles, None if the token does not show them.
    """

    kind: str
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] | None = None
    object_id: str = ""
    client_id: str = ""
    name: str = ""

    @classmethod
    def of(cls, claims: t.Mapping[str, t.Any]) -> Identity:
        """From the claims of an access token, which may be empty, or anything."""
        object_id, client_id = _text(claims.get("oid")), _text(claims.get("appid")) or _text(claims.get("azp"))
        if isinstance(claims.get("scp"), str):
            wids = claims.get("wids")
            return cls(
                "person",
                permissions=frozenset(claims["scp"].split()),
                roles=frozenset(_text(role).lower() for role in wids) if isinstance(wids, list) else None,
                object_id=object_id,
                client_id=client_id,
                name=_text(claims.get("upn")) or _text(claims.get("unique_name")) or _text(claims.get("name")),
            )
        if not object_id or not client_id:
            return cls("unknown")
        roles = claims.get("roles")
        return cls(
            "application",
            permissions=frozenset(_text(role) for role in roles) if isinstance(roles, list) else frozenset(),
            object_id=object_id,
            client_id=client_id,
            name=_text(claims.get("app_displayname")),
        )

    @property
    def role_names(self) -> list[str]:
        """Of the directory roles that matter here."""
        return [name for name, role in DIRECTORY_ROLES.items() if role in (self.roles or ())]

    def may(self, right: Right) -> bool | str | None:
        """True on every object, "owned" on its own objects only, False, or None if the token does not show this."""
        if self.kind == "unknown":
            return None
        if self.kind == "application":
            if self._holds(right.application):
                return True
            return "owned" if self._holds(right.owned) else False
        if not self._holds(right.scopes):
            return False
        if self.roles is None:
            return True if right.members else None
        if right.members or GLOBAL_ADMINISTRATOR in self.roles or self._has_role(right.roles):
            return True
        own = (right.members_own and MEMBER in self.roles) or self._has_role(right.own_roles)
        return "owned" if own else False

    def _holds(self, alternatives: t.Iterable[tuple[str, ...]]) -> bool:
        return any(self.permissions.issuperset(needed) for needed in alternatives)

    def _has_role(self, names: t.Iterable[str]) -> bool:
        return any(DIRECTORY_ROLES[name] in (self.roles or ()) for name in names)


@dataclasses.dataclass(frozen=True)
class Verdict:
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
        needs = f"; also needs {self.add}" if self.add else ""
        note = f" ({self.note})" if self.note else ""
        return f"{answer}: {self.does}, as {who}{needs}{note}"


def judge(name: str, identity: Identity, *, owns: bool | None) -> Verdict:
    """``owns``: whether the identity owns the application, or is going to create it; None if that is not known."""
    step = STEPS[name]
    answers = {right: identity.may(RIGHTS[right]) for right in step.rights}
    missing = tuple(r for r, answer in answers.items() if answer is False or (answer == "owned" and owns is False))
    if missing:
        add = _to_add(name, identity, owns=owns)
        return Verdict(name, step.does, False, missing=missing, add=add)
    if None in answers.values():
        why = "the token cannot be read" if identity.kind == "unknown" else "the token does not show directory roles"
        return Verdict(name, step.does, None, note=f"{why}, so nothing is known beforehand")
    if step.elsewhere:
        return Verdict(name, step.does, None, note=f"needs {step.elsewhere}, which this token does not show")
    only_owned = owns is None and "owned" in answers.values()
    return Verdict(name, step.does, True, only_owned, note="only applications that it owns" if only_owned else "")


def _to_add(name: str, identity: Identity, *, owns: bool | None) -> str:
    """What is missing to the set that is closest to what is there."""
    rights = [RIGHTS[right] for right in STEPS[name].rights]
    if identity.kind == "application":
        sets = smallest([right.application if owns is False else right.all_alternatives for right in rights])
        kind = "the application permission"
    else:
        sets = smallest([right.scopes for right in rights])
        kind = "the delegated permission"
    lacking = min(([p for p in needed if p not in identity.permissions] for needed in sets), key=len)
    parts = [f"{kind} {' and '.join(lacking)}"] if lacking else []
    if identity.kind == "person":
        asked = [right for right in rights if right.roles]
        known = identity.roles or frozenset()
        if asked and not all(GLOBAL_ADMINISTRATOR in known or identity._has_role(right.roles) for right in asked):
            parts.append(f"the directory role {' or '.join(STEPS[name].roles)}")
    return " and ".join(parts)


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""
