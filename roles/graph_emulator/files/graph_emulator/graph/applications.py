# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/applications: list, get, create, update, upsert by uniqueName, delete."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..clock import seven_digits, whole_seconds
from ..directory import rights, shapes
from ..directory.seed import new_guid
from ..odata.bodies import check_properties, merge
from . import deleted, federated, key_credentials, listing, lookups, owners, passwords
from .call import Answer, Call
from .limits import check_application

Json = dict[str, Any]
KIND = "applications"
_READ_ONLY = (
    "id",
    "appId",
    "applicationTemplateId",
    "certification",
    "createdByAppId",
    "createdDateTime",
    "deletedDateTime",
    "disabledByMicrosoftStatus",
    "publisherDomain",
    "verifiedPublisher",
)


def list_all(call: Call) -> Answer:
    items = lookups.visible(call, KIND)
    return listing.page(call, items, type_name="application", fragment=KIND, cost=2, expand=_expander(call))


def count(call: Call) -> Answer:
    return listing.count(call, lookups.visible(call, KIND), type_name="application")


def get(call: Call) -> Answer:
    item = lookups.find(call, KIND, call.key)
    item = key_credentials.with_keys(call, item, selected=call.query("application").selected)
    return listing.one(call, item, type_name="application", fragment=KIND, expand=_expander(call))


def _expander(call: Call) -> listing.Expand:
    """Resource page "application": of what is served here, these two relationships "support $expand"."""

    def expand(item: Json, name: str) -> list[Json]:
        if name == "owners":
            return owners.shown(call, item["id"])
        if name == "federatedIdentityCredentials":
            return federated.of_application(call, item)
        raise errors.bad_request("Unsupported expand query.")

    return expand


def create(call: Call) -> Answer:
    return _create(call, call.body())


def _create(call: Call, body: Json) -> Answer:
    rights.require(call.caller, "create applications")
    bound_owners = owners.bound(call, body)
    changes = check_properties(body, type_name="application", resource="Application")
    _refuse_read_only(changes)
    secrets = passwords.asked_for(changes)
    if not changes.get("displayName"):
        raise errors.missing_value("displayName", "Application")
    check_application(call, changes, current=None)
    now = call.tenant.clock.now()
    item = shapes.application(
        object_id=new_guid(), app_id=new_guid(), created=whole_seconds(now), publisher_domain=call.tenant.domain
    )
    _apply(call, item, changes)
    shown = [passwords.created(call, KIND, item, sent) for sent in secrets]
    call.directory.applications[item["id"]] = item
    call.directory.owners[item["id"]] = owners.with_creator(call, bound_owners)
    lookups.note_creator(call, item["id"])
    call.tenant.lag.created(item["id"], call.tenant.settings.lag)
    headers = listing.location(call, item["id"], "Application")
    # The answer to the create alone shows fractions of a second.
    fresh = {**item, "createdDateTime": seven_digits(now), "passwordCredentials": [*reversed(shown)]}
    return listing.one(call, fresh, type_name="application", fragment=KIND, status=201, headers=headers)


def update(call: Call) -> Answer:
    """PATCH, and with `Prefer: create-if-missing` on uniqueName also create (reference page "Upsert application")."""
    item = lookups.addressed(call, KIND, call.key)
    upsert = call.key.name == "uniqueName" and call.prefers("create-if-missing")
    if item is None and upsert:
        return _create_by_unique_name(call)
    if item is None or (not upsert and call.tenant.lag.hides(item["id"])):
        raise errors.not_found(call.key.value)
    call.authorize(item["id"])
    body = lookups.body_of_update(call, item)
    changes = check_properties(body, type_name="application", resource="Application")
    _refuse_read_only(changes)
    passwords.refuse_changed_secrets(changes, item["passwordCredentials"])
    if changes.get("uniqueName", item["uniqueName"]) != item["uniqueName"] and item["uniqueName"] is not None:
        # "Can be updated only if null and is immutable once set" (reference page "Update application").
        raise errors.read_only("uniqueName")
    check_application(call, changes, current=item)
    _apply(call, item, changes)
    _follow(call, item)
    return Answer(204)


def _create_by_unique_name(call: Call) -> Answer:
    body = call.body()
    if body.get("uniqueName", call.key.value) != call.key.value:
        raise errors.invalid_value("uniqueName", "Application")
    if body.get("passwordCredentials"):
        # "passwordCredentials can't be set" by it (page "Upsert application"; words: msgraph-bicep-types issue 38).
        raise errors.service_generated_passwords()
    # A soft-deleted application still has the name; check_application refuses it.
    return _create(call, {**body, "uniqueName": call.key.value})


def _refuse_read_only(changes: Json) -> None:
    for name in _READ_ONLY:
        if changes.get(name) is not None:
            raise errors.read_only(name)
        changes.pop(name, None)


def _apply(call: Call, item: Json, changes: Json) -> None:
    if "keyCredentials" in changes:
        certificates = key_credentials.replaced(
            call, changes["keyCredentials"], item=item, kind=KIND, resource="Application"
        )
        changes = {**changes, "keyCredentials": certificates}
    merge(item, changes, type_name="application")
    if "requiredResourceAccess" in changes:
        # Graph gives the resources back in reverse, the permissions of each as sent (recording test_app_permission).
        item["requiredResourceAccess"].reverse()
    if "web" in changes:
        item["web"]["redirectUriSettings"] = [{"uri": uri, "index": None} for uri in item["web"]["redirectUris"]]
    if "signInAudience" in changes and item["signInAudience"] in shapes.PERSONAL_AUDIENCES:
        # Recorded default of personal-account audiences: 2; of the others: null.
        item["api"]["requestedAccessTokenVersion"] = 2


def _follow(call: Call, item: Json) -> None:
    """In its home tenant the service principal takes over what it shares with its application."""
    principal = call.tenant.service_principal_by("appId", item["appId"])
    if principal is not None:
        share(item, principal)


def share(item: Json, principal: Json) -> None:
    principal.update(
        appDisplayName=item["displayName"],
        displayName=item["displayName"],
        signInAudience=item["signInAudience"],
        appDescription=item["description"],
        homepage=item["web"]["homePageUrl"],
        logoutUrl=item["web"]["logoutUrl"],
        replyUrls=[*item["web"]["redirectUris"]],
        info={**item["info"]},
        appRoles=[*item["appRoles"]],
        oauth2PermissionScopes=[*item["api"]["oauth2PermissionScopes"]],
        servicePrincipalNames=[*item["identifierUris"], item["appId"]],
    )


def delete(call: Call) -> Answer:
    item = lookups.find_to_change(call, KIND, call.key)
    deleted.delete_application(call, item)
    return Answer(204)
