# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads of Microsoft Graph: pages, names in addresses, batches; and its token."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import answer as _answer
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Read,
    by_key,
    odata_string,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.foreign_server import Stranger
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.graph_reads import (
    ALL,
    BY_TWO,
    UNKNOWN,
    client,
    graph_entries,
    one,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls


def test_all_pages_are_collected(tenant: Tenant, graph: GraphClient) -> None:
    ids = {tenant.register(f"n{number}")["client_id"] for number in range(5)}
    found = [entry["appId"] for entry in graph.collect(BY_TWO)]
    assert sorted(found) == sorted(ids | {tenant.server.client_id})
    assert graph_entries(tenant) == ["GET 200"] * 3


def test_all_pages_of_a_collection_in_a_batch_are_collected(tenant: Tenant, graph: GraphClient) -> None:
    ids = {tenant.register(f"n{number}")["client_id"] for number in range(5)}
    (found,) = graph.get_many([BY_TWO])
    assert found is not None
    assert {entry["appId"] for entry in found["value"]} == ids | {tenant.server.client_id}


def test_a_failed_page_is_read_again(tenant: Tenant, graph: GraphClient) -> None:
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
def test_a_next_page_on_another_host_is_refused_and_not_requested(
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


def test_a_cycle_of_next_pages_is_an_error(tenant: Tenant, graph: GraphClient) -> None:
    body = {"value": [], "@odata.nextLink": f"{tenant.server.graph}/v1.0/applications?again"}
    tenant.server.faults.add(path="applications", status=200, body=body, times=5000)
    with pytest.raises(TransportError, match="pages"):
        graph.collect(ALL)


@pytest.mark.parametrize("body", [{"value": {}}, {"value": None}, {"id": "x"}], ids=str)
def test_a_response_that_is_not_a_collection_is_an_error(tenant: Tenant, graph: GraphClient, body: Json) -> None:
    tenant.server.faults.add(path="applications", status=200, body=body, times=9)
    with pytest.raises(TransportError, match="not a collection"):
        graph.collect(ALL)


@pytest.mark.parametrize("entry", [1, None, [], "x"], ids=str)
def test_entries_that_are_not_objects_are_an_error(tenant: Tenant, graph: GraphClient, entry: t.Any) -> None:
    """Ignoring them would mean that the objects which they stand for do not exist."""
    tenant.server.faults.add(path="applications", status=200, body={"value": [entry, {"id": "x"}]})
    with pytest.raises(TransportError, match="is not an object"):
        graph.collect(ALL)


def test_a_missing_object_is_none(graph: GraphClient) -> None:
    assert graph.get(one(UNKNOWN)) is None
    assert graph.get_many([one(UNKNOWN), one(UNKNOWN)]) == [None, None]
    assert graph.get_many([]) == []


@pytest.mark.parametrize(
    "name", ["O'Brien", "''", "a&b=c", "100% #1?", "a/b\\c", "a+b c", "日本 ä", "x' or 1 eq 1 or 'x", "%27"]
)
def test_a_name_in_a_filter_or_in_a_key_is_escaped(tenant: Tenant, graph: GraphClient, name: str) -> None:
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


def test_twenty_reads_are_one_request(tenant: Tenant, graph: GraphClient) -> None:
    found = graph.get_many([one(tenant.server.client_id), one(UNKNOWN)] * 21)
    assert [document is not None for document in found] == [True, False] * 21
    assert graph_entries(tenant) == ["POST 200"] * 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failed_read_of_a_batch_is_repeated_separately(tenant: Tenant, graph: GraphClient, status: int) -> None:
    operator = one(tenant.server.client_id)
    tenant.server.faults.add(method="GET", path="applications", nth=2, status=status)
    found = graph.get_many([operator, operator, operator])
    assert [document["appId"] for document in found if document] == [tenant.server.client_id] * 3
    assert graph_entries(tenant) == ["POST 200", "GET 200"]


def test_a_throttled_read_of_a_batch_waits_as_requested(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime
) -> None:
    operator = one(tenant.server.client_id)
    tenant.server.faults.add(method="GET", path="applications", status=429, headers={"Retry-After": "7"})
    graph.get_many([operator, operator])
    assert sum(virtual_time.waited) >= 7


def test_a_failed_collection_of_a_batch_is_read_again_separately(tenant: Tenant, graph: GraphClient) -> None:
    tenant.register()
    tenant.server.faults.add(method="GET", path="applications", status=503)
    (found,) = graph.get_many([ALL])
    assert found is not None
    assert len(found["value"]) == 2


def test_a_collection_that_is_missing_or_forbidden_when_repeated_is_reported(
    tenant: Tenant, graph: GraphClient
) -> None:
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    gone = {"error": {"code": "Request_ResourceNotFound", "message": "Resource 'x' does not exist."}}
    for status, body, read, expected in (
        (404, gone, ALL, None),
        (403, denied, dataclasses.replace(ALL, empty_if_forbidden=True), _answer.empty_but_forbidden()),
    ):
        tenant.server.faults.add(method="GET", path="applications", status=503)
        tenant.server.faults.add(method="GET", path="applications", nth=2, status=status, body=body)
        assert graph.get_many([read]) == [expected]
        tenant.server.faults.clear()
    tenant.server.faults.add(method="GET", path="applications", status=503)
    tenant.server.faults.add(method="GET", path="applications", nth=2, status=403, body=denied)
    with pytest.raises(GraphError, match="list the applications"):
        graph.get_many([ALL])


@pytest.mark.parametrize("repeated", [False, True])
def test_a_collection_of_which_a_later_page_is_refused_is_neither_missing_nor_empty(
    tenant: Tenant, graph: GraphClient, repeated: bool
) -> None:
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    gone = {"error": {"code": "Request_ResourceNotFound", "message": "Resource 'x' does not exist."}}
    for number in range(3):
        tenant.register(f"gateway-{number}")
    pages = dataclasses.replace(BY_TWO, empty_if_forbidden=True)
    for status, body in ((404, gone), (403, denied)):
        if repeated:
            tenant.server.faults.add(method="GET", path="applications", status=503)
        tenant.server.faults.add(method="GET", path="applications", nth=2 + repeated, status=status, body=body)
        with pytest.raises(GraphError, match="list the applications"):
            graph.get_many([pages])
        tenant.server.faults.clear()


def test_a_collection_that_a_proxy_forbids_is_not_empty(tenant: Tenant, graph: GraphClient) -> None:
    """Neither in a batch nor when it is repeated: without a code it is no refusal of Graph."""
    read = dataclasses.replace(ALL, empty_if_forbidden=True)
    for first in (503, 403):
        tenant.server.faults.add(method="GET", path="applications", status=first, body={})
        tenant.server.faults.add(method="GET", path="applications", nth=2, status=403, body={})
        with pytest.raises(GraphError, match="list the applications"):
            graph.get_many([read])
        tenant.server.faults.clear()


def test_an_optional_collection_that_is_forbidden_is_empty(tenant: Tenant, graph: GraphClient) -> None:
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    optional = dataclasses.replace(ALL, optional=True)
    for read, expected in (
        (optional, None),
        (dataclasses.replace(optional, empty_if_forbidden=True), _answer.empty_but_forbidden()),
    ):
        tenant.server.faults.add(method="GET", path="applications", status=403, body=denied)
        assert graph.get_many([read]) == [expected]


def test_a_refused_read_of_a_batch_names_its_right(tenant: Tenant) -> None:
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
def test_missing_responses_of_a_batch_are_read_separately(tenant: Tenant, graph: GraphClient, answer: Json) -> None:
    tenant.server.faults.add(path="batch", status=200, body=answer)
    operator = one(tenant.server.client_id)
    assert all(graph.get_many([operator, operator]))


def test_responses_of_a_batch_can_be_in_any_order(tenant: Tenant, graph: GraphClient) -> None:
    body = {"responses": [{"id": str(i), "status": 200, "body": {"number": i}} for i in (1, 0)]}
    tenant.server.faults.add(path="batch", status=200, body=body)
    assert graph.get_many([one(UNKNOWN), one(UNKNOWN)]) == [{"number": 0}, {"number": 1}]


def test_a_page_of_a_collection_is_not_accepted_as_an_object(tenant: Tenant, graph: GraphClient) -> None:
    """A caller that treats it as an object would miss the other pages."""
    for name in "abc":
        tenant.register(name)
    with pytest.raises(TransportError, match="the answer is a collection"):
        graph.get(BY_TWO)


def test_an_expired_token_is_renewed_once(tenant: Tenant, graph: GraphClient) -> None:
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


def test_a_permanently_refused_token_is_reported(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", status=401, times=99)
    with pytest.raises(GraphError) as failure:
        graph.get(one(UNKNOWN))
    assert "Sign in again" in failure.value.next_step
    assert len(graph_entries(tenant)) == 2
