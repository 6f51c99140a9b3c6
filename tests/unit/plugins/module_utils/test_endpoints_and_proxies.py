# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of requests: national clouds, custom endpoints and proxies, observed by a proxy."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS
from ansible_collections.email_gateway.azure_apps.tests.unit.connect_proxy import ConnectProxy
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
SECRET: dict[str, str] = {"AZURE_TENANT": UNKNOWN, "AZURE_CLIENT_ID": UNKNOWN, "AZURE_SECRET": "s3cret"}
# Source: "National cloud deployments", of Microsoft Graph.
HOSTS: dict[str, tuple[str, str]] = {
    "AzureCloud": ("login.microsoftonline.com", "graph.microsoft.com"),
    "AzureUSGovernment": ("login.microsoftonline.us", "graph.microsoft.us"),
    "AzureUSGovernmentDoD": ("login.microsoftonline.us", "dod-graph.microsoft.us"),
    "AzureChinaCloud": ("login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
}


@pytest.fixture
def proxy() -> t.Iterator[ConnectProxy]:
    with ConnectProxy() as found:
        yield found


def asked(tenant: Tenant, proxy: ConnectProxy, environ: dict[str, str], **options: t.Any) -> set[str]:
    """The hosts that a task connects to; all connections are refused."""
    tenant.environ = {**environ, "HTTPS_PROXY": f"http://{proxy.address}"}
    failure = tenant.fails(MODULE, **UNREGISTERED, wait_timeout=1, **options)
    assert failure["error"]["kind"] == "transport" and "proxy" in failure["msg"]
    return {address.removesuffix(":443") for address in proxy.asked}


def test_all_clouds_are_tested() -> None:
    assert HOSTS.keys() == CLOUDS.keys()


@pytest.mark.parametrize("cloud", list(HOSTS))
@pytest.mark.parametrize("by_option", [True, False])
def test_each_cloud_has_its_hosts(tenant: Tenant, proxy: ConnectProxy, cloud: str, by_option: bool) -> None:
    """The sign-in first; with an access token from elsewhere, Microsoft Graph."""
    authority, graph = HOSTS[cloud]
    options: Json = {"cloud_environment": cloud} if by_option else {}
    environ = {} if by_option else {"AZURE_CLOUD_ENVIRONMENT": cloud}
    assert asked(tenant, proxy, {**environ, **SECRET}, **options) == {authority}
    proxy.asked.clear()
    options.update(auth_access_token="opaque", auth_tenant_id=UNKNOWN)
    assert asked(tenant, proxy, environ, **options) == {graph}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_only_the_configured_hosts_are_contacted_through_the_proxy(
    tenant: Tenant, proxy: ConnectProxy, variable: str
) -> None:
    """No discovery of instances, which would ask login.microsoftonline.com about a custom endpoint."""
    tenant.environ[variable] = f"http://user:pr0xy@{proxy.address}"
    tenant.environ["AZURE_DISABLE_INSTANCE_DISCOVERY"] = "false"
    result = tenant.ok(MODULE, **UNREGISTERED)
    hosts = {url.removeprefix("https://") for url in (tenant.server.authority, tenant.server.graph)}
    assert set(proxy.asked) == hosts
    assert set(proxy.authorizations) == {f"Basic {base64.b64encode(b'user:pr0xy').decode()}"}
    assert "pr0xy" not in json.dumps(result)


@pytest.mark.parametrize("past", ["localhost", "*", ".example,localhost"])
def test_hosts_in_no_proxy_are_contacted_directly(tenant: Tenant, proxy: ConnectProxy, past: str) -> None:
    tenant.environ.update(HTTPS_PROXY=f"http://{proxy.address}", NO_PROXY=past)
    tenant.ok(MODULE, **UNREGISTERED)
    assert proxy.asked == []


def test_certificates_are_verified_regardless_of_settings_of_azure_azcollection(tenant: Tenant) -> None:
    ca_file = tenant.environ.pop("REQUESTS_CA_BUNDLE")
    tenant.environ["AZURE_CERT_VALIDATION_MODE"] = "ignore"
    assert "certificate was not accepted" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
    (warning,) = tenant.ok(MODULE, **UNREGISTERED, ca_file=ca_file)["warnings"]
    assert "always checked" in warning
    tenant.environ["AZURE_CERT_VALIDATION_MODE"] = "validate"
    assert "warnings" not in tenant.ok(MODULE, **UNREGISTERED, ca_file=ca_file)


def test_a_sign_in_host_of_azure_azcollection_is_not_ignored(tenant: Tenant) -> None:
    own = tenant.environ
    tenant.environ = {**SECRET, "AZURE_ADFS_AUTHORITY_URL": "https://adfs.example/adfs"}
    failure = tenant.fails(MODULE, **UNREGISTERED)
    assert "AZURE_ADFS_AUTHORITY_URL" in failure["msg"] and "authority_url" in failure["error"]["next_step"]
    tenant.environ = {**own, "AZURE_ADFS_AUTHORITY_URL": "https://adfs.example/adfs"}
    tenant.ok(MODULE, **UNREGISTERED)
