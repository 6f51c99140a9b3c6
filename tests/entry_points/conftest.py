# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of each entry point as a user starts it, without the fork of a loaded process that other tests use."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.fixtures import playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import (
    emulator,
    emulator_server,
    metadata_observer,
    oracle,
)

__all__ = ["emulator", "emulator_server", "metadata_observer", "oracle", "playbooks"]


@pytest.fixture
def user(playbooks: Playbooks) -> Playbooks:
    playbooks.warm = False
    return playbooks
