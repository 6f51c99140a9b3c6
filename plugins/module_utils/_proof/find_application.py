# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Finds the application of a verification, as azure_app_registration finds it, with no more than the right to read."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import Address
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, odata_string
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import SWITCHES, switched_off
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.checks import REGISTER, SAME_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.seen import Application, Failure

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

FIELDS = ("id", "appId", "uniqueName", *SWITCHES)


def find_application(call: Call, *, unique_name: str | None) -> Application:
    """The application of the options client_id, or else ``unique_name``; with an obstacle if it cannot sign in.

    Raises InputError for a malformed key, GraphError and SignInError.
    """
    address = Address.of({"client_id": call.params["client_id"], "unique_name": unique_name})
    document = call.graph.get(address.read(call.graph, select=FIELDS))
    if document is None:
        return Application(tenant_id=call.tenant_id, obstacle=_not_registered(call, address))
    client_id = application.text_or_empty(document, "appId")
    principal = call.graph.get(service_principal_read(client_id, action=f"read the service principal of {address}"))
    return Application(
        client_id=client_id,
        tenant_id=call.tenant_id,
        service_principal_object_id=application.text_or_empty(as_object(principal), "id"),
        consent_url=consent_url(call.endpoint.authority, call.tenant_id, client_id) or "",
        obstacle=_obstacle(document, principal),
    )


def unique_name_of(params: t.Mapping[str, t.Any]) -> str | None:
    """The unique name that the application has, or would have; None if its client id is all that is known."""
    unique_name: str | None = params["unique_name"]
    if unique_name or params["client_id"] or not params["display_name"]:
        return unique_name
    return application.derived_unique_name(params["display_name"])


def _not_registered(call: Call, address: Address) -> Failure:
    alike: list[str] = []
    if address.unique_name:
        alike = _namesakes(call)
    if not alike:
        return Failure(f"Not registered: there is no {_without_article(address)}.", f"Run {REGISTER} {SAME_VARIABLES}.")
    return Failure(
        f"There is no {_without_article(address)}, but another one with this display name (client id"
        f" {', '.join(alike)}).",
        "If it is the one, set O(client_id) or O(unique_name) to its own.",
    )


def _namesakes(call: Call) -> list[str]:
    """Client ids of some applications with the same display name, of which none is taken for the application."""
    display_name = call.params["display_name"]
    if not display_name:
        return []
    read = Read(
        path="applications",
        collection=True,
        action="look for applications of the same name",
        query={"$filter": f"displayName eq {odata_string(display_name)}", "$select": "id,appId", "$top": "5"},
        shape=application.AN_APPLICATION,
    )
    return application.texts([document.get("appId") for document in call.graph.collect(read)[:5]])


def _without_article(address: Address) -> str:
    return str(address).removeprefix("the ")


def _obstacle(document: Json, principal: Json | None) -> Failure | None:
    if principal is None:
        return Failure("Its service principal is missing.", f"Run {REGISTER} {SAME_VARIABLES}, which creates it.")
    found = switched_off(document) or switched_off(principal)
    if found is None:
        return None
    return Failure(f"{found.reason[0].upper()}{found.reason[1:]}.", found.next_step)
