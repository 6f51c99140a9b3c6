# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The national cloud, or the pair of other hosts, that a task talks to. Nothing here talks to a network."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    filled,
    host_url,
    positive,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import (
    AUTHORITY_ALIASES,
    BY_HOSTS,
    CLOUDS,
    HOSTS,
    Cloud,
    cloud_with,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import (
    NO_SECTION,
    Section,
    known_as,
    pick,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where to talk to, and for how long. Timeouts are in seconds. ``resource`` is what the operator's token is for."""

    authority: str
    graph: str
    resource: str
    portal: str
    ca_file: str | None
    request_timeout: int
    wait_timeout: int
    environ: t.Mapping[str, str] = dataclasses.field(repr=False, default_factory=dict)

    @property
    def cloud(self) -> Cloud | None:
        """The national cloud; None for a pair of other hosts."""
        return BY_HOSTS.get((self.authority, self.graph))


def _one_of_a_pair(given: str) -> InputError:
    other = {"authority_url": "graph_url", "graph_url": "authority_url"}[given]
    return InputError(
        f"{known_as(given)} is set to a host that is not one of a national cloud, and {known_as(other)} is not set",
        next_step=f"Set {other} as well, or unset {given} to use a national cloud.",
    )


def endpoint_settings(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], section: Section = NO_SECTION
) -> Endpoint:
    """Which cloud, or which custom pair of hosts; ``section`` is the one of ~/.azure/credentials that counts.

    Raises InputError if names and hosts of different clouds are mixed.
    """
    name = pick("cloud_environment", params, environ, section)
    if name is not None and name not in CLOUDS:
        raise InputError(
            f"{known_as('cloud_environment', section)} is {shown(name)}, which is not a known national cloud",
            next_step=f"Use one of {', '.join(CLOUDS)}.",
        )
    authority = _host_url("authority_url", pick("authority_url", params, environ))
    graph = _host_url("graph_url", pick("graph_url", params, environ))
    if authority is None and filled(environ.get("AZURE_ADFS_AUTHORITY_URL")):
        raise InputError(
            "AZURE_ADFS_AUTHORITY_URL is set, which is not supported here",
            next_step="Unset it. For an endpoint of your own, set authority_url together with graph_url.",
        )
    authority = AUTHORITY_ALIASES.get(authority, authority)
    if name is None:
        # A host of one of our clouds names the cloud; of those that share a sign-in host, the first.
        name = cloud_with(authority, graph)
    cloud = CLOUDS[name or "AzureCloud"]
    hosts = (authority or cloud.authority, graph or cloud.graph)
    is_custom = name is None and {authority, graph}.isdisjoint({None, *HOSTS})
    if hosts != (cloud.authority, cloud.graph) and not is_custom:
        given = filled_members({"cloud_environment": name, "authority_url": authority, "graph_url": graph})
        if len(given) == 1:
            raise _one_of_a_pair(*given)
        raise InputError(
            "These do not belong together: " + ", ".join(map(" ".join, given.items())),
            next_step="Set cloud_environment alone, or authority_url together with graph_url for an endpoint that is"
            " not a national cloud.",
        )
    return Endpoint(
        authority=hosts[0],
        graph=hosts[1],
        resource=hosts[1],
        portal=cloud.portal,
        ca_file=_ca_file(params, environ),
        request_timeout=positive("request_timeout", params),
        wait_timeout=positive("wait_timeout", params),
        environ=dict(environ),
    )


def _ca_file(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str | None:
    path = pick("ca_file", params, environ)
    if path is not None and not os.path.isfile(path):
        raise InputError(
            f"{known_as('ca_file')} is {shown(path)}, which is not a file",
            next_step="Set it to a file with certificates in PEM form, or unset it.",
        )
    return path


def _host_url(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    text = value.strip().rstrip("/").lower()
    if name == "authority_url" and "://" not in text:
        text = f"https://{text}"  # the SDKs' AZURE_AUTHORITY_HOST may be a bare host name
    return host_url(known_as(name), text)
