# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/oauth2PermissionGrants: delegated permissions that an administrator consented to."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..directory import shapes
from ..directory.identifiers import grant_id
from ..directory.store import Rows
from ..odata.bodies import check_properties
from . import listing, lookups
from .call import Answer, Call

Json = dict[str, Any]
_TYPE = "oAuth2PermissionGrant"
_SET = "oauth2PermissionGrants"


def _alive(call: Call) -> Rows:
    principals = call.directory.service_principals
    return call.directory.grants.rows().that(
        lambda grant: grant["clientId"] in principals and grant["resourceId"] in principals
    )


def list_all(call: Call) -> Answer:
    return listing.page(call, _alive(call), type_name=_TYPE, fragment=_SET, cost=2)


def list_of_client(call: Call) -> Answer:
    item = lookups.find(call, "servicePrincipals", call.key)
    grants = _alive(call).narrowed([("clientId", item["id"])])
    return listing.page(call, grants, type_name=_TYPE, fragment=_SET, cost=2)


def _find(call: Call) -> Json:
    for grant in _alive(call).narrowed([("id", call.key.value)]):
        if grant["id"] == call.key.value:
            return grant
    raise errors.not_found(call.key.value)


def get(call: Call) -> Answer:
    return listing.one(call, _find(call), type_name=_TYPE, fragment=_SET)


def create(call: Call) -> Answer:
    body = check_properties(call.body(), type_name=_TYPE, resource="OAuth2PermissionGrant")
    for name in ("clientId", "resourceId", "consentType"):
        if not body.get(name):
            raise errors.missing_value(name, "OAuth2PermissionGrant")
    if body["consentType"] not in ("AllPrincipals", "Principal"):
        raise errors.invalid_value("consentType", "OAuth2PermissionGrant")
    if (body["consentType"] == "Principal") != bool(body.get("principalId")):
        raise errors.invalid_value("principalId", "OAuth2PermissionGrant")
    for name in ("clientId", "resourceId", "principalId"):
        if body.get(name):
            body[name] = body[name].lower()
    for name in ("clientId", "resourceId"):
        # azuread provider: 400 or 404 with this message while the client has not replicated.
        if lookups.principal(call, body[name]) is None:
            raise errors.not_found(body[name])
    if body.get("principalId") and body["principalId"] not in call.directory.users:
        raise errors.not_found(body["principalId"])
    new_id = grant_id(body["clientId"], body["resourceId"], body.get("principalId"))
    if new_id in call.directory.grants:
        raise errors.grant_exists()
    grant = shapes.permission_grant(grant_id=new_id, body=body)
    call.directory.grants[new_id] = grant
    headers = {"location": f"{call.base}/v2/{call.tenant.tenant_id}/{_SET}/{new_id}"}
    return listing.one(call, grant, type_name=_TYPE, fragment=_SET, status=201, headers=headers)


def update(call: Call) -> Answer:
    """Only the scope can change (reference page "Update a delegated permission grant")."""
    grant = _find(call)
    body = check_properties(call.body(), type_name=_TYPE, resource="OAuth2PermissionGrant")
    for name in body:
        if name != "scope":
            raise errors.read_only(name)
    grant.update(body)
    return Answer(204)


def delete(call: Call) -> Answer:
    del call.directory.grants[_find(call)["id"]]
    return Answer(204)


def remove_all_of(call: Call, principal_id: str) -> None:
    for side in ("clientId", "resourceId"):
        for grant in list(call.directory.grants.where(side, principal_id)):
            del call.directory.grants[grant["id"]]
