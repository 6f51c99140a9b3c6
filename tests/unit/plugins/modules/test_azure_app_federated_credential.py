# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    concurrency_violation,
    lasting,
)

MODULE = "azure_app_federated_credential"
ISSUER = "https://oidc.example.com/cluster"
CLUSTER: Json = {"unique_name": "gateway", "name": "cluster", "issuer": ISSUER, "subject": "system:mail:gateway"}
GONE: Json = {"unique_name": "gateway", "name": "cluster", "state": "absent"}
AUDIENCE = "api://AzureADTokenExchange"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def held(tenant: Tenant) -> list[Json]:
    application = tenant.application(uniqueName="gateway")
    found: list[Json] = tenant.server.tenant.directory.federated_credentials.get(application["id"], [])
    return found


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"issuer": None}, "missing: issuer"),
        ({"subject": None}, "missing: subject"),
        ({"name": None}, "missing required arguments: name"),
        ({"unique_name": None}, "one of the following is required: client_id, object_id, unique_name"),
        ({"name": "a b"}, "does not fit in an address"),
        ({"name": "n" * 121}, "121 characters"),
        ({"issuer": "http://oidc.example.com"}, "not an https address"),
        ({"issuer": "https://[half"}, "not an https address"),
        ({"issuer": "https://oidc.example.com/" + "x" * 600}, "625 characters"),
        ({"subject": " "}, "subject is blank"),
        ({"description": "d" * 601}, "601 characters"),
        ({"audiences": []}, "audiences has 0 entries"),
        ({"audiences": ["a", "b"]}, "audiences has 2 entries"),
        ({"audiences": [""]}, "audiences is blank"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(tenant: Tenant, options: Json, words: str) -> None:
    given = {name: value for name, value in {**CLUSTER, **options}.items() if value is not None}
    result = tenant.fails(MODULE, **given)
    assert words in result["msg"]
    assert tenant.server.requests() == []


def test_check_mode_predicts_without_a_write(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok(MODULE, check=True, **CLUSTER)
    assert result["changed"]
    assert result["federated_credential_id"] is None
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["subject"] == "system:mail:gateway"
    assert tenant.writes == []
    assert held(tenant) == []


def test_creates_and_changes_nothing_when_run_again(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **CLUSTER)
    (entry,) = held(tenant)
    assert entry == {
        "id": first["federated_credential_id"],
        "name": "cluster",
        "issuer": ISSUER,
        "subject": "system:mail:gateway",
        "description": None,
        "audiences": [AUDIENCE],
    }
    tenant.forget_requests()
    second = tenant.ok(MODULE, **CLUSTER)
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests == 2
    assert lasting(second) == lasting(first)


def test_changes_what_differs_and_nothing_else(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **CLUSTER, description="one")
    other = tenant.ok(MODULE, **{**CLUSTER, "name": "other", "subject": "other"})
    assert other["other_names"] == ["cluster"]
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **CLUSTER)["changed"], "a description that is not given stays"
    assert tenant.ok(MODULE, check=True, **{**CLUSTER, "subject": "new"})["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **{**CLUSTER, "subject": "new"})
    assert result["changed"]
    assert result["federated_credential_id"] == first["federated_credential_id"]
    (write,) = tenant.write_entries
    assert (write.method, write.body) == ("PATCH", {"subject": "new"})
    assert [(e["name"], e["subject"], e["description"]) for e in held(tenant)] == [
        ("cluster", "new", "one"),
        ("other", "other", None),
    ]


def test_removes_one_by_its_name(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **CLUSTER)
    tenant.ok(MODULE, **{**CLUSTER, "name": "other", "subject": "other"})
    tenant.forget_requests()
    assert tenant.ok(MODULE, check=True, **GONE)["changed"]
    assert tenant.writes == []
    assert tenant.ok(MODULE, **GONE)["changed"]
    assert [e["name"] for e in held(tenant)] == ["other"]
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **GONE)["changed"]
    assert tenant.writes == []


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    tenant.register()
    runs = [
        tenant.ok(MODULE, check=True, **CLUSTER),
        tenant.ok(MODULE, **CLUSTER),
        tenant.ok(MODULE, **CLUSTER),
        tenant.ok(MODULE, **{**CLUSTER, "subject": "new"}),
        tenant.ok(MODULE, **GONE),
        tenant.ok(MODULE, **GONE),
        tenant.ok(MODULE, client_id=UNKNOWN, name="cluster", state="absent"),
    ]
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}
    assert not runs[-1]["changed"]


def test_an_unknown_application_is_named(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **CLUSTER)
    assert "'gateway'" in result["msg"]
    assert tenant.writes == []


def test_a_pair_that_another_credential_has_is_refused_before_a_write(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **{**CLUSTER, "name": "first"})
    tenant.forget_requests()
    result = tenant.fails(MODULE, **CLUSTER)
    assert "'first'" in result["msg"]
    assert tenant.writes == []


def test_the_twenty_first_is_refused_before_a_write(tenant: Tenant) -> None:
    tenant.register()
    for number in range(20):
        tenant.ok(MODULE, **{**CLUSTER, "name": f"n{number}", "subject": f"s{number}"})
    tenant.forget_requests()
    result = tenant.fails(MODULE, **CLUSTER)
    assert "20 federated credentials" in result["msg"]
    assert len(result["error"]["names"]) == 20
    assert tenant.writes == []
    assert tenant.ok(MODULE, **{**CLUSTER, "name": "n3", "subject": "changed"})["changed"]


@pytest.mark.parametrize(
    "fault",
    [
        {"close_before": True},
        {"close_after": True},
        {"status": 503, "processed": True},
        {"status": 409, "body": concurrency_violation(409)},
    ],
    ids=str,
)
@pytest.mark.parametrize("state", ["created", "changed", "removed"])
def test_an_answer_that_is_lost_ends_as_wished(tenant: Tenant, fault: Json, state: str) -> None:
    tenant.register()
    method = {"created": "POST", "changed": "PATCH", "removed": "DELETE"}[state]
    if state != "created":
        tenant.ok(MODULE, **CLUSTER)
    tenant.server.faults.add(method=method, path="federatedIdentityCredentials", **fault)
    wish = {"created": CLUSTER, "changed": {**CLUSTER, "subject": "new"}, "removed": GONE}[state]
    assert tenant.ok(MODULE, **wish)["changed"]
    expected = {"created": ["system:mail:gateway"], "changed": ["new"], "removed": []}[state]
    assert [e["subject"] for e in held(tenant)] == expected


def test_replicas_that_lag_behind(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.settings.update({"replica_delays": [0, 20, 40]})
    tenant.ok(MODULE, **CLUSTER)
    tenant.ok(MODULE, **CLUSTER)
    assert [e["name"] for e in held(tenant)] == ["cluster"]


def test_missing_rights_say_which(tenant: Tenant) -> None:
    tenant.register()
    tenant.sign_in_with("Application.Read.All")
    assert "Application.ReadWrite" in tenant.fails(MODULE, **CLUSTER)["error"]["next_step"]
    assert held(tenant) == []
