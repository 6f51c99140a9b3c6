# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which credentials of which applications are due: for the event source. Only reads."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
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
    password_credentials,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

TAG = "email_gateway.azure_apps"  # what the role gateway_app gives to its applications
MOST_APPLICATIONS = 2000
MOST_DAYS = 3650
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


def is_replaced(entry: t.Mapping[str, t.Any], entries: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """Is there a newer one: of the same description, begun no earlier, and ending later?"""
    return any(
        other["description"] == entry["description"]
        and bool(other["end"] and entry["end"])
        and bool(other["end"] > entry["end"] and (other["start"] or "") >= (entry["start"] or ""))
        for other in entries
    )


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which applications are looked at: those with one of the tags, and those that are named."""

    tags: tuple[str, ...]
    named: tuple[application.Address, ...]
    days: int

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Selection:
        """Raises InputError for what selects nothing, or cannot be."""
        days = params["days"]
        if not 0 <= days <= MOST_DAYS:
            raise InputError(f"days is {days}", next_step=f"Set days to a number from 0 to {MOST_DAYS}.")
        lists = {name: params[name] for name in ("tags", "unique_names", "client_ids")}
        for name, value in lists.items():
            if value == []:
                raise InputError(f"{name} is an empty list", next_step=f"List at least one entry, or leave {name} out.")
        if all(value is None for value in lists.values()):
            lists["tags"] = [TAG]
        named = [application.Address.of({"unique_name": name}) for name in lists["unique_names"] or ()]
        named += [application.Address.of({"client_id": client_id}) for client_id in lists["client_ids"] or ()]
        return cls(tuple(application.check_tags(lists["tags"] or [])), tuple(dict.fromkeys(named)), days)


def look(call: Call) -> dict[str, t.Any]:
    """``found``: the findings, the most urgent first; empty if there is none."""
    selection = Selection.of(call.params)
    documents, missing = _documents(call, selection)
    alone = [document for document in documents if not _entries(call, document)]
    federated = call.graph.get_many(
        [
            federated_credentials_read(
                application.text(document, "id") or "",
                action="list the federated credentials of an application",
                empty_if_forbidden=True,
            )
            for document in alone
        ]
    )
    found = [
        {**_about(call, document), **finding}
        for document in documents
        for finding in _due(_entries(call, document), selection.days)
    ]
    found += [
        {**_about(call, document), "state": "no_credential"}
        for document, answer in zip(alone, federated, strict=True)
        # Unknown if the federated credentials may not be read.
        if answer is not None and not answer.get("value") and FORBIDDEN not in answer
    ]
    found.sort(key=lambda finding: (finding["end"] or "", finding["client_id"], finding["key_id"] or ""))
    found += [
        {
            **FINDING,
            "state": "missing",
            "tenant_id": call.tenant_id,
            **_key(address),
            "message": f"There is no {address}",
        }
        for address in missing
    ]
    return {"changed": False, "found": [_harmless(finding) for finding in found]}


def _documents(call: Call, selection: Selection) -> tuple[list[Json], list[application.Address]]:
    """Each selected application once, and the names that no application has."""
    query = {"$select": ",".join(FIELDS), "$top": str(LARGEST_PAGE)}
    reads = [
        Read(
            path="applications",
            collection=True,
            action="list the applications with a tag",
            query={**query, "$filter": f"tags/any(t:t eq {odata_string(tag)})"},
            max_entries=MOST_APPLICATIONS,
            shape=application.AN_APPLICATION,
        )
        for tag in selection.tags
    ]
    reads += [address.read(call.graph, select=FIELDS) for address in selection.named]
    answers = call.graph.get_many(reads)
    tagged, named = answers[: len(selection.tags)], answers[len(selection.tags) :]
    documents = [document for answer in tagged for document in application.objects((answer or {}).get("value"))]
    documents += [document for document in named if document is not None]
    missing = [address for address, document in zip(selection.named, named, strict=True) if document is None]
    return list({str(document["appId"]): document for document in documents}.values()), missing


def _entries(call: Call, document: Json) -> list[tuple[str, list[View]]]:
    """The credentials that end, by kind; only kinds of which there is one."""
    kinds = {
        "client_secret": [credential.described(call.now) for credential in password_credentials(document)],
        "certificate": [credential.described(call.now) for credential in key_credentials(document)],
    }
    return [(kind, entries) for kind, entries in kinds.items() if entries]


def _due(kinds: t.Sequence[tuple[str, list[View]]], days: int) -> t.Iterator[View]:
    for kind, entries in kinds:
        for entry in entries:
            left = entry["days_left"]
            if left is not None and left < days and not is_replaced(entry, entries):
                described = {name: entry[name] for name in ("key_id", "description", "end", "days_left")}
                yield {"state": "expired" if left < 0 else "expiring", "kind": kind, **described}


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


def _harmless(finding: View) -> View:
    """Without what Ansible would take for a template, since others choose names: events become variables of a run."""
    return {
        name: re.sub(r"\{(?=[{%#])", "{ ", value) if isinstance(value, str) else value
        for name, value in finding.items()
    }
