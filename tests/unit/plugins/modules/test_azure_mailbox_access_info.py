# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

MODULE = "azure_mailbox_access_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def scoped(tenant: Tenant, *mailboxes: str, role: str = "Application Mail.ReadWrite") -> Json:
    """A registration without a permission for mail, with a role assignment in Exchange for these mailboxes."""
    options = tenant.with_secret()
    (principal,) = tenant.service_principals(options["client_id"])
    exchange = tenant.server.tenant.directory.exchange
    exchange.service_principals[options["client_id"]] = principal["id"]
    exchange.assign(options["client_id"], role, [tenant.user_id(name) for name in mailboxes])
    return {**options, "poll": False}


def seen(result: Json) -> dict[str, tuple[bool, int, str | None, bool]]:
    return {
        view["mailbox"].partition("@")[0]: (view["reachable"], view["status"], view["code"], view["as_expected"])
        for view in result["mailboxes"]
    }


def commands(result: Json) -> dict[str, list[str]]:
    return {view["mailbox"].partition("@")[0]: view["exchange_commands"] for view in result["mailboxes"]}


def role_assignment(options: Json, principal: str, mailbox: str) -> list[str]:
    client_id = options["client_id"]
    return [
        f"New-ServicePrincipal -AppId '{client_id}' -ObjectId '{principal}'",
        f"New-ManagementScope -Name 'azure_apps {client_id}' -RecipientRestrictionFilter"
        f" 'PrimarySmtpAddress -eq ''{mailbox}'''",
        f"New-ManagementRoleAssignment -Role 'Application Mail.ReadWrite' -App '{client_id}' -CustomResourceScope"
        f" 'azure_apps {client_id}'",
    ]


def test_a_role_assignment_allows_the_mailboxes_of_its_scope(tenant: Tenant) -> None:
    options = scoped(tenant, "megan")
    megan, adele = tenant.mailbox("megan"), tenant.mailbox("adele")
    result = tenant.ok(MODULE, **options, mailboxes_allowed=[megan], mailboxes_denied=[adele])
    assert result["proven"] is True
    assert seen(result) == {
        "megan": (True, 200, None, True),
        "adele": (False, 403, "ErrorAccessDenied", True),
    }
    assert all(view["next_step"] == "" and view["exchange_commands"] == [] for view in result["mailboxes"])
    assert result["roles"] == []
    paths = [(entry.method, entry.path, entry.query) for entry in tenant.server.requests() if entry.is_graph]
    assert paths == [
        ("GET", f"/v1.0/users/{megan}/mailFolders/inbox", "$select=id"),
        ("GET", f"/v1.0/users/{adele}/mailFolders/inbox", "$select=id"),
    ]
    assert not result["changed"]


def test_a_permission_in_entra_id_opens_all_mailboxes(tenant: Tenant) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False}
    (principal,) = tenant.service_principals(options["client_id"])
    exchange = tenant.server.tenant.directory.exchange
    exchange.service_principals[options["client_id"]] = principal["id"]
    exchange.assign(options["client_id"], "Application Mail.ReadWrite", [tenant.user_id("megan")])
    result = tenant.ok(
        MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")], mailboxes_denied=[tenant.mailbox("adele")]
    )
    assert result["proven"] is False
    assert seen(result)["adele"] == (True, 200, None, False)
    assert "do not restrict it" in result["mailboxes"][1]["next_step"]
    # For the mailbox that it must reach, so that the permission can be withdrawn.
    assert commands(result)["adele"] == role_assignment(options, principal["id"], tenant.mailbox("megan"))
    assert result["roles"] == ["Mail.ReadWrite"]


def test_an_application_without_any_right_reaches_no_mailbox(tenant: Tenant) -> None:
    options = {**tenant.with_secret(), "poll": False}
    result = tenant.ok(MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")])
    assert result["proven"] is False
    assert seen(result) == {"megan": (False, 403, "ErrorAccessDenied", False)}
    assert "no right" in result["mailboxes"][0]["reason"]
    assert "admin consent" in result["mailboxes"][0]["next_step"]
    (principal,) = tenant.service_principals(options["client_id"])
    assert commands(result)["megan"] == role_assignment(options, principal["id"], tenant.mailbox("megan"))


def test_several_mailboxes_are_proposed_as_one_scope(tenant: Tenant) -> None:
    options = {**tenant.with_secret(), "poll": False}
    result = tenant.ok(MODULE, **options, mailboxes_allowed=["o'brien@b.example", tenant.mailbox("megan")])
    assert commands(result)["o'brien"] == commands(result)["megan"]
    assert commands(result)["megan"][1].endswith(
        f" 'PrimarySmtpAddress -eq ''o''''brien@b.example'' -or PrimarySmtpAddress -eq ''{tenant.mailbox('megan')}'''"
    )


def test_a_scope_with_too_many_mailboxes_is_reported(tenant: Tenant) -> None:
    options = scoped(tenant, "megan", "adele")
    result = tenant.ok(MODULE, **options, mailboxes_denied=[tenant.mailbox("adele")])
    assert result["proven"] is False
    assert "narrow it" in result["mailboxes"][0]["next_step"]
    assert commands(result)["adele"] == [
        f"Test-ServicePrincipalAuthorization -Identity '{options['client_id']}' -Resource '{tenant.mailbox('adele')}'"
    ]


def test_a_policy_of_exchange_denies_access(tenant: Tenant) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False}
    tenant.server.tenant.directory.mail.fenced.add((tenant.user_id("adele"), options["client_id"]))
    result = tenant.ok(MODULE, **options, mailboxes_denied=[tenant.mailbox("adele")])
    assert result["proven"] is True
    result = tenant.ok(MODULE, **options, mailboxes_allowed=[tenant.mailbox("adele")])
    assert result["proven"] is False
    assert "application access policy" in result["mailboxes"][0]["next_step"]
    assert commands(result)["adele"] == [
        f"Test-ApplicationAccessPolicy -Identity '{tenant.mailbox('adele')}' -AppId '{options['client_id']}'"
    ]


@pytest.mark.parametrize("lists", ["mailboxes_allowed", "mailboxes_denied"])
def test_a_missing_mailbox_is_reported(tenant: Tenant, virtual_time: VirtualTime, lists: str) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": True}
    del tenant.server.tenant.directory.mail.boxes[tenant.user_id("alex")]
    named: Json = {lists: [tenant.mailbox("without-mailbox"), tenant.mailbox("alex")]}
    result = tenant.ok(MODULE, **options, **named)
    assert result["proven"] is False
    assert seen(result) == {
        "without-mailbox": (False, 404, "ErrorInvalidUser", False),
        "alex": (False, 404, "MailboxNotEnabledForRESTAPI", False),
    }
    assert "no such user" in result["mailboxes"][0]["reason"]
    assert "on premises" in result["mailboxes"][1]["reason"]
    assert commands(result) == {"without-mailbox": [], "alex": []}
    assert virtual_time.waited == [], "waiting does not help"


def test_fresh_consent_is_waited_for_with_fresh_tokens(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.server.settings.update({"consent_delay": 30})
    options = tenant.with_secret("Mail.ReadWrite")
    result = tenant.ok(MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")])
    assert result["proven"] is True
    assert result["attempts"] > 1
    assert sum(virtual_time.waited) >= 25


def test_a_missing_limit_is_reported_after_the_wait(tenant: Tenant, virtual_time: VirtualTime) -> None:
    options = tenant.with_secret("Mail.ReadWrite")
    result = tenant.ok(MODULE, **options, mailboxes_denied=[tenant.mailbox("megan")], wait_timeout=20)
    assert result["proven"] is False
    assert 5 < sum(virtual_time.waited) <= 20


def test_a_refused_token_is_renewed_and_reported(tenant: Tenant) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False}
    body = {"error": {"code": "InvalidAuthenticationToken", "message": "no"}}
    tenant.server.faults.add(path="mailFolders", status=401, body=body, times=2)
    result = tenant.ok(MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")])
    assert seen(result) == {"megan": (False, 401, "InvalidAuthenticationToken", False)}
    assert result["attempts"] == 2


def test_an_unavailable_graph_is_a_failure(tenant: Tenant, virtual_time: VirtualTime) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False, "wait_timeout": 10}
    tenant.server.faults.add(path="mailFolders", status=503, times=99)
    result = tenant.fails(MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")])
    assert (result["error"]["kind"], result["error"]["status"]) == ("graph", 503)


def test_neither_token_nor_secret_nor_mail_is_in_the_result(tenant: Tenant) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False}
    text = json.dumps(tenant.ok(MODULE, **options, mailboxes_allowed=[tenant.mailbox("megan")]))
    for word in (options["client_secret"], "eyJ", "Welcome", "AAMk"):
        assert word not in text


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    options = {**tenant.with_secret("Mail.ReadWrite"), "poll": False}
    megan, without_mailbox = tenant.mailbox("megan"), tenant.mailbox("without-mailbox")
    runs = [
        tenant.ok(MODULE, **options, mailboxes_allowed=[megan]),
        tenant.ok(MODULE, check=True, **options, mailboxes_denied=[megan, without_mailbox]),
    ]
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}
    assert len({frozenset(view) for run in runs for view in run["mailboxes"]}) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "No mailbox is named"),
        ({"mailboxes_allowed": []}, "No mailbox is named"),
        ({"mailboxes_allowed": ["a@b.example"], "mailboxes_denied": ["a@b.example"]}, "both allowed and denied"),
        ({"mailboxes_allowed": ["a/../b@c"]}, "not the address of a mailbox"),
        ({"mailboxes_denied": ["without-mailbox"]}, "not the address of a mailbox"),
    ],
)
def test_invalid_input_is_refused_before_any_request(tenant: Tenant, options: Json, words: str) -> None:
    good: Json = {"tenant_id": UNKNOWN, "client_id": UNKNOWN, "client_secret": "s"}
    result = tenant.fails(MODULE, **{**good, **options})
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []
