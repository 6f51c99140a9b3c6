# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Predicts the task that limits the application to its mailboxes, before the role writes anything."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import ROLE_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import (
    call_module,
    declared_module,
)

NAME = "azure_app_mailbox_scope"


def predict_mailbox_scope(
    call: Call,
    settings: t.Mapping[str, t.Any],
    *,
    roles: t.Sequence[str],
    environment: t.Mapping[str, str],
) -> None:
    """Runs the module azure_app_mailbox_scope in check mode as the identity that it will sign in as.

    Raises ConflictError for what the task would refuse: an unknown role or group, a missing right, no Graph beta; and
    for a declared permission that the consent of the same run would grant for all mailboxes.
    """
    method, consents = settings.get("mailbox_method", "graph"), settings.get("consent", "grant") != "none"
    scope = settings["mailboxes"]
    if method == "none":  # another identity assigns the roles later, and only consent is left to check
        if not consents:
            return
        method, scope, environment = "commands", {"tenant": True}, {}
    key = "client_id"
    if not settings.get(key):
        key = "unique_name"
    name = settings.get(key) or derived_unique_name(str(settings.get("display_name", "")))
    args = {
        key: name,
        "roles": list(roles),
        "exact": settings.get("exact_permissions", False),
        "method": method,
        "wait_timeout": call.params["wait_timeout"],
        "scope": scope,
    }
    result = call_module(
        declared_module(NAME),
        NAME,
        args,
        check_mode=True,
        environ={**call.environ, **environment},
        memory=call.memory,
        option_names=ROLE_VARIABLES[NAME],
    )
    if result.get("failed"):
        raise ConflictError(str(result["msg"]), **result["error"])
    opening = result["declared_for_all_mailboxes"]
    limits = "tenant" not in settings["mailboxes"]
    if opening and limits and consents and not Settings(settings).flag("exact_permissions"):
        raise ConflictError(
            f"{', '.join(opening)} is declared and not granted in Entra ID: admin consent would grant it"
            " for all mailboxes",
            next_step=f"Set {PREFIX}exact_permissions: true, which removes what the profile does not ask for, or remove"
            " this permission with azure_app_graph_permissions.",
        )
