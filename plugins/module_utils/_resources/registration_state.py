# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A registration as the tenant has it: one application and its service principal."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import (
    KeyCredential,
    key_credentials,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import (
    SWITCHES,
    SwitchedOff,
    switched_off,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    PasswordCredential,
    password_credentials,
)

FIELDS = (
    "id",
    "appId",
    "displayName",
    "uniqueName",
    "signInAudience",
    "notes",
    "tags",
    "serviceManagementReference",
    "web",
    "createdDateTime",
    *SWITCHES,
)


@dataclasses.dataclass(frozen=True)
class Registration:
    """What the tenant holds. ``found`` is "live", "deleted" (soft-deleted) or "nothing"."""

    found: str
    application_object_id: str | None = None
    client_id: str = ""
    service_principal_object_id: str | None = None
    has_service_principal: bool = False
    deleted_principal: str | None = None  # object id of its soft-deleted service principal, if it has no live one
    switched_off: SwitchedOff | None = None
    properties: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    owners: tuple[str, ...] = ()
    owner_names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    restored: bool = False  # soft-deleted when it was read
    namesakes: tuple[str, ...] = ()  # client ids of other applications with the wanted display name
    secrets: tuple[PasswordCredential, ...] = ()
    certificates: tuple[KeyCredential, ...] = ()

    @property
    def is_registered(self) -> bool:
        """Whether both the application and its service principal are there."""
        return self.found == "live" and bool(self.service_principal_object_id)

    def with_document(self, document: Json) -> Registration:
        return dataclasses.replace(
            self,
            application_object_id=application.text(document, "id"),
            client_id=application.text_or_empty(document, "appId"),
            properties=properties_of(document),
            switched_off=switched_off(document),
        )

    def with_credentials(self, document: Json) -> Registration:
        return dataclasses.replace(self, secrets=password_credentials(document), certificates=key_credentials(document))

    def live_credentials(self, now: datetime.datetime) -> list[View]:
        """The client secrets and certificates that are not expired, those that last longest first."""
        return [*_live("client_secret", self.secrets, now), *_live("certificate", self.certificates, now)]

    def with_principal(self, document: Json) -> Registration:
        """With its service principal, live or soft-deleted."""
        return dataclasses.replace(self, switched_off=self.switched_off or switched_off(document))

    def with_owners(self, documents: t.Iterable[Json]) -> Registration:
        names: dict[str, str] = {}
        for owner in documents:
            owner_id = str(owner["id"])
            names[owner_id] = application.text(owner, "displayName") or owner_id
        return dataclasses.replace(self, owners=tuple(sorted(names)), owner_names=names)


def _live(
    credential_type: str, credentials: t.Iterable[PasswordCredential | KeyCredential], now: datetime.datetime
) -> t.Iterator[View]:
    for credential in credentials:
        described = selected(credential.described(now), ("key_id", "description", "end", "days_left"))
        if described["days_left"] is None or described["days_left"] >= 0:
            yield {"type": credential_type, **described}


def properties_of(document: Json) -> dict[str, t.Any]:
    """The application's properties in Graph's own names, reduced to those that are managed here."""
    web = as_object(document.get("web"))
    return {
        "displayName": application.text(document, "displayName"),
        "uniqueName": application.text(document, "uniqueName"),
        "signInAudience": application.text(document, "signInAudience"),
        "notes": application.text(document, "notes"),
        "tags": application.texts(document.get("tags")),
        "serviceManagementReference": application.text(document, "serviceManagementReference"),
        "redirectUris": application.texts(web.get("redirectUris")),
    }


def described(state: Registration) -> View:
    """The properties by the names of the module's options."""
    properties = {**properties_of({}), **state.properties}
    return {
        "display_name": properties["displayName"],
        "unique_name": properties["uniqueName"],
        "sign_in_audience": properties["signInAudience"],
        "notes": properties["notes"],
        "tags": properties["tags"],
        "service_management_reference": properties["serviceManagementReference"],
        "redirect_uris": properties["redirectUris"],
    }
