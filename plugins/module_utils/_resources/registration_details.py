# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What belongs to applications beside their own properties, read for many of them in few requests.

``$expand`` shows one relationship of each object, at most 20 entries of it, without the address of a next page, and
takes no ``$select`` for them ("Use query parameters to customize responses", known issue 13635 of Microsoft Graph). The
resource pages of application and servicePrincipal name the relationships that support it, and the properties that
support ``in``, which takes 15 values (microsoft-graph-docs-contrib issue 1238). Therefore a list is only a short cut:
what it does not show whole is read on its own, and so is everything that may not be listed.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape, check
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import (
    AN_APPLICATION,
    entries,
    text,
    text_or_empty,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import BATCH_SIZE, GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, odata_string
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    A_PRINCIPAL,
    PRINCIPAL_FIELDS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent_state import consent_reads
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    federated_credentials_read,
)

MOST_EXPANDED = 20
MOST_IN_LIST = 15
Details = dict[str, t.Any]  # for each read of an application an object or a collection, None for what is not there
Key = tuple[int, str]  # the number of an application, and the name of a read


class Relationship(t.NamedTuple):
    """A relationship of objects that are found by a key, which is also a property of the application."""

    detail: str
    name: str
    collection: str
    key: str
    select: str
    shape: Shape

    def read(self, documents: t.Iterable[Json]) -> Read:
        """The objects of some applications with the relationship."""
        keys = ",".join(odata_string(text_or_empty(document, self.key)) for document in documents)
        return Read(
            path=self.collection,
            collection=True,
            action=f"list the {self.name} of several applications",
            query={"$filter": f"{self.key} in ({keys})", "$select": self.select, "$expand": self.name},
            shape=self.shape,
            optional=True,
        )


RELATIONSHIPS = (
    Relationship("owners", "owners", "applications", "id", "id,appId", AN_APPLICATION),
    Relationship("federated", "federatedIdentityCredentials", "applications", "id", "id,appId", AN_APPLICATION),
    Relationship("roles", "appRoleAssignments", "servicePrincipals", "appId", PRINCIPAL_FIELDS, A_PRINCIPAL),
)


def read_details(graph: GraphClient, documents: t.Sequence[Json]) -> list[Details]:
    """For each application. A collection that the operator may not read is empty, with FORBIDDEN in it."""
    reads: dict[Key, Read] = {}
    for number, document in enumerate(documents):
        for name, read in _own_reads(document).items():
            reads[number, name] = read
    found: dict[Key, t.Any] = {}
    if len(reads) > BATCH_SIZE:
        found = _listed(graph, documents, reads)
    missing = without(reads, found)
    found.update(zip(missing, graph.get_many([reads[key] for key in missing]), strict=True))
    details: list[Details] = [{} for _document in documents]
    for number, name in reads:
        details[number][name] = found[number, name]
    return details


def _own_reads(document: Json) -> dict[str, Read]:
    object_id, client_id = text_or_empty(document, "id"), text_or_empty(document, "appId")
    owners = Read(
        path=f"applications/{object_id}/owners",
        collection=True,
        action="read the owners of an application",
        query={"$select": "id,displayName"},
        empty_if_forbidden=True,
    )
    federated = federated_credentials_read(
        object_id, action="list the federated credentials of an application", empty_if_forbidden=True
    )
    consent = consent_reads(client_id, created_recently=False, empty_if_forbidden=True)
    return {"owners": owners, "federated": federated, **consent}


def _listed(graph: GraphClient, documents: t.Sequence[Json], reads: t.Mapping[Key, Read]) -> dict[Key, t.Any]:
    """What lists show whole; and the grants of delegated permissions, which are listed for one client at a time."""
    relationships, lists = [], []
    for relationship in RELATIONSHIPS:
        for start in range(0, len(documents), MOST_IN_LIST):
            relationships.append(relationship)
            lists.append(relationship.read(documents[start : start + MOST_IN_LIST]))
    scopes = {(number, "scopes"): reads[number, "scopes"] for number in range(len(documents))}
    answers = graph.get_many([*lists, *scopes.values()])
    found = dict(zip(scopes, answers[len(lists) :], strict=True))
    numbers: dict[str | None, int] = {}
    for number, document in enumerate(documents):
        numbers |= {text(document, "id"): number, text(document, "appId"): number}
    for relationship, answer in zip(relationships, answers, strict=False):
        for entry in entries(answer):
            known = numbers.get(text(entry, relationship.key))
            if known is not None:
                found.update(_shown(entry, relationship, number=known, reads=reads))
    return found


def _shown(
    entry: Json, relationship: Relationship, *, number: int, reads: t.Mapping[Key, Read]
) -> t.Iterator[tuple[Key, Json]]:
    if relationship.collection == "servicePrincipals":
        yield (number, "principal"), entry
    related = entry.get(relationship.name)
    if isinstance(related, list) and len(related) < MOST_EXPANDED:
        own = reads[number, relationship.detail]
        yield (number, relationship.detail), {"value": [check(one, own.shape, action=own.action) for one in related]}
