# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that verify a credential, with the credential in stores and in the memory of the run."""

from __future__ import annotations

import dataclasses
import importlib
import json
import time
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import ProcessMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import mailbox_access
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import (
    Credential,
    recall_token,
    remember_token,
    remember_value,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import StoreContents
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import smtp_info
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import token_info
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

PROOFS: dict[str, t.Any] = {
    "azure_app_token_info": token_info,
    "azure_mailbox_access_info": mailbox_access,
    "azure_smtp_oauth_info": smtp_info,
}
MODULES = "ansible_collections.email_gateway.azure_apps.plugins.modules"
KEY = "33333333-3333-3333-3333-333333333333"
OTHER = "11111111-1111-1111-1111-111111111111"


@dataclasses.dataclass
class Shelf:
    """A store in memory, which counts its reads."""

    title: str
    record: Record | None = None
    error: str = ""
    reads: int = 0

    def read(self) -> Record | None:
        self.reads += 1
        if self.error:
            raise ConflictError(self.error, next_step="Unlock it.")
        return self.record


def run(
    tenant: Tenant, *shelves: Shelf, module: str = "azure_app_token_info", check: bool = False, **more: t.Any
) -> Json:
    declared = importlib.import_module(f"{MODULES}.{module}").MODULE
    with_stores = Module(
        argument_spec=declared.argument_spec, run=lambda call: PROOFS[module](call, lambda _call: shelves)
    )
    params = {"stores": [{"type": "shelf"}], **more}
    return call_module(with_stores, module, params, check_mode=check, environ=tenant.environ, memory=tenant.memory)


def kept(tenant: Tenant, *roles: str, **more: t.Any) -> Record:
    """The stored record of a registration with these roles."""
    options = tenant.with_secret(*roles)
    given = {"key_id": KEY, "secret_start": "2026-05-01T00:00:00Z", **options, **more}
    return Record(**given)


@pytest.fixture
def remembering(tenant: Tenant) -> Tenant:
    tenant.memory = ProcessMemory()
    return tenant


def address(tenant: Tenant, record: Record) -> Json:
    return {"client_id": record.client_id, "tenant_id": tenant.server.tenant_id, "key_id": record.key_id}


def token_with(tenant: Tenant, *roles: str) -> AccessToken:
    return AccessToken(value="a token", expires=time.time() + 3000, claims={"roles": list(roles), "aud": "me"})


def test_the_credential_of_a_store_is_verified(tenant: Tenant) -> None:
    record = kept(tenant, "Mail.ReadWrite")
    result = run(tenant, Shelf("one", record), expected_roles=["Mail.ReadWrite"])
    assert (result["proven"], result["key_id"], result["notes"], result["attempts"]) == (True, KEY, [], 1)
    assert (result["client_id"], result["tenant_id"]) == (record.client_id, tenant.server.tenant_id)
    assert record.client_secret and record.client_secret not in json.dumps(result)


def test_a_tenant_by_its_domain_name_cannot_be_compared() -> None:
    """A record of an earlier version has no tenant id."""
    records = [Record(client_id=OTHER, key_id=KEY, tenant_id=tenant_id) for tenant_id in ("", OTHER, KEY)]
    contents = StoreContents(("one",), tuple(("one", record) for record in records))
    for tenant_id, found in ((OTHER, [OTHER, OTHER]), ("contoso.example", ["contoso.example", OTHER, KEY])):
        own = contents.only(Credential(tenant_id, client_id=OTHER, key_id=""))
        assert [record.tenant_id for _title, record in own.records] == found


def test_of_several_stores_the_most_recent_value_counts(tenant: Tenant) -> None:
    record = kept(tenant)
    older = dataclasses.replace(record, client_secret="older 8Q~" + "x" * 31, secret_start="2026-01-01T00:00:00Z")
    silent = dataclasses.replace(record, client_secret=None, secret_start="2026-11-01T00:00:00Z")
    locked = Shelf("locked", error="The file is locked")
    result = run(tenant, Shelf("a", older), Shelf("b", record), Shelf("c", silent), locked)
    assert (result["proven"], result["notes"]) == (True, ["The file is locked. Unlock it."])
    assert locked.reads == 1


def test_an_unreadable_store_is_a_failure_if_no_other_has_the_credential(tenant: Tenant) -> None:
    record = kept(tenant)
    for others in ([], [Shelf("a", dataclasses.replace(record, client_secret=None))]):
        result = run(tenant, *others, Shelf("locked", error="The file is locked"))
        assert result["failed"] and result["msg"] == "The file is locked. Unlock it."


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        ({"client_secret": None}, {}, "was proven when it was created, and one cannot return it"),
        ({"client_secret": "", "federated_credential": "mail"}, {}, "is used with a token of its issuer"),
        ({"client_id": OTHER}, {}, f"one stores the credential of another application, {OTHER}"),
        ({}, {"key_id": OTHER}, f"the credential {OTHER} is not stored in one"),
        (None, {}, "no credential is stored in one yet"),
    ],
)
def test_an_empty_store_is_not_a_failure(tenant: Tenant, change: Json | None, more: Json, words: str) -> None:
    record = kept(tenant, "Mail.ReadWrite")
    whole = run(tenant, Shelf("one", record))
    given = {**address(tenant, record), **more, "expected_roles": ["Mail.ReadWrite"], "fail_if_missing": True}
    shelf = Shelf("one", dataclasses.replace(record, **change) if change is not None else None)
    requests = len(tenant.server.requests())
    result = run(tenant, shelf, **given)
    assert not result.get("failed"), result
    assert (result["proven"], result["roles"], result["missing_roles"], result["attempts"]) == (False, [], [], 0)
    assert words in result["notes"][0]
    assert frozenset(result) == frozenset(whole)
    assert len(tenant.server.requests()) == requests
    for module, options in (
        ("azure_mailbox_access_info", {"mailboxes_allowed": ["a@b.example"]}),
        ("azure_smtp_oauth_info", {"mailbox": "a@b.example"}),
    ):
        failed = run(tenant, shelf, module=module, **{**address(tenant, record), **more}, **options)
        assert failed["failed"] and words in failed["msg"]


def test_a_first_run_in_check_mode_has_nothing_to_verify(tenant: Tenant) -> None:
    tenant.register()
    result = run(
        tenant, Shelf("one"), check=True, client_id=None, tenant_id=tenant.server.tenant_id, fail_if_missing=True,
        expected_roles=["Mail.ReadWrite"],
    )  # fmt: skip
    assert (result["proven"], result["client_id"], result["roles"]) == (False, None, [])


def test_check_mode_neither_waits_nor_fails_for_predicted_repairs(tenant: Tenant, virtual_time: VirtualTime) -> None:
    record = kept(tenant)
    expected: Json = {"expected_roles": ["Mail.Send"], "fail_if_missing": True}
    result = run(tenant, Shelf("one", record), check=True, **expected)
    assert (result["proven"], result["missing_roles"]) == (False, ["Mail.Send"])
    wrong = dataclasses.replace(record, client_secret="wrong but long enough")
    result = run(tenant, Shelf("one", wrong), check=True, **expected)
    assert result["proven"] is False
    assert result["notes"] == [f"Nothing was proven: the stored credential {KEY} is refused (AADSTS7000215)."]
    assert virtual_time.waited == []
    assert run(tenant, Shelf("one", wrong), fresh_secret=False)["error"]["code"] == "AADSTS7000215"


def test_missing_roles_are_a_failure_on_request(tenant: Tenant, virtual_time: VirtualTime) -> None:
    record = kept(tenant, "Mail.ReadWrite")
    result = run(
        tenant, Shelf("one", record), expected_roles=["Mail.ReadWrite", "Mail.Send"], fail_if_missing=True,
        wait_timeout=30,
    )  # fmt: skip
    assert result["failed"]
    assert f"The token of the application {record.client_id} lacks Mail.Send" in result["msg"]
    assert "Consent can take longer" in result["msg"] and "azure_admin_consent" in result["error"]["next_step"]
    assert result["error"]["kind"] == "conflict"
    assert virtual_time.waited


def test_the_token_of_the_credential_task_is_used(remembering: Tenant) -> None:
    tenant = remembering
    record = kept(tenant)
    key = Credential(tenant.server.tenant_id.upper(), record.client_id, record.key_id.upper())
    remember_token(tenant.memory, key, resource=tenant.server.graph, token=token_with(tenant, "Mail.ReadWrite"))
    shelf = Shelf("one", record)
    given = address(tenant, record)
    result = run(tenant, shelf, **given, expected_roles=["Mail.ReadWrite"], fail_if_missing=True)
    assert (result["proven"], result["attempts"], result["audience"]) == (True, 0, "me")
    assert (shelf.reads, tenant.server.requests()) == (0, [])
    for unknown in ({"key_id": OTHER}, {"resource": "exchange_online"}, {"key_id": None}):
        before = shelf.reads
        run(tenant, shelf, **{**given, **unknown})
        assert shelf.reads == before + 1, unknown


def test_a_stored_token_without_the_roles_is_renewed(remembering: Tenant, virtual_time: VirtualTime) -> None:
    tenant = remembering
    tenant.server.settings.update({"consent_delay": 30})
    record = kept(tenant, "Mail.ReadWrite")
    key = Credential(tenant.server.tenant_id, record.client_id, record.key_id)
    remember_token(tenant.memory, key, resource=tenant.server.graph, token=token_with(tenant))
    given = {**address(tenant, record), "expected_roles": ["Mail.ReadWrite"]}
    quick = run(tenant, Shelf("one", record), **given, poll=False)
    assert (quick["proven"], quick["missing_roles"], quick["attempts"]) == (False, ["Mail.ReadWrite"], 0)
    result = run(tenant, Shelf("one", record), **given, fail_if_missing=True)
    assert result["proven"] and result["attempts"] > 1 and virtual_time.waited
    content = recall_token(tenant.memory, key, resource=tenant.server.graph)
    assert content is not None and content.roles == ("Mail.ReadWrite",)


def test_the_value_of_a_write_only_store_is_read_from_the_memory_of_the_run(remembering: Tenant) -> None:
    tenant = remembering
    record = kept(tenant, "Mail.ReadWrite")
    assert record.client_secret
    remember_value(tenant.memory, Credential(tenant.server.tenant_id, record.client_id, KEY), record.client_secret)
    silent = dataclasses.replace(record, client_secret=None)
    result = run(tenant, Shelf("awx", silent), **address(tenant, record), expected_roles=["Mail.ReadWrite"])
    assert result["proven"] is True
    assert record.client_secret not in json.dumps(result)
    found = run(
        tenant, Shelf("awx", silent), module="azure_mailbox_access_info",
        mailboxes_allowed=[tenant.mailbox("megan")],
    )  # fmt: skip
    assert (found["proven"], found["key_id"], found["notes"]) == (True, KEY, [])


def test_an_assertion_verifies_a_stored_federated_credential(tenant: Tenant) -> None:
    made = tenant.register()
    minted = tenant.assertion("system:serviceaccount:mail:gateway")
    tenant.ok(
        "azure_app_federated_credential", unique_name="gateway", name="mail", issuer=minted["issuer"],
        subject=minted["subject"],
    )  # fmt: skip
    record = Record(
        client_id=made["client_id"], tenant_id=tenant.server.tenant_id, key_id=KEY, federated_credential="mail"
    )
    result = run(tenant, Shelf("one", record), client_assertion=minted["assertion"])
    assert (result["proven"], result["key_id"]) == (True, KEY)


def test_only_a_task_can_open_stores(tenant: Tenant) -> None:
    result = tenant.fails("azure_app_token_info", stores=[{"type": "ansible_vault"}])
    assert "Only a task of ansible-playbook" in result["msg"]
