# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Groups, users and administrative units by what a person calls them: the scopes of role assignments."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import quote

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    GUID,
    closest,
    did_you_mean,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, as_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import Scope
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, odata_string
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.allowed import if_allowed
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_options import (
    MailboxScopeOptions,
    is_address,
)

GROUP_FIELDS = "id,displayName,mail,mailEnabled,securityEnabled"
USER_FIELDS = "id,displayName,mail,userPrincipalName"
UNIT_FIELDS = "id,displayName"
MOST_CLOSE = 100  # entries that are read to find a name that is close to a misspelt one


class Kind(t.NamedTuple):
    """A kind of directory object that can be a scope. ``has_mail``: it has an address, in the property mail."""

    name: str
    path: str
    fields: str
    right: str
    option: str
    has_mail: bool = False

    @property
    def label(self) -> str:
        return self.name.replace("_", " ")

    def is_mail(self, name: str) -> bool:
        """Whether a name is the address of such an object."""
        return self.has_mail and is_address(name)


GROUP = Kind("group", "groups", GROUP_FIELDS, right="read_group", option="group", has_mail=True)
USER = Kind("user", "users", USER_FIELDS, right="read_user", option="users", has_mail=True)
UNIT = Kind(
    "administrative_unit",
    "directory/administrativeUnits",
    UNIT_FIELDS,
    right="read_administrative_unit",
    option="administrative_unit",
)
KINDS = {kind.name: kind for kind in (GROUP, USER, UNIT)}
KINDS_BY_OPTION = {kind.option: kind for kind in KINDS.values()}
SCOPES_BY_OPTION = {"tenant": (Scope("tenant"),)}  # those that are no directory objects


class Found(t.NamedTuple):
    """The scopes that the options name. ``nested`` are groups in the group, whose members Exchange leaves out."""

    scopes: tuple[Scope, ...]
    nested: tuple[str, ...] = ()


def look_up(graph: GraphClient, options: MailboxScopeOptions) -> Found:
    """Raises ConflictError if something is not there, is ambiguous, or cannot be a scope."""
    if options.scope == "group":
        return _group(graph, options.names[0])
    kind = KINDS_BY_OPTION.get(options.scope)
    if kind is None:
        return Found(SCOPES_BY_OPTION.get(options.scope, ()))
    return Found(tuple(dict.fromkeys(_scope(kind, _one(graph, kind, name)) for name in options.names)))


def named_scopes(graph: GraphClient, scopes: t.Iterable[Scope]) -> dict[Scope, Scope]:
    """Scopes that are known by their ids, each with its name; without one if it may not be read, or is gone."""
    return {scope: _with_name(graph, scope) for scope in dict.fromkeys(scopes)}


def _with_name(graph: GraphClient, scope: Scope) -> Scope:
    kind = KINDS.get(scope.kind)
    if kind is None:
        return scope
    document = if_allowed(lambda: graph.get(_by_id(kind, scope.id)))
    return dataclasses.replace(scope, name=_name(as_object(document)))


def _group(graph: GraphClient, name: str) -> Found:
    document = _one(graph, GROUP, name)
    scope = _scope(GROUP, document)
    if document.get("mailEnabled") is not True or document.get("securityEnabled") is not True:
        raise ConflictError(
            f"The {scope} is not a mail-enabled security group, which Exchange needs as a scope",
            next_step="Set group in O(scope) to a mail-enabled security group whose direct members are the mailboxes.",
            group=scope.id,
        )
    nested = graph.collect(
        Read(
            path=f"groups/{scope.id}/members/microsoft.graph.group",
            collection=True,
            action=f"look for groups in the {scope}",
            right="read_group",
            query={"$select": "id,displayName"},
            shape=Shape("a group", needs=("id",)),
        )
    )
    names = sorted(application.text(group, "displayName") or group["id"] for group in nested)
    return Found((scope,), tuple(names))


def _scope(kind: Kind, document: Json) -> Scope:
    return Scope(kind.name, str(document["id"]).lower(), _name(document))


def _name(document: Json) -> str:
    """The first that it has: a unit has no address, and only a user has a user principal name."""
    names = map(as_text, map(document.get, ("mail", "userPrincipalName", "displayName")))
    return next(filter(None, names), "")


def _by_id(kind: Kind, key: str) -> Read:
    return Read(
        path=f"{kind.path}/{quote(key, safe='@')}",
        action=f"read the {kind.label} {key}",
        right=kind.right,
        query={"$select": kind.fields},
        shape=Shape(f"a {kind.label}", needs=("id",)),
    )


def _list(kind: Kind, condition: str) -> Read:
    return Read(
        path=kind.path,
        collection=True,
        action=f"look for the {kind.label}",
        right=kind.right,
        query={"$select": kind.fields, "$filter": condition, "$top": str(MOST_CLOSE)},
        shape=Shape(f"a {kind.label}", needs=("id",)),
    )


def _one(graph: GraphClient, kind: Kind, name: str) -> Json:
    """By object id, by address, or by display name."""
    found = _all(graph, kind, name)
    if not found:
        raise ConflictError(
            f"The tenant has no {kind.label} {shown(name)}",
            next_step=_closest(graph, kind, name),
            **{kind.option: name},
        )
    if len(found) > 1:
        ids = sorted(str(document["id"]) for document in found)
        raise ConflictError(
            f"The tenant has more than one {kind.label} {shown(name)}: {', '.join(ids)}",
            next_step=f"Set {kind.option} in O(scope) to the object id of the right one.",
            object_ids=ids,
        )
    return found[0]


def _all(graph: GraphClient, kind: Kind, name: str) -> list[Json]:
    if GUID.fullmatch(name):
        return application.objects([graph.get(_by_id(kind, name))])
    if kind is USER and kind.is_mail(name):  # a user is also found by the user principal name
        user = graph.get(_by_id(kind, name))
        if user is not None:
            return [user]
    return graph.collect(_list(kind, f"{_member(kind, name)} eq {odata_string(name)}"))


def _member(kind: Kind, name: str) -> str:
    """The property that a name is looked for in."""
    if kind.is_mail(name):
        return "mail"
    return "displayName"


def _closest(graph: GraphClient, kind: Kind, name: str) -> str:
    advice = f"Check {kind.option} in O(scope) and the tenant."
    if GUID.fullmatch(name):
        return advice
    member = _member(kind, name)
    near = graph.collect(_list(kind, f"startswith({member},{odata_string(name[:2])})"))
    close = closest(name, filter(None, [application.text(document, member) for document in near]))
    return f"{did_you_mean(map(shown, close))} {advice}".lstrip()
