# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Creates, restores, updates and deletes an application and its service principal."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import changed_fields
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    create_service_principal,
    restore_service_principal,
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_options import (
    RegistrationOptions,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_read import owners_read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_state import (
    FIELDS,
    Registration,
    properties_of,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


class RegistrationWriter:
    """Each method does one thing to the tenant, and returns what is there then."""

    def __init__(self, call: Call, options: RegistrationOptions) -> None:
        self._call = call
        self._graph = call.graph
        self._options = options
        self._address = options.address

    def ensure(self, current: Registration, wanted: Registration) -> Registration:
        """Create, or restore and update, the application; then its service principal and its owners."""
        if current.found == "nothing":
            made = self._create(wanted)
        else:
            made = self._update(self._restored(current), wanted)
        if not made.has_service_principal:
            principal = self._principal_for(made, display_name=str(wanted.properties["displayName"]))
            made = dataclasses.replace(
                made, service_principal_object_id=application.text(principal, "id"), has_service_principal=True
            )
        for owner in without(self._options.owners, made.owners):
            self._add_owner(made, owner)
        return dataclasses.replace(made, owners=tuple(sorted({*made.owners, *self._options.owners})))

    def delete(self, current: Registration) -> None:
        """Soft-delete what is live, with its service principal."""
        object_id = current.application_object_id
        self._graph.write(Write(method="DELETE", path=f"applications/{object_id}", action=f"delete {self._address}"))
        keys = (self._address.unique_name, current.client_id, object_id, current.service_principal_object_id)
        for known in keys:
            self._graph.note_deleted(known)

    def purge(self, current: Registration, *, just_deleted: bool) -> None:
        self._graph.write(
            Write(
                method="DELETE",
                path=f"directory/deletedItems/{current.application_object_id}",
                action=f"purge {self._address}",
                right="purge_application",
                created_recently=just_deleted,
            )
        )

    def _principal_for(self, made: Registration, *, display_name: str) -> Json:
        client_id = made.client_id
        if made.deleted_principal is not None:
            restored = restore_service_principal(self._graph, client_id, made.deleted_principal)
            if restored is not None:
                return restored
        return create_service_principal(self._graph, client_id, display_name=display_name)

    def _add_owner(self, made: Registration, owner: str) -> None:
        try:
            self._graph.write(
                Write(
                    method="POST",
                    path=f"applications/{made.application_object_id}/owners/$ref",
                    action=f"make {owner} an owner of {self._address}",
                    body={"@odata.id": f"{self._call.endpoint.graph}/v1.0/directoryObjects/{owner}"},
                    right="change_owners",
                    repeatable=False,
                    created_recently=self._graph.created_here(made.client_id),
                    foreign_id=owner,
                )
            )
        except GraphError as exc:
            if not exc.fault.exists:
                raise

    def _create(self, wanted: Registration) -> Registration:
        """One atomic create-or-update by the unique name, so that two runs at once make one application."""
        body = request_body(changed_fields(properties_of({}), wanted.properties))
        body.pop("uniqueName", None)  # it is the key in the address
        try:
            document = self._graph.write(
                Write(
                    method="PATCH",
                    path=self._address.path,
                    action=f"register {self._address}",
                    body=body,
                    headers={"Prefer": "create-if-missing"},
                    shape=self._address.shape(()),
                )
            )
        except GraphError as exc:
            if not exc.fault.unique_name_taken:
                raise
            # Our read lagged behind: another run created or deleted the application moments ago.
            raise OvertakenError(
                f"Could not register {self._address}: another application, which is not listed yet, has"
                " that unique name",
                next_step="Run again in a minute, or choose another O(unique_name).",
                status=exc.fault.status,
                code=exc.fault.code,
                request_id=exc.fault.request_id,
            ) from None
        self._note_created(
            self._address.unique_name, application.text(document, "id"), application.text(document, "appId")
        )
        if not application.text(document, "appId"):
            # 204: another run created it between our read and this write, and we updated it.
            read = self._address.read(self._graph, select=FIELDS)
            document = application.required(
                self._graph.get(dataclasses.replace(read, created_recently=True)), self._address
            )
        made = Registration(found="live").with_document(document)
        # Graph may make the identity that creates an application its owner.
        return made.with_owners(self._graph.collect(owners_read(made, self._address, created_recently=True)))

    def _restored(self, current: Registration) -> Registration:
        if current.found != "deleted":
            return current
        self._graph.write(
            Write(
                method="POST",
                path=f"directory/deletedItems/{current.application_object_id}/restore",
                action=f"restore {self._address}, which was soft-deleted",
            )
        )
        self._note_created(current.client_id, current.application_object_id, self._address.unique_name)
        former = application.text(dict(current.properties), "displayName")
        if self._options.display_name not in (None, former):
            self._call.warn(
                f"The application with the client id {current.client_id} was soft-deleted under the display name"
                f" {shown(str(former))}; it was restored with its secrets and grants."
            )
        # Restoring brings the service principal back, as far as it was deleted with the application.
        principal = self._graph.get(
            service_principal_read(current.client_id, action=f"read the service principal of {self._address}")
        )
        restored = dataclasses.replace(current, found="live")
        return dataclasses.replace(
            restored.with_owners(self._graph.collect(owners_read(restored, self._address, created_recently=True))),
            service_principal_object_id=application.text(as_object(principal), "id"),
            has_service_principal=principal is not None,
        )

    def _note_created(self, *keys: str | None) -> None:
        """By the keys that are known."""
        for key in filter(None, keys):
            self._graph.note_created(key)

    def _update(self, current: Registration, wanted: Registration) -> Registration:
        patch = changed_fields(current.properties, wanted.properties)
        if patch:
            self._graph.write(
                Write(
                    method="PATCH",
                    path=f"applications/{current.application_object_id}",
                    action=f"update {self._address}",
                    body=request_body(patch),
                    created_recently=self._graph.created_here(current.client_id),
                )
            )
        return dataclasses.replace(current, properties=wanted.properties)


def request_body(fields: t.Mapping[str, t.Any]) -> Json:
    """Managed fields as Graph takes them: the redirect addresses live below ``web``.

    An audience with personal accounts needs access tokens of version 2 (resource page "apiApplication").
    """
    body = dict(fields)
    if "redirectUris" in body:
        body["web"] = {"redirectUris": body.pop("redirectUris")}
    if fields.get("signInAudience") in PERSONAL_AUDIENCES:
        body["api"] = {"requestedAccessTokenVersion": 2}
    return body
