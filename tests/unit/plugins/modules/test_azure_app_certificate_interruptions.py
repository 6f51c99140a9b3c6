# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost responses, killed runs, concurrent writes and lagging replicas."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import key_files as _key_files
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import key_credentials as _key_credentials
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import certificate as _certificate
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in import key_pair as _key_pair
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.certificate_files import (
    MODULE,
    add_foreign,
    files,
    is_accepted,
    registered,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    concurrency_violation,
)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("fault", [{"close_before": True}, {"close_after": True}, {"status": 503, "processed": True}])
def test_a_lost_response_ends_with_one_certificate(
    tenant: Tenant, certificate_options: Json, key_path: Path, fault: Json
) -> None:
    other = add_foreign(tenant)
    tenant.server.faults.add(method="PATCH", path="applications", **fault)
    result = tenant.ok(MODULE, **certificate_options)
    assert {c["keyId"] for c in registered(tenant)} == {result["key_id"], other["keyId"]}
    assert files(key_path) == ["gateway.pem"]
    assert is_accepted(tenant, key_path)


@pytest.mark.parametrize("step", ["write to the tenant", "answer of the tenant", "use of the file"])
def test_a_killed_run_is_continued_without_another_key(
    tenant: Tenant, certificate_options: Json, key_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    tenant.ok(MODULE, **certificate_options, lifetime_days=20, renew_before_days=10)
    in_use = key_path.read_bytes()
    client = _key_credentials.KeyCredentialsClient
    add = client.add

    def killed(*args: t.Any, **named: t.Any) -> t.Any:
        if step == "answer of the tenant":
            add(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        if step == "use of the file":
            patch.setattr(_key_files.KeyFiles, "use_pending", killed)
        else:
            patch.setattr(client, "add", killed)
        with pytest.raises(Killed):
            tenant.run(MODULE, **certificate_options)
    assert key_path.read_bytes() == in_use, "the key in use is unchanged"
    assert is_accepted(tenant, key_path)
    made = key_path.with_name("gateway.pem.new").read_bytes()
    result = tenant.ok(MODULE, **certificate_options)
    assert result["changed"]
    assert key_path.read_bytes() == made
    assert key_path.with_name("gateway.pem.old").read_bytes() == in_use
    assert len(registered(tenant)) == 2
    assert is_accepted(tenant, key_path)
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


@pytest.mark.parametrize("status", [400, 409, 503])
def test_a_write_too_close_to_another_is_planned_again(
    tenant: Tenant, certificate_options: Json, key_path: Path, status: int
) -> None:
    tenant.server.faults.add(method="PATCH", path="applications", status=status, body=concurrency_violation(status))
    tenant.ok(MODULE, **certificate_options)
    assert len(registered(tenant)) == 1
    assert len(tenant.writes) == 2
    sent = [entry.body["keyCredentials"][0]["key"] for entry in tenant.write_entries if entry.body]
    assert sent[0] == sent[1], "the same key"
    assert is_accepted(tenant, key_path)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_concurrent_write_of_another_client_is_not_lost(
    tenant: Tenant, certificate_options: Json, key_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Before: it adds one while the key is created. After: it replaces the collection as soon as it was written."""
    client = _key_credentials.KeyCredentialsClient
    add, write = client.add, client._write
    foreign: list[Json] = []

    def late(*args: t.Any, **named: t.Any) -> t.Any:
        if when == "before" and not foreign:
            foreign.append(add_foreign(tenant))
        return add(*args, **named)

    def replaced(*args: t.Any, **named: t.Any) -> None:
        write(*args, **named)
        if when == "after" and not foreign:
            tenant.application(uniqueName="gateway")["keyCredentials"] = []
            foreign.append(add_foreign(tenant))

    monkeypatch.setattr(client, "add", late)
    monkeypatch.setattr(client, "_write", replaced)
    result = tenant.ok(MODULE, **certificate_options)
    assert {c["keyId"] for c in registered(tenant)} == {result["key_id"], foreign[0]["keyId"]}
    assert files(key_path) == ["gateway.pem"]
    assert is_accepted(tenant, key_path)


def test_two_concurrent_runs_end_with_one_key(
    tenant: Tenant, certificate_options: Json, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run does all of its work between the read and the write of this one."""
    made = _key_pair.new_pair
    others: list[Json] = []

    def late(**named: t.Any) -> t.Any:
        if not others:
            others.append({})
            others[0] = tenant.ok(MODULE, **certificate_options)
        return made(**named)

    monkeypatch.setattr(_certificate, "new_pair", late)
    result = tenant.run(MODULE, **certificate_options)
    assert not result.get("failed"), result
    assert [c["keyId"] for c in registered(tenant)] == [others[0]["key_id"]] == [result["key_id"]]
    assert files(key_path) == ["gateway.pem"]
    assert is_accepted(tenant, key_path)
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


def test_lagging_replicas_cause_no_second_certificate(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    tenant.server.settings.update({"replica_delays": [0, 20, 40]})
    first = tenant.ok(MODULE, **certificate_options)
    assert tenant.ok(MODULE, **certificate_options)["key_id"] == first["key_id"]
    assert [c["keyId"] for c in registered(tenant)] == [first["key_id"]]
    tenant.server.clock.advance(40)
    assert is_accepted(tenant, key_path)
