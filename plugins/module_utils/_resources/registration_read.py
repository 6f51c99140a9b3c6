# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Finds a registration by the key of the caller, among live and soft-deleted applications."""

from __future__ import annotations

import dataclasses

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    LARGEST_PAGE,
    Json,
    Read,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    deleted_service_principals_read,
    last_deleted,
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import declaration, secret_records
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import consent_reads
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_options import (
    RegistrationOptions,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_state import (
    FIELDS,
    Registration,
)

AHEAD = ("roles", "scopes")  # of consent_reads
OF_LATER_TASKS = (*declaration.FIELDS, *secret_records.FIELDS)
DELETED = "directory/deletedItems/microsoft.graph.application"


def owners_read(found: Registration, address: application.Address, *, created_recently: bool) -> Read:
    return Read(
        path=f"applications/{found.application_object_id}/owners",
        collection=True,
        action=f"read the owners of {address}",
        query={"$select": "id,displayName"},
        created_recently=created_recently,
        shape=Shape("an owner", needs=("id",)),
    )


def credentials_read(found: Registration, address: application.Address) -> Read:
    """Whole: ``$select`` of keyCredentials is limited to 150 requests a minute and tenant (Get application)."""
    return Read(
        path=f"applications/{found.application_object_id}",
        action=f"read the credentials of {address}",
        shape=application.AN_APPLICATION,
    )


class RegistrationReader:
    """Reads alone; what is not found by its key may be soft-deleted, or have a namesake."""

    def __init__(self, graph: GraphClient, options: RegistrationOptions) -> None:
        self._graph = graph
        self._options = options

    def read(self) -> Registration:
        address = self._options.address
        document = self._graph.get(address.read(self._graph, select=self._selected))
        if document is None:
            remains, lagging = self._read_remains()
            if lagging is None:
                return remains
            # A list shows the application that a single read did not find: another run created it moments ago.
            read = address.read(self._graph, select=self._selected)
            document = self._graph.get(dataclasses.replace(read, created_recently=True)) or lagging
        client_id = application.text_or_empty(document, "appId")
        found = Registration(found="live").with_document(document)
        self._graph.handed.hand_on(client_id.lower(), {})  # ends what an earlier run of the role handed on
        self._graph.note_young(
            times.parse(application.text_or_empty(document, "createdDateTime")),
            client_id,
            found.application_object_id,
            application.text(document, "uniqueName"),
        )
        principal, owners, credentials, *ahead = self._graph.get_many(
            [
                service_principal_read(client_id, action=f"read the service principal of {address}"),
                owners_read(found, address, created_recently=False),
                credentials_read(found, address),
                *self._reads_ahead(client_id),
            ]
        )
        found = found.with_owners(application.entries(owners)).with_credentials(as_object(credentials))
        if principal is None:
            return self._with_deleted_principal(found)
        if ahead:
            known = {"application": document, "principal": principal, **dict(zip(AHEAD, ahead, strict=True))}
            self._graph.handed.hand_on(client_id.lower(), known)
        return dataclasses.replace(
            found.with_principal(principal),
            service_principal_object_id=application.text(principal, "id"),
            has_service_principal=True,
        )

    @property
    def _selected(self) -> tuple[str, ...]:
        """In the role, also what the tasks behind this one ask about the application."""
        if not self._graph.handed.of_role:
            return FIELDS
        return tuple(dict.fromkeys((*FIELDS, *OF_LATER_TASKS)))

    def _reads_ahead(self, client_id: str) -> list[Read]:
        """In the role, what is granted to the application: the consent behind this one asks for it."""
        if not self._graph.handed.of_role:
            return []
        reads = consent_reads(client_id, created_recently=False)
        return [dataclasses.replace(reads[name], optional=True) for name in AHEAD]

    def _with_deleted_principal(self, found: Registration) -> Registration:
        """The old service principal has the assignments, and is what Exchange Online knows: better than a new one."""
        if not (self._options.present and self._options.restore):
            return found
        action = f"look for the deleted service principal of {self._options.address}"
        deleted = last_deleted(self._graph.collect(deleted_service_principals_read(action=action)), found.client_id)
        if deleted is None:
            return found
        return dataclasses.replace(found.with_principal(deleted), deleted_principal=application.text(deleted, "id"))

    def _read_remains(self) -> tuple[Registration, Json | None]:
        """No live application was found by the key: is there a soft-deleted one, or a namesake?

        The second value is a live application that has the key after all.
        """
        options = self._options
        reads = {
            "deleted": Read(
                path=DELETED,
                collection=True,
                action="read the deleted applications",
                query={"$select": ",".join(FIELDS), "$top": str(LARGEST_PAGE)},
                shape=application.AN_APPLICATION,
            )
        }
        if options.present and options.display_name is not None:
            reads["namesakes"] = Read(
                path="applications",
                collection=True,
                action="look for applications of the same name",
                query={"$filter": f"displayName eq {odata_string(options.display_name)}", "$select": ",".join(FIELDS)},
                shape=application.AN_APPLICATION,
            )
        found = dict(zip(reads, self._graph.get_many(list(reads.values())), strict=True))
        alike = application.entries(found.get("namesakes"))
        live = first(alike, self._is_addressed)
        if live is not None:
            return Registration(found="nothing"), live
        deleted = first(application.entries(found.get("deleted")), self._is_addressed)
        if deleted is not None:
            return self._with_deleted_principal(Registration(found="deleted").with_document(deleted)), None
        client_ids = application.texts([other.get("appId") for other in alike])
        return Registration(found="nothing", namesakes=tuple(client_ids)), None

    def _is_addressed(self, document: Json) -> bool:
        address = self._options.address
        return (address.client_id, address.object_id, address.unique_name) in (
            (application.text(document, "appId"), None, None),
            (None, application.text(document, "id"), None),
            (None, None, application.text(document, "uniqueName")),
        )
