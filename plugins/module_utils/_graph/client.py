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
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import check
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import answer as _answer
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.answer import (
    InnerAnswer,
    MemoryBudget,
    too_much,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.connection import (
    Connection,
    graph_error,
    waited_for,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.easing import used_share
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.handed_reads import HandedReads
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Json,
    Read,
    Write,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.retry import (
    Decision,
    decide,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.run_notes import RunNotes
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
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
        self._connection = Connection(http, host=host, token=token, memory=memory)
        self.wrote = False  # whether the tenant accepted at least one write
        self.handed = HandedReads(memory, identity=lambda: token(False).digest, of_role=of_role)
        self.patience = http.patience
        self.clock = http.clock

    def get(self, read: Read) -> Json | None:
        """The object, checked by ``read.shape``; None if there is none (404)."""
        known = self.handed.known([read])
        if known:
            return _answer.object_of(known[0], read)
        try:
            document = _answer.object_of(self._connection.exchange(read), read)
            self.handed.note(read, document)
            return document
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            raise

    def get_or_empty(self, read: Read) -> Json:
        """The same, but {} instead of None."""
        return self.get(read) or {}

    def refusal(self, read: Read) -> GraphFault | None:
        """Why the object may not be read, which is the question here; None if it may be read.

        Raises GraphError only if the answer does not answer that: throttled, or an internal problem.
        """
        try:
            self._connection.exchange(read)
        except GraphError as exc:
            if exc.fault.passes or exc.fault.status >= 500:
                raise
            return exc.fault
        return None

    def collect(self, read: Read) -> list[Json]:
        """All entries of a collection, over all pages."""
        budget = MemoryBudget(read.action)
        page = self._connection.exchange(read)
        budget.add(page)
        return self._all_pages(page, read, budget)

    def get_many(self, reads: t.Sequence[Read]) -> list[Json | None]:
        """Several reads of one version of the API in one request; None for what is not there.

        A collection comes whole under ``value``. An inner request that was throttled or failed is sent again on its
        own, with all rules of ``get``; an optional one is None then.
        """
        if not reads:
            return []
        known = self.handed.known(reads)
        found: list[Json | None] = []
        budget = MemoryBudget(reads[0].action)
        unknown = without(range(len(reads)), known)
        asked = [reads[number] for number in unknown]
        for start in range(0, len(asked), BATCH_SIZE):
            found += self._batch(asked[start : start + BATCH_SIZE], budget)
        for read, document in zip(asked, found, strict=True):
            self.handed.note(read, document)
        documents = dict(zip(unknown, found, strict=True))
        for number, document in known.items():
            documents[number] = _answer.known(document, reads[number])
        return list(map(documents.get, range(len(reads))))

    def pages(self, first: Json, read: Read) -> t.Iterator[list[Json]]:
        """The entries from ``first``, the answer to a paged read, on: one page at a time; some may come twice."""
        return (of_page for of_page, _again in self._pages(first, read))

    def write(self, write: Write) -> Json:
        """The answer's object, or {} if it has none.

        Raises GraphError also for a DELETE of what is not found: whether it is gone, or only not there yet, is what
        the next read shows (see converge).
        """
        answer = self._sent(write)
        self.wrote = True
        if not answer:
            return {}
        return check(answer, write.shape, action=write.action)

    def write_in_order(self, writes: t.Sequence[Write], *, action: str) -> list[Json | GraphError]:
        """The answers to those of several repeatable writes that were tried in one request, in order.

        The last one may be a refusal that another try would not change. What is left has to be sent on its own.
        """
        part = writes[:BATCH_SIZE]
        if len(part) < 2:
            return []
        body = {"requests": [_answer.inner_write(number, write) for number, write in enumerate(part)]}
        outer = dataclasses.replace(part[0], method="POST", path="$batch", action=action, body=body)
        by_id = self._inner(self._sent(outer))
        found: list[Json | GraphError] = []
        for number, write in enumerate(part):
            answer = by_id.get(str(number), InnerAnswer({}))
            if answer.accepted is None:
                found += _refusal(answer, write, waited=self.patience.waited)
                self._wait_before_repeating(answer)
                break
            self.wrote = True
            found.append(answer.accepted)
        return found

    def _inner(self, document: Json) -> dict[str, InnerAnswer]:
        answers = _answer.inner_answers(document)
        self._connection.easing.note(used_share(answer.headers for answer in answers.values()))
        return answers

    def _sent(self, write: Write) -> Json:
        self.handed.withdraw(keeps_application=write.leaves_application)
        try:
            return self._connection.exchange(write)
        except TransportError as exc:
            self.wrote |= exc.accepted
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
        document = self._connection.exchange(outer)
        budget.add(document)
        by_id = self._inner(document)
        missing = InnerAnswer({})
        return [self._unpack(read, by_id.get(str(number), missing), budget) for number, read in enumerate(reads)]

    def _unpack(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        if read.optional:
            return _answer.optional(answer, read)
        # A 404 that is no refusal in the words of Graph is asked for on its own.
        if answer.fault.not_found and not read.created_recently:
            return None
        if read.collection:
            return self._unpack_collection(read, answer, budget)
        if answer.document is not None:
            return _answer.object_of(answer.document, read)
        self._wait_before_repeating(answer)
        return self.get(read)

    def _unpack_collection(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        if answer.document is not None:
            return self._whole(answer.document, read, budget)
        if _answer.counts_as_empty(answer.fault, read):
            return _answer.empty_but_forbidden()
        self._wait_before_repeating(answer)
        try:
            page = self._connection.exchange(read)
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            if _answer.counts_as_empty(exc.fault, read):
                return _answer.empty_but_forbidden()
            raise
        budget.add(page)
        return self._whole(page, read, budget)

    def _wait_before_repeating(self, answer: InnerAnswer) -> None:
        if answer.status in RETRY_STATUS:
            # If the time that may be waited is over, the single request that follows reports what is wrong.
            self.patience.pause(answer.retry_after, why=waited_for(answer.status))

    def _whole(self, page: Json, read: Read, budget: MemoryBudget) -> Json:
        """A collection of which the first page came, counted by the budget; only this page if no other is wanted."""
        if read.paged:
            return page
        return {**page, "value": self._all_pages(page, read, budget)}

    def _all_pages(self, page: Json, read: Read, budget: MemoryBudget) -> list[Json]:
        """From the first page on, which the budget has counted."""
        entries: list[Json] = []
        for number, (of_page, again) in enumerate(self._pages(page, read)):
            if again:
                entries.clear()
                budget.clear()
            if number:
                budget.add(of_page)
            entries += of_page
            _check_number(entries, read)
        return entries

    def _pages(self, page: Json, read: Read) -> t.Iterator[tuple[list[Json], bool]]:
        """The entries of each page, and whether it is the first once more, since a later one has expired."""
        number, restarted, again = 0, False, False
        while number < MOST_PAGES:
            of_page, following = _answer.page_of(page, read.action)
            yield [check(entry, read.shape, action=read.action) for entry in of_page], again
            if following is None:
                return
            number, again = number + 1, False
            try:
                page = self._connection.exchange(read, page=_below(self._connection.base(read), following, read))
            except GraphError as exc:
                if restarted or not (exc.fault.code and exc.fault.status in (400, 410)):
                    raise
                number, restarted, again = 0, True, True
                page = self._connection.exchange(read)
        raise _too_many_pages(read)


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


def _refusal(answer: InnerAnswer, write: Write, *, waited: float) -> list[GraphError]:
    """Of a write in a batch, if it is one that counts."""
    fault = answer.fault
    if not fault.code or fault.status < 400 or decide(fault, write, token_renewed=False) is not Decision.RAISE:
        return []
    return [graph_error(fault, write, url=write.url, waited=waited, retry_after=answer.retry_after)]


def _unusable(read: Read, why: str, next_step: str) -> TransportError:
    return TransportError(f"Could not {read.action}: {why}", maybe_processed=False, permanent=True, next_step=next_step)
