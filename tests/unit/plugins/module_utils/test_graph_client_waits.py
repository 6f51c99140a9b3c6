# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waits and repetitions of the client, their limits, and responses that cannot be read."""

from __future__ import annotations

import datetime
import email.utils
import json
import time
import types
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import LONGEST_PAUSE
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import ProcessMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Write,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.run_notes import RunNotes
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.graph_reads import (
    UNKNOWN,
    client,
    graph_entries,
    one,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls


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
def test_retry_after_is_respected_within_limits(
    tenant: Tenant, graph: GraphClient, virtual_time: VirtualTime, retry_after: str, bounds: tuple[float, float]
) -> None:
    tenant.server.faults.add(path="applications", status=429, headers={"Retry-After": retry_after})
    assert graph.get(one(tenant.server.client_id)) is not None
    (waited,) = virtual_time.waited
    assert bounds[0] <= waited <= bounds[1]


def test_retry_after_can_be_a_date(
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
def test_the_total_wait_is_bounded_and_reported(
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
def test_a_permanent_refusal_is_not_repeated(
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
def test_a_write_that_is_not_repeatable_is_sent_once(tenant: Tenant, graph: GraphClient, fault: Json) -> None:
    tenant.server.faults.add(path="applications", times=9, **fault)
    write = Write("POST", "applications", action="create", body={"displayName": "x"}, repeatable=False)
    with pytest.raises(TransportError) as failure:
        graph.write(write)
    assert failure.value.maybe_processed
    assert len(tenant.writes) == 1


def test_a_repeatable_write_is_sent_a_few_times_at_most(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", close_before=True, times=99)
    with pytest.raises(TransportError):
        graph.write(Write("PATCH", f"applications/{UNKNOWN}", action="change", body={}))
    assert 2 <= len(tenant.writes) <= 5


def test_a_deletion_of_a_missing_object_leaves_the_decision_to_the_next_read(graph: GraphClient) -> None:
    """It may be deleted, or so recent that this replica does not know it."""
    with pytest.raises(GraphError) as caught:
        graph.write(Write("DELETE", f"applications/{UNKNOWN}", action="delete"))
    assert caught.value.read_again
    assert not graph.wrote


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
def test_an_unreadable_response_is_requested_again_and_then_reported(
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
def test_an_error_of_any_form_is_reported_clearly(tenant: Tenant, graph: GraphClient, body: t.Any) -> None:
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


def test_an_endless_response_is_cut_off(tenant: Tenant, graph: GraphClient) -> None:
    tenant.server.faults.add(path="applications", status=200, body="x" * 50_000_000, times=99)
    with pytest.raises(TransportError, match="larger than") as failure:
        graph.get(one(UNKNOWN))
    assert failure.value.permanent
    assert len(graph_entries(tenant)) == 1


@pytest.mark.parametrize(("age", "young"), [(None, False), (1, True), (9999, False)])
def test_what_another_run_created_moments_ago_is_waited_for(age: int | None, young: bool) -> None:
    notes = RunNotes(ProcessMemory())
    created = None
    if age is not None:
        created = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    notes.note_young(created, "an id", None)
    assert notes.created_here("an id") is young
