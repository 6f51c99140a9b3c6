# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Reading one or many registrations whole: properties, credentials' expiry, permissions by name, consent."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_text, filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url, portal_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import NO_NAMES, rendered
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.answer import too_much
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import key_credentials
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    LARGEST_PAGE,
    Json,
    Read,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    ResourcePrincipal,
    ResourcePrincipals,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import switched_off
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import (
    Consent,
    is_allowed,
    read_consent,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    FederatedCredential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_roles_info import (
    ExchangeReader,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_details import (
    read_details,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_state import (
    FIELDS,
    properties_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    all_described,
    password_credentials,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

MOST_APPLICATIONS = 2000  # each is a few kilobytes as it comes, and as many in the result
LARGEST_RESULT = 20 * 2**20  # bytes in memory of a result (tests/limits); a gateway needs about 6 kB
APPLICATIONS_AT_ONCE = 48  # so that what is asked for them fills three batches
INFO_FIELDS = (*FIELDS, "requiredResourceAccess", "passwordCredentials", "keyCredentials")


def registration_info(call: Call) -> dict[str, t.Any]:
    """The applications that the options select, by display name; an empty list if there is none."""
    selection = _selection(call)
    applications = RegistrationReader(call, mailbox_roles=call.params["mailbox_roles"]).read([selection])
    for found in applications:
        found["switched_off"] = rendered(found["switched_off"], NO_NAMES)
    return {"changed": False, "tenant_id": call.tenant_id, "applications": applications}


class RegistrationReader:
    """Reads applications whole, also in several steps: what a resource offers is read once."""

    def __init__(
        self,
        call: Call,
        *,
        mailbox_roles: bool = False,
        kept: t.Callable[[View], View] = lambda described: described,
        most: int = LARGEST_RESULT,
        also: t.Sequence[Read] = (),
    ) -> None:
        """``kept`` is what is needed of a description, ``most`` how many bytes in memory that may take in all.

        ``also`` are reads that go along with the first request; ``also_read`` are their answers.
        """
        self._call = call
        self._kept = kept
        self._most = most
        self._first = [ResourcePrincipal.read(RESOURCES["microsoft_graph"]), *also]
        self.also_read: list[Json | None] = []
        self._known = ResourcePrincipals()
        self._exchange: ExchangeReader | None = None
        if mailbox_roles:
            self._exchange = ExchangeReader(call.graph)
        self._size = 0  # bytes in memory of all that was described

    def read(self, selections: t.Sequence[Read]) -> list[View]:
        """The applications that the reads find, each once, by display name. A read is of one, or of a collection.

        Raises TransportError if that is too much.
        """
        answers = self._call.graph.get_many([*selections, *self._first])
        self._first = []
        count = len(selections)
        self._known.add(answers[count : count + 1])
        self.also_read += answers[count + 1 :]
        del answers[count:]
        return sorted(self._all_described(self._documents(selections, answers)), key=_by_display_name)

    def _documents(self, selections: t.Sequence[Read], answers: t.Sequence[Json | None]) -> t.Iterator[Json]:
        """Each application once."""
        seen: set[str] = set()
        for read, answer in zip(selections, answers, strict=True):
            for document in itertools.chain.from_iterable(self._pages(read, answer)):
                client_id = application.text_or_empty(document, "appId")
                if client_id not in seen:
                    seen.add(client_id)
                    yield document
                if len(seen) > read.max_entries:
                    raise too_much(read.action, f"more than {read.max_entries} entries")

    def _pages(self, read: Read, answer: Json | None) -> t.Iterable[list[Json]]:
        if answer is None:
            return ()
        if read.paged:
            return self._call.graph.pages(answer, read)
        if read.collection:
            return [application.entries(answer)]
        return [[answer]]

    def _all_described(self, documents: t.Iterator[Json]) -> t.Iterator[View]:
        """Some applications at a time, since the answers take more memory than their descriptions."""
        for some in iter(lambda: list(itertools.islice(documents, APPLICATIONS_AT_ONCE)), []):
            for document, answers in zip(some, read_details(self._call.graph, some), strict=True):
                described = _described(self._call, document, answers=answers, known=self._known)
                if self._exchange is not None:
                    described["mailbox_roles"] = self._exchange.described(described["service_principal_object_id"])
                kept = self._kept(described)
                self._size += _json.weight(kept)
                if self._size > self._most:
                    raise too_much("describe the applications", f"more than {self._most // 2**20} MiB")
                yield kept


def all_applications(tag: str | None = None) -> Read:
    """Of the tenant, or those with a tag. Raises InputError for what cannot be a tag."""
    if tag is None:
        return _list_of_applications({})
    (checked,) = application.check_tags([tag])
    return _list_of_applications({"$filter": f"tags/any(t:t eq {odata_string(checked)})"})


def _by_display_name(described: View) -> tuple[str, str]:
    name = application.text_or_empty(described, "display_name")
    return name.lower(), application.text_or_empty(described, "client_id")


def _selection(call: Call) -> Read:
    params = call.params
    if any(params[name] is not None for name in application.ADDRESS):
        return application.Address.of(params).read(call.graph, select=INFO_FIELDS)
    if params["display_name"] is None:
        return all_applications(params["tag"])
    name = check_text("display_name", params["display_name"], longest=application.LONGEST_DISPLAY_NAME)
    return _list_of_applications({"$filter": f"displayName eq {odata_string(name)}"})


def _list_of_applications(condition: dict[str, str]) -> Read:
    return Read(
        path="applications",
        collection=True,
        action="list the applications of the tenant",
        query={"$select": ",".join(INFO_FIELDS), "$top": str(LARGEST_PAGE), **condition},
        max_entries=MOST_APPLICATIONS,
        shape=application.AN_APPLICATION,
    )


def _described(call: Call, document: Json, *, answers: t.Mapping[str, Json | None], known: ResourcePrincipals) -> View:
    consent = read_consent(call.graph, document, answers=answers, known=known)
    properties = properties_of(document)
    off = switched_off(document) or switched_off(_json.as_object(answers["principal"]))
    reason = None
    if off is not None:
        reason = off._asdict()
    client_id = application.text(document, "appId")
    return {
        "client_id": client_id,
        "application_object_id": application.text(document, "id"),
        "service_principal_object_id": filled(consent.principal_id),
        "display_name": properties["displayName"],
        "unique_name": properties["uniqueName"],
        "sign_in_audience": properties["signInAudience"],
        "notes": properties["notes"],
        "tags": properties["tags"],
        "service_management_reference": properties["serviceManagementReference"],
        "redirect_uris": properties["redirectUris"],
        "created": application.text(document, "createdDateTime"),
        "secrets": all_described(password_credentials(document), call.now),
        "certificates": all_described(key_credentials(document), call.now),
        "federated_credentials": _federated_credentials(answers["federated"]),
        "mailbox_roles": None,
        "permissions": _permissions(consent),
        "consented": consent.consented,
        "switched_off": reason,
        "owners": _owners(answers["owners"]),
        "portal_url": portal_url(call.endpoint.portal, client_id),
        "consent_url": consent_url(call.endpoint.authority, call.tenant_id, client_id),
    }


def _owners(answer: Json | None) -> list[View] | None:
    """None where the operator may not read them. Without a right to read people, an owner has no name."""
    if not is_allowed(answer):
        return None
    return list(map(_owner, sorted(application.entries(answer), key=_by_name_and_id)))


def _by_name_and_id(document: Json) -> tuple[str, str]:
    return application.text_or_empty(document, "displayName"), application.text_or_empty(document, "id")


def _owner(document: Json) -> View:
    return {
        "object_id": application.text(document, "id"),
        "display_name": application.text(document, "displayName"),
        "type": filled(application.text_or_empty(document, "@odata.type").rpartition(".")[2]),
    }


def _federated_credentials(answer: Json | None) -> list[View] | None:
    """None where the operator may not read them."""
    if not is_allowed(answer):
        return None
    found = [FederatedCredential.of(entry).described for entry in application.entries(answer)]
    return sorted(found, key=lambda credential: str(credential["name"]))


def _permissions(consent: Consent) -> list[View]:
    found = []
    for permission in sorted({*consent.declared, *consent.granted}, key=consent.principals.shown):
        described: View = {
            **consent.principals.described(permission),
            "declared": permission in consent.declared,
            "granted": consent.is_granted(permission),
        }
        found.append(described)
    return found
