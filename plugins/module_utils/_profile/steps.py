# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The steps of azure_operator_access_info that a profile and the settings take. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import RESOURCES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import AccessSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import ResourcePermissions

Permissions = t.Sequence[ResourcePermissions]
CREDENTIAL_STEPS = {"federated": "federated_credential"}


def operator_steps(
    access: AccessSettings, permissions: Permissions, *, credential_type: str, has_key_vault: bool
) -> list[str]:
    """Those of the identity that registers, renews and retires, in the order in which they are reported."""
    playbooks_with = {
        "register": {"register"},
        "declare_permissions": {"register"},
        CREDENTIAL_STEPS.get(credential_type, credential_type): {"register", "rotate"},
        "owners": {"register"},
        "key_vault": {"register", "rotate", "retire"},
        "look_up": {"verify", "report"},
        "retire": {"retire"},
        "purge": {"retire"},
    }
    settings = {
        "declare_permissions": len(permissions),
        "owners": access.has_owners,
        "key_vault": has_key_vault,
        "purge": access.purges,
    }
    switched_off = settings.keys() - filled_members(settings)
    taken = {step: playbooks & {*access.playbooks} for step, playbooks in playbooks_with.items()}
    return without(filled_members(taken), switched_off)


def consent_steps(access: AccessSettings, permissions: Permissions) -> list[str]:
    """Those of the identity that decides on consent."""
    grants = "consent" in access.playbooks or ("register" in access.playbooks and access.grants_consent)
    delegated = any(entry.delegated for entry in permissions)
    resources = {entry.client_id for entry in permissions if entry.application}
    graph = {RESOURCES["microsoft_graph"]}
    steps: dict[str, bool] = {}
    if grants:
        steps |= {
            "consent_application": bool(resources & graph),
            "consent_application_elsewhere": bool(resources - graph),
            "consent_delegated": delegated,
        }
    if "retire" in access.playbooks:
        steps |= {"withdraw_consent": True, "withdraw_delegated": delegated}
    return list(filled_members(steps))


def task_files(*, credential_type: str, limits: bool) -> list[str]:
    """The files of the role that main includes after the declaration, in order.

    Exchange is first, so that an application whose permission is revoked in Entra ID has its mailboxes already.
    """
    files = ["admin_consent.yml", f"{credential_type}.yml"]
    if limits:
        files.insert(0, "mailbox_roles.yml")
    return files


def registered_names(entry_point: str | None, *, limits: bool) -> list[str]:
    """What the tasks of an entry point that write before the credential register, in order."""
    if entry_point != "main":
        return []
    names = ["__gateway_app_registration", "__gateway_app_permissions", "__gateway_app_granted"]
    if limits:
        names.insert(2, "__gateway_app_mailbox_scope")
    return names
