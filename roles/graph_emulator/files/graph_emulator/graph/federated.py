# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""federatedIdentityCredentials of an application: kept and shown; the token endpoint does not honour them.

Shapes: azure-cli recording test_app_federated_credential.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..bodies import check_properties
from ..seed import new_guid
from . import listing, lookups
from .call import Answer, Call

Json = dict[str, Any]
_TYPE = "federatedIdentityCredential"
_MOST = 20


def _fragment(item: Json) -> str:
    return f"applications('{item['id']}')/federatedIdentityCredentials"


def _entries(call: Call, item: Json) -> list[Json]:
    return call.directory.federated_credentials.setdefault(item["id"], [])


def list_all(call: Call) -> Answer:
    item = lookups.find(call, "applications", call.key)
    return listing.page(call, _entries(call, item), type_name=_TYPE, fragment=_fragment(item))


def _find(call: Call, item: Json) -> Json:
    """By id or by name."""
    wanted = call.keys[1].value
    for entry in _entries(call, item):
        if wanted in (entry["id"], entry["name"]):
            return entry
    raise errors.not_found(wanted)


def get(call: Call) -> Answer:
    item = lookups.find(call, "applications", call.key)
    return listing.one(call, _find(call, item), type_name=_TYPE, fragment=_fragment(item))


def create(call: Call) -> Answer:
    item = lookups.find_to_change(call, "applications", call.key)
    return _create(call, item, call.body())


def _create(call: Call, item: Json, sent: Json) -> Answer:
    body = check_properties(sent, type_name=_TYPE, resource="FederatedIdentityCredential")
    for name in ("name", "issuer", "subject", "audiences"):
        if not body.get(name):
            raise errors.missing_value(name, "FederatedIdentityCredential")
    entries = _entries(call, item)
    if any(entry["name"] == body["name"] for entry in entries):
        raise errors.GraphError(
            409, "Request_MultipleObjectsWithSameKeyValue",
            f"FederatedIdentityCredential with name {body['name']} already exists.")
    if len(entries) >= _MOST:
        raise errors.bad_request("The number of federated identity credentials exceeds the maximum allowed.")
    entry = {
        "id": new_guid(), "name": body["name"], "issuer": body["issuer"], "subject": body["subject"],
        "description": body.get("description"), "audiences": body["audiences"],
    }
    entries.append(entry)
    headers = {
        "location": f"{call.base}/v2/{call.tenant.tenant_id}/federatedIdentityCredentials/{entry['id']}",
    }
    return listing.one(call, entry, type_name=_TYPE, fragment=_fragment(item), status=201, headers=headers)


def update(call: Call) -> Answer:
    """PATCH, and with `Prefer: create-if-missing` on name also create (page "Upsert federatedIdentityCredential")."""
    item = lookups.find_to_change(call, "applications", call.key)
    name = call.keys[1].value
    missing = name not in [entry["name"] for entry in _entries(call, item)]
    if call.keys[1].name == "name" and missing and call.prefers("create-if-missing"):
        return _create(call, item, {**call.body(), "name": name})
    entry = _find(call, item)
    changes = check_properties(call.body(), type_name=_TYPE, resource="FederatedIdentityCredential")
    for name in ("id", "name"):
        if changes.get(name, entry[name]) != entry[name]:
            raise errors.read_only(name)
    entry.update(changes)
    return Answer(204)


def delete(call: Call) -> Answer:
    item = lookups.find_to_change(call, "applications", call.key)
    entry = _find(call, item)
    _entries(call, item).remove(entry)
    return Answer(204)
