# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The three ways to switch an application off, each of which is a decision of an administrator or of Microsoft.

Source: "Deactivate an app registration", Microsoft Learn, which compares isDisabled, disabledByMicrosoftStatus and
accountEnabled.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    service_principal_read,
)

# Of an application; a service principal also has accountEnabled.
SWITCHES = ("isDisabled", "disabledByMicrosoftStatus")


class SwitchedOff(t.NamedTuple):
    """Why an application gets no token: the end of a sentence about it, and what to do."""

    reason: str
    next_step: str


def switched_off(document: Json) -> SwitchedOff | None:
    """The reason in the document of an application or a service principal; None if it may sign in."""
    status = application.text_or_empty(document, "disabledByMicrosoftStatus")
    if status.startswith("Disabled"):  # null, NotDisabled and values to come do not stand in the way
        return SwitchedOff(
            f"Microsoft has disabled it ({shown(status)})",
            "Ask Microsoft support why; or register another one, with another O(unique_name).",
        )
    if document.get("isDisabled") is True:
        return SwitchedOff(
            "it was deactivated (isDisabled is true)",
            "Find out why. To go on, reactivate it in the Microsoft Entra admin center (App registrations, Deactivated"
            " applications), and run again.",
        )
    if document.get("accountEnabled") is False:
        return SwitchedOff(
            "sign-in was switched off for its service principal (accountEnabled is false)",
            "Find out why. To go on, set 'Enabled for users to sign-in' to Yes in its properties among the enterprise"
            " applications of the portal, and run again.",
        )
    return None


def note_may_sign_in(graph: GraphClient, client_id: str) -> None:
    """For the later tasks of the run, which need not read it again."""
    graph.note_written(f"may-sign-in:{client_id}", "yes")


def refuse_credential(graph: GraphClient, document: Json, address: application.Address) -> None:
    """Before a credential is made. ``document``: the application with SWITCHES. Raises ConflictError."""
    client_id = application.text_or_empty(document, "appId")
    if graph.written_here(f"may-sign-in:{client_id}"):
        return
    read = service_principal_read(client_id, action=f"read the service principal of {address}")
    found = switched_off(document) or switched_off(graph.get_or_empty(read))
    if found is not None:
        raise ConflictError(
            f"Could not create a credential for {address}: {found.reason}",
            next_step=found.next_step,
            client_id=client_id,
        )
    note_may_sign_in(graph, client_id)
