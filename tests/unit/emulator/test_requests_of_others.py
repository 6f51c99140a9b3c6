# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests of third-party clients that no module of this collection sends (tests/clients runs these clients)."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("kind", ["Application", "application"])
def test_the_type_of_a_service_principal_is_accepted_at_its_creation(operator: Any, kind: str) -> None:
    """azure.azcollection writes it in lower case."""
    made = operator.application("Gateway")
    answer = operator.post("/servicePrincipals", {"appId": made["appId"], "servicePrincipalType": kind})
    assert (answer.status_code, answer.json()["servicePrincipalType"]) == (201, "Application")


def test_another_type_of_service_principal_is_refused(operator: Any) -> None:
    made = operator.application("Gateway")
    answer = operator.post("/servicePrincipals", {"appId": made["appId"], "servicePrincipalType": "ManagedIdentity"})
    assert answer.status_code == 400


def test_extension_attributes_of_a_user_are_returned_on_request(operator: Any) -> None:
    """azure.azcollection reads all fifteen."""
    path = "/users/adele@contoso.onmicrosoft.com"
    answer = operator.get(path, params={"$select": "onPremisesExtensionAttributes,companyName"})
    assert answer.status_code == 200, answer.text
    expected = {f"extensionAttribute{number}": None for number in range(1, 16)}
    assert answer.json()["onPremisesExtensionAttributes"] == expected
    assert "onPremisesExtensionAttributes" not in operator.get(path).json()
