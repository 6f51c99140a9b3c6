# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import itertools
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint, endpoint_settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import ENVIRONMENT, pick
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import check_redirect_uris
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import (
    AuthSettings,
    auth_settings,
)

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
MODULE_PACKAGE = "ansible_collections.email_gateway.azure_apps.plugins.modules"
TENANT_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
CLIENT_ID = "b2466de6-5867-4b23-83ff-449c85f44ba1"
VARIABLES = [(name, variable) for name, variables in ENVIRONMENT.items() for variable in variables]
GOOD: dict[str, str] = {
    "auth_source": "cli",
    "auth_tenant_id": TENANT_ID,
    "auth_client_id": CLIENT_ID,
    "auth_client_secret": "s3cret",
    "auth_certificate_path": "/etc/key.pem",
    "auth_certificate_password": "passw0rd",
    "auth_certificate_send_chain": "true",
    "auth_federated_token": "a.b.c",
    "auth_federated_token_file": "/run/token",
    "auth_access_token": "t0ken",
    "auth_profile": "customer",
    "cloud_environment": "AzureChinaCloud",
    "authority_url": "https://login.example",
    "graph_url": "https://graph.example",
    "ca_file": "/etc/ca.pem",
}


def endpoint(environ: t.Mapping[str, str] | None = None, **params: t.Any) -> Endpoint:
    defaults = {name: option.get("default") for name, option in ENDPOINT.options.items()}
    return endpoint_settings({**defaults, **params}, environ or {})


def settings(environ: t.Mapping[str, str] | None = None, **params: t.Any) -> AuthSettings:
    return auth_settings(params, environ or {})


# Options and environment variables


def test_the_variables_of_azure_azcollection_awx_and_the_libraries_are_known() -> None:
    assert {variable for _name, variable in VARIABLES} >= {
        "ANSIBLE_AZURE_AUTH_SOURCE", "AZURE_TENANT", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SECRET",
        "AZURE_CLIENT_SECRET", "AZURE_CLOUD_ENVIRONMENT", "AZURE_AUTHORITY_HOST", "REQUESTS_CA_BUNDLE",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "variable"), VARIABLES)
def test_each_variable_sets_its_option(name: str, variable: str) -> None:
    assert pick(name, {}, {variable: GOOD[name]}) == GOOD[name]
    assert pick(name, {name: None}, {variable: GOOD[name]}) == GOOD[name]


@pytest.mark.parametrize(("name", "variable"), VARIABLES)
@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_option_or_variable_is_unset(name: str, variable: str, blank: str) -> None:
    assert pick(name, {}, {variable: blank}) is None
    assert pick(name, {name: blank}, {}) is None
    assert pick(name, {name: blank}, {variable: GOOD[name]}) == GOOD[name]


@pytest.mark.parametrize(("name", "variable"), VARIABLES)
def test_the_option_has_precedence_over_the_variable(name: str, variable: str) -> None:
    assert pick(name, {name: GOOD[name]}, {variable: "other"}) == GOOD[name]


@pytest.mark.parametrize(
    ("name", "first", "second"), [(n, *v) for n, v in ENVIRONMENT.items() if len(v) > 1 and n != "ca_file"]
)
def test_two_variables_of_an_option_with_different_values_are_an_error(name: str, first: str, second: str) -> None:
    with pytest.raises(InputError) as failure:
        pick(name, {}, {first: "one-value", second: "another-value"})
    assert first in str(failure.value)
    assert second in str(failure.value)
    assert "one-value" not in str(failure.value), "it may be a secret"
    assert name in failure.value.next_step
    assert pick(name, {}, {first: "one", second: "one"}) == "one"
    assert pick(name, {}, {first: "one", second: " "}) == "one"
    assert pick(name, {}, {first: "", second: "one"}) == "one"
    assert pick(name, {name: "option"}, {first: "one", second: "another"}) == "option"


def test_the_first_of_the_two_variables_for_authorities_has_precedence() -> None:
    environ = {"REQUESTS_CA_BUNDLE": "/a", "SSL_CERT_FILE": "/b"}
    assert pick("ca_file", {}, environ) == "/a"


def test_options_and_variables_can_be_combined() -> None:
    environ = {"AZURE_TENANT": TENANT_ID, "AZURE_CLIENT_ID": "ignored", "AZURE_SECRET": "from environment"}
    found = settings(environ, auth_client_id=CLIENT_ID)
    assert (found.tenant_id, found.client_id, found.client_secret) == (TENANT_ID, CLIENT_ID, "from environment")
    assert found.given == {"auth_client_id"}


def test_no_representation_shows_a_secret() -> None:
    found = settings({"AZURE_SECRET": "s3cret", "AZURE_ACCESS_TOKEN": "t0ken"})
    assert "s3cret" not in repr(found)
    assert "t0ken" not in repr(found)
    assert "s3cret" not in repr(endpoint({"AZURE_SECRET": "s3cret"}))


@pytest.mark.parametrize(
    ("source", "ours"),
    [("msi", "managed_identity"), ("credential_file", "AZURE_PROFILE"), ("env", "auto"), ("nonsense", "client_secret")],
)
def test_an_unsupported_source_is_reported_with_its_name_here(source: str, ours: str) -> None:
    with pytest.raises(InputError) as failure:
        settings({"ANSIBLE_AZURE_AUTH_SOURCE": source})
    assert source in str(failure.value)
    assert ours in failure.value.next_step


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"auth_tenant_id": "common"}, "does not name a single tenant"),
        ({"auth_client_id": "gateway"}, r"auth_client_id \(AZURE_CLIENT_ID\) is 'gateway', which is not a GUID"),
    ],
)
def test_malformed_sign_in_options_are_reported(params: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings(**params)


# Endpoints


@pytest.mark.parametrize("name", list(CLOUDS))
def test_each_cloud_can_be_selected_by_name(name: str) -> None:
    for found in (endpoint(cloud_environment=name), endpoint({"AZURE_CLOUD_ENVIRONMENT": name})):
        assert (found.authority, found.graph, found.portal) == (
            CLOUDS[name].authority, CLOUDS[name].graph, CLOUDS[name].portal,
        )  # fmt: skip


def test_the_public_cloud_is_the_default() -> None:
    assert endpoint().graph == "https://graph.microsoft.com"
    assert endpoint({"AZURE_CLOUD_ENVIRONMENT": " "}).authority == "https://login.microsoftonline.com"


def test_no_two_clouds_share_a_graph_host_and_none_ends_in_a_slash() -> None:
    assert len({cloud.graph for cloud in CLOUDS.values()}) == len(CLOUDS)
    for cloud in CLOUDS.values():
        for host in (cloud.authority, cloud.graph, cloud.portal):
            assert host.startswith("https://")
            assert not host.endswith("/")


@pytest.mark.parametrize(
    "host", ["login.microsoftonline.us", "https://login.microsoftonline.us/", "HTTPS://LOGIN.microsoftonline.US"]
)
def test_the_authority_host_of_the_libraries_selects_its_cloud(host: str) -> None:
    found = endpoint({"AZURE_AUTHORITY_HOST": host})
    assert (found.authority, found.graph) == ("https://login.microsoftonline.us", "https://graph.microsoft.us")


def test_an_authority_of_two_clouds_is_accepted_with_either_name() -> None:
    found = endpoint({"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"}, cloud_environment="AzureUSGovernmentDoD")
    assert found.graph == "https://dod-graph.microsoft.us"


def test_a_custom_pair_of_hosts_is_accepted() -> None:
    found = endpoint(authority_url="https://LOCALHOST:8443/", graph_url="https://[::1]:9")
    assert (found.authority, found.graph) == ("https://localhost:8443", "https://[::1]:9")


@pytest.mark.parametrize(
    ("environ", "params"),
    [
        ({"AZURE_CLOUD_ENVIRONMENT": "AzureGermanCloud"}, {}),
        ({"AZURE_AUTHORITY_HOST": "login.example"}, {}),
        ({"AZURE_GRAPH_URL": "https://graph.example"}, {}),
        ({"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"}, {"cloud_environment": "AzureChinaCloud"}),
        ({"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"}, {"cloud_environment": "AzureCloud"}),
        ({"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment"}, {"graph_url": "https://graph.microsoft.com"}),
        (
            {"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment"},
            {"authority_url": "https://login.example", "graph_url": "https://graph.example"},
        ),
    ],
    ids=str,
)
def test_contradicting_hosts_and_names_are_an_error(environ: dict[str, str], params: dict[str, str]) -> None:
    with pytest.raises(InputError) as failure:
        endpoint(environ, **params)
    assert failure.value.next_step


@pytest.mark.parametrize(
    ("given", "other"), [("authority_url", "graph_url"), ("graph_url", "authority_url")], ids=["authority", "graph"]
)
def test_one_host_of_a_custom_pair_is_reported_with_the_other_one(given: str, other: str) -> None:
    with pytest.raises(InputError) as failure:
        endpoint({}, **{given: "https://localhost:8443"})
    assert f"{other} (AZURE_" in failure.value.message
    assert f"Set {other} as well" in (failure.value.next_step or "")


def test_a_token_meant_for_one_cloud_is_never_sent_to_another() -> None:
    """Sign-in host and Graph host of two national clouds contradict each other, also if no cloud is named."""
    with pytest.raises(InputError):
        endpoint(authority_url="https://login.microsoftonline.com", graph_url="https://microsoftgraph.chinacloudapi.cn")


@pytest.mark.parametrize("name", ["authority_url", "graph_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://host.example",
        "ftp://host.example",
        "https://",
        "https://host.example/tenant",
        "https://host.example/v1.0",
        "https://host.example?x=1",
        "https://host.example#x",
        "https://user@host.example",
        "https://user:password@host.example",
        "https://:password@host.example",
        "https://@host.example",
        "https://host.example:99999",
        "https://host.example:port",
        "https://host.example:",
        "https://host.example:0",
        "https://[::1",
        "https://ho st.example",
        "https://host\\.example",
        "https://host.exa\u2100mple",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_a_plain_https_host_is_refused(name: str, url: str) -> None:
    good: dict[str, t.Any] = {"authority_url": "https://login.example", "graph_url": "https://graph.example"}
    with pytest.raises(InputError) as failure:
        endpoint(**{**good, name: url})
    assert name in str(failure.value)
    assert "password" not in str(failure.value)


@pytest.mark.parametrize("uri", ["https://[::1", "https://host.exa\u2100mple", "https://", "", "/callback"])
def test_an_invalid_redirect_uri_is_refused(uri: str) -> None:
    with pytest.raises(InputError):
        check_redirect_uris([uri])


@pytest.mark.parametrize("name", ["request_timeout", "wait_timeout"])
def test_timeouts_outside_of_their_bounds_are_refused(name: str) -> None:
    for bad in (0, -1, 3601):
        options: dict[str, t.Any] = {name: bad}
        with pytest.raises(InputError, match=rf"O\({name}\) is {bad}"):
            endpoint(**options)
    longest: dict[str, t.Any] = {name: 3600}
    assert getattr(endpoint(**longest), name) == 3600


# Specs


def test_an_option_in_two_parts_of_a_spec_is_an_error() -> None:
    with pytest.raises(ValueError, match="client_id"):
        ArgumentSpec(options={"client_id": {}}) + ArgumentSpec(options={"client_id": {}})


def test_options_of_the_sign_in_differ_from_those_of_resources() -> None:
    assert all(name.startswith("auth_") for name in AUTH.options)
    seen = 0
    for path in sorted(MODULES.glob("azure_*.py")):
        module = getattr(importlib.import_module(f"{MODULE_PACKAGE}.{path.stem}"), "MODULE", None)
        if module is None:
            continue  # the spec is in its action plugin
        seen += 1
        own = module.argument_spec.options.keys() - AUTH.options.keys() - ENDPOINT.options.keys()
        assert not [name for name in own if name.startswith("auth_")], path.name
    assert seen >= 6


def test_every_option_with_a_secret_is_marked() -> None:
    assert AUTH.secret_options == {
        "auth_client_secret",
        "auth_certificate_password",
        "auth_federated_token",
        "auth_access_token",
    }


def test_every_rule_names_options_that_exist() -> None:
    for spec in (AUTH, ENDPOINT):
        names = itertools.chain(*spec.mutually_exclusive, *spec.required_one_of, *spec.required_together)
        assert set(names) <= spec.options.keys()
