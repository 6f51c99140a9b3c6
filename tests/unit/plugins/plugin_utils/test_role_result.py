# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role sets as its result, from the results of its tasks."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role_result import (
    OF_REGISTRATION,
    role_result,
    role_summary,
)

Json = dict[str, t.Any]
SKIPPED: Json = {"changed": False, "skipped": True}


def _registration(**changes: t.Any) -> Json:
    return {**{name: f"the {name}" for name in OF_REGISTRATION}, "changed": False, **changes}


def _profile(**changes: t.Any) -> Json:
    given = {"profile": "outbound_smtp", "application_permissions": ["Mail.ReadWrite"], "notes": []}
    return {**given, "expected_roles": ["Mail.ReadWrite"], **changes}


def _credential(**changes: t.Any) -> Json:
    credential: Json = {
        "changed": False,
        "key_id": "k1",
        "end": "2027-05-22T00:00:00Z",
        "days_left": 170,
        "previous_key_ids": [],
        "handed_over": True,
        "stores": [{"type": "ansible_vault", "path": "/srv/a.vault.yml", "variable": "gateway_app_credential"}],
        "notes": ["about the store"],
    }
    return {**credential, **changes}


def _token(**changes: t.Any) -> Json:
    return {"changed": False, "roles": ["Mail.ReadWrite"], "scope": "https://graph.microsoft.com/.default", **changes}


def _result(**changes: t.Any) -> Json:
    given: Json = {
        "profile": _profile(),
        "written": [_registration()],
        "credentials": [_credential(), SKIPPED],
        "token": _token(),
        "consent": "grant",
        "credential_type": "client_secret",
    }
    return role_result(_registration(), **{**given, **changes})


def test_a_steady_run() -> None:
    result = _result()
    assert (result["changed"], result["proven"], result["missing_roles"]) == (False, True, [])
    assert (result["key_id"], result["secret_days_left"]) == ("k1", 170)
    assert result["notes"] == ["about the store"]


@pytest.mark.parametrize(
    "changes",
    [
        {"written": [_registration(changed=True)]},
        {"credentials": [_credential(changed=True), SKIPPED]},
        {"credentials": [_credential(), _credential(changed=True)]},
    ],
    ids=["registration", "credential", "hand-over"],
)
def test_whatever_changed_counts(changes: Json) -> None:
    assert _result(**changes)["changed"] is True


def test_the_last_task_that_ran_has_the_last_word_on_the_credential() -> None:
    before = _credential(previous_key_ids=["k0"], handed_over=False, path="/srv/key.pem")
    result = _result(credentials=[before, _credential(previous_key_ids=[])])
    assert (result["previous_key_ids"], result["handed_over"]) == ([], True)
    assert result["certificate_path"] == "/srv/key.pem", "the task that keeps a certificate knows its file"


@pytest.mark.parametrize(
    ("token", "proven", "missing"),
    [
        (_token(), True, []),
        (_token(roles=[]), False, ["Mail.ReadWrite"]),
        (_token(roles=[], scope=None), False, ["Mail.ReadWrite"]),
        (SKIPPED, False, ["Mail.ReadWrite"]),
    ],
    ids=["proven", "without the role", "nothing to prove with", "not asked for"],
)
def test_what_is_proven(token: Json, proven: bool, missing: list[str]) -> None:
    result = _result(token=token)
    assert (result["proven"], result["missing_roles"]) == (proven, missing)


def test_a_task_that_failed_gives_no_result() -> None:
    with pytest.raises(KeyError):
        _result(credentials=[{"changed": False, "failed": True, "msg": "no"}, SKIPPED])


def test_the_summary_is_for_a_person() -> None:
    assert role_summary(_result()) == [
        "the display_name: nothing to change",
        "application: client id the client_id, tenant id the tenant_id",
        "permissions: Mail.ReadWrite (proven by a token)",
        "credential: client secret k1, expires 2027-05-22 (170 days left), in /srv/a.vault.yml",
        "about the store",
    ]
    changed = _result(credentials=[_credential(changed=True, key_id=None), SKIPPED], token=_token(roles=[]))
    assert role_summary(changed)[2:4] == [
        "permissions: Mail.ReadWrite (the token lacks Mail.ReadWrite)",
        "credential: a new client secret",
    ]
