# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's steps after a first successful run, and others who act between its requests."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import Hand
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import Meanwhile, RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


@pytest.fixture
def role(tenant: Tenant, hand: Hand) -> RoleSteps:
    """Registered, granted, with a secret, verified; all that a year ago."""
    tenant.also_operates(hand.client_id)
    role = RoleSteps(tenant)
    first = role.run()
    assert first.failure is None, first.failure
    assert first.changed == ["registration", "permissions", "consent", "secret"]
    role.application["createdDateTime"] = "2020-06-01T09:00:00Z"
    return role


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    return Meanwhile(monkeypatch)
