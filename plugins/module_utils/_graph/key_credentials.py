# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The collection keyCredentials of an application: read, merged, written as a whole, and read again.

Sources: resource page keyCredential; the azure-cli recording rbac_create_cert.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import OvertakenError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import SWITCHES

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.key_pair import Certificate

FIELDS = ("id", "appId", "displayName", "keyCredentials", *SWITCHES)
_HEX = re.compile(r"[0-9A-Fa-f]{40}")


def thumbprint_of(identifier: str | None) -> str | None:
    """customKeyIdentifier as a SHA-1 thumbprint in upper case hexadecimal; None if it is not one.

    Graph fills in the thumbprint of the certificate if a client sends nothing, and shows it in hexadecimal although
    its type in the metadata is Edm.Binary. So base64 of the twenty bytes, or of the hexadecimal text, is accepted too.
    """
    if identifier is None:
        return None
    content = b""
    with contextlib.suppress(ValueError):
        content = base64.b64decode(identifier, validate=True)
    for text in (identifier, content.hex(), content.decode("latin-1")):
        if _HEX.fullmatch(text):
            return text.upper()
    return None


class KeyCredential(t.NamedTuple):
    """The record of a certificate. ``identifier`` is customKeyIdentifier as it came."""

    key_id: str | None
    description: str | None
    start: datetime.datetime | None
    end: datetime.datetime | None
    identifier: str | None

    @classmethod
    def of(cls, document: Json) -> KeyCredential:
        return cls(
            key_id=application.text(document, "keyId"),
            description=application.text(document, "displayName"),
            start=_moment(document, "startDateTime"),
            end=_moment(document, "endDateTime"),
            identifier=application.text(document, "customKeyIdentifier"),
        )

    def is_for(self, certificate: Certificate) -> bool:
        return thumbprint_of(self.identifier) == certificate.thumbprint

    @property
    def comparable_key_id(self) -> str:
        """Empty if there is none."""
        return (self.key_id or "").lower()

    def has_key_id(self, key_id: str | None) -> bool:
        if not key_id:
            return False
        return self.comparable_key_id == key_id.lower()

    def described(self, now: datetime.datetime) -> View:
        return {
            "key_id": self.key_id,
            "description": self.description,
            "start": times.written_if_known(self.start),
            "end": times.written_if_known(self.end),
            "days_left": times.days_left_if_known(self.end, now),
            "thumbprint": thumbprint_of(self.identifier) or self.identifier,
        }


def _moment(document: Json, name: str) -> datetime.datetime | None:
    return times.parse(application.text_or_empty(document, name))


def key_credentials(document: Json) -> tuple[KeyCredential, ...]:
    """All records of an application, the one that lasts longest first."""
    found = [KeyCredential.of(entry) for entry in application.objects(document.get("keyCredentials"))]
    return tuple(sorted(found, key=lambda record: (record.end or times.EPOCH, record.comparable_key_id), reverse=True))


class KeyCredentialsClient:
    """Reads and writes the collection of one application. ``address`` names the application in messages."""

    def __init__(self, graph: GraphClient, address: application.Address) -> None:
        self._graph = graph
        self._address = address
        self._replaced: set[str] = set()

    def read(self, address: application.Address) -> Json | None:
        """The application; read again if the answer lags behind what this run wrote, as long as waiting is allowed.

        Writing the whole collection back from such an answer would drop what was added since.
        """
        return self._graph.patience.until(
            lambda document: document is None or not self._lags_behind(document),
            lambda: self._graph.get(address.read(self._graph, select=FIELDS)),
        )

    def add(self, object_id: str, certificate: Certificate, *, description: str) -> KeyCredential:
        """Register a certificate beside the others, unless it is there by now; its record.

        Raises OvertakenError if it is not in the answer, since another client replaced the collection.
        """
        document = self._fresh(object_id)
        if _find(document, lambda record: record.is_for(certificate)) is None:
            # Without a keyId: the second of two equal requests, sent since the first was not answered, must not look
            # like a change of the first one's credential.
            entry = {
                "displayName": description,
                "endDateTime": times.written(certificate.end),
                "key": base64.b64encode(certificate.der).decode(),
                "startDateTime": times.written(certificate.start),
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
            }
            self._write(
                document, [*_as_they_are(document), entry], action=f"register the certificate {certificate.thumbprint}"
            )
            document = self._fresh(object_id)
        found = _find(document, lambda record: record.is_for(certificate))
        if found is None:
            raise self._overtaken()
        self._graph.note_created(certificate.thumbprint)
        return found

    def remove(self, object_id: str, key_id: str | None) -> None:
        """Raises OvertakenError if the certificate is still there, or there again."""
        document = self._fresh(object_id)
        if _find(document, lambda record: record.has_key_id(key_id)) is None:
            return
        kept = [entry for entry in _as_they_are(document) if not KeyCredential.of(entry).has_key_id(key_id)]
        self._write(document, kept, action=f"remove the certificate with the key id {key_id}")
        if _find(self._fresh(object_id), lambda record: record.has_key_id(key_id)) is not None:
            raise self._overtaken()

    def _fresh(self, object_id: str) -> Json:
        """The collection right before it is written, and right after.

        Graph documents no If-Match for applications, so what another client adds in between cannot be seen.
        """
        return application.required(self.read(application.Address(object_id=object_id)), self._address)

    def _write(self, document: Json, collection: list[Json], *, action: str) -> None:
        object_id, client_id = application.text(document, "id"), application.text(document, "appId")
        self._graph.write(
            Write(
                method="PATCH",
                path=f"applications/{object_id}",
                action=f"{action} of {self._address}",
                body={"keyCredentials": collection},
                created_recently=self._graph.created_here(client_id),
            )
        )
        # One that is left when ours was removed again is of the present, not of the past.
        self._replaced = {*self._outdated(document), _digest(document)} - {_digest({"keyCredentials": collection})}
        self._graph.note_written(f"certificates:{object_id}", " ".join(sorted(self._replaced)))

    def _outdated(self, document: Json) -> set[str]:
        by_this_run = self._graph.written_here(f"certificates:{application.text(document, 'id')}")
        return {*self._replaced, *by_this_run.split()}

    def _lags_behind(self, document: Json) -> bool:
        """Is this a collection that this run has replaced?"""
        return _digest(document) in self._outdated(document)

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(
            f"Could not set the certificates of {self._address}: another client replaced them, or Microsoft Graph does"
            " not show them yet",
            next_step="Find out who else writes to the application, and run again.",
        )


def _find(document: Json, good: t.Callable[[KeyCredential], bool]) -> KeyCredential | None:
    return next(filter(good, key_credentials(document)), None)


def _as_they_are(document: Json) -> list[Json]:
    """The entries as they came, without the certificate itself: with its keyId alone an entry stays what it is.

    So do azure-cli and terraform-provider-azuread, which read without ``$select``, where ``key`` is null.
    """
    return [{**entry, "key": None} for entry in application.objects(document.get("keyCredentials"))]


def _digest(document: Json) -> str:
    key_ids = sorted(record.comparable_key_id for record in key_credentials(document))
    return hashlib.sha256("\n".join(key_ids).encode()).hexdigest()
