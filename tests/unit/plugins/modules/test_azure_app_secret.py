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
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

MODULE = "azure_app_secret"
GATEWAY: Json = {"unique_name": "gateway", "description": "mail gateway"}
SCHEDULE: Json = {"lifetime_days": 90, "renew_before_days": 30}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


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


def test_creates_one_secret_and_returns_the_value_that_the_token_endpoint_accepts(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    result = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert result["changed"]
    (credential,) = gateway.secrets
    assert (credential["keyId"], credential["displayName"]) == (result["key_id"], "mail gateway")
    assert tenant.writes == [f"POST /applications/{result['application_object_id']}/addPassword"]
    assert gateway.accepts(result["client_secret"])
    assert not gateway.accepts(result["client_secret"] + "x")
    assert result["hint"] == credential["hint"] == result["client_secret"][:3]
    assert result["end"] == credential["endDateTime"]
    assert result["days_left"] == 90
    assert result["secret_count"] == 1


def test_another_description_is_another_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, unique_name="gateway", description="other gateway")
    assert second["changed"]
    assert second["secret_count"] == 2
    assert gateway.accepts(first["client_secret"])
    assert gateway.accepts(second["client_secret"])


def test_removes_one_secret_by_its_description(gateway: TenantApplication, tenant: Tenant) -> None:
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    predicted = tenant.ok(MODULE, check=True, **GATEWAY, state="absent")
    assert predicted["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gone["changed"]
    assert gone["diff"]["after"] == {}
    assert gateway.secret_ids == [kept["key_id"]]
    assert [(e.path.rsplit("/", 1)[-1], e.body) for e in tenant.write_entries] == [
        ("removePassword", {"keyId": made["key_id"]})
    ]
    assert not gateway.accepts(made["client_secret"])
    tenant.forget_requests()
    again = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert not again["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2


# Renewal


def test_renews_only_when_fewer_days_are_left_than_asked_for(
    gateway: TenantApplication, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_now(monkeypatch)
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
def test_the_threshold_is_exact(
    gateway: TenantApplication, tenant: Tenant, spare: dict[str, int], renews: bool
) -> None:
    tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(**spare)
    assert tenant.ok(MODULE, check=True, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert len(gateway.secrets) == 1 + renews


def test_a_renewal_keeps_the_old_secret_working(gateway: TenantApplication, tenant: Tenant) -> None:
    old = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(days=3)
    tenant.forget_requests()
    new = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert [w.rsplit("/", 1)[-1] for w in tenant.writes] == ["addPassword"]
    assert new["secret_count"] == 2
    assert new["days_left"] == 90
    assert gateway.accepts(old["client_secret"])
    assert gateway.accepts(new["client_secret"])
    assert not tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"]


def test_an_expired_secret_counts_for_nothing_even_without_a_margin(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY, renew_before_days=0)
    assert not tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]
    gateway.expire(minutes=-1)
    assert tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]


def test_a_secret_without_a_description_is_nobody_s(gateway: TenantApplication, tenant: Tenant) -> None:
    """The portal's and other tools' secrets stay, and do not count."""
    tenant.ok(MODULE, **GATEWAY)
    gateway.secrets[0]["displayName"] = None
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert len(gateway.secrets) == 2


# What the caller holds


def test_who_holds_nothing_gets_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    lost = tenant.ok(MODULE, **GATEWAY)
    result = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert result["changed"]
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(lost["client_secret"]), "somebody else may use the one that is there"


def test_a_key_id_that_the_tenant_does_not_have_leads_to_a_new_secret(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    tenant.ok(MODULE, **GATEWAY)
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=UNKNOWN)["changed"]


def test_the_key_id_of_a_secret_with_another_description_does_not_count(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    other = tenant.ok(MODULE, unique_name="gateway", description="other")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=other["key_id"])["changed"]


def test_a_stored_value_with_another_hint_leads_to_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=wrong)["changed"]


def test_what_is_held_and_fits_is_kept(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, stored_key_id="")  # a longer lasting one of the same description
    tenant.forget_requests()
    for stored_as in (made["key_id"], made["key_id"].upper()):
        result = as_task(tenant, **GATEWAY, stored_key_id=stored_as, stored_hint=made["hint"])
        assert not result["changed"]
        assert result["key_id"] == made["key_id"], "the one that is held, not another that fits as well"
    assert tenant.writes == []


def test_a_secret_whose_hint_the_tenant_does_not_tell_is_judged_by_its_key_id(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    gateway.secrets[0]["hint"] = None
    assert not as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_hint_counts_without_a_key_id_too(gateway: TenantApplication, tenant: Tenant) -> None:
    """The documentation: "A secret with another hint does not count"."""
    made = tenant.ok(MODULE, **GATEWAY)
    assert not as_task(tenant, **GATEWAY, stored_hint=made["hint"])["changed"]
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_hint=wrong)["changed"]


def test_held_secrets_are_renewed_too(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(days=3)
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
def test_an_end_date_may_be_a_day_or_a_point_in_time(
    gateway: TenantApplication, tenant: Tenant, end_date: str, end: str
) -> None:
    result = tenant.ok(MODULE, **GATEWAY, end_date=end_date)
    assert result["end"] == end
    assert gateway.secrets[0]["endDateTime"] == end


def test_an_unquoted_point_in_time_of_a_playbook_is_one(gateway: TenantApplication, tenant: Tenant) -> None:
    """YAML makes a datetime of it, and Ansible's string of that has a blank instead of the T."""
    moment = datetime.datetime(2199, 6, 30, 12, tzinfo=datetime.timezone.utc)
    assert tenant.ok(MODULE, **GATEWAY, end_date=str(moment))["end"] == "2199-06-30T12:00:00Z"


def test_the_last_possible_day_is_possible(gateway: TenantApplication, tenant: Tenant) -> None:
    assert tenant.ok(MODULE, **GATEWAY, end_date="9999-12-31")["changed"]


def test_an_end_date_too_near_is_refused_with_the_option_that_was_set(tenant: Tenant) -> None:
    soon = (utc_now() + datetime.timedelta(days=5)).strftime("%Y-%m-%d")
    result = tenant.fails(MODULE, **GATEWAY, end_date=soon)
    assert "end_date" in result["msg"]
    assert tenant.server.requests() == []


def test_the_first_and_the_last_lifetime_are_allowed(gateway: TenantApplication, tenant: Tenant) -> None:
    assert tenant.ok(MODULE, unique_name="gateway", description="a", lifetime_days=1, renew_before_days=0)["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", description="b", lifetime_days=3650)["changed"]


# Policies and rights


def test_a_lifetime_beyond_the_tenant_s_policy_is_explained_and_nothing_is_made(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    result = tenant.fails(MODULE, **GATEWAY, lifetime_days=180)
    assert result["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "smaller lifetime_days" in result["error"]["next_step"]
    assert gateway.secrets == []
    assert len(tenant.writes) == 1, "a refusal for good is not tried again"
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=89)["changed"]


def test_a_lifetime_of_exactly_the_policy_s_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=90)["changed"]


def test_a_policy_against_secrets_is_explained(gateway: TenantApplication, tenant: Tenant) -> None:
    forbid(tenant, restrictionType="passwordAddition")
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"
    assert "use another kind (a certificate instead of a client secret" in result["error"]["next_step"]
    assert gateway.secrets == []


# Removal


def test_removes_by_key_id_and_nothing_else(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    result = tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"].upper(), state="absent")
    assert result["changed"]
    assert result["secret_count"] == 1
    assert gateway.secret_ids == [second["key_id"]]
    tenant.forget_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")["changed"]
    assert tenant.writes == []


def test_a_description_of_several_secrets_is_no_order_to_remove_any(gateway: TenantApplication, tenant: Tenant) -> None:
    ids = {tenant.ok(MODULE, **GATEWAY, stored_key_id="")["key_id"] for _number in range(2)}
    tenant.forget_requests()
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert set(result["error"]["key_ids"]) == ids
    assert "key_id" in result["error"]["next_step"]
    assert tenant.writes == []
    assert len(gateway.secrets) == 2


def test_an_unknown_key_id_is_absent_already(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=UNKNOWN, state="absent")["changed"]
    assert tenant.writes == []
    assert len(gateway.secrets) == 1


def test_a_secret_of_an_application_that_is_gone_is_absent_already(tenant: Tenant) -> None:
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert not tenant.ok(MODULE, object_id=UNKNOWN, key_id=UNKNOWN, state="absent")["changed"]


def test_a_secret_that_another_run_removed_meanwhile_is_removed(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    message = f"No password credential found with keyId {made['key_id']}."
    body = {"error": {"code": "Request_BadRequest", "message": message}}
    gateway.fails_to("remove a secret", status=400, body=body, processed=True)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert gateway.secrets == []


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
def test_a_lost_answer_ends_with_one_new_secret_whose_value_is_known(
    gateway: TenantApplication, tenant: Tenant, fault: Json
) -> None:
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    gateway.fails_to("create a secret", **fault)
    result = tenant.run(MODULE, **GATEWAY)
    if result.get("failed"):
        assert "Run once more" in result["msg"]  # an answer that tells no value: nothing is left behind
        assert gateway.secret_ids == [kept["key_id"]]
        result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([kept["key_id"], result["key_id"]])
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(kept["client_secret"])


def test_two_lost_answers_in_a_row_leave_one_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_after=True, times=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.secret_ids == [result["key_id"]]
    assert gateway.accepts(result["client_secret"])


def test_answers_that_are_always_lost_end_in_a_failure_with_nothing_left_behind(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.fails_to("create a secret", close_after=True, times=99)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["kind"] == "transport"
    assert gateway.secrets == []


def test_an_orphan_that_cannot_be_removed_is_reported_without_losing_the_new_value(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    """Nobody would look for it otherwise."""
    gateway.fails_to("create a secret", close_after=True)
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    gateway.fails_to("remove a secret", status=403, body=denied, times=99)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.accepts(result["client_secret"])
    orphan = next(c for c in gateway.secrets if c["keyId"] != result["key_id"])
    assert orphan["startDateTime"] in result["warnings"][0]
    assert "value nobody knows" in result["warnings"][0]


def test_a_secret_of_the_same_description_made_by_another_run_is_not_taken_for_the_orphan(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    other = tenant.ok(MODULE, **GATEWAY)
    # This run sees nothing at first, as if the other one came in between.
    gateway.stale(passwordCredentials=[])
    gateway.fails_to("create a secret", close_after=True)
    result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([other["key_id"], result["key_id"]])


def test_what_the_concurrent_writer_made_is_enough(gateway: TenantApplication, tenant: Tenant) -> None:
    """It was a run of the same playbook: after the fresh read there is nothing left to do but to say so."""
    other = tenant.ok(MODULE, **GATEWAY)
    gateway.stale(passwordCredentials=[])
    gateway.fails_to("create a secret", status=409)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["key_id"] == other["key_id"]
    assert result["client_secret"] is None
    assert len(gateway.secrets) == 1


# Secrecy


def test_an_answer_with_a_value_in_a_failure_does_not_tell_it(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to(
        "create a secret", status=400, body={"secretText": "s3cr3t", "error": {"code": "Odd", "message": "odd"}}
    )
    assert "s3cr3t" not in json.dumps(tenant.fails(MODULE, **GATEWAY))


def test_the_diff_of_a_renewal_shows_what_ran_out(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", description="s", lifetime_days=20, renew_before_days=1)
    diff = tenant.ok(MODULE, check=True, unique_name="gateway", description="s")["diff"]
    assert (diff["before"]["valid"], diff["after"]["valid"]) == (False, True)
    assert diff["before"]["days_left"] < diff["after"]["days_left"] == 180


def test_a_value_that_is_not_held_leads_to_a_new_secret_with_the_same_end(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    options: Json = {"unique_name": "gateway", "description": "s", "end_date": "2199-01-01"}
    first = tenant.ok(MODULE, **options)
    second = tenant.ok(MODULE, **options, stored_key_id="")
    assert second["changed"]
    assert second["client_secret"]
    assert second["key_id"] != first["key_id"]


def test_a_lost_answer_that_cannot_be_looked_into_says_which_secret_may_be_left(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.fails_to("create a secret", close_after=True, times=99)
    tenant.server.faults.add(method="GET", path="applications/", status=403, times=99)
    result = tenant.fails(MODULE, unique_name="gateway", description="s")
    assert "was lost" in result["msg"]
    assert "remove the secret that started at" in result["error"]["next_step"]
    assert {credential["startDateTime"] for credential in gateway.secrets} == {result["error"]["lost_start"]}


# What an earlier run began


START = "2026-11-23T07:00:00.123456Z"


def test_the_secret_of_an_interrupted_run_is_found_by_its_start_and_removed(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    other = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    assert orphan["start"] == START
    predicted = as_task(tenant, check=True, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert predicted["changed"]
    assert predicted["removed_key_ids"] == [orphan["key_id"]]
    assert len(gateway.secrets) == 2
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert result["confirmed_starts"] == [START]
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([other["key_id"], result["key_id"]])
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(other["client_secret"])


def test_what_is_lost_goes_also_where_no_new_secret_is_needed(gateway: TenantApplication, tenant: Tenant) -> None:
    kept = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert result["changed"]
    assert result["client_secret"] is None
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert gateway.secret_ids == [kept["key_id"]]
    assert not as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])["changed"]


def test_the_held_secret_is_not_lost_whatever_its_start(gateway: TenantApplication, tenant: Tenant) -> None:
    """The run was interrupted after it had stored the value."""
    kept = as_task(tenant, **GATEWAY, start=START)
    tenant.forget_requests()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert not result["changed"]
    assert result["confirmed_starts"] == [START]
    assert tenant.writes == []


def test_a_start_of_which_nothing_is_seen_yet_stays_unsettled(gateway: TenantApplication, tenant: Tenant) -> None:
    """A read may lag behind; only a read that shows something newer, or a long time, proves that nothing is left."""
    kept = tenant.ok(MODULE, **GATEWAY)
    young = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[young, START])
    assert result["confirmed_starts"] == [START]
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[young])
    assert result["confirmed_starts"] == [young]


def test_all_tries_with_a_lost_answer_bear_the_start_that_was_asked_for(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.fails_to("create a secret", close_after=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert gateway.secret_ids == [result["key_id"]]
    assert len(result["removed_key_ids"]) == 1
    assert result["confirmed_starts"] == [START]


def test_a_request_without_an_answer_may_still_be_processed_after_all_others(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.fails_to("create a secret", close_before=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert result["confirmed_starts"] == [], "only what was found and removed is settled"
    assert "warnings" not in result
    gateway.fails_to("create a secret", close_before=True)
    alone = tenant.ok(MODULE, unique_name="gateway", description="alone")
    assert alone["start"] in alone["warnings"][0], "nobody else remembers it"


def test_a_lost_secret_that_the_next_read_does_not_show_yet_is_removed_all_the_same(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    """The read after the lost answer lags behind; the one that shows the new secret does not."""
    gateway.fails_to("create a secret", close_after=True)
    gateway.stale(passwordCredentials=[], reads=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.secret_ids == [result["key_id"]]


def test_a_held_secret_that_is_too_young_to_be_seen_is_waited_for(gateway: TenantApplication, tenant: Tenant) -> None:
    """Another run made it seconds ago. Whoever believed the stale answer would make a second one."""
    kept = tenant.ok(MODULE, **GATEWAY)
    gateway.stale(passwordCredentials=[], reads=3)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert not result["changed"]
    assert result["key_id"] == kept["key_id"]


def test_the_wait_for_a_young_secret_that_somebody_removed_ends(
    gateway: TenantApplication, tenant: Tenant, virtual_time: VirtualTime
) -> None:
    kept = tenant.ok(MODULE, **GATEWAY)
    gateway.secrets.clear()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert result["client_secret"]
    assert sum(virtual_time.waited) < VISIBLE_AFTER + 1.25 * LONGEST_PAUSE
    old = {"stored_key_id": result["key_id"], "stored_start": START}
    gateway.secrets.clear()
    virtual_time.waited.clear()
    assert as_task(tenant, **GATEWAY, **old)["client_secret"]
    assert virtual_time.waited == []


def test_parallel_hosts_of_one_run_share_the_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    first = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert (second["key_id"], second["client_secret"]) == (first["key_id"], first["client_secret"])
    assert gateway.secret_ids == [first["key_id"]]
    tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")
    third = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert third["key_id"] != first["key_id"]


def test_a_removal_right_after_the_creation_is_tried_until_it_is_done(tenant: Tenant) -> None:
    """ "No such key id" may mean "not there yet" then, and the secret would stay."""
    tenant.memory = SharedMemory()
    gateway = TenantApplication.registered(tenant)
    made = tenant.ok(MODULE, **GATEWAY)
    body = {"error": {"code": "Request_BadRequest", "message": f"No password credential found with keyId {UNKNOWN}."}}
    gateway.fails_to("remove a secret", status=400, body=body, times=2)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert gateway.secrets == []


def test_other_secrets_of_the_description_are_named(gateway: TenantApplication, tenant: Tenant) -> None:
    old = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, unique_name="gateway", description="foreign")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id="")["other_key_ids"] == [old["key_id"]]
