# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guarantee of the role, checked in the tenant and in the store."""

from __future__ import annotations

import typing as t
from pathlib import Path

import msal
import requests

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from graph_emulator.wire.server import EmulatorServer

WANTED = {"Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"}
DESCRIPTION = "Mail gateway"


def broken_promises(playbooks: Playbooks, *, kept: t.Collection[str] = (), unique_name: str = "gateway") -> list[str]:
    """The guarantees that are broken; ``kept`` are the key ids of older secrets, which must still exist."""
    server = playbooks.server
    applications = [a for a in playbooks.tenant.applications if a["uniqueName"] == unique_name]
    if len(applications) != 1:
        return [f"{len(applications)} applications"]
    application = applications[0]
    principals = playbooks.tenant.service_principals(application["appId"])
    if len(principals) != 1:
        return [f"{len(principals)} service principals"]
    found = []
    granted = sorted(_granted(server, principals[0]["id"]))
    if granted != sorted(WANTED):
        found.append(f"granted: {', '.join(granted)}")
    declared = [
        entry["id"] for resource in application["requiredResourceAccess"] for entry in resource["resourceAccess"]
    ]
    if len(declared) != len(WANTED) or len(set(declared)) != len(WANTED):
        found.append(f"{len(declared)} permissions declared")
    try:
        stored = playbooks.stored(unique_name)
    except Exception as exc:  # pylint: disable=broad-exception-caught  # any error breaks the guarantee
        return [*found, f"the store cannot be read: {type(exc).__name__}"]
    kind = "keyCredentials" if "certificate_path" in stored else "passwordCredentials"
    live = [c["keyId"] for c in application[kind] if c["displayName"] == DESCRIPTION]
    if sorted(live) != sorted([stored["key_id"], *kept]):
        found.append(f"{len(live)} {kind}: {live}; stored: {stored['key_id']}; older: {sorted(kept)}")
    if stored["client_id"] != application["appId"]:
        found.append("the store is for another application")
    if not _works(playbooks, stored):
        found.append("the stored credential does not work")
    return found


def _granted(server: EmulatorServer, principal_id: str) -> list[str]:
    directory = server.tenant.directory
    names = {
        role["id"]: role["value"]
        for principal in directory.service_principals.values()
        for role in principal.get("appRoles") or []
    }
    return [
        names[assignment["appRoleId"]]
        for assignment in directory.assignments.values()
        if assignment["principalId"] == principal_id
    ]


def _works(playbooks: Playbooks, stored: dict[str, t.Any]) -> bool:
    """Checked with msal, independently of the code that the role verifies it with."""
    credential: t.Any = stored.get("client_secret")
    if "certificate_path" in stored:
        pem = Path(stored["certificate_path"]).read_text()
        credential = {"private_key": pem, "public_certificate": pem[pem.index("-----BEGIN CERTIFICATE") :]}
    http = requests.Session()
    http.trust_env = False
    http.verify = str(playbooks.server.ca_file)
    application = msal.ConfidentialClientApplication(
        stored["client_id"],
        authority=f"{playbooks.server.authority}/{stored['tenant_id']}",
        client_credential=credential,
        instance_discovery=False,
        http_client=http,
    )
    answer = application.acquire_token_for_client([f"{playbooks.server.graph}/.default"])
    return "access_token" in answer
