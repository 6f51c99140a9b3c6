# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other hosts, redirects, proxies and connections that fail."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

import pytest
import requests

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Write,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import _transport_error
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.foreign_server import Stranger
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.graph_reads import (
    UNKNOWN,
    one,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls
INFO = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_graph_is_not_followed(
    tenant: Tenant, graph: GraphClient, stranger: Stranger, status: int
) -> None:
    location = f"{stranger.url}/v1.0/applications"
    tenant.server.faults.add(path="applications", status=status, headers={"Location": location}, times=99)
    with pytest.raises(AppsError):
        graph.get(one(UNKNOWN))
    with pytest.raises(AppsError):
        graph.write(Write("POST", "applications", action="create", body={"displayName": "x"}))
    assert stranger.requests == []


@pytest.mark.parametrize("path", ["oauth2/v2.0/token", "openid-configuration"])
def test_a_redirect_of_the_sign_in_is_not_followed(tenant: Tenant, stranger: Stranger, path: str) -> None:
    tenant.server.faults.add(path=path, status=307, headers={"Location": f"{stranger.url}/"}, times=99)
    result = tenant.fails(INFO, **UNREGISTERED)
    assert stranger.requests == []
    assert tenant.server.client_secret not in json.dumps(result)


@pytest.mark.parametrize("address", ["{stranger}/token", "https://unknown.invalid/token"])
def test_a_token_endpoint_on_another_host_is_not_used(tenant: Tenant, stranger: Stranger, address: str) -> None:
    configuration = tenant.server.emulator.identity.openid_configuration(tenant.server.tenant_id)
    configuration["token_endpoint"] = address.format(stranger=stranger.url)
    tenant.server.faults.add(path="openid-configuration", status=200, body=configuration, times=99)
    result = tenant.fails(INFO, **UNREGISTERED)
    assert stranger.requests == []
    assert tenant.server.client_secret not in json.dumps(result)
    if address.startswith("https:"):
        assert "unknown.invalid, which is not a configured host" in result["msg"]


def test_netrc_does_not_replace_the_token(
    tenant: Tenant, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine localhost login eve password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    tenant.ok(INFO, **UNREGISTERED)


def test_an_untrusted_certificate_is_named_with_the_option(tenant: Tenant, virtual_time: VirtualTime) -> None:
    ca_file = tenant.environ.pop("REQUESTS_CA_BUNDLE")
    result = tenant.fails(INFO, **UNREGISTERED)
    assert result["error"]["kind"] == "transport"
    assert "certificate" in result["msg"]
    assert "ca_file" in result["error"]["next_step"]
    assert virtual_time.waited == [], "that is a permanent error"
    tenant.ok(INFO, **UNREGISTERED, ca_file=ca_file)


@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_an_invalid_ca_file_is_reported(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("ca.pem").write_text(content)
    result = tenant.fails(INFO, **UNREGISTERED, ca_file="ca.pem")
    assert "ca.pem" in result["msg"]
    # A missing file is reported before anything is sent.
    assert result["error"]["kind"] == ("input" if content is None else "transport")


@pytest.mark.parametrize(
    ("ca_file", "step"),
    [(None, "Check the network of the controller."), ("/srv/ca.pem", "Check ca_file (/srv/ca.pem).")],
)
def test_an_error_of_the_operating_system_is_permanent(ca_file: str | None, step: str) -> None:
    failure = OSError(errno.EMFILE, "Too many open files")
    found = _transport_error(requests, failure, what="GET https://x", ca_file=ca_file)
    assert (found.message, found.next_step) == ("GET https://x: Too many open files", step)
    assert (found.permanent, found.maybe_processed) == (True, False)


def test_an_unreachable_host_is_reported_after_a_few_seconds(tenant: Tenant, virtual_time: VirtualTime) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        address = f"https://localhost:{taken.getsockname()[1]}"
        result = tenant.fails(INFO, **UNREGISTERED, authority_url=address, graph_url=address)
    assert "cannot be reached" in result["msg"]
    assert address in result["msg"]
    assert sum(virtual_time.waited) < 15
    assert "Connection refused" in result["msg"]


def test_a_host_name_that_cannot_be_resolved_is_reported(tenant: Tenant, virtual_time: VirtualTime) -> None:
    address = "https://unknown.invalid"
    result = tenant.fails(INFO, **UNREGISTERED, authority_url=address, graph_url=address)
    assert "cannot be reached" in result["msg"]
    assert "name resolution" in result["error"]["next_step"]
    assert sum(virtual_time.waited) < 15


@pytest.mark.parametrize("path", ["openid-configuration", "oauth2/v2.0/token"])
def test_an_interrupted_sign_in_is_tried_a_few_times_at_most(tenant: Tenant, path: str) -> None:
    tenant.server.faults.add(path=path, close_before=True, times=99)
    assert tenant.fails(INFO, **UNREGISTERED)["error"]["kind"] == "transport"
    assert sum(path in entry.path for entry in tenant.server.requests()) <= 5


def test_an_unreachable_proxy_is_reported_without_its_password(tenant: Tenant) -> None:
    tenant.environ["HTTPS_PROXY"] = "http://user:pr0xy-secret@127.0.0.1:1"
    result = tenant.fails(INFO, **UNREGISTERED)
    assert "proxy" in result["msg"].lower()
    assert "pr0xy-secret" not in json.dumps(result)
    tenant.environ["NO_PROXY"] = "localhost"
    tenant.ok(INFO, **UNREGISTERED)


def test_a_missing_response_is_reported(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.server.faults.add(path="batch", delay=1.5, times=99)
    result = tenant.fails(INFO, **UNREGISTERED, request_timeout=1, wait_timeout=1)
    assert "no complete answer within" in result["msg"]
    assert "request_timeout" in result["error"]["next_step"]
