# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios use the fixtures of the unit tests."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.playbooks.fixtures import playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import (
    emulator,
    emulator_server,
)

__all__ = ["emulator", "emulator_server", "playbooks"]
