# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit import hostile_input
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_profile_info"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
UNKNOWN = "11111111-1111-1111-1111-111111111111"
BOTH: list[Json] = [
    {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]},
    {"resource": "exchange_online", "application": ["SMTP.SendAsApp"]},
]
FEDERATED: Json = {"issuer": "https://issuer.example", "subject": "gateway"}


def _profile(folder: Path, **content: t.Any) -> str:
    path = folder / "mine.yml"
    path.write_text(yaml.safe_dump({"gateway_app_profile_content": content}))
    return str(path)


def _takes_all(folder: Path) -> str:
    return _profile(folder, permissions=[], credential_types=["client_secret", "certificate", "federated"])


def test_a_profile_is_read_and_all_resources_are_looked_up_in_one_request(tenant: Tenant, tmp_path: Path) -> None:
    result = tenant.ok(MODULE, profile_file=_profile(tmp_path, permissions=BOTH, token_resource="exchange_online"))
    assert (result["changed"], result["tenant_id"]) == (False, tenant.server.tenant_id)
    assert (result["token_resource"], result["expected_roles"]) == ("exchange_online", ["SMTP.SendAsApp"])
    assert result["application_permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp"]
    ids = {role["value"]: role["id"] for role in tenant.service_principals(GRAPH_ID)[0]["appRoles"]}
    (found,) = [p for p in result["resolved_permissions"] if p["resource"] == "microsoft_graph"]
    assert (found["name"], found["id"], found["type"]) == ("Mail.ReadWrite", ids["Mail.ReadWrite"], "application")
    assert found["resource_client_id"] == GRAPH_ID
    assert tenant.graph_requests == 1
    assert tenant.writes == []


def test_without_a_look_up_nothing_is_sent(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, profile="outbound_smtp", look_up=False)
    assert (result["expected_roles"], result["resolved_permissions"]) == (["Mail.ReadWrite"], [])
    assert result["tenant_id"] is None
    assert tenant.server.requests() == []


def test_a_profile_without_permissions_only_needs_a_token(tenant: Tenant) -> None:
    """The tenant of the token is still checked."""
    result = tenant.ok(MODULE, profile="outbound_smtp_rbac")
    assert (result["resolved_permissions"], result["tenant_id"]) == ([], tenant.server.tenant_id)
    assert tenant.graph_requests == 0


def test_user_read_is_added_to_the_list_of_microsoft_graph(tenant: Tenant) -> None:
    plain = {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"], "delegated": None}
    result = tenant.ok(MODULE, profile="outbound_smtp", add_user_read=True)
    assert result["permissions"] == [{**plain, "delegated": ["User.Read"]}]
    assert result["profile_permissions"] == [plain]
    assert [p["name"] for p in result["resolved_permissions"]] == ["Mail.ReadWrite", "User.Read"]
    assert result["expected_roles"] == ["Mail.ReadWrite"], "a delegated permission is in no token of an application"


def test_user_read_is_an_entry_of_its_own_if_the_profile_does_not_name_microsoft_graph(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, profile="outbound_smtp_rbac", add_user_read=True)
    assert result["permissions"] == [{"resource": "microsoft_graph", "application": None, "delegated": ["User.Read"]}]


def test_user_read_is_added_after_permissions_for_another_resource(tenant: Tenant, tmp_path: Path) -> None:
    file = _profile(tmp_path, permissions=BOTH[::-1], token_resource="exchange_online")
    result = tenant.ok(MODULE, profile_file=file, add_user_read=True)
    found = {entry["resource"]: entry["delegated"] for entry in result["permissions"]}
    assert found == {"exchange_online": None, "microsoft_graph": ["User.Read"]}


def test_a_file_of_the_user_has_precedence_over_the_name(tenant: Tenant, tmp_path: Path) -> None:
    permissions = [{"resource": GRAPH_ID, "application": ["Mail.Send"], "delegated": ["offline_access"]}]
    result = tenant.ok(MODULE, profile="outbound_smtp", profile_file=_profile(tmp_path, permissions=permissions))
    assert (result["profile"], result["sign_in_audience"]) == ("outbound_smtp", "AzureADMyOrg")
    assert result["permissions"] == permissions
    assert result["expected_roles"] == ["Mail.Send"], "a resource that is given by its client id is the same one"
    assert result["credential_types"] == ["client_secret"]


@pytest.mark.parametrize("profile", ["", "outbound_pigeon"])
def test_a_missing_profile_is_reported_with_the_list_of_profiles(tenant: Tenant, profile: str) -> None:
    failure = tenant.fails(MODULE, profile=profile)
    assert {"outbound_smtp", "outbound_microsoft365"} <= set(failure["error"]["profiles"])
    assert "outbound_smtp" in failure["msg"] and "profile_file" in failure["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        ([{"resource": "microsoft_graph", "application": ["Mail.ReadWrit"]}], "Did you mean Mail.ReadWrite"),
        ([{"resource": "microsoft_graph", "application": ["SMTP.SendAsApp"]}], "has no application permission"),
        ([{"resource": "microsoft_graph", "delegated": ["Mail.Sent"]}], "has no delegated permission 'Mail.Sent'"),
        ([{"resource": UNKNOWN, "application": ["A.B"]}], f"no service principal of the resource {UNKNOWN}"),
    ],
)
def test_permissions_that_the_tenant_does_not_offer_are_refused(
    tenant: Tenant, tmp_path: Path, permissions: list[Json], words: str
) -> None:
    assert words in tenant.fails(MODULE, profile_file=_profile(tmp_path, permissions=permissions))["msg"]


def test_a_missing_relative_file_is_reported_with_the_searched_folders(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failure = tenant.fails(MODULE, profile_file="nowhere.yml")
    assert str(tmp_path / "nowhere.yml") in failure["msg"] and "profile_file" in failure["error"]["next_step"]
    hook = tmp_path / "tasks" / "after.yml"
    hook.parent.mkdir()
    hook.write_text("[]")
    result = tenant.ok(MODULE, profile="outbound_smtp", settings={"after_new_secret": "tasks/after.yml"})
    assert result["after_new_secret"] == str(hook)


CERTIFICATE: Json = {"credential_type": "certificate", "certificate_path": "/nowhere/key.pem"}
FEDERATED_TYPE: Json = {"credential_type": "federated", "federated_credential": FEDERATED, "verify_token": False}
REFUSED: list[tuple[Json, str]] = [
    ({"secret_lifetime_days": "1e9"}, "secret_lifetime_days is '1e9'"),
    ({"secret_lifetime_days": 1e9}, "secret_lifetime_days is 1000000000.0"),
    ({"secret_lifetime_days": "soon"}, "secret_lifetime_days is 'soon'"),
    ({"secret_lifetime_days": "\u0663"}, "secret_lifetime_days is"),
    ({"secret_lifetime_days": 0}, "secret_lifetime_days is 0"),
    ({"secret_lifetime_days": 3651}, "Set it to a number from 1 to 3650"),
    ({"secret_lifetime_days": True}, "secret_lifetime_days is True"),
    ({"secret_lifetime_days": []}, "secret_lifetime_days is []"),
    ({"secret_lifetime_days": 10**30}, "secret_lifetime_days is 1000"),
    ({"secret_lifetime_days": ["x" * 99]}, f"secret_lifetime_days is ['{'x' * 75}. Set it to"),
    ({"secret_lifetime_days": 20}, "secret_renew_before_days is 30, and gateway_app_secret_lifetime_days is 20"),
    ({"secret_renew_before_days": -1}, "secret_renew_before_days is -1"),
    ({"secret_renew_before_days": 180}, "secret_renew_before_days is 180"),
    ({"overlap_days": "many"}, "overlap_days is 'many'"),
    ({"overlap_days": 3651}, "overlap_days is 3651"),
    ({"secret_description": " "}, "secret_description is blank"),
    ({"secret_description": "x" * 121}, "secret_description has 121 characters"),
    ({"secret_description": "a\x07b"}, "secret_description contains a control character"),
    ({"secret_description": "nul\0nul"}, "secret_description contains a NUL character"),
    ({"secret_description": ["a"]}, "secret_description is ['a']"),
    ({"rotate_now": "perhaps"}, "rotate_now is 'perhaps'"),
    ({"verify_token": 2}, "verify_token is 2"),
    ({"exact_permissions": []}, "exact_permissions is []"),
    ({"retire_purge": "x"}, "retire_purge is 'x'"),
    ({"add_user_read": None}, "add_user_read is None"),
    ({"consent": "maybe"}, "consent is 'maybe'"),
    ({"credential_type": "password"}, "credential_type is 'password'"),
    ({"credential_type": ["certificate"]}, "credential_type is ['certificate']"),
    ({**CERTIFICATE, "certificate_path": ["x"]}, "certificate_path is ['x']"),
    ({**CERTIFICATE, "certificate_path": ""}, "certificate_path is ''"),
    ({**CERTIFICATE, "secret_description": "x" * 91}, "secret_description has 91 characters"),
    ({**CERTIFICATE, "certificate_path": "/"}, "certificate_path: / is not a regular file"),
    ({**CERTIFICATE, "certificate_path": "/etc/hostname/key.pem"}, "certificate_path: could not write"),
    ({**FEDERATED_TYPE, "federated_credential": "x"}, "federated_credential is 'x'"),
    ({**FEDERATED_TYPE, "federated_credential": {}}, "issuer, in gateway_app_federated_credential,"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "isuer": "x"}}, "unknown members isuer"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "issuer": "http://x"}}, "issuer, in gateway_app_fed"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "issuer": 7}}, "issuer"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "subject": " "}}, "subject, in gateway_app_federated"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "subject": "x" * 601}}, "601 characters"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "audience": ""}}, "audience, in gateway_app_federated"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "name": "a b"}}, "name, in gateway_app_federated"),
    ({**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "assertion_file": 7}}, "assertion_file, in gateway_app"),
    ({**FEDERATED_TYPE, "verify_token": True}, "there is no file ''"),
    ({"stores": []}, "stores is []"),
    ({"stores": {"type": "ansible_vault"}}, "stores is {'type'"),
    ({"stores": ["ansible_vault"]}, "stores is ['ansible_vault']"),
    ({"stores": [{"type": "command", "settings": {"vaults": [{"api_key": "x"}]}}]}, "has the member api_key"),
    ({"stores": [{"type": "hashi_vault", "name": "g", "token": "x"}]}, "has the member token"),
    ({"stores": [{"type": "command", "settings": {"api_key": "x"}}]}, "has the member api_key"),
    ({"store_path": ["x"]}, "store_path is ['x']"),
    ({"store_path": "nul\0nul"}, "store_path contains a NUL character"),
    ({"store_vault_id": 7}, "store_vault_id is 7"),
    ({"after_new_secret": ["x"]}, "after_new_secret is ['x']"),
    ({"after_new_secret": "nowhere.yml"}, "There is no file 'nowhere.yml'"),
    ({"expected_applications": "x"}, "expected_applications is malformed"),
    ({"expected_applications": ["x"]}, "expected_applications is malformed"),
    ({"expected_applications": {"gateway": "x"}}, "expected_applications is malformed"),
    ({"expected_applications": {"gateway": {"tenant_id": "x"}}}, "expected_applications is malformed"),
    ({"mailbox_commands_file": "x.ps1"}, "mailbox_commands_file goes with gateway_app_mailbox_method=commands only"),
    ({"mailboxes": ["a@b.example"]}, "Set it to a dictionary with one of"),
    ({"mailboxes": {"groups": "x"}}, "It has groups; use one of"),
    ({"mailboxes": {"scope_name": "x"}}, "Set exactly one of"),
    ({"mailboxes": {"group": "x", "tenant": True}}, "Set exactly one of"),
    ({"mailboxes": {"group": "x", "scope_name": "y"}}, "scope_name goes with recipient_filter only"),
    ({"mailboxes": {"group": " "}}, "group is a text that is not blank"),
    ({"mailboxes": {"tenant": "yes"}}, "Write tenant: true for all mailboxes"),
    ({"mailboxes": {"users": []}}, "users is a list of addresses"),
    ({"mailboxes": {"users": ["a@b.example", " "]}}, "users is a list of addresses"),
    ({"mailboxes": {"users": ["a@b.example"]}}, "has no permission that Exchange can limit"),
    ({"check_access_for": []}, "check_access_for is []"),
    ({"check_access_for": ""}, "check_access_for is ''"),
    ({"check_access_for": ["registers"]}, "check_access_for is ['registers']"),
    ({"check_access_for": ["register", 7]}, "check_access_for is ['register', 7]"),
    ({"verify_mailbox": "no-mailbox"}, "verify_mailbox is 'no-mailbox'"),
    ({"verify_mailbox": " "}, "verify_mailbox is ' '"),
    ({"verify_mailbox": 7}, "verify_mailbox is 7"),
    ({"verify_forbidden_mailbox": "a/../b@c.example"}, "verify_forbidden_mailbox is"),
    ({"verify_mailbox": "a@b.example", "verify_forbidden_mailbox": "A@B.example"}, "are the same"),
    ({"verify_smtp_host": "https://smtp.example"}, "verify_smtp_host is"),
    ({"verify_smtp_port": 65536}, "verify_smtp_port is 65536"),
    ({"verify_smtp_port": 0}, "verify_smtp_port is 0"),
    ({"verify_smtp": True}, "verify_smtp is set, but gateway_app_verify_mailbox is not"),
]


@pytest.mark.parametrize(("settings", "words"), REFUSED, ids=[words for _settings, words in REFUSED])
def test_invalid_settings_are_refused_with_the_names_of_the_role_before_any_request(
    tenant: Tenant, tmp_path: Path, settings: Json, words: str
) -> None:
    failure = tenant.fails(MODULE, profile_file=_takes_all(tmp_path), settings=settings)
    assert words in failure["msg"]
    assert "gateway_app_" in failure["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize(
    "settings",
    [
        {"secret_lifetime_days": " 365 ", "secret_renew_before_days": "0", "overlap_days": "07"},
        {"rotate_now": "yes", "verify_token": "False", "exact_permissions": 1},
        {"secret_description": hostile_input.CODE[0]},
        {**FEDERATED_TYPE, "federated_credential": {**FEDERATED, "name": "a.b_c~d-1"}},
        {"check_access_for": "register,consent"},
        {"stores": [{"type": "command", "argv": ["our-store"], "settings": {"names": ["a", {"b": 1}]}}]},
        {"expected_applications": '{"gateway": {"client_id": "x", "tenant_id": "y"}}'},
        {"expected_applications": ""},
        {"federated_credential": "of another type of credential"},
        {"verify_mailbox": "a@b.example", "verify_smtp": "true", "verify_smtp_port": "25"},
        {"environment": {"AZURE_SECRET": "x"}, "owners": [], "tags": [], "notes": ""},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_can_be_texts(tenant: Tenant, tmp_path: Path, settings: Json) -> None:
    tenant.ok(MODULE, profile_file=_takes_all(tmp_path), settings=settings, look_up=False)


def test_a_writable_key_file_is_accepted(tenant: Tenant, tmp_path: Path) -> None:
    settings = {"credential_type": "certificate", "certificate_path": str(tmp_path / "key.pem")}
    tenant.ok(MODULE, profile_file=_takes_all(tmp_path), settings=settings, look_up=False)
    assert not os.path.exists(tmp_path / "key.pem")


def test_a_kind_of_credential_that_the_product_cannot_use_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    settings = {"credential_type": "certificate", "certificate_path": str(tmp_path / "key.pem")}
    failure = tenant.fails(MODULE, profile="outbound_smtp", settings=settings)
    assert "gateway_app_credential_type is certificate, and the profile outbound_smtp is for" in failure["msg"]


def test_an_unknown_member_of_the_settings_is_refused(tenant: Tenant) -> None:
    failure = tenant.fails(MODULE, profile="outbound_smtp", settings={"lifetime_days": 7})
    assert "unknown members lifetime_days" in failure["msg"]


ALL = ["register", "consent", "rotate", "verify", "report", "retire"]


@pytest.mark.parametrize(
    ("options", "settings", "operator", "consenter"),
    [
        ({}, {}, ["register", "declare_permissions", "client_secret", "look_up"], ["consent_application"]),
        ({}, {"consent": "none"}, ["register", "declare_permissions", "client_secret", "look_up"], []),
        ({}, {"check_access_for": ["consent"]}, [], ["consent_application"]),
        ({"add_user_read": True}, {"check_access_for": ["consent"]}, [], ["consent_application", "consent_delegated"]),
        ({"profile": "docorigin"}, {"check_access_for": ["consent"]}, [], ["consent_application_elsewhere"]),
        ({"profile": "outbound_smtp_rbac"}, {}, ["register", "client_secret", "look_up"], []),
        ({}, {"check_access_for": ["rotate"]}, ["client_secret"], []),
        ({}, {"check_access_for": ["retire"]}, ["retire"], ["withdraw_consent"]),
        (
            {"add_user_read": True},
            {"check_access_for": ["retire"]},
            ["retire"],
            ["withdraw_consent", "withdraw_delegated"],
        ),
        (
            {},
            {"check_access_for": ALL, "retire_purge": True, "owners": [UNKNOWN], "consent": "url"},
            ["register", "declare_permissions", "client_secret", "owners", "look_up", "retire", "purge"],
            ["consent_application", "withdraw_consent"],
        ),
    ],
)
def test_the_steps_depend_on_the_settings(
    tenant: Tenant, options: Json, settings: Json, operator: list[str], consenter: list[str]
) -> None:
    result = tenant.ok(MODULE, **{"profile": "outbound_smtp", **options}, settings=settings, look_up=False)
    assert (result["operator_steps"], result["consent_steps"]) == (operator, consenter)


REGISTERING = ["register", "declare_permissions", "client_secret"]


@pytest.mark.parametrize(
    ("entry_point", "operator", "consenter"),
    [
        ("main", [*REGISTERING, "retire"], ["consent_application", "withdraw_consent"]),
        ("rotate", ["client_secret"], []),
        ("consent", [], ["consent_application"]),
        ("verify", ["look_up"], []),
        ("retire", ["retire"], ["withdraw_consent"]),
        ("check_access", ["retire"], ["withdraw_consent"]),
    ],
)
def test_the_steps_depend_on_the_entry_point(
    tenant: Tenant, entry_point: str, operator: list[str], consenter: list[str]
) -> None:
    """A run that registers includes the checks for later jobs."""
    settings = {"check_access_for": ["retire"]}
    result = tenant.ok(MODULE, profile="outbound_smtp", settings=settings, entry_point=entry_point)
    assert (result["operator_steps"], result["consent_steps"]) == (operator, consenter)
    assert bool(result["tenant_id"]) is (entry_point in ("main", "rotate")), "only these look the permissions up"


def test_consent_has_one_step_for_microsoft_graph_and_one_for_other_resources(tenant: Tenant, tmp_path: Path) -> None:
    result = tenant.ok(MODULE, profile_file=_profile(tmp_path, permissions=BOTH), look_up=False)
    assert result["consent_steps"] == ["consent_application", "consent_application_elsewhere"]


def test_a_federated_credential_has_its_own_step(tenant: Tenant, tmp_path: Path) -> None:
    settings = {**FEDERATED_TYPE, "check_access_for": ["rotate"]}
    result = tenant.ok(MODULE, profile_file=_takes_all(tmp_path), settings=settings, look_up=False)
    assert result["operator_steps"] == ["federated_credential"]


@pytest.mark.parametrize(
    ("scope", "step"),
    [({"tenant": True}, "mailbox_scope"), ({"users": ["a@b.example"]}, "mailbox_scope_users")],
    ids=str,
)
def test_roles_that_another_identity_assigns_are_a_step_of_its_playbook(tenant: Tenant, scope: Json, step: str) -> None:
    settings = {"mailboxes": scope, "mailbox_method": "none", "check_access_for": ["mailboxes"]}
    found = {}
    for entry_point in ("main", "mailboxes"):
        found[entry_point] = tenant.ok(
            MODULE, profile="outbound_smtp", settings=settings, look_up=False, entry_point=entry_point
        )
    assert (found["main"]["mailbox_method"], found["mailboxes"]["mailbox_method"]) == ("none", "graph")
    assert found["mailboxes"]["mailbox_steps"] == [step]
