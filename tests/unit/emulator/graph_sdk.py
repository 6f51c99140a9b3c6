# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""msgraph-sdk and azure-identity for the emulator: only base address and CA are changed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.identity import ClientSecretCredential
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory
from msgraph_core.authentication import AzureIdentityAuthenticationProvider

from graph_emulator.wire.server import EmulatorServer

SCOPE = "https://graph.microsoft.com/.default"
Steps = Callable[[GraphServiceClient], Awaitable[None]]


def secret_credential(server: EmulatorServer, **changes: str) -> ClientSecretCredential:
    options = {"client_id": server.client_id, "client_secret": server.client_secret, **changes}
    return ClientSecretCredential(
        server.tenant_id,
        authority=server.authority,
        disable_instance_discovery=True,
        connection_verify=server.ca_file,
        **options,
    )


def client(server: EmulatorServer, credential: Any) -> GraphServiceClient:
    http = httpx.AsyncClient(
        base_url=f"{server.graph}/v1.0", verify=ssl.create_default_context(cafile=server.ca_file), trust_env=False
    )
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=[SCOPE], allowed_hosts=[urlsplit(server.graph).hostname]
    )
    adapter = GraphRequestAdapter(provider, GraphClientFactory.create_with_default_middleware(client=http))
    adapter.base_url = f"{server.graph}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def drive(server: EmulatorServer, steps: Steps, credential: Any = None) -> None:
    asyncio.run(_finished(client(server, credential or secret_credential(server)), steps))


async def _finished(graph: GraphServiceClient, steps: Steps) -> None:
    await asyncio.wait_for(steps(graph), 60)
