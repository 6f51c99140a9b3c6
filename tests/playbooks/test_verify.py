# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification of gateways' applications as by a user: several gateways at once, each with a problem of its own."""

from __future__ import annotations

import json
import sys

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.verified_gateways import Gateways
from ansible_collections.email_gateway.azure_apps.tests.unit import hostile_input
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

PROFILES = ("outbound_microsoft365", "outbound_smtp", "outbound_smtp_sendas", "outbound_smtp_rbac")


@pytest.fixture
def reader(playbooks: Playbooks) -> Json:
    """The environment of a user with read access only."""
    client_id, client_secret = playbooks.server.add_operator(["Application.Read.All"])
    playbooks.tenant.also_operates(client_id)
    return {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": client_secret}


def test_every_profile_is_verified_with_all_checks(playbooks: Playbooks, reader: Json) -> None:
    forbidden = {"gateway_app_verify_forbidden_mailbox": playbooks.tenant.mailbox("adele")}
    hosts = {profile.replace("_", "-"): {"gateway_app_profile": profile, **forbidden} for profile in PROFILES}
    gateways = Gateways(playbooks, hosts)
    gateways.make(*hosts)
    for host, of_host in gateways.hosts.items():
        if of_host["gateway_app_profile"] in ("outbound_microsoft365", "outbound_smtp"):
            gateways.fence(host, "adele")
        else:
            gateways.let_in(host, "megan")
    made = gateways.verify(environ=reader)
    made.run.ok()
    by_graph = ["application", "credential", "token", "mailbox", "forbidden_mailbox"]
    by_smtp = ["application", "credential", "token", "smtp", "forbidden_mailbox"]
    assert {host: [check["name"] for check in verified["checks"]] for host, verified in made.of.items()} == {
        "outbound-microsoft365": by_graph,
        "outbound-smtp": by_graph,
        "outbound-smtp-sendas": by_smtp,
        "outbound-smtp-rbac": by_smtp,
    }
    for host, verified in made.of.items():
        made.only_fails(host)
        assert verified["client_id"] == gateways.client_id(host)
        assert verified["service_principal_object_id"] == gateways.principal(host)
        assert verified["key_id"] == gateways.kept[host]["key_id"]
        assert all(not check["next_step"] and not check["exchange_commands"] for check in verified["checks"])
    assert "carries SMTP.SendAsApp" in made.check("outbound-smtp-sendas", "token")["reason"]
    assert "the profile asks for none" in made.check("outbound-smtp-rbac", "token")["reason"]
    assert [other["name"] for other in made.of["outbound-smtp"]["not_asked"]] == ["smtp"]
    sessions = playbooks.server.smtp_sessions()
    assert sorted(session.body["code"] for session in sessions) == [*["235 2.7.0"] * 2, *["535 5.7.3"] * 2]
    assert {tuple(session.body["commands"]) for session in sessions} == {("EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT")}
    predicted = gateways.verify("--check", "--diff")
    predicted.run.ok()
    assert predicted.of == made.of


def test_problems_in_entra_id_and_with_mail_by_graph_are_reported(playbooks: Playbooks) -> None:
    """One failing gateway does not prevent the verification of the others."""
    adele = playbooks.tenant.mailbox("adele")
    common = {"gateway_app_profile": "outbound_smtp"}
    gateways = Gateways(
        playbooks,
        {
            "good": common,
            "unconsented": common,
            "kept-out": common,
            "open": {**common, "gateway_app_verify_forbidden_mailbox": adele},
            "misspelt": {**common, "gateway_app_verify_mailbox": playbooks.tenant.mailbox("no-mailbox")},
            "expired": common,
            "renewed": {**common, "gateway_app_verify_forbidden_mailbox": adele},
            "broad": common,
            "smtp": {**common, "gateway_app_verify_smtp": True},
        },
    )
    gateways.make(*gateways.hosts, but="unconsented")
    gateways.fence("kept-out", "megan")
    (secret,) = playbooks.tenant.application(uniqueName="expired")["passwordCredentials"]
    secret["endDateTime"] = "2020-01-01T00:00:00Z"
    gateways.store("renewed", client_secret="not-the-secret-8Q~" + "y" * 22)
    playbooks.tenant.ok("azure_app_graph_permissions", unique_name="broad", application_permissions=["User.Read.All"])
    playbooks.tenant.ok("azure_admin_consent", unique_name="broad")

    made = gateways.verify()
    made.run.failed("FAILED for Gateway kept-out: mailbox.", "FAILED for Gateway unconsented: token, mailbox.")

    made.only_fails("good")
    made.only_fails("unconsented", "token", "mailbox")
    token = made.check("unconsented", "token")
    assert "carries no permission. It lacks Mail.ReadWrite" in token["reason"]
    assert "email_gateway.azure_apps.register" in token["next_step"]
    assert f"client_id={gateways.client_id('unconsented')}" in token["next_step"], "the page to grant it on"
    mailbox = made.check("unconsented", "mailbox")
    assert (mailbox["next_step"].split(",")[0], mailbox["exchange_commands"]) == (
        "First grant what the token lacks",
        [],
    )

    made.only_fails("kept-out", "mailbox")
    assert "403 ErrorAccessDenied" in made.check("kept-out", "mailbox")["reason"]
    assert made.check("kept-out", "mailbox")["exchange_commands"] == [
        f"Test-ApplicationAccessPolicy -Identity '{playbooks.tenant.mailbox('megan')}'"
        f" -AppId '{gateways.client_id('kept-out')}'"
    ]

    made.only_fails("open", "forbidden_mailbox")
    commands = made.check("open", "forbidden_mailbox")["exchange_commands"]
    assert commands[0] == (
        f"New-ServicePrincipal -AppId '{gateways.client_id('open')}' -ObjectId '{gateways.principal('open')}'"
    )
    assert commands[2].startswith("New-ManagementRoleAssignment -Role 'Application Mail.ReadWrite'")
    assert all(f'"  {command}"' in made.run.output for command in commands), "on separate lines, to be copied"

    made.only_fails("misspelt", "mailbox")
    assert "no such user" in made.check("misspelt", "mailbox")["reason"]

    for host, words in (("expired", "AADSTS7000222"), ("renewed", "AADSTS7000215")):
        made.only_fails(host, "token")
        assert words in made.check(host, "token")["reason"]
        assert "email_gateway.azure_apps.rotate" in made.check(host, "token")["next_step"]
        untried = [check for check in made.of[host]["checks"] if not check["tried"]]
        assert {check["reason"] for check in untried} == {"Not tried, since there is no token."}

    made.only_fails("broad")
    assert "does not ask for User.Read.All" in made.check("broad", "token")["reason"]

    made.only_fails("smtp", "smtp")
    assert "535 5.7.3" in made.check("smtp", "smtp")["reason"]
    assert "SMTP.SendAsApp" in made.check("smtp", "smtp")["next_step"]


def test_problems_in_exchange_with_smtp_are_reported(playbooks: Playbooks) -> None:
    adele = playbooks.tenant.mailbox("adele")
    claims, rbac = {"gateway_app_profile": "outbound_smtp_sendas"}, {"gateway_app_profile": "outbound_smtp_rbac"}
    gateways = Gateways(
        playbooks,
        {
            "unknown": {**claims, "gateway_app_verify_forbidden_mailbox": adele},
            "unscoped": rbac,
            "unconsented": claims,
            "disabled": {**claims, "gateway_app_verify_mailbox": playbooks.tenant.mailbox("alex")},
            "open": {**rbac, "gateway_app_verify_forbidden_mailbox": adele},
            "unreachable": {**claims, "gateway_app_verify_smtp_port": 1, "gateway_app_wait_timeout": 2},
            "unasked": {**rbac, "gateway_app_verify_mailbox": ""},
        },
    )
    gateways.make(*gateways.hosts, but="unconsented")
    exchange = playbooks.server.tenant.directory.exchange
    exchange.service_principals[gateways.client_id("unscoped")] = gateways.principal("unscoped")
    gateways.let_in("disabled", "alex")
    exchange.smtp_auth_disabled_for[playbooks.tenant.user_id("alex")] = True
    gateways.let_in("open", "megan", "adele")

    made = gateways.verify()
    made.run.failed("FAILED for Gateway unknown: smtp, forbidden_mailbox.", "FAILED for Gateway disabled: smtp.")
    megan = playbooks.tenant.mailbox("megan")

    made.only_fails("unknown", "smtp", "forbidden_mailbox")
    assert made.check("unknown", "smtp")["reason"].startswith("535 5.7.3: The token carries SMTP.SendAsApp, but")
    made.only_fails("unconsented", "token", "smtp")
    assert made.check("unconsented", "smtp")["next_step"].startswith("Grant SMTP.SendAsApp first")
    for host in ("unknown", "unconsented"):
        principal = gateways.principal(host)
        assert made.check(host, "smtp")["exchange_commands"] == [
            f"New-ServicePrincipal -AppId '{gateways.client_id(host)}' -ObjectId '{principal}'",
            f"Add-MailboxPermission -Identity '{megan}' -User '{principal}' -AccessRights FullAccess",
            f"Add-RecipientPermission -Identity '{megan}' -Trustee '{principal}' -AccessRights SendAs",
        ]
    assert f"but so is {megan}" in made.check("unknown", "forbidden_mailbox")["reason"]

    made.only_fails("unscoped", "smtp")
    assert "New-ManagementScope" in made.check("unscoped", "smtp")["exchange_commands"][1]

    made.only_fails("disabled", "smtp")
    assert made.check("disabled", "smtp")["reason"] == "535 5.7.139: SMTP AUTH is disabled for the mailbox."
    assert made.check("disabled", "smtp")["exchange_commands"] == [
        f"Set-CASMailbox -Identity '{playbooks.tenant.mailbox('alex')}' -SmtpClientAuthenticationDisabled $false"
    ]

    made.only_fails("open", "forbidden_mailbox")
    assert made.check("open", "forbidden_mailbox")["exchange_commands"] == [
        f"Test-ServicePrincipalAuthorization -Identity '{gateways.client_id('open')}' -Resource '{adele}'"
    ]

    made.only_fails("unreachable", "smtp")
    assert "cannot be reached" in made.check("unreachable", "smtp")["reason"]
    assert made.check("unreachable", "smtp")["next_step"]

    made.only_fails("unasked")
    assert [other["name"] for other in made.of["unasked"]["not_asked"]] == ["smtp", "forbidden_mailbox"]
    assert len(playbooks.server.smtp_sessions()) == 7, "only requested and reachable ones"


def test_a_missing_application_or_secret_is_reported(playbooks: Playbooks) -> None:
    common: Json = {"gateway_app_profile": "outbound_smtp"}
    gateways = Gateways(
        playbooks,
        {
            "unregistered": common,
            **dict.fromkeys(("empty", "stranger", "silent", "both", "locked", "odd", "refused"), common),
        },
    )
    gateways.make(*list(gateways.hosts)[1:])
    program = playbooks.folder / "silent.py"
    program.write_text(
        "import json, pathlib, sys\nprint(pathlib.Path(json.load(sys.stdin)['settings']['path']).read_text())\n"
    )
    for host in ("silent", "both"):
        path = playbooks.folder / f"{host}.json"
        path.write_text(json.dumps({**gateways.kept[host], "client_secret": None}))
        gateways.hosts[host]["gateway_app_stores"] = [
            *([{"type": "ansible_vault"}] if host == "both" else []),
            {
                "type": "command",
                "argv": [sys.executable, str(program)],
                "settings": {"path": str(path)},
                "readable": False,
            },
        ]
    playbooks.store_of("empty").unlink()
    playbooks.store_of("stranger").write_bytes(playbooks.store_of("odd").read_bytes())
    playbooks.store_of("locked").write_text("$ANSIBLE_VAULT;1.1;AES256\n31")
    gateways.hosts["odd"]["gateway_app_verify_mailbox"] = "no-mailbox"
    gateways.write()
    response = {"error": {"code": "Request_BadRequest", "message": f"Odd. {hostile_input.CODE[0]}"}}
    playbooks.server.faults.add(path="/applications.*refused", status=400, body=response, times=9)

    made = gateways.verify()
    made.run.failed("FAILED for Gateway empty: credential. The store is empty.")

    made.only_fails("unregistered", "application")
    assert made.of["unregistered"]["client_id"] == ""
    assert "email_gateway.azure_apps.register" in made.check("unregistered", "application")["next_step"]

    made.only_fails("empty", "credential")
    assert "email_gateway.azure_apps.register" in made.check("empty", "credential")["next_step"]
    assert str(playbooks.store_of("empty")) in made.check("empty", "credential")["subject"]

    made.only_fails("stranger", "credential")
    assert gateways.client_id("odd") in made.check("stranger", "credential")["reason"]

    made.only_fails("silent", "credential")
    assert "cannot return its value" in made.check("silent", "credential")["reason"]
    assert made.of["silent"]["key_id"] == gateways.kept["silent"]["key_id"]
    made.only_fails("both")

    made.only_fails("locked", "preparation")
    assert str(playbooks.store_of("locked")) in made.check("locked", "preparation")["reason"]

    made.only_fails("odd", "preparation")
    assert "gateway_app_verify_mailbox is 'no-mailbox'" in made.check("odd", "preparation")["reason"]

    made.only_fails("refused", "preparation")
    assert hostile_input.CODE[0] in made.check("refused", "preparation")["reason"]
    assert not list(playbooks.folder.rglob(hostile_input.PWNED))
    assert len({len(verified) for verified in made.of.values()}) == 1


def test_the_playbook_can_be_run_by_its_full_name_and_has_short_output(playbooks: Playbooks) -> None:
    given: tuple[str, ...] = ("-e", "gateway_app_profile=outbound_microsoft365")
    playbooks.command("ansible-playbook", "email_gateway.azure_apps.register", *given).ok()
    given = (*given, "-e", f"gateway_app_verify_mailbox={playbooks.tenant.mailbox('megan')}")
    run = playbooks.command("ansible-playbook", "email_gateway.azure_apps.verify", *given).ok()
    assert run.writes == []
    assert '"Mail gateway (outbound_microsoft365): all 4 checks passed",' in run.output
    assert '"ok          mailbox ' in run.output
    assert '"skipped     forbidden mailbox ' in run.output
