# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import importlib
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import LONGEST_PAUSE
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import (
    VISIBLE_AFTER,
    SecretResource,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import ClientSecrets
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.fixed_time import fix_now
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    MODULES,
    Json,
    Tenant,
    VirtualTime,
    concurrency_violation,
    lasting,
)

MODULE = "azure_app_secret"
GATEWAY: Json = {"unique_name": "gateway", "description": "mail gateway"}
SCHEDULE: Json = {"lifetime_days": 90, "renew_before_days": 30}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def held(tenant: Tenant) -> list[Json]:
    credentials: list[Json] = tenant.application(uniqueName="gateway")["passwordCredentials"]
    return credentials


def expire_in(credential: Json, **lifetime: int) -> None:
    """Move the end of a record in the tenant to this long from now."""
    end = utc_now().replace(microsecond=0) + datetime.timedelta(**lifetime)
    credential["endDateTime"] = f"{end:%Y-%m-%dT%H:%M:%S}Z"


def as_task(tenant: Tenant, *, check: bool = False, **options: t.Any) -> Json:
    """As a task with stores runs the module: with what the stores hold and what earlier runs left."""
    declared = importlib.import_module(f"{MODULES}.{MODULE}").MODULE
    inner: Json = {name: times.parse(options.pop(name)) for name in ("stored_start", "start") if name in options}
    inner["stored_hint"] = options.pop("stored_hint", None)
    inner["unconfirmed_starts"] = tuple(map(times.parse, options.pop("unconfirmed_starts", ())))

    def run(call: Call) -> Json:
        asked = dataclasses.replace(SecretOptions.of(call.params, call.now), **inner)
        return converge(call, Recorded(call, asked))

    module = dataclasses.replace(declared, run=run)
    result = call_module(module, MODULE, options, check_mode=check, environ=tenant.environ, memory=tenant.memory)
    assert not result.get("failed"), result
    return result


class Recorded(SecretResource):
    """Also tells which starts need not be looked for again."""

    def result(self, state: ClientSecrets) -> Json:
        return {**super().result(state), "confirmed_starts": sorted(map(times.written, state.confirmed_starts))}


def is_accepted(tenant: Tenant, made: Json, value: str | None = None) -> bool:
    """Does the token endpoint take the value? By the module that exists to prove it."""
    proof = tenant.run(
        "azure_app_token_info",
        tenant_id=tenant.server.tenant_id,
        client_id=made["client_id"],
        client_secret=made["client_secret"] if value is None else value,
        poll=False,
    )
    return proof.get("proven") is True


def forbid(tenant: Tenant, **restriction: t.Any) -> None:
    """An app management policy for the whole tenant."""
    policy = tenant.server.tenant.directory.policy
    policy["isEnabled"] = True
    policy["applicationRestrictions"] = {
        "passwordCredentials": [
            {"state": "enabled", "restrictForAppsCreatedAfterDateTime": "2019-01-01T00:00:00Z", **restriction}
        ],
        "keyCredentials": [],
    }


# The litany


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"description": "d"}, "one of the following is required: client_id, object_id, unique_name"),
        ({"unique_name": "gateway"}, "state is present but all of the following are missing: description"),
        ({"unique_name": "gateway", "state": "absent"}, "any of the following are missing: description, key_id"),
    ],
)
def test_missing_arguments_are_refused_before_anything_is_sent(tenant: Tenant, options: Json, words: str) -> None:
    result = tenant.fails(MODULE, **options)
    assert words in result["msg"]
    assert tenant.server.requests() == []


def test_check_mode_predicts_the_creation_without_a_write(tenant: Tenant) -> None:
    made = tenant.register()
    result = tenant.ok(MODULE, check=True, **GATEWAY, **SCHEDULE)
    assert result["changed"]
    assert result["client_secret"] is None
    assert result["key_id"] is None
    assert (result["client_id"], result["days_left"]) == (made["client_id"], 90)
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["description"] == "mail gateway"
    assert tenant.writes == []
    assert held(tenant) == []


def test_creates_one_secret_and_returns_the_value_that_the_token_endpoint_accepts(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert result["changed"]
    (credential,) = held(tenant)
    assert (credential["keyId"], credential["displayName"]) == (result["key_id"], "mail gateway")
    assert tenant.writes == [f"POST /applications/{result['application_object_id']}/addPassword"]
    assert is_accepted(tenant, result)
    assert not is_accepted(tenant, result, result["client_secret"] + "x")
    assert result["hint"] == credential["hint"] == result["client_secret"][:3]
    assert result["end"] == credential["endDateTime"]
    assert result["days_left"] == 90
    assert result["secret_count"] == 1


def test_the_second_run_changes_nothing_and_does_not_know_the_value(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    tenant.forget_requests()
    second = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2
    assert second["client_secret"] is None
    assert lasting(second, "client_secret", "days_left") == lasting(first, "client_secret", "days_left")


@pytest.mark.parametrize("key", ["client_id", "application_object_id"])
def test_finds_the_application_by_its_ids(tenant: Tenant, key: str) -> None:
    made = tenant.register()
    option = {"client_id": "client_id", "application_object_id": "object_id"}[key]
    result = tenant.ok(MODULE, description="d", **{option: made[key].upper()})
    assert result["client_id"] == made["client_id"]
    assert len(held(tenant)) == 1


def test_another_description_is_another_secret(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, unique_name="gateway", description="other gateway")
    assert second["changed"]
    assert second["secret_count"] == 2
    assert is_accepted(tenant, first)
    assert is_accepted(tenant, second)


def test_removes_one_secret_by_its_description(tenant: Tenant) -> None:
    tenant.register()
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    predicted = tenant.ok(MODULE, check=True, **GATEWAY, state="absent")
    assert predicted["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gone["changed"]
    assert gone["diff"]["after"] == {}
    assert [c["keyId"] for c in held(tenant)] == [kept["key_id"]]
    assert [(e.path.rsplit("/", 1)[-1], e.body) for e in tenant.write_entries] == [
        ("removePassword", {"keyId": made["key_id"]})
    ]
    assert not is_accepted(tenant, made)
    tenant.forget_requests()
    again = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert not again["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    tenant.register()
    runs = [
        tenant.ok(MODULE, check=True, **GATEWAY),
        tenant.ok(MODULE, **GATEWAY),
        tenant.ok(MODULE, **GATEWAY),
        tenant.ok(MODULE, check=True, **GATEWAY, state="absent"),
        tenant.ok(MODULE, **GATEWAY, state="absent"),
        tenant.ok(MODULE, **GATEWAY, state="absent"),
        tenant.ok(MODULE, client_id=UNKNOWN, key_id=UNKNOWN, state="absent"),
    ]
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}


# Renewal


def test_renews_only_when_fewer_days_are_left_than_asked_for(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    fix_now(monkeypatch)
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY, lifetime_days=40, renew_before_days=10)
    kept = tenant.ok(MODULE, **GATEWAY, lifetime_days=90, renew_before_days=39)
    assert not kept["changed"]
    assert kept["days_left"] == 40
    renewed = tenant.ok(MODULE, **GATEWAY, lifetime_days=90, renew_before_days=41)
    assert renewed["changed"]
    assert renewed["key_id"] != first["key_id"]


@pytest.mark.parametrize(
    ("spare", "renews"), [({"days": 30, "minutes": 1}, False), ({"days": 30, "minutes": -1}, True)]
)
def test_the_threshold_is_exact(tenant: Tenant, spare: dict[str, int], renews: bool) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    expire_in(held(tenant)[0], **spare)
    assert tenant.ok(MODULE, check=True, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert len(held(tenant)) == 1 + renews


def test_a_renewal_keeps_the_old_secret_working(tenant: Tenant) -> None:
    tenant.register()
    old = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    expire_in(held(tenant)[0], days=3)
    tenant.forget_requests()
    new = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert [w.rsplit("/", 1)[-1] for w in tenant.writes] == ["addPassword"]
    assert new["secret_count"] == 2
    assert new["days_left"] == 90
    assert is_accepted(tenant, old)
    assert is_accepted(tenant, new)
    assert not tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"]


def test_an_expired_secret_counts_for_nothing_even_without_a_margin(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY, renew_before_days=0)
    assert not tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]
    expire_in(held(tenant)[0], minutes=-1)
    assert tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]


def test_a_secret_without_a_description_is_nobody_s(tenant: Tenant) -> None:
    """The portal's and other tools' secrets stay, and do not count."""
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    held(tenant)[0]["displayName"] = None
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert len(held(tenant)) == 2


# What the caller holds


def test_who_holds_nothing_gets_a_new_secret(tenant: Tenant) -> None:
    tenant.register()
    lost = tenant.ok(MODULE, **GATEWAY)
    result = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert result["changed"]
    assert is_accepted(tenant, result)
    assert is_accepted(tenant, lost), "somebody else may use the one that is there"


def test_a_key_id_that_the_tenant_does_not_have_leads_to_a_new_secret(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=UNKNOWN)["changed"]


def test_the_key_id_of_a_secret_with_another_description_does_not_count(tenant: Tenant) -> None:
    tenant.register()
    other = tenant.ok(MODULE, unique_name="gateway", description="other")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=other["key_id"])["changed"]


def test_a_stored_value_with_another_hint_leads_to_a_new_secret(tenant: Tenant) -> None:
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=wrong)["changed"]


def test_what_is_held_and_fits_is_kept(tenant: Tenant) -> None:
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, stored_key_id="")  # a longer lasting one of the same description
    tenant.forget_requests()
    for stored_as in (made["key_id"], made["key_id"].upper()):
        result = as_task(tenant, **GATEWAY, stored_key_id=stored_as, stored_hint=made["hint"])
        assert not result["changed"]
        assert result["key_id"] == made["key_id"], "the one that is held, not another that fits as well"
    assert tenant.writes == []


def test_a_secret_whose_hint_the_tenant_does_not_tell_is_judged_by_its_key_id(tenant: Tenant) -> None:
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    held(tenant)[0]["hint"] = None
    assert not as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_hint_counts_without_a_key_id_too(tenant: Tenant) -> None:
    """The documentation: "A secret with another hint does not count"."""
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    assert not as_task(tenant, **GATEWAY, stored_hint=made["hint"])["changed"]
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_hint=wrong)["changed"]


def test_held_secrets_are_renewed_too(tenant: Tenant) -> None:
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    expire_in(held(tenant)[0], days=3)
    assert as_task(tenant, **GATEWAY, **SCHEDULE, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


# End dates and other options


@pytest.mark.parametrize(
    ("end_date", "end"),
    [
        ("2199-06-30", "2199-06-30T23:59:59Z"),
        (" 2199-06-30 ", "2199-06-30T23:59:59Z"),
        ("2199-06-30T12:00:00Z", "2199-06-30T12:00:00Z"),
        ("2199-06-30t12:00:00z", "2199-06-30T12:00:00Z"),
        ("2199-06-30T12:00:00+02:00", "2199-06-30T10:00:00Z"),
        ("2199-06-30T12:00:00.750Z", "2199-06-30T12:00:00Z"),
    ],
)
def test_an_end_date_may_be_a_day_or_a_point_in_time(tenant: Tenant, end_date: str, end: str) -> None:
    tenant.register()
    result = tenant.ok(MODULE, **GATEWAY, end_date=end_date)
    assert result["end"] == end
    assert held(tenant)[0]["endDateTime"] == end


def test_an_unquoted_point_in_time_of_a_playbook_is_one(tenant: Tenant) -> None:
    """YAML makes a datetime of it, and Ansible's string of that has a blank instead of the T."""
    tenant.register()
    moment = datetime.datetime(2199, 6, 30, 12, tzinfo=datetime.timezone.utc)
    assert tenant.ok(MODULE, **GATEWAY, end_date=str(moment))["end"] == "2199-06-30T12:00:00Z"


def test_the_last_possible_day_is_possible(tenant: Tenant) -> None:
    tenant.register()
    assert tenant.ok(MODULE, **GATEWAY, end_date="9999-12-31")["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lifetime_days": 0}, "lifetime_days is 0"),
        ({"lifetime_days": -1}, "lifetime_days is -1"),
        ({"lifetime_days": 3651}, "lifetime_days is 3651"),
        ({"lifetime_days": 10**12}, "lifetime_days is 1000000000000"),
        ({"lifetime_days": 30, "renew_before_days": 30}, "due for renewal at once"),
        ({"lifetime_days": 30, "renew_before_days": 31}, "due for renewal at once"),
        ({"renew_before_days": -1}, "renew_before_days is -1"),
        ({"renew_before_days": 10**12}, "renew_before_days is 1000000000000"),
        ({"end_date": "2020-01-01"}, "which has passed"),
        ({"end_date": "2027-13-01"}, "neither a date nor a point in time"),
        ({"end_date": "2027-02-30"}, "neither a date nor a point in time"),
        ({"end_date": "2199-06-30T12:00:00"}, "neither a date nor a point in time with its zone"),
        ({"end_date": "2199-06-30T25:00:00Z"}, "neither a date nor a point in time"),
        ({"end_date": "9999-12-31T23:59:59-12:00"}, "neither a date nor a point in time"),
        ({"end_date": "next year"}, "neither a date nor a point in time"),
        ({"end_date": ""}, "neither a date nor a point in time"),
        ({"description": " "}, "description is blank"),
        ({"description": "d" * 121}, "121 characters"),
        ({"description": "a\nb"}, "control character"),
        ({"stored_key_id": "nonsense"}, "stored_key_id is 'nonsense', which is not a GUID"),
        ({"key_id": UNKNOWN, "state": "absent"}, "mutually exclusive: description|key_id"),
        ({"client_id": UNKNOWN}, "mutually exclusive: client_id|object_id|unique_name"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(tenant: Tenant, options: Json, words: str) -> None:
    result = tenant.fails(MODULE, **{**GATEWAY, **options})
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []


def test_a_malformed_key_id_is_refused_before_anything_is_sent(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, unique_name="gateway", key_id="nonsense", state="absent")
    assert "key_id is 'nonsense', which is not a GUID" in result["msg"]
    assert tenant.server.requests() == []


def test_an_end_date_too_near_is_refused_with_the_option_that_was_set(tenant: Tenant) -> None:
    soon = (utc_now() + datetime.timedelta(days=5)).strftime("%Y-%m-%d")
    result = tenant.fails(MODULE, **GATEWAY, end_date=soon)
    assert "end_date" in result["msg"]
    assert tenant.server.requests() == []


def test_the_first_and_the_last_lifetime_are_allowed(tenant: Tenant) -> None:
    tenant.register()
    assert tenant.ok(MODULE, unique_name="gateway", description="a", lifetime_days=1, renew_before_days=0)["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", description="b", lifetime_days=3650)["changed"]


def test_an_unknown_application_is_named(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **GATEWAY)
    assert "'gateway'" in result["msg"]
    assert "azure_app_registration" in result["error"]["next_step"]
    assert tenant.writes == []


# Policies and rights


def test_a_lifetime_beyond_the_tenant_s_policy_is_explained_and_nothing_is_made(tenant: Tenant) -> None:
    tenant.register()
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    result = tenant.fails(MODULE, **GATEWAY, lifetime_days=180)
    assert result["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "smaller lifetime_days" in result["error"]["next_step"]
    assert held(tenant) == []
    assert len(tenant.writes) == 1, "a refusal for good is not tried again"
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=89)["changed"]


def test_a_lifetime_of_exactly_the_policy_s_is_accepted(tenant: Tenant) -> None:
    tenant.register()
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=90)["changed"]


def test_a_policy_against_secrets_is_explained(tenant: Tenant) -> None:
    tenant.register()
    forbid(tenant, restrictionType="passwordAddition")
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"
    assert "use another kind (a certificate instead of a client secret" in result["error"]["next_step"]
    assert held(tenant) == []


def test_missing_rights_say_which_and_who_gives_them(tenant: Tenant) -> None:
    tenant.register()
    tenant.sign_in_with("Application.Read.All")
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["status"] == 403
    assert "Application.ReadWrite" in result["error"]["next_step"]
    assert "Cloud Application Administrator" in result["error"]["next_step"]
    assert held(tenant) == []


# Removal


def test_removes_by_key_id_and_nothing_else(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    result = tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"].upper(), state="absent")
    assert result["changed"]
    assert result["secret_count"] == 1
    assert [c["keyId"] for c in held(tenant)] == [second["key_id"]]
    tenant.forget_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")["changed"]
    assert tenant.writes == []


def test_a_description_of_several_secrets_is_no_order_to_remove_any(tenant: Tenant) -> None:
    tenant.register()
    ids = {tenant.ok(MODULE, **GATEWAY, stored_key_id="")["key_id"] for _number in range(2)}
    tenant.forget_requests()
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert set(result["error"]["key_ids"]) == ids
    assert "key_id" in result["error"]["next_step"]
    assert tenant.writes == []
    assert len(held(tenant)) == 2


def test_an_unknown_key_id_is_absent_already(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=UNKNOWN, state="absent")["changed"]
    assert tenant.writes == []
    assert len(held(tenant)) == 1


def test_a_secret_of_an_application_that_is_gone_is_absent_already(tenant: Tenant) -> None:
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert not tenant.ok(MODULE, object_id=UNKNOWN, key_id=UNKNOWN, state="absent")["changed"]


def test_a_secret_that_another_run_removed_meanwhile_is_removed(tenant: Tenant) -> None:
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    message = f"No password credential found with keyId {made['key_id']}."
    body = {"error": {"code": "Request_BadRequest", "message": message}}
    tenant.server.faults.add(path="removePassword", status=400, body=body, processed=True)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert held(tenant) == []


# Answers that go wrong


@pytest.mark.parametrize(
    "fault",
    [
        {"close_before": True},
        {"close_after": True},
        {"truncate": True},
        {"invalid_json": True},
        {"status": 500},
        {"status": 500, "processed": True},
        {"status": 503, "processed": True},
        {"status": 504, "processed": True},
        {"status": 200, "processed": True, "body": {"keyId": UNKNOWN}},
        {"status": 429},
        {"status": 429, "headers": {"Retry-After": "7.5"}},
    ],
    ids=str,
)
def test_a_lost_answer_ends_with_one_new_secret_whose_value_is_known(tenant: Tenant, fault: Json) -> None:
    tenant.register()
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    tenant.server.faults.add(method="POST", path="addPassword", **fault)
    result = tenant.run(MODULE, **GATEWAY)
    if result.get("failed"):
        assert "Run once more" in result["msg"]  # an answer that tells no value: nothing is left behind
        assert [c["keyId"] for c in held(tenant)] == [kept["key_id"]]
        result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in held(tenant)) == sorted([kept["key_id"], result["key_id"]])
    assert is_accepted(tenant, result)
    assert is_accepted(tenant, kept)


def test_two_lost_answers_in_a_row_leave_one_secret(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True, times=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert [c["keyId"] for c in held(tenant)] == [result["key_id"]]
    assert is_accepted(tenant, result)


def test_answers_that_are_always_lost_end_in_a_failure_with_nothing_left_behind(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True, times=99)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["kind"] == "transport"
    assert held(tenant) == []


def test_an_orphan_that_cannot_be_removed_is_reported_without_losing_the_new_value(tenant: Tenant) -> None:
    """Nobody would look for it otherwise."""
    tenant.register()
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True)
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    tenant.server.faults.add(method="POST", path="removePassword", status=403, body=denied, times=99)
    result = tenant.ok(MODULE, **GATEWAY)
    assert is_accepted(tenant, result)
    orphan = next(c for c in held(tenant) if c["keyId"] != result["key_id"])
    assert orphan["startDateTime"] in result["warnings"][0]
    assert "value nobody knows" in result["warnings"][0]


def test_a_secret_of_the_same_description_made_by_another_run_is_not_taken_for_the_orphan(tenant: Tenant) -> None:
    tenant.register()
    other = tenant.ok(MODULE, **GATEWAY)
    # This run sees nothing at first, as if the other one came in between.
    seen = {"id": other["application_object_id"], "appId": other["client_id"], "passwordCredentials": []}
    tenant.server.faults.add(method="GET", path="applications", status=200, body=seen)
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True)
    result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in held(tenant)) == sorted([other["key_id"], result["key_id"]])


@pytest.mark.parametrize("status", [400, 409, 503])
def test_a_concurrent_writer_is_waited_for(tenant: Tenant, status: int) -> None:
    tenant.register()
    body = concurrency_violation(status)
    tenant.server.faults.add(method="POST", path="addPassword", status=status, body=body, times=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert [c["keyId"] for c in held(tenant)] == [result["key_id"]]
    assert is_accepted(tenant, result)


def test_what_the_concurrent_writer_made_is_enough(tenant: Tenant) -> None:
    """It was a run of the same playbook: after the fresh read there is nothing left to do but to say so."""
    tenant.register()
    other = tenant.ok(MODULE, **GATEWAY)
    seen = {"id": other["application_object_id"], "appId": other["client_id"], "passwordCredentials": []}
    tenant.server.faults.add(method="GET", path="applications", status=200, body=seen)
    tenant.server.faults.add(method="POST", path="addPassword", status=409)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["key_id"] == other["key_id"]
    assert result["client_secret"] is None
    assert len(held(tenant)) == 1


def test_throttling_is_honoured_to_the_second(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.register()
    tenant.server.faults.add(path="addPassword", status=429, headers={"Retry-After": "7.5"})
    tenant.ok(MODULE, **GATEWAY)
    assert 7.5 <= sum(virtual_time.waited) < 9


def test_unavailability_is_waited_out_as_long_as_asked(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.register()
    tenant.server.faults.add(path="addPassword", status=503, headers={"Retry-After": "20"})
    tenant.ok(MODULE, **GATEWAY)
    assert sum(virtual_time.waited) >= 20


@pytest.mark.parametrize("lag", [1, 3])
def test_waits_for_an_application_that_this_run_created(tenant: Tenant, lag: int) -> None:
    tenant.memory = SharedMemory()  # as in a real run, in which one task knows what another created
    tenant.server.settings.update({"lag": lag})
    tenant.register()
    result = tenant.ok(MODULE, **GATEWAY)
    assert [c["keyId"] for c in held(tenant)] == [result["key_id"]]


# Secrecy


def test_neither_diff_nor_other_fields_hold_the_value(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok(MODULE, **GATEWAY)
    value = result.pop("client_secret")
    assert value not in json.dumps(result)
    expire_in(held(tenant)[0], days=1)
    renewed = tenant.ok(MODULE, **GATEWAY)
    assert renewed["client_secret"] not in json.dumps(renewed["diff"])


def test_an_answer_with_a_value_in_a_failure_does_not_tell_it(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(
        path="addPassword", status=400, body={"secretText": "s3cr3t", "error": {"code": "Odd", "message": "odd"}}
    )
    assert "s3cr3t" not in json.dumps(tenant.fails(MODULE, **GATEWAY))


def test_the_diff_of_a_renewal_shows_what_ran_out(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, unique_name="gateway", description="s", lifetime_days=20, renew_before_days=1)
    diff = tenant.ok(MODULE, check=True, unique_name="gateway", description="s")["diff"]
    assert (diff["before"]["valid"], diff["after"]["valid"]) == (False, True)
    assert diff["before"]["days_left"] < diff["after"]["days_left"] == 180


def test_a_value_that_is_not_held_leads_to_a_new_secret_with_the_same_end(tenant: Tenant) -> None:
    tenant.register()
    options: Json = {"unique_name": "gateway", "description": "s", "end_date": "2199-01-01"}
    first = tenant.ok(MODULE, **options)
    second = tenant.ok(MODULE, **options, stored_key_id="")
    assert second["changed"]
    assert second["client_secret"]
    assert second["key_id"] != first["key_id"]


def test_a_lost_answer_that_cannot_be_looked_into_says_which_secret_may_be_left(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(path="addPassword", close_after=True, times=99)
    tenant.server.faults.add(method="GET", path="applications/", status=403, times=99)
    result = tenant.fails(MODULE, unique_name="gateway", description="s")
    assert "was lost" in result["msg"]
    assert "remove the secret that started at" in result["error"]["next_step"]
    assert {credential["startDateTime"] for credential in held(tenant)} == {result["error"]["lost_start"]}


# What an earlier run began


START = "2026-11-23T07:00:00.123456Z"


def test_the_secret_of_an_interrupted_run_is_found_by_its_start_and_removed(tenant: Tenant) -> None:
    tenant.register()
    other = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    assert orphan["start"] == START
    predicted = as_task(tenant, check=True, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert predicted["changed"]
    assert predicted["removed_key_ids"] == [orphan["key_id"]]
    assert len(held(tenant)) == 2
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert result["confirmed_starts"] == [START]
    assert sorted(c["keyId"] for c in held(tenant)) == sorted([other["key_id"], result["key_id"]])
    assert is_accepted(tenant, result)
    assert is_accepted(tenant, other)


def test_what_is_lost_goes_also_where_no_new_secret_is_needed(tenant: Tenant) -> None:
    tenant.register()
    kept = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert result["changed"]
    assert result["client_secret"] is None
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert [c["keyId"] for c in held(tenant)] == [kept["key_id"]]
    assert not as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])["changed"]


def test_the_held_secret_is_not_lost_whatever_its_start(tenant: Tenant) -> None:
    """The run was interrupted after it had stored the value."""
    tenant.register()
    kept = as_task(tenant, **GATEWAY, start=START)
    tenant.forget_requests()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert not result["changed"]
    assert result["confirmed_starts"] == [START]
    assert tenant.writes == []


def test_a_start_of_which_nothing_is_seen_yet_stays_unsettled(tenant: Tenant) -> None:
    """A read may lag behind; only a read that shows something newer, or a long time, proves that nothing is left."""
    tenant.register()
    kept = tenant.ok(MODULE, **GATEWAY)
    young = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[young, START])
    assert result["confirmed_starts"] == [START]
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[young])
    assert result["confirmed_starts"] == [young]


def test_all_tries_with_a_lost_answer_bear_the_start_that_was_asked_for(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert [c["keyId"] for c in held(tenant)] == [result["key_id"]]
    assert len(result["removed_key_ids"]) == 1
    assert result["confirmed_starts"] == [START]


def test_a_request_without_an_answer_may_still_be_processed_after_all_others(tenant: Tenant) -> None:
    tenant.register()
    tenant.server.faults.add(method="POST", path="addPassword", close_before=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert result["confirmed_starts"] == [], "only what was found and removed is settled"
    assert "warnings" not in result
    tenant.server.faults.add(method="POST", path="addPassword", close_before=True)
    alone = tenant.ok(MODULE, unique_name="gateway", description="alone")
    assert alone["start"] in alone["warnings"][0], "nobody else remembers it"


def test_a_lost_secret_that_the_next_read_does_not_show_yet_is_removed_all_the_same(tenant: Tenant) -> None:
    """The read after the lost answer lags behind; the one that shows the new secret does not."""
    made = tenant.register()
    seen = {"id": made["application_object_id"], "appId": made["client_id"], "passwordCredentials": []}
    tenant.server.faults.add(method="POST", path="addPassword", close_after=True)
    tenant.server.faults.add(method="GET", path="applications/", status=200, body=seen, times=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert [c["keyId"] for c in held(tenant)] == [result["key_id"]]


def test_a_held_secret_that_is_too_young_to_be_seen_is_waited_for(tenant: Tenant) -> None:
    """Another run made it seconds ago. Whoever believed the stale answer would make a second one."""
    made = tenant.register()
    kept = tenant.ok(MODULE, **GATEWAY)
    seen = {"id": made["application_object_id"], "appId": made["client_id"], "passwordCredentials": []}
    tenant.server.faults.add(method="GET", path="applications", status=200, body=seen, times=3)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert not result["changed"]
    assert result["key_id"] == kept["key_id"]


def test_the_wait_for_a_young_secret_that_somebody_removed_ends(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.register()
    kept = tenant.ok(MODULE, **GATEWAY)
    held(tenant).clear()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert result["client_secret"]
    assert sum(virtual_time.waited) < VISIBLE_AFTER + 1.25 * LONGEST_PAUSE
    old = {"stored_key_id": result["key_id"], "stored_start": START}
    held(tenant).clear()
    virtual_time.waited.clear()
    assert as_task(tenant, **GATEWAY, **old)["client_secret"]
    assert virtual_time.waited == []


def test_parallel_hosts_of_one_run_share_the_new_secret(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert (second["key_id"], second["client_secret"]) == (first["key_id"], first["client_secret"])
    assert [c["keyId"] for c in held(tenant)] == [first["key_id"]]
    tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")
    third = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert third["key_id"] != first["key_id"]


def test_a_removal_right_after_the_creation_is_tried_until_it_is_done(tenant: Tenant) -> None:
    """ "No such key id" may mean "not there yet" then, and the secret would stay."""
    tenant.memory = SharedMemory()
    tenant.register()
    made = tenant.ok(MODULE, **GATEWAY)
    body = {"error": {"code": "Request_BadRequest", "message": f"No password credential found with keyId {UNKNOWN}."}}
    tenant.server.faults.add(path="removePassword", status=400, body=body, times=2)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert held(tenant) == []


def test_other_secrets_of_the_description_are_named(tenant: Tenant) -> None:
    tenant.register()
    old = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, unique_name="gateway", description="foreign")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id="")["other_key_ids"] == [old["key_id"]]
