# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""addPassword and removePassword, on applications and on service principals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import errors
from ..clock import echo_time, parse_sent_time, seven_digits
from ..directory.seed import new_guid, new_secret
from ..directory.tenant import Secret, secret_digest
from ..odata.bodies import check_properties, is_guid
from . import lookups, policies
from .call import Answer, Call, Handler
from .limits import LONGEST_NAME

Json = dict[str, Any]
_SET_BY_GRAPH = ("hint", "keyId", "secretText")
_MOST_PERSONAL_SECRETS = 2


def add_for(kind: str) -> Handler:
    def add(call: Call) -> Answer:
        item = lookups.find_to_change(call, kind, call.key)
        return _add(call, kind, item)

    return add


def _add(call: Call, kind: str, item: Json) -> Answer:
    credential = created(call, kind, item, _sent_credential(call))
    context = {"@odata.context": call.context("microsoft.graph.passwordCredential")}
    return Answer(200, {**context, **credential}, {"location": call.base})


def created(call: Call, kind: str, item: Json, sent: Json) -> Json:
    """A new client secret of the item as the answer shows it, with its value: the only time."""
    start, end = _span(call, sent)
    policies.check_new_password(call, kind, item, start=start, end=end)
    # "at most two secrets for personal-account audiences" (page "Validation differences by supported account types")
    if "Personal" in item["signInAudience"] and len(item["passwordCredentials"]) >= _MOST_PERSONAL_SECRETS:
        raise errors.invalid_value("passwordCredentials", "Application")
    value = new_secret()
    credential: Json = {
        "customKeyIdentifier": sent.get("customKeyIdentifier"),
        "displayName": sent.get("displayName"),
        "endDateTime": _shown(sent.get("endDateTime"), end),
        # Recorded: the first three characters on an application, null on a service principal.
        "hint": value[:3] if kind == "applications" else None,
        "keyId": new_guid(),
        "secretText": None,
        "startDateTime": _shown(sent.get("startDateTime"), start),
    }
    # The newest comes first (azure-cli recording test_sp_credential).
    item["passwordCredentials"] = [credential, *item["passwordCredentials"]]
    call.directory.secrets[credential["keyId"]] = Secret(secret_digest(value), call.tenant.clock.timestamp())
    return {**credential, "secretText": value}


def asked_for(changes: Json) -> list[Json]:
    """The passwordCredentials of a create, taken out of it: names and times of secrets that Graph makes.

    Page "Create application", example 2. A value, key id or identifier of one's own is refused.
    """
    sent: list[Json] = changes.pop("passwordCredentials", None) or []
    for entry in sent:
        if any(entry.get(name) is not None for name in (*_SET_BY_GRAPH, "customKeyIdentifier")):
            raise errors.service_generated_passwords()
        _check_name(entry)
    return sent


def refuse_changed_secrets(changes: Json, current: list[Json]) -> None:
    """An update neither adds nor changes secrets; those that the item has may be sent back as they were read.

    passwordCredential resource page: "Using PATCH to update passwordCredentials is not supported". That secrets which
    are left out stay is inferred.
    """
    for entry in changes.pop("passwordCredentials", None) or []:
        if not any(entry.items() <= known.items() for known in current if entry.get("keyId") == known["keyId"]):
            raise errors.service_generated_passwords()


def _sent_credential(call: Call) -> Json:
    """The passwordCredential of the body, which may be left out of it (reference page "application: addPassword")."""
    body = call.body()
    for name in body:
        if name != "passwordCredential" and "@odata." not in name:
            raise errors.invalid_property(name)
    sent = body.get("passwordCredential")
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise errors.malformed_json()
    checked = check_properties(sent, type_name="passwordCredential", resource="Application")
    for name in _SET_BY_GRAPH:
        # A client cannot choose a value (passwordCredential resource page); that sending one fails is inferred.
        if checked.get(name) is not None:
            raise errors.read_only(name)
    _check_name(checked)
    return checked


def _check_name(sent: Json) -> None:
    if len(sent.get("displayName") or "") > LONGEST_NAME:
        raise errors.invalid_value("displayName", "Application", code="InvalidLength")


def _span(call: Call, sent: Json) -> tuple[datetime, datetime]:
    """Start and end; without them now and two years later (reference page "application: addPassword")."""
    now = call.tenant.clock.now()
    start = parse_sent_time(sent.get("startDateTime") or "") or now
    end = parse_sent_time(sent.get("endDateTime") or "") or _two_years_later(start)
    if end <= start:
        # Status and wording are inferred; no public body was found.
        raise errors.bad_request("Key credential end date is invalid.")
    return start, end


def _two_years_later(moment: datetime) -> datetime:
    """The same day and time of day (azure-cli recording of an addPassword without times)."""
    if moment.year > datetime.max.year - 2:
        raise errors.bad_request("Key credential end date is invalid.")
    try:
        return moment.replace(year=moment.year + 2)
    except ValueError:
        return moment.replace(year=moment.year + 2, day=28)


def _shown(sent: str | None, moment: datetime) -> str:
    """What was sent comes back unchanged; what Graph chose has seven digits."""
    return echo_time(sent) if sent else seven_digits(moment)


def remove_for(kind: str) -> Handler:
    def remove(call: Call) -> Answer:
        item = lookups.find_to_change(call, kind, call.key)
        key_id = call.body().get("keyId")
        if not isinstance(key_id, str) or not is_guid(key_id):
            raise errors.wrong_type("Guid")
        kept = [entry for entry in item["passwordCredentials"] if entry["keyId"] != key_id.lower()]
        if len(kept) == len(item["passwordCredentials"]):
            raise errors.unknown_password(key_id)
        item["passwordCredentials"] = kept
        call.directory.secrets.pop(key_id.lower(), None)
        return Answer(204)

    return remove
