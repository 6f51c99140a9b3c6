# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections.abc as c
import email.utils
import http.server
import json
import socket
import threading
import time
import types
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import LONGEST_PAUSE
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Read,
    Write,
    by_key,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls

INFO = "azure_app_registration_info"
NOBODY: Json = {"unique_name": "nobody"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
ALL = Read(path="applications", collection=True, action="list the applications")
BY_TWO = Read(path="applications", collection=True, action="list the applications", query={"$top": "2"})


def client(tenant: Tenant, **options: t.Any) -> GraphClient:
    params = {name: option.get("default") for name, option in ENDPOINT.options.items()}
    call = Call(params={**params, **options}, check_mode=False, environ=tenant.environ, memory=tenant.memory)
    return call.graph


@pytest.fixture
def graph(tenant: Tenant) -> GraphClient:
    """A client that has signed in; its first requests are forgotten."""
    connected = client(tenant)
    connected.get(Read(path="organization", action="sign in"))
    tenant.forget_requests()
    return connected


def one(client_id: str) -> Read:
    return Read(path=by_key("applications", "appId", client_id), action="read the application")


def graph_entries(tenant: Tenant) -> list[str]:
    return [f"{entry.method} {entry.status}" for entry in tenant.server.requests() if entry.is_graph]


class Stranger:
    """A web server that is not the tenant's; it remembers what reached it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None]] = []
        stranger = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stranger.requests.append((self.path, self.headers.get("Authorization")))
                self.send_response(200)
                self.end_headers()

            do_POST = do_PATCH = do_GET

            def log_message(self, *_arguments: t.Any) -> None:
                """Silent."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def stranger() -> c.Iterator[Stranger]:
    server = Stranger()
    yield server
    server.stop()


# Reading


def test_collects_all_pages(tenant: Tenant, graph: GraphClient) -> None:
    ids = {tenant.register(f"n{number}")["client_id"] for number in range(5)}
    found = [entry["appId"] for entry in graph.collect(BY_TWO)]
    assert sorted(found) == sorted(ids | {tenant.server.client_id})
    assert graph_entries(tenant) == ["GET 200"] * 3


def test_pages_of_a_batched_collection_are_followed(tenant: Tenant, graph: GraphClient) -> None:
    ids = {tenant.register(f"n{number}")["client_id"] for number in range(5)}
    (found,) = graph.get_many([BY_TWO])
    assert found is not None
    assert {entry["appId"] for entry in found["value"]} == ids | {tenant.server.client_id}


def test_a_page_that_fails_is_read_again(tenant: Tenant, graph: GraphClient) -> None:
    for number in range(4):
        tenant.register(f"n{number}")
    tenant.server.faults.add(path="skiptoken", status=503)
    assert len(graph.collect(BY_TWO)) == 5


@pytest.mark.parametrize(
    "link",
    [
        "{stranger}/v1.0/applications?page=2",
        "https://evil.example/v1.0/applications",
        "{graph}@evil.example/v1.0/applications",
        "{graph}.evil.example/v1.0/applications",
        "{graph}/v1.0@evil.example/",
        "//evil.example/v1.0/applications",
        "/v1.0/applications",
        "https://[::1",
        "https://exa\u2100mple/v1.0/",
        "",
    ],
)
def test_a_next_page_elsewhere_is_refused_and_not_asked_for(
    tenant: Tenant, graph: GraphClient, stranger: Stranger, link: str
) -> None:
    following = link.format(stranger=stranger.url, graph=tenant.server.graph)
    body = {"value": [], "@odata.nextLink": following}
    tenant.server.faults.add(path="applications", status=200, body=body)
    with pytest.raises(TransportError) as failure:
        graph.collect(ALL)
    assert "next page" in str(failure.value)
    assert stranger.requests == []
    assert graph_entries(tenant) == ["GET 200"]


def test_a_next_page_that_is_always_the_same_ends(tenant: Tenant, graph: GraphClient) -> None:
    body = {"value": [], "@odata.nextLink": f"{tenant.server.graph}/v1.0/applications?again"}
    tenant.server.faults.add(path="applications", status=200, body=body, times=5000)
    with pytest.raises(TransportError, match="pages"):
        graph.collect(ALL)


@pytest.mark.parametrize("body", [{"value": {}}, {"value": None}, {"id": "x"}], ids=str)
def test_an_answer_that_is_no_collection_is_told(tenant: Tenant, graph: GraphClient, body: Json) -> None:
    tenant.server.faults.add(path="applications", status=200, body=body, times=9)
    with pytest.raises(TransportError, match="no collection"):
        graph.collect(ALL)


@pytest.mark.parametrize("entry", [1, None, [], "x"], ids=str)
def test_entries_that_are_no_objects_are_told(tenant: Tenant, graph: GraphClient, entry: t.Any) -> None:
    """Whoever passed over them would say of what they stand for that it is not there."""
    tenant.server.faults.add(path="applications", status=200, body={"value": [entry, {"id": "x"}]})
    with pytest.raises(TransportError, match="is not an object"):
        graph.collect(ALL)


def test_what_is_not_there_is_none(graph: GraphClient) -> None:
    assert graph.get(one(UNKNOWN)) is None
    assert graph.get_many([one(UNKNOWN), one(UNKNOWN)]) == [None, None]
    assert graph.get_many([]) == []


# Names in addresses


@pytest.mark.parametrize(
    "name", ["O'Brien", "''", "a&b=c", "100% #1?", "a/b\\c", "a+b c", "日本 ä", "x' or 1 eq 1 or 'x", "%27"]
)
def test_a_name_in_a_filter_or_in_a_key_means_itself(tenant: Tenant, graph: GraphClient, name: str) -> None:
    made = tenant.register("u", display_name=name)
    tenant.register("other", display_name="other")
    tenant.application(uniqueName="u")["uniqueName"] = name
    query = {"$filter": f"displayName eq {odata_string(name)}", "$select": "appId"}
    listing = Read(path="applications", collection=True, action="list", query=query)
    assert [entry["appId"] for entry in graph.collect(listing)] == [made["client_id"]]
    by_name = Read(path=by_key("applications", "uniqueName", name), action="read")
    for found in (graph.get(by_name), *graph.get_many([by_name, listing])[:1]):
        assert found is not None
        assert found["appId"] == made["client_id"]


# Batches


def test_many_reads_take_one_request_for_each_twenty(tenant: Tenant, graph: GraphClient) -> None:
    found = graph.get_many([one(tenant.server.client_id), one(UNKNOWN)] * 21)
    assert [document is not None for document in found] == [True, False] * 21
    assert graph_entries(tenant) == ["POST 200"] * 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_inner_failure_is_read_again_on_its_own(tenant: Tenant, graph: GraphClient, status: int) -> None:
    operator = one(tenant.server.client_id)
    tenant.server.faults.add(method="GET", path="applications", nth=2, status=status)
    found = graph.get_many([operator, operator, operator])
    assert [document["appId"] for document in found if document] == [tenant.server.client_id] * 3
    assert graph_entries(tenant) == ["POST 200", "GET 200"]


def test_an_inner_throttling_is_waited_out_as_long_as_asked(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime
) -> None:
    operator = one(tenant.server.client_id)
    tenant.server.faults.add(method="GET", path="applications", status=429, headers={"Retry-After": "7"})
    graph.get_many([operator, operator])
    assert sum(virtual_time.waited) >= 7


def test_an_inner_collection_that_fails_is_read_again_on_its_own(tenant: Tenant, graph: GraphClient) -> None:
    tenant.register()
    tenant.server.faults.add(method="GET", path="applications", status=503)
    (found,) = graph.get_many([ALL])
    assert found is not None
    assert len(found["value"]) == 2


def test_an_inner_refusal_names_the_right_of_that_read(tenant: Tenant) -> None:
    tenant.sign_in_with("Application.Read.All")
    grants = Read(path="oauth2PermissionGrants", collection=True, action="read the grants", right="read_grant")
    with pytest.raises(GraphError) as failure:
        client(tenant).get_many([ALL, grants])
    assert "read the grants" in str(failure.value)
    assert "Directory.Read.All" in failure.value.next_step


@pytest.mark.parametrize(
    "answer", [{}, {"responses": None}, {"responses": [None, 5]}, {"responses": [{"id": "0"}]},
               {"responses": [{"id": "0", "status": "200", "body": []}]}], ids=str,
)  # fmt: skip
def test_a_batch_with_answers_missing_is_completed_one_by_one(tenant: Tenant, graph: GraphClient, answer: Json) -> None:
    tenant.server.faults.add(path="batch", status=200, body=answer)
    operator = one(tenant.server.client_id)
    assert all(graph.get_many([operator, operator]))


def test_inner_answers_in_another_order_are_told_apart(tenant: Tenant, graph: GraphClient) -> None:
    body = {"responses": [{"id": str(i), "status": 200, "body": {"number": i}} for i in (1, 0)]}
    tenant.server.faults.add(path="batch", status=200, body=body)
    assert graph.get_many([one(UNKNOWN), one(UNKNOWN)]) == [{"number": 0}, {"number": 1}]


def test_a_page_of_a_collection_is_not_taken_for_an_object(tenant: Tenant, graph: GraphClient) -> None:
    """Whoever asks for it as an object would miss the other pages."""
    for name in "abc":
        tenant.register(name)
    with pytest.raises(TransportError, match="the answer is a collection"):
        graph.get(BY_TWO)


# Waiting


@pytest.mark.parametrize(
    ("retry_after", "bounds"),
    [
        ("2.128", (2.128, 3)),
        ("0", (0, 2)),
        ("-5", (0, 2)),
        ("1000000000", (30, LONGEST_PAUSE + 1)),
        ("nan", (0, 2)),
        ("inf", (0, 2)),
        ("-inf", (0, 2)),
        ("1e400", (0, 2)),
        ("soon", (0, 2)),
        ("", (0, 2)),
        ("Mon, 01 Jan 2001 00:00:00 GMT", (0, 2)),
        ("Mon, 99 Jan 2001 00:00:00 GMT", (0, 2)),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", (0, 2)),
        ("Fri, 31 Dec 9999 23:59:59 -2359", (30, LONGEST_PAUSE + 1)),
    ],
)
def test_retry_after_is_honoured_as_far_as_it_makes_sense(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime, retry_after: str, bounds: tuple[float, float]
) -> None:
    tenant.server.faults.add(path="applications", status=429, headers={"Retry-After": retry_after})
    assert graph.get(one(tenant.server.client_id)) is not None
    (waited,) = virtual_time.waited
    assert bounds[0] <= waited <= bounds[1]


def test_retry_after_may_be_a_date(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = int(time.time())
    clock = types.SimpleNamespace(sleep=virtual_time.sleep, monotonic=virtual_time.monotonic, time=lambda: now)
    monkeypatch.setattr(patience, "time", clock)
    then = email.utils.formatdate(now + 20, usegmt=True)
    tenant.server.faults.add(path="applications", status=503, headers={"Retry-After": then})
    graph.get(one(tenant.server.client_id))
    assert 20 <= sum(virtual_time.waited) <= 21


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "7"}, {"Retry-After": "0"}, {"Retry-After": "1000000000"}])
@pytest.mark.parametrize("status", [429, 503])
def test_the_whole_wait_is_bounded_and_told(
    tenant: Tenant, virtual_time: VirtualTime, status: int, headers: dict[str, str]
) -> None:
    tenant.server.faults.add(path="applications", status=status, headers=headers, times=9999)
    with pytest.raises(GraphError) as failure:
        client(tenant, wait_timeout=90).get(one(UNKNOWN))
    waited = sum(virtual_time.waited)
    assert 20 <= waited <= 90
    assert f"after {waited:.0f} s" in str(failure.value)
    assert failure.value.details["status"] == status


def test_waits_get_longer_without_retry_after(tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime) -> None:
    tenant.server.faults.add(path="applications", status=503, times=5)
    graph.get(one(tenant.server.client_id))
    first, *_between, last = virtual_time.waited
    assert first < 2
    assert last > 4 * first


@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 418])
def test_a_refusal_for_good_is_not_asked_for_again(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime, status: int
) -> None:
    body = {"error": {"code": "No", "message": "no"}}
    tenant.server.faults.add(path="applications", status=status, body=body, times=99)
    with pytest.raises(GraphError) as failure:
        graph.get(one(UNKNOWN))
    assert failure.value.next_step
    assert len(graph_entries(tenant)) == 1
    assert virtual_time.waited == []


@pytest.mark.parametrize("fault", [{"close_before": True}, {"close_after": True}, {"truncate": True}], ids=str)
def test_a_write_that_must_not_be_repeated_is_sent_once(tenant: Tenant, graph: GraphClient, fault: Json) -> None:
    tenant.server.faults.add(path="applications", times=9, **fault)
    write = Write("POST", "applications", action="create", body={"displayName": "x"}, repeatable=False)
    with pytest.raises(TransportError) as failure:
        graph.write(write)
    assert failure.value.maybe_processed
    assert len(tenant.writes) == 1


def test_a_write_that_may_be_repeated_is_sent_a_few_times_at_most(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", close_before=True, times=99)
    with pytest.raises(TransportError):
        graph.write(Write("PATCH", f"applications/{UNKNOWN}", action="change", body={}))
    assert 2 <= len(tenant.writes) <= 5


def test_a_deletion_that_finds_nothing_leaves_it_to_the_next_read_to_say_why(graph: GraphClient) -> None:
    """It may be gone, or made so recently that this replica does not know it."""
    with pytest.raises(GraphError) as caught:
        graph.write(Write("DELETE", f"applications/{UNKNOWN}", action="delete"))
    assert caught.value.read_again
    assert not graph.wrote


# Answers that go wrong


@pytest.mark.parametrize(
    "fault",
    [
        {"invalid_json": True},
        {"truncate": True},
        {"close_before": True},
        {"close_after": True},
        {"status": 200, "body": "<html>proxy</html>"},
        {"status": 200, "body": []},
        {"status": 200, "body": "[" * 200_000},
        {"status": 200, "body": "\xff\x00"},
        {"headers": {"Content-Encoding": "gzip"}},
    ],
    ids=lambda fault: str(fault)[:40],
)
def test_an_answer_that_cannot_be_read_is_asked_for_again_and_then_told(
    tenant: Tenant, graph: GraphClient, fault: Json
) -> None:
    tenant.server.faults.add(path="applications", **fault)
    assert graph.get(one(tenant.server.client_id)) is not None
    tenant.server.faults.add(path="applications", times=99, **fault)
    with pytest.raises(TransportError) as failure:
        graph.get(one(tenant.server.client_id))
    assert failure.value.next_step
    assert len(graph_entries(tenant)) < 10


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", '"x"', "5", {"error": "text"}, {"error": {"code": 5, "message": ["x"]}},
     {"error": {"details": 5, "innerError": "x"}}, {"error": {"details": [5]}}, "[" * 200_000,
     {"error": {"message": "x" * 100_000}}],
    ids=lambda body: str(body)[:40],
)  # fmt: skip
def test_an_error_of_any_form_is_a_clear_one(tenant: Tenant, graph: GraphClient, body: t.Any) -> None:
    tenant.server.faults.add(path="applications", status=400, body=body or " ")
    with pytest.raises(GraphError) as failure:
        graph.get(one(UNKNOWN))
    described = failure.value.describe(Secrets().for_message)
    assert described["error"]["status"] == 400
    assert described["msg"].startswith("Could not read the application")
    assert len(described["msg"]) < 3000


def test_the_request_id_is_found_in_header_or_body() -> None:
    body = json.dumps({"error": {"code": "c", "message": "m", "innerError": {"request-id": "in body"}}}).encode()
    assert GraphFault.parse(400, body, None).request_id == "in body"
    assert GraphFault.parse(400, body, "in header").request_id == "in header"
    assert GraphFault.parse(400, b"", None).request_id is None


def test_an_endless_answer_is_cut_off(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", status=200, body="x" * 50_000_000, times=99)
    with pytest.raises(TransportError, match="larger than") as failure:
        graph.get(one(UNKNOWN))
    assert failure.value.permanent
    assert len(graph_entries(tenant)) == 1


# The token


def test_an_expired_token_is_renewed_once_in_the_middle_of_a_run(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.clock.advance(4000)
    assert graph.get(one(tenant.server.client_id)) is not None
    assert graph.get(one(tenant.server.client_id)) is not None
    assert graph_entries(tenant) == ["GET 401", "GET 200", "GET 200"]
    assert sum("oauth2/v2.0/token" in entry.path for entry in tenant.server.requests()) == 1


def test_retries_after_a_renewal_do_not_sign_in_again(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", status=401)
    tenant.server.faults.add(path="applications", nth=2, times=3, status=503)
    graph.get(one(tenant.server.client_id))
    assert sum("oauth2/v2.0/token" in entry.path for entry in tenant.server.requests()) == 1


def test_a_token_that_stays_refused_is_told(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", status=401, times=99)
    with pytest.raises(GraphError) as failure:
        graph.get(one(UNKNOWN))
    assert "Sign in again" in failure.value.next_step
    assert len(graph_entries(tenant)) == 2


# Other hosts


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_graph_is_not_followed(
    tenant: Tenant, graph: GraphClient, stranger: Stranger, status: int
) -> None:
    location = f"{stranger.url}/v1.0/applications"
    tenant.server.faults.add(path="applications", status=status, headers={"Location": location}, times=99)
    with pytest.raises(AppsError):
        graph.get(one(UNKNOWN))
    with pytest.raises(AppsError):
        graph.write(Write("POST", "applications", action="create", body={"displayName": "x"}))
    assert stranger.requests == []


@pytest.mark.parametrize("path", ["oauth2/v2.0/token", "openid-configuration"])
def test_a_redirect_of_the_sign_in_is_not_followed(tenant: Tenant, stranger: Stranger, path: str) -> None:
    tenant.server.faults.add(path=path, status=307, headers={"Location": f"{stranger.url}/"}, times=99)
    result = tenant.fails(INFO, **NOBODY)
    assert stranger.requests == []
    assert tenant.server.client_secret not in json.dumps(result)


@pytest.mark.parametrize("address", ["{stranger}/token", "https://nobody.invalid/token"])
def test_a_token_endpoint_elsewhere_is_not_asked(tenant: Tenant, stranger: Stranger, address: str) -> None:
    configuration = tenant.server.emulator.identity.openid_configuration(tenant.server.tenant_id)
    configuration["token_endpoint"] = address.format(stranger=stranger.url)
    tenant.server.faults.add(path="openid-configuration", status=200, body=configuration, times=99)
    result = tenant.fails(INFO, **NOBODY)
    assert stranger.requests == []
    assert tenant.server.client_secret not in json.dumps(result)
    if address.startswith("https:"):
        assert "nobody.invalid, which is not a configured host" in result["msg"]


def test_netrc_does_not_replace_the_token(
    tenant: Tenant, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine localhost login eve password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    tenant.ok(INFO, **NOBODY)


# The connection


def test_an_untrusted_certificate_is_named_with_the_option(tenant: Tenant, virtual_time: VirtualTime) -> None:
    del tenant.environ["REQUESTS_CA_BUNDLE"]
    result = tenant.fails(INFO, **NOBODY)
    assert result["error"]["kind"] == "transport"
    assert "certificate" in result["msg"]
    assert "ca_file" in result["error"]["next_step"]
    assert virtual_time.waited == [], "that does not pass by itself"


@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_an_unusable_file_of_authorities_is_named(
    tenant: Tenant, tmp_path_factory: pytest.TempPathFactory, content: str | None
) -> None:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    if content is not None:
        path.write_text(content)
    result = tenant.fails(INFO, **NOBODY, ca_file=str(path))
    assert str(path) in result["msg"]
    # A file that is not there is known before anything is sent.
    assert result["error"]["kind"] == ("input" if content is None else "transport")


def test_an_unreachable_host_is_told_after_a_few_seconds(tenant: Tenant, virtual_time: VirtualTime) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        address = f"https://localhost:{taken.getsockname()[1]}"
        result = tenant.fails(INFO, **NOBODY, authority_url=address, graph_url=address)
    assert "cannot be reached" in result["msg"]
    assert address in result["msg"]
    assert sum(virtual_time.waited) < 15
    assert "Connection refused" in result["msg"]


def test_a_host_without_a_name_is_told(tenant: Tenant, virtual_time: VirtualTime) -> None:
    address = "https://nobody.invalid"
    result = tenant.fails(INFO, **NOBODY, authority_url=address, graph_url=address)
    assert "cannot be reached" in result["msg"]
    assert "name resolution" in result["error"]["next_step"]
    assert sum(virtual_time.waited) < 15


@pytest.mark.parametrize("path", ["openid-configuration", "oauth2/v2.0/token"])
def test_a_sign_in_that_is_always_cut_off_is_tried_a_few_times_at_most(tenant: Tenant, path: str) -> None:
    tenant.server.faults.add(path=path, close_before=True, times=99)
    assert tenant.fails(INFO, **NOBODY)["error"]["kind"] == "transport"
    assert sum(path in entry.path for entry in tenant.server.requests()) <= 5


def test_a_proxy_that_is_not_there_is_told_without_its_password(tenant: Tenant) -> None:
    tenant.environ["HTTPS_PROXY"] = "http://user:pr0xy-secret@127.0.0.1:1"
    result = tenant.fails(INFO, **NOBODY)
    assert "proxy" in result["msg"].lower()
    assert "pr0xy-secret" not in json.dumps(result)
    tenant.environ["NO_PROXY"] = "localhost"
    tenant.ok(INFO, **NOBODY)


def test_an_answer_that_never_comes_is_told(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.server.faults.add(path="batch", delay=1.5, times=99)
    result = tenant.fails(INFO, **NOBODY, request_timeout=1, wait_timeout=1)
    assert "no answer in time" in result["msg"]
    assert "request_timeout" in result["error"]["next_step"]
