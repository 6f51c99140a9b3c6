# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification in the tenant, with stores in memory: its checks, none of which fails the task."""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    InputError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import ROLE_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.times import written
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.verification import verification_info
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_verification_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

NAME = "azure_app_verification_info"
KEY = "33333333-3333-3333-3333-333333333333"
OTHER = "11111111-1111-1111-1111-111111111111"
MEMBERS = {"name", "subject", "ok", "tried", "reason", "next_step", "exchange_commands", "pending"}
VERIFIED = {
    "profile", "display_name", "tenant_id", "client_id", "service_principal_object_id", "key_id", "secret_expires",
    "proven", "checks", "not_asked",
}  # fmt: skip


@dataclasses.dataclass
class Shelf:
    record: Record | None = None
    error: AppsError | None = None
    title: str = "/srv/gateway.vault.yml"

    def read(self) -> Record | None:
        if self.error is not None:
            raise self.error
        return self.record


class Gateway:
    """An application in the tenant with its store, verified by an identity that can only read."""

    def __init__(self, tenant: Tenant, *roles: str) -> None:
        self.tenant = tenant
        options = tenant.with_secret(*roles)
        self.client_id = options["client_id"]
        (principal,) = tenant.service_principals(self.client_id)
        self.principal = principal
        self.shelf = Shelf(Record(key_id=KEY, secret_expires="2027-05-23T08:00:00Z", **options))
        tenant.sign_in_with("Application.Read.All")
        tenant.clear_requests()

    @property
    def record(self) -> Record:
        assert self.shelf.record is not None
        return self.shelf.record

    def verify(self, *shelves: Shelf, role: bool = False, **more: t.Any) -> Json:
        def opened(_call: t.Any) -> tuple[Shelf, ...]:
            return shelves or (self.shelf,)

        params = {
            "unique_name": "gateway", "display_name": "Gateway", "profile": "own", "stores": [{"type": "shelf"}],
            "smtp_host": self.tenant.server.smtp_host, "smtp_port": self.tenant.server.smtp_port, **more,
        }  # fmt: skip
        module = Module(argument_spec=MODULE.argument_spec, run=lambda call: verification_info(call, opened))
        result = call_module(
            module, NAME, params, check_mode=False, environ=self.tenant.environ, memory=self.tenant.memory,
            option_names=ROLE_VARIABLES[NAME] if role else {},
        )  # fmt: skip
        assert not result.get("failed"), result
        assert result.keys() == {"changed", "verified", "summary", "failure"}
        verified: Json = result["verified"]
        assert verified.keys() == VERIFIED
        assert {frozenset(check) for check in verified["checks"]} == {frozenset(MEMBERS)}
        assert self.tenant.writes == []
        pending = any(check["pending"] for check in verified["checks"])
        assert bool(result["failure"]) is not (verified["proven"] or pending)
        assert self.record.client_secret and self.record.client_secret not in json.dumps(result)
        return {**result, **verified}


def failed(result: Json) -> list[str]:
    return [check["name"] for check in result["checks"] if check["tried"] and not check["ok"]]


def check(result: Json, name: str) -> Json:
    (found,) = [check for check in result["checks"] if check["name"] == name]
    return t.cast(Json, found)


def test_all_checks_with_graph_are_made(tenant: Tenant) -> None:
    gateway = Gateway(tenant, "Mail.ReadWrite")
    tenant.server.tenant.directory.mail.fenced.add((tenant.user_id("adele"), gateway.client_id))
    asked: Json = {"mailbox": tenant.mailbox("megan"), "forbidden_mailbox": tenant.mailbox("adele")}
    result = gateway.verify(expected_roles=["Mail.ReadWrite"], **asked)
    assert [found["name"] for found in result["checks"]] == [
        "application", "credential", "token", "mailbox", "forbidden_mailbox"
    ]  # fmt: skip
    assert (result["proven"], result["failure"]) == (True, "")
    assert result["summary"][0] == "Gateway (own): all 5 checks passed"
    assert (result["client_id"], result["tenant_id"]) == (gateway.client_id, tenant.server.tenant_id)
    assert (result["service_principal_object_id"], result["key_id"]) == (gateway.principal["id"], KEY)
    assert result["secret_expires"] == "2027-05-23T08:00:00Z"
    assert gateway.verify(expected_roles=["Mail.ReadWrite"], **asked, client_id=gateway.client_id)["proven"]
    open_ = gateway.verify(forbidden_mailbox=tenant.mailbox("megan"))
    assert failed(open_) == ["forbidden_mailbox"]
    assert check(open_, "forbidden_mailbox")["exchange_commands"] == []
    # An option of another module, and no variable of the role.
    assert "mailboxes_allowed" not in check(open_, "forbidden_mailbox")["next_step"]


def test_all_checks_with_smtp_are_made(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    exchange = tenant.server.tenant.directory.exchange
    exchange.service_principals[gateway.client_id] = gateway.principal["id"]
    exchange.assign(gateway.client_id, "Application SMTP.SendAsApp", [tenant.user_id("megan")])
    asked: Json = {
        "token_resource": "exchange_online",
        "mailbox": tenant.mailbox("megan"),
        "forbidden_mailbox": tenant.mailbox("adele"),
    }
    result = gateway.verify(**asked)
    assert result["proven"], result["summary"]
    refused = gateway.verify(**{**asked, "mailbox": tenant.mailbox("alex")}, expected_roles=["SMTP.SendAsApp"])
    assert failed(refused) == ["token", "smtp", "forbidden_mailbox"]
    assert check(refused, "smtp")["next_step"].startswith("Grant SMTP.SendAsApp first")


def test_only_requested_checks_with_smtp_are_made(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    result = gateway.verify(token_resource="exchange_online", mailbox=tenant.mailbox("megan"))
    assert [found["name"] for found in result["checks"]] == ["application", "credential", "token", "smtp"]
    assert len(tenant.server.smtp_sessions()) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"mailbox": "megan"}, "the connection was lost"),
        ({"forbidden_mailbox": "megan", "token_resource": "exchange_online", "smtp_port": 1}, "cannot be reached"),
    ],
    ids=["graph", "smtp"],
)
def test_an_unreachable_server_is_a_failed_check(tenant: Tenant, asked: Json, words: str) -> None:
    gateway = Gateway(tenant)
    tenant.server.faults.add(path="/mailFolders/", close_before=True, times=99)
    addresses = {name: tenant.mailbox(value) for name, value in asked.items() if name.endswith("mailbox")}
    result = gateway.verify(**{**asked, **addresses})
    (name,) = failed(result)
    assert name in asked
    assert words in check(result, name)["reason"]
    assert check(result, name)["next_step"]


def test_a_verification_does_not_wait(tenant: Tenant, virtual_time: VirtualTime) -> None:
    gateway = Gateway(tenant)
    result = gateway.verify(expected_roles=["Mail.Send"])
    assert failed(result) == ["token"]
    assert f"client_id={gateway.client_id}" in check(result, "token")["next_step"]
    wrong = Shelf(dataclasses.replace(gateway.record, client_secret="wrong, but long enough"))
    result = gateway.verify(wrong)
    assert failed(result) == ["token"]
    assert "AADSTS7000215" in check(result, "token")["reason"]
    assert "email_gateway.azure_apps.rotate" in check(result, "token")["next_step"]
    assert virtual_time.waited == []


def test_an_application_that_cannot_sign_in_is_reported(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    result = gateway.verify(unique_name="no-mailbox", display_name=None)
    assert (failed(result), result["client_id"], result["key_id"]) == (["application"], "", "")
    assert "email_gateway.azure_apps.register" in check(result, "application")["next_step"]
    result = gateway.verify(unique_name=None, client_id=OTHER, display_name="Gateway gateway")
    assert "there is no application with the client id" in check(result, "application")["reason"]
    result = gateway.verify(unique_name=None, display_name="Gateway gateway")
    assert failed(result) == ["application"]
    assert f"another one with this display name (client id {gateway.client_id})" in result["failure"]
    gateway.principal["accountEnabled"] = False
    result = gateway.verify()
    assert (failed(result), result["client_id"]) == (["application"], gateway.client_id)
    assert "accountEnabled" in check(result, "application")["reason"]
    del tenant.server.tenant.directory.service_principals[gateway.principal["id"]]
    assert "service principal is missing" in check(gateway.verify(), "application")["reason"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "The store is empty"),
        ({"client_id": OTHER}, f"of another application, with the client id {OTHER}"),
        ({"tenant_id": OTHER}, f"in the tenant {OTHER}"),
        ({"client_secret": None}, "cannot return its value"),
        ({"client_secret": "", "federated_credential": "mail"}, "none is set"),
    ],
)
def test_a_store_without_a_usable_credential_is_reported(tenant: Tenant, change: Json | None, words: str) -> None:
    gateway = Gateway(tenant)
    shelf = Shelf(dataclasses.replace(gateway.record, **change) if change is not None else None)
    result = gateway.verify(shelf)
    assert failed(result) == ["credential"]
    assert words in check(result, "credential")["reason"]
    assert words in result["failure"]
    own = change is not None and not {"client_id", "tenant_id"} & change.keys()
    assert result["key_id"] == (KEY if own else "")
    assert gateway.verify(shelf, gateway.shelf)["proven"], "it is read from another store"


def test_a_missing_key_file_is_a_failed_check(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    gone = dataclasses.replace(gateway.record, client_secret="", certificate_path="/nowhere/key.pem")
    result = gateway.verify(Shelf(gone))
    assert failed(result) == ["token"]
    assert "/nowhere/key.pem" in check(result, "token")["reason"]


def test_a_missing_assertion_file_is_a_failed_check(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    federated = dataclasses.replace(gateway.record, client_secret="", federated_credential="mail")
    result = gateway.verify(Shelf(federated), federated_credential={"assertion_file": "/nowhere/token"})
    assert failed(result) == ["token"]
    assert "/nowhere/token" in check(result, "token")["reason"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mailbox": "no-mailbox"}, "mailbox is 'no-mailbox', which is not the address"),
        ({"forbidden_mailbox": "a/../b@c"}, "forbidden_mailbox is"),
        ({"mailbox": "a@b.example", "forbidden_mailbox": "A@b.example"}, "are the same"),
        ({"smtp": True}, "smtp is set, but mailbox is not"),
        ({"smtp_host": "https://smtp.example"}, "smtp_host is"),
        ({"smtp_port": 65536}, "smtp_port is 65536"),
        ({"expected_applications": {"gateway": {"client_id": OTHER}}}, f"the one with the client id {OTHER}"),
        ({"expected_applications": {"other": {"client_id": OTHER}}}, "does not list it"),
        ({"expected_applications": "[1]"}, "expected_applications is malformed"),
        ({"profile_info": {"failed": False, "msg": "There is no such profile."}}, "There is no such profile."),
        ({"profile_info": {"skipped": True}}, "The profile is not read."),
        ({"display_name": " "}, "display_name is blank"),
    ],
)
def test_a_failed_preparation_is_a_failed_check(tenant: Tenant, given: Json, words: str) -> None:
    gateway = Gateway(tenant)
    result = gateway.verify(**given)
    assert failed(result) == ["preparation"]
    assert words in check(result, "preparation")["reason"]
    assert words in result["failure"]
    assert result["not_asked"] == []


def test_an_unreadable_store_and_a_refusing_tenant_are_reported(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    for error in (ConflictError("It is locked", next_step="Unlock it."), InputError("It is odd", next_step="Mend it.")):
        result = gateway.verify(Shelf(error=error))
        assert failed(result) == ["preparation"]
        found = check(result, "preparation")
        assert (found["reason"], found["next_step"]) == (f"{error.message}.", error.next_step)
    tenant.server.faults.add(path="/applications", status=403, body={"error": {"code": "x", "message": "No"}}, times=9)
    result = gateway.verify()
    assert failed(result) == ["preparation"]
    assert "Application.Read.All" in check(result, "preparation")["next_step"]


def test_messages_have_the_option_names_that_the_user_knows(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    assert "Set mailbox to the address" in gateway.verify()["not_asked"][0]["next_step"]
    result = gateway.verify(Shelf(), role=True)
    assert "Set gateway_app_verify_mailbox to the address" in result["not_asked"][0]["next_step"]
    assert "Set gateway_app_store_path or gateway_app_stores" in check(result, "credential")["next_step"]
    assert "O(" not in json.dumps(result)


def test_the_result_of_the_profile_task_is_used(tenant: Tenant) -> None:
    gateway = Gateway(tenant, "Mail.ReadWrite")
    own = {"token_resource": "microsoft_graph", "expected_roles": ["Mail.ReadWrite", "Mail.Send"]}
    result = gateway.verify(profile_info={"changed": False, "module_options": {NAME: own}})
    assert failed(result) == ["token"]
    assert "It lacks Mail.Send" in check(result, "token")["reason"]


def test_an_expected_application_is_accepted(tenant: Tenant) -> None:
    gateway = Gateway(tenant)
    registered = {"gateway": {"client_id": gateway.client_id, "tenant_id": tenant.server.tenant_id}}
    assert gateway.verify(expected_applications=registered)["proven"]
    assert gateway.verify(expected_applications=json.dumps(registered))["proven"]


def test_recently_assigned_roles_are_pending(tenant: Tenant) -> None:
    """A mailbox can be different from the expectation for a while; other failures are reported at once."""
    gateway = Gateway(tenant)
    now = datetime.datetime.now(datetime.timezone.utc)
    asked: Json = {"mailbox": tenant.mailbox("megan"), "expected_roles": []}
    recent = gateway.verify(**asked, assigned_at=written(now))
    assert (check(recent, "mailbox")["pending"], recent["proven"], recent["failure"]) == (True, False, "")
    assert recent["summary"][0] == "Gateway (own): 1 of 4 checks not as expected yet"
    before = gateway.verify(**asked, assigned_at=written(now - datetime.timedelta(minutes=121)))
    assert (check(before, "mailbox")["pending"], failed(before)) == (False, ["mailbox"])
    longer = gateway.verify(
        **asked, assigned_at=written(now - datetime.timedelta(minutes=121)), assignment_delay_minutes=240
    )
    assert check(longer, "mailbox")["pending"]
    # By client ids, as several jobs pass them on.
    other = {"b2466de6-5867-4b23-83ff-449c85f44ba1": written(now)}
    for times, pending in (([other, {gateway.client_id: written(now)}], True), ([other], False), ([], False)):
        assert check(gateway.verify(**asked, assigned_at=times), "mailbox")["pending"] is pending
    # A variable that is blank counts as not set.
    assert check(gateway.verify(**asked, assigned_at=" "), "mailbox")["pending"] is False
    for wrong in (["yesterday"], {gateway.client_id: 5}):
        assert "assigned_at is malformed" in check(gateway.verify(**asked, assigned_at=wrong), "preparation")["reason"]
    malformed = gateway.verify(**asked, assigned_at="yesterday")
    assert "assigned_at is 'yesterday'" in check(malformed, "preparation")["reason"]
