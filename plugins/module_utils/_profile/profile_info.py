# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Reads the profile, checks it with all settings of the role, and looks its permissions up in the tenant."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    ResourcePrincipal,
    ResourcePrincipals,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.checked_settings import CheckedSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.credential_settings import (
    CredentialSettings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import Files
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.mailboxes import MailboxSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import (
    AccessSettings,
    StoreSettings,
    VerifySettings,
    check_others,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import (
    Profile,
    ResourcePermissions,
    read_profile,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.steps import (
    consent_steps,
    operator_steps,
    registered_names,
    task_files,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import GRAPH_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import (
    listed_resources,
    required_principal,
    resolve,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

ENTRY_POINTS = ("main", "rotate", "consent", "mailboxes", "verify", "retire", "check_access")

MailboxCheck = t.Callable[[t.Sequence[str]], None]
StoreCheck = t.Callable[[StoreSettings, CredentialSettings], None]


def _no_store_check(_stores: StoreSettings, _credential: CredentialSettings) -> None:
    """Stores are part of ansible-playbook; a module that runs as a process of its own has none."""


def _no_mailbox_check(_roles: t.Sequence[str]) -> None:
    """It takes the role's other settings, which a module that runs as a process of its own does not have."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What ansible-playbook knows. ``check_stores`` raises for settings of stores that cannot be right.

    ``check_mailboxes`` raises if the roles of Exchange cannot be assigned for the mailboxes of the settings.
    """

    files: Files = dataclasses.field(default_factory=lambda: Files((os.getcwd(),)))
    check_stores: StoreCheck = _no_store_check
    check_mailboxes: MailboxCheck = _no_mailbox_check


def profile_info(call: Call, surroundings: Surroundings | None = None) -> dict[str, t.Any]:
    """Raises InputError for what a user has to correct, ConflictError for what the tenant does not have.

    Nothing is sent before all settings were checked, and nothing at all with ``look_up=false``.
    """
    around = surroundings or Surroundings()
    params = call.params
    settings = Settings(params["settings"] or {})
    profile = read_profile(params["profile"], params["profile_file"], around.files)
    checked = _checked(settings, profile, around)
    mailbox_roles: tuple[str, ...] = ()
    limits = bool(checked.mailboxes.scope)
    if limits:
        mailbox_roles = profile.mailbox_roles
        profile = profile.limited()
    access = _access(checked.access, params["entry_point"])
    permissions = profile.permissions
    if params["add_user_read"]:
        permissions = profile.with_user_read()
    resolved: list[dict[str, str]] = []
    tenant_id = None
    if looks_up(params):
        resolved, tenant_id = _looked_up(call, permissions)
        if limits and params["entry_point"] != "rotate":
            around.check_mailboxes(mailbox_roles)
    may_revoke = limits and checked.mailboxes.revokes(params["entry_point"])
    steps = operator_steps(
        access,
        permissions,
        credential_type=checked.credential.type,
        has_key_vault=checked.stores.has("azure_key_vault"),
    )
    return {
        "changed": False,
        "profile": profile.name,
        "title": profile.title,
        "source": profile.source,
        "sign_in_audience": profile.sign_in_audience,
        "token_resource": profile.token_resource,
        "credential_types": list(profile.credential_types),
        "permissions": _options(permissions),
        "profile_permissions": _options(profile.permissions),
        "application_permissions": list(profile.application_permissions),
        "expected_roles": list(profile.expected_roles),
        "mailbox_roles": list(mailbox_roles),
        "resolved_permissions": resolved,
        "tenant_id": tenant_id,
        "after_new_secret": checked.after_new_secret,
        "operator_steps": steps,
        "consent_steps": consent_steps(access, permissions),
        "revokes_stale": may_revoke and settings.flag("exact_permissions"),
        "mailbox_method": checked.mailboxes.method_of(params["entry_point"]),
        "mailbox_steps": checked.mailboxes.steps(access.playbooks),
        "task_files": task_files(credential_type=checked.credential.type, limits=limits),
        "registered_names": registered_names(params["entry_point"], limits=limits),
        "module_options": checked.module_options(profile, operator_steps=steps, wait_timeout=params["wait_timeout"]),
        "notes": list(checked.notes),
    }


def looks_up(params: t.Mapping[str, t.Any]) -> bool:
    """Whether the tenant is asked, and the stores are looked at: a run may create a credential."""
    given: bool | None = params["look_up"]
    if given is None:
        return params["entry_point"] in (None, "main", "rotate")
    return given


def _options(permissions: t.Iterable[ResourcePermissions]) -> list[dict[str, t.Any]]:
    return [entry.as_option() for entry in permissions]


def _access(access: AccessSettings, entry_point: str | None) -> AccessSettings:
    """With the playbooks whose steps count."""
    playbooks = {None: access.playbooks, "check_access": access.playbooks, "main": ("register", *access.playbooks)}
    return access._replace(playbooks=playbooks.get(entry_point, (str(entry_point),)))


def _checked(settings: Settings, profile: Profile, around: Surroundings) -> CheckedSettings:
    """Files are looked at last: they cost more than a comparison."""
    check_others(settings)
    verify = VerifySettings.of(settings)
    credential = CredentialSettings.of(settings)
    credential.check_profile(profile)
    stores = StoreSettings.of(settings)
    access = AccessSettings.of(settings)
    mailboxes = MailboxSettings.of(settings)
    mailboxes.check_profile(profile)
    after_new_secret = settings.path("after_new_secret", of_what="a file with tasks")
    if after_new_secret:
        after_new_secret = around.files.find(
            after_new_secret, name=f"{PREFIX}after_new_secret", what="a file with tasks"
        )
    if "stores" in settings:
        around.check_stores(stores, credential)
    return CheckedSettings(
        raw=settings,
        credential=credential,
        stores=stores,
        access=access,
        mailboxes=mailboxes,
        verify=verify,
        after_new_secret=after_new_secret,
        notes=tuple(credential.check_files()),
    )


def _looked_up(call: Call, permissions: t.Sequence[ResourcePermissions]) -> tuple[list[dict[str, str]], str]:
    """Each permission with its id, all resources in one request; and the tenant."""
    call.validate_sign_in()
    entries = _options(permissions)
    client_ids = listed_resources("permissions", entries)
    documents = call.graph.get_many(list(map(ResourcePrincipal.read, client_ids)))
    known = ResourcePrincipals(documents)
    found: list[dict[str, str]] = []
    for entry, document in zip(entries, documents, strict=True):
        principal = required_principal(document, entry["resource"])
        for kind in GRAPH_TYPES:
            named = [resolve(principal, kind, name) for name in entry[kind] or ()]
            found += map(known.described, dict.fromkeys(named))
    return found, call.tenant_id
