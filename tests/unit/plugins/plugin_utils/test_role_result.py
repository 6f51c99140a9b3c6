# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of the role, from the results of its tasks."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.filter import gateway_app_mailboxes_result, gateway_app_result
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import (
    IDENTITY,
    OF_REGISTRATION,
    artifacts,
    consent_result,
    retire_result,
)

Json = dict[str, t.Any]
SKIPPED: Json = {"changed": False, "skipped": True}
role_result = gateway_app_result.FilterModule().filters()["gateway_app_result"]
mailboxes_result = gateway_app_mailboxes_result.FilterModule().filters()["gateway_app_mailboxes_result"]


def _registration(**changes: t.Any) -> Json:
    return {**{name: f"the {name}" for name in OF_REGISTRATION}, "live_credentials": [], "changed": False, **changes}


def _profile(**changes: t.Any) -> Json:
    given = {"profile": "outbound_smtp", "application_permissions": ["Mail.ReadWrite"], "notes": []}
    return {**given, "after_new_secret": "", "expected_roles": ["Mail.ReadWrite"], **changes}


def _credential(**changes: t.Any) -> Json:
    credential: Json = {
        "changed": False,
        "key_id": "k1",
        "end": "2027-05-22T00:00:00Z",
        "days_left": 170,
        "previous_key_ids": [],
        "removed_key_ids": [],
        "handed_over": True,
        "pending_hosts": [],
        "stores": [{"type": "ansible_vault", "path": "/srv/a.vault.yml", "variable": "gateway_app_credential"}],
        "notes": ["about the store"],
    }
    return {**credential, **changes}


def _token(**changes: t.Any) -> Json:
    scope, audience = "https://graph.microsoft.com/.default", "https://graph.microsoft.com"
    return {"changed": False, "roles": ["Mail.ReadWrite"], "scope": scope, "audience": audience, **changes}


GIVEN: Json = {
    "profile": _profile(),
    "written": [_registration()],
    "credentials": [_credential(), SKIPPED],
    "token": _token(),
    "consent": "grant",
    "credential_type": "client_secret",
}


def _result(**changes: t.Any) -> Json:
    result: Json = role_result(_registration(), **{**GIVEN, **changes})
    return result


def test_a_steady_run_has_an_unchanged_result() -> None:
    result = _result()
    assert (result["changed"], result["proven"], result["missing_roles"]) == (False, True, [])
    assert (result["key_id"], result["secret_days_left"]) == ("k1", 170)
    assert result["notes"] == ["about the store"]


@pytest.mark.parametrize("assigned_at", [None, "2026-11-24T09:30:00Z"])
def test_the_time_of_a_role_assignment_is_in_the_result(assigned_at: str | None) -> None:
    limited = [_registration(), {"changed": False}, {"changed": True, "assigned_at": assigned_at}]
    assert _result(written=limited)["mailboxes_assigned_at"] == assigned_at


@pytest.mark.parametrize(
    "changes",
    [
        {"written": [_registration(changed=True)]},
        {"credentials": [_credential(changed=True), SKIPPED]},
        {"credentials": [_credential(), _credential(changed=True)]},
    ],
    ids=["registration", "credential", "hand-over"],
)
def test_a_change_of_any_task_is_a_change(changes: Json) -> None:
    assert _result(**changes)["changed"] is True


def test_the_credential_is_the_result_of_the_last_task() -> None:
    before = _credential(previous_key_ids=["k0"], handed_over=False, path="/srv/key.pem")
    result = _result(credentials=[before, _credential(previous_key_ids=[])])
    assert (result["previous_key_ids"], result["handed_over"]) == ([], True)
    assert result["certificate_path"] == "/srv/key.pem", "the path is in the result of the certificate task"


@pytest.mark.parametrize(
    ("served", "handed_over"), [(["one", "two"], True), (["one"], False), ([], False)], ids=["all", "one", "none"]
)
def test_hosts_that_the_run_has_served_meanwhile_do_not_count_as_pending(served: list[str], handed_over: bool) -> None:
    recorded = _credential(handed_over=False, pending_hosts=["two"])
    result = _result(credentials=[_credential(handed_over=False), recorded], served_hosts=served)
    assert result["handed_over"] is handed_over


def test_a_credential_that_is_not_handed_over_yet_is_pending() -> None:
    result = _result(credentials=[_credential(handed_over=False, hand_over=True, pending_hosts=["one"])])
    assert result["handed_over"] is False


def test_a_removal_is_no_new_credential() -> None:
    pruned = _credential(changed=True, removed_key_ids=["k0"])
    result = _result(credentials=[_credential(), pruned])
    assert (result["credential_changed"], result["credential_stored"], result["removed_key_ids"]) == (
        True,
        False,
        ["k0"],
    )
    result = _result(credentials=[_credential(changed=True, removed_key_ids=["lost"]), pruned])
    assert (result["credential_stored"], result["removed_key_ids"]) == (True, ["lost", "k0"])


@pytest.mark.parametrize(
    ("token", "missing", "reason"),
    [
        (_token(), [], None),
        (_token(roles=[]), ["Mail.ReadWrite"], "the token lacks Mail.ReadWrite"),
        (_token(roles=[], audience=None), ["Mail.ReadWrite"], "no token could be requested with the stored credential"),
        (SKIPPED, ["Mail.ReadWrite"], "gateway_app_verify_token is false"),
    ],
    ids=["proven", "without the role", "without a token", "not requested"],
)
def test_proven_depends_on_the_token(token: Json, missing: list[str], reason: str | None) -> None:
    result = _result(token=token)
    assert (result["missing_roles"], result["proven"]) == (missing, reason is None)
    assert result["unproven_reason"] == reason


def test_proven_is_false_without_a_token() -> None:
    result = _result(profile=_profile(expected_roles=[]), token=_token(roles=[], audience=None))
    assert (result["missing_roles"], result["proven"]) == ([], False)


def test_a_predicted_credential_is_not_proven() -> None:
    token = _token(roles=[], audience=None, notes=["nothing is stored"])
    result = _result(credentials=[_credential(changed=True, key_id=None), SKIPPED], token=token)
    assert (result["proven"], result["unproven_reason"]) == (False, "the new credential does not exist yet")
    assert result["notes"] == ["about the store"], "the reason is not repeated"
    assert _result(token=token)["notes"] == ["about the store", "nothing is stored"]


def test_a_failed_task_gives_no_result() -> None:
    with pytest.raises(KeyError):
        _result(credentials=[{"changed": False, "failed": True, "msg": "no"}, SKIPPED])


def test_the_notes_of_the_application_are_not_notes_of_the_run() -> None:
    registered = _registration(notes="Registered by us")
    result = role_result(registered, **{**GIVEN, "written": [registered]})
    assert result["notes"] == ["about the store"]


def _live(key_id: str, kind: str = "client_secret", description: str | None = "in the portal") -> Json:
    return {"type": kind, "key_id": key_id, "description": description, "end": "2027-03-01T00:00:00Z", "days_left": 98}


def test_unstored_credentials_are_listed_with_the_commands_that_remove_them() -> None:
    ours = [_live("K1"), _live("k0"), _live("k9")]
    others = [_live("portal"), _live("old", "certificate", None)]
    registered = _registration(client_id="app", live_credentials=[*ours, *others])
    done = [_credential(previous_key_ids=["k0"]), _credential(removed_key_ids=["K9"])]
    result = role_result(registered, **{**GIVEN, "credentials": done})
    prefix = "ansible localhost -m email_gateway.azure_apps."
    assert result["other_credentials"] == [
        {**others[0], "remove_command": f"{prefix}azure_app_secret -a 'state=absent client_id=app key_id=portal'"},
        {**others[1], "remove_command": f"{prefix}azure_app_certificate -a 'state=absent client_id=app key_id=old'"},
    ]


def test_the_result_of_consent_has_its_members() -> None:
    granted: Json = {"changed": True, "granted": [{"name": "Mail.Send"}], "stale": [], "consent_url": "https://page"}
    result = consent_result(_registration(), profile=_profile(), granted=granted)
    assert result == {
        "profile": "outbound_smtp",
        **{name: f"the {name}" for name in IDENTITY},
        **granted,
    }


REMOVED: Json = {"changed": False, "stores": [{"type": "sops", "path": "/srv/a.sops.yml"}]}
RETIRED: Json = {
    "display_name": "Gateway",
    "purge": False,
    "withdrawn": SKIPPED,
    "removed": REMOVED,
    "deleted": {"changed": False},
}


def test_the_result_of_retire_has_its_members() -> None:
    result = retire_result(_registration(client_id=None, display_name=None), **RETIRED)
    assert result == {
        "display_name": "Gateway",
        "tenant_id": "the tenant_id",
        "client_id": None,
        "retired": True,
        "purged": False,
        "stores": REMOVED["stores"],
        "changed": False,
    }
    assert retire_result(_registration(), **{**RETIRED, "purge": "yes"})["purged"] is True, "as -e passes it"


@pytest.mark.parametrize("task", ["withdrawn", "removed", "deleted"])
def test_a_change_by_retire_is_a_change(task: str) -> None:
    assert retire_result(_registration(), **{**RETIRED, task: {**REMOVED, "changed": True}})["changed"] is True


def test_a_failed_retire_or_consent_gives_no_result() -> None:
    failed = {"changed": False, "failed": True, "msg": "no"}
    with pytest.raises(KeyError):
        retire_result(_registration(), **{**RETIRED, "removed": failed})
    with pytest.raises(KeyError):
        consent_result(_registration(), profile=_profile(), granted=failed)


def test_the_result_of_mailboxes_has_the_roles_and_scopes() -> None:
    profile = {"profile": "outbound_smtp", "mailbox_method": "graph"}
    lists = {"assignments": ["a"], "other_assignments": ["b"], "granted_for_all_mailboxes": ["c"]}
    assigned = {"changed": True, "assigned_at": "2026-11-24T09:00:00Z", **lists}
    result = mailboxes_result(_registration(), profile=profile, assigned=assigned)
    assert result.items() >= {**profile, **lists, "changed": True}.items()
    assert result["mailboxes_assigned_at"] == assigned["assigned_at"]
    assert result["client_id"] == "the client_id"
    skipped = mailboxes_result(_registration(), profile=profile, assigned=SKIPPED)
    assert skipped.items() >= {**{name: [] for name in lists}, "changed": False}.items()
    assert skipped["mailboxes_assigned_at"] is None
    with pytest.raises(KeyError):
        mailboxes_result(_registration(), profile=profile, assigned={"changed": False, "failed": True})


def _finished(**changes: t.Any) -> Json:
    ids = {name: name for name in ("tenant_id", "application_object_id", "service_principal_object_id")}
    return {"client_id": "b2466de6-5867", "unique_name": "gateway", **ids, **changes}


def test_later_jobs_get_the_ids_of_the_application() -> None:
    assert artifacts(_finished()) == {
        "gateway_app_expected_application_b2466de6_5867": {
            "gateway": {
                "tenant_id": "tenant_id",
                "client_id": "b2466de6-5867",
                "object_id": "application_object_id",
                "service_principal_object_id": "service_principal_object_id",
            }
        }
    }


def test_later_jobs_know_an_application_without_unique_name_by_its_client_id() -> None:
    found = artifacts(_finished(unique_name=None))
    assert list(found["gateway_app_expected_application_b2466de6_5867"]) == ["b2466de6-5867"]


def test_later_jobs_get_the_time_at_which_roles_of_exchange_were_assigned() -> None:
    found = artifacts(_finished(mailboxes_assigned_at="2026-11-29T07:00:00Z"))
    assert found["gateway_app_mailboxes_assigned_at_b2466de6_5867"] == {"b2466de6-5867": "2026-11-29T07:00:00Z"}
    assert len(found) == 2


def test_later_jobs_get_nothing_about_an_application_that_does_not_exist_yet() -> None:
    assert artifacts({"client_id": None, "changed": True}) == {}
