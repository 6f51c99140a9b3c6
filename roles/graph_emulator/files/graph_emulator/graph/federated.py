# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""federatedIdentityCredentials of an application; federation.py honours them at the token endpoint.

Shapes: azure-cli recording test_app_federated_credential. Limits: resource page federatedIdentityCredential.
"""

from __future__ import annotations

import re
from typing import Any

from .. import errors
from ..directory.seed import new_guid
from ..odata.bodies import check_properties
from . import listing, lookups
from .call import Answer, Call

Json = dict[str, Any]
_TYPE = "federatedIdentityCredential"
_MOST = 20
_LONGEST = {"name": 120, "issuer": 600, "subject": 600, "description": 600}
# "must be URL friendly"; which characters that means is inferred from RFC 3986's unreserved ones.
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._~-]*$")


def _fragment(item: Json) -> str:
    return f"applications('{item['id']}')/federatedIdentityCredentials"


def _entries(call: Call, item: Json) -> list[Json]:
    return call.directory.federated_credentials.setdefault(item["id"], [])


def of_application(call: Call, item: Json) -> list[Json]:
    return list(_entries(call, item))


def list_all(call: Call) -> Answer:
    item = lookups.find(call, "applications", call.key)
    return listing.page(call, _entries(call, item), type_name=_TYPE, fragment=_fragment(item))


def _addressed(call: Call, item: Json) -> Json | None:
    """By id or by name, also as the alternate key (name='...')."""
    key = call.keys[1]
    if key.name not in ("id", "name"):
        raise errors.odata_error(
            f"The key '{key.name}' is not a declared key of the entity set 'federatedIdentityCredentials'."
        )
    names = ("id", "name") if key.name == "id" else ("name",)
    for entry in _entries(call, item):
        if key.value in [entry[name] for name in names]:
            return entry
    return None


def _find(call: Call, item: Json) -> Json:
    found = _addressed(call, item)
    if found is None:
        raise errors.not_found(call.keys[1].value)
    return found


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
    _check(body)
    entries = _entries(call, item)
    if any(entry["name"] == body["name"] for entry in entries):
        raise errors.federated_credential_exists(body["name"])
    _refuse_same_pair(body, entries)
    if len(entries) >= _MOST:
        raise errors.bad_request("The number of federated identity credentials exceeds the maximum allowed.")
    entry = {
        "id": new_guid(),
        "name": body["name"],
        "issuer": body["issuer"],
        "subject": body["subject"],
        "description": body.get("description"),
        "audiences": body["audiences"],
    }
    entries.append(entry)
    headers = {
        "location": f"{call.base}/v2/{call.tenant.tenant_id}/federatedIdentityCredentials/{entry['id']}",
    }
    return listing.one(call, entry, type_name=_TYPE, fragment=_fragment(item), status=201, headers=headers)


def _check(body: Json) -> None:
    for name, longest in _LONGEST.items():
        if len(body.get(name) or "") > longest:
            raise errors.federated_value(name, body[name], f"The value is longer than {longest} characters.")
    if "name" in body and not _NAME.match(body["name"] or ""):
        raise errors.federated_value("name", str(body["name"]), "The name must be URL friendly.")
    audiences = body.get("audiences", [""])
    if len(audiences) != 1 or audiences[0] is None or len(audiences[0]) > _LONGEST["subject"]:
        raise errors.federated_value("audiences", ", ".join(map(str, audiences)), "A single audience is required.")


def _refuse_same_pair(body: Json, others: list[Json]) -> None:
    pair = (body["issuer"], body["subject"])
    if any((entry["issuer"], entry["subject"]) == pair for entry in others):
        raise errors.federated_pair_exists(*pair)


def update(call: Call) -> Answer:
    """PATCH, and with `Prefer: create-if-missing` on name also create (page "Upsert federatedIdentityCredential")."""
    item = lookups.find_to_change(call, "applications", call.key)
    entry = _addressed(call, item)
    if entry is None and call.keys[1].name == "name" and call.prefers("create-if-missing"):
        return _create(call, item, {**call.body(), "name": call.keys[1].value})
    if entry is None:
        raise errors.not_found(call.keys[1].value)
    changes = check_properties(call.body(), type_name=_TYPE, resource="FederatedIdentityCredential")
    for name in ("id", "name"):
        if changes.get(name, entry[name]) != entry[name]:
            raise errors.read_only(name)
    for name in ("issuer", "subject", "audiences"):
        if name in changes and not changes[name]:
            raise errors.missing_value(name, "FederatedIdentityCredential")
    _check(changes)
    _refuse_same_pair({**entry, **changes}, [other for other in _entries(call, item) if other is not entry])
    entry.update(changes)
    return Answer(204)


def delete(call: Call) -> Answer:
    item = lookups.find_to_change(call, "applications", call.key)
    entry = _find(call, item)
    _entries(call, item).remove(entry)
    return Answer(204)
