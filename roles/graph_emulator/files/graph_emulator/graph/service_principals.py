# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/servicePrincipals: list, get, create for a registered application, update, upsert by appId, delete."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..clock import whole_seconds
from ..directory import rights, shapes
from ..directory.seed import new_guid
from ..odata.bodies import check_properties, merge
from . import applications, assignments, deleted, key_credentials, listing, lookups, owners, passwords
from .call import Answer, Call
from .limits import check_tags

Json = dict[str, Any]
KIND = "servicePrincipals"
_READ_ONLY = (
    "id",
    "appId",
    "appDisplayName",
    "appOwnerOrganizationId",
    "createdByAppId",
    "createdDateTime",
    "deletedDateTime",
    "disabledByMicrosoftStatus",
    "servicePrincipalType",
    "signInAudience",
    "verifiedPublisher",
)


def list_all(call: Call) -> Answer:
    items = lookups.visible(call, KIND)
    return listing.page(call, items, type_name="servicePrincipal", fragment=KIND, expand=_expander(call))


def count(call: Call) -> Answer:
    return listing.count(call, lookups.visible(call, KIND), type_name="servicePrincipal")


def get(call: Call) -> Answer:
    item = lookups.find(call, KIND, call.key)
    item = key_credentials.with_keys(call, item, selected=call.query("servicePrincipal").selected)
    return listing.one(call, item, type_name="servicePrincipal", fragment=KIND, expand=_expander(call))


def _expander(call: Call) -> listing.Expand:
    def expand(item: Json, name: str) -> list[Json]:
        if name == "owners":
            return owners.shown(call, item["id"])
        if name in ("appRoleAssignments", "appRoleAssignedTo"):
            # Inferred: what may not be read may not be expanded either.
            rights.require(call.caller, "read app role assignments")
        if name == "appRoleAssignments":
            return assignments.of_principal(call, item["id"])
        if name == "appRoleAssignedTo":
            return assignments.of_resource(call, item["id"])
        raise errors.bad_request("Unsupported expand query.")

    return expand


def create(call: Call) -> Answer:
    return _create(call, call.body())


def _create(call: Call, body: Json) -> Answer:
    bound_owners = owners.bound(call, body)
    changes = check_properties(body, type_name="servicePrincipal", resource="ServicePrincipal")
    app_id = changes.pop("appId", None)
    if not app_id:
        raise errors.missing_value("appId", "ServicePrincipal")
    _refuse_read_only(changes)
    # "Adding passwordCredential when creating service principals is not supported" (page "Create servicePrincipal").
    passwords.refuse_changed_secrets(changes, [])
    check_tags(changes.get("tags", []), resource="ServicePrincipal")
    application = _backing_application(call, app_id)
    rights.require(
        call.caller, "create service principals", owned=call.tenant.owns(call.caller.principal_id, application["id"])
    )
    if call.tenant.service_principal_by("appId", app_id) is not None:
        raise errors.service_principal_exists(app_id)
    item = shapes.service_principal(
        object_id=new_guid(),
        app_id=application["appId"],
        display_name=application["displayName"],
        created=whole_seconds(call.tenant.clock.now()),
        owner=call.tenant.tenant_id,
    )
    applications.share(application, item)
    _apply(call, item, changes)
    call.directory.service_principals[item["id"]] = item
    call.directory.owners[item["id"]] = owners.with_creator(call, bound_owners)
    lookups.note_creator(call, item["id"])
    call.tenant.lag.created(item["id"], call.tenant.settings.lag)
    headers = listing.location(call, item["id"], "ServicePrincipal")
    return listing.one(call, item, type_name="servicePrincipal", fragment=KIND, status=201, headers=headers)


def _backing_application(call: Call, app_id: str) -> Json:
    """The registration in this tenant. An absent or unreplicated one is a misleading 403 for OwnedBy alone.

    Applications of other tenants can be installed in reality; the emulator knows none.
    """
    application = call.tenant.application_by("appId", app_id)
    if application is not None and not call.tenant.lag.hides(application["id"]):
        return application
    if "Application.ReadWrite.All" not in call.caller.permissions:
        raise errors.not_in_local_tenant()
    raise errors.no_backing_application(app_id)


def update(call: Call) -> Answer:
    """PATCH, and with `Prefer: create-if-missing` on appId also create (page "Upsert servicePrincipal")."""
    item = lookups.addressed(call, KIND, call.key)
    upsert = call.key.name == "appId" and call.prefers("create-if-missing")
    if item is None and upsert:
        return _create(call, {**call.body(), "appId": call.key.value})
    if item is None or (not upsert and call.tenant.lag.hides(item["id"])):
        raise errors.not_found(call.key.value)
    call.authorize(item["id"])
    body = lookups.body_of_update(call, item)
    changes = check_properties(body, type_name="servicePrincipal", resource="ServicePrincipal")
    if (changes.get("appId") or "").lower() == item["appId"]:
        changes.pop("appId")
    _refuse_read_only(changes)
    passwords.refuse_changed_secrets(changes, item["passwordCredentials"])
    check_tags(changes.get("tags", []), resource="ServicePrincipal")
    _apply(call, item, changes)
    return Answer(204)


def _apply(call: Call, item: Json, changes: Json) -> None:
    if "keyCredentials" in changes:
        certificates = key_credentials.replaced(
            call, changes["keyCredentials"], item=item, kind="servicePrincipals", resource="ServicePrincipal"
        )
        changes = {**changes, "keyCredentials": certificates}
    merge(item, changes, type_name="servicePrincipal")


def _refuse_read_only(changes: Json) -> None:
    if (changes.get("servicePrincipalType") or "").lower() == "application":
        # "set by Microsoft Entra ID internally"; scripts name the usual one all the same: New-MgServicePrincipal, and
        # in lower case azure.azcollection (pull request 1902 shows a run).
        changes.pop("servicePrincipalType")
    for name in _READ_ONLY:
        if changes.get(name) is not None:
            raise errors.read_only(name)
        changes.pop(name, None)


def delete(call: Call) -> Answer:
    item = lookups.find_to_change(call, KIND, call.key)
    deleted.delete_service_principal(call, item)
    return Answer(204)
