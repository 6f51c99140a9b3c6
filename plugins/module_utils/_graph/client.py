# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The Microsoft Graph client: JSON, paging, batches of reads, throttling, what may be sent again.

Knows neither Ansible nor what an application is. Directory_ConcurrencyViolation is not retried here, because the
caller has to read again first (see converge).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import typing as t
import uuid

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import check
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import answer as _answer
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.answer import (
    InnerAnswer,
    MemoryBudget,
    too_much,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.easing import Easing, used_share
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.handed_reads import HandedReads
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Json,
    Read,
    Write,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.retry import (
    Attempts,
    Decision,
    decide,
    misses_foreign_id,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.run_notes import RunNotes
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

BATCH_SIZE = 20  # "Combine multiple HTTP requests using JSON batching"
MOST_PAGES = 200  # also empty ones


class GraphClient(RunNotes):
    """Sends reads and writes to Graph of one tenant as one identity."""

    def __init__(
        self,
        http: HttpClient,
        *,
        host: str,
        token: t.Callable[[bool], AccessToken],
        memory: RunMemory,
        of_role: bool = False,
    ) -> None:
        """``token`` gives the access token; called with True, a fresh one. ``of_role``: see HandedReads."""
        super().__init__(memory)
        self._http = http
        self._host = host
        self._token = token
        self.wrote = False  # whether the tenant accepted at least one write
        self.handed = HandedReads(memory, identity=lambda: token(False).digest, of_role=of_role)
        self.patience = http.patience
        self._easing = Easing(memory, http.patience, identity=lambda: token(False).digest)
        self.clock = http.clock

    def get(self, read: Read) -> Json | None:
        """The object in the form of ``read.shape``, or None if there is none (404)."""
        if known := self.handed.known([read]):
            return _answer.object_of(known[0], read)
        try:
            document = _answer.object_of(self._exchange("GET", read.url, read), read)
            self.handed.note(read, document)
            return document
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            raise

    def refusal(self, read: Read) -> GraphFault | None:
        """Why the object may not be read, which is the question here; None if it may be read.

        Raises GraphError only if the answer does not answer that: throttled, or an internal problem.
        """
        try:
            self._exchange("GET", read.url, read)
        except GraphError as exc:
            if exc.fault.passes or exc.fault.status >= 500:
                raise
            return exc.fault
        return None

    def collect(self, read: Read, budget: MemoryBudget | None = None) -> list[Json]:
        """All entries of a collection, over all pages; ``budget`` is that of a question of which this is a part."""
        budget = budget or MemoryBudget(read.action)
        page = self._exchange("GET", read.url, read) or {}
        budget.add(page)
        return self._all_pages(page, read, budget)

    def get_many(self, reads: t.Sequence[Read]) -> list[Json | None]:
        """Several reads of one version of the API in one request; None for what is not there.

        A collection comes whole under ``value``. An inner request that was throttled or failed is sent again on its
        own, with all rules of ``get``; an optional one is None then.
        """
        known = self.handed.known(reads)
        found: list[Json | None] = []
        budget = MemoryBudget(reads[0].action if reads else "")
        asked = [read for number, read in enumerate(reads) if number not in known]
        for start in range(0, len(asked), BATCH_SIZE):
            found += self._batch(asked[start : start + BATCH_SIZE], budget)
        for read, document in zip(asked, found, strict=True):
            self.handed.note(read, document)
        answers = iter(found)
        return [
            _answer.known(known[number], read) if number in known else next(answers)
            for number, read in enumerate(reads)
        ]

    def pages(self, first: Json, read: Read) -> t.Iterator[list[Json]]:
        """The entries from ``first``, the answer to a paged read, on: one page at a time; some may come twice."""
        return (of_page for of_page, _begins in self._pages(first, read))

    def write(self, write: Write) -> Json:
        """The answer's object, or {} if it has none.

        Raises GraphError also for a DELETE of what is not found: whether it is gone, or only not there yet, is what
        the next read shows (see converge).
        """
        answer = self._sent(write)
        self.wrote = True
        return check(answer, write.shape, action=write.action) if answer else {}

    def write_in_order(self, writes: t.Sequence[Write], *, action: str) -> list[Json | GraphError]:
        """The answers to those of several repeatable writes that were tried in one request, in order.

        The last one may be a refusal that another try would not change. What is left has to be sent on its own.
        """
        part = writes[:BATCH_SIZE]
        if len(part) < 2:
            return []
        body = {"requests": [_answer.inner_write(number, write) for number, write in enumerate(part)]}
        outer = dataclasses.replace(part[0], method="POST", path="$batch", action=action, body=body)
        by_id = self._inner(self._sent(outer) or {})
        answers = [by_id.get(str(number), InnerAnswer({})) for number in range(len(part))]
        made = list(itertools.takewhile(lambda answer: answer.accepted is not None, answers))
        self.wrote = self.wrote or bool(made)
        found: list[Json | GraphError] = [answer.accepted or {} for answer in made]
        if len(made) < len(part):
            found += _refusal(answers[len(made)], part[len(made)], waited=self.patience.waited)
            self._wait_before_repeating(answers[len(made)])
        return found

    def _inner(self, document: Json) -> dict[str, InnerAnswer]:
        answers = _answer.inner_answers(document)
        self._easing.note(used_share(answer.headers for answer in answers.values()))
        return answers

    def _sent(self, write: Write) -> Json | None:
        self.handed.withdraw(keeps_application=write.leaves_application)
        try:
            return self._exchange(write.method, f"/{write.path}", write)
        except TransportError as exc:
            self.wrote = self.wrote or exc.accepted
            raise

    def _batch(self, reads: t.Sequence[Read], budget: MemoryBudget) -> list[Json | None]:
        if len(reads) == 1 and not reads[0].collection:
            return [self.get(reads[0])]
        requests = [{"id": str(number), "method": "GET", "url": read.url} for number, read in enumerate(reads)]
        outer = Write(
            method="POST",
            path="$batch",
            action=reads[0].action,
            right=reads[0].right,
            body={"requests": requests},
            version=reads[0].version,
        )
        document = self._exchange("POST", "/$batch", outer) or {}
        budget.add(document)
        by_id = self._inner(document)
        missing = InnerAnswer({})
        return [self._unpack(read, by_id.get(str(number), missing), budget) for number, read in enumerate(reads)]

    def _unpack(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        if read.optional:
            return _answer.optional(answer, read)
        # A 404 that is no refusal in the words of Graph is asked for on its own.
        if answer.status == 404 and not read.created_recently and answer.fault.not_found:
            return None
        if read.collection:
            return self._unpack_collection(read, answer, budget)
        if answer.document is not None:
            return _answer.object_of(answer.document, read)
        self._wait_before_repeating(answer)
        return self.get(read)

    def _unpack_collection(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        if (page := answer.document) is not None:
            return page if read.paged else {**page, "value": self._all_pages(page, read, budget)}
        if answer.status == 403 and read.empty_if_forbidden and answer.fault.code:
            return _answer.empty_but_forbidden()
        self._wait_before_repeating(answer)
        try:
            if read.paged:
                return self._exchange("GET", read.url, read)
            return {"value": self.collect(read, budget)}
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            if exc.fault.status == 403 and read.empty_if_forbidden:
                return _answer.empty_but_forbidden()
            raise

    def _wait_before_repeating(self, answer: InnerAnswer) -> None:
        if answer.status in RETRY_STATUS:
            # If the time that may be waited is over, the single request that follows reports what is wrong.
            self.patience.pause(answer.retry_after, why=_waited_for(answer.status))

    def _all_pages(self, page: Json, read: Read, budget: MemoryBudget) -> list[Json]:
        """From the first page on, which the budget has counted."""
        entries: list[Json] = []
        for number, (of_page, begins) in enumerate(self._pages(page, read)):
            if number and begins:
                entries.clear()
                budget.clear()
            if number:
                budget.add(of_page)
            entries += of_page
            _check_number(entries, read)
        return entries

    def _pages(self, page: Json, read: Read) -> t.Iterator[tuple[list[Json], bool]]:
        """The entries of each page, and whether it is the first: it comes once more if a later one has expired."""
        number, restarts, begins = 0, True, True
        while number < MOST_PAGES:
            of_page, following = _answer.page_of(page, read.action)
            yield [check(entry, read.shape, action=read.action) for entry in of_page], begins
            if following is None:
                return
            number, begins = number + 1, False
            try:
                page = self._exchange("GET", _below(self._base(read), following, read), read) or {}
            except GraphError as exc:
                if not (restarts and exc.fault.code and exc.fault.status in (400, 410)):
                    raise
                number, restarts, begins = 0, False, True
                page = self._exchange("GET", read.url, read) or {}
        raise _too_many_pages(read)

    def _exchange(self, method: str, url: str, request: Read | Write) -> Json | None:
        """Send, and send again as long as ``decide`` allows it and the allowance of time is not used up."""
        attempts = Attempts()
        token = self._token(False)
        while True:
            try:
                answer = self._send(method, url, request, token)
                document = _answer.parse(answer, request)
            except TransportError as exc:
                attempts = dataclasses.replace(attempts, transport_failures=attempts.transport_failures + 1)
                if decide(exc, request, attempts) is Decision.RAISE or not self.patience.pause(why=WaitedFor.BUSY):
                    raise
                continue
            if answer.status_code < 300:
                return document
            fault = GraphFault.parse(answer.status_code, answer.content, answer.headers.get("request-id"))
            retry_after = answer.headers.get("retry-after")
            decision = decide(fault, request, attempts)
            if decision is Decision.RENEW:
                token = self._token(True)
                attempts = dataclasses.replace(attempts, token_renewed=True)
            elif decision is Decision.RAISE or not self.patience.pause(retry_after, why=_waited_for(fault.status)):
                raise _error(fault, f"{method} {url}", request, waited=self.patience.waited, retry_after=retry_after)

    def _base(self, request: Read | Write) -> str:
        return f"{self._host}/{request.version}"

    def _send(self, method: str, url: str, request: Read | Write, token: AccessToken) -> Response:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
            "client-request-id": str(uuid.uuid4()),
        }
        body = None
        if isinstance(request, Write):
            headers.update(request.headers)
            if request.body is not None:
                headers["Content-Type"] = "application/json"
                body = json.dumps(request.body).encode()
        self._easing.wait()
        response = self._http.request(method, self._base(request) + url, headers=headers, body=body)
        self._easing.note(used_share([response.headers]))
        return response


def _below(base: str, following: str, read: Read) -> str:
    """The address of the next page below that of the API. Raises TransportError if it is elsewhere."""
    if not following.startswith(f"{base}/"):
        step = "Check that a Microsoft Graph endpoint answers at graph_url."
        raise _unusable(read, "the next page is on another host", step)
    return following[len(base) :]


def _too_many_pages(read: Read) -> TransportError:
    step = "Select less, by unique_name, tag or display_name; or check what answers at graph_url."
    return _unusable(read, f"more than {MOST_PAGES} pages", step)


def _check_number(entries: t.Sized, read: Read) -> None:
    if len(entries) > read.max_entries:
        raise too_much(read.action, f"more than {read.max_entries} entries")


def _error(
    fault: GraphFault, sent: str, request: Read | Write, *, waited: float, retry_after: str | None
) -> GraphError:
    """``sent`` is the method and, below the version of the API, the address."""
    method, url = sent.split(" ", 1)
    return GraphError(
        fault,
        action=request.action,
        method=method,
        path=f"/{request.version}{url.partition('?')[0]}",
        right=request.right,
        waited=waited,
        retry_after=retry_after,
        misses_other=misses_foreign_id(fault, request),
    )


def _refusal(answer: InnerAnswer, write: Write, *, waited: float) -> list[GraphError]:
    """Of a write in a batch, if it is one that counts."""
    fault = answer.fault
    if not fault.code or fault.status < 400 or decide(fault, write, Attempts()) is not Decision.RAISE:
        return []
    return [_error(fault, f"{write.method} /{write.path}", write, waited=waited, retry_after=answer.retry_after)]


def _unusable(read: Read, why: str, next_step: str) -> TransportError:
    return TransportError(f"Could not {read.action}: {why}", maybe_processed=False, permanent=True, next_step=next_step)


def _waited_for(status: int) -> WaitedFor:
    if status == 429:
        return WaitedFor.LIMITS
    return WaitedFor.BUSY if status in RETRY_STATUS else WaitedFor.LAG
