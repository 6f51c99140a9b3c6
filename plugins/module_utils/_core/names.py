# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Names of options in messages: the module's own, or the role's variable if the role runs the task.

Messages write an option as ``O(lifetime_days)`` or ``O(state=absent)``. A user of the role never wrote
``lifetime_days``, but ``gateway_app_secret_lifetime_days``.
"""

from __future__ import annotations

import re
import types
import typing as t

NO_NAMES: t.Mapping[str, str] = types.MappingProxyType({})
OPTION = re.compile(r"\bO\((?P<name>[a-z_]+)(?P<value>(=[^()]*)?)\)")

_APPLICATION = {
    "display_name": "gateway_app_display_name",
    "unique_name": "gateway_app_unique_name",
    "client_id": "gateway_app_client_id",
}
_COMMON = {**_APPLICATION, "wait_timeout": "gateway_app_wait_timeout"}
_STORES = {
    "stores": "gateway_app_stores",
    "store_path": "gateway_app_store_path",
    "store_vault_id": "gateway_app_store_vault_id",
}
_CREDENTIAL = {
    **_COMMON,
    **_STORES,
    "profile": "gateway_app_profile",
    "overlap_days": "gateway_app_overlap_days",
    "rotate": "gateway_app_rotate_now",
    "verify_token": "gateway_app_verify_token",
    "confirm": "gateway_app_retire_confirmed",
}
_LIFETIME = {
    "description": "gateway_app_secret_description",
    "lifetime_days": "gateway_app_secret_lifetime_days",
    "renew_before_days": "gateway_app_secret_renew_before_days",
}
_PROOF = {**_COMMON, **_STORES}

# By module: option -> variable of the role gateway_app. What is not in here keeps its own name.
ROLE_VARIABLES: dict[str, dict[str, str]] = {
    "azure_app_profile_info": {
        **_COMMON,
        **_STORES,
        "profile": "gateway_app_profile",
        "profile_file": "gateway_app_profile_file",
        "add_user_read": "gateway_app_add_user_read",
        "path": "gateway_app_certificate_path",
    },
    "azure_app_registration": {
        **_COMMON,
        "notes": "gateway_app_notes",
        "tags": "gateway_app_tags",
        "owners": "gateway_app_owners",
        "service_management_reference": "gateway_app_service_management_reference",
        "purge": "gateway_app_retire_purge",
        "confirm": "gateway_app_retire_confirmed",
    },
    "azure_app_registration_info": _COMMON,
    "azure_app_graph_permissions": {
        **_COMMON,
        "exact": "gateway_app_exact_permissions",
        "add_user_read": "gateway_app_add_user_read",
    },
    "azure_admin_consent": {
        **_COMMON,
        "method": "gateway_app_consent",
        "expected_applications": "gateway_app_expected_applications",
        "confirm": "gateway_app_retire_confirmed",
    },
    "azure_app_mailbox_scope": {
        **_COMMON,
        "exact": "gateway_app_exact_permissions",
        "method": "gateway_app_mailbox_method",
        "commands_file": "gateway_app_mailbox_commands_file",
        "expected_applications": "gateway_app_expected_applications",
        "scope": "gateway_app_mailboxes",
    },
    "azure_app_secret": {**_CREDENTIAL, **_LIFETIME},
    "azure_app_certificate": {**_CREDENTIAL, **_LIFETIME, "path": "gateway_app_certificate_path"},
    "azure_app_federated_credential": {
        **_CREDENTIAL,
        "name": "name in gateway_app_federated_credential",
        "issuer": "issuer in gateway_app_federated_credential",
        "subject": "subject in gateway_app_federated_credential",
        "audiences": "audience in gateway_app_federated_credential",
        "assertion_file": "assertion_file in gateway_app_federated_credential",
    },
    "azure_app_credential_info": _PROOF,
    "azure_app_token_info": _PROOF,
    "azure_mailbox_access_info": {
        **_PROOF,
        "mailboxes_allowed": "gateway_app_verify_mailbox",
        "mailboxes_denied": "gateway_app_verify_forbidden_mailbox",
    },
    "azure_smtp_oauth_info": {
        **_PROOF,
        "mailbox": "gateway_app_verify_mailbox",
        "smtp_host": "gateway_app_verify_smtp_host",
        "smtp_port": "gateway_app_verify_smtp_port",
    },
    "azure_app_verification_info": {
        **_PROOF,
        "profile": "gateway_app_profile",
        "mailbox": "gateway_app_verify_mailbox",
        "forbidden_mailbox": "gateway_app_verify_forbidden_mailbox",
        "smtp": "gateway_app_verify_smtp",
        "smtp_host": "gateway_app_verify_smtp_host",
        "smtp_port": "gateway_app_verify_smtp_port",
        "assigned_at": "gateway_app_mailboxes_assigned_at",
        "assignment_delay_minutes": "gateway_app_mailbox_delay_minutes",
        "expected_applications": "gateway_app_expected_applications",
        "federated_credential": "gateway_app_federated_credential",
    },
    "azure_operator_access_info": {**_COMMON, "steps": "gateway_app_check_access_for"},
}


def render(text: str, names: t.Mapping[str, str]) -> str:
    """The text with each ``O(option)`` replaced by its name in ``names``, or by its own."""

    def name(found: re.Match[str]) -> str:
        return names.get(found["name"], found["name"]) + found["value"]

    return OPTION.sub(name, text)


def rendered(value: t.Any, names: t.Mapping[str, str]) -> t.Any:
    """The same for every text in a list or dict, such as the warnings of a call."""
    return with_texts(value, lambda text: render(text, names))


def with_texts(value: t.Any, change: t.Callable[[str], str]) -> t.Any:
    """A copy of a result in which each text is changed, also those that are names."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, t.Mapping):
        return {with_texts(name, change): with_texts(item, change) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_texts(item, change) for item in value]
    return value
