# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Answers of Microsoft Graph: checked before anything is made of them, and bounded in memory."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import check, not_understood
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    FORBIDDEN,
    Json,
    Read,
    Write,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import Response

# Bytes in memory that one question may bring: with twice as much a module could take more than 80 MB (tests/limits).
LARGEST_IN_MEMORY = 12 * 2**20


class MemoryBudget:
    """What the answers to one question may take in memory."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._bytes = 0

    def add(self, document: t.Any) -> None:
        """Raises TransportError if it becomes too much."""
        self._bytes += _json.weight(document)
        if self._bytes > LARGEST_IN_MEMORY:
            raise too_much(self._action, f"more than {LARGEST_IN_MEMORY // 2**20} MiB")

    def clear(self) -> None:
        """Start again: what was read so far is discarded."""
        self._bytes = 0


def too_much(action: str, how: str) -> TransportError:
    return TransportError(
        f"Could not {action}: the answer does not fit in the memory that a task may use ({how})",
        maybe_processed=True,
        permanent=True,
        next_step="Select less, by unique_name, tag or display_name; or check what answers at graph_url.",
    )


def parse(answer: Response, request: Read | Write) -> Json:
    """The object of a good answer; {} for a write without one, and for a refusal.

    Raises TransportError for everything else that may come, such as a redirect or the page of a proxy.
    """
    action, status = request.action, answer.status_code
    if status >= 400:
        return {}
    if status not in request.good_status:
        how = "has an unexpected status"
        if 300 <= status < 400:
            how = "is a redirect"
        raise not_understood(action, f"the answer {how} (HTTP status {status})", status=status)
    if not answer.content and isinstance(request, Write):
        return {}
    document = _json.parse(answer.content)
    if document is None and _json.too_large(answer.content):
        raise too_much(action, "too much to parse")
    if not isinstance(document, dict):
        raise TransportError(
            f"Could not {action}: the answer is not a JSON object",
            maybe_processed=True,
            accepted=isinstance(request, Write),
            next_step="Check what answers at graph_url: it may be the page of a proxy.",
            status=status,
            request_id=answer.headers.get("request-id"),
        )
    return document


def object_of(document: Json, read: Read) -> Json:
    """The one object that was asked for. Raises TransportError if it is something else."""
    if "@odata.nextLink" in document:
        raise not_understood(read.action, "the answer is a collection")
    return check(document, read.shape, action=read.action)


def known(document: Json, read: Read) -> Json:
    """The answer of an earlier task to the same question, checked as if it came now."""
    if not read.collection:
        return object_of(document, read)
    entries, _following = page_of(document, read.action)
    return {**document, "value": [check(entry, read.shape, action=read.action) for entry in entries]}


def page_of(document: Json, action: str) -> tuple[list[t.Any], str | None]:
    """The entries of one page of a collection, and the address of the next page."""
    entries, following = document.get("value"), document.get("@odata.nextLink")
    if not isinstance(entries, list) or not isinstance(following, (str, type(None))):
        raise not_understood(action, "the answer is not a collection")
    return entries, following


def counts_as_empty(fault: GraphFault, read: Read) -> bool:
    """Whether Graph itself refuses the read, and this counts as an empty collection."""
    return read.empty_if_forbidden and fault.status == 403 and fault.code != ""


def empty_but_forbidden() -> Json:
    return {"value": [], FORBIDDEN: True}


def inner_write(number: int, write: Write) -> Json:
    """One request, with a body, of a batch; each is tried only after the one before it was accepted."""
    headers = {"Content-Type": "application/json", **write.headers}
    request: Json = {
        "id": str(number),
        "method": write.method,
        "url": f"/{write.path}",
        "headers": headers,
        "body": write.body,
    }
    if number:
        request["dependsOn"] = [str(number - 1)]
    return request


class InnerAnswer:
    """The answer to one request of a batch, which may be missing or of any form."""

    def __init__(self, answer: Json) -> None:
        self.status = 0
        if isinstance(answer.get("status"), int):
            self.status = answer["status"]
        self._document = answer.get("body")
        headers = _json.as_object(answer.get("headers"))
        self.headers = {str(name).lower(): str(value) for name, value in headers.items()}

    @property
    def document(self) -> Json | None:
        """The object or collection of a good answer."""
        if self.status != 200 or not isinstance(self._document, dict):
            return None
        return self._document

    @property
    def accepted(self) -> Json | None:
        """The object that a write made, {} if the answer has none; None for a write that was not accepted."""
        if not 200 <= self.status < 300:
            return None
        return _json.as_object(self._document)

    @property
    def fault(self) -> GraphFault:
        return GraphFault.of(self.status, self._document)

    @property
    def retry_after(self) -> str:
        return self.headers.get("retry-after", "")


def inner_answers(document: Json) -> dict[str, InnerAnswer]:
    """The answers of a batch by id; none of those with the same id, since one of them is another's."""
    found: dict[str, InnerAnswer] = {}
    repeated: set[str] = set()
    for answer in _json.objects(document.get("responses")):
        name = answer.get("id")
        if isinstance(name, str):
            repeated |= {name} & found.keys()
            found[name] = InnerAnswer(answer)
    return selected(found, found.keys() - repeated)


def optional(answer: InnerAnswer, read: Read) -> Json | None:
    """The answer to an optional read as it came; None for one that is not good, or not whole."""
    if answer.document is not None and "@odata.nextLink" not in answer.document:
        return answer.document
    if counts_as_empty(answer.fault, read):
        return empty_but_forbidden()
    return None
