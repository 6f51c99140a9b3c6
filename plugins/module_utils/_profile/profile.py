# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A profile: which permissions a product needs, and with what it can sign in. Read from data, and checked."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import GUID
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import CREDENTIAL_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import PREFIX, role_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    resource_client_id,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import (
    CONTENT,
    ROLE_PROFILES,
    Files,
    shipped_profiles,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import written
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import listed_resources

Json = dict[str, t.Any]
MEMBERS = frozenset(
    {
        "title",
        "source",
        "product_versions",
        "sign_in_audience",
        "permissions",
        "mailbox_roles",
        "token_resource",
        "credential_types",
    }
)
PERMISSION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
GRAPH = "microsoft_graph"
USER_READ = "User.Read"


class ResourcePermissions(t.NamedTuple):
    """The permissions of one resource, by name. ``left_alone`` names lists, empty here, that stay as they are."""

    resource: str
    application: tuple[str, ...]
    delegated: tuple[str, ...]
    left_alone: tuple[str, ...] = ()

    def as_option(self) -> Json:
        """In the form of the options of azure_app_graph_permissions and azure_admin_consent."""
        lists = {"application": list(self.application), "delegated": list(self.delegated)}
        return {"resource": self.resource, **lists, **dict.fromkeys(self.left_alone)}

    @property
    def client_id(self) -> str:
        """Of the resource."""
        return resource_client_id(self.resource)

    @property
    def roles(self) -> dict[str, str]:
        """The roles that Exchange has for application permissions, by the permissions' names."""
        resource = resource_label(self.client_id)
        return filled_members({name: role_of(resource, name) for name in self.application})

    def without_roles(self) -> ResourcePermissions:
        """What is left for Entra ID if Exchange assigns the roles."""
        return self._replace(application=tuple(without(self.application, self.roles)))

    def with_delegated(self, name: str) -> ResourcePermissions:
        """The same with this delegated permission."""
        delegated = dict.fromkeys((*self.delegated, name))
        return self._replace(delegated=tuple(delegated), left_alone=tuple(without(self.left_alone, ("delegated",))))


class Profile(t.NamedTuple):
    """``shown`` is how a user knows it: its name, or the file as it was written."""

    name: str
    shown: str
    title: str
    source: str
    sign_in_audience: str
    token_resource: str
    credential_types: tuple[str, ...]
    permissions: tuple[ResourcePermissions, ...]
    listed_roles: tuple[str, ...] = ()  # of Exchange, for a product that needs no permission in Entra ID

    @property
    def mailbox_roles(self) -> tuple[str, ...]:
        """The roles of Exchange that do for some mailboxes what the permissions do for all."""
        found = {*self.listed_roles}
        for entry in self.permissions:
            found |= {*entry.roles.values()}
        return tuple(sorted(found))

    def limited(self) -> Profile:
        """The same for an application that has these roles: without the permissions that they replace."""
        return self._replace(permissions=tuple(map(ResourcePermissions.without_roles, self.permissions)))

    @property
    def application_permissions(self) -> tuple[str, ...]:
        return _application_permissions(self.permissions)

    @property
    def expected_roles(self) -> tuple[str, ...]:
        """The application permissions that a token for ``token_resource`` has to carry."""
        return self.roles_for(self.token_resource)

    def roles_for(self, resource: str) -> tuple[str, ...]:
        """The application permissions of the resource with this name."""
        wanted = RESOURCES[resource]
        return _application_permissions(entry for entry in self.permissions if entry.client_id == wanted)

    def with_user_read(self) -> tuple[ResourcePermissions, ...]:
        """The permissions with the delegated User.Read of Microsoft Graph among them."""
        by_resource = {entry.client_id: entry for entry in self.permissions}
        new = ResourcePermissions(GRAPH, (), (), left_alone=("application",))
        of_graph = by_resource.get(new.client_id, new)
        by_resource[new.client_id] = of_graph.with_delegated(USER_READ)
        return tuple(by_resource.values())


def read_profile(name: str, file: str, files: Files) -> Profile:
    """The profile of the user's file, else the shipped one of that name. Raises InputError."""
    shipped = shipped_profiles()
    if file:
        path = files.find(file, name="O(profile_file)", what="a file that is there")
    elif name in shipped:
        path = str(shipped[name])
    else:
        missing = "O(profile) is not set"
        if name:
            missing = f"There is no profile {name!r}"
        raise InputError(
            missing,
            next_step=f"Set O(profile) to one of {', '.join(shipped)}, or O(profile_file) to a file of your own.",
            profiles=list(shipped),
        )
    known_as = file or name
    return profile_of(files.read_profile(path, name=known_as), name=name, shown=known_as)


def profile_of(content: t.Any, *, name: str, shown: str) -> Profile:
    """Pure. Raises InputError for what is not a profile."""
    _check_members(content, shown)
    entries = [_entry(entry, shown) for entry in content["permissions"]]
    listed_resources(f"The profile {shown} is malformed", [entry.as_option() for entry in entries])
    types = _json.as_list(content.get("credential_types", ["client_secret"]))
    if not types or without(types, CREDENTIAL_TYPES):
        raise _malformed(
            shown,
            "Its credential_types have to be a list of client_secret, certificate and federated, at least one of them",
            next_step="Omit it for client_secret only.",
        )
    if not _json.are_texts(content.get("mailbox_roles", [])):
        raise _malformed(
            shown,
            "Its mailbox_roles have to be a list of names of permissions, such as SMTP.SendAsApp",
            next_step="Omit it for a product that has permissions in Entra ID.",
        )
    profile = Profile(
        name=name,
        shown=shown,
        title=str(content.get("title", "")),
        source=str(content.get("source", "")),
        sign_in_audience=content.get("sign_in_audience", "AzureADMyOrg"),
        token_resource=content.get("token_resource", GRAPH),
        credential_types=tuple(types),
        permissions=tuple(entries),
        listed_roles=tuple(f"{PREFIX}{name}" for name in content.get("mailbox_roles", [])),
    )
    _check_token_resource(profile)
    return profile


def _check_token_resource(profile: Profile) -> None:
    """A token has the application permissions of one resource: without any, it proves nothing about the profile."""
    if profile.expected_roles or profile.listed_roles:
        return
    fit = list(filter(profile.roles_for, RESOURCES))
    if fit:
        raise _malformed(
            profile.shown,
            f"Its token_resource is {profile.token_resource}, of which it lists no application permission, so that a"
            " token would prove none of its permissions",
            next_step=f"Set token_resource to {' or '.join(fit)}.",
        )


def _check_members(content: t.Any, shown: str) -> None:
    members = _json.as_object(content)
    sound = (
        members.keys() <= MEMBERS
        and isinstance(members.get("permissions"), list)
        and members.get("token_resource", GRAPH) in list(RESOURCES)  # a list takes what has no hash
        and isinstance(members.get("sign_in_audience", ""), str)
        and all(map(_is_entry, members["permissions"]))
    )
    if not sound:
        raise _malformed(
            shown,
            f"It must contain the variable {CONTENT}, with permissions, a list of {{resource, application, delegated}},"
            " and token_resource, either microsoft_graph or exchange_online",
            next_step=f"See the ones in {ROLE_PROFILES}.",
        )


def _is_entry(entry: t.Any) -> bool:
    members = _json.as_object(entry)
    return isinstance(members.get("resource"), str) and members.keys() <= {"resource", "application", "delegated"}


def _entry(entry: Json, shown: str) -> ResourcePermissions:
    application, delegated = entry.get("application", []), entry.get("delegated", [])
    if not isinstance(application, list) or not isinstance(delegated, list):
        raise _malformed(
            shown,
            "In an entry of permissions, application and delegated are lists of names, such as [Mail.ReadWrite]",
            next_step="Omit empty lists.",
        )
    names = [*application, *delegated]
    if not entry["resource"] or not names or not all(map(_is_permission_name, names)):
        raise _malformed(
            shown,
            f"Its entry for {entry['resource']} has to list at least one permission, each by its name, such as"
            f" Mail.ReadWrite, without spaces, and not by its id. It lists {written(names)}",
            next_step="Use the names of Microsoft's permissions reference.",
        )
    left_alone = without(("delegated",), entry)
    return ResourcePermissions(entry["resource"], tuple(application), tuple(delegated), left_alone=tuple(left_alone))


def _is_permission_name(name: t.Any) -> bool:
    return isinstance(name, str) and PERMISSION_NAME.fullmatch(name) is not None and not GUID.fullmatch(name)


def _application_permissions(entries: t.Iterable[ResourcePermissions]) -> tuple[str, ...]:
    found: set[str] = set()
    for entry in entries:
        found |= {*entry.application}
    return tuple(sorted(found))


def _malformed(shown: str, how: str, *, next_step: str) -> InputError:
    return InputError(f"The profile {shown} is malformed. {how}", next_step=next_step)
