# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A registration: one application and its service principal, found by a key that the caller owns."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url, portal_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    GraphError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View, changed_fields
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import (
    LARGEST_PAGE,
    GraphClient,
    Json,
    Read,
    Write,
    by_key,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    create_service_principal,
    deleted_service_principals_read,
    last_deleted,
    restore_service_principal,
    service_principal_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_options import Wish

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

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
    "disabledByMicrosoftStatus",
)
DELETED = "directory/deletedItems/microsoft.graph.application"


@dataclasses.dataclass(frozen=True)
class Registration:
    """What the tenant holds. ``found`` is "live", "deleted" (soft-deleted) or "nothing"."""

    found: str
    application_object_id: str | None = None
    client_id: str | None = None
    service_principal_object_id: str | None = None
    has_service_principal: bool = False
    deleted_principal: str | None = None  # object id of its soft-deleted service principal, where it has no live one
    sign_in_enabled: bool = True
    disabled_by_microsoft: str | None = None
    properties: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    owners: tuple[str, ...] = ()
    owner_names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    namesakes: tuple[str, ...] = ()  # client ids of other applications with the wished display name

    def with_document(self, document: Json) -> Registration:
        return dataclasses.replace(
            self,
            application_object_id=application.text(document, "id"),
            client_id=application.text(document, "appId"),
            properties=properties_of(document),
        ).with_microsofts_word(document)

    def with_principal(self, document: Json) -> Registration:
        """With its service principal, live or soft-deleted."""
        return dataclasses.replace(
            self, sign_in_enabled=document.get("accountEnabled") is not False
        ).with_microsofts_word(document)

    def with_microsofts_word(self, document: Json) -> Registration:
        """Any value that begins so stands in the way; null, NotDisabled and what is unknown do not."""
        status = application.text(document, "disabledByMicrosoftStatus") or ""
        return dataclasses.replace(self, disabled_by_microsoft=status) if status.startswith("Disabled") else self

    def with_owners(self, documents: t.Iterable[Json]) -> Registration:
        names = {
            owner_id: application.text(owner, "displayName") or owner_id
            for owner in documents
            if (owner_id := application.text(owner, "id"))
        }
        return dataclasses.replace(self, owners=tuple(sorted(names)), owner_names=names)


def properties_of(document: Json) -> dict[str, t.Any]:
    """The application's properties in Graph's own names, reduced to those that are managed here."""
    web = document.get("web")
    return {
        "displayName": application.text(document, "displayName"),
        "uniqueName": application.text(document, "uniqueName"),
        "signInAudience": application.text(document, "signInAudience"),
        "notes": application.text(document, "notes"),
        "tags": application.texts(document.get("tags")),
        "serviceManagementReference": application.text(document, "serviceManagementReference"),
        "redirectUris": application.texts(web.get("redirectUris")) if isinstance(web, dict) else [],
    }


class RegistrationResource:
    """Finds, creates, updates, restores, deletes and purges a registration."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._wish = Wish.of(call.params)
        self._deleted_now: Registration | None = None

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Registration:
        if self._deleted_now is not None:
            # Only the purge is left, and a read could lag behind our own deletion.
            return self._deleted_now
        address = self._wish.address
        document = self._graph.get(address.read(self._graph, select=FIELDS))
        if document is None:
            remains, lagging = self._read_remains()
            if lagging is None:
                return remains
            # A list shows the application that a single read did not find: another run created it moments ago.
            read = address.read(self._graph, select=FIELDS)
            document = self._graph.get(dataclasses.replace(read, lag=True)) or lagging
        client_id = application.text(document, "appId") or ""
        found = Registration(found="live").with_document(document)
        self._graph.note_young(
            times.parse(application.text(document, "createdDateTime") or ""),
            client_id,
            found.application_object_id,
            application.text(document, "uniqueName"),
        )
        principal, owners = self._graph.get_many(
            [
                service_principal_read(client_id, tried=f"read the service principal of {address}"),
                self._owners_read(found, lag=False),
            ]
        )
        found = found.with_owners(application.objects((owners or {}).get("value")))
        if principal is None:
            return self._with_deleted_principal(found)
        return dataclasses.replace(
            found.with_principal(principal),
            service_principal_object_id=application.text(principal, "id"),
            has_service_principal=True,
        )

    def _with_deleted_principal(self, found: Registration) -> Registration:
        """The old service principal has the assignments, and is what Exchange Online knows: better than a new one."""
        if not (self._wish.present and self._wish.restore):
            return found
        tried = f"look for the deleted service principal of {self._wish.address}"
        deleted = last_deleted(self._graph.collect(deleted_service_principals_read(tried=tried)), found.client_id or "")
        if deleted is None:
            return found
        return dataclasses.replace(found.with_principal(deleted), deleted_principal=application.text(deleted, "id"))

    def _owners_read(self, found: Registration, *, lag: bool) -> Read:
        return Read(
            path=f"applications/{found.application_object_id}/owners",
            tried=f"read the owners of {self._wish.address}",
            query={"$select": "id,displayName"},
            lag=lag,
            shape=Shape("an owner", needs=("id",)),
        )

    def _read_remains(self) -> tuple[Registration, Json | None]:
        """No live application was found by the key: is there a soft-deleted one, or a namesake?

        The second value is a live application that has the key after all.
        """
        wish = self._wish
        reads = [
            Read(
                path=DELETED,
                tried="read the deleted applications",
                query={"$select": ",".join(FIELDS), "$top": str(LARGEST_PAGE)},
                shape=application.AN_APPLICATION,
            )
        ]
        if wish.present and wish.display_name is not None:
            reads.append(
                Read(
                    path="applications",
                    tried="look for applications of the same name",
                    query={"$filter": f"displayName eq {odata_string(wish.display_name)}", "$select": ",".join(FIELDS)},
                    shape=application.AN_APPLICATION,
                )
            )
        deleted, namesakes = (*self._graph.get_many(reads), None)[:2]
        alike = application.objects((namesakes or {}).get("value"))
        live = next((document for document in alike if self._is_addressed(document)), None)
        if live is not None:
            return Registration(found="nothing"), live
        for document in application.objects((deleted or {}).get("value")):
            if self._is_addressed(document):
                return self._with_deleted_principal(Registration(found="deleted").with_document(document)), None
        client_ids = application.texts([other.get("appId") for other in alike])
        return Registration(found="nothing", namesakes=tuple(client_ids)), None

    def _is_addressed(self, document: Json) -> bool:
        address = self._wish.address
        return (address.client_id, address.object_id, address.unique_name) in (
            (application.text(document, "appId"), None, None),
            (None, application.text(document, "id"), None),
            (None, None, application.text(document, "uniqueName")),
        )

    def desired(self, current: Registration) -> Registration:
        if not self._wish.present:
            if current.found == "nothing":
                return current
            return dataclasses.replace(
                current,
                found="nothing" if self._wish.purge else "deleted",
                has_service_principal=False,
                service_principal_object_id=None,
            )
        if current.found == "nothing":
            self._refuse_impossible_creation(current)
        if current.found == "deleted" and not self._wish.restore:
            raise ConflictError(
                f"Could not register {self._wish.address}: a soft-deleted application holds that key",
                next_step="Set restore_deleted to true, purge it with state=absent and purge=true, or take another"
                " unique_name.",
                client_id=current.client_id,
            )
        self._refuse_what_was_switched_off(current)
        return dataclasses.replace(
            current,
            found="live",
            has_service_principal=True,
            properties=self._wished_properties(current),
            owners=tuple(sorted({*current.owners, *self._wish.owners})),
            namesakes=(),
        )

    def _refuse_what_was_switched_off(self, current: Registration) -> None:
        """Somebody decided that the application shall not sign in: more secrets and grants are not the answer."""
        if current.disabled_by_microsoft is not None:
            raise ConflictError(
                f"Could not register {self._wish.address}: Microsoft has disabled it"
                f" ({shown(current.disabled_by_microsoft)})",
                next_step="Ask Microsoft support why; or register another one, with another unique_name.",
                client_id=current.client_id,
            )
        if not current.sign_in_enabled:
            raise ConflictError(
                f"Could not register {self._wish.address}: somebody has switched off sign-in for its service principal"
                " (accountEnabled is false)",
                next_step="Find out why. To go on, set 'Enabled for users to sign-in' to Yes in its properties among"
                " the enterprise applications of the portal, and run again.",
                client_id=current.client_id,
            )

    def _refuse_impossible_creation(self, current: Registration) -> None:
        wish = self._wish
        if wish.address.unique_name is None:
            raise ConflictError(
                f"Could not find {wish.address} in this tenant",
                next_step="Check the id and the tenant. To register a new application, give display_name and"
                " unique_name and no id.",
            )
        if wish.display_name is None:
            raise InputError(
                f"Could not register {wish.address}: it is not there, and display_name is not set",
                next_step="Set display_name.",
            )
        if current.namesakes:
            one = f"={current.namesakes[0]}" if len(current.namesakes) == 1 else ""
            raise ConflictError(
                f"Could not register {wish.address}: another application already has the display name"
                f" {shown(wish.display_name)} (client id {', '.join(current.namesakes[:5])})",
                next_step=f"To adopt {'it' if one else 'one of them'}, set client_id{one} together with unique_name;"
                " else choose another display_name.",
                client_ids=list(current.namesakes[:20]),
            )

    def _wished_properties(self, current: Registration) -> dict[str, t.Any]:
        wish = self._wish
        known = current.properties.get("uniqueName")
        if wish.unique_name is not None and known not in (None, wish.unique_name):
            raise ConflictError(
                f"Could not set the unique name of {wish.address}: it is {shown(str(known))} already, and Entra ID"
                " never changes one",
                next_step=f"Set unique_name to {shown(str(known))}, or leave it out.",
            )
        audience = current.properties.get("signInAudience")
        if wish.address.unique_name is None and audience not in (None, wish.sign_in_audience):
            self._call.warn(
                f"The adopted application is for {audience}; sign_in_audience makes it {wish.sign_in_audience}."
            )
        wished = {
            "displayName": wish.display_name,
            "uniqueName": wish.unique_name,
            "signInAudience": wish.sign_in_audience,
            "notes": None if wish.notes is None else wish.notes or None,
            # Tags of others stay; only the empty list is an order to remove them.
            "tags": sorted({*current.properties.get("tags", ()), *wish.tags}) if wish.tags else wish.tags,
            "serviceManagementReference": wish.service_management_reference or None,
            "redirectUris": wish.redirect_uris,
        }
        emptied = set()
        if wish.notes == "":
            emptied.add("notes")
        if wish.service_management_reference == "":
            emptied.add("serviceManagementReference")
        merged = {**properties_of({}), **current.properties}
        merged.update({name: value for name, value in wished.items() if value is not None or name in emptied})
        return merged

    def apply(self, current: Registration, wanted: Registration) -> Registration:
        if not self._wish.present:
            return self._remove(current, wanted)
        if current.found == "nothing":
            made = self._create(wanted)
        else:
            made = self._update(self._restored(current), wanted)
        if not made.has_service_principal:
            principal = self._principal_for(made, display_name=str(wanted.properties["displayName"]))
            made = dataclasses.replace(
                made, service_principal_object_id=application.text(principal, "id"), has_service_principal=True
            )
        for owner in (owner for owner in self._wish.owners if owner not in made.owners):
            self._add_owner(made, owner)
        return dataclasses.replace(made, owners=tuple(sorted({*made.owners, *self._wish.owners})))

    def _principal_for(self, made: Registration, *, display_name: str) -> Json:
        client_id = made.client_id or ""
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
                    tried=f"make {owner} an owner of {self._wish.address}",
                    body={"@odata.id": f"{self._call.endpoint.graph}/v1.0/directoryObjects/{owner}"},
                    right="change_owners",
                    repeatable=False,
                    lag=self._graph.created_here(made.client_id),
                    no_lag_of=owner,
                )
            )
        except GraphError as exc:
            if not exc.fault.reference_exists:
                raise

    def _create(self, wanted: Registration) -> Registration:
        """One atomic create-or-update by the unique name, so that two runs at once make one application."""
        unique_name = self._wish.address.unique_name or ""
        body = request_body(changed_fields(properties_of({}), wanted.properties))
        body.pop("uniqueName", None)  # it is the key in the address
        try:
            document = self._graph.write(
                Write(
                    method="PATCH",
                    path=by_key("applications", "uniqueName", unique_name),
                    tried=f"register {self._wish.address}",
                    body=body,
                    headers={"Prefer": "create-if-missing"},
                    shape=self._wish.address.shape(()),
                )
            )
        except GraphError as exc:
            if not exc.fault.unique_name_taken:
                raise
            # Our read lagged behind: another run created or deleted the application moments ago.
            raise OvertakenError(
                f"Could not register {self._wish.address}: another application, which is not listed yet, holds"
                " that unique name",
                next_step="Run again in a minute, or take another unique_name.",
                status=exc.fault.status,
                code=exc.fault.code,
                request_id=exc.fault.request_id,
            ) from None
        for known in (unique_name, application.text(document, "id"), application.text(document, "appId")):
            if known:
                self._graph.note_created(known)
        if not application.text(document, "appId"):
            # 204: another run created it between our read and this write, and we updated it.
            read = self._wish.address.read(self._graph, select=FIELDS)
            document = application.required(self._graph.get(dataclasses.replace(read, lag=True)), self._wish.address)
        made = Registration(found="live").with_document(document)
        # Graph may make an owner of whoever creates an application.
        return made.with_owners(self._graph.collect(self._owners_read(made, lag=True)))

    def _restored(self, current: Registration) -> Registration:
        if current.found != "deleted":
            return current
        self._graph.write(
            Write(
                method="POST",
                path=f"directory/deletedItems/{current.application_object_id}/restore",
                tried=f"restore {self._wish.address}, which was soft-deleted",
            )
        )
        for known in (current.client_id, current.application_object_id, self._wish.address.unique_name):
            if known:
                self._graph.note_created(known)
        former = application.text(dict(current.properties), "displayName")
        if self._wish.display_name not in (None, former):
            self._call.warn(
                f"The application with the client id {current.client_id} was soft-deleted under the display name"
                f" {shown(str(former))}; it was restored with its secrets and with what is granted to it."
            )
        # Restoring brings the service principal back, as far as it was deleted with the application.
        principal = self._graph.get(
            service_principal_read(current.client_id or "", tried=f"read the service principal of {self._wish.address}")
        )
        restored = dataclasses.replace(current, found="live")
        return dataclasses.replace(
            restored.with_owners(self._graph.collect(self._owners_read(restored, lag=True))),
            service_principal_object_id=application.text(principal or {}, "id"),
            has_service_principal=principal is not None,
        )

    def _update(self, current: Registration, wanted: Registration) -> Registration:
        patch = changed_fields(current.properties, wanted.properties)
        if patch:
            self._graph.write(
                Write(
                    method="PATCH",
                    path=f"applications/{current.application_object_id}",
                    tried=f"update {self._wish.address}",
                    body=request_body(patch),
                    lag=self._graph.created_here(current.client_id),
                )
            )
        return dataclasses.replace(current, properties=wanted.properties)

    def _remove(self, current: Registration, wanted: Registration) -> Registration:
        object_id = current.application_object_id
        if current.found == "live":
            self._graph.write(
                Write(method="DELETE", path=f"applications/{object_id}", tried=f"delete {self._wish.address}")
            )
            keys = (self._wish.address.unique_name, current.client_id, object_id, current.service_principal_object_id)
            for known in keys:
                self._graph.note_deleted(known)
            self._deleted_now = dataclasses.replace(current, found="deleted")
        if self._wish.purge:
            self._graph.write(
                Write(
                    method="DELETE",
                    path=f"directory/deletedItems/{object_id}",
                    tried=f"purge {self._wish.address}",
                    right="purge_application",
                    lag=self._deleted_now is not None,
                )
            )
        return wanted

    def view(self, state: Registration) -> View:
        if state.found == "nothing":
            return {}
        if state.found == "deleted":
            return {"state": "soft-deleted"}
        owners = sorted(state.owner_names.get(owner, owner) for owner in state.owners)
        return {**self._described(state), "service_principal": state.has_service_principal, "owners": owners}

    def result(self, state: Registration) -> View:
        return {
            "state": "present" if state.found == "live" else "absent",
            "tenant_id": self._call.tenant_id,
            "client_id": state.client_id,
            "application_object_id": state.application_object_id,
            "service_principal_object_id": state.service_principal_object_id,
            **self._described(state),
            "owners": list(state.owners),
            "authority_url": self._call.endpoint.authority,
            "graph_url": self._call.endpoint.graph,
            "portal_url": portal_url(self._call.endpoint.portal, state.client_id),
            "consent_url": consent_url(self._call.endpoint.authority, self._call.tenant_id, state.client_id),
        }

    def _described(self, state: Registration) -> View:
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


def request_body(fields: t.Mapping[str, t.Any]) -> Json:
    """Managed fields as Graph takes them: the redirect addresses live below ``web``."""
    body = {name: value for name, value in fields.items() if name != "redirectUris"}
    if "redirectUris" in fields:
        body["web"] = {"redirectUris": fields["redirectUris"]}
    return body
