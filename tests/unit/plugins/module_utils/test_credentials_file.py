# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sections of ~/.azure/credentials: the sign-in of a module that only reads, and the values field by field."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import endpoint_settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.credentials_file import (
    KEYS,
    default_section,
    named_section,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import (
    AuthSettings,
    auth_settings,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
# Two different values for each key.
VALUES: dict[str, tuple[str, str]] = {
    "client_id": (UNKNOWN, OTHER),
    "secret": ("s3cret", "0ther"),
    "tenant": ("contoso.example", "fabrikam.example"),
    "x509_certificate_path": ("/etc/key.pem", "/etc/other.pem"),
    "oidc_token": ("a.b.c", "d.e.f"),
    "oidc_token_file_path": ("/run/token", "/run/other"),
    "cloud_environment": ("AzureChinaCloud", "AzureUSGovernment"),
}
VARIABLES = {
    "client_id": "AZURE_CLIENT_ID",
    "secret": "AZURE_CLIENT_SECRET",
    "tenant": "AZURE_TENANT_ID",
    "x509_certificate_path": "AZURE_CLIENT_CERTIFICATE_PATH",
    "oidc_token": "AZURE_FEDERATED_TOKEN",
    "oidc_token_file_path": "AZURE_FEDERATED_TOKEN_FILE",
    "cloud_environment": "AZURE_CLOUD_ENVIRONMENT",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".azure").mkdir()
    return tmp_path


def written(home: Path, text: str | bytes, *, mode: int = 0o600) -> Path:
    path = home / ".azure" / "credentials"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def sections(home: Path, **contents: dict[str, str]) -> Path:
    text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in contents.items())
    return written(home, text)


def hosts(tenant: Tenant, home: Path) -> dict[str, str]:
    """No credential, and no Azure CLI."""
    names = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    return {**{name: tenant.environ[name] for name in names}, "HOME": str(home), "PATH": str(home)}


def identity(tenant: Tenant, *roles: str) -> dict[str, str]:
    """The keys of a section for an application of its own."""
    client_id, secret = tenant.server.add_operator(list(roles or ["Application.Read.All"]))
    return {"client_id": client_id, "secret": secret, "tenant": tenant.server.tenant_id}


def signed_in(tenant: Tenant, **options: t.Any) -> str:
    """The client id of the requests to Graph."""
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED, **options)
    (client_id,) = {entry.client_id for entry in tenant.server.requests() if entry.is_graph}
    return str(client_id)


def by_name(environ: dict[str, str], **params: t.Any) -> dict[str, str | None]:
    """The value of each key that is in effect."""
    defaults = {name: option.get("default") for name, option in ENDPOINT.options.items()}
    given = {**defaults, **params}
    section = named_section(given, environ) or default_section(given, environ)
    settings: AuthSettings = auth_settings(given, environ, section)
    found = {key: settings.value(option) for key, option in KEYS.items() if option.startswith("auth_")}
    cloud = endpoint_settings(given, environ, section).cloud
    assert cloud is not None
    return {**found, "cloud_environment": cloud.graph}


GRAPH = {
    "AzureChinaCloud": "https://microsoftgraph.chinacloudapi.cn",
    "AzureUSGovernment": "https://graph.microsoft.us",
}


def counted(key: str, value: str) -> str:
    return GRAPH[value] if key == "cloud_environment" else value


# The identity of the sign-in


@pytest.mark.parametrize("by_option", [True, False])
def test_the_named_section_is_used(tenant: Tenant, home: Path, by_option: bool) -> None:
    one, other = identity(tenant), identity(tenant)
    sections(home, one=one, other={**other, "subscription_id": "nonsense"}, default=one)
    tenant.environ = hosts(tenant, home)
    if not by_option:
        tenant.environ["AZURE_PROFILE"] = "other"
    assert signed_in(tenant, **({"auth_profile": "other"} if by_option else {})) == other["client_id"]


def test_a_named_section_has_precedence_over_the_environment(tenant: Tenant, home: Path) -> None:
    named = identity(tenant)
    sections(home, named=named)
    everything = tenant.environ
    tenant.environ = {**everything, "HOME": str(home)}
    assert signed_in(tenant, auth_profile="named") == named["client_id"]
    tenant.environ["AZURE_CLIENT_CERTIFICATE_PATH"] = "/nowhere"
    tenant.environ["AZURE_ACCESS_TOKEN"] = "opaque"
    assert signed_in(tenant, auth_profile="named") == named["client_id"]


def test_options_have_precedence_over_a_named_section(tenant: Tenant, home: Path) -> None:
    named, by_option = identity(tenant), identity(tenant)
    sections(home, named=named)
    tenant.environ = hosts(tenant, home)
    options = {"auth_client_id": by_option["client_id"], "auth_client_secret": by_option["secret"]}
    assert signed_in(tenant, auth_profile="named", **options) == by_option["client_id"]
    sections(home, named={"tenant": named["tenant"], "client_id": UNKNOWN, "x509_certificate_path": "/nowhere"})
    assert signed_in(tenant, auth_profile="named", **options) == by_option["client_id"]


def test_the_default_section_is_used_if_nothing_else_is_set(tenant: Tenant, home: Path) -> None:
    own = identity(tenant)
    sections(home, default=own)
    everything = tenant.environ
    tenant.environ = hosts(tenant, home)
    assert signed_in(tenant) == own["client_id"]
    tenant.environ = {**everything, "HOME": str(home)}
    assert signed_in(tenant) == tenant.server.client_id


@pytest.mark.parametrize(
    ("environ", "options"),
    [
        ({}, {"auth_source": "cli"}),
        ({"ANSIBLE_AZURE_AUTH_SOURCE": "cli"}, {}),
        ({"AZURE_TENANT": UNKNOWN}, {}),
        ({}, {"auth_tenant_id": UNKNOWN}),
    ],
    ids=str,
)
def test_the_default_section_is_not_used_if_something_else_is_set(
    tenant: Tenant, home: Path, environ: dict[str, str], options: Json
) -> None:
    sections(home, default=identity(tenant))
    tenant.environ = {**hosts(tenant, home), **environ}
    tenant.clear_requests()
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED, **options)["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize("text", ["", "[default]\nsubscription_id = x\n", "[other]\nclient_id = x\n"])
def test_the_cli_is_used_if_the_file_has_no_default_section(tenant: Tenant, home: Path, text: str) -> None:
    written(home, text)
    tenant.environ = hosts(tenant, home)
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED)["msg"]


@pytest.mark.parametrize("named", [{"auth_profile": "gone"}, {}])
def test_a_missing_section_is_an_error_that_lists_the_others(tenant: Tenant, home: Path, named: Json) -> None:
    sections(home, default=identity(tenant), customer=identity(tenant))
    tenant.environ = {**hosts(tenant, home), **({} if named else {"AZURE_PROFILE": "gone"})}
    tenant.clear_requests()
    failure = tenant.fails(MODULE, **UNREGISTERED, **named)
    assert "'gone'" in failure["msg"] and ("auth_profile" if named else "AZURE_PROFILE") in failure["msg"]
    assert "[default], [customer]" in failure["error"]["next_step"]
    assert tenant.server.requests() == []


def test_a_named_section_without_a_known_key_is_an_error(tenant: Tenant, home: Path) -> None:
    written(home, "[x]\nregion = y\n")
    tenant.environ = hosts(tenant, home)
    failure = tenant.fails(MODULE, **UNREGISTERED, auth_profile="x")
    assert "The section [x]" in failure["msg"] and "contains nothing to sign in with" in failure["msg"]
    assert "client_id" in failure["error"]["next_step"]


def test_a_missing_section_of_an_empty_file_is_an_error(tenant: Tenant, home: Path) -> None:
    written(home, "")
    tenant.environ = hosts(tenant, home)
    failure = tenant.fails(MODULE, **UNREGISTERED, auth_profile="x")
    assert "has no such section" in failure["msg"]
    assert failure["error"]["next_step"] == "Write the section [x] into it, or unset the name."


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "/dev/null"}], ids=str)
def test_a_named_section_without_a_file_is_an_error(tenant: Tenant, home: Path, environ: dict[str, str]) -> None:
    tenant.environ = {**hosts(tenant, home), **environ}
    assert "there is no file" in tenant.fails(MODULE, **UNREGISTERED, auth_profile="x")["msg"]


# Field by field


@pytest.mark.parametrize("key", list(KEYS))
def test_a_key_has_precedence_over_its_variable_but_not_over_its_option(home: Path, key: str) -> None:
    one, other = VALUES[key]
    sections(home, named={key: one})
    environ = {"HOME": str(home)}
    assert by_name(environ, auth_profile="named")[key] == counted(key, one)
    assert by_name({**environ, VARIABLES[key]: other}, auth_profile="named")[key] == counted(key, one)
    assert by_name(environ, **{"auth_profile": "named", KEYS[key]: other})[key] == counted(key, other)


@pytest.mark.parametrize("key", list(KEYS))
def test_a_section_named_by_a_variable_must_not_contradict_other_variables(home: Path, key: str) -> None:
    one, other = VALUES[key]
    path = sections(home, named={key: one})
    environ = {"HOME": str(home), "AZURE_PROFILE": "named"}
    assert by_name(environ)[key] == counted(key, one)
    assert by_name({**environ, VARIABLES[key]: one})[key] == counted(key, one)
    assert by_name({**environ, VARIABLES[key]: other}, **{KEYS[key]: one})[key] == counted(key, one)
    with pytest.raises(InputError) as failure:
        by_name({**environ, VARIABLES[key]: other})
    for word in (VARIABLES[key], f"[named] of {path}", KEYS[key]):
        assert word in str(failure.value)
    assert other not in str(failure.value) and one not in str(failure.value), "it may be a secret"


def test_an_option_can_name_another_section_than_the_variable(home: Path) -> None:
    sections(home, one={"client_id": UNKNOWN}, other={"client_id": OTHER})
    assert by_name({"HOME": str(home), "AZURE_PROFILE": "one"}, auth_profile="other")["client_id"] == OTHER


@pytest.mark.parametrize("key", list(KEYS))
def test_a_contradiction_with_the_default_section_is_an_error(home: Path, key: str) -> None:
    one, other = VALUES[key]
    sections(home, default={key: one})
    assert by_name({"HOME": str(home)})[key] == counted(key, one)
    if key == "cloud_environment":  # the host, not the identity: the section still counts
        with pytest.raises(InputError, match="contradict"):
            by_name({"HOME": str(home), VARIABLES[key]: other})


def test_a_secret_is_read_literally(home: Path) -> None:
    """No interpolation, no quotes, no comments inside of a line."""
    for secret in ("a%b%(c)s%%", '"quoted"', "semi;colon", "hash #1", "=equals=", "ümläut"):
        sections(home, named={"secret": secret})
        assert by_name({"HOME": str(home)}, auth_profile="named")["secret"] == secret


def test_keys_for_every_section_and_a_byte_order_mark_are_accepted(home: Path) -> None:
    written(home, b"\xef\xbb\xbf[DEFAULT]\ntenant = contoso.example\n[named]\nCLIENT_ID: " + UNKNOWN.encode())
    found = by_name({"HOME": str(home)}, auth_profile="named")
    assert (found["tenant"], found["client_id"]) == ("contoso.example", UNKNOWN)


def test_a_path_can_begin_in_the_home_folder(home: Path) -> None:
    sections(home, named={"x509_certificate_path": "~/key.pem"})
    assert by_name({"HOME": str(home)}, auth_profile="named")["x509_certificate_path"] == f"{home}/key.pem"


# The cloud


def test_the_cloud_of_a_section_applies_to_modules_without_the_operator(tenant: Tenant, home: Path) -> None:
    """Otherwise the new secret would be sent to another cloud for its verification."""
    proof: Json = {"tenant_id": UNKNOWN, "client_id": UNKNOWN, "client_secret": "s", "wait_timeout": 1}
    sections(home, default={**identity(tenant), "cloud_environment": "AzureChinaCloud"})
    tenant.environ = {"HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:1"}  # which does not respond
    china = "login.partner.microsoftonline.cn"
    assert china in tenant.fails("azure_app_token_info", **proof)["msg"]
    for operator in ({"auth_client_secret": "s"}, {"auth_source": "cli"}, {"auth_tenant_id": "x"}):
        message = tenant.fails("azure_app_token_info", **proof, **operator)["msg"]
        assert "login.microsoftonline.com" in message, "the operator is another one than that of the section"
    assert china in tenant.fails("azure_app_token_info", **proof, auth_profile="default")["msg"]


def test_an_unknown_cloud_is_reported_with_the_section(home: Path) -> None:
    path = sections(home, named={"cloud_environment": "AzureGermanCloud"})
    with pytest.raises(InputError, match=f"section \\[named\\] of {path}.*'AzureGermanCloud'"):
        by_name({"HOME": str(home)}, auth_profile="named")


# Invalid files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"s3cret without a section", "not a text file of [sections]"),
        (b"[named]\ns3cret\n", "not a text file of [sections]"),
        (b"[named]\nsecret = s3cret\xff\n", "not a text file of [sections]"),
        (b"[named]\nsecret = s3cret\x00\n", "not a text file of [sections]"),
        (b"\x7fELF\x00\x01s3cret", "not a text file of [sections]"),
        (b"[named]\nsecret = s3cret\n" + b"#" * 2**20, "it is larger than 1024 KiB"),
        (b"[named]\nsecret = s3cret\n[named]\nsecret = s3cret\n", "a section is defined twice (line 3)"),
        (b"[named]\nsecret = s3cret\nsecret = s3cret\n", "a key is defined twice in one section (line 3)"),
        (b"[named]\nsecret = s3\n  cret\n", "longer than a line"),
        (b"[named]\nsecret = s3\x07cret\n", "longer than a line"),
        (b"[named]\nad_user = s3cret\n", "contains ad_user, which is not supported"),
        (b"[named]\npassword = s3cret\n", "contains password, which is not supported"),
        (b"[named]\nadfs_authority_url = s3cret\n", "contains adfs_authority_url, which is not supported"),
        (b"[named]\nclient_id = s3cret%(x)s\n", "which is not a GUID"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_invalid_file_is_refused_without_showing_its_content(
    tenant: Tenant, home: Path, content: bytes, words: str
) -> None:
    written(home, content)
    for environ, options in (({}, {"auth_profile": "named"}), ({"AZURE_PROFILE": "named"}, {})):
        tenant.environ = {**hosts(tenant, home), **environ}
        failure = tenant.fails(MODULE, **UNREGISTERED, **options)
        assert words in failure["msg"], failure
        assert failure["error"]["kind"] == "input"
        assert "s3" not in json.dumps(failure) or "GUID" in words
    assert tenant.server.requests() == []


def test_an_invalid_file_is_an_error_although_the_cli_could_be_used(tenant: Tenant, home: Path) -> None:
    written(home, "no ini")
    tenant.environ = hosts(tenant, home)
    assert "cannot be used" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED, auth_source="cli")["msg"]


def test_a_folder_instead_of_the_file_is_reported(tenant: Tenant, home: Path) -> None:
    (home / ".azure" / "credentials").mkdir()
    tenant.environ = hosts(tenant, home)
    assert "Could not read" in tenant.fails(MODULE, **UNREGISTERED, auth_profile="x")["msg"]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604])
def test_a_secret_that_others_can_read_is_used_with_a_warning(tenant: Tenant, home: Path, mode: int) -> None:
    """As in azure.azcollection; but everyone who can read it can sign in."""
    path = sections(home, named=identity(tenant), open={"tenant": tenant.server.tenant_id})
    path.chmod(mode)
    tenant.environ = hosts(tenant, home)
    result = tenant.ok(MODULE, **UNREGISTERED, auth_profile="named")
    assert bool(result.get("warnings")) is bool(mode & 0o044)
    assert all(f"chmod 600 {path}" in warning for warning in result.get("warnings", []))


def test_no_representation_shows_the_content_of_a_section(home: Path) -> None:
    sections(home, named={"secret": "s3cret"})
    section = named_section({"auth_profile": "named"}, {"HOME": str(home)})
    assert section is not None and "s3cret" not in repr(section)
