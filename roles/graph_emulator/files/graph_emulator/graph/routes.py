# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call that the emulator serves: method, path, handler, and the right it needs (see rights.py)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from .. import errors
from ..odata.path import Key, Token
from . import (
    administrative_units,
    applications,
    assignments,
    deleted,
    delta,
    directory,
    exchange_roles,
    federated,
    grants,
    groups,
    mail,
    members,
    memberships,
    owners,
    passwords,
    policies,
    property_path,
    service_principals,
    unserved,
)
from .call import Handler


@dataclass(frozen=True)
class Route:
    """`*` in a path stands for one key."""

    method: str
    path: str
    handler: Handler
    right: str
    beta: bool = False  # not in v1.0

    @functools.cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))


_READ, _CREATE, _CHANGE = "read applications", "create applications", "change applications"
_READ_ROLES, _CHANGE_ROLES = "read app role assignments", "change app role assignments"
_DELETE_ROLES = "delete app role assignments"


def _of_both(kind: str) -> list[Route]:
    """What applications and service principals have in common."""
    return [
        Route("GET", f"{kind}/delta", delta.list_for(kind), _READ),
        Route("GET", f"{kind}/microsoft.graph.delta", delta.list_for(kind), _READ),
        Route("POST", f"{kind}/*/addPassword", passwords.add_for(kind), _CHANGE),
        Route("POST", f"{kind}/*/removePassword", passwords.remove_for(kind), _CHANGE),
        Route("GET", f"{kind}/*/owners", owners.list_for(kind), _READ),
        Route("GET", f"{kind}/*/owners/$count", owners.count_for(kind), _READ),
        Route("GET", f"{kind}/*/owners/$ref", owners.references_for(kind), _READ),
        *_of_owner_types(kind),
        Route("POST", f"{kind}/*/owners/$ref", owners.add_for(kind), "change owners"),
        Route("GET", f"{kind}/*/owners/*/$ref", owners.get_for(kind), _READ),
        Route("DELETE", f"{kind}/*/owners/*/$ref", owners.remove_for(kind), "change owners"),
    ]


def _of_owner_types(kind: str) -> list[Route]:
    return [
        route
        for name in ("servicePrincipal", "user")
        for path in (f"{kind}/*/owners/microsoft.graph.{name}",)
        for route in (
            Route("GET", path, owners.list_for(kind, type_name=name), _READ),
            Route("GET", f"{path}/$count", owners.count_for(kind, type_name=name), _READ),
        )
    ]


def _of_assignments(collection: str) -> list[Route]:
    path = f"servicePrincipals/*/{collection}"
    return [
        Route("GET", path, assignments.list_for(collection), _READ_ROLES),
        Route("POST", path, assignments.add_for(collection), _CHANGE_ROLES),
        Route("GET", f"{path}/*", assignments.get_for(collection), _READ_ROLES),
        Route("DELETE", f"{path}/*", assignments.remove_for(collection), _DELETE_ROLES),
    ]


_CASTS = ("user", "group", "servicePrincipal", "application", "administrativeUnit")


def _of_objects(path: str, handler: Handler, right: str) -> list[Route]:
    """A relationship to directory objects, also narrowed to one type, also counted."""
    paths = (path, *(f"{path}/microsoft.graph.{name}" for name in _CASTS))
    return [Route("GET", f"{each}{end}", handler, right) for each in paths for end in ("", "/$count")]


def _of_memberships(path: str, kind: str, *, right: str, nested_right: str) -> list[Route]:
    return [
        *_of_objects(f"{path}/memberOf", memberships.member_of(kind), right),
        *_of_objects(f"{path}/transitiveMemberOf", memberships.member_of(kind, nested=True), nested_right),
    ]


def _of_member_checks(path: str, kind: str, *, groups_right: str, objects_right: str) -> list[Route]:
    return [
        Route("POST", f"{path}/getMemberGroups", memberships.get_members(kind, groups_only=True), groups_right),
        Route("POST", f"{path}/getMemberObjects", memberships.get_members(kind, groups_only=False), objects_right),
        Route("POST", f"{path}/checkMemberGroups", memberships.check_members(kind, groups_only=True), groups_right),
        Route("POST", f"{path}/checkMemberObjects", memberships.check_members(kind, groups_only=False), objects_right),
    ]


def _of_user(path: str, kind: str) -> list[Route]:
    return [
        *_of_memberships(
            path, kind, right="read memberships of users", nested_right="read transitive memberships of users"
        ),
        *_of_member_checks(path, kind, groups_right="check groups of users", objects_right="check objects of users"),
        *_of_objects(f"{path}/ownedObjects", memberships.owned_objects(kind), "read objects of users"),
        *_of_objects(f"{path}/createdObjects", memberships.created_objects(kind), "read objects of users"),
    ]


_PRINCIPAL, _CHECK_PRINCIPAL = "servicePrincipals/*", "check memberships of service principals"
_MEMBERS: tuple[Route, ...] = (
    Route("GET", "groups", groups.list_all, "read groups"),
    Route("GET", "groups/$count", groups.count, "read groups"),
    Route("POST", "groups", groups.create, "create groups"),
    Route("GET", "groups/*", groups.get, "read groups"),
    Route("PATCH", "groups/*", groups.update, "change groups"),
    Route("DELETE", "groups/*", groups.delete, "delete groups"),
    *_of_objects("groups/*/members", members.list_for("groups"), "read group members"),
    *_of_objects("groups/*/transitiveMembers", members.list_for("groups", nested=True), "read group members"),
    Route("POST", "groups/*/members/$ref", members.add_for("groups"), "change group members"),
    Route("DELETE", "groups/*/members/*/$ref", members.remove_for("groups"), "change group members"),
    Route("GET", "groups/*/owners", owners.list_for("groups"), "read group members"),
    Route("POST", "groups/*/owners/$ref", owners.add_for("groups"), "change groups"),
    Route("DELETE", "groups/*/owners/*/$ref", owners.remove_for("groups"), "change groups"),
    *_of_memberships(
        "groups/*", "groups", right="read memberships of groups", nested_right="read transitive memberships of groups"
    ),
    *_of_member_checks(
        "groups/*",
        "groups",
        groups_right="check memberships of groups",
        objects_right="check memberships of groups",
    ),
    Route("GET", "directory/administrativeUnits", administrative_units.list_all, "read administrative units"),
    Route("GET", "directory/administrativeUnits/$count", administrative_units.count, "read administrative units"),
    Route("POST", "directory/administrativeUnits", administrative_units.create, "change administrative units"),
    Route("GET", "directory/administrativeUnits/*", administrative_units.get, "read administrative units"),
    Route("PATCH", "directory/administrativeUnits/*", administrative_units.update, "change administrative units"),
    Route("DELETE", "directory/administrativeUnits/*", administrative_units.delete, "change administrative units"),
    *_of_objects(
        "directory/administrativeUnits/*/members", members.list_for("administrativeUnits"), "read administrative units"
    ),
    Route(
        "POST",
        "directory/administrativeUnits/*/members/$ref",
        members.add_for("administrativeUnits"),
        "change administrative units",
    ),
    Route(
        "DELETE",
        "directory/administrativeUnits/*/members/*/$ref",
        members.remove_for("administrativeUnits"),
        "change administrative units",
    ),
    Route("GET", "users/$count", directory.count_users, "read users"),
    *_of_user("users/*", "users"),
    *_of_user("me", "me"),
    *_of_memberships(
        _PRINCIPAL, "servicePrincipals", right=_READ, nested_right="check memberships of service principals"
    ),
    # No service principal has a directory role here; azure-cli asks before it creates a role assignment.
    Route(
        "GET",
        f"{_PRINCIPAL}/transitiveMemberOf/microsoft.graph.directoryRole",
        memberships.member_of("servicePrincipals", nested=True),
        "check memberships of service principals",
    ),
    *_of_objects(f"{_PRINCIPAL}/ownedObjects", memberships.owned_objects("servicePrincipals"), _READ),
    *_of_objects(f"{_PRINCIPAL}/createdObjects", memberships.created_objects("servicePrincipals"), _READ),
    *_of_member_checks(_PRINCIPAL, "servicePrincipals", groups_right=_CHECK_PRINCIPAL, objects_right=_CHECK_PRINCIPAL),
    *_of_member_checks(
        "directoryObjects/*",
        "directoryObjects",
        groups_right="check groups of users",
        objects_right="check objects of anything",
    ),
)

_READ_EXCHANGE, _CHANGE_EXCHANGE = "read roles of Exchange", "change roles of Exchange"


def _of_exchange(collection: str, *handlers: tuple[str, str, Handler]) -> list[Route]:
    """`handlers` are method, what follows the collection, and handler."""
    return [
        Route(
            method,
            f"roleManagement/exchange/{collection}{tail}",
            handler,
            _READ_EXCHANGE if method == "GET" else _CHANGE_EXCHANGE,
            beta=True,
        )
        for method, tail, handler in handlers
    ]


_EXCHANGE: tuple[Route, ...] = (
    *_of_exchange("roleDefinitions", ("GET", "", exchange_roles.list_roles), ("GET", "/*", exchange_roles.get_role)),
    *_of_exchange(
        "roleAssignments",
        ("GET", "", exchange_roles.list_assignments),
        ("POST", "", exchange_roles.create_assignment),
        ("GET", "/*", exchange_roles.get_assignment),
        ("DELETE", "/*", exchange_roles.delete_assignment),
    ),
    *_of_exchange(
        "customAppScopes",
        ("GET", "", exchange_roles.list_scopes),
        ("POST", "", exchange_roles.create_scope),
        ("GET", "/*", exchange_roles.get_scope),
        ("PATCH", "/*", exchange_roles.update_scope),
        ("DELETE", "/*", exchange_roles.delete_scope),
    ),
)

ROUTES: tuple[Route, ...] = (
    Route("GET", "applications", applications.list_all, _READ),
    Route("GET", "applications/$count", applications.count, _READ),
    Route("POST", "applications", applications.create, _CREATE),
    Route("GET", "applications/*", applications.get, _READ),
    Route("PATCH", "applications/*", applications.update, _CHANGE),
    Route("DELETE", "applications/*", applications.delete, _CHANGE),
    *_of_both("applications"),
    Route("GET", "applications/*/federatedIdentityCredentials", federated.list_all, _READ),
    Route("POST", "applications/*/federatedIdentityCredentials", federated.create, _CHANGE),
    Route("GET", "applications/*/federatedIdentityCredentials/*", federated.get, _READ),
    Route("PATCH", "applications/*/federatedIdentityCredentials/*", federated.update, _CHANGE),
    Route("DELETE", "applications/*/federatedIdentityCredentials/*", federated.delete, _CHANGE),
    Route("GET", "servicePrincipals", service_principals.list_all, _READ),
    Route("GET", "servicePrincipals/$count", service_principals.count, _READ),
    Route("POST", "servicePrincipals", service_principals.create, "create service principals"),
    Route("GET", "servicePrincipals/*", service_principals.get, _READ),
    Route("PATCH", "servicePrincipals/*", service_principals.update, _CHANGE),
    Route("DELETE", "servicePrincipals/*", service_principals.delete, _CHANGE),
    *_of_both("servicePrincipals"),
    *_of_assignments("appRoleAssignments"),
    *_of_assignments("appRoleAssignedTo"),
    Route("GET", "servicePrincipals/*/oauth2PermissionGrants", grants.list_of_client, "read permission grants"),
    Route("GET", "oauth2PermissionGrants", grants.list_all, "read permission grants"),
    Route("POST", "oauth2PermissionGrants", grants.create, "change permission grants"),
    Route("GET", "oauth2PermissionGrants/*", grants.get, "read permission grants"),
    Route("PATCH", "oauth2PermissionGrants/*", grants.update, "change permission grants"),
    Route("DELETE", "oauth2PermissionGrants/*", grants.delete, "change permission grants"),
    Route("GET", "directory/deletedItems", deleted.list_untyped, "read deleted items"),
    Route("GET", "directory/deletedItems/microsoft.graph.application", deleted.list_for("applications"), _READ),
    Route(
        "GET", "directory/deletedItems/microsoft.graph.servicePrincipal", deleted.list_for("servicePrincipals"), _READ
    ),
    Route("GET", "directory/deletedItems/microsoft.graph.group", deleted.list_for("groups"), "read groups"),
    Route(
        "GET",
        "directory/deletedItems/microsoft.graph.administrativeUnit",
        deleted.list_for("administrativeUnits"),
        "read administrative units",
    ),
    Route("GET", "directory/deletedItems/*", deleted.get, "read deleted items"),
    Route("DELETE", "directory/deletedItems/*", deleted.purge, "purge deleted items"),
    Route("POST", "directory/deletedItems/*/restore", deleted.restore, "restore deleted items"),
    Route("GET", "organization", directory.list_organization, "read organization"),
    Route("GET", "users", directory.list_users, "read users"),
    Route("GET", "users/*", directory.get_user, "read users"),
    Route("GET", "me", directory.get_me, "read oneself"),
    Route("GET", "users/*/mailFolders", mail.list_folders, "read mail folders"),
    Route("GET", "users/*/mailFolders/*", mail.get_folder, "read mail folders"),
    Route("GET", "users/*/mailFolders/*/messages", mail.list_messages_in_folder, "read mail"),
    Route("GET", "users/*/messages", mail.list_messages, "read mail"),
    Route("POST", "users/*/messages", mail.create_draft, "write mail"),
    Route("GET", "users/*/messages/*", mail.get_message, "read mail"),
    Route("POST", "directoryObjects/getByIds", directory.get_by_ids, "read directory objects"),
    Route("GET", "directoryObjects/*", directory.get_object, "read directory objects"),
    Route("GET", "policies/defaultAppManagementPolicy", policies.get, "read policy"),
    Route("PATCH", "policies/defaultAppManagementPolicy", policies.update, "change policy"),
    *_MEMBERS,
    *_EXCHANGE,
)


def _fits(part: str, token: Token) -> bool:
    if part != "*":
        # azure-cli deletes grants at /oAuth2PermissionGrants, so the case of a segment makes no difference.
        return isinstance(token, str) and part.lower() == token.lower()
    return isinstance(token, Key) or (bool(token) and token[0] != "$" and token not in unserved.OF_COLLECTIONS)


@functools.cache
def _of_length(parts: int) -> tuple[Route, ...]:
    return tuple(route for route in ROUTES if len(route.parts) == parts)


def resolve(method: str, path: list[Token], *, beta: bool = False) -> tuple[Route, list[Key]]:
    """The route and the keys in its path. Raises what Graph answers to a path or method that it does not have, and
    the emulator's own 501 for one that Graph has and the emulator does not.
    """
    best = [route for route in _best(path) if beta or not route.beta]
    for route in best:
        if route.method == method:
            return route, _keys(route, path)
    if best and (method, best[0].path) in unserved.METHODS:
        raise errors.not_implemented(f"{method} {_shown(path)}")
    if best:
        raise errors.method_not_allowed()
    for route, tail in _properties(path):
        unknown = property_path.unknown_segment(property_path.TYPES[route.path], tail)
        if unknown is not None:
            raise errors.unknown_segment(unknown)
        if method not in ("GET", "HEAD"):
            raise errors.method_not_allowed()
        return _of_property(route, tail), _keys(route, path)
    missing = unserved.first_unknown(path)
    if missing is not None:
        raise errors.unknown_segment(missing)
    raise errors.not_implemented(f"{method} {_shown(path)}")


def _best(path: list[Token]) -> list[Route]:
    """All routes with the path, one for each method. A literal part beats a key: getByIds is no object id."""
    fitting = [route for route in _of_length(len(path)) if all(map(_fits, route.parts, path))]
    fewest = min((route.parts.count("*") for route in fitting), default=0)
    return [route for route in fitting if route.parts.count("*") == fewest]


def _properties(path: list[Token]) -> Iterator[tuple[Route, list[Token]]]:
    """Single objects that beginnings of the path lead to, and what follows, if it begins with a property of theirs."""
    for length in range(len(path) - 1, 0, -1):
        for route in _best(path[:length]):
            type_name = property_path.TYPES.get(route.path)
            if route.method == "GET" and type_name and property_path.is_declared(type_name, path[length]):
                yield route, path[length:]


def _of_property(route: Route, tail: list[Token]) -> Route:
    read = property_path.handler(route.handler, property_path.TYPES[route.path], tail)
    return dataclasses.replace(route, handler=read)


def _keys(route: Route, path: list[Token]) -> list[Key]:
    keys = (token for part, token in zip(route.parts, path, strict=False) if part == "*")
    return [token if isinstance(token, Key) else Key("id", token) for token in keys]


def _shown(path: list[Token]) -> str:
    return "/" + "/".join(f"{token.name}={token.value}" if isinstance(token, Key) else token for token in path)
