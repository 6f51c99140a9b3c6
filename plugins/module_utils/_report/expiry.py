# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which credentials of which applications are due: for the event source. Only reads."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_number
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    selected,
    without,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import with_texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import key_credentials
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    FORBIDDEN,
    LARGEST_PAGE,
    Json,
    Read,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    federated_credentials_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    all_described,
    password_credentials,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

TAG = "email_gateway.azure_apps"  # what the role gateway_app gives to its applications
MOST_APPLICATIONS = 2000
MOST_DAYS = 3650
STATES = {"expired": "expired", "due": "expiring"}  # of a finding, by the status of the credential
NAMED = {"unique_names": "unique_name", "client_ids": "client_id"}  # options, with the key of an application in each
FIELDS = ("id", "appId", "displayName", "uniqueName", "passwordCredentials", "keyCredentials")

SELECTION = ArgumentSpec(
    options={
        "tags": {"type": "list", "elements": "str"},
        "unique_names": {"type": "list", "elements": "str"},
        "client_ids": {"type": "list", "elements": "str"},
        "days": {"type": "int", "default": 30},
    },
)

# The members of every finding; null if one does not apply.
FINDING: View = dict.fromkeys(
    (
        "state",
        "tenant_id",
        "client_id",
        "application_object_id",
        "display_name",
        "unique_name",
        "kind",
        "key_id",
        "description",
        "end",
        "days_left",
        "message",
        "error",
    )
)


def status_of(days_left: int | None, within_days: int) -> str:
    """The status of a credential, see STATUSES; ``due`` if it ends within so many days."""
    if days_left is None:
        return "none"
    if days_left < 0:
        return "expired"
    if days_left < within_days:
        return "due"
    return "ok"


def is_replaced(entry: t.Mapping[str, t.Any], entries: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """Does it end, and is there a newer one?"""
    return any(_is_newer(other, entry) for other in entries)


def _is_newer(other: t.Mapping[str, t.Any], entry: t.Mapping[str, t.Any]) -> bool:
    """Of the same description, begun no earlier, and ending later."""
    (start, end), (other_start, other_end) = _life(entry), _life(other)
    return "" < end < other_end and start <= other_start and other["description"] == entry["description"]


def _life(entry: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Start and end; empty if there is none."""
    return text_or_empty(entry, "start"), text_or_empty(entry, "end")


class Selection(t.NamedTuple):
    """Which applications are looked at: those with one of the tags, and those that are named."""

    tags: tuple[str, ...]
    named: tuple[application.Address, ...]
    days: int

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Selection:
        """Raises InputError for what selects nothing, or cannot be."""
        days = check_number("days", params["days"], lowest=0, highest=MOST_DAYS)
        lists = selected(params, ("tags", *NAMED))
        for name, value in lists.items():
            if value == []:
                raise InputError(f"{name} is an empty list", next_step=f"List at least one entry, or leave {name} out.")
        given = filled_members(lists) or {"tags": [TAG]}
        named: dict[application.Address, None] = {}
        for name, key in NAMED.items():
            for value in given.get(name, ()):
                named[application.Address.of({key: value})] = None
        return cls(tuple(application.check_tags(given.get("tags", []))), tuple(named), days)


def look(call: Call) -> dict[str, t.Any]:
    """``found``: the findings, the most urgent first; empty if there is none."""
    selection = Selection.of(call.params)
    documents, missing = _documents(call, selection)
    found, alone = [], []
    for document in documents:
        kinds = _entries(call, document)
        for finding in _due(kinds, selection.days):
            found.append({**_about(call, document), **finding})
        if not any(kinds.values()):
            alone.append(document)
    federated = call.graph.get_many(list(map(_federated_credentials_read, alone)))
    for document, answer in zip(alone, federated, strict=True):
        # Unknown if federated credentials may not be read.
        if answer is not None and not answer.get("value") and FORBIDDEN not in answer:
            found.append({**_about(call, document), "state": "no_credential"})
    found.sort(
        key=lambda finding: (text_or_empty(finding, "end"), finding["client_id"], text_or_empty(finding, "key_id"))
    )
    for address in missing:
        finding = {"state": "missing", "tenant_id": call.tenant_id, "message": f"There is no {address}"}
        found.append({**FINDING, **finding, **_key(address)})
    return {"changed": False, "found": with_texts(found, _harmless)}


def _federated_credentials_read(document: Json) -> Read:
    return federated_credentials_read(
        text_or_empty(document, "id"),
        action="list the federated credentials of an application",
        empty_if_forbidden=True,
    )


def _documents(call: Call, selection: Selection) -> tuple[list[Json], list[application.Address]]:
    """Each selected application once, and the names that no application has."""
    reads = list(map(_tagged_read, selection.tags))
    reads += [address.read(call.graph, select=FIELDS) for address in selection.named]
    answers = call.graph.get_many(reads)
    tagged = itertools.chain.from_iterable(map(application.entries, answers[: len(selection.tags)]))
    named = filled_members(dict(zip(selection.named, answers[len(selection.tags) :], strict=True)))
    by_client_id = {str(document["appId"]): document for document in (*tagged, *named.values())}
    return list(by_client_id.values()), without(selection.named, named)


def _tagged_read(tag: str) -> Read:
    condition = f"tags/any(t:t eq {odata_string(tag)})"
    return Read(
        path="applications",
        collection=True,
        action="list the applications with a tag",
        query={"$select": ",".join(FIELDS), "$top": str(LARGEST_PAGE), "$filter": condition},
        max_entries=MOST_APPLICATIONS,
        shape=application.AN_APPLICATION,
    )


def _entries(call: Call, document: Json) -> dict[str, list[View]]:
    """The credentials that end, by kind."""
    return {
        "client_secret": all_described(password_credentials(document), call.now),
        "certificate": all_described(key_credentials(document), call.now),
    }


def _due(kinds: t.Mapping[str, list[View]], days: int) -> t.Iterator[View]:
    for kind, entries in kinds.items():
        for entry in entries:
            state = STATES.get(status_of(entry["days_left"], days))
            if state is not None and not is_replaced(entry, entries):
                yield {"state": state, "kind": kind, **selected(entry, ("key_id", "description", "end", "days_left"))}


def _about(call: Call, document: Json) -> View:
    return {
        **FINDING,
        "tenant_id": call.tenant_id,
        "client_id": application.text(document, "appId"),
        "application_object_id": application.text(document, "id"),
        "display_name": application.text(document, "displayName"),
        "unique_name": application.text(document, "uniqueName"),
    }


def _key(address: application.Address) -> View:
    return {"client_id": address.client_id, "unique_name": address.unique_name}


def _harmless(text: str) -> str:
    """Without what Ansible would take for a template, since others choose names: events become variables of a run."""
    return re.sub(r"\{(?=[{%#])", "{ ", text)
