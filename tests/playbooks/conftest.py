# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runs use the fixtures of the unit tests, and are also compared with the metadata of Microsoft Graph."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.playbooks.fixtures import loud, playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import (
    emulator,
    emulator_server,
    metadata_observer,
    oracle,
    tenant,
    virtual_time,
)

__all__ = [
    "emulator",
    "emulator_server",
    "loud",
    "metadata_observer",
    "oracle",
    "playbooks",
    "tenant",
    "virtual_time",
]
