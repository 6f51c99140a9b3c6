# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that has signed in to the emulator, and a web server that must not get any request."""

from __future__ import annotations

import collections.abc as c

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Read,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.foreign_server import Stranger
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.graph_reads import client
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


@pytest.fixture
def graph(tenant: Tenant) -> GraphClient:
    """A client that has signed in; its first requests are cleared."""
    connected = client(tenant)
    connected.get(Read(path="organization", action="sign in"))
    tenant.clear_requests()
    return connected


@pytest.fixture
def stranger() -> c.Iterator[Stranger]:
    server = Stranger()
    yield server
    server.stop()


@pytest.fixture
def no_network(tenant: Tenant) -> c.Iterator[Tenant]:
    yield tenant
    assert tenant.server.requests() == [], "errors that are detected offline are reported before any request"
