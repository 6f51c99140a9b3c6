# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MSAL for Python: secret, certificate, assertion, device code and refresh token."""

from __future__ import annotations

import typing as t

import msal
import pytest
import requests

from ansible_collections.email_gateway.azure_apps.tests.clients.life import Life
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from graph_emulator.catalogue import AZURE_CLI_APP_ID
from graph_emulator.wire.server import EmulatorServer

CLIENT = "MSAL for Python"
SCOPE = ["https://graph.microsoft.com/.default"]
ADMIN = {"X-Graph-Emulator": "admin"}


@pytest.fixture(autouse=True)
def _settings(life: Life, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    life.version = msal.__version__
    # A setting of the machine, which requests prefers to the argument of MSAL.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.ca_file)


def settings(server: EmulatorServer) -> dict[str, t.Any]:
    """Without instance_discovery=False, MSAL asks login.microsoftonline.com about hosts that it does not know."""
    authority = f"{server.authority}/{server.tenant_id}"
    return {"authority": authority, "instance_discovery": False, "verify": server.ca_file}


def graph_response(server: EmulatorServer, method: str, path: str, *, token: str, body: t.Any = None) -> t.Any:
    answer = requests.request(
        method,
        f"{server.graph}/v1.0{path}",
        headers={"Authorization": f"Bearer {token}"},
        json=body,
        verify=server.ca_file,
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


def test_applications_can_sign_in(emulator: EmulatorServer, life: Life) -> None:
    by_secret = msal.ConfidentialClientApplication(
        emulator.client_id, client_credential=emulator.client_secret, **settings(emulator)
    )
    with life.call("acquire_token_for_client (secret)"):
        token = by_secret.acquire_token_for_client(SCOPE)["access_token"]
    with life.call("acquire_token_for_client (from the cache)"):
        assert by_secret.acquire_token_for_client(SCOPE)["token_source"] == "cache"
    assert by_secret.remove_tokens_for_client() is None

    pair = Pair.new()
    path = f"/applications(appId='{emulator.client_id}')"
    graph_response(emulator, "PATCH", path, token=token, body={"keyCredentials": [pair.credential()]})
    operator = emulator.tenant.application_by("appId", emulator.client_id)
    assert operator is not None
    life.check_state(len(operator["keyCredentials"]), 1)
    by_certificate = msal.ConfidentialClientApplication(
        emulator.client_id, client_credential=pair.for_msal(sha256=True), **settings(emulator)
    )
    with life.call("acquire_token_for_client (certificate)"):
        assert by_certificate.acquire_token_for_client(SCOPE)["access_token"]

    federated = {
        "name": "test",
        "issuer": f"{emulator.authority}/_emulator/issuer",
        "subject": "job",
        "audiences": ["api://AzureADTokenExchange"],
    }
    graph_response(emulator, "POST", f"{path}/federatedIdentityCredentials", token=token, body=federated)
    minted = requests.post(
        f"{emulator.graph}/_emulator/assertion",
        headers=ADMIN,
        json={"subject": "job", "audience": "api://AzureADTokenExchange"},
        verify=emulator.ca_file,
        timeout=60,
    ).json()
    by_assertion = msal.ConfidentialClientApplication(
        emulator.client_id, client_credential={"client_assertion": lambda: minted["assertion"]}, **settings(emulator)
    )
    with life.call("acquire_token_for_client (federated credential)"):
        assert by_assertion.acquire_token_for_client(SCOPE)["access_token"]

    wrong = msal.ConfidentialClientApplication(emulator.client_id, client_credential="wrong", **settings(emulator))
    with life.call("acquire_token_for_client (a wrong secret)"):
        refused = wrong.acquire_token_for_client(SCOPE)
        assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])


def test_a_user_can_sign_in_with_a_device_code(emulator: EmulatorServer, life: Life) -> None:
    scopes = ["https://graph.microsoft.com/Application.ReadWrite.All"]
    public = msal.PublicClientApplication(AZURE_CLI_APP_ID, **settings(emulator))
    with life.call("initiate_device_flow"):
        flow = public.initiate_device_flow(scopes)
        assert flow["user_code"] in flow["message"]
    emulator.emulator.identity.decide(flow["user_code"], user_name=f"adele@{emulator.domain}", approve=True)
    with life.call("acquire_token_by_device_flow"):
        answer = public.acquire_token_by_device_flow(flow)
        assert answer["id_token_claims"]["tid"] == emulator.tenant_id
    with life.call("get_accounts"):
        (account,) = public.get_accounts()
        assert account["username"] == f"adele@{emulator.domain}"
    with life.call("acquire_token_silent (refresh token)"):
        renewed = public.acquire_token_silent(scopes, account=account, force_refresh=True)
        assert renewed["token_source"] == "identity_provider"
    made = graph_response(
        emulator, "POST", "/applications", token=renewed["access_token"], body={"displayName": "By a user"}
    )
    assert emulator.tenant.application_by("appId", made["appId"]) is not None
    adele = emulator.tenant.directory.users.where("userPrincipalName", f"adele@{emulator.domain}").first()
    assert adele is not None
    life.check_state(emulator.tenant.directory.owners[made["id"]], [adele["id"]])
