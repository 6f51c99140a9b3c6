# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses that come in small pages, or with unknown members and kinds."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    OTHER_ID,
    READ_WRITE,
    REPAIRS,
    Hand,
    app_path,
    delete_application,
    delete_principal,
    delete_secret,
    did,
    remove_both,
    rename,
    replace_scopes,
    revoke_grant_keep_permission,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import RoleSteps
from graph_emulator.caller import Caller
from graph_emulator.graph.dispatch import Graph, GraphRequest, GraphResponse
from graph_emulator.odata.query import Query


def test_responses_in_small_pages_are_accepted(role: RoleSteps, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may return less than requested: here one entry at a time, in every collection."""
    monkeypatch.setattr(Query, "_page_size", lambda _self, _default: 1)
    users = list(role.tenant.server.tenant.directory.users)[:3]
    role.registration["owners"] = users[:2]
    did(hand.post(f"{app_path(role)}/owners/$ref", {"@odata.id": f"{hand.server.graph}/v1.0/users/{users[2]}"}))
    role.converges("registration")
    for number in range(3):
        gone = hand.application(f"Gone {number}", uniqueName=f"gone-{number}")
        hand.service_principal(gone["appId"])
        did(hand.delete(f"/applications/{gone['id']}"))
    delete_application(hand, role)
    role.converges("registration")
    delete_principal(hand, role)
    role.converges("registration")
    revoke_grant_keep_permission(hand, role)
    role.converges("consent")
    assert set(users) <= set(role.tenant.server.tenant.directory.owners[role.application["id"]])
    names = {"Gateway"} | {f"Other {number}" for number in range(3)}
    for name in names - {"Gateway"}:
        hand.application(name)
    listed = role.tenant.ok("azure_app_registration_info")["applications"]
    assert names <= {entry["display_name"] for entry in listed}


@pytest.fixture
def unknown_members(monkeypatch: pytest.MonkeyPatch, metadata_observer: t.Any) -> None:
    """A future Graph: every object in every response has unknown members, and accepts them in requests."""
    names = {"@odata.etag": 'W/"1"', "aMember": {"of": ["tomorrow", None]}, "last": None}

    def strange(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            renamed = {name: strange(member) for name, member in value.items()}
            return {**names, **renamed}
        return [strange(member) for member in value] if isinstance(value, list) else value

    def of_today(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {name: of_today(member) for name, member in value.items() if name not in names}
        return [of_today(member) for member in value] if isinstance(value, list) else value

    serve_as = Graph.serve_as

    def served(graph: Graph, caller: Caller, asked: GraphRequest) -> GraphResponse:
        if asked.payload:
            asked = dataclasses.replace(asked, payload=json.dumps(of_today(json.loads(asked.payload))).encode())
        answer = serve_as(graph, caller, asked)
        if isinstance(answer.body, dict):
            answer.body = strange(answer.body)
        return answer

    monkeypatch.setattr(Graph, "serve_as", served)


@pytest.mark.usefixtures("unknown_members")
@pytest.mark.parametrize("act", [rename, remove_both, replace_scopes, delete_secret, delete_application])
def test_unknown_members_in_responses_are_accepted(
    role: RoleSteps, hand: Hand, act: c.Callable[[Hand, RoleSteps], None]
) -> None:
    changed = dict(REPAIRS)[act]
    act(hand, role)
    role.converges(*changed)
    (shown,) = role.tenant.ok("azure_app_registration_info", unique_name="gateway")["applications"]
    assert shown["consented"] is True


def test_unknown_kinds_of_permissions_are_kept(role: RoleSteps, hand: Hand, metadata_observer: t.Any) -> None:
    future = {"id": OTHER_ID, "type": "SomeFutureType"}
    current = role.application
    (entry,) = current["requiredResourceAccess"]
    kept = [item for item in entry["resourceAccess"] if item["id"] != READ_WRITE]
    current["requiredResourceAccess"] = [{**entry, "resourceAccess": [future, *kept]}]
    role.tenant.server.faults.add(method="PATCH", path="/applications/", status=204, body={}, times=1)
    role.tenant.memory = SharedMemory()
    role.tenant.clear_requests()
    role.tenant.run(
        "azure_app_graph_permissions",
        unique_name="gateway",
        application_permissions=role.roles,
        exact=True,
        wait_timeout=1,
    )
    (sent,) = role.tenant.write_entries[0].body["requiredResourceAccess"]
    assert future in sent["resourceAccess"]
    assert {"id": READ_WRITE, "type": "Role"} in sent["resourceAccess"]
    if metadata_observer is not None:
        metadata_observer.complaints.clear()
