# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that azure.azcollection 3.12 to 3.21 ignored or misread, each observed there; none of this happens here."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.connect_proxy import ConnectProxy
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.test_managed_identity import (
    Metadata,
    of_vm,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.test_operator_credentials import (
    Operator,
    written,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
HOSTS = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")


def tenants_asked(tenant: Tenant) -> set[str]:
    """The tenants in the sign-in requests."""
    asked = [entry.path for entry in tenant.server.requests() if entry.path.endswith(("configuration", "/token"))]
    return {path.split("/")[1] for path in asked}


def identities(tenant: Tenant) -> set[str | None]:
    return {entry.client_id for entry in tenant.server.requests() if entry.is_graph}


def another_operator(tenant: Tenant) -> tuple[str, str]:
    return tenant.server.add_operator(["Application.Read.All"])


@pytest.fixture
def home(tenant: Tenant, tmp_path: Path) -> Path:
    """A user without any variable for the sign-in, with a section [default]."""
    client_id, secret = another_operator(tenant)
    (tmp_path / ".azure").mkdir()
    text = f"[default]\nclient_id = {client_id}\nsecret = {secret}\ntenant = {tenant.server.tenant_id}\n"
    path = tmp_path / ".azure" / "credentials"
    path.write_text(text)
    path.chmod(0o600)
    tenant.environ = {**{name: tenant.environ[name] for name in HOSTS}, "HOME": str(tmp_path), "PATH": str(tmp_path)}
    return tmp_path


def test_a_tenant_option_is_combined_with_an_application_in_the_environment(tenant: Tenant) -> None:
    tenant.environ["AZURE_TENANT"] = UNKNOWN
    tenant.ok(MODULE, **UNREGISTERED, auth_tenant_id=tenant.server.domain)
    # The description of the endpoints by its name, which then refers to the tenant by its id.
    assert tenants_asked(tenant) == {tenant.server.domain, tenant.server.tenant_id}
    tenant.clear_requests()
    tenant.environ["AZURE_TENANT"] = tenant.server.tenant_id
    tenant.fails(MODULE, **UNREGISTERED, auth_tenant_id=UNKNOWN)
    assert tenant.graph_requests == 0


def test_a_client_id_option_is_combined_with_the_environment(tenant: Tenant) -> None:
    client_id, secret = another_operator(tenant)
    tenant.environ["AZURE_SECRET"] = secret
    tenant.ok(MODULE, **UNREGISTERED, auth_client_id=client_id)
    assert identities(tenant) == {client_id}
    assert tenants_asked(tenant) == {tenant.server.tenant_id}


def test_the_variable_of_microsofts_libraries_for_the_client_secret_is_read(tenant: Tenant) -> None:
    tenant.environ["AZURE_CLIENT_SECRET"] = tenant.environ.pop("AZURE_SECRET")
    tenant.ok(MODULE, **UNREGISTERED)
    assert identities(tenant) == {tenant.server.client_id}


def test_the_cloud_of_the_environment_is_used_with_options(tenant: Tenant) -> None:
    options: Json = {"auth_tenant_id": UNKNOWN, "auth_client_id": UNKNOWN, "auth_client_secret": "s"}
    with ConnectProxy() as proxy:
        tenant.environ = {"AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud", "HTTPS_PROXY": f"http://{proxy.address}"}
        tenant.fails(MODULE, **UNREGISTERED, wait_timeout=1, **options)
        assert set(proxy.asked) == {"login.partner.microsoftonline.cn:443"}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Metadata]:
    found = Metadata()
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", found.url)
    yield found
    found.close()


def test_the_cloud_of_the_environment_is_used_for_a_managed_identity(tenant: Tenant, machine: Metadata) -> None:
    machine.answers = [(200, of_vm(tenant.operator_token()))]
    with ConnectProxy() as proxy:
        tenant.environ = {"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment", "HTTPS_PROXY": f"http://{proxy.address}"}
        tenant.fails(MODULE, **UNREGISTERED, auth_source="managed_identity", wait_timeout=1)
        assert set(proxy.asked) == {"graph.microsoft.us:443"}
    assert machine.asked[0][1]["resource"] == ["https://graph.microsoft.us"]


def test_a_managed_identity_needs_no_subscription(tenant: Tenant, machine: Metadata) -> None:
    machine.answers = [(200, of_vm(tenant.operator_token()))]
    tenant.environ = {name: tenant.environ[name] for name in HOSTS}
    tenant.ok(MODULE, **UNREGISTERED, auth_source="managed_identity")
    assert identities(tenant) == {tenant.server.client_id}
    assert len(machine.asked) == 1, "no list of subscriptions is requested"


def test_a_missing_section_of_the_environment_is_an_error(tenant: Tenant, home: Path) -> None:
    tenant.environ["AZURE_PROFILE"] = "customer"
    assert "no such section" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
    assert tenant.server.requests() == []


def test_the_credential_of_awx_has_precedence_over_the_token_of_a_pod(tenant: Tenant, tmp_path: Path) -> None:
    """AWX sets four variables; workload identity of the cluster sets three, of which two are the same."""
    (tmp_path / "token").write_text(tenant.assertion("pod")["assertion"])
    tenant.environ = {
        **tenant.environ,
        "AZURE_SUBSCRIPTION_ID": UNKNOWN,
        "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
    }
    tenant.ok(MODULE, **UNREGISTERED)
    assert identities(tenant) == {tenant.server.client_id}


def test_the_default_section_is_used_without_any_variable(tenant: Tenant, home: Path) -> None:
    tenant.ok(MODULE, **UNREGISTERED)
    (client_id,) = identities(tenant)
    assert client_id is not None and client_id in (home / ".azure" / "credentials").read_text()


def test_the_azure_cli_is_used_without_any_variable(tenant: Tenant, home: Path) -> None:
    answer = {"accessToken": tenant.operator_token(), "expires_on": int(time.time()) + 3600}
    (home / ".azure" / "credentials").unlink()
    (home / "answer").write_text(json.dumps(answer))
    (home / "az").write_text(f"#!/bin/sh\nexec /bin/cat {home}/answer\n")
    (home / "az").chmod(0o755)
    tenant.ok(MODULE, **UNREGISTERED)
    assert identities(tenant) == {tenant.server.client_id}
    assert tenants_asked(tenant) == set()


def test_a_certificate_needs_no_thumbprint(tenant: Tenant, tmp_path: Path) -> None:
    operator = Operator(tenant, tmp_path)
    path = written(operator.has(Pair.new()), tmp_path / "key", "pem")
    assert "AZURE_THUMBPRINT" not in operator.environ
    operator.signs_in(AZURE_X509_CERTIFICATE_PATH=path)


def test_a_user_name_and_password_are_an_error_and_not_ignored(tenant: Tenant, home: Path) -> None:
    """AWX's credential sets them if it has no client. Neither the section [default] nor the Azure CLI is meant."""
    tenant.environ.update(AZURE_AD_USER="adele@contoso.example", AZURE_PASSWORD="passw0rd")
    failure = tenant.fails(MODULE, **UNREGISTERED)
    assert "AZURE_AD_USER" in failure["msg"] and "azure_device_login" in failure["error"]["next_step"]
    assert "passw0rd" not in json.dumps(failure)
    assert tenant.server.requests() == []
