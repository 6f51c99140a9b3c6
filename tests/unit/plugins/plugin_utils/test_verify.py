# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the proofs come to, from what the tasks of the role may have seen."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _verify as verify
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

CLIENT = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
KEY = "33333333-3333-3333-3333-333333333333"
PRINCIPAL = "44444444-4444-4444-4444-444444444444"
MINE, OTHER = "gateway@example.com", "director@example.com"


def seen(resource: str = "exchange_online", **more: t.Any) -> Json:
    """A run in which all that was asked for succeeded."""
    return {
        "failure": "",
        "profile": "own_smtp",
        "display_name": "Gateway",
        "registration": {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "service_principal_object_id": PRINCIPAL,
            "consent_url": "https://login.example/consent",
        },
        "stores": ["/srv/gateway.vault.yml"],
        "held": {
            "found": True,
            "client_id": CLIENT,
            "tenant_id": TENANT,
            "key_id": KEY,
            "expires": "2027-05-23T08:00:00Z",
            "has_value": True,
            "kind": "client_secret",
        },
        "token_resource": resource,
        "mailbox": MINE,
        "forbidden_mailbox": OTHER,
        "smtp": False,
        "smtp_host": "smtp.example",
        "smtp_port": 587,
        "token": {"proven": True, "roles": ["R"], "missing_roles": [], "unexpected_roles": []},
        "access": {"mailboxes": [view(MINE, "allowed"), view(OTHER, "denied")]},
        "smtp_answer": answer(MINE, 235, "2.7.0", authenticated=True),
        "forbidden_smtp": answer(OTHER, 535, "5.7.3"),
        **more,
    }


def view(mailbox: str, expected: str, *, ok: bool = True) -> Json:
    told: Json = {"status": 200, "reachable": True, "code": None, "reason": "It does.", "next_step": ""}
    told["exchange_commands"] = []
    return {"mailbox": mailbox, "expected": expected, "as_expected": ok, **told}


def answer(mailbox: str, code: int | None, enhanced: str | None, *, authenticated: bool = False) -> Json:
    return {
        "mailbox": mailbox,
        "authenticated": authenticated,
        "smtp_code": code,
        "enhanced_code": enhanced,
        "reason": "So it is.",
        "next_step": "Do that.",
        "exchange_commands": [],
        "client_id": CLIENT,
        "service_principal_object_id": PRINCIPAL,
        "roles": ["SMTP.SendAsApp"],
    }


def states(made: Json) -> dict[str, str]:
    return {check["name"]: "ok" if check["ok"] else "no" if check["tried"] else "-" for check in verify.checks(made)}


def of(made: Json, name: str) -> Json:
    (found,) = [check for check in verify.checks(made) if check["name"] == name]
    return found


def lines(made: Json) -> list[str]:
    checks, not_asked = verify.checks(made), verify.not_asked(made)
    return verify.summary({"display_name": "Gateway", "profile": "p", "checks": checks, "not_asked": not_asked})


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (seen(), "token smtp forbidden_mailbox"),
        (seen("microsoft_graph"), "token mailbox forbidden_mailbox"),
        (seen("microsoft_graph", smtp=True), "token mailbox smtp forbidden_mailbox"),
        (seen("microsoft_graph", forbidden_mailbox=""), "token mailbox"),
        (seen(mailbox=""), "token forbidden_mailbox"),
        (seen(mailbox="", forbidden_mailbox=""), "token"),
    ],
)
def test_what_is_asked_for_is_there_whatever_happens(made: Json, names: str) -> None:
    wanted = ["application", "credential", *names.split()]
    assert states(made) == dict.fromkeys(wanted, "ok")
    for broken in (
        {"registration": {"service_principal_object_id": None}},
        {"held": {**made["held"], "found": False}},
        {"held": {**made["held"], "has_value": False}},
        {"held": {**made["held"], "client_id": TENANT}},
        {"token": {"msg": "No. Do that.", "error": {"next_step": "Do that."}}},
    ):
        found = verify.checks({**made, **broken})
        assert [check["name"] for check in found] == wanted
        assert len({frozenset(check) for check in found}) == 1
        (failed,) = [check for check in found if not check["ok"] and check["tried"]]
        assert failed["reason"] and failed["next_step"]
        later = found[found.index(failed) + 1 :]
        assert later == [check for check in found if not check["tried"]]
        assert all(not check["ok"] and check["reason"].startswith("Not tried, since") for check in later)
    asked = {other["name"] for other in verify.not_asked(made)}
    assert asked == {"mailbox", "smtp", "forbidden_mailbox"} - set(names.split()) - (
        {"mailbox"} if made["token_resource"] == "exchange_online" else set()
    )


@pytest.mark.parametrize(
    ("kind", "has_value", "words"),
    [
        ("certificate", True, f"The store knows the certificate {KEY}, which expires on 2027-05-23."),
        ("federated", False, "assertion_file, in gateway_app_federated_credential"),
    ],
)
def test_every_kind_of_credential_is_called_by_its_name(kind: str, has_value: bool, words: str) -> None:
    made = seen()
    text = "\n".join(lines({**made, "held": {**made["held"], "kind": kind, "has_value": has_value}}))
    assert " ".join(words.split()) in " ".join(text.split())


def test_a_preparation_that_failed_is_told() -> None:
    broken = seen(failure="The vault password is wrong.", token_resource="", registration={}, stores=[])
    assert states(broken) == {"preparation": "no", "application": "-", "credential": "-", "token": "-",
                              "forbidden_mailbox": "-"}  # fmt: skip
    assert "The vault password is wrong." in "\n".join(lines(broken))
    assert verify.not_asked(broken) == []


def test_a_failure_of_a_module_is_told_with_what_to_do() -> None:
    error = {"kind": "transport", "code": None, "next_step": "Check the host."}
    check = of(seen(smtp_answer={"msg": "Not reached. Check the host.", "error": error}), "smtp")
    assert (check["ok"], check["reason"], check["next_step"]) == (False, "Not reached.", "Check the host.")
    check = of(seen(smtp_answer={"msg": "Unexpected"}), "smtp")
    assert (check["ok"], check["reason"]) == (False, "Unexpected")
    check = of(seen(smtp_answer={}), "smtp")
    assert (check["ok"], bool(check["reason"]), bool(check["next_step"])) == (False, True, True)


def test_a_refusal_shows_a_fence_only_where_another_is_let_in() -> None:
    check = of(seen(smtp_answer=answer(MINE, 535, "5.7.3")), "forbidden_mailbox")
    assert not check["ok"]
    assert f"but so is {MINE}" in check["reason"]
    assert not of(seen(smtp_answer={"msg": "Not reached."}), "forbidden_mailbox")["ok"]
    check = of(seen(forbidden_smtp=answer(OTHER, 535, "5.7.139")), "forbidden_mailbox")
    assert (check["ok"], check["next_step"]) == (False, "Do that."), "SMTP may be off, which is no fence"


@pytest.mark.parametrize("way", ["mailbox permission", "role assignment"])
def test_a_forbidden_mailbox_that_is_open_comes_with_commands(way: str) -> None:
    found = answer(OTHER, 235, "2.7.0", authenticated=True)
    if way == "role assignment":
        found["roles"] = []
    check = of(seen(forbidden_smtp=found), "forbidden_mailbox")
    assert not check["ok"]
    assert check["exchange_commands"] == [
        f"Remove-MailboxPermission -Identity '{OTHER}' -User '{PRINCIPAL}' -AccessRights FullAccess"
        if way == "mailbox permission"
        else f"Test-ServicePrincipalAuthorization -Identity '{CLIENT}' -Resource '{OTHER}'"
    ]


def test_the_lines_are_short_and_commands_stand_alone() -> None:
    command = f"Add-MailboxPermission -Identity '{MINE}' -User '{PRINCIPAL}' -AccessRights FullAccess"
    refused = {**answer(MINE, 535, "5.7.3"), "reason": "long " * 60, "exchange_commands": [command]}
    told = lines(seen(smtp_answer=refused))
    assert told[0] == "Gateway (p): 2 of 5 checks not proven"
    assert f"  {command}" in told
    assert max(len(line) for line in told if command not in line) <= verify.WIDTH
    assert [line[:10].strip() for line in told[1:] if line[:10].strip()] == [
        "ok", "ok", "ok", "NOT PROVEN", "Add-Mail", "NOT PROVEN"
    ]  # fmt: skip
    assert lines(seen())[0] == "Gateway (p): all 5 checks proven"


def test_smtp_is_not_proposed_to_who_delivers_by_graph() -> None:
    for profile, proposed in (("outbound_smtp", ["smtp"]), ("outbound_microsoft365", [])):
        assert [other["name"] for other in verify.not_asked(seen("microsoft_graph", profile=profile))] == proposed


def test_text_from_elsewhere_cannot_play_with_the_terminal() -> None:
    told = "\n".join(lines(seen(stores=["\x1b[31mred\u202e"], failure="")))
    assert "\x1b" not in told and "\u202e" not in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mailbox": "nobody"}, "gateway_app_verify_mailbox is 'nobody', which is not the address"),
        ({"mailbox": " "}, "gateway_app_verify_mailbox is ' '"),
        ({"forbidden_mailbox": "a/../b@c"}, "gateway_app_verify_forbidden_mailbox is"),
        ({"mailbox": MINE, "forbidden_mailbox": MINE.upper()}, "are the same"),
        ({"smtp": True}, "gateway_app_verify_smtp is set, but gateway_app_verify_mailbox is not"),
        ({"smtp_host": "https://smtp.example"}, "gateway_app_verify_smtp_host is"),
        ({"smtp_host": ""}, "gateway_app_verify_smtp_host is"),
        ({"mailbox": [MINE]}, "gateway_app_verify_mailbox is"),
        ({"mailbox": None}, "gateway_app_verify_mailbox is 'None'"),
        ({"smtp_host": 7}, "gateway_app_verify_smtp_host is '7'"),
        ({"smtp_port": 0}, "gateway_app_verify_smtp_port is 0"),
        ({"smtp_port": "1e9"}, "gateway_app_verify_smtp_port is '1e9'"),
        ({"smtp_port": 10**30}, "gateway_app_verify_smtp_port is"),
        ({"smtp_port": 65536}, "gateway_app_verify_smtp_port is 65536"),
        ({}, ""),
        ({"mailbox": MINE, "forbidden_mailbox": OTHER, "smtp": True, "smtp_host": "192.0.2.1", "smtp_port": "25"}, ""),
    ],
)
def test_variables_that_cannot_be(given: Json, words: str) -> None:
    good = {"mailbox": "", "forbidden_mailbox": "", "smtp": False, "smtp_host": "smtp.example", "smtp_port": 587}
    found = verify.complaint({**good, **given})
    assert words in found
    assert bool(found) is bool(words)
