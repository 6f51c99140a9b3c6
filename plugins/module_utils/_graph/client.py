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
import datetime
import json
import typing as t
import uuid

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import check
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import answer as _answer
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.answer import (
    InnerAnswer,
    MemoryBudget,
    too_much,
)
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

BATCH_SIZE = 20  # "Combine multiple HTTP requests using JSON batching"
LAG_WINDOW = 900  # seconds after its creation in which an object may still be missing somewhere
MOST_PAGES = 200  # also empty ones


class GraphClient:
    """Sends reads and writes to Graph of one tenant as one identity."""

    def __init__(
        self, http: HttpClient, *, host: str, token: t.Callable[[bool], AccessToken], memory: RunMemory
    ) -> None:
        """``token`` gives the access token; called with True, a fresh one."""
        self._http = http
        self._host = host
        self._token = token
        self._memory = memory
        self._created: set[str] = set()
        self.wrote = False  # whether the tenant accepted at least one write
        self.patience = http.patience
        self.clock = http.clock

    def get(self, read: Read) -> Json | None:
        """The object, which is what ``read.shape`` says, or None if there is none (404)."""
        try:
            return _answer.object_of(self._exchange("GET", read.url, read), read)
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

    def collect(self, read: Read) -> list[Json]:
        """All entries of a collection, over all pages."""
        return self._collect(read, MemoryBudget(read.action))

    def get_many(self, reads: t.Sequence[Read]) -> list[Json | None]:
        """Several reads of one version of the API in one request; None for what is not there.

        A collection comes whole under ``value``. An inner request that was throttled or failed is sent again on its
        own, with all rules of ``get``; an optional one is None then.
        """
        found: list[Json | None] = []
        budget = MemoryBudget(reads[0].action if reads else "")
        for start in range(0, len(reads), BATCH_SIZE):
            part = reads[start : start + BATCH_SIZE]
            found += self._batch(part, budget)
        return found

    def write(self, write: Write) -> Json:
        """The answer's object, or {} if it has none.

        Raises GraphError also for a DELETE of what is not found: whether it is gone, or only not there yet, is what
        the next read says (see converge).
        """
        try:
            answer = self._exchange(write.method, f"/{write.path}", write)
        except TransportError as exc:
            self.wrote = self.wrote or exc.accepted
            raise
        self.wrote = True
        return check(answer, write.shape, action=write.action) if answer else {}

    def note_created(self, object_id: str) -> None:
        """This run created the object: for a while, later tasks of the run wait for it instead of failing."""
        self._created.add(object_id)
        self._memory.remember(f"created:{object_id}", True, seconds=LAG_WINDOW)

    def note_young(self, created: datetime.datetime | None, *keys: str | None) -> None:
        """As ``note_created``, for what another run created moments ago, perhaps one that was killed."""
        if (
            created is None
            or abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) > LAG_WINDOW
        ):
            return
        for key in filter(None, keys):
            self.note_created(key)

    def note_deleted(self, object_id: str | None) -> None:
        """Later tasks do not wait for the object any more."""
        if object_id and self.created_here(object_id):
            self._created.discard(object_id)
            self._memory.remember(f"created:{object_id}", False, seconds=LAG_WINDOW)

    def created_here(self, object_id: str | None) -> bool:
        if not object_id:
            return False
        return object_id in self._created or bool(self._memory.recall(f"created:{object_id}"))

    def note_written(self, name: str, value: str) -> None:
        """What this run wrote last, so that its later tasks notice a read that lags behind."""
        self._memory.remember(f"written:{name}", value, seconds=LAG_WINDOW)

    def written_here(self, name: str) -> str | None:
        known = self._memory.recall(f"written:{name}")
        return known if isinstance(known, str) else None

    def _collect(self, read: Read, budget: MemoryBudget) -> list[Json]:
        page = self._exchange("GET", read.url, read) or {}
        budget.add(page)
        return self._all_pages(page, read, budget)

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
        by_id = _answer.inner_answers(document)
        missing = InnerAnswer({})
        return [self._unpack(read, by_id.get(str(number), missing), budget) for number, read in enumerate(reads)]

    def _unpack(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        # A 404 that is no refusal in the words of Graph is asked for on its own.
        if answer.status == 404 and not read.created_recently and answer.fault.not_found:
            return None
        if read.optional:
            return answer.document
        if read.collection:
            return self._unpack_collection(read, answer, budget)
        return self._unpack_object(read, answer)

    def _unpack_object(self, read: Read, answer: InnerAnswer) -> Json | None:
        if answer.document is not None:
            return _answer.object_of(answer.document, read)
        self._wait_before_repeating(answer)
        return self.get(read)

    def _unpack_collection(self, read: Read, answer: InnerAnswer, budget: MemoryBudget) -> Json | None:
        if answer.document is not None:
            return {**answer.document, "value": self._all_pages(answer.document, read, budget)}
        if answer.status == 403 and read.empty_if_forbidden and answer.fault.code:
            return _answer.empty_but_forbidden()
        self._wait_before_repeating(answer)
        try:
            return {"value": self._collect(read, budget)}
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            if exc.fault.status == 403 and read.empty_if_forbidden:
                return _answer.empty_but_forbidden()
            raise

    def _wait_before_repeating(self, answer: InnerAnswer) -> None:
        if answer.status in RETRY_STATUS:
            # If the time that may be waited is over, the single request that follows reports what is wrong.
            self.patience.pause(answer.retry_after)

    def _all_pages(self, page: Json, read: Read, budget: MemoryBudget, *, restarts: bool = True) -> list[Json]:
        """From the first page on; with ``restarts`` once more from it where the address of a page has expired."""
        entries: list[Json] = []
        for _number in range(MOST_PAGES):
            of_page, following = _answer.page_of(page, read.action)
            entries += [check(entry, read.shape, action=read.action) for entry in of_page]
            if len(entries) > read.max_entries:
                raise too_much(read.action, f"more than {read.max_entries} entries")
            if following is None:
                return entries
            base = self._base(read)
            if not following.startswith(f"{base}/"):
                raise TransportError(
                    f"Could not {read.action}: the next page is on another host",
                    maybe_processed=False,
                    permanent=True,
                    next_step="Check that a Microsoft Graph endpoint answers at graph_url.",
                )
            try:
                page = self._exchange("GET", following[len(base) :], read) or {}
            except GraphError as exc:
                if not (restarts and exc.fault.code and exc.fault.status in (400, 410)):
                    raise
                budget.clear()
                first = self._exchange("GET", read.url, read) or {}
                return self._all_pages(first, read, budget, restarts=False)
            budget.add(page)
        raise TransportError(
            f"Could not {read.action}: more than {MOST_PAGES} pages",
            maybe_processed=False,
            permanent=True,
            next_step="Select less, by unique_name, tag or display_name; or check what answers at graph_url.",
        )

    def _exchange(self, method: str, url: str, request: Read | Write) -> Json | None:
        """Send, and send again as long as ``decide`` says so and the allowance of time is not used up."""
        attempts = Attempts()
        token = self._token(False)
        while True:
            try:
                answer = self._send(method, url, request, token)
                document = _answer.parse(answer, request)
            except TransportError as exc:
                attempts = dataclasses.replace(attempts, transport_failures=attempts.transport_failures + 1)
                if decide(exc, request, attempts) is Decision.RAISE or not self.patience.pause():
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
            elif decision is Decision.RAISE or not self.patience.pause(retry_after):
                raise self._error(fault, method=method, url=url, request=request, retry_after=retry_after)

    def _error(
        self, fault: GraphFault, *, method: str, url: str, request: Read | Write, retry_after: str | None
    ) -> GraphError:
        return GraphError(
            fault,
            action=request.action,
            method=method,
            path=f"/{request.version}{url.partition('?')[0]}",
            right=request.right,
            waited=self.patience.waited,
            retry_after=retry_after,
            misses_other=misses_foreign_id(fault, request),
        )

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
        return self._http.request(method, self._base(request) + url, headers=headers, body=body)
