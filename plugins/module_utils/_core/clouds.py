# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The national clouds and their hosts, in one table.

Sources: Microsoft Graph "National cloud deployments" (Graph and login hosts) and Microsoft identity platform
"National clouds" (portal hosts); Azure Key Vault "About keys, secrets and certificates", DNS suffixes for object
identifiers (vault domains, which are what tokens are asked for as well).
"""

from __future__ import annotations

import itertools
import typing as t


class Cloud(t.NamedTuple):
    """Hosts of one national cloud, without a path and without a slash at the end."""

    authority: str
    graph: str
    portal: str
    vault_domain: str


CLOUDS: dict[str, Cloud] = {
    "AzureCloud": Cloud(
        authority="https://login.microsoftonline.com",
        graph="https://graph.microsoft.com",
        portal="https://portal.azure.com",
        vault_domain="vault.azure.net",
    ),
    "AzureUSGovernment": Cloud(
        authority="https://login.microsoftonline.us",
        graph="https://graph.microsoft.us",
        portal="https://portal.azure.us",
        vault_domain="vault.usgovcloudapi.net",
    ),
    "AzureUSGovernmentDoD": Cloud(
        authority="https://login.microsoftonline.us",
        graph="https://dod-graph.microsoft.us",
        portal="https://portal.azure.us",
        vault_domain="vault.usgovcloudapi.net",
    ),
    "AzureChinaCloud": Cloud(
        authority="https://login.partner.microsoftonline.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        portal="https://portal.azure.cn",
        vault_domain="vault.azure.cn",
    ),
}
# What Microsoft's libraries call AzureChina.
AUTHORITY_ALIASES: dict[str | None, str] = {"https://login.chinacloudapi.cn": CLOUDS["AzureChinaCloud"].authority}
BY_HOSTS = {(cloud.authority, cloud.graph): cloud for cloud in CLOUDS.values()}
HOSTS = frozenset(itertools.chain(*BY_HOSTS))
# Two clouds share an authority: the first one counts.
NAMES_BY_AUTHORITY: dict[str | None, str] = {cloud.authority: name for name, cloud in reversed(CLOUDS.items())}
VAULT_DOMAINS = frozenset(cloud.vault_domain for cloud in CLOUDS.values())
NAMES_BY_GRAPH = {cloud.graph: name for name, cloud in CLOUDS.items()}


def cloud_with(authority: str | None, graph: str | None) -> str | None:
    """The name of the first cloud with the Graph host or, if that is None, with the authority."""
    if graph is None:
        return NAMES_BY_AUTHORITY.get(authority)
    return NAMES_BY_GRAPH.get(graph)


def portal_url(portal: str, client_id: str | None) -> str | None:
    """The portal's overview page of an application."""
    if client_id is None:
        return None
    return f"{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/{client_id}"


def consent_url(authority: str, tenant_id: str, client_id: str | None) -> str | None:
    """The page on which a human administrator grants consent for the whole tenant.

    Source: "Grant tenant-wide admin consent to an application", section on constructing the URL.
    """
    if client_id is None:
        return None
    return f"{authority}/{tenant_id}/adminconsent?client_id={client_id}"
