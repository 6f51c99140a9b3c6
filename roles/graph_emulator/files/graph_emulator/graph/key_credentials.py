# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""keyCredentials of applications and service principals: replaced as a whole, the key itself never shown in passing.

Resource page keyCredential; azure-cli recording rbac_create_cert.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from .. import errors
from ..clock import parse_sent_time, whole_seconds
from ..directory.seed import new_guid
from ..identity.assertions import certificate_from
from ..odata.bodies import completed
from . import policies
from .call import Call

Json = dict[str, Any]
_TYPE, _USAGE = "AsymmetricX509Cert", "Verify"


def replaced(call: Call, sent: list[Json] | None, *, item: Json, kind: str, resource: str) -> list[Json]:
    """The new collection. Unless all entries are valid nothing changes; entries that are left out are removed."""
    if sent is None or None in sent:
        raise errors.invalid_value("keyCredentials", resource)
    known = {entry["keyId"]: entry for entry in item["keyCredentials"]}
    new = [(_registered(entry, known=known, resource=resource), entry.get("key")) for entry in sent]
    for entry, key in new:
        start, end = parse_sent_time(entry["startDateTime"] or ""), parse_sent_time(entry["endDateTime"] or "")
        if key is not None and entry["keyId"] not in known and start is not None and end is not None:
            policies.check_new_certificate(call, kind, item, start=start, end=end)
    for entry, key in new:
        if key is not None:
            call.directory.certificates[entry["keyId"]] = key
    for key_id in known.keys() - {entry["keyId"] for entry, _key in new}:
        call.directory.certificates.pop(key_id, None)
    return [entry for entry, _key in new]


def _registered(sent: Json, *, known: dict[str, Json], resource: str) -> Json:
    """A certificate as Graph shows it: no key; thumbprint and subject filled in (recording rbac_create_cert)."""
    credential: Json = completed(sent, "keyCredential")
    if credential["key"] is None:
        # What was read may be sent back without its key: the certificate stays as it is.
        if credential["keyId"] not in known:
            raise errors.invalid_value("keyCredentials", resource)
        return {**known[credential["keyId"]], "displayName": credential["displayName"]}
    if (credential["type"], credential["usage"]) != (_TYPE, _USAGE):
        # X509CertAndPassword with usage Sign serves SAML token signing, which the emulator does not.
        raise errors.invalid_value("keyCredentials", resource)
    try:
        certificate = certificate_from(credential["key"])
        raw = certificate.public_bytes(Encoding.DER)
    except (binascii.Error, ValueError) as error:
        raise errors.bad_request("Key credential is invalid.") from error
    end = parse_sent_time(credential["endDateTime"] or "")
    if end is not None and end > certificate.not_valid_after_utc:
        raise errors.invalid_key_end_date()
    return {
        **credential,
        "customKeyIdentifier": credential["customKeyIdentifier"] or hashlib.sha1(raw).hexdigest().upper(),
        "displayName": credential["displayName"] or certificate.subject.rfc4514_string(),
        "endDateTime": credential["endDateTime"] or whole_seconds(certificate.not_valid_after_utc),
        "startDateTime": credential["startDateTime"] or whole_seconds(certificate.not_valid_before_utc),
        "key": None,
        "keyId": credential["keyId"] or new_guid(),
    }


def with_keys(call: Call, item: Json, *, selected: list[str]) -> Json:
    """`key` comes "only on $select for a single object ...; otherwise, it's always null" (resource page)."""
    if "keyCredentials" not in selected:
        return item
    shown = [
        {**entry, "key": "".join(call.directory.certificates.get(entry["keyId"], "").split()) or None}
        for entry in item["keyCredentials"]
    ]
    return {**item, "keyCredentials": shown}
