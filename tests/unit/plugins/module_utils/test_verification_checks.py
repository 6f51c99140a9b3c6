# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of a verification, from the results of its requests."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.checks import Check, all_checks, not_asked
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import Access
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import TokenContent
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import object_id
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.seen import (
    NO_ANSWER,
    Application,
    Asked,
    Failure,
    Seen,
    Stored,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import SmtpProof
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.summary import WIDTH, failure, summary
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

CLIENT = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
KEY = "33333333-3333-3333-3333-333333333333"
PRINCIPAL = "44444444-4444-4444-4444-444444444444"
MINE, OTHER = "gateway@example.com", "director@example.com"
RECORD = Record(
    client_id=CLIENT,
    tenant_id=TENANT,
    key_id=KEY,
    secret_expires="2027-05-23T08:00:00Z",
    client_secret="a secret",
)
STORED = Stored(stores=("/srv/gateway.vault.yml",), record=RECORD, is_own=True, is_usable=True)
REFUSED = Failure("No.", "Do that.")


def asked(resource: str = "exchange_online", **more: t.Any) -> Asked:
    given: dict[str, t.Any] = {
        "profile": "own_smtp",
        "display_name": "Gateway",
        "token_resource": resource,
        "expected_roles": ("R",),
        "mailbox": MINE,
        "forbidden_mailbox": OTHER,
        "smtp_host": "smtp.example",
        "smtp_port": 587,
    }
    return Asked(**{**given, **more})


def seen(of: Asked | None = None, **more: t.Any) -> Seen:
    """A run in which all requested checks succeeded."""
    given: dict[str, t.Any] = {
        "application": Application(
            client_id=CLIENT,
            tenant_id=TENANT,
            service_principal_object_id=PRINCIPAL,
            consent_url="https://login.example/consent",
        ),
        "stored": STORED,
        "token": TokenContent(roles=("R",), audience="", tenant_id=TENANT, expires=0.0),
        "mailboxes": (access(MINE, "allowed"), access(OTHER, "denied")),
        "smtp": answer(MINE, 235, "2.7.0", authenticated=True),
        "forbidden_smtp": answer(OTHER, 535, "5.7.3"),
    }
    return Seen(of or asked(), **{**given, **more})


def access(mailbox: str, expected: str, **more: t.Any) -> Access:
    given: dict[str, t.Any] = {
        "reachable": True,
        "as_expected": True,
        "status": 200,
        "code": None,
        "reason": "It does.",
    }
    return Access(mailbox=mailbox, expected=expected, **{**given, **more})


def answer(mailbox: str, code: int | None, enhanced: str | None, **more: t.Any) -> SmtpProof:
    given: dict[str, t.Any] = {
        "authenticated": False,
        "reason": "So it is.",
        "next_step": "Do that.",
        "exchange_commands": (),
        "roles": ("SMTP.SendAsApp",),
    }
    return SmtpProof(
        mailbox=mailbox,
        smtp_host="smtp.example",
        smtp_port=587,
        smtp_code=code,
        enhanced_code=enhanced,
        client_id=CLIENT,
        service_principal_object_id=PRINCIPAL,
        **{**given, **more},
    )


def states(made: Seen) -> dict[str, str]:
    return {check.name: "ok" if check.ok else "no" if check.tried else "-" for check in all_checks(made)}


def of(made: Seen, name: str) -> Check:
    (found,) = [check for check in all_checks(made) if check.name == name]
    return found


def lines(made: Seen) -> list[str]:
    return summary(display_name="Gateway", profile="p", checks=all_checks(made), not_asked=not_asked(made))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (asked(), "token smtp forbidden_mailbox"),
        (asked("microsoft_graph"), "token mailbox forbidden_mailbox"),
        (asked("microsoft_graph", smtp=True), "token mailbox smtp forbidden_mailbox"),
        (asked("microsoft_graph", forbidden_mailbox=""), "token mailbox"),
        (asked(mailbox=""), "token forbidden_mailbox"),
        (asked(mailbox="", forbidden_mailbox=""), "token"),
    ],
)
def test_every_requested_check_is_in_the_result(wanted: Asked, names: str) -> None:
    expected = ["application", "credential", *names.split()]
    made = seen(wanted)
    assert states(made) == dict.fromkeys(expected, "ok")
    broken: list[dict[str, t.Any]] = [
        {"application": Application(obstacle=REFUSED)},
        {"stored": Stored()},
        {"stored": STORED._replace(is_usable=False)},
        {"stored": STORED._replace(is_own=False)},
        {"token": REFUSED},
    ]
    for change in broken:
        found = all_checks(made._replace(**change))
        assert [check.name for check in found] == expected
        (failed,) = [check for check in found if check.failed]
        assert failed.reason and failed.next_step
        later = found[found.index(failed) + 1 :]
        assert later == [check for check in found if not check.tried]
        assert all(not check.ok and check.reason.startswith("Not tried, since") for check in later)
    others = {other.name for other in not_asked(made)}
    without = {"mailbox"} if wanted.token_resource == "exchange_online" else set()
    assert others == {"mailbox", "smtp", "forbidden_mailbox"} - set(names.split()) - without


@pytest.mark.parametrize(
    ("change", "is_usable", "words"),
    [
        (
            {"certificate_path": "/srv/key.pem", "client_secret": ""},
            True,
            f"The store has the certificate {KEY}, which expires on 2027-05-23.",
        ),
        ({"federated_credential": "mail", "client_secret": ""}, False, "assertion_file, in O(federated_credential)"),
        ({"secret_expires": ""}, True, f"The store has the client secret {KEY}."),
        ({"client_secret": None}, False, "cannot return its value"),
    ],
)
def test_every_type_of_credential_has_a_name(change: dict[str, t.Any], is_usable: bool, words: str) -> None:
    stored = STORED._replace(record=dataclasses.replace(RECORD, **change), is_usable=is_usable)
    text = " ".join(" ".join(lines(seen(stored=stored))).split())
    assert words in text


def test_a_failed_preparation_is_a_failed_check() -> None:
    broken = seen(
        asked(token_resource=""),
        failure=Failure("The vault password is wrong."),
        application=Application(),
        stored=Stored(),
        token=NO_ANSWER,
    )
    assert states(broken) == {"preparation": "no", "application": "-", "credential": "-", "token": "-",
                              "forbidden_mailbox": "-"}  # fmt: skip
    assert "The vault password is wrong." in "\n".join(lines(broken))
    assert not_asked(broken) == []
    assert failure(display_name="Gateway", checks=all_checks(broken)) == (
        "FAILED for Gateway: preparation. The vault password is wrong. See the list above for what to do."
    )


def test_an_error_is_a_failed_check_with_a_next_step() -> None:
    check = of(seen(smtp=Failure("Not reached.", "Check the host.")), "smtp")
    assert (check.ok, check.reason, check.next_step) == (False, "Not reached.", "Check the host.")
    check = of(seen(smtp=answer(MINE, None, None, reason="No encryption.")), "smtp")
    assert (check.ok, check.reason, check.next_step) == (False, "No encryption.", "Do that.")
    check = of(seen(smtp=Failure("Unexpected.")), "smtp")
    assert (check.ok, check.reason, bool(check.next_step)) == (False, "Unexpected.", True)
    for code in ("AADSTS7000215", "AADSTS7000222"):
        assert "email_gateway.azure_apps.rotate" in of(seen(token=Failure("No.", "Do.", code)), "token").next_step


def test_a_missing_response_is_a_failed_check() -> None:
    by_graph = seen(asked("microsoft_graph"), mailboxes=REFUSED)
    for found in (of(by_graph, "mailbox"), of(by_graph, "forbidden_mailbox"), of(seen(smtp=REFUSED), "smtp"),
                  of(seen(forbidden_smtp=REFUSED), "forbidden_mailbox")):  # fmt: skip
        assert (found.ok, found.tried, found.reason, found.next_step) == (False, True, "No.", "Do that.")
    assert of(seen(smtp=NO_ANSWER), "smtp").reason == "There was no answer."


def test_a_refused_mailbox_has_the_response_in_its_reason() -> None:
    refused = access(
        MINE, "allowed", reachable=False, as_expected=False, status=403, code="ErrorAccessDenied",
        reason="It has no right to it.", next_step="Ask Exchange.", exchange_commands=("Test-It",),
    )  # fmt: skip
    both = (refused, access(OTHER, "denied"))
    check = of(seen(asked("microsoft_graph"), mailboxes=both), "mailbox")
    assert check.reason == "It has no right to it (status 403 ErrorAccessDenied)."
    assert (check.next_step, check.exchange_commands) == ("Ask Exchange.", ("Test-It",))
    check = of(seen(asked("microsoft_graph", expected_roles=("Mail.ReadWrite",)), mailboxes=both), "mailbox")
    assert "First grant what the token lacks" in check.next_step
    assert check.exchange_commands == (), "Exchange is not what is in the way"


def test_a_refusal_by_smtp_is_temporary_while_roles_are_pending() -> None:
    soon = datetime.datetime(2026, 11, 24, 9, 30, tzinfo=datetime.timezone.utc)
    on_their_way = asked(pending_until=soon)
    refused, open_ = answer(MINE, 535, "5.7.3"), answer(OTHER, 235, "2.7.0", authenticated=True)
    both = seen(on_their_way, smtp=refused, forbidden_smtp=open_)
    assert [check.name for check in all_checks(both) if check.pending] == ["smtp", "forbidden_mailbox"]
    assert "2026-11-24 09:30 UTC" in of(both, "smtp").next_step
    assert of(both, "forbidden_mailbox").exchange_commands == ()
    for lasting in (answer(MINE, 535, "5.7.139"), REFUSED):
        assert of(seen(on_their_way, smtp=lasting), "smtp").failed


def test_a_refused_token_proves_no_role() -> None:
    refused = seen(token=REFUSED)
    assert (refused.missing_roles, refused.unexpected_roles) == (["R"], [])


@pytest.mark.parametrize(("claims", "found"), [({"oid": KEY}, KEY), ({"oid": "x"}, None), ({}, None)], ids=str)
def test_the_service_principal_of_a_token_is_known_by_its_claim(claims: dict[str, t.Any], found: str | None) -> None:
    assert object_id(AccessToken("opaque", 0.0, claims)) == found


def test_missing_and_additional_roles_are_reported() -> None:
    check = of(seen(asked(expected_roles=("A", "R"))), "token")
    assert (check.ok, "lacks A, which the profile asks for" in check.reason) == (False, True)
    assert "https://login.example/consent" in check.next_step
    check = of(seen(asked(expected_roles=())), "token")
    assert (check.ok, "does not ask for R" in check.reason) == (True, True)


def test_a_refused_mailbox_is_only_limited_if_another_one_is_allowed() -> None:
    check = of(seen(smtp=answer(MINE, 535, "5.7.3")), "forbidden_mailbox")
    assert not check.ok
    assert f"but so is {MINE}" in check.reason
    assert not of(seen(smtp=Failure("Not reached.")), "forbidden_mailbox").ok
    check = of(seen(forbidden_smtp=answer(OTHER, 535, "5.7.139")), "forbidden_mailbox")
    assert (check.ok, check.next_step) == (False, "Do that."), "SMTP may be disabled, which does not limit mailboxes"


@pytest.mark.parametrize("way", ["mailbox permission", "role assignment"])
def test_a_reachable_forbidden_mailbox_is_reported_with_commands(way: str) -> None:
    roles = ("SMTP.SendAsApp",) if way == "mailbox permission" else ()
    found = answer(OTHER, 235, "2.7.0", authenticated=True, roles=roles)
    check = of(seen(forbidden_smtp=found), "forbidden_mailbox")
    assert not check.ok
    assert check.exchange_commands == (
        f"Remove-MailboxPermission -Identity '{OTHER}' -User '{PRINCIPAL}' -AccessRights FullAccess"
        if way == "mailbox permission"
        else f"Test-ServicePrincipalAuthorization -Identity '{CLIENT}' -Resource '{OTHER}'",
    )


def test_lines_are_short_and_commands_have_their_own_line() -> None:
    command = f"Add-MailboxPermission -Identity '{MINE}' -User '{PRINCIPAL}' -AccessRights FullAccess"
    refused = answer(MINE, 535, "5.7.3", reason="long " * 60, exchange_commands=(command,))
    shown = lines(seen(smtp=refused))
    assert shown[0] == "Gateway (p): 2 of 5 checks failed"
    assert f"  {command}" in shown
    assert max(len(line) for line in shown if command not in line) <= WIDTH
    assert [line[:10].strip() for line in shown[1:] if line[:10].strip()] == [
        "ok", "ok", "ok", "FAILED", "Add-Mail", "FAILED"
    ]  # fmt: skip
    assert lines(seen())[0] == "Gateway (p): all 5 checks passed"
    assert lines(seen(token=REFUSED))[0] == "Gateway (p): 1 of 5 checks failed, 2 not tried"


def test_the_summary_names_the_failed_checks() -> None:
    refused = seen(smtp=answer(MINE, 535, "5.7.3"))
    assert failure(display_name="Gateway", checks=all_checks(refused)) == (
        "FAILED for Gateway: smtp, forbidden_mailbox. See the list above for what to do."
    )
    assert failure(display_name="Gateway", checks=all_checks(seen())) == ""


def test_smtp_is_not_proposed_to_a_gateway_that_uses_graph() -> None:
    for profile, proposed in (("outbound_smtp", ["smtp"]), ("outbound_microsoft365", [])):
        made = seen(asked("microsoft_graph", profile=profile))
        assert [other.name for other in not_asked(made)] == proposed


def test_control_characters_are_removed_from_lines() -> None:
    shown = "\n".join(lines(seen(stored=STORED._replace(stores=("\x1b[31mred\u202e",)))))
    assert "\x1b" not in shown and "\u202e" not in shown
