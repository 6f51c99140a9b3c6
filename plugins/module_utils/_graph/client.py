# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The Microsoft Graph client: JSON, paging, batches of reads, throttling, what may be sent again.

Knows neither Ansible nor what an application is. Directory_ConcurrencyViolation is not retried here, because the
caller has to read again first (see _module).
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t
import uuid
from urllib.parse import quote

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    RETRY_STATUS,
    TRANSPORT_ATTEMPTS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import (
    ANYTHING,
    Shape,
    check,
    not_understood,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

Json = dict[str, t.Any]

BATCH_SIZE = 20  # "Combine multiple HTTP requests using JSON batching"
LARGEST_PAGE = 200  # Graph allows 999 (reference page "List applications"), which could be larger than LARGEST_BODY
LAG_WINDOW = 900  # seconds after its creation in which an object may still be missing somewhere
# Bytes in memory that one question may bring: with twice as much a module could take more than 80 MB (test_bounds.py).
MOST_HELD = 12 * 2**20
MOST_PAGES = 200  # also empty ones
FORBIDDEN = "@forbidden"
GOOD_READS = frozenset({200})
GOOD_WRITES = frozenset({200, 201, 202, 204})


@dataclasses.dataclass(frozen=True)
class Read:
    """One GET. ``tried`` completes "Could not ..."; ``right`` is a key of _rights.RIGHTS.

    ``lag`` says that this run created the object, so that a misleading answer means "not replicated yet".
    ``forbidden_ok`` takes "no right to read this" for an empty collection, with FORBIDDEN set in it.
    ``most`` is the number of entries that a collection may have. ``shape`` is what the object, or each entry, must be.
    """

    path: str
    tried: str
    right: str = "read_application"
    query: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    lag: bool = False
    forbidden_ok: bool = False
    most: int = 10_000
    shape: Shape = ANYTHING

    @property
    def url(self) -> str:
        """Path and query, percent-encoded: a blank is %20, since a plus sign is not a blank everywhere."""
        pairs = "&".join(f"{name}={quote(value, safe='(),:/$*')}" for name, value in self.query.items())
        return f"/{self.path}?{pairs}" if pairs else f"/{self.path}"


@dataclasses.dataclass(frozen=True)
class Write:
    """One write. ``repeatable`` says that sending it twice does no more than sending it once.

    ``no_lag_of`` is an id that this run did not create: an answer that misses it is no replication lag.
    ``shape`` is what the object in the answer must be, where there is one.
    """

    method: str
    path: str
    tried: str
    right: str = "write_application"
    body: Json | None = None
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    repeatable: bool = True
    lag: bool = False
    no_lag_of: str = ""
    shape: Shape = ANYTHING


def odata_string(value: str) -> str:
    """A string literal for $filter and keys."""
    return "'" + value.replace("'", "''") + "'"


def by_key(collection: str, name: str, value: str) -> str:
    """The path of an object by an alternate key, such as ``applications(uniqueName='..')``."""
    return f"{collection}({name}={quote(odata_string(value), safe='')})"


class GraphClient:
    """Sends reads and writes to Graph v1.0 of one tenant as one identity."""

    def __init__(
        self, http: HttpClient, *, host: str, token: t.Callable[[bool], AccessToken], memory: RunMemory
    ) -> None:
        """``token`` gives the access token; called with True, a fresh one."""
        self._http = http
        self._base = f"{host}/v1.0"
        self._token = token
        self._memory = memory
        self._created: set[str] = set()
        self.wrote = False  # whether the tenant accepted at least one write
        self.patience = http.patience

    def get(self, read: Read) -> Json | None:
        """The object, which is what ``read.shape`` says, or None where there is none (404)."""
        try:
            return check(self._exchange("GET", read.url, read), read.shape, tried=read.tried)
        except GraphError as exc:
            if exc.fault.not_found:
                return None
            raise

    def refusal(self, read: Read) -> GraphFault | None:
        """Why the object may not be read, which is what is asked here; None where it may.

        Raises GraphError only where the answer says nothing about that: throttled, or an internal problem.
        """
        try:
            self._exchange("GET", read.url, read)
        except GraphError as exc:
            if exc.fault.throttled or exc.fault.status >= 500:
                raise
            return exc.fault
        return None

    def collect(self, read: Read) -> list[Json]:
        """All entries of a collection, over all pages."""
        return self._collect(read, _Held(read.tried))

    def get_many(self, reads: t.Sequence[Read]) -> list[Json | None]:
        """Several reads in one request; None for what is not there. A collection comes whole under ``value``.

        An inner request that was throttled or failed is sent again on its own, with all rules of ``get``.
        """
        found: list[Json | None] = []
        held = _Held(reads[0].tried if reads else "")
        for start in range(0, len(reads), BATCH_SIZE):
            part = reads[start : start + BATCH_SIZE]
            found += self._batch(part, held)
        return found

    def write(self, write: Write) -> Json:
        """The answer's object, or {} where it has none.

        Raises GraphError also for a DELETE of what is not found: whether it is gone, or only not there yet, is what
        the next read says (see _module).
        """
        try:
            answer = self._exchange(write.method, f"/{write.path}", write)
        except TransportError as exc:
            self.wrote = self.wrote or exc.accepted
            raise
        self.wrote = True
        return check(answer, write.shape, tried=write.tried) if answer else {}

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
        """Nobody shall wait for the object any more."""
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

    def _collect(self, read: Read, held: _Held) -> list[Json]:
        page = self._exchange("GET", read.url, read) or {}
        held.add(page)
        return self._all_pages(page, read, held)

    def _batch(self, reads: t.Sequence[Read], held: _Held) -> list[Json | None]:
        if len(reads) == 1 and not _is_collection(reads[0]):
            return [self.get(reads[0])]
        body = {"requests": [{"id": str(i), "method": "GET", "url": read.url} for i, read in enumerate(reads)]}
        outer = Write(method="POST", path="$batch", tried=reads[0].tried, right=reads[0].right, body=body)
        answers = (self._exchange("POST", "/$batch", outer) or {}).get("responses")
        held.add(answers)
        by_id = _by_id(answers)
        return [self._unpack(read, by_id.get(str(i), {}), held) for i, read in enumerate(reads)]

    def _unpack(self, read: Read, answer: Json, held: _Held) -> Json | None:
        status, document = answer.get("status"), answer.get("body")
        if status == 200 and isinstance(document, dict):
            if _is_collection(read):
                return {**document, "value": self._all_pages(document, read, held)}
            return check(document, read.shape, tried=read.tried)
        # What is no refusal in the words of Graph is asked for on its own.
        if status == 404 and not read.lag and GraphFault.of(404, document).not_found:
            return None
        if status == 403 and read.forbidden_ok and GraphFault.of(403, document).code:
            return {"value": [], FORBIDDEN: True}
        if isinstance(status, int) and status in RETRY_STATUS:
            headers = answer.get("headers")
            named = {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, dict) else {}
            # Without patience left, the single request below says what is wrong.
            self.patience.pause(str(named["retry-after"]) if "retry-after" in named else None)
        if _is_collection(read):
            try:
                return {"value": self._collect(read, held)}
            except GraphError as exc:
                if exc.fault.not_found:
                    return None
                if exc.fault.status == 403 and read.forbidden_ok:
                    return {"value": [], FORBIDDEN: True}
                raise
        return self.get(read)

    def _all_pages(self, page: Json, read: Read, held: _Held) -> list[Json]:
        entries: list[Json] = []
        for _number in range(MOST_PAGES):
            value, following = page.get("value"), page.get("@odata.nextLink")
            if not isinstance(value, list) or not isinstance(following, (str, type(None))):
                raise not_understood(read.tried, "the answer is no collection")
            entries += [check(entry, read.shape, tried=read.tried) for entry in value]
            if len(entries) > read.most:
                raise too_much(read.tried, f"more than {read.most} entries")
            if following is None:
                return entries
            if not following.startswith(f"{self._base}/"):
                raise TransportError(
                    f"Could not {read.tried}: the next page is on another host",
                    maybe_processed=False,
                    permanent=True,
                    next_step="Check that a Microsoft Graph endpoint answers at graph_url.",
                )
            page = self._exchange("GET", following[len(self._base) :], read) or {}
            held.add(page)
        raise TransportError(
            f"Could not {read.tried}: more than {MOST_PAGES} pages",
            maybe_processed=False,
            permanent=True,
            next_step="Select less, by unique_name, tag or display_name; or check what answers at graph_url.",
        )

    def _exchange(self, method: str, url: str, request: Read | Write) -> Json | None:
        """Send, and send again as long as that is safe, useful and within the allowance of time."""
        repeatable = isinstance(request, Read) or request.repeatable
        transport_failures = 0
        token = self._token(False)
        renewed = False
        while True:
            try:
                answer = self._send(method, url, request, token)
                document = _parse(answer, request)
            except TransportError as exc:
                transport_failures += 1
                again = not exc.permanent and (repeatable or not exc.maybe_processed)
                if not again or transport_failures == TRANSPORT_ATTEMPTS or not self.patience.pause():
                    raise
                continue
            if answer.status_code < 300:
                return document
            fault = GraphFault.parse(answer.status_code, answer.content, answer.headers.get("request-id"))
            # Whatever else answers may have let the request through; what must not be sent twice is then not repeated.
            sure = repeatable or fault.code != ""
            if answer.status_code == 401 and not renewed and sure:
                token = self._token(True)
                renewed = True
                continue
            misses_other = isinstance(request, Write) and request.no_lag_of != "" and request.no_lag_of in fault.message
            not_there_yet = fault.replication_lag or fault.unknown_key_id
            again = fault.throttled or (request.lag and not_there_yet and not misses_other)
            again = (again and sure) or (repeatable and answer.status_code in RETRY_STATUS and not fault.concurrency)
            if not again or not self.patience.pause(answer.headers.get("retry-after")):
                raise GraphError(
                    fault,
                    tried=request.tried,
                    method=method,
                    path=f"/v1.0{url.partition('?')[0]}",
                    right=request.right,
                    waited=self.patience.waited,
                    retry_after=answer.headers.get("retry-after"),
                    misses_other=misses_other,
                )

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
        return self._http.request(method, self._base + url, headers=headers, body=body)


def _is_collection(read: Read) -> bool:
    """Collections have a plural last segment and no key; single objects are addressed by id or key."""
    last = read.path.rsplit("/", 1)[-1]
    return last in COLLECTIONS


COLLECTIONS = frozenset(
    {
        "applications",
        "servicePrincipals",
        "owners",
        "appRoleAssignments",
        "federatedIdentityCredentials",
        "oauth2PermissionGrants",
        "microsoft.graph.application",
        "microsoft.graph.servicePrincipal",
    }
)


class _Held:
    """What the answers to one question take in memory."""

    def __init__(self, tried: str) -> None:
        self._tried = tried
        self._bytes = 0

    def add(self, document: t.Any) -> None:
        """Raises TransportError where it becomes too much."""
        self._bytes += _json.weight(document)
        if self._bytes > MOST_HELD:
            raise too_much(self._tried, f"more than {MOST_HELD // 2**20} MiB")


def too_much(tried: str, how: str) -> TransportError:
    """What a question brings is more than a task may hold."""
    return TransportError(
        f"Could not {tried}: the answer does not fit in the memory that a task may use ({how})",
        maybe_processed=True,
        permanent=True,
        next_step="Select less, by unique_name, tag or display_name; or check what answers at graph_url.",
    )


def _parse(answer: Response, request: Read | Write) -> Json | None:
    """The object of a good answer; None where a write has none, and for a refusal.

    Raises TransportError for everything else that may come, such as a redirect or the page of a proxy.
    """
    tried, status = request.tried, answer.status_code
    if status >= 400:
        return None
    if status not in (GOOD_READS if isinstance(request, Read) else GOOD_WRITES):
        how = "is a redirect" if 300 <= status < 400 else "says neither yes nor no"
        raise not_understood(tried, f"the answer {how} (HTTP status {status})", status=status)
    if not answer.content and isinstance(request, Write):
        return None
    document = _json.parse(answer.content)
    if document is None and _json.too_large(answer.content):
        raise too_much(tried, "too much to parse")
    if not isinstance(document, dict):
        raise TransportError(
            f"Could not {tried}: the answer is not a JSON object",
            maybe_processed=True,
            accepted=isinstance(request, Write),
            next_step="Check what answers at graph_url: a proxy's page, perhaps.",
            status=status,
            request_id=answer.headers.get("request-id"),
        )
    return document


def _by_id(answers: t.Any) -> dict[str, Json]:
    """The answers of a batch; none of those that bear the same id, since one of them is another's."""
    found: dict[str, Json] = {}
    repeated: set[str] = set()
    for answer in answers if isinstance(answers, list) else ():
        name = answer.get("id") if isinstance(answer, dict) else None
        if isinstance(name, str):
            repeated |= {name} & found.keys()
            found[name] = answer
    return {name: answer for name, answer in found.items() if name not in repeated}
