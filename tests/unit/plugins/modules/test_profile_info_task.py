# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task azure_app_profile_info in this process, in a play: the settings are the variables of the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_profile_info"
GATEWAY: Json = {
    "gateway_app_profile": "outbound_smtp",
    "gateway_app_unique_name": "gateway",
    "gateway_app_stores": [{"type": "ansible_vault", "path": "gateway.vault.yml"}],
    "gateway_app_credential_type": "client_secret",
}


def result(
    tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch, *, look_up: bool, **variables: object
) -> Json:
    actions = ActionRunner(tenant, folder, monkeypatch, {"one": {**GATEWAY, **variables}})
    return actions.run(MODULE, profile="outbound_smtp", look_up=look_up)


@pytest.mark.parametrize("look_up", [False, True])
def test_the_settings_are_the_variables_of_the_host(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look_up: bool
) -> None:
    found = result(tenant, tmp_path, monkeypatch, look_up=look_up)
    assert not found.get("failed"), found
    assert found["profile"] == "outbound_smtp"
    assert bool(tenant.graph_requests) is look_up


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"gateway_app_store_path": "{{ nowhere }}"}, "gateway_app_store_path has no value"),
        ({"gateway_app_stores": [{"type": "carrier_pigeon"}]}, "carrier_pigeon"),
        ({"gateway_app_unique_nam": "x"}, "gateway_app_unique_nam"),
        ({"gateway_app_consent_environment": "{{ ['AZURE_TENANT'] }}"}, "consent_environment is not a dictionary"),
    ],
)
def test_a_wrong_variable_is_refused_before_anything_is_sent(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Json, words: str
) -> None:
    found = result(tenant, tmp_path, monkeypatch, look_up=True, **variables)
    assert found.get("failed"), found
    assert words in found["msg"]
    assert tenant.server.requests() == []
