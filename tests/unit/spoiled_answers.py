# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Genuine responses with one error: hypothesis chooses the responses, the place in them, and the replacement."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

from hypothesis import strategies as st

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import Response

Json = t.Any
Path = tuple[t.Any, ...]

DEEP = 2_000  # levels: more than Python's own recursion limit
ELSEWHERE = "@elsewhere@"  # replaced by the host that must not be contacted
HERE = "@here@"  # replaced by the host of the tenant
SENT = "@sent@"  # replaced by the operator's secret and the token: a server that returns what it received

# JSON values in place of a text, a number, a list or an object: each of the wrong type somewhere.
WRONG_TYPES: tuple[Json, ...] = (
    True, False, 0, -1, 7, 10**40, 1e308, float("nan"), float("inf"), [], [None], [7], [[]], [{}], {}, {"a": {}},
    [[["x"]]], {"id": None}, {"value": 5},
)  # fmt: skip
TEXTS = (
    "", " ", "x", "../..", "a/b", "..", "%2e%2e", "\x00", "line\nbreak", "\ud800", "\udfff\ud800", "\U0001f600",
    "ß" * 999,
    "x" * 100_000, "None", "null", "00000000-0000-0000-0000-000000000000", "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "2026-13-45T99:99:99Z", f"https://{ELSEWHERE}/v1.0/applications", f"http://{HERE}/v1.0",
    f"https://{HERE}@{ELSEWHERE}/v1.0/x", f"https://{HERE}/v1.0/applications", "https://[", "//", f"echo {SENT}",
    "Request_ResourceNotFound", "AADSTS7000215: x", "AADSTS\n\n", "disabled", "Disabled",
)  # fmt: skip
REMOVED = object()
BODIES = (
    b"", b" ", b"null", b"true", b"7", b"NaN", b'"x"', b"[]", b"[{}]", b"{}", b'{"value":null}', b'{"value":[]}',
    b'{"value":[7]}', b'{"value":[[]]}', b'{"value":[{}]}', b'{"responses":[]}', b'{"responses":{}}',
    b'{"responses":[7,null,{"id":[]},{"id":{}},{"id":"0","status":[]},{"id":"1","status":{}}]}', b"{", b"\xff\xfe",
    b'{"a":"\xed\xa0\x80"}', b'{"id":"\\ud800"}', b'{"id":1,"id":2}', b"<html><body>Sign in to the proxy</body></html>",
    b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'{"error":7}', b'{"error":[]}',
    b'{"error":"invalid_request"}', b'{"error":{}}', b'{"error":{"code":7,"message":[],"details":7,"innerError":7}}',
    b'{"error":{"code":"@sent@","message":"echo @sent@","innerError":{"request-id":["@sent@"]}}}',
    b'{"error":"invalid_client","error_description":"AADSTS7000215: echo @sent@","trace_id":{"a":["@sent@"]}}',
    b'{"error":"x","error_description":7,"error_codes":"x"}', b'{"error":"x","error_description":"\\n\\n"}',
    b'{"access_token":7}', b'{"access_token":""}', b'{"access_token":"x y"}', b'{"access_token":"a\\u0000b"}',
    b'{"access_token":"nojwt-nojwt","expires_in":"soon"}', b'{"access_token":"nojwt-nojwt","expires_in":1e999}',
    b'{"access_token":"nojwt-nojwt","expires_in":-1,"refresh_in":"x","client_info":"x","id_token":"x"}',
    b'{"token_endpoint":7,"authorization_endpoint":7}', b'{"token_endpoint":"https://@elsewhere@/token"}',
    b'{"token_endpoint":"http://@here@/x/token","authorization_endpoint":"http://@here@/x"}',
    b'{"token_endpoint":"https://@here@@@elsewhere@/x/token","authorization_endpoint":"https://@elsewhere@/"}',
    b'{"tenant_discovery_endpoint":"https://@elsewhere@/","value":[],"@odata.nextLink":"https://@elsewhere@/v1.0/x"}',
    b'{"value":[],"@odata.nextLink":"https://@here@/v1.0/applications"}', b'{"value":[],"@odata.nextLink":7}',
    b'{"value":[],"@odata.nextLink":"https://@here@@@elsewhere@/v1.0/x"}',
    b'{"value":[],"@odata.nextLink":"http://@here@/v1.0/applications"}',
    b'{"secretText":7}', b'{"secretText":""}', b'{"secretText":"\\ud800aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',
)  # fmt: skip
STATUSES = (100, 101, 103, 200, 201, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410,
            418, 429, 451, 500, 502, 503, 504, 511, 599)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"content-type": "text/html"},
    {"content-type": "\x00"},
    {"location": f"https://{ELSEWHERE}/v1.0/applications"},
    {"location": f"http://{HERE}/v1.0/applications"},
    {"location": "https://["},
    {"request-id": SENT},
    *({"retry-after": value} for value in (
        "", "0", "-1", "1", "1e3", "1e308", "9" * 400, "NaN", "-inf", "soon", "0x10", "1_0",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT", "Wed, 99 Foo 0000 99:99:99 -9999",
        "Mon, 01 Jan 0001 00:00:00 +2359", "\x00", ",,;",
    )),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Spoiling:
    """The changes of the responses number ``first`` to ``first + count - 1``.

    ``unanswered``: the request does not reach the tenant, for example because a proxy responds instead.
    ``path`` selects a value of a genuine JSON response, by its number among all of them.
    """

    first: int
    count: int
    kind: str
    unanswered: bool = False
    status: int = 200
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes | None = None
    path: int = 0
    value: Json = None

    @property
    def believable(self) -> bool:
        """Whether the corrupted response may be one that cannot be distinguished from a true one."""
        return self.kind == "text" or (self.kind == "lost" and self.status in (200, 201, 204))

    @property
    def refuses_what_was_done(self) -> bool:
        """A refusal with an error of Graph is believed, also if the tenant did what was requested."""
        if self.kind != "lost" or self.unanswered or self.status < 400 or not self.body:
            return False
        return b'"code":"' in self.body

    def applies(self, number: int) -> bool:
        return self.first <= number < self.first + self.count

    def spoiled(self, answer: Response, sent: t.Mapping[str, str]) -> Response:
        if self.kind in ("text", "type"):
            return Response(answer.status_code, answer.headers, self._changed(answer.content, sent))
        headers = {name: _filled(value, sent) for name, value in self.headers.items()}
        body = answer.content if self.body is None else _filled(self.body.decode("latin-1"), sent).encode("latin-1")
        return Response(self.status, headers, body)

    def _changed(self, content: bytes, sent: t.Mapping[str, str]) -> bytes:
        try:
            document = json.loads(content)
        except ValueError:
            return content
        document = copy.deepcopy(document)
        places = [path for path in _paths(document) if path]
        if not places:
            return content
        *way, last = places[self.path % len(places)]
        place = document
        for step in way:
            place = place[step]
        if self.value is REMOVED:
            del place[last]
        else:
            place[last] = _filled(self.value, sent) if isinstance(self.value, str) else self.value
        return json.dumps(document).encode()


def _paths(value: Json, here: Path = ()) -> t.Iterator[Path]:
    """All places in a value. Of a long list the first and the last entries: the others are similar."""
    yield here
    if isinstance(value, dict):
        for name in value:
            yield from _paths(value[name], (*here, name))
    elif isinstance(value, list):
        for number in sorted({*range(min(len(value), 4)), *range(max(0, len(value) - 2), len(value))}):
            yield from _paths(value[number], (*here, number))


def _filled(text: str, sent: t.Mapping[str, str]) -> str:
    for name, value in sent.items():
        text = text.replace(name, value)
    return text


def spoilings(requests: int) -> st.SearchStrategy[Spoiling]:
    """``requests`` is about the number that the module sends in a normal run."""
    numbers = {"first": st.integers(0, requests), "count": st.sampled_from([1, 1, 1, 2, 1000])}
    places = st.integers(0, 10_000)
    types = st.builds(
        Spoiling, kind=st.just("type"), path=places, value=st.sampled_from([None, REMOVED, *WRONG_TYPES]), **numbers
    )
    texts = st.builds(Spoiling, kind=st.just("text"), path=places, value=st.sampled_from(TEXTS), **numbers)
    whole = st.builds(
        Spoiling,
        kind=st.just("lost"),
        unanswered=st.booleans(),
        status=st.sampled_from(STATUSES),
        headers=st.sampled_from(HEADERS),
        body=st.sampled_from([None, *BODIES]),
        **numbers,
    )
    return st.one_of(types, texts, whole)
