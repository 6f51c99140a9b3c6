# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Answers of Microsoft Graph: checked before anything is made of them, and bounded in memory."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault, TransportError
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
GOOD_READS = frozenset({200})
GOOD_WRITES = frozenset({200, 201, 202, 204})


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


def parse(answer: Response, request: Read | Write) -> Json | None:
    """The object of a good answer; None for a write without one, and for a refusal.

    Raises TransportError for everything else that may come, such as a redirect or the page of a proxy.
    """
    action, status = request.action, answer.status_code
    if status >= 400:
        return None
    if status not in (GOOD_READS if isinstance(request, Read) else GOOD_WRITES):
        how = "is a redirect" if 300 <= status < 400 else "has an unexpected status"
        raise not_understood(action, f"the answer {how} (HTTP status {status})", status=status)
    if not answer.content and isinstance(request, Write):
        return None
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


def object_of(document: Json | None, read: Read) -> Json:
    """The one object that was asked for. Raises TransportError if it is something else."""
    if document and "@odata.nextLink" in document:
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


def empty_but_forbidden() -> Json:
    return {"value": [], FORBIDDEN: True}


def inner_write(number: int, write: Write) -> Json:
    """One request, with a body, of a batch; each is tried only after the one before it was accepted."""
    headers = {"Content-Type": "application/json", **write.headers}
    request = {
        "id": str(number),
        "method": write.method,
        "url": f"/{write.path}",
        "headers": headers,
        "body": write.body,
    }
    return {**request, "dependsOn": [str(number - 1)]} if number else request


class InnerAnswer:
    """The answer to one request of a batch, which may be missing or of any form."""

    def __init__(self, answer: Json) -> None:
        status, document = answer.get("status"), answer.get("body")
        self.status = status if isinstance(status, int) else 0
        self._document = document
        headers = answer.get("headers")
        self.headers = (
            {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, dict) else {}
        )

    @property
    def document(self) -> Json | None:
        """The object or collection of a good answer."""
        return self._document if self.status == 200 and isinstance(self._document, dict) else None

    @property
    def accepted(self) -> Json | None:
        """The object that a write made, {} if the answer has none; None for a write that was not accepted."""
        if not 200 <= self.status < 300:
            return None
        return self._document if isinstance(self._document, dict) else {}

    @property
    def fault(self) -> GraphFault:
        return GraphFault.of(self.status, self._document)

    @property
    def retry_after(self) -> str | None:
        value = self.headers.get("retry-after")
        return None if value is None else str(value)


def inner_answers(document: Json) -> dict[str, InnerAnswer]:
    """The answers of a batch by id; none of those with the same id, since one of them is another's."""
    answers = document.get("responses")
    found: dict[str, InnerAnswer] = {}
    repeated: set[str] = set()
    for answer in answers if isinstance(answers, list) else ():
        name = answer.get("id") if isinstance(answer, dict) else None
        if isinstance(name, str):
            repeated |= {name} & found.keys()
            found[name] = InnerAnswer(answer)
    return {name: answer for name, answer in found.items() if name not in repeated}


def optional(answer: InnerAnswer, read: Read) -> Json | None:
    """The answer to an optional read as it came; None for one that is not good, or not whole."""
    if answer.document is not None and "@odata.nextLink" not in answer.document:
        return answer.document
    refused = answer.status == 403 and read.empty_if_forbidden and answer.fault.code
    return empty_but_forbidden() if refused else None
