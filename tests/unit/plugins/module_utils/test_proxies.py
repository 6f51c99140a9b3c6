# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxies of the environment: which one is used, and what is refused before any request."""

from __future__ import annotations

import importlib.util
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    InputError,
    MissingLibraryError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.proxies import environment_proxies
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

HOST = "graph.microsoft.com:443"


@pytest.mark.parametrize(
    "address",
    [
        "http://user:p#ss@127.0.0.1:9",
        "http://user:p[ss@127.0.0.1:9",
        "http://user:p/ss@127.0.0.1:9",
        "http://user:p?ss@127.0.0.1:9",
        "http://127.0.0.1:port",
        "http://",
        "ftp://proxy.example.com:21",
        "user:p#ss@127.0.0.1:9",
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_an_invalid_address_is_refused_without_showing_the_password(variable: str, address: str) -> None:
    with pytest.raises(InputError) as caught:
        environment_proxies({variable: address}, HOST)
    shown = f"{caught.value.message} {caught.value.next_step}"
    assert variable in caught.value.message
    assert "ss@" not in shown
    assert "percent-encoded" in shown or "scheme" in shown


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("http://user:p%23ss@proxy.example.com:3128", "http://user:p%23ss@proxy.example.com:3128"),
        ("https://proxy.example.com/", "https://proxy.example.com/"),
        ("proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        # psf/requests#4613, golang/go#30293: left behind by files with variables
        ("http://proxy.example.com:3128 ", "http://proxy.example.com:3128"),
        ("http://proxy.example.com:3128\r\n", "http://proxy.example.com:3128"),
    ],
)
def test_a_valid_address_is_used(address: str, used: str) -> None:
    assert environment_proxies({"HTTPS_PROXY": address}, HOST) == {"https": used}


@pytest.mark.parametrize("separator", [",", ", ", "\n", "\r\n", " ", ";"])
def test_hosts_without_a_proxy_can_be_separated_in_any_way(separator: str) -> None:
    """openai/openai-python#3303: the lines of a file."""
    hosts = separator.join(["localhost", "graph.microsoft.com", "192.0.2.1"])
    environ = {"HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": hosts}
    assert environment_proxies(environ, HOST) == {}
    assert environment_proxies(environ, "login.microsoftonline.com:443")["https"] == environ["HTTPS_PROXY"]


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_address_is_unset(blank: str) -> None:
    assert environment_proxies({"HTTPS_PROXY": blank}, HOST) == {}


def test_an_invalid_proxy_is_ignored_for_hosts_without_a_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://user:p#ss@127.0.0.1:9", "NO_PROXY": "microsoft.com"}
    assert environment_proxies(environ, HOST) == {}


def test_socks_without_its_library_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without_socks(name: str, *more: t.Any) -> t.Any:
        return None if name == "socks" else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without_socks)
    with pytest.raises(MissingLibraryError, match="PySocks"):
        environment_proxies({"HTTPS_PROXY": "socks5h://proxy.example.com:1080"}, HOST)


@pytest.mark.parametrize("character", ["#", "["])
def test_a_module_refuses_an_invalid_proxy_before_any_request(tenant: Tenant, character: str) -> None:
    secret = f"p{character}ss"
    tenant.environ = {**tenant.environ, "HTTPS_PROXY": f"http://user:{secret}@127.0.0.1:9", "NO_PROXY": ""}
    tenant.environ.pop("no_proxy", None)
    failed = tenant.fails("azure_app_registration_info", unique_name="none")
    assert failed["error"]["kind"] == "input"
    assert "HTTPS_PROXY" in failed["msg"]
    assert secret not in str(failed)
    assert tenant.server.requests() == []
