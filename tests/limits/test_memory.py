# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any response of a server, a module stays below 80 MB. Each test measures a process of its own."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import client as _graph
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http import client as _http
from ansible_collections.email_gateway.azure_apps.tests.limits import memory_probe, report_probe
from ansible_collections.email_gateway.azure_apps.tests.unit.hostile_server import (
    Answer,
    HostileServer,
    always,
    in_json,
    whole,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

LIMIT = 80  # MB
LIMIT_OF_REPORT, TYPICAL = 256, 200  # the latter: of 10,000 typical applications
INFO = "azure_app_registration_info"
TENANT = "11111111-1111-1111-1111-111111111111"
MIB = 2**20


def _token() -> str:
    claims = {"tid": TENANT, "exp": time.time() + 3600}
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {})
    )


def _guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def _application(number: int, *, secrets: int = 1) -> dict[str, t.Any]:
    record = {"displayName": "x" * 60, "hint": "abc", "startDateTime": "2026-01-01T00:00:00Z", "keyId": _guid(number)}
    return {
        "id": _guid(number),
        "appId": _guid(number),
        "displayName": f"Application {number}",
        "passwordCredentials": [{**record, "endDateTime": "2027-01-01T00:00:00Z"}] * secrets,
    }


def _mail_application(number: int) -> dict[str, t.Any]:
    """An application that a report on mailboxes shows: it declares Mail.Send."""
    access = {"id": _guid(7), "type": "Role"}
    graph = "00000003-0000-0000-c000-000000000000"
    return {
        **_application(number),
        "requiredResourceAccess": [{"resourceAppId": graph, "resourceAccess": [access]}],
    }


def _secrets(number: int, count: int) -> dict[str, t.Any]:
    return {"passwordCredentials": _application(number, secrets=count)["passwordCredentials"]}


def _pages(
    size: int, count: int, make: t.Callable[[int], t.Any], *, owners: int = 0, federated: int = 0
) -> t.Callable[[str, str, bytes], Answer]:
    """A collection in so many pages; also if it is requested in a batch."""

    def page(path: str, base: str) -> dict[str, t.Any]:
        number = int(path.partition("$skiptoken=")[2] or 0)
        link = {"@odata.nextLink": f"{base}/v1.0/applications?$skiptoken={number + 1}"} if number + 1 < count else {}
        return {"value": [make(number * size + i) for i in range(size)], **link}

    def answer(method: str, path: str, body: bytes) -> Answer:
        if method != "POST":
            return in_json(page(path, f"https://localhost:{answer.port}"))  # type: ignore[attr-defined]
        inner = json.loads(body)["requests"]
        base = f"https://localhost:{answer.port}"  # type: ignore[attr-defined]
        answers = [{"id": asked["id"], "status": 200, "body": content(asked["url"], base)} for asked in inner]
        return in_json({"responses": answers})

    role = {"id": _guid(7), "value": "Mail.Send", "allowedMemberTypes": ["Application"]}
    related = {
        "owners": [{"id": _guid(i), "displayName": "x" * 60} for i in range(owners)],
        "federatedIdentityCredentials": [
            {"id": _guid(i), "name": "x" * 120, "issuer": "x" * 600} for i in range(federated)
        ],
        "appRoleAssignments": [],
        "oauth2PermissionGrants": [],
    }

    def content(url: str, base: str) -> t.Any:
        path = url.partition("?")[0]
        ids, expanded = re.findall("%27([^%]+)%27", url), url.partition("$expand=")[2]
        if expanded:
            return {"value": [{"id": one, "appId": one, expanded: related[expanded][:20]} for one in ids]}
        if path == "/organization":
            return {"value": [{"id": TENANT, "displayName": "x" * size}]}
        if path.rpartition("/")[2] in related:
            return {"value": related[path.rpartition("/")[2]]}
        return page("", base) if path == "/applications" else {"id": _guid(1), "appId": ids[0], "appRoles": [role]}

    return answer


def _endless_chunks(part: bytes) -> Answer:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"


def _endless_line(begin: bytes) -> Answer:
    yield begin
    while True:
        yield b"x" * 65536


def _filled(unit: bytes, *, begin: bytes = b"[", end: bytes = b"0]", size: int = _http.LARGEST_BODY) -> bytes:
    return begin + unit * ((size - len(begin) - len(end)) // len(unit)) + end


def _distinct_names() -> bytes:
    body = "{" + ",".join(f'"{number:x}":{number}' for number in range(240_000)) + "}"
    return body.encode()[: _http.LARGEST_BODY]


def _value_of(unit: bytes) -> bytes:
    """A collection that is as large as the memory estimate allows."""
    size = _http.LARGEST_BODY
    while True:
        body = _filled(unit, begin=b'{"value":[', end=b"{}]}", size=size)
        if not _json.too_large(body):
            return body
        size = size * 7 // 8


PACKED = "Content-Encoding: gzip"
HEADER = b"HTTP/1.1 200 OK\r\n"
BODIES: dict[str, t.Callable[[], Answer]] = {
    "huge body": lambda: whole(b'{"value": "' + b"x" * 64 * MIB + b'"}'),
    "body at the limit": lambda: whole(b'{"value": "' + b"x" * (_http.LARGEST_BODY - 20) + b'"}'),
    "one wide character": lambda: whole(b'{"value": "\xf0\x9f\x98\x80' + b"x" * (_http.LARGEST_BODY - 20) + b'"}'),
    "one wide escape": lambda: whole(b'{"value": "\\ud83d\\ude00' + b"x" * (_http.LARGEST_BODY - 30) + b'"}'),
    "gzip bomb": lambda: whole(gzip.compress(b" " * 64 * MIB, 1), PACKED),
    # Without following a redirect, requests would read the whole body to see where it leads.
    "redirect with a gzip bomb": lambda: whole(
        gzip.compress(b" " * 64 * MIB, 1), PACKED, "Location: https://localhost/x", status="302 Found"
    ),
    "gzip in gzip": lambda: whole(gzip.compress(gzip.compress(b" " * 64 * MIB, 1)), "Content-Encoding: gzip, gzip"),
    "gzip cut off": lambda: whole(gzip.compress(b"{}" * 9999)[:-9], PACKED),
    "other packing": lambda: whole(b"x" * 1000, "Content-Encoding: br"),
    "empty objects": lambda: whole(_filled(b"{},")),
    "objects": lambda: whole(_filled(b'{"":0},')),
    "lists": lambda: whole(_filled(b"[],")),
    "numbers": lambda: whole(_filled(b"1e9,")),
    "strings": lambda: whole(_filled(b'"ab",')),
    "names": lambda: whole(_distinct_names()),
    "deep lists": lambda: whole(b"[" * _http.LARGEST_BODY),
    "deep objects": lambda: whole(b'{"a":' * (_http.LARGEST_BODY // 5)),
    "endless chunks": lambda: _endless_chunks(b"x" * 65536),
    "chunk line": lambda: _endless_line(HEADER + b"Transfer-Encoding: chunked\r\n\r\n5;"),
    "trailer": lambda: _endless_line(HEADER + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "),
    "header line": lambda: _endless_line(HEADER + b"X: "),
    "status line": lambda: _endless_line(b"HTTP/1.1 200 "),
    "headers": lambda: [HEADER, *(f"X{n}: {'x' * 65000}\r\n".encode() for n in range(99)), b"\r\n"],
    "too many headers": lambda: itertools.chain([HEADER], (f"X{n}: x\r\n".encode() for n in itertools.count())),
    "refusal": lambda: whole(b'{"error":{"message":"' + b"x" * 3 * MIB + b'"}}', status="400 Bad"),
    "refusal of objects": lambda: whole(b'{"error":' + _filled(b"{},") + b"}", status="400 Bad"),
    "collection of empty objects": lambda: whole(_value_of(b"{},")),
    "collection of lists": lambda: whole(_value_of(b"[],")),
    "collection of strings": lambda: whole(_value_of(b'"ab",')),
}
PAGES: dict[str, t.Callable[[str, str, bytes], Answer]] = {
    "many pages": _pages(100, 10_000, _application),
    "empty pages": _pages(0, 10_000, _application),
    "large pages": _pages(200, 10_000, lambda n: {**_application(n), "notes": "x" * 15_000}),
    "10,000 objects": _pages(999, 11, _application),
    "900 credentials": _pages(10, 2, lambda n: _application(n, secrets=900)),
    "2,000 objects": _pages(200, 10, _application, owners=2),
    "100 owners each": _pages(200, 10, _application, owners=100),
    "20 federated credentials each": _pages(200, 10, _application, federated=20),
}
BATCHES = 2000 * 5 // _graph.BATCH_SIZE  # that describe as many applications as may be read


def _finished(*command: str) -> subprocess.CompletedProcess[str]:
    env = {"PYTHONPATH": str(REPOSITORY / "build" / "collections")}
    done = subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def _measured(server: HostileServer, module: str, **options: t.Any) -> dict[str, t.Any]:
    environ = server.environment(**({} if "client_secret" in options else {"AZURE_ACCESS_TOKEN": _token()}))
    given = {"request_timeout": 5, "wait_timeout": 1, **options}
    done = _finished(memory_probe.__file__, module, json.dumps(environ), json.dumps(given))
    outcome: dict[str, t.Any] = json.loads(done.stdout)
    print(f"{outcome['before']:.1f} MB before, {outcome['largest']:.1f} MB at most: {outcome['msg'][:160]}")
    assert outcome["largest"] * MIB / 1e6 < LIMIT, outcome
    return outcome


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc on this system")


@needs_proc
@pytest.mark.parametrize("body", sorted(BODIES))
def test_a_module_stays_small_for_any_body(body: str) -> None:
    made = BODIES[body]
    answer = made() if body not in ("endless chunks", "chunk line", "trailer", "header line", "status line") else None
    kept = list(answer) if answer is not None and body != "too many headers" else None
    with HostileServer(always(made if kept is None else lambda: kept)) as server:
        assert _measured(server, INFO)["failed"]


@needs_proc
@pytest.mark.parametrize("pages", sorted(PAGES))
def test_a_module_stays_small_for_any_pages(pages: str) -> None:
    answer = PAGES[pages]
    with HostileServer(answer) as server:
        answer.port = server.url.rpartition(":")[2]  # type: ignore[attr-defined]
        outcome = _measured(server, INFO)
        assert outcome["failed"] == (pages not in {"900 credentials", "2,000 objects"})
        assert len(server.requests) <= _graph.MOST_PAGES + 2 + BATCHES


REPORTS: dict[str, tuple[int, t.Callable[[str, str, bytes], Answer]]] = {
    "10,000 applications": (10_000, _pages(200, 50, _mail_application)),
    "10,200 applications": (0, _pages(200, 51, _mail_application)),
    "long names": (10_000, _pages(200, 50, lambda n: {**_mail_application(n), "displayName": "x" * 15_000})),
    "many owners": (0, _pages(200, 50, _mail_application, owners=15)),
    "many secrets": (2_000, _pages(100, 20, lambda n: {**_mail_application(n), **_secrets(n, 25)})),
    "more secrets": (0, _pages(100, 50, lambda n: {**_mail_application(n), **_secrets(n, 25)})),
    "large pages": (0, PAGES["large pages"]),
}


@needs_proc
@pytest.mark.parametrize("case", sorted(REPORTS))
def test_a_report_stays_small_for_any_applications(case: str) -> None:
    applications, answer = REPORTS[case]
    with HostileServer(answer) as server:
        answer.port = server.url.rpartition(":")[2]  # type: ignore[attr-defined]
        environ = server.environment(AZURE_ACCESS_TOKEN=_token())
        done = _finished(report_probe.__file__, json.dumps(environ))
        outcome: dict[str, t.Any] = json.loads(done.stdout)
        print(outcome)
        assert outcome["applications"] == applications, outcome
        assert outcome["largest"] * MIB / 1e6 < (TYPICAL if case == "10,000 applications" else LIMIT_OF_REPORT), outcome


@needs_proc
@pytest.mark.parametrize("body", ["empty objects", "one wide escape", "endless chunks"])
@pytest.mark.parametrize("where", ["openid-configuration", "token"])
def test_a_sign_in_stays_small_for_any_response(body: str, where: str) -> None:
    made = BODIES[body]
    kept = list(made()) if body != "endless chunks" else None

    def answer(_method: str, path: str, _body: bytes) -> Answer:
        if where in path:
            return made() if kept is None else kept
        base = f"{server.url}/{TENANT}"
        return in_json(
            {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize", "issuer": base}
        )

    with HostileServer(answer) as server:
        options = {"tenant_id": TENANT, "client_id": TENANT, "client_secret": "x" * 40}
        assert _measured(server, "azure_app_token_info", **options)["failed"]
